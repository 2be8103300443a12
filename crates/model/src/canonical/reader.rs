//! The strict reader: takes bytes that are in canonical form, and no others.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{CanonicalError, NotCanonical, check_integer, compare_keys, deeper, short_escape};

/// Says whether bytes are in canonical form, to the last bit.
///
/// Hostile input costs time and memory in proportion to its length, and never more stack than
/// [`MAX_DEPTH`](super::MAX_DEPTH) levels need.
pub fn check_canonical(bytes: &[u8]) -> Result<(), CanonicalError> {
    parse_canonical(bytes).map(drop)
}

/// Reads bytes that are in canonical form; writing the value again gives the same bytes.
///
/// Fails as [`check_canonical`] does.
pub fn parse_canonical(bytes: &[u8]) -> Result<Value, CanonicalError> {
    let text = str::from_utf8(bytes).map_err(|error| CanonicalError {
        reason: NotCanonical::Utf8,
        at: error.valid_up_to(),
    })?;
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    if reader.at < text.len() {
        return Err(reader.error(NotCanonical::Trailing));
    }
    Ok(value)
}

/// How many members an object is expected to have: an entry has about a dozen.
const MEMBERS: usize = 16;

struct Reader<'a> {
    text: &'a str,
    /// Always on the boundary of a character: it only ever moves past ASCII, or past whole strings.
    at: usize,
}

impl<'a> Reader<'a> {
    fn error(&self, reason: NotCanonical) -> CanonicalError {
        CanonicalError {
            reason,
            at: self.at,
        }
    }

    /// The text from here to the end.
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Result<u8, CanonicalError> {
        let byte = self.text.as_bytes().get(self.at).copied();
        byte.ok_or_else(|| self.error(NotCanonical::End))
    }

    /// Moves past `byte` if it stands here.
    fn take(&mut self, byte: u8) -> Result<bool, CanonicalError> {
        let found = self.peek()? == byte;
        self.at += usize::from(found);
        Ok(found)
    }

    fn expect(&mut self, byte: u8) -> Result<(), CanonicalError> {
        if self.take(byte)? {
            Ok(())
        } else {
            Err(self.error(NotCanonical::Unexpected))
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, CanonicalError> {
        match self.peek()? {
            b'n' => self.word("null", Value::Null),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'"' => Ok(Value::String(self.string()?)),
            b'-' | b'0'..=b'9' => self.integer(),
            b'[' => self.array(deeper(depth, self.at)?),
            b'{' => self.object(deeper(depth, self.at)?),
            _ => Err(self.error(NotCanonical::Unexpected)),
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, CanonicalError> {
        if !self.rest().starts_with(word) {
            return Err(self.error(NotCanonical::Unexpected));
        }
        self.at += word.len();
        Ok(value)
    }

    fn integer(&mut self) -> Result<Value, CanonicalError> {
        let of_a_number =
            |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
        let length = self.rest().bytes().take_while(of_a_number).count();
        let integer = check_integer(&self.rest()[..length]).map_err(|reason| self.error(reason))?;
        self.at += length;
        Ok(Value::from(integer))
    }

    fn array(&mut self, depth: usize) -> Result<Value, CanonicalError> {
        let mut items = Vec::new();
        self.expect(b'[')?;
        if self.take(b']')? {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value(depth)?);
            if self.take(b']')? {
                return Ok(Value::Array(items));
            }
            self.expect(b',')?;
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, CanonicalError> {
        let mut members = Map::with_capacity(MEMBERS);
        self.expect(b'{')?;
        if self.take(b'}')? {
            return Ok(Value::Object(members));
        }
        loop {
            let start = self.at;
            let key = self.string()?;
            // Each key above the one before: that is the order, and leaves no place for a duplicate.
            let last = members.keys().next_back();
            let reason = match last.map(|last| compare_keys(last, &key)) {
                None | Some(Ordering::Less) => None,
                Some(Ordering::Equal) => Some(NotCanonical::DuplicateKey),
                Some(Ordering::Greater) => Some(NotCanonical::KeyOrder),
            };
            if let Some(reason) = reason {
                return Err(CanonicalError { reason, at: start });
            }
            self.expect(b':')?;
            let value = self.value(depth)?;
            members.insert(key, value);
            if self.take(b'}')? {
                return Ok(Value::Object(members));
            }
            self.expect(b',')?;
        }
    }

    fn string(&mut self) -> Result<String, CanonicalError> {
        self.expect(b'"')?;
        let mut string = String::new();
        loop {
            let of_itself = |byte: &u8| *byte >= b' ' && *byte != b'"' && *byte != b'\\';
            let length = self.rest().bytes().take_while(of_itself).count();
            string.push_str(&self.rest()[..length]);
            self.at += length;
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(string);
                }
                b'\\' => string.push(self.escape()?),
                _ => return Err(self.error(NotCanonical::ControlCharacter)),
            }
        }
    }

    /// Reads an escape, which must be the one that RFC 8785, section 3.2.2.2, has for its character.
    fn escape(&mut self) -> Result<char, CanonicalError> {
        let (character, length) = match *self.rest().as_bytes() {
            [_, character @ (b'"' | b'\\'), ..] => (character, 2),
            [_, b'b', ..] => (0x08, 2),
            [_, b't', ..] => (b'\t', 2),
            [_, b'n', ..] => (b'\n', 2),
            [_, b'f', ..] => (0x0c, 2),
            [_, b'r', ..] => (b'\r', 2),
            [_, b'u', b'0', b'0', high @ (b'0' | b'1'), low, ..] => {
                let low = match low {
                    b'0'..=b'9' => low - b'0',
                    b'a'..=b'f' => low - b'a' + 10,
                    _ => return Err(self.error(NotCanonical::Escape)),
                };
                ((high - b'0') * 16 + low, 6)
            }
            _ => return Err(self.error(NotCanonical::Escape)),
        };
        if length == 6 && short_escape(character).is_some() {
            return Err(self.error(NotCanonical::Escape));
        }
        self.at += length;
        Ok(char::from(character))
    }
}

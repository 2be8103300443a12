//! The strict reader: takes bytes that are in canonical form, and no others.
//!
//! It first checks all of them ([`checked`]) and then gives what stands there piece by piece ([`Raw`]), without making a
//! tree of values: a log has many entries, and of each only a few members are asked for.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::{CanonicalError, NotCanonical, check_integer, compare_keys, deeper, short_escape};

/// Says whether bytes are in canonical form, to the last bit.
///
/// Hostile input costs time and memory in proportion to its length, and never more stack than
/// [`MAX_DEPTH`](super::MAX_DEPTH) levels need.
pub fn check_canonical(bytes: &[u8]) -> Result<(), CanonicalError> {
    checked(bytes).map(drop)
}

/// Reads bytes that are in canonical form; writing the value again gives the same bytes.
///
/// Fails as [`check_canonical`] does.
pub fn parse_canonical(bytes: &[u8]) -> Result<Value, CanonicalError> {
    checked(bytes)?.to_value()
}

/// Checks that bytes are in canonical form, and gives the value that they are.
fn checked(bytes: &[u8]) -> Result<Raw<'_>, CanonicalError> {
    whole(bytes, |reader| reader.value(0))
}

/// As [`checked`], and gives the members of the object that they are, if they are one: read once, and not once more.
pub(crate) fn checked_members(bytes: &[u8]) -> Result<Option<Members<'_>>, CanonicalError> {
    if !bytes.starts_with(b"{") {
        return checked(bytes).map(|_| None);
    }
    let mut members = Vec::with_capacity(MEMBERS);
    let depth = deeper(0, 0)?;
    whole(bytes, |reader| {
        reader.object(depth, |key, value| members.push((key.clone(), value)))
    })?;
    Ok(Some(members))
}

/// Reads bytes to their last one.
fn whole<'a, T>(
    bytes: &'a [u8],
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, CanonicalError>,
) -> Result<T, CanonicalError> {
    let text = str::from_utf8(bytes).map_err(|error| CanonicalError {
        reason: NotCanonical::Utf8,
        at: error.valid_up_to(),
    })?;
    let mut reader = Reader::new(text);
    let value = read(&mut reader)?;
    if reader.at < text.len() {
        return Err(reader.error(NotCanonical::Trailing));
    }
    Ok(value)
}

/// A value as it stands in bytes that were checked. What it holds is read when it is asked for.
///
/// The errors of its functions do not occur, since its bytes are in canonical form: handing them on is shorter, and safer,
/// than a second reader that trusts the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    /// The string, if it is one.
    pub(crate) fn string(self) -> Result<Option<Cow<'a, str>>, CanonicalError> {
        let inner = self
            .0
            .strip_prefix('"')
            .and_then(|text| text.strip_suffix('"'));
        let Some(inner) = inner else { return Ok(None) };
        // What has no escapes stands for itself.
        if !inner.as_bytes().contains(&b'\\') {
            return Ok(Some(Cow::Borrowed(inner)));
        }
        Reader::new(self.0).string().map(Some)
    }

    /// The integer, if it is one.
    pub(crate) fn integer(self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// What stands in the array, if it is one.
    pub(crate) fn items(self) -> Result<Option<Vec<Raw<'a>>>, CanonicalError> {
        if !self.0.starts_with('[') {
            return Ok(None);
        }
        let mut items = Vec::new();
        Reader::new(self.0).array(0, |item| items.push(item))?;
        Ok(Some(items))
    }

    /// The members of the object, in the order of their keys, if it is one.
    pub(crate) fn members(self) -> Result<Option<Members<'a>>, CanonicalError> {
        if !self.0.starts_with('{') {
            return Ok(None);
        }
        let mut members = Vec::with_capacity(FEW);
        Reader::new(self.0).object(0, |key, value| members.push((key.clone(), value)))?;
        Ok(Some(members))
    }

    /// The value as a tree.
    pub(crate) fn to_value(self) -> Result<Value, CanonicalError> {
        if let Some(members) = self.members()? {
            let tree = |(key, value): (Cow<'_, str>, Raw<'_>)| {
                Ok::<_, CanonicalError>((key.into_owned(), value.to_value()?))
            };
            let members: Result<Map<_, _>, _> = members.into_iter().map(tree).collect();
            return members.map(Value::Object);
        }
        if let Some(items) = self.items()? {
            let items: Result<Vec<_>, _> = items.into_iter().map(Raw::to_value).collect();
            return items.map(Value::Array);
        }
        if let Some(text) = self.string()? {
            return Ok(Value::String(text.into_owned()));
        }
        Ok(match self.0 {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => self.integer().map_or(Value::Null, Value::from),
        })
    }
}

/// The members of an object.
pub(crate) type Members<'a> = Vec<(Cow<'a, str>, Raw<'a>)>;

/// How many members an entry is expected to have.
const MEMBERS: usize = 16;
/// How many an object within it.
const FEW: usize = 4;

/// How many bytes stand before one that ends a string, or a part of it. Eight at a time, as the lanes of one number: most of the
/// time of reading an entry goes into this, and most strings are short.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    // The highest bit of each lane that is below `limit`, which is at most 128. A lane above one that is may be told wrongly; the
    // lowest is right.
    let below = |lanes: u64, limit: u64| lanes.wrapping_sub(ONES * limit) & !lanes & (ONES << 7);
    let (blocks, rest) = bytes.as_chunks::<8>();
    for (index, block) in blocks.iter().enumerate() {
        let lanes = u64::from_le_bytes(*block);
        let ends = below(lanes, 0x20)
            | below(lanes ^ (ONES * u64::from(b'"')), 1)
            | below(lanes ^ (ONES * u64::from(b'\\')), 1);
        if ends != 0 {
            return index * 8 + ends.trailing_zeros() as usize / 8;
        }
    }
    let ends = |byte: &u8| *byte < b' ' || *byte == b'"' || *byte == b'\\';
    let before = bytes.len() - rest.len();
    before + rest.iter().position(ends).unwrap_or(rest.len())
}

struct Reader<'a> {
    text: &'a str,
    /// Always on the boundary of a character: it only ever moves past ASCII, or past whole strings.
    at: usize,
}

impl<'a> Reader<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

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

    /// Moves past a value, which stands inside `depth` objects and arrays.
    fn value(&mut self, depth: usize) -> Result<Raw<'a>, CanonicalError> {
        let start = self.at;
        match self.peek()? {
            b'n' => self.word("null")?,
            b't' => self.word("true")?,
            b'f' => self.word("false")?,
            b'"' => self.string().map(drop)?,
            b'-' | b'0'..=b'9' => self.integer()?,
            b'[' => self.array(deeper(depth, self.at)?, |_| {})?,
            b'{' => self.object(deeper(depth, self.at)?, |_, _| {})?,
            _ => return Err(self.error(NotCanonical::Unexpected)),
        }
        Ok(Raw(&self.text[start..self.at]))
    }

    fn word(&mut self, word: &str) -> Result<(), CanonicalError> {
        if !self.rest().starts_with(word) {
            return Err(self.error(NotCanonical::Unexpected));
        }
        self.at += word.len();
        Ok(())
    }

    fn integer(&mut self) -> Result<(), CanonicalError> {
        let of_a_number =
            |byte: &u8| matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
        let length = self.rest().bytes().take_while(of_a_number).count();
        check_integer(&self.rest()[..length]).map_err(|reason| self.error(reason))?;
        self.at += length;
        Ok(())
    }

    fn array(&mut self, depth: usize, mut take: impl FnMut(Raw<'a>)) -> Result<(), CanonicalError> {
        self.expect(b'[')?;
        if self.take(b']')? {
            return Ok(());
        }
        loop {
            take(self.value(depth)?);
            if self.take(b']')? {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn object(
        &mut self,
        depth: usize,
        mut take: impl FnMut(&Cow<'a, str>, Raw<'a>),
    ) -> Result<(), CanonicalError> {
        self.expect(b'{')?;
        if self.take(b'}')? {
            return Ok(());
        }
        let mut last: Option<Cow<'a, str>> = None;
        loop {
            let start = self.at;
            let key = self.string()?;
            // Each key above the one before: that is the order, and leaves no place for a duplicate.
            let reason = match last.map(|last| compare_keys(&last, &key)) {
                None | Some(Ordering::Less) => None,
                Some(Ordering::Equal) => Some(NotCanonical::DuplicateKey),
                Some(Ordering::Greater) => Some(NotCanonical::KeyOrder),
            };
            if let Some(reason) = reason {
                return Err(CanonicalError { reason, at: start });
            }
            self.expect(b':')?;
            let value = self.value(depth)?;
            take(&key, value);
            last = Some(key);
            if self.take(b'}')? {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    /// Reads a string; one without escapes, as nearly all are, is not copied.
    fn string(&mut self) -> Result<Cow<'a, str>, CanonicalError> {
        self.expect(b'"')?;
        let mut string = Cow::Borrowed("");
        loop {
            let rest = self.rest();
            let plain = &rest[..plain(rest.as_bytes())];
            if string.is_empty() {
                string = Cow::Borrowed(plain);
            } else {
                string.to_mut().push_str(plain);
            }
            self.at += plain.len();
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Ok(string);
                }
                b'\\' => {
                    let character = self.escape()?;
                    string.to_mut().push(character);
                }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_ends_at_the_first_byte_that_ends_it_wherever_that_stands() {
        for length in 0..50 {
            let text = "é".repeat(length);
            assert_eq!(plain(text.as_bytes()), text.len());
            for end in ['"', '\\', '\n', '\u{1f}', '\0'] {
                // What ends nothing stands beside it: the neighbours of each in the order of bytes.
                let text = text.replace('é', "é!#[]\u{20}\u{7f}");
                let ended = format!("{text}{end}{text}\"");
                assert_eq!(plain(ended.as_bytes()), text.len(), "{ended:?}");
            }
        }
    }
}

//! Canonical JSON: the one form in which a value of the log is written.
//!
//! RFC 8785 (JSON Canonicalization Scheme), restricted to what an entry may hold: objects, arrays,
//! strings, booleans, null, and integers within ±(2^53 − 1). No floats, no duplicate keys, at most
//! [`MAX_DEPTH`] objects and arrays inside one another.
//!
//! Reading is done here and not by `serde_json`, which keeps one of two equal keys without a word and
//! takes some keys for its own marks. What is read here is what the bytes say, or nothing.

use std::cmp::Ordering;

use serde_json::Value;

mod reader;

pub(crate) use reader::{Members, Raw, checked_members};
pub use reader::{check_canonical, parse_canonical};

/// How many objects and arrays may stand inside one another, the outermost counted: `[[]]` is 2 deep.
pub const MAX_DEPTH: usize = 8;

/// The largest integer, 2^53 − 1; the smallest is its negative (RFC 8785, appendix D; RFC 7493,
/// section 2.2). Every reader of JSON takes these integers exactly.
pub const MAX_INTEGER: i64 = (1 << 53) - 1;

/// A value or some bytes that are not in canonical form: what is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not canonical JSON at byte {at}: {reason}")]
pub struct CanonicalError {
    /// What is wrong.
    pub reason: NotCanonical,
    /// The offset in bytes from the start: of the bytes that were read, or of those that were being
    /// written.
    pub at: usize,
}

/// The ways not to be in canonical form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotCanonical {
    /// A number with a fraction or an exponent.
    #[error("a number must be an integer, without fraction or exponent")]
    Float,
    /// An integer beyond ±[`MAX_INTEGER`].
    #[error("an integer must be within ±(2^53 − 1)")]
    IntegerRange,
    /// `-0`, leading zeros, or a sign without digits.
    #[error("an integer must be written in its shortest form")]
    IntegerForm,
    /// More than [`MAX_DEPTH`] objects and arrays inside one another.
    #[error("more than {MAX_DEPTH} objects and arrays stand inside one another")]
    Depth,
    /// Bytes that are not UTF-8 (so also a lone surrogate, written raw).
    #[error("the bytes are not UTF-8")]
    Utf8,
    /// A character written as an escape that must stand for itself, or with another escape than its
    /// own (so also every surrogate, and `\/`).
    #[error("the escape is not the one that the form has for this character")]
    Escape,
    /// A control character that must be written as an escape.
    #[error("a control character must be written as an escape")]
    ControlCharacter,
    /// The same key twice in one object.
    #[error("the key stands twice in its object")]
    DuplicateKey,
    /// Keys that are not in ascending order of their UTF-16 code units.
    #[error("the keys are not in ascending order of their UTF-16 code units")]
    KeyOrder,
    /// The bytes end inside the value.
    #[error("the value is cut short")]
    End,
    /// Something else than a value, or than the character that must come here; also white space.
    #[error("this cannot stand here (white space is not allowed)")]
    Unexpected,
    /// Bytes after the value.
    #[error("there is something after the value")]
    Trailing,
}

/// Writes a value in canonical form.
///
/// Fails where the value has no such form: a number that is not an integer or is out of range
/// ([`MAX_INTEGER`]), or more than [`MAX_DEPTH`] levels.
pub fn to_canonical(value: &Value) -> Result<Vec<u8>, CanonicalError> {
    let mut out = Vec::new();
    write_value(&mut out, value, 0)?;
    Ok(out)
}

/// The order of keys in an object: by UTF-16 code units (RFC 8785, section 3.2.3).
///
/// It differs from the order of Rust's strings where characters beyond U+FFFF meet those of
/// U+E000..U+FFFF.
fn compare_keys(a: &str, b: &str) -> Ordering {
    if a.is_ascii() && b.is_ascii() {
        return a.cmp(b);
    }
    a.encode_utf16().cmp(b.encode_utf16())
}

/// Writes `value`, which stands inside `depth` objects and arrays.
pub(crate) fn write_value(
    out: &mut Vec<u8>,
    value: &Value,
    depth: usize,
) -> Result<(), CanonicalError> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            let text = number.as_str();
            check_integer(text).map_err(|reason| CanonicalError {
                reason,
                at: out.len(),
            })?;
            out.extend_from_slice(text.as_bytes());
        }
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            let depth = deeper(depth, out.len())?;
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_value(out, item, depth)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let depth = deeper(depth, out.len())?;
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by(|(a, _), (b, _)| compare_keys(a, b));
            out.push(b'{');
            for (index, (key, member)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write_string(out, key);
                out.push(b':');
                write_value(out, member, depth)?;
            }
            out.push(b'}');
        }
    }
    Ok(())
}

/// Writes a string with the escapes of RFC 8785, section 3.2.2.2, and no others.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    let bytes = text.as_bytes();
    // Nearly every text; all of it is looked at without a branch, many bytes at a time.
    let is_plain = |byte: u8| !matches!(byte, ..b' ' | b'"' | b'\\');
    if bytes.iter().fold(true, |all, byte| all & is_plain(*byte)) {
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    let mut plain = 0; // where the bytes begin that are still to be copied as they are
    for (index, &byte) in bytes.iter().enumerate() {
        if is_plain(byte) {
            continue;
        }
        out.extend_from_slice(&bytes[plain..index]);
        plain = index + 1;
        match short_escape(byte) {
            Some(letter) => out.extend_from_slice(&[b'\\', letter]),
            None => out.extend_from_slice(&[
                b'\\',
                b'u',
                b'0',
                b'0',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]),
        }
    }
    out.extend_from_slice(&bytes[plain..]);
    out.push(b'"');
}

/// The letter of a character's two-character escape, for the seven that have one.
const fn short_escape(byte: u8) -> Option<u8> {
    match byte {
        b'"' | b'\\' => Some(byte),
        0x08 => Some(b'b'),
        b'\t' => Some(b't'),
        b'\n' => Some(b'n'),
        0x0c => Some(b'f'),
        b'\r' => Some(b'r'),
        _ => None,
    }
}

/// One level further in, where that is still allowed.
fn deeper(depth: usize, at: usize) -> Result<usize, CanonicalError> {
    if depth < MAX_DEPTH {
        Ok(depth + 1)
    } else {
        Err(CanonicalError {
            reason: NotCanonical::Depth,
            at,
        })
    }
}

/// Reads the text of a number, which must be an integer in its shortest form and in range.
fn check_integer(text: &str) -> Result<i64, NotCanonical> {
    if text.bytes().any(|byte| matches!(byte, b'.' | b'e' | b'E')) {
        return Err(NotCanonical::Float);
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let shortest = match digits.as_bytes() {
        [b'0'] => text == "0",
        [b'1'..=b'9', rest @ ..] => rest.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    if !shortest {
        return Err(NotCanonical::IntegerForm);
    }
    let in_range = |integer: &i64| integer.unsigned_abs() <= MAX_INTEGER.unsigned_abs();
    text.parse()
        .ok()
        .filter(in_range)
        .ok_or(NotCanonical::IntegerRange)
}

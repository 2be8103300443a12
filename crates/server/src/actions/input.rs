//! What input has to be like, whichever door it comes in by.

use std::borrow::Borrow;

use model::change::alike;
use model::definition::{Definitions, Kind};
use model::things::{NAME_LIMIT, Workspace};
use serde_json::{Map, Value, json};
use store::{Error, Fact, Result};

use crate::schema::{self, Faults};

/// The longest id that a client's own project gives a thing, in characters.
pub const EXTERNAL_ID_LIMIT: usize = 255;

/// How deep settings may be nested.
pub const CONFIG_DEPTH: usize = 64;

/// Characters that nobody sees, or that turn around what stands beside them: in a record, a name must be what it looks like.
/// What joins letters and pictures, and the marks of direction that other scripts need, are none of them.
pub const fn is_misleading(character: char) -> bool {
    matches!(
        character,
        '\u{ad}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// What becomes of something that is `now`, where it is to be `wanted` by who has seen it before: what was not changed then stays as
/// another has made it meanwhile, and what was must still be what was seen.
pub(crate) fn merged<T: PartialEq>(what: &str, now: T, wanted: T, seen: Option<T>) -> Result<T> {
    match seen {
        Some(seen) if wanted == seen => Ok(now),
        Some(seen) if now != seen => Err(Error::failed(
            "changed_meanwhile",
            format!("someone else changed this {what} meanwhile; look at it again"),
        )),
        _ => Ok(wanted),
    }
}

/// What is seen of a text at all.
fn is_blank(text: &str) -> bool {
    text.chars()
        .all(|one| one.is_whitespace() || matches!(one, '\u{200c}'..='\u{200f}' | '\u{61c}'))
}

/// A name: not empty, at most 255 characters, no control characters.
pub fn name(name: &str) -> Result<()> {
    line("name", name, NAME_LIMIT)
}

/// The version of a type, counted from 1.
pub fn version(version: i64) -> Result<()> {
    if version < 1 {
        let message = "version must be 1 or more";
        return Err(Error::field("out_of_range", "version", message));
    }
    Ok(())
}

/// A text of one line that has to be there.
pub fn line(field: &str, text: &str, limit: usize) -> Result<()> {
    if is_blank(text) {
        return Err(Error::field(
            "required",
            field,
            format!("{field} must not be empty"),
        ));
    }
    if text.chars().count() > limit {
        return Err(Error::field(
            "too_long",
            field,
            format!("{field} may have {limit} characters at most"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::field(
            "control_character",
            field,
            format!("{field} must not have control characters"),
        ));
    }
    if let Some(one) = text.chars().find(|one| is_misleading(*one)) {
        return Err(Error::field(
            "invisible_character",
            field,
            format!(
                "{field} must not have U+{:04X}, which is invisible or turns text around",
                u32::from(one)
            ),
        ));
    }
    Ok(())
}

/// A longer text, which may be empty.
pub fn text(field: &str, text: &str, limit: usize) -> Result<()> {
    if text.len() > limit {
        return Err(Error::field(
            "too_long",
            field,
            format!("{field} may have {limit} bytes at most"),
        ));
    }
    if text.contains('\0') {
        return Err(Error::field(
            "control_character",
            field,
            format!("{field} must not have a null character"),
        ));
    }
    Ok(())
}

/// An id that a client's own project gives a thing; an empty one is none.
pub fn external_id(id: Option<&str>) -> Result<Option<String>> {
    match id {
        None | Some("") => Ok(None),
        Some(id) => line("externalId", id, EXTERNAL_ID_LIMIT).map(|()| Some(id.to_owned())),
    }
}

/// An external id that is to be set; one that is set stays.
pub fn required_external_id(id: &str, now: Option<&str>) -> Result<String> {
    line("externalId", id, EXTERNAL_ID_LIMIT)?;
    match now {
        Some(now) if now != id => Err(Error::failed(
            "external_id_set",
            format!("the external id is set already, to \u{201c}{now}\u{201d}"),
        )),
        _ => Ok(id.to_owned()),
    }
}

/// Settings: an object; nothing and `null` are an empty one.
pub fn config(config: Option<&Value>) -> Result<Value> {
    object("config", "config_not_an_object", config)
}

/// What was sent in the place of what there is: where both say the same, and only numbers are written otherwise, nothing changes.
pub fn in_place_of<T: Borrow<Value> + Clone + From<Value>>(before: &T, sent: Value) -> T {
    if alike(before.borrow(), &sent) {
        before.clone()
    } else {
        sent.into()
    }
}

/// An object in a field; nothing and `null` are an empty one. What is none is refused with `code`.
pub fn object(field: &str, code: &'static str, value: Option<&Value>) -> Result<Value> {
    match value {
        None | Some(Value::Null) => Ok(Value::Object(serde_json::Map::new())),
        Some(value @ Value::Object(_)) if depth(value) > CONFIG_DEPTH => Err(Error::field(
            "too_deep",
            field,
            format!("{field} may be nested {CONFIG_DEPTH} levels at most"),
        )),
        Some(value @ Value::Object(_)) => numbers(field, value).map(|()| value.clone()),
        Some(_) => Err(Error::field(
            code,
            field,
            format!("{field} must be an object"),
        )),
    }
}

/// Refuses a number that is too large for the programs that read it: to them all of what is beside it would be unreadable.
pub fn numbers(field: &str, value: &Value) -> Result<()> {
    match value {
        Value::Number(number) if number.as_f64().is_none_or(|number| !number.is_finite()) => {
            Err(Error::field(
                "number_too_large",
                field,
                format!(
                    "{field} is a number beyond {:e}, which data planes cannot read",
                    f64::MAX
                ),
            ))
        }
        Value::Object(members) => members
            .iter()
            .try_for_each(|(name, value)| numbers(&format!("{field}.{name}"), value)),
        Value::Array(elements) => elements
            .iter()
            .enumerate()
            .try_for_each(|(at, value)| numbers(&format!("{field}.{at}"), value)),
        _ => Ok(()),
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Array(elements) => 1 + elements.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// A type of source or destination: one that has a definition or, where the workspace allows it, any.
pub fn kind(
    definitions: &Definitions,
    kind: Kind,
    name: &str,
    workspace: &Workspace,
) -> Result<()> {
    line("type", name, 100)?;
    if workspace.allow_unknown_types || definitions.find(kind, name).is_some() {
        return Ok(());
    }
    let near = definitions.near(kind, name);
    let hint = if near.is_empty() {
        String::new()
    } else {
        format!(" Near it: {}.", near.join(", "))
    };
    Err(Error::field(
        "unknown_type",
        "type",
        format!(
            "there is no type \u{201c}{name}\u{201d}, and this workspace allows no unknown ones.{hint}"
        ),
    ))
}

/// The code of settings that do not fulfil the schema of their type.
pub const CONFIG_INVALID: &str = "config_invalid";

/// How many faults the sentence of a refusal names; the details name them all.
const NAMED_FAULTS: usize = 3;

/// Settings, as the schema of their type has them: refused where the workspace says so, otherwise what is to be warned of.
pub fn settings(
    definitions: &Definitions,
    (kind, name): (Kind, &str),
    config: &Value,
    workspace: &Workspace,
) -> Result<Faults> {
    let faults = faults(definitions, (kind, name), config);
    if faults.is_empty() || !workspace.refuse_invalid_config {
        return Ok(faults);
    }
    let mut named: Vec<String> = faults
        .iter()
        .take(NAMED_FAULTS)
        .map(|(at, what)| format!("{at} {what}"))
        .collect();
    if faults.len() > NAMED_FAULTS {
        named.push(format!("and {} more", faults.len() - NAMED_FAULTS));
    }
    Err(Error::Invalid {
        code: CONFIG_INVALID,
        message: format!(
            "the settings do not fit the type {name}: {}",
            named.join("; ")
        ),
        details: faults,
    })
}

/// What is wrong with settings, by the schema of their type.
pub fn faults(definitions: &Definitions, (kind, name): (Kind, &str), config: &Value) -> Faults {
    let taken = definitions
        .find(kind, name)
        .and_then(|known| known.taken.as_deref());
    taken
        .map(|taken| schema::faults(taken, config))
        .unwrap_or_default()
}

/// What is warned of, by where.
pub fn warnings(faults: Faults) -> Map<String, Value> {
    faults
        .into_iter()
        .map(|(at, what)| (at, json!(what)))
        .collect()
}

/// A fact that says what was warned of; it holds no value of a setting.
pub fn warned(fact: Fact, faults: Faults) -> Fact {
    if faults.is_empty() {
        fact
    } else {
        fact.detail(json!({ "warnings": warnings(faults) }))
    }
}

/// A fact of something new, which says so where no definition describes its type, and otherwise what was warned of.
pub fn of_type(
    fact: Fact,
    definitions: &Definitions,
    (kind, name): (Kind, &str),
    faults: Faults,
) -> Fact {
    if definitions.find(kind, name).is_some() {
        warned(fact, faults)
    } else {
        fact.detail(json!({ "type": UNKNOWN }))
    }
}

/// The word for a type that no definition describes.
pub const UNKNOWN: &str = "unknown";

/// An e-mail address, as far as its form tells: one `@` with something on both sides, no spaces, at most 254 bytes.
pub fn email(email: &str) -> Result<()> {
    let fits = email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && email.split_once('@').is_some_and(|(user, host)| {
            !user.is_empty() && !host.is_empty() && !host.contains('@')
        });
    if fits {
        Ok(())
    } else {
        Err(Error::field(
            "invalid_email",
            "email",
            "this is not an e-mail address",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_says_its_limit() {
        assert!(name(&"é".repeat(255)).is_ok());
        let error = name(&"é".repeat(256)).expect_err("too long");
        assert_eq!(error.to_string(), "name may have 255 characters at most");
        for bad in ["", "  ", "a\nb", "a\0b"] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_e_mail_address_has_two_sides() {
        for good in ["a@b", "ada+x@example.com", "ü@ö.example"] {
            assert!(email(good).is_ok(), "{good}");
        }
        for bad in ["", "a", "@", "a@", "@b", "a b@c", "a@b@c", "a\n@b"] {
            assert!(email(bad).is_err(), "{bad:?}");
        }
    }
}

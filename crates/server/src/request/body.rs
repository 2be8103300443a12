//! A body of JSON: what it must be, and what is said where it is not.

use std::collections::HashSet;
use std::fmt;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::BODY_LIMIT;
use crate::app::App;
use crate::problem::Problem;

/// A body of JSON. What is no JSON, or not of the right shape, is refused before anything is done.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        read(&bytes(request, app).await?).map(Self)
    }
}

/// A body that holds what others have sent, as the events of end users: of a key that is there twice the last counts.
#[derive(Clone, Debug)]
pub struct AsItCame(pub Value);

impl FromRequest<App> for AsItCame {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        whole(&bytes(request, app).await?).map(Self)
    }
}

async fn bytes(request: Request, app: &App) -> Result<Bytes, Problem> {
    Bytes::from_request(request, app)
        .await
        .map_err(|rejection| not_taken(&rejection))
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // An array would pass for the fields of an object, one after another.
    if bytes.trim_ascii_start().first() == Some(&b'[') {
        return Err(Problem::new(
            StatusCode::BAD_REQUEST,
            "invalid_body",
            "The body must be a JSON object, not an array.",
        ));
    }
    let value = whole(bytes)?;
    // Of a key that is there twice the last would count, without a word.
    whole::<Once>(bytes)?;
    Ok(value)
}

fn whole<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let is_json = || serde_json::from_slice::<serde_json::Value>(bytes).is_ok();
        does_not_fit(&error.path().to_string(), error.inner(), is_json)
    })?;
    reader
        .end()
        .map_err(|error| does_not_fit(".", &error, || false))?;
    Ok(value)
}

/// JSON that was typed or read elsewhere than in a body: like there, no object may have a key twice, which is an error of data.
///
/// # Errors
/// When it is no JSON, or a key is there twice.
pub fn once(text: &[u8]) -> serde_json::Result<Value> {
    let value = serde_json::from_slice(text)?;
    serde_json::from_slice::<Once>(text)?;
    Ok(value)
}

/// A list, for which programs in Go say `null` where it has nothing in it.
///
/// # Errors
/// When it is something else.
pub fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Any value in which no object has a key twice.
struct Once;

impl<'de> Deserialize<'de> for Once {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self, A::Error> {
        while elements.next_element::<Self>()?.is_some() {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self, A::Error> {
        let mut keys = HashSet::new();
        while let Some(key) = members.next_key::<String>()? {
            if keys.contains(&key) {
                return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
            }
            keys.insert(key);
            members.next_value::<Self>()?;
        }
        Ok(self)
    }
}

fn not_taken(rejection: &BytesRejection) -> Problem {
    match rejection {
        BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
            Problem::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                format!(
                    "The body is too large; most requests may have {BODY_LIMIT} bytes at most."
                ),
            )
        }
        _ => Problem::new(
            StatusCode::BAD_REQUEST,
            "incomplete_body",
            "The body did not arrive whole; send it again.",
        ),
    }
}

/// `path` leads to the value that does not fit, as in `people[2].role`; a dot is the body as a whole. The reader also says
/// that something is no JSON where only another value was wanted, so that is asked again.
fn does_not_fit(path: &str, error: &serde_json::Error, is_json: impl Fn() -> bool) -> Problem {
    let text = error.to_string();
    // What was said comes first, and then where: "... at line 1 column 9".
    let (said, place) = match text.rfind(" at line ") {
        Some(at) => text.split_at(at),
        None => (text.as_str(), ""),
    };
    let refused = |code: &str, detail: String| Problem::new(StatusCode::BAD_REQUEST, code, detail);
    if said.starts_with("recursion limit exceeded") {
        let detail = "The body is nested too deeply: at most 127 levels.";
        return refused("too_deep", detail.to_owned());
    }
    if !error.is_data() && !is_json() {
        return refused(
            "malformed_json",
            format!("The body is not JSON: {said}{place}"),
        );
    }
    let said = if error.is_data() {
        in_words_of_json(said)
    } else {
        "expected another value".to_owned()
    };
    let field = field(path, &said);
    let at = match &field {
        // A text that names the field itself needs no path before it.
        Some(field) if !said.contains(&format!("`{field}`")) => format!("{field}: "),
        _ => String::new(),
    };
    let problem = refused(
        "invalid_body",
        format!("The body does not fit: {at}{said}{place}"),
    );
    match field {
        Some(field) => problem.of_field(field, said),
        None => problem,
    }
}

/// The field that is wrong. One that is missing, or there twice, stands in what was said, and its place in the path.
fn field(path: &str, said: &str) -> Option<String> {
    let named = ["missing field `", "duplicate field `"]
        .iter()
        .find_map(|start| said.strip_prefix(start)?.strip_suffix('`'));
    match (path, named) {
        (".", None) => None,
        (".", Some(name)) => Some(name.to_owned()),
        (path, Some(name)) => Some(format!("{path}.{name}")),
        (path, None) => Some(path.to_owned()),
    }
}

/// What the reader of JSON said, in words of JSON: without the names of our types, and without what was sent.
fn in_words_of_json(said: &str) -> String {
    for start in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some((found, expected)) = said
            .strip_prefix(start)
            .and_then(|rest| rest.rsplit_once(", expected "))
        {
            let found = match start {
                "invalid length " => return "expected an array of another length".to_owned(),
                "invalid value: " if found.starts_with("integer") => "one out of range",
                _ => sort_of(found),
            };
            return format!("expected {}, found {found}", wanted(expected));
        }
    }
    if let Some(words) = said
        .strip_prefix("unknown variant ")
        .and_then(|rest| Some(rest.rsplit_once(", expected ")?.1))
    {
        return format!("expected {words}");
    }
    if said.starts_with("data did not match any variant of untagged enum") {
        return "it has none of the forms that are taken here".to_owned();
    }
    said.to_owned()
}

/// What sort of value was found.
fn sort_of(found: &str) -> &str {
    let starts = [
        ("null", "null"),
        ("unit value", "null"),
        ("boolean", "a boolean"),
        ("integer", "a number"),
        ("floating point", "a number"),
        ("number", "a number"),
        ("string", "a string"),
        ("character", "a string"),
        ("map", "an object"),
        ("sequence", "an array"),
    ];
    starts
        .iter()
        .find(|(start, _)| found.starts_with(start))
        .map_or("something else", |(_, word)| word)
}

/// What would have been right. Of what is not known here nothing is told: it may be a name of ours.
fn wanted(expected: &str) -> &'static str {
    const UNSIGNED: [&str; 6] = ["u8", "u16", "u32", "u64", "u128", "usize"];
    const SIGNED: [&str; 6] = ["i8", "i16", "i32", "i64", "i128", "isize"];
    match expected {
        "a boolean" | "bool" => "a boolean",
        "a string" | "a borrowed string" | "string" => "a string",
        "a character" => "a single character",
        "f32" | "f64" => "a number",
        "a map" => "an object",
        "a sequence" => "an array",
        "unit" => "null",
        word if SIGNED.contains(&word) => "a whole number",
        word if UNSIGNED.contains(&word) => "a whole number, 0 or more",
        words if words.starts_with("struct ") => "an object",
        words if words.starts_with("internally tagged enum ") => "an object",
        words if words.starts_with("tuple ") || words.starts_with("an array ") => "an array",
        words if words.starts_with("enum ") || words.starts_with("variant ") => {
            "one of the words that are taken here"
        }
        _ => "another value",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use insta::assert_snapshot;
    use serde::Deserialize;

    use super::*;

    #[expect(dead_code, reason = "they are only read")]
    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Outer {
        full_name: String,
        count: Option<u32>,
        offset: Option<i8>,
        share: Option<f64>,
        people: Option<Vec<Inner>>,
        roles: Option<BTreeMap<String, Word>>,
        pair: Option<(bool, bool)>,
        letter: Option<char>,
        form: Option<Form>,
        tagged: Option<Tagged>,
    }

    #[expect(dead_code, reason = "they are only read")]
    #[derive(Debug, Deserialize)]
    struct Inner {
        role: Word,
        id: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Word {
        Admin,
        Viewer,
    }

    #[expect(dead_code, reason = "they are only read")]
    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    enum Form {
        One(bool),
        Two(Inner),
    }

    #[derive(Debug, Deserialize)]
    #[serde(tag = "kind")]
    enum Tagged {
        One,
    }

    fn refusal(body: &str) -> String {
        told::<Outer>(body)
    }

    fn told<T: DeserializeOwned + fmt::Debug>(body: &str) -> String {
        let problem = read::<T>(body.as_bytes()).expect_err("it does not fit");
        let json = serde_json::to_value(&problem).expect("JSON");
        let fields = json["details"].as_object().map_or_else(String::new, |all| {
            all.iter().fold(String::new(), |all, (field, said)| {
                all + "\n    " + field + ": " + &said.to_string()
            })
        });
        format!(
            ">{body}\n    {}: {}{fields}\n",
            problem.code,
            problem.message()
        )
    }

    #[test]
    fn a_key_that_is_there_twice_is_refused_with_its_place() {
        let all: String = [
            r#"{"config":1,"config":2}"#,
            r#"{"config":{"deep":[0,{"key":1,"key":"a secret"}]}}"#,
            r#"{"config":{"key":{"key":1,"\u006bey":2}}}"#,
        ]
        .iter()
        .map(|body| told::<Value>(body))
        .collect();
        assert_snapshot!(all, @r#"
        >{"config":1,"config":2}
            invalid_body: The body does not fit: duplicate field `config` at line 1 column 20
            config: "duplicate field `config`"
        >{"config":{"deep":[0,{"key":1,"key":"a secret"}]}}
            invalid_body: The body does not fit: config.deep[1].key: duplicate field `key` at line 1 column 35
            config.deep[1].key: "duplicate field `key`"
        >{"config":{"key":{"key":1,"\u006bey":2}}}
            invalid_body: The body does not fit: config.key.key: duplicate field `key` at line 1 column 36
            config.key.key: "duplicate field `key`"
        "#);
        let same = r#"{"a":{"key":1},"b":[{"key":2},{"key":3}]}"#;
        assert!(read::<Value>(same.as_bytes()).is_ok());
        let last = whole::<Value>(br#"{"key":1,"key":2}"#).expect("as it came");
        assert_eq!(last["key"], 2);
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_path_in_words_of_json() {
        let told: String = [
            "",
            "7",
            "null",
            "\"a secret\"",
            "[]",
            "{",
            "{} {}",
            "{}",
            r#"{"fullName":7}"#,
            r#"{"fullName":{}}"#,
            r#"{"fullName":["a secret"]}"#,
            r#"{"fullName":"a","fullName":"b"}"#,
            r#"{"fullName":"a","count":-1}"#,
            r#"{"fullName":"a","count":"a secret, expected much"}"#,
            r#"{"fullName":"a","offset":1000}"#,
            r#"{"fullName":"a","offset":1.5}"#,
            r#"{"fullName":"a","share":true}"#,
            r#"{"fullName":"a","people":{}}"#,
            r#"{"fullName":"a","people":[{"id":"x","role":"viewer"},{"id":"x","role":"owner"}]}"#,
            r#"{"fullName":"a","people":[{"id":"x","role":7}]}"#,
            r#"{"fullName":"a","people":[{"role":"admin"}]}"#,
            r#"{"fullName":"a","people":["x"]}"#,
            r#"{"fullName":"a","people":[{"id":"x","id":"y"}]}"#,
            r#"{"fullName":"a","roles":{"w1":"owner"}}"#,
            r#"{"fullName":"a","pair":[true]}"#,
            r#"{"fullName":"a","letter":"ab"}"#,
            r#"{"fullName":"a","form":7}"#,
            r#"{"fullName":"a","tagged":7}"#,
            r#"{"fullName":"a","other":7}"#,
        ]
        .iter()
        .map(|body| refusal(body))
        .collect();
        for ours in ["Outer", "Inner", "Word", "Form", "Tagged", "struct", "enum"] {
            assert!(!told.contains(ours), "{ours} is a name of ours: {told}");
        }
        assert_snapshot!(told, @r#"
        >
            malformed_json: The body is not JSON: EOF while parsing a value at line 1 column 0
        >7
            invalid_body: The body does not fit: expected an object, found a number at line 1 column 1
        >null
            invalid_body: The body does not fit: expected an object, found null at line 1 column 4
        >"a secret"
            invalid_body: The body does not fit: expected an object, found a string at line 1 column 10
        >[]
            invalid_body: The body must be a JSON object, not an array.
        >{
            malformed_json: The body is not JSON: EOF while parsing an object at line 1 column 1
        >{} {}
            invalid_body: The body does not fit: missing field `fullName` at line 1 column 2
            fullName: "missing field `fullName`"
        >{}
            invalid_body: The body does not fit: missing field `fullName` at line 1 column 2
            fullName: "missing field `fullName`"
        >{"fullName":7}
            invalid_body: The body does not fit: fullName: expected a string, found a number at line 1 column 13
            fullName: "expected a string, found a number"
        >{"fullName":{}}
            invalid_body: The body does not fit: fullName: expected a string, found an object at line 1 column 12
            fullName: "expected a string, found an object"
        >{"fullName":["a secret"]}
            invalid_body: The body does not fit: fullName: expected a string, found an array at line 1 column 12
            fullName: "expected a string, found an array"
        >{"fullName":"a","fullName":"b"}
            invalid_body: The body does not fit: duplicate field `fullName` at line 1 column 26
            fullName: "duplicate field `fullName`"
        >{"fullName":"a","count":-1}
            invalid_body: The body does not fit: count: expected a whole number, 0 or more, found one out of range at line 1 column 26
            count: "expected a whole number, 0 or more, found one out of range"
        >{"fullName":"a","count":"a secret, expected much"}
            invalid_body: The body does not fit: count: expected a whole number, 0 or more, found a string at line 1 column 49
            count: "expected a whole number, 0 or more, found a string"
        >{"fullName":"a","offset":1000}
            invalid_body: The body does not fit: offset: expected a whole number, found one out of range at line 1 column 29
            offset: "expected a whole number, found one out of range"
        >{"fullName":"a","offset":1.5}
            invalid_body: The body does not fit: offset: expected a whole number, found a number at line 1 column 28
            offset: "expected a whole number, found a number"
        >{"fullName":"a","share":true}
            invalid_body: The body does not fit: share: expected a number, found a boolean at line 1 column 28
            share: "expected a number, found a boolean"
        >{"fullName":"a","people":{}}
            invalid_body: The body does not fit: people: expected an array, found an object at line 1 column 25
            people: "expected an array, found an object"
        >{"fullName":"a","people":[{"id":"x","role":"viewer"},{"id":"x","role":"owner"}]}
            invalid_body: The body does not fit: people[1].role: expected `admin` or `viewer` at line 1 column 77
            people[1].role: "expected `admin` or `viewer`"
        >{"fullName":"a","people":[{"id":"x","role":7}]}
            invalid_body: The body does not fit: people[0].role: expected another value at line 1 column 44
            people[0].role: "expected another value"
        >{"fullName":"a","people":[{"role":"admin"}]}
            invalid_body: The body does not fit: people[0].id: missing field `id` at line 1 column 42
            people[0].id: "missing field `id`"
        >{"fullName":"a","people":["x"]}
            invalid_body: The body does not fit: people[0]: expected an object, found a string at line 1 column 29
            people[0]: "expected an object, found a string"
        >{"fullName":"a","people":[{"id":"x","id":"y"}]}
            invalid_body: The body does not fit: people[0].id: duplicate field `id` at line 1 column 40
            people[0].id: "duplicate field `id`"
        >{"fullName":"a","roles":{"w1":"owner"}}
            invalid_body: The body does not fit: roles.w1: expected `admin` or `viewer` at line 1 column 37
            roles.w1: "expected `admin` or `viewer`"
        >{"fullName":"a","pair":[true]}
            invalid_body: The body does not fit: pair: expected an array of another length at line 1 column 29
            pair: "expected an array of another length"
        >{"fullName":"a","letter":"ab"}
            invalid_body: The body does not fit: letter: expected a single character, found a string at line 1 column 29
            letter: "expected a single character, found a string"
        >{"fullName":"a","form":7}
            invalid_body: The body does not fit: form: it has none of the forms that are taken here at line 1 column 25
            form: "it has none of the forms that are taken here"
        >{"fullName":"a","tagged":7}
            invalid_body: The body does not fit: tagged: expected an object, found a number at line 1 column 26
            tagged: "expected an object, found a number"
        >{"fullName":"a","other":7}
            invalid_body: The body does not fit: unknown field `other`, expected one of `fullName`, `count`, `offset`, `share`, `people`, `roles`, `pair`, `letter`, `form`, `tagged` at line 1 column 23
            other: "unknown field `other`, expected one of `fullName`, `count`, `offset`, `share`, `people`, `roles`, `pair`, `letter`, `form`, `tagged`"
        "#);
    }

    #[test]
    fn what_was_sent_is_not_said_again() {
        for body in [
            r#"{"fullName":"a","count":"a secret"}"#,
            r#"{"fullName":"a","share":"a secret"}"#,
            "\"a secret\"",
        ] {
            let told = refusal(body).replacen(body, "", 1);
            assert!(!told.contains("secret"), "{told}");
        }
    }
}

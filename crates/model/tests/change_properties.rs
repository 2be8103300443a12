//! Whatever the snapshots are: the difference leads from one to the other, and says nothing of a secret.

use std::collections::{BTreeMap, HashSet};

use model::change::{Change, ChangeKind, Segment, Visibility, diff, from_part, to_parts};
use model::config::Matcher;
use model::definition::{Definition, Secrecy};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Map, Value, json};

/// Stands in every value that must not be seen.
const SECRET: &str = "unmistakable";

/// A segment of a path, read back from its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Index(usize),
    Key(String),
}

type Leaves = BTreeMap<Vec<Step>, Value>;

fn clear(_: &[Segment<'_>], _: &Value) -> Visibility {
    Visibility::Clear
}

/// Reads the text of a path: dots part it, what is nothing but digits is an index, and after `\` any character is itself.
fn parse(text: &str) -> Vec<Step> {
    let mut tokens = vec![(String::new(), false)];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let token = tokens.last_mut().expect("never empty");
        match character {
            '.' => tokens.push((String::new(), false)),
            '\\' => {
                token.0.push(characters.next().expect("something escaped"));
                token.1 = true;
            }
            _ => token.0.push(character),
        }
    }
    let step = |(token, escaped): (String, bool)| match token.parse() {
        Ok(index) if !escaped && token.bytes().all(|it| it.is_ascii_digit()) => Step::Index(index),
        _ => Step::Key(token),
    };
    tokens.into_iter().map(step).collect()
}

/// The leaves of an object, by a way of its own.
fn flatten(object: &Value) -> Leaves {
    fn down(at: &[Step], value: &Value, into: &mut Leaves) {
        let step = |step| [at, &[step]].concat();
        match value {
            Value::Object(members) if !members.is_empty() => {
                for (key, member) in members {
                    down(&step(Step::Key(key.clone())), member, into);
                }
            }
            Value::Array(elements) if elements.iter().any(|it| it.is_array() || it.is_object()) => {
                for (index, element) in elements.iter().enumerate() {
                    down(&step(Step::Index(index)), element, into);
                }
            }
            leaf => {
                into.insert(at.to_vec(), leaf.clone());
            }
        }
    }
    let mut leaves = Leaves::new();
    down(&[], object, &mut leaves);
    leaves.remove(&Vec::new());
    leaves
}

/// The object that has these leaves.
fn build(leaves: &Leaves) -> Value {
    fn put(tree: &mut Value, path: &[Step], leaf: &Value) {
        match path {
            [] => *tree = leaf.clone(),
            [Step::Key(key), inside @ ..] => {
                if !tree.is_object() {
                    *tree = json!({});
                }
                let members = tree.as_object_mut().expect("an object");
                put(members.entry(key).or_insert(Value::Null), inside, leaf);
            }
            [Step::Index(index), inside @ ..] => {
                if !tree.is_array() {
                    *tree = json!([]);
                }
                let elements = tree.as_array_mut().expect("an array");
                if elements.len() == *index {
                    elements.push(Value::Null);
                }
                put(&mut elements[*index], inside, leaf);
            }
        }
    }
    let mut tree = json!({});
    for (path, leaf) in leaves {
        put(&mut tree, path, leaf);
    }
    tree
}

/// What the changes make of an object; each must find what it says that it found.
fn apply(changes: &[Change], object: &Value) -> Value {
    let mut leaves = flatten(object);
    for change in changes {
        let ChangeKind::Value { before, after } = &change.kind else {
            panic!("everything is clear and short: {change:?}");
        };
        let path = parse(&change.path);
        assert_eq!(leaves.remove(&path), *before, "{}", change.path);
        if let Some(after) = after {
            // What goes into an empty container fills it.
            for depth in 1..path.len() {
                let outside = leaves.remove(&path[..depth]);
                assert!(outside.is_none_or(|it| it == json!({}) || it == json!([])));
            }
            leaves.insert(path, after.clone());
        }
    }
    build(&leaves)
}

fn key() -> impl Strategy<Value = String> {
    const ODD: &[&str] = &[
        "a",
        "b",
        "a.b",
        "a\\",
        "\\",
        ".",
        "0",
        "1",
        "01",
        "ä",
        "to",
        "password.x",
        "x.a",
    ];
    select(ODD).prop_map(String::from)
}

fn members(inner: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let members = vec((key(), inner), 0..5);
    members.prop_map(|all| Value::Object(all.into_iter().collect::<Map<_, _>>()))
}

fn tree(leaf: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> + Clone {
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            members(inner)
        ]
    })
}

fn scalar() -> impl Strategy<Value = Value> + 'static {
    select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(1),
        json!(""),
        json!("x"),
    ])
}

fn object() -> impl Strategy<Value = Value> {
    members(tree(scalar()))
}

/// A string that must not be seen, or something that holds some.
fn secret() -> impl Strategy<Value = Value> + Clone {
    let text = (0..100_u8).prop_map(|n| json!(format!("{SECRET} {n}")));
    tree(text.boxed())
}

/// A configuration with secrets at any depth: `password`, `headers.to` in several shapes.
fn with_secrets() -> impl Strategy<Value = Value> {
    let leaf = scalar().boxed();
    let inner = leaf.prop_recursive(4, 40, 5, |inner| {
        let planted = prop_oneof![
            secret().prop_map(|it| json!({"password": it})),
            secret().prop_map(|it| json!({"headers": [{"from": "x", "to": it}, 1]})),
            secret().prop_map(|it| json!({"headers": [[{"to": it}]]})),
            secret().prop_map(|it| json!({"headers": {"to": it}})),
            secret().prop_map(|it| json!({"headers.to": it, "a.password": it})),
        ];
        let clear = vec((key(), inner.clone()), 0..4);
        let object = (planted, clear).prop_map(|(mut planted, clear)| {
            let members = planted.as_object_mut().expect("an object");
            members.extend(clear);
            planted
        });
        prop_oneof![object, vec(inner, 0..4).prop_map(Value::from)]
    });
    members(inner)
}

fn known() -> Matcher {
    let definition =
        json!({"name": "X", "displayName": "X", "secretKeys": ["password", "headers.to"]});
    let definition: Definition = serde_json::from_value(definition).expect("a definition");
    Matcher::new(Secrecy::Known(&definition))
}

/// All that leaves of two configurations: the parts of their difference, creation and deletion, lists and pages.
fn all_that_is_seen(matcher: &Matcher, before: &Value, after: &Value) -> String {
    let (old, new) = (json!({"config": before}), json!({"config": after}));
    let visible = matcher.at("config");
    let changes = [
        diff(Some(&old), Some(&new), &visible),
        diff(None, Some(&new), &visible),
        diff(Some(&old), None, &visible),
    ];
    assert_eq!(changes[0].is_empty(), old == new, "no change goes unseen");
    let parts: Vec<_> = changes.iter().flat_map(|it| to_parts(it)).collect();
    let (list, page) = (matcher.for_list(after), matcher.for_page(after));
    format!("{} {list} {page:?}", parts.join(" "))
}

proptest! {
    #[test]
    fn applied_to_the_first_a_difference_gives_the_second(a in object(), b in object()) {
        let changes = diff(Some(&a), Some(&b), &clear);
        prop_assert_eq!(apply(&changes, &a), b);
    }

    #[test]
    fn a_creation_gives_the_whole_and_a_deletion_nothing(a in object()) {
        prop_assert_eq!(&apply(&diff(None, Some(&a), &clear), &json!({})), &a);
        prop_assert_eq!(apply(&diff(Some(&a), None, &clear), &a), json!({}));
    }

    #[test]
    fn nothing_differs_from_itself(a in object(), s in with_secrets()) {
        prop_assert_eq!(diff(Some(&a), Some(&a), &clear), vec![]);
        let matcher = known();
        let s = json!({"config": s});
        prop_assert_eq!(diff(Some(&s), Some(&s), &matcher.at("config")), vec![]);
    }

    #[test]
    fn no_two_changes_have_one_path_and_they_are_in_order(a in object(), b in object()) {
        let changes = diff(Some(&a), Some(&b), &clear);
        let paths: Vec<_> = changes.iter().map(|it| parse(&it.path)).collect();
        prop_assert!(paths.is_sorted());
        let texts: HashSet<_> = changes.iter().map(|it| &it.path).collect();
        prop_assert_eq!(texts.len(), changes.len());
    }

    #[test]
    fn parts_are_at_most_64_and_hold_every_change(a in object(), b in object()) {
        let changes = vec![diff(Some(&a), Some(&b), &clear); 9].concat();
        let parts = to_parts(&changes);
        prop_assert!(parts.len() <= 64);
        let values = parts.iter().map(|part| serde_json::from_str(part).expect("JSON"));
        let read: Vec<_> = values.filter_map(from_part).flatten().collect();
        prop_assert_eq!(read, changes);
    }

    #[test]
    fn a_secret_is_seen_nowhere(a in with_secrets(), b in with_secrets()) {
        let seen = all_that_is_seen(&known(), &a, &b);
        prop_assert!(!seen.contains(SECRET), "{}", seen);
    }

    #[test]
    fn of_an_unknown_type_no_string_is_seen(a in members(secret()), b in with_secrets()) {
        let unknown = Matcher::new(Secrecy::Unknown);
        let seen = all_that_is_seen(&unknown, &a, &b) + &all_that_is_seen(&unknown, &b, &a);
        prop_assert!(!seen.contains(SECRET), "{}", seen);
    }
}

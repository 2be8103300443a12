//! What holds for every entry.

use model::{
    canonical::to_canonical,
    entry::{Entry, EntryActor, EntryTarget, Imported, Outcome},
};
use proptest::{
    collection::{btree_map, vec},
    option,
    prelude::*,
};
use serde_json::{Map, Value, json};

use crate::samples::{COMMITMENT, OTHER, text};

/// The same entry as a value, written down a second time and in another order.
fn as_value(entry: &Entry) -> Value {
    let time = |at| jiff::Timestamp::from_microsecond(at).expect("in range");
    let target = |target: &EntryTarget| {
        let mut value = json!({"type": target.r#type});
        target.id.iter().for_each(|id| value["id"] = json!(id));
        value
    };
    let mut actor = json!({"type": entry.actor.r#type});
    entry
        .actor
        .token
        .iter()
        .for_each(|token| actor["token"] = json!(token));
    entry
        .actor
        .session
        .iter()
        .for_each(|session| actor["session"] = json!(session));
    entry
        .actor
        .on_behalf_of
        .iter()
        .for_each(|person| actor["onBehalfOf"] = json!(person));
    entry.actor.id.iter().for_each(|id| actor["id"] = json!(id));
    let mut value = json!({
        "workspace": entry.workspace,
        "v": 1,
        "target": target(&entry.target),
        "subjects": entry.subjects,
        "sequence": entry.sequence,
        "request": entry.request,
        "related": entry.related.iter().map(target).collect::<Vec<_>>(),
        "outcome": entry.outcome.as_str(),
        "organization": entry.organization,
        "imported": entry.imported.as_ref().map(|imported| {
            json!({"id": imported.id, "at": format!("{:.6}", time(imported.at))})
        }),
        "id": entry.id,
        "facts": entry.facts,
        "code": entry.code,
        "changes": entry.changes,
        "at": format!("{:.6}", time(entry.at)),
        "actor": actor,
        "action": entry.action,
    });
    let members = value.as_object_mut().expect("an object");
    members.retain(|_, value| !value.is_null() && *value != json!([]) && *value != json!({}));
    members.insert("parts".to_owned(), json!(entry.parts));
    value
}

fn entries() -> impl Strategy<Value = Entry> {
    let string = || prop_oneof!["[a-z_]{1,8}", any::<String>()];
    let target =
        || (option::of(string()), string()).prop_map(|(id, r#type)| EntryTarget { id, r#type });
    let commitment = || prop_oneof![Just(COMMITMENT.to_owned()), Just(OTHER.to_owned())];
    let time = || -62_135_596_800_000_000_i64..253_402_207_200_000_000;
    let actor = (vec(option::of(string()), 4), string()).prop_map(|(mut members, r#type)| {
        let mut next = || members.pop().flatten();
        EntryActor {
            id: next(),
            on_behalf_of: next(),
            session: next(),
            token: next(),
            r#type,
        }
    });
    let imported = (time(), string()).prop_map(|(at, id)| Imported { at, id });
    let facts = btree_map(
        string(),
        prop_oneof![
            any::<i32>().prop_map(Value::from),
            string().prop_map(Value::from)
        ],
        1..4,
    )
    .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>()));
    let outcome = prop_oneof![
        Just(Outcome::Success),
        Just(Outcome::Denied),
        Just(Outcome::Failed)
    ];
    (
        (
            vec(string(), 3),
            actor,
            time(),
            vec(commitment(), 0..4),
            vec(option::of(string()), 3),
        ),
        (
            option::of(facts),
            option::of(imported),
            outcome,
            0..1_u64 << 53,
            target(),
        ),
        (
            btree_map("actor|origin|target|detail", commitment(), 0..4),
            vec(target(), 0..3),
            btree_map(
                "actor|origin|target|detail|changes/[1-5]?[0-9]",
                string(),
                0..3,
            ),
        ),
    )
        .prop_map(|(first, second, third)| {
            let (mut required, actor, at, changes, mut optional) = first;
            let (facts, imported, outcome, sequence, target) = second;
            let (parts, related, subjects) = third;
            Entry {
                action: required.pop().expect("three"),
                actor,
                at,
                changes,
                code: optional.pop().flatten(),
                facts,
                id: required.pop().expect("three"),
                imported,
                organization: optional.pop().flatten(),
                outcome,
                parts,
                related,
                request: required.pop().expect("three"),
                sequence,
                subjects,
                target,
                workspace: optional.pop().flatten(),
            }
        })
}

proptest! {
    #[test]
    fn the_bytes_are_the_canonical_form_of_the_same_value(entry in entries()) {
        let canonical = to_canonical(&as_value(&entry)).expect("canonical");
        prop_assert_eq!(text(&entry), String::from_utf8(canonical).expect("UTF-8"));
    }

    #[test]
    fn an_entry_comes_back_from_its_bytes(entry in entries()) {
        prop_assert_eq!(Entry::parse(text(&entry).as_bytes()), Ok(entry));
    }

    #[test]
    fn changed_bytes_are_refused_or_the_bytes_of_another_entry(
        entry in entries(), place: prop::sample::Index, byte in b' '..=b'~', kind in 0..3,
    ) {
        let mut bytes = text(&entry).into_bytes();
        let place = place.index(bytes.len());
        match kind {
            0 => bytes[place] = byte,
            1 => bytes.insert(place, byte),
            _ => drop(bytes.remove(place)),
        }
        if let Ok(other) = Entry::parse(&bytes) {
            prop_assert_eq!(text(&other).into_bytes(), bytes);
        }
    }
}

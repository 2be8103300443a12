//! What opens sealed parts.

use serde_json::json;

use super::{Made, event, event_of};

#[test]
fn a_disclosure_that_was_changed_moved_or_doubled_is_a_mismatch() {
    let attack = |change: fn(&str) -> String, place: &str| {
        let made = Made::new(300);
        made.edit_text("disclosures.jsonl", change);
        made.verify(&[]).is(4, place);
    };
    attack(|text| text.replacen("Thing 41", "Thing 42", 1), "41");
    attack(
        |text| text.replacen("\"sequence\":41,", "\"sequence\":42,", 1),
        "disclosures.jsonl line 43",
    );
    attack(
        |text| text.replacen("{\"sequence\":9,", "{\"sequence\":8,", 1),
        "disclosures.jsonl line 10",
    );
    attack(
        |text| {
            text.lines()
                .chain(text.lines().last())
                .flat_map(|line| [line, "\n"])
                .collect()
        },
        "disclosures.jsonl line 301",
    );
    attack(
        |text| format!("{text}{{\"sequence\":300,\"disclosures\":[\"x\"]}}\n"),
        "disclosures.jsonl line 301",
    );
    attack(
        |text| text.replacen("{\"sequence\":3,", "{\"sequence\":3;", 1),
        "disclosures.jsonl line 4",
    );
    attack(
        |text| {
            let first = text.lines().next().expect("a line");
            let one = first
                .split("[\"")
                .nth(1)
                .and_then(|rest| rest.split("\",\"[").next())
                .expect("a disclosure");
            text.replacen(
                "\"disclosures\":[",
                &format!("\"disclosures\":[\"{one}\","),
                1,
            )
        },
        "0",
    );
}

#[test]
fn a_part_without_disclosure_is_withheld_unless_an_entry_erased_it() {
    let without = |index: u64| index % 7 == 3;
    let made = |erased: bool| {
        Made::of((0..100).map(move |index| {
            let facts = json!({ "subject": "person-3", "events": 14, "basis": "request" });
            if index == 99 && erased {
                return event_of(99, "erased", "privacy", Some(facts));
            }
            let (entry, mut disclosures) = event(index);
            if without(index) {
                disclosures.drain(..2);
            }
            (entry, disclosures)
        }))
    };
    let counts = |made: Made| {
        let verified = made.verify(&[]);
        verified.is_verified();
        let count = |name: &str| verified.said["counts"][name].as_u64().expect("a number");
        (count("disclosed"), count("erased"), count("withheld"))
    };
    assert_eq!(counts(made(false)), (272, 0, 28));
    assert_eq!(counts(made(true)), (272, 28, 0));
}

#[test]
fn an_erasure_reaches_what_was_recorded_before_it() {
    let made = Made::of((0..20).map(|index| {
        let facts = json!({ "subject": "person-3", "events": 1, "basis": "request" });
        let (entry, mut opened) = match index {
            5 => event_of(5, "erased", "privacy", Some(facts)),
            _ => event(index),
        };
        if index % 7 == 3 {
            opened.drain(..2);
        }
        (entry, opened)
    }));
    let verified = made.verify(&[]);
    verified.is_verified();
    let counts = &verified.said["counts"];
    // Entry 3 is before the erasure; 10 and 17 are after it.
    let erased = ["actor", "origin"].map(|part| json!({ "entry": 3, "part": part, "erasedBy": 5 }));
    assert_eq!(verified.said["erased"], json!(erased));
    assert_eq!(
        (&counts["erased"], &counts["withheld"]),
        (&json!(2), &json!(4))
    );
}

#[cfg(unix)]
#[test]
fn disclosures_that_cannot_be_read_are_not_none() {
    let made = Made::new(3);
    let file = made.path("disclosures.jsonl");
    std::fs::remove_file(&file).expect("removed");
    made.verify(&[]).is_verified();
    std::os::unix::fs::symlink("/nowhere", &file).expect("linked");
    assert_eq!(made.verify(&[]).code, 1);
}

//! Sealed parts: salts, disclosures and commitments, and everything that must not match.

use model::part::{Disclosure, MAX_CHANGES, PartError, PartKey, PartName, salt};
use proptest::prelude::*;
use serde_json::{Value, json};

const EVENT: &str = "0ujtsYcgvSTl8PAuAdqWYSMnLOv";

/// Key byte (32 times), part, value, salt and commitment.
fn table() -> [(u8, &'static str, Value, &'static str, &'static str); 6] {
    [
        (
            1,
            "actor",
            json!({"email": "ada@example.com", "name": "Ada Lovelace"}),
            "VDsuKQ0Ti9NG1ouAfGF1UqL1ol0oLMgBEUWxY43nObs",
            "3ndAALyCY3QFhrSDLSgEgK5ro3n16hntMVBhr7F7vqU",
        ),
        (
            1,
            "origin",
            json!({"interface": "dashboard", "ip": "203.0.113.7", "user_agent": "Mozilla/5.0"}),
            "hXv6X_d2HTkoYOt5dYVDZ5r7P-l3qSFrumV6Nb-xrqw",
            "OjpCb00e_iIgasKXIm2-4vnJsFyRLLNuDGf97jKYtAQ",
        ),
        (
            2,
            "target",
            json!({"name": "Zürich – 😀 \"quoted\" \\ \n line"}),
            "2Cr43xwWoXbkQLiBnUVI6ShHDfkH9TGkk_SBmhgL8wM",
            "QQA533ZIWBqNBrD1ZqIzXOj2r6iClL0wpp0mg1D1KSs",
        ),
        (
            3,
            "changes/0",
            json!({"after": "won", "before": "lead", "path": "/stage"}),
            "khA7p32ZDWX_P66z5W0LQA-NvFiXZs4TnRx5YBz8TEQ",
            "srHsKGqzkbk_vWsmOthEpmd6CiHMjbbRQ13b7_Y1Zr8",
        ),
        (
            3,
            "changes/1",
            json!({"path": "/phone_number", "redacted": true}),
            "rTrW7n8V_UruLlXEcZHVXd4OS04VihTmljog9g9fMQs",
            "lxOjgshHxGiDPyoPwqhh8ipOonmvsF7Ab0vKzSvbizI",
        ),
        (
            4,
            "detail",
            json!({"amount": 9_007_199_254_740_991_i64, "nested": {"a": [true, false, null, ""]}}),
            "HJTqmCIKpnmqG3_lP9Eq8bu8eJA7zeG2fLdB7ub-0Yo",
            "bVa-78wME4HUny5DyxcgfbmMIm11rW2Vr4rHjZ1ld8U",
        ),
    ]
}

fn part(name: &str) -> PartName {
    PartName::parse(name).expect("a part's name")
}

fn key(byte: u8) -> PartKey {
    PartKey::new([byte; 32])
}

fn actor() -> Disclosure {
    let (byte, name, value, ..) = &table()[0];
    Disclosure::make(&key(*byte), EVENT, part(name), value)
}

#[test]
fn a_part_is_sealed_as_the_format_says() {
    for (byte, name, value, salt, commitment) in table() {
        let disclosure = Disclosure::make(&key(byte), EVENT, part(name), &value);
        assert_eq!(
            disclosure.as_str(),
            format!("[\"{salt}\",\"{EVENT}\",\"{name}\",{value}]")
        );
        assert_eq!(disclosure.commitment(), commitment);
        assert_eq!(disclosure.open(EVENT, part(name)), Ok(value));
    }
}

#[test]
fn a_disclosure_reads_like_this() {
    insta::assert_snapshot!(
        actor().as_str(),
        @r#"["VDsuKQ0Ti9NG1ouAfGF1UqL1ol0oLMgBEUWxY43nObs","0ujtsYcgvSTl8PAuAdqWYSMnLOv","actor",{"email":"ada@example.com","name":"Ada Lovelace"}]"#
    );
}

#[test]
fn near_disclosures_have_other_commitments() {
    let salt = "VDsuKQ0Ti9NG1ouAfGF1UqL1ol0oLMgBEUWxY43nObs";
    let ada = r#"{"email":"ada@example.com","name":"Ada Lovelace"}"#;
    let near = [
        (
            "the value was changed",
            format!(
                r#"["{salt}","{EVENT}","actor",{}]"#,
                ada.replace("lace", "lacf")
            ),
            "uliaavHyZzdcZC8ml5o90vTuCpJEjfnVQ4UvViVmk5w",
        ),
        (
            "one character of the salt was changed",
            format!(
                r#"["{}","{EVENT}","actor",{ada}]"#,
                salt.replace("VDsu", "VDsA")
            ),
            "mwm3lsEtwUDIwB6i83mq-JHJQ9TVOP45URnO0hBiJ4s",
        ),
        (
            "moved to another event",
            format!(r#"["{salt}","0ujzPyRiIAffKhBux4PvQdDqMHY","actor",{ada}]"#),
            "q22jjBWEKv75q1B6E1yfXJU0YqCBDjdIA-p1SQ4-kLs",
        ),
        (
            "moved to another part",
            format!(r#"["{salt}","{EVENT}","target",{ada}]"#),
            "k7B0kwpTMldFz0jyApFw6rRH_v4IBXSccL3WUqepYbs",
        ),
        (
            "white space added",
            format!(
                r#"["{salt}", "{EVENT}", "actor", {}]"#,
                ada.replace(",\"", ", \"")
            ),
            "Wcrxn2astJqq4QwBSiSESAQPGcfv25mfc5KLqLNsWBc",
        ),
        (
            "members in another order",
            format!(
                r#"["{salt}","{EVENT}","actor",{{"name":"Ada Lovelace","email":"ada@example.com"}}]"#
            ),
            "JMVQghhrjvzXsAu8QDzxQrMQ5IWQ0U6_n9RJsg-TFxo",
        ),
        (
            "a letter written as an escape",
            format!(
                r#"["{salt}","{EVENT}","actor",{}]"#,
                ada.replace("Ada", r"\u0041da")
            ),
            "cC8rousjkFuHAgG5LYhyA1Yhw5R_LpTh9dJZPId2nHE",
        ),
    ];
    for (why, disclosure, commitment) in near {
        let disclosure = Disclosure::from_string(disclosure);
        assert_eq!(disclosure.commitment(), commitment, "{why}");
        assert_ne!(disclosure.commitment(), actor().commitment(), "{why}");
    }
}

#[test]
fn only_the_part_and_event_that_it_names_open_a_disclosure() {
    let other = "0ujzPyRiIAffKhBux4PvQdDqMHY";
    assert_eq!(
        actor().open(other, PartName::ACTOR),
        Err(PartError::OtherEvent {
            found: EVENT.to_owned()
        })
    );
    assert_eq!(
        actor().open(EVENT, PartName::TARGET),
        Err(PartError::OtherPart {
            found: "actor".to_owned()
        })
    );
}

#[test]
fn what_has_another_form_does_not_open() {
    let salt = "VDsuKQ0Ti9NG1ouAfGF1UqL1ol0oLMgBEUWxY43nObs";
    let cases = [
        (String::new(), PartError::Form),
        ("null".to_owned(), PartError::Form),
        (format!(r#"{{"salt":"{salt}"}}"#), PartError::Form),
        (format!(r#"["{salt}","{EVENT}","actor"]"#), PartError::Form),
        (
            format!(r#"["{salt}","{EVENT}","actor",1,2]"#),
            PartError::Form,
        ),
        (
            format!(r#"["{salt}","{EVENT}","actor",1]]"#),
            PartError::Form,
        ),
        (format!(r#"["{salt}","{EVENT}",7,1]"#), PartError::Form),
        (format!(r#"["{salt}",null,"actor",1]"#), PartError::Form),
        (
            format!(r#"["{salt}","{EVENT}","actor",{}"#, "[".repeat(100_000)),
            PartError::Form,
        ),
        (format!(r#"["","{EVENT}","actor",1]"#), PartError::Salt),
        (
            format!(r#"["{}","{EVENT}","actor",1]"#, &salt[1..]),
            PartError::Salt,
        ),
        (
            format!(r#"["{salt}=","{EVENT}","actor",1]"#),
            PartError::Salt,
        ),
        (
            format!(r#"["{}","{EVENT}","actor",1]"#, salt.replace('Q', "+")),
            PartError::Salt,
        ),
        // The last two bits of the last character do not belong to the 256.
        (
            format!(r#"["{}t","{EVENT}","actor",1]"#, &salt[..42]),
            PartError::Salt,
        ),
    ];
    for (text, error) in cases {
        let opened = Disclosure::from_string(text.clone()).open(EVENT, PartName::ACTOR);
        assert_eq!(opened, Err(error), "{}", &text[..text.len().min(100)]);
    }
}

#[test]
fn every_part_has_its_own_salt() {
    let names = [
        "actor",
        "origin",
        "target",
        "detail",
        "changes/0",
        "changes/1",
        "changes/10",
    ];
    let mut salts: Vec<_> = names.iter().map(|name| salt(&key(1), part(name))).collect();
    salts.push(salt(&key(2), PartName::ACTOR));
    let all = salts.len();
    salts.sort_unstable();
    salts.dedup();
    assert_eq!(salts.len(), all);
}

#[test]
fn names_of_parts_come_back_from_their_text() {
    let changes = (0..MAX_CHANGES).map(|index| PartName::change(index).expect("64 changes"));
    let mut named = 0;
    for name in [
        PartName::ACTOR,
        PartName::ORIGIN,
        PartName::TARGET,
        PartName::DETAIL,
    ]
    .into_iter()
    .chain(changes)
    {
        assert_eq!(PartName::parse(&name.to_string()), Ok(name));
        named += 1;
    }
    assert_eq!(named, 68);
    assert_eq!(part("changes/63").change_index(), Some(63));
    assert_eq!(PartName::ACTOR.change_index(), None);
    assert_eq!(PartName::change(64), None);
    assert_eq!(PartName::change(256), None);
}

#[test]
fn other_names_of_parts_are_refused() {
    let names = [
        "",
        "Actor",
        "actor ",
        "actors",
        "changes",
        "changes/",
        "changes/64",
        "changes/256",
        "changes/00",
        "changes/01",
        "changes/+1",
        "changes/-1",
        "changes/1/0",
        "changes/a",
        "/changes/1",
        "changes/１",
    ];
    for name in names {
        assert_eq!(PartName::parse(name), Err(PartError::Name(name.to_owned())));
    }
}

#[test]
fn neither_debug_nor_errors_show_personal_data() {
    let printed = format!("{:?}", actor());
    assert_eq!(
        printed,
        r#"Disclosure("3ndAALyCY3QFhrSDLSgEgK5ro3n16hntMVBhr7F7vqU")"#
    );
    let broken = Disclosure::from_string(r#"["salt","event","actor",{"name":"Ada"}]"#.to_owned());
    let error = broken.open("event", PartName::ACTOR).expect_err("no salt");
    assert!(!format!("{error} {error:?}").contains("Ada"));
}

proptest! {
    #[test]
    fn what_was_sealed_opens(
        event: String, text: String, number: f64, byte: u8, index in 0..MAX_CHANGES,
    ) {
        let name = PartName::change(index).expect("64 changes");
        let value = json!({ text.as_str(): [number, { "a": text.as_str() }], "b": null });
        let disclosure = Disclosure::make(&key(byte), &event, name, &value);
        prop_assert_eq!(disclosure.open(&event, name), Ok(value));
    }

    #[test]
    fn a_changed_byte_changes_the_commitment(place: prop::sample::Index, character: char) {
        let disclosure = actor();
        let mut changed: Vec<char> = disclosure.as_str().chars().collect();
        let place = place.index(changed.len());
        prop_assume!(changed[place] != character);
        changed[place] = character;
        let changed = Disclosure::from_string(changed.into_iter().collect());
        prop_assert_ne!(changed.commitment(), disclosure.commitment());
    }
}

//! Policies: which are read, and which notes they take.

use tlog::note::NoteError;
use tlog::policy::{PolicyNoteError, PolicyReason};
use tlog::{KeyKind, KeyName, Note, Policy, SigningKey};

fn key(name: &str, kind: KeyKind, seed: u8) -> SigningKey {
    let name = KeyName::parse(name).expect("a name");
    SigningKey::from_seed(name, kind, &[seed; 32]).expect("a key")
}

fn log() -> SigningKey {
    key("example.com/log", KeyKind::Note, 1)
}

fn witness(number: u8) -> SigningKey {
    key(
        &format!("witness.example/{number}"),
        KeyKind::Cosignature,
        100 + number,
    )
}

/// The standard's example: two of three of X, and one of three of Y.
fn example() -> String {
    let mut lines = format!("log {}\n\n# witnesses\n", log().verifier());
    for number in 1..=6 {
        let name = if number <= 3 {
            format!("X{number}")
        } else {
            format!("Y{}", number - 3)
        };
        lines += &format!(
            "witness {name} {}\thttps://w{number}.example\n",
            witness(number).verifier()
        );
    }
    lines
        + "group X-witnesses 2 X1 X2 X3\n group Y-witnesses any Y1 Y2 Y3\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n"
}

fn note(logs: &[SigningKey], witnesses: &[u8]) -> String {
    let text = "example.com/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    let signed: String = logs.iter().map(|key| key.sign(text, 0)).collect();
    let cosigned: String = witnesses
        .iter()
        .map(|number| witness(*number).sign(text, 7))
        .collect();
    format!("{text}\n{signed}{cosigned}")
}

fn verdict(policy: &str, note: &str) -> Result<Vec<u64>, PolicyNoteError> {
    let policy = Policy::parse(policy.as_bytes()).expect("a policy");
    let note = Note::parse(note.as_bytes()).expect("a note");
    policy.verify(&note).map(|(_, times)| times)
}

#[test]
fn a_quorum_of_groups_is_counted() {
    for (witnesses, enough) in [
        (&[1, 2, 4][..], true),
        (&[1, 3, 6], true),
        (&[1, 2, 3, 4, 5, 6], true),
        (&[1, 4, 5, 6], false),
        (&[1, 2, 3], false),
        (&[1, 1, 4], false),
        (&[], false),
    ] {
        let expected = if enough {
            Ok(vec![7; witnesses.len()])
        } else {
            Err(PolicyNoteError::Quorum)
        };
        assert_eq!(
            verdict(&example(), &note(&[log()], witnesses)),
            expected,
            "{witnesses:?}"
        );
    }
}

#[test]
fn witnesses_without_the_log_are_not_enough() {
    let unsigned = Err(PolicyNoteError::Note(NoteError::Unsigned));
    assert_eq!(verdict(&example(), &note(&[], &[1, 2, 4])), unsigned);
    assert_eq!(verdict("quorum none\n", &note(&[log()], &[])), unsigned);
}

#[test]
fn a_quorum_of_none_or_of_one_witness() {
    let none = format!("quorum none\nlog {} https://log.example", log().verifier());
    assert_eq!(verdict(&none, &note(&[log()], &[])), Ok(vec![]));
    let one = format!(
        "witness w {}\nquorum w\nlog {}",
        witness(1).verifier(),
        log().verifier()
    );
    assert_eq!(verdict(&one, &note(&[log()], &[1])), Ok(vec![7]));
    assert_eq!(
        verdict(&one, &note(&[log()], &[2])),
        Err(PolicyNoteError::Quorum)
    );
}

#[test]
fn a_line_that_cannot_be_read_is_named() {
    use PolicyReason::{
        Character, Duplicate, Form, Kind, Member, Quorum, Taken, Threshold, Unknown,
    };
    let w = |number: u8| format!("witness w{number} {}\n", witness(number).verifier());
    let two = w(1) + &w(2);
    for (policy, line, reason) in [
        (String::new(), 2, Quorum),
        (two.clone(), 4, Quorum),
        ("quorum none\nquorum none".to_owned(), 2, Quorum),
        ("quorum w".to_owned(), 1, Unknown),
        ("quorum none none".to_owned(), 1, Form),
        ("log".to_owned(), 1, Form),
        ("Log x".to_owned(), 1, Form),
        ("group g 1\nquorum g".to_owned(), 1, Threshold),
        (format!("{two}group g 0 w1 w2"), 3, Threshold),
        (format!("{two}group g 3 w1 w2"), 3, Threshold),
        (format!("{two}group g 01 w1 w2"), 3, Threshold),
        (format!("{two}group g most w1 w2"), 3, Threshold),
        (format!("{two}group g 1 w1 w1"), 3, Member),
        (format!("{two}group g 1 w1\ngroup h all w1 w2"), 4, Member),
        (format!("{two}group g 1 w1 none"), 3, Unknown),
        (format!("{two}group g 1 g"), 3, Unknown),
        (format!("{two}group w1 1 w2"), 3, Taken),
        (format!("{two}group none 1 w2"), 3, Taken),
        (
            format!("{two}witness w3 {}", witness(1).verifier()),
            3,
            Duplicate,
        ),
        (format!("log {0}\nlog {0}", log().verifier()), 2, Duplicate),
        (format!("log {}", witness(1).verifier()), 1, Kind),
        (format!("witness w {}", log().verifier()), 1, Kind),
        ("# a comment\r\nquorum none".to_owned(), 1, Character),
        ("# \u{7f}\nquorum none".to_owned(), 1, Character),
    ] {
        let error = Policy::parse(policy.as_bytes()).expect_err(&policy);
        assert_eq!((error.line, error.reason), (line, reason), "{policy}");
    }
    let key = Policy::parse(b"log nonsense").expect_err("no key");
    assert!(matches!(key.reason, PolicyReason::Key(_)));
}

/// Names are bytes, not text; a witness may be the quorum and in a group.
#[test]
fn names_need_not_be_text() {
    let mut policy = b"witness \xff ".to_vec();
    policy.extend(witness(1).verifier().to_string().bytes());
    policy.extend(b"\ngroup \xe2\x84 any \xff\nquorum \xff\n");
    assert!(Policy::parse(&policy).is_ok());
}

#[test]
fn there_is_room_for_many() {
    let mut policy = String::new();
    for number in 1..=99 {
        policy += &format!("witness w{number} {}\n", witness(number).verifier());
        policy += &format!("group g{number} 1 w{number}\n");
        policy += &format!("log {}\n", key("log", KeyKind::Note, number).verifier());
    }
    let policy = Policy::parse((policy + "quorum g99").as_bytes()).expect("a policy");
    assert_eq!(policy.logs().len(), 99);
}

//! Notes, checkpoints, cosignatures and receipts: against the standards' examples, the crate
//! `signed_note`, and Wycheproof's signatures.

use proptest::prelude::*;
use tlog::checkpoint::CheckpointError;
use tlog::note::{MOST_SIGNATURES, NoteError, VerifierKeyError};
use tlog::receipt::ReceiptError;
use tlog::{
    Checkpoint, Hash, KeyKind, KeyName, Note, Receipt, SigningKey, VerifierKey, leaf_hash,
    node_hash,
};

/// The example of C2SP `signed-note`, and the key that goes with it.
const EXAMPLE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
const EXAMPLE_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";

fn key(name: &str, kind: KeyKind, seed: u8) -> SigningKey {
    let name = KeyName::parse(name).expect("a name");
    SigningKey::from_seed(name, kind, &[seed; 32]).expect("a key")
}

fn vkey(text: &str) -> VerifierKey {
    VerifierKey::parse(text).expect("a key")
}

fn verify(note: &str, keys: &[VerifierKey]) -> Result<Vec<Option<u64>>, NoteError> {
    let verified = Note::parse(note.as_bytes())?.verify(keys)?;
    Ok(verified.iter().map(|one| one.time).collect())
}

#[test]
fn the_standards_example_verifies() {
    let note = Note::parse(EXAMPLE.as_bytes()).expect("a note");
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(verify(EXAMPLE, &[vkey(EXAMPLE_KEY)]), Ok(vec![None]));
    assert_eq!(vkey(EXAMPLE_KEY).to_string(), EXAMPLE_KEY);
}

#[test]
fn no_byte_of_a_note_can_be_changed() {
    let keys = [vkey(EXAMPLE_KEY)];
    for at in 0..EXAMPLE.len() {
        for change in [1, 0x20, 0x80] {
            let mut bytes = EXAMPLE.as_bytes().to_vec();
            bytes[at] ^= change;
            let verdict = Note::parse(&bytes).and_then(|note| note.verify(&keys));
            assert!(
                verdict.is_err(),
                "byte {at} changed by {change:#x}: {verdict:?}"
            );
        }
    }
}

#[test]
fn a_key_whose_parts_do_not_belong_together_is_refused() {
    let refused = |text: &str| VerifierKey::parse(text).expect_err("it is not a key");
    assert!(matches!(
        refused(&EXAMPLE_KEY.replace("foo", "fool")),
        VerifierKeyError::Id(_)
    ));
    assert!(matches!(
        refused(&EXAMPLE_KEY.replace("530d903a", "530d903b")),
        VerifierKeyError::Id(0x530d_903a)
    ));
    for form in [
        "",
        "a",
        "a+b",
        "example.com/foo+530d903a+",
        "example.com/foo+530d903a+AekyeRrm",
        "example.com/foo+30d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo++530d903+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
    ] {
        assert_eq!(refused(form), VerifierKeyError::Form, "{form:?}");
    }
    assert!(matches!(
        refused("+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"),
        VerifierKeyError::Name(_)
    ));
    assert_eq!(refused("a+00000000+Aukyeg=="), VerifierKeyError::Kind(2));
}

/// A key of small order verifies one signature under many texts (RFC 8032, section 8.4 and after).
#[test]
fn a_weak_key_is_no_key() {
    let name = || KeyName::parse("log").expect("a name");
    let mut one = [0; 32];
    one[0] = 1;
    for weak in [[0; 32], one] {
        assert_eq!(
            VerifierKey::new(name(), KeyKind::Note, &weak),
            Err(VerifierKeyError::Key)
        );
    }
    let not_a_point = std::array::from_fn(|at| if at == 0 { 2 } else { 0 });
    assert_eq!(
        VerifierKey::new(name(), KeyKind::Note, &not_a_point),
        Err(VerifierKeyError::Key)
    );
}

#[test]
fn another_implementation_reads_what_is_signed() {
    use signed_note::{Note as Theirs, StandardVerifier, VerifierList};
    let ours = key("example.com/ours", KeyKind::Note, 7);
    let text = "one\n\ntwo\n";
    let note = format!("{text}\n{}", ours.sign(text, 0));
    let verifier = StandardVerifier::new(&ours.verifier().to_string()).expect("a key");
    let theirs = Theirs::from_bytes(note.as_bytes()).expect("a note");
    let (good, unknown) = theirs
        .verify(&VerifierList::new(vec![Box::new(verifier)]))
        .expect("verified");
    assert_eq!((good.len(), unknown.len()), (1, 0));
    assert_eq!(theirs.text(), text.as_bytes());
    assert_eq!(verify(&note, &[ours.verifier().clone()]), Ok(vec![None]));
}

#[test]
fn unknown_keys_are_passed_over_and_a_known_one_must_be_good() {
    let (one, two) = (key("one", KeyKind::Note, 1), key("two", KeyKind::Note, 2));
    let keys = [one.verifier().clone()];
    let text = "text\n";
    let both = format!("{text}\n{}{}", two.sign(text, 0), one.sign(text, 0));
    assert_eq!(verify(&both, &keys), Ok(vec![None]));
    let other = format!("{text}\n{}", two.sign(text, 0));
    assert_eq!(verify(&other, &keys), Err(NoteError::Unsigned));
    let bad = format!("{text}\n{}{}", one.sign("other\n", 0), one.sign(text, 0));
    assert_eq!(
        verify(&bad, &keys),
        Err(NoteError::Signature("one".to_owned()))
    );
    // The same name with another key is another key.
    let same_name = format!("{text}\n{}", key("one", KeyKind::Note, 3).sign(text, 0));
    assert_eq!(verify(&same_name, &keys), Err(NoteError::Unsigned));
    // A key signs notes or checkpoints with a time, never the one for the other.
    let witness = key("one", KeyKind::Cosignature, 1);
    let crossed = format!("{text}\n{}", witness.sign(text, 9));
    assert_eq!(verify(&crossed, &keys), Err(NoteError::Unsigned));
}

#[test]
fn what_is_not_a_note_is_refused() {
    let signature = EXAMPLE.split("\n\n").nth(1).expect("a line");
    let form = |note: &str| matches!(Note::parse(note.as_bytes()), Err(NoteError::Form(_)));
    assert!(!form(EXAMPLE));
    for bad in [
        String::new(),
        "text\n".to_owned(),
        "text\n\n".to_owned(),
        format!("text\n{signature}"),
        EXAMPLE.trim_end().to_owned(),
        format!("{EXAMPLE}\n"),
        format!("{EXAMPLE}more\n"),
        EXAMPLE.replace("message", "mess\tage"),
        EXAMPLE.replace("message.\n", "message.\r\n"),
        EXAMPLE.replace("— ", "- "),
        EXAMPLE.replace("aQM=\n", "aQM\n"),
        EXAMPLE.replace("aQM=\n", "aQN=\n"),
        "text\n\n— name \n".to_owned(),
        "text\n\n— name AAAAAA==\n".to_owned(),
        "text\n\n— na+me AAAAAAAA\n".to_owned(),
        format!(
            "text\n\n{}",
            "— name AAAAAAAA\n".repeat(MOST_SIGNATURES + 1)
        ),
        "x".repeat(tlog::note::LONGEST) + EXAMPLE,
    ] {
        assert!(form(&bad), "{bad:?}");
    }
    assert!(Note::parse(b"\xff\n\n").is_err());
    assert!(!form(&format!(
        "text\n\n{}",
        "— name AAAAAAAA\n".repeat(MOST_SIGNATURES)
    )));
}

/// Of the 151 signatures, a strict verifier takes exactly the valid ones.
#[test]
fn wycheproofs_signatures_are_judged_as_it_says() {
    use wycheproof::TestResult;
    let set =
        wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).expect("vectors");
    let mut counts = [0, 0];
    for group in &set.test_groups {
        let public: &[u8; 32] = group.key.pk[..].try_into().expect("32 bytes");
        let public = ed25519_dalek::VerifyingKey::from_bytes(public).expect("a point");
        for test in &group.tests {
            let signature = ed25519_dalek::Signature::from_slice(&test.sig);
            let good = signature.is_ok_and(|one| public.verify_strict(&test.msg, &one).is_ok());
            assert_eq!(good, test.result == TestResult::Valid, "{}", test.tc_id);
            counts[usize::from(good)] += 1;
        }
    }
    assert!(counts[0] >= 60 && counts[1] >= 85, "{counts:?}");
}

fn checkpoint() -> Checkpoint {
    Checkpoint {
        origin: "example.com/log".to_owned(),
        size: 20_852_163,
        root: leaf_hash(b"root"),
        extensions: Vec::new(),
    }
}

#[test]
fn a_checkpoint_is_read_as_it_is_written() {
    let text = checkpoint().to_string();
    assert_eq!(
        text.lines().take(2).collect::<Vec<_>>(),
        ["example.com/log", "20852163"]
    );
    assert_eq!(Checkpoint::parse(&text), Ok(checkpoint()));
    let extended = Checkpoint {
        extensions: vec!["more".to_owned()],
        ..checkpoint()
    };
    assert_eq!(Checkpoint::parse(&extended.to_string()), Ok(extended));
}

#[test]
fn what_is_not_a_checkpoint_is_refused() {
    let text = checkpoint().to_string();
    for (bad, why) in [
        (String::new(), CheckpointError::Lines),
        (text.trim_end().to_owned(), CheckpointError::Lines),
        (format!("{text}\n"), CheckpointError::Lines),
        (format!("\n{text}"), CheckpointError::Lines),
        ("a\n1\n".to_owned(), CheckpointError::Lines),
        (text.replace("20852163", "020852163"), CheckpointError::Size),
        (text.replace("20852163", "+1"), CheckpointError::Size),
        (text.replace("20852163", ""), CheckpointError::Size),
        (
            text.replace("20852163", "18446744073709551616"),
            CheckpointError::Size,
        ),
        (text.replace('=', ""), CheckpointError::Root),
        (text.replace("=\n", "A=\n"), CheckpointError::Root),
    ] {
        assert_eq!(Checkpoint::parse(&bad), Err(why), "{bad:?}");
    }
    assert_eq!(
        Checkpoint::parse(&text.replace("20852163", "18446744073709551615")).map(|one| one.size),
        Ok(u64::MAX)
    );
}

/// The signed text is that of `tlog-cosignature`, made here from the standard's words.
#[test]
fn a_witness_signs_the_time_and_the_checkpoint() {
    let text = checkpoint().to_string();
    let witness = key("witness.example/w1", KeyKind::Cosignature, 4);
    let plain = key("witness.example/w1", KeyKind::Note, 4);
    let note = format!("{text}\n{}", witness.sign(&text, 1_679_315_147));
    assert_eq!(
        verify(&note, &[witness.verifier().clone()]),
        Ok(vec![Some(1_679_315_147)])
    );
    // The same bytes are signed by hand: header, time, text.
    let by_hand = plain.sign(&format!("cosignature/v1\ntime 1679315147\n{text}"), 0);
    let bytes = |line: &str| {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let signature = line.trim_end().rsplit(' ').next().expect("a signature");
        STANDARD.decode(signature).expect("base64")
    };
    let cosignature = bytes(&witness.sign(&text, 1_679_315_147));
    assert_eq!(cosignature.len(), 4 + 8 + 64);
    assert_eq!(cosignature[12..], bytes(&by_hand)[4..]);
    // Another time is another statement, and a time past 2^63 is none.
    let late = witness.sign(&text, 1 << 63);
    let keys = [witness.verifier().clone()];
    assert!(verify(&format!("{text}\n{late}"), &keys).is_err());
}

/// Two entries and the receipt of the first.
fn receipt(extra: Option<&[u8]>) -> (Receipt, Hash, VerifierKey) {
    let (first, second) = (leaf_hash(b"first"), leaf_hash(b"second"));
    let log = key("example.com/log", KeyKind::Note, 5);
    let text = Checkpoint {
        size: 2,
        root: node_hash(&first, &second),
        ..checkpoint()
    }
    .to_string();
    let receipt = Receipt {
        extra: extra.map(<[u8]>::to_vec),
        index: 0,
        path: vec![second],
        checkpoint: format!("{text}\n{}", log.sign(&text, 0)).into_bytes(),
    };
    (receipt, first, log.verifier().clone())
}

#[test]
fn a_receipt_proves_its_entry_alone() {
    for extra in [None, Some(&b"{}"[..])] {
        let (receipt, leaf, key) = receipt(extra);
        let file = receipt.to_bytes();
        assert!(file.starts_with(b"c2sp.org/tlog-proof@v1\n"));
        let read = Receipt::parse(&file).expect("a receipt");
        assert_eq!(read, receipt);
        assert_eq!(
            read.checkpoint()
                .expect("a note")
                .0
                .verify(&[key])
                .map(|keys| keys.len()),
            Ok(1)
        );
        assert_eq!(read.verify(&leaf).map(|one| one.size), Ok(2));
        assert!(matches!(
            read.verify(&leaf_hash(b"second")),
            Err(ReceiptError::Proof(_))
        ));
        assert!(matches!(
            Receipt {
                index: 1,
                ..read.clone()
            }
            .verify(&leaf),
            Err(ReceiptError::Proof(_))
        ));
        assert!(matches!(
            Receipt {
                path: Vec::new(),
                ..read
            }
            .verify(&leaf),
            Err(ReceiptError::Proof(_))
        ));
    }
}

#[test]
fn what_is_not_a_receipt_is_refused() {
    let file = String::from_utf8(receipt(Some(b"extra")).0.to_bytes()).expect("text");
    assert!(Receipt::parse(file.as_bytes()).is_ok());
    let path = file.lines().nth(3).expect("a hash").to_owned() + "\n";
    for bad in [
        String::new(),
        file.replace("@v1", "@v2"),
        file.replace("index 0", "index 00"),
        file.replace("index 0", "index -1"),
        file.replace("index 0\n", ""),
        file.replace("extra ", "extra !"),
        file.replace(&path, &path[1..]),
        file.replace(&path, &path.repeat(65)),
        file.replace("\n\n", "\n"),
    ] {
        assert!(
            matches!(Receipt::parse(bad.as_bytes()), Err(ReceiptError::Form(_))),
            "{bad}"
        );
    }
}

proptest! {
    #[test]
    fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..300), text in "[a-z0-9 \n+=—/]{0,200}") {
        for bytes in [&bytes[..], text.as_bytes()] {
            let _ = Note::parse(bytes);
            let _ = Receipt::parse(bytes);
        }
        let _ = Checkpoint::parse(&text);
        let _ = VerifierKey::parse(&text);
    }

    #[test]
    fn a_broken_receipt_never_panics(at in 0_usize..300, byte: u8) {
        let (receipt, leaf, key) = receipt(Some(b"extra"));
        let mut file = receipt.to_bytes();
        let at = at % file.len();
        file[at] = byte;
        if let Ok(read) = Receipt::parse(&file) && let Ok((note, _)) = read.checkpoint()
            && note.verify(&[key]).is_ok() && read.verify(&leaf).is_ok() {
            // Only the extra data is signed by nobody.
            prop_assert_eq!((read.index, read.path, read.checkpoint), (receipt.index, receipt.path, receipt.checkpoint));
        }
    }
}

//! Receipts, and exports of rows with a proof each.

use model::part::Disclosure;
use serde_json::{Value, json};
use tlog::{Hash, Receipt, proof};

use super::{Made, Verified, event, event_of, key, manifest, row, rows, verify};

/// A receipt of entry 41 of 300.
fn receipt(made: &Made) -> Receipt {
    let (entry, disclosures) = event(41);
    let opened: Vec<&str> = disclosures.iter().map(Disclosure::as_str).collect();
    let extra = json!({ "disclosures": opened, "entry": String::from_utf8(entry).expect("text") });
    let path = proof::inclusion(41, 300, |node| -> Result<Hash, std::convert::Infallible> {
        let width = 1 << node.level;
        let first = usize::try_from(node.index << node.level).expect("small");
        Ok(tlog::tile::perfect_root(&made.leaves[first..first + width]))
    });
    Receipt {
        extra: Some(extra.to_string().into_bytes()),
        index: 41,
        path: path.expect("a path"),
        checkpoint: made.checkpoint(&[key(1)], 300).into_bytes(),
    }
}

#[test]
fn a_receipt_is_verified_alone() {
    let made = Made::new(300);
    let good = receipt(&made);
    let file = made.folder.path().join("41.tlog-proof");
    let check = |receipt: &Receipt, more: &[&str]| {
        std::fs::write(&file, receipt.to_bytes()).expect("written");
        verify(
            &file,
            &[&["--key", &key(1).verifier().to_string()], more].concat(),
        )
    };
    check(&good, &[]).is_verified();
    check(
        &Receipt {
            index: 42,
            ..good.clone()
        },
        &[],
    )
    .is(3, "entry 42");
    let text = |from: &str, to: &str| {
        let extra = String::from_utf8(good.extra.clone().expect("extra")).expect("text");
        assert!(extra.contains(from), "{extra}");
        Some(extra.replace(from, to).into_bytes())
    };
    check(
        &Receipt {
            extra: text("updated", "deleted"),
            ..good.clone()
        },
        &[],
    )
    .is(3, "entry 41");
    check(
        &Receipt {
            extra: text("Thing 41", "Thing 42"),
            ..good.clone()
        },
        &[],
    )
    .is(4, "41");
    check(
        &Receipt {
            checkpoint: made.checkpoint(&[key(2)], 300).into_bytes(),
            ..good.clone()
        },
        &[],
    )
    .is(2, "checkpoint");
    let bare = Receipt {
        extra: None,
        ..good.clone()
    };
    assert_eq!(check(&bare, &[]).code, 1);
    let entry = made.folder.path().join("entry");
    std::fs::write(&entry, event(41).0).expect("written");
    check(&bare, &["--entry", entry.to_str().expect("a path")]).is_verified();
    // What the receipt carries must be the same.
    let other = Receipt {
        extra: text("updated", "deleted"),
        ..good.clone()
    };
    check(&other, &["--entry", entry.to_str().expect("a path")]).is(4, "receipt");
    // A receipt is something to hold on to as well.
    std::fs::write(&file, good.to_bytes()).expect("written");
    Made::new(400)
        .verify(&["--since", file.to_str().expect("a path")])
        .is_verified();
}

#[test]
fn a_filtered_export_tells_what_was_erased_from_what_is_withheld() {
    let facts = json!({ "subject": "person-3", "events": 6, "basis": "request" });
    let events = |index: u64| match index {
        7 => event_of(7, "erased", "privacy", Some(facts.clone())),
        _ => event(index),
    };
    let made = Made::of((0..9).map(events));
    let file = made.folder.path().join("events.jsonl");
    let bare = |index: u64| row(&made, index, (events(index).0, Vec::new()));
    // Of 3 the person's parts are gone; of 4 nothing is disclosed.
    let of_three = events(3).1.split_off(2);
    let rows = [row(&made, 3, (events(3).0, of_three)), bare(4)];
    let check = |erasures: Option<&[String]>, rows: &[String]| {
        let mut first = manifest(&made, rows.len()).to_string();
        if let Some(erasures) = erasures {
            first.truncate(first.len() - 1);
            first += &format!(",\"erasures\":[{}]}}", erasures.join(","));
        }
        let lines: Vec<&str> = std::iter::once(first.as_str())
            .chain(rows.iter().map(String::as_str))
            .collect();
        std::fs::write(&file, lines.join("\n") + "\n").expect("written");
        verify(&file, &["--key", &key(1).verifier().to_string()])
    };
    let counts = |done: &Verified| {
        let count = |name: &str| done.said["counts"][name].clone();
        ["disclosed", "erased", "withheld"].map(count)
    };
    let open = |done: &Verified| done.said["notChecked"].to_string().contains("were erased");

    let done = check(Some(&[bare(7)]), &rows);
    done.is_verified();
    assert_eq!(counts(&done), [json!(1), json!(2), json!(3)]);
    let erased = ["actor", "origin"].map(|part| json!({ "entry": 3, "part": part, "erasedBy": 7 }));
    assert_eq!(done.said["erased"], json!(erased));
    assert!(open(&done), "something is withheld");
    // With all that was not erased disclosed, nothing is left open.
    let whole = [rows[0].clone(), row(&made, 4, events(4))];
    assert!(!open(&check(Some(&[bare(7)]), &whole)));
    // Without the erasure, what it erased looks withheld.
    for erasures in [None, Some(&[][..])] {
        let done = check(erasures, &rows);
        done.is_verified();
        assert_eq!(counts(&done), [json!(1), json!(0), json!(5)]);
        assert!(open(&done));
    }
    // What is no erasure, or none of this log, is none.
    check(Some(&[bare(6)]), &rows).is(3, "entry 6");
    let forged = bare(7).replace("person-3", "person-4");
    check(Some(&[forged]), &rows).is(3, "entry 7");
    let moved = bare(7).replace("\"index\":7", "\"index\":5");
    check(Some(&[moved]), &rows).is(3, "entry 5");
}

#[test]
fn an_export_of_all_entries_has_no_gap() {
    let made = Made::new(5);
    let file = made.folder.path().join("events.jsonl");
    let check = |indexes: &[u64], change: &dyn Fn(&mut Value)| {
        let mut first = manifest(&made, indexes.len());
        first["query"] = json!({});
        first["erasures"] = json!([]);
        change(&mut first);
        let lines: Vec<String> = std::iter::once(first.to_string())
            .chain(
                indexes
                    .iter()
                    .map(|index| row(&made, *index, event(*index))),
            )
            .collect();
        std::fs::write(&file, lines.join("\n") + "\n").expect("written");
        verify(&file, &["--key", &key(1).verifier().to_string()])
    };
    let as_it_is = |_: &mut Value| {};
    let open = |done: &Verified| {
        done.said["notChecked"]
            .to_string()
            .contains("answered in full")
    };

    let done = check(&[0, 1, 2, 3, 4], &as_it_is);
    done.is_verified();
    assert!(!open(&done), "{:?}", done.said);
    assert!(
        done.said["checked"]
            .to_string()
            .contains("all entries of the log from 0 to before 5")
    );
    check(&[0, 1, 3, 4], &as_it_is).is(5, "entry 2");
    check(&[1, 2, 3, 4], &as_it_is).is(5, "entry 0");
    check(&[0, 1, 2], &as_it_is).is(5, "entry 3");
    check(&[], &as_it_is).is(5, "entry 0");
    // A filter that is not set is none.
    let unset = |first: &mut Value| first["query"] = json!({ "actor": null });
    check(&[0, 2, 3, 4], &unset).is(5, "entry 1");
    // Who asked for some, or may not see all, gets some.
    for some in [
        &(|first: &mut Value| first["query"] = json!({ "action": "created" }))
            as &dyn Fn(&mut Value),
        &(|first: &mut Value| first["erasures"] = Value::Null),
    ] {
        let done = check(&[0, 2], some);
        done.is_verified();
        assert!(open(&done));
    }
    // A range that the log does not have, and rows out of it.
    for range in [json!([4, 1]), json!([0, 6])] {
        let other = |first: &mut Value| first["range"] = range.clone();
        check(&[0, 1, 2, 3, 4], &other).is(3, "line 1");
    }
    // Of all entries the range is all of the log.
    for (range, indexes, missing) in [
        (json!([0, 3]), vec![0, 1, 2], "entry 3"),
        (json!([1, 5]), vec![1, 2, 3, 4], "entry 0"),
        (json!([5, 5]), vec![], "entry 0"),
    ] {
        let other = |first: &mut Value| first["range"] = range.clone();
        check(&indexes, &other).is(5, missing);
    }
    let fewer = |first: &mut Value| {
        first["range"] = json!([1, 4]);
        first["query"] = json!({ "action": "created" });
    };
    check(&[1, 3], &fewer).is_verified();
    check(&[0, 1], &fewer).is(3, "line 2");
    check(&[3, 4], &fewer).is(3, "line 3");
    // Cut off within the first line.
    let whole = std::fs::read(&file).expect("read");
    std::fs::write(&file, &whole[..60]).expect("written");
    verify(&file, &["--key", &key(1).verifier().to_string()]).is(5, "line 1");
}

#[test]
fn the_rows_of_a_filtered_export_are_verified_one_by_one() {
    let made = Made::new(300);
    let good = rows(&made, &[3, 41, 299]);
    let file = made.folder.path().join("events.jsonl");
    let check = |lines: &[String]| {
        std::fs::write(
            &file,
            lines
                .iter()
                .flat_map(|line| [line.as_str(), "\n"])
                .collect::<String>(),
        )
        .expect("written");
        verify(&file, &["--key", &key(1).verifier().to_string()])
    };
    let verified = check(&good);
    verified.is_verified();
    let open = verified.said["notChecked"].to_string();
    assert!(open.contains("whether parts that are not disclosed were erased"));
    let with = |line: usize, from: &str, to: &str| {
        let mut lines = good.clone();
        assert!(lines[line].contains(from), "{}", lines[line]);
        lines[line] = lines[line].replace(from, to);
        lines
    };
    check(&with(2, "updated", "deleted")).is(3, "entry 41");
    check(&with(2, "\"index\":41", "\"index\":42")).is(3, "entry 42");
    check(&with(2, "Thing 41", "Thing 42")).is(4, "41");
    check(&with(2, "\"index\":41,", "\"index\":41,\"more\":1,")).is(3, "line 3");
    check(&with(0, "\"count\":3", "\"count\":2")).is(3, "rows");
    check(&good[..3]).is(5, "rows");
    check(&[&good[..2], &good[3..], &good[2..3]].concat()).is(3, "line 4");
    check(&[&good[..3], &good[2..]].concat()).is(3, "line 4");
    check(&with(0, "annals.events.v1", "annals.events.v2")).is(1, &file.to_string_lossy());
    std::fs::write(
        &file,
        format!("{}\n{}\n{}", good[0], good[1], &good[2][..40]),
    )
    .expect("written");
    verify(&file, &["--key", &key(1).verifier().to_string()]).is(5, "line 3");
}

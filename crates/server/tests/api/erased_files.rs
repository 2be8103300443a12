//! What was erased is in no file any more.

use std::path::Path;

use model::actor::{Actor, System};
use model::part::PartName;
use serde_json::json;
use server::actions::privacy::erase_part::ErasePart;
use server::privacy::{self, Erase};
use store::testing::{Durability, Postgres, Raw};
use store::{Error, Location, Upkeep};

use crate::privacy::{ADDRESS, NAME, busy, erase, guard, person};
use crate::support::{Api, both, id, local_origin};

/// Whether these words are in any file below a folder, in UTF-8 or UTF-16.
fn found(folder: &Path, words: &[&str]) -> Vec<String> {
    let mut hits = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            hits.extend(found(&path, words));
            continue;
        }
        let Ok(bytes) = std::fs::read(&path) else {
            continue;
        };
        for word in words {
            let utf16 = |order: fn(u16) -> [u8; 2]| {
                word.encode_utf16().flat_map(order).collect::<Vec<u8>>()
            };
            for needle in [
                word.as_bytes().to_vec(),
                utf16(u16::to_le_bytes),
                utf16(u16::to_be_bytes),
            ] {
                if memchr::memmem::find(&bytes, &needle).is_some() {
                    hits.push(format!("{word} in {}", path.display()));
                }
            }
        }
    }
    hits
}

#[test]
fn nothing_of_an_erased_person_is_left_in_any_file() {
    for (api, folder) in both()
        .into_iter()
        .zip([None, Some(Postgres::shared().folder())])
    {
        let (user, _) = busy(&api);
        let email = api.email(user);
        api.index();
        let _ = erase(&api, &person(&api, user, false)).expect("erased");
        let local = email.split('@').next().expect("a name");
        let words = [NAME, &*email, local, ADDRESS, "Vyrwhistle-Browser"];
        assert!(
            found(api.folder.path(), &["annals.test"]).len()
                + folder.map_or(0, |folder| found(folder, &["annals.test"]).len())
                > 0,
            "the search finds what is there"
        );
        assert_eq!(
            found(folder.unwrap_or(api.folder.path()), &words),
            Vec::<String>::new()
        );
    }
}

/// What was sealed is not only closed for ever, but gone.
#[test]
fn the_sealed_parts_of_an_erased_person_are_removed() {
    for api in both() {
        let (user, _) = busy(&api);
        let log = api
            .store
            .read(|rx| rx.organization_log(api.made.organization))
            .expect("a log");
        let opened = || {
            let all = api
                .store
                .read(|rx| rx.disclosed(&log, 0, log.size))
                .expect("read");
            all.iter().map(|one| one.disclosures.len()).sum::<usize>()
        };
        let before = opened();
        let _ = erase(&api, &person(&api, user, false)).expect("erased");
        assert_eq!(
            api.store.upkeep(Upkeep::Purge).wait().expect("kept"),
            0,
            "nothing is left to remove"
        );
        let erasures = api.store.read(|rx| rx.erasures()).expect("read");
        assert!(
            erasures
                .iter()
                .all(|one| one.done && one.reached == one.total),
            "{erasures:?}"
        );
        assert!(opened() < before);
    }
}

/// Whether these bytes are in any file below a folder but PostgreSQL's write-ahead log, which is recycled in time.
fn holds(folder: &Path, needle: &[u8]) -> Vec<String> {
    let mut hits = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            if !path.ends_with("pg_wal") {
                hits.extend(holds(&path, needle));
            }
        } else if std::fs::read(&path)
            .is_ok_and(|bytes| memchr::memmem::find(&bytes, needle).is_some())
        {
            hits.push(path.display().to_string());
        }
    }
    hits
}

/// The key that opens a single value is still there, for all else that it opens. So what was sealed must be in no file.
///
/// The transactions of `older` end one after the other, and before the last one nothing is held to be done.
fn nothing_is_left_of_one_value(api: &Api, cluster: &Postgres, older: &mut [Raw]) {
    let source = api.source("Web app");
    let name = format!("a name {}", "of some length ".repeat(4));
    let body = json!({ "name": name, "enabled": false });
    api.put(&format!("/v2/sources/{source}"), body).ok();
    let events = api.events();
    let renamed = events
        .iter()
        .find(|one| one["action"] == "updated_name")
        .expect("an event");
    let sequence = &renamed["sequence"];
    let mut raw = Raw::open(&api.location);
    let mut sealed = || {
        let row = raw.rows(&format!(
                "SELECT e.parts FROM entries e JOIN logs l ON l.first_place + {sequence} = e.place WHERE l.organization_id IS NOT NULL"
            ));
        row[0][0].blob().to_vec()
    };
    let folder = match &api.location {
        Location::Sqlite { .. } => api.folder.path(),
        Location::Postgres(_) => cluster.folder(),
    };
    let before = sealed();
    let part = PartName::change(0).expect("a part");
    let what = Erase::Part(ErasePart {
        organization: api.made.organization,
        event: id(renamed).parse().expect("an id"),
        part,
    });
    if matches!(api.location, Location::Postgres(_)) {
        Raw::open(&api.location).must("CHECKPOINT");
    }
    // 32 bytes of what goes: those that are not in what stays.
    let window = before.len() - 64..before.len() - 32;
    let gone = before[window].to_vec();
    assert_ne!(holds(folder, &gone), Vec::<String>::new(), "it is found");
    let actor = Actor::System(System::CommandLine);
    let origin = local_origin(&api.store);
    let _ = privacy::erase(&api.store, Some(&guard(api)), actor, origin, &what).expect("erased");
    for one in older {
        let waits = privacy::remove(&api.store);
        assert!(matches!(waits, Err(Error::Database(_))), "{waits:?}");
        one.must("COMMIT");
    }
    assert!(privacy::remove(&api.store).expect("removed"));
    assert!(memchr::memmem::find(&sealed(), &gone).is_none());
    assert_eq!(holds(folder, &gone), Vec::<String>::new());
}

#[test]
fn what_was_sealed_of_a_value_that_is_erased_alone_is_in_no_file() {
    for api in both() {
        nothing_is_left_of_one_value(&api, Postgres::shared(), &mut []);
    }
}

/// PostgreSQL keeps in a rewritten table what an older transaction might see: one of the same database that has only read, and one
/// of any database that has written.
#[test]
fn while_an_older_transaction_is_open_the_files_are_not_held_to_be_rewritten() {
    let cluster = Postgres::start(Durability::Off);
    let api = Api::in_database(cluster.fresh_database());
    let elsewhere = Location::Postgres(cluster.fresh_database());
    let mut older = [Raw::open(&api.location), Raw::open(&elsewhere)];
    older[0].must("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1");
    older[1].must("BEGIN; SELECT txid_current()");
    nothing_is_left_of_one_value(&api, &cluster, &mut older);
}

/// The machine stops, or a reader is in the way, after the rows are shrunk: the files are rewritten later, once.
#[test]
fn files_that_could_not_be_rewritten_are_rewritten_later() {
    for api in both() {
        let (user, _) = busy(&api);
        let actor = Actor::System(System::CommandLine);
        let what = person(&api, user, false);
        let origin = local_origin(&api.store);
        let _ = privacy::erase(&api.store, None, actor, origin, &what).expect("erased");
        while api.store.upkeep(Upkeep::Purge).wait().expect("kept") > 0 {}
        assert!(privacy::remove(&api.store).expect("removed"));
        assert!(
            !privacy::remove(&api.store).expect("removed"),
            "all is done"
        );
    }
}

/// Two processes on one SQLite file would write it anew for ever, each for the other.
#[test]
fn one_process_at_a_time_writes_the_file_anew() {
    let api = Api::sqlite();
    let (user, _) = busy(&api);
    let Location::Sqlite { file, .. } = &api.location else {
        unreachable!("SQLite")
    };
    let beside = std::fs::File::create(format!("{}-scrub", file.display())).expect("a file");
    beside.lock().expect("locked");
    let actor = Actor::System(System::CommandLine);
    let one = person(&api, user, false);
    let _ =
        privacy::erase(&api.store, None, actor, local_origin(&api.store), &one).expect("erased");
    let busy = privacy::remove(&api.store);
    assert!(matches!(busy, Err(Error::Busy)), "{busy:?}");
    drop(beside);
    assert!(privacy::remove(&api.store).expect("removed"));
    assert!(!privacy::remove(&api.store).expect("nothing is left"));
}

//! The key file and the schema: made together, once, and never apart from each other.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use model::clock::SystemEntropy;
use model::id::EventId;
use store::{Error, KeyFile, Location, Options, Store, migrate};

use crate::support::{Kind, Place, create, on_both, team};

fn with_keys(place: &Place, name: &str) -> Options {
    Options {
        keys: place.folder.path().join(name),
        ..place.options()
    }
}

#[track_caller]
fn refused(options: Options, words: &[&str]) {
    match Store::open(options) {
        Ok(_) => panic!("it was opened"),
        Err(Error::Instance(text)) => {
            for word in words {
                assert!(text.contains(word), "{text}");
            }
        }
        Err(error) => panic!("{error}"),
    }
}

fn master_id(file: PathBuf) -> String {
    let text = std::fs::read_to_string(file).expect("a key file");
    let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    file["master"]["id"].as_str().expect("an id").to_owned()
}

#[test]
fn the_key_file_is_made_with_the_schema_for_its_owner_alone_and_never_changed() {
    on_both(|place| {
        let file = place.folder.path().join("annals.keys");
        drop(place.open());
        let made = std::fs::read(&file).expect("made");
        let mode = std::fs::metadata(&file).expect("made").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(place.open());
        assert_eq!(std::fs::read(&file).expect("there"), made);
        let files = std::fs::read_dir(place.folder.path()).expect("a folder");
        let left = files
            .filter(|file| {
                file.as_ref()
                    .is_ok_and(|file| file.file_name().to_string_lossy().contains("new-"))
            })
            .count();
        assert_eq!(left, 0, "no draft of it is left");
    });
}

#[test]
fn a_key_file_that_exists_is_used_for_a_new_schema() {
    on_both(|place| {
        let file = place.folder.path().join("annals.keys");
        KeyFile::create(&file, &SystemEntropy).expect("made");
        let made = std::fs::read(&file).expect("made");
        let store = place.open();
        let _ = create(&store, team(&store, "Fernhill"), "Web app");
        assert_eq!(std::fs::read(&file).expect("there"), made);
    });
}

#[test]
fn a_key_file_that_does_not_fit_is_refused_and_the_one_that_would_is_named() {
    on_both(|place| {
        drop(place.open());
        KeyFile::create(&place.folder.path().join("other.keys"), &SystemEntropy).expect("made");
        let wanted = master_id(place.folder.path().join("annals.keys"));
        refused(
            with_keys(&place, "other.keys"),
            &["does not fit", &wanted, "--keys"],
        );
    });
}

#[test]
fn a_key_file_with_the_right_ids_and_other_keys_is_refused() {
    on_both(|place| {
        drop(place.open());
        let other = place.folder.path().join("other.keys");
        KeyFile::create(&other, &SystemEntropy).expect("made");
        let text = std::fs::read_to_string(&other).expect("there");
        let right = master_id(place.folder.path().join("annals.keys"));
        std::fs::write(&other, text.replace(&master_id(other.clone()), &right)).expect("written");
        refused(with_keys(&place, "other.keys"), &["does not fit"]);
    });
}

#[test]
fn a_key_file_that_is_missing_beside_an_existing_database_is_not_made_anew() {
    on_both(|place| {
        drop(place.open());
        let wanted = master_id(place.folder.path().join("annals.keys"));
        refused(with_keys(&place, "lost.keys"), &["is missing", &wanted]);
        assert!(!place.folder.path().join("lost.keys").exists());
    });
}

#[test]
fn of_processes_that_create_the_schema_at_once_one_key_file_wins() {
    on_both(|place| {
        let opened: Vec<(String, Result<(), Error>)> = std::thread::scope(|scope| {
            let opening: Vec<_> = (0..6)
                .map(|n| {
                    let (place, name) = (&place, format!("{n}.keys"));
                    scope.spawn(move || {
                        (name.clone(), Store::open(with_keys(place, &name)).map(drop))
                    })
                })
                .collect();
            opening
                .into_iter()
                .map(|one| one.join().expect("no panic"))
                .collect()
        });
        let winners: Vec<&String> = opened
            .iter()
            .filter(|(_, result)| result.is_ok())
            .map(|(name, _)| name)
            .collect();
        assert_eq!(winners.len(), 1, "{opened:?}");
        for (name, result) in &opened {
            assert_eq!(place.folder.path().join(name).exists(), result.is_ok());
            if let Err(error) = result {
                assert!(
                    matches!(error, Error::Instance(text) if text.contains("is missing")),
                    "{error}"
                );
            }
        }
        drop(Store::open(with_keys(&place, winners[0])).expect("the winner's file fits"));
    });
}

#[test]
fn processes_that_share_a_key_file_create_the_schema_together() {
    on_both(|place| {
        std::thread::scope(|scope| {
            for _ in 0..6 {
                scope.spawn(|| drop(place.open()));
            }
        });
        assert_eq!(place.raw().number("SELECT count(*) FROM logs"), 1);
        let once = "SELECT count(*) - max(version) FROM schema_version";
        assert_eq!(place.raw().number(once), 0, "each step is taken once");
    });
}

#[test]
fn without_leave_to_migrate_a_missing_schema_is_refused() {
    on_both(|place| {
        refused(
            Options {
                migrate: false,
                ..place.options()
            },
            &["annals migrate"],
        );
        assert!(!place.folder.path().join("annals.keys").exists());
        migrate(&place.options()).expect("migrated");
        drop(
            Store::open(Options {
                migrate: false,
                ..place.options()
            })
            .expect("a store"),
        );
    });
}

#[test]
fn a_database_of_a_newer_annals_is_refused() {
    on_both(|place| {
        drop(place.open());
        place
            .raw()
            .must("INSERT INTO schema_version (version, at) VALUES (99, 0)");
        refused(place.options(), &["newer Annals"]);
    });
}

/// What `annals migrate` leaves to be granted to the role that the server runs under.
const GRANTS: &str = "
    CREATE ROLE ROLE_NAME LOGIN PASSWORD 'only-for-this-test';
    GRANT USAGE ON SCHEMA public TO ROLE_NAME;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ROLE_NAME;
    REVOKE INSERT, UPDATE, DELETE ON schema_version FROM ROLE_NAME;
    REVOKE UPDATE, DELETE ON transformation_versions FROM ROLE_NAME;
    REVOKE DELETE ON logs, instance, organizations, data_keys FROM ROLE_NAME;
    GRANT EXECUTE ON FUNCTION rewrite_data_keys(), rewrite_entries() TO ROLE_NAME;
";

#[test]
fn a_server_whose_role_does_not_own_the_tables_works_and_cannot_change_them() {
    let place = Place::new(Kind::Postgres);
    migrate(&place.options()).expect("migrated by the owner");
    let Location::Postgres(url) = &place.location else {
        unreachable!("PostgreSQL")
    };
    let (server, database) = url.rsplit_once('/').expect("a database");
    let role = format!("server_{database}");
    place.raw().must(&GRANTS.replace("ROLE_NAME", &role));
    let (_, server) = server.split_once('@').expect("a login");
    let location = Location::Postgres(format!(
        "postgres://{role}:only-for-this-test@{server}/{database}"
    ));
    let store = Store::open(Options {
        location: location.clone(),
        migrate: false,
        ..place.options()
    })
    .expect("a store");
    let team = team(&store, "Fernhill");
    let _ = create(&store, team, "Web app");
    for upkeep in [
        store::Upkeep::Index,
        store::Upkeep::CloseRefusals,
        store::Upkeep::Expire,
        store::Upkeep::UsedToken(team.token),
    ] {
        store.upkeep(upkeep).wait().expect("kept");
    }
    // After an erasure the files of the keys and of the entries are rewritten, which takes their owner: the latter only where
    // a single value is gone.
    let files = || {
        ["data_keys", "entries"].map(|table| {
            let file = format!("SELECT CAST(pg_relation_filenode('{table}') AS BIGINT)");
            place.raw().number(&file)
        })
    };
    let log = store
        .read(|rx| rx.organization_log(team.organization))
        .expect("a log")
        .id;
    let mut before = files();
    for (what, rewrites) in [
        ("'a person', NULL, NULL", [true, false]),
        ("NULL, 'an event', 'detail'", [true, true]),
    ] {
        let id = EventId::new(store.clock(), store.entropy());
        place.raw().must(&format!(
            "INSERT INTO erasures (id, log_id, subject, event_id, part, at, total, reached, done) \
             VALUES ('{id}', '{log}', {what}, 1, 4, 4, 1)"
        ));
        assert_eq!(store.upkeep(store::Upkeep::Scrub).wait().expect("kept"), 1);
        let after = files();
        assert_eq!(
            [0, 1].map(|one| before[one] != after[one]),
            rewrites,
            "{what}"
        );
        before = after;
    }
    assert_eq!(store.upkeep(store::Upkeep::Scrub).wait().expect("kept"), 0);
    assert_eq!(
        files(),
        before,
        "what is rewritten once is not rewritten again"
    );
    let mut raw = crate::support::Raw::open(&location);
    for statement in [
        "DROP TRIGGER entries_guard_rows ON entries",
        "ALTER TABLE entries DISABLE TRIGGER ALL",
        "ALTER TABLE entries ADD COLUMN more TEXT",
        "DROP TABLE entries CASCADE",
        "TRUNCATE entries",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION entries_guard() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE OR REPLACE FUNCTION entries_only_come_next() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "DROP TRIGGER entries_only_come_next ON entries",
        "CREATE TABLE public.more (id TEXT)",
        "DELETE FROM entries",
        "UPDATE entries SET entry = parts",
        "UPDATE schema_version SET version = 0",
        "CLUSTER data_keys USING data_keys_pkey",
        "CLUSTER entries USING entries_pkey",
        "CREATE OR REPLACE FUNCTION rewrite_data_keys() RETURNS void LANGUAGE sql AS ''",
    ] {
        raw.refuses(statement, "");
    }
    assert_eq!(
        crate::support::Log::of(&mut place.raw(), team.organization).size,
        5
    );
}

//! Publishing: what is signed, and what never is.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use model::catalogue::LOG_KEY_ROTATED;
use model::clock::Clock;
use model::id::LogId;
use store::{
    Done, Fact, Guard, Location, Log as StoredLog, Options, Publisher, Refusal, Store, Upkeep,
};
use tlog::{Checkpoint, Frontier, Note, VerifierKey, leaf_hash};

use crate::support::{
    Cut, Kind, Log, Place, Proxy, Raw, Script, Team, create, on_both, origin, team,
};

/// A store with a team, and a folder for a guard beside it.
struct Scene {
    place: Place,
    store: Arc<Store>,
    team: Team,
}

impl Scene {
    fn new(place: Place) -> Self {
        let store = Arc::new(place.open());
        let team = team(&store, "Fernhill");
        Self { place, store, team }
    }

    fn folder(&self, name: &str) -> PathBuf {
        let folder = self.place.folder.path().join(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    fn publisher(&self, guard: &str) -> Publisher {
        Publisher::new(self.store.clone(), Guard::new(self.folder(guard)))
    }

    fn log(&self) -> StoredLog {
        self.store
            .read(|rx| rx.organization_log(self.team.organization))
            .expect("a log")
    }

    /// What was signed last, verified with the log's key.
    fn signed(&self) -> Option<Checkpoint> {
        let log = self.log();
        let note = log.checkpoint?.note;
        Some(verified(&note, &log.vkey))
    }

    fn guarded(&self, guard: &str) -> Option<Checkpoint> {
        let log = self.log();
        let note = Guard::new(self.folder(guard)).load(log.id).expect("read")?;
        Some(verified(str::from_utf8(&note).expect("text"), &log.vkey))
    }

    fn refused(&self) -> Option<Refusal> {
        self.store.refused().get(&self.log().id).cloned()
    }

    /// What a database administrator can do: everything.
    fn tamper(&self, sql: &str) {
        let mut raw = self.place.raw();
        let tables = [
            "entries",
            "logs",
            "checkpoints",
            "index_events",
            "index_things",
            "index_counts",
            "index_reached",
        ];
        let (before, after) = match self.place.kind {
            Kind::Sqlite => {
                let triggers =
                    raw.rows("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'");
                let drop = triggers
                    .iter()
                    .map(|row| ["DROP TRIGGER ", row[0].text(), ";"].concat());
                let make = triggers.iter().map(|row| [row[1].text(), ";"].concat());
                (drop.collect::<String>(), make.collect::<String>())
            }
            Kind::Postgres => (
                tables
                    .map(|table| format!("ALTER TABLE {table} DISABLE TRIGGER USER;"))
                    .concat(),
                tables
                    .map(|table| {
                        format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_guard_rows;")
                    })
                    .concat(),
            ),
        };
        raw.must(&format!("{before} {sql}; {after}"));
    }

    /// The database as it was before its last entries came, as from a backup: the log has `size` entries.
    fn restore(&self, size: usize) {
        let mut raw = self.place.raw();
        let log = Log::of(&mut raw, self.team.organization);
        let mut edge = Frontier::new();
        for entry in &log.entries[..size] {
            edge.append(entry).expect("room");
        }
        let id = &log.id;
        self.tamper(&format!(
            "DELETE FROM entries WHERE place >= (SELECT first_place FROM logs WHERE id = '{id}') + {size} \
             AND place < (SELECT first_place FROM logs WHERE id = '{id}') + 1099511627776; \
             UPDATE logs SET size = {size}, frontier = {} WHERE id = '{id}'; \
             DELETE FROM index_reached; DELETE FROM index_events; DELETE FROM index_things; DELETE FROM index_counts",
            bytes(&self.place, &edge.to_bytes())
        ));
    }
}

/// Bytes, as SQL has them.
pub fn bytes(place: &Place, bytes: &[u8]) -> String {
    let digits = bytes.iter().fold(String::new(), |digits, byte| {
        digits + &format!("{byte:02x}")
    });
    match place.kind {
        Kind::Sqlite => format!("x'{digits}'"),
        Kind::Postgres => format!("'\\x{digits}'::bytea"),
    }
}

fn verified(note: &str, vkey: &str) -> Checkpoint {
    let key = VerifierKey::parse(vkey).expect("a key");
    let note = Note::parse(note.as_bytes()).expect("a note");
    assert_eq!(
        note.verify(std::slice::from_ref(&key))
            .expect("signed")
            .len(),
        1
    );
    let checkpoint = Checkpoint::parse(note.text()).expect("a checkpoint");
    assert_eq!(checkpoint.origin, key.name().as_str());
    checkpoint
}

fn root(raw: &mut Raw, team: Team, size: usize) -> tlog::Hash {
    let log = Log::of(raw, team.organization);
    let mut edge = Frontier::new();
    for entry in &log.entries[..size] {
        edge.push(leaf_hash(entry)).expect("room");
    }
    edge.root()
}

#[test]
fn what_is_new_is_signed_once() {
    on_both(|place| {
        let scene = Scene::new(place);
        let mut publisher = scene.publisher("guard");
        assert_eq!(scene.signed(), None);
        for size in [4, 5, 6] {
            assert!(publisher.round().expect("a round") >= 1);
            let signed = scene.signed().expect("signed");
            assert_eq!(signed.size, size);
            let count = usize::try_from(size).expect("small");
            assert_eq!(signed.root, root(&mut scene.place.raw(), scene.team, count));
            assert_eq!(signed.origin, format!("annals.test/{}", scene.log().id));
            assert_eq!(scene.guarded("guard"), Some(signed));
            assert_eq!(publisher.round().expect("a round"), 0, "nothing is new");
            let _ = create(&scene.store, scene.team, "Web app");
        }
    });
}

#[test]
fn a_publisher_goes_on_after_a_restart() {
    on_both(|place| {
        let scene = Scene::new(place);
        scene.publisher("guard").round().expect("a round");
        let _ = create(&scene.store, scene.team, "Web app");
        assert!(scene.publisher("guard").round().expect("a round") >= 1);
        assert_eq!(scene.signed().map(|one| one.size), Some(5));
        assert_eq!(scene.publisher("guard").round().expect("a round"), 0);
        assert_eq!(scene.refused(), None);
    });
}

/// The machine stops after the guard was written, and before the row was: or the row is reported as not written.
#[test]
fn a_checkpoint_that_only_reached_the_guard_is_published_as_it_is() {
    on_both(|place| {
        let scene = Scene::new(place);
        let mut publisher = scene.publisher("guard");
        publisher.round().expect("a round");
        let before = scene.log().checkpoint.expect("signed");
        let _ = create(&scene.store, scene.team, "Web app");
        publisher.round().expect("a round");
        let after = scene.log().checkpoint.expect("signed");
        let digits = bytes(&scene.place, before.root.as_bytes());
        scene.tamper(&format!(
            "UPDATE checkpoints SET size = {}, root = {digits}, note = '{}' WHERE log_id = '{}'",
            before.size,
            before.note,
            scene.log().id
        ));
        assert_eq!(scene.publisher("guard").round().expect("a round"), 1);
        assert_eq!(scene.log().checkpoint, Some(after));
        assert_eq!(scene.refused(), None);
    });
}

/// The machine stops while the guard is written: half a draft is there, beside the checkpoint before it.
#[test]
fn half_a_draft_in_the_guard_is_nothing() {
    on_both(|place| {
        let scene = Scene::new(place);
        scene.publisher("guard").round().expect("a round");
        let _ = create(&scene.store, scene.team, "Web app");
        let draft = scene
            .folder("guard")
            .join(format!("{}.new", scene.log().id));
        std::fs::write(&draft, "annals.test/").expect("written");
        assert!(scene.publisher("guard").round().expect("a round") >= 1);
        assert_eq!(scene.refused(), None);
        assert_eq!(scene.signed().map(|one| one.size), Some(5));
        assert_eq!(scene.guarded("guard"), scene.signed());
    });
}

/// The row was written, and whoever wrote it was told that it was not, or was told nothing: doing it again does nothing.
#[test]
fn a_checkpoint_that_was_published_and_reported_as_failed_is_published_once() {
    on_both(|place| {
        let scene = Scene::new(place);
        let mut publisher = scene.publisher("guard");
        publisher.round().expect("a round");
        let last = scene.signed().expect("signed").size;
        let _ = create(&scene.store, scene.team, "Web app");
        publisher.round().expect("a round");
        let log = scene.log();
        let published = log.checkpoint.clone().expect("signed");
        let again = store::Signed {
            log: log.id,
            size: published.size,
            root: published.root,
            note: published.note.clone(),
            last,
        };
        let again = Upkeep::Publish(vec![again]);
        assert_eq!(scene.store.upkeep(again).wait().expect("kept"), 0);
        for mut publisher in [publisher, scene.publisher("guard")] {
            assert_eq!(publisher.round().expect("a round"), 0);
        }
        assert_eq!(scene.log().checkpoint, Some(published));
        assert_eq!(scene.refused(), None);
    });
}

/// The wire to the server is cut around the COMMIT of the checkpoint: the publisher that lives on, and the next one, sign
/// what is there, and nothing else.
#[test]
fn a_publisher_whose_connection_is_cut_signs_no_other_root() {
    for cut in [Cut::BeforeCheckpoint, Cut::AfterCheckpoint] {
        for lives_on in [true, false] {
            let mut scene = Scene::new(Place::new(Kind::Postgres));
            let Location::Postgres(url) = &scene.place.location else {
                unreachable!("PostgreSQL")
            };
            let proxy = Proxy::before(url);
            let through = Options {
                location: Location::Postgres(proxy.url.clone()),
                ..scene.place.options()
            };
            scene.store = Arc::new(Store::open(through).expect("a store"));
            let mut publisher = scene.publisher("guard");
            publisher.round().expect("a round");
            let _ = create(&scene.store, scene.team, "Web app");
            proxy.cut(cut);
            // It may hear that it failed, or not; either way it was in the guard before.
            let _ = publisher.round();
            assert_eq!(proxy.cuts(), 1, "{cut:?}");
            let guarded = scene.guarded("guard").expect("there");
            assert_eq!(guarded.size, 5, "{cut:?}");
            if !lives_on {
                publisher = scene.publisher("guard");
            }
            publisher.round().expect("a round");
            assert_eq!(scene.signed(), Some(guarded), "{cut:?}");
            let _ = create(&scene.store, scene.team, "Shop");
            publisher.round().expect("a round");
            let signed = scene.signed().expect("signed");
            assert_eq!(
                (signed.size, signed.root),
                (6, root(&mut scene.place.raw(), scene.team, 6))
            );
            assert_eq!(scene.refused(), None);
        }
    }
}

/// Order is the order of the log. A clock that is put back changes the times, and neither the places nor what is signed.
#[test]
fn a_clock_that_goes_back_changes_no_order_and_stops_no_signing() {
    on_both(|place| {
        let scene = Scene::new(place);
        let mut publisher = scene.publisher("guard");
        publisher.round().expect("a round");
        for name in ["one", "two", "three"] {
            scene.place.clock.advance(-3_600_000_000);
            let _ = create(&scene.store, scene.team, name);
            publisher.round().expect("a round");
        }
        let log = Log::of(&mut scene.place.raw(), scene.team.organization);
        let times: Vec<i64> = log.parsed().iter().map(|entry| entry.at).collect();
        assert!(times[3..].is_sorted_by(|one, next| one > next), "{times:?}");
        assert_eq!(scene.signed().map(|one| one.size), Some(7));
        assert_eq!(scene.refused(), None);
    });
}

#[test]
fn a_restored_backup_is_not_signed_until_it_has_caught_up_with_the_truth() {
    on_both(|place| {
        let scene = Scene::new(place);
        let mut publisher = scene.publisher("guard");
        for name in ["one", "two", "three"] {
            let _ = create(&scene.store, scene.team, name);
        }
        publisher.round().expect("a round");
        let signed = scene.log().checkpoint.expect("signed");
        scene.restore(5);
        let behind = Refusal::Behind {
            database: 5,
            signed: 7,
        };
        for mut publisher in [publisher, scene.publisher("guard")] {
            publisher.round().expect("a round");
            assert_eq!(scene.refused(), Some(behind.clone()));
        }
        // The log grows past the size that was signed, with another history.
        for name in ["other", "than", "before"] {
            let _ = create(&scene.store, scene.team, name);
        }
        let mut publisher = scene.publisher("guard");
        publisher.round().expect("a round");
        assert_eq!(scene.refused(), Some(Refusal::Forked { size: 7 }));
        assert_eq!(scene.log().checkpoint, Some(signed), "nothing was signed");
    });
}

/// With the process still running, which remembers by itself.
#[test]
fn a_running_publisher_sees_that_its_database_was_exchanged() {
    on_both(|place| {
        let scene = Scene::new(place);
        let mut publisher = scene.publisher("guard");
        for name in ["one", "two"] {
            let _ = create(&scene.store, scene.team, name);
        }
        publisher.round().expect("a round");
        scene.restore(4);
        for name in ["other", "than", "before"] {
            let _ = create(&scene.store, scene.team, name);
        }
        publisher.round().expect("a round");
        assert!(
            matches!(
                scene.refused(),
                Some(Refusal::Changed { .. } | Refusal::Forked { .. })
            ),
            "{:?}",
            scene.refused()
        );
    });
}

#[test]
fn an_entry_that_was_changed_before_it_was_signed_is_not_signed() {
    on_both(|place| {
        let scene = Scene::new(place);
        let mut publisher = scene.publisher("guard");
        publisher.round().expect("a round");
        let _ = create(&scene.store, scene.team, "Web app");
        let id = scene.log().id;
        scene.tamper(&format!(
            "UPDATE entries SET entry = parts WHERE place = (SELECT first_place FROM logs WHERE id = '{id}') + 4"
        ));
        publisher.round().expect("a round");
        assert_eq!(scene.refused(), Some(Refusal::Changed { size: 5 }));
        assert_eq!(scene.signed().map(|one| one.size), Some(4));
    });
}

/// Two teams, the one first whose log the publisher comes to first.
fn two_teams(scene: &Scene) -> [(Team, LogId); 2] {
    let mut both = [scene.team, team(&scene.store, "Ravenscroft")].map(|team| {
        let log = scene
            .store
            .read(|rx| rx.organization_log(team.organization));
        (team, log.expect("a log").id)
    });
    both.sort_by_key(|(_, log)| *log);
    both
}

/// How many entries of a log are signed.
fn signed_of(scene: &Scene, log: LogId) -> u64 {
    let log = scene.store.read(|rx| rx.log(log)).expect("read");
    let log = log.expect("a log");
    log.checkpoint.map_or(0, |one| one.size)
}

#[test]
fn a_log_that_cannot_be_read_keeps_no_other_from_being_signed() {
    on_both(|place| {
        let scene = Scene::new(place);
        let [(broken, id), (whole, other)] = two_teams(&scene);
        scene.publisher("guard").round().expect("a round");
        scene.tamper(&format!(
            "DELETE FROM entries WHERE place = (SELECT first_place FROM logs WHERE id = '{id}')"
        ));
        for size in [5, 6] {
            for team in [broken, whole] {
                let _ = create(&scene.store, team, &format!("Web app {size}"));
            }
            // As after a restart.
            let mut publisher = scene.publisher("guard");
            publisher.round().expect("a round");
            assert_eq!((signed_of(&scene, id), signed_of(&scene, other)), (4, size));
            let refused = scene.store.refused();
            assert_eq!(refused.keys().collect::<Vec<_>>(), [&id]);
            assert_eq!(refused[&id].code(), "unreadable", "{refused:?}");
            assert!(publisher.accept(id).is_err());
        }
    });
}

#[test]
fn a_log_that_cannot_be_read_keeps_no_other_from_being_indexed_kept_and_purged() {
    on_both(|place| {
        let scene = Scene::new(place);
        let [(broken, id), (whole, other)] = two_teams(&scene);
        for number in 0..260 {
            for team in [broken, whole] {
                let _ = create(&scene.store, team, &format!("Web app {number}"));
            }
        }
        let upkeep = |what: Upkeep| scene.store.upkeep(what).wait();
        let mut raw = scene.place.raw();
        let erase = |raw: &mut Raw, at: u8, log: LogId, size: u64| {
            raw.must(&format!(
                "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) \
                 VALUES ('{at:027}', '{log}', '{at:027}', {at}, {size}, 0, 0)"
            ));
        };
        let size = |log: LogId| {
            let log = scene.store.read(|rx| rx.log(log)).expect("read");
            log.expect("a log").size
        };
        erase(&mut raw, 1, id, size(id));
        erase(&mut raw, 2, other, size(other));
        let rows = raw.rows(&format!(
            "SELECT entry FROM entries WHERE place = (SELECT first_place FROM logs WHERE id = '{id}')"
        ));
        let mut hex = String::new();
        for byte in rows[0][0].blob() {
            write!(hex, "{byte:02x}").expect("a string takes what is written");
        }
        let bytes = |hex: &str| match scene.place.kind {
            Kind::Sqlite => format!("x'{hex}'"),
            Kind::Postgres => format!("'\\x{hex}'"),
        };
        let first = |value: &str| {
            let value = bytes(value);
            format!(
                "UPDATE entries SET entry = {value} WHERE place = (SELECT first_place FROM logs WHERE id = '{id}')"
            )
        };
        scene.tamper(&first("7b7d"));

        let in_the_way = |what: Upkeep| loop {
            match upkeep(what.clone()) {
                Ok(0) => panic!("{what:?} does not say that it cannot go on"),
                Ok(_) => {}
                Err(error) => break error.to_string(),
            }
        };
        for what in [Upkeep::Index, Upkeep::Purge] {
            let said = in_the_way(what);
            assert!(said.contains("entry"), "{said}");
        }
        let mut reached = |log: LogId| {
            [
                format!(
                    "SELECT COALESCE(max(reached), 0) FROM index_reached WHERE log_id = '{log}'"
                ),
                format!("SELECT CAST(done AS BIGINT) FROM erasures WHERE log_id = '{log}'"),
                format!(
                    "SELECT CAST(COALESCE(max(tiles), 0) AS BIGINT) FROM tiles_reached WHERE log_id = '{log}'"
                ),
            ]
            .map(|sql| raw.number(&sql))
        };
        assert_eq!(reached(other), [size(other).cast_signed(), 1, 0]);
        assert_eq!(reached(id), [0, 0, 0]);

        scene.tamper(&first(&hex));
        for what in [Upkeep::Index, Upkeep::Purge] {
            while upkeep(what.clone()).expect("it can be read again") > 0 {}
        }
        assert_eq!(reached(id), [size(id).cast_signed(), 1, 0]);

        scene.tamper(&format!(
            "DELETE FROM entries WHERE place = (SELECT first_place FROM logs WHERE id = '{id}')"
        ));
        let said = in_the_way(Upkeep::KeepTiles);
        assert!(said.contains("only 255 are there"), "{said}");
        assert_eq!((reached(id)[2], reached(other)[2]), (0, 1));
    });
}

/// What may pass by itself is no sign that anybody changed anything.
#[test]
fn a_guard_file_that_cannot_be_read_keeps_no_other_log_from_being_signed() {
    on_both(|place| {
        let scene = Scene::new(place);
        let [(_, id), (whole, other)] = two_teams(&scene);
        let mut publisher = scene.publisher("guard");
        let file = scene.folder("guard").join(format!("{id}.checkpoint"));
        std::fs::create_dir(&file).expect("in the way");
        for size in [4, 5] {
            assert!(publisher.round().is_err());
            assert_eq!((signed_of(&scene, id), signed_of(&scene, other)), (0, size));
            assert!(scene.store.refused().is_empty());
            let failing = scene.store.failing().expect("it is said");
            assert_eq!(failing.logs, [id]);
            assert!(failing.stops(id) && !failing.stops(other));
            let _ = create(&scene.store, whole, &format!("Web app {size}"));
        }
        std::fs::remove_dir(&file).expect("out of the way");
        assert!(publisher.round().expect("a round") >= 2);
        assert_eq!(scene.store.failing(), None);
    });
}

#[test]
fn a_process_without_a_guard_waits_until_it_sees_another_sign() {
    on_both(|place| {
        let scene = Scene::new(place);
        let mut first = scene.publisher("first");
        first.round().expect("a round");
        let mut second = scene.publisher("second");
        let _ = create(&scene.store, scene.team, "Web app");
        second.round().expect("a round");
        assert_eq!(scene.refused(), Some(Refusal::Unguarded { size: 4 }));
        assert_eq!(scene.guarded("second"), None);
        first.round().expect("a round");
        second.round().expect("a round");
        assert_eq!(scene.refused(), None);
        assert_eq!(scene.guarded("second").map(|one| one.size), Some(5));
        // From now on either of them signs, and each keeps what the other has signed.
        let _ = create(&scene.store, scene.team, "Shop");
        assert_eq!(second.round().expect("a round"), 1);
        first.round().expect("a round");
        assert_eq!(scene.guarded("first").map(|one| one.size), Some(6));
    });
}

#[test]
fn a_guard_file_that_is_not_of_this_log_stops_the_signing() {
    on_both(|place| {
        let scene = Scene::new(place);
        scene.publisher("guard").round().expect("a round");
        let _ = create(&scene.store, scene.team, "Web app");
        let guard = Guard::new(scene.folder("guard"));
        let note = String::from_utf8(guard.load(scene.log().id).expect("read").expect("there"));
        let note = note.expect("text");
        for broken in ["", "nonsense", &note.replace("\n4\n", "\n5\n")] {
            guard.save(scene.log().id, broken).expect("saved");
            scene.publisher("guard").round().expect("a round");
            assert_eq!(scene.refused(), Some(Refusal::BrokenGuard), "{broken:?}");
        }
        guard.save(scene.log().id, &note).expect("saved");
        scene.publisher("guard").round().expect("a round");
        assert_eq!(scene.refused(), None);
    });
}

#[test]
fn nothing_is_published_when_the_guard_cannot_be_written() {
    on_both(|place| {
        let scene = Scene::new(place);
        let mut publisher = scene.publisher("guard");
        let folder = scene.folder("guard");
        std::fs::remove_dir(&folder).expect("removed");
        let since = scene.place.clock.now();
        for _ in 0..2 {
            assert!(publisher.round().is_err());
            assert_eq!(scene.signed(), None);
            let failing = scene.store.failing().expect("it is said");
            assert_eq!(failing.since, since, "since it began");
            assert!(failing.stops(scene.log().id));
            assert!(failing.why.contains("guard"), "{failing:?}");
            let folder = folder.display().to_string();
            assert!(!failing.why.contains(&folder), "{failing:?}");
            assert!(scene.store.refused().is_empty());
            scene.place.clock.advance(1_000_000);
        }
        scene.folder("guard");
        assert!(publisher.round().expect("a round") >= 1);
        assert_eq!(scene.signed().map(|one| one.size), Some(4));
        assert_eq!(scene.store.failing(), None);
    });
}

/// Publishers on several threads, while the log grows: for each size one root, and sizes only grow.
#[test]
fn two_publishers_never_sign_two_roots_for_one_size() {
    on_both(|place| {
        let scene = Scene::new(place);
        let id: LogId = scene.log().id;
        scene.publisher("first").round().expect("a round");
        std::fs::create_dir_all(scene.folder("second")).expect("a folder");
        let kept = Guard::new(scene.folder("first"))
            .load(id)
            .expect("read")
            .expect("there");
        let kept = String::from_utf8(kept).expect("text");
        Guard::new(scene.folder("second"))
            .save(id, &kept)
            .expect("saved");
        let signed = std::sync::Mutex::new(Vec::new());
        std::thread::scope(|threads| {
            for guard in ["first", "second"] {
                let (scene, signed) = (&scene, &signed);
                threads.spawn(move || {
                    let mut publisher = scene.publisher(guard);
                    for _ in 0..20 {
                        publisher.round().expect("a round");
                        let guarded = scene.guarded(guard).expect("there");
                        signed.lock().expect("a list").push((guard, guarded));
                    }
                });
            }
            threads.spawn(|| {
                for number in 0..40 {
                    let _ = create(&scene.store, scene.team, &format!("Web app {number}"));
                }
            });
        });
        assert_eq!(scene.refused(), None);
        let mut raw = scene.place.raw();
        let signed = signed.into_inner().expect("a list");
        for guard in ["first", "second"] {
            let sizes: Vec<u64> = signed
                .iter()
                .filter(|one| one.0 == guard)
                .map(|one| one.1.size)
                .collect();
            assert!(sizes.is_sorted(), "{sizes:?}");
        }
        for (_, checkpoint) in signed {
            let size = usize::try_from(checkpoint.size).expect("small");
            assert_eq!(checkpoint.root, root(&mut raw, scene.team, size));
        }
    });
}

#[test]
fn a_checkpoint_takes_the_place_only_of_the_one_that_it_grew_out_of() {
    on_both(|place| {
        let scene = Scene::new(place);
        scene.publisher("guard").round().expect("a round");
        let log = scene.log();
        let published = log.checkpoint.clone().expect("signed");
        let _ = create(&scene.store, scene.team, "Web app");
        let other = |last, size| {
            let signed = store::Signed {
                log: log.id,
                size,
                root: tlog::EMPTY_ROOT,
                note: "other".to_owned(),
                last,
            };
            scene.store.upkeep(Upkeep::Publish(vec![signed])).wait()
        };
        assert_eq!(other(0, 5).expect("kept"), 0);
        assert_eq!(other(3, 5).expect("kept"), 0);
        assert_eq!(scene.log().checkpoint, Some(published));
        assert!(other(4, 6).is_err(), "it covers what is not there");
        assert!(other(4, 4).is_err(), "another root for the same size");
        assert_eq!(other(4, 5).expect("kept"), 1);
    });
}

#[test]
fn the_database_refuses_to_take_a_checkpoint_back() {
    on_both(|place| {
        let scene = Scene::new(place);
        scene.publisher("guard").round().expect("a round");
        let mut raw = scene.place.raw();
        let before = raw.table("checkpoints");
        for sql in [
            "UPDATE checkpoints SET size = size - 1",
            "UPDATE checkpoints SET size = size + 1",
            "UPDATE checkpoints SET root = (SELECT root FROM checkpoints WHERE size = 2)",
            "UPDATE checkpoints SET note = 'another'",
            "UPDATE checkpoints SET note = note || note",
            "UPDATE checkpoints SET signed_at = signed_at + 1",
            "DELETE FROM checkpoints",
            "UPDATE logs SET generation = 3",
        ] {
            let refused = raw.run(sql);
            assert!(refused.is_err(), "this was let through: {sql}");
        }
        assert_eq!(raw.table("checkpoints"), before);
    });
}

#[test]
fn a_log_goes_on_by_decision_only() {
    on_both(|place| {
        let scene = Scene::new(place);
        for name in ["one", "two", "three"] {
            let _ = create(&scene.store, scene.team, name);
        }
        scene.publisher("guard").round().expect("a round");
        let lost = scene.signed().expect("signed");
        let id = scene.log().id;
        scene.tamper(&format!("DELETE FROM checkpoints WHERE log_id = '{id}'"));
        scene.restore(5);
        let mut publisher = scene.publisher("guard");
        publisher.round().expect("a round");
        assert_eq!(scene.refused().map(|one| one.code()), Some("behind"));
        assert_eq!(publisher.given_up(&scene.log()).expect("read"), Some(lost));
        assert_eq!(publisher.accept(id).expect("accepted"), 5);
        publisher.round().expect("a round");
        assert_eq!(scene.refused(), None);
        let _ = create(&scene.store, scene.team, "four");
        scene.publisher("guard").round().expect("a round");
        assert_eq!(scene.signed().map(|one| one.size), Some(6));
    });
}

/// Two servers, each with a guard of its own, over a database that was restored: each goes on by its own decision, and the
/// second gives up what its own guard holds, not what the first has signed since.
#[test]
fn a_second_server_gives_up_only_what_does_not_hold() {
    on_both(|place| {
        let scene = Scene::new(place);
        for name in ["one", "two", "three"] {
            let _ = create(&scene.store, scene.team, name);
        }
        scene.publisher("first").round().expect("a round");
        let lost = scene.signed().expect("signed");
        let mut second = scene.publisher("second");
        second.round().expect("a round");
        let _ = create(&scene.store, scene.team, "four");
        let (mut first, id) = (scene.publisher("first"), scene.log().id);
        first.round().expect("a round");
        second.round().expect("a round");
        let lost_by_both = scene.signed().expect("signed");
        assert!(lost_by_both.size > lost.size);
        scene.tamper(&format!("DELETE FROM checkpoints WHERE log_id = '{id}'"));
        scene.restore(5);
        let mut first = scene.publisher("first");
        assert_eq!(first.accept(id).expect("accepted"), 5);
        for name in ["five", "six", "seven", "eight"] {
            let _ = create(&scene.store, scene.team, name);
        }
        first.round().expect("a round");
        let since = scene.signed().expect("signed");
        assert!(since.size > lost_by_both.size);
        let mut second = scene.publisher("second");
        second.round().expect("a round");
        assert_eq!(scene.refused().map(|one| one.code()), Some("forked"));
        let given_up = second.given_up(&scene.log()).expect("read");
        assert_eq!(given_up, Some(lost_by_both));
        assert_eq!(second.accept(id).expect("accepted"), since.size);
        second.round().expect("a round");
        assert_eq!(scene.refused(), None);
        assert_eq!(second.given_up(&scene.log()).expect("read"), None);
    });
}

#[test]
fn a_log_whose_key_was_changed_in_the_database_is_neither_signed_nor_accepted() {
    for change in [
        "origin = 'other.example/log'",
        "vkey = 'a' || vkey",
        "generation = 2",
    ] {
        on_both(|place| {
            let scene = Scene::new(place);
            scene.publisher("guard").round().expect("a round");
            let (before, id) = (scene.signed(), scene.log().id);
            scene.tamper(&format!("UPDATE logs SET {change} WHERE id = '{id}'"));
            let _ = create(&scene.store, scene.team, "one");
            let mut publisher = scene.publisher("guard");
            publisher.round().expect("a round");
            assert_eq!(scene.refused(), Some(Refusal::OtherKey), "{change}");
            let error = publisher.accept(id).expect_err("refused");
            assert!(error.to_string().contains("another key"), "{error}");
            let raw = scene.place.raw().rows(&format!(
                "SELECT size FROM checkpoints WHERE log_id = '{id}'"
            ));
            let size = before.map(|one| i64::try_from(one.size).expect("small"));
            assert_eq!(raw.first().map(|row| row[0].int()), size);
        });
    }
}

/// The log is signed with a key from the seed that was added after a leak.
fn rotate(scene: &Scene, seed: &str) {
    let (id, seed) = (scene.log().id, seed.to_owned());
    let action = Script::new(&scene.team, move |tx| {
        let log = tx.log(id)?.expect("a log");
        let (made, ..) = tx.rotate_log_key(&log, Some(&seed))?;
        Ok(Done::new((), vec![Fact::new(LOG_KEY_ROTATED, &made)]))
    });
    let done = scene
        .store
        .perform(scene.team.actor(), origin(&scene.store), action);
    let _ = done.wait().expect("rotated");
}

/// What was signed after a leak is known although the database that was restored knows nothing of the key.
#[test]
fn after_a_leak_nothing_is_signed_with_a_seed_from_before_it() {
    on_both(|place| {
        let scene = Scene::new(place);
        scene.publisher("guard").round().expect("a round");
        let (old, id) = (scene.log(), scene.log().id);
        let seed = scene.store.seed_after_leak().expect("a seed");
        let _ = create(&scene.store, scene.team, "one");
        let mut publisher = scene.publisher("guard");
        publisher.round().expect("a round");
        assert_eq!(scene.refused(), Some(Refusal::OldSeed));
        assert!(publisher.accept(id).is_err());
        rotate(&scene, &seed);
        let _ = create(&scene.store, scene.team, "two");
        publisher.round().expect("a round");
        assert_eq!(scene.refused(), None);
        let lost = scene.signed().expect("signed");
        // The database as it was before.
        let (vkey, size) = (&old.vkey, usize::try_from(old.size).expect("small"));
        scene.tamper(&format!(
            "DELETE FROM checkpoints WHERE log_id = '{id}'; \
             UPDATE logs SET generation = 1, vkey = '{vkey}', seeds = '', rotations = '' WHERE id = '{id}'"
        ));
        scene.restore(size);
        let mut publisher = scene.publisher("guard");
        publisher.round().expect("a round");
        assert_eq!(scene.refused(), Some(Refusal::OldSeed));
        assert!(publisher.accept(id).is_err());
        rotate(&scene, &seed);
        publisher.round().expect("a round");
        assert_eq!(scene.refused().map(|one| one.code()), Some("behind"));
        assert_eq!(publisher.given_up(&scene.log()).expect("read"), Some(lost));
    });
}

#[test]
fn entries_that_were_changed_are_not_accepted() {
    on_both(|place| {
        let scene = Scene::new(place);
        let id = scene.log().id;
        scene.tamper(&format!(
            "UPDATE entries SET entry = parts WHERE place = (SELECT first_place FROM logs WHERE id = '{id}') + 2"
        ));
        let mut publisher = scene.publisher("guard");
        publisher.round().expect("a round");
        assert_eq!(scene.refused(), Some(Refusal::Changed { size: 4 }));
        assert!(publisher.accept(id).is_err());
        assert_eq!(scene.signed(), None);
    });
}

/// Two processes share a guard; one signs further, then an old backup is restored. The other must not go on from what it
/// remembers by itself.
#[test]
fn what_another_process_put_into_the_guard_counts() {
    on_both(|place| {
        let scene = Scene::new(place);
        let (mut slow, mut quick) = (scene.publisher("guard"), scene.publisher("guard"));
        slow.round().expect("a round");
        let before = scene.log().checkpoint.expect("signed");
        for name in ["one", "two"] {
            let _ = create(&scene.store, scene.team, name);
        }
        quick.round().expect("a round");
        let digits = bytes(&scene.place, before.root.as_bytes());
        scene.tamper(&format!(
            "UPDATE checkpoints SET size = 4, root = {digits}, note = '{}' WHERE log_id = '{}'",
            before.note,
            scene.log().id
        ));
        scene.restore(5);
        slow.round().expect("a round");
        assert_eq!(
            scene.refused(),
            Some(Refusal::Behind {
                database: 5,
                signed: 6
            })
        );
        assert_eq!(scene.guarded("guard").map(|one| one.size), Some(6));
    });
}

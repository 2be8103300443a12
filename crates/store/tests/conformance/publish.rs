//! Publishing: what is signed, and what never is.

mod decided;
mod stopped;

use std::path::PathBuf;
use std::sync::Arc;

use model::id::LogId;
use store::{Guard, Location, Log as StoredLog, Options, Publisher, Refusal, Store, Upkeep};
use tlog::{Checkpoint, Frontier, Note, VerifierKey, leaf_hash};

use crate::support::{Cut, Kind, Log, Place, Proxy, Raw, Team, create, on_both, team};

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

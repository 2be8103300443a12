//! What stops the signing of a log, and of no other.

use std::fmt::Write as _;

use model::clock::Clock;
use model::id::{LogId, UserId};
use store::{Guard, Refusal, Upkeep};

use super::Scene;
use crate::support::{Kind, Team, create, erase_person, on_both, team};

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
        for team in [broken, whole] {
            let (clock, entropy) = (scene.store.clock(), scene.store.entropy());
            erase_person(&scene.store, team, UserId::new(clock, entropy));
            scene.place.clock.advance(1);
        }
        let size = |log: LogId| {
            let log = scene.store.read(|rx| rx.log(log)).expect("read");
            log.expect("a log").size
        };
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

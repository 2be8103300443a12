//! How a log goes on that was restored, rewritten or signed with a key that leaked: by decision, and recorded.

use model::catalogue::LOG_KEY_ROTATED;
use store::{Done, Fact, Refusal};

use super::{Scene, bytes};
use crate::support::{Script, create, on_both, origin};

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

//! Erasures in the database that the log does not record: nothing is erased for whoever only reaches the database.

use std::sync::mpsc::channel;

use model::part::PartName;
use store::{Done, Store, Upkeep};

use crate::support::{
    Log, Place, Script, Team, create, erase_part, erase_person, erasure, new_member, on_both,
    origin, team, unseal,
};

fn purge(store: &Store) {
    while store.upkeep(Upkeep::Purge).wait().expect("purged") > 0 {}
}

/// Puts a row there that says that something of the team's log is to be erased.
fn forge(place: &Place, team: Team, id: &str, what: &str) {
    let mut raw = place.raw();
    let log = Log::of(&mut raw, team.organization);
    raw.must(&format!(
        "INSERT INTO erasures (id, log_id, subject, event_id, part, at, total, reached, done) \
         VALUES ('{id:0>27}', '{}', {what}, 1, {}, 0, 0)",
        log.id, log.size
    ));
}

/// How many erasures are carried out.
fn done(place: &Place) -> i64 {
    place
        .raw()
        .number("SELECT count(*) FROM erasures WHERE done = 1")
}

#[test]
fn an_erasure_that_only_a_row_says_is_not_followed_and_holds_up_no_other() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let [one, other] = [(); 2].map(|()| new_member(&store, team));
        let log = || Log::of(&mut place.raw(), team.organization);
        forge(&place, team, "1", &format!("'{one}', NULL, NULL"));
        let organization = team.organization;
        place.raw().must(&format!(
            "UPDATE data_keys SET wrapped = NULL, erased_at = 1 WHERE organization = '{organization}' AND subject = '{one}'"
        ));
        let event = log().parsed()[5].id.clone();
        forge(&place, team, "2", &format!("NULL, '{event}', 'target'"));
        forge(&place, team, "3", "'no id of anybody', NULL, NULL");
        let before = log().parts;
        for _ in 0..2 {
            purge(&store);
            assert!(log().parts == before, "something was erased");
            while store.upkeep(Upkeep::Index).wait().expect("indexed") > 0 {}
        }
        assert_eq!(done(&place), 0);

        // A real one is carried out behind them.
        erase_person(&store, team, other);
        purge(&store);
        assert_eq!(done(&place), 1);
        let after = log().parts;
        assert!(after[4] == before[4] && after[5].len() < before[5].len());
    });
}

/// Changes wait meanwhile: whoever reaches the database could hold them up with many rows.
#[test]
fn rows_that_are_nobodys_are_looked_at_some_at_a_time() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        for number in 0..250 {
            forge(&place, team, &number.to_string(), "'nobody', NULL, NULL");
        }
        erase_person(&store, team, new_member(&store, team));
        let purge = || store.upkeep(Upkeep::Purge).wait().expect("looked");
        assert_eq!([purge(), purge()], [100, 100]);
        assert_eq!(done(&place), 0);
        while purge() > 0 {}
        assert_eq!(done(&place), 1);
    });
}

/// Otherwise what was really erased would stay in the files.
#[test]
fn a_row_that_is_nobodys_does_not_keep_files_from_being_written_anew() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let user = new_member(&store, team);
        let log = Log::of(&mut place.raw(), team.organization).id;
        place.raw().must(&format!(
            "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) VALUES ('no id', '{log}', 'nobody', 1, 0, 0, 1)"
        ));
        erase_person(&store, team, user);
        purge(&store);
        let _ = store.upkeep(Upkeep::Scrub).wait().expect("written anew");
        let left = "SELECT count(*) FROM erasures WHERE rewritten = 0";
        assert_eq!(place.raw().number(left), 0);
    });
}

/// Otherwise whoever reaches the database could keep a value from ever being erased.
#[test]
fn a_part_that_only_a_row_says_is_erased_can_be_erased() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let _ = create(&store, team, "Web app");
        let log = || Log::of(&mut place.raw(), team.organization);
        let event = log().parsed()[4].id.parse().expect("an id");
        forge(&place, team, "1", &format!("NULL, '{event}', 'target'"));
        let erase = || erase_part(&store, team, event, PartName::TARGET);
        assert!(erase());
        assert!(!erase(), "it is erased once");
        purge(&store);
        let keys = crate::support::data_keys(&place);
        let left = unseal(&keys, &log(), 4);
        assert!(!left.contains_key("target"), "it is gone");
    });
}

/// Two actions of one transaction: what the first erases stands in no entry yet when the second looks.
#[test]
fn a_part_is_erased_once_by_two_who_ask_at_the_same_time() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let _ = create(&store, team, "Web app");
        let event = &Log::of(&mut place.raw(), team.organization).parsed()[4].id;
        let event = event.parse().expect("an id");
        // What is asked for while a transaction is under way is done in the next one, together.
        let ((begins, begun), (go, waits)) = (channel(), channel::<()>());
        let first = Script::new(&team, move |_| {
            let _ = (begins.send(()), waits.recv());
            Ok(Done::new((), Vec::new()))
        });
        let first = store.perform(team.actor(), origin(&store), first).begun();
        begun.recv().expect("it begins");
        let both = [(); 2].map(|()| {
            let action = erasure(team, event, PartName::TARGET);
            store.perform(team.actor(), origin(&store), action).begun()
        });
        drop(go);
        let _ = first.wait().expect("done");
        let erased = both.map(|one| !one.wait().expect("done").entries.is_empty());
        assert_eq!(erased, [true, false]);
    });
}

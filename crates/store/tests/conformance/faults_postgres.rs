//! PostgreSQL fails: what was acknowledged is there, what was not is not, and what cannot be known is said to be so.

use std::thread;

use model::catalogue;
use store::{DbError, Done, Error, Fact, Location, Options, Store};

use crate::support::{
    CreateSource, Cut, Kind, Log, Place, Proxy, Script, Team, create, origin, source, team,
};

/// A store whose wire to the server can be cut.
fn behind_a_proxy() -> (Place, Proxy, Store, Team) {
    let place = Place::new(Kind::Postgres);
    let Location::Postgres(url) = &place.location else {
        unreachable!("PostgreSQL")
    };
    let proxy = Proxy::before(url);
    let store = Store::open(Options {
        location: Location::Postgres(proxy.url.clone()),
        ..place.options()
    })
    .expect("a store");
    let team = team(&store, "Fernhill");
    (place, proxy, store, team)
}

/// Every source has its event, and every event its source.
#[track_caller]
fn sources(place: &Place, team: Team) -> usize {
    let mut raw = place.raw();
    let stored = raw.table("sources").len();
    let told = Log::of(&mut raw, team.organization).told_from(4);
    assert_eq!(
        told.iter()
            .filter(|one| *one == "source.created success")
            .count(),
        stored
    );
    assert_eq!(told.len(), stored);
    stored
}

fn cut_once(cut: Cut) {
    let (place, proxy, store, team) = behind_a_proxy();
    proxy.cut(cut);
    let _ = create(&store, team, "Web app");
    assert_eq!(proxy.cuts(), 1);
    assert_eq!(sources(&place, team), 1, "done once, not twice");
    // And a whole group.
    proxy.cut(cut);
    let waiting: Vec<_> = (0..40)
        .map(|n| {
            store
                .perform(
                    team.actor(),
                    origin(&store),
                    CreateSource {
                        team,
                        name: n.to_string(),
                    },
                )
                .begun()
        })
        .collect();
    for one in waiting {
        let _ = one.wait().expect("created");
    }
    assert_eq!(sources(&place, team), 41);
}

#[test]
fn a_connection_cut_before_the_server_sees_the_commit_is_made_up_for() {
    cut_once(Cut::BeforeCommit);
}

#[test]
fn a_connection_cut_after_the_commit_and_before_its_answer_does_not_do_it_twice() {
    cut_once(Cut::AfterCommit);
}

#[test]
fn a_connection_cut_in_the_middle_of_a_transaction_is_made_up_for() {
    cut_once(Cut::BeforeEntries);
}

#[test]
fn a_commit_whose_outcome_cannot_be_found_out_is_answered_as_unknown() {
    for (cut, there) in [(Cut::BeforeCommit, 0), (Cut::AfterCommit, 1)] {
        let (place, proxy, store, team) = behind_a_proxy();
        proxy.then_dark();
        proxy.cut(cut);
        let action = CreateSource {
            team,
            name: "Web app".to_owned(),
        };
        let error = store
            .perform(team.actor(), origin(&store), action)
            .wait()
            .expect_err("unknown");
        assert!(matches!(error, Error::OutcomeUnknown), "{error}");
        proxy.light();
        let _ = create(&store, team, "After");
        assert_eq!(sources(&place, team), there + 1);
    }
}

#[test]
fn a_server_that_goes_before_the_commit_was_sent_is_no_unknown_outcome() {
    let (place, proxy, store, team) = behind_a_proxy();
    proxy.then_dark();
    proxy.cut(Cut::BeforeEntries);
    let action = CreateSource {
        team,
        name: "Web app".to_owned(),
    };
    let error = store
        .perform(team.actor(), origin(&store), action)
        .wait()
        .expect_err("lost");
    assert!(
        matches!(error, Error::Database(DbError::Lost(_))),
        "{error}"
    );
    proxy.light();
    assert_eq!(sources(&place, team), 0);
    let _ = create(&store, team, "After");
    assert_eq!(sources(&place, team), 1);
}

#[test]
fn a_connection_that_was_terminated_is_replaced() {
    let place = Place::new(Kind::Postgres);
    let store = place.open();
    let team = team(&store, "Fernhill");
    let terminate = "SELECT CAST(count(pg_terminate_backend(pid, 5000)) AS BIGINT) FROM pg_stat_activity WHERE application_name = 'annals' AND datname = current_database()";
    for round in 0..3 {
        let _ = create(&store, team, &format!("round {round}"));
        store.read(|rx| rx.instance().map(drop)).expect("read");
        assert!(place.raw().number(terminate) >= 2);
        store
            .read(|rx| rx.instance().map(drop))
            .expect("a new connection reads");
        let _ = create(&store, team, &format!("round {round}, after"));
        place.raw().number(terminate);
        store.upkeep(store::Upkeep::Index).wait().expect("kept");
    }
    assert_eq!(sources(&place, team), 6);
}

#[test]
fn an_action_that_a_deadlock_has_ended_is_run_again() {
    let place = Place::new(Kind::Postgres);
    let store = place.open();
    let (first, second) = (team(&store, "First"), team(&store, "Second"));
    let mut other = place.raw();
    let lock = |team: &Team| {
        format!(
            "SELECT size FROM logs WHERE organization_id = '{}' FOR UPDATE",
            team.organization
        )
    };
    // The other connection waits longer than the store's before it looks for a deadlock: the store's is the one to end.
    other.must(&format!(
        "SET deadlock_timeout = '60s'; BEGIN; {}",
        lock(&second)
    ));
    let (ready, wait) = std::sync::mpsc::channel::<()>();
    let wait = std::sync::Mutex::new(wait);
    let action = Script::new(&first, move |tx| {
        // The second time the other connection has gone on, and nobody waits any more.
        let _ = wait.lock().expect("no panic").recv();
        let made = tx.insert_source(&source(tx, first.workspace, "one"))?;
        let fact = Fact::new(catalogue::SOURCE_CREATED, &made);
        Ok(Done::new(
            (),
            vec![fact.to_log(store::Scope::Organization(second.organization))],
        ))
    });
    let waiting = store.perform(first.actor(), origin(&store), action).begun();
    let mut watch = place.raw();
    while watch.number("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'annals' AND state = 'idle in transaction' AND datname = current_database()") == 0 {
        thread::yield_now();
    }
    thread::scope(|scope| {
        let want = lock(&first);
        scope.spawn(move || {
            other.must(&want);
            other.must("ROLLBACK");
        });
        while watch.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == 0 {
            thread::yield_now();
        }
        drop(ready);
        let done = waiting.wait().expect("run again");
        assert_eq!(done.entries.len(), 1);
    });
    assert_eq!(place.raw().table("sources").len(), 1);
    assert_eq!(Log::of(&mut place.raw(), second.organization).size, 5);
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    assert!(watch.number(deadlocks) >= 1, "there was a deadlock");
}

#[test]
fn a_full_disk_of_the_server_is_said_to_be_full() {
    let place = Place::new(Kind::Postgres);
    let store = place.open();
    let team = team(&store, "Fernhill");
    place.raw().must("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$; CREATE TRIGGER full_disk BEFORE INSERT ON sources FOR EACH ROW EXECUTE FUNCTION full_disk()");
    let action = CreateSource {
        team,
        name: "Web app".to_owned(),
    };
    let error = store
        .perform(team.actor(), origin(&store), action)
        .wait()
        .expect_err("full");
    assert!(
        matches!(error, Error::Database(DbError::Full(_))),
        "{error}"
    );
    let told = store.unwritable().map(|failure| failure.why);
    assert_eq!(told.as_deref(), Some("the database has no room left"));
    place.raw().must("DROP TRIGGER full_disk ON sources");
    let _ = create(&store, team, "After");
    assert_eq!(store.unwritable(), None);
    assert_eq!(sources(&place, team), 1);
}

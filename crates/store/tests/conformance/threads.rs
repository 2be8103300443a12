//! Who does what was asked for: a writing thread, or whoever waits. However that ends, it is done, and the others go on.

use store::{Action, Done, Error, Need, Result, Rx, Scope, Tx};

use model::catalogue::EventType;
use model::things::Source;

use crate::support::{CreateSource, Log, Team, create, on_both, origin, team};

/// As many as there are threads that write to PostgreSQL, and one more.
const MORE_THAN_THREADS: usize = 9;

/// Creates a source; what it holds panics when it goes.
struct Spiteful(CreateSource);

impl Drop for Spiteful {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "an action that goes with a bang");
    }
}

impl Action for Spiteful {
    const EVENTS: &'static [EventType] = CreateSource::EVENTS;
    type Output = Source;

    fn scope(&self) -> Scope {
        self.0.scope()
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        self.0.needs(rx)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Source>> {
        self.0.apply(tx)
    }
}

fn new(team: Team, name: &str) -> CreateSource {
    let name = name.to_owned();
    CreateSource { team, name }
}

#[test]
fn what_was_asked_for_is_done_even_if_the_store_is_gone_by_then() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let ask = |name: &str| store.perform(team.actor(), origin(&store), new(team, name));
        let (waited, awaited, begun) = (ask("waited for"), ask("awaited"), ask("begun"));
        let (dropped, kept) = (ask("dropped"), ask("dropped before"));
        drop(kept);
        drop(store);
        assert_eq!(waited.wait().expect("done").output.name, "waited for");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let done = runtime.block_on(async { awaited.await });
        assert_eq!(done.expect("done").output.name, "awaited");
        drop(dropped);
        assert_eq!(
            begun.begun().wait().expect("done").output.name,
            "begun",
            "there is no thread to begin it, so it is done at once"
        );
        let mut raw = place.raw();
        assert_eq!(raw.table("sources").len(), 5);
        // Organization, workspace, member and token came first.
        assert_eq!(Log::of(&mut raw, team.organization).entries.len(), 4 + 5);
    });
}

#[test]
fn many_who_wait_when_the_store_is_gone_take_turns() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let waiting: Vec<_> = (0..32)
            .map(|n| store.perform(team.actor(), origin(&store), new(team, &n.to_string())))
            .collect();
        drop(store);
        std::thread::scope(|scope| {
            for one in waiting {
                scope.spawn(move || one.wait().map(drop).expect("done"));
            }
        });
        assert_eq!(place.raw().table("sources").len(), 32);
    });
}

#[test]
fn a_panic_outside_of_a_transaction_loses_no_writing_thread() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        for n in 0..MORE_THAN_THREADS {
            let ask = || {
                let action = Spiteful(new(team, &format!("{n}")));
                store.perform(team.actor(), origin(&store), action)
            };
            let done = ask().begun().wait();
            assert_eq!(done.expect("done").output.name, n.to_string());
            let done = ask().wait();
            assert_eq!(done.expect("done").output.name, n.to_string());
        }
        let _ = create(&store, team, "after");
        let asked = store.perform(team.actor(), origin(&store), new(team, "by a thread"));
        assert!(asked.begun().wait().is_ok());
        drop(store);
        let sources = 2 * MORE_THAN_THREADS + 2;
        let mut raw = place.raw();
        assert_eq!(raw.table("sources").len(), sources);
        let log = Log::of(&mut raw, team.organization);
        assert_eq!(log.entries.len(), 4 + sources);
    });
}

#[test]
fn a_panic_beside_one_action_leaves_the_others_of_its_group_their_answers() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let ask = |n: usize| {
            if n.is_multiple_of(2) {
                let action = Spiteful(new(team, "bad"));
                store.perform(team.actor(), origin(&store), action).begun()
            } else {
                let action = new(team, "good");
                store.perform(team.actor(), origin(&store), action).begun()
            }
        };
        let waiting: Vec<_> = (0..24).map(ask).collect();
        for one in waiting {
            match one.wait() {
                Ok(_) => {}
                Err(Error::OutcomeUnknown) => panic!("answered by nobody"),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(place.raw().table("sources").len(), 24);
    });
}

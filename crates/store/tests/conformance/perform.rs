//! The one rule: a change and the events that record it are one.

use model::actor::Actor;
use model::catalogue;
use model::change::{Change, ChangeKind};
use model::clock::{Clock, Micros};
use model::id::SessionId;
use model::things::Source;
use serde_json::json;
use store::{Done, Error, Fact, Order, Query, Result, Store, Tx, Upkeep};

use crate::support::{
    CreateSource, Log, START, Script, Team, UpdateSource, create, on_both, origin, session, source,
    team,
};

#[test]
fn a_change_is_recorded_with_who_what_and_when() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let made = store
            .perform(
                team.actor(),
                origin(&store),
                CreateSource {
                    team,
                    name: "Web app".to_owned(),
                },
            )
            .wait()
            .expect("created");
        assert_eq!(made.entries.len(), 1);
        let source = made.output;
        let update = UpdateSource {
            team,
            source: source.id,
            name: "Shop".to_owned(),
            enabled: false,
        };
        let made = store
            .perform(team.actor(), origin(&store), update)
            .wait()
            .expect("updated");
        assert_eq!(
            made.entries[0].1.end - made.entries[0].1.start,
            2,
            "a name and a setting are two events"
        );
        for indexed in [false, true] {
            if indexed {
                while store.upkeep(store::Upkeep::Index).wait().expect("indexed") > 0 {}
            }
            let page = store
                .read(|rx| {
                    rx.events(
                        team.organization,
                        &Query {
                            limit: 10,
                            order: Order::Newest,
                            ..Query::default()
                        },
                    )
                })
                .expect("read");
            let told: Vec<String> = page
                .events
                .iter()
                .map(|event| {
                    format!(
                        "{} {} {}.{} {}",
                        event.entry.sequence,
                        event.actor_name.as_deref().unwrap_or("-"),
                        event.entry.target.r#type,
                        event.entry.action,
                        event.target_name.as_deref().unwrap_or("-")
                    )
                })
                .collect();
            assert_eq!(page.total, 7);
            assert_eq!(
                told,
                [
                    "6 Ada Lovelace source.updated Shop",
                    "5 Ada Lovelace source.updated_name Shop",
                    "4 Ada Lovelace source.created Web app",
                    "3 system, command line access_token.created ci",
                    "2 system, command line user.added_to_organization Ada Lovelace",
                    "1 system, command line workspace.created Production",
                    "0 system, command line organization.created Fernhill",
                ]
            );
        }
    });
}

/// Tries an action of the team that must fail for a defect of its own, and leave nothing.
fn fails(
    store: &Store,
    team: Team,
    why: &str,
    apply: impl Fn(&mut Tx<'_>) -> Result<Done<()>> + Send + 'static,
) {
    let error = store
        .perform(team.actor(), origin(store), Script::new(&team, apply))
        .wait()
        .expect_err("a defect");
    assert!(
        matches!(&error, Error::Internal(text) if text.contains(why)),
        "{error}"
    );
}

#[test]
fn a_row_that_changed_and_no_fact_names_rolls_the_action_back() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        fails(&store, team, "no fact names", move |tx| {
            let _forgotten = tx.insert_source(&source(tx, team.workspace, "one"))?;
            Ok(Done::new((), Vec::new()))
        });
        fails(&store, team, "no fact names", move |tx| {
            let named = tx.insert_source(&source(tx, team.workspace, "one"))?;
            let _forgotten = tx.insert_source(&source(tx, team.workspace, "two"))?;
            Ok(Done::new(
                (),
                vec![Fact::new(catalogue::SOURCE_CREATED, &named)],
            ))
        });
        assert_eq!(Log::of(&mut place.raw(), team.organization).size, 4);
        assert_eq!(place.raw().table("sources").len(), 0);
    });
}

#[test]
fn facts_that_cover_only_a_part_of_a_rows_changes_roll_the_action_back() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let made = create(&store, team, "Web app");
        for share in [
            |fact: Fact| fact.only("name"),
            |fact: Fact| fact.all_but("enabled"),
        ] {
            let before = made.clone();
            fails(&store, team, "no fact names", move |tx| {
                let after = Source {
                    name: "Shop".to_owned(),
                    enabled: false,
                    ..before.clone()
                };
                let changed = tx.update_source(&after)?;
                Ok(Done::new(
                    (),
                    vec![share(Fact::new(catalogue::SOURCE_UPDATED, &changed))],
                ))
            });
        }
        let now = store
            .read(|rx| rx.source(team.workspace, made.id))
            .expect("read")
            .expect("there");
        assert_eq!(*now, made);
    });
}

#[test]
fn a_fact_that_the_action_has_not_announced_is_refused() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        fails(&store, team, "not among the action's events", move |tx| {
            let made = tx.insert_source(&source(tx, team.workspace, "one"))?;
            Ok(Done::new(
                (),
                vec![Fact::new(catalogue::DESTINATION_CREATED, &made)],
            ))
        });
        assert_eq!(place.raw().table("sources").len(), 0);
    });
}

#[test]
fn what_changes_nothing_gives_no_event() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let made = create(&store, team, "Web app");
        let same = UpdateSource {
            team,
            source: made.id,
            name: made.name.clone(),
            enabled: true,
        };
        let done = store
            .perform(team.actor(), origin(&store), same)
            .wait()
            .expect("done");
        assert!(done.entries.is_empty());
        // Even where the row was written again.
        let done = store
            .perform(
                team.actor(),
                origin(&store),
                Script::new(&team, move |tx| {
                    let changed = tx.update_source(&made)?;
                    Ok(Done::new(
                        (),
                        vec![Fact::new(catalogue::SOURCE_UPDATED, &changed)],
                    ))
                }),
            )
            .wait()
            .expect("done");
        assert!(done.entries.is_empty());
        assert_eq!(Log::of(&mut place.raw(), team.organization).size, 5);
    });
}

#[test]
fn what_changed_is_read_from_the_rows_before_and_after() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let made = create(&store, team, "Web app");
        let update = UpdateSource {
            team,
            source: made.id,
            name: "Shop".to_owned(),
            enabled: false,
        };
        let _ = store
            .perform(team.actor(), origin(&store), update)
            .wait()
            .expect("done");
        let page = store
            .read(|rx| {
                rx.events(
                    team.organization,
                    &Query {
                        limit: 2,
                        order: Order::Newest,
                        ..Query::default()
                    },
                )
            })
            .expect("read");
        let changes: Vec<_> = page
            .events
            .iter()
            .map(|event| event.changes.clone())
            .collect();
        let change = |path: &str, before, after| Change {
            path: path.to_owned(),
            kind: ChangeKind::Value {
                before: Some(before),
                after: Some(after),
            },
        };
        assert_eq!(
            changes,
            [
                vec![change("enabled", json!(true), json!(false))],
                vec![change("name", json!("Web app"), json!("Shop"))],
            ]
        );
    });
}

#[test]
fn an_action_that_fails_takes_back_its_own_rows_and_leaves_the_others_of_its_group() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        // The first one keeps the writer busy, so that the rest waits and becomes one group.
        let waiting: Vec<_> = (0..30)
            .map(|number| {
                store
                    .perform(
                        team.actor(),
                        origin(&store),
                        Script::new(&team, move |tx| {
                            if number == 0 {
                                std::thread::sleep(std::time::Duration::from_millis(20));
                            }
                            let made = tx.insert_source(&source(
                                tx,
                                team.workspace,
                                &format!("source {number}"),
                            ))?;
                            match number % 3 {
                                1 => Err(Error::failed("in_use", "it is in use")),
                                2 => Err(Error::NotFound("source")),
                                _ => Ok(Done::new(
                                    (),
                                    vec![Fact::new(catalogue::SOURCE_CREATED, &made)],
                                )),
                            }
                        }),
                    )
                    .begun()
            })
            .collect();
        let done = waiting
            .into_iter()
            .map(|one| one.wait().is_ok())
            .filter(|done| *done)
            .count();
        assert_eq!(done, 10);
        assert_eq!(place.raw().table("sources").len(), 10);
        let told = Log::of(&mut place.raw(), team.organization).told_from(4);
        assert_eq!(
            told.iter()
                .filter(|one| *one == "source.created success")
                .count(),
            10
        );
        assert_eq!(
            told.iter()
                .filter(|one| *one == "source.created failed")
                .count(),
            1
        );
        assert_eq!(told.len(), 11);
    });
}

#[test]
fn an_action_that_panics_is_answered_and_the_others_of_its_group_happen() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let waiting: Vec<_> = (0..20)
            .map(|number| {
                store
                    .perform(
                        team.actor(),
                        origin(&store),
                        Script::new(&team, move |tx| {
                            let made = tx.insert_source(&source(
                                tx,
                                team.workspace,
                                &format!("source {number}"),
                            ))?;
                            assert!(number % 10 != 3, "on purpose");
                            Ok(Done::new(
                                (),
                                vec![Fact::new(catalogue::SOURCE_CREATED, &made)],
                            ))
                        }),
                    )
                    .begun()
            })
            .collect();
        for (number, one) in waiting.into_iter().enumerate() {
            match one.wait() {
                Ok(done) => assert!(number % 10 != 3 && done.entries.len() == 1),
                Err(error) => assert!(number % 10 == 3 && matches!(error, Error::Internal(_))),
            }
        }
        assert_eq!(place.raw().table("sources").len(), 18);
        assert_eq!(Log::of(&mut place.raw(), team.organization).size, 22);
    });
}

#[test]
fn bookkeeping_that_panics_leaves_a_store_that_works() {
    /// A clock that breaks once.
    struct Breaks(std::sync::atomic::AtomicBool);
    impl Clock for Breaks {
        fn now(&self) -> Micros {
            assert!(
                !self.0.swap(false, std::sync::atomic::Ordering::SeqCst),
                "on purpose"
            );
            START
        }
    }
    on_both(|place| {
        let clock = std::sync::Arc::new(Breaks(false.into()));
        let store = Store::open(store::Options {
            clock: clock.clone(),
            ..place.options()
        })
        .expect("a store");
        let team = team(&store, "Fernhill");
        for _ in 0..10 {
            clock.0.store(true, std::sync::atomic::Ordering::SeqCst);
            store
                .upkeep(Upkeep::Expire)
                .wait()
                .expect_err("it panicked");
            let _ = create(&store, team, "Web app");
        }
    });
}

#[test]
fn a_read_that_panics_gives_its_connection_back() {
    on_both(|place| {
        let store = place.open();
        for _ in 0..20 {
            let read = std::panic::AssertUnwindSafe(|| {
                store.read(|_| -> Result<()> { panic!("on purpose") })
            });
            assert!(std::panic::catch_unwind(read).is_err());
        }
        store
            .read(|rx| rx.instance().map(drop))
            .expect("there is a connection left to read with");
    });
}

#[test]
fn a_row_of_which_nothing_is_told_but_that_it_is_there_needs_a_fact_as_well() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let scope = store::Scope::Account(team.admin);
        let action = Script::about(scope, team.admin, move |tx| {
            let person = tx.user(team.admin)?.ok_or(Error::NotFound("user"))?;
            let session = session(tx, tx.new_id(SessionId::new), team.admin);
            let _forgotten = tx.insert_session(&session, &person, "password")?;
            Ok(Done::new((), Vec::new()))
        });
        let done = store
            .perform(Actor::Anonymous, origin(&store), action)
            .wait();
        assert!(matches!(done, Err(Error::Internal(text)) if text.contains("no fact names")));
        assert_eq!(place.raw().table("sessions").len(), 0);
    });
}

#[test]
fn a_change_that_waits_too_long_is_told_until_it_is_done() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let mut other = place.raw();
        other.must("BEGIN");
        other.must("UPDATE logs SET size = size");
        let action = CreateSource {
            team,
            name: "Web app".to_owned(),
        };
        let asked = store.perform(team.actor(), origin(&store), action).begun();
        place.clock.advance(5 * Micros::SECOND);
        assert_eq!(store.unwritable(), None);
        place.clock.advance(1);
        let why = store.unwritable().expect("it hangs").why;
        assert!(
            why.starts_with("a change takes longer than it may"),
            "{why}"
        );
        other.must("ROLLBACK");
        let _ = asked.wait().expect("done");
        assert_eq!(store.unwritable(), None);
    });
}

//! Finding events: the answers are the same however far the index has reached, and no page skips or repeats.

use std::collections::BTreeSet;

use model::actor::Actor;
use model::catalogue::{EventType, Group};
use model::clock::Micros;
use model::entry::{Entry, Outcome};
use model::id::{EventId, SessionId, UserId, WorkspaceId};
use model::role::{OrganizationRole, WorkspaceRole};
use store::{Error, Order, Page, Query, Store, Upkeep};

use crate::support::{
    Kind, Log, Place, START, Script, Team, UpdateSource, create, member, on_both, origin, sign_in,
    team,
};

/// A log with all sorts of events at different times, and a thing to look for.
struct Lived {
    store: Store,
    team: Team,
    member: UserId,
    source: String,
    entries: Vec<Entry>,
}

fn lived(place: &Place) -> Lived {
    let store = place.open();
    let team = team(&store, "Fernhill");
    let user = UserId::new(store.clock(), store.entropy());
    place.clock.advance(Micros::SECOND);
    member(
        &store,
        team.organization,
        user,
        OrganizationRole::Member,
        &[(team.workspace, WorkspaceRole::Editor)],
    );
    let session = SessionId::new(store.clock(), store.entropy());
    for who in [user, team.admin] {
        let session = if who == user {
            session
        } else {
            SessionId::new(store.clock(), store.entropy())
        };
        let _ = store
            .perform(Actor::Anonymous, origin(&store), sign_in(who, session))
            .wait()
            .expect("signed in");
    }
    let mut source = String::new();
    for number in 0..6 {
        place.clock.advance(Micros::SECOND);
        let made = create(&store, team, &format!("source {number}"));
        let update = UpdateSource {
            team,
            source: made.id,
            name: format!("renamed {number}"),
            enabled: number % 2 == 0,
        };
        let _ = store
            .perform(Actor::User { user, session }, origin(&store), update)
            .wait()
            .expect("updated");
        let action = Script::new(&team, |_| Err(Error::failed("in_use", "it is in use")));
        let _ = store.perform(team.actor(), origin(&store), action).wait();
        source = made.id.to_string();
    }
    let entries = Log::of(&mut place.raw(), team.organization).parsed();
    Lived {
        store,
        team,
        member: user,
        source,
        entries,
    }
}

/// Whether an entry is among the answers.
type Admits = Box<dyn Fn(&Entry) -> bool>;

/// Every filter alone, and some together, with what an entry has to be to be found.
fn queries(lived: &Lived) -> Vec<(Query, Admits)> {
    let (team, user, thing) = (lived.team, lived.member.to_string(), lived.source.clone());
    let other = WorkspaceId::new(lived.store.clock(), lived.store.entropy());
    let (admin, token) = (team.admin.to_string(), team.token.to_string());
    let middle = START.plus(3 * Micros::SECOND);
    let none = Query::default();
    let (own, member) = (team.workspace.to_string(), user.clone());
    let both = vec![user.clone(), admin.clone()];
    let things = vec![thing.clone(), token.clone()];
    let mut all: Vec<(Query, Admits)> = vec![
        (none.clone(), Box::new(|_| true)),
        (
            Query {
                workspace: Some(team.workspace),
                ..none.clone()
            },
            Box::new(move |e| e.workspace.as_ref().is_none_or(|w| *w == own)),
        ),
        (
            Query {
                workspace: Some(other),
                ..none.clone()
            },
            Box::new(|e| e.workspace.is_none()),
        ),
        (
            Query {
                members_of: Some(team.workspace),
                ..none.clone()
            },
            Box::new(move |e| {
                e.workspace.is_some()
                    || e.actor.id.as_ref() == Some(&member)
                    || e.target.id.as_ref() == Some(&member)
            }),
        ),
        (
            Query {
                actors: Some(vec![admin.clone()]),
                ..none.clone()
            },
            Box::new(move |e| e.actor.id.as_ref() == Some(&admin)),
        ),
        (
            Query {
                action: Some("updated_name".to_owned()),
                ..none.clone()
            },
            Box::new(|e| e.action == "updated_name"),
        ),
        (
            Query {
                targets: Some(vec![thing.clone()]),
                ..none.clone()
            },
            Box::new(move |e| e.target.id.as_ref() == Some(&thing)),
        ),
        (
            Query {
                targets: Some(vec![token.clone()]),
                ..none.clone()
            },
            Box::new(move |e| {
                e.target.id.as_ref() == Some(&token) || e.actor.token.as_ref() == Some(&token)
            }),
        ),
        (
            Query {
                actors: Some(both.clone()),
                targets: Some(things.clone()),
                ..none.clone()
            },
            Box::new(move |e| {
                let is_by = e.actor.id.as_ref().is_some_and(|id| both.contains(id));
                let is_one =
                    |id: &Option<String>| id.as_ref().is_some_and(|id| things.contains(id));
                let is_related = e.related.iter().any(|one| is_one(&one.id));
                is_by && (is_one(&e.target.id) || is_one(&e.actor.token) || is_related)
            }),
        ),
        (
            Query {
                actors: Some(Vec::new()),
                ..none.clone()
            },
            Box::new(|_| false),
        ),
        (
            Query {
                targets: Some(Vec::new()),
                ..none.clone()
            },
            Box::new(|_| false),
        ),
        (
            Query {
                target_type: Some("user".to_owned()),
                ..none.clone()
            },
            Box::new(|e| e.target.r#type == "user"),
        ),
        (
            Query {
                group: Some(Group::Team),
                ..none.clone()
            },
            Box::new(|e| {
                EventType::find(&e.target.r#type, &e.action)
                    .is_some_and(|one| one.group == Group::Team)
            }),
        ),
        (
            Query {
                group: Some(Group::Mfa),
                ..none.clone()
            },
            Box::new(|_| false),
        ),
        (
            Query {
                created_after: Some(middle),
                ..none.clone()
            },
            Box::new(move |e| e.at > middle.0),
        ),
        (
            Query {
                created_before: Some(middle),
                ..none.clone()
            },
            Box::new(move |e| e.at < middle.0),
        ),
        (
            Query {
                actors: Some(vec![user.clone()]),
                action: Some("updated".to_owned()),
                created_after: Some(middle),
                workspace: Some(team.workspace),
                ..none.clone()
            },
            Box::new(move |e| {
                e.actor.id.as_ref() == Some(&user) && e.action == "updated" && e.at > middle.0
            }),
        ),
    ];
    for outcome in [Outcome::Success, Outcome::Failed, Outcome::Denied] {
        all.push((
            Query {
                outcome: Some(outcome),
                ..none.clone()
            },
            Box::new(move |e| e.outcome == outcome),
        ));
    }
    all
}

fn read(lived: &Lived, query: &Query) -> Page {
    lived
        .store
        .read(|rx| rx.events(lived.team.organization, query))
        .expect("read")
}

#[track_caller]
fn check_all(lived: &Lived) {
    for (query, admits) in queries(lived) {
        let mut wanted: Vec<u64> = lived
            .entries
            .iter()
            .filter(|entry| admits(entry))
            .map(|entry| entry.sequence)
            .collect();
        for order in [Order::Oldest, Order::Newest] {
            let page = read(
                lived,
                &Query {
                    limit: 1000,
                    order,
                    ..query.clone()
                },
            );
            let found: Vec<u64> = page
                .events
                .iter()
                .map(|event| event.entry.sequence)
                .collect();
            assert_eq!(found, wanted, "{query:?}");
            assert_eq!(
                (page.total, page.more),
                (wanted.len() as u64, false),
                "{query:?}"
            );
            // The same in pages of seven.
            let (mut paged, mut after) = (Vec::new(), None);
            loop {
                let page = read(
                    lived,
                    &Query {
                        limit: 7,
                        order,
                        after,
                        ..query.clone()
                    },
                );
                assert_eq!(page.total, wanted.len() as u64, "{query:?}");
                paged.extend(page.events.iter().map(|event| event.entry.sequence));
                after = page
                    .events
                    .last()
                    .map(|event| event.entry.id.parse().expect("an id"));
                if !page.more {
                    break;
                }
            }
            assert_eq!(paged, wanted, "{query:?} in pages");
            wanted.reverse();
        }
    }
}

fn throw_away(place: &Place) {
    let mut raw = place.raw();
    match place.kind {
        Kind::Sqlite => {
            let found = raw.rows("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name LIKE 'index!_%' ESCAPE '!'");
            for trigger in found {
                raw.must(&format!("DROP TRIGGER {}", trigger[0].text()));
            }
        }
        Kind::Postgres => {
            for table in ["events", "things", "counts", "reached"] {
                raw.must(&format!("ALTER TABLE index_{table} DISABLE TRIGGER USER"));
            }
        }
    }
    raw.must("DELETE FROM index_reached; DELETE FROM index_events; DELETE FROM index_things; DELETE FROM index_counts");
}

fn index_all(store: &Store) {
    while store.upkeep(Upkeep::Index).wait().expect("indexed") > 0 {}
}

#[test]
fn answers_are_the_same_without_an_index_with_half_of_it_and_with_all_of_it() {
    on_both(|place| {
        let mut lived = lived(&place);
        check_all(&lived);
        index_all(&lived.store);
        check_all(&lived);
        for n in 0..3 {
            let _ = create(&lived.store, lived.team, &format!("beyond the index {n}"));
        }
        lived.entries = Log::of(&mut place.raw(), lived.team.organization).parsed();
        check_all(&lived);
    });
}

#[track_caller]
fn check_newest(lived: &Lived) {
    let team = lived.team;
    let mut things: Vec<String> = lived
        .entries
        .iter()
        .flat_map(|entry| [&entry.target.id, &entry.actor.token])
        .flatten()
        .cloned()
        .collect();
    things.push("of nothing".to_owned());
    things.sort_unstable();
    things.dedup();
    // More than one statement asks for, of which one would do.
    things.extend((0..120).map(|n| format!("{n} of nothing")));
    let newest = lived
        .store
        .read(|rx| rx.newest_of(team.organization, team.workspace, &things))
        .expect("read");
    for thing in &things {
        let query = Query {
            workspace: Some(team.workspace),
            targets: Some(vec![thing.clone()]),
            outcome: Some(Outcome::Success),
            order: Order::Newest,
            limit: 1,
            ..Query::default()
        };
        let alone = read(lived, &query).events.pop();
        assert_eq!(
            newest.get(thing).map(|event| event.entry.sequence),
            alone.map(|event| event.entry.sequence),
            "{thing}"
        );
    }
    let source = newest.get(&lived.source).expect("an event of the source");
    assert_eq!(source.target_name.as_deref(), Some("renamed 5"));
}

#[test]
fn the_newest_event_of_each_thing_is_the_one_that_is_found_for_it_alone() {
    on_both(|place| {
        let mut lived = lived(&place);
        check_newest(&lived);
        index_all(&lived.store);
        check_newest(&lived);
        let first = lived.entries.iter().find_map(|entry| {
            let id = entry.target.id.as_ref();
            id.filter(|_| entry.target.r#type == "source")?.parse().ok()
        });
        let update = UpdateSource {
            team: lived.team,
            source: first.expect("a source"),
            name: "renamed beyond the index".to_owned(),
            enabled: true,
        };
        let _ = lived
            .store
            .perform(lived.team.actor(), origin(&lived.store), update)
            .wait()
            .expect("updated");
        let _ = create(&lived.store, lived.team, "beyond the index");
        lived.entries = Log::of(&mut place.raw(), lived.team.organization).parsed();
        check_newest(&lived);
    });
}

#[test]
fn the_index_can_be_thrown_away_and_is_made_again_the_same() {
    on_both(|place| {
        let lived = lived(&place);
        index_all(&lived.store);
        let tables = [
            "index_reached",
            "index_events",
            "index_things",
            "index_counts",
        ];
        let made: Vec<_> = tables.map(|table| place.raw().table(table)).into();
        assert!(made.iter().all(|rows| !rows.is_empty()));
        throw_away(&place);
        index_all(&lived.store);
        assert_eq!(
            Vec::from(tables.map(|table| place.raw().table(table))),
            made
        );
    });
}

#[test]
fn two_processes_that_index_at_once_index_each_entry_once() {
    on_both(|place| {
        let lived = lived(&place);
        index_all(&lived.store);
        let counts = place.raw().table("index_counts");
        throw_away(&place);
        let other = place.open();
        std::thread::scope(|scope| {
            for store in [&lived.store, &other, &lived.store, &other] {
                scope.spawn(|| index_all(store));
            }
        });
        assert_eq!(place.raw().table("index_counts"), counts);
    });
}

#[test]
fn a_log_of_which_nothing_is_kept_does_not_hold_up_the_index_of_the_others() {
    on_both(|place| {
        let store = place.open();
        let teams: Vec<Team> = (0..3).map(|n| team(&store, &format!("Team {n}"))).collect();
        let first = place
            .raw()
            .rows("SELECT min(id) FROM logs WHERE kind = 'organization'")[0][0]
            .text()
            .to_owned();
        let on = match place.kind {
            Kind::Sqlite => "",
            Kind::Postgres => " ON logs",
        };
        place
            .raw()
            .must(&format!("DROP TRIGGER logs_are_kept_whole{on}"));
        place.raw().must(&format!("UPDATE logs SET kept_from = size WHERE id = '{first}'; DELETE FROM entries WHERE place >= (SELECT first_place FROM logs WHERE id = '{first}') AND place < (SELECT first_place FROM logs WHERE id = '{first}') + 1099511627776"));
        index_all(&store);
        assert_eq!(place.raw().number("SELECT count(*) FROM index_events"), 8);
        assert_eq!(teams.len(), 3);
    });
}

#[test]
fn pages_give_each_event_once_while_new_ones_arrive_and_are_indexed() {
    on_both(|place| {
        let lived = lived(&place);
        for order in [Order::Oldest, Order::Newest] {
            let (mut seen, mut after): (Vec<String>, Option<EventId>) = (Vec::new(), None);
            let before: BTreeSet<String> = Log::of(&mut place.raw(), lived.team.organization)
                .parsed()
                .into_iter()
                .map(|entry| entry.id)
                .collect();
            for round in 0.. {
                let page = read(
                    &lived,
                    &Query {
                        limit: 5,
                        order,
                        after,
                        ..Query::default()
                    },
                );
                seen.extend(page.events.iter().map(|event| event.entry.id.clone()));
                after = page
                    .events
                    .last()
                    .map(|event| event.entry.id.parse().expect("an id"));
                if !page.more {
                    break;
                }
                if round < 4 {
                    let _ = create(&lived.store, lived.team, &format!("meanwhile {round}"));
                    lived.store.upkeep(Upkeep::Index).wait().expect("indexed");
                }
            }
            let once: BTreeSet<String> = seen.iter().cloned().collect();
            assert_eq!(once.len(), seen.len(), "an event was given twice");
            assert!(once.is_superset(&before), "an event was skipped");
        }
    });
}

#[test]
fn a_cursor_that_is_no_event_of_the_log_is_refused() {
    on_both(|place| {
        let lived = lived(&place);
        let other = team(&lived.store, "Ashford");
        let theirs = Log::of(&mut place.raw(), other.organization).parsed()[0]
            .id
            .parse()
            .expect("an id");
        for indexed in [false, true] {
            for after in [
                theirs,
                EventId::new(lived.store.clock(), lived.store.entropy()),
            ] {
                let query = Query {
                    limit: 5,
                    after: Some(after),
                    ..Query::default()
                };
                let answer = lived
                    .store
                    .read(|rx| rx.events(lived.team.organization, &query));
                assert!(matches!(
                    answer,
                    Err(Error::Invalid {
                        code: "unknown_cursor",
                        ..
                    })
                ));
                assert!(
                    lived
                        .store
                        .read(|rx| rx.event(lived.team.organization, after, None))
                        .expect("read")
                        .is_none()
                );
            }
            if !indexed {
                index_all(&lived.store);
            }
        }
    });
}

//! Refusals are events; many alike become two, and a flood becomes one a minute.

use model::actor::Actor;
use model::catalogue::TargetType;
use model::clock::Micros;
use model::entry::Entry;
use serde_json::{Value, json};
use store::{Error, Need, Order, Query, Store, Target, Upkeep};

use crate::support::{Kind, Log, Place, START, Script, Team, create, on_both, origin, team};

/// Tries what is refused, so often, each on the target that `target` names.
fn refused(store: &Store, team: Team, times: usize, target: impl Fn(usize) -> String) {
    let there = |number| Target::new(TargetType::Source, target(number), "Web app");
    refused_on(store, team, times, there);
}

/// The same with what is to be made, by its name.
fn refused_to_be(store: &Store, team: Team, times: usize, name: impl Fn(usize) -> String) {
    let to_be = |number| Target::to_be(TargetType::Source, name(number));
    refused_on(store, team, times, to_be);
}

fn refused_on(store: &Store, team: Team, times: usize, target: impl Fn(usize) -> Target) {
    let waiting: Vec<_> = (0..times)
        .map(|number| {
            let mut action = Script::new(&team, |_| Err(Error::failed("in_use", "it is in use")));
            action.needs = vec![Need::in_workspace(
                model::role::Permission::EditSources,
                team.workspace,
                target(number),
            )];
            store.perform(team.actor(), origin(store), action).begun()
        })
        .collect();
    for one in waiting {
        assert!(matches!(
            one.wait(),
            Err(Error::Failed { code: "in_use", .. })
        ));
    }
}

/// As many as ten thousand where they cost little.
fn many(place: &Place) -> usize {
    match place.kind {
        Kind::Sqlite => 10_000,
        Kind::Postgres => 1_000,
    }
}

fn always(_: usize) -> String {
    "the same".to_owned()
}

fn each(number: usize) -> String {
    format!("target {number}")
}

fn new_entries(place: &Place, team: Team) -> Vec<Entry> {
    Log::of(&mut place.raw(), team.organization)
        .parsed()
        .split_off(4)
}

/// The name and the count of each event, oldest first.
fn names_and_counts(store: &Store, team: Team) -> Vec<(Option<String>, Option<u64>)> {
    let all = Query {
        order: Order::Oldest,
        limit: 1000,
        ..Query::default()
    };
    let page = store.read(|rx| rx.events(team.organization, &all));
    let events = page.expect("read").events.split_off(4);
    events
        .into_iter()
        .map(|event| {
            let count = event.entry.facts.map(|facts| facts["count"].as_u64());
            (event.target_name, count.flatten())
        })
        .collect()
}

fn close(store: &Store) -> u64 {
    store.upkeep(Upkeep::CloseRefusals).wait().expect("closed")
}

#[test]
fn ten_thousand_refusals_of_the_same_are_two_entries() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        refused(&store, team, many(&place) / 2, always);
        place.clock.advance(Micros::SECOND);
        refused(&store, team, many(&place) / 2, always);
        assert_eq!(new_entries(&place, team).len(), 1);
        assert_eq!(close(&store), 0, "the series is open");
        place.clock.advance(600 * Micros::SECOND);
        assert_eq!(close(&store), 1);
        let entries = new_entries(&place, team);
        assert_eq!(entries.len(), 2);
        for entry in &entries {
            assert_eq!(
                (entry.action.as_str(), entry.outcome.as_str()),
                ("created", "failed")
            );
            assert_eq!(entry.code.as_deref(), Some("in_use"));
            assert_eq!(entry.target.id.as_deref(), Some("the same"));
            assert_eq!(entry.actor.id, Some(team.admin.to_string()));
            assert_eq!(entry.actor.token, Some(team.token.to_string()));
            assert_eq!(entry.workspace, Some(team.workspace.to_string()));
        }
        assert_eq!(entries[0].facts, None);
        let told: Value = json!({ "count": many(&place), "first": START.rfc3339(), "last": START.plus(Micros::SECOND).rfc3339() });
        assert_eq!(entries[1].facts, Some(told));
        // The thing has no row, as when it is gone: it is called what it was called when the series began.
        let newest = Query {
            order: Order::Newest,
            limit: 1,
            ..Query::default()
        };
        let page = store.read(|rx| rx.events(team.organization, &newest));
        let event = page.expect("read").events.remove(0);
        assert_eq!(event.target_name.as_deref(), Some("Web app"));
        assert_eq!(place.raw().table("refusals").len(), 0);
    });
}

#[test]
fn thousands_of_refusals_of_different_things_in_a_minute_are_sixty_and_a_summary() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        refused(&store, team, 2_000, each);
        assert_eq!(new_entries(&place, team).len(), 60);
        place.clock.advance(60 * Micros::SECOND);
        assert_eq!(close(&store), 1);
        let entries = new_entries(&place, team);
        assert_eq!(entries.len(), 61);
        let summary = &entries[60];
        assert_eq!(
            (summary.target.r#type.as_str(), summary.action.as_str()),
            ("user", "refusals_summarized")
        );
        assert_eq!(
            summary.target.id,
            Some(team.admin.to_string()),
            "it is about the actor"
        );
        assert_eq!(
            summary.facts.as_ref().map(|facts| facts["count"].clone()),
            Some(json!(1_940))
        );
        // A series of one says nothing more when it is closed.
        place.clock.advance(600 * Micros::SECOND);
        assert_eq!(close(&store), 60);
        assert_eq!(new_entries(&place, team).len(), 61);
    });
}

#[test]
fn refusals_to_make_different_things_are_told_apart_by_their_names() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let names = ["Web", "App", "Till"];
        refused_to_be(&store, team, 7, |number| names[number % 3].to_owned());
        let named = |name: &str, count| (Some(name.to_owned()), count);
        let told = names.map(|name| named(name, None));
        assert_eq!(names_and_counts(&store, team), told);
        place.clock.advance(600 * Micros::SECOND);
        assert_eq!(close(&store), 3);
        // Those of one moment are closed in any order.
        let mut closed = names_and_counts(&store, team).split_off(3);
        closed.sort();
        assert_eq!(
            closed,
            [
                named("App", Some(2)),
                named("Till", Some(2)),
                named("Web", Some(3))
            ]
        );
        let entries = new_entries(&place, team);
        assert!(entries.iter().all(|entry| entry.target.id.is_none()));
    });
}

#[test]
fn names_that_somebody_invents_are_counted_together_beyond_the_first_twenty() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        // In several minutes, so that what one may open in a minute is not what ends it.
        for minute in 0..5 {
            refused_to_be(&store, team, 100, |number| format!("{minute} {number}"));
            place.clock.advance(60 * Micros::SECOND);
            close(&store);
        }
        let told = names_and_counts(&store, team);
        assert_eq!(told.len(), 21, "twenty, and the first of all others");
        assert_eq!(told[20], (Some("0 20".to_owned()), None));
        assert_eq!(place.raw().table("refusals").len(), 21);
        place.clock.advance(600 * Micros::SECOND);
        assert_eq!(close(&store), 21);
        let told = names_and_counts(&store, team);
        assert_eq!(told[21..], [(None, Some(480))]);
    });
}

#[test]
fn a_refusal_alone_is_one_entry() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        refused(&store, team, 1, always);
        place.clock.advance(600 * Micros::SECOND);
        assert_eq!(close(&store), 1);
        assert_eq!(new_entries(&place, team).len(), 1);
    });
}

#[test]
fn the_next_refusal_after_ten_minutes_closes_the_series_and_opens_another() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        refused(&store, team, 3, always);
        place.clock.advance(600 * Micros::SECOND);
        refused(&store, team, 1, always);
        let counts: Vec<_> = new_entries(&place, team)
            .into_iter()
            .map(|entry| entry.facts.map(|facts| facts["count"].clone()))
            .collect();
        assert_eq!(counts, [None, Some(json!(3)), None]);
    });
}

#[test]
fn a_restart_and_another_process_go_on_with_an_open_series() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        refused(&store, team, 10, always);
        drop(store);
        let (one, two) = (place.open(), place.open());
        refused(&one, team, 10, always);
        refused(&two, team, 10, always);
        assert_eq!(new_entries(&place, team).len(), 1);
        place.clock.advance(600 * Micros::SECOND);
        close(&two);
        let last = new_entries(&place, team)
            .pop()
            .and_then(|entry| entry.facts);
        assert_eq!(last.map(|facts| facts["count"].clone()), Some(json!(30)));
    });
}

#[test]
fn two_processes_that_close_a_series_at_once_give_one_event() {
    on_both(|place| {
        let stores: Vec<Store> = (0..4).map(|_| place.open()).collect();
        let teams: Vec<Team> = (0..3)
            .map(|n| team(&stores[0], &format!("Team {n}")))
            .collect();
        for team in &teams {
            refused(&stores[0], *team, 100, |number| {
                format!("target {}", number % 20)
            });
        }
        place.clock.advance(600 * Micros::SECOND);
        let closed: u64 = std::thread::scope(|scope| {
            let closing: Vec<_> = stores
                .iter()
                .map(|store| scope.spawn(|| close(store)))
                .collect();
            closing
                .into_iter()
                .map(|one| one.join().expect("closed"))
                .sum()
        });
        assert_eq!(closed, 60);
        for team in teams {
            assert_eq!(new_entries(&place, team).len(), 40);
        }
    });
}

#[test]
fn no_change_is_lost_among_refusals() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        std::thread::scope(|scope| {
            scope.spawn(|| refused(&store, team, 500, each));
            scope.spawn(|| (0..50).for_each(|n| drop(create(&store, team, &n.to_string()))));
        });
        assert_eq!(place.raw().table("sources").len(), 50);
        let told = Log::of(&mut place.raw(), team.organization).told_from(4);
        assert_eq!(
            told.iter().filter(|one| one.ends_with("success")).count(),
            50
        );
        assert_eq!(told.len(), 110);
    });
}

#[test]
fn refusals_of_one_actor_do_not_hide_those_of_another() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        refused(&store, team, 100, each);
        let action = Script::about(
            store::Scope::Organization(team.organization),
            team.admin,
            |_| Err(Error::failed("wrong_password", "wrong")),
        );
        let _ = store
            .perform(Actor::Anonymous, origin(&store), action)
            .wait();
        let last = new_entries(&place, team).pop().expect("an entry");
        assert_eq!(
            (last.actor.r#type.as_str(), last.code.as_deref()),
            ("anonymous", Some("wrong_password"))
        );
    });
}

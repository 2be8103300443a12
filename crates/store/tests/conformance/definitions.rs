//! What an organization has taken in of the types of sources and destinations.

use model::catalogue;
use model::definition::{Definitions, Kind, Origin, Secrecy, Taken};
use model::id::RevisionId;
use model::things::Source;
use serde_json::{Value, json};
use store::{Done, Error, Fact, Order, Query, Store, Tx};

use crate::support::{Log, Place, Script, Team, on_both, origin, source, team};

fn taken(tx: &Tx<'_>, name: &str, secret: &[&str]) -> Taken {
    let body =
        json!({ "name": name, "displayName": "A thing", "config": { "secretKeys": secret } });
    let id = tx.new_id(RevisionId::new).to_string();
    let about = (id, Origin::Manual);
    Taken::parse(Kind::Source, about, &body.to_string(), (tx.at, tx.at)).expect("a definition")
}

/// Takes a definition in, in place of the one of its name.
fn put(store: &Store, team: Team, name: &'static str, secret: &'static [&'static str]) {
    let action = Script::new(&team, move |tx| {
        let before = tx.taken_definition(team.organization, Kind::Source, name)?;
        let after = taken(tx, name, secret);
        let made = tx.put_definition(team.organization, before.as_ref(), &after)?;
        let fact = Fact::new(catalogue::DEFINITION_IMPORTED, &made);
        Ok(Done::new((), vec![fact]))
    });
    let done = store.perform(team.actor(), origin(store), action).wait();
    assert_eq!(done.expect("taken in").entries.len(), 1, "an event");
}

/// The secret keys of a type in an organization; none where it has no definition.
fn secret(store: &Store, team: Team, name: &str) -> Option<Vec<String>> {
    let found = store.read(|rx| {
        let all = rx.definitions(team.organization)?;
        Ok(all.find(Kind::Source, name).cloned())
    });
    found
        .expect("read")
        .map(|one| one.secret_keys.unwrap_or_default())
}

#[test]
fn an_organization_lays_its_definitions_over_ours_and_no_other_sees_them() {
    on_both(|place| {
        let store = place.open();
        let (one, other) = (team(&store, "Fernhill"), team(&store, "Ashgrove"));
        put(&store, one, "kettle", &["steam"]);
        put(&store, one, "HTTP", &["key"]);
        assert_eq!(
            secret(&store, one, "kettle"),
            Some(vec!["steam".to_owned()])
        );
        assert_eq!(secret(&store, one, "HTTP"), Some(vec!["key".to_owned()]));
        assert_eq!(
            secret(&store, one, "Javascript"),
            Some(Vec::new()),
            "ours is below"
        );
        assert_eq!(secret(&store, other, "kettle"), None);
        assert_eq!(secret(&store, other, "HTTP"), Some(Vec::new()));
    });
}

#[test]
fn a_process_never_goes_by_what_another_has_changed() {
    on_both(|place: Place| {
        let (here, there) = (place.open(), place.open());
        let team = team(&here, "Fernhill");
        put(&here, team, "kettle", &["steam"]);
        assert_eq!(
            secret(&there, team, "kettle"),
            Some(vec!["steam".to_owned()])
        );
        put(&there, team, "kettle", &["steam", "heat"]);
        let both = Some(vec!["steam".to_owned(), "heat".to_owned()]);
        assert_eq!(secret(&here, team, "kettle"), both);
        // Nor does a change, which is sealed by them.
        let told = change(&here, team, "kettle");
        assert!(
            !told.contains("hidden-steam") && !told.contains("hidden-heat"),
            "{told}"
        );
        assert!(told.contains("open-colour"), "{told}");
    });
}

/// Creates a source of a type with three settings, and gives all that its event tells of them.
fn change(store: &Store, team: Team, kind: &'static str) -> String {
    let action = Script::new(&team, move |tx| {
        let one = Source {
            kind: kind.to_owned(),
            config:
                json!({ "steam": "hidden-steam", "heat": "hidden-heat", "colour": "open-colour" })
                    .into(),
            ..source(tx, team.workspace, "a source")
        };
        let made = tx.insert_source(&one)?;
        Ok(Done::new(
            (),
            vec![Fact::new(catalogue::SOURCE_CREATED, &made)],
        ))
    });
    let done = store.perform(team.actor(), origin(store), action).wait();
    let _ = done.expect("created");
    newest(store, team).to_string()
}

/// The changes of the newest event.
fn newest(store: &Store, team: Team) -> Value {
    let query = Query {
        limit: 1,
        order: Order::Newest,
        ..Query::default()
    };
    let page = store.read(|rx| rx.events(team.organization, &query));
    let page = page.expect("read");
    page.events[0]
        .changes
        .iter()
        .map(model::change::Change::to_json)
        .collect()
}

#[test]
fn a_change_that_was_rolled_back_is_not_remembered() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let action = Script::new(&team, move |tx| {
            let made = tx.put_definition(team.organization, None, &taken(tx, "kettle", &[]))?;
            let here = tx.definitions(team.organization)?;
            assert!(
                here.find(Kind::Source, "kettle").is_some(),
                "seen by the change itself"
            );
            drop(made);
            Err(Error::failed("in_use", "it is in use"))
        });
        let refused = store.perform(team.actor(), origin(&store), action).wait();
        assert!(matches!(refused, Err(Error::Failed { .. })));
        assert_eq!(secret(&store, team, "kettle"), None);
    });
}

#[test]
fn an_import_is_one_event_that_says_what_changed_by_name() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        put(&store, team, "kettle", &["steam"]);
        let before = Log::of(&mut place.raw(), team.organization).size;
        let action = Script::new(&team, move |tx| {
            let old = tx.taken_definition(team.organization, Kind::Source, "kettle")?;
            let all = [
                (old, taken(tx, "kettle", &["steam", "heat"])),
                (None, taken(tx, "toaster", &[])),
            ];
            let made = tx.put_definitions(team.organization, &all)?;
            let fact = Fact::new(catalogue::DEFINITION_IMPORTED, &made);
            Ok(Done::new((), vec![fact]))
        });
        let done = store.perform(team.actor(), origin(&store), action).wait();
        let _ = done.expect("imported");
        assert_eq!(
            Log::of(&mut place.raw(), team.organization).size,
            before + 1
        );
        let told = newest(&store, team);
        let paths: Vec<&str> = told
            .as_array()
            .expect("changes")
            .iter()
            .filter_map(|one| one["path"].as_str())
            .collect();
        assert_eq!(
            paths,
            [
                "source.kettle.secretKeys",
                "source.toaster.secretKeys",
                "source.toaster.sha256"
            ]
        );
        assert_eq!(told[0]["after"], json!(["steam", "heat"]));
        // All of it goes again with the definition.
        let action = Script::new(&team, move |tx| {
            let old = tx.taken_definition(team.organization, Kind::Source, "kettle")?;
            let old = old.ok_or(Error::NotFound("definition"))?;
            let gone = tx.delete_definition(team.organization, &old)?;
            Ok(Done::new(
                (),
                vec![Fact::new(catalogue::DEFINITION_DELETED, &gone)],
            ))
        });
        let done = store.perform(team.actor(), origin(&store), action).wait();
        let _ = done.expect("deleted");
        assert_eq!(secret(&store, team, "kettle"), None);
    });
}

#[test]
fn what_ours_holds_secret_stays_so_under_another_definition() {
    let own = Definitions::own();
    let body = json!({ "name": "WEBHOOK", "config": { "secretKeys": ["token"] } }).to_string();
    let moment = model::clock::Micros(0);
    let about = ("id".to_owned(), Origin::Imported);
    let webhook = Taken::parse(Kind::Destination, about, &body, (moment, moment)).expect("parsed");
    let all = own.with(vec![webhook]);
    let one = all.find(Kind::Destination, "WEBHOOK").expect("there");
    assert_eq!(
        one.secret_keys.as_deref(),
        Some(&["headers.to".to_owned(), "token".to_owned()][..])
    );
    assert_eq!(one.redact_keys, ["webhookUrl"]);
    assert!(matches!(Secrecy::of(Some(one)), Secrecy::Known(_)));
}

//! What is in clear for ever holds nothing of a person, and what is sealed is what the entry commits to.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use model::actor::{Actor, Origin};
use model::catalogue;
use model::clock::{Entropy, SystemEntropy};
use model::id::{RequestId, SessionId};
use model::interface::Interface;
use model::things::Source;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use store::{Done, Fact, Options, Order, Query, Store};

use crate::support::{
    Cell, Kind, Log, Place, Script, create, data_keys, logs, on_both, sign_in, source, team, unseal,
};

const SECRET: &str = "sk-live-do-not-tell";
const PERSONAL: [&str; 5] = [
    "Ada Lovelace",
    "ada@",
    "203.0.113.77",
    "Mozilla/5.0",
    "client-said-7",
];

fn origin(store: &Store) -> Origin {
    Origin {
        request: RequestId::new(store.clock(), store.entropy()),
        ip: Some("203.0.113.77".parse::<IpAddr>().expect("an address")),
        user_agent: Some("Mozilla/5.0 (X11)".to_owned()),
        interface: Interface::Api,
        client_request: Some("client-said-7".to_owned()),
    }
}

/// A day in the life of an organization, with everything that must not be told.
fn live(store: &Store) -> crate::support::Team {
    let team = team(store, "Fernhill");
    let session = SessionId::new(store.clock(), store.entropy());
    let _ = store
        .perform(
            Actor::Anonymous,
            origin(store),
            sign_in(team.admin, session),
        )
        .wait()
        .expect("signed in");
    let actor = Actor::User {
        user: team.admin,
        session,
    };
    let made = Arc::new(Mutex::new(None));
    let keep = made.clone();
    let action = Script::new(&team, move |tx| {
        let source = Source {
            config: json!({ "apiSecret": SECRET, "size": 7 }).into(),
            ..source(tx, team.workspace, "Web app")
        };
        let row = tx.insert_source(&source)?;
        *keep.lock().expect("no panic") = Some(source);
        Ok(Done::new(
            (),
            vec![
                Fact::new(catalogue::SOURCE_CREATED, &row)
                    .detail(json!({ "reason": "asked by Ada Lovelace" })),
            ],
        ))
    });
    let _ = store
        .perform(actor, origin(store), action)
        .wait()
        .expect("created");
    let before = made.lock().expect("no panic").take().expect("made");
    let action = Script::new(&team, move |tx| {
        let after = Source {
            config: json!({ "apiSecret": format!("{SECRET}-2") }).into(),
            ..before.clone()
        };
        let row = tx.update_source(&after)?;
        Ok(Done::new(
            (),
            vec![Fact::new(catalogue::SOURCE_UPDATED, &row)],
        ))
    });
    let _ = store
        .perform(actor, origin(store), action)
        .wait()
        .expect("updated");
    let action = Script::new(&team, |_| {
        Err(store::Error::failed("in_use", "it is in use"))
    });
    let _ = store
        .perform(actor, origin(store), action)
        .wait()
        .expect_err("refused");
    team
}

/// Everything that the database has written: the files of SQLite; every column of every table, and the files, of PostgreSQL.
fn everything(place: &Place) -> Vec<u8> {
    let mut all = Vec::new();
    match place.kind {
        Kind::Sqlite => {
            for file in std::fs::read_dir(place.folder.path()).expect("a folder") {
                let path = file.expect("a file").path();
                if path.file_name() != Some("annals.keys".as_ref()) {
                    all.extend(std::fs::read(path).expect("bytes"));
                }
            }
        }
        Kind::Postgres => {
            let mut raw = place.raw();
            for table in raw.tables() {
                for cell in raw.table(&table).into_iter().flatten() {
                    match cell {
                        Cell::Text(text) => all.extend(text.into_bytes()),
                        Cell::Blob(bytes) => all.extend(bytes),
                        Cell::Null | Cell::Int(_) => {}
                    }
                    all.push(b'\n');
                }
            }
        }
    }
    all
}

fn holds(all: &[u8], wanted: &[u8]) -> bool {
    all.windows(wanted.len()).any(|window| window == wanted)
}

#[test]
fn nothing_of_a_person_and_no_secret_is_in_clear_anywhere() {
    on_both(|place| {
        let store = place.open();
        let _ = live(&store);
        while store.upkeep(store::Upkeep::Index).wait().expect("indexed") > 0 {}
        let all = everything(&place);
        assert!(
            holds(&all, b"Fernhill"),
            "what is searched is what was written"
        );
        for word in PERSONAL.into_iter().chain([SECRET]) {
            assert!(!holds(&all, word.as_bytes()), "{word} is in clear");
            assert!(
                !holds(&all, word.to_lowercase().as_bytes()),
                "{word} is in clear"
            );
        }
    });
}

#[test]
fn an_entry_holds_nothing_that_a_person_typed() {
    on_both(|place| {
        let store = place.open();
        let _ = live(&store);
        for log in logs(&mut place.raw()) {
            for entry in &log.entries {
                for word in PERSONAL.into_iter().chain([
                    SECRET,
                    "Web app",
                    "Fernhill",
                    "apiSecret",
                    "asked by",
                ]) {
                    assert!(!holds(entry, word.as_bytes()), "{word} is in an entry");
                }
            }
        }
    });
}

#[test]
fn every_commitment_is_that_of_its_sealed_disclosure() {
    on_both(|place| {
        let store = place.open();
        let team = live(&store);
        let keys = data_keys(&place);
        let log = Log::of(&mut place.raw(), team.organization);
        assert_eq!(log.size, 8);
        let mut salts = BTreeSet::new();
        for (sequence, entry) in log.parsed().into_iter().enumerate() {
            let parts = unseal(&keys, &log, sequence);
            let mut committed = entry.parts.clone();
            for (index, commitment) in entry.changes.iter().enumerate() {
                committed.insert(format!("changes/{index}"), commitment.clone());
            }
            assert_eq!(
                parts.keys().collect::<Vec<_>>(),
                committed.keys().collect::<Vec<_>>()
            );
            for (name, part) in parts {
                let hash = Sha256::new()
                    .chain_update("annals.part.v1\n")
                    .chain_update(&part.disclosure)
                    .finalize();
                assert_eq!(BASE64.encode(hash), committed[&name]);
                let (salt, event, of, _): (String, String, String, Value) =
                    serde_json::from_str(&part.disclosure).expect("a disclosure");
                assert_eq!((event, of), (entry.id.clone(), name.clone()));
                assert!(salts.insert(salt), "a salt was used twice");
                // Whose key it is stands in the entry, unless it is the actor's or the target's own.
                let own = if name == "actor" || name == "origin" {
                    &entry.actor.id
                } else {
                    &entry.target.id
                };
                let told = entry.subjects.get(&name).or(own.as_ref());
                assert_eq!(told, Some(&part.subject), "{name} of {sequence}");
                let named = entry.subjects.get(&name);
                assert!(named.is_none_or(|named| Some(named) != own.as_ref()));
            }
        }
    });
}

#[test]
fn a_part_is_sealed_with_the_key_of_whom_it_is_about() {
    on_both(|place| {
        let store = place.open();
        let team = live(&store);
        let keys = data_keys(&place);
        let log = Log::of(&mut place.raw(), team.organization);
        let (admin, workspace, organization) = (
            team.admin.to_string(),
            team.workspace.to_string(),
            team.organization.to_string(),
        );
        let subjects = |sequence: usize| {
            let parts = unseal(&keys, &log, sequence);
            ["actor", "target"].map(|name| parts[name].subject.clone())
        };
        assert_eq!(
            subjects(0),
            [&organization, &organization].map(Clone::clone),
            "the system makes an organization"
        );
        assert_eq!(
            subjects(1),
            [&organization, &workspace].map(Clone::clone),
            "the system makes a workspace"
        );
        assert_eq!(
            subjects(2),
            [&admin, &admin].map(Clone::clone),
            "the system adds a person"
        );
        assert_eq!(
            subjects(4),
            [&admin, &admin].map(Clone::clone),
            "somebody signs in as a person"
        );
        assert_eq!(
            subjects(5),
            [&admin, &workspace].map(Clone::clone),
            "a person makes a source"
        );
        assert_eq!(
            subjects(7),
            [&admin, &workspace].map(Clone::clone),
            "a person is refused"
        );
    });
}

/// Remembers all that it gave.
#[derive(Default)]
struct Remembers(Mutex<Vec<Vec<u8>>>);

impl Entropy for Remembers {
    fn fill(&self, bytes: &mut [u8]) {
        SystemEntropy.fill(bytes);
        self.0.lock().expect("no panic").push(bytes.to_vec());
    }
}

#[test]
fn what_the_salts_were_made_of_is_stored_nowhere() {
    on_both(|place| {
        let entropy = Arc::new(Remembers::default());
        let store = Store::open(Options {
            entropy: entropy.clone(),
            ..place.options()
        })
        .expect("a store");
        let team = live(&store);
        let keys = data_keys(&place);
        let log = Log::of(&mut place.raw(), team.organization);
        let all = everything(&place);
        let given = entropy.0.lock().expect("no panic");
        let mut found = 0;
        for sequence in 0..log.entries.len() {
            for (name, part) in unseal(&keys, &log, sequence) {
                let (salt, ..): (String, String, String, Value) =
                    serde_json::from_str(&part.disclosure).expect("a disclosure");
                let k = given
                    .iter()
                    .filter(|bytes| bytes.len() == 32)
                    .find(|k| {
                        let mac = Hmac::<Sha256>::new_from_slice(k)
                            .expect("a key")
                            .chain_update(name.as_bytes());
                        BASE64.encode(mac.finalize().into_bytes()) == salt
                    })
                    .expect("every salt comes from a k");
                found += 1;
                let hex = k
                    .iter()
                    .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
                for form in [&k[..], hex.as_bytes(), BASE64.encode(k).as_bytes()] {
                    assert!(!holds(&all, form));
                }
            }
        }
        assert!(found > 20);
    });
}

#[test]
fn an_update_of_hundreds_of_keys_is_one_entry_of_at_most_64_changes() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let made = create(&store, team, "Web app");
        let config: Map<String, Value> =
            (0..700).map(|n| (format!("key{n:03}"), json!(n))).collect();
        let action = Script::new(&team, move |tx| {
            let after = Source {
                config: Value::from(config.clone()).into(),
                ..made.clone()
            };
            let row = tx.update_source(&after)?;
            Ok(Done::new(
                (),
                vec![Fact::new(catalogue::SOURCE_UPDATED, &row)],
            ))
        });
        let _ = store
            .perform(team.actor(), origin(&store), action)
            .wait()
            .expect("updated");
        let log = Log::of(&mut place.raw(), team.organization);
        assert_eq!(log.parsed()[5].changes.len(), 64);
        assert!(log.entries[5].len() <= 65_535);
        let rest = &unseal(&data_keys(&place), &log, 5)["changes/63"].disclosure;
        assert!(rest.contains("\"rest\""));
        let query = Query {
            limit: 1,
            order: Order::Newest,
            ..Query::default()
        };
        let page = store
            .read(|rx| rx.events(team.organization, &query))
            .expect("read");
        assert!(page.events[0].changes.len() >= 700);
    });
}

#[test]
fn the_place_that_is_searched_is_the_place_that_is_written() {
    let place = Place::new(Kind::Sqlite);
    let store = place.open();
    let _ = live(&store);
    assert!(
        Path::new(&place.folder.path().join("annals.db-wal")).exists(),
        "the write-ahead log is searched too"
    );
}

//! Bookkeeping: the list is closed, and each kind writes its own tables and no others.

use std::collections::BTreeMap;

use model::actor::Actor;
use model::clock::Micros;
use model::id::SessionId;
use model::part::PartName;
use store::{Error, Letter, NewChallenge, SetUpLink, Signed, Upkeep, Watch, Watchable, Way};

use crate::support::{
    Cell, Kind, Log, Place, START, Script, create, erase_part, on_both, origin, sign_in, team,
};

/// The whole list; whoever adds to it has to add here what it writes.
fn writes(upkeep: &Upkeep) -> &'static [&'static str] {
    match upkeep {
        Upkeep::Index => &[
            "index_reached",
            "index_events",
            "index_things",
            "index_counts",
        ],
        Upkeep::KeepTiles => &["tiles", "tiles_reached"],
        Upkeep::Publish(_) => &["checkpoints"],
        Upkeep::Purge => &["entries.parts", "erasures"],
        Upkeep::Scrub => &["erasures"],
        Upkeep::CloseRefusals => &["refusals", "entries", "logs"],
        Upkeep::UsedToken(_) => &["tokens.used_at"],
        Upkeep::UsedSession(_) => &["sessions.used_at"],
        Upkeep::Expire => &[
            "sessions",
            "challenges",
            "attempts",
            "watches",
            "logs.config_changes",
            "who_acts",
        ],
        Upkeep::Watch(_) => &["watches", "logs.config_changes"],
        Upkeep::Challenge(_) => &["challenges", "outbox", "data_keys", "who_acts"],
        Upkeep::Tell(_) => &["outbox", "data_keys", "who_acts"],
        Upkeep::TakeChallenge(_) => &["challenges"],
        Upkeep::Rehearse => &[],
        Upkeep::Attempt(..) | Upkeep::Forgive(_) | Upkeep::GiveBack(_) => &["attempts"],
        Upkeep::SendsMail(_) => &["instance.sends_mail"],
        Upkeep::ClaimMessage(_) => &["outbox"],
        Upkeep::Delivered(_) | Upkeep::NotDelivered(_) | Upkeep::GiveUp(_) => {
            &["outbox", "invitations.delivery", "challenges.delivery"]
        }
        Upkeep::OfferSetUp(_) => &["instance.link_hash", "instance.link_expires_at"],
    }
}

/// Every column of every table, as `table.column`.
fn all(place: &Place) -> BTreeMap<String, Vec<Cell>> {
    let mut raw = place.raw();
    let mut columns = BTreeMap::new();
    for table in raw.tables() {
        let names = match place.kind {
            crate::support::Kind::Sqlite => {
                format!("SELECT name FROM pragma_table_info('{table}')")
            }
            crate::support::Kind::Postgres => format!(
                "SELECT CAST(column_name AS TEXT) FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '{table}'"
            ),
        };
        for name in raw.rows(&names) {
            let name = name[0].text();
            let rows = raw.rows(&format!("SELECT {name} FROM {table}"));
            let mut cells: Vec<Cell> = rows.into_iter().flatten().collect();
            cells.sort();
            columns.insert(format!("{table}.{name}"), cells);
        }
    }
    columns
}

#[test]
fn each_kind_of_bookkeeping_writes_only_what_the_list_says() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        for number in 0..260 {
            let _ = create(&store, team, &format!("Web app {number}"));
        }
        let log = store
            .read(|rx| rx.organization_log(team.organization))
            .expect("a log");
        let signed = Signed {
            log: log.id,
            size: 1,
            root: tlog::EMPTY_ROOT,
            note: "a note".to_owned(),
            last: 0,
        };
        let event = Log::of(&mut place.raw(), team.organization).parsed()[3]
            .id
            .clone();
        let event = event.parse().expect("an id");
        assert!(erase_part(&store, team, event, PartName::TARGET));
        let session = SessionId::new(store.clock(), store.entropy());
        let _ = store
            .perform(
                Actor::Anonymous,
                origin(&store),
                sign_in(team.admin, session),
            )
            .wait()
            .expect("signed in");
        for _ in 0..2 {
            let action = Script::new(&team, |_| Err(Error::failed("in_use", "it is in use")));
            let _ = store.perform(team.actor(), origin(&store), action).wait();
        }
        place.clock.advance(3600 * Micros::SECOND);
        let watch = Watch {
            workspace: team.workspace,
            kind: Watchable::Source,
            thing: "a source".to_owned(),
        };
        let link = SetUpLink {
            hash: [7; 32],
            expires_at: START.plus(9_999 * Micros::SECOND),
        };
        let challenge = NewChallenge {
            hash: [9; 32],
            kind: "reset",
            user: Some(team.admin),
            payload: b"a state".to_vec().into(),
            lasts: Micros::DAY,
        };
        let letter = Letter {
            to: "ada@example.com".to_owned(),
            subject: "A link".to_owned(),
            text: "https://annals.example.com/reset?token=secret".to_owned(),
            by: None,
        };
        for number in 0..3 {
            let new = NewChallenge {
                hash: [number; 32],
                ..challenge.clone()
            };
            let kept = Upkeep::Challenge(Box::new((new, Some((Way::Mail, letter.clone())))));
            let _ = store.upkeep(kept).wait().expect("kept");
        }
        let messages = store
            .read(|rx| rx.due_messages(Way::Mail, 10))
            .expect("read");
        assert_eq!(messages.len(), 3);
        assert_eq!(messages[0].letter.as_ref(), Some(&letter));
        let ids: Vec<_> = messages.iter().map(|message| message.id).collect();
        for upkeep in [
            Upkeep::Challenge(Box::new((challenge, Some((Way::Mail, letter.clone()))))),
            Upkeep::Tell(Box::new((team.admin, letter))),
            Upkeep::Rehearse,
            Upkeep::TakeChallenge([1; 32]),
            Upkeep::Attempt(vec![("sign-in".to_owned(), 0)], Micros::DAY),
            Upkeep::GiveBack(vec!["sign-in".to_owned()]),
            Upkeep::Forgive("sign-in".to_owned()),
            Upkeep::SendsMail(true),
            Upkeep::ClaimMessage(ids[0]),
            Upkeep::NotDelivered(ids[0]),
            Upkeep::Delivered(ids[1]),
            Upkeep::GiveUp(ids[2]),
            Upkeep::Index,
            Upkeep::KeepTiles,
            Upkeep::Purge,
            Upkeep::Scrub,
            Upkeep::Publish(vec![signed]),
            Upkeep::CloseRefusals,
            Upkeep::UsedToken(team.token),
            Upkeep::UsedSession(session),
            Upkeep::OfferSetUp(link),
            Upkeep::Watch(watch),
            Upkeep::Expire,
        ] {
            let before = all(&place);
            assert!(
                store.upkeep(upkeep.clone()).wait().expect("kept") > 0,
                "{upkeep:?} had something to do"
            );
            let after = all(&place);
            let list = writes(&upkeep);
            assert_eq!(list, upkeep.tables());
            let mut written = 0;
            for (column, cells) in &before {
                if after[column] != *cells {
                    let table = column.split('.').next().expect("a table");
                    assert!(
                        list.contains(&table) || list.contains(&column.as_str()),
                        "{upkeep:?} wrote {column}"
                    );
                    written += 1;
                }
            }
            assert_eq!(written > 0, !list.is_empty(), "{upkeep:?} wrote nothing");
        }
    });
}

#[test]
fn the_last_use_is_kept_to_the_minute() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let used = || {
            store
                .upkeep(Upkeep::UsedToken(team.token))
                .wait()
                .expect("kept")
        };
        assert_eq!((used(), used()), (1, 0));
        place.clock.advance(59 * Micros::SECOND);
        assert_eq!(used(), 0);
        place.clock.advance(2 * Micros::SECOND);
        assert_eq!(used(), 1);
        let at = store.read(|rx| rx.token_used_at(team.token)).expect("read");
        assert_eq!(at, Some(START.plus(61 * Micros::SECOND)));
    });
}

#[test]
fn a_set_up_link_is_offered_only_until_the_instance_is_set_up() {
    on_both(|place| {
        let store = place.open();
        let link = SetUpLink {
            hash: [7; 32],
            expires_at: START.plus(60 * Micros::SECOND),
        };
        let is_good = |hash: [u8; 32]| store.read(|rx| rx.is_set_up_link(&hash)).expect("read");
        assert_eq!(
            store.upkeep(Upkeep::OfferSetUp(link)).wait().expect("kept"),
            1
        );
        assert!(is_good([7; 32]) && !is_good([8; 32]));
        place.clock.advance(60 * Micros::SECOND);
        assert!(!is_good([7; 32]), "it has ended");
        place.raw().must("UPDATE instance SET set_up_at = 1");
        assert_eq!(
            store.upkeep(Upkeep::OfferSetUp(link)).wait().expect("kept"),
            0
        );
    });
}

#[test]
fn a_switch_is_thrown_once_for_all_who_look_and_again_when_nobody_has_for_a_while() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let state = || {
            let state = store.read(|rx| {
                let all = rx.data_planes()?;
                Ok((all[0].changed_at, rx.watched(team.workspace)?.things.len()))
            });
            state.expect("read")
        };
        let look = |thing: &str| {
            let watch = Watch {
                workspace: team.workspace,
                kind: Watchable::Destination,
                thing: thing.to_owned(),
            };
            let _ = store.upkeep(Upkeep::Watch(watch)).wait().expect("kept");
            let _ = store.upkeep(Upkeep::Expire).wait().expect("kept");
            state()
        };
        let minutes = |number: i64| place.clock.advance(number * 60 * Micros::SECOND);
        let (before, none) = state();
        assert_eq!(none, 0);
        let (on, one) = look("a");
        assert!(on > before && one == 1, "data planes are told");
        minutes(4);
        assert_eq!(look("a"), (on, 1), "nothing new for them");
        minutes(4);
        assert_eq!(look("a"), (on, 1), "it was looked at in between");
        let (other, two) = look("b");
        assert!(other > on && two == 2);
        minutes(4);
        assert_eq!(look("b"), (other, 2));
        minutes(2);
        let _ = store.upkeep(Upkeep::Expire).wait().expect("kept");
        let (off, left) = state();
        assert!(off > other && left == 1, "the one is over");
        minutes(6);
        let _ = store.upkeep(Upkeep::Expire).wait().expect("kept");
        assert_eq!(state().1, 0);
        let log = store.read(|rx| rx.organization_log(team.organization));
        let size = log.expect("a log").size;
        let _ = look("c");
        let log = store.read(|rx| rx.organization_log(team.organization));
        assert_eq!(log.expect("a log").size, size, "looking is no event");
    });
}

#[test]
fn the_moment_of_a_configuration_grows_whichever_process_changes_it_or_looks() {
    on_both(|place| {
        let stores = [place.open(), place.open()];
        let team = team(&stores[0], "Fernhill");
        // The clock stands still, and both processes remember what they wrote last.
        let mut last = 0;
        for number in 0..12 {
            let store = &stores[number % 2];
            if (4..8).contains(&number) {
                let watch = Watch {
                    workspace: team.workspace,
                    kind: Watchable::Source,
                    thing: number.to_string(),
                };
                let made = store.upkeep(Upkeep::Watch(watch)).wait().expect("kept");
                assert_eq!(made, 1);
            } else {
                let _ = create(store, team, &format!("Web app {number}"));
            }
            let told = stores.each_ref().map(|store| {
                let all = store.read(|rx| rx.data_planes()).expect("read");
                all[0].changed_at
            });
            assert!(told[0] > last, "change {number}: {told:?} after {last}");
            assert_eq!(told[0], told[1]);
            last = told[0];
        }
    });
}

#[test]
fn what_data_planes_were_told_before_the_moments_stood_in_the_log_still_holds() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let _ = create(&store, team, "Web app");
        drop(store);
        // As the version before had it: a row for each workspace, here with a moment in the far future.
        let mut raw = place.raw();
        for sql in [
            "CREATE TABLE config_changes (workspace_id TEXT PRIMARY KEY, at BIGINT NOT NULL)",
            "INSERT INTO config_changes (workspace_id, at) SELECT id, 7000000000000 FROM workspaces",
            "ALTER TABLE logs DROP COLUMN config_changes",
            // And the step from there, alone: those that came after it have been taken.
            match place.kind {
                Kind::Sqlite => include_str!("../../migrations/sqlite/0014_told_in_the_log.sql"),
                Kind::Postgres => {
                    include_str!("../../migrations/postgres/0014_told_in_the_log.sql")
                }
            },
        ] {
            raw.must(sql);
        }
        drop(raw);
        let store = place.open();
        let told = || store.read(|rx| rx.data_planes()).expect("read")[0].changed_at;
        assert_eq!(told(), 7_000_000_000_000);
        let _ = create(&store, team, "Another");
        assert_eq!(told(), 7_000_000_000_001, "it goes on from there");
    });
}

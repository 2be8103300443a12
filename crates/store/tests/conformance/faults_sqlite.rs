//! SQLite runs out of room: what is told is clear, nothing is half, and it goes on when there is room again.

use std::process::Command;

use model::id::EventId;
use store::{DbError, Error, Location, Options, Store, Upkeep};

use crate::support::{CreateSource, Kind, Log, Place, Team, create, origin, team};

fn limited(place: &Place, max_pages: Option<u32>) -> Options {
    let Location::Sqlite { file, .. } = &place.location else {
        unreachable!("SQLite")
    };
    Options {
        location: Location::Sqlite {
            file: file.clone(),
            max_pages,
        },
        ..place.options()
    }
}

/// Creates sources until there is no room, and gives their number.
fn fill(store: &Store, team: Team) -> usize {
    let name = "n".repeat(200);
    for created in 0..10_000 {
        let action = CreateSource {
            team,
            name: name.clone(),
        };
        match store.perform(team.actor(), origin(store), action).wait() {
            Ok(_) => {}
            Err(Error::Database(DbError::Full(_))) => return created,
            Err(error) => panic!("{error}"),
        }
    }
    panic!("there was room for all")
}

#[track_caller]
fn compare(place: &Place, created: usize) {
    let mut raw = place.raw();
    assert_eq!(raw.table("sources").len(), created);
    let entries: usize = crate::support::logs(&mut raw)
        .iter()
        .map(|log| log.entries.len())
        .sum();
    assert_eq!(entries, created + 4);
}

#[test]
fn a_database_that_has_reached_its_page_limit_says_so_and_goes_on_with_a_larger_one() {
    let place = Place::new(Kind::Sqlite);
    drop(place.open());
    let pages = u32::try_from(place.raw().number("PRAGMA page_count")).expect("pages");
    let store = Store::open(limited(&place, Some(pages + 20))).expect("a store");
    let team = team(&store, "Fernhill");
    let created = fill(&store, team);
    assert!(created > 2);
    compare(&place, created);
    let told = || store.unwritable().map(|failure| failure.why);
    assert_eq!(told().as_deref(), Some("the database has no room left"));
    // Bookkeeping that has nothing to write does not show that something can be written, and a rehearsal finds no room.
    let _ = store.upkeep(Upkeep::Purge).wait();
    assert!(store.upkeep(Upkeep::Rehearse).wait().is_err());
    assert!(told().is_some());
    store
        .read(|rx| rx.instance().map(drop))
        .expect("what is there can be read");
    drop(store);
    let store = Store::open(limited(&place, Some(pages + 200))).expect("a store");
    assert_eq!(store.upkeep(Upkeep::Rehearse).wait().ok(), Some(1));
    let _ = create(&store, team, "Web app");
    compare(&place, created + 1);
}

#[test]
fn a_group_that_finds_no_room_leaves_those_that_have_some() {
    let place = Place::new(Kind::Sqlite);
    drop(place.open());
    let pages = u32::try_from(place.raw().number("PRAGMA page_count")).expect("pages");
    let store = Store::open(limited(&place, Some(pages + 20))).expect("a store");
    let team = team(&store, "Fernhill");
    let waiting: Vec<_> = (0..200)
        .map(|_| {
            store
                .perform(
                    team.actor(),
                    origin(&store),
                    CreateSource {
                        team,
                        name: "n".repeat(200),
                    },
                )
                .begun()
        })
        .collect();
    let created = waiting
        .into_iter()
        .filter_map(|one| one.wait().ok())
        .count();
    assert!((3..200).contains(&created), "{created}");
    compare(&place, created);
}

const FOLDER: &str = "ANNALS_TEST_SMALL_FOLDER";

#[test]
fn a_file_that_may_not_grow_is_said_to_be_full_and_grows_when_it_may() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return in_a_small_file(folder.as_ref());
    }
    let place = Place::new(Kind::Sqlite);
    let store = place.open();
    let team = team(&store, "Fernhill");
    let _ = create(&store, team, "Web app");
    drop(store);
    // Files may have 1,200 blocks of 512 bytes; a process that asks for more gets an error, not the signal.
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 1200; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().expect("this program has a path"))
        .args([
            "--exact",
            "faults_sqlite::a_file_that_may_not_grow_is_said_to_be_full_and_grows_when_it_may",
            "--nocapture",
        ])
        .env(FOLDER, place.folder.path())
        .output()
        .expect("this program can be started again");
    let said = String::from_utf8_lossy(&status.stdout).into_owned();
    assert!(
        status.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&status.stderr)
    );
    let created: usize = said
        .split("created ")
        .nth(1)
        .and_then(|rest| rest.split(' ').next())
        .and_then(|n| n.parse().ok())
        .expect("how many");
    compare(&place, created + 1);
    let store = place.open();
    let _ = create(&store, team, "After");
    assert_eq!(
        Log::of(&mut place.raw(), team.organization).entries.len(),
        created + 6
    );
}

fn in_a_small_file(folder: &std::path::Path) {
    let mut place = Place::new(Kind::Sqlite);
    place.location = Location::Sqlite {
        file: folder.join("annals.db"),
        max_pages: None,
    };
    let store = Store::open(Options {
        keys: folder.join("annals.keys"),
        ..place.options()
    })
    .expect("a store");
    let id = |sql: &str| place.raw().rows(sql)[0][0].text().to_owned();
    let team = Team {
        organization: id("SELECT id FROM organizations").parse().expect("an id"),
        workspace: id("SELECT id FROM workspaces").parse().expect("an id"),
        admin: id("SELECT id FROM users").parse().expect("an id"),
        token: id("SELECT id FROM tokens").parse().expect("an id"),
    };
    println!("created {} sources", fill(&store, team));
}

#[test]
fn a_reader_that_stays_holds_up_no_change_while_files_are_to_be_written_anew() {
    let place = Place::new(Kind::Sqlite);
    let store = place.open();
    let team = team(&store, "Fernhill");
    let log = store
        .read(|rx| rx.organization_log(team.organization))
        .expect("a log");
    let id = EventId::new(store.clock(), store.entropy());
    place.raw().must(&format!(
        "INSERT INTO erasures (id, log_id, subject, event_id, part, at, total, reached, done) \
         VALUES ('{id}', '{}', 'a person', NULL, NULL, 1, 4, 4, 1)",
        log.id
    ));
    let elsewhere = place.open();
    elsewhere
        .read(|rx| {
            // From here on this one holds the state that it sees.
            rx.organizations()?;
            for number in 0..3 {
                let held = store.upkeep(Upkeep::Scrub).wait();
                assert!(
                    matches!(held, Err(Error::Database(DbError::Conflict(_)))),
                    "{held:?}"
                );
                create(&store, team, &format!("Web app {number}"));
            }
            Ok(())
        })
        .expect("read");
    assert_eq!(store.upkeep(Upkeep::Scrub).wait().expect("kept"), 1);
    assert_eq!(store.upkeep(Upkeep::Scrub).wait().expect("kept"), 0);
}

//! The process is killed in the middle of a hundred writes: what it had acknowledged is there, and nothing is half.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use store::{Location, Options, Store};

use crate::support::{CreateSource, Kind, Log, Place, create, logs, origin, team};

const PLACE: &str = "ANNALS_TEST_PLACE_TO_DIE";

#[test]
fn a_process_that_is_killed_while_it_writes_loses_nothing_that_it_acknowledged() {
    if let Ok(place) = std::env::var(PLACE) {
        return write_until_killed(&place);
    }
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let place = Place::new(kind);
        drop(place.open());
        let at = match &place.location {
            Location::Sqlite { file, .. } => file.display().to_string(),
            Location::Postgres(url) => url.clone(),
        };
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .args(["--exact", "killed::a_process_that_is_killed_while_it_writes_loses_nothing_that_it_acknowledged", "--nocapture"])
            .env(PLACE, format!("{}\n{at}", place.folder.path().join("annals.keys").display()))
            .stdout(Stdio::piped())
            .spawn()
            .expect("this program can be started again");
        let mut acknowledged = BTreeSet::new();
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        while let Some(Ok(line)) = lines.next() {
            if let Some((_, id)) = line.split_once("acknowledged ") {
                acknowledged.insert(id.to_owned());
                if acknowledged.len() == 150 {
                    child.kill().expect("it can be killed"); // SIGKILL, with a hundred more under way
                }
            }
        }
        child.wait().expect("it has ended");
        assert!(acknowledged.len() >= 150);

        let store = place.open();
        let mut raw = place.raw();
        let stored: BTreeSet<String> = raw
            .rows("SELECT id FROM sources")
            .iter()
            .map(|row| row[0].text().to_owned())
            .collect();
        let recorded: BTreeSet<String> = logs(&mut raw)
            .iter()
            .flat_map(Log::parsed)
            .filter(|entry| entry.action == "created" && entry.target.r#type == "source")
            .filter_map(|entry| entry.target.id)
            .collect();
        assert_eq!(
            stored, recorded,
            "no change without event, no event without change"
        );
        assert!(
            acknowledged.is_subset(&stored),
            "what was acknowledged is there"
        );
        let _ = create(&store, team(&store, "Ashford"), "After");
    }
}

/// Creates sources, a hundred at once, and says which were acknowledged.
fn write_until_killed(place: &str) {
    let (keys, at) = place.split_once('\n').expect("a key file and a database");
    let location = if at.starts_with("postgres") {
        Location::Postgres(at.to_owned())
    } else {
        Location::Sqlite {
            file: at.into(),
            max_pages: None,
        }
    };
    let store = Store::open(Options::new(location, keys.into())).expect("a store");
    let team = team(&store, "Fernhill");
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                loop {
                    let action = CreateSource {
                        team,
                        name: "Web app".to_owned(),
                    };
                    let done = store
                        .perform(team.actor(), origin(&store), action)
                        .wait()
                        .expect("created");
                    println!("\nacknowledged {}", done.output.id);
                }
            });
        }
    });
}

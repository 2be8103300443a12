//! The process is killed in the middle of a hundred writes: what it had acknowledged is there, and nothing is half.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use store::{Guard, Location, Options, Publisher, Store};

use crate::support::{CreateSource, Kind, Log, Place, Team, create, logs, origin, team};

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

const SIGNING: &str = "ANNALS_TEST_PLACE_TO_DIE_SIGNING";

/// The process is killed again and again while it writes and signs, and the next process goes on.
#[test]
fn a_process_that_is_killed_while_it_signs_leaves_no_fork() {
    if let Ok(place) = std::env::var(SIGNING) {
        return sign_until_killed(&place);
    }
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let place = Place::new(kind);
        let team = team(&place.open(), "Fernhill");
        let guard = place.folder.path().join("guard");
        std::fs::create_dir(&guard).expect("a folder");
        let mut last = 0;
        for life in 0..8_u64 {
            let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
                .args([
                    "--exact",
                    "killed::a_process_that_is_killed_while_it_signs_leaves_no_fork",
                    "--nocapture",
                ])
                .env(SIGNING, told(&place, team))
                .stdout(Stdio::piped())
                .spawn()
                .expect("this program can be started again");
            let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
            // Each life ends after another number of rounds, so that it is caught at another step.
            let mut rounds = lines
                .map_while(Result::ok)
                .filter(|line| line.contains("signed"));
            let _ = rounds.nth(usize::try_from(3 + life * 2).expect("small"));
            child.kill().expect("it can be killed");
            child.wait().expect("it has ended");

            last = no_fork(&place, team, &guard, last);
        }
        let store = std::sync::Arc::new(place.open());
        let mut publisher = store::Publisher::new(store.clone(), store::Guard::new(&guard));
        publisher.round().expect("a round");
        assert!(store.refused().is_empty(), "{:?}", store.refused());
    }
}

/// Where a process that is started again works, and for whom.
fn told(place: &Place, team: Team) -> String {
    let at = match &place.location {
        Location::Sqlite { file, .. } => file.display().to_string(),
        Location::Postgres(url) => url.clone(),
    };
    let folder = place.folder.path().display().to_string();
    let of = [
        team.organization.as_str(),
        team.workspace.as_str(),
        team.admin.as_str(),
        team.token.as_str(),
    ];
    [&[&*folder, &*at], &of[..]].concat().join("\n")
}

/// What [`told`] says.
fn hear(place: &str) -> (Arc<Store>, Team, Publisher) {
    let parts: Vec<&str> = place.split('\n').collect();
    let [folder, at, organization, workspace, admin, token] = parts[..] else {
        panic!("{place}");
    };
    let location = if at.starts_with("postgres") {
        Location::Postgres(at.to_owned())
    } else {
        Location::Sqlite {
            file: at.into(),
            max_pages: None,
        }
    };
    let folder = Path::new(folder);
    let team = Team {
        organization: organization.parse().expect("an id"),
        workspace: workspace.parse().expect("an id"),
        admin: admin.parse().expect("an id"),
        token: token.parse().expect("an id"),
    };
    let store = Store::open(Options::new(location, folder.join("annals.keys")));
    let store = Arc::new(store.expect("a store"));
    let publisher = Publisher::new(store.clone(), Guard::new(folder.join("guard")));
    (store, team, publisher)
}

/// Whatever is in the guard and in the database was made of entries that are there, and the guard is never behind the database;
/// gives how much is published, which is no less than `last`.
fn no_fork(place: &Place, team: Team, guard: &Path, last: u64) -> u64 {
    let mut raw = place.raw();
    let log = Log::of(&mut raw, team.organization);
    let root = |size: u64| {
        let mut edge = tlog::Frontier::new();
        for entry in &log.entries[..usize::try_from(size).expect("small")] {
            edge.append(entry).expect("room");
        }
        edge.root()
    };
    let kept = std::fs::read(guard.join(format!("{}.checkpoint", log.id))).expect("a guard");
    let note = tlog::Note::parse(&kept).expect("whole");
    let kept = tlog::Checkpoint::parse(note.text()).expect("a checkpoint");
    assert_eq!(kept.root, root(kept.size));
    let row = &raw.rows(&format!(
        "SELECT size, root FROM checkpoints WHERE log_id = '{}'",
        log.id
    ))[0];
    let published = u64::try_from(row[0].int()).expect("a size");
    assert_eq!(row[1].blob(), root(published).as_bytes());
    assert!(
        last <= published && published <= kept.size,
        "{last} {published} {}",
        kept.size
    );
    published
}

/// Writes and signs, and says so after each round.
fn sign_until_killed(place: &str) {
    let (store, team, mut publisher) = hear(place);
    for number in 0.. {
        let _ = create(&store, team, &format!("Web app {number}"));
        publisher.round().expect("a round");
        println!("signed {number}");
    }
}

const SIGNING_ONCE: &str = "ANNALS_TEST_PLACE_TO_DIE_AT_A_STEP";
/// What a process does that is seen outside of it: by these system calls, which `strace` counts apart, and for each thread.
const CALLS: [&str; 8] = [
    "write",
    "fsync",
    "rename",
    "pwrite64",
    "fdatasync",
    "ftruncate",
    "unlink",
    "sendto",
];

/// The process is killed as it is about to do the first thing that is seen outside, then the second, and so on: until it has
/// done all that signing takes. The next one begins with what each left. The same where a call fails.
#[test]
fn a_process_that_is_killed_at_any_step_of_signing_leaves_no_fork() {
    if let Ok(place) = std::env::var(SIGNING_ONCE) {
        // The thread that runs the tests has written once as well.
        std::fs::write("/dev/null", "one").expect("written");
        let (_, _, mut publisher) = hear(&place);
        let _ = publisher.round().expect("a round");
        return;
    }
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let place = Place::new(kind);
        let team = team(&place.open(), "Fernhill");
        let guard = place.folder.path().join("guard");
        std::fs::create_dir(&guard).expect("a folder");
        let sign = || hear(&told(&place, team)).2.round().expect("a round");
        let _ = sign();
        let mut last = no_fork(&place, team, &guard, 1);
        // How often something came of what is done to a call.
        let mut each = |call: &str, what: &str, ended: (Option<i32>, Option<i32>)| {
            let first = if call == "write" { 2 } else { 1 };
            for step in first.. {
                let _ = create(&place.open(), team, &format!("Web app {call} {step}"));
                let status = Command::new("strace")
                    .args(["-f", "-qq", "-o", "/dev/null", "-e"])
                    .args([&format!("trace={call}"), "-e"])
                    .arg(format!("inject={call}:{what}:when={step}"))
                    .arg(std::env::current_exe().expect("this program has a path"))
                    .args([
                        "--exact",
                        "killed::a_process_that_is_killed_at_any_step_of_signing_leaves_no_fork",
                    ])
                    .env(SIGNING_ONCE, told(&place, team))
                    .stdout(Stdio::null())
                    .stderr(Stdio::null())
                    .status()
                    .expect("strace, which ./test installs");
                last = no_fork(&place, team, &guard, last);
                if status.success() {
                    return step - first;
                }
                assert_eq!(
                    (status.signal(), status.code()),
                    ended,
                    "{call} {step}: {status}"
                );
            }
            0
        };
        let steps = CALLS.map(|call| each(call, "signal=KILL", (Some(9), None)));
        // And where the disk of the guard fails in place of that, the process says so.
        for call in &CALLS[..3] {
            assert!(each(call, "error=EIO", (None, Some(101))) > 0, "{call}");
        }
        let size = Log::of(&mut place.raw(), team.organization).size;
        assert_eq!(last, size, "the last has signed all");
        // The guard is written, synced, gets its name, and its folder is synced; then the database is told.
        assert!(steps[0] >= 1 && steps[1] >= 2 && steps[2] >= 1, "{steps:?}");
        let [commits, told] = [steps[4], steps[7]];
        assert!(
            if kind == Kind::Sqlite {
                commits > 2
            } else {
                told > 4
            },
            "{steps:?}"
        );
    }
}

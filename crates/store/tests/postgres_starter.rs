//! The PostgreSQL that tests start: it is real, each database is alone, and nothing of it outlives its owner.

use std::{
    io::{BufRead, BufReader, ErrorKind, Read},
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use postgres::{Client, NoTls};
use store::testing::{Durability, Postgres};

/// Set for the copy of this program that plays the owner who dies.
const PLAY_OWNER: &str = "ANNALS_TEST_PLAY_OWNER";

fn connect(url: &str) -> Client {
    Client::connect(url, NoTls).expect("the fresh database can be connected to")
}

/// After this long something hangs. No machine is that slow, though a busy disk has held a server up for half a minute.
const HANGS: Duration = Duration::from_mins(2);

#[test]
fn a_fresh_database_answers() {
    let mut client = connect(&Postgres::shared().fresh_database());
    let one: i32 = client
        .query_one("SELECT 1", &[])
        .expect("it answers")
        .get(0);
    assert_eq!(one, 1);
}

#[test]
fn two_databases_know_nothing_of_each_other() {
    let (mut first, mut second) = (
        connect(&Postgres::shared().fresh_database()),
        connect(&Postgres::shared().fresh_database()),
    );
    let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
    first
        .batch_execute("CREATE TABLE only_here (id BIGINT PRIMARY KEY)")
        .expect("a table can be made");
    let count = |client: &mut Client| {
        client
            .query_one(tables, &[])
            .expect("tables can be counted")
            .get::<_, i64>(0)
    };
    assert_eq!((count(&mut first), count(&mut second)), (1, 0));
}

#[test]
fn text_without_a_collation_does_not_sort_by_bytes() {
    let mut client = connect(&Postgres::shared().fresh_database());
    let row = client
        .query_one(
            r#"SELECT 'a' < 'B', 'a' COLLATE "C" < 'B' COLLATE "C""#,
            &[],
        )
        .expect("it answers");
    assert_eq!(
        (row.get::<_, bool>(0), row.get::<_, bool>(1)),
        (true, false)
    );
}

#[test]
fn nobody_gets_in_without_the_password() {
    let url = Postgres::shared().fresh_database();
    let (user_and_password, rest) = url.split_once('@').expect("the URL names a user");
    let (user, _) = user_and_password
        .rsplit_once(':')
        .expect("the URL has a password");
    assert!(Client::connect(&format!("{user}@{rest}"), NoTls).is_err());
    assert!(Client::connect(&format!("{user}:guess@{rest}"), NoTls).is_err());
}

#[tokio::test]
async fn async_code_can_ask_for_a_database() {
    assert!(
        Postgres::shared()
            .fresh_database()
            .starts_with("postgres://annals:")
    );
}

#[test]
fn a_benchmark_gets_a_cluster_that_syncs_and_is_gone_when_dropped() {
    let cluster = Postgres::start(Durability::Full);
    let folder = cluster.folder().to_owned();
    let mut client = connect(&cluster.fresh_database());
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let value: String = client
            .query_one(&format!("SHOW {setting}"), &[])
            .expect("it answers")
            .get(0);
        assert_eq!(value, "on", "{setting}");
    }
    assert!(folder.exists());
    drop(cluster);
    assert!(!folder.exists());
    assert!(client.is_closed() || client.simple_query("SELECT 1").is_err());
}

#[test]
fn the_server_and_its_folder_are_gone_when_the_owner_is_killed() {
    if std::env::var_os(PLAY_OWNER).is_some() {
        return play_owner();
    }
    let mut owner = Command::new(std::env::current_exe().expect("this program has a path"))
        .args([
            "--exact",
            "the_server_and_its_folder_are_gone_when_the_owner_is_killed",
            "--nocapture",
        ])
        .env(PLAY_OWNER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program can be started again");
    let said = BufReader::new(owner.stdout.take().expect("piped"));
    let (port, folder) = said
        .lines()
        .map(|line| line.expect("the owner speaks text"))
        .find_map(|line| {
            let (port, folder) = line.split_once("owner has ")?.1.split_once(' ')?;
            Some((port.parse::<u16>().expect("a port"), PathBuf::from(folder)))
        })
        .expect("the owner says what it has");
    let mut connection = TcpStream::connect(("127.0.0.1", port)).expect("the owner's server is up");
    assert!(folder.exists());

    owner.kill().expect("the owner can be killed"); // SIGKILL: nothing of it runs any more
    owner.wait().expect("the owner has ended");

    // The server closes the connection when it ends: no sleeping until then.
    connection
        .set_read_timeout(Some(HANGS))
        .expect("a time limit can be set");
    match connection.read(&mut [0]) {
        Ok(read) => assert_eq!(read, 0, "the server has nothing to say to a silent client"),
        Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
    }
    assert!(is_gone_soon(&folder), "{} is still there", folder.display());
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// Starts a cluster, says where, and waits to be killed.
fn play_owner() {
    let postgres = Postgres::shared();
    let url = postgres.fresh_database();
    let port = url
        .rsplit_once(':')
        .and_then(|(_, rest)| rest.split_once('/'))
        .expect("the URL has a port")
        .0;
    println!("owner has {port} {}", postgres.folder().display());
    let _ = std::io::stdin().read(&mut [0]); // never answered: whoever started us holds the other end
}

/// The last thing that the watchdog does gives no sign of its own.
fn is_gone_soon(folder: &Path) -> bool {
    let until = Instant::now() + HANGS;
    while folder.exists() && Instant::now() < until {
        thread::sleep(Duration::from_millis(5));
    }
    !folder.exists()
}

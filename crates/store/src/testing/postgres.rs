//! A real PostgreSQL for tests: one throw-away cluster for each test process, from the installed binaries.
//!
//! Rust's test runner never drops a static, a test may panic, and a process may be killed. So nothing here is
//! tidied by the test process. A small shell script (`watchdog.sh`) owns the cluster and holds one end of a pipe; when
//! the kernel closes the other end, because the process ended in whatever way, the script stops the server and removes
//! its folder.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicU32, Ordering},
    },
    thread,
};

use ::postgres::{Client, NoTls};

const WATCHDOG: &str = include_str!("watchdog.sh");

/// How many ports are tried before a start is given up.
const PORTS: u32 = 8;

/// What the cluster does with a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// `fsync=off`: as fast as it goes. Right for every test that does not pull the plug of the machine.
    Off,
    /// As a server in production is set up. For benchmarks.
    Full,
}

/// A running PostgreSQL cluster that ends with this process, or when the value is dropped.
///
/// Its superuser is `annals`. It sorts text by a language's rules and lives in an unusual time zone, so that a
/// statement that leans on either is found out.
#[derive(Debug)]
pub struct Postgres {
    port: u16,
    password: String,
    folder: PathBuf,
    databases: AtomicU32,
    watchdog: Child,
}

impl Postgres {
    /// The cluster of this process, started by the first who asks.
    ///
    /// May be called from anywhere, async code included; it blocks for about a second the first time.
    pub fn shared() -> &'static Self {
        static SHARED: OnceLock<Postgres> = OnceLock::new();
        SHARED.get_or_init(|| Self::start(Durability::Off))
    }

    /// A cluster of the caller's own, for benchmarks and for tests that stop or fill the server.
    pub fn start(durability: Durability) -> Self {
        let Some(bin) = installed_binaries() else {
            panic!("PostgreSQL's server is not installed: run ./test, which installs it");
        };
        let mut watchdog = command_as_ordinary_user()
            .args(["sh", "-c", WATCHDOG, "annals-postgres"])
            .arg(&bin)
            .arg(ports().join(" "))
            .args(durability.settings())
            .env_clear()
            .envs(
                ["PATH", "TMPDIR"]
                    .iter()
                    .filter_map(|name| Some((name, std::env::var_os(name)?))),
            )
            .env("LC_ALL", "C")
            .current_dir("/") // the folder of the tests may be closed to the other user
            .process_group(0) // Control-C is for the tests; the watchdog goes on and tidies
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("setpriv (of util-linux) or sh can be started");

        let mut answer = String::new();
        let mut output = BufReader::new(watchdog.stdout.take().expect("standard output is piped"));
        output
            .read_line(&mut answer)
            .expect("the watchdog answers in text");
        let words: Vec<&str> = answer.trim_end().splitn(4, ' ').collect();
        let &["ready", port, password, folder] = words.as_slice() else {
            let _ = output.read_to_string(&mut answer); // the rest of the reason, as far as it is text
            panic!(
                "PostgreSQL from {} did not start: {}",
                bin.display(),
                answer.trim_end()
            );
        };
        Self {
            port: port.parse().expect("the watchdog names a port"),
            password: password.to_owned(),
            folder: folder.into(),
            databases: AtomicU32::new(0),
            watchdog,
        }
    }

    /// Makes an empty database and returns its URL, which any process on this machine can connect to for as long as this
    /// one lives.
    ///
    /// Takes about 50 ms and 8 MB, which come free when the cluster ends.
    pub fn fresh_database(&self) -> String {
        let name = format!(
            "test_{}",
            self.databases.fetch_add(1, Ordering::Relaxed) + 1
        );
        self.execute(format!("CREATE DATABASE {name}"));
        self.url(&name)
    }

    /// The URL of a database by this name, whether it exists or not.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgres://annals:{}@127.0.0.1:{}/{database}",
            self.password, self.port
        )
    }

    /// The folder of the cluster. It is gone when the cluster is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Runs statements on the database `postgres`, as superuser.
    ///
    /// The blocking client panics inside async code, and many callers are there: it gets a thread of its own.
    fn execute(&self, statements: String) {
        let url = self.url("postgres");
        thread::spawn(move || {
            Client::connect(&url, NoTls)
                .and_then(|mut client| client.batch_execute(&statements))
                .expect("the test's PostgreSQL carries out a statement");
        })
        .join()
        .expect("the test's PostgreSQL is up");
    }
}

impl Drop for Postgres {
    /// Closes the pipe and waits until the server has ended and its folder is gone.
    fn drop(&mut self) {
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait(); // an error means that there is nothing left to wait for
    }
}

impl Durability {
    fn settings(self) -> &'static [&'static str] {
        match self {
            Self::Off => &["fsync=off", "full_page_writes=off"],
            Self::Full => &[],
        }
    }
}

/// The folder of PostgreSQL's server binaries: one in `PATH`, otherwise the newest that Debian's packages installed.
///
/// Debian keeps them out of `PATH`, one folder for each major version.
fn installed_binaries() -> Option<PathBuf> {
    let in_path = std::env::var_os("PATH").unwrap_or_default();
    let mut by_version: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    by_version.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    std::env::split_paths(&in_path)
        .chain(by_version.into_iter().map(|(_, bin)| bin))
        .find(|bin| {
            ["initdb", "pg_ctl", "postgres"]
                .iter()
                .all(|name| bin.join(name).is_file())
        })
}

/// The start of a command line that ends as a user whom PostgreSQL accepts: it refuses to run as root.
fn command_as_ordinary_user() -> Command {
    if !is_root() {
        return Command::new("env"); // runs what follows, as who we are
    }
    let accounts = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let exists = |user: &str| {
        accounts
            .lines()
            .any(|line| line.split(':').next() == Some(user))
    };
    let user = ["postgres", "nobody"]
        .into_iter()
        .find(|user| exists(user))
        .expect("PostgreSQL refuses to run as root: a user `postgres` or `nobody` is needed");
    let group = accounts
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields[0] == user)
        .and_then(|fields| fields.get(3).map(|group| (*group).to_owned()))
        .expect("an account has a group");
    let mut command = Command::new("setpriv");
    command.args(["--reuid", user, "--regid", &group, "--clear-groups", "--"]);
    command
}

/// Whether this process acts as root, read from the owner of its own entry in `/proc`.
fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// Ports below the range that the kernel hands out by itself, so that only other starters of PostgreSQL compete; they
/// begin elsewhere, because their process number differs.
fn ports() -> Vec<String> {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let turn = STARTED.fetch_add(PORTS, Ordering::Relaxed);
    (turn..turn + PORTS)
        .map(|n| (16_384 + (std::process::id() + n * 1_009) % 16_000).to_string())
        .collect()
}

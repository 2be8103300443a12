//! `annals bench start`: this binary's own server, started again and again on a database that exists.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::json;

use super::figures::{Limit, Target, median, rounded};
use super::instance::Instance;

/// How long an idle server is left alone before its memory is read: its jobs have run by then.
const IDLE: Duration = Duration::from_secs(3);

/// Start a server on a database that exists; say how soon it answers and what memory it holds.
///
/// Works in a throw-away instance on the embedded database, which is gone afterwards. Memory is read from Linux's `/proc`.
#[derive(Debug, Args)]
pub(crate) struct Start {
    /// Folder to work below [default: that of temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<std::path::PathBuf>,
    /// How often the server is started
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=1000))]
    starts: u16,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A server that runs, and is ended when this is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to lose: an error means that it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub(crate) fn run(command: &Start) -> Result<()> {
    let instance = Instance::create(None, command.dir.as_deref())?;
    instance.fill(1, 64)?;
    let Instance { store, folder, .. } = instance;
    drop(store);
    let mut answers = Vec::new();
    let mut memory = Vec::new();
    for number in 0..command.starts {
        let before = Instant::now();
        let (server, address) = start(folder.path())?;
        health(&address)?;
        answers.push(before.elapsed().as_secs_f64() * 1e3);
        // Memory does not depend on chance as time does: three readings are enough.
        if number < 3 {
            std::thread::sleep(IDLE);
            memory.push(resident(server.0.id())?);
        }
    }
    let targets = [
        Target {
            what: "start to first answer, ms, median",
            key: "startMillis",
            figure: median(&answers),
            limit: Limit::AtMost(300.0),
        },
        Target {
            what: "resident memory of the idle server, MB",
            key: "residentMegabytes",
            figure: median(&memory),
            limit: Limit::AtMost(40.0),
        },
    ];
    let slowest = answers.iter().copied().fold(f64::NAN, f64::max);
    if command.json {
        let list: Vec<_> = targets.iter().map(Target::json).collect();
        println!(
            "{}",
            json!({ "starts": command.starts, "slowestMillis": rounded(slowest), "targets": list })
        );
    } else {
        println!(
            "{} starts on the embedded database; the slowest answered after {slowest:.0} ms",
            command.starts
        );
        for target in targets {
            println!("{}", target.line());
        }
    }
    Ok(())
}

/// Starts the server; gives the address that it says it listens at.
fn start(folder: &Path) -> Result<(Server, String)> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut server = Command::new(program)
        .args(["serve", "--listen", "127.0.0.1:0"])
        .arg("--data")
        .arg(folder.join("data"))
        .arg("--keys")
        .arg(folder.join("annals.keys"))
        .arg("--guard")
        .arg(folder.join("guard"))
        .env("ANNALS_LOG", "warn")
        .env_remove("ANNALS_DATABASE")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map(Server)
        .context("cannot start the server")?;
    let output = server.0.stdout.take().context("the server's output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    match line.trim_end().strip_prefix("listening on http://") {
        Some(address) => Ok((server, address.to_owned())),
        None => bail!("the server did not say where it listens"),
    }
}

/// Asks whether the server can read its database, as its watchdog would.
fn health(address: &str) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200") {
        Ok(())
    } else {
        bail!("the server answered {:?}", answer.lines().next())
    }
}

/// The memory that a process holds, in megabytes of 1,000,000 bytes.
fn resident(process: u32) -> Result<f64> {
    memory(process, "VmRSS:")
}

/// The most memory that a process has held so far, in MB.
pub(super) fn peak(process: u32) -> Result<f64> {
    memory(process, "VmHWM:")
}

fn memory(process: u32, name: &str) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))
        .context("memory can be read on Linux only")?;
    let kibibytes: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next())
        .with_context(|| format!("no {name}"))?
        .parse()?;
    Ok(kibibytes * 1024.0 / 1e6)
}

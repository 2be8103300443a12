//! This binary's own server as a process of its own, and what the system says of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// A server that runs, and is ended when this is dropped.
pub(super) struct Server(Child);

impl Server {
    /// The number of its process.
    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to lose: an error means that it has ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the server; gives the address that it says it listens at.
pub(super) fn start(folder: &Path) -> Result<(Server, String)> {
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
pub(super) fn health(address: &str) -> Result<()> {
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
pub(super) fn resident(process: u32) -> Result<f64> {
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

/// The time of the processor that a process has used so far, in seconds. Linux counts it in hundredths of one.
pub(super) fn processor(process: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))
        .context("the time of the processor can be read on Linux only")?;
    // The name stands in parentheses and may hold anything; user and system time are the 14th and 15th field of proc(5).
    let (_, rest) = stat.rsplit_once(')').context("no name in stat")?;
    let mut ticks = 0.0;
    for field in rest.split_whitespace().skip(11).take(2) {
        ticks += field.parse::<f64>()?;
    }
    Ok(ticks / 100.0)
}

//! `annals bench`: what an audited change costs on this machine, measured against what it must cost at most.
//!
//! Single figures drift with the machine and with what else it does. So everything that is compared is measured in short
//! rounds, one after the other, and what is judged are ratios. The benchmark is no test: it ends with success whether a
//! target is reached or not.

mod export;
mod figures;
mod instance;
mod load;
mod permission;
mod poll;
mod process;
mod read;
mod sign_in;
mod start;
mod verify;
mod write;

use anyhow::Result;
use clap::Subcommand;

/// Measure what an audited change costs on this machine
#[derive(Debug, Subcommand)]
pub(crate) enum Bench {
    /// Compare an audited change with the same row change committed bare, and one caller with many
    Write(write::Write),
    /// Compare taking a log out with `sqlite3` printing the same entries
    Export(export::Export),
    /// Compare verifying a full export with hashing the same entries in memory
    Verify(verify::Verify),
    /// Ask the API for single things and for pages of long lists
    Read(read::Read),
    /// Ask for a workspace's configuration as data planes do, unchanged and changed, one and two hundred
    Poll(poll::Poll),
    /// Start a server on a database that exists; say how soon it answers and what memory it holds
    Start(start::Start),
    /// Measure sign-ins while 64 clients write, and how far the writers' rate falls
    SignIn(sign_in::SignIn),
    /// Measure what it costs to find out who acts and whether a permission is there
    Permission(permission::Check),
}

pub(crate) fn run(command: Bench) -> Result<()> {
    match command {
        Bench::Write(command) => write::run(&command),
        Bench::Export(command) => export::run(&command),
        Bench::Verify(command) => verify::run(&command),
        Bench::Read(command) => read::run(&command),
        Bench::Poll(command) => poll::run(&command),
        Bench::Start(command) => start::run(&command),
        Bench::SignIn(command) => sign_in::run(&command),
        Bench::Permission(command) => permission::run(&command),
    }
}

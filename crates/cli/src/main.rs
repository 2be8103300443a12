//! The one binary of Annals.
#![allow(
    rustdoc::bare_urls,
    clippy::doc_markdown,
    reason = "what documents an option is printed by --help, where a link has no brackets and code no backticks"
)]

/// Prints a line. That it cannot be printed is an error like others, and no panic.
macro_rules! say {
    () => { say!("") };
    ($($what:tt)*) => {
        std::io::Write::write_fmt(&mut std::io::stdout(), format_args!("{}\n", format_args!($($what)*)))?
    };
}

mod bench;
mod definitions;
mod export;
mod import;
mod init;
mod member;
mod migrate;
mod organization;
mod place;
mod privacy;
mod recover;
mod serve;
mod token;
mod verify;

use std::io::Write as _;
use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use mimalloc::MiMalloc;
use tokio::signal::unix::{SignalKind, signal};

/// A change allocates some hundreds of small values (docs/benchmarks.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// A self-hosted workspace control plane with an audit log that proves itself.
#[derive(Debug, Parser)]
#[command(name = "annals", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: the dashboard, the API, the audit log
    Serve(Box<serve::Serve>),
    /// Set an instance up from the command line: organization, workspace, administrator, tokens
    Init(init::Init),
    /// Manage who belongs to an organization
    #[command(subcommand)]
    Member(member::Member),
    /// Manage access tokens
    #[command(subcommand)]
    Token(token::Token),
    /// Manage organizations
    #[command(subcommand)]
    Organization(organization::Organization),
    /// Manage what is known of the types of sources and destinations
    #[command(subcommand)]
    Definitions(definitions::Definitions),
    /// Take an audit log out: whole, or rows with a proof for each
    Export(export::Export),
    /// Bring over what was elsewhere
    #[command(subcommand)]
    Import(import::Import),
    /// Check a log, an export or a receipt, offline
    Verify(verify::Verify),
    /// Erase what is known of a person
    #[command(subcommand)]
    Privacy(privacy::Privacy),
    /// Say which logs are not signed and why, and go on with them
    Recover(recover::Recover),
    /// Sign a log with its next key; each that was replaced signs as well for 30 days
    RotateKey(recover::RotateKey),
    /// Bring a database to this version's schema, as its owner
    Migrate(migrate::Migrate),
    /// Measure what an audited change costs on this machine
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Print the description of the API (OpenAPI 3.1)
    Openapi,
}

/// The signal of a file that would grow beyond its limit, on Linux.
const SIGXFSZ: i32 = 25;

/// A file that may not grow further is an error where it is written, and not the end of the process: who has once listened to
/// the signal is not ended by it any more.
fn outlive_limits() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_io()
        .build()?;
    let _entered = runtime.enter();
    signal(SignalKind::from_raw(SIGXFSZ)).map(drop)
}

fn main() -> ExitCode {
    let parsed = without_empty(Cli::command()).try_get_matches();
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    if let Err(error) = outlive_limits() {
        eprintln!("annals: cannot start: {error}");
        return ExitCode::FAILURE;
    }
    let result = match cli.command {
        Command::Verify(command) => return verify::run(&command),
        Command::Serve(command) => serve::run(*command),
        Command::Init(command) => init::run(command),
        Command::Member(command) => member::run(command),
        Command::Token(command) => token::run(command),
        Command::Organization(command) => organization::run(command),
        Command::Definitions(command) => definitions::run(command),
        Command::Export(command) => export::run(&command),
        Command::Import(command) => import::run(command),
        Command::Recover(command) => recover::recover(&command),
        Command::RotateKey(command) => recover::rotate(&command),
        Command::Privacy(command) => privacy::run(command),
        Command::Migrate(command) => migrate::run(&command),
        Command::Bench(command) => bench::run(command),
        Command::Openapi => openapi(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if has_gone(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("annals: {}", place::shown(&told(&error)));
            ExitCode::FAILURE
        }
    }
}

/// One plain sentence: each cause once, though what it is the cause of may say it as well.
fn told(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain() {
        let cause = cause.to_string();
        if told.is_empty() {
            told = cause;
        } else if !told.ends_with(&cause) {
            told.push_str(": ");
            told.push_str(&cause);
        }
    }
    told
}

/// A variable that is set to nothing, as by a container's template, is one that is not set.
fn without_empty(command: clap::Command) -> clap::Command {
    let is_empty = |name: &std::ffi::OsStr| std::env::var_os(name).is_some_and(|it| it.is_empty());
    command
        .mut_args(|argument| {
            if argument.get_env().is_some_and(is_empty) {
                argument.env(None::<&str>)
            } else {
                argument
            }
        })
        .mut_subcommands(without_empty)
}

/// Whether what went wrong is only that nobody reads on, as with `| head`.
fn has_gone(error: &anyhow::Error) -> bool {
    error
        .downcast_ref::<std::io::Error>()
        .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

/// Help is no fault; of what was typed wrong, `verify` says 1, because its 2 has another meaning.
fn misused(error: &clap::Error) -> ExitCode {
    // If it cannot be printed, the exit code still tells.
    let _ = error.print();
    let is_verify = std::env::args_os()
        .nth(1)
        .is_some_and(|word| word == "verify");
    match error.exit_code() {
        0 => ExitCode::SUCCESS,
        _ if is_verify => ExitCode::FAILURE,
        code => ExitCode::from(u8::try_from(code).unwrap_or(2)),
    }
}

fn openapi() -> anyhow::Result<()> {
    Ok(std::io::stdout().write_all(server::api::openapi_json()?.as_bytes())?)
}

//! The one binary of Annals.

mod bench;
mod init;
mod member;
mod migrate;
mod place;
mod privacy;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A self-hosted workspace control plane with an audit log that proves itself.
#[derive(Debug, Parser)]
#[command(name = "annals", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server: the dashboard, the API, the audit log
    Serve(serve::Serve),
    /// Set an instance up from the command line: organization, workspace, administrator, tokens
    Init(init::Init),
    /// Manage who belongs to an organization
    #[command(subcommand)]
    Member(member::Member),
    /// Erase what is known of a person
    #[command(subcommand)]
    Privacy(privacy::Privacy),
    /// Bring a database to this version's schema, as its owner
    Migrate(migrate::Migrate),
    /// Measure what an audited change costs on this machine
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Print the description of the API (`OpenAPI` 3.1)
    Openapi,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Serve(command) => serve::run(command),
        Command::Init(command) => init::run(command),
        Command::Member(command) => member::run(command),
        Command::Privacy(command) => privacy::run(command),
        Command::Migrate(command) => migrate::run(&command),
        Command::Bench(command) => bench::run(command),
        Command::Openapi => openapi(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One plain sentence; the chain only says more where a step of ours added to it.
            eprintln!("annals: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn openapi() -> anyhow::Result<()> {
    print!("{}", server::api::openapi_json()?);
    Ok(())
}

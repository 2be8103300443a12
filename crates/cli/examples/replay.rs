//! Replays recordings of real clients against a server of its own, and says whether the answers have what the clients
//! need and the audit log has exactly their changes and proves itself.
//!
//! `cargo run --example replay -- RECORDING.jsonl...`; `ANNALS_BIN` names another binary than the one just built.

#[path = "../tests/support/mod.rs"]
mod support;

use std::path::PathBuf;
use std::process::ExitCode;

use support::{Server, replay};

fn main() -> ExitCode {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    if files.is_empty() {
        eprintln!("usage: cargo run --example replay -- RECORDING.jsonl...");
        return ExitCode::from(2);
    }
    let binary = std::env::var_os("ANNALS_BIN").map_or_else(
        || {
            std::env::current_exe()
                .expect("a path")
                .with_file_name("../annals")
        },
        PathBuf::from,
    );
    let mut failed = false;
    for file in files {
        let recording = match std::fs::read_to_string(&file) {
            Ok(recording) => recording,
            Err(error) => {
                eprintln!("{}: {error}", file.display());
                return ExitCode::from(2);
            }
        };
        let server = Server::start(&binary, None);
        let mut outcome = replay::replay(&server, &recording);
        let recorded = replay::recorded(&server);
        outcome
            .faults
            .extend(replay::unproven(&server, &binary, None));
        println!(
            "{}: {} requests, {} changes",
            file.display(),
            outcome.requests,
            outcome.expected.len()
        );
        for fault in &outcome.faults {
            println!("  {fault}");
        }
        for change in &recorded {
            println!("  {change}");
        }
        if recorded != outcome.expected {
            println!("  the log should say: {:#?}", outcome.expected);
        }
        failed |= !outcome.faults.is_empty() || recorded != outcome.expected;
    }
    println!(
        "{}",
        if failed {
            "not as the clients need it"
        } else {
            "as the clients need it"
        }
    );
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

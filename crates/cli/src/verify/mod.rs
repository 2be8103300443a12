//! `annals verify`: checks a log offline, without the server that made it. It uses `tlog` and `model`, nothing else of
//! Annals.

mod archive;
pub(crate) mod content;
pub(crate) mod log;
pub(crate) mod report;
mod single;
pub(crate) mod source;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use model::clock::{Clock, Micros, SystemClock};
use tlog::note::{KeyKind, NoteError};
use tlog::{Checkpoint, Note, Policy, Receipt, VerifierKey};
use zeroize::Zeroizing;

use self::log::Wanted;
use self::report::{Checked, Finding, Report, Stop, Verdict, found};
use self::source::Source;
use crate::place::shown;

/// Check a log, an export or a receipt, offline.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 verified; 1 could not run; 2 not authentic (signature, key, origin, witnesses); \
3 tampered (entry, tile, root, or a fork against --since); 4 something disclosed does not match; 5 incomplete or too old."
)]
pub(crate) struct Verify {
    /// A folder or archive of a full export, the address of a log, a receipt, or a filtered export
    #[arg(value_name = "FOLDER|FILE|URL")]
    what: String,
    /// The log's verifier key, `<name>+<id>+<key>`, as you had it before
    #[arg(
        long,
        value_name = "VKEY",
        required_unless_present = "policy",
        conflicts_with = "policy"
    )]
    key: Option<String>,
    /// A policy: the keys of logs and witnesses, and how many witnesses must have cosigned (c2sp.org/tlog-policy)
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// The log's origin, the first line of its checkpoints [default: the name of the key]
    #[arg(long, value_name = "TEXT")]
    origin: Option<String>,
    /// A checkpoint or receipt from before: the log must have grown out of it
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// The verifier key that --since was signed with, where the log's key was changed after it
    #[arg(long, value_name = "VKEY", requires = "since")]
    since_key: Option<String>,
    /// The oldest that the newest cosignature may be, such as 90s, 15m, 36h, 7d
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    max_age: Option<u64>,
    /// The entry's bytes, for a receipt that does not carry them
    #[arg(long, value_name = "FILE")]
    entry: Option<PathBuf>,
    /// Look at what entries say even where nothing was disclosed
    #[arg(long)]
    content: bool,
    /// Read a token for the address from this file [default: the variable `ANNALS_TOKEN`]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// A duration in seconds.
fn duration(text: &str) -> Result<u64, String> {
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let scale = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err("a duration is a number and s, m, h or d, such as 36h".to_owned()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "a duration begins with a whole number".to_owned())?;
    number
        .checked_mul(scale)
        .ok_or_else(|| "that is too long".to_owned())
}

pub(crate) fn run(command: &Verify) -> ExitCode {
    let mut report = Report::default();
    let stopped = check(command, &mut report);
    match stopped {
        Ok(()) => {}
        Err(Stop::Found(finding)) => {
            let is_incomplete = finding.verdict == Verdict::Incomplete;
            report.findings.insert(0, finding);
            // What is missing was not only left out: something else stands in a place that is not its own.
            if let (true, Some(index)) = (is_incomplete, report.misplaced) {
                let why = format!(
                    "entry {index} does not fit its place: it was changed, or others were added or removed before it, or the tile over it was changed; and not all is there"
                );
                let place = format!("entry {index}");
                let tampered = Finding::new(Verdict::Tampered, place, why);
                report.findings.insert(0, tampered);
            }
        }
        Err(Stop::Unable(error)) => {
            report.findings.insert(
                0,
                Finding::new(Verdict::Unable, &command.what, format!("{error:#}")),
            );
        }
    }
    let verdict = report.verdict();
    let mut out = std::io::stdout().lock();
    let printed = if command.json {
        writeln!(out, "{}", report.to_json())
    } else if verdict == Verdict::Unable {
        let error = report.findings.first().map_or("", |one| &one.message);
        writeln!(std::io::stderr(), "annals: {}", shown(error))
    } else {
        let mut text = Vec::new();
        report
            .print(&mut text)
            .and_then(|()| write!(out, "{}", shown(&String::from_utf8_lossy(&text))))
    };
    // A reader that is gone has seen what it wanted; the exit code still tells.
    let _ = printed;
    ExitCode::from(verdict as u8)
}

fn check(command: &Verify, report: &mut Report) -> Checked<()> {
    let policy = policy(command)?;
    let since = command
        .since
        .as_deref()
        .map(|file| since(file, &policy, command))
        .transpose()?;
    let wanted = Wanted {
        policy: &policy,
        origin: command.origin.as_deref(),
        since: since.as_ref(),
        content: command.content,
        ahead: true,
        quiet: command.json,
    };
    let is_web = command.what.starts_with("https://") || command.what.starts_with("http://");
    if is_web {
        let source = Source::web(&command.what, token(command.token_file.as_deref())?);
        log::verify(&source, &wanted, report)?;
    } else {
        local(Path::new(&command.what), command, &wanted, report)?;
    }
    age(command.max_age, report)
}

fn local(path: &Path, command: &Verify, wanted: &Wanted<'_>, report: &mut Report) -> Checked<()> {
    let kind =
        std::fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if kind.is_dir() {
        return folder(path, wanted, report);
    }
    let mut file = BufReader::new(
        File::open(path).with_context(|| format!("cannot read {}", path.display()))?,
    );
    let head = file
        .fill_buf()
        .with_context(|| format!("cannot read {}", path.display()))?;
    if head.starts_with(b"c2sp.org/tlog-proof@") {
        let mut bytes = Vec::new();
        file.take(64 << 20)
            .read_to_end(&mut bytes)
            .context("cannot read the receipt")?;
        let entry = command.entry.as_deref().map(|file| {
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))
        });
        return single::receipt(&bytes, entry.transpose()?, wanted, report);
    }
    if head.starts_with(b"{") {
        return single::events(file, kind.len(), wanted, report);
    }
    if let Some(compressed) = archive::kind(head, path) {
        let unpacked = archive::unpack(file, compressed)?;
        return folder(unpacked.path(), wanted, report);
    }
    Err(anyhow::anyhow!(
        "{} is not a full export, a receipt or a filtered export",
        path.display()
    )
    .into())
}

fn folder(path: &Path, wanted: &Wanted<'_>, report: &mut Report) -> Checked<()> {
    // A copy of a key is a line; whatever is longer is none.
    let mut copy = String::new();
    let file = path.join("vkey");
    let is_read = file.is_file()
        && File::open(file).is_ok_and(|file| file.take(1 << 16).read_to_string(&mut copy).is_ok());
    if is_read
        && !wanted
            .policy
            .logs()
            .iter()
            .any(|key| copy.lines().any(|line| line.trim() == key.to_string()))
    {
        report
            .notes
            .push("the key in the export is not the one that you gave; yours was used".to_owned());
    }
    log::verify(&Source::Folder(path.to_owned()), wanted, report)
}

/// Whom to believe.
fn policy(command: &Verify) -> Result<Policy> {
    if let Some(file) = &command.policy {
        let bytes =
            std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let policy = Policy::parse(&bytes).with_context(|| format!("{}", file.display()))?;
        if policy.logs().is_empty() {
            bail!("the policy {} names no log", file.display());
        }
        return Ok(policy);
    }
    let Some(text) = &command.key else {
        bail!(
            "say whom to believe: --key or --policy. The key in the export itself proves nothing"
        );
    };
    let key = VerifierKey::parse(text.trim()).context("--key")?;
    if key.kind() != KeyKind::Note {
        bail!("--key is a witness's key; give the log's");
    }
    Ok(Policy::of_log(key))
}

/// The checkpoint that one had before, signed with the log's key of then.
fn since(file: &Path, policy: &Policy, command: &Verify) -> Checked<Checkpoint> {
    let (key, origin) = (command.since_key.as_deref(), command.origin.as_deref());
    let key = key.map(|text| VerifierKey::parse(text.trim()).context("--since-key"));
    let key = key.transpose()?;
    if let Some(key) = &key
        && !policy.logs().iter().any(|one| one.name() == key.name())
    {
        return Err(anyhow::anyhow!("--since-key is not a key of this log").into());
    }
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let note = match Receipt::parse(&bytes) {
        Ok(receipt) => receipt.checkpoint,
        Err(_) => bytes,
    };
    let logs = match key {
        Some(key) => vec![key],
        None => policy.logs().to_vec(),
    };
    // Witnesses of now need not have cosigned what is older than they are.
    let mut last = None;
    for key in logs {
        match log::authentic(&note, &Policy::of_log(key), origin, &mut Report::default()) {
            Ok(checkpoint) => return Ok(checkpoint),
            Err(stop) => last = Some(stop),
        }
    }
    match last {
        Some(Stop::Found(finding)) => found(
            finding.verdict,
            "--since",
            format!(
                "--since {}: {}{}",
                file.display(),
                finding.message,
                key_of_then(&note, policy)
            ),
        ),
        Some(stop) => Err(stop),
        None => Err(anyhow::anyhow!("the policy names no log").into()),
    }
}

/// What to do about a checkpoint that no key which was given has signed, though it is in its form.
fn key_of_then(note: &[u8], policy: &Policy) -> &'static str {
    let signed = Note::parse(note).and_then(|note| note.verify(policy.logs()));
    match signed {
        Err(NoteError::Unsigned) => {
            "; if the log's key was changed after it, give the key that signed it then with --since-key"
        }
        _ => "",
    }
}

fn token(file: Option<&Path>) -> Result<Option<Zeroizing<String>>> {
    match file {
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            Ok(Some(Zeroizing::new(text.trim().to_owned())))
        }
        None => Ok(std::env::var("ANNALS_TOKEN")
            .ok()
            .filter(|token| !token.is_empty())
            .map(Zeroizing::new)),
    }
}

/// By how many seconds a witness's clock may be ahead.
const AHEAD: u64 = 300;

/// Whether the newest cosignature is new enough.
fn age(most: Option<u64>, report: &mut Report) -> Checked<()> {
    let now = (SystemClock.now().0 / Micros::SECOND).unsigned_abs();
    // A time that is still to come says nothing about the age.
    let known = |time: &&u64| **time <= now + AHEAD;
    let newest = report.times.iter().filter(known).max().copied();
    let Some(most) = most else {
        if newest.is_none() {
            report.not_checked.push("how old the checkpoint is: without a witness nobody can tell a quiet log from a stale copy".to_owned());
        }
        return Ok(());
    };
    let Some(newest) = newest else {
        return found(
            Verdict::Incomplete,
            "checkpoint",
            "no witness has cosigned the checkpoint, so nothing says how old it is, and --max-age cannot be met",
        );
    };
    let age = now.saturating_sub(newest);
    if age > most {
        return found(
            Verdict::Incomplete,
            "checkpoint",
            format!(
                "the newest cosignature is {age} seconds old, more than the {most} that --max-age allows: the log may have grown since"
            ),
        );
    }
    report
        .checked
        .push(format!("the newest cosignature is {age} seconds old"));
    Ok(())
}

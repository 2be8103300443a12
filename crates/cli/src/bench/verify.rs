//! `annals bench verify`: how fast `annals verify` reads a full export, against hashing the same bytes in memory.

use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use model::entry::{Entry, EntryActor, EntryTarget, Outcome};
use model::part::{Disclosure, PartKey, PartName};
use serde_json::json;
use server::export::layout::{DISCLOSURES, Folder, Layout};
use tlog::tile::Tiler;
use tlog::{Checkpoint, KeyKind, KeyName, Policy, SigningKey, leaf_hash};

use super::figures::{Limit, Target, median, rounded};
use crate::verify::log::{Wanted, verify};
use crate::verify::report::{Report, Stop};
use crate::verify::source::Source;

/// The log that is verified.
const ORIGIN: &str = "annals.bench/0ujtsYcgvSTl8PAuAdqWYSMnLOv";
/// How many entries are hashed in memory at a time.
const IN_MEMORY: u64 = 100_000;

/// Verify a full export; say how the rate compares with hashing the same entries in memory on one core.
///
/// The log is made first, in a folder that is gone afterwards. Memory is read from Linux's `/proc`.
#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// How many events the log has
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1000..))]
    events: u64,
    /// How often each way is measured
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=100))]
    rounds: u16,
    /// Folder to work below [default: that of temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// An event of about 450 bytes, and what opens its parts.
fn event(index: u64) -> Result<(Vec<u8>, Vec<Disclosure>)> {
    let id = format!("3MYG{index:0>23}");
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&index.to_le_bytes());
    let k = PartKey::new(seed);
    let parts = [
        (
            PartName::ACTOR,
            json!({ "name": "Ada Lovelace", "email": "ada@example.com" }),
        ),
        (
            PartName::TARGET,
            json!({ "name": format!("Web app {index}") }),
        ),
    ]
    .map(|(part, value)| (part, Disclosure::make(&k, &id, part, &value)));
    let entry = Entry {
        action: "updated".to_owned(),
        actor: EntryActor {
            id: Some("3MYGxDYZcSig025Lxtm8vvDsBSC".to_owned()),
            r#type: "user".to_owned(),
            token: None,
            session: None,
            on_behalf_of: None,
        },
        at: 1_795_000_000_000_000 + index.cast_signed() * 1000,
        changes: Vec::new(),
        code: None,
        facts: None,
        id,
        imported: None,
        organization: Some("3MYGxDz1DtbQnlgC0Frmj4oKguL".to_owned()),
        outcome: Outcome::Success,
        parts: parts
            .iter()
            .map(|(part, one)| (part.to_string(), one.commitment()))
            .collect(),
        related: Vec::new(),
        request: "3MYGxj7Kuu9nBJ8mXesjbKSx03L".to_owned(),
        sequence: index,
        subjects: [].into(),
        target: EntryTarget {
            id: Some("3MYGxkaCjxvylq7TuzWg2nksTOO".to_owned()),
            r#type: "source".to_owned(),
        },
        workspace: None,
    };
    let bytes = entry
        .to_bytes()
        .map_err(|error| anyhow::anyhow!("an entry: {error}"))?;
    Ok((bytes, parts.map(|(_, one)| one).into()))
}

/// Makes the log, and gives its key.
fn make(folder: &Path, events: u64) -> Result<String> {
    let name = KeyName::parse(ORIGIN)?;
    let key = SigningKey::from_seed(name, KeyKind::Note, &[1; 32])?;
    let mut layout = Layout::new(Folder::create(folder)?);
    for index in 0..events {
        let (entry, disclosures) = event(index)?;
        layout.push(&entry, &disclosures)?;
    }
    let text = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: layout.size(),
        root: layout.root(),
        extensions: Vec::new(),
    }
    .to_string();
    let vkey = key.verifier().to_string();
    layout.finish(&format!("{text}\n{}", key.sign(&text, 0)), &vkey)?;
    Ok(vkey)
}

/// Events a second: leaf and node hashes of entries that are in memory.
fn in_memory(entries: &[Vec<u8>]) -> f64 {
    let (start, mut tiler) = (Instant::now(), Tiler::new());
    for entry in entries {
        let Ok(()) = tiler.push(leaf_hash(entry), |_, _| Ok::<_, Infallible>(()));
    }
    let root = std::hint::black_box(tiler.root());
    let _ = root;
    rate(entries.len() as u64, start.elapsed())
}

#[expect(clippy::cast_precision_loss, reason = "a count of events")]
fn rate(events: u64, took: Duration) -> f64 {
    events as f64 / took.as_secs_f64()
}

/// Events a second: the whole check.
fn checked(folder: &Path, policy: &Policy, events: u64, ahead: bool) -> Result<f64> {
    let wanted = Wanted {
        policy,
        origin: None,
        since: None,
        content: false,
        ahead,
        quiet: true,
    };
    let start = Instant::now();
    match verify(
        &Source::Folder(folder.to_owned()),
        &wanted,
        &mut Report::default(),
    ) {
        Ok(()) => Ok(rate(events, start.elapsed())),
        Err(Stop::Found(finding)) => {
            bail!("the log that was made does not verify: {}", finding.message)
        }
        Err(Stop::Unable(error)) => Err(error),
    }
}

/// The most memory that a process of its own takes for the check, in MB.
fn memory(folder: &Path, vkey: &str) -> Result<f64> {
    let program = std::env::current_exe().context("cannot find this program")?;
    let mut child = Command::new(program)
        .args(["verify", "--json", "--key", vkey])
        .arg(folder)
        .stdout(Stdio::null())
        .spawn()?;
    let mut most = 0.0_f64;
    while child.try_wait()?.is_none() {
        most = most.max(super::process::peak(child.id()).unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(most)
}

pub(crate) fn run(command: &Verify) -> Result<()> {
    let base = command.dir.clone().unwrap_or_else(std::env::temp_dir);
    let folder = tempfile::tempdir_in(base).context("cannot make a folder to work in")?;
    let path = folder.path();
    eprintln!("making a log of {} events", command.events);
    let vkey = make(path, command.events)?;
    let policy = Policy::of_log(tlog::VerifierKey::parse(&vkey)?);
    let entries: Vec<Vec<u8>> = (0..IN_MEMORY.min(command.events))
        .map(|index| event(index).map(|(entry, _)| entry))
        .collect::<Result<_>>()?;
    #[expect(clippy::cast_precision_loss, reason = "a count of bytes")]
    let bytes = entries.iter().map(Vec::len).sum::<usize>() as f64 / entries.len() as f64;
    let disclosures = path.join(DISCLOSURES);
    let aside = path.join("aside");
    let (mut alone, mut ahead, mut opened, mut base) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..command.rounds {
        let memory = in_memory(&entries);
        std::fs::rename(&disclosures, &aside)?;
        alone.push(checked(path, &policy, command.events, false)? / memory);
        ahead.push(checked(path, &policy, command.events, true)? / memory);
        std::fs::rename(&aside, &disclosures)?;
        opened.push(
            ahead.last().copied().unwrap_or(f64::NAN) * memory
                / checked(path, &policy, command.events, true)?,
        );
        base.push(memory);
    }
    let most = memory(path, &vkey)?;
    let targets = [
        Target {
            what: "integrity to hashing in memory, one thread",
            key: "integrityOneThread",
            figure: median(&alone),
            limit: Limit::AtLeast(0.60),
        },
        Target {
            what: "the same, read on a second thread",
            key: "integrityTwoThreads",
            figure: median(&ahead),
            limit: Limit::AtLeast(0.70),
        },
        Target {
            what: "times longer with disclosures",
            key: "withDisclosures",
            figure: median(&opened),
            limit: Limit::AtMost(6.0),
        },
        Target {
            what: "resident memory at its peak, MB",
            key: "peakMegabytes",
            figure: most,
            limit: Limit::AtMost(32.0),
        },
    ];
    if command.json {
        let list: Vec<_> = targets.iter().map(Target::json).collect();
        println!(
            "{}",
            json!({ "events": command.events, "entryBytes": rounded(bytes), "inMemoryPerSecond": rounded(median(&base)), "targets": list })
        );
    } else {
        println!(
            "{} events of {bytes:.0} bytes; hashed in memory: {:.0} a second",
            command.events,
            median(&base)
        );
        for target in &targets {
            println!("{}", target.line());
        }
    }
    Ok(())
}

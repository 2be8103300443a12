//! `annals export`.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use model::actor::{Actor, System};
use model::id::OrganizationId;
use serde_json::{Value, json};
use server::actions::audit_log::export::ExportAuditLog;
use server::export::archive::Archive;
use server::export::layout::{Folder, Layout};
use server::export::resume::{self, Found};
use server::export::rows::{self, Asked, Form};
use server::export::{Fixed, NOT_SIGNED, alone, full};
use store::{Query, Store};

use crate::place::{Place, only_organization, origin};

/// Take an audit log out, to be checked and kept elsewhere.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line, and none excludes another"
)]
pub(crate) struct Export {
    #[command(flatten)]
    place: Place,
    /// The organization [default: the only one]
    #[arg(long, value_name = "ID")]
    organization: Option<OrganizationId>,
    /// The instance's own log, which belongs to who runs the server, in place of an organization's; whole
    #[arg(long, conflicts_with = "organization")]
    instance: bool,
    /// Where to: a new folder or a .tar.zst file for a full export, otherwise a file; - for standard output
    #[arg(long, short, value_name = "PATH")]
    output: PathBuf,
    /// full: everything, to be checked as a whole; events: rows with a proof for each; csv: only the rows
    #[arg(long, value_enum, default_value = "full")]
    format: Format,
    /// Leave out what opens the sealed parts: a copy whose integrity can be checked, and that tells nothing of a person
    #[arg(long)]
    no_disclosures: bool,
    /// Go on with a folder, or a file of rows, that an export was broken off in; with the same filters as then
    #[arg(long)]
    resume: bool,
    /// Only events of this actor: the id of a person or a service token
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// Only events with this action, such as `updated_name`
    #[arg(long)]
    action: Option<String>,
    /// Only events about, or related to, the thing with this id
    #[arg(long, value_name = "ID")]
    target: Option<String>,
    /// Only events about things of this type, such as source
    #[arg(long, value_name = "TYPE")]
    target_type: Option<String>,
    /// Only events later than this moment, in RFC 3339
    #[arg(long, value_name = "TIME")]
    created_after: Option<String>,
    /// Only events earlier than this moment, in RFC 3339
    #[arg(long, value_name = "TIME")]
    created_before: Option<String>,
    /// Print one JSON object about the export
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Full,
    Events,
    Csv,
}

impl Export {
    /// The filters that are set, and the same in words.
    fn query(&self) -> Result<(Query, Value)> {
        let moment = |name: &str, text: &Option<String>| {
            text.as_deref()
                .map(|text| server::api::audit_logs::moment(name, text))
                .transpose()
        };
        for (name, word) in [("action", &self.action), ("target_type", &self.target_type)] {
            server::api::audit_logs::known_word(name, word.as_deref())?;
        }
        let query = Query {
            actors: self.actor.clone().map(|one| vec![one]),
            action: self.action.clone(),
            targets: self.target.clone().map(|one| vec![one]),
            target_type: self.target_type.clone(),
            created_after: moment("created-after", &self.created_after)?,
            created_before: moment("created-before", &self.created_before)?,
            ..Query::default()
        };
        let words = [
            ("actor", &self.actor),
            ("action", &self.action),
            ("target", &self.target),
            ("target_type", &self.target_type),
            ("created_after", &self.created_after),
            ("created_before", &self.created_before),
        ];
        let set = words
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), json!(value.as_ref()?))));
        Ok((query, Value::Object(set.collect())))
    }
}

/// How far it is, on a terminal.
fn progress(total: u64) -> impl FnMut(u64) {
    let mut next = std::io::stderr().is_terminal().then(Instant::now);
    move |done| {
        let now = Instant::now();
        if next.is_some_and(|next| now >= next) {
            next = Some(now + Duration::from_millis(200));
            let percent = (u128::from(done) * 100)
                .checked_div(u128::from(total))
                .unwrap_or(100);
            let end = if done == total { "\n" } else { "" };
            eprint!("\rexporting {done} of {total} ({percent} %){end}");
        }
    }
}

fn is_archive(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().ends_with(".tar.zst"))
}

pub(crate) fn run(command: &Export) -> Result<()> {
    let (query, words) = command.query()?;
    let is_full = command.format == Format::Full;
    if is_full && words != json!({}) {
        bail!(
            "a full export takes no filters: without all entries nothing proves that none is missing; use --format events"
        );
    }
    if command.no_disclosures && !is_full {
        bail!("only a full export can leave disclosures out");
    }
    if command.instance && !is_full {
        bail!("the instance's log is taken out whole; leave --format out");
    }
    let is_stream = command.output == Path::new("-") || is_full && is_archive(&command.output);
    if command.resume && is_stream {
        bail!("an archive or a stream cannot be gone on with; a folder, or a file of rows, can");
    }
    let store = command.place.open()?;
    let organization = match command.organization {
        _ if command.instance => None,
        Some(organization) => Some(organization),
        None => Some(only_organization(&store)?),
    };
    if command.instance && store.read(|rx| rx.instance_log())?.size == 0 {
        bail!("the instance's log holds no event yet");
    }
    let mut fixed = Fixed::of(&store, organization)
        .context("the log cannot be exported; a running `annals serve` signs it within a second")?;
    let mut rows = None;
    let begun = match command.format {
        Format::Full => None,
        _ if !command.resume => None,
        format => {
            let (file, found) = found(&command.output, format == Format::Events)
                .with_context(|| format!("cannot go on with {}", command.output.display()))?;
            if let (Some(manifest), Some(organization)) = (&found.manifest, organization) {
                fixed = begun_at(&store, organization, manifest, &words)?;
            }
            rows = Some(file);
            Some(found.begun)
        }
    };
    let unsigned = fixed.unsigned_erasure;
    tell_unsigned(command, &fixed);
    let action = ExportAuditLog {
        organization,
        workspace: None,
        begun_at: None,
        kind: match command.format {
            Format::Full => "full",
            Format::Events => "events",
            Format::Csv => "csv",
        },
        size: fixed.checkpoint.size,
        filters: words.clone(),
    };
    let output = match rows {
        Some(rows) => Output::Stream(Box::new(rows)),
        None => Output::open(command)?,
    };
    let actor = Actor::System(System::CommandLine);
    let _ = store.perform(actor, origin(&store), action).wait()?;
    let count = match command.format {
        Format::Full => {
            fixed = write_full(&store, &fixed, output, !command.no_disclosures)?;
            fixed.checkpoint.size
        }
        Format::Events | Format::Csv => {
            let form = match command.format {
                Format::Csv => Form::Csv,
                _ => Form::Proved,
            };
            let asked = Asked {
                query: &query,
                words: &words,
                form,
                begun,
            };
            let count = write_rows(&store, &fixed, &asked, output)?;
            // The rows stand under the checkpoint that they began with.
            fixed.unsigned_erasure = fixed.last_erasure(&store)?;
            count
        }
    };
    if fixed.unsigned_erasure != unsigned {
        tell_unsigned(command, &fixed);
    }
    let mut said = json!({
        "log": fixed.log.id, "origin": fixed.log.origin.as_str(), "vkey": fixed.log.vkey,
        "size": fixed.checkpoint.size, "exported": count, "output": command.output,
    });
    if let Some(entry) = fixed.unsigned_erasure {
        said["unsignedErasure"] = json!(entry);
    }
    if command.json {
        eprintln!("{said}");
    } else if command.output != Path::new("-") {
        eprintln!(
            "exported {count} events of log {} to {}",
            fixed.log.id,
            command.output.display()
        );
        if command.format != Format::Csv {
            eprintln!(
                "check it with: annals verify {} --key '{}'",
                command.output.display(),
                fixed.log.vkey
            );
        }
    }
    Ok(())
}

fn tell_unsigned(command: &Export, fixed: &Fixed) {
    if let (Some(entry), false) = (fixed.unsigned_erasure, command.json) {
        eprintln!(
            "entry {entry} erases something, and the checkpoint of this export does not cover it: in it what that erased counts \
             as withheld; a running `annals serve` signs it within a second, and a new export says erased"
        );
    }
}

/// Where an export goes: opened before it is recorded, so that none is that could not begin.
enum Output {
    /// An archive, or rows.
    Stream(Box<dyn Write + Send>),
    /// Files below a folder.
    Folder(Layout<Folder>),
}

impl Output {
    fn open(command: &Export) -> Result<Self> {
        let path = &command.output;
        let is_full = command.format == Format::Full;
        if path == Path::new("-") {
            return Ok(Self::Stream(Box::new(std::io::stdout())));
        }
        if !is_full || is_archive(path) {
            return Ok(Self::Stream(Box::new(create(path)?)));
        }
        let broken = || format!("cannot write into {}", path.display());
        Ok(Self::Folder(if command.resume {
            Layout::resume(path).with_context(broken)?
        } else {
            Layout::new(Folder::create(path).with_context(|| {
                format!(
                    "{}; an export that was broken off goes on with --resume",
                    broken()
                )
            })?)
        }))
    }
}

/// Gives the log as it was written.
fn write_full(
    store: &Store,
    fixed: &Fixed,
    output: Output,
    with_disclosures: bool,
) -> Result<Fixed> {
    let tell = progress(fixed.checkpoint.size);
    let taken = match output {
        Output::Stream(out) => {
            let layout = Layout::new(Archive::new(BufWriter::new(out))?);
            let (archive, taken) = full(store, fixed, layout, with_disclosures, tell)?;
            archive.finish()?.flush()?;
            taken
        }
        Output::Folder(layout) => full(store, fixed, layout, with_disclosures, tell)?.1,
    };
    if !taken.is_signed {
        bail!("{NOT_SIGNED}");
    }
    Ok(taken.fixed)
}

fn create(path: &Path) -> Result<File> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .with_context(|| format!("cannot make {}", path.display()))?;
    alone(&file)?;
    Ok(file)
}

/// A file of rows, which is cut off after its last whole row and goes on there, and what it holds.
fn found(path: &Path, proved: bool) -> Result<(File, Found)> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    alone(&file)?;
    let found = if proved {
        resume::proved(&mut file)?
    } else {
        resume::csv(&mut file)?
    };
    Ok((file, found))
}

/// The log as it was when rows with proofs were begun: all are proved by one checkpoint.
fn begun_at(
    store: &Store,
    organization: OrganizationId,
    manifest: &Value,
    words: &Value,
) -> Result<Fixed> {
    if manifest["query"] != *words {
        bail!(
            "the file was begun with other filters, {}; give the same ones",
            manifest["query"]
        );
    }
    let note = manifest["checkpoint"].as_str().unwrap_or_default();
    Fixed::at(store, organization, note)?.context(
        "the file was begun at a checkpoint that this log does not hold; it is of another log, or the log was rewritten",
    )
}

fn write_rows(store: &Store, fixed: &Fixed, asked: &Asked<'_>, output: Output) -> Result<u64> {
    let Output::Stream(out) = output else {
        bail!("rows go to a file or to standard output");
    };
    let mut out = BufWriter::new(out);
    let mut tell = None;
    let count = rows::rows(store, fixed, asked, &mut out, |done, total| {
        tell.get_or_insert_with(|| progress(total))(done);
    })?;
    out.flush()?;
    Ok(count)
}

//! Single events with a proof each: a receipt, and the rows of a filtered export.

use std::io::BufRead;

use base64::{Engine, engine::general_purpose::STANDARD};
use model::erasures::Erasures;
use model::part::Disclosure;
use serde::Deserialize;
use serde_json::value::RawValue;
use tlog::proof::verify_inclusion;
use tlog::{Checkpoint, Hash, Receipt, leaf_hash};

use super::content;
use super::log::{Wanted, authentic};
use super::report::{Checked, Progress, Report, Verdict, found};

/// What single events leave open.
const ERASURES: &str =
    "whether parts that are not disclosed were erased: that stands in the rest of the log";

/// What our receipts carry beside the proof.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Extra {
    entry: String,
    #[serde(default)]
    disclosures: Vec<String>,
}

/// The first line of a filtered export.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest<'a> {
    format: String,
    query: serde_json::Map<String, serde_json::Value>,
    range: (u64, u64),
    count: u64,
    checkpoint: String,
    vkey: String,
    /// Rows of the entries that erase something, where the export holds them.
    #[serde(borrow, default)]
    erasures: Option<Vec<Row<'a>>>,
}

/// How the first line of a filtered export begins.
const HEAD: &[u8] = br#"{"format":"annals.events.v1""#;

impl Manifest<'_> {
    /// Whether all entries of the range were asked for. Who may see one workspace alone gets no erasures, and the query says so.
    fn is_of_all(&self) -> bool {
        self.query.values().all(serde_json::Value::is_null) && self.erasures.is_some()
    }
}

/// A row of a filtered export. Entry and disclosures are taken as the bytes that stand there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<'a> {
    index: u64,
    #[serde(borrow)]
    entry: &'a RawValue,
    #[serde(borrow)]
    disclosures: Vec<&'a RawValue>,
    path: Vec<String>,
}

impl Row<'_> {
    /// Whether the entry is the one that the log has at this index.
    fn is_proved(&self, checkpoint: &Checkpoint) -> bool {
        let hash = |one: &String| {
            let bytes = STANDARD.decode(one).ok()?;
            Some(Hash::from_bytes(bytes.try_into().ok()?))
        };
        let path: Option<Vec<Hash>> = self.path.iter().map(hash).collect();
        let leaf = leaf_hash(self.entry.get().as_bytes());
        path.is_some_and(|path| {
            let (index, size, root) = (self.index, checkpoint.size, &checkpoint.root);
            verify_inclusion(&leaf, index, size, &path, root).is_ok()
        })
    }
}

fn begin(checkpoint: &Checkpoint, wanted: &Wanted<'_>, report: &mut Report) -> Checked<()> {
    report.origin = Some(checkpoint.origin.clone());
    report.size = Some(checkpoint.size);
    report.root = Some(format!("{:?}", checkpoint.root));
    report
        .checked
        .push("the checkpoint is signed by the log's key".to_owned());
    let Some(old) = wanted.since else {
        return Ok(());
    };
    if old.size == checkpoint.size && old.root != checkpoint.root {
        return found(
            Verdict::Tampered,
            "checkpoint",
            format!(
                "this checkpoint and the one that you hold are both of {} entries and differ: the log shows two histories",
                old.size
            ),
        );
    }
    if old.size > checkpoint.size {
        return found(
            Verdict::Incomplete,
            "checkpoint",
            format!(
                "the checkpoint is of {} entries, fewer than the {} of the one that you hold",
                checkpoint.size, old.size
            ),
        );
    }
    if old.size < checkpoint.size {
        report.not_checked.push("that the log grew out of the checkpoint that you hold: that takes the log's tiles, a full export or its address".to_owned());
    }
    Ok(())
}

/// Verifies a `.tlog-proof` file.
pub(crate) fn receipt(
    file: &[u8],
    entry: Option<Vec<u8>>,
    wanted: &Wanted<'_>,
    report: &mut Report,
) -> Checked<()> {
    let receipt = match Receipt::parse(file) {
        Ok(receipt) => receipt,
        Err(error) => return found(Verdict::NotAuthentic, "receipt", error.to_string()),
    };
    let checkpoint = authentic(&receipt.checkpoint, wanted.policy, wanted.origin, report)?;
    begin(&checkpoint, wanted, report)?;
    let extra = receipt
        .extra
        .as_deref()
        .map(serde_json::from_slice::<Extra>);
    let (entry, disclosures) = match (entry, extra) {
        (Some(entry), Some(Ok(extra))) if extra.entry.as_bytes() != entry => {
            return found(
                Verdict::Mismatch,
                "receipt",
                "the entry that the receipt carries is not the one that you gave: one of them was changed",
            );
        }
        (Some(entry), Some(Ok(extra))) => (entry, extra.disclosures),
        (Some(entry), other) => {
            if other.is_some() {
                let what =
                    "what the receipt carries beside the proof: it is in another form than ours";
                report.not_checked.push(what.to_owned());
            }
            (entry, Vec::new())
        }
        (None, Some(Ok(extra))) => (extra.entry.into_bytes(), extra.disclosures),
        (None, Some(Err(_))) => {
            return found(
                Verdict::Mismatch,
                "receipt",
                "what the receipt carries beside the proof is not an entry with its disclosures: it was changed, or is another program's; give the entry's bytes with --entry FILE",
            );
        }
        (None, None) => {
            return Err(anyhow::anyhow!(
                "the receipt does not carry its entry: give the entry's bytes with --entry FILE"
            )
            .into());
        }
    };
    if let Err(error) = receipt.verify(&leaf_hash(&entry)) {
        return found(
            Verdict::Tampered,
            format!("entry {}", receipt.index),
            format!(
                "the entry is not entry {} of the log that was signed: {error}",
                receipt.index
            ),
        );
    }
    report.entries = 1;
    report
        .checked
        .push(format!("the entry is entry {} of the log", receipt.index));
    let disclosures: Vec<_> = disclosures
        .into_iter()
        .map(Disclosure::from_string)
        .collect();
    let none = Erasures::default();
    content::entry(
        &entry,
        receipt.index,
        &disclosures,
        &|| &none,
        &mut None,
        report,
    );
    report.looked_inside();
    report.not_checked.push(ERASURES.to_owned());
    Ok(())
}

/// Verifies the rows of a filtered export, line by line.
pub(crate) fn events(
    mut lines: impl BufRead,
    length: u64,
    wanted: &Wanted<'_>,
    report: &mut Report,
) -> Checked<()> {
    let mut text = Vec::new();
    read(&mut lines, &mut text)?;
    let manifest: Manifest<'_> = match serde_json::from_slice(&text) {
        Ok(manifest) => manifest,
        Err(_) if !text.ends_with(b"\n") && text.starts_with(HEAD) => {
            return found(
                Verdict::Incomplete,
                "line 1",
                "the first line is cut off: the rest of the export is missing",
            );
        }
        Err(_) => {
            return found(
                Verdict::NotAuthentic,
                "line 1",
                "the first line is not the manifest of a filtered export",
            );
        }
    };
    if manifest.format != "annals.events.v1" {
        return Err(anyhow::anyhow!(
            "the export is in the format {}, which this version does not know",
            manifest.format
        )
        .into());
    }
    let checkpoint = authentic(
        manifest.checkpoint.as_bytes(),
        wanted.policy,
        wanted.origin,
        report,
    )?;
    begin(&checkpoint, wanted, report)?;
    let (first, end) = manifest.range;
    if first > end || end > checkpoint.size {
        return found(
            Verdict::Tampered,
            "line 1",
            format!(
                "the first line says that the export is of the entries from {first} to before {end}, which a log of {} entries does not have: it was changed",
                checkpoint.size
            ),
        );
    }
    let is_of_all = manifest.is_of_all();
    if is_of_all && (first, end) != (0, checkpoint.size) {
        let (place, what) = if first > 0 {
            (0, "begins later")
        } else {
            (end, "ends earlier")
        };
        return found(
            Verdict::Incomplete,
            format!("entry {place}"),
            format!(
                "the first line says that all entries were asked for, and {what} than the log of {} entries: rows were removed",
                checkpoint.size
            ),
        );
    }
    if !wanted
        .policy
        .logs()
        .iter()
        .any(|key| key.to_string() == manifest.vkey)
    {
        report
            .notes
            .push("the key in the export is not the one that you gave; yours was used".to_owned());
    }
    let mut progress = Progress::new("verifying", length, wanted.quiet);
    let missing = |index: u64| {
        found(
            Verdict::Incomplete,
            format!("entry {index}"),
            format!(
                "entry {index} is not there, and the first line says that all entries were asked for: rows were removed"
            ),
        )
    };
    let (mut done, mut last, mut before, mut rows) = (text.len() as u64, None, None, 0_u64);
    let mut next = Vec::new();
    let mut erasures = Erasures::default();
    for row in manifest.erasures.iter().flatten() {
        if !row.is_proved(&checkpoint)
            || !content::take_erasure(row.entry.get().as_bytes(), row.index, &mut erasures)
        {
            return found(
                Verdict::Tampered,
                format!("entry {}", row.index),
                format!(
                    "the first line gives as entry {} what is no erasure that the log holds there: entry or proof was changed",
                    row.index
                ),
            );
        }
    }
    loop {
        next.clear();
        if read(&mut lines, &mut next)? == 0 {
            break;
        }
        rows += 1;
        let line = rows + 1;
        let bad = |message: &str| {
            found(
                Verdict::Tampered,
                format!("line {line}"),
                format!("line {line} {message}"),
            )
        };
        let row: Row<'_> = match serde_json::from_slice(&next) {
            Ok(row) => row,
            Err(_) if !next.ends_with(b"\n") => {
                return found(
                    Verdict::Incomplete,
                    format!("line {line}"),
                    format!("line {line} is cut off: the rest of the export is missing"),
                );
            }
            Err(_) => return bad("is not a row of a filtered export: it was changed"),
        };
        if before.is_some_and(|before| row.index <= before) {
            return bad("is out of order or there twice: rows were moved or added");
        }
        let expected = before.map_or(first, |before| before + 1);
        if row.index < first || row.index >= end {
            return bad(
                "is of an entry that the first line says is not in the export: it was added",
            );
        }
        if is_of_all && row.index > expected {
            return missing(expected);
        }
        before = Some(row.index);
        let entry = row.entry.get().as_bytes();
        if !row.is_proved(&checkpoint) {
            return found(
                Verdict::Tampered,
                format!("entry {}", row.index),
                format!(
                    "line {line} is not entry {} of the log that was signed: entry or proof was changed",
                    row.index
                ),
            );
        }
        report.entries += 1;
        let opened: Vec<_> = row
            .disclosures
            .iter()
            .map(|one| Disclosure::from_string(one.get().to_owned()))
            .collect();
        content::entry(entry, row.index, &opened, &|| &erasures, &mut last, report);
        done += next.len() as u64;
        progress.at(done);
    }
    if rows != manifest.count {
        let verdict = if rows < manifest.count {
            Verdict::Incomplete
        } else {
            Verdict::Tampered
        };
        return found(
            verdict,
            "rows",
            format!(
                "the export says that it has {} rows and has {rows}: some were removed or added",
                manifest.count
            ),
        );
    }
    if is_of_all && rows < end - first {
        return missing(first + rows);
    }
    report.checked.push(if is_of_all {
        format!("the {rows} rows are all entries of the log from {first} to before {end}, in order")
    } else {
        format!("each of the {rows} rows is an entry of the log, in order")
    });
    report.looked_inside();
    // An erasure that was left out makes what it erased look withheld, and never the other way round.
    if manifest.erasures.is_none() || report.withheld > 0 {
        report.not_checked.push(ERASURES.to_owned());
    }
    if !is_of_all {
        report.not_checked.push(format!(
            "that the query was answered in full for entries {first} to {}: that takes a full export",
            end.saturating_sub(1)
        ));
    }
    Ok(())
}

fn read(lines: &mut impl BufRead, text: &mut Vec<u8>) -> anyhow::Result<usize> {
    Ok(std::io::Read::take(lines, 64 << 20).read_until(b'\n', text)?)
}

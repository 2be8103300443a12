//! A whole log in the layout of C2SP `tlog-tiles`: signature, every entry, every tile, the root.

use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Context;
use model::erasures::Erasures;
use tlog::tile::{self, Kind, Tiler};
use tlog::{Checkpoint, Frontier, Hash, Note, Policy, Tile, leaf_hash};

use super::content::{self, Bundle, Disclosures, Hand};
use super::report::{Checked, Finding, Progress, Report, Stop, Verdict, found};
use super::source::Source;

/// What is asked.
pub(crate) struct Wanted<'a> {
    pub(crate) policy: &'a Policy,
    /// The log's origin, where that is not the name of its key.
    pub(crate) origin: Option<&'a str>,
    /// An older checkpoint that the log must have grown out of.
    pub(crate) since: Option<&'a Checkpoint>,
    /// Whether what entries say is looked at even without disclosures.
    pub(crate) content: bool,
    /// Whether reading is done on a second thread.
    pub(crate) ahead: bool,
    pub(crate) quiet: bool,
}

/// A checkpoint whose signatures are good under the policy, and which is of the log of this origin, or else of the one that its
/// key is named after.
pub(crate) fn authentic(
    note: &[u8],
    policy: &Policy,
    origin: Option<&str>,
    report: &mut Report,
) -> Checked<Checkpoint> {
    let bad = |message: String| found(Verdict::NotAuthentic, "checkpoint", message);
    let parsed = match Note::parse(note) {
        Ok(parsed) => parsed,
        Err(error) => return bad(format!("the checkpoint cannot be believed: {error}")),
    };
    let (key, times) = match policy.verify(&parsed) {
        Ok((key, times)) => (key.name().as_str().to_owned(), times),
        Err(error) => return bad(format!("the checkpoint cannot be believed: {error}")),
    };
    let checkpoint = match Checkpoint::parse(parsed.text()) {
        Ok(checkpoint) => checkpoint,
        Err(error) => return bad(format!("what is signed is no checkpoint: {error}")),
    };
    let said = &checkpoint.origin;
    match origin {
        Some(origin) if said != origin => bad(format!(
            "the checkpoint is of the log {said}, and not of {origin}"
        )),
        None if *said != key => bad(format!(
            "the checkpoint is of the log {said}, but the key is that of {key}; if the log's key has another name than the log, say --origin"
        )),
        _ => {
            report.times.extend(times);
            Ok(checkpoint)
        }
    }
}
/// Checks everything. What is found is in the error; what was checked is in the report.
pub(crate) fn verify(source: &Source, wanted: &Wanted<'_>, report: &mut Report) -> Checked<()> {
    let Some(note) = source.get("checkpoint")? else {
        // A server says the same of a log that there is not, and of one that is not for who asks.
        if let Source::Web { .. } = source {
            return Err(Stop::Unable(anyhow::anyhow!(
                "there is no log with a checkpoint at this address, or it is not for this token"
            )));
        }
        return found(
            Verdict::Incomplete,
            "checkpoint",
            "there is no checkpoint, so nothing says what the log should be",
        );
    };
    let checkpoint = authentic(&note, wanted.policy, wanted.origin, report)?;
    report.origin = Some(checkpoint.origin.clone());
    report.size = Some(checkpoint.size);
    report.root = Some(format!("{:?}", checkpoint.root));
    report
        .checked
        .push("the checkpoint is signed by the log's key".to_owned());
    if let Some(old) = wanted.since
        && old.size > checkpoint.size
    {
        return found(
            Verdict::Incomplete,
            "checkpoint",
            format!(
                "the log has {} entries, fewer than the {} of the checkpoint that you hold: its end is missing, or this is an old copy",
                checkpoint.size, old.size
            ),
        );
    }
    let disclosures = match source {
        Source::Folder(folder) => handed_over(&folder.join("disclosures.jsonl"))?,
        Source::Web { .. } => None,
    };
    let erasures = Sought {
        source,
        // Without disclosures all is closed, and nothing is said of why.
        size: disclosures.as_ref().map_or(0, |_| checkpoint.size),
        quiet: wanted.quiet,
        found: OnceLock::new(),
    };
    let looks_inside = disclosures.is_some() || wanted.content;
    let hand = looks_inside.then(|| Hand {
        disclosures: disclosures
            .map(|file| Disclosures::new(BufReader::with_capacity(1 << 18, file))),
        last: None,
    });
    let mut walk = Walk {
        source,
        tiler: Tiler::new(),
        differs: None,
        old_root: None,
    };
    let mut walked = walk.both(&checkpoint, wanted, hand, &erasures, report);
    if walked.is_ok() {
        walked = walk.finish(&checkpoint, report);
    }
    if let (Err(_), Some((tile, index))) = (&walked, walk.differs)
        && tile.kind == Kind::Hashes(0)
    {
        report.misplaced = Some(report.misplaced.map_or(index, |first| first.min(index)));
    }
    walked?;
    if let Some((_, Err(error))) = erasures.found.into_inner() {
        return Err(Stop::Unable(error));
    }
    report.checked.push(format!(
        "each of the {} entries, in order, and each tile of hashes over them",
        checkpoint.size
    ));
    if looks_inside {
        report.looked_inside();
    } else {
        report.not_checked.push("what entries say: no disclosures were handed over (--content looks at it all the same)".to_owned());
    }
    match wanted.since {
        None => report.not_checked.push("that it grew out of a log that you knew before: no older checkpoint was given (--since)".to_owned()),
        Some(old) => {
            if walk.old_root != Some(old.root) {
                return found(
                    Verdict::Tampered,
                    format!("entries 0 to {}", old.size.saturating_sub(1)),
                    format!("the first {} entries are not those of the checkpoint that you hold: the log was rewritten since, or shows two histories", old.size),
                );
            }
            report.checked.push(format!("its first {} entries are those of the checkpoint that you hold", old.size));
        }
    }
    Ok(())
}

/// The file of disclosures. None were handed over only where there is nothing of this name: what cannot be read is not nothing.
fn handed_over(file: &Path) -> anyhow::Result<Option<File>> {
    let cannot = || format!("cannot read {}", file.display());
    match file.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(cannot),
        Ok(_) => File::open(file).map(Some).with_context(cannot),
    }
}

fn missing(tile: Tile) -> Stop {
    let what = match tile.kind {
        Kind::Entries => format!(
            "entries {} to {}",
            tile.first(),
            tile.first() + u64::from(tile.width) - 1
        ),
        Kind::Hashes(level) => format!("hashes of level {level}"),
    };
    let message = format!("{tile} is missing: {what} are not there");
    Stop::Found(Finding::new(Verdict::Incomplete, tile, message))
}

/// The entries of a bundle that can be read, at most as many as the tile is wide, and what is wrong with it as a bundle.
fn unpack(tile: Tile, bytes: &[u8], is_full: bool) -> (Vec<&[u8]>, Option<Finding>) {
    let width = usize::from(tile.width);
    let mut all = Vec::with_capacity(width);
    for (entry, index) in tile::entries(bytes).zip(tile.first()..) {
        if all.len() == width {
            // A full bundle that stands for a partial one holds what came later, too.
            let message = format!(
                "{tile} holds more entries than the checkpoint covers, from entry {index} on"
            );
            let more = (!is_full).then(|| Finding::new(Verdict::Tampered, tile, message));
            return (all, more);
        }
        let Ok(entry) = entry else {
            let message =
                format!("{tile} ends in the middle of entry {index}: the rest was cut off");
            let cut = Finding::new(Verdict::Incomplete, format!("entry {index}"), message);
            return (all, Some(cut));
        };
        all.push(entry);
    }
    let first = tile.first() + all.len() as u64;
    let short = (all.len() < width).then(|| {
        let message = format!("{tile} ends before entry {first}: entries are missing");
        Finding::new(Verdict::Incomplete, format!("entry {first}"), message)
    });
    (all, short)
}

/// The hashes of a tile that can be read, at most as many as it is wide, and what is wrong with it as a tile.
fn hashes(tile: Tile, bytes: &[u8], is_full: bool) -> (Vec<Hash>, Option<Finding>) {
    let width = usize::from(tile.width);
    let most = if is_full { tile::FULL } else { tile.width };
    let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % Hash::LENGTH);
    let all = tile::hashes(whole).into_iter().flatten();
    let all: Vec<Hash> = all.take(width).collect();
    let wrong = if bytes.len() > usize::from(most) * Hash::LENGTH {
        let message =
            format!("{tile} holds more than the {most} hashes that it should: it was added to");
        Some(Finding::new(Verdict::Tampered, tile, message))
    } else if all.len() < width || !rest.is_empty() {
        let message =
            format!("{tile} does not have the {width} hashes that it should: it was cut off");
        Some(Finding::new(Verdict::Incomplete, tile, message))
    } else {
        None
    };
    (all, wrong)
}

/// Stops at something that was tampered with; an entry that did not fit before that is named in its place.
fn stop(finding: Finding, differs: Option<(Tile, u64)>) -> Stop {
    match differs {
        Some((tile, index))
            if tile.kind == Kind::Hashes(0) && finding.verdict == Verdict::Tampered =>
        {
            let message = format!(
                "entry {index} does not fit its hash in {tile}: it was changed, or others were added or removed before it, or the tile was changed"
            );
            let place = format!("entry {index}");
            Stop::Found(Finding::new(Verdict::Tampered, place, message))
        }
        _ => Stop::Found(finding),
    }
}

/// A tile that does not have the hashes that it should, and not even the right ones as far as they go.
fn not_its_hashes(tile: Tile) -> Finding {
    let message = format!(
        "{tile} has neither as many hashes as it should nor those of what is under it: hashes were changed, added or removed"
    );
    Finding::new(Verdict::Tampered, tile, message)
}

/// Counts what found nothing with what came before, so that a long log without findings takes no memory.
fn shortened(mut reports: Vec<(u64, Report)>) -> Vec<(u64, Report)> {
    if let [.., (_, before), (_, last)] = reports.as_mut_slice()
        && last.says_nothing()
    {
        let last = std::mem::take(last);
        before.take_in(last);
        reports.pop();
    } else if reports.len() > Report::LISTED + 1 {
        // More than are listed need not be kept apart; they are still counted.
        let last = reports.pop();
        if let (Some((_, kept)), Some((_, last))) = (reports.last_mut(), last) {
            kept.take_in(last);
        }
    }
    reports
}

/// What the log erases. It is read for that only where something is closed: of a log that was disclosed as a whole it does not
/// matter.
struct Sought<'a> {
    source: &'a Source,
    size: u64,
    quiet: bool,
    found: OnceLock<(Erasures, anyhow::Result<()>)>,
}

impl Sought<'_> {
    fn all(&self) -> &Erasures {
        let (erasures, _) = self.found.get_or_init(|| {
            let mut erasures = Erasures::default();
            let read = self.read(&mut erasures);
            (erasures, read)
        });
        erasures
    }

    fn read(&self, erasures: &mut Erasures) -> anyhow::Result<()> {
        let mut progress = Progress::new("erasures", self.size, self.quiet);
        for tile in Tile::of_entries(self.size) {
            // What is missing or broken is found, and said, by the check itself.
            let Some((bytes, _)) = self.source.tile(tile)? else {
                break;
            };
            content::erasures_of(&bytes, tile.first(), erasures);
            progress.at(tile.first());
        }
        Ok(())
    }
}

struct Walk<'a> {
    source: &'a Source,
    tiler: Tiler,
    /// The first tile that is not what the entries give, and which of its hashes.
    differs: Option<(Tile, u64)>,
    /// The root at the size of the older checkpoint.
    old_root: Option<Hash>,
}

/// How many threads look into entries.
const BESIDE: usize = 2;

/// Where bundles are looked into, and who hands them out.
struct Inside<'a> {
    hand: &'a mut Hand<BufReader<File>>,
    bundles: &'a SyncSender<Bundle>,
}

impl Walk<'_> {
    /// Goes through all entries: hashes them here, and looks into them on threads beside.
    fn both(
        &mut self,
        checkpoint: &Checkpoint,
        wanted: &Wanted<'_>,
        hand: Option<Hand<BufReader<File>>>,
        erasures: &Sought<'_>,
        report: &mut Report,
    ) -> Checked<()> {
        let Some(mut hand) = hand else {
            return self.entries(checkpoint, wanted, None, report);
        };
        let (bundles, waiting) = sync_channel::<Bundle>(8);
        let waiting = Mutex::new(waiting);
        let next = || {
            waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .recv()
                .ok()
        };
        let done = std::thread::scope(|threads| {
            let beside: Vec<_> = (0..BESIDE)
                .map(|_| {
                    threads.spawn(|| {
                        let mut reports = Vec::new();
                        while let Some(bundle) = next() {
                            let (first, mut found) = (bundle.tile.first(), Report::default());
                            bundle.look(&|| erasures.all(), &mut found);
                            reports.push((first, found));
                            // Of reports that say nothing only the counts are kept.
                            reports = shortened(reports);
                        }
                        reports
                    })
                })
                .collect();
            let inside = Inside {
                hand: &mut hand,
                bundles: &bundles,
            };
            let done = self.entries(checkpoint, wanted, Some(inside), report);
            drop(bundles);
            let mut found = Vec::new();
            for one in beside {
                let reports = one
                    .join()
                    .map_err(|_| anyhow::anyhow!("looking into the entries panicked"))?;
                found.extend(reports);
            }
            // What was found first in the log is said first.
            found.sort_by_key(|(first, _)| *first);
            for (_, one) in found {
                report.take_in(one);
            }
            done
        });
        done?;
        // Only whoever has seen all entries can say that something is about none of them.
        if let Some(disclosures) = hand.disclosures {
            disclosures.finish(checkpoint.size, report)?;
        }
        Ok(())
    }

    fn entries(
        &mut self,
        checkpoint: &Checkpoint,
        wanted: &Wanted<'_>,
        mut inside: Option<Inside<'_>>,
        report: &mut Report,
    ) -> Checked<()> {
        let size = checkpoint.size;
        let mut progress = Progress::new("verifying", size, wanted.quiet);
        let old = wanted.since.map(|old| old.size);
        if old == Some(0) {
            self.old_root = Some(self.tiler.root());
        }
        let both = Tile::of_entries(size).flat_map(|tile| {
            [
                tile,
                Tile {
                    kind: Kind::Hashes(0),
                    ..tile
                },
            ]
        });
        let mut bundle = None;
        let mut take = |walk: &mut Self,
                        tile: Tile,
                        read: anyhow::Result<Option<(Vec<u8>, bool)>>|
         -> Checked<()> {
            let read = read?.ok_or_else(|| missing(tile))?;
            if tile.kind == Kind::Entries {
                bundle = Some(read);
                return Ok(());
            }
            let Some((bytes, is_full)) = bundle.take() else {
                return Ok(());
            };
            let bytes = Arc::new(bytes);
            walk.tile(tile, (&bytes, is_full), (&read.0, read.1), old, report)?;
            if let Some(inside) = &mut inside {
                let bundle = inside.hand.out(tile, bytes, report)?;
                // If the other side has stopped, it says why when it is asked.
                let _ = inside.bundles.send(bundle);
            }
            progress.at(tile.first());
            Ok(())
        };
        if wanted.ahead {
            for (tile, read) in self.source.ahead(both) {
                take(self, tile, read)?;
            }
        } else {
            for tile in both {
                let read = self.source.tile(tile);
                take(self, tile, read)?;
            }
        }
        Ok(())
    }

    /// One bundle, and the tile of level 0 over it.
    fn tile(
        &mut self,
        tile: Tile,
        bundle: (&[u8], bool),
        kept: (&[u8], bool),
        old: Option<u64>,
        report: &mut Report,
    ) -> Checked<()> {
        let of_entries = Tile {
            kind: Kind::Entries,
            ..tile
        };
        let (entries, wrong) = unpack(of_entries, bundle.0, bundle.1);
        let (kept, short) = hashes(tile, kept.0, kept.1);
        // As far as both go, the tile tells whether what is wrong with the bundle begins before the place where it shows.
        let first = || {
            let mut both = entries.iter().zip(&kept).zip(tile.first()..);
            let differs = both.find(|((entry, hash), _)| leaf_hash(entry) != **hash);
            differs.map(|(_, index)| index)
        };
        let finding = match (wrong, short) {
            (None, None) => None,
            (None, Some(short)) => Some(first().map_or(short, |_| not_its_hashes(tile))),
            (Some(wrong), short) => {
                let first = first();
                if let Some(index) = first {
                    self.differs.get_or_insert((tile, index));
                }
                let worse = short.filter(|short| short.verdict == Verdict::Tampered);
                Some(first.map_or(worse.unwrap_or(wrong), |_| not_its_hashes(tile)))
            }
        };
        if let Some(finding) = finding {
            return Err(stop(finding, self.differs));
        }
        report.tiles += 1;
        for ((entry, hash), index) in entries.into_iter().zip(kept).zip(tile.first()..) {
            let leaf = leaf_hash(entry);
            if leaf != hash && self.differs.is_none() {
                self.differs = Some((tile, index));
            }
            let (source, differs, tiles) = (self.source, &mut self.differs, &mut report.tiles);
            self.tiler.push(leaf, |tile, hashes| {
                compare(source, tile, hashes, differs, tiles)
            })?;
            if old == Some(index + 1) {
                self.old_root = Some(self.tiler.root());
            }
            report.entries += 1;
        }
        Ok(())
    }

    fn finish(&mut self, checkpoint: &Checkpoint, report: &mut Report) -> Checked<()> {
        let partial: Vec<(Tile, Vec<Hash>)> = self
            .tiler
            .partial()
            .map(|(tile, hashes)| (tile, hashes.to_vec()))
            .collect();
        for (tile, hashes) in partial {
            compare(
                self.source,
                tile,
                &hashes,
                &mut self.differs,
                &mut report.tiles,
            )?;
        }
        let root = self.tiler.root();
        if root == checkpoint.root {
            return match self.differs {
                None => Ok(()),
                Some((tile, _)) => found(
                    Verdict::Tampered,
                    tile,
                    format!(
                        "{tile} does not hold the hashes of what is under it, although the entries are those that were signed: the tile was changed"
                    ),
                ),
            };
        }
        let Some((tile, index)) = self.differs else {
            return found(
                Verdict::Tampered,
                "checkpoint",
                format!(
                    "the {} entries and their tiles do not give the root that was signed: entries were changed, added, removed or moved, and the tiles made anew",
                    checkpoint.size
                ),
            );
        };
        // The tiles tell where: at the lowest level that still leads to the signed root, all is as it was signed.
        let levels = checkpoint.size.checked_ilog2().unwrap_or(0) / 8;
        for level in 0..=levels {
            if self.root_from(level.to_le_bytes()[0], checkpoint.size)? == checkpoint.root {
                return if level == 0 && tile.kind == Kind::Hashes(0) {
                    found(
                        Verdict::Tampered,
                        format!("entry {index}"),
                        format!(
                            "entry {index} is not what was signed: it was changed, or others were added, removed or moved before it"
                        ),
                    )
                } else {
                    let bad = self
                        .first_bad(level.to_le_bytes()[0].saturating_sub(1), checkpoint.size)?
                        .unwrap_or(tile);
                    found(
                        Verdict::Tampered,
                        bad,
                        format!(
                            "{bad} and what is under it are not what was signed: entries {} and later were changed, added, removed or moved",
                            covered(bad)
                        ),
                    )
                };
            }
        }
        found(
            Verdict::Tampered,
            tile,
            format!(
                "no tile leads to the root that was signed; {tile} is the first that does not fit the entries under it"
            ),
        )
    }

    /// The root of the log by its tiles of one level, and by the partial ones below.
    fn root_from(&self, level: u8, size: u64) -> Checked<Hash> {
        let mut right: Option<Hash> = None;
        for below in 0..=level {
            let mut edge = Frontier::new();
            let tiles = Tile::of_hashes(size).filter(|tile| {
                tile.kind == Kind::Hashes(below) && (below == level || !tile.is_full())
            });
            let mut push = |hash| {
                // A log has fewer entries than a frontier can count.
                let _: Result<_, _> = edge.push(hash);
            };
            for tile in tiles {
                self.read(tile)?.into_iter().for_each(&mut push);
            }
            right.into_iter().for_each(&mut push);
            right = (edge.size() > 0).then(|| edge.root());
        }
        Ok(right.unwrap_or(tlog::EMPTY_ROOT))
    }

    /// The first full tile of a level whose root is not what the level above says.
    fn first_bad(&self, level: u8, size: u64) -> Checked<Option<Tile>> {
        let above = |tile: &Tile| tile.kind == Kind::Hashes(level + 1);
        for upper in Tile::of_hashes(size).filter(above) {
            for (hash, index) in self.read(upper)?.into_iter().zip(upper.first()..) {
                let tile = Tile {
                    kind: Kind::Hashes(level),
                    index,
                    width: tile::FULL,
                };
                if tile::perfect_root(&self.read(tile)?) != hash {
                    return Ok(Some(tile));
                }
            }
        }
        Ok(None)
    }

    fn read(&self, tile: Tile) -> Checked<Vec<Hash>> {
        let (bytes, is_full) = self.source.tile(tile)?.ok_or_else(|| missing(tile))?;
        match hashes(tile, &bytes, is_full) {
            (_, Some(wrong)) => Err(stop(wrong, self.differs)),
            (all, None) => Ok(all),
        }
    }
}

/// The entries under a tile.
fn covered(tile: Tile) -> u64 {
    match tile.kind {
        Kind::Entries => tile.first(),
        Kind::Hashes(level) => tile.first() << (8 * u32::from(level)),
    }
}

/// Compares a tile of an upper level with what is under it; tiles of level 0 are compared entry by entry.
fn compare(
    source: &Source,
    tile: Tile,
    expected: &[Hash],
    differs: &mut Option<(Tile, u64)>,
    count: &mut u64,
) -> Checked<()> {
    if tile.kind == Kind::Hashes(0) {
        return Ok(());
    }
    *count += 1;
    let (bytes, is_full) = source.tile(tile)?.ok_or_else(|| missing(tile))?;
    let (kept, wrong) = hashes(tile, &bytes, is_full);
    let other = kept
        .iter()
        .zip(expected)
        .zip(tile.first()..)
        .find(|((kept, expected), _)| kept != expected);
    if let Some(wrong) = wrong {
        let is_other = other.is_some() && differs.is_none();
        let wrong = if is_other {
            not_its_hashes(tile)
        } else {
            wrong
        };
        return Err(stop(wrong, *differs));
    }
    if let (Some((_, index)), None) = (other, &differs) {
        *differs = Some((tile, index));
    }
    Ok(())
}

//! Taking a log out: whole, in the layout of C2SP `tlog-tiles`, or the rows that a query asks for, each with its proof.
//!
//! An export streams: it reads the log in slices, each a short transaction below a size that is fixed at the start, and
//! holds no more than a few slices.

mod ahead;
pub mod archive;
pub mod layout;
pub mod resume;
pub mod rows;
pub mod stream;

use std::fs::{File, TryLockError};
use std::io;
use std::time::{Duration, Instant};

use model::id::OrganizationId;
use store::{Error, Log, Published, Rx, Store};
use tlog::tile::{FULL, Kind, put_entry};
use tlog::{Hash, Tile};

use self::ahead::in_order;
use self::layout::{Layout, Portion, put_line};
use crate::audit::SIGNED_WITHIN;

/// Keeps other exports from writing into what this file belongs to, as long as it is open. Where the file system has no locks
/// nothing does.
///
/// # Errors
/// When another export is at it.
pub fn alone(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            "another export is writing into it",
        )),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(()),
    }
}

/// How many entries are read at once, by one thread: a bundle.
const SLICE: usize = FULL as usize;
/// How many bytes of disclosures go on at once: those of a bundle of ordinary entries are a tenth of it.
const LINES: usize = 1 << 20;
/// How often an export goes on to an erasure that came meanwhile.
const ROUNDS: u32 = 5;
/// After how long it is looked again for a checkpoint.
const PAUSE: Duration = Duration::from_millis(100);

/// A log as an export has it: fixed at a checkpoint.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The log, no larger than its checkpoint, with the newest key that signed that.
    pub log: Log,
    /// The checkpoint.
    pub checkpoint: Published,
    /// The last entry that erases something, where the checkpoint does not cover it: what it erased is not there any more, and
    /// nothing in the export says why.
    pub unsigned_erasure: Option<u64>,
}

impl Fixed {
    /// The log of an organization, or without one the instance's, as far as it is signed. Blocks the thread: an erasure that is
    /// not signed yet is waited for, so that the export says of what is gone that it was erased.
    ///
    /// # Errors
    /// [`Error::NotSigned`] where nothing is.
    pub fn of(store: &Store, organization: Option<OrganizationId>) -> Result<Self, Error> {
        let start = Instant::now();
        loop {
            let fixed = Self::now(store, organization)?;
            if fixed.unsigned_erasure.is_none() || start.elapsed() > SIGNED_WITHIN {
                return Ok(fixed);
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn now(store: &Store, organization: Option<OrganizationId>) -> Result<Self, Error> {
        let (log, unsigned_erasure) = store.read(|rx| {
            let log = match organization {
                Some(organization) => rx.organization_log(organization)?,
                None => rx.instance_log()?,
            };
            let log = rx.published(log)?;
            let signed = log.checkpoint.as_ref().map_or(0, |one| one.size);
            let unsigned = rx.erasing_from(log.id, signed)?;
            Ok((log, unsigned))
        })?;
        let checkpoint = log.checkpoint.clone().ok_or(Error::NotSigned)?;
        Ok(Self {
            log,
            checkpoint,
            unsigned_erasure,
        })
    }

    /// The log of an organization as it was at an older checkpoint, which an export was begun at; none where that is no
    /// checkpoint of this log, or the log is not the one that was signed.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn at(
        store: &Store,
        organization: OrganizationId,
        note: &str,
    ) -> Result<Option<Self>, Error> {
        let log = store.read(|rx| rx.organization_log_at(organization, note))?;
        Ok(log.and_then(|log| {
            let checkpoint = log.checkpoint.clone()?;
            Some(Self {
                log,
                checkpoint,
                unsigned_erasure: None,
            })
        }))
    }

    /// The last entry that erases something and that the checkpoint does not cover, as it is now.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn last_erasure(&self, store: &Store) -> Result<Option<u64>, Error> {
        store.read(|rx| rx.erasing_from(self.log.id, self.checkpoint.size))
    }
}

/// What can go wrong while a log is taken out.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The log could not be read.
    #[error(transparent)]
    Store(#[from] Error),
    /// The export could not be written.
    #[error("the export cannot be written: {0}")]
    Write(#[from] io::Error),
}

/// A log as it was written.
#[derive(Clone, Debug)]
pub struct Taken {
    /// The log, further than asked for where something was erased meanwhile.
    pub fixed: Fixed,
    /// Whether the hashes lead to the root that was signed.
    pub is_signed: bool,
}

/// Writes a whole log, from where `layout` is, with what opens its sealed parts if `disclose` is set, and tells how far it is
/// after each slice. Where something was erased meanwhile it goes on to the checkpoint that covers that, so that the export says of
/// what is gone that it was erased. Blocks the thread.
///
/// Reading (with opening and hashing) goes on, on two threads, while what was read before is written here; what waits in between is
/// bounded, so that nobody runs ahead of the slowest.
///
/// What the database holds is taken out as it stands, even where it was altered, so that whoever verifies it sees what was: where
/// it keeps the hashes of entries, and they lead to what was signed, they are taken from there, and nothing here looks whether they
/// are those of the entries.
///
/// # Errors
/// [`ExportError`]; what was written up to then stays, and a folder can be gone on with.
pub fn full<S: layout::Sink>(
    store: &Store,
    fixed: &Fixed,
    mut layout: Layout<S>,
    disclose: bool,
    mut progress: impl FnMut(u64),
) -> Result<(S, Taken), ExportError> {
    let mut fixed = fixed.clone();
    for round in 1.. {
        end_bundle(store, &fixed, &mut layout)?;
        let first = layout.size();
        let are_signed = store.read(|rx| rx.keeps_tiles_to(&fixed.log, fixed.checkpoint.root))?;
        let bundles = layout.bundles();
        let mut firsts = (first..fixed.checkpoint.size).step_by(SLICE);
        in_order(
            || firsts.next().map(Ok),
            |first, give| {
                let tile = first / u64::from(FULL);
                let kept = |rx: &mut Rx<'_>| {
                    if are_signed {
                        rx.kept_leaves(&fixed.log, tile)
                    } else {
                        Ok(None)
                    }
                };
                let ahead = |portion: Portion| portion.ahead_into(bundles.as_ref(), tile);
                if disclose {
                    disclosed(store, &fixed, first, kept, |portion| {
                        Ok(give(ahead(portion)?))
                    })
                } else {
                    // If nobody takes it, whoever wrote says why.
                    let _ = give(ahead(bundle(store, &fixed, first, kept)?)?);
                    Ok(())
                }
            },
            |portion| {
                layout.take(portion)?;
                progress(layout.size());
                Ok(())
            },
        )?;
        let last = fixed.last_erasure(store)?;
        if !disclose || last == fixed.unsigned_erasure {
            break;
        }
        let later = Fixed::of(store, fixed.log.organization)?;
        if later.checkpoint.size <= fixed.checkpoint.size || round == ROUNDS {
            fixed.unsigned_erasure = last;
            break;
        }
        fixed = later;
    }
    let signed = &fixed.checkpoint;
    let is_signed = (layout.size(), layout.root()) == (signed.size, signed.root);
    let sink = layout.finish(&signed.note, &fixed.log.vkey)?;
    Ok((sink, Taken { fixed, is_signed }))
}

/// What a database keeps of the hashes of a bundle's entries, with their root in the tile above; none where it is not to be used.
type Kept = Option<(Vec<Hash>, Hash)>;

/// Writes the next entries, with what opens their parts, up to the end of a bundle that is begun, or of the log.
fn end_bundle<S: layout::Sink>(
    store: &Store,
    fixed: &Fixed,
    layout: &mut Layout<S>,
) -> Result<(), ExportError> {
    while !layout.size().is_multiple_of(u64::from(FULL)) && layout.size() < fixed.checkpoint.size {
        let most = u64::from(FULL) - layout.size() % u64::from(FULL);
        let most = most.min(fixed.checkpoint.size - layout.size());
        for one in store.read(|rx| rx.disclosed(&fixed.log, layout.size(), most))? {
            layout.push(&one.entry, &one.disclosures)?;
        }
    }
    Ok(())
}

/// What is said of an export whose hashes do not lead to the root that was signed.
pub const NOT_SIGNED: &str = "what was taken out is not the log that was signed: the export is whole, and `annals verify` says where it was changed";

/// Reads a slice, which is a bundle or what the log has of it, with what opens its parts, in short transactions.
fn disclosed(
    store: &Store,
    fixed: &Fixed,
    first: u64,
    kept: impl Fn(&mut Rx<'_>) -> Result<Kept, Error>,
    mut give: impl FnMut(Portion) -> io::Result<bool>,
) -> Result<(), ExportError> {
    let end = fixed.checkpoint.size.min(first + SLICE as u64);
    let (mut next, mut bundle, mut lines, mut hashes) = (first, Vec::new(), Vec::new(), None);
    while next < end {
        let rows = store.read(|rx| {
            if next == first {
                hashes = kept(rx)?;
            }
            rx.disclosed_as(&fixed.log, next, end - next, |one| {
                let mut line = Vec::new();
                put_line(&mut line, one.sequence, &one.disclosures)?;
                Ok::<_, io::Error>((one.entry, line))
            })
        })?;
        for row in rows {
            let (entry, line) = row?;
            put_entry(&mut bundle, &entry)
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            lines.extend(line);
            next += 1;
            if next < end && lines.len() > LINES {
                let ahead = Portion::ahead(std::mem::take(&mut lines));
                if !give(ahead)? {
                    return Ok(());
                }
            }
        }
    }
    // If nobody takes it, whoever wrote says why.
    let _ = give(Portion::new(bundle, lines, hashes)?)?;
    Ok(())
}

/// Reads a slice, which is a bundle or what the log has of it, in one transaction.
fn bundle(
    store: &Store,
    fixed: &Fixed,
    first: u64,
    kept: impl Fn(&mut Rx<'_>) -> Result<Kept, Error>,
) -> Result<Portion, ExportError> {
    let left = fixed.checkpoint.size - first;
    let tile = Tile {
        kind: Kind::Entries,
        index: first / u64::from(FULL),
        width: u16::try_from(left).map_or(FULL, |left| left.min(FULL)),
    };
    let (bundle, kept) = store.read(|rx| {
        let bundle = rx.bundle(&fixed.log, tile)?;
        Ok((bundle.ok_or(Error::NotFound("bundle"))?, kept(rx)?))
    })?;
    Ok(Portion::new(bundle, Vec::new(), kept)?)
}

//! Taking a log out: whole, in the layout of C2SP `tlog-tiles`, or the rows that a query asks for, each with its proof.
//!
//! An export streams: it reads the log in slices, each a short transaction below a size that is fixed at the start, and
//! holds no more than one slice.

pub mod archive;
pub mod layout;
pub mod rows;
pub mod stream;

use std::io;

use model::id::OrganizationId;
use store::{Error, Log, Published, Result, Store};

use self::layout::Layout;

/// How many entries are read at once: four bundles.
const SLICE: u64 = 1024;

/// A log as an export has it: fixed at a checkpoint.
#[derive(Clone, Debug)]
pub struct Fixed {
    /// The log, no larger than its checkpoint.
    pub log: Log,
    /// The checkpoint.
    pub checkpoint: Published,
}

impl Fixed {
    /// The log of an organization, as far as it is signed.
    ///
    /// # Errors
    /// [`Error::NotSigned`] where nothing is.
    pub fn of(store: &Store, organization: OrganizationId) -> Result<Self> {
        let log = store
            .read(|rx| rx.organization_log(organization))?
            .as_published();
        let checkpoint = log.checkpoint.clone().ok_or(Error::NotSigned)?;
        Ok(Self { log, checkpoint })
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
    /// The entries in the database do not give the root that was signed.
    #[error(
        "the entries in the database are not those that were signed: the export would not verify"
    )]
    Changed,
}

/// Writes a whole log, from where `layout` is, with what opens its sealed parts if `disclose` is set, and tells how far it is after each slice. Blocks the thread.
///
/// # Errors
/// [`ExportError`]; what was written up to then stays, and a folder can be gone on with.
pub fn full<S: layout::Sink>(
    store: &Store,
    fixed: &Fixed,
    mut layout: Layout<S>,
    disclose: bool,
    mut progress: impl FnMut(u64),
) -> std::result::Result<S, ExportError> {
    while layout.size() < fixed.checkpoint.size {
        let first = layout.size();
        let most = SLICE.min(fixed.checkpoint.size - first);
        if disclose {
            for one in store.read(|rx| rx.disclosed(&fixed.log, first, most))? {
                layout.push(&one.entry, &one.disclosures)?;
            }
        } else {
            for entry in store.read(|rx| rx.entries(&fixed.log, first, most))? {
                layout.push(&entry, &[])?;
            }
        }
        progress(layout.size());
    }
    if layout.size() != fixed.checkpoint.size || layout.root() != fixed.checkpoint.root {
        return Err(ExportError::Changed);
    }
    Ok(layout.finish(&fixed.checkpoint.note, &fixed.log.vkey)?)
}

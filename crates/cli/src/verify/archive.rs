//! A full export in one file: a tar archive, compressed with zstd or not.

use std::cell::Cell;
use std::io::{ErrorKind, Read};
use std::path::Path;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::report::{Checked, Verdict, found};

const BROKEN: &str = "the archive is broken or does not fit on the disk";

/// Whether a file is an archive, by how it begins, and then whether it is compressed.
pub(super) fn kind(head: &[u8], path: &Path) -> Option<bool> {
    let called = |name: &str| {
        let last = path.extension();
        last.is_some_and(|one| one.eq_ignore_ascii_case(name))
    };
    match head {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(true),
        // Cut before it says what it is.
        [] | [0x28] | [0x28, 0xb5] | [0x28, 0xb5, 0x2f] if called("zst") => Some(true),
        _ if called("tar") => Some(false),
        _ => None,
    }
}

/// Unpacks an archive into a folder that goes away. Only files and folders are taken, and nothing can end up outside.
pub(super) fn unpack(file: impl Read, compressed: bool) -> Checked<TempDir> {
    let folder = tempfile::tempdir().context("cannot make a folder to unpack into")?;
    if compressed {
        let plain = zstd::Decoder::new(file).context("cannot read the archive")?;
        take(plain, folder.path())?;
    } else {
        take(file, folder.path())?;
    }
    Ok(folder)
}

/// A reader that remembers whether it came to an end.
struct Watched<'a, R> {
    inner: R,
    ended: &'a Cell<bool>,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(into);
        let is_end = match &read {
            Ok(length) => *length == 0 && !into.is_empty(),
            Err(error) => error.kind() == ErrorKind::UnexpectedEof,
        };
        self.ended.set(self.ended.get() || is_end);
        read
    }
}

fn take(plain: impl Read, folder: &Path) -> Checked<()> {
    let (ended, mut whole) = (Cell::new(false), None);
    let mut archive = tar::Archive::new(Watched {
        inner: plain,
        ended: &ended,
    });
    let taken = files(&mut archive, folder, &mut whole, &ended);
    // An archive has its own mark of the end, so what is read never ends before that; and what is packed has one after it.
    let is_cut = ended.get() || {
        taken?;
        match std::io::copy(&mut archive.into_inner(), &mut std::io::sink()) {
            Ok(_) => false,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => true,
            Err(error) => return Err(anyhow::Error::new(error).context(BROKEN).into()),
        }
    };
    if !is_cut {
        return Ok(());
    }
    match whole {
        Some(last) => found(
            Verdict::Incomplete,
            &last,
            format!(
                "the archive is cut off: {last} is the last file that is whole, and what comes after it is missing"
            ),
        ),
        None => found(
            Verdict::Incomplete,
            "archive",
            "the archive is cut off before the end of its first file",
        ),
    }
}

/// Unpacks file by file; `whole` is the last that was there to its end.
fn files(
    archive: &mut tar::Archive<impl Read>,
    folder: &Path,
    whole: &mut Option<String>,
    ended: &Cell<bool>,
) -> Result<()> {
    for entry in archive.entries().context(BROKEN)? {
        let mut entry = entry.context(BROKEN)?;
        let kind = entry.header().entry_type();
        let path = entry.path().context(BROKEN)?.into_owned();
        // A link could lead out of the folder, and an export has none.
        if !kind.is_file() && !kind.is_dir() {
            bail!(
                "the archive holds {}, which is neither a file nor a folder: it is no export",
                path.display()
            );
        }
        if !entry.unpack_in(folder).context(BROKEN)? {
            bail!(
                "the archive holds {}, which would lie outside of its folder: it is no export",
                path.display()
            );
        }
        if kind.is_file() && !ended.get() {
            *whole = Some(path.display().to_string());
        }
    }
    Ok(())
}

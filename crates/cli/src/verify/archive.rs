//! A full export in one file: a tar archive, compressed with zstd or not.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

/// Whether a file is an archive, by how it begins, and then whether it is compressed.
pub(super) fn kind(head: &[u8], path: &Path) -> Option<bool> {
    let is_tar = path
        .extension()
        .is_some_and(|one| one.eq_ignore_ascii_case("tar"));
    match head {
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(true),
        _ if is_tar => Some(false),
        _ => None,
    }
}

/// Unpacks an archive into a folder that goes away. Nothing of it can end up outside.
pub(super) fn unpack(file: impl Read, compressed: bool) -> Result<TempDir> {
    let folder = tempfile::tempdir().context("cannot make a folder to unpack into")?;
    let unpacked = if compressed {
        let plain = zstd::Decoder::new(file).context("cannot read the archive")?;
        tar::Archive::new(plain).unpack(folder.path())
    } else {
        tar::Archive::new(file).unpack(folder.path())
    };
    unpacked.context("the archive is broken or does not fit on the disk")?;
    Ok(folder)
}

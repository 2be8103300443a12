//! A full export in one file: a tar archive, compressed with zstd or not.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};
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

/// Unpacks an archive into a folder that goes away. Only files and folders are taken, and nothing can end up outside.
pub(super) fn unpack(file: impl Read, compressed: bool) -> Result<TempDir> {
    let folder = tempfile::tempdir().context("cannot make a folder to unpack into")?;
    if compressed {
        let plain = zstd::Decoder::new(file).context("cannot read the archive")?;
        take(plain, folder.path())?;
    } else {
        take(file, folder.path())?;
    }
    Ok(folder)
}

fn take(plain: impl Read, folder: &Path) -> Result<()> {
    const BROKEN: &str = "the archive is broken or does not fit on the disk";
    for entry in tar::Archive::new(plain).entries().context(BROKEN)? {
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
    }
    Ok(())
}

//! The layout of a full export: bundles, tiles, disclosures, and what an auditor needs beside them.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use model::part::Disclosure;
use tlog::tile::{FULL, Kind, Tiler, entries, perfect_root, put_entry};
use tlog::{EMPTY_ROOT, Hash, Tile, leaf_hash};

use super::alone;

/// Where the files of an export go.
pub trait Sink {
    /// Takes a whole file; its path has no `..`.
    ///
    /// # Errors
    /// When it cannot be written.
    fn file(&mut self, path: String, bytes: Vec<u8>) -> io::Result<()>;

    /// Adds lines, each with its newline, to the disclosures.
    ///
    /// # Errors
    /// When it cannot be written.
    fn disclosures(&mut self, lines: Vec<u8>) -> io::Result<()>;

    /// Where whoever reads full bundles may write them, from any thread and in any order; none where all files come in order.
    fn bundles(&self) -> Option<Bundles> {
        None
    }
}

/// The name of the file that holds the disclosures.
pub const DISCLOSURES: &str = "disclosures.jsonl";
/// The name of the file that is written last.
const CHECKPOINT: &str = "checkpoint";

/// A folder.
pub struct Folder {
    root: PathBuf,
    disclosures: BufWriter<File>,
}

/// The full bundles of a folder. An export has come as far as the tiles of leaves beside them, which are written in order.
#[derive(Clone, Debug)]
pub struct Bundles {
    root: PathBuf,
}

/// Writes a file, and makes its folder where that is not there yet.
fn write(file: &Path, bytes: &[u8]) -> io::Result<()> {
    match std::fs::write(file, bytes) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            if let Some(folder) = file.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::write(file, bytes)
        }
        done => done,
    }
}

impl Folder {
    /// A folder that is empty or not there yet.
    ///
    /// # Errors
    /// When it cannot be made, or holds something.
    pub fn create(root: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(root)?;
        if std::fs::read_dir(root)?.next().is_some() {
            return Err(io::Error::new(
                ErrorKind::AlreadyExists,
                "the folder is not empty",
            ));
        }
        Self::open(root)
    }

    fn open(root: &Path) -> io::Result<Self> {
        let disclosures = OpenOptions::new()
            .create(true)
            .append(true)
            .open(root.join(DISCLOSURES))?;
        alone(&disclosures)?;
        Ok(Self {
            root: root.to_owned(),
            disclosures: BufWriter::new(disclosures),
        })
    }
}

impl Sink for Folder {
    fn file(&mut self, path: String, bytes: Vec<u8>) -> io::Result<()> {
        // What was said of these entries is there before their tile is, so that an export that is gone on with misses nothing.
        self.disclosures.flush()?;
        let file = self.root.join(&path);
        if path == CHECKPOINT {
            // It says that the export is finished: it is there whole, or not at all.
            let draft = file.with_extension("part");
            std::fs::write(&draft, bytes)?;
            return std::fs::rename(&draft, &file);
        }
        // What is broken off in the middle of a file is seen when the export is gone on with.
        write(&file, &bytes)
    }

    fn disclosures(&mut self, lines: Vec<u8>) -> io::Result<()> {
        self.disclosures.write_all(&lines)
    }

    fn bundles(&self) -> Option<Bundles> {
        let root = self.root.clone();
        Some(Bundles { root })
    }
}

/// A line of the disclosures, about an entry of which anything can be opened.
pub fn put_line(lines: &mut Vec<u8>, sequence: u64, disclosures: &[Disclosure]) -> io::Result<()> {
    if disclosures.is_empty() {
        return Ok(());
    }
    let opened: Vec<&str> = disclosures.iter().map(Disclosure::as_str).collect();
    write!(lines, "{{\"sequence\":{sequence},\"disclosures\":")?;
    serde_json::to_writer(&mut *lines, &opened)?;
    lines.extend_from_slice(b"}\n");
    Ok(())
}

/// The entries of a bundle, with their hashes, and what opens their parts.
pub struct Portion {
    /// Empty where it is written already.
    bundle: Vec<u8>,
    lines: Vec<u8>,
    leaves: Vec<Hash>,
    root: Hash,
}

impl Portion {
    /// The entries of a bundle, from its first one on, to its end or that of the log; the lines of the disclosures, after those
    /// that went ahead; and the hashes of the entries, where they are known, with their root in the tile above. These are taken
    /// only where the one is the root of the other, and the bundle is full; otherwise they are made of the entries.
    ///
    /// # Errors
    /// When these bytes are no bundle.
    pub fn new(
        bundle: Vec<u8>,
        lines: Vec<u8>,
        kept: Option<(Vec<Hash>, Hash)>,
    ) -> io::Result<Self> {
        let wrong = |why: &str| io::Error::new(ErrorKind::InvalidData, why.to_owned());
        let count = entries(&bundle).try_fold(0, |count, entry| entry.map(|_| count + 1));
        let count: usize = count.map_err(|_| wrong("entries that are no bundle"))?;
        if count > usize::from(FULL) {
            return Err(wrong("more entries than a bundle has"));
        }
        let fitting = kept.filter(|(leaves, root)| {
            (count, leaves.len()) == (FULL.into(), FULL.into()) && perfect_root(leaves) == *root
        });
        let (leaves, root) = fitting.unwrap_or_else(|| {
            let leaves: Vec<Hash> = entries(&bundle).flatten().map(leaf_hash).collect();
            let root = if count == usize::from(FULL) {
                perfect_root(&leaves)
            } else {
                EMPTY_ROOT
            };
            (leaves, root)
        });
        Ok(Self {
            bundle,
            lines,
            leaves,
            root,
        })
    }

    /// Writes the bundle where bundles may be written ahead, if it is full, the tile's number being `index`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn ahead_into(mut self, bundles: Option<&Bundles>, index: u64) -> io::Result<Self> {
        if let Some(Bundles { root }) = bundles.filter(|_| self.leaves.len() == usize::from(FULL)) {
            let tile = Tile {
                kind: Kind::Entries,
                index,
                width: FULL,
            };
            write(&root.join(tile.to_string()), &self.bundle)?;
            self.bundle = Vec::new();
        }
        Ok(self)
    }

    /// Lines that go ahead of their bundle: too many to wait for the last of them.
    pub const fn ahead(lines: Vec<u8>) -> Self {
        Self {
            bundle: Vec::new(),
            lines,
            leaves: Vec::new(),
            root: EMPTY_ROOT,
        }
    }
}

/// Writes the files of a log, entry by entry. It holds one bundle and less than one tile of each level.
pub struct Layout<S> {
    sink: S,
    tiler: Tiler,
    bundle: Vec<u8>,
}

impl<S: Sink> Layout<S> {
    /// For a log from its first entry on.
    pub const fn new(sink: S) -> Self {
        Self {
            sink,
            tiler: Tiler::new(),
            bundle: Vec::new(),
        }
    }

    /// How many entries have come.
    pub const fn size(&self) -> u64 {
        self.tiler.size()
    }

    /// Where bundles may be written ahead.
    pub fn bundles(&self) -> Option<Bundles> {
        self.sink.bundles()
    }

    /// Their root.
    pub fn root(&self) -> Hash {
        self.tiler.root()
    }

    /// Takes the next entry, and what opens its parts.
    ///
    /// # Errors
    /// When it cannot be written, or is longer than an entry may be.
    pub fn push(&mut self, entry: &[u8], disclosures: &[Disclosure]) -> io::Result<()> {
        let mut lines = Vec::new();
        put_line(&mut lines, self.size(), disclosures)?;
        let mut bundle = std::mem::take(&mut self.bundle);
        let put = put_entry(&mut bundle, entry);
        self.bundle = bundle;
        put.map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        if !lines.is_empty() {
            self.sink.disclosures(lines)?;
        }
        self.leaf(leaf_hash(entry))
    }

    /// Takes the next entries, or lines about them while they are still to come.
    ///
    /// # Errors
    /// When they cannot be written, or do not begin a bundle.
    pub fn take(&mut self, portion: Portion) -> io::Result<()> {
        if !self.bundle.is_empty() {
            let why = "entries that do not begin a bundle";
            return Err(io::Error::new(ErrorKind::InvalidData, why));
        }
        if !portion.lines.is_empty() {
            self.sink.disclosures(portion.lines)?;
        }
        self.bundle = portion.bundle;
        if portion.leaves.len() < usize::from(FULL) {
            let mut leaves = portion.leaves.into_iter();
            return leaves.try_for_each(|leaf| self.leaf(leaf));
        }
        let (sink, bundle) = (&mut self.sink, &mut self.bundle);
        self.tiler
            .push_full(&portion.leaves, portion.root, |tile, hashes| {
                put(sink, bundle, tile, hashes)
            })
    }

    /// Takes the hash of an entry that is in the bundle.
    fn leaf(&mut self, leaf: Hash) -> io::Result<()> {
        let (sink, bundle) = (&mut self.sink, &mut self.bundle);
        self.tiler
            .push(leaf, |tile, hashes| put(sink, bundle, tile, hashes))
    }

    /// Writes what is left: partial tiles, the checkpoint, a copy of the key, and what to do with them.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self, checkpoint: &str, vkey: &str) -> io::Result<S> {
        for (tile, hashes) in self.tiler.partial() {
            put(&mut self.sink, &mut self.bundle, tile, hashes)?;
        }
        let mut file =
            |name: &str, text: String| self.sink.file(name.to_owned(), text.into_bytes());
        file("vkey", format!("{vkey}\n"))?;
        file("README.txt", README.to_owned())?;
        file(CHECKPOINT, checkpoint.to_owned())?;
        Ok(self.sink)
    }
}

/// Writes a tile of hashes, and before one of leaves their entries, if these are not written yet.
fn put(sink: &mut impl Sink, bundle: &mut Vec<u8>, tile: Tile, hashes: &[Hash]) -> io::Result<()> {
    if tile.kind == Kind::Hashes(0) {
        let kind = Kind::Entries;
        let path = Tile { kind, ..tile }.to_string();
        if !bundle.is_empty() {
            sink.file(path, std::mem::take(bundle))?;
        }
    }
    sink.file(tile.to_string(), bytes(hashes))
}

impl Layout<Folder> {
    /// Goes on with a folder that an export was broken off in, after its last whole bundle whose tile of leaves is there: what
    /// comes after that is written again, as is every higher tile that is not what its entries give.
    ///
    /// # Errors
    /// When it holds something else, or a finished export.
    pub fn resume(root: &Path) -> io::Result<Self> {
        let broken = |why: &str| io::Error::new(ErrorKind::InvalidData, why.to_owned());
        if root.join(CHECKPOINT).exists() {
            return Err(broken("the folder holds a finished export"));
        }
        let sink = Folder::open(root)?;
        let mut tiler = Tiler::new();
        loop {
            let tile = Tile {
                kind: Kind::Entries,
                index: tiler.size() / u64::from(FULL),
                width: FULL,
            };
            let Some(bundle) = there(&root.join(tile.to_string()))? else {
                break;
            };
            let leaves: Result<Vec<_>, _> =
                entries(&bundle).map(|entry| entry.map(leaf_hash)).collect();
            let Some(leaves) = leaves.ok().filter(|all| all.len() == usize::from(FULL)) else {
                break;
            };
            let kind = Kind::Hashes(0);
            let above = there(&root.join(Tile { kind, ..tile }.to_string()))?;
            if above != Some(bytes(&leaves)) {
                break;
            }
            tiler.push_full(&leaves, perfect_root(&leaves), |tile, hashes| {
                let (file, hashes) = (root.join(tile.to_string()), bytes(hashes));
                if there(&file)?.as_ref() == Some(&hashes) {
                    return Ok(());
                }
                write(&file, &hashes)
            })?;
        }
        keep_disclosures(root, tiler.size())?;
        Ok(Self {
            sink,
            tiler,
            bundle: Vec::new(),
        })
    }
}

/// What a file holds; none where there is no such file.
fn there(file: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Cuts the disclosures off after those of the first `size` entries.
fn keep_disclosures(root: &Path, size: u64) -> io::Result<()> {
    let file = match OpenOptions::new()
        .read(true)
        .write(true)
        .open(root.join(DISCLOSURES))
    {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let (mut lines, mut kept, mut line) = (BufReader::new(&file), 0, String::new());
    loop {
        line.clear();
        let length = lines.read_line(&mut line)?;
        let sequence = serde_json::from_str::<serde_json::Value>(&line).ok();
        let sequence = sequence.and_then(|line| line["sequence"].as_u64());
        if length == 0 || !line.ends_with('\n') || sequence.is_none_or(|sequence| sequence >= size)
        {
            break;
        }
        kept += length as u64;
    }
    file.set_len(kept)
}

fn bytes(hashes: &[Hash]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(hashes.len() * Hash::LENGTH);
    for hash in hashes {
        bytes.extend_from_slice(hash.as_bytes());
    }
    bytes
}

const README: &str = "\
This folder is an audit log of Annals in the layout of https://c2sp.org/tlog-tiles.

To check it, with the verifier key that you had before (not the copy in the file `vkey`):

    annals verify . --key '<name>+<id>+<key>'

and, if you hold an older checkpoint or receipt of this log, with `--since FILE`: that shows that nothing
of what you knew was changed or removed.

    checkpoint            size and root of the log, signed
    tile/entries/...      the entries, 256 in a file
    tile/<level>/...      hashes over them
    disclosures.jsonl     what opens the sealed parts of the entries, as far as they may be opened
    vkey                  a copy of the log's key, to compare with yours

Any other tool for this layout can check it as well.
";

#[cfg(test)]
mod tests;

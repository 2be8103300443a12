//! The layout of a full export: bundles, tiles, disclosures, and what an auditor needs beside them.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use model::part::Disclosure;
use serde_json::json;
use tlog::tile::{FULL, Kind, Tiler, entries, put_entry};
use tlog::{Hash, Tile, leaf_hash};

/// Where the files of an export go.
pub trait Sink {
    /// Takes a whole file; its path has no `..`.
    ///
    /// # Errors
    /// When it cannot be written.
    fn file(&mut self, path: &str, bytes: &[u8]) -> io::Result<()>;

    /// Adds a line, with its newline, to the disclosures.
    ///
    /// # Errors
    /// When it cannot be written.
    fn disclosures(&mut self, line: &[u8]) -> io::Result<()>;
}

/// The name of the file that holds the disclosures.
pub const DISCLOSURES: &str = "disclosures.jsonl";

/// A folder.
pub struct Folder {
    root: PathBuf,
    /// The folders below it that are there.
    made: HashSet<PathBuf>,
    disclosures: BufWriter<File>,
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
        Ok(Self {
            root: root.to_owned(),
            made: HashSet::new(),
            disclosures: BufWriter::new(disclosures),
        })
    }
}

impl Sink for Folder {
    fn file(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        // What was said of these entries is there before they are, so that an export that is gone on with misses nothing.
        self.disclosures.flush()?;
        let file = self.root.join(path);
        if let Some(folder) = file.parent().filter(|folder| !self.made.contains(*folder)) {
            std::fs::create_dir_all(folder)?;
            self.made.insert(folder.to_owned());
        }
        let draft = file.with_extension("part");
        std::fs::write(&draft, bytes)?;
        std::fs::rename(&draft, &file)
    }

    fn disclosures(&mut self, line: &[u8]) -> io::Result<()> {
        self.disclosures.write_all(line)
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

    /// Their root.
    pub fn root(&self) -> Hash {
        self.tiler.root()
    }

    /// Takes the next entry, and what opens its parts.
    ///
    /// # Errors
    /// When it cannot be written, or is longer than an entry may be.
    pub fn push(&mut self, entry: &[u8], disclosures: &[Disclosure]) -> io::Result<()> {
        let sequence = self.tiler.size();
        put_entry(&mut self.bundle, entry)
            .map_err(|error| io::Error::new(ErrorKind::InvalidData, error))?;
        if !disclosures.is_empty() {
            let opened: Vec<&str> = disclosures.iter().map(Disclosure::as_str).collect();
            let line = format!(
                "{}\n",
                json!({ "sequence": sequence, "disclosures": opened })
            );
            self.sink.disclosures(line.as_bytes())?;
        }
        let (sink, bundle) = (&mut self.sink, &mut self.bundle);
        self.tiler.push(leaf_hash(entry), |tile, hashes| {
            if tile.kind == Kind::Hashes(0) {
                let entries = Tile {
                    kind: Kind::Entries,
                    ..tile
                };
                sink.file(&entries.to_string(), bundle)?;
                bundle.clear();
            }
            sink.file(&tile.to_string(), &bytes(hashes))
        })
    }

    /// Writes what is left: partial tiles, the checkpoint, a copy of the key, and what to do with them.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self, checkpoint: &str, vkey: &str) -> io::Result<S> {
        for (tile, hashes) in self.tiler.partial() {
            if tile.kind == Kind::Hashes(0) {
                let entries = Tile {
                    kind: Kind::Entries,
                    ..tile
                };
                self.sink.file(&entries.to_string(), &self.bundle)?;
            }
            self.sink.file(&tile.to_string(), &bytes(hashes))?;
        }
        self.sink.file("vkey", format!("{vkey}\n").as_bytes())?;
        self.sink.file("README.txt", README.as_bytes())?;
        self.sink.file("checkpoint", checkpoint.as_bytes())?;
        Ok(self.sink)
    }
}

impl Layout<Folder> {
    /// Goes on with a folder that an export was broken off in, after its last full bundle.
    ///
    /// # Errors
    /// When it holds something else, or a finished export.
    pub fn resume(root: &Path) -> io::Result<Self> {
        let broken = |why: &str| io::Error::new(ErrorKind::InvalidData, why.to_owned());
        if root.join("checkpoint").exists() {
            return Err(broken("the folder holds a finished export"));
        }
        let mut tiler = Tiler::new();
        loop {
            let tile = Tile {
                kind: Kind::Entries,
                index: tiler.size() / u64::from(FULL),
                width: FULL,
            };
            let bundle = match std::fs::read(root.join(tile.to_string())) {
                Ok(bundle) => bundle,
                Err(error) if error.kind() == ErrorKind::NotFound => break,
                Err(error) => return Err(error),
            };
            let read: Result<Vec<_>, _> = entries(&bundle).collect();
            let read = read.map_err(|_| broken("a bundle in the folder is broken"))?;
            if read.len() != usize::from(FULL) {
                return Err(broken("a bundle in the folder is broken"));
            }
            let mut sink = Rewrite(root);
            for entry in read {
                tiler.push(leaf_hash(entry), |tile, hashes| {
                    sink.0
                        .join(tile.to_string())
                        .try_exists()
                        .and_then(|there| {
                            if there {
                                Ok(())
                            } else {
                                sink.file(&tile.to_string(), &bytes(hashes))
                            }
                        })
                })?;
            }
        }
        keep_disclosures(root, tiler.size())?;
        Ok(Self {
            sink: Folder::open(root)?,
            tiler,
            bundle: Vec::new(),
        })
    }
}

/// Tiles that were not written any more, although their bundle was.
struct Rewrite<'a>(&'a Path);

impl Rewrite<'_> {
    fn file(&mut self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let file = self.0.join(path);
        if let Some(folder) = file.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(file, bytes)
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
    hashes.iter().flat_map(Hash::as_bytes).copied().collect()
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

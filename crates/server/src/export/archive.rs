//! A full export in one file: a tar archive, compressed with zstd.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use super::layout::{DISCLOSURES, Sink};

/// How hard it is compressed: hashes do not shrink, entries do at any level.
const LEVEL: i32 = 3;

/// An archive that is written to `W` as the export goes. The disclosures, which are one file and as long as they get, wait
/// in a temporary file and come last.
pub struct Archive<W: Write> {
    tar: tar::Builder<zstd::Encoder<'static, W>>,
    disclosures: BufWriter<File>,
}

impl<W: Write> Archive<W> {
    /// An archive into `out`.
    ///
    /// # Errors
    /// When there is no room for a temporary file.
    pub fn new(out: W) -> io::Result<Self> {
        Ok(Self {
            tar: tar::Builder::new(zstd::Encoder::new(out, LEVEL)?),
            disclosures: BufWriter::new(tempfile::tempfile()?),
        })
    }

    /// Ends the archive, with the disclosures, and gives back what it was written to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(mut self) -> io::Result<W> {
        let mut file = self
            .disclosures
            .into_inner()
            .map_err(io::IntoInnerError::into_error)?;
        let length = file.stream_position()?;
        file.seek(SeekFrom::Start(0))?;
        if length > 0 {
            self.tar
                .append_data(&mut header(length), DISCLOSURES, file)?;
        }
        self.tar.into_inner()?.finish()
    }
}

fn header(length: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_size(length);
    header.set_mode(0o644);
    header
}

impl<W: Write> Sink for Archive<W> {
    fn file(&mut self, path: String, bytes: Vec<u8>) -> io::Result<()> {
        self.tar
            .append_data(&mut header(bytes.len() as u64), path, bytes.as_slice())
    }

    fn disclosures(&mut self, lines: Vec<u8>) -> io::Result<()> {
        self.disclosures.write_all(&lines)
    }
}

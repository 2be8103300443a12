//! Going on with a file of rows that an export was broken off in, after its last whole row.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Seek, SeekFrom};

use serde_json::Value;

use super::rows::{Begun, head};

/// What a file of rows holds.
#[derive(Clone, Debug)]
pub struct Found {
    /// The first line of rows with proofs: what was asked for, and the checkpoint that all are proved by. None of a CSV.
    pub manifest: Option<Value>,
    /// Where to go on.
    pub begun: Begun,
}

fn wrong(why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why.to_owned())
}

/// The whole lines of a file, each as long as its quotes go: how many after the first, the first, the last, and where they end.
struct Lines {
    first: Vec<u8>,
    last: Vec<u8>,
    rows: u64,
    end: u64,
}

/// Reads whole records. In a CSV, a line within quotes is no end of one.
fn lines(file: &File, quotes: bool) -> io::Result<Lines> {
    let mut read = BufReader::with_capacity(1 << 20, file);
    let mut lines = Lines {
        first: Vec::new(),
        last: Vec::new(),
        rows: 0,
        end: 0,
    };
    let mut record = Vec::new();
    loop {
        if read.read_until(b'\n', &mut record)? == 0 || record.last() != Some(&b'\n') {
            return Ok(lines);
        }
        // An even number of quotes: none is open. Within quotes, a quote is written twice.
        let quoted = record
            .iter()
            .fold(false, |quoted, byte| quoted ^ (*byte == b'"'));
        if quotes && quoted {
            continue;
        }
        lines.end += record.len() as u64;
        if lines.first.is_empty() {
            lines.first.clone_from(&record);
        } else {
            lines.rows += 1;
            std::mem::swap(&mut lines.last, &mut record);
        }
        record.clear();
    }
}

fn finish(
    file: &mut File,
    lines: &Lines,
    last: Option<u64>,
    manifest: Option<Value>,
) -> io::Result<Found> {
    file.set_len(lines.end)?;
    file.seek(SeekFrom::End(0))?;
    Ok(Found {
        manifest,
        begun: Begun {
            next: last.map_or(0, |last| last + 1),
            written: lines.rows,
        },
    })
}

/// A file of rows with proofs. What comes after the last whole row is cut off.
///
/// # Errors
/// When it cannot be read, or is no such file.
pub fn proved(file: &mut File) -> io::Result<Found> {
    let lines = lines(file, false)?;
    let manifest: Value = serde_json::from_slice(&lines.first)
        .map_err(|_| wrong("it holds no whole first line of an export with proofs; begin anew"))?;
    if manifest["format"] != super::rows::FORMAT {
        return Err(wrong("it is no export with proofs"));
    }
    let last = if lines.rows == 0 {
        None
    } else {
        let row: Option<Value> = serde_json::from_slice(&lines.last).ok();
        let index = row.and_then(|row| row["index"].as_u64());
        Some(index.ok_or_else(|| wrong("its last row is broken"))?)
    };
    finish(file, &lines, last, Some(manifest))
}

/// A CSV of ours. What comes after the last whole row is cut off.
///
/// # Errors
/// When it cannot be read, or is no such file.
pub fn csv(file: &mut File) -> io::Result<Found> {
    let lines = lines(file, true)?;
    if lines.first != head().as_bytes() {
        return Err(wrong("it does not begin with the head line of an export"));
    }
    let last = if lines.rows == 0 {
        None
    } else {
        let cell = lines.last.split(|byte| *byte == b',').next();
        let index = cell.and_then(|cell| str::from_utf8(cell).ok()?.parse().ok());
        Some(index.ok_or_else(|| wrong("its last row is broken"))?)
    };
    finish(file, &lines, last, None)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    fn file(text: &str) -> File {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(text.as_bytes()).expect("written");
        file.seek(SeekFrom::Start(0)).expect("there");
        file
    }

    fn left(mut file: File) -> String {
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).expect("there");
        file.read_to_string(&mut text).expect("text");
        text
    }

    const MANIFEST: &str = "{\"format\":\"annals.events.v1\",\"count\":9}\n";

    #[test]
    fn rows_with_proofs_go_on_after_the_last_whole_one() {
        for (rows, next, written, kept) in [
            ("", 0, 0, ""),
            ("{\"index\":4", 0, 0, ""),
            ("{\"index\":4}\n", 5, 1, "{\"index\":4}\n"),
            (
                "{\"index\":4}\n{\"index\":7}\n{\"ind",
                8,
                2,
                "{\"index\":4}\n{\"index\":7}\n",
            ),
        ] {
            let mut file = file(&format!("{MANIFEST}{rows}"));
            let found = proved(&mut file).expect("begun");
            assert_eq!((found.begun.next, found.begun.written), (next, written));
            assert_eq!(found.manifest.expect("there")["count"], 9);
            assert_eq!(left(file), format!("{MANIFEST}{kept}"));
        }
        for broken in ["", "{\"format\":", "{}\n", &format!("{MANIFEST}nonsense\n")] {
            assert!(proved(&mut file(broken)).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_table_goes_on_after_the_last_whole_row_though_a_cell_has_lines() {
        let head = head();
        for (rows, next, written, kept) in [
            ("", 0, 0, ""),
            (
                "3,a\r\n4,\"two\r\nlines, \"\"said\"\"\"\r\n5,b",
                5,
                2,
                "3,a\r\n4,\"two\r\nlines, \"\"said\"\"\"\r\n",
            ),
            ("3,a\r\n4,\"two\r\nli", 4, 1, "3,a\r\n"),
        ] {
            let mut file = file(&format!("{head}{rows}"));
            let found = csv(&mut file).expect("begun");
            assert_eq!((found.begun.next, found.begun.written), (next, written));
            assert_eq!(left(file), format!("{head}{kept}"));
        }
        assert!(csv(&mut file("a,b\r\n1,2\r\n")).is_err());
    }
}

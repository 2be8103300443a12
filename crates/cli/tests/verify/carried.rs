//! Logs in archives and at addresses.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Made, key, verify};

/// An archive of a log, with more in it.
fn archive(made: &Made, more: impl FnOnce(&mut tar::Builder<Vec<u8>>)) -> PathBuf {
    let mut tar = tar::Builder::new(Vec::new());
    tar.append_dir_all("", made.folder.path()).expect("read");
    more(&mut tar);
    let bytes = zstd::encode_all(&tar.into_inner().expect("whole")[..], 3).expect("compressed");
    let file = made.folder.path().with_extension("tar.zst");
    std::fs::write(&file, bytes).expect("written");
    file
}

#[test]
fn an_archive_is_verified_and_leads_nowhere_else() {
    let key = key(1).verifier().to_string();
    let good = archive(&Made::new(300), |_| {});
    verify(&good, &["--key", &key]).is_verified();
    let linked = archive(&Made::new(300), |tar| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "tile/entries/x001", "/etc")
            .expect("added");
    });
    assert_eq!(verify(&linked, &["--key", &key]).code, 1);
    for file in [good, linked] {
        let _ = std::fs::remove_file(file);
    }
}

#[test]
fn an_archive_that_was_cut_anywhere_is_incomplete() {
    let key = key(1).verifier().to_string();
    let check = |file: &Path| verify(file, &["--key", &key]);
    let packed = archive(&Made::new(300), |_| {});
    let whole = std::fs::read(&packed).expect("there");
    for length in (0..whole.len())
        .step_by(whole.len() / 9)
        .chain([1, 3, 4, whole.len() - 1])
    {
        std::fs::write(&packed, &whole[..length]).expect("written");
        let verified = check(&packed);
        assert_eq!(verified.code, 5, "{length}: {}", verified.said);
    }
    // The last file that is whole is named, also where the cut is between two files.
    let (one, other) = (vec![b'x'; 600], vec![b'y'; 600]);
    let mut tar = tar::Builder::new(Vec::new());
    for (path, bytes) in [("one", &one), ("other", &other)] {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, path, &bytes[..])
            .expect("added");
    }
    let whole = tar.into_inner().expect("whole");
    let plain = packed.with_extension("tar");
    for (length, place) in [
        (0, "archive"),
        (512 + 599, "archive"),
        (512 + 600, "one"),
        (512 + 1024, "one"),
        (2 * (512 + 1024), "other"),
    ] {
        std::fs::write(&plain, &whole[..length]).expect("written");
        check(&plain).is(5, place);
    }
    for file in [packed, plain] {
        let _ = std::fs::remove_file(file);
    }
}

/// A server says the same of a log that there is not, and of one that is not for who asks: neither is a log that lacks something.
#[test]
fn an_address_without_a_log_is_nothing_that_could_be_checked() {
    let made = Made::new(3);
    std::fs::remove_file(made.path("checkpoint")).expect("removed");
    let address = served(&made, "identity");
    let output = Command::new(env!("CARGO_BIN_EXE_annals"))
        .args(["verify", &address, "--key", &key(1).verifier().to_string()])
        .output()
        .expect("annals starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("or it is not for this token"), "{said}");
}

/// Serves a log, all but the checkpoint in this encoding, and gives its address.
fn served(made: &Made, encoding: &'static str) -> String {
    use std::io::{BufRead, BufReader, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("bound"));
    let folder = made.folder.path().to_owned();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let head: Vec<String> = BufReader::new(&stream)
                .lines()
                .map_while(Result::ok)
                .take_while(|line| !line.is_empty())
                .collect();
            let path = head[0].split(' ').nth(1).expect("a path");
            let answer = match std::fs::read(folder.join(&path[1..])) {
                Err(_) => b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n".to_vec(),
                Ok(bytes) => {
                    let (bytes, head) = if path == "/checkpoint" {
                        (bytes, String::new())
                    } else {
                        (packed(&bytes), format!("content-encoding: {encoding}\r\n"))
                    };
                    let length = bytes.len();
                    let head = format!(
                        "HTTP/1.1 200 OK\r\n{head}connection: close\r\ncontent-length: {length}\r\n\r\n"
                    );
                    [head.into_bytes(), bytes].concat()
                }
            };
            // Who asked may have gone.
            let _ = stream.write_all(&answer);
        }
    });
    address
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    use std::io::Read;
    let mut packed = Vec::new();
    flate2::read::GzEncoder::new(bytes, flate2::Compression::fast())
        .read_to_end(&mut packed)
        .expect("packed");
    packed
}

#[test]
fn a_log_that_is_served_packed_is_unpacked_or_said_to_be() {
    let made = Made::new(300);
    let check = |encoding| {
        verify(
            Path::new(&served(&made, encoding)),
            &["--key", &key(1).verifier().to_string()],
        )
    };
    check("gzip").is_verified();
    let verified = check("br");
    let why = verified.said["findings"][0]["message"].to_string();
    assert_eq!(verified.code, 1);
    assert!(why.contains("packs it as \\\"br\\\""), "{why}");
}

//! Where the files of a log come from: a folder, or a web server.

use std::io::{ErrorKind, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustls::crypto::aws_lc_rs::default_provider;
use tlog::Tile;
use tlog::tile::FULL;
use ureq::http::HeaderMap;
use ureq::http::header::CONTENT_ENCODING;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};
use zeroize::Zeroizing;

/// The largest file that is read whole: a bundle of 256 entries of 65,535 bytes.
const LARGEST: u64 = 256 * (65_535 + 2);
/// How often a web server is asked again.
const TRIES: u32 = 5;

/// The files of a log, by their paths in the layout of C2SP `tlog-tiles`.
#[derive(Clone)]
pub(crate) enum Source {
    Folder(PathBuf),
    Web {
        agent: ureq::Agent,
        prefix: String,
        token: Option<Zeroizing<String>>,
    },
}

impl Source {
    pub(crate) fn web(prefix: &str, token: Option<Zeroizing<String>>) -> Self {
        // As with every other program of the system: its own certificate authorities.
        let roots = rustls_native_certs::load_native_certs().certs;
        let roots: Vec<_> = roots
            .iter()
            .map(|one| Certificate::from_der(one).to_owned())
            .collect();
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(Duration::from_mins(1)))
            .http_status_as_error(false)
            .tls_config(
                TlsConfig::builder()
                    .provider(TlsProvider::Rustls)
                    .unversioned_rustls_crypto_provider(Arc::new(default_provider()))
                    .root_certs(RootCerts::from(roots))
                    .build(),
            )
            .build()
            .new_agent();
        Self::Web {
            agent,
            prefix: prefix.trim_end_matches('/').to_owned(),
            token,
        }
    }

    /// The bytes of a file; none where there is no such file.
    pub(crate) fn get(&self, path: &str) -> Result<Option<Vec<u8>>> {
        match self {
            Self::Folder(folder) => {
                let file = folder.join(path);
                match std::fs::File::open(&file) {
                    Ok(mut opened) => {
                        let mut bytes = Vec::new();
                        opened
                            .by_ref()
                            .take(LARGEST + 1)
                            .read_to_end(&mut bytes)
                            .with_context(|| format!("cannot read {}", file.display()))?;
                        Ok(Some(bytes))
                    }
                    Err(error)
                        if matches!(
                            error.kind(),
                            ErrorKind::NotFound | ErrorKind::NotADirectory
                        ) =>
                    {
                        Ok(None)
                    }
                    Err(error) => {
                        Err(error).with_context(|| format!("cannot read {}", file.display()))
                    }
                }
            }
            Self::Web {
                agent,
                prefix,
                token,
            } => fetch(agent, &format!("{prefix}/{path}"), token.as_ref()),
        }
    }

    /// A tile or bundle, and whether the full one stands for the partial one that was asked for.
    pub(crate) fn tile(&self, tile: Tile) -> Result<Option<(Vec<u8>, bool)>> {
        if let Some(bytes) = self.get(&tile.to_string())? {
            return Ok(Some((bytes, false)));
        }
        if tile.is_full() {
            return Ok(None);
        }
        let full = self.get(
            &Tile {
                width: FULL,
                ..tile
            }
            .to_string(),
        )?;
        Ok(full.map(|bytes| (bytes, true)))
    }

    /// Reads tiles ahead, on a thread of its own.
    pub(crate) fn ahead(&self, tiles: impl Iterator<Item = Tile> + Send + 'static) -> Ahead {
        let source = self.clone();
        let (sender, receiver) = sync_channel(8);
        std::thread::spawn(move || {
            for tile in tiles {
                // Who asked may have found what it looked for.
                if sender.send((tile, source.tile(tile))).is_err() {
                    return;
                }
            }
        });
        Ahead(receiver)
    }
}

/// A tile as it was found, and whether the full one stands for it.
pub(crate) type Found = (Tile, Result<Option<(Vec<u8>, bool)>>);

/// Tiles that are read ahead, in order.
pub(crate) struct Ahead(Receiver<Found>);

impl Iterator for Ahead {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        self.0.recv().ok()
    }
}

/// Stops at a body that is packed in a way that is not unpacked here. A log may pack with gzip unasked, and with nothing else
/// (C2SP `tlog-tiles`).
fn understood(headers: &HeaderMap) -> Result<()> {
    for packed in headers.get_all(CONTENT_ENCODING) {
        if !matches!(packed.as_bytes(), b"gzip" | b"identity") {
            bail!(
                "the server packs it as {packed:?}, although only gzip may come unasked; ask the log's operator to send it plain"
            );
        }
    }
    Ok(())
}

fn fetch(
    agent: &ureq::Agent,
    url: &str,
    token: Option<&Zeroizing<String>>,
) -> Result<Option<Vec<u8>>> {
    let mut wait = Duration::from_millis(200);
    for last in (0..TRIES).rev() {
        let mut request = agent.get(url);
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {}", token.as_str()));
        }
        let answer = request.call();
        let why = match answer {
            Ok(mut answer) => match answer.status().as_u16() {
                200 => {
                    understood(answer.headers())
                        .with_context(|| format!("{url} cannot be read"))?;
                    let body = answer
                        .body_mut()
                        .with_config()
                        .limit(LARGEST + 1)
                        .read_to_vec();
                    return body.map(Some).with_context(|| format!("cannot read {url}"));
                }
                404 | 410 => return Ok(None),
                401 | 403 => bail!(
                    "{url} is not for everyone: give a token in ANNALS_TOKEN or with --token-file"
                ),
                status @ (429 | 500..) => format!("{url} answers {status}"),
                status => bail!("{url} answers {status}"),
            },
            Err(error) => format!("{url}: {error}"),
        };
        if last == 0 {
            bail!("{why}");
        }
        std::thread::sleep(wait);
        wait *= 2;
    }
    bail!("{url} was not asked")
}

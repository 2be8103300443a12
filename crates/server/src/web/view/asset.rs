//! The style sheet, the script and the icon, built into the program.
//!
//! An address carries the hash of the content, so that a browser may keep the file for a year and still never mixes two
//! versions.

use std::fmt::Write as _;
use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// One file under `/assets/`.
#[derive(Debug)]
pub struct Asset {
    /// The name after `/assets/`.
    pub name: &'static str,
    /// What goes into `Content-Type`.
    pub content_type: &'static str,
    /// The content.
    pub bytes: &'static [u8],
}

/// All files under `/assets/`.
pub static ASSETS: [Asset; 6] = [
    Asset {
        name: "annals.css",
        content_type: "text/css; charset=utf-8",
        bytes: include_bytes!("../../../assets/annals.css"),
    },
    Asset {
        name: "annals.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../../assets/annals.js"),
    },
    Asset {
        name: "proof.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../../assets/proof.js"),
    },
    Asset {
        name: "live.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../../assets/live.js"),
    },
    Asset {
        name: "passkeys.js",
        content_type: "text/javascript; charset=utf-8",
        bytes: include_bytes!("../../../assets/passkeys.js"),
    },
    Asset {
        name: "icon.svg",
        content_type: "image/svg+xml",
        bytes: include_bytes!("../../../assets/icon.svg"),
    },
];

static VERSIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let version = |asset: &Asset| {
        Sha256::digest(asset.bytes)
            .iter()
            .take(8)
            .fold(String::new(), |mut hex, byte| {
                // Writing to a String cannot fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            })
    };
    ASSETS.iter().map(version).collect()
});

/// The file of this name.
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// The address of a file: `/assets/annals.css?v=` and the first 64 bits of its SHA-256.
pub fn asset(name: &str) -> String {
    match ASSETS.iter().position(|asset| asset.name == name) {
        Some(at) => format!("/assets/{name}?v={}", VERSIONS[at]),
        None => format!("/assets/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{ASSETS, asset, find};

    #[test]
    fn an_address_carries_the_hash_of_the_content() {
        for file in &ASSETS {
            let address = asset(file.name);
            let (path, version) = address.split_once("?v=").expect("a version");
            assert_eq!(path, format!("/assets/{}", file.name));
            assert_eq!(version.len(), 16);
        }
        assert_ne!(asset("annals.css"), asset("annals.js"));
    }

    #[test]
    fn only_known_files_are_found() {
        assert!(find("annals.js").is_some());
        assert!(find("../Cargo.toml").is_none());
    }
}

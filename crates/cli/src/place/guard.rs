//! The guard folder: what a restored backup must not forget.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use clap::Args;
use store::Guard;

use super::{Place, home, restrict};

/// Where the guard is.
#[derive(Clone, Debug, Args)]
pub(crate) struct Folder {
    /// Folder outside the database for what a restored backup must not forget [default: annals in the user's state home]
    #[arg(long, env = "ANNALS_GUARD", value_name = "DIR")]
    guard: Option<PathBuf>,
}

impl Folder {
    /// The guard, in a folder that only its owner can look into, and that is not in the data folder.
    pub(crate) fn open(&self, place: &Place) -> Result<Guard> {
        let folder = match &self.guard {
            Some(folder) => folder.clone(),
            None => home("XDG_STATE_HOME", ".local/state")?,
        };
        if place.folder()?.is_some_and(|data| folder.starts_with(data)) {
            bail!(
                "the guard folder must not be in the data folder: a restored backup would bring an old guard with it"
            );
        }
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make the guard folder {}", folder.display()))?;
        restrict(&folder)?;
        Ok(Guard::new(folder))
    }
}

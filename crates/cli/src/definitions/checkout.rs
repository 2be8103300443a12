//! A checkout of the public integrations' configuration, read file by file. A broken one is left and named; the rest goes on.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use model::definition::{Kind, MAX_BODY};
use serde_json::{Map, Value};
use server::actions::definition::Given;

/// What a definition consists of, in the order in which the public deploy script lays them over each other.
const FILES: [&str; 3] = ["db-config.json", "ui-config.json", "schema.json"];

/// Where a type's definitions of accounts are, each in a folder of its own.
const ACCOUNTS: &str = "accounts";

/// After how many folders it is said how far it is.
const SAID: usize = 50;

/// What is in a checkout.
pub(super) struct Checkout {
    /// What can be taken in.
    pub(super) given: Vec<Given>,
    /// What cannot, by its path in the checkout, and why.
    pub(super) left: Vec<(String, String)>,
}

fn subfolders(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut folders = Vec::new();
    for entry in entries {
        let path = entry
            .with_context(|| format!("cannot read {}", folder.display()))?
            .path();
        if path.is_dir() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Where the folders of sources and destinations are.
fn root(folder: &Path) -> Result<PathBuf> {
    let inside = folder.join("src").join("configurations");
    for root in [inside, folder.to_path_buf()] {
        let is_one = ["sources", "destinations"].iter().any(|kind| {
            subfolders(&root.join(kind))
                .is_ok_and(|all| all.iter().any(|one| one.join(FILES[0]).is_file()))
        });
        if is_one {
            return Ok(root);
        }
    }
    bail!(
        "{} is no checkout of the integrations' configuration: it has no src/configurations/sources or destinations with a {} in it; nothing was changed",
        folder.display(),
        FILES[0]
    )
}

/// The members of a file's JSON object; nothing where there is no such file.
fn members(file: &Path) -> Result<Option<Map<String, Value>>, String> {
    let size = match std::fs::metadata(file) {
        Ok(known) if known.is_file() => known.len(),
        Ok(_) => return Err("it is no file".to_owned()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
    };
    if usize::try_from(size).is_ok_and(|size| size > MAX_BODY) {
        return Err("it has more than 1 MiB".to_owned());
    }
    let text = std::fs::read_to_string(file).map_err(|error| error.to_string())?;
    match serde_json::from_str(&text) {
        Ok(Value::Object(members)) => Ok(Some(members)),
        Ok(_) => Err("it is no JSON object".to_owned()),
        Err(error) => Err(format!("it is not JSON: {error}")),
    }
}

impl Checkout {
    /// Reads a checkout; `progress` hears how far it is.
    pub(super) fn read(folder: &Path, progress: impl Fn(String)) -> Result<Self> {
        let root = root(folder)?;
        let mut checkout = Self {
            given: Vec::new(),
            left: Vec::new(),
        };
        for kind in [Kind::Source, Kind::Destination] {
            let here = root.join(format!("{kind}s"));
            if !here.is_dir() {
                continue;
            }
            let folders = subfolders(&here)?;
            let mut names = HashSet::new();
            for (number, one) in folders.iter().enumerate() {
                checkout.take(kind, one, &root, &mut names);
                let done = number + 1;
                if done % SAID == 0 || done == folders.len() {
                    progress(format!("read {done} of {} {kind}s", folders.len()));
                }
            }
        }
        Ok(checkout)
    }

    fn take(&mut self, kind: Kind, folder: &Path, root: &Path, names: &mut HashSet<String>) {
        let told = |file: &Path| {
            let inside = file.strip_prefix(root).unwrap_or(file);
            inside.to_string_lossy().into_owned()
        };
        // Most types have none.
        for account in subfolders(&folder.join(ACCOUNTS)).unwrap_or_default() {
            let reason = "definitions of accounts are not taken in".to_owned();
            self.left.push((told(&account), reason));
        }
        let mut body = Map::new();
        for name in FILES {
            let file = folder.join(name);
            match members(&file) {
                Ok(Some(members)) => body.extend(members),
                Ok(None) if name == FILES[0] => {
                    self.left.push((told(folder), format!("it has no {name}")));
                    return;
                }
                Ok(None) => {}
                Err(reason) => {
                    self.left.push((told(&file), reason));
                    return;
                }
            }
        }
        // A schema that cannot be used is no reason to do without what the definition says of secrets.
        if let Some(schema) = body.get("configSchema").filter(|schema| !schema.is_null())
            && let Err(reason) = server::schema::check(schema)
        {
            self.left.push((told(&folder.join(FILES[2])), reason));
            body.shift_remove("configSchema");
        }
        match Given::new(kind, Value::Object(body)) {
            Ok(given) if names.insert(given.name.clone()) => self.given.push(given),
            Ok(given) => {
                let reason = format!("there is another {kind} with the name {}", given.name);
                self.left.push((told(folder), reason));
            }
            Err(error) => self.left.push((told(folder), error.to_string())),
        }
    }
}

//! What the workspace may depend on: `deny.toml`, and the one direction between the crates.
//!
//! `cargo deny` reads the same file and says more; this needs nothing but cargo, so it cannot be skipped.

use std::{collections::BTreeSet, ffi::OsString, path::PathBuf, process::Command, sync::LazyLock};

use serde_json::Value;

/// From the proof to the hand: a crate may depend on those before it.
const ORDER: [&str; 5] = [
    "annals-tlog",
    "annals-model",
    "annals-store",
    "annals-server",
    "annals",
];

static TREE: LazyLock<Value> = LazyLock::new(|| {
    let output = Command::new(cargo_says("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--all-features",
        ])
        .current_dir(root())
        .output()
        .expect("cargo can be started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
});

fn root() -> PathBuf {
    PathBuf::from(cargo_says("CARGO_MANIFEST_DIR")).join("../..")
}

/// Asked when the test runs: a target folder may have been filled from another copy of the repository.
fn cargo_says(name: &str) -> OsString {
    std::env::var_os(name).expect("cargo runs this test")
}

fn packages() -> impl Iterator<Item = &'static Value> {
    TREE["packages"]
        .as_array()
        .expect("a list of packages")
        .iter()
}

fn text(value: &'static Value, key: &str) -> &'static str {
    value[key].as_str().unwrap_or_default()
}

/// The dependencies of a package: name and kind, where the kind of an ordinary one is `""`.
fn dependencies(package: &'static Value) -> impl Iterator<Item = (&'static str, &'static str)> {
    let list = package["dependencies"]
        .as_array()
        .expect("a list of dependencies");
    list.iter()
        .map(|dependency| (text(dependency, "name"), text(dependency, "kind")))
}

/// The value of `key` in `deny.toml` as far as it is a list of strings, on one line or several.
fn allowed_licences() -> BTreeSet<String> {
    let policy = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there");
    let (_, list) = policy
        .split_once("\nallow = [")
        .expect("deny.toml allows some licences");
    let (list, _) = list.split_once(']').expect("the list ends");
    list.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// What `deny.toml` allows to one crate alone, on a line of its own: the crate and the licence.
fn exceptions() -> Vec<(String, String)> {
    let policy = std::fs::read_to_string(root().join("deny.toml")).expect("deny.toml is there");
    let (_, list) = policy
        .split_once("\nexceptions = [")
        .expect("some crates have a licence of their own");
    let (list, _) = list.split_once("\n]").expect("the list ends");
    list.lines()
        .filter_map(|line| {
            let words: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
            let [name, licence] = words.try_into().ok()?;
            Some((<str>::to_owned(name), <str>::to_owned(licence)))
        })
        .collect()
}

/// Whether a package may be in the tree, by its licence.
fn is_allowed(package: &'static Value, allowed: &BTreeSet<String>) -> bool {
    let mut allowed = allowed.clone();
    let of_its_own = exceptions()
        .into_iter()
        .filter(|(name, _)| name == text(package, "name"));
    allowed.extend(of_its_own.map(|(_, licence)| licence));
    spdx::holds(text(package, "license"), &allowed)
}

#[test]
fn every_exception_is_needed() {
    let allowed = allowed_licences();
    let all = exceptions();
    assert!(!all.is_empty());
    for (name, licence) in all {
        let needed = packages().any(|package| {
            text(package, "name") == name && !spdx::holds(text(package, "license"), &allowed)
        });
        assert!(
            needed,
            "deny.toml allows {licence} to {name}, which does not need it"
        );
    }
}

#[test]
fn every_licence_is_allowed() {
    let allowed = allowed_licences();
    let refused: Vec<String> = packages()
        .filter(|package| !is_allowed(package, &allowed))
        .map(|package| {
            format!(
                "{} {}: {:?}",
                text(package, "name"),
                text(package, "version"),
                text(package, "license")
            )
        })
        .collect();
    assert!(
        refused.is_empty(),
        "not allowed by deny.toml:\n{}",
        refused.join("\n")
    );
}

#[test]
fn every_allowed_licence_is_needed() {
    let allowed = allowed_licences();
    for licence in &allowed {
        let mut without = allowed.clone();
        without.remove(licence);
        let needed = packages().any(|package| !spdx::holds(text(package, "license"), &without));
        assert!(
            needed,
            "deny.toml allows {licence}, but nothing in the tree needs it"
        );
    }
}

#[test]
fn licence_expressions_are_read_as_spdx_says() {
    let allowed = BTreeSet::from(["MIT".to_owned(), "ISC".to_owned()]);
    for (expression, holds) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("", false),
        ("MIT OR GPL-3.0", true),
        ("MIT/GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0 AND MIT OR ISC", true), // AND binds tighter
        ("GPL-3.0 AND (MIT OR ISC)", false),
        ("(GPL-3.0 OR MIT) AND ISC", true),
        ("MIT WITH Some-exception", false), // an exception has to be allowed by its own name
        ("MIT OR", false),
        ("(MIT", false),
    ] {
        assert_eq!(spdx::holds(expression, &allowed), holds, "{expression:?}");
    }
}

#[test]
fn no_other_tls_and_no_other_source_is_in_the_tree() {
    for package in packages() {
        let name = text(package, "name");
        assert!(
            !["openssl-sys", "native-tls"].contains(&name),
            "{name} is in the tree"
        );
        let source = text(package, "source");
        assert!(
            source.is_empty() || source.starts_with("registry+"),
            "{name} comes from {source}"
        );
    }
}

#[test]
fn only_the_store_has_a_database_driver() {
    for package in packages().filter(|package| ORDER.contains(&text(package, "name"))) {
        let name = text(package, "name");
        for (dependency, _) in dependencies(package) {
            let driver =
                ["rusqlite", "libsqlite3-sys", "postgres", "tokio-postgres"].contains(&dependency);
            assert!(
                !driver || name == "annals-store",
                "{name} depends on {dependency}: SQL belongs into annals-store"
            );
        }
    }
}

#[test]
fn the_crates_depend_one_way() {
    let place = |name: &str| ORDER.iter().position(|crate_| *crate_ == name);
    let members: Vec<_> = packages()
        .filter(|package| package["source"].is_null())
        .collect();
    for package in &members {
        let name = text(package, "name");
        let own =
            place(name).unwrap_or_else(|| panic!("{name} has no place in the order of the crates"));
        for (dependency, kind) in dependencies(package) {
            let to_itself_for_tests = dependency == name && kind == "dev";
            assert!(
                place(dependency).is_none_or(|other| other < own || to_itself_for_tests),
                "{name} depends on {dependency}"
            );
        }
    }
    assert_eq!(members.len(), ORDER.len());
}

#[test]
fn every_dependency_has_its_line_and_every_line_its_dependency() {
    let page = std::fs::read_to_string(root().join("docs/decisions/dependencies.md"))
        .expect("the page is there");
    let written: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .filter(|name| !["crate", "---"].contains(name))
        .collect();
    let used: BTreeSet<&str> = packages()
        .filter(|package| package["source"].is_null())
        .flat_map(dependencies)
        .map(|(name, _)| name)
        .filter(|name| !ORDER.contains(name))
        .collect();
    let missing: Vec<_> = used.difference(&written).collect();
    let stale: Vec<_> = written.difference(&used).collect();
    assert!(
        missing.is_empty() && stale.is_empty(),
        "without a line: {missing:?}; no longer used: {stale:?}"
    );
}

/// SPDX licence expressions (annex D of version 2.3), as far as crates write them: names, AND, OR, WITH, brackets.
mod spdx {
    use std::collections::BTreeSet;

    /// Whether the expression can be met with the allowed licences alone. What cannot be read is not met.
    pub(super) fn holds(expression: &str, allowed: &BTreeSet<String>) -> bool {
        let spaced = expression
            .replace('/', " OR ")
            .replace('(', " ( ")
            .replace(')', " ) ");
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let mut rest = words.as_slice();
        any(&mut rest, allowed) == Some(true) && rest.is_empty()
    }

    fn any(rest: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
        let mut met = all(rest, allowed)?;
        while take(rest, "OR") {
            met |= all(rest, allowed)?;
        }
        Some(met)
    }

    fn all(rest: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
        let mut met = one(rest, allowed)?;
        while take(rest, "AND") {
            met &= one(rest, allowed)?;
        }
        Some(met)
    }

    fn one(rest: &mut &[&str], allowed: &BTreeSet<String>) -> Option<bool> {
        if take(rest, "(") {
            let met = any(rest, allowed)?;
            return take(rest, ")").then_some(met);
        }
        let (name, after) = rest.split_first()?;
        *rest = after;
        let mut name = (*name).to_owned();
        if take(rest, "WITH") {
            let (exception, after) = rest.split_first()?;
            *rest = after;
            name = format!("{name} WITH {exception}");
        }
        Some(allowed.contains(&name))
    }

    fn take(rest: &mut &[&str], word: &str) -> bool {
        let taken = rest.first() == Some(&word);
        if taken {
            *rest = &rest[1..];
        }
        taken
    }
}

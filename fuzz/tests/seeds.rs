//! Every seed goes through its target, and so does every one byte shorter, longer or other: with stable Rust, in a moment.

use std::path::Path;

type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 12] = [
    ("bundle", annals_fuzz::bundle),
    ("canonical", annals_fuzz::canonical),
    ("checkpoint", annals_fuzz::checkpoint),
    ("disclosure", annals_fuzz::disclosure),
    ("entry", annals_fuzz::entry),
    ("frontier", annals_fuzz::frontier),
    ("note", annals_fuzz::note),
    ("policy", annals_fuzz::policy),
    ("proof", annals_fuzz::proof),
    ("receipt", annals_fuzz::receipt),
    ("tile_path", annals_fuzz::tile_path),
    ("vkey", annals_fuzz::vkey),
];

/// The names in a folder, without what comes after a dot.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|one| {
            let name = one.expect("read").file_name().into_string().expect("text");
            name.trim_end_matches(".rs").to_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn every_target_has_seeds_and_every_seed_a_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let known = TARGETS.map(|(name, _)| name.to_owned());
    assert_eq!(names(&root.join("fuzz_targets")), known);
    assert_eq!(names(&root.join("seeds")), known);
}

#[test]
fn seeds_and_what_is_near_them_pass() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (name, target) in TARGETS {
        target(b"");
        for seed in names(&root.join(name)) {
            let seed = std::fs::read(root.join(name).join(seed)).expect("a seed");
            target(&seed);
            for at in 0..seed.len() {
                target(&seed[..at]);
                let mut other = seed.clone();
                for bit in 0..8 {
                    other[at] ^= 1 << bit;
                    target(&other);
                    other[at] ^= 1 << bit;
                }
                other.insert(at, seed[at]);
                target(&other);
                other.drain(at..=at + 1);
                target(&other);
            }
        }
    }
}

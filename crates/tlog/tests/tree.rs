//! The tree against the published vectors, against an independent crate, and against the definition.

use ct_merkle::mem_backed_tree::MemoryBackedTree;
use proptest::{collection::vec, prelude::*};
use sha2::Sha256;
use tlog::{EMPTY_ROOT, Frontier, FrontierError, Hash, leaf_hash, node_hash};

/// The test leaves of the certificate-transparency project, in hexadecimal.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

/// Their leaf hashes.
const LEAF_HASHES: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "0298d122906dcfc10892cb53a73992fc5b9f493ea4c9badb27b791b4127a7fe7",
    "07506a85fd9dd2f120eb694f86011e5bb4662e5c415a62917033d4a9624487e7",
    "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    "4271a26be0d8a84f0bd54c8c302e7cb3a3b5d1fa6780a40bcce2873477dab658",
    "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
    "46f6ffadd3d06a09ff3c5860d2755c8b9819db7df44251788c7d8e3180de8eb1",
];

/// The roots of the first 0, 1, 2, ... 8 of them.
const ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).expect("hexadecimal"))
        .collect()
}

fn hex(hash: Hash) -> String {
    format!("{hash:?}")
}

/// MTH as RFC 6962, section 2.1, defines it, word for word.
fn textbook_root(entries: &[Vec<u8>]) -> Hash {
    match entries {
        [] => EMPTY_ROOT,
        [entry] => leaf_hash(entry),
        _ => {
            let mut k = 1;
            while k * 2 < entries.len() {
                k *= 2;
            }
            node_hash(&textbook_root(&entries[..k]), &textbook_root(&entries[k..]))
        }
    }
}

fn grown(entries: &[Vec<u8>]) -> Frontier {
    let mut frontier = Frontier::new();
    for (index, entry) in (0..).zip(entries) {
        assert_eq!(frontier.append(entry), Ok(index));
    }
    frontier
}

#[test]
fn leaf_hashes_are_those_of_the_published_vectors() {
    for (leaf, hash) in LEAVES.iter().zip(LEAF_HASHES) {
        assert_eq!(hex(leaf_hash(&unhex(leaf))), hash, "leaf {leaf:?}");
    }
}

#[test]
fn roots_are_those_of_the_published_vectors_at_every_size() {
    let mut frontier = Frontier::new();
    assert_eq!(hex(frontier.root()), ROOTS[0]);
    for ((index, leaf), root) in (0..).zip(LEAVES).zip(&ROOTS[1..]) {
        assert_eq!(frontier.append(&unhex(leaf)), Ok(index));
        assert_eq!(frontier.size(), index + 1);
        assert_eq!(hex(frontier.root()), *root);
    }
}

#[test]
fn a_new_log_is_empty() {
    assert_eq!(Frontier::new().root(), EMPTY_ROOT);
    assert_eq!(Frontier::new().to_bytes(), Vec::<u8>::new());
    assert_eq!(Frontier::from_bytes(0, &[]), Ok(Frontier::new()));
    assert_eq!(Frontier::default(), Frontier::new());
}

#[test]
fn hashes_are_stored_largest_subtree_first() {
    let frontier = grown(&[b"a".to_vec(), b"b".to_vec(), b"c".to_vec()]);
    let pair = node_hash(&leaf_hash(b"a"), &leaf_hash(b"b"));
    assert_eq!(
        frontier.to_bytes(),
        [pair.as_bytes().as_slice(), leaf_hash(b"c").as_bytes()].concat()
    );
}

#[test]
fn a_full_log_refuses_one_more_and_stays_as_it_was() {
    let mut frontier = Frontier::from_bytes(u64::MAX, &[7; 64 * 32]).expect("64 hashes");
    let before = frontier.clone();
    assert_eq!(frontier.append(b"one more"), Err(FrontierError::Full));
    assert_eq!(frontier, before);
}

#[test]
fn the_last_entry_that_fits_is_taken() {
    let mut frontier = Frontier::from_bytes(u64::MAX - 1, &[7; 63 * 32]).expect("63 hashes");
    assert_eq!(frontier.append(b"the last"), Ok(u64::MAX - 1));
    assert_eq!(frontier.size(), u64::MAX);
    assert_eq!(frontier.to_bytes().len(), 64 * 32);
}

#[test]
fn a_log_beyond_32_bits_joins_all_its_subtrees() {
    let size = (1 << 40) - 1;
    let mut frontier = Frontier::from_bytes(size, &[7; 40 * 32]).expect("40 hashes");
    let expected = (0..40).fold(leaf_hash(b"x"), |right, _| {
        node_hash(&Hash::from_bytes([7; 32]), &right)
    });
    assert_eq!(frontier.append(b"x"), Ok(size));
    assert_eq!(frontier.to_bytes(), expected.as_bytes());
    assert_eq!(frontier.root(), expected);
}

proptest! {
    #[test]
    fn the_root_is_that_of_an_independent_implementation_at_every_size(
        entries in vec(vec(any::<u8>(), 0..40), 0..300),
    ) {
        let mut independent = MemoryBackedTree::<Sha256, Vec<u8>>::new();
        let mut frontier = Frontier::new();
        for entry in entries {
            prop_assert_eq!(frontier.append(&entry), Ok(independent.len()));
            independent.push(entry);
            let theirs: [u8; 32] = (*independent.root().as_bytes()).into();
            prop_assert_eq!(frontier.root(), Hash::from_bytes(theirs));
        }
    }

    #[test]
    fn the_root_is_that_of_the_definition(entries in vec(vec(any::<u8>(), 0..40), 0..100)) {
        prop_assert_eq!(grown(&entries).root(), textbook_root(&entries));
    }

    #[test]
    fn a_stored_frontier_comes_back_and_grows_like_the_first(
        entries in vec(vec(any::<u8>(), 0..8), 0..70),
        more in vec(vec(any::<u8>(), 0..8), 0..70),
    ) {
        let mut frontier = grown(&entries);
        let mut back = Frontier::from_bytes(frontier.size(), &frontier.to_bytes()).expect("its own bytes");
        prop_assert_eq!(&back, &frontier);
        for entry in more {
            frontier.append(&entry).expect("room");
            back.append(&entry).expect("room");
        }
        prop_assert_eq!(&back, &frontier);
        prop_assert_eq!(back.root(), frontier.root());
    }

    #[test]
    fn a_number_of_hashes_that_does_not_go_with_the_size_is_refused(
        size: u64,
        length in 0_usize..70 * 32,
    ) {
        let expected = size.count_ones() as usize * 32;
        prop_assume!(length != expected);
        prop_assert_eq!(
            Frontier::from_bytes(size, &vec![0; length]),
            Err(FrontierError::Length { size, expected, found: length })
        );
    }

    #[test]
    fn a_changed_entry_changes_the_root(
        entries in vec(vec(any::<u8>(), 1..8), 1..70),
        which: prop::sample::Index,
        bit in 0_u8..8,
    ) {
        let before = grown(&entries).root();
        let mut changed = entries.clone();
        changed[which.index(entries.len())][0] ^= 1 << bit;
        prop_assert_ne!(grown(&changed).root(), before);
    }
}

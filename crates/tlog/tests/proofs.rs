//! Proofs of every pair of sizes against the definition, and what must not be proved.

use std::convert::Infallible;

use proptest::prelude::*;
use tlog::proof::{ProofError, consistency, inclusion, verify_consistency, verify_inclusion};
use tlog::tree::{Node, SourceError, root};
use tlog::{Hash, leaf_hash, node_hash};

/// As far as every pair is tried.
const SIZES: u64 = 70;

fn leaf(index: u64) -> Hash {
    leaf_hash(&index.to_be_bytes())
}

/// MTH(D[start:end]), RFC 6962, section 2.1.
fn mth(start: u64, end: u64) -> Hash {
    match end - start {
        0 => tlog::EMPTY_ROOT,
        1 => leaf(start),
        n => {
            let k = n.next_power_of_two() / 2;
            node_hash(&mth(start, start + k), &mth(start + k, end))
        }
    }
}

/// PATH(m, D[start:end]), section 2.1.1.
fn path(m: u64, start: u64, end: u64) -> Vec<Hash> {
    let n = end - start;
    if n == 1 {
        return Vec::new();
    }
    let k = n.next_power_of_two() / 2;
    let (mut path, sibling) = if m < k {
        (path(m, start, start + k), mth(start + k, end))
    } else {
        (path(m - k, start + k, end), mth(start, start + k))
    };
    path.push(sibling);
    path
}

/// SUBPROOF(m, D[start:end], b), section 2.1.2.
fn subproof(m: u64, start: u64, end: u64, b: bool) -> Vec<Hash> {
    let n = end - start;
    if m == n {
        return if b { Vec::new() } else { vec![mth(start, end)] };
    }
    let k = n.next_power_of_two() / 2;
    let (mut proof, sibling) = if m <= k {
        (subproof(m, start, start + k, b), mth(start + k, end))
    } else {
        (
            subproof(m - k, start + k, end, false),
            mth(start, start + k),
        )
    };
    proof.push(sibling);
    proof
}

/// A source that has the perfect subtrees of a log of `size` entries, and nothing else.
fn source(size: u64) -> impl FnMut(Node) -> Result<Hash, Infallible> {
    move |Node { level, index }| {
        let (start, end) = (index << level, (index + 1) << level);
        assert!(end <= size, "a subtree beyond the log was asked for");
        Ok(mth(start, end))
    }
}

#[test]
fn a_root_is_that_of_the_definition() {
    for size in 0..=SIZES {
        assert_eq!(root(size, source(size)), Ok(mth(0, size)), "{size}");
    }
}

#[test]
fn an_inclusion_proof_is_that_of_the_definition_and_verifies() {
    for size in 1..=SIZES {
        for index in 0..size {
            let proof = inclusion(index, size, source(size)).expect("a proof");
            assert_eq!(proof, path(index, 0, size), "{index} of {size}");
            assert_eq!(
                verify_inclusion(&leaf(index), index, size, &proof, &mth(0, size)),
                Ok(())
            );
        }
    }
}

#[test]
fn a_consistency_proof_is_that_of_the_definition_and_verifies() {
    for new in 1..=SIZES {
        for old in 1..=new {
            let proof = consistency(old, new, source(new)).expect("a proof");
            assert_eq!(proof, subproof(old, 0, new, true), "{old} to {new}");
            assert_eq!(
                verify_consistency(old, &mth(0, old), new, &mth(0, new), &proof),
                Ok(())
            );
        }
    }
}

#[test]
fn there_is_no_proof_of_what_is_not_there() {
    let none = SourceError::Range(ProofError::Index { index: 5, size: 5 });
    assert_eq!(inclusion(5, 5, source(5)), Err(none));
    let none = SourceError::Range(ProofError::Sizes { old: 6, new: 5 });
    assert_eq!(consistency(6, 5, source(5)), Err(none));
    let (a, b) = (mth(0, 6), mth(0, 5));
    assert_eq!(
        verify_consistency(6, &a, 5, &b, &[]),
        Err(ProofError::Sizes { old: 6, new: 5 })
    );
}

#[test]
fn an_empty_log_is_where_every_log_begins() {
    assert_eq!(
        verify_consistency(0, &tlog::EMPTY_ROOT, 5, &mth(0, 5), &[]),
        Ok(())
    );
    assert_eq!(
        verify_consistency(0, &leaf(0), 5, &mth(0, 5), &[]),
        Err(ProofError::OldRoot)
    );
    assert_eq!(
        verify_consistency(5, &mth(0, 5), 5, &mth(0, 4), &[]),
        Err(ProofError::Root)
    );
}

#[test]
fn a_source_that_fails_is_named_as_the_cause() {
    let failed = inclusion(1, 3, |_| Err::<Hash, _>("gone"));
    assert_eq!(failed, Err(SourceError::Source("gone")));
}

proptest! {
    #[test]
    fn a_changed_inclusion_proof_proves_nothing(
        size in 1..=SIZES, index in any::<u64>(), hash in any::<usize>(), byte in 0..32_usize, bit in 0..8_u32,
    ) {
        let index = index % size;
        let proof = path(index, 0, size);
        let root = mth(0, size);
        for other in (0..size).filter(|other| *other != index) {
            prop_assert!(verify_inclusion(&leaf(index), other, size, &proof, &root).is_err());
        }
        prop_assert_eq!(
            verify_inclusion(&leaf(index + 1), index, size, &proof, &root),
            Err(ProofError::Root)
        );
        let longer = [proof.as_slice(), &[root]].concat();
        prop_assert!(verify_inclusion(&leaf(index), index, size, &longer, &root).is_err());
        if !proof.is_empty() {
            let shorter = &proof[1..];
            prop_assert!(verify_inclusion(&leaf(index), index, size, shorter, &root).is_err());
            let changed = change(&proof, hash, byte, bit);
            prop_assert_eq!(
                verify_inclusion(&leaf(index), index, size, &changed, &root),
                Err(ProofError::Root)
            );
        }
    }

    #[test]
    fn a_changed_consistency_proof_proves_nothing(
        new in 2..=SIZES, old in any::<u64>(), hash in any::<usize>(), byte in 0..32_usize, bit in 0..8_u32,
    ) {
        let old = 1 + old % (new - 1);
        let proof = subproof(old, 0, new, true);
        let (before, after) = (mth(0, old), mth(0, new));
        let changed = change(&proof, hash, byte, bit);
        prop_assert!(verify_consistency(old, &before, new, &after, &changed).is_err());
        prop_assert!(verify_consistency(old, &before, new, &after, &proof[1..]).is_err());
        let longer = [proof.as_slice(), &[after]].concat();
        prop_assert_eq!(
            verify_consistency(old, &before, new, &after, &longer),
            Err(ProofError::Length { expected: proof.len(), found: longer.len() })
        );
        prop_assert!(verify_consistency(old, &mth(0, old - 1), new, &after, &proof).is_err());
        prop_assert!(verify_consistency(old, &before, new, &mth(0, new - 1), &proof).is_err());
    }

    #[test]
    fn no_size_and_no_path_stops_the_verifier(
        index in any::<u64>(), size in any::<u64>(), old in any::<u64>(), length in 0..70_usize,
    ) {
        let proof = vec![leaf(0); length];
        prop_assert!(verify_inclusion(&leaf(1), index, size, &proof, &leaf(2)).is_err());
        let verdict = verify_consistency(old, &leaf(1), size, &leaf(2), &proof);
        prop_assert!(verdict.is_err());
    }
}

/// The proof with one bit of one hash turned.
fn change(proof: &[Hash], hash: usize, byte: usize, bit: u32) -> Vec<Hash> {
    let mut changed = proof.to_vec();
    let hash = hash % changed.len();
    let mut bytes = *changed[hash].as_bytes();
    bytes[byte] ^= 1 << bit;
    changed[hash] = Hash::from_bytes(bytes);
    changed
}

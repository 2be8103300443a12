//! XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha, section 2.3): a nonce of 192 bits, so that a random one is safe.
//!
//! It is `HChaCha20` to a key for this nonce, and then ChaCha20-Poly1305 (RFC 8439), each from a library. In one piece the
//! library that we know costs six times as much for values as short as ours (`docs/decisions/dependencies.md`); the tests
//! open with that one what is sealed here.

use aws_lc_rs::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};
use chacha20::{R20, hchacha};
use model::clock::Entropy;
use zeroize::{Zeroize, Zeroizing};

/// The length of a nonce in bytes.
const NONCE: usize = 24;
/// The length of what proves that nothing was changed, in bytes.
const TAG: usize = 16;

/// The key and nonce of RFC 8439 for a key and nonce of `XChaCha20`.
fn inner(key: &[u8; 32], nonce: &[u8; NONCE]) -> (LessSafeKey, Nonce) {
    let (first, last) = nonce.split_at(16);
    let first: &[u8; 16] = first.try_into().expect("16 of 24 bytes");
    let mut derived = hchacha::<R20>(key.into(), first.into());
    let unbound = UnboundKey::new(&CHACHA20_POLY1305, &derived).expect("a key of 32 bytes");
    derived.zeroize();
    let mut short = [0; 12];
    short[4..].copy_from_slice(last);
    (
        LessSafeKey::new(unbound),
        Nonce::assume_unique_for_key(short),
    )
}

/// How many bytes longer than a text is what it is encrypted to.
pub(crate) const MORE: usize = NONCE + TAG;

/// Encrypts with a random nonce, which stands before the text, to the end of `out`. The text is that of its pieces, one after
/// another.
pub(crate) fn encrypt_onto(
    out: &mut Vec<u8>,
    entropy: &dyn Entropy,
    key: &[u8; 32],
    aad: &[u8],
    text: &[&[u8]],
) {
    let nonce: [u8; NONCE] = entropy.bytes();
    let (key, short) = inner(key, &nonce);
    // Once, before the text comes: nothing of it is left where the bytes were before they moved.
    out.reserve(MORE + text.iter().map(|piece| piece.len()).sum::<usize>());
    out.extend_from_slice(&nonce);
    let from = out.len();
    for piece in text {
        out.extend_from_slice(piece);
    }
    let tag = key
        .seal_in_place_separate_tag(short, Aad::from(aad), &mut out[from..])
        .expect("a text in memory is not too long for the cipher");
    out.extend_from_slice(tag.as_ref());
}

/// As [`encrypt_onto`], of a text in one piece, to bytes of its own.
pub(crate) fn encrypt(entropy: &dyn Entropy, key: &[u8; 32], aad: &[u8], text: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    encrypt_onto(&mut sealed, entropy, key, aad, &[text]);
    sealed
}

/// Decrypts what [`encrypt`] made; none where the bytes, the key or the context differ.
pub(crate) fn decrypt(key: &[u8; 32], aad: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let (key, short) = inner(key, nonce);
    let mut text = Zeroizing::new(sealed.to_vec());
    let length = key
        .open_in_place(short, Aad::from(aad), &mut text)
        .ok()?
        .len();
    text.truncate(length);
    Some(text)
}

#[cfg(test)]
mod tests {
    use chacha20poly1305::aead::{Aead, Payload};
    use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
    use model::clock::SystemEntropy;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_cipher_of_the_draft(
            key: [u8; 32], aad in proptest::collection::vec(any::<u8>(), 0..100),
            text in proptest::collection::vec(any::<u8>(), 0..1000),
        ) {
            let other = XChaCha20Poly1305::new((&key).into());
            let sealed = encrypt(&SystemEntropy, &key, &aad, &text);
            let (nonce, rest) = sealed.split_first_chunk::<NONCE>().expect("a nonce");
            let opened = other.decrypt(&XNonce::from(*nonce), Payload { msg: rest, aad: &aad });
            prop_assert_eq!(opened.ok(), Some(text.clone()));

            let nonce = [key[0]; NONCE];
            let theirs = other.encrypt(&XNonce::from(nonce), Payload { msg: &text, aad: &aad });
            let theirs = [&nonce[..], &theirs.expect("sealed")].concat();
            let opened = decrypt(&key, &aad, &theirs);
            prop_assert_eq!(opened.map(|text| text.to_vec()), Some(text));
        }

        #[test]
        fn a_text_in_pieces_is_one_text_behind_what_was_there(
            key: [u8; 32], before in proptest::collection::vec(any::<u8>(), 0..50),
            pieces in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..5),
        ) {
            let mut out = before.clone();
            let text: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            encrypt_onto(&mut out, &SystemEntropy, &key, b"here", &text);
            prop_assert_eq!(out.len(), before.len() + MORE + pieces.concat().len());
            let (first, sealed) = out.split_at(before.len());
            prop_assert_eq!(first, &before[..]);
            let opened = decrypt(&key, b"here", sealed);
            prop_assert_eq!(opened.map(|text| text.to_vec()), Some(pieces.concat()));
        }

        #[test]
        fn nothing_opens_that_was_changed(key: [u8; 32], text in proptest::collection::vec(any::<u8>(), 0..50), at: prop::sample::Index, bit in 0..8_u32) {
            let sealed = encrypt(&SystemEntropy, &key, b"here", &text);
            let mut other = sealed.clone();
            *at.get_mut(&mut other) ^= 1_u8 << bit;
            prop_assert!(decrypt(&key, b"here", &other).is_none());
            prop_assert!(decrypt(&key, b"there", &sealed).is_none());
            prop_assert!(decrypt(&key, b"here", &sealed[..sealed.len() - 1]).is_none());
            prop_assert!(decrypt(&key, b"here", &sealed[..at.index(40)]).is_none());
        }
    }
}

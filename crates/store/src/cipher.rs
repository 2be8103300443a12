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

/// Encrypts with a random nonce, which stands before the text.
pub(crate) fn encrypt(entropy: &dyn Entropy, key: &[u8; 32], aad: &[u8], text: &[u8]) -> Vec<u8> {
    let nonce: [u8; NONCE] = entropy.bytes();
    let (key, short) = inner(key, &nonce);
    let mut sealed = Vec::with_capacity(NONCE + text.len() + TAG);
    sealed.extend(nonce);
    sealed.extend(text);
    let tag = key
        .seal_in_place_separate_tag(short, Aad::from(aad), &mut sealed[NONCE..])
        .expect("a text in memory is not too long for the cipher");
    sealed.extend(tag.as_ref());
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

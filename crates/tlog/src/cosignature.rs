//! What a witness signs: C2SP `tlog-cosignature`, the Ed25519 form (v1).

/// The message that is signed: two lines, then the checkpoint's text
/// (`tlog-cosignature`, "Ed25519 signed message"). `time` is in seconds since 1970.
pub(crate) fn message(time: u64, text: &str) -> String {
    format!("cosignature/v1\ntime {time}\n{text}")
}

/// The time and the Ed25519 signature of a `timestamped_signature`: 8 bytes big-endian, then 64
/// (`tlog-cosignature`, "Format"). The time must be below 2^63.
pub(crate) fn split(signature: &[u8]) -> Option<(u64, &[u8])> {
    let (time, signature) = signature.split_first_chunk::<8>()?;
    let time = u64::from_be_bytes(*time);
    (time <= i64::MAX.cast_unsigned()).then_some((time, signature))
}

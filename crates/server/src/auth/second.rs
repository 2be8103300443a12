//! Second factors: codes of an authenticator app (RFC 6238) and recovery codes.

use model::clock::{Entropy, Micros};
use qrcodegen::{QrCode, QrCodeEcc};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

/// How long a code is good, in seconds: RFC 6238, 5.2.
const STEP: u64 = 30;
/// How many recovery codes a person has.
pub const RECOVERY_CODES: usize = 10;

/// A new seed for an authenticator app, in Base32: 160 bits, as RFC 4226, 4, recommends.
pub fn new_seed(entropy: &dyn Entropy) -> Zeroizing<String> {
    let random = Zeroizing::new(entropy.bytes::<20>());
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = Zeroizing::new(String::with_capacity(32));
    // 20 bytes are 32 letters of 5 bits without a rest.
    for five in random.chunks(5) {
        let bits = five
            .iter()
            .fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for place in (0..8).rev() {
            let letter = usize::try_from(bits >> (place * 5) & 31).unwrap_or(0);
            text.push(char::from(letters[letter]));
        }
    }
    text
}

fn totp(seed: &str) -> Option<Totp> {
    let secret = Secret::try_from_base32(seed).ok()?;
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(STEP)
        .with_secret(secret)
        .build()
        .ok()
}

/// The time step that a code is of: the one now, before or after, and none that is not later than `last`. A code is good
/// once (RFC 6238, 5.2).
pub fn step_of(seed: &str, code: &str, now: Micros, last: Option<i64>) -> Option<i64> {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = u64::try_from(now.0 / Micros::SECOND).ok()?;
    let step = totp(seed)?.check(&digits, seconds)?;
    i64::try_from(step)
        .ok()
        .filter(|step| last.is_none_or(|last| *step > last))
}

/// The address that authenticator apps read from a picture (Key URI format).
pub fn uri(seed: &str, issuer: &str, account: &str) -> String {
    // Apps read a plus sign as itself, so a space is none.
    let escaped = |text: &str| {
        let text: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
        text.replace('+', "%20")
    };
    format!(
        "otpauth://totp/{}:{}?secret={seed}&issuer={}&algorithm=SHA1&digits=6&period=30",
        escaped(&issuer.replace(':', " ")),
        escaped(account),
        escaped(issuer),
    )
}

/// The modules of a QR code as the path of an SVG, and the side of its square, with the quiet zone of four modules.
pub fn qr(text: &str) -> Option<(String, i32)> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
    let mut path = String::new();
    for y in 0..code.size() {
        for x in 0..code.size() {
            if code.get_module(x, y) {
                path.push_str(&format!("M{} {}h1v1h-1z", x + 4, y + 4));
            }
        }
    }
    Some((path, code.size() + 8))
}

/// New recovery codes such as `k3v9-0r7m-x2qd`: 60 random bits each, in Crockford's Base32.
pub fn recovery_codes(entropy: &dyn Entropy) -> Vec<String> {
    let letters = b"0123456789abcdefghjkmnpqrstvwxyz";
    (0..RECOVERY_CODES)
        .map(|_| {
            let random = Zeroizing::new(entropy.bytes::<12>());
            let mut code = String::with_capacity(14);
            for (place, byte) in random.iter().enumerate() {
                if place > 0 && place % 4 == 0 {
                    code.push('-');
                }
                code.push(char::from(letters[usize::from(byte % 32)]));
            }
            code
        })
        .collect()
}

/// A recovery code as it was made, from what was typed: capitals, missing dashes and letters that look alike are put
/// right. Nothing for what cannot be one.
pub fn recovery_code(typed: &str) -> Option<String> {
    let letters: Vec<char> = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c.to_ascii_lowercase() {
            'o' => '0',
            'i' | 'l' => '1',
            other => other,
        })
        .collect();
    let fits = letters.len() == 12 && letters.iter().all(char::is_ascii_alphanumeric);
    fits.then(|| {
        let group = |range: std::ops::Range<usize>| letters[range].iter().collect::<String>();
        format!("{}-{}-{}", group(0..4), group(4..8), group(8..12))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::clock::SystemEntropy;

    /// RFC 6238, appendix B: the seed is the ASCII text 12345678901234567890; the last six of its eight digits.
    const SEED: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

    #[test]
    fn the_codes_of_the_rfc_fit_at_their_time() {
        for (seconds, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let now = Micros(seconds * Micros::SECOND);
            assert_eq!(step_of(SEED, code, now, None), Some(seconds / 30), "{code}");
        }
    }

    #[test]
    fn a_code_is_good_once_and_for_a_step_around_now() {
        let at = |seconds: i64| Micros(seconds * Micros::SECOND);
        let step = step_of(SEED, "287 082", at(59), None).expect("fits");
        assert_eq!(step_of(SEED, "287082", at(59), Some(step)), None, "once");
        assert!(step_of(SEED, "287082", at(89), None).is_some());
        assert_eq!(step_of(SEED, "287082", at(120), None), None);
        for wrong in ["287083", "28708", "2870820", "28708a", "", "٢٨٧٠٨٢"] {
            assert_eq!(step_of(SEED, wrong, at(59), None), None, "{wrong}");
        }
    }

    #[test]
    fn a_seed_is_one_of_160_bits_that_apps_can_read() {
        let seed = new_seed(&SystemEntropy);
        assert_eq!(seed.len(), 32);
        assert!(totp(&seed).is_some());
        assert_ne!(*seed, *new_seed(&SystemEntropy));
        let uri = uri(&seed, "Annals: Fern+hill & Söhne", "EVE+work@example.com");
        assert!(uri.contains(":EVE%2Bwork%40example.com?secret="), "{uri}");
        // As an app reads it: a plus sign is one, and only `%` begins anything else.
        let read = |text: &str| {
            let pair = format!("x={}", text.replace('+', "%2B"));
            let mut read = url::form_urlencoded::parse(pair.as_bytes());
            read.next().expect("a text").1.into_owned()
        };
        let rest = uri.strip_prefix("otpauth://totp/").expect("a label");
        let (label, query) = rest.split_once('?').expect("a query");
        assert_eq!(
            read(label),
            "Annals  Fern+hill & Söhne:EVE+work@example.com"
        );
        let issuer = query.split('&').find_map(|one| one.strip_prefix("issuer="));
        assert_eq!(
            read(issuer.expect("an issuer")),
            "Annals: Fern+hill & Söhne"
        );
        let (path, side) = qr(&uri).expect("a picture");
        assert!(side > 40 && path.starts_with("M4 4h1v1h-1z"));
    }

    #[test]
    fn a_recovery_code_is_read_as_people_type_it() {
        let codes = recovery_codes(&SystemEntropy);
        assert_eq!(codes.len(), RECOVERY_CODES);
        for code in &codes {
            assert_eq!(recovery_code(code).as_ref(), Some(code));
            let typed = format!(" {} ", code.to_uppercase().replace('-', " "));
            assert_eq!(recovery_code(&typed).as_ref(), Some(code));
        }
        assert_eq!(
            recovery_code("Oil0-oIl0-0000").as_deref(),
            Some("0110-0110-0000")
        );
        assert_eq!(recovery_code("too-short"), None);
    }
}

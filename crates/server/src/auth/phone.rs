//! Phones: numbers as they are kept, and the codes that are sent to them.

use model::clock::Entropy;
use phonenumber::{Mode, Type};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// How long a code is good, in seconds.
pub const CODE_SECONDS: i64 = 600;

/// The word of the challenge of a number that is to be confirmed.
pub const CONFIRM: &str = "phone";
/// The word of the challenge of a sign-in that waits for a code by text message.
pub const SIGN_IN: &str = "sms";

/// A number in E.164 (`+442079460018`), from what was typed with its country: nothing for what cannot get a text message, or
/// costs whoever sends one.
pub fn number(typed: &str) -> Option<String> {
    let typed = typed.trim();
    // Without its country a number is another one elsewhere; and an extension gets no message.
    let is_written = |c: char| c.is_ascii_digit() || "+-./() ".contains(c);
    if !typed.starts_with('+') || typed.len() > 40 || !typed.chars().all(is_written) {
        return None;
    }
    let parsed = phonenumber::parse(None, typed).ok()?;
    if !parsed.is_valid() || parsed.extension().is_some() {
        return None;
    }
    let takes_texts = matches!(
        parsed.number_type(&phonenumber::metadata::DATABASE),
        Type::Mobile
            | Type::FixedLineOrMobile
            | Type::FixedLine
            | Type::PersonalNumber
            | Type::Voip
            | Type::Pager
            | Type::Unknown
    );
    takes_texts.then(|| parsed.format().mode(Mode::E164).to_string())
}

/// A number as it is shown: the country and the last two digits, enough to know it by.
pub fn masked(number: &str) -> String {
    let country = phonenumber::parse(None, number)
        .map(|parsed| parsed.code().value().to_string())
        .unwrap_or_default();
    let rest = number.len().saturating_sub(1 + country.len());
    let (dots, last) = (rest.saturating_sub(2), number.len().saturating_sub(2));
    let last = number.get(last..).unwrap_or_default();
    format!("+{country} {}{last}", "\u{2022}".repeat(dots))
}

/// A new code: six digits.
pub fn new_code(entropy: &dyn Entropy) -> Zeroizing<String> {
    let random = u64::from_be_bytes(entropy.bytes::<8>());
    Zeroizing::new(format!("{:06}", random % 1_000_000))
}

/// What is kept of a code: a million are soon tried, so it is hashed together with the secret that only the browser has for
/// which it was sent.
pub fn code_hash(secret: &str, code: &str) -> [u8; 32] {
    let digits: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    let mut hash = Sha256::new();
    hash.update(b"annals.code.v1\n");
    hash.update(secret.as_bytes());
    hash.update(b"\n");
    hash.update(digits.as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::clock::SystemEntropy;

    #[test]
    fn a_number_is_kept_as_one_however_it_was_typed() {
        for typed in ["+44 7400 123456", " +44 (0)7400-123456", "+447400123456"] {
            assert_eq!(number(typed).as_deref(), Some("+447400123456"), "{typed}");
        }
        assert_eq!(number("+1 202-555-0143").as_deref(), Some("+12025550143"));
        for none in [
            "",
            "07400 123456",
            "+44",
            "+44 7400",
            "+999 123456789",
            "+44 7400 123456 ext. 5",
            "+44 9098 790123", // premium rate
            "+1 800 234 5678", // toll-free
            "+447400123456; DROP",
            "not a number",
            "+\u{664}\u{664}",
        ] {
            assert_eq!(number(none), None, "{none}");
        }
    }

    #[test]
    fn of_a_number_little_is_shown() {
        assert_eq!(
            masked("+447400123456"),
            "+44 \u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}56"
        );
        assert_eq!(
            masked("+12025550143"),
            "+1 \u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}43"
        );
        assert_eq!(masked(""), "+ ");
    }

    #[test]
    fn a_code_fits_its_browser_alone() {
        let code = new_code(&SystemEntropy);
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()));
        assert_eq!(code_hash("a", "012 345"), code_hash("a", "012345"));
        assert_ne!(code_hash("a", "012345"), code_hash("b", "012345"));
        assert_ne!(code_hash("a", "012345"), code_hash("a", "012346"));
    }
}

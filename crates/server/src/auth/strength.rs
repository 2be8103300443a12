//! Passwords that are tried first: those of breached lists and others like them, rows of keys, a name or a date with something
//! behind it (ASVS 2.1.7). The lists are in the binary; nothing is asked of anyone.

use zxcvbn::feedback::Warning;
use zxcvbn::{Score, zxcvbn};

/// Why a password would be guessed early, in words that go on after "the password"; nothing for one that would not.
/// `about` is what whoever guesses knows of the person: the name, the address.
pub fn weakness(password: &str, about: &[&str]) -> Option<&'static str> {
    // A name is used without its spaces too, and of an address the part before the sign.
    let joined: Vec<String> = about.iter().map(|text| text.replace(' ', "")).collect();
    let known: Vec<&str> = about
        .iter()
        .flat_map(|text| text.split(['@', '.', ' ', '-', '_']))
        .chain(about.iter().copied())
        .chain(joined.iter().map(|text| &**text))
        .filter(|word| word.chars().count() > 2)
        .chain(["annals"])
        .collect();
    let found = zxcvbn(password, &known);
    // Three: more than 10^8 guesses, each of which costs what Argon2 does.
    if found.score() >= Score::Three {
        return None;
    }
    let warning = found.feedback().and_then(|feedback| feedback.warning());
    Some(match warning {
        Some(
            Warning::StraightRowsOfKeysAreEasyToGuess
            | Warning::ShortKeyboardPatternsAreEasyToGuess
            | Warning::SequencesLikeAbcAreEasyToGuess,
        ) => "is a row of letters, digits or keys",
        Some(
            Warning::RepeatsLikeAaaAreEasyToGuess
            | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess,
        ) => "repeats itself",
        Some(
            Warning::NamesAndSurnamesByThemselvesAreEasyToGuess
            | Warning::CommonNamesAndSurnamesAreEasyToGuess,
        ) => "is little more than a name",
        Some(Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess) => {
            "is little more than a date"
        }
        _ => "is one that many people use, or like one",
    })
}

#[cfg(test)]
mod tests {
    use super::weakness;

    #[test]
    fn what_is_tried_first_is_refused_with_its_reason() {
        for (password, reason) in [
            ("password1234", "is one that many people use, or like one"),
            ("iloveyou1234", "is one that many people use, or like one"),
            ("letmein12345", "is one that many people use, or like one"),
            ("Password1234!", "is one that many people use, or like one"),
            ("111111111111", "repeats itself"),
            ("passwordpassword", "repeats itself"),
            ("abcdefghijkl", "is a row of letters, digits or keys"),
        ] {
            assert_eq!(weakness(password, &[]), Some(reason), "{password}");
        }
    }

    #[test]
    fn several_words_and_random_letters_are_taken() {
        for password in [
            "a difference engine",
            "correct horse battery",
            "a long walk by the sea",
            "kX9#vq2LmW7p",
            "möwe über grauem wasser",
        ] {
            assert_eq!(weakness(password, &[]), None, "{password}");
        }
    }

    #[test]
    fn the_own_name_and_address_are_no_password() {
        let about = ["Augusta Lovelace", "augusta.lovelace@example.com"];
        assert!(weakness("augustalovelace1", &about).is_some());
        assert!(weakness("augusta.lovelace@example.com", &about).is_some());
        assert_eq!(weakness("a difference engine", &about), None);
    }
}

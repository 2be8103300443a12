//! The name by which a library is imported. `rudder-transformer` makes it of the library's name with lodash's `camelCase`
//! (`src/util/ivmFactory.js`) and finds no library by any other, and `rudder-cli` refuses a project that says another: what is
//! a word, and what it is spelled with, is lodash's.

use unicode_normalization::char::decompose_canonical;

/// The name under which a library is imported: the words of its name in camel case (`Utils Library` is `utilsLibrary`, and
/// `URL Parser` is `urlParser`). Empty for a name without words.
pub fn import_name(name: &str) -> String {
    let letters: Vec<char> = name.chars().flat_map(plain).collect();
    let mut made = String::with_capacity(name.len());
    let mut rest = &letters[..];
    while let [_, after @ ..] = rest {
        let (word, next) = match word(rest) {
            0 => (&[][..], after),
            length => rest.split_at(length),
        };
        rest = next;
        let word = word.iter().collect::<String>().to_lowercase();
        let mut letters = word.chars();
        match letters.next() {
            Some(first) if made.is_empty() => made.push(first),
            // What is shown as one is one letter.
            Some(first) if class(first) == Picture => {
                made.push_str(&word.to_uppercase());
                continue;
            }
            Some(first) => made.extend(first.to_uppercase()),
            None => {}
        }
        made.push_str(letters.as_str());
    }
    made
}

/// What a letter is without its marks; an apostrophe, and a mark of its own, is nothing.
fn plain(letter: char) -> Vec<char> {
    let spelled = match letter {
        '\''
        | '\u{2019}'
        | '\u{300}'..='\u{36f}'
        | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}' => "",
        'Æ' => "Ae",
        'æ' => "ae",
        'Ð' | 'Đ' => "D",
        'ð' | 'đ' => "d",
        'Ħ' => "H",
        'ħ' => "h",
        'ı' => "i",
        'Ĳ' => "IJ",
        'ĳ' => "ij",
        'ĸ' => "k",
        'Ŀ' | 'Ł' => "L",
        'ŀ' | 'ł' => "l",
        'Ŋ' => "N",
        'ŋ' | 'ŉ' => "n",
        'Ø' => "O",
        'ø' => "o",
        'Œ' => "Oe",
        'œ' => "oe",
        'ſ' => "s",
        'ß' => "ss",
        'Ŧ' => "T",
        'ŧ' => "t",
        'Þ' => "Th",
        'þ' => "th",
        'À'..='ſ' => {
            let mut first = None;
            decompose_canonical(letter, |one| {
                first.get_or_insert(one);
            });
            return first.into_iter().collect();
        }
        _ => return vec![letter],
    };
    spelled.chars().collect()
}

/// What a letter is for where words end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Upper,
    Lower,
    Digit,
    /// It is in no word.
    Break,
    /// It is a word by itself.
    Picture,
    /// Any other, of whatever script.
    Other,
}

use Class::{Break, Digit, Lower, Other, Picture, Upper};

const fn class(letter: char) -> Class {
    match letter {
        'A'..='Z' => Upper,
        'a'..='z' => Lower,
        '0'..='9' => Digit,
        '\0'..='\u{bf}'
        | '×'
        | '÷'
        | '\u{1680}'
        | '\u{180e}'
        | '\u{2000}'..='\u{206f}'
        | '\u{3000}'
        | '\u{feff}' => Break,
        '\u{2700}'..='\u{27bf}' | '\u{10000}'.. => Picture,
        _ => Other,
    }
}

/// How many letters, from the first on, are a word: none where none begins here.
fn word(letters: &[char]) -> usize {
    let at = |place: usize| letters.get(place).map(|letter| class(*letter));
    let run = |from: usize, is: &dyn Fn(Class) -> bool| {
        let rest = letters.iter().skip(from);
        from + rest.take_while(|letter| is(class(**letter))).count()
    };
    let head = usize::from(at(0) == Some(Upper));
    let end = run(head, &|one| one == Lower);
    if end > head && matches!(at(end), None | Some(Break | Upper)) {
        return end;
    }
    // An abbreviation, up to the word after it.
    let ends = |end: &usize| match at(*end) {
        None | Some(Break) => true,
        Some(Upper) => matches!(at(end + 1), Some(Lower | Other)),
        Some(_) => false,
    };
    let end = run(0, &|one| matches!(one, Upper | Other));
    if let Some(end) = (1..=end).rev().find(ends) {
        return end;
    }
    let end = run(head, &|one| matches!(one, Lower | Other));
    if end > head {
        return end;
    }
    match at(0) {
        Some(Upper) => run(0, &|one| one == Upper),
        Some(Digit) => {
            let end = run(0, &|one| one == Digit);
            end + ordinal(&letters[end - 1..])
        }
        Some(Picture) => picture(letters),
        _ => 0,
    }
}

/// How many letters after the last digit of a number make it an ordinal.
fn ordinal(letters: &[char]) -> usize {
    let [digit, first, second, rest @ ..] = letters else {
        return 0;
    };
    let is_upper = class(*first) == Upper;
    let suffix = match digit {
        '1' => ['s', 't'],
        '2' => ['n', 'd'],
        '3' => ['r', 'd'],
        _ => ['t', 'h'],
    };
    let is_suffix = [*first, *second]
        == suffix.map(|one| {
            if is_upper {
                one.to_ascii_uppercase()
            } else {
                one
            }
        });
    let goes_on = match rest.first().map(|next| class(*next)) {
        Some(Digit) => true,
        Some(Upper) => is_upper,
        Some(Lower) => !is_upper,
        _ => false,
    };
    if is_suffix && !goes_on { 2 } else { 0 }
}

/// How many letters, from a picture on, are shown as one.
fn picture(letters: &[char]) -> usize {
    let one = |from: usize| match letters[from..] {
        ['\u{1f1e6}'..='\u{1f1ff}', '\u{1f1e6}'..='\u{1f1ff}', ..] => from + 2,
        _ => from + 1,
    };
    let shade = |from: usize| {
        let variant = matches!(letters.get(from), Some('\u{fe0e}' | '\u{fe0f}'));
        let from = from + usize::from(variant);
        from + usize::from(matches!(letters.get(from), Some('\u{1f3fb}'..='\u{1f3ff}')))
    };
    let mut end = shade(one(0));
    while letters.get(end) == Some(&'\u{200d}') && end + 1 < letters.len() {
        end = shade(one(end + 1));
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_imported_by_its_name_in_camel_case() {
        for name in [
            "Utils Library",
            "utils_library",
            "utilsLibrary",
            " utils-library ",
        ] {
            assert_eq!(import_name(name), "utilsLibrary", "{name}");
        }
    }

    #[test]
    fn words_end_where_they_end_for_transformers() {
        // What lodash 4.17.21 makes of each.
        for (name, made) in [
            ("URL Parser", "urlParser"),
            ("HTTPClient", "httpClient"),
            ("myLIB", "myLib"),
            ("geoIP helper", "geoIpHelper"),
            ("Crypto SHA256", "cryptoSha256"),
            ("utils2go", "utils2Go"),
            ("lib v1.2", "libV12"),
            ("2nd lib, 11th of 21st", "2ndLib11ThOf21st"),
        ] {
            assert_eq!(import_name(name), made, "{name:?}");
        }
    }
}

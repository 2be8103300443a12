//! What JavaScript imports. Only as much of the language is read as it takes to know code from comments, texts and regular
//! expressions; whether the code compiles is not asked here.

use std::iter::Peekable;
use std::str::CharIndices;

/// What code is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A name, a keyword or a number.
    Word(&'a str),
    /// A text in quotes, without them. Escapes stand in it as they were written.
    Text(&'a str),
    Sign(char),
    /// A template or a regular expression: a value that names nothing.
    Other,
}

/// After these words a slash begins a regular expression; after others it divides.
const BEFORE_A_VALUE: [&str; 15] = [
    "await",
    "case",
    "default",
    "delete",
    "do",
    "else",
    "in",
    "instanceof",
    "new",
    "of",
    "return",
    "throw",
    "typeof",
    "void",
    "yield",
];

/// The modules that are named by `import`, `export … from` and `import("…")`.
pub(super) fn imports(code: &str) -> Vec<&str> {
    let tokens = tokens(code);
    (0..tokens.len())
        .filter_map(|at| statement(&tokens[..at], &tokens[at..]))
        .collect()
}

/// The module that the statement names which begins here.
fn statement<'a>(before: &[Token<'a>], tokens: &[Token<'a>]) -> Option<&'a str> {
    use Token::{Sign, Text, Word};
    // `a.import` is a name; `...import("a")` is not.
    if before.ends_with(&[Sign('.')]) && !before.ends_with(&[Sign('.'); 3]) {
        return None;
    }
    match tokens {
        [Word("import"), Text(name), ..]
        | [Word("import"), Sign('('), Text(name), Sign(')' | ','), ..] => Some(name),
        [Word("import"), rest @ ..] => after_from(rest),
        [Word("export"), Sign('{' | '*'), ..] => after_from(&tokens[1..]),
        _ => None,
    }
}

/// The module after what is taken from it.
fn after_from<'a>(tokens: &[Token<'a>]) -> Option<&'a str> {
    use Token::{Sign, Text, Word};
    let mut is_inside = false;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Word("from") if !is_inside => {
                if let Some(Text(name)) = tokens.get(at + 1) {
                    return Some(name);
                }
            }
            Sign('{') => is_inside = true,
            Sign('}') => is_inside = false,
            Word("import" | "export") if !is_inside => return None,
            Word(_) | Sign(',' | '*') => {}
            Text(_) if is_inside => {}
            _ => return None,
        }
    }
    None
}

fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = code.char_indices().peekable();
    if code.starts_with("#!") {
        skip_line(&mut rest);
    }
    // How many braces are open, in each template that is open.
    let mut templates: Vec<usize> = Vec::new();
    while let Some((at, c)) = rest.next() {
        let next = rest.peek().map(|(_, next)| *next);
        match c {
            '/' if next == Some('/') => skip_line(&mut rest),
            '/' if next == Some('*') => skip_comment(&mut rest),
            '/' if begins_a_value(&found) => {
                skip_regular_expression(&mut rest);
                found.push(Token::Other);
            }
            '"' | '\'' => {
                let end = skip_text(&mut rest, c).unwrap_or(code.len());
                found.push(Token::Text(&code[at + 1..end]));
            }
            '`' => template(&mut rest, &mut templates, &mut found),
            '}' if templates.last() == Some(&0) => {
                templates.pop();
                template(&mut rest, &mut templates, &mut found);
            }
            c if is_of_a_word(c) => {
                while rest.next_if(|(_, c)| is_of_a_word(*c)).is_some() {}
                let end = rest.peek().map_or(code.len(), |(end, _)| *end);
                found.push(Token::Word(&code[at..end]));
            }
            // A byte order mark is space here too.
            c if c.is_whitespace() || c == '\u{feff}' => {}
            c => {
                if let Some(open) = templates.last_mut() {
                    match c {
                        '{' => *open += 1,
                        '}' => *open -= 1,
                        _ => {}
                    }
                }
                found.push(Token::Sign(c));
            }
        }
    }
    found
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

/// Whether a value may stand after these, so that a slash does not divide.
fn begins_a_value(before: &[Token<'_>]) -> bool {
    match before {
        [.., Token::Sign('+'), Token::Sign('+')] | [.., Token::Sign('-'), Token::Sign('-')] => {
            false
        }
        [.., Token::Sign(sign)] => !matches!(sign, ')' | ']' | '}' | '.'),
        [.., Token::Word(word)] => BEFORE_A_VALUE.contains(word),
        [.., _] => false,
        [] => true,
    }
}

type Rest<'a> = Peekable<CharIndices<'a>>;

fn ends_a_line(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

fn skip_line(rest: &mut Rest<'_>) {
    while rest.next_if(|(_, c)| !ends_a_line(*c)).is_some() {}
}

fn skip_comment(rest: &mut Rest<'_>) {
    let _star = rest.next();
    let mut before = ' ';
    for (_, c) in rest.by_ref() {
        if before == '*' && c == '/' {
            return;
        }
        before = c;
    }
}

/// Where the text ends, which at the latest is its line.
fn skip_text(rest: &mut Rest<'_>, quote: char) -> Option<usize> {
    while let Some((at, c)) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '\n' | '\r' => return Some(at),
            c if c == quote => return Some(at),
            _ => {}
        }
    }
    None
}

fn skip_regular_expression(rest: &mut Rest<'_>) {
    let mut is_in_class = false;
    while let Some((_, c)) = rest.next_if(|(_, c)| !ends_a_line(*c)) {
        match c {
            '\\' => drop(rest.next()),
            '[' => is_in_class = true,
            ']' => is_in_class = false,
            '/' if !is_in_class => break,
            _ => {}
        }
    }
    while rest.next_if(|(_, c)| is_of_a_word(*c)).is_some() {}
}

/// Skips a template to its end, or to code in it.
fn template(rest: &mut Rest<'_>, templates: &mut Vec<usize>, found: &mut Vec<Token<'_>>) {
    while let Some((_, c)) = rest.next() {
        match c {
            '\\' => drop(rest.next()),
            '`' => return found.push(Token::Other),
            '$' if rest.next_if(|(_, c)| *c == '{').is_some() => {
                templates.push(0);
                return found.push(Token::Sign('{'));
            }
            _ => {}
        }
    }
}

//! What Python imports.

use std::iter::Peekable;
use std::str::Chars;

/// The first parts of the modules that `import a.b, c as d` and `from a.b import c` name.
pub(super) fn imports(code: &str) -> Vec<String> {
    statements(code)
        .iter()
        .flat_map(|one| of_statement(one))
        .collect()
}

fn of_statement(statement: &str) -> Vec<String> {
    let module = |text: &str| {
        let name = text.split_whitespace().next()?.split('.').next()?;
        (!name.is_empty()).then(|| name.to_owned())
    };
    let Some((verb, rest)) = statement.trim().split_once(char::is_whitespace) else {
        return Vec::new();
    };
    let is_from = || {
        let mut words = rest.split_whitespace().skip(1);
        let word = words.next().unwrap_or_default();
        word == "import" || word.starts_with("import(") || word.starts_with("import*")
    };
    match verb {
        "import" => rest.split(',').filter_map(module).collect(),
        "from" if is_from() => module(rest).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The statements, each in one line, without comments and without what stands in texts. What is after a colon (`if a: b`)
/// counts as one of its own.
fn statements(code: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut one = String::new();
    let mut depth = 0_usize;
    let mut rest = code.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '#' => while rest.next_if(|c| !matches!(c, '\n' | '\r')).is_some() {},
            '"' | '\'' => {
                skip_text(&mut rest, c);
                one.push('"');
            }
            // The line goes on.
            '\\' => {
                rest.next_if_eq(&'\r');
                rest.next_if_eq(&'\n');
                one.push(' ');
            }
            '\n' | '\r' if depth > 0 => one.push(' '),
            ';' | ':' | '\n' | '\r' if depth == 0 => all.push(std::mem::take(&mut one)),
            c => {
                match c {
                    '(' | '[' | '{' => depth += 1,
                    ')' | ']' | '}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                one.push(c);
            }
        }
    }
    all.push(one);
    all
}

/// Skips a text whose first quote was read, in one quote or three.
fn skip_text(rest: &mut Peekable<Chars<'_>>, quote: char) {
    let is_second = rest.next_if_eq(&quote).is_some();
    let is_long = is_second && rest.next_if_eq(&quote).is_some();
    if is_second && !is_long {
        // Nothing is between the two.
        return;
    }
    let mut quotes = 0;
    while let Some(c) = rest.next_if(|c| is_long || !matches!(c, '\n' | '\r')) {
        quotes = if c == quote { quotes + 1 } else { 0 };
        if c == '\\' {
            rest.next();
        }
        if quotes == if is_long { 3 } else { 1 } {
            return;
        }
    }
}

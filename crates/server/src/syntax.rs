//! Whether JavaScript compiles, where no transformer is there to say so. The code is parsed as the module that it is, and
//! never run.

use std::thread;
use std::time::Duration;

use oxc_allocator::Allocator;
use oxc_parser::{ParseOptions, Parser};
use oxc_semantic::SemanticBuilder;
use oxc_span::SourceType;

/// The parser calls itself for what is nested, so it gets a stack that the deepest code fits into. Only what it uses of
/// the stack takes memory.
const STACK: usize = 512 * 1024 * 1024;
/// The most words and signs of code that is parsed: were each of them one level deep, it would still fit. The deepest
/// kind takes 3.3 KiB of stack for each, not optimised.
const SIGNS: usize = 100_000;
/// The most brackets of code whose regular expressions are parsed as well: of these a level takes 19 KiB.
const BRACKETS: usize = 20_000;
/// How long code may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where code cannot be compiled, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: usize,
    /// The character in that line, from 1.
    pub column: usize,
    /// What is wrong there.
    pub message: String,
}

/// What is known of code that has no error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It compiles.
    Compiles,
    /// Nobody has looked, and why.
    Not(&'static str),
}

/// Whether code compiles. Only JavaScript is looked at.
///
/// # Errors
/// The first place where it does not.
pub async fn check(language: &str, code: &str) -> Result<Checked, SyntaxError> {
    if language != "javascript" {
        return Ok(Checked::Not("only JavaScript is checked"));
    }
    let (signs, brackets) = size(code);
    if signs > SIGNS {
        return Ok(Checked::Not("the code is too long to be checked"));
    }
    let code = code.to_owned();
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let started = thread::Builder::new()
        .name("syntax".to_owned())
        .stack_size(STACK)
        .spawn(move || {
            // Who asked may be gone.
            let _ = sender.send(parse(&code, brackets <= BRACKETS));
        });
    if started.is_err() {
        return Ok(Checked::Not("there is no room to check it"));
    }
    match tokio::time::timeout(PATIENCE, receiver).await {
        Ok(Ok(Some(error))) => Err(error),
        Ok(Ok(None)) => Ok(Checked::Compiles),
        Ok(Err(_)) => Ok(Checked::Not("the parser gave up")),
        Err(_) => Ok(Checked::Not("checking it takes too long")),
    }
}

/// How many words and signs there are, and how many opening brackets among them. What is nested has at least one of them
/// for each level, wherever it stands.
fn size(code: &str) -> (usize, usize) {
    let (mut signs, mut brackets, mut in_word) = (0, 0, false);
    for byte in code.bytes() {
        let is_word = byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
        if (is_word && !in_word) || (!is_word && !byte.is_ascii_whitespace()) {
            signs += 1;
        }
        brackets += usize::from(matches!(byte, b'(' | b'['));
        in_word = is_word;
    }
    (signs, brackets)
}

fn parse(code: &str, regular_expressions: bool) -> Option<SyntaxError> {
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, code, SourceType::mjs())
        .with_options(ParseOptions {
            parse_regular_expression: regular_expressions,
            ..ParseOptions::default()
        })
        .parse();
    let program = parsed.program;
    let checked;
    // The rules that need to know what is declared where are only asked of what could be read.
    let diagnostics = if parsed.diagnostics.is_empty() {
        checked = SemanticBuilder::new_compiler().build(&program);
        &checked.diagnostics
    } else {
        &parsed.diagnostics
    };
    diagnostics
        .iter()
        .map(|found| {
            // Of what was declared twice, or opened and not closed, the later place.
            let offset = found.labels.iter().map(|label| label.offset()).max();
            let offset = offset.unwrap_or(0);
            error(code, offset as usize, &found.message)
        })
        .min_by_key(|error| (error.line, error.column))
}

fn error(code: &str, offset: usize, message: &str) -> SyntaxError {
    let before = code.get(..offset).unwrap_or(code);
    let line = before.rsplit('\n').next().unwrap_or_default();
    SyntaxError {
        line: before.matches('\n').count() + 1,
        column: line.chars().count() + 1,
        message: message.trim_end_matches('.').to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn said(code: &str) -> String {
        match check("javascript", code).await {
            Ok(checked) => format!("{checked:?}"),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test]
    async fn what_does_not_compile_is_named_with_line_and_column() {
        let mut told = Vec::new();
        for code in [
            "export function transformEvent(event) {\n  return event;",
            "import { a } from 'b'\nconst x = ;",
            "let a;\nlet a;",
            "// é è\n/* ü */ let 1a = 2;",
            "const r = /(/;",
            "for (;;) {}\nbreak;",
            "let x: number = 1;",
        ] {
            told.push(said(code).await);
        }
        insta::assert_snapshot!(told.join("\n"), @r"
        line 2, column 16: Expected `}` but found `EOF`
        line 2, column 11: Unexpected token
        line 2, column 5: Identifier `a` has already been declared
        line 2, column 14: Invalid characters after number
        line 1, column 12: Invalid regular expression: Unterminated capturing group
        line 2, column 1: Illegal break statement
        line 1, column 6: Expected a semicolon or an implicit semicolon after a statement, but found none
        ");
    }

    #[tokio::test]
    async fn a_module_as_transformers_take_it_compiles() {
        for code in [
            "",
            "import { shout } from \"utilsLibrary\";\nexport async function transformEvent(event, metadata) {\n  const answer = await fetchV2('https://example.com');\n  return { ...event, a: event.b?.c ?? answer };\n}",
            "export default class A { #x = 1n; static { this.y = /(?<year>\\d{4})/u } }",
            "export { a as default } from 'other';",
            "const x = await 1;",
        ] {
            assert_eq!(said(code).await, "Compiles", "{code}");
        }
    }

    #[tokio::test]
    async fn python_is_not_checked() {
        let checked = check("pythonfaas", "def f(:").await;
        assert_eq!(checked, Ok(Checked::Not("only JavaScript is checked")));
    }

    #[tokio::test]
    async fn what_is_nested_as_deeply_as_the_limit_allows_ends_the_check_and_not_the_server() {
        let deep = |open: &str, signs: usize| open.repeat(SIGNS / signs);
        for code in [
            deep("(", 1),
            deep("[", 1),
            deep("!", 1),
            deep("{", 1),
            deep("(a=", 3),
            deep("`${", 3),
            deep("async(", 2),
            deep("function a(){", 6),
            deep("class A{a=", 5),
            format!("1{}", deep("+1", 2)),
            format!("x={}", "()=>{".repeat(SIGNS / 6)),
            format!("/{}/", "(".repeat(BRACKETS - 1)),
        ] {
            let word: String = code.chars().take(12).collect();
            // Whatever the verdict, also that there is none on a slow machine or of endless code: this process goes on.
            let checked = check("javascript", &code).await;
            let limits = [
                "checking it takes too long",
                "the code is too long to be checked",
            ];
            let ended = limits.map(|limit| Ok(Checked::Not(limit)));
            assert!(
                checked.is_err() || checked == Ok(Checked::Compiles) || ended.contains(&checked),
                "{word}: {checked:?}"
            );
        }
        let longer = "(".repeat(SIGNS + 1);
        let checked = check("javascript", &longer).await;
        assert_eq!(
            checked,
            Ok(Checked::Not("the code is too long to be checked"))
        );
    }
}

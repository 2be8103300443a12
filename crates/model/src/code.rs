//! What is read out of the code of transformations: what it imports. The code is not run here.

use crate::things::CodeKind;

/// The name under which a library is imported: its name in camel case (`Utils Library` is `utilsLibrary`).
pub fn import_name(name: &str) -> String {
    let mut made = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        if !c.is_alphanumeric() {
            upper = !made.is_empty();
        } else if upper {
            made.extend(c.to_uppercase());
            upper = false;
        } else if made.is_empty() {
            made.extend(c.to_lowercase());
        } else {
            made.push(c);
        }
    }
    made
}

/// The modules that code imports, each once, in the order in which they are named.
pub fn imports(language: &str, code: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for statement in code.lines().map(str::trim) {
        let named = if language.starts_with("python") {
            python(statement)
        } else {
            javascript(statement)
        };
        for name in named {
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

/// `import x from "name"`, `import { x } from 'name'`, the end of one over several lines, and `import "name"`.
fn javascript(line: &str) -> Vec<String> {
    let quoted = |text: &str| {
        let text = text.trim_start();
        let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
        let (name, _) = text[1..].split_once(quote)?;
        Some(name.to_owned())
    };
    let is_start =
        line.starts_with("import ") || line.starts_with("import{") || line.starts_with('}');
    if !is_start {
        return Vec::new();
    }
    let from = line
        .split_once(" from ")
        .or_else(|| line.split_once("}from "))
        .or_else(|| line.split_once("} from"));
    from.map_or_else(
        || line.strip_prefix("import ").and_then(quoted),
        |(_, rest)| quoted(rest),
    )
    .into_iter()
    .collect()
}

/// `import a, b as c` and `from a.b import c`.
fn python(line: &str) -> Vec<String> {
    let module = |text: &str| {
        let name = text.split_whitespace().next()?.split('.').next()?;
        (!name.is_empty()).then(|| name.to_owned())
    };
    if let Some(rest) = line.strip_prefix("import ") {
        rest.split(',').filter_map(module).collect()
    } else if let Some(rest) = line
        .strip_prefix("from ")
        .filter(|rest| rest.contains(" import "))
    {
        module(rest).into_iter().collect()
    } else {
        Vec::new()
    }
}

/// The languages that code of this kind may be written in.
pub const fn languages(_: CodeKind) -> &'static [&'static str] {
    &["javascript", "python", "pythonfaas"]
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
    fn imports_of_javascript() {
        let code = "import { shout } from \"utilsLibrary\";\nimport {\n  a,\n} from 'other';\nimport * as x from \"utilsLibrary\"\nconst from = \"import y from 'z'\";\nimport 'side'\nexport function transformEvent(event) { return event }";
        assert_eq!(
            imports("javascript", code),
            ["utilsLibrary", "other", "side"]
        );
    }

    #[test]
    fn imports_of_python() {
        let code = "import json, re as regex\nfrom utilsLibrary import shout\nfrom a.b import c\ndef transformEvent(event, metadata):\n    return event\n";
        assert_eq!(imports("python", code), ["json", "re", "utilsLibrary", "a"]);
    }
}

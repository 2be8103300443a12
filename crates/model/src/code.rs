//! What is read out of the code of transformations: what it imports. The code is not run here.

mod import_name;
mod javascript;
mod python;

use std::collections::HashSet;

pub use import_name::import_name;

use crate::things::CodeKind;

/// The modules that code imports, each once, in the order in which they are named.
pub fn imports(language: &str, code: &str) -> Vec<String> {
    let mut found: Vec<String> = if language.starts_with("python") {
        python::imports(code)
    } else {
        let names = javascript::imports(code);
        names.into_iter().map(str::to_owned).collect()
    };
    let mut seen = HashSet::new();
    found.retain(|name| seen.insert(name.clone()));
    found
}

/// The word for a language as data planes and transformers have it. The public API has two words for Python; there it is
/// `pythonfaas`, and older transformers run `python` on another service.
pub fn for_transformers(language: &str) -> &str {
    match language {
        "python" => "pythonfaas",
        other => other,
    }
}

/// The same as the public API has it where a person or a file brings code: rudder-cli takes `python` alone.
pub fn for_clients(language: &str) -> &str {
    match language {
        "pythonfaas" => "python",
        other => other,
    }
}

/// Whether a module is a library that RudderStack hosts for its own service: `@rs/urlParser/v1`. A transformer asks its control
/// plane for it by this name.
pub fn is_hosted(module: &str) -> bool {
    let Some((name, version)) = module
        .strip_prefix("@rs/")
        .and_then(|rest| rest.split_once("/v"))
    else {
        return false;
    };
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic());
    is_name && matches!(version.len(), 1..=3) && version.chars().all(|c| c.is_ascii_digit())
}

/// The languages that code of this kind may be written in.
pub const fn languages(_: CodeKind) -> &'static [&'static str] {
    &["javascript", "python", "pythonfaas"]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_has_one_word_for_transformers() {
        let words = languages(CodeKind::Transformation).iter().copied();
        let told: Vec<&str> = words.map(for_transformers).collect();
        assert_eq!(told, ["javascript", "pythonfaas", "pythonfaas"]);
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
    fn a_hosted_library_is_known_by_its_form() {
        assert!(is_hosted("@rs/urlParser/v1") && is_hosted("@rs/hash/v123"));
        for other in [
            "@rs/urlParser",
            "@rs//v1",
            "@rs/url-parser/v1",
            "@rs/urlParser/v",
            "@rs/urlParser/v1234",
            "@rs/urlParser/v1/v2",
            "rs/urlParser/v1",
            "utilsLibrary",
        ] {
            assert!(!is_hosted(other), "{other}");
        }
    }

    #[test]
    fn imports_of_python() {
        let code = "import json, re as regex\nfrom utilsLibrary import shout\nfrom a.b import c\ndef transformEvent(event, metadata):\n    return event\n";
        assert_eq!(imports("python", code), ["json", "re", "utilsLibrary", "a"]);
    }

    #[test]
    fn an_import_of_javascript_is_found_however_it_is_written() {
        for code in [
            "import{up}from\"hx\";",
            "import { up }\n from \"hx\";",
            "/* c */ import { up } from \"hx\";",
            "export { up } from \"hx\";",
            "export * from 'hx'",
            "export * as all from 'hx'",
            "import * as u from\t\"hx\";",
            "import from, { \"a b\" as from } from 'hx'",
            "import{from}from'hx'",
            "import/* a\n */'hx' // b",
            "const { up } = await import(\"hx\");",
            "f(...[`${{ a: await import('hx') }}`])",
            "const a = b / 2; const r = /[/\"]`/g.test(c) ? 1 : /\\/'/; import up from 'hx'",
            "#!/usr/bin/env node 'x\nimport up from 'hx'",
            "\u{feff}import up from 'hx'",
            "const a = 'it\\'s'; const b = `it's ${`\\`${a}`} it's`\nimport up from 'hx'",
            "i++ / 2; const a = '/'; import up from 'hx'",
        ] {
            assert_eq!(imports("javascript", code), ["hx"], "{code}");
        }
        let code = "import a from 'x'; import b from \"y\"; export { c }\nimport { d } from 'z'";
        assert_eq!(imports("javascript", code), ["x", "y", "z"]);
    }

    #[test]
    fn what_only_looks_like_an_import_of_javascript_is_none() {
        for code in [
            "/*\nimport { up } from \"hx\";\n*/",
            "// import up from 'hx'",
            "const a = `\nimport up from 'hx'\n`;",
            "const a = \"import up from 'hx'\";",
            "const r = /import up from 'hx'/;",
            "a.import('hx')",
            "export { up };\nconst from = 'hx';",
            "export const from = 'hx'",
            "import(name)",
            "import(`hx`)",
            "import.meta.url; ({ import: 'hx' })",
            "import { a",
            "`${",
            "/*",
            "'\\",
        ] {
            assert_eq!(imports("javascript", code), [""; 0], "{code}");
        }
    }

    #[test]
    fn an_import_of_python_is_found_however_it_is_written() {
        for (code, found) in [
            ("import json; import re", vec!["json", "re"]),
            ("import json;", vec!["json"]),
            ("import a, b as c  # import d", vec!["a", "b"]),
            ("import\ta.b", vec!["a"]),
            ("from a.b import (\n  c,\n  d,\n)", vec!["a"]),
            ("from a import(b)", vec!["a"]),
            ("from a \\\n  import b", vec!["a"]),
            ("try: import a\nexcept: import b", vec!["a", "b"]),
            ("x = 'it\\'s'; import a", vec!["a"]),
            ("x = ''; import a", vec!["a"]),
            ("x = {1: 2}\r\nimport a\r\n", vec!["a"]),
        ] {
            assert_eq!(imports("python", code), found, "{code}");
        }
    }

    #[test]
    fn what_only_looks_like_an_import_of_python_is_none() {
        for code in [
            "\"\"\"\nimport a\nfrom b import c\n\"\"\"",
            "x = r'''it's \\'''\nimport a\n'''",
            "# import a",
            "f(\nimport_a)",
            "from . import a",
            "def f():\n    yield from a\n",
            "'\\",
            "\"\"\"",
        ] {
            assert_eq!(imports("python", code), [""; 0], "{code}");
        }
    }
}

//! Transformations and libraries.

use super::super::code::{CodeForm, CodeVersion, MadeFrom, Noun, TestSeen};
use super::super::delete::{Kept, Obstacle};
use super::super::frame::NavItem;
use super::super::libraries::Libraries;
use super::super::library::Library;
use super::super::parts::{Choice, Errors, Leaf};
use super::super::transformation::{
    CodeHead, TransformationAuditLogs, TransformationOverview, TransformationVersions, UsedBy,
    Version,
};
use super::super::transformations::{CodeRow, Transformations};
use super::{LIBRARY, Rendered, Samples, TRANSFORMATION, when};
use crate::web::lines::difference;
use askama::Template as _;

impl Samples {
    pub(super) fn code_head(self, id: &str, name: &str) -> CodeHead {
        CodeHead {
            id: id.to_owned(),
            name: self.text(name),
            description: self.text("Personal values leave the building masked."),
            language: self.text("JavaScript"),
            published: Some(self.text("14")),
            versions: 15,
            can_edit: true,
            can_audit: true,
            can_watch: true,
            deleted: false,
            events: Some(41),
            last_change: Some(self.last_change()),
        }
    }

    pub(super) fn code_pages(self) -> Vec<Rendered> {
        let frame = self.frame(NavItem::Transformations);
        let code = self.text("import { maskEmail } from \"piiMasks\";\n\nexport function transformEvent(event, metadata) {\n  const traits = event.context?.traits ?? {};\n  if (traits.email) traits.email = maskEmail(traits.email);\n  return event;\n}\n");
        let head = || self.code_head(TRANSFORMATION, "Mask e-mail and phone");
        let version = |number: &str, published, note: Option<&str>| Version {
            id: TRANSFORMATION.to_owned(),
            number: self.text(number),
            published,
            by: Some(self.text("Priya Vanterpool")),
            when: when("2026-11-20T11:05:00Z"),
            note: note.map(|note| self.text(note)),
        };
        let versions = vec![
            version("15", false, None),
            version("14", true, Some("Mask phones, do not drop them")),
        ];
        let row = |id: &str, name: &str, published: Option<&str>| CodeRow {
            id: id.to_owned(),
            name: self.text(name),
            language: self.text("JavaScript"),
            published: published.map(|version| self.text(version)),
            used: 3,
            last_change: Some(self.last_change()),
        };
        let used_by = |name: &str, href: &str| UsedBy {
            name: self.text(name),
            kind: self.text("Snowflake"),
            href: href.to_owned(),
        };
        let list = Transformations {
            frame: frame.clone(),
            can_create: true,
            rows: vec![
                row(TRANSFORMATION, "Mask e-mail and phone", Some("14")),
                row("3FQsSess7Cg0eOj0", "Sessionise mobile events", None),
            ],
            leaf: Leaf::whole("/transformations", 2),
        };
        let overview = TransformationOverview {
            frame: frame.clone(),
            head: head(),
            code: code.clone(),
            code_version: Some(self.text("15")),
            created: when("2024-03-11T09:02:00Z"),
            updated: when("2026-11-23T13:27:40Z"),
            used_by: vec![used_by(
                "Warehouse – Snowflake",
                "/destinations/3FQbSnow9Lp3nXs7UmW5tYz2Vx9",
            )],
            draft: None,
        };
        let form = CodeForm {
            frame: frame.clone(),
            noun: Noun {
                word: "transformation",
                list: "Transformations",
                root: "/transformations",
            },
            of: Some((
                format!("/transformations/{TRANSFORMATION}"),
                self.text("Mask e-mail and phone"),
            )),
            name: self.text("Mask e-mail and phone"),
            description: self.text("What is personal leaves masked."),
            languages: vec![Choice::new("javascript", "JavaScript", "javascript")],
            code: code.clone(),
            events: self.text("[{\"type\": \"track\"}]"),
            can_run: true,
            tests: vec![
                TestSeen {
                    name: self.text("Test events"),
                    pass: true,
                    errors: Vec::new(),
                    output: self.text("[]"),
                },
                TestSeen {
                    name: self.text("Other events"),
                    pass: false,
                    errors: vec![self.text("TypeError: no such thing")],
                    output: String::new(),
                },
            ],
            made_from: Some(MadeFrom {
                version: self.text("3FQcMask1Mq4oYt6VlX6uZa3Lw8"),
                address: format!("/transformations/{TRANSFORMATION}/versions/{TRANSFORMATION}"),
                is_news: true,
                by: Some(self.text("Priya Vanterpool")),
            }),
            errors: [("code", "Line 3, column 5: Unexpected token.")]
                .into_iter()
                .collect(),
        };
        let version = CodeVersion {
            frame: frame.clone(),
            noun: form.noun.clone(),
            address: format!("/transformations/{TRANSFORMATION}"),
            name: self.text("Mask e-mail and phone"),
            id: self.text("3FQcMask1Mq4oYt6VlX6uZa3Lw8"),
            number: 14,
            published: false,
            when: when("2026-11-23T13:26:02Z"),
            language: self.text("JavaScript"),
            lines: Some(difference(&self.text("a\nb\nc"), &self.text("a\nB\nc\nd"))),
            code: code.clone(),
            can_edit: true,
        };
        let library_frame = self.frame(NavItem::Libraries);
        let library = Library {
            frame: library_frame.clone(),
            head: self.code_head(LIBRARY, "piiMasks"),
            import_name: self.text("piiMasks"),
            code,
            code_version: None,
            created: when("2024-03-11T09:02:00Z"),
            updated: when("2026-11-23T13:27:40Z"),
            versions: versions.clone(),
            used_by: vec![used_by(
                "Mask e-mail and phone",
                "/transformations/3FQcMask1Mq4oYt6VlX6uZa3Lw8",
            )],
        };
        let libraries = Libraries {
            frame: library_frame,
            can_create: true,
            rows: vec![row(LIBRARY, "piiMasks", Some("5"))],
            leaf: Leaf::whole("/libraries", 1),
        };
        let kept = Kept {
            frame: frame.clone(),
            name: self.text("Mask e-mail and phone"),
            back: format!("/transformations/{TRANSFORMATION}"),
            list: (self.text("Transformations"), "/transformations".to_owned()),
            because: self.text("It is in use. Take it from these destinations first."),
            obstacles: vec![
                Obstacle {
                    text: self.text("Warehouse – Snowflake"),
                    href: Some("/destinations/3FQbSnow9Lp3nXs7UmW5tYz2Vx9".to_owned()),
                },
                Obstacle {
                    text: self.text("2 sources"),
                    href: None,
                },
            ],
        };
        vec![
            ("transformation-kept", kept.render()),
            (
                "transformations-empty",
                Transformations {
                    rows: Vec::new(),
                    ..list.clone()
                }
                .render(),
            ),
            ("transformations", list.render()),
            ("transformation", overview.render()),
            (
                "transformation-new",
                CodeForm {
                    of: None,
                    made_from: None,
                    can_run: false,
                    tests: Vec::new(),
                    errors: Errors::default(),
                    ..form.clone()
                }
                .render(),
            ),
            ("transformation-code", form.render()),
            ("transformation-version", version.render()),
            (
                "transformation-versions",
                TransformationVersions {
                    frame: frame.clone(),
                    head: head(),
                    versions,
                }
                .render(),
            ),
            (
                "transformation-audit-logs",
                TransformationAuditLogs {
                    frame,
                    head: head(),
                    log: self.log(TRANSFORMATION),
                }
                .render(),
            ),
            (
                "libraries-empty",
                Libraries {
                    rows: Vec::new(),
                    ..libraries.clone()
                }
                .render(),
            ),
            ("libraries", libraries.render()),
            ("library", library.render()),
        ]
    }
}

//! Sources.

use super::super::delete::Delete;
use super::super::frame::{Flash, Frame, NavItem};
use super::super::parts::{Errors, Leaf, Recorded};
use super::super::source::{
    ConnectedDestination, SourceAuditLogs, SourceForm, SourceHead, SourceOverview, SourceSettings,
};
use super::super::source_new::{NewSettings, SourceNew};
use super::super::sources::{ResourceRow, Sources};
use super::{DESTINATION, EVENT, Rendered, SOURCE, Samples, when};
use askama::Template as _;

impl Samples {
    pub(super) fn source_head(self) -> SourceHead {
        SourceHead {
            id: SOURCE.to_owned(),
            name: self.text("Production web app"),
            kind: self.text("JavaScript"),
            known: true,
            enabled: true,
            can_edit: true,
            locked: false,
            can_audit: true,
            can_watch: true,
            has_access: true,
            deleted: false,
            faults: self.faults(),
            events: Some(48),
            last_change: Some(self.last_change()),
        }
    }

    pub(super) fn source_pages(self) -> Vec<Rendered> {
        let frame = self.frame(NavItem::Sources);
        let recorded = Frame {
            flash: Some(Flash::Recorded {
                done: self.text("Saved"),
                events: vec![
                    Recorded {
                        label: self.text("Updated Name"),
                        entry: 184_221,
                        event_id: EVENT.to_owned(),
                    },
                    self.recorded(),
                ],
            }),
            ..frame.clone()
        };
        let errors: Errors = [
            ("name", self.text("Give it a name.")),
            ("type", self.text("Choose a type.")),
        ]
        .into_iter()
        .collect();
        let list = Sources {
            frame: frame.clone(),
            can_create: true,
            rows: vec![
                self.resource_row(SOURCE, "Production web app", "JavaScript"),
                ResourceRow {
                    enabled: false,
                    connections: 0,
                    ..self.resource_row("3FQoAppl3Yc6aKf4", "iOS app", "Swift")
                },
                ResourceRow {
                    known: false,
                    last_change: None,
                    ..self.resource_row("3FQpTill4Zd7bLg3", "Tills in the shops", "acme_till")
                },
            ],
            leaf: Leaf {
                path: "/sources".to_owned(),
                named: self.text("a"),
                total: 354,
                first_href: Some("/sources".to_owned()),
                next_href: Some("/sources?after=2".to_owned()),
            },
        };
        let overview = SourceOverview {
            frame: recorded,
            head: self.source_head(),
            write_key: Some(self.text("2CHj1PJ6uNqtjkAtnTnPGkQ0Vx9")),
            geo_enrichment: true,
            transient: false,
            created: when("2024-03-11T08:58:02Z"),
            updated: when("2026-11-22T10:31:27Z"),
            destinations: vec![ConnectedDestination {
                id: DESTINATION.to_owned(),
                name: self.text("Warehouse – Snowflake"),
                kind: self.text("Snowflake"),
                enabled: true,
            }],
        };
        let reader = SourceOverview {
            head: SourceHead {
                can_edit: false,
                locked: false,
                can_audit: false,
                can_watch: false,
                known: false,
                enabled: false,
                last_change: None,
                ..self.source_head()
            },
            write_key: None,
            destinations: Vec::new(),
            frame: frame.clone(),
            ..overview.clone()
        };
        let settings = SourceSettings {
            frame: frame.clone(),
            head: self.source_head(),
            form: SourceForm {
                name: self.text("Production web app"),
                enabled: true,
                geo_enrichment: false,
                transient: true,
                fields: self.fields(),
                json: String::new(),
                json_secrets: Vec::new(),
                seen: "1764300000000000".to_owned(),
            },
            question: self.question(
                "source",
                &format!("/sources/{SOURCE}"),
                "Production web app",
            ),
            differs: vec![super::super::event::Change {
                name: None,
                path: "name".to_owned(),
                before: super::super::event::Value::Text(self.text("Checkout")),
                after: super::super::event::Value::Text(self.text("Checkout web")),
            }],
            errors: Errors::default(),
        };
        let new = SourceNew {
            frame: frame.clone(),
            types: self.types(),
            allow_unknown: true,
            is_another: true,
            other_type: self.text(""),
            name: self.text(""),
            enabled: true,
            settings: None,
            errors: errors.clone(),
        };
        let new_settings = SourceNew {
            settings: Some(NewSettings {
                type_name: self.text("Shopify"),
                kind: self.text("Shopify"),
                fields: self.fields(),
                json: String::new(),
            }),
            ..new.clone()
        };
        let delete = Delete {
            frame: frame.clone(),
            question: self.question(
                "source",
                &format!("/sources/{SOURCE}"),
                "Production web app",
            ),
            errors: [("confirm", self.text("This is not its name."))]
                .into_iter()
                .collect(),
        };
        vec![
            (
                "sources-empty",
                Sources {
                    rows: Vec::new(),
                    ..list.clone()
                }
                .render(),
            ),
            ("sources", list.render()),
            ("source", overview.render()),
            ("source-reader", reader.render()),
            (
                "source-settings-errors",
                SourceSettings {
                    errors,
                    ..settings.clone()
                }
                .render(),
            ),
            (
                "source-settings-reader",
                SourceSettings {
                    head: SourceHead {
                        can_edit: false,
                        can_watch: false,
                        ..self.source_head()
                    },
                    ..settings.clone()
                }
                .render(),
            ),
            ("source-settings", settings.render()),
            (
                "source-audit-logs",
                SourceAuditLogs {
                    frame,
                    head: self.source_head(),
                    log: self.log(SOURCE),
                }
                .render(),
            ),
            ("source-new", new.render()),
            ("source-new-settings", new_settings.render()),
            ("source-delete", delete.render()),
        ]
    }
}

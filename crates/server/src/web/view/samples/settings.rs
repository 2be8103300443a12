//! The audit log, the types, and the other settings of a workspace.

use super::super::audit_logs::AuditLogs;
use super::super::event::{Details, Value, by_day};
use super::super::event_page::{EventPage, Proof};
use super::super::filter::Filter;
use super::super::frame::{Flash, Frame, NavItem, Theme};
use super::super::parts::{Choice, ChoiceGroup, Errors};
use super::super::types::{Secret, TypeForm, TypeRow, Types};
use super::super::workspace_settings::{Seen, WorkspaceSettings};
use super::{EVENT, Rendered, SOURCE, Samples, when};
use askama::Template as _;

impl Samples {
    pub(super) fn audit_logs(self) -> AuditLogs {
        let filter = Filter::default();
        let counts = |tab: &str| match tab {
            "" => Some(184_227),
            "source" => Some(212),
            "mfa" => Some(0),
            _ => None,
        };
        let action = |value: &str, label: &str| Choice::new(value, self.text(label), "");
        AuditLogs {
            frame: self.frame(NavItem::AuditLogs),
            problems: Vec::new(),
            tabs: filter.tabs(counts),
            filter,
            actions: vec![
                ChoiceGroup {
                    label: self.text("Source"),
                    choices: vec![action("source.created", "Created")],
                },
                ChoiceGroup {
                    label: self.text("Destination"),
                    choices: vec![action("destination.updated", "Updated")],
                },
            ],
            days: by_day(self.rows()),
            total: Some(184_227),
            newer: None,
            older: Some(EVENT.to_owned()),
            refused: None,
            can_export_all: true,
            token_name: None,
        }
    }

    pub(super) fn type_list(self, can_edit: bool) -> Types {
        let row = |name: &str, from, changed| TypeRow {
            kind: "destination",
            label: "Destination",
            name: self.text(name),
            display_name: self.text("Kettle"),
            from,
            secrets: self.text("token, headers.to and 3 more"),
            has_schema: true,
            has_form: true,
            changed,
            query: "kind=destination&name=KETTLE".to_owned(),
        };
        Types {
            frame: self.frame(NavItem::Settings),
            can_edit,
            rows: vec![
                row("KETTLE", "By hand", Some(when("2026-11-20T09:12:00Z"))),
                row("WEBHOOK", "Annals", None),
            ],
        }
    }

    pub(super) fn type_form(self, is_new: bool) -> TypeForm {
        let wrong = [
            ("name", self.text("Give it a name.")),
            ("schema", self.text("This is not JSON.")),
        ];
        TypeForm {
            frame: self.frame(NavItem::Settings),
            seen: (!is_new).then(|| self.text("1")),
            exists: is_new,
            query: "kind=destination&name=KETTLE".to_owned(),
            differs: Vec::new(),
            is_taken: !is_new,
            is_source: false,
            name: self.text("KETTLE"),
            display_name: self.text("Kettle"),
            secret: Secret::Listed,
            secret_keys: self.text("token"),
            schema: self.text("{}"),
            errors: if is_new {
                wrong.into_iter().collect()
            } else {
                Errors::default()
            },
        }
    }

    pub(super) fn settings_pages(self) -> Vec<Rendered> {
        let mut open = self.audit_logs();
        open.days[0].rows[3].details = Some(self.details());
        open.filter.open.clone_from(&open.days[0].rows[3].id);
        let filter = Filter {
            tab: "destination".to_owned(),
            actor: self.text("tomas@fernhill.example"),
            token: self.text("3FQtTok1"),
            action: "destination.updated".to_owned(),
            from: self.text("2026-11-17"),
            zone: "utc".to_owned(),
            older_than: EVENT.to_owned(),
            ..Filter::default()
        };
        let filtered = AuditLogs {
            tabs: filter.tabs(|_| None),
            filter,
            problems: vec![self.text("“2026-13-01” is no day.")],
            newer: Some(EVENT.to_owned()),
            total: None,
            token_name: Some(self.text("laptop")),
            ..self.audit_logs()
        };
        let nothing = AuditLogs {
            days: Vec::new(),
            newer: None,
            older: None,
            total: Some(0),
            ..filtered.clone()
        };
        let empty = AuditLogs {
            days: Vec::new(),
            older: None,
            total: Some(0),
            ..self.audit_logs()
        };
        let unknown_zone = AuditLogs {
            frame: Frame {
                zone: None,
                theme: Theme::Dark,
                ..self.frame(NavItem::AuditLogs)
            },
            ..self.audit_logs()
        };
        let event = |at: usize, details| {
            EventPage {
            frame: self.frame(NavItem::AuditLogs),
            row: self.rows().swap_remove(at),
            details,
            related: vec![self.target("Source", SOURCE, "Production web app")],
            proof: Proof {
                log: self.text("3FQtLog0Dh1fPk9"),
                origin: self.text("annals.fernhill.example/3FQtLog0Dh1fPk9"),
                vkey: self.text("annals.fernhill.example/3FQtLog0Dh1fPk9+84bb7518+ATZ0yHLjVR+Bm76dRhnveyKpgg10VyXXiqOX0sDS4Ck2"),
                whole: at != 4,
                missing: String::new(),
                signed: (at != 2).then_some(184_224),
                refused: (at == 4).then(|| self.text("The database was restored from an older backup.")),
            },
            json: self.text("{\n  \"id\": \"3FQeEvnt3Os6qAv4XjZ8wBc5Kd2\",\n  \"action\": \"updated\",\n  \"targetType\": \"destination\"\n}"),
        }
        };
        let erased = Details {
            changes: Vec::new(),
            warnings: Vec::new(),
            reason: None,
            address: Value::Missing,
            user_agent: Value::Withheld,
            ..self.details()
        };
        let workspace = WorkspaceSettings {
            frame: Frame {
                flash: Some(Flash::Warning {
                    title: self.text("Saved in the meantime by Tomas Brightwater."),
                    text: self.text("What you see is as it is now."),
                }),
                ..self.frame(NavItem::Settings)
            },
            id: self.text("3FQtWork8Dh1fPk9"),
            name: self.text("Production"),
            environment: self.text("Production"),
            region: self.text("EU"),
            created: when("2024-03-11T08:50:00Z"),
            can_edit: true,
            allow_unknown_types: true,
            refuse_invalid_config: false,
            form_name: self.text("Production"),
            environments: vec![Choice::new("PRODUCTION", "Production", "PRODUCTION")],
            seen: Seen {
                name: self.text("Production"),
                environment: "PRODUCTION".to_owned(),
                allow_unknown_types: "true".to_owned(),
                refuse_invalid_config: "false".to_owned(),
            },
            errors: Errors::default(),
            last_change: Some(self.last_change()),
            edits_workspaces: true,
        };
        let reader = WorkspaceSettings {
            can_edit: false,
            frame: Frame {
                flash: Some(Flash::Error {
                    title: self.text("Not saved."),
                    text: self.text("Your session is older than an hour. Nothing was changed."),
                }),
                ..self.frame(NavItem::Settings)
            },
            ..workspace.clone()
        };
        vec![
            ("audit-logs", self.audit_logs().render()),
            ("audit-logs-open", open.render()),
            ("audit-logs-filtered", filtered.render()),
            ("audit-logs-nothing", nothing.render()),
            ("audit-logs-empty", empty.render()),
            ("audit-logs-unknown-zone", unknown_zone.render()),
            ("event", event(3, self.details()).render()),
            ("event-denied", event(4, erased.clone()).render()),
            ("event-system", event(2, erased).render()),
            ("workspace", workspace.render()),
            ("workspace-reader", reader.render()),
            ("types", self.type_list(true).render()),
            ("types-reader", self.type_list(false).render()),
            ("type-new", self.type_form(true).render()),
            ("type", self.type_form(false).render()),
        ]
    }
}

//! Who may change what, the workspaces, and the account of who has none.

use askama::Template as _;

use model::things::FactorKind;

use super::super::access::{Access, Editor};
use super::super::frame::NavItem;
use super::super::parts::Choice;
use super::super::profile::{Alone, Session};
use super::super::workspaces::{Row, Workspaces};
use super::{Rendered, Samples, when};

impl Samples {
    fn editor(self, id: &str, always: bool, may: bool, selected: bool) -> Editor {
        Editor {
            id: self.text(id),
            name: self.text("Tomas Brightwater"),
            email: self.text("tomas@fernhill.example"),
            role: "Editor",
            always,
            may,
            selected,
        }
    }

    pub(super) fn access_pages(self) -> Vec<Rendered> {
        let locked = Access {
            frame: self.frame(NavItem::Sources),
            head: self.source_head().into(),
            path: "/sources/3FQaWeb7Kq2mZr8TnV4sXy1Pa7R".to_owned(),
            can_edit: true,
            locked: true,
            seen: Some(vec![self.text("3FQtUser2")]),
            editors: vec![
                self.editor("3FQtUser1", true, true, false),
                self.editor("3FQtUser2", false, true, true),
                self.editor("3FQtUser3", false, false, true),
            ],
        };
        let reader = Access {
            head: self.destination_head().into(),
            can_edit: false,
            ..locked.clone()
        };
        let row = |id: &str, is_shown| Row {
            id: self.text(id),
            name: self.text("Production"),
            environment: "Production".to_owned(),
            organization: self.text("Fernhill Market"),
            role: "Organization Admin",
            is_shown,
            can_delete: !is_shown,
        };
        let workspaces = Workspaces {
            frame: self.frame(NavItem::Workspaces),
            rows: vec![
                row("3FQtWork1Dh1fPk9", true),
                row("3FQtWork2Dh1fPk9", false),
            ],
            can_create: true,
            name: self.text("Staging"),
            environments: vec![Choice::new("PRODUCTION", "Production", "PRODUCTION")],
            errors: self.wrong("name"),
        };
        let session = |id: &str, is_this: bool| Session {
            id: self.text(id),
            program: self.text("Firefox (macOS)"),
            ip: is_this.then(|| self.text("203.0.113.24")),
            since: when("2026-11-23T08:50:00Z"),
            seen: when("2026-11-23T08:50:00Z"),
            is_this,
        };
        let alone = Alone {
            bare: self.bare(),
            name: self.text("Grace"),
            email: self.text("grace@fernhill.example"),
            has_mail: true,
            factors: vec![
                self.factor(FactorKind::Passkey),
                self.factor(FactorKind::Phone),
            ],
            codes_left: 2,
            organizations: vec![
                (self.text("3FQtOrg1"), self.text("Fernhill Market")),
                (self.text("3FQtOrg2"), self.text("Ledgerline")),
            ],
            password_min: 12,
            sessions: vec![session("3FQtSes1", true), session("3FQtSes2", false)],
            once: self.text("AAECAwQFBgcICQoLDA0ODw"),
            errors: self.wrong("confirm"),
        };
        let left = Alone {
            factors: Vec::new(),
            organizations: Vec::new(),
            errors: self.wrong("new_password"),
            ..alone.clone()
        };
        vec![
            ("locked", locked.render()),
            ("locked-reader", reader.render()),
            ("workspaces", workspaces.render()),
            ("profile-alone", alone.render()),
            ("profile-alone-left", left.render()),
        ]
    }
}

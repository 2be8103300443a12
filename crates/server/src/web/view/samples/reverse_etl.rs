//! Accounts at other services, and sources of reverse ETL.

use askama::Template as _;

use super::super::frame::NavItem;
use super::super::outside_account::{
    AccountAuditLogs, AccountForm, AccountHead, AccountNew, AccountOverview, AccountRow,
    AccountSettings, AccountUser, Accounts,
};
use super::super::parts::{Errors, Leaf};
use super::super::source::{ConnectedDestination, RetlOverview, SourceHead, Synced};
use super::{DESTINATION, Rendered, SOURCE, Samples, when};

const ACCOUNT: &str = "3FQuAcct5Bg1ePk1Yr9Cd6Le3Of7";

impl Samples {
    fn account_head(self) -> AccountHead {
        AccountHead {
            id: ACCOUNT.to_owned(),
            name: self.text("Warehouse – BigQuery"),
            can_edit: true,
            can_audit: true,
            deleted: false,
            events: Some(7),
            last_change: Some(self.last_change()),
        }
    }

    fn members(self) -> Vec<(String, String)> {
        vec![
            (self.text("projectId"), self.text("fernhill-analytics")),
            (self.text("location"), self.text("EU")),
        ]
    }

    pub(super) fn reverse_etl_pages(self) -> Vec<Rendered> {
        let frame = self.frame(NavItem::Accounts);
        let errors: Errors = [
            ("accountDefinitionName", self.text("Say what it is.")),
            ("name", self.text("Give it a name.")),
            ("options", self.text("This has to be one JSON object.")),
            ("secret", self.text("This is not JSON: look at line 1.")),
        ]
        .into_iter()
        .collect();
        let form = AccountForm {
            name: self.text("Warehouse – BigQuery"),
            options: self.text("{\n  \"projectId\": \"fernhill-analytics\"\n}"),
            remove: Some(false),
        };
        let row = |id: &str, name: &str, definition: &str, category: &str, used| AccountRow {
            id: id.to_owned(),
            name: self.text(name),
            definition: self.text(definition),
            category: category.to_owned(),
            used,
            last_change: (used > 0).then(|| self.last_change()),
        };
        let list = Accounts {
            frame: frame.clone(),
            can_create: true,
            rows: vec![
                row(
                    ACCOUNT,
                    "Warehouse – BigQuery",
                    "SOURCE_BIGQUERY",
                    "source",
                    2,
                ),
                row("3FQvAcct6Ch2fQl2", "Tills", "acme_till", "", 0),
            ],
            leaf: Leaf {
                next_href: Some("/accounts?after=1".to_owned()),
                ..Leaf::whole("/accounts", 120)
            },
        };
        let overview = AccountOverview {
            frame: frame.clone(),
            head: self.account_head(),
            definition: self.text("SOURCE_BIGQUERY"),
            options: self.members(),
            has_secret: true,
            created: when("2024-03-11T08:58:02Z"),
            updated: when("2026-11-22T10:31:27Z"),
            used_by: vec![AccountUser {
                id: SOURCE.to_owned(),
                name: self.text("Customers of the last year"),
                kind: self.text("Reverse ETL, model of bigquery"),
                enabled: true,
            }],
        };
        let settings = AccountSettings {
            frame: frame.clone(),
            head: self.account_head(),
            form: form.clone(),
            seen: "1".to_owned(),
            differs: Vec::new(),
            errors: errors.clone(),
        };
        let new = AccountNew {
            frame: frame.clone(),
            definition: self.text("SOURCE_BIGQUERY"),
            form,
            errors: Errors::default(),
        };
        let retl = RetlOverview {
            frame: self.frame(NavItem::Sources),
            head: SourceHead {
                kind: self.text("Reverse ETL, model of bigquery"),
                has_settings: false,
                faults: Vec::new(),
                ..self.source_head()
            },
            account_id: ACCOUNT.to_owned(),
            account_name: self.text("Warehouse – BigQuery"),
            settings: self.members(),
            created: when("2024-03-11T08:58:02Z"),
            updated: when("2026-11-22T10:31:27Z"),
            destinations: vec![Synced {
                to: ConnectedDestination {
                    id: DESTINATION.to_owned(),
                    name: self.text("Audiences"),
                    kind: self.text("Customer.io"),
                    enabled: true,
                },
                schedule: self.text("Every 60 minutes"),
                behaviour: self.text("upsert"),
            }],
            question: self.question(
                "source",
                "/sources/3FQaWeb7Kq2mZr8TnV4sXy1Pa7R",
                "Audiences",
            ),
        };
        vec![
            (
                "accounts-empty",
                Accounts {
                    rows: Vec::new(),
                    ..list.clone()
                }
                .render(),
            ),
            ("accounts", list.render()),
            ("account", overview.clone().render()),
            (
                "account-unused",
                AccountOverview {
                    used_by: Vec::new(),
                    has_secret: false,
                    ..overview
                }
                .render(),
            ),
            ("account-settings-errors", settings.clone().render()),
            (
                "account-settings",
                AccountSettings {
                    errors: Errors::default(),
                    ..settings
                }
                .render(),
            ),
            (
                "account-new-errors",
                AccountNew {
                    errors,
                    ..new.clone()
                }
                .render(),
            ),
            ("account-new", new.render()),
            (
                "account-audit-logs",
                AccountAuditLogs {
                    frame,
                    head: self.account_head(),
                    log: self.log(ACCOUNT),
                }
                .render(),
            ),
            (
                "source-retl-empty",
                RetlOverview {
                    destinations: Vec::new(),
                    ..retl.clone()
                }
                .render(),
            ),
            ("source-retl", retl.render()),
        ]
    }
}

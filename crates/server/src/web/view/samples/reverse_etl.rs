//! Accounts at other services, and sources of reverse ETL.

use askama::Template as _;

use super::super::connection::{
    ConnectionAuditLogs, ConnectionForm, ConnectionHead, ConnectionOverview, ConnectionSettings,
    End, Pairs,
};
use super::super::frame::NavItem;
use super::super::outside_account::{
    AccountAuditLogs, AccountForm, AccountHead, AccountNew, AccountOverview, AccountRow,
    AccountSettings, AccountUser, Accounts,
};
use super::super::parts::{Choice, Errors, Leaf};
use super::super::source::{
    ConnectedDestination, RetlForm, RetlOverview, RetlSettings, SourceHead, Synced,
};
use super::{DESTINATION, Rendered, SOURCE, Samples, when};

const ACCOUNT: &str = "3FQuAcct5Bg1ePk1Yr9Cd6Le3Of7";
const CONNECTION: &str = "3FQwConn7Di3gRm3As1Ef8Ng5Qh9";

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

    fn connection_head(self) -> ConnectionHead {
        ConnectionHead {
            id: CONNECTION.to_owned(),
            name: self.text("Customers of the last year to Audiences"),
            of: Some((
                self.text("Audiences"),
                format!("/destinations/{DESTINATION}/connections"),
            )),
            enabled: true,
            can_edit: true,
            kept: None,
            can_audit: true,
            deleted: false,
            events: Some(7),
            last_change: Some(self.last_change()),
        }
    }

    fn connection(self) -> ConnectionOverview {
        let pair = |one: &str, other: &str| (self.text(one), self.text(other));
        ConnectionOverview {
            frame: self.frame(NavItem::Destinations),
            head: self.connection_head(),
            source: End {
                name: self.text("Customers of the last year"),
                href: format!("/sources/{SOURCE}"),
                kind: self.text("Reverse ETL, model of bigquery"),
            },
            destination: End {
                name: self.text("Audiences"),
                href: format!("/destinations/{DESTINATION}"),
                kind: self.text("Customer.io"),
            },
            schedule: self.text("Every 60 minutes"),
            facts: vec![("Sync behaviour", self.text("upsert"))],
            lists: vec![
                Pairs {
                    label: "Identifiers",
                    heads: ["From", "To"],
                    rows: vec![pair("customer_id", "user_id")],
                },
                Pairs {
                    label: "Constants",
                    heads: ["To", "Value"],
                    rows: vec![pair("origin", "warehouse"), pair("tier", "gold")],
                },
            ],
            texts: vec![("Sync settings", self.text("{\n  \"syncLogsConfig\": {}\n}"))],
            hidden: vec![self.text("apiKey")],
            created: when("2024-03-11T08:58:02Z"),
            updated: when("2026-11-22T10:31:27Z"),
        }
    }

    fn connection_settings(self) -> ConnectionSettings {
        ConnectionSettings {
            frame: self.frame(NavItem::Destinations),
            head: self.connection_head(),
            form: ConnectionForm {
                enabled: true,
                schedule: self.fields(),
                settings: self.text("{\n  \"identifiers\": []\n}"),
                seen: "1793000000000000".to_owned(),
            },
            differs: Vec::new(),
            question: self.question(
                "connection",
                &format!("/connections/{CONNECTION}"),
                "Customers of the last year to Audiences",
            ),
            errors: Errors::default(),
        }
    }

    fn retl_settings(self, head: &SourceHead) -> RetlSettings {
        let account = |id: &str, name: &str| Choice::new(id, self.text(name), ACCOUNT);
        RetlSettings {
            frame: self.frame(NavItem::Sources),
            head: head.clone(),
            form: RetlForm {
                name: self.text("Customers of the last year"),
                enabled: true,
                accounts: vec![
                    account(ACCOUNT, "Warehouse – BigQuery"),
                    account("3FQvAcct6Ch2fQl2", "Tills"),
                ],
                config: self.text("{\n  \"sql\": \"select 1\"\n}"),
                seen: "1793000000000000".to_owned(),
            },
            differs: Vec::new(),
            question: self.question("source", &format!("/sources/{SOURCE}"), "Audiences"),
            errors: Errors::default(),
        }
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
                has_access: false,
                faults: Vec::new(),
                ..self.source_head()
            },
            account_id: ACCOUNT.to_owned(),
            account_name: self.text("Warehouse – BigQuery"),
            settings: self.members(),
            created: when("2024-03-11T08:58:02Z"),
            updated: when("2026-11-22T10:31:27Z"),
            destinations: vec![Synced {
                id: CONNECTION.to_owned(),
                to: ConnectedDestination {
                    id: DESTINATION.to_owned(),
                    name: self.text("Audiences"),
                    kind: self.text("Customer.io"),
                    enabled: true,
                },
                schedule: self.text("Every 60 minutes"),
                behaviour: self.text("upsert"),
            }],
        };
        let retl_settings = self.retl_settings(&retl.head);
        let connection = self.connection();
        let connection_settings = self.connection_settings();
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
            (
                "source-retl-settings-reader",
                RetlSettings {
                    head: SourceHead {
                        can_edit: false,
                        ..retl_settings.head.clone()
                    },
                    ..retl_settings.clone()
                }
                .render(),
            ),
            (
                "source-retl-settings-errors",
                RetlSettings {
                    differs: self.details().changes,
                    errors: ["name", "accountId", "config"]
                        .map(|field| (field, self.text("This needs another look.")))
                        .into_iter()
                        .collect(),
                    ..retl_settings.clone()
                }
                .render(),
            ),
            ("source-retl-settings", retl_settings.render()),
            (
                "connection-reader",
                ConnectionOverview {
                    head: ConnectionHead {
                        can_edit: false,
                        can_audit: false,
                        kept: Some(self.text("Only people selected may change its source.")),
                        ..self.connection_head()
                    },
                    ..connection.clone()
                }
                .render(),
            ),
            ("connection", connection.render()),
            (
                "connection-audit-logs",
                ConnectionAuditLogs {
                    frame: self.frame(NavItem::Destinations),
                    head: self.connection_head(),
                    log: self.log(CONNECTION),
                }
                .render(),
            ),
            (
                "connection-deleted",
                ConnectionAuditLogs {
                    frame: self.frame(NavItem::Destinations),
                    head: ConnectionHead {
                        of: None,
                        can_edit: false,
                        deleted: true,
                        last_change: None,
                        ..self.connection_head()
                    },
                    log: self.log(CONNECTION),
                }
                .render(),
            ),
            (
                "connection-settings-errors",
                ConnectionSettings {
                    differs: self.details().changes,
                    errors: [("settings", self.text("This is not JSON."))]
                        .into_iter()
                        .collect(),
                    ..connection_settings.clone()
                }
                .render(),
            ),
            ("connection-settings", connection_settings.render()),
        ]
    }
}

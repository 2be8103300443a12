//! `/accounts`: accounts at other services, in a list, and one with its tabs: Overview, Audit Logs, Settings.

use askama::Template;

use super::event::{Change, ResourceLog, Value};
use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{Errors, LastChange, Leaf, Tab};
use super::when::When;

/// The list of accounts.
#[derive(Clone, Debug, Template)]
#[template(path = "account/list.html")]
pub struct Accounts {
    /// What surrounds the page.
    pub frame: Frame,
    /// Whether the person may add one.
    pub can_create: bool,
    /// The accounts.
    pub rows: Vec<AccountRow>,
    /// What is around them.
    pub leaf: Leaf,
}

/// An account in a list.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// What it is an account of: `SOURCE_BIGQUERY`.
    pub definition: String,
    /// What that is for; empty where nobody has said.
    pub category: String,
    /// How many sources use it.
    pub used: u64,
    /// Its newest event.
    pub last_change: Option<LastChange>,
}

impl AccountRow {
    fn initials(&self) -> String {
        super::parts::initials(&self.name)
    }

    fn hue(&self) -> u32 {
        super::parts::hue(&self.id)
    }
}

/// The form for a new account.
#[derive(Clone, Debug, Template)]
#[template(path = "account/new.html")]
pub struct AccountNew {
    /// What surrounds the page.
    pub frame: Frame,
    /// What it is to be an account of, as it was sent.
    pub definition: String,
    /// The rest, as it was sent.
    pub form: AccountForm,
    /// What is wrong with it.
    pub errors: Errors,
}

/// The fields of an account. The secret is never put back into its field.
#[derive(Clone, Debug, Default)]
pub struct AccountForm {
    /// The name.
    pub name: String,
    /// The options as a JSON object.
    pub options: String,
    /// Whether the box is ticked that says that the secret is to go; none where there is no secret.
    pub remove: Option<bool>,
}

/// What stands above every tab of an account.
#[derive(Clone, Debug)]
pub struct AccountHead {
    /// The id.
    pub id: String,
    /// The name as it is stored.
    pub name: String,
    /// Whether the person may change it.
    pub can_edit: bool,
    /// Whether the person may see its events.
    pub can_audit: bool,
    /// Whether it was deleted: then there is nothing to see but its events.
    pub deleted: bool,
    /// How many events it has, where that is known.
    pub events: Option<u64>,
    /// Its newest event.
    pub last_change: Option<LastChange>,
}

impl AccountHead {
    fn tabs(&self, current: &str) -> Vec<Tab> {
        let base = format!("/accounts/{}", self.id);
        let log = Tab::new(
            "Audit Logs",
            format!("{base}/audit-logs"),
            current == "audit-logs",
        )
        .count(self.events);
        if self.deleted {
            return vec![log];
        }
        let mut tabs = vec![Tab::new("Overview", base.clone(), current == "overview")];
        if self.can_audit {
            tabs.push(log);
        }
        if self.can_edit {
            tabs.push(Tab::new(
                "Settings",
                format!("{base}/settings"),
                current == "settings",
            ));
        }
        tabs
    }

    fn initials(&self) -> String {
        super::parts::initials(&self.name)
    }

    fn hue(&self) -> u32 {
        super::parts::hue(&self.id)
    }
}

/// The tab Overview of an account.
#[derive(Clone, Debug, Template)]
#[template(path = "account/overview.html")]
pub struct AccountOverview {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: AccountHead,
    /// What it is an account of.
    pub definition: String,
    /// What is not secret of it: names and values.
    pub options: Vec<(String, String)>,
    /// Whether there is a secret.
    pub has_secret: bool,
    /// When it was created.
    pub created: When,
    /// When it was last written.
    pub updated: When,
    /// What uses it.
    pub used_by: Vec<AccountUser>,
}

/// A source that is read with an account.
#[derive(Clone, Debug)]
pub struct AccountUser {
    /// The id of the source.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it reads.
    pub kind: String,
    /// Whether it is enabled.
    pub enabled: bool,
}

impl AccountUser {
    fn initials(&self) -> String {
        super::parts::initials(&self.name)
    }

    fn hue(&self) -> u32 {
        super::parts::hue(&self.id)
    }
}

/// The tab Settings of an account.
#[derive(Clone, Debug, Template)]
#[template(path = "account/settings.html")]
pub struct AccountSettings {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: AccountHead,
    /// The form as it is stored, or as it was sent.
    pub form: AccountForm,
    /// When it was last changed as the form was drawn from it.
    pub seen: String,
    /// Where another has changed it meanwhile: what saving what was sent would change now.
    pub differs: Vec<Change>,
    /// What is wrong with it.
    pub errors: Errors,
}

/// The tab Audit Logs of an account.
#[derive(Clone, Debug, Template)]
#[template(path = "account/audit_logs.html")]
pub struct AccountAuditLogs {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: AccountHead,
    /// Its events.
    pub log: ResourceLog,
}

//! `/connections/{id}` of reverse ETL, with its tabs: Overview, Audit Logs, Settings.

use askama::Template;

use super::delete::Question;
use super::event::{Change, ResourceLog, Value};
use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{Errors, Field, Input, LastChange, Tab};
use super::when::When;

/// What stands above every tab of a connection.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of their own, each shown in its own place"
)]
pub struct ConnectionHead {
    /// The id.
    pub id: String,
    /// What it is called: by its ends.
    pub name: String,
    /// The destination, whose connections it is one of: name and address. None where it is known no more.
    pub of: Option<(String, String)>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether the person may change it.
    pub can_edit: bool,
    /// Why the person may not, where one of its ends is locked.
    pub kept: Option<String>,
    /// Whether the person may see its events.
    pub can_audit: bool,
    /// Whether it was deleted: then there is nothing to see but its events.
    pub deleted: bool,
    /// How many events it has, where that is known.
    pub events: Option<u64>,
    /// Its newest event.
    pub last_change: Option<LastChange>,
}

impl ConnectionHead {
    fn tabs(&self, current: &str) -> Vec<Tab> {
        let base = format!("/connections/{}", self.id);
        let tab = |label, path: &str| Tab::new(label, format!("{base}/{path}"), current == path);
        let events = tab("Audit Logs", "audit-logs").count(self.events);
        if self.deleted {
            return vec![events];
        }
        let mut tabs = vec![Tab::new("Overview", base.clone(), current == "overview")];
        if self.can_audit {
            tabs.push(events);
        }
        if self.can_edit {
            tabs.push(tab("Settings", "settings"));
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

/// The source or the destination of a connection.
#[derive(Clone, Debug)]
pub struct End {
    /// Its name.
    pub name: String,
    /// Its address.
    pub href: String,
    /// What it is, as people call it.
    pub kind: String,
}

/// A list of pairs in the settings of a connection: what goes where.
#[derive(Clone, Debug)]
pub struct Pairs {
    /// What it is a list of.
    pub label: &'static str,
    /// The heads of the two columns.
    pub heads: [&'static str; 2],
    /// The pairs.
    pub rows: Vec<(String, String)>,
}

/// The tab Overview of a connection.
#[derive(Clone, Debug, Template)]
#[template(path = "connection/overview.html")]
pub struct ConnectionOverview {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: ConnectionHead,
    /// What is read.
    pub source: End,
    /// Where it goes.
    pub destination: End,
    /// When it is synced, as people say it.
    pub schedule: String,
    /// What else was decided of it: names and values.
    pub facts: Vec<(&'static str, String)>,
    /// What goes where.
    pub lists: Vec<Pairs>,
    /// What is kept as it was sent: names, and JSON without secrets.
    pub texts: Vec<(&'static str, String)>,
    /// Where in the settings of the destination something is set that is not shown.
    pub hidden: Vec<String>,
    /// When it was made.
    pub created: When,
    /// When it was last written.
    pub updated: When,
}

/// The tab Audit Logs of a connection.
#[derive(Clone, Debug, Template)]
#[template(path = "connection/audit_logs.html")]
pub struct ConnectionAuditLogs {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: ConnectionHead,
    /// Its events.
    pub log: ResourceLog,
}

/// The tab Settings of a connection.
#[derive(Clone, Debug, Template)]
#[template(path = "connection/settings.html")]
pub struct ConnectionSettings {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: ConnectionHead,
    /// The form as it is stored, or as it was sent.
    pub form: ConnectionForm,
    /// Where another has changed it meanwhile: what saving what was sent would change now.
    pub differs: Vec<Change>,
    /// What is asked before it is deleted.
    pub question: Question,
    /// What is wrong with it; a field of the schedule has its own.
    pub errors: Errors,
}

/// The form of a connection.
#[derive(Clone, Debug)]
pub struct ConnectionForm {
    /// Whether it is enabled.
    pub enabled: bool,
    /// When it is synced.
    pub schedule: Vec<Field>,
    /// What else can change, as a JSON object.
    pub settings: String,
    /// When what is shown was last changed, in microseconds since 1970.
    pub seen: String,
}

//! `/destinations/{id}` with its tabs: Overview, Configuration, Connections, Transformation, Audit Logs.

use askama::Template;

use super::delete::Question;
use super::event::{Change, ResourceLog, Value};
use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{Choice, Errors, Field, Input, LastChange, Tab};
use super::when::When;
use crate::schema::Faults;

/// What stands above every tab of a destination.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of their own, each shown in its own place"
)]
pub struct DestinationHead {
    /// The id.
    pub id: String,
    /// The name as it is stored.
    pub name: String,
    /// What it is, as people call it: `Snowflake`.
    pub kind: String,
    /// Whether the workspace's definitions know what it is.
    pub known: bool,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether the person may change it.
    pub can_edit: bool,
    /// Whether only people selected may change it.
    pub locked: bool,
    /// Whether the person may see its events.
    pub can_audit: bool,
    /// Whether the person may see single events as they come.
    pub can_watch: bool,
    /// Whether it was deleted: then there is nothing to see but its events.
    pub deleted: bool,
    /// What in its settings does not fit its type, by where.
    pub faults: Faults,
    /// How many sources are connected.
    pub connections: u64,
    /// How many events it has, where that is known.
    pub events: Option<u64>,
    /// Its newest event.
    pub last_change: Option<LastChange>,
}

impl DestinationHead {
    pub(super) fn tabs(&self, current: &str) -> Vec<Tab> {
        let base = format!("/destinations/{}", self.id);
        if self.deleted {
            let events = Tab::new("Audit Logs", format!("{base}/audit-logs"), true);
            return vec![events.count(self.events)];
        }
        let tab = |label, path: &str| Tab::new(label, format!("{base}/{path}"), current == path);
        let mut tabs = vec![Tab::new("Overview", base.clone(), current == "overview")];
        tabs.push(tab("Configuration", "configuration"));
        tabs.push(tab("Connections", "connections").count(self.connections));
        tabs.push(tab("Transformation", "transformation"));
        if self.can_watch {
            tabs.push(tab("Live events", "live"));
        }
        tabs.push(tab("Access", "access"));
        if self.can_audit {
            tabs.push(tab("Audit Logs", "audit-logs").count(self.events));
        }
        tabs
    }

    pub(super) fn initials(&self) -> String {
        super::parts::initials(&self.name)
    }

    pub(super) fn hue(&self) -> u32 {
        super::parts::hue(&self.id)
    }
}

/// The tab Overview of a destination.
#[derive(Clone, Debug, Template)]
#[template(path = "destination/overview.html")]
pub struct DestinationOverview {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: DestinationHead,
    /// When it was created.
    pub created: When,
    /// When it was last written.
    pub updated: When,
    /// The sources that it hears.
    pub sources: Vec<Connection>,
    /// The transformation before it.
    pub transformation: Option<LinkedTransformation>,
}

/// A connection of a source to a destination.
#[derive(Clone, Debug)]
pub struct Connection {
    /// The id of the connection.
    pub id: String,
    /// The id of the source.
    pub source_id: String,
    /// The name of the source.
    pub source_name: String,
    /// What the source is, as people call it.
    pub source_kind: String,
    /// Whether the connection is enabled.
    pub enabled: bool,
    /// When it is synced, if it is one of reverse ETL: then it has a page.
    pub schedule: Option<String>,
    /// Whether a lock of the source shuts out the person who looks.
    pub locked: bool,
    /// When it was made.
    pub since: When,
}

impl Connection {
    pub(super) fn initials(&self) -> String {
        super::parts::initials(&self.source_name)
    }

    pub(super) fn hue(&self) -> u32 {
        super::parts::hue(&self.source_id)
    }
}

/// The transformation that runs before a destination.
#[derive(Clone, Debug)]
pub struct LinkedTransformation {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The language, as people call it: `JavaScript`.
    pub language: String,
    /// The published version that runs; none while nothing is published.
    pub version: Option<String>,
}

/// The tab Configuration of a destination.
#[derive(Clone, Debug, Template)]
#[template(path = "destination/configuration.html")]
pub struct DestinationConfiguration {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: DestinationHead,
    /// The name, as it is stored or was sent.
    pub name: String,
    /// Whether it is enabled, as it is stored or was sent.
    pub enabled: bool,
    /// The fields that its definition names.
    pub fields: Vec<Field>,
    /// All other settings as a JSON object, without secrets; empty for none.
    pub json: String,
    /// The names of secrets that are stored among the other settings; they stay unless they are sent again.
    pub json_secrets: Vec<String>,
    /// The state of the settings that is shown.
    pub revision: String,
    /// Where another has changed it meanwhile: what saving what was sent would change now.
    pub differs: Vec<Change>,
    /// What is asked before it is deleted.
    pub question: Question,
    /// What is wrong with what was sent: `name` and `json`; a field has its own.
    pub errors: Errors,
}

/// The tab Connections of a destination.
#[derive(Clone, Debug, Template)]
#[template(path = "destination/connections.html")]
pub struct DestinationConnections {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: DestinationHead,
    /// The connections.
    pub connections: Vec<Connection>,
    /// The sources that can be connected: value is the id.
    pub sources: Vec<Choice>,
    /// How many more there are that are locked for who looks.
    pub locked: u64,
}

/// The tab Transformation of a destination.
#[derive(Clone, Debug, Template)]
#[template(path = "destination/transformation.html")]
pub struct DestinationTransformation {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: DestinationHead,
    /// The transformation that runs now.
    pub current: Option<LinkedTransformation>,
    /// The others that can take its place: value is the id.
    pub choices: Vec<Choice>,
}

/// The tab Audit Logs of a destination.
#[derive(Clone, Debug, Template)]
#[template(path = "destination/audit_logs.html")]
pub struct DestinationAuditLogs {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: DestinationHead,
    /// Its events.
    pub log: ResourceLog,
}

impl DestinationConfiguration {
    fn has_errors(&self) -> bool {
        // What is told above the form already is not told twice.
        self.frame.flash.is_none()
            && (!self.errors.is_empty() || self.fields.iter().any(|field| field.error.is_some()))
    }
}

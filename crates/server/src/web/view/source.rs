//! `/sources/{id}` with its tabs: Overview, Audit Logs, Settings.

use askama::Template;

use super::delete::Question;
use super::event::{Change, ResourceLog, Value};
use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{Choice, Errors, Field, Input, LastChange, Tab};
use super::when::When;
use crate::schema::Faults;

/// What stands above every tab of a source.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of their own, each shown in its own place"
)]
pub struct SourceHead {
    /// The id.
    pub id: String,
    /// The name as it is stored.
    pub name: String,
    /// What it is, as people call it: `JavaScript`.
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
    /// Whether it is said here who may change it; of reverse ETL nobody says it.
    pub has_access: bool,
    /// Whether it was deleted: then there is nothing to see but its events.
    pub deleted: bool,
    /// What in its settings does not fit its type, by where.
    pub faults: Faults,
    /// How many events it has, where that is known.
    pub events: Option<u64>,
    /// Its newest event.
    pub last_change: Option<LastChange>,
}

impl SourceHead {
    pub(super) fn tabs(&self, current: &str) -> Vec<Tab> {
        let base = format!("/sources/{}", self.id);
        if self.deleted {
            let events = Tab::new("Audit Logs", format!("{base}/audit-logs"), true);
            return vec![events.count(self.events)];
        }
        let mut tabs = vec![Tab::new("Overview", base.clone(), current == "overview")];
        if self.can_watch {
            tabs.push(Tab::new(
                "Live events",
                format!("{base}/live"),
                current == "live",
            ));
        }
        if self.can_audit {
            tabs.push(
                Tab::new(
                    "Audit Logs",
                    format!("{base}/audit-logs"),
                    current == "audit-logs",
                )
                .count(self.events),
            );
        }
        if self.has_access {
            tabs.push(Tab::new(
                "Access",
                format!("{base}/access"),
                current == "access",
            ));
        }
        tabs.push(Tab::new(
            "Settings",
            format!("{base}/settings"),
            current == "settings",
        ));
        tabs
    }

    pub(super) fn initials(&self) -> String {
        super::parts::initials(&self.name)
    }

    pub(super) fn hue(&self) -> u32 {
        super::parts::hue(&self.id)
    }
}

/// The tab Overview of a source.
#[derive(Clone, Debug, Template)]
#[template(path = "source/overview.html")]
pub struct SourceOverview {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: SourceHead,
    /// The key under which events are sent; only for people who may edit.
    pub write_key: Option<String>,
    /// Whether events are enriched with a place.
    pub geo_enrichment: bool,
    /// Whether events are not kept on the way.
    pub transient: bool,
    /// When it was created.
    pub created: When,
    /// When it was last written.
    pub updated: When,
    /// Where it sends to.
    pub destinations: Vec<ConnectedDestination>,
}

/// The tab Overview of a source of reverse ETL.
#[derive(Clone, Debug, Template)]
#[template(path = "source/retl.html")]
pub struct RetlOverview {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: SourceHead,
    /// The id of the account that it is read with.
    pub account_id: String,
    /// That account's name.
    pub account_name: String,
    /// What is read: names and values.
    pub settings: Vec<(String, String)>,
    /// When it was created.
    pub created: When,
    /// When it was last written.
    pub updated: When,
    /// Where it sends to.
    pub destinations: Vec<Synced>,
}

/// A destination that reverse ETL writes to.
#[derive(Clone, Debug)]
pub struct Synced {
    /// The id of the connection.
    pub id: String,
    /// The destination.
    pub to: ConnectedDestination,
    /// When it is synced, as people say it.
    pub schedule: String,
    /// How it is synced: `upsert`.
    pub behaviour: String,
}

/// A destination that a source sends to.
#[derive(Clone, Debug)]
pub struct ConnectedDestination {
    /// The id of the destination.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is, as people call it.
    pub kind: String,
    /// Whether the connection is enabled.
    pub enabled: bool,
}

impl ConnectedDestination {
    pub(super) fn initials(&self) -> String {
        super::parts::initials(&self.name)
    }

    pub(super) fn hue(&self) -> u32 {
        super::parts::hue(&self.id)
    }
}

/// The tab Settings of a source.
#[derive(Clone, Debug, Template)]
#[template(path = "source/settings.html")]
pub struct SourceSettings {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: SourceHead,
    /// The form as it is stored, or as it was sent.
    pub form: SourceForm,
    /// Where another has changed it meanwhile: what saving what was sent would change now.
    pub differs: Vec<Change>,
    /// What is asked before it is deleted.
    pub question: Question,
    /// What is wrong with it; a field of the settings has its own.
    pub errors: Errors,
}

impl SourceSettings {
    fn has_errors(&self) -> bool {
        // What is told above the form already is not told twice.
        self.frame.flash.is_none()
            && (!self.errors.is_empty()
                || self.form.fields.iter().any(|field| field.error.is_some()))
    }
}

/// The tab Settings of a source of reverse ETL.
#[derive(Clone, Debug, Template)]
#[template(path = "source/retl_settings.html")]
pub struct RetlSettings {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: SourceHead,
    /// The form as it is stored, or as it was sent.
    pub form: RetlForm,
    /// Where another has changed it meanwhile: what saving what was sent would change now.
    pub differs: Vec<Change>,
    /// What is asked before it is deleted.
    pub question: Question,
    /// What is wrong with it.
    pub errors: Errors,
}

/// The form of a source of reverse ETL.
#[derive(Clone, Debug)]
pub struct RetlForm {
    /// The name.
    pub name: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// The accounts of the workspace: value is the id.
    pub accounts: Vec<Choice>,
    /// What is read, as a JSON object.
    pub config: String,
    /// When what is shown was last changed, in microseconds since 1970.
    pub seen: String,
}

/// The form of a source.
#[derive(Clone, Debug)]
pub struct SourceForm {
    /// The name.
    pub name: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Whether events are enriched with a place.
    pub geo_enrichment: bool,
    /// Whether events are not kept on the way.
    pub transient: bool,
    /// The fields that its definition names.
    pub fields: Vec<Field>,
    /// All other settings as a JSON object; empty for none.
    pub json: String,
    /// Paths in that object whose stored values are not shown.
    pub json_secrets: Vec<String>,
    /// When what is shown was last changed, in microseconds since 1970.
    pub seen: String,
}

/// The tab Audit Logs of a source.
#[derive(Clone, Debug, Template)]
#[template(path = "source/audit_logs.html")]
pub struct SourceAuditLogs {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: SourceHead,
    /// Its events.
    pub log: ResourceLog,
}

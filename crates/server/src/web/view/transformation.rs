//! `/transformations/{id}` with its tabs: Overview, Versions, Audit Logs.

use askama::Template;

use super::event::{ResourceLog, Value};
use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{LastChange, Tab};
use super::when::When;

/// What stands above every tab of a transformation, and above a library.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts of their own, each shown in its own place"
)]
pub struct CodeHead {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The sentence that describes it; empty for none.
    pub description: String,
    /// The language, as people call it: `JavaScript`.
    pub language: String,
    /// The published version, if one is.
    pub published: Option<String>,
    /// How many versions there are.
    pub versions: u64,
    /// Whether the person may write it.
    pub can_edit: bool,
    /// Whether the person may see its events.
    pub can_audit: bool,
    /// Whether the person may see single events as they come.
    pub can_watch: bool,
    /// Whether it was deleted: then there is nothing to see but its events.
    pub deleted: bool,
    /// How many events it has, where that is known.
    pub events: Option<u64>,
    /// Its newest event.
    pub last_change: Option<LastChange>,
}

impl CodeHead {
    pub(super) fn tabs(&self, current: &str) -> Vec<Tab> {
        let base = format!("/transformations/{}", self.id);
        if self.deleted {
            let events = Tab::new("Audit Logs", format!("{base}/audit-logs"), true);
            return vec![events.count(self.events)];
        }
        let mut tabs = vec![
            Tab::new("Overview", base.clone(), current == "overview"),
            Tab::new(
                "Versions",
                format!("{base}/versions"),
                current == "versions",
            )
            .count(self.versions),
        ];
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
        tabs
    }
}

/// Something that uses a transformation or library.
#[derive(Clone, Debug)]
pub struct UsedBy {
    /// Its name.
    pub name: String,
    /// What it is, as people call it.
    pub kind: String,
    /// Its page.
    pub href: String,
}

/// One version of code.
#[derive(Clone, Debug)]
pub struct Version {
    /// The id of the version.
    pub id: String,
    /// What it is called: `14`.
    pub number: String,
    /// Whether it is the published one.
    pub published: bool,
    /// Who made it.
    pub by: Option<String>,
    /// When it was made.
    pub when: When,
    /// What its author said about it.
    pub note: Option<String>,
}

/// The tab Overview of a transformation.
#[derive(Clone, Debug, Template)]
#[template(path = "transformation/overview.html")]
pub struct TransformationOverview {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: CodeHead,
    /// The code of the newest version.
    pub code: String,
    /// Which version the code is.
    pub code_version: Option<String>,
    /// When it was created.
    pub created: When,
    /// When it was last written.
    pub updated: When,
    /// The destinations that use it.
    pub used_by: Vec<UsedBy>,
    /// The newest version, where it is not published.
    pub draft: Option<Version>,
}

/// The tab Versions of a transformation.
#[derive(Clone, Debug, Template)]
#[template(path = "transformation/versions.html")]
pub struct TransformationVersions {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: CodeHead,
    /// The versions, newest first.
    pub versions: Vec<Version>,
}

/// The tab Audit Logs of a transformation.
#[derive(Clone, Debug, Template)]
#[template(path = "transformation/audit_logs.html")]
pub struct TransformationAuditLogs {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: CodeHead,
    /// Its events.
    pub log: ResourceLog,
}

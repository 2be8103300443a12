//! `/settings/team`: who is a member, and what each may do.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::when::When;

/// The members.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/team.html")]
pub struct Team {
    /// What surrounds the page.
    pub frame: Frame,
    /// The members.
    pub members: Vec<Member>,
}

/// One member.
#[derive(Clone, Debug)]
pub struct Member {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The role in the organization, as a word.
    pub organization_role: String,
    /// The role in the workspace, as a word; none without access.
    pub workspace_role: Option<String>,
    /// Since when.
    pub since: When,
    /// The member's events; none where the reader may not see them.
    pub events_href: Option<String>,
}

impl Member {
    pub(super) fn initials(&self) -> String {
        super::parts::initials(&self.name)
    }

    pub(super) fn hue(&self) -> u32 {
        super::parts::hue(&self.id)
    }
}

//! `/settings/team`: who is a member, and what each may do.

use askama::Template;

use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{Choice, Errors};
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

/// The question before a person is erased.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/erase.html")]
pub struct Erase {
    /// What surrounds the page.
    pub frame: Frame,
    /// The person's id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The e-mail address, which has to be typed.
    pub email: String,
    /// In how many events something of the person is sealed.
    pub events: u64,
    /// Whether the account goes as well, being in no other organization.
    pub account: bool,
    /// The reasons to choose from: word and label.
    pub bases: Vec<Choice>,
    /// What is wrong with what was sent: `confirm`.
    pub errors: Errors,
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
    /// Where the member is erased; none where the reader may not.
    pub erase_href: Option<String>,
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

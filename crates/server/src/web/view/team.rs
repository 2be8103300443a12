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
    /// Who is invited, newest first.
    pub invitations: Vec<Invited>,
    /// Who is no member any more and can be erased, for who may do that.
    pub former: Vec<Former>,
    /// Whether the reader may invite people, and change and remove members.
    pub can_edit: bool,
    /// Whether the reader may know who has a second factor, and when each was last seen.
    pub shows_factors: bool,
    /// How many members have none.
    pub without_factor: usize,
    /// Whether there is a mail server.
    pub has_mail: bool,
    /// E-mail and link of invitations just made, to hand over; shown once.
    pub links: Vec<(String, String)>,
    /// The number of the forms that make another link for an invitation; good once for each.
    pub once: String,
    /// What was typed as addresses.
    pub emails: String,
    /// The roles in the organization to choose from.
    pub roles: Vec<Choice>,
    /// The roles in the workspace to choose from.
    pub workspace_roles: Vec<Choice>,
    /// The roles, as columns of the table of who may do what.
    pub columns: Vec<&'static str>,
    /// Its lines.
    pub lines: Vec<Line>,
    /// The workspaces that are not shown, with the roles to choose from for who is invited.
    pub elsewhere: Vec<Elsewhere>,
    /// What is wrong with what was sent: `emails`.
    pub errors: Errors,
}

/// A workspace that is not shown, and the role in it.
#[derive(Clone, Debug)]
pub struct Elsewhere {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The roles to choose from.
    pub roles: Vec<Choice>,
}

/// A permission, and which of the roles has it.
#[derive(Clone, Debug)]
pub struct Line {
    /// The permission, as a person reads it.
    pub label: &'static str,
    /// For each role whether it has it.
    pub may: Vec<bool>,
}

/// One who is invited.
#[derive(Clone, Debug)]
pub struct Invited {
    /// The invitation's id.
    pub id: String,
    /// The e-mail address.
    pub email: String,
    /// What the person is to be, as a word.
    pub role: String,
    /// What became of it, as words.
    pub state: &'static str,
    /// How that looks: `ok`, `warn`, `bad` or nothing.
    pub tone: &'static str,
    /// Whether it can still be accepted.
    pub is_open: bool,
    /// Who invited the person, where that is known.
    pub by: Option<String>,
    /// Where the person is erased, for who may, and where there is no member to be erased.
    pub erase_href: Option<String>,
    /// When it ends or has ended.
    pub until: When,
}

/// One who is no member any more, and of whom events still tell.
#[derive(Clone, Debug)]
pub struct Former {
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// Where the person's events are.
    pub events_href: String,
    /// Where the person is erased.
    pub erase_href: String,
}

/// The question before a member is removed.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/remove.html")]
pub struct Remove {
    /// What surrounds the page.
    pub frame: Frame,
    /// The person's id, or that of the invitation.
    pub id: String,
    /// The name.
    pub name: String,
    /// The e-mail address, which has to be typed.
    pub email: String,
    /// What is wrong with what was sent: `confirm`.
    pub errors: Errors,
}

/// The question before a person is erased.
#[derive(Clone, Debug, Template)]
#[template(path = "settings/erase.html")]
pub struct Erase {
    /// What surrounds the page.
    pub frame: Frame,
    /// The person's id, or that of the invitation.
    pub id: String,
    /// The name.
    pub name: String,
    /// The e-mail address, which has to be typed.
    pub email: String,
    /// In how many events something of the person is sealed.
    pub events: u64,
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
    /// Since when the person is a member.
    pub since: When,
    /// Whether the person has a second factor; nothing for who may not read the person's sign-ins.
    pub has_factor: Option<bool>,
    /// When the person was last seen, where that is known, and shown.
    pub last_seen: Option<When>,
    /// Whether the reader may end the person's sessions.
    pub can_end_sessions: bool,
    /// The roles in the organization to choose from.
    pub roles: Vec<Choice>,
    /// The roles in the workspace to choose from.
    pub workspace_roles: Vec<Choice>,
    /// The roles in other workspaces to choose from.
    pub elsewhere: Vec<Elsewhere>,
    /// In how many other workspaces the person has a role.
    pub roles_elsewhere: usize,
    /// Where the member is removed; none where the reader may not.
    pub remove_href: Option<String>,
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

//! Everything around a page: navigation, the person, the theme, what just happened.

use super::parts::Recorded;

/// What surrounds every page of a signed-in person.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The organization's name.
    pub organization: String,
    /// The workspace's name.
    pub workspace: String,
    /// Who is signed in.
    pub person: Person,
    /// Goes into every form that changes something.
    pub csrf: String,
    /// The chosen theme.
    pub theme: Theme,
    /// The reader's zone as an IANA name, once the browser has told it; until then times are in UTC.
    pub zone: Option<String>,
    /// Which entry of the navigation the page belongs to.
    pub nav: NavItem,
    /// Counts beside the entries of the navigation.
    pub counts: NavCounts,
    /// What just happened, or what is wrong.
    pub flash: Option<Flash>,
    /// Whether the reader may see events.
    pub can_audit: bool,
    /// Whether the reader may see the tokens of the organization.
    pub can_edit_tokens: bool,
    /// Whether forms offer a field for the reason of a change.
    pub takes_reason: bool,
    /// The id of this request, for whoever asks for help.
    pub request_id: String,
}

/// What surrounds a page of someone who is not signed in: set-up, sign-in, errors.
#[derive(Clone, Debug, Default)]
pub struct Bare {
    /// Goes into every form that changes something.
    pub csrf: String,
    /// The chosen theme.
    pub theme: Theme,
    /// What just happened, or what is wrong.
    pub flash: Option<Flash>,
    /// The id of this request, for whoever asks for help.
    pub request_id: String,
}

/// The person who is signed in.
#[derive(Clone, Debug)]
pub struct Person {
    /// The id, from which the colour of the initials comes.
    pub id: String,
    /// The full name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// The role, as a word: `Admin`.
    pub role: String,
}

impl Person {
    /// Two letters for the picture.
    pub fn initials(&self) -> String {
        super::parts::initials(&self.name)
    }

    /// The hue of the picture, 1 to 6.
    pub fn hue(&self) -> u32 {
        super::parts::hue(&self.id)
    }
}

/// Light, dark, or what the system says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// What the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Reads the value of the cookie `annals_theme`; anything unknown is [`Theme::System`].
    pub fn from_cookie(value: &str) -> Self {
        match value {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }

    /// The word in the cookie and in the page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

/// The entries of the navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NavItem {
    /// `/sources`
    Sources,
    /// `/accounts`
    Accounts,
    /// `/destinations`
    Destinations,
    /// `/transformations`
    Transformations,
    /// `/libraries`
    Libraries,
    /// `/settings/audit-logs`
    AuditLogs,
    /// `/settings/workspace` and `/settings/team`
    Settings,
    /// `/workspaces`
    Workspaces,
    /// `/profile`
    Profile,
}

impl NavItem {
    /// Whether this is the entry of that address.
    pub fn is(self, other: &str) -> bool {
        let name = match self {
            Self::Sources => "sources",
            Self::Accounts => "accounts",
            Self::Destinations => "destinations",
            Self::Transformations => "transformations",
            Self::Libraries => "libraries",
            Self::AuditLogs => "audit-logs",
            Self::Settings => "settings",
            Self::Workspaces => "workspaces",
            Self::Profile => "profile",
        };
        name == other
    }
}

/// How many there are of each; nothing is shown where it is not known.
#[derive(Clone, Copy, Debug, Default)]
pub struct NavCounts {
    /// Sources of the workspace.
    pub sources: Option<u64>,
    /// Accounts of the workspace.
    pub accounts: Option<u64>,
    /// Destinations of the workspace.
    pub destinations: Option<u64>,
    /// Transformations of the workspace.
    pub transformations: Option<u64>,
    /// Libraries of the workspace.
    pub libraries: Option<u64>,
}

/// What just happened, or what is wrong: one line above the page.
#[derive(Clone, Debug)]
pub enum Flash {
    /// A change was made and recorded: "Saved. Recorded as Updated, entry 12."
    Recorded {
        /// What happened, one word or a short sentence without its full stop: `Saved`.
        done: String,
        /// The events that it left, at least one.
        events: Vec<Recorded>,
    },
    /// Something to know, without a fault: "Nothing changed, so nothing was recorded."
    Note(String),
    /// Something went another way than one might think, and is as it should be.
    Warning {
        /// What happened.
        title: String,
        /// What is true now and what to do.
        text: String,
    },
    /// Nothing was changed, because something is wrong.
    Error {
        /// What happened.
        title: String,
        /// What is true now and what to do.
        text: String,
    },
}

//! The tab Access of a source or destination: who may change it.

use askama::Template;

use super::destination::DestinationHead;
use super::filters;
use super::frame::{Flash, Frame};
use super::parts::{LastChange, Tab};
use super::source::SourceHead;

/// The tab.
#[derive(Clone, Debug, Template)]
#[template(path = "access/access.html")]
pub struct Access {
    /// What surrounds the page.
    pub frame: Frame,
    /// What stands above the tabs.
    pub head: Head,
    /// The address of the thing.
    pub path: String,
    /// Whether the reader may say who may change it.
    pub can_edit: bool,
    /// Whether only people selected may change it.
    pub locked: bool,
    /// The ids of who was selected when the form was made; none where anyone might change it.
    pub seen: Option<Vec<String>>,
    /// Who could be selected, those first who always may.
    pub editors: Vec<Editor>,
}

/// What stands above the tabs, of either kind.
#[derive(Clone, Debug)]
pub struct Head {
    /// The name as it is stored.
    pub name: String,
    /// The list that the thing is in: label and address.
    pub list: (&'static str, &'static str),
    /// The thing in a word.
    pub noun: &'static str,
    /// Its tabs.
    pub tabs: Vec<Tab>,
    /// Its initials.
    pub initials: String,
    /// Its colour.
    pub hue: u32,
    /// Its newest event.
    pub last_change: Option<LastChange>,
}

impl From<SourceHead> for Head {
    fn from(head: SourceHead) -> Self {
        Self {
            list: ("Sources", "/sources"),
            noun: "source",
            tabs: head.tabs("access"),
            initials: head.initials(),
            hue: head.hue(),
            name: head.name,
            last_change: head.last_change,
        }
    }
}

impl From<DestinationHead> for Head {
    fn from(head: DestinationHead) -> Self {
        Self {
            list: ("Destinations", "/destinations"),
            noun: "destination",
            tabs: head.tabs("access"),
            initials: head.initials(),
            hue: head.hue(),
            name: head.name,
            last_change: head.last_change,
        }
    }
}

/// One who may edit in the workspace.
#[derive(Clone, Debug)]
pub struct Editor {
    /// The person's id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The e-mail address.
    pub email: String,
    /// What the person is, as a word.
    pub role: &'static str,
    /// Whether the person may change it whatever is selected: who may say who may.
    pub always: bool,
    /// Whether the person's role allows it at all.
    pub may: bool,
    /// Whether the person is selected.
    pub selected: bool,
}

impl Editor {
    pub(super) fn initials(&self) -> String {
        super::parts::initials(&self.name)
    }

    pub(super) fn hue(&self) -> u32 {
        super::parts::hue(&self.id)
    }
}

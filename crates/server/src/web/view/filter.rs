//! What the page of the audit log is asked for: a tab, filters, a place in the list, an open row. All of it is in the
//! address, so that every view can be sent to someone, and Back works.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use super::parts::Tab;

const PATH: &str = "/settings/audit-logs";

/// The tabs: the value of `type`, and the label.
pub const TABS: [(&str, &str); 11] = [
    ("", "All"),
    ("source", "Source"),
    ("destination", "Destination"),
    ("transformation", "Transformation"),
    ("team", "Team"),
    ("mfa", "MFA"),
    ("sign-in", "Sign-in"),
    ("token", "Token"),
    ("workspace", "Workspace"),
    ("audit-log", "Audit log"),
    ("integrity", "Integrity"),
];

/// The query of the page. Everything is text as it was sent, and empty where it was not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// The tab, one of [`TABS`].
    #[serde(rename = "type")]
    pub tab: String,
    /// Who: an id or an e-mail address.
    pub actor: String,
    /// What: an event type such as `destination.updated`.
    pub action: String,
    /// To what: an id.
    pub target: String,
    /// With which token: an id or a name.
    pub token: String,
    /// How it ended: `success`, `denied` or `failed`.
    pub outcome: String,
    /// From this day on, `2026-11-17`, in the zone shown.
    pub from: String,
    /// Up to and with this day, in the zone shown.
    pub to: String,
    /// `utc`, or empty for the reader's zone.
    pub zone: String,
    /// Only events older than the one with this id.
    pub older_than: String,
    /// Only events newer than the one with this id.
    pub newer_than: String,
    /// The id of the event that is open in its row.
    pub open: String,
    /// What else was sent, by name: no filter of ours.
    #[serde(flatten)]
    pub unknown: BTreeMap<String, String>,
}

/// One filter that is set, with the address without it.
#[derive(Clone, Debug)]
pub struct Chip {
    /// What it is about: `Action`.
    pub name: &'static str,
    /// Its value.
    pub value: String,
    /// The page without it.
    pub without: String,
}

impl Filter {
    /// The filters alone, with the zone that their days are of, for a form: what [`Filter::of_query`] reads.
    pub fn query(&self) -> String {
        let alone = Self {
            older_than: String::new(),
            newer_than: String::new(),
            open: String::new(),
            ..self.clone()
        };
        let href = alone.href();
        href.split_once('?')
            .map(|(_, query)| query.to_owned())
            .unwrap_or_default()
    }

    /// The filters that a query says.
    pub fn of_query(query: &str) -> Option<Self> {
        serde_urlencoded::from_str(query).ok()
    }

    /// The address of this view.
    pub fn href(&self) -> String {
        let mut out = PATH.to_owned();
        let pairs = [
            ("type", &self.tab),
            ("actor", &self.actor),
            ("action", &self.action),
            ("target", &self.target),
            ("token", &self.token),
            ("outcome", &self.outcome),
            ("from", &self.from),
            ("to", &self.to),
            ("zone", &self.zone),
            ("older_than", &self.older_than),
            ("newer_than", &self.newer_than),
            ("open", &self.open),
        ];
        let unknown = self.unknown.iter().map(|(name, value)| (&**name, value));
        let pairs = pairs.into_iter().chain(unknown);
        for (name, value) in pairs.filter(|(_, value)| !value.is_empty()) {
            out.push(if out.len() == PATH.len() { '?' } else { '&' });
            encode(&mut out, name);
            out.push('=');
            encode(&mut out, value);
        }
        out
    }

    /// The same filters at the newest page, with nothing open.
    #[must_use]
    pub fn newest(&self) -> Self {
        Self {
            older_than: String::new(),
            newer_than: String::new(),
            open: String::new(),
            ..self.clone()
        }
    }

    /// The page of events older than this one.
    #[must_use]
    pub fn older_than(&self, id: &str) -> Self {
        Self {
            older_than: id.to_owned(),
            ..self.newest()
        }
    }

    /// The page of events newer than this one.
    #[must_use]
    pub fn newer_than(&self, id: &str) -> Self {
        Self {
            newer_than: id.to_owned(),
            ..self.newest()
        }
    }

    /// This page with one row open.
    #[must_use]
    pub fn opened(&self, id: &str) -> Self {
        Self {
            open: id.to_owned(),
            ..self.clone()
        }
    }

    /// This page in the reader's zone (empty) or in `utc`.
    #[must_use]
    pub fn in_zone(&self, zone: &str) -> Self {
        Self {
            zone: zone.to_owned(),
            ..self.clone()
        }
    }

    /// The newest page of this tab without any other filter.
    #[must_use]
    pub fn cleared(&self) -> Self {
        Self {
            tab: self.tab.clone(),
            zone: self.zone.clone(),
            ..Self::default()
        }
    }

    /// Whether times are shown in UTC by choice.
    pub fn is_utc(&self) -> bool {
        self.zone == "utc"
    }

    /// Whether this is the newest page.
    pub fn is_newest(&self) -> bool {
        self.older_than.is_empty() && self.newer_than.is_empty()
    }

    /// Whether any filter is set; the tab is none.
    pub fn is_set(&self) -> bool {
        self.newest() != self.cleared()
    }

    /// The filters that are set.
    pub fn chips(&self) -> Vec<Chip> {
        let newest = self.newest();
        let chip = |name, value: &str, clear: fn(&mut Self)| {
            let mut without = newest.clone();
            clear(&mut without);
            Chip {
                name,
                value: value.to_owned(),
                without: without.href(),
            }
        };
        [
            chip("User", &self.actor, |f| f.actor.clear()),
            chip("Action", &self.action, |f| f.action.clear()),
            chip("Target", &self.target, |f| f.target.clear()),
            chip("Token", &self.token, |f| f.token.clear()),
            chip("Outcome", &self.outcome, |f| f.outcome.clear()),
            chip("From", &self.from, |f| f.from.clear()),
            chip("To", &self.to, |f| f.to.clear()),
        ]
        .into_iter()
        .filter(|chip| !chip.value.is_empty())
        .collect()
    }

    /// The tabs, each keeping the other filters; `count` says how many events are behind one, where that is known. An
    /// action belongs to one type, so it does not go along.
    pub fn tabs(&self, count: impl Fn(&str) -> Option<u64>) -> Vec<Tab> {
        let tab = |(value, label): (&str, &str)| {
            let there = Self {
                tab: value.to_owned(),
                action: String::new(),
                ..self.newest()
            };
            Tab::new(label, there.href(), self.tab == value).count(count(value))
        };
        TABS.into_iter().map(tab).collect()
    }
}

/// Percent-encodes a value for a query.
fn encode(out: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~@:".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Filter;

    fn filter() -> Filter {
        Filter {
            tab: "destination".to_owned(),
            actor: "ines@fernhill.example".to_owned(),
            target: "a b&c=ø".to_owned(),
            older_than: "2CHj1PJ6uNqtjkAtnTnPGkQ0Vx9".to_owned(),
            ..Filter::default()
        }
    }

    #[test]
    fn an_address_says_only_what_is_set_and_escapes_it() {
        assert_eq!(Filter::default().href(), "/settings/audit-logs");
        assert_eq!(
            filter().href(),
            "/settings/audit-logs?type=destination&actor=ines@fernhill.example&target=a%20b%26c%3D%C3%B8\
             &older_than=2CHj1PJ6uNqtjkAtnTnPGkQ0Vx9"
        );
    }

    #[test]
    fn a_chip_leads_to_the_newest_page_without_its_filter() {
        let chips = filter().chips();
        let names: Vec<_> = chips.iter().map(|chip| chip.name).collect();
        assert_eq!(names, ["User", "Target"]);
        assert_eq!(
            chips[1].without,
            "/settings/audit-logs?type=destination&actor=ines@fernhill.example"
        );
    }

    #[test]
    fn a_tab_keeps_filters_but_neither_the_place_nor_the_action() {
        let filter = Filter {
            action: "destination.updated".to_owned(),
            open: "x".to_owned(),
            ..filter()
        };
        let tabs = filter.tabs(|tab| (tab == "mfa").then_some(3));
        assert_eq!(
            tabs[1].href,
            "/settings/audit-logs?type=source&actor=ines@fernhill.example&target=a%20b%26c%3D%C3%B8"
        );
        assert!(tabs[2].current);
        assert_eq!(tabs[5].count, Some(3));
    }

    #[test]
    fn a_tab_alone_is_no_filter() {
        assert!(
            !Filter {
                tab: "mfa".to_owned(),
                zone: "utc".to_owned(),
                ..Filter::default()
            }
            .is_set()
        );
        assert!(filter().is_set());
        assert!(!filter().is_newest());
    }
}

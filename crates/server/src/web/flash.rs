//! What the page after a change says about it. The cookie carries a word and the places of the entries in the log;
//! what they say is read again, and only the person's own are shown.

use std::ops::Range;

use model::id::{LogId, UserId};
use store::{Result, Rx};

use super::event::label;
use super::view::frame::Flash;
use super::view::parts::Recorded;

/// How long a change may wait for its page, in seconds.
pub(super) const SECONDS: i64 = 60;
/// The most logs of which a cookie says where in them a change is.
const MOST_LOGS: usize = 20;
/// The most events of one change that are named.
const MOST: u64 = 8;

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Done {
    Created,
    Saved,
    Enabled,
    Disabled,
    Deleted,
    Connected,
    Disconnected,
    Added,
    TakenAway,
    Erased,
    Invited,
    Resent,
    Cancelled,
    Removed,
    Ended,
    TurnedOn,
    TurnedOff,
    Joined,
    Confirmed,
    Published,
}

impl Done {
    const ALL: [(Self, &'static str, &'static str); 20] = [
        (Self::Created, "created", "Created"),
        (Self::Saved, "saved", "Saved"),
        (Self::Enabled, "enabled", "Enabled"),
        (Self::Disabled, "disabled", "Disabled"),
        (Self::Deleted, "deleted", "Deleted"),
        (Self::Connected, "connected", "Connected"),
        (Self::Disconnected, "disconnected", "Disconnected"),
        (Self::Added, "added", "Added"),
        (Self::TakenAway, "taken", "Taken away"),
        (Self::Erased, "erased", "Erased"),
        (Self::Invited, "invited", "Invited"),
        (Self::Resent, "resent", "Sent again"),
        (Self::Cancelled, "cancelled", "Withdrawn"),
        (Self::Removed, "removed", "Removed"),
        (Self::Ended, "ended", "Ended"),
        (Self::TurnedOn, "on", "Turned on"),
        (Self::TurnedOff, "off", "Turned off"),
        (Self::Joined, "joined", "Joined"),
        (Self::Confirmed, "confirmed", "Address changed"),
        (Self::Published, "published", "Published"),
    ];

    /// That something was enabled, or disabled.
    pub(super) const fn enabled(now: bool) -> Self {
        if now { Self::Enabled } else { Self::Disabled }
    }

    fn word(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(done, ..)| *done == self)
            .map_or("saved", |(_, word, _)| word)
    }
}

/// The value of the cookie: the word, and where the entries are in each log.
pub(super) fn cookie(done: Done, entries: &[(LogId, Range<u64>)]) -> String {
    if entries.is_empty() {
        return "unchanged".to_owned();
    }
    let entries = entries.iter().take(MOST_LOGS);
    entries.fold(done.word().to_owned(), |cookie, (log, range)| {
        format!("{cookie}.{log}.{}.{}", range.start, range.end)
    })
}

/// What a cookie says was done, alone.
pub(super) fn word(cookie: &str) -> Option<&'static str> {
    if cookie == "unchanged" {
        return Some("Nothing changed, so nothing was recorded");
    }
    let word = cookie.split('.').next()?;
    let known = Done::ALL.iter().find(|(_, known, _)| *known == word);
    known.map(|(_, _, done)| *done)
}

/// What a cookie says was done, if it is that an address was confirmed.
pub(super) fn confirmed(cookie: &str) -> Option<&'static str> {
    let is_it = cookie.split('.').next() == Some(Done::Confirmed.word());
    is_it.then(|| word(cookie)).flatten()
}

/// What a cookie says, for this person.
pub(super) fn read(
    rx: &mut Rx<'_>,
    cookie: &str,
    organization: model::id::OrganizationId,
    user: UserId,
    can_audit: bool,
) -> Result<Option<Flash>> {
    if cookie == "unchanged" {
        let text = "Nothing changed, so nothing was recorded.";
        return Ok(Some(Flash::Note(text.to_owned())));
    }
    let Some(log) = rx.log_of(organization)? else {
        return Ok(None);
    };
    let mut words = cookie.split('.');
    let word = words.next();
    let log = log.to_string();
    let (Some(_), Some(start), Some(end)) =
        (words.find(|word| *word == log), words.next(), words.next())
    else {
        return Ok(None);
    };
    let known = Done::ALL.iter().find(|(_, known, _)| Some(*known) == word);
    let (Some((_, _, done)), Ok(start), Ok(end)) =
        (known, start.parse::<u64>(), end.parse::<u64>())
    else {
        return Ok(None);
    };
    let start = start.max(end.saturating_sub(MOST));
    let events: Vec<Recorded> = rx
        .events_between(organization, start..end)?
        .into_iter()
        .filter(|event| event.entry.actor.id.as_deref() == Some(user.as_str()))
        .map(|event| Recorded {
            label: label(&event.entry).to_owned(),
            entry: event.entry.sequence,
            // Without an id the page names the entry and does not lead there.
            event_id: if can_audit {
                event.entry.id
            } else {
                String::new()
            },
        })
        .collect();
    Ok((!events.is_empty()).then(|| Flash::Recorded {
        done: (*done).to_owned(),
        events,
    }))
}

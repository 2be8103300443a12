//! What the log says of one thing: its newest change, its number of events, its tab.

use std::collections::HashMap;

use model::catalogue::TargetType;
use model::entry::Outcome;
use model::id::{EventId, OrganizationId, WorkspaceId};
use serde::Deserialize;
use store::{Error, Event, Order, Page, Query, Result, Rx};

use super::event::{Shower, log_of};
use super::me::Me;
use super::refusal::Refusal;
use super::view::event::{ResourceLog, apart, by_day};
use super::view::filter::Filter;
use super::view::parts::{LastChange, Recorded};
use super::visitor::Clock;
use crate::actions::transformation::update::CHANGED_MEANWHILE;
use crate::app::App;
use crate::audit::{self, Reach};

/// How many events are on a page.
pub(super) const PAGE: usize = 50;

/// Where to read the log for someone who may.
#[derive(Clone, Debug)]
pub(super) struct Reader {
    may: bool,
    organization: OrganizationId,
    workspace: WorkspaceId,
    clock: Clock,
}

/// The newest change of a thing, and how many events it has.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    pub(super) last: Option<LastChange>,
    pub(super) events: Option<u64>,
}

impl Reader {
    pub(super) fn of(me: &Me) -> Self {
        Self {
            may: me.signed_in.can.read_audit_log,
            organization: me.signed_in.organization.id,
            workspace: me.signed_in.workspace.id,
            clock: me.clock().clone(),
        }
    }

    /// What is known of a thing; nothing for who may not read the log.
    pub(super) fn known(&self, rx: &mut Rx<'_>, thing: &str) -> Result<Known> {
        if !self.may {
            return Ok(Known::default());
        }
        let query = Query {
            workspace: Some(self.workspace),
            targets: Some(vec![thing.to_owned()]),
            ..Query::default()
        };
        let events = rx.count_events(self.organization, &query)?;
        // What was refused has changed nothing.
        let thing = [thing.to_owned()];
        let changes = rx.newest_of(self.organization, self.workspace, &thing)?;
        let last = changes.values().next();
        let last = last
            .map(|event| {
                let mut shower = Shower::of(&self.clock, rx, [event])?;
                Self::change(&mut shower, rx, event, &thing[0])
            })
            .transpose()?;
        Ok(Known {
            last,
            events: Some(events),
        })
    }

    /// The newest change of each of these things, by id; nothing for who may not read the log.
    pub(super) fn last_of(
        &self,
        rx: &mut Rx<'_>,
        things: &[String],
    ) -> Result<HashMap<String, LastChange>> {
        if !self.may {
            return Ok(HashMap::new());
        }
        let newest = rx.newest_of(self.organization, self.workspace, things)?;
        let mut shower = Shower::of(&self.clock, rx, newest.values())?;
        newest
            .into_iter()
            .map(|(thing, event)| {
                let change = Self::change(&mut shower, rx, &event, &thing)?;
                Ok((thing, change))
            })
            .collect()
    }

    /// The change as it is told of the thing: where that is not what was changed, what was is named too.
    fn change(
        shower: &mut Shower<'_>,
        rx: &mut Rx<'_>,
        event: &Event,
        thing: &str,
    ) -> Result<LastChange> {
        let row = shower.row(rx, event, false)?;
        Ok(LastChange {
            event: Recorded {
                label: if row.target.id == thing {
                    row.label
                } else {
                    row.heading()
                },
                entry: event.entry.sequence,
                event_id: event.entry.id.clone(),
            },
            by: row.actor.name,
            when: row.when,
        })
    }
}

/// What was read of a thing. Where there is none any more, who may read its log is led there.
pub(super) async fn or_gone<T>(
    read: Result<T>,
    app: &App,
    me: &Me,
    (kind, id): (TargetType, &str),
) -> std::result::Result<T, Refusal> {
    let noun = match read {
        Err(Error::NotFound(noun)) => noun,
        read => return Ok(read?),
    };
    let (organization, workspace) = (me.signed_in.organization.id, me.place().workspace);
    let thing = id.to_owned();
    let was_here = me.signed_in.can.read_audit_log
        && app
            .read(move |rx| {
                let newest = rx.newest_of(organization, workspace, std::slice::from_ref(&thing))?;
                // What has this id may be of another kind, and have its page elsewhere.
                Ok(newest.values().any(|event| {
                    let things = std::iter::once(&event.entry.target).chain(&event.entry.related);
                    let mut of_kind = things.filter(|one| one.r#type == kind.as_str());
                    of_kind.any(|one| one.id.as_deref() == Some(&*thing))
                }))
            })
            .await?;
    if !was_here {
        return Err(Error::NotFound(noun).into());
    }
    let log = log_of(kind, id).unwrap_or_else(|| {
        let all = Filter {
            target: id.to_owned(),
            ..Filter::default()
        };
        all.href()
    });
    Err(Refusal::gone(noun).link("Find in the log", &log))
}

/// Who has changed a thing last: `you` or, for who may read the log, a name.
pub(super) async fn changed_by(
    app: &App,
    me: &Me,
    (kind, thing): (TargetType, &str),
) -> std::result::Result<Option<String>, Refusal> {
    let actions: &[&str] = match kind {
        TargetType::Connection => &["updated_connection"],
        _ => &["updated", "updated_name"],
    };
    let (organization, place) = (me.signed_in.organization.id, me.place());
    let (own, may) = (me.signed_in.user.id, me.signed_in.can.read_audit_log);
    let (thing, clock) = (thing.to_owned(), me.clock().clone());
    let by = app
        .read(move |rx| {
            let mut changes = Vec::new();
            for action in actions {
                let query = Query {
                    workspace: Some(place.workspace),
                    targets: Some(vec![thing.clone()]),
                    action: Some((*action).to_owned()),
                    outcome: Some(Outcome::Success),
                    order: Order::Newest,
                    limit: 1,
                    ..Query::default()
                };
                changes.extend(rx.events(organization, &query)?.events);
            }
            let last = changes.iter().max_by_key(|event| event.entry.sequence);
            let Some(event) = last else { return Ok(None) };
            if event.entry.actor.id.as_deref() == Some(own.as_str()) {
                return Ok(Some("you".to_owned()));
            }
            let row = Shower::of(&clock, rx, [event])?.row(rx, event, false)?;
            Ok(may.then(|| apart(row.actor.name)))
        })
        .await?;
    Ok(by)
}

/// A refusal of what was made from an older state of a thing, with who has changed that.
pub(super) async fn by_whom(
    app: &App,
    me: &Me,
    error: Error,
    thing: (TargetType, &str),
) -> std::result::Result<Error, Refusal> {
    match error {
        Error::Failed { code, message } if code == CHANGED_MEANWHILE => {
            let by = changed_by(app, me, thing).await?;
            let message = by.map_or(message, |by| {
                format!("it was changed meanwhile, by {by}; look at it again")
            });
            Ok(Error::Failed { code, message })
        }
        error => Ok(error),
    }
}

/// Which part of a thing's events is shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    older_than: String,
    newer_than: String,
    /// The id of the event that is open in its row.
    open: String,
}

/// The query for a page: newest first, or from a cursor in either direction.
pub(super) fn turn(query: Query, older_than: &str, newer_than: &str) -> Result<Query> {
    let cursor = |id: &str| {
        id.parse::<EventId>().map_err(|_| {
            store::Error::invalid("unknown_cursor", "there is no such event to go on from")
        })
    };
    let (after, order) = match (older_than, newer_than) {
        ("", "") => (None, Order::Newest),
        ("", newer) => (Some(cursor(newer)?), Order::Oldest),
        (older, _) => (Some(cursor(older)?), Order::Newest),
    };
    Ok(Query {
        after,
        order,
        limit: PAGE,
        ..query
    })
}

/// The events of a page, newest first, and whether there are newer and older ones.
pub(super) fn leaf(page: Page, query: &Query) -> (Vec<Event>, bool, bool) {
    let mut events = page.events;
    match query.order {
        Order::Newest => (events, query.after.is_some(), page.more),
        Order::Oldest => {
            events.reverse();
            (events, page.more, query.after.is_some())
        }
    }
}

/// The tab Audit Logs of a thing, and its name from its newest event: a thing that was deleted has no other.
pub(super) async fn of(
    app: &App,
    me: &Me,
    thing: &str,
    path: &str,
    part: &Part,
) -> std::result::Result<(ResourceLog, Option<Event>), Refusal> {
    let query = Query {
        targets: Some(vec![thing.to_owned()]),
        ..Query::default()
    };
    let query = turn(query, &part.older_than, &part.newer_than)?;
    let page = audit::events(app, &me.signed_in.caller, reach(me), query.clone()).await?;
    let total = page.total;
    let (events, newer, older) = leaf(page, &query);
    let mut named = events
        .iter()
        .filter(|event| named_in(event, thing).is_some());
    let newest = named.next().or(events.first()).cloned();
    let clock = me.clock().clone();
    let (shown, open) = (thing.to_owned(), part.open.clone());
    let rows = app
        .read(move |rx| {
            let mut shower = Shower::of(&clock, rx, &events)?;
            events
                .iter()
                .map(|event| shower.row_on(rx, event, &shown, event.entry.id == open))
                .collect::<Result<Vec<_>>>()
        })
        .await?;
    let link = |name: &str, there: bool, row: Option<&super::view::event::EventRow>| {
        row.filter(|_| there)
            .map(|row| format!("{path}/audit-logs?{name}={}", row.id))
    };
    let all = Filter {
        target: thing.to_owned(),
        ..Filter::default()
    };
    let cursor = match (&*part.older_than, &*part.newer_than) {
        ("", "") => String::new(),
        ("", newer) => format!("?newer_than={newer}"),
        (older, _) => format!("?older_than={older}"),
    };
    let log = ResourceLog {
        href: format!("{path}/audit-logs{cursor}"),
        query: all.query(),
        all_href: all.href(),
        newer_href: link("newer_than", newer, rows.first()),
        older_href: link("older_than", older, rows.last()),
        total: Some(total),
        days: by_day(rows),
    };
    Ok((log, newest))
}

/// The part of the log that the person's pages show: the workspace's, and what has no workspace.
pub(super) const fn reach(me: &Me) -> Reach {
    Reach {
        organization: me.signed_in.organization.id,
        workspace: Some(me.signed_in.workspace.id),
        own: Some(me.signed_in.workspace.id),
    }
}

fn named_in<'e>(event: &'e Event, thing: &str) -> Option<&'e String> {
    if event.entry.target.id.as_deref() == Some(thing) {
        event.target_name.as_ref()
    } else {
        event.related_names.get(thing)
    }
}

/// The name that a thing had when this happened.
pub(super) fn name_in(event: &Event, thing: &str) -> String {
    let name = named_in(event, thing).cloned();
    name.unwrap_or_else(|| "Without a name".to_owned())
}

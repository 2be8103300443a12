//! Refusals are events too, but many alike become two: one at the start of a series, one with a count at its end. Above
//! 60 series a minute from one actor, one summary a minute stands for the rest. Open series are rows, so that a restart
//! or another process goes on with them.
//!
//! What is refused to be made has no id yet, and is told apart by its name. Anybody can invent names, so only some of them
//! have a series each; the rest is one series, as if it had no name.

use std::fmt::Write as _;

use model::actor::{Origin, System};
use model::catalogue::{AUDIT_LOG_REFUSALS_SUMMARIZED, EventType, TargetType};
use model::clock::Micros;
use model::entry::Outcome;
use model::id::{LogId, RequestId, UserId, WorkspaceId};
use model::interface::Interface;
use serde_json::json;

use crate::acting::Acting;
use crate::action::{Need, Resource, Target};
use crate::append::Draft;
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::keys::hmac;
use crate::search::{Order, Query};
use crate::tx::Rx;
use crate::writer::Group;

/// How long a series of like refusals is kept open.
pub(crate) const SERIES: i64 = 600 * Micros::SECOND;
/// How long a summary is kept open.
pub(crate) const SUMMARY: i64 = 60 * Micros::SECOND;
/// How many series one actor may open in a minute before the rest is summed up.
pub(crate) const MOST: i64 = 60;

/// How many things that are to be made may have a series each, of one actor, action and code.
const NAMES: i64 = 20;
/// What the key of such a series begins with; no id does.
const NAMED: &str = "name ";

/// One refusal of one action.
pub(crate) struct Refused<'a> {
    pub(crate) event: EventType,
    pub(crate) acting: &'a Acting,
    pub(crate) origin: &'a Origin,
    pub(crate) outcome: Outcome,
    pub(crate) code: &'static str,
    pub(crate) need: &'a Need,
    pub(crate) at: Micros,
}

const OPEN: &str = "SELECT log_id, actor, event_type, target, code, actor_kind, outcome, workspace_id, token, first_at, last_at, count FROM refusals ";

/// Records a refusal: an event, or one more in a series.
pub(crate) fn record(group: &mut Group<'_>, log: LogId, refused: &Refused<'_>) -> Result<()> {
    let target = refused.need.resource.target.id.clone().unwrap_or_default();
    // Nobody in particular tries to sign in: such a series belongs to the account that is tried, and to the address that it is tried
    // from, of which its first event tells. Together those of one account open as many as one actor may.
    let known = refused.acting.id();
    let nobody = if known.is_some() {
        ""
    } else {
        refused.acting.kind
    };
    let all = known.unwrap_or_else(|| format!("{nobody}:{target}"));
    let actor = if nobody.is_empty() {
        all.clone()
    } else {
        format!("{all}{}", from(group, refused.origin))
    };
    let event = refused.event.to_string();
    let target = match named(group, refused) {
        // Of nobody in particular all are one: nothing else would bound them together.
        Some(named)
            if nobody.is_empty() && has_place(group, log, (&actor, &event, &named), refused)? =>
        {
            named
        }
        _ => target,
    };
    let open = group.conn.query_one(
        &format!("{OPEN} WHERE log_id = $1 AND actor = $2 AND event_type = $3 AND target = $4 AND code = $5"),
        params![&log, &actor, &event, &target, refused.code],
    )?;
    if let Some(row) = open {
        if row.moment(9)?.plus(SERIES) > refused.at {
            return one_more(group, log, &actor, &event, &target, refused);
        }
        close_one(group, &row, refused.at)?;
    }
    let row = group.conn.query_one(
        "SELECT CAST(count(*) AS BIGINT) FROM refusals WHERE log_id = $1 AND (actor = $2 OR (actor_kind = $5 AND target = $6)) AND first_at > $3 AND event_type <> $4",
        params![
            &log,
            &actor,
            refused.at.plus(-SUMMARY),
            &AUDIT_LOG_REFUSALS_SUMMARIZED.to_string(),
            nobody,
            &target,
        ],
    )?;
    if row.map(|row| row.int(0)).transpose()?.unwrap_or(0) >= MOST {
        let summary = AUDIT_LOG_REFUSALS_SUMMARIZED.to_string();
        let about = if nobody.is_empty() { &all } else { &target };
        let is_open = group.conn.query_one(
            &format!("{OPEN} WHERE log_id = $1 AND actor = $2 AND event_type = $3 AND target = $4 AND code = ''"),
            params![&log, &all, &summary, about],
        )?;
        let refused = Refused {
            code: "",
            ..*refused
        };
        return match is_open {
            Some(_) => one_more(group, log, &all, &summary, about, &refused),
            None => open_one(group, log, &all, &summary, about, &refused),
        };
    }
    let resource = &refused.need.resource;
    let person = person_of(&resource.target)?;
    // Where it cannot be recorded, no series is open either.
    group.append(
        log,
        &Draft {
            event: refused.event,
            at: refused.at,
            acting: refused.acting,
            origin: refused.origin,
            outcome: refused.outcome,
            code: Some(refused.code),
            target: &resource.target,
            related: &refused.need.related,
            workspace: resource.workspace,
            person,
            changes: &[],
            detail: None,
            facts: None,
        },
    )?;
    open_one(group, log, &actor, &event, &target, refused)
}

/// From where something was tried, for the key of a series: an address itself is in sealed parts alone.
fn from(group: &Group<'_>, origin: &Origin) -> String {
    let Some(ip) = origin.ip else {
        return String::new();
    };
    let ip = ip.to_canonical().to_string();
    hidden(" ", group, &[b"refused from\n", ip.as_bytes()])
}

/// The key of a series of what is to be made, where it has a name: that itself is in sealed parts alone.
fn named(group: &Group<'_>, refused: &Refused<'_>) -> Option<String> {
    let Resource { workspace, target } = &refused.need.resource;
    match (&target.id, &target.name) {
        (None, Some(name)) => Some(key_of_name(group, *workspace, name)),
        _ => None,
    }
}

fn key_of_name(group: &Group<'_>, workspace: Option<WorkspaceId>, name: &str) -> String {
    let workspace = workspace.map(|id| id.to_string()).unwrap_or_default();
    let parts: [&[u8]; 4] = [
        b"refused name\n",
        workspace.as_bytes(),
        b"\n",
        name.as_bytes(),
    ];
    hidden(NAMED, group, &parts)
}

/// What tells a value apart from others, and does not tell it.
fn hidden(start: &str, group: &Group<'_>, parts: &[&[u8]]) -> String {
    let hash = hmac(&group.env.index, parts);
    let mut out = String::from(start);
    for byte in &hash[..16] {
        let _ = write!(out, "{byte:02x}");
    }
    out
}

/// Whether a name has a series, or may have one.
fn has_place(
    group: &mut Group<'_>,
    log: LogId,
    (actor, event, named): (&str, &str, &str),
    refused: &Refused<'_>,
) -> Result<bool> {
    let row = group.conn.query_one(
        "SELECT CAST(count(*) AS BIGINT) FROM refusals WHERE log_id = $1 AND actor = $2 AND event_type = $3 AND code = $4 \
         AND target <> $5 AND substr(target, 1, 5) = $6 AND first_at > $7",
        params![&log, actor, event, refused.code, named, NAMED, refused.at.plus(-SERIES)],
    )?;
    Ok(row.map(|row| row.int(0)).transpose()?.unwrap_or(0) < NAMES)
}

fn person_of(target: &Target) -> Result<Option<UserId>> {
    match (target.kind, &target.id) {
        (TargetType::User, Some(id)) => id
            .parse()
            .map(Some)
            .map_err(|_| Error::Internal("a person's id that is none".to_owned())),
        _ => Ok(None),
    }
}

fn open_one(
    group: &mut Group<'_>,
    log: LogId,
    actor: &str,
    event: &str,
    target: &str,
    refused: &Refused<'_>,
) -> Result<()> {
    group.conn.execute(
        "INSERT INTO refusals (log_id, actor, event_type, target, code, actor_kind, outcome, workspace_id, token, first_at, last_at, count) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, 1)",
        params![
            &log,
            actor,
            event,
            target,
            refused.code,
            refused.acting.kind,
            refused.outcome.as_str(),
            refused.need.resource.workspace.as_ref(),
            refused.acting.token.as_ref(),
            refused.at,
        ],
    )?;
    Ok(())
}

fn one_more(
    group: &mut Group<'_>,
    log: LogId,
    actor: &str,
    event: &str,
    target: &str,
    refused: &Refused<'_>,
) -> Result<()> {
    group.conn.execute(
        "UPDATE refusals SET count = count + 1, last_at = $6 WHERE log_id = $1 AND actor = $2 AND event_type = $3 AND target = $4 AND code = $5",
        params![&log, actor, event, target, refused.code, refused.at],
    )?;
    Ok(())
}

/// Closes the series of all logs that have been open long enough, and gives their number.
pub(crate) fn close_due(group: &mut Group<'_>, now: Micros) -> Result<u64> {
    let due = group.conn.query(
        &format!("{OPEN} WHERE first_at <= $1 OR (event_type = $3 AND first_at <= $2) ORDER BY log_id, first_at LIMIT 500"),
        params![now.plus(-SERIES), now.plus(-SUMMARY), &AUDIT_LOG_REFUSALS_SUMMARIZED.to_string()],
    )?;
    let mut closed = 0;
    for row in due {
        group.lock_log(row.parse(0)?)?;
        // Another process may have closed it while this one waited for the log.
        let again = group.conn.query_one(
            &format!("{OPEN} WHERE log_id = $1 AND actor = $2 AND event_type = $3 AND target = $4 AND code = $5 AND first_at = $6"),
            params![row.text(0)?, row.text(1)?, row.text(2)?, row.text(3)?, row.text(4)?, row.moment(9)?],
        )?;
        if let Some(row) = again {
            match close_one(group, &row, now) {
                Ok(()) => closed += 1,
                // Nothing is written then. The series stays open until the key is there again; the others do not wait for it.
                Err(Error::KeyMissing) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(closed)
}

/// The name that a thing had when it was last told of, where it has none now: it may have gone since.
fn name_then(rx: &mut Rx<'_>, log: LogId, kind: TargetType, id: &str) -> Result<Option<String>> {
    let log = rx.log(log)?;
    let (Some(organization), false) = (
        log.and_then(|log| log.organization),
        kind == TargetType::User,
    ) else {
        return Ok(None);
    };
    let told = Query {
        targets: Some(vec![id.to_owned()]),
        order: Order::Newest,
        limit: 20,
        ..Query::default()
    };
    let events = rx.events(organization, &told)?.events.into_iter();
    let mut about_it = events.filter(|event| event.entry.target.id.as_deref() == Some(id));
    Ok(about_it.find_map(|event| event.target_name))
}

/// The name of what was to be made, from the event that began its series.
fn name_of_series(
    group: &mut Group<'_>,
    log: LogId,
    row: &Row,
    kind: &EventType,
) -> Result<Option<String>> {
    let (actor, named, first) = (row.text(1)?, row.text(3)?, row.moment(9)?);
    let workspace = row.opt_parse(7)?;
    let mut rx = group.rx();
    let Some(organization) = rx.log(log)?.and_then(|log| log.organization) else {
        return Ok(None);
    };
    let began = Query {
        actors: Some(vec![actor.to_owned()]),
        action: Some(kind.action.to_owned()),
        target_type: Some(kind.target.as_str().to_owned()),
        created_after: Some(first.plus(-1)),
        created_before: Some(first.plus(1)),
        limit: 1000,
        ..Query::default()
    };
    let events = rx.events(organization, &began)?.events.into_iter();
    let mut names = events.filter_map(|event| event.target_name);
    Ok(names.find(|name| key_of_name(group, workspace, name) == named))
}

/// Closes one series: an event with the count, if there was more than the one that began it.
fn close_one(group: &mut Group<'_>, row: &Row, now: Micros) -> Result<()> {
    let log: LogId = row.parse(0)?;
    let (actor, event, target, code) = (row.text(1)?, row.text(2)?, row.text(3)?, row.text(4)?);
    let (first, last, count) = (row.moment(9)?, row.moment(10)?, row.int(11)?);
    let is_summary = event == AUDIT_LOG_REFUSALS_SUMMARIZED.to_string();
    if count > 1 || is_summary {
        let event_type = EventType::find_name(event)
            .ok_or_else(|| Error::Internal(format!("a refusal of {event}")))?;
        let named = if target.starts_with(NAMED) {
            name_of_series(group, log, row, event_type)?
        } else {
            None
        };
        let mut rx = group.rx();
        let acting = rx.acting_of_record(row.text(5)?, actor, row.opt_text(8)?)?;
        let kind = if !is_summary {
            event_type.target
        } else if row.text(5)? != "service" {
            // A person; or the account that nobody in particular tried to open.
            TargetType::User
        } else {
            TargetType::AccessToken
        };
        let id = if target.is_empty() || target.starts_with(NAMED) {
            None
        } else {
            Some(target.to_owned())
        };
        let name = match &id {
            Some(id) => match rx.name_of(kind, id)? {
                Some(name) => Some(name),
                None => name_then(&mut rx, log, kind, id)?,
            },
            None => named,
        };
        let target = Target { kind, id, name };
        let person = person_of(&target)?;
        let origin = Origin::local(
            RequestId::new(&*group.env.clock, &*group.env.entropy),
            Interface::System,
        );
        group.append(
            log,
            &Draft {
                event: *event_type,
                at: now,
                acting: &acting,
                origin: &origin,
                outcome: if row.text(6)? == "denied" {
                    Outcome::Denied
                } else {
                    Outcome::Failed
                },
                code: if code.is_empty() { None } else { Some(code) },
                target: &target,
                related: &[],
                workspace: row.opt_parse::<WorkspaceId>(7)?,
                person,
                changes: &[],
                detail: None,
                facts: Some(
                    json!({ "count": count, "first": first.rfc3339(), "last": last.rfc3339() }),
                ),
            },
        )?;
    }
    group.conn.execute(
        "DELETE FROM refusals WHERE log_id = $1 AND actor = $2 AND event_type = $3 AND target = $4 AND code = $5",
        params![&log, actor, event, row.text(3)?, code],
    )?;
    Ok(())
}

impl Rx<'_> {
    /// An actor as it was written down: who it was, with the name of now.
    fn acting_of_record(&mut self, kind: &str, actor: &str, token: Option<&str>) -> Result<Acting> {
        let mut acting = Acting::recorded(kind, System::Server)?;
        acting.token = token.and_then(|token| token.parse().ok());
        if let Some(token) = token {
            acting.token_name = self.name_of(TargetType::AccessToken, token)?;
        }
        if kind == "user" {
            let user: UserId = actor
                .parse()
                .map_err(|_| Error::Internal("a person's id that is none".to_owned()))?;
            acting.user = Some(user);
            if let Some(person) = self.user(user)? {
                acting.name = Some(person.name);
                acting.email = Some(person.email);
            }
        } else if kind == "service" {
            acting.name.clone_from(&acting.token_name);
        }
        Ok(acting)
    }
}

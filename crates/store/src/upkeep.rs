//! The only door that writes beside `perform`: bookkeeping on tables that hold nothing that a person decides.

use model::clock::Micros;
use model::entry::Entry;
use model::id::{LogId, MessageId, SessionId, TokenId, UserId};

use crate::append::PLACES;
use crate::db::{Conn, Param, params};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::publish::{self, Signed};
use crate::refusal;
use crate::tables::challenges::NewChallenge;
use crate::tables::outbox::{Letter, Reason, Way};
use crate::tables::setup::SetUpLink;
use crate::tables::watches::{self, Watch};
use crate::tables::{erasures, outbox};
use crate::tree;
use crate::writer::Group;

/// How many entries are indexed in one transaction: a slice of a few milliseconds, so that no change waits long.
const SLICE: i64 = 500;
/// How exact the time of a token's or session's last use is.
const USED: i64 = 60 * Micros::SECOND;

/// Bookkeeping. The list is closed, and a test holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Upkeep {
    /// Takes the next slice of entries into the index that finds events. Gives how many.
    Index,
    /// Keeps the next tiles of hashes that are full. Gives how many.
    KeepTiles,
    /// Keeps checkpoints that were signed, each in place of the one that it grew out of. Gives how many.
    Publish(Vec<Signed>),
    /// Removes the next sealed parts that were erased. Gives how many entries were looked through.
    Purge,
    /// Writes the files anew that held what was erased, so that nothing of it is left in them. Gives for how many erasures.
    Scrub,
    /// Closes series of refusals that have been open long enough. Gives how many.
    CloseRefusals,
    /// A token was used; its last use is kept to the minute.
    UsedToken(TokenId),
    /// A session was used; its last use is kept to the minute.
    UsedSession(SessionId),
    /// Removes sessions, challenges and counts of tries that have ended by their time, and what nobody looks at any more. Gives how
    /// many sessions.
    Expire,
    /// Somebody looks at something live: data planes are told, where nobody did until now. Gives 1.
    Watch(Watch),
    /// Keeps a challenge and, where there is one, the letter that carries its secret. Gives 1.
    Challenge(Box<(NewChallenge, Option<(Way, Letter)>)>),
    /// Sends a person a letter that only tells of something that is no change yet. Gives 1.
    Tell(Box<(UserId, Letter)>),
    /// A challenge is answered: it is good no more. Gives 1 if it was good until now.
    TakeChallenge([u8; 32]),
    /// Something that is limited was tried: by what it is counted, the narrowest first, each with the most tries within the window,
    /// which is in microseconds. What one refuses counts towards none after it, so that nobody uses up a wider one alone. Gives in
    /// how many microseconds the one that is passed begins anew, or 0 where none is.
    Attempt(Vec<(String, u64)>, i64),
    /// What was tried has succeeded; earlier tries do not count any more.
    Forgive(String),
    /// What was tried has succeeded: that one try does not count any more, by each that it was counted by. Those of others do.
    GiveBack(Vec<String>),
    /// Whether the server sends letters, so that other processes know. Gives 1 if it is another answer than before.
    SendsMail(bool),
    /// Takes a letter that is due, for a minute. Gives 1 unless another process has.
    ClaimMessage(MessageId),
    /// A letter has left.
    Delivered(MessageId),
    /// A letter could not be sent: it is tried again later (gives 1), or given up.
    NotDelivered(MessageId),
    /// A letter will never be sent.
    GiveUp(MessageId),
    /// Writes what takes about as much room as a change, and removes it: shows whether a change could be written. Gives 1.
    Rehearse,
    /// Keeps the hash of a new one-time link to set the instance up by, unless it is set up. Gives 1 if it is kept.
    OfferSetUp(SetUpLink),
}

impl Upkeep {
    /// The tables that each may leave otherwise than they were.
    pub const fn tables(&self) -> &'static [&'static str] {
        match self {
            Self::Index => &[
                "index_reached",
                "index_events",
                "index_things",
                "index_counts",
            ],
            Self::KeepTiles => &["tiles", "tiles_reached"],
            Self::Publish(_) => &["checkpoints"],
            Self::Purge => &["entries.parts", "erasures"],
            Self::Scrub => &["erasures"],
            Self::CloseRefusals => &["refusals", "entries", "logs"],
            Self::UsedToken(_) => &["tokens.used_at"],
            Self::UsedSession(_) => &["sessions.used_at"],
            Self::Expire => &[
                "sessions",
                "challenges",
                "attempts",
                "watches",
                "logs.config_changes",
                "who_acts",
            ],
            Self::Watch(_) => &["watches", "logs.config_changes"],
            Self::Challenge(_) => &["challenges", "outbox", "data_keys", "who_acts"],
            Self::Tell(_) => &["outbox", "data_keys", "who_acts"],
            Self::TakeChallenge(_) => &["challenges"],
            Self::Rehearse => &[],
            Self::Attempt(..) | Self::Forgive(_) | Self::GiveBack(_) => &["attempts"],
            Self::SendsMail(_) => &["instance.sends_mail"],
            Self::ClaimMessage(_) => &["outbox"],
            Self::Delivered(_) | Self::NotDelivered(_) | Self::GiveUp(_) => {
                &["outbox", "invitations.delivery", "challenges.delivery"]
            }
            Self::OfferSetUp(_) => &["instance.link_hash", "instance.link_expires_at"],
        }
    }
}

pub(crate) fn run(conn: &mut Conn, env: &Env, upkeep: &Upkeep) -> Result<u64> {
    // Rewriting takes a transaction of its own.
    let rewritten = match upkeep {
        Upkeep::Scrub => erasures::rewrite(conn)?,
        _ => Vec::new(),
    };
    if *upkeep == Upkeep::Scrub && rewritten.is_empty() {
        return Ok(0);
    }
    conn.begin()?;
    let done = match upkeep {
        Upkeep::Index => one_after_another(conn, index),
        Upkeep::KeepTiles => one_after_another(conn, tree::keep_tiles),
        Upkeep::Purge => {
            one_after_another(conn, |conn, passed| erasures::purge(conn, env, passed))
        },
        Upkeep::Publish(signed) => publish::publish(conn, env, signed),
        Upkeep::Scrub => erasures::rewritten(conn, &rewritten),
        Upkeep::CloseRefusals => {
            let mut group = Group::new(conn, env);
            let closed = refusal::close_due(&mut group, env.now());
            closed.and_then(|closed| {
                crate::append::flush(group.conn, &group.logs, &group.pending)?;
                Ok(closed)
            })
        }
        Upkeep::UsedToken(token) => Ok(conn.execute(
            "UPDATE tokens SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $3)",
            params![token, env.now(), env.now().plus(-USED)],
        )?),
        Upkeep::UsedSession(session) => Ok(conn.execute(
            "UPDATE sessions SET used_at = $2 WHERE id = $1 AND used_at < $3",
            params![session, env.now(), env.now().plus(-USED)],
        )?),
        Upkeep::OfferSetUp(link) => Ok(conn.execute(
            "UPDATE instance SET link_hash = $1, link_expires_at = $2 WHERE one = 1 AND set_up_at IS NULL",
            params![&link.hash, link.expires_at],
        )?),
        Upkeep::Expire => expire(conn, env.now()),
        Upkeep::Watch(watch) => watches::watch(conn, watch, env.now()),
        Upkeep::Challenge(new) => {
            let mut group = Group::new(conn, env);
            let mut rx = group.rx();
            let (challenge, letter) = &**new;
            rx.put_challenge(challenge, letter.as_ref())
        }
        Upkeep::Tell(told) => {
            let (user, letter) = &**told;
            let mut group = Group::new(conn, env);
            let to = (Way::Mail, *user);
            let kept = group.rx().put_message(to, Reason::None, letter);
            kept.map(|()| 1)
        }
        Upkeep::TakeChallenge(hash) => {
            Ok(conn.execute("DELETE FROM challenges WHERE hash = $1", params![hash])?)
        }
        Upkeep::Rehearse => rehearse(conn, env),
        Upkeep::Attempt(limits, window) => {
            let mut group = Group::new(conn, env);
            let mut rx = group.rx();
            let counted = limits.iter().map(|(what, most)| {
                let (count, left) = rx.attempt(what, *window)?;
                Ok(if count > *most { left } else { 0 })
            });
            let passed = |left: &Result<u64>| !matches!(left, Ok(0));
            counted.into_iter().find(passed).unwrap_or(Ok(0))
        }
        Upkeep::Forgive(what) => Group::new(conn, env).rx().forgive(what),
        Upkeep::GiveBack(all) => {
            let mut group = Group::new(conn, env);
            let mut rx = group.rx();
            let given = all.iter().map(|what| rx.give_back(what));
            given.sum()
        }
        Upkeep::SendsMail(sends) => Group::new(conn, env).rx().put_sends_mail(*sends),
        Upkeep::ClaimMessage(id) => outbox::claim(conn, env.now(), *id),
        Upkeep::Delivered(id) => outbox::finish(conn, *id, true),
        Upkeep::NotDelivered(id) => outbox::later(conn, env.now(), *id),
        Upkeep::GiveUp(id) => outbox::finish(conn, *id, false),
    };
    match done {
        Ok(count) => {
            conn.batch("COMMIT")?;
            Ok(count)
        }
        Err(error) => {
            // The error that led here says more than one of the rollback would.
            let _ = conn.batch("ROLLBACK");
            Err(error)
        }
    }
}

/// Two pages of `SQLite`'s and more: a change takes new ones now and then.
const ROOM: usize = 10_000;

fn rehearse(conn: &mut Conn, env: &Env) -> Result<u64> {
    let (hash, now) = (env.random::<32>(), env.now());
    conn.execute(
        "INSERT INTO challenges (hash, kind, payload, created_at, expires_at) VALUES ($1, 'rehearsal', $2, $3, $3)",
        params![&hash, &vec![0; ROOM], now],
    )?;
    Ok(conn.execute("DELETE FROM challenges WHERE hash = $1", params![&hash])?)
}

/// How long counts of tries are kept, in microseconds.
const TRIES: i64 = Micros::DAY;

fn expire(conn: &mut Conn, now: Micros) -> Result<u64> {
    conn.execute(
        "DELETE FROM challenges WHERE expires_at <= $1",
        params![now],
    )?;
    conn.execute(
        "DELETE FROM attempts WHERE since <= $1",
        params![now.plus(-TRIES)],
    )?;
    watches::end(conn, now)?;
    Ok(conn.execute("DELETE FROM sessions WHERE expires_at <= $1", params![now])?)
}

/// Does the next slice of what comes in an order. `slice` is told how many of those that it would begin with are passed over,
/// and gives nothing when none is left: what fails by itself, because entries in the database are not what they were, is
/// undone and keeps nothing that comes after it from being done. That it fails is said when only such are left. Within a
/// transaction, and what is done is in one of its own.
fn one_after_another(
    conn: &mut Conn,
    slice: impl Fn(&mut Conn, i64) -> Result<Option<u64>>,
) -> Result<u64> {
    let mut failed = None;
    for passed in 0.. {
        match slice(conn, passed) {
            Ok(Some(done)) => return Ok(done),
            Ok(None) => break,
            Err(error @ Error::Internal(_)) => {
                conn.batch("ROLLBACK")?;
                conn.begin()?;
                failed.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    failed.map_or(Ok(0), Err)
}

/// Takes entries of one log into the index, in order. Two processes that do it at once wait for each other at the row of
/// `index_reached`.
fn index(conn: &mut Conn, passed: i64) -> Result<Option<u64>> {
    let behind = conn.query_one(
        "SELECT l.id, l.first_place, l.kept_from FROM logs l LEFT JOIN index_reached r ON r.log_id = l.id \
         WHERE l.size > COALESCE(r.reached, 0) AND l.size > l.kept_from ORDER BY l.id LIMIT 1 OFFSET $1",
        params![passed],
    )?;
    let Some(row) = behind else { return Ok(None) };
    let log: LogId = row.parse(0)?;
    let (first_place, kept_from) = (row.int(1)?, row.int(2)?);
    // The trigger refuses one that is there before a conflict could be passed over.
    let begun = "SELECT log_id FROM index_reached WHERE log_id = $1";
    if conn.query_one(begun, params![&log])?.is_none() {
        conn.execute("INSERT INTO index_reached (log_id, reached) VALUES ($1, 0) ON CONFLICT (log_id) DO NOTHING", params![&log])?;
    }
    conn.execute(
        "UPDATE index_reached SET reached = reached WHERE log_id = $1",
        params![&log],
    )?;
    let row = conn.query_one(
        "SELECT r.reached, l.size FROM index_reached r JOIN logs l ON l.id = r.log_id WHERE r.log_id = $1",
        params![&log],
    )?;
    let row =
        row.ok_or_else(|| Error::Internal("where the index of a log ends is lost".to_owned()))?;
    let (first, size) = (row.int(0)?.max(kept_from), row.int(1)?);
    if first >= size {
        // Another process has done it meanwhile.
        return Ok(Some(0));
    }
    let rows = conn.query(
        "SELECT place - $1, entry FROM entries WHERE place >= $2 AND place < $3 ORDER BY place LIMIT $4",
        params![first_place, first_place + first, first_place + PLACES, SLICE],
    )?;
    let mut entries = Vec::with_capacity(rows.len());
    let wrong = |sequence: i64, why: &dyn std::fmt::Display| {
        Error::Internal(format!("entry {sequence} of log {log}: {why}"))
    };
    let mut next = first;
    for row in &rows {
        if row.int(0)? != next {
            return Err(wrong(next, &"it is missing"));
        }
        let entry = Entry::parse(row.blob(1)?).map_err(|error| wrong(next, &error))?;
        entries.push((next, entry));
        next += 1;
    }
    if entries.is_empty() {
        return Err(wrong(next, &"it is missing"));
    }
    events(conn, log, &entries)?;
    things(conn, log, &entries)?;
    counts(conn, log, &entries)?;
    conn.execute(
        "UPDATE index_reached SET reached = $2 WHERE log_id = $1",
        params![&log, next],
    )?;
    Ok(Some(entries.len() as u64))
}

/// Inserts rows of `columns` values, many at once.
fn insert(conn: &mut Conn, head: &str, columns: usize, values: &[Param<'_>]) -> Result<()> {
    use std::fmt::Write as _;
    for chunk in values.chunks(columns * 50) {
        let mut sql = String::from(head);
        for index in 0..chunk.len() {
            let opening = if index % columns > 0 {
                ", "
            } else if index > 0 {
                "), ("
            } else {
                "("
            };
            let _ = write!(sql, "{opening}${}", index + 1);
        }
        sql.push(')');
        conn.execute(&sql, chunk)?;
    }
    Ok(())
}

fn events(conn: &mut Conn, log: LogId, entries: &[(i64, Entry)]) -> Result<()> {
    let mut values: Vec<Param<'_>> = Vec::with_capacity(entries.len() * 10);
    for (sequence, entry) in entries {
        values.extend([
            Param::from(&log),
            Param::Int(*sequence),
            Param::from(&entry.id),
            Param::Int(entry.at),
            entry.workspace.as_ref().into(),
            entry.actor.id.as_ref().into(),
            Param::from(&entry.target.r#type),
            entry.target.id.as_ref().into(),
            Param::from(&entry.action),
            Param::from(entry.outcome.as_str()),
        ]);
    }
    insert(
        conn,
        "INSERT INTO index_events (log_id, sequence, event_id, at, workspace_id, actor, target_type, target, action, outcome) VALUES ",
        10,
        &values,
    )
}

/// What finds the events of a thing: target, related, and the token that was used.
fn things(conn: &mut Conn, log: LogId, entries: &[(i64, Entry)]) -> Result<()> {
    let mut values: Vec<Param<'_>> = Vec::new();
    for (sequence, entry) in entries {
        let mut ids: Vec<&String> = entry
            .target
            .id
            .iter()
            .chain(entry.related.iter().filter_map(|one| one.id.as_ref()))
            .chain(entry.actor.token.iter())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        for id in ids {
            values.extend([Param::from(&log), Param::from(id), Param::Int(*sequence)]);
        }
    }
    insert(
        conn,
        "INSERT INTO index_things (log_id, thing, sequence) VALUES ",
        3,
        &values,
    )
}

fn counts(conn: &mut Conn, log: LogId, entries: &[(i64, Entry)]) -> Result<()> {
    let mut counts: std::collections::BTreeMap<&str, i64> = std::collections::BTreeMap::new();
    for (_, entry) in entries {
        *counts
            .entry(entry.workspace.as_deref().unwrap_or_default())
            .or_default() += 1;
    }
    for (workspace, events) in counts {
        conn.execute(
            "INSERT INTO index_counts (log_id, workspace_id, events) VALUES ($1, $2, $3) \
             ON CONFLICT (log_id, workspace_id) DO UPDATE SET events = index_counts.events + $3",
            params![&log, workspace, events],
        )?;
    }
    Ok(())
}

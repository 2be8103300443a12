//! What somebody looks at live: the switches that tell data planes to send what they do.
//!
//! A row is a state that all processes share, so that a data plane is told the same by each of them. It holds nothing of what
//! is looked at, and nothing of who looks.

use std::collections::BTreeSet;

use model::clock::Micros;
use model::id::WorkspaceId;

use super::configuration::tell;
use crate::db::{Conn, params};
use crate::error::Result;
use crate::tx::Rx;

/// How long a data plane goes on to send what was looked at last, in microseconds. A switch is a change of the configuration,
/// which data planes load again, so that it is not thrown whenever a page is opened once more.
const LASTS: i64 = 5 * 60 * Micros::SECOND;

/// What kind of thing is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Watchable {
    /// What comes in at a source.
    Source,
    /// What is delivered to a destination.
    Destination,
    /// What a transformation makes of events.
    Transformation,
}

impl Watchable {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Transformation => "transformation",
        }
    }
}

/// Something that somebody looks at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Watch {
    /// The workspace that it is in.
    pub workspace: WorkspaceId,
    /// What it is.
    pub kind: Watchable,
    /// Its id.
    pub thing: String,
}

/// What of a workspace somebody looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Watched {
    /// The ids of sources, destinations and transformations.
    pub things: BTreeSet<String>,
    /// Of the sources, the write key and the id.
    pub write_keys: Vec<(String, String)>,
}

/// Somebody looks at it now. Data planes are told where nobody did until now.
pub(crate) fn watch(conn: &mut Conn, watch: &Watch, now: Micros) -> Result<u64> {
    let until = now.plus(LASTS);
    let longer = "UPDATE watches SET until = CASE WHEN until < $2 THEN $2 ELSE until END WHERE thing_id = $1";
    let known = conn.execute(longer, params![&watch.thing, until])?;
    if known > 0 {
        return Ok(known);
    }
    // First, since it locks the log, as every action does first: whoever deletes the workspace holds it and waits for the watch.
    tell(conn, &[watch.workspace], now)?;
    Ok(conn.execute(
        "INSERT INTO watches (thing_id, workspace_id, kind, until) VALUES ($1, $2, $3, $4) ON CONFLICT (thing_id) DO NOTHING",
        params![
            &watch.thing,
            &watch.workspace,
            watch.kind.as_str(),
            until
        ],
    )?)
}

/// Nobody has looked for long enough: data planes are told.
pub(crate) fn end(conn: &mut Conn, now: Micros) -> Result<u64> {
    let rows = conn.query(
        "SELECT DISTINCT workspace_id FROM watches WHERE until <= $1 ORDER BY workspace_id",
        params![now],
    )?;
    let workspaces: Vec<WorkspaceId> = rows
        .iter()
        .map(|row| row.parse(0))
        .collect::<std::result::Result<_, _>>()?;
    if workspaces.is_empty() {
        return Ok(0);
    }
    tell(conn, &workspaces, now)?;
    Ok(conn.execute("DELETE FROM watches WHERE until <= $1", params![now])?)
}

impl Rx<'_> {
    /// What of a workspace somebody looks at.
    pub fn watched(&mut self, workspace: WorkspaceId) -> Result<Watched> {
        let rows = self.conn.query(
            "SELECT w.thing_id, s.write_key FROM watches w LEFT JOIN sources s ON s.id = w.thing_id WHERE w.workspace_id = $1 \
             ORDER BY w.thing_id",
            params![&workspace],
        )?;
        let mut watched = Watched::default();
        for row in &rows {
            let thing = row.text(0)?.to_owned();
            if let Some(key) = row.opt_text(1)? {
                watched.write_keys.push((key.to_owned(), thing.clone()));
            }
            watched.things.insert(thing);
        }
        Ok(watched)
    }

    /// All that somebody looks at, wherever.
    pub fn all_watched(&mut self) -> Result<BTreeSet<String>> {
        let rows = self.conn.query("SELECT thing_id FROM watches", &[])?;
        rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
    }
}

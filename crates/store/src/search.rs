//! Finding events: through the index as far as it has reached, and in the log itself from there, so that no answer is
//! behind an acknowledged change.

mod elsewhere;
mod event;
mod filter;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use model::catalogue::{Group, PRIVACY_ERASED};
use model::clock::Micros;
use model::entry::{Entry, EntryError, Outcome};
use model::erasures::Erasures;
use model::id::{EventId, LogId, OrganizationId, WorkspaceId};
use model::part::PartName;

pub(crate) use elsewhere::withhold;
pub use event::{Event, Hidden};
use filter::Filter;

use crate::db::{Param, Row, params};
use crate::error::{Error, Result};
use crate::seal::{self, Read, Stored};
use crate::spread::spread;
use crate::tx::Rx;

/// Which way a page goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// From the oldest event on, as the public API pages.
    #[default]
    Oldest,
    /// From the newest event back, as the page does.
    Newest,
}

/// Which events are asked for. Filters that are set all have to hold.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Those of this workspace, and those of the organization that have none.
    pub workspace: Option<WorkspaceId>,
    /// Of those without a workspace only the ones whose actor or target is a member of this workspace now: what an
    /// administrator of one workspace may see. What they say of roles in other workspaces is withheld.
    pub members_of: Option<WorkspaceId>,
    /// Those of one of these actors: people's ids, or service tokens'.
    pub actors: Option<Vec<String>>,
    /// Those with this action, such as `updated_name`.
    pub action: Option<String>,
    /// Those about one of these things, related to one, or done with one, where it is a token.
    pub targets: Option<Vec<String>>,
    /// Those done with one of these tokens, by id. What was done to a token is found as its target.
    pub tokens: Option<Vec<String>>,
    /// Those about things of this type, such as `source`.
    pub target_type: Option<String>,
    /// Those under this tab.
    pub group: Option<Group>,
    /// Those that ended so.
    pub outcome: Option<Outcome>,
    /// Those later than this.
    pub created_after: Option<Micros>,
    /// Those earlier than this.
    pub created_before: Option<Micros>,
    /// Those whose place in the log is below this.
    pub until: Option<u64>,
    /// Those that come after this event, in the order asked for.
    pub after: Option<EventId>,
    /// Which way.
    pub order: Order,
    /// The most that are wanted: 1 to 1000. Where they are large, fewer come at once: see [`MOST_BYTES`].
    pub limit: usize,
}

/// How many bytes of sealed parts are opened at once, 4 MiB; one event is opened whatever its size. An event may have a
/// megabyte of them, and takes several times that while it is opened and written out.
pub const MOST_BYTES: u64 = 4 << 20;

/// A page of events.
#[derive(Clone, Debug)]
pub struct Page {
    /// The events, in the order asked for.
    pub events: Vec<Event>,
    /// All that the filters give, whatever the page.
    pub total: u64,
    /// Whether more come after the last of these.
    pub more: bool,
}

/// The log that is read, as far as the index has reached and as far as it goes.
pub(crate) struct Extent {
    log: LogId,
    /// Whose it is; none of the instance's.
    organization: Option<OrganizationId>,
    indexed: i64,
    size: i64,
    /// The place of the log's first entry among all entries.
    first_place: i64,
}

const EXTENT: &str = "SELECT l.id, l.organization_id, l.size, COALESCE(r.reached, 0), l.first_place \
    FROM logs l LEFT JOIN index_reached r ON r.log_id = l.id";

impl Extent {
    fn from_row(row: &Row) -> Result<Self> {
        Ok(Self {
            log: row.parse(0)?,
            organization: row.opt_parse(1)?,
            size: row.int(2)?,
            indexed: row.int(3)?,
            first_place: row.int(4)?,
        })
    }
}

impl Rx<'_> {
    /// The events of an organization's log that a query asks for.
    ///
    /// # Errors
    /// [`Error::Invalid`] with `unknown_cursor` when the query starts after an event that is not in the log.
    pub fn events(&mut self, organization: OrganizationId, query: &Query) -> Result<Page> {
        let extent = self.extent(organization)?;
        let filter = Filter::new(self, query)?;
        let tail = self.tail(&extent, &filter)?;
        let from = match query.after {
            None => None,
            Some(id) => Some(self.sequence_of(&extent, id)?.ok_or_else(|| {
                Error::field(
                    "unknown_cursor",
                    "after_cursor",
                    "there is no such event in this log to go on after",
                )
            })?),
        };
        let total = self.count(&extent, &filter)? + tail.len() as u64;
        let wanted = query.limit.clamp(1, 1000);
        let mut sequences = match query.order {
            Order::Oldest => {
                let mut found = self.indexed(&extent, &filter, from, query.order, wanted + 1)?;
                found.extend(
                    tail.iter()
                        .copied()
                        .filter(|one| from.is_none_or(|from| *one > from)),
                );
                found
            }
            Order::Newest => {
                let mut found: Vec<i64> = tail
                    .iter()
                    .rev()
                    .copied()
                    .filter(|one| from.is_none_or(|from| *one < from))
                    .collect();
                if found.len() <= wanted {
                    found.extend(self.indexed(
                        &extent,
                        &filter,
                        from,
                        query.order,
                        wanted + 1 - found.len(),
                    )?);
                }
                found
            }
        };
        let found = sequences.len();
        sequences.truncate(wanted);
        let fit = self.fitting(extent.first_place, &sequences)?;
        sequences.truncate(fit);
        let more = found > sequences.len();
        Ok(Page {
            events: self.events_at(&extent, &sequences, query.members_of)?,
            total,
            more,
        })
    }

    /// How many events a query asks for.
    pub fn count_events(&mut self, organization: OrganizationId, query: &Query) -> Result<u64> {
        let extent = self.extent(organization)?;
        let filter = Filter::new(self, query)?;
        Ok(self.count(&extent, &filter)? + self.tail(&extent, &filter)?.len() as u64)
    }

    /// The places of the next events that a query asks for, from a place in the log on, the oldest first; at most its
    /// limit, and no more than are opened at once ([`MOST_BYTES`]). Unlike [`Rx::events`] it counts nothing, so that reading all of a long log takes no longer for each page.
    pub fn places_from(
        &mut self,
        organization: OrganizationId,
        query: &Query,
        first: u64,
    ) -> Result<Vec<u64>> {
        // No log has a place beyond these.
        let Ok(first) = i64::try_from(first) else {
            return Ok(Vec::new());
        };
        let extent = self.extent(organization)?;
        let filter = Filter::new(self, query)?;
        let (after, wanted) = (first - 1, query.limit.clamp(1, 1000));
        let mut found = self.indexed(&extent, &filter, Some(after), Order::Oldest, wanted)?;
        if found.len() < wanted {
            let tail = self.tail(&extent, &filter)?;
            found.extend(tail.into_iter().filter(|one| *one > after));
            found.truncate(wanted);
        }
        let fit = self.fitting(extent.first_place, &found)?;
        found.truncate(fit);
        Ok(found.into_iter().map(i64::cast_unsigned).collect())
    }

    /// One event of an organization's log. As the reader of [`Query::members_of`] sees it: one that such a reader may not see is
    /// not there.
    pub fn event(
        &mut self,
        organization: OrganizationId,
        id: EventId,
        members_of: Option<WorkspaceId>,
    ) -> Result<Option<Event>> {
        let extent = self.extent(organization)?;
        let Some(sequence) = self.sequence_of(&extent, id)? else {
            return Ok(None);
        };
        let query = Query {
            workspace: members_of,
            members_of,
            ..Query::default()
        };
        let filter = Filter::new(self, &query)?;
        let found = self.events_at(&extent, &[sequence], members_of)?.pop();
        Ok(found.filter(|event| filter.admits(&event.entry)))
    }

    /// The newest event about each of these things, related to it or done with it, of a workspace or of none; by the id
    /// of the thing. What was refused has changed nothing, and is none. Of all of them in as many statements as of one, and
    /// one more for each hundred.
    pub fn newest_of(
        &mut self,
        organization: OrganizationId,
        workspace: WorkspaceId,
        things: &[String],
    ) -> Result<HashMap<String, Event>> {
        let extent = self.extent(organization)?;
        let mut newest = self.newest_indexed(&extent, workspace, things)?;
        let wanted: HashSet<&str> = things.iter().map(String::as_str).collect();
        let query = Query {
            workspace: Some(workspace),
            outcome: Some(Outcome::Success),
            ..Query::default()
        };
        let filter = Filter::new(self, &query)?;
        // What is beyond the index is newer than all that is in it, and comes the oldest first.
        self.beyond(&extent, |sequence, entry| {
            if filter.admits(entry) {
                for thing in filter::things(entry).filter(|thing| wanted.contains(thing)) {
                    newest.insert(thing.to_owned(), sequence);
                }
            }
        })?;
        let mut sequences: Vec<i64> = newest.values().copied().collect();
        sequences.sort_unstable();
        sequences.dedup();
        let events = self.events_at(&extent, &sequences, None)?;
        let at: HashMap<i64, Event> = sequences.into_iter().zip(events).collect();
        Ok(newest
            .into_iter()
            .filter_map(|(thing, sequence)| Some((thing, at.get(&sequence)?.clone())))
            .collect())
    }

    /// The events at these places of an organization's log, in order; at most the first hundred.
    pub fn events_between(
        &mut self,
        organization: OrganizationId,
        places: Range<u64>,
    ) -> Result<Vec<Event>> {
        let extent = self.extent(organization)?;
        let sequences: Vec<i64> = places
            .take(100)
            .filter_map(|place| i64::try_from(place).ok())
            .filter(|place| *place < extent.size)
            .collect();
        self.events_at(&extent, &sequences, None)
    }

    pub(crate) fn extent(&mut self, organization: OrganizationId) -> Result<Extent> {
        let row = self.conn.query_one(
            &format!("{EXTENT} WHERE l.organization_id = $1"),
            params![&organization],
        )?;
        Extent::from_row(&row.ok_or(Error::NotFound("organization"))?)
    }

    /// The sequences of the events beyond the index that the filter admits.
    fn tail(&mut self, extent: &Extent, filter: &Filter) -> Result<Vec<i64>> {
        let mut sequences = Vec::new();
        self.beyond(extent, |sequence, entry| {
            if filter.admits(entry) {
                sequences.push(sequence);
            }
        })?;
        Ok(sequences)
    }

    /// Looks at the entries beyond the index, the oldest first.
    fn beyond(&mut self, extent: &Extent, mut look: impl FnMut(i64, &Entry)) -> Result<()> {
        if extent.indexed >= extent.size {
            return Ok(());
        }
        let rows = self.conn.query(
            "SELECT place - $1, entry FROM entries WHERE place >= $2 AND place < $3 ORDER BY place",
            params![
                extent.first_place,
                extent.first_place + extent.indexed,
                extent.first_place + extent.size
            ],
        )?;
        for row in &rows {
            look(row.int(0)?, &parse(row, 1)?);
        }
        Ok(())
    }

    /// The newest place of each of these things, as far as the index has reached. Each is found from its end, however
    /// many events it has.
    fn newest_indexed(
        &mut self,
        extent: &Extent,
        workspace: WorkspaceId,
        things: &[String],
    ) -> Result<HashMap<String, i64>> {
        let mut newest = HashMap::with_capacity(things.len());
        for chunk in things.chunks(100) {
            let mut values = vec![Param::from(&extent.log), Param::from(&workspace)];
            values.extend(chunk.iter().map(Param::from));
            let wanted: Vec<String> = (3..=values.len()).map(|n| format!("(${n})")).collect();
            let sql = format!(
                "WITH wanted(thing) AS (VALUES {}) SELECT thing, sequence FROM (SELECT w.thing, \
                 (SELECT t.sequence FROM index_things t JOIN index_events e ON e.log_id = t.log_id AND e.sequence = t.sequence \
                 WHERE t.log_id = $1 AND t.thing = w.thing AND (e.workspace_id = $2 OR e.workspace_id IS NULL) AND e.outcome = 'success' \
                 ORDER BY t.sequence DESC LIMIT 1) AS sequence FROM wanted w) newest WHERE sequence IS NOT NULL",
                wanted.join(", ")
            );
            for row in &self.conn.query(&sql, &values)? {
                newest.insert(row.text(0)?.to_owned(), row.int(1)?);
            }
        }
        Ok(newest)
    }

    pub(crate) fn sequence_of(&mut self, extent: &Extent, id: EventId) -> Result<Option<i64>> {
        let row = self.conn.query_one(
            "SELECT sequence FROM index_events WHERE log_id = $1 AND event_id = $2",
            params![&extent.log, &id],
        )?;
        if let Some(row) = row {
            return Ok(Some(row.int(0)?));
        }
        let rows = self.conn.query(
            "SELECT place - $1, entry FROM entries WHERE place >= $2 AND place < $3 ORDER BY place",
            params![
                extent.first_place,
                extent.first_place + extent.indexed,
                extent.first_place + extent.size
            ],
        )?;
        for row in &rows {
            if parse(row, 1)?.id == id.as_str() {
                return Ok(Some(row.int(0)?));
            }
        }
        Ok(None)
    }

    fn count(&mut self, extent: &Extent, filter: &Filter) -> Result<u64> {
        if filter.is_plain() {
            let rows = self.conn.query(
                "SELECT workspace_id, events FROM index_counts WHERE log_id = $1",
                params![&extent.log],
            )?;
            let mut total = 0;
            for row in &rows {
                let of = row.text(0)?;
                if filter
                    .workspace()
                    .is_none_or(|wanted| of.is_empty() || of == wanted.as_str())
                {
                    total += row.size(1)?;
                }
            }
            return Ok(total);
        }
        let (from, values) = filter.sql(&extent.log);
        let row = self
            .conn
            .query_one(&format!("SELECT CAST(count(*) AS BIGINT) {from}"), &values)?;
        Ok(row.map(|row| row.size(0)).transpose()?.unwrap_or(0))
    }

    fn indexed(
        &mut self,
        extent: &Extent,
        filter: &Filter,
        after: Option<i64>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<i64>> {
        let (from, mut values) = filter.sql(&extent.log);
        let (compare, direction, start) = match order {
            Order::Oldest => (">", "ASC", -1),
            Order::Newest => ("<", "DESC", extent.indexed),
        };
        let start = match order {
            Order::Newest => after.unwrap_or(start).min(extent.indexed),
            Order::Oldest => after.unwrap_or(start),
        };
        let n = values.len();
        values.push(Param::Int(start));
        values.push(Param::Int(i64::try_from(limit).unwrap_or(i64::MAX)));
        let rows = self.conn.query(
            &format!("SELECT e.sequence {from} AND e.sequence {compare} ${} ORDER BY e.sequence {direction} LIMIT ${}", n + 1, n + 2),
            &values,
        )?;
        Ok(rows
            .iter()
            .map(|row| row.int(0))
            .collect::<std::result::Result<_, _>>()?)
    }

    /// The events at these places, opened as far as they can be, in the order of the places.
    fn events_at(
        &mut self,
        extent: &Extent,
        sequences: &[i64],
        members_of: Option<WorkspaceId>,
    ) -> Result<Vec<Event>> {
        let (log, organization) = (extent.log, extent.organization);
        let organization = organization.as_ref().map(OrganizationId::as_str);
        let rows = self.stored(extent.first_place, sequences)?;
        let rows = in_order(&rows, sequences)?;
        let opened = seal::open_all(self, log, organization, &rows, |row, mut parts| {
            withhold(members_of, row.entry.target_type(), &mut parts);
            let entry = row.entry.to_entry();
            Ok((entry.map_err(|error| unreadable(&error))?, parts))
        })?;
        // Who was erased, the log says, and not that a key is there no more.
        let is_whole = |entry: &Entry, parts: &[(PartName, Read)]| {
            let there = |(_, read): &&(PartName, Read)| !matches!(read, Read::Gone);
            parts.iter().filter(there).count() == entry.part_names().len()
        };
        let erasures = if opened.iter().all(|(entry, parts)| is_whole(entry, parts)) {
            Erasures::default()
        } else {
            self.erasures_in(extent)?
        };
        spread(opened, |(entry, parts)| {
            Event::of(log, entry, &parts, &erasures)
        })
    }

    /// What the entries of a log say of what was erased.
    pub(crate) fn recorded_erasures(&mut self, log: LogId) -> Result<Erasures> {
        let extent = self.extent_of(log)?;
        self.erasures_in(&extent)
    }

    /// What the entries of one moment of a log say of what was erased.
    pub(crate) fn erasures_of(&mut self, log: LogId, at: Micros) -> Result<Erasures> {
        let extent = self.extent_of(log)?;
        let sequences = self.erasing(&extent, 0, Some(at))?;
        self.erasures_at(&extent, &sequences)
    }

    fn extent_of(&mut self, log: LogId) -> Result<Extent> {
        let of_it = format!("{EXTENT} WHERE l.id = $1");
        let row = self.conn.query_one(&of_it, params![&log])?;
        Extent::from_row(&row.ok_or(Error::NotFound("log"))?)
    }

    /// The last entry of a log, from this index on, that erases something.
    pub fn erasing_from(&mut self, log: LogId, first: u64) -> Result<Option<u64>> {
        let extent = self.extent_of(log)?;
        let last = self.erasing(&extent, first, None)?.pop();
        Ok(last.map(i64::cast_unsigned))
    }

    /// The places, from one on, of the entries that erase something, of one moment where it is given.
    fn erasing(&mut self, extent: &Extent, first: u64, at: Option<Micros>) -> Result<Vec<i64>> {
        let query = Query {
            created_after: at.map(|at| at.plus(-1)),
            created_before: at.map(|at| at.plus(1)),
            action: Some(PRIVACY_ERASED.action.to_owned()),
            target_type: Some(PRIVACY_ERASED.target.as_str().to_owned()),
            outcome: Some(Outcome::Success),
            ..Query::default()
        };
        let filter = Filter::new(self, &query)?;
        let after = first.cast_signed() - 1;
        let mut sequences =
            self.indexed(extent, &filter, Some(after), Order::Oldest, usize::MAX)?;
        let tail = self.tail(extent, &filter)?;
        sequences.extend(tail.into_iter().filter(|one| *one > after));
        Ok(sequences)
    }

    fn erasures_in(&mut self, extent: &Extent) -> Result<Erasures> {
        let sequences = self.erasing(extent, 0, None)?;
        self.erasures_at(extent, &sequences)
    }

    fn erasures_at(&mut self, extent: &Extent, sequences: &[i64]) -> Result<Erasures> {
        let mut erasures = Erasures::default();
        for row in &self.at(extent.first_place, sequences, "entry")? {
            erasures.take(&parse(row, 1)?, row.int(0)?.cast_unsigned());
        }
        Ok(erasures)
    }

    /// How many of these places of a log, from the first on, can be opened at once: one at least, if there is one.
    fn fitting(&mut self, first_place: i64, sequences: &[i64]) -> Result<usize> {
        if sequences.len() < 2 {
            return Ok(sequences.len());
        }
        let mut bytes = HashMap::with_capacity(sequences.len());
        for row in &self.at(first_place, sequences, "CAST(length(parts) AS BIGINT)")? {
            bytes.insert(row.int(0)?, row.size(1)?);
        }
        let each = sequences.iter().map(|one| bytes.get(one).copied());
        Ok(fitting(each.map(Option::unwrap_or_default)))
    }

    /// The rows at these places of a log, in any order: place, entry, parts.
    pub(crate) fn stored(&mut self, first_place: i64, sequences: &[i64]) -> Result<Vec<Row>> {
        self.at(first_place, sequences, "entry, parts")
    }

    /// What these columns are at these places of a log, in any order, each after its place.
    fn at(&mut self, first_place: i64, sequences: &[i64], columns: &str) -> Result<Vec<Row>> {
        use std::fmt::Write as _;
        if let [first, .., last] = *sequences
            && usize::try_from(last - first) == Ok(sequences.len() - 1)
            && sequences.is_sorted()
        {
            // All of a stretch, as nearly always where nothing is filtered: the places are in order, and each is there once.
            let sql = format!(
                "SELECT place - $1, {columns} FROM entries WHERE place >= $2 AND place <= $3"
            );
            let ends = params![first_place, first_place + first, first_place + last];
            return Ok(self.conn.query(&sql, ends)?);
        }
        let mut rows: Vec<Row> = Vec::with_capacity(sequences.len());
        for chunk in sequences.chunks(100) {
            let mut sql = format!("SELECT place - $1, {columns} FROM entries WHERE place IN (");
            let mut values = vec![Param::Int(first_place)];
            for (index, sequence) in chunk.iter().enumerate() {
                let _ = write!(sql, "{}${}", if index > 0 { ", " } else { "" }, index + 2);
                values.push(Param::Int(first_place + sequence));
            }
            sql.push(')');
            rows.extend(self.conn.query(&sql, &values)?);
        }
        Ok(rows)
    }
}

/// How many events of these sizes in bytes, from the first on, are opened at once: one at least, if there is one.
pub(crate) fn fitting(sizes: impl Iterator<Item = u64>) -> usize {
    let sums = sizes.scan(0_u64, |sum, size| {
        *sum = sum.saturating_add(size);
        Some(*sum)
    });
    let places = sums.enumerate();
    places
        .take_while(|(place, sum)| *place == 0 || *sum <= MOST_BYTES)
        .count()
}

/// Rows of [`Rx::stored`] in the order of the places that were asked for.
pub(crate) fn in_order<'r>(rows: &'r [Row], sequences: &[i64]) -> Result<Vec<Stored<'r>>> {
    let mut at: HashMap<i64, &Row> = HashMap::with_capacity(rows.len());
    for row in rows {
        at.insert(row.int(0)?, row);
    }
    let found = sequences.iter().map(|sequence| {
        let row = at.get(sequence);
        let row = row.ok_or_else(|| Error::Internal(format!("entry {sequence} is missing")))?;
        Ok(Stored {
            sequence: sequence.cast_unsigned(),
            entry: row.blob(1)?,
            parts: row.blob(2)?,
        })
    });
    found.collect()
}

fn parse(row: &Row, column: usize) -> Result<Entry> {
    Entry::parse(row.blob(column)?).map_err(|error| unreadable(&error))
}

fn unreadable(error: &EntryError) -> Error {
    Error::Internal(format!("an entry that cannot be read: {error}"))
}

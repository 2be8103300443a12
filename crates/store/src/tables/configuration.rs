//! What a workspace's data planes are told: its whole configuration, and when it last changed.
//!
//! When that was is a moment, in milliseconds, that grows with every change that a data plane can see. It stands in the row of
//! the organization's log, which the transaction of a change holds locked and writes anyway, so whoever compares it is never
//! told anything old, whichever process made the change.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use model::clock::Micros;
use model::definition::Definitions;
use model::id::{
    DestinationId, LogId, OrganizationId, RevisionId, SourceId, TransformationId, VersionId,
    WorkspaceId,
};
use model::things::{Account, Connection, Workspace};
use serde_json::value::RawValue;

use crate::append::LogState;
use crate::db::{Conn, Row, params};
use crate::error::{Error, Result};
use crate::keyring::{DataKey, KeyState};
use crate::spread::spread;
use crate::tables::identity::row_aad;
use crate::tx::Rx;

/// Of how many workspaces a log's row has a moment of their own. Where more change, those that changed longest ago are taken to
/// have changed with the last that lost its own: their data planes are told once more what they know.
const OWN: usize = 64;

/// When the configurations of an organization's workspaces last changed, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConfigChanges {
    /// Of all others.
    others: i64,
    /// Of those that changed last, the last of them at the end.
    own: Vec<(WorkspaceId, i64)>,
}

impl ConfigChanges {
    fn of(&self, workspace: WorkspaceId) -> i64 {
        let own = self.own.iter().find(|(one, _)| *one == workspace);
        own.map_or(self.others, |(_, at)| *at)
    }

    /// The configuration of a workspace changes, or of all of them. A moment grows by a millisecond at least: who has seen the
    /// one before is told that something is new.
    pub(crate) fn note(&mut self, workspace: Option<WorkspaceId>, now: Micros) {
        let Some(workspace) = workspace else {
            let last = self
                .own
                .iter()
                .map(|(_, at)| *at)
                .fold(self.others, i64::max);
            self.others = millis(now).max(last + 1);
            return self.own.clear();
        };
        let at = millis(now).max(self.of(workspace) + 1);
        self.own.retain(|(one, _)| *one != workspace);
        if self.own.len() >= OWN {
            let (_, at) = self.own.remove(0);
            self.others = self.others.max(at);
        }
        self.own.push((workspace, at));
    }
}

impl fmt::Display for ConfigChanges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.others)?;
        self.own
            .iter()
            .try_for_each(|(workspace, at)| write!(f, " {workspace}:{at}"))
    }
}

impl FromStr for ConfigChanges {
    type Err = NotMoments;

    fn from_str(text: &str) -> std::result::Result<Self, NotMoments> {
        let mut words = text.split(' ');
        let others = words.next().and_then(|word| word.parse().ok());
        let own = words.map(|word| {
            let (workspace, at) = word.split_once(':').ok_or(NotMoments)?;
            let workspace = workspace.parse().map_err(|_| NotMoments)?;
            Ok((workspace, at.parse().map_err(|_| NotMoments)?))
        });
        Ok(Self {
            others: others.ok_or(NotMoments)?,
            own: own.collect::<std::result::Result<_, _>>()?,
        })
    }
}

/// A text that is no moments of workspaces.
#[derive(Debug)]
pub(crate) struct NotMoments;

/// Something else than an audited change has changed the configuration of these workspaces.
pub(crate) fn tell(conn: &mut Conn, workspaces: &[WorkspaceId], now: Micros) -> Result<()> {
    let mut logs: BTreeMap<LogId, Vec<WorkspaceId>> = BTreeMap::new();
    for workspace in workspaces {
        let row = conn.query_one(
            "SELECT l.id FROM logs l JOIN workspaces w ON w.organization_id = l.organization_id WHERE w.id = $1",
            params![workspace],
        )?;
        if let Some(row) = row {
            logs.entry(row.parse(0)?).or_default().push(*workspace);
        }
    }
    for (log, workspaces) in logs {
        let Some(mut log) = LogState::lock(conn, log)? else {
            continue;
        };
        for workspace in workspaces {
            log.config_changes.note(Some(workspace), now);
        }
        conn.execute(
            "UPDATE logs SET config_changes = $2 WHERE id = $1",
            params![&log.id, &log.config_changes.to_string()],
        )?;
    }
    Ok(())
}

const fn millis(moment: Micros) -> i64 {
    moment.0.div_euclid(1000)
}

/// A workspace as its data planes know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataPlane {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The organization that it belongs to.
    pub organization: OrganizationId,
    /// When its configuration last changed: milliseconds, which grow with every change.
    pub changed_at: i64,
}

impl DataPlane {
    /// When the configuration last changed, as a moment.
    pub const fn updated_at(&self) -> Micros {
        Micros(self.changed_at.saturating_mul(1000))
    }
}

/// A source or destination as a data plane gets it, secrets included: it is never printed.
pub struct Configured<I> {
    /// Its id.
    pub id: I,
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: String,
    /// Whether it is enabled.
    pub enabled: bool,
    /// Its settings, as they were sent.
    pub config: Box<RawValue>,
    /// When it was created.
    pub created_at: Micros,
    /// When it last changed.
    pub updated_at: Micros,
}

/// A source, and what only sources have.
pub struct ConfiguredSource {
    /// What it has in common with destinations.
    pub common: Configured<SourceId>,
    /// What identifies it to the data plane.
    pub write_key: String,
    /// Whether the data plane adds the place of an address.
    pub geo_enrichment: bool,
    /// Whether events are not stored by the data plane.
    pub transient: bool,
}

/// A destination, and what only destinations have.
pub struct ConfiguredDestination {
    /// What it has in common with sources.
    pub common: Configured<DestinationId>,
    /// The version of its type.
    pub version: i64,
    /// This state of its settings.
    pub revision: RevisionId,
    /// Whether it has changed since it was created.
    pub changed: bool,
}

/// A transformation before a destination, as far as it is published.
#[derive(Clone, Debug)]
pub struct ConfiguredTransformation {
    /// Its id.
    pub id: TransformationId,
    /// The published version.
    pub version: VersionId,
    /// Its language.
    pub language: String,
}

/// All that the data planes of a workspace are told, at one moment.
pub struct Configuration {
    /// The workspace, and when all this last changed.
    pub data_plane: DataPlane,
    /// Its settings.
    pub workspace: Workspace,
    /// What is known of types.
    pub definitions: Arc<Definitions>,
    /// Its sources, oldest first.
    pub sources: Vec<ConfiguredSource>,
    /// Its destinations, oldest first.
    pub destinations: Vec<ConfiguredDestination>,
    /// Its connections, oldest first.
    pub connections: Vec<Connection>,
    /// Which published transformation is before which destination.
    pub transformations: HashMap<DestinationId, ConfiguredTransformation>,
    /// Its accounts at other services, secrets included.
    pub accounts: Vec<Account>,
    /// The published version of each of its libraries.
    pub libraries: Vec<VersionId>,
    /// The ids of sources, destinations and transformations that somebody looks at live.
    pub watched: BTreeSet<String>,
}

const DATA_PLANE: &str = "SELECT w.id, w.organization_id, l.config_changes FROM workspaces w \
     JOIN logs l ON l.organization_id = w.organization_id";

fn data_plane(row: &Row) -> Result<DataPlane> {
    let workspace = row.parse(0)?;
    Ok(DataPlane {
        workspace,
        organization: row.parse(1)?,
        changed_at: row.parse::<ConfigChanges>(2)?.of(workspace),
    })
}

impl Rx<'_> {
    /// The workspace whose data plane has a token with this hash.
    pub fn data_plane_by_token(&mut self, hash: &[u8; 32]) -> Result<Option<DataPlane>> {
        let sql = format!("{DATA_PLANE} WHERE w.token_hash = $1");
        let row = self.conn.query_one(&sql, params![hash])?;
        row.map(|row| data_plane(&row)).transpose()
    }

    /// The workspace that has a source with this write key, and the source.
    pub fn data_plane_by_write_key(
        &mut self,
        write_key: &str,
    ) -> Result<Option<(DataPlane, SourceId)>> {
        let row = self.conn.query_one(
            "SELECT w.id, w.organization_id, l.config_changes, s.id FROM sources s \
             JOIN workspaces w ON w.id = s.workspace_id JOIN logs l ON l.organization_id = w.organization_id \
             WHERE s.write_key = $1",
            params![write_key],
        )?;
        row.map(|row| Ok((data_plane(&row)?, row.parse(3)?)))
            .transpose()
    }

    /// All workspaces of the instance, in the order of their ids.
    pub fn data_planes(&mut self) -> Result<Vec<DataPlane>> {
        let rows = self
            .conn
            .query(&format!("{DATA_PLANE} ORDER BY w.id"), &[])?;
        rows.iter().map(data_plane).collect()
    }

    /// The workspaces of an organization, in the order of their ids.
    pub fn data_planes_of(&mut self, organization: OrganizationId) -> Result<Vec<DataPlane>> {
        let sql = format!("{DATA_PLANE} WHERE w.organization_id = $1 ORDER BY w.id");
        let rows = self.conn.query(&sql, params![&organization])?;
        rows.iter().map(data_plane).collect()
    }

    /// All that the data planes of a workspace are told.
    pub fn configuration(&mut self, workspace: WorkspaceId) -> Result<Configuration> {
        let none = Error::NotFound("workspace");
        let row = self
            .conn
            .query_one(
                &format!("{DATA_PLANE} WHERE w.id = $1"),
                params![&workspace],
            )?
            .ok_or(none)?;
        let of = data_plane(&row)?;
        let connections = self.connections(workspace, None, u32::MAX, None)?.items;
        Ok(Configuration {
            data_plane: of,
            workspace: self
                .workspace(workspace)?
                .ok_or(Error::NotFound("workspace"))?,
            definitions: self.definitions(of.organization)?,
            sources: self.configured_sources(workspace)?,
            destinations: self.configured_destinations(workspace)?,
            connections,
            accounts: self.accounts(workspace, None, u32::MAX, None)?.items,
            transformations: self.configured_transformations(workspace)?,
            libraries: self.published_libraries(workspace)?,
            watched: self.watched(workspace)?.things,
        })
    }

    fn configured_sources(&mut self, workspace: WorkspaceId) -> Result<Vec<ConfiguredSource>> {
        let rows = self.conn.query(
            "SELECT id, name, kind, enabled, config, created_at, updated_at, write_key, geo_enrichment, transient FROM sources \
             WHERE workspace_id = $1 ORDER BY created_at, id",
            params![&workspace],
        )?;
        let opener = self.opener("sources", workspace)?;
        spread(&rows, |row| {
            Ok(ConfiguredSource {
                common: opener.configured(row)?,
                write_key: row.text(7)?.to_owned(),
                geo_enrichment: row.flag(8)?,
                transient: row.flag(9)?,
            })
        })
    }

    fn configured_destinations(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<Vec<ConfiguredDestination>> {
        let rows = self.conn.query(
            "SELECT id, name, kind, enabled, config, created_at, updated_at, version, revision, changed FROM destinations \
             WHERE workspace_id = $1 ORDER BY created_at, id",
            params![&workspace],
        )?;
        let opener = self.opener("destinations", workspace)?;
        spread(&rows, |row| opener.destination(row))
    }

    /// What opens the settings of a workspace's things.
    fn opener(&mut self, table: &'static str, workspace: WorkspaceId) -> Result<Opener> {
        let organization = self
            .organization_of(workspace)?
            .ok_or(Error::NotFound("workspace"))?;
        let (of, subject) = (organization.as_str(), workspace.as_str());
        let key = match self.keys.get(self.conn, self.env, of, subject)? {
            Some(KeyState::Whole(key)) => Some(key),
            // There is nothing that it could have sealed.
            None => None,
            Some(KeyState::Erased) => {
                // A destination without its settings would be worse than none.
                return Err(Error::KeyMissing);
            }
        };
        Ok(Opener { table, key })
    }

    fn configured_transformations(
        &mut self,
        workspace: WorkspaceId,
    ) -> Result<HashMap<DestinationId, ConfiguredTransformation>> {
        let rows = self.conn.query(
            "SELECT l.destination_id, t.id, v.id, v.language FROM transformation_links l \
             JOIN transformations t ON t.id = l.transformation_id \
             JOIN transformation_versions v ON v.id = t.published_id WHERE l.workspace_id = $1",
            params![&workspace],
        )?;
        rows.iter()
            .map(|row| {
                let transformation = ConfiguredTransformation {
                    id: row.parse(1)?,
                    version: row.parse(2)?,
                    language: row.text(3)?.to_owned(),
                };
                Ok((row.parse(0)?, transformation))
            })
            .collect()
    }

    fn published_libraries(&mut self, workspace: WorkspaceId) -> Result<Vec<VersionId>> {
        let rows = self.conn.query(
            "SELECT published_id FROM transformations WHERE workspace_id = $1 AND kind = 'library' AND published_id IS NOT NULL \
             ORDER BY created_at, id",
            params![&workspace],
        )?;
        Ok(rows
            .iter()
            .map(|row| row.parse(0))
            .collect::<std::result::Result<_, _>>()?)
    }

    /// What a destination was at a revision, in a workspace that is not known yet.
    pub fn destination_at(
        &mut self,
        revision: RevisionId,
    ) -> Result<Option<(WorkspaceId, ConfiguredDestination)>> {
        let row = self.conn.query_one(
            "SELECT destination_id, name, kind, enabled, config, created_at, updated_at, version, id, changed, workspace_id \
             FROM destination_revisions WHERE id = $1",
            params![&revision],
        )?;
        row.map(|row| {
            let workspace = row.parse(10)?;
            let opener = self.opener("destinations", workspace)?;
            Ok((workspace, opener.destination(&row)?))
        })
        .transpose()
    }
}

/// Opens the settings of one workspace's things in one table, on whatever thread.
struct Opener {
    table: &'static str,
    key: Option<Arc<DataKey>>,
}

impl Opener {
    fn configured<I: FromStr>(&self, row: &Row) -> Result<Configured<I>> {
        let aad = row_aad(self.table, "config", row.text(0)?);
        let key = self.key.as_ref().ok_or(Error::KeyMissing)?;
        let config = key
            .open(&aad, row.blob(4)?)
            .and_then(|mut text| String::from_utf8(std::mem::take(&mut *text)).ok())
            .and_then(|text| RawValue::from_string(text).ok())
            .ok_or_else(|| {
                let table = self.table;
                Error::Internal(format!(
                    "settings in {table} that do not open, or are no JSON"
                ))
            })?;
        Ok(Configured {
            id: row.parse(0)?,
            name: row.text(1)?.to_owned(),
            kind: row.text(2)?.to_owned(),
            enabled: row.flag(3)?,
            config,
            created_at: row.moment(5)?,
            updated_at: row.moment(6)?,
        })
    }

    fn destination(&self, row: &Row) -> Result<ConfiguredDestination> {
        Ok(ConfiguredDestination {
            common: self.configured(row)?,
            version: row.int(7)?,
            revision: row.parse(8)?,
            changed: row.flag(9)?,
        })
    }
}

impl Configuration {
    /// The connections of each source, in their order.
    pub fn connections_by_source(&self) -> BTreeMap<SourceId, Vec<&Connection>> {
        let mut by_source: BTreeMap<SourceId, Vec<&Connection>> = BTreeMap::new();
        for connection in &self.connections {
            by_source
                .entry(connection.source)
                .or_default()
                .push(connection);
        }
        by_source
    }

    /// The destinations by their ids.
    pub fn destinations_by_id(&self) -> HashMap<DestinationId, &ConfiguredDestination> {
        self.destinations
            .iter()
            .map(|one| (one.common.id, one))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use model::clock::{SystemClock, SystemEntropy};

    use super::*;

    fn workspaces<const N: usize>() -> [WorkspaceId; N] {
        std::array::from_fn(|_| WorkspaceId::new(&SystemClock, &SystemEntropy))
    }

    const fn at(milliseconds: i64) -> Micros {
        Micros(milliseconds * 1000)
    }

    #[test]
    fn a_moment_grows_with_each_change_whatever_the_clock_does() {
        let [one, other] = workspaces();
        let mut changes = ConfigChanges::default();
        let mut seen = Vec::new();
        for (workspace, now) in [
            (Some(one), 50),
            (Some(one), 50),
            (Some(one), 20),
            (None, 30),
            (Some(one), 90),
        ] {
            changes.note(workspace, at(now));
            seen.push((changes.of(one), changes.of(other)));
        }
        assert_eq!(seen, [(50, 0), (51, 0), (52, 0), (53, 53), (90, 53)]);
    }

    #[test]
    fn of_many_workspaces_none_goes_back_and_the_last_keep_their_own() {
        let many: [WorkspaceId; OWN + 6] = workspaces();
        let mut changes = ConfigChanges::default();
        let mut before = many.map(|_| 0);
        for round in 0..3 {
            for (place, one) in many.iter().enumerate() {
                changes.note(Some(*one), at(1_000 * round + 1));
                let now = many.map(|one| changes.of(one));
                assert!(now.iter().zip(&before).all(|(now, before)| now >= before));
                assert!(now[place] > before[place]);
                before = now;
            }
        }
        assert_eq!(changes.own.len(), OWN);
        assert_eq!(
            changes.to_string().parse::<ConfigChanges>().ok(),
            Some(changes)
        );
    }

    #[test]
    fn what_is_no_moments_is_refused() {
        for text in ["", "x", "1 2", "1 a:2", "1 2CHj1PJ61lv1NPyQtCiFi2KVX2y:"] {
            assert!(text.parse::<ConfigChanges>().is_err(), "{text}");
        }
    }
}

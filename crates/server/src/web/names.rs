//! What the people and workspaces that events tell of by their ids alone are called now.

use std::collections::{BTreeSet, HashMap};

use model::catalogue::TargetType;
use model::change::{Change, ChangeKind};
use model::entry::Entry;
use model::id::{OrganizationId, UserId, WorkspaceId};
use serde_json::Value as Json;
use store::{Event, Known, Result, Rx};

use super::event::{tail, visible};

/// The names that a page needs, asked for at once.
#[derive(Debug, Default)]
pub(super) struct Names {
    workspaces: HashMap<WorkspaceId, String>,
    people: HashMap<UserId, Known>,
}

/// What a person is called of whom only the id is left.
pub(super) fn erased(id: &str) -> String {
    format!("Erased person …{}", tail(id))
}

fn is(entry: &Entry, kinds: &[TargetType]) -> bool {
    kinds
        .iter()
        .any(|kind| kind.as_str() == entry.target.r#type)
}

/// The workspace that a change is about, where it is of a role there.
pub(super) fn workspace_of(entry: &Entry, change: &Change) -> Option<WorkspaceId> {
    if !is(entry, &[TargetType::User, TargetType::UserInvitation]) {
        return None;
    }
    change.path.strip_prefix("workspaces.")?.parse().ok()
}

/// The people that one side of a change names by their ids, in its order; nothing where it names none.
pub(super) fn people_of(entry: &Entry, path: &str, side: Option<&Json>) -> Option<Vec<UserId>> {
    match (path, side?) {
        ("people", Json::Array(all)) if is(entry, &[TargetType::Permission]) => {
            all.iter().map(|one| one.as_str()?.parse().ok()).collect()
        }
        ("owner", Json::String(one)) if is(entry, &[TargetType::AccessToken]) => {
            Some(vec![one.parse().ok()?])
        }
        _ => None,
    }
}

impl Names {
    /// The names for these events of one organization, in one statement for the workspaces and two for the people, where there
    /// are any. Whoever sees an event sees the names: what people are in workspaces that the reader has nothing to do with is
    /// not in the event.
    pub(super) fn of<'e>(
        rx: &mut Rx<'_>,
        events: impl IntoIterator<Item = &'e Event>,
    ) -> Result<Self> {
        let mut organization = None;
        let (mut workspaces, mut people) = (BTreeSet::new(), BTreeSet::new());
        for event in events {
            let entry = &event.entry;
            organization = organization.or_else(|| entry.organization.as_ref()?.parse().ok());
            for change in &event.changes {
                workspaces.extend(workspace_of(entry, change));
                if let ChangeKind::Value { before, after } = &change.kind {
                    for side in [before, after] {
                        let named = people_of(entry, &change.path, side.as_ref());
                        people.extend(named.into_iter().flatten());
                    }
                }
            }
            // The name of a person beside another target is not recorded.
            people.extend(entry.related.iter().filter_map(|one| {
                let id = one.id.as_deref()?;
                let is_user = one.r#type == TargetType::User.as_str();
                (is_user && !event.related_names.contains_key(id))
                    .then(|| id.parse::<UserId>().ok())?
            }));
        }
        let Some(organization) = organization else {
            return Ok(Self::default());
        };
        Ok(Self {
            workspaces: rx.workspaces_called(organization, &Vec::from_iter(workspaces))?,
            people: rx.people_called(organization, &Vec::from_iter(people))?,
        })
    }

    /// The names of these people alone.
    pub(super) fn of_people(
        rx: &mut Rx<'_>,
        organization: OrganizationId,
        people: impl Iterator<Item = UserId>,
    ) -> Result<Self> {
        let people: BTreeSet<UserId> = people.collect();
        Ok(Self {
            people: rx.people_called(organization, &Vec::from_iter(people))?,
            ..Self::default()
        })
    }

    /// What a workspace is called, if it is still there.
    pub(super) fn workspace(&self, id: WorkspaceId) -> Option<String> {
        self.workspaces.get(&id).map(|name| visible(name))
    }

    /// What a person is called; of one who was erased, that.
    pub(super) fn person(&self, id: UserId) -> Option<String> {
        Some(match self.people.get(&id)? {
            Known::Called(name) => visible(name),
            Known::Erased => erased(id.as_str()),
        })
    }
}

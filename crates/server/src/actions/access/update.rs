//! Say who may change a source or destination: anyone with edit rights, or only people selected.

use std::collections::BTreeSet;

use model::catalogue::{self, EventType, TargetType};
use model::id::{DestinationId, SourceId, UserId};
use model::role::Permission;
use store::{Action, Done, Error, Fact, Lock, Need, Result, Rx, Scope, Target, Tx};

use crate::actions::{destination, source};
use crate::request::Place;

/// What may be locked.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// A source.
    Source(SourceId),
    /// A destination.
    Destination(DestinationId),
}

/// Who is to be allowed to change it.
#[derive(Clone, Debug)]
pub struct UpdateAccess {
    /// Where.
    pub place: Place,
    /// What.
    pub what: What,
    /// The people selected; none for anyone with edit rights.
    pub people: Option<Vec<UserId>>,
    /// Who could, as somebody has seen it before: what that person left alone stays as another has made it meanwhile. None
    /// where nothing was looked at.
    pub seen: Option<Option<Vec<UserId>>>,
}

/// Sorted, and each once.
fn each(people: Option<&Vec<UserId>>) -> Option<BTreeSet<UserId>> {
    people.map(|people| people.iter().copied().collect())
}

impl UpdateAccess {
    /// Who is to be allowed, where `now` these people are.
    fn merged(&self, now: Option<&Vec<UserId>>) -> Result<Option<BTreeSet<UserId>>> {
        let (now, wanted) = (each(now), each(self.people.as_ref()));
        let Some(seen) = &self.seen else {
            return Ok(wanted);
        };
        let seen = each(seen.as_ref());
        if now == seen {
            return Ok(wanted);
        }
        if wanted == seen {
            return Ok(now);
        }
        match (now, wanted, seen) {
            (Some(now), Some(wanted), Some(seen)) => {
                let kept = now.into_iter();
                let kept = kept.filter(|one| wanted.contains(one) || !seen.contains(one));
                Ok(Some(
                    kept.chain(wanted.difference(&seen).copied()).collect(),
                ))
            }
            _ => Err(Error::failed(
                "changed_meanwhile",
                "someone else changed who may change this meanwhile; look at it again",
            )),
        }
    }

    fn resource(&self, rx: &mut Rx<'_>) -> Result<Target> {
        Ok(match self.what {
            What::Source(id) => source::target(&*source::found(rx, self.place, id)?),
            What::Destination(id) => destination::target(&*destination::found(rx, self.place, id)?),
        })
    }
}

impl Action for UpdateAccess {
    const EVENTS: &'static [EventType] = &[
        catalogue::PERMISSION_RESOURCE_LOCKED,
        catalogue::PERMISSION_RESOURCE_ACCESS_UPDATED,
    ];
    type Output = Lock;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target {
            kind: TargetType::Permission,
            ..self.resource(rx)?
        };
        Ok(vec![Need::in_workspace(
            Permission::EditAccess,
            self.place.workspace,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Lock>> {
        let resource = self.resource(tx)?;
        let id = resource.id.clone().unwrap_or_default();
        let now = tx.selected(&id)?;
        let people = self.merged(now.as_ref())?;
        if let Some(people) = &people {
            for user in people {
                let member = tx.member(self.place.organization, *user)?;
                let member = member.ok_or(Error::NotFound("member"))?;
                if !super::may_change(&member, self.place.workspace, resource.kind) {
                    return Err(Error::field(
                        "lacks_permission",
                        "people",
                        format!(
                            "{} has no role here with which this could be changed",
                            member.user.id
                        ),
                    ));
                }
            }
        }
        let before = Lock {
            resource: resource.clone(),
            workspace: self.place.workspace,
            people: now,
        };
        let after = Lock {
            people: people.map(|people| people.into_iter().collect()),
            ..before.clone()
        };
        if after == before {
            return Ok(Done::new(after, Vec::new()));
        }
        let row = tx.update_lock(&before, &after)?;
        let event = if before.people.is_none() {
            catalogue::PERMISSION_RESOURCE_LOCKED
        } else {
            catalogue::PERMISSION_RESOURCE_ACCESS_UPDATED
        };
        let fact = Fact::new(event, &row).related(resource);
        Ok(Done::new(after, vec![fact]))
    }
}

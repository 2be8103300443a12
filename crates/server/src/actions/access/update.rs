//! Say who may change a source or destination: anyone with edit rights, or only people selected.

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
}

impl UpdateAccess {
    fn resource(&self, rx: &mut Rx<'_>) -> Result<Target> {
        Ok(match self.what {
            What::Source(id) => source::target(&source::found(rx, self.place, id)?),
            What::Destination(id) => destination::target(&destination::found(rx, self.place, id)?),
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
        let mut people = self.people.clone();
        if let Some(people) = &mut people {
            people.sort_unstable();
            people.dedup();
            for user in &*people {
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
            people: tx.selected(&id)?,
        };
        let after = Lock {
            people,
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

//! Erase one value: one sealed part of one event.

use model::catalogue::{self, EventType, TargetType};
use model::id::{EventId, OrganizationId};
use model::part::PartName;
use model::role::Permission;
use serde_json::json;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

/// Erase one part of one event.
#[derive(Clone, Debug)]
pub struct ErasePart {
    /// In whose log.
    pub organization: OrganizationId,
    /// The event.
    pub event: EventId,
    /// The part.
    pub part: PartName,
}

impl ErasePart {
    /// Whether there is such a part.
    ///
    /// # Errors
    /// [`Error::NotFound`] where there is none.
    pub fn look(&self, rx: &mut Rx<'_>) -> Result<()> {
        let event = rx.event(self.organization, self.event, None)?;
        let event = event.ok_or(Error::NotFound("event"))?;
        let has = event.entry.part_names().contains(&self.part);
        has.then_some(()).ok_or(Error::NotFound("part"))
    }
}

impl Action for ErasePart {
    const EVENTS: &'static [EventType] = &[catalogue::PRIVACY_ERASED];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target {
            kind: TargetType::Privacy,
            id: Some(self.event.to_string()),
            name: None,
        };
        Ok(vec![Need::in_organization(Permission::ErasePeople, target)])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        self.look(tx)?;
        let log = tx.organization_log(self.organization)?;
        if tx.is_part_erased(log.id, self.event, self.part)? {
            return Ok(Done::new((), Vec::new()));
        }
        let erased = tx.erase_part(&log, self.event, self.part)?;
        let part = json!({ "event": self.event, "part": self.part.to_string() });
        let fact =
            Fact::new(catalogue::PRIVACY_ERASED, &erased).readable(json!({ "erased": [part] }));
        Ok(Done::new((), vec![fact]))
    }
}

//! Let go of a definition that was taken in: our own of that name holds again, where there is one.

use model::catalogue::{self, EventType, TargetType};
use model::definition::{Definitions, Kind, Taken};
use model::id::OrganizationId;
use model::role::Permission;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use super::{Looked, Outcome, Plan};

/// A definition that is to go.
#[derive(Clone, Debug)]
pub struct DeleteDefinition {
    /// Whose.
    pub organization: OrganizationId,
    /// Which table it is in.
    pub kind: Kind,
    /// The type.
    pub name: String,
    /// What was found in the log before.
    pub looked: Looked,
}

impl DeleteDefinition {
    /// The definition.
    ///
    /// # Errors
    /// [`Error::NotFound`] where the organization has taken in none of this name.
    pub fn found(&self, rx: &mut Rx<'_>) -> Result<Taken> {
        rx.taken_definition(self.organization, self.kind, &self.name)?
            .ok_or(Error::NotFound("definition"))
    }

    /// Refuses where things are of a type that nothing would describe any more.
    fn check_unused(&self, rx: &mut Rx<'_>) -> Result<()> {
        if Definitions::own().find(self.kind, &self.name).is_some() {
            return Ok(());
        }
        let Some((name, count)) = rx.users_of_type(self.organization, self.kind, &self.name)?
        else {
            return Ok(());
        };
        let more = match count {
            1 => String::new(),
            _ => format!(" and {} more", count - 1),
        };
        let message = format!(
            "the definition \u{201c}{}\u{201d} is in use by {} \u{201c}{name}\u{201d}{more}",
            self.name,
            self.kind.as_str(),
        );
        Err(Error::failed("definition_in_use", message))
    }
}

impl Action for DeleteDefinition {
    const EVENTS: &'static [EventType] =
        &[catalogue::DEFINITION_DELETED, catalogue::PRIVACY_ERASED];
    const ALONE: bool = true;
    type Output = Outcome<usize>;

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let one = self.found(rx)?;
        let target = Target::new(TargetType::Definition, one.id, one.name);
        Ok(vec![Need::in_organization(
            Permission::EditDefinitions,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Outcome<usize>>> {
        if tx.definitions_version(self.organization)? != self.looked.version {
            return Ok(Done::new(Outcome::Moved, Vec::new()));
        }
        let before = self.found(tx)?;
        self.check_unused(tx)?;
        let gone = tx.delete_definition(self.organization, &before)?;
        let mut facts = vec![Fact::new(catalogue::DEFINITION_DELETED, &gone)];
        let stricter = Plan::without(&before);
        let (erased, rows) = self
            .looked
            .clone()
            .erase(tx, self.organization, &stricter)?;
        for (row, named) in rows {
            facts.push(Fact::new(catalogue::PRIVACY_ERASED, &row).readable(named));
        }
        Ok(Done::new(Outcome::Done(erased), facts))
    }
}

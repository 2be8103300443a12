//! Take in definitions of types: a whole import is one event, and one definition by hand or from a program is one too.

use model::catalogue::{self, EventType, TargetType};
use model::clock::Micros;
use model::definition::{Definitions, Kind, Origin, Taken};
use model::id::OrganizationId;
use model::role::Permission;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use super::{Given, Looked, Outcome, Plan};

/// Definitions to take in.
#[derive(Clone, Debug)]
pub struct TakeIn {
    /// Whose.
    pub organization: OrganizationId,
    /// How they come here.
    pub origin: Origin,
    /// The definitions, each name once.
    pub given: Vec<Given>,
    /// Whether they are one event together.
    pub together: bool,
    /// What may be there already.
    pub over: Over,
    /// What was found in the log before.
    pub looked: Looked,
}

/// What may be there where a definition is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// Whatever is.
    Anything,
    /// Nothing, of our own set neither: it is a new type.
    Nothing,
    /// What the organization took in at this moment, or nothing of its own: what the change was made from.
    Seen(Option<Micros>),
}

impl Over {
    /// Refuses where something else is there.
    fn check(
        self,
        rx: &mut Rx<'_>,
        plan: &Plan,
        (given, organization): (&[Given], OrganizationId),
    ) -> Result<()> {
        match self {
            Self::Anything => Ok(()),
            Self::Nothing => {
                for one in given {
                    if Definitions::own().find(one.kind, &one.name).is_some()
                        || rx
                            .taken_definition(organization, one.kind, &one.name)?
                            .is_some()
                    {
                        let message =
                            format!("there is a type \u{201c}{}\u{201d} already", one.name);
                        return Err(Error::field("name_taken", "name", message));
                    }
                }
                Ok(())
            }
            // Who sends what is there already changes nothing, whatever they saw.
            Self::Seen(seen) => {
                let is_it = |(before, _): &(Option<Taken>, Taken)| {
                    before.as_ref().map(|before| before.updated_at) == seen
                };
                if plan.pairs.iter().all(is_it) {
                    return Ok(());
                }
                let message = "this type was changed meanwhile; look at it again";
                Err(Error::failed("changed_meanwhile", message))
            }
        }
    }
}

/// What was taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taking {
    /// Kind and name of those that are new.
    pub created: Vec<(Kind, String)>,
    /// Kind and name of those that are other than before.
    pub changed: Vec<(Kind, String)>,
    /// How many are as they were.
    pub unchanged: usize,
    /// How many parts of earlier events were erased.
    pub erased: usize,
}

impl Taking {
    /// What a plan takes in.
    pub fn of(plan: &Plan) -> Self {
        let mut taking = Self {
            unchanged: plan.unchanged,
            ..Self::default()
        };
        for (before, after) in &plan.pairs {
            let list = if before.is_some() {
                &mut taking.changed
            } else {
                &mut taking.created
            };
            list.push((after.kind, after.name.clone()));
        }
        taking
    }
}

impl Action for TakeIn {
    const EVENTS: &'static [EventType] =
        &[catalogue::DEFINITION_IMPORTED, catalogue::PRIVACY_ERASED];
    const ALONE: bool = true;
    type Output = Outcome<Taking>;

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = match self.given.as_slice() {
            [one] if !self.together => Target::to_be(TargetType::Definition, one.name.clone()),
            _ => Target {
                kind: TargetType::Definition,
                id: Some(self.organization.to_string()),
                name: None,
            },
        };
        Ok(vec![Need::in_organization(
            Permission::EditDefinitions,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Outcome<Taking>>> {
        if tx.definitions_version(self.organization)? != self.looked.version {
            return Ok(Done::new(Outcome::Moved, Vec::new()));
        }
        let plan = Plan::of(tx, self.organization, &self.given, self.origin)?;
        self.over
            .check(tx, &plan, (&self.given, self.organization))?;
        let mut taking = Taking::of(&plan);
        let mut facts = Vec::new();
        if self.together && !plan.pairs.is_empty() {
            let made = tx.put_definitions(self.organization, &plan.pairs)?;
            facts.push(Fact::new(catalogue::DEFINITION_IMPORTED, &made));
        } else {
            for (before, after) in &plan.pairs {
                let made = tx.put_definition(self.organization, before.as_ref(), after)?;
                facts.push(Fact::new(catalogue::DEFINITION_IMPORTED, &made));
            }
        }
        let (erased, rows) = self
            .looked
            .clone()
            .erase(tx, self.organization, &plan.stricter)?;
        taking.erased = erased;
        for (row, named) in rows {
            facts.push(Fact::new(catalogue::PRIVACY_ERASED, &row).readable(named));
        }
        Ok(Done::new(Outcome::Done(taking), facts))
    }
}

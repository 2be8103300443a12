//! Change what holds for the whole organization. What is not given stays.

use model::catalogue::{self, EventType, TargetType};
use model::id::OrganizationId;
use model::role::Permission;
use model::things::{NAME_LIMIT, Organization};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use crate::actions::input::{self, merged};

/// What an organization is to be like.
#[derive(Clone, Debug)]
pub struct UpdateOrganization {
    /// Which.
    pub id: OrganizationId,
    /// Its name.
    pub name: Option<String>,
    /// What the name was when it was looked at: it must still be that, unless the name is to stay.
    pub seen_name: Option<String>,
    /// Whether its members need a second factor.
    pub requires_mfa: Option<bool>,
    /// Whether anyone may read the checkpoint of its log and the hashes over its entries.
    pub public_hashes: Option<bool>,
}

fn found(rx: &mut Rx<'_>, id: OrganizationId) -> Result<Organization> {
    rx.organization(id)?.ok_or(Error::NotFound("organization"))
}

impl Action for UpdateOrganization {
    const EVENTS: &'static [EventType] = &[
        catalogue::ORGANIZATION_UPDATED,
        catalogue::ORGANIZATION_REQUIRED_MFA,
        catalogue::ORGANIZATION_STOPPED_REQUIRING_MFA,
    ];
    type Output = Organization;

    fn scope(&self) -> Scope {
        Scope::Organization(self.id)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let organization = found(rx, self.id)?;
        let target = Target::new(TargetType::Organization, organization.id, organization.name);
        Ok(vec![Need::in_organization(
            Permission::EditOrganization,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Organization>> {
        let before = found(tx, self.id)?;
        let mut after = before.clone();
        if let Some(name) = &self.name {
            input::line("name", name, NAME_LIMIT)?;
            let seen = self.seen_name.clone();
            after.name = merged("name", before.name.clone(), name.trim().to_owned(), seen)?;
        }
        after.requires_mfa = self.requires_mfa.unwrap_or(before.requires_mfa);
        after.public_hashes = self.public_hashes.unwrap_or(before.public_hashes);
        if after == before {
            return Ok(Done::new(before, Vec::new()));
        }
        // Nobody locks the own door from outside.
        if after.requires_mfa
            && !before.requires_mfa
            && let Some(user) = tx.acting.user
            && !tx.has_factor(user)?
        {
            return Err(Error::failed(
                "no_factor_yet",
                "add a second factor to your own account first",
            ));
        }
        let row = tx.update_organization(&before, &after)?;
        let required = if after.requires_mfa {
            catalogue::ORGANIZATION_REQUIRED_MFA
        } else {
            catalogue::ORGANIZATION_STOPPED_REQUIRING_MFA
        };
        let facts = vec![
            Fact::new(catalogue::ORGANIZATION_UPDATED, &row).all_but("requiresMfa"),
            Fact::new(required, &row).only("requiresMfa"),
        ];
        Ok(Done::new(after, facts))
    }
}

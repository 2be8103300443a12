//! Erase a person: destroy the key that all that is known of the person is sealed with.

use model::catalogue::{self, EventType, TargetType};
use model::id::{OrganizationId, UserId};
use model::role::Permission;
use serde_json::json;
use store::{Action, Done, Error, Fact, Log, Need, Result, Rx, Scope, Target, Tx};

use crate::actions::session;

/// Why something is erased: one of these words stands in the log for ever.
pub const BASES: &[&str] = &[
    "request",
    "consent_withdrawn",
    "retention",
    "mistake",
    "restored",
];

/// Erase a person.
#[derive(Clone, Debug)]
pub struct ErasePerson {
    /// From which organization; none for all of them, and the account.
    pub organization: Option<OrganizationId>,
    /// Whom.
    pub user: UserId,
    /// Why, one of [`BASES`].
    pub basis: &'static str,
}

/// A basis that may be given, by its word: that of what is erased again after a backup was restored is no one's to give.
///
/// # Errors
/// `unknown_word` for another word.
pub fn basis(word: &str) -> Result<&'static str> {
    let given = &BASES[..BASES.len() - 1];
    let known = given.iter().copied().find(|one| *one == word);
    known.ok_or_else(|| {
        let words = given.join(", ");
        Error::field(
            "unknown_word",
            "basis",
            format!("basis must be one of {words}"),
        )
    })
}

impl ErasePerson {
    /// The logs that hold something of the person, as far as this erasure goes; for an account that no organization knows, the
    /// instance's.
    fn logs(&self, rx: &mut Rx<'_>, knowing: Vec<OrganizationId>) -> Result<Vec<Log>> {
        if let Some(organization) = self.organization {
            if !rx.is_known(organization, self.user)? {
                return Err(Error::NotFound("user"));
            }
            let mut logs = vec![rx.organization_log(organization)?];
            // Where the account goes with it, so does what the instance's log says of the person.
            let instance = rx.instance()?.log;
            if !rx.is_wanted_elsewhere(organization, self.user)?
                && let Some(instance) = rx.log(instance)?
                && rx.events_of(instance.id, self.user)? > 0
                && !rx.is_erased(None, self.user)?
            {
                logs.push(instance);
            }
            return Ok(logs);
        }
        let mut logs = Vec::new();
        for organization in knowing {
            logs.push(rx.organization_log(organization)?);
        }
        let instance = rx.instance()?.log;
        if let Some(instance) = rx.log(instance)?
            && (logs.is_empty() || rx.events_of(instance.id, self.user)? > 0)
        {
            logs.push(instance);
        }
        Ok(logs)
    }

    /// What an account was called while it was none: whom the invitations were made for that it accepted. As much of them goes as is
    /// known where the person is erased.
    fn others(&self, rx: &mut Rx<'_>) -> Result<Vec<(Log, UserId, u64)>> {
        let mut goes = Vec::new();
        for user in rx.invited_as(self.user)? {
            for organization in rx.organizations_that_know(user)? {
                if self.organization.is_none_or(|only| only == organization) {
                    let log = rx.organization_log(organization)?;
                    let events = rx.events_of(log.id, user)?;
                    goes.push((log, user, events));
                }
            }
        }
        Ok(goes)
    }

    /// All that goes: whose, and of how many events, in which log.
    fn goes(&self, rx: &mut Rx<'_>) -> Result<Vec<(Log, UserId, u64)>> {
        let mut goes = self.others(rx)?;
        let own = self.look(rx)?.into_iter();
        goes.extend(own.map(|(log, events)| (log, self.user, events)));
        Ok(goes)
    }

    /// Where the account stays, a member's sessions end as with any removal. Here nothing more is said of the person; it is said
    /// where the person belongs from now on.
    fn end_sessions(&self, tx: &mut Tx<'_>) -> Result<Vec<Fact>> {
        let Some(organization) = self.organization else {
            return Ok(Vec::new());
        };
        match tx.member(organization, self.user)? {
            Some(member) if tx.is_wanted_elsewhere(organization, self.user)? => {
                let ended = session::end(tx, &member.user, |_| true)?.into_iter();
                Ok(ended
                    .map(|fact| fact.to_log(Scope::Account(self.user)))
                    .collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Refuses what would leave an organization without an Admin; gives what goes: log and number of events. Nothing goes where all
    /// was erased before.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a person of whom nothing is known, [`Error::Failed`] with `last_admin`.
    pub fn look(&self, rx: &mut Rx<'_>) -> Result<Vec<(Log, u64)>> {
        let mut knowing = Vec::new();
        if self.organization.is_none() {
            knowing = rx.organizations_that_know(self.user)?;
            knowing.extend(rx.organizations_of(self.user)?);
            knowing.sort_unstable();
            knowing.dedup();
        }
        if knowing.is_empty() {
            let is_member = match self.organization {
                Some(organization) => rx.member(organization, self.user)?.is_some(),
                None => false,
            };
            if rx.is_erased(self.organization, self.user)? && !is_member {
                return Ok(Vec::new());
            }
            if self.organization.is_none() && rx.user(self.user)?.is_none() {
                return Err(Error::NotFound("user"));
            }
        }
        let mut goes = Vec::new();
        for log in self.logs(rx, knowing)? {
            if let Some(organization) = log.organization
                && rx.is_last_admin(organization, self.user)?
            {
                return Err(Error::failed(
                    "last_admin",
                    format!(
                        "this person is the only Admin of organization {organization}; make another one first"
                    ),
                ));
            }
            let events = rx.events_of(log.id, self.user)?;
            goes.push((log, events));
        }
        Ok(goes)
    }
}

impl Action for ErasePerson {
    const EVENTS: &'static [EventType] =
        &[catalogue::PRIVACY_ERASED, catalogue::USER_SESSION_REVOKED];
    type Output = ();

    fn scope(&self) -> Scope {
        match self.organization {
            Some(organization) => Scope::MemberAndInstance(organization, self.user),
            None => Scope::Person(self.user),
        }
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target {
            kind: TargetType::Privacy,
            id: Some(self.user.to_string()),
            name: None,
        };
        Ok(vec![Need::in_organization(Permission::ErasePeople, target)])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let mut facts = self.end_sessions(tx)?;
        for (log, user, events) in self.goes(tx)? {
            let erased = tx.erase_person(&log, user, self.organization.is_none())?;
            let readable = json!({ "subject": user, "events": events, "basis": self.basis });
            let fact = Fact::new(catalogue::PRIVACY_ERASED, &erased).readable(readable);
            facts.push(match log.organization {
                Some(organization) => fact.to_log(Scope::Organization(organization)),
                None => fact.to_log(Scope::Instance),
            });
        }
        Ok(Done::new((), facts))
    }
}

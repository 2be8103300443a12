//! Erasing, as every door does it: the guard first, then the action, then the removal of what nobody can open any more.

use model::actor::{Actor, Origin, System};
use model::id::{OrganizationId, RequestId};
use model::interface::Interface;
use model::part::PartName;
use model::role::Permission;
use store::{Erased, Erasure, Error, Guard, Kept, Recorded, Result, Store, Upkeep};

use crate::actions::privacy::erase_part::ErasePart;
use crate::actions::privacy::erase_person::ErasePerson;
use crate::app::{self, App, Entries};
use crate::request::Caller;

/// What is to be erased.
#[derive(Clone, Debug)]
pub enum Erase {
    /// A person.
    Person(ErasePerson),
    /// One value.
    Part(ErasePart),
}

impl Erase {
    const fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::Person(one) => one.organization,
            Self::Part(one) => Some(one.organization),
        }
    }

    fn is(&self, erased: &Erased) -> bool {
        match (self, erased) {
            (Self::Person(one), Erased::Person(user)) => one.user == *user,
            (Self::Part(one), Erased::Part { event, part }) => {
                one.event == *event && one.part == *part
            }
            _ => false,
        }
    }

    fn kept(&self) -> Kept {
        match self {
            Self::Person(one) => Kept::Person {
                organization: one.organization,
                subject: one.user,
            },
            Self::Part(one) => Kept::Part {
                organization: one.organization,
                event: one.event,
                part: one.part.to_string(),
            },
        }
    }
}

/// Erases. Blocks the thread.
///
/// The guard knows of it before the database does: if the machine stops between the two, it is done at the next start.
///
/// # Errors
/// As `perform`; then the guard knows that it was refused.
pub fn erase(
    store: &Store,
    guard: Option<&Guard>,
    actor: Actor,
    origin: Origin,
    what: &Erase,
) -> Result<Recorded<()>> {
    // What would be refused anyway is not put into the guard first; the refusal itself is for the action to record.
    let refused = store.read(|rx| match what {
        Erase::Person(one) => one.look(rx).map(|_| ()),
        Erase::Part(one) => one.look(rx),
    });
    let guard = guard.filter(|_| refused.is_ok());
    let kept = what.kept();
    if let Some(guard) = guard {
        guard.keep_erasure(&kept)?;
    }
    let done = match what.clone() {
        Erase::Person(one) => store.perform(actor, origin, one).wait(),
        Erase::Part(one) => store.perform(actor, origin, one).wait(),
    };
    if let (Err(error), Some(guard)) = (&done, guard)
        && !matches!(error, Error::OutcomeUnknown)
    {
        guard.cancel_erasure(&kept)?;
    }
    done
}

/// Erases for whoever asks, and gives what was recorded. What was sealed is removed afterwards, by itself.
///
/// # Errors
/// As [`erase`].
pub async fn erase_for(app: &App, caller: &Caller, what: Erase) -> Result<(Erasure, Entries)> {
    let (store, folder) = (app.store.clone(), app.config.guard.clone());
    let (actor, origin) = (caller.actor, caller.origin.clone());
    let work = tokio::task::spawn_blocking(move || {
        // Who may not, or no longer, does not get as far as the guard.
        let may = store.read(|rx| {
            let acting = rx.acting(actor)?;
            match what.organization() {
                Some(organization) => acting.may(rx, Permission::ErasePeople, organization, None),
                None => Ok(false),
            }
        })?;
        let guard = folder.filter(|_| may).map(Guard::new);
        let done = erase(&store, guard.as_ref(), actor, origin, &what)?;
        let is_it = |one: &Erasure| one.organization == what.organization() && what.is(&one.what);
        let erasure = store.read(|rx| {
            let all = rx.erasures()?.into_iter().rev();
            for one in all.filter(is_it) {
                if rx.is_recorded(&one)? {
                    return Ok(one);
                }
            }
            Err(Error::NotFound("erasure"))
        })?;
        Ok((done.entries, erasure))
    });
    let (entries, erasure) = work
        .await
        .unwrap_or_else(|_| Err(Error::Internal("an erasure panicked".to_owned())))?;
    app::recorded(&entries);
    let store = app.store.clone();
    // If it fails, the job that runs every quarter of a minute goes on with it.
    drop(tokio::task::spawn_blocking(move || remove(&store)));
    Ok((erasure, entries))
}

/// Removes what was erased from the rows and from the files, as far as it is not removed yet, and tells whether there was
/// anything. Blocks the thread.
///
/// # Errors
/// When the database fails; it can be tried again.
pub fn remove(store: &Store) -> Result<bool> {
    let mut removed = false;
    let purged = loop {
        match store.upkeep(Upkeep::Purge).wait() {
            Ok(0) => break Ok(()),
            Ok(_) => removed = true,
            // What is done is done for good all the same.
            Err(error) => break Err(error),
        }
    };
    removed |= store.upkeep(Upkeep::Scrub).wait()? > 0;
    purged.map(|()| removed)
}

/// Brings the guard and the database together: what only the guard knows, because the database was restored from a
/// backup, is erased again; what another process has erased, and the log says so, is kept in this guard as well. Gives how much was erased.
/// Blocks the thread.
///
/// # Errors
/// When the database or the guard cannot be used.
pub fn again(store: &Store, guard: &Guard) -> Result<u64> {
    let kept = guard.erasures()?;
    for erasure in store.read(|rx| rx.erasures())? {
        let known = match (erasure.what.clone(), erasure.organization) {
            (Erased::Person(subject), organization) => Kept::Person {
                organization,
                subject,
            },
            (Erased::Part { event, part }, Some(organization)) => Kept::Part {
                organization,
                event,
                part: part.to_string(),
            },
            (Erased::Part { .. }, None) => continue,
        };
        if kept.contains(&known) {
            continue;
        }
        // What only a row says may be somebody's who would have the server erase for him.
        if store.read(|rx| rx.is_recorded(&erasure))? {
            guard.keep_erasure(&known)?;
        }
    }
    let mut erased = 0;
    for one in kept {
        let Some(action) = missing(store, &one)? else {
            continue;
        };
        let origin = Origin::local(
            RequestId::new(store.clock(), store.entropy()),
            Interface::System,
        );
        let actor = Actor::System(System::Server);
        let done = match action {
            Erase::Person(one) => store.perform(actor, origin, one).wait(),
            Erase::Part(one) => store.perform(actor, origin, one).wait(),
        };
        match done {
            Ok(_) => {
                erased += 1;
                tracing::warn!("an erasure that a restored backup did not know of was done again");
            }
            // The backup is from before the person, or the event, was there.
            Err(Error::NotFound(_)) => {}
            // Such as the only Admin that the backup knows. Nothing else must wait for that to be settled.
            Err(error @ Error::Failed { .. }) => {
                tracing::error!(%error, "an erasure that a restored backup did not know of cannot be done again yet");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(erased)
}

/// What has to be done for an erasure of the guard, if the database has not done it.
fn missing(store: &Store, kept: &Kept) -> Result<Option<Erase>> {
    store.read(|rx| match kept {
        Kept::Person {
            organization,
            subject,
        } => {
            let again = ErasePerson {
                organization: *organization,
                user: *subject,
                basis: "restored",
            };
            // A backup from before the person was there knows nothing of it.
            let is_left = match again.look(rx) {
                Ok(goes) => !goes.is_empty(),
                Err(Error::NotFound(_)) => false,
                Err(Error::Failed { .. }) => true,
                Err(error) => return Err(error),
            };
            Ok(is_left.then_some(Erase::Person(again)))
        }
        Kept::Part {
            organization,
            event,
            part,
        } => {
            let Ok(part) = PartName::parse(part) else {
                return Ok(None);
            };
            let log = match rx.organization_log(*organization) {
                Ok(log) => log,
                Err(Error::NotFound(_)) => return Ok(None),
                Err(error) => return Err(error),
            };
            let done = rx.is_part_erased(log.id, *event, part)?;
            Ok((!done).then_some(Erase::Part(ErasePart {
                organization: *organization,
                event: *event,
                part,
            })))
        }
    })
}

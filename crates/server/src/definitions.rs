//! Taking in definitions, as every door does it: the log is looked through first, where a definition makes more secret; the
//! guard knows of what is erased before the database does; then one action does it all.

use model::actor::{Actor, Origin};
use model::definition::Kind;
use model::id::{EventId, OrganizationId};
use model::part::PartName;
use model::role::Permission;
use store::{Action, Error, Guard, Kept, Recorded, Result, Rx, Store};

use crate::actions::definition::delete::DeleteDefinition;
use crate::actions::definition::take_in::{Over, TakeIn, Taking};
use crate::actions::definition::{Given, Looked, Outcome, Plan, Stricter};
use crate::app::{self, App, Entries};
use crate::privacy;
use crate::request::Caller;

/// How often it starts over where others change definitions at the same time.
const TRIES: usize = 8;

/// What is to be done with definitions.
#[derive(Clone, Debug)]
pub enum Change {
    /// To take some in.
    TakeIn {
        /// How they come here.
        origin: model::definition::Origin,
        /// The definitions.
        given: Vec<Given>,
        /// Whether they are one event together.
        together: bool,
        /// What may be there already.
        over: Over,
    },
    /// To let one go.
    Delete {
        /// Which table it is in.
        kind: Kind,
        /// The type.
        name: String,
    },
}

impl Change {
    /// Of which types more will be secret.
    fn stricter(&self, rx: &mut Rx<'_>, organization: OrganizationId) -> Result<Stricter> {
        match self {
            Self::TakeIn { origin, given, .. } => {
                Ok(Plan::of(rx, organization, given, *origin)?.stricter)
            }
            Self::Delete { kind, name } => {
                let found = rx.taken_definition(organization, *kind, name)?;
                Ok(found.as_ref().map(Plan::without).unwrap_or_default())
            }
        }
    }
}

/// Who asks, and of which organization.
#[derive(Clone, Debug)]
pub struct Asks {
    /// Who acts.
    pub actor: Actor,
    /// Where from.
    pub origin: Origin,
    /// Whose definitions.
    pub organization: OrganizationId,
}

/// What is to be erased, and which definitions that goes by. Looks in slices, so that no state of the data is held for long.
fn look(store: &Store, asks: &Asks, change: &Change) -> Result<Looked> {
    let (stricter, mut looked) = store.read(|rx| {
        let acting = rx.acting(asks.actor)?;
        let version = rx.definitions_version(asks.organization)?;
        // Who may not do it does not have the log looked through.
        let may = acting.may(rx, Permission::EditDefinitions, asks.organization, None)?;
        let stricter = if may {
            change.stricter(rx, asks.organization)?
        } else {
            Stricter::default()
        };
        Ok((
            stricter,
            Looked {
                version,
                ..Looked::default()
            },
        ))
    })?;
    while store.read(|rx| {
        let log = rx.organization_log(asks.organization)?;
        looked.on(rx, &log, &stricter)
    })? {}
    Ok(looked)
}

fn kept(organization: OrganizationId, (event, _, part): &(EventId, u64, PartName)) -> Kept {
    Kept::Part {
        organization,
        event: *event,
        part: part.to_string(),
    }
}

/// Performs with what will be erased in the guard, and takes it out again where nothing was done.
fn guarded<T, A>(
    store: &Store,
    guard: Option<&Guard>,
    asks: &Asks,
    looked: &Looked,
    action: A,
) -> Result<Recorded<Outcome<T>>>
where
    T: Send + 'static,
    A: Action<Output = Outcome<T>>,
{
    let all: Vec<Kept> = looked
        .found
        .iter()
        .map(|one| kept(asks.organization, one))
        .collect();
    if let Some(guard) = guard {
        guard.keep_erasures(&all)?;
    }
    let done = store
        .perform(asks.actor, asks.origin.clone(), action)
        .wait();
    let nothing_done = match &done {
        Ok(done) => matches!(done.output, Outcome::Moved),
        Err(error) => !matches!(error, Error::OutcomeUnknown),
    };
    if let Some(guard) = guard.filter(|_| nothing_done) {
        guard.cancel_erasures(&all)?;
    }
    done
}

/// Changes definitions. Blocks the thread.
///
/// What is made secret is gone from the rows when this returns; the files are rewritten afterwards ([`privacy::remove`]), by
/// whoever asked or, if the machine stops here, by the next server that starts.
///
/// # Errors
/// As `perform`; [`Error::Failed`] with `changed_meanwhile` where others do not stop changing them.
pub fn change(
    store: &Store,
    guard: Option<&Guard>,
    asks: &Asks,
    change: &Change,
) -> Result<(Taking, Entries)> {
    for _ in 0..TRIES {
        let looked = look(store, asks, change)?;
        let organization = asks.organization;
        let (outcome, entries) = match change.clone() {
            Change::TakeIn {
                origin,
                given,
                together,
                over,
            } => {
                let action = TakeIn {
                    organization,
                    origin,
                    given,
                    together,
                    over,
                    looked: looked.clone(),
                };
                let done = guarded(store, guard, asks, &looked, action)?;
                (done.output, done.entries)
            }
            Change::Delete { kind, name } => {
                let action = DeleteDefinition {
                    organization,
                    kind,
                    name,
                    looked: looked.clone(),
                };
                let done = guarded(store, guard, asks, &looked, action)?;
                let outcome = match done.output {
                    Outcome::Done(erased) => Outcome::Done(Taking {
                        erased,
                        ..Taking::default()
                    }),
                    Outcome::Moved => Outcome::Moved,
                };
                (outcome, done.entries)
            }
        };
        if let Outcome::Done(output) = outcome {
            return Ok((output, entries));
        }
    }
    Err(Error::failed(
        "changed_meanwhile",
        "others are changing definitions at the same time; try again",
    ))
}

/// Changes definitions for whoever asks, and gives what was recorded.
///
/// # Errors
/// As [`change`].
pub async fn change_for(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    what: Change,
) -> Result<(Taking, Entries)> {
    let (store, guard) = (app.store.clone(), app.config.guard.clone().map(Guard::new));
    let asks = Asks {
        actor: caller.actor,
        origin: caller.origin.clone(),
        organization,
    };
    let work = tokio::task::spawn_blocking(move || change(&store, guard.as_ref(), &asks, &what));
    let (taking, entries) = work.await.unwrap_or_else(|_| {
        Err(Error::Internal(
            "a change of definitions panicked".to_owned(),
        ))
    })?;
    app::recorded(&entries);
    if taking.erased > 0 {
        let store = app.store.clone();
        // If it fails, the job that runs every quarter of a minute goes on with it.
        drop(tokio::task::spawn_blocking(move || privacy::remove(&store)));
    }
    Ok((taking, entries))
}

//! Publishing code, whichever door it is asked for at: it is tried first, which takes long, and then published by an action
//! that looks whether what was tried still stands.

use model::id::{TransformationId, VersionId};
use model::role::Permission;
use model::things::CodeKind;
use store::{Error, Recorded, Result as Stored, Rx};

use crate::actions::transformation::found;
use crate::actions::transformation::publish::{Publish, Published};
use crate::actions::transformation::update::Found;
use crate::actions::transformation::verdict::{LIBRARY_NOT_HERE, Verdict};
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Caller, Place};
use crate::transformer::NoVerdict;
use crate::transformer::result::Validation;
use crate::transformer::suite::Test;
use crate::transformer::trial::{self, Candidate, Shelf, Trial};

/// Why nothing was published, and nothing is known of the code.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The store refuses.
    #[error(transparent)]
    Store(#[from] Error),
    /// The transformer gives no verdict.
    #[error(transparent)]
    NoVerdict(#[from] NoVerdict),
    /// There is no transformer, and without one this cannot be done.
    #[error("not tested: no transformer is configured")]
    NoTransformer,
}

impl From<Trouble> for Problem {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Store(error) => error.into(),
            Trouble::NoVerdict(error) => error.into(),
            Trouble::NoTransformer => Self::new(
                axum::http::StatusCode::SERVICE_UNAVAILABLE,
                "no_transformer",
                crate::actions::transformation::NOT_TESTED,
            ),
        }
    }
}

/// Versions that a client names, with their tests.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// Versions of transformations.
    pub transformations: Vec<(VersionId, Vec<Test>)>,
    /// Versions of libraries.
    pub libraries: Vec<VersionId>,
}

impl Batch {
    fn candidates(&self, rx: &mut Rx<'_>, place: Place) -> Stored<Vec<Candidate>> {
        let libraries = self.libraries.iter();
        let libraries = libraries.map(|id| (CodeKind::Library, *id, Vec::new()));
        let transformations = self.transformations.iter();
        let transformations =
            transformations.map(|(id, tests)| (CodeKind::Transformation, *id, tests.clone()));
        let mut candidates: Vec<Candidate> = Vec::new();
        for (kind, id, tests) in libraries.chain(transformations) {
            let named = |one: &&mut Candidate| one.kind == kind && one.version == Some(id);
            if let Some(twice) = candidates.iter_mut().find(named) {
                twice.tests.extend(tests);
                continue;
            }
            let version = rx.version(place.workspace, kind, id)?;
            let version = version.ok_or(Error::NotFound("version"))?;
            let one = found(rx, place, kind, version.transformation)?;
            candidates.push(Candidate::version(one, version, tests));
        }
        Ok(candidates)
    }

    /// Of each thing one version: which of two was to be in use then, nobody could say.
    fn one_of_each(candidates: &[Candidate]) -> Stored<()> {
        for (place, one) in candidates.iter().enumerate() {
            let other = candidates[..place].iter().find(|other| other.id == one.id);
            if let (Some(other), Some(id)) = (other.and_then(|other| other.version), one.version) {
                return Err(Error::invalid(
                    "two_versions",
                    format!(
                        "{other} and {id} are versions of one {}, \u{201c}{}\u{201d}; publish one of them",
                        one.kind.as_str(),
                        one.name
                    ),
                ));
            }
        }
        Ok(())
    }
}

/// What became of a batch.
#[derive(Debug)]
pub struct Outcome {
    /// What was found of each version.
    pub validation: Validation,
    /// Why nothing was published, if so.
    pub refusal: Option<String>,
    /// What was published, and the entries that record it.
    pub published: Option<Recorded<Vec<Published>>>,
}

fn may(rx: &mut Rx<'_>, caller: &Caller, place: Place, permission: Permission) -> Stored<bool> {
    let acting = rx.acting(caller.actor)?;
    acting.may(rx, permission, place.organization, Some(place.workspace))
}

/// Reads what is to be tried, and tries it. For who may not write code here nothing is tried: the action says no, and
/// records it.
async fn tried(
    app: &App,
    caller: &Caller,
    place: Place,
    read: impl FnOnce(&mut Rx<'_>) -> Stored<Vec<Candidate>> + Send + 'static,
) -> Result<Option<(Vec<Candidate>, Trial)>, Trouble> {
    let who = caller.clone();
    let ready = app
        .read(move |rx| {
            let candidates = read(rx)?;
            let may = may(rx, &who, place, Permission::EditTransformations)?;
            let shelf = Shelf::of(rx, place, &candidates)?;
            Ok(may.then_some((candidates, shelf)))
        })
        .await?;
    let Some((candidates, shelf)) = ready else {
        return Ok(None);
    };
    let trial = trial::before_publishing(app, &candidates, &shelf).await?;
    Ok(Some((candidates, trial)))
}

/// What is found of code that is to be created and published at once.
///
/// # Errors
/// When the transformer gives no verdict, or the store cannot be read.
pub async fn of_new(
    app: &App,
    caller: &Caller,
    place: Place,
    new: Candidate,
) -> Result<Verdict, Trouble> {
    let tried = tried(app, caller, place, move |_| Ok(vec![new])).await?;
    Ok(tried.map_or(Verdict::NONE, |(_, trial)| trial.verdict))
}

/// What is found of code that is to change and be published at once; what is not given is as it is.
///
/// # Errors
/// When the transformer gives no verdict, or there is nothing to change.
pub async fn of_change(
    app: &App,
    caller: &Caller,
    place: Place,
    (kind, id): (CodeKind, TransformationId),
    (name, code): (Option<String>, Option<String>),
    tests: Vec<Test>,
) -> Result<Found, Trouble> {
    let read = move |rx: &mut Rx<'_>| {
        let one = found(rx, place, kind, id)?;
        Ok(vec![Candidate {
            kind,
            id: Some(id),
            external_id: one.external_id,
            name: name.unwrap_or(one.name),
            version: None,
            language: one.language,
            code: code.unwrap_or(one.code),
            tests,
        }])
    };
    let tried = tried(app, caller, place, read).await?;
    let (name, code, verdict) = match tried {
        Some((mut candidates, trial)) => {
            let one = candidates.pop();
            let (name, code) = one.map(|one| (one.name, one.code)).unwrap_or_default();
            (name, code, trial.verdict)
        }
        None => (String::new(), String::new(), Verdict::NONE),
    };
    Ok(Found {
        name,
        code,
        verdict,
    })
}

/// Publishes versions, all or none.
///
/// # Errors
/// When the transformer gives no verdict, a version is not found, or the store refuses; not when the code is refused, which
/// the outcome says.
pub async fn publish(
    app: &App,
    caller: &Caller,
    place: Place,
    batch: Batch,
) -> Result<Outcome, Trouble> {
    let versions = batch.clone();
    let read = move |rx: &mut Rx<'_>| {
        let candidates = versions.candidates(rx, place)?;
        Batch::one_of_each(&candidates).map(|()| candidates)
    };
    let tried = tried(app, caller, place, read).await?;
    let (validation, verdict) = match tried {
        Some((_, trial)) => (trial.validation, trial.verdict),
        None => (Validation::default(), Verdict::NONE),
    };
    let wrong = validation.wrong().and_then(|id| id.parse().ok());
    let action = Publish {
        place,
        transformations: batch.transformations.iter().map(|(id, _)| *id).collect(),
        libraries: batch.libraries,
        verdict,
        wrong,
    };
    let refusals = ["tests_failed", "does_not_compile", LIBRARY_NOT_HERE];
    match app.perform(caller, action).await {
        Ok(published) => Ok(Outcome {
            validation,
            refusal: None,
            published: Some(published),
        }),
        // The answer tells what is wrong with each; that it was refused is recorded.
        Err(Error::Failed { code, message }) if refusals.contains(&code) => Ok(Outcome {
            validation,
            refusal: Some(message),
            published: None,
        }),
        Err(error) => Err(error.into()),
    }
}

/// Runs the tests of versions. Nothing changes, so whoever may look at them may.
///
/// # Errors
/// When there is no transformer or it gives no verdict, and when a version is not found.
pub async fn test(
    app: &App,
    caller: &Caller,
    place: Place,
    batch: Batch,
) -> Result<Trial, Trouble> {
    let who = caller.clone();
    let (candidates, shelf) = app
        .read(move |rx| {
            if !may(rx, &who, place, Permission::ViewWorkspace)? {
                return Err(Error::NotFound("workspace"));
            }
            let candidates = batch.candidates(rx, place)?;
            let shelf = Shelf::of(rx, place, &candidates)?;
            Ok((candidates, shelf))
        })
        .await?;
    let transformer = app.transformer.as_ref().ok_or(Trouble::NoTransformer)?;
    Ok(trial::with(transformer, &candidates, &shelf).await?)
}

/// Runs code that nobody has saved. Nothing changes; as code of anyone's could be run so, it is for who may write code here.
///
/// # Errors
/// When there is no transformer or it gives no verdict, and for who may not write code here.
pub async fn try_out(
    app: &App,
    caller: &Caller,
    place: Place,
    draft: Candidate,
) -> Result<Trial, Trouble> {
    let transformer = app.transformer.as_ref().ok_or(Trouble::NoTransformer)?;
    let (who, candidates) = (caller.clone(), [draft]);
    let shelf = app
        .read(move |rx| {
            if !may(rx, &who, place, Permission::EditTransformations)? {
                return Err(Error::NotFound("workspace"));
            }
            Shelf::of(rx, place, &[])
        })
        .await?;
    Ok(trial::with(transformer, &candidates, &shelf).await?)
}

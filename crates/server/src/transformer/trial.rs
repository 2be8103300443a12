//! What is asked before code is published: of a transformer where there is one, and otherwise of a parser. It takes long,
//! so it is done before the action, which looks whether what was tried is still what is there.

use model::code;
use model::id::{TransformationId, VersionId};
use model::things::{CodeKind, Transformation, Version};
use store::Rx;

use super::result::{
    LibraryResult, Status, TestError, TestResult, TransformationResult, Validation, summary,
};
use super::suite::Test;
use super::{Code, NoVerdict, Transformer};
use crate::actions::transformation::verdict::Verdict;
use crate::actions::transformation::{NOT_CHECKED, NOT_TESTED, not_here, published_libraries};
use crate::app::App;
use crate::request::Place;
use crate::syntax::{self, Checked};

/// Code that may be published.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Which of the two it is.
    pub kind: CodeKind,
    /// The transformation or library, where there is one already.
    pub id: Option<TransformationId>,
    /// What the client's project calls it.
    pub external_id: Option<String>,
    /// Its name.
    pub name: String,
    /// The version, where there is one already.
    pub version: Option<VersionId>,
    /// Its language.
    pub language: String,
    /// Itself.
    pub code: String,
    /// Its tests; without any, a transformation is run on sample events.
    pub tests: Vec<Test>,
}

impl Candidate {
    /// A version, with the tests that a client sends.
    pub fn version(one: Transformation, version: Version, tests: Vec<Test>) -> Self {
        Self {
            kind: one.kind,
            id: Some(one.id),
            external_id: one.external_id,
            name: version.name,
            version: Some(version.id),
            language: version.language,
            code: version.code,
            tests,
        }
    }

    /// What is wrong where it imports what is not here: it is refused when it is published, whether there is a transformer or not.
    fn not_here(&self, shelf: &Shelf) -> Option<String> {
        let is_run = self.kind == CodeKind::Transformation;
        is_run
            .then(|| not_here(&self.language, &self.code, &shelf.0))
            .flatten()
    }

    fn code(&self) -> Code<'_> {
        Code {
            language: &self.language,
            code: &self.code,
            version: self.version,
        }
    }
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Trial {
    /// What a client is told of each.
    pub validation: Validation,
    /// What the action is told.
    pub verdict: Verdict,
}

impl Trial {
    /// Whether all of it may be published.
    pub fn pass(&self) -> bool {
        self.verdict.refusal().is_none()
    }
}

/// What transformations may import: the name and the version. What is tried together stands before what is published.
#[derive(Clone, Debug, Default)]
pub struct Shelf(Vec<(String, VersionId)>);

impl Shelf {
    /// The libraries of a workspace as they are published, with what is tried in their place.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn of(rx: &mut Rx<'_>, place: Place, tried: &[Candidate]) -> store::Result<Self> {
        let own: Vec<_> = tried
            .iter()
            .filter(|one| one.kind == CodeKind::Library)
            .collect();
        let mut shelf: Vec<_> = own
            .iter()
            .filter_map(|one| Some((code::import_name(&one.name), one.version?)))
            .collect();
        let replaced: Vec<_> = own.iter().filter_map(|one| one.id).collect();
        shelf.extend(published_libraries(rx, place, &replaced)?);
        Ok(Self(shelf))
    }

    fn versions(&self) -> Vec<VersionId> {
        self.0.iter().map(|(_, version)| *version).collect()
    }

    /// Adds those that code imports to what is imported by others.
    fn add_imported(&self, one: &Candidate, found: &mut Vec<(String, VersionId)>) {
        let imports = code::imports(&one.language, &one.code);
        for used in self.0.iter().filter(|(name, _)| imports.contains(name)) {
            if !found.contains(used) {
                found.push(used.clone());
            }
        }
    }
}

/// Tries code before it is published.
///
/// # Errors
/// When a transformer is configured and gives no verdict.
pub async fn before_publishing(
    app: &App,
    candidates: &[Candidate],
    shelf: &Shelf,
) -> Result<Trial, NoVerdict> {
    match &app.transformer {
        Some(transformer) => with(transformer, candidates, shelf).await,
        None => Ok(without(candidates, shelf).await),
    }
}

/// Asks a transformer.
///
/// # Errors
/// When it gives no verdict.
pub async fn with(
    transformer: &Transformer,
    candidates: &[Candidate],
    shelf: &Shelf,
) -> Result<Trial, NoVerdict> {
    let versions = shelf.versions();
    let mut validation = Validation::default();
    let mut libraries = Vec::new();
    let mut tests = 0;
    let mut wrong = Vec::new();
    let mut not_here = Vec::new();
    for one in candidates {
        if one.kind == CodeKind::Library {
            // A transformer looks at the syntax of JavaScript alone; what is wrong with others shows when they are imported.
            let error = if one.language == "javascript" {
                transformer.check(one.code()).await?
            } else {
                None
            };
            wrong.extend(error.iter().map(|error| said(one, error)));
            let is_checked = one.language == "javascript";
            let message = error
                .clone()
                .or_else(|| (!is_checked).then(|| NOT_CHECKED.to_owned()));
            let result = LibraryResult::of(one, error.is_none(), message);
            validation.libraries.push(result);
            continue;
        }
        if let Some(why) = one.not_here(shelf) {
            not_here.push(said(one, &why));
            let result = TransformationResult::of(one, None, vec![without_running("imports", why)]);
            validation.transformations.push(result);
            continue;
        }
        let suite = if one.tests.is_empty() {
            vec![Test::by_default()]
        } else {
            one.tests.clone()
        };
        let mut results = Vec::with_capacity(suite.len());
        for test in &suite {
            results.push(match test.without_input() {
                Some(result) => result,
                None => test.judge(transformer.run(one.code(), &test.input, &versions).await?),
            });
        }
        tests += results.len();
        wrong.extend(summary(&results).map(|message| said(one, &message)));
        let result = TransformationResult::of(one, None, results);
        validation.transformations.push(result);
        shelf.add_imported(one, &mut libraries);
    }
    let verdict = if !not_here.is_empty() {
        not_here.extend(wrong);
        Verdict::LibraryNotHere(not_here.join("; "))
    } else if wrong.is_empty() {
        let mut libraries_tried = validation.libraries.iter();
        let unchecked = libraries_tried.any(|one| one.message.is_some());
        Verdict::Passed {
            tests,
            libraries,
            unchecked,
        }
    } else {
        Verdict::Failed(wrong.join("; "))
    };
    Ok(Trial {
        validation,
        verdict,
    })
}

/// Without a transformer: whether it compiles, and imports what is here.
async fn without(candidates: &[Candidate], shelf: &Shelf) -> Trial {
    let mut validation = Validation::default();
    let mut wrong = Vec::new();
    let mut not_here = false;
    let mut unchecked = None;
    let mut libraries = Vec::new();
    for one in candidates {
        shelf.add_imported(one, &mut libraries);
        let mut test = "syntax";
        let mut error = match syntax::check(&one.language, &one.code).await {
            Ok(Checked::Compiles) => None,
            Ok(Checked::Not(why)) => {
                unchecked = Some(why);
                None
            }
            Err(error) => Some(error.to_string()),
        };
        if error.is_none() {
            error = one.not_here(shelf);
            if error.is_some() {
                (not_here, test) = (true, "imports");
            }
        }
        wrong.extend(error.iter().map(|error| (one.clone(), error.clone())));
        let message = error.clone().unwrap_or_else(|| NOT_TESTED.to_owned());
        if one.kind == CodeKind::Library {
            let result = LibraryResult::of(one, error.is_none(), Some(message));
            validation.libraries.push(result);
        } else {
            let result = error.map(|error| without_running(test, error));
            let results = result.into_iter().collect();
            let result = TransformationResult::of(one, Some(message), results);
            validation.transformations.push(result);
        }
    }
    let refused = if not_here {
        Verdict::LibraryNotHere
    } else {
        Verdict::DoesNotCompile
    };
    let verdict = match &wrong[..] {
        [] => Verdict::NotTested {
            unchecked,
            libraries,
        },
        [(_, error)] if candidates.len() == 1 => refused(error.clone()),
        wrong => {
            let all: Vec<String> = wrong.iter().map(|(one, error)| said(one, error)).collect();
            refused(all.join("; "))
        }
    };
    Trial {
        validation,
        verdict,
    }
}

/// A client shows what is wrong with a transformation among its tests, so this is one.
fn without_running(test: &str, message: String) -> TestResult {
    TestResult {
        id: test.to_owned(),
        name: test.to_owned(),
        description: None,
        status: Status::Error,
        actual_output: Vec::new(),
        errors: vec![TestError::of(message)],
    }
}

fn said(one: &Candidate, what: &str) -> String {
    let first = what.lines().next().unwrap_or_default();
    format!(
        "{} \u{201c}{}\u{201d}: {first}",
        one.kind.as_str(),
        one.name
    )
}

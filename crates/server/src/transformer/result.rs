//! What is said of code that was tested, in the words of RudderStack's clients.

use model::code;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::trial::Candidate;

/// How a test ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// As it must.
    Pass,
    /// Something else came out.
    Fail,
    /// Something went wrong on the way.
    Error,
}

/// What went wrong with an event.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestError {
    /// In the transformer's words.
    pub message: String,
    /// The event, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub event: Option<Value>,
    /// Its place in the input, from 0, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event_index: Option<usize>,
}

impl TestError {
    /// What went wrong before any event.
    pub const fn of(message: String) -> Self {
        Self {
            message,
            event: None,
            event_index: None,
        }
    }
}

/// How one test ended.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TestResult {
    /// The id that the test came with.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// How it ended.
    pub status: Status,
    /// The events that came out.
    #[schema(value_type = Vec<Object>)]
    pub actual_output: Vec<Value>,
    /// What went wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<TestError>,
}

/// How the tests of a transformation ended.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct SuiteResult {
    /// The worst of them.
    pub status: Status,
    /// Each of them.
    pub results: Vec<TestResult>,
}

/// What is said of a library.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LibraryResult {
    /// Its id.
    pub id: String,
    external_id: String,
    /// Its name.
    pub name: String,
    handle_name: String,
    /// The version that was looked at.
    pub version_id: String,
    /// Whether it may be published.
    pub pass: bool,
    /// What is wrong with it, or why it was not tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// What is said of a transformation.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransformationResult {
    /// Its id.
    pub id: String,
    external_id: String,
    /// Its name.
    pub name: String,
    /// The version that was tested.
    pub version_id: String,
    imports: Vec<String>,
    /// Whether it may be published.
    pub pass: bool,
    /// Why it was not tested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Its tests, and what is wrong with them.
    pub test_result: SuiteResult,
}

/// What is said of each version.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Validation {
    /// Of the libraries.
    pub libraries: Vec<LibraryResult>,
    /// Of the transformations.
    pub transformations: Vec<TransformationResult>,
}

impl Validation {
    /// The version that is the first not to be as it must.
    pub fn wrong(&self) -> Option<&str> {
        let libraries = self.libraries.iter();
        let libraries = libraries.map(|one| (one.pass, &one.version_id));
        let transformations = self.transformations.iter();
        let transformations = transformations.map(|one| (one.pass, &one.version_id));
        let mut all = libraries.chain(transformations);
        all.find(|(pass, _)| !pass)
            .map(|(_, version)| version.as_str())
    }
}

fn text(id: Option<impl ToString>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

impl LibraryResult {
    /// What is said of a candidate.
    pub fn of(one: &Candidate, pass: bool, message: Option<String>) -> Self {
        Self {
            id: text(one.id),
            external_id: text(one.external_id.as_ref()),
            handle_name: code::import_name(&one.name),
            name: one.name.clone(),
            version_id: text(one.version),
            pass,
            message,
        }
    }
}

impl TransformationResult {
    /// What is said of a candidate whose tests ended so.
    pub fn of(one: &Candidate, message: Option<String>, results: Vec<TestResult>) -> Self {
        let worst = results.iter().map(|result| result.status).max();
        let status = worst.unwrap_or(Status::Pass);
        Self {
            id: text(one.id),
            external_id: text(one.external_id.as_ref()),
            name: one.name.clone(),
            version_id: text(one.version),
            imports: code::imports(&one.language, &one.code),
            pass: status == Status::Pass,
            message,
            test_result: SuiteResult { status, results },
        }
    }
}

/// Which tests did not pass, in a sentence; nothing where all did.
pub(super) fn summary(results: &[TestResult]) -> Option<String> {
    let bad: Vec<String> = results
        .iter()
        .filter(|result| result.status != Status::Pass)
        .map(|result| match result.errors.first() {
            Some(error) => {
                let first = error.message.lines().next().unwrap_or_default();
                format!("\u{201c}{}\u{201d}: {first}", result.name)
            }
            None => format!(
                "\u{201c}{}\u{201d}: something else came out than was expected",
                result.name
            ),
        })
        .collect();
    (!bad.is_empty()).then(|| {
        let shown = bad.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
        let verb = if bad.len() == 1 { "does" } else { "do" };
        let noun = if results.len() == 1 { "test" } else { "tests" };
        format!(
            "{} of {} {noun} {verb} not pass: {shown}",
            bad.len(),
            results.len()
        )
    })
}

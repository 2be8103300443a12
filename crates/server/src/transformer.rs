//! A transformer: the program that runs the code of transformations. Annals runs none. What it asks are the routes that
//! a transformer has for tests; what the transformer asks in return is in `api/transformations/by_version_id.rs`.

pub mod result;
pub mod suite;
pub mod trial;

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use model::code::for_transformers;
use model::id::VersionId;
use serde::Deserialize;
use serde_json::{Value, json};
use ureq::Agent;
use url::Url;

use crate::outgoing;
use crate::problem::Problem;

/// How long a transformer may take for one answer.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// The largest answer that is read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;
/// How much of what a transformer says is passed on, in characters.
const SAID: usize = 2_000;

/// The address of a transformer is none.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the transformer must be like http://transformer:9090")]
pub struct NoAddress;

/// Why a transformer gave no verdict. Nothing was changed, and nothing is known of the code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoVerdict {
    /// It cannot be reached.
    #[error("the transformer cannot be reached: {0}")]
    Unreachable(String),
    /// It did not answer in time.
    #[error("the transformer did not answer within {} seconds", .0.as_secs_f64())]
    TimedOut(Duration),
    /// What it answered is not what a transformer answers.
    #[error("the transformer answered what cannot be understood: {0}")]
    Nonsense(String),
}

impl From<NoVerdict> for Problem {
    fn from(error: NoVerdict) -> Self {
        let (status, code) = match &error {
            NoVerdict::Unreachable(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "transformer_unreachable")
            }
            NoVerdict::TimedOut(_) => (StatusCode::GATEWAY_TIMEOUT, "transformer_timed_out"),
            NoVerdict::Nonsense(_) => (StatusCode::BAD_GATEWAY, "transformer_nonsense"),
        };
        tracing::warn!(%error, "no verdict on code");
        Self::new(status, code, format!("{error}. Nothing was changed."))
    }
}

/// Code to run.
#[derive(Clone, Copy, Debug)]
pub struct Code<'a> {
    /// Its language.
    pub language: &'a str,
    /// Itself.
    pub code: &'a str,
    /// The version that it is, where it is one already.
    pub version: Option<VersionId>,
}

/// What became of code that was run.
#[derive(Clone, Debug, PartialEq)]
pub enum Run {
    /// It ran: what came out, in order.
    Ran(Vec<Out>),
    /// It could not be run, and why.
    Refused(String),
}

/// One thing that came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Out {
    /// An event, or what went wrong with one.
    pub event: Result<Value, String>,
    /// The place of the event that it came from, where that can be told.
    pub index: Option<usize>,
}

/// A transformer that can be asked.
#[derive(Clone, Debug)]
pub struct Transformer {
    agent: Agent,
    url: Arc<str>,
    patience: Duration,
}

#[derive(Deserialize)]
struct Transformed {
    #[serde(rename = "transformedEvents")]
    events: Vec<Element>,
}

#[derive(Deserialize)]
struct Element {
    /// What came out: an object. For what else code gives back a transformer tells an error, and what is dropped is left out.
    #[serde(rename = "transformedEvent", default)]
    event: Value,
    error: Option<Value>,
    #[serde(default)]
    metadata: Value,
}

impl Element {
    /// Whether it has neither an event nor an error.
    fn says_nothing(&self) -> bool {
        !self.event.is_object() && self.error.as_ref().is_none_or(Value::is_null)
    }
}

impl Transformer {
    /// A transformer at an address.
    ///
    /// # Errors
    /// When that is not the address of a web server.
    pub fn new(url: &str, patience: Duration) -> Result<Self, NoAddress> {
        let parsed = Url::parse(url).map_err(|_| NoAddress)?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
            return Err(NoAddress);
        }
        Ok(Self {
            agent: outgoing::agent(patience, None),
            url: url.trim_end_matches('/').into(),
            patience,
        })
    }

    /// Status and body of an answer.
    async fn ask(&self, path: &'static str, body: Value) -> Result<(u16, Value), NoVerdict> {
        let this = self.clone();
        let asked = tokio::task::spawn_blocking(move || this.ask_now(path, &body)).await;
        asked.unwrap_or_else(|_| Err(NoVerdict::Unreachable("asking it panicked".to_owned())))
    }

    fn ask_now(&self, path: &str, body: &Value) -> Result<(u16, Value), NoVerdict> {
        let failed = |error: ureq::Error| match error {
            ureq::Error::Timeout(_) => NoVerdict::TimedOut(self.patience),
            ureq::Error::BodyExceedsLimit(_) => {
                NoVerdict::Nonsense(format!("more than {LARGEST} bytes"))
            }
            other => NoVerdict::Unreachable(other.to_string()),
        };
        let url = format!("{}{path}", self.url);
        let mut answer = self.agent.post(url).send_json(body).map_err(failed)?;
        let status = answer.status().as_u16();
        let bytes = answer.body_mut().with_config().limit(LARGEST).read_to_vec();
        let bytes = bytes.map_err(failed)?;
        match serde_json::from_slice(&bytes) {
            Ok(json) => Ok((status, json)),
            Err(_) if status == 404 => Err(NoVerdict::Nonsense(format!(
                "there is no {path}; a transformer has it with TRANSFORMER_TEST_MODE=true"
            ))),
            Err(_) => Err(NoVerdict::Nonsense(format!(
                "{path} gives status {status} and no JSON"
            ))),
        }
    }

    /// Runs code on events; `libraries` are what it may import.
    ///
    /// # Errors
    /// When the transformer gives no verdict.
    pub async fn run(
        &self,
        code: Code<'_>,
        events: &[Value],
        libraries: &[VersionId],
    ) -> Result<Run, NoVerdict> {
        let path = "/transformation/testRun";
        let input: Vec<Value> = events
            .iter()
            .enumerate()
            .map(|(index, event)| {
                let id = event.get("messageId").cloned().unwrap_or(Value::Null);
                json!({ "message": event, "metadata": { "messageId": id, "jobId": index } })
            })
            .collect();
        let versions: Vec<Value> = libraries
            .iter()
            .map(|id| json!({ "versionId": id }))
            .collect();
        let mut revision = json!({ "code": code.code, "codeVersion": "1", "language": for_transformers(code.language) });
        revision["versionId"] = code
            .version
            .map_or_else(|| json!("testVersionId"), |id| json!(id));
        let body = json!({
            "input": input,
            "codeRevision": revision,
            "dependencies": { "libraries": versions, "credentials": [] },
        });
        let (status, answer) = self.ask(path, body).await?;
        if let Some(why) = refusal(path, status, &answer)? {
            return Ok(Run::Refused(why));
        }
        let answer: Transformed = serde_json::from_value(answer).map_err(|_| {
            NoVerdict::Nonsense(format!("{path} gives no \u{201c}transformedEvents\u{201d}"))
        })?;
        if answer.events.iter().any(Element::says_nothing) {
            return Err(NoVerdict::Nonsense(format!(
                "{path} gives an element of \u{201c}transformedEvents\u{201d} with neither an event nor an error"
            )));
        }
        let is_one_for_one = answer.events.len() == events.len();
        let tells_apart = are_told_apart(events);
        let outs = answer
            .events
            .into_iter()
            .enumerate()
            .map(|(place, element)| {
                // A transformer knows what belongs to an event by the event's own id; without one, by its order if at all.
                let told = element.metadata["jobId"]
                    .as_u64()
                    .and_then(|at| usize::try_from(at).ok());
                let index = if tells_apart {
                    told
                } else {
                    is_one_for_one.then_some(place)
                };
                Out {
                    event: match (element.error, element.event) {
                        (Some(error), _) if !error.is_null() => Err(cut(&words(&error))),
                        (_, event) => Ok(event),
                    },
                    index: index.filter(|index| *index < events.len()),
                }
            });
        Ok(Run::Ran(outs.collect()))
    }

    /// What is wrong with the syntax of a library, if anything is.
    ///
    /// # Errors
    /// When the transformer gives no verdict.
    pub async fn check(&self, code: Code<'_>) -> Result<Option<String>, NoVerdict> {
        let path = "/transformationLibrary/test";
        let body = json!({ "code": code.code, "language": for_transformers(code.language) });
        let (status, answer) = self.ask(path, body).await?;
        match refusal(path, status, &answer)? {
            None if answer != Value::Bool(true) => Err(NoVerdict::Nonsense(format!(
                "{path} gives status 200 and not \u{201c}true\u{201d}"
            ))),
            verdict => Ok(verdict),
        }
    }
}

/// Whether each event has an id of its own, by which what comes out says where it came from.
fn are_told_apart(events: &[Value]) -> bool {
    let mut ids: Vec<&str> = events
        .iter()
        .filter_map(|event| event["messageId"].as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids.len() == events.len()
}

/// Why code was refused, if it was; an answer that is neither yes nor no is none.
fn refusal(path: &str, status: u16, answer: &Value) -> Result<Option<String>, NoVerdict> {
    match (status, answer.get("error")) {
        (200, _) => Ok(None),
        (400, Some(error)) => Ok(Some(cut(&words(error)))),
        (_, Some(error)) => Err(NoVerdict::Nonsense(format!(
            "{path} gives status {status}: {}",
            cut(&words(error))
        ))),
        (404, None) => Err(NoVerdict::Nonsense(format!(
            "there is no {path}; a transformer has it with TRANSFORMER_TEST_MODE=true"
        ))),
        (_, None) => Err(NoVerdict::Nonsense(format!("{path} gives status {status}"))),
    }
}

fn words(error: &Value) -> String {
    error
        .as_str()
        .map_or_else(|| error.to_string(), str::to_owned)
}

fn cut(text: &str) -> String {
    text.chars().take(SAID).collect()
}

//! `/v2/audit-logs`: who did what, to what, of which type, and when.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use model::clock::Micros;
use model::entry::Outcome;
use model::id::{EventId, OrganizationId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{Error, Event, Order, Query, Result as StoreResult};
use tlog::Receipt;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use super::paging::Paging;
use crate::app::App;
use crate::audit::{self, Reach};
use crate::auth::secret;
use crate::export::rows::Form;
use crate::export::stream::{Begun, Wanted as Export};
use crate::problem::Problem;
use crate::request::{Bearer, Body, Params, Path};

/// Which events.
#[derive(Clone, Debug, Default, Deserialize, Serialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// How many at most, 1 to 100; 100 where it is not given. Large events come with fewer on a page: `paging.next` says whether more
    /// follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_page: Option<usize>,
    /// Those of this workspace, and those of the organization that have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<String>,
    /// Those later than this moment, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_after: Option<String>,
    /// Those earlier than this moment, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_before: Option<String>,
    /// Those after the event with this id, in the order asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_cursor: Option<String>,
    /// Those of this actor: the id of a person or of a service token, or the e-mail address of a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    actor: Option<String>,
    /// Those with this action, such as `updated_name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    /// Those about the thing with this id, or related to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<String>,
    /// Those done with this token: its id, or its name. What was done to a token is found with `target`. The token itself never
    /// stands in an address: `POST /v2/tokens/find` gives its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// Those about things of this type, such as `source`.
    #[serde(skip_serializing_if = "Option::is_none")]
    target_type: Option<String>,
    /// Those that ended so: `success`, `denied` or `failed`.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// `asc` (oldest first, where it is not given) or `desc`.
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<String>,
}

/// The moment that a text in RFC 3339 says.
pub fn moment(field: &str, text: &str) -> StoreResult<Micros> {
    let parsed: Result<jiff::Timestamp, _> = text.parse();
    parsed
        .map(|moment| Micros(moment.as_microsecond()))
        .map_err(|_| {
            let mut message = format!("{field} must be a moment such as 2026-11-23T10:00:00Z");
            if text.contains(' ') {
                message += "; in an address, a + is written %2B";
            }
            Error::field("invalid_time", field, message)
        })
}

/// Whether a filter has a word that events can have: what nothing can be called is not the same as what did not happen.
///
/// # Errors
/// When no event has it.
pub fn known_word(field: &str, text: Option<&str>) -> StoreResult<()> {
    let Some(text) = text else { return Ok(()) };
    let mut all = model::catalogue::ALL.iter();
    let is_known = match field {
        "action" => all.any(|one| one.action == text),
        _ => all.any(|one| one.target.as_str() == text),
    };
    if is_known {
        return Ok(());
    }
    Err(Error::field(
        "unknown_word",
        field,
        match field {
            "action" => format!(
                "no event has the action {text:?}; an action is one word, such as created, beside a target_type"
            ),
            _ => format!("no event is about things of the type {text:?}; a type is such as source"),
        },
    ))
}

impl Wanted {
    /// A token that stands in an address is in histories and logs of others; it is not taken, so that it is noticed.
    fn no_secret(&self) -> StoreResult<()> {
        let texts = [
            ("actor", &self.actor),
            ("action", &self.action),
            ("target", &self.target),
            ("token", &self.token),
            ("target_type", &self.target_type),
            ("outcome", &self.outcome),
        ];
        for (name, text) in texts {
            if text.as_deref().is_some_and(secret::looks_like_one) {
                return Err(Error::field(
                    "secret_in_address",
                    name,
                    "this is a token itself, which must not stand in an address; POST /v2/tokens/find gives its id",
                ));
            }
        }
        Ok(())
    }

    /// The query, once it is known which tokens are meant.
    async fn resolved(&self, app: &App, organization: OrganizationId) -> StoreResult<Query> {
        let mut query = self.query()?;
        if let Some(email) = self.actor.clone().filter(|text| text.contains('@')) {
            let found = app
                .read(move |rx| audit::person(rx, organization, &email))
                .await?;
            query.actors = found.map(|user| vec![user.to_string()]).or(query.actors);
        }
        if let Some(text) = self.token.clone() {
            let found = app
                .read(move |rx| audit::tokens(rx, organization, &text))
                .await?;
            query.tokens = Some(found.iter().map(ToString::to_string).collect());
        }
        Ok(query)
    }

    fn query(&self) -> StoreResult<Query> {
        self.no_secret()?;
        let limit @ 1..=100 = self.per_page.unwrap_or(100) else {
            return Err(Error::field(
                "out_of_range",
                "per_page",
                "per_page must be 1 to 100",
            ));
        };
        known_word("action", self.action.as_deref())?;
        known_word("target_type", self.target_type.as_deref())?;
        let order = match self.order.as_deref() {
            None | Some("asc") => Order::Oldest,
            Some("desc") => Order::Newest,
            Some(_) => {
                return Err(Error::field(
                    "unknown_word",
                    "order",
                    "order must be asc or desc",
                ));
            }
        };
        let outcome = match &self.outcome {
            None => None,
            Some(word) => Some(Outcome::parse(word).ok_or_else(|| {
                Error::field(
                    "unknown_word",
                    "outcome",
                    "outcome must be success, denied or failed",
                )
            })?),
        };
        let after = match &self.after_cursor {
            None => None,
            Some(id) => Some(id.parse().map_err(|_| {
                Error::field(
                    "unknown_cursor",
                    "after_cursor",
                    "there is no such event in this log to go on after",
                )
            })?),
        };
        Ok(Query {
            workspace: None,
            members_of: None,
            actors: self.actor.clone().map(|one| vec![one]),
            action: self.action.clone(),
            targets: self.target.clone().map(|one| vec![one]),
            tokens: None,
            target_type: self.target_type.clone(),
            group: None,
            outcome,
            created_after: self
                .created_after
                .as_deref()
                .map(|text| moment("created_after", text))
                .transpose()?,
            created_before: self
                .created_before
                .as_deref()
                .map(|text| moment("created_before", text))
                .transpose()?,
            until: None,
            after,
            order,
            limit,
        })
    }
}

/// Something that an event concerns besides its target.
#[derive(Debug, Serialize, ToSchema)]
pub struct Related {
    id: Option<String>,
    r#type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

/// An event. What cannot be shown is absent, and `hidden` says why.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditLog {
    id: String,
    /// The place in the organization's log: 0, 1, 2, ... without gaps.
    sequence: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_id: Option<String>,
    /// `user`, `service`, `system` or `anonymous`.
    actor_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_email: Option<String>,
    /// The token that was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_id: Option<String>,
    target_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    target_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related: Vec<Related>,
    action: String,
    /// `success`, `denied` or `failed`.
    outcome: &'static str,
    /// Why it was denied or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
    /// What changed: `path` with `before` and `after` (absent: not set), or `redacted`, or `large`.
    #[schema(value_type = Vec<Object>)]
    changes: Vec<Value>,
    /// What else was said.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    detail: Option<Value>,
    /// What stays readable for ever: the count of a series of refusals, for example.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    facts: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    /// `dashboard`, `api`, `terraform`, `command_line` or `system`.
    #[serde(skip_serializing_if = "Option::is_none")]
    interface: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<String>,
    /// Events of one request have one.
    request_id: String,
    /// What the client itself called the request, by `X-Request-Id`.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_request_id: Option<String>,
    #[schema(format = DateTime)]
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    workspace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    organization_id: Option<String>,
    /// What is not shown, and why: `erased`; `missing`, where it is gone and no entry erased it; or `withheld`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    hidden: BTreeMap<&'static str, &'static str>,
}

impl From<Event> for AuditLog {
    fn from(event: Event) -> Self {
        let entry = event.entry;
        Self {
            sequence: entry.sequence,
            actor_id: entry.actor.id,
            actor_type: entry.actor.r#type,
            actor_name: event.actor_name,
            actor_email: event.actor_email,
            token_id: entry.actor.token,
            token_name: event.token_name,
            target_id: entry.target.id,
            target_type: entry.target.r#type,
            target_name: event.target_name,
            related: entry
                .related
                .into_iter()
                .map(|one| Related {
                    name: one
                        .id
                        .as_ref()
                        .and_then(|id| event.related_names.get(id).cloned()),
                    id: one.id,
                    r#type: one.r#type,
                })
                .collect(),
            action: entry.action,
            outcome: entry.outcome.as_str(),
            code: entry.code,
            changes: event
                .changes
                .iter()
                .map(model::change::Change::to_json)
                .collect(),
            detail: event.detail,
            facts: entry.facts,
            ip: event.ip,
            interface: event.interface.map(model::interface::Interface::word),
            user_agent: event.user_agent,
            request_id: entry.request,
            client_request_id: event.client_request,
            created_at: Micros(entry.at).rfc3339(),
            workspace_id: entry.workspace,
            organization_id: entry.organization,
            hidden: event
                .hidden
                .into_iter()
                .map(|(name, why)| (name, why.as_str()))
                .collect(),
            id: entry.id,
        }
    }
}

/// A page of events.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditLogs {
    data: Vec<AuditLog>,
    paging: Paging,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(proof))
        .routes(routes!(export))
}

pub(super) fn reach(bearer: &Bearer, workspace: Option<&String>) -> StoreResult<Reach> {
    let workspace = workspace
        .map(|id| answer::id(id, "workspace"))
        .transpose()?;
    Ok(Reach {
        organization: bearer.token.organization,
        workspace,
        own: bearer.token.workspace,
    })
}

/// The events of the organization, oldest first. For a service token of the organization, or an administrator: one of the organization
/// reads the whole log, whichever workspace the token is for; one of a workspace reads what concerns that.
#[utoipa::path(get, path = "/v2/audit-logs", tag = "Audit log", params(Wanted),
    responses((status = 200, body = AuditLogs), (status = 400, body = Problem), (status = 401, body = Problem), (status = 403, body = Problem)))]
async fn list(
    State(app): State<App>,
    bearer: Bearer,
    Params(wanted): Params<Wanted>,
) -> Result<Json<AuditLogs>, Problem> {
    let query = wanted.resolved(&app, bearer.token.organization).await?;
    let page = audit::events(
        &app,
        &bearer.caller,
        reach(&bearer, wanted.workspace_id.as_ref())?,
        query,
    )
    .await?;
    let next = match page.events.last() {
        Some(last) if page.more => {
            let following = Wanted {
                after_cursor: Some(last.entry.id.clone()),
                ..wanted
            };
            let query = serde_urlencoded::to_string(&following)
                .map_err(|error| Error::Internal(error.to_string()))?;
            Some(format!("/v2/audit-logs?{query}"))
        }
        _ => None,
    };
    let paging = Paging {
        total: page.total,
        next,
    };
    Ok(Json(AuditLogs {
        data: page.events.into_iter().map(Into::into).collect(),
        paging,
    }))
}

/// One event.
#[utoipa::path(get, path = "/v2/audit-logs/{id}", tag = "Audit log", params(("id" = String, Path)),
    responses((status = 200, body = AuditLog), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<AuditLog>, Problem> {
    let id = answer::id(&id, "event")?;
    let event = audit::event(&app, &bearer.caller, reach(&bearer, None)?, id).await?;
    Ok(Json(event.into()))
}

/// What is taken out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewExport {
    /// `full`: everything, to be checked as a whole; `events`: rows with a proof for each; `csv`: only the rows.
    format: String,
    /// Which rows: the filters of the list, without paging. None for `full`.
    #[serde(default)]
    filters: Wanted,
    /// Goes on with an export of rows that broke off: only what comes after is answered, without the first line.
    begun: Option<BegunExport>,
}

/// How far an export of rows came before it broke off. The filters must be those that it was begun with.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BegunExport {
    /// The place of the last row that came whole: its `index`, or `sequence` in a CSV. None where none did.
    after: Option<u64>,
    /// `checkpoint` of the first line of rows with proofs: all rows are proved by one. None for a CSV.
    checkpoint: Option<String>,
}

/// Take the log out: a stream without a limit, as far as the log is signed. Each export is an event. `full` is for a service
/// token of the organization, or its administrators; `events` and `csv` bring what the caller may read.
#[utoipa::path(post, path = "/v2/audit-logs/exports", tag = "Audit log", request_body = NewExport,
    responses((status = 200, content_type = "application/octet-stream", body = Vec<u8>), (status = 400, body = Problem), (status = 403, body = Problem), (status = 503, body = Problem)))]
async fn export(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewExport>,
) -> Result<Response, Problem> {
    let wanted = match new.format.as_str() {
        "full" if new.begun.is_some() => {
            return Err(Error::field(
                "unexpected_filter",
                "begun",
                "an archive cannot be gone on with; its tiles can be fetched one by one below /logs/{id}",
            )
            .into());
        }
        "full"
            if serde_json::to_value(&new.filters).is_ok_and(|set| set == serde_json::json!({})) =>
        {
            Export::Full
        }
        "full" => {
            return Err(Error::field(
                "unexpected_filter",
                "filters",
                "a full export takes no filters; use the format events",
            )
            .into());
        }
        "events" => rows(&app, &bearer, Form::Proved, &new).await?,
        "csv" => rows(&app, &bearer, Form::Csv, &new).await?,
        _ => {
            return Err(Error::field(
                "unknown_word",
                "format",
                "format must be full, events or csv",
            )
            .into());
        }
    };
    let reach = reach(&bearer, new.filters.workspace_id.as_ref())?;
    Ok(audit::export(&app, &bearer.caller, reach, wanted).await?)
}

async fn rows(app: &App, bearer: &Bearer, form: Form, new: &NewExport) -> StoreResult<Export> {
    let filters = &new.filters;
    let begun = new.begun.clone().map(|begun| Begun {
        after: begun.after,
        checkpoint: begun.checkpoint,
    });
    let has_checkpoint = begun.as_ref().map(|begun| begun.checkpoint.is_some());
    if has_checkpoint.is_some_and(|has| has != (form == Form::Proved)) {
        return Err(Error::field(
            "invalid_body",
            "begun.checkpoint",
            "rows with proofs go on with the checkpoint of their first line, and a CSV has none",
        ));
    }
    if filters.after_cursor.is_some() || filters.per_page.is_some() || filters.order.is_some() {
        return Err(Error::field(
            "unexpected_filter",
            "filters",
            "an export has no pages: leave out per_page, after_cursor and order",
        ));
    }
    let words =
        serde_json::to_value(filters).map_err(|error| Error::Internal(error.to_string()))?;
    let query = filters.resolved(app, bearer.token.organization).await?;
    Ok(Export::Rows(form, Box::new(query), words, begun))
}

/// The receipt of an event: a `c2sp.org/tlog-proof@v1` file that proves offline that it is in the log. Its extra data is
/// the entry, and what opens its sealed parts.
#[utoipa::path(get, path = "/v2/audit-logs/{id}/proof", tag = "Audit log", params(("id" = String, Path)),
    responses((status = 200, content_type = "text/plain", body = String), (status = 403, body = Problem), (status = 404, body = Problem), (status = 503, body = Problem)))]
async fn proof(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id: EventId = answer::id(&id, "event")?;
    let receipt = audit::receipt(&app, &bearer.caller, reach(&bearer, None)?, id).await?;
    Ok(receipt_file(id, &receipt))
}

/// A receipt, to be kept as a file.
pub fn receipt_file(event: EventId, receipt: &Receipt) -> Response {
    let disposition = format!("attachment; filename=\"{event}.tlog-proof\"");
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, receipt.to_bytes()).into_response()
}

//! The HTTP API: RudderStack's public one for sources, destinations, connections, transformations and libraries, and ours
//! for the audit log. A file's path is the path of its URLs.

pub mod accounts;
pub mod answer;
pub mod audit_logs;
pub mod catalog;
pub mod connections;
pub mod definitions;
pub mod destination_definitions;
pub mod destinations;
pub mod event_stream_sources;
pub mod invitations;
pub mod logs;
pub mod members;
pub mod organization;
pub mod paging;
pub mod privacy;
pub mod retl_connections;
pub mod retl_sources;
pub mod source_definitions;
pub mod sources;
pub mod tokens;
pub mod transformations;
pub mod workspace;
pub mod workspaces;

use axum::http::StatusCode;
use utoipa::OpenApi;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, Ref, Response, ResponseBuilder};
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use crate::dataplane;
use crate::problem::Problem;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Annals",
        description = "A workspace control plane with an audit log that proves itself. Every change commits in one transaction with the event that records it. Requests are limited by token and address: RateLimit-Limit, -Remaining and -Reset say how it stands, and over a limit the answer is 429 with Retry-After and the code rate_limited.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    modifiers(&Token),
    security(("token" = []))
)]
struct Description;

struct Token;

impl utoipa::Modify for Token {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let bearer = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An access token."))
            .build();
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
        let basic = Http::builder()
            .scheme(HttpAuthScheme::Basic)
            .description(Some(
                "The token of a workspace's data plane as the user, with an empty password.",
            ))
            .build();
        components.add_security_scheme("workspace_token", SecurityScheme::Http(basic));
        let basic = Http::builder()
            .scheme(HttpAuthScheme::Basic)
            .description(Some(
                "The instance's hosted secret as the user, with an empty password.",
            ))
            .build();
        components.add_security_scheme("hosted_secret", SecurityScheme::Http(basic));
    }
}

/// The routes of the API, with their description.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(workspace::routes())
        .merge(workspaces::routes())
        .merge(sources::routes())
        .merge(event_stream_sources::routes())
        .merge(destinations::routes())
        .merge(connections::routes())
        .merge(accounts::routes())
        .merge(retl_sources::routes())
        .merge(retl_connections::routes())
        .merge(transformations::routes())
        .merge(catalog::routes())
        .merge(audit_logs::routes())
        .merge(logs::routes())
        .merge(privacy::routes())
        .merge(members::routes())
        .merge(invitations::routes())
        .merge(tokens::routes())
        .merge(organization::routes())
        .merge(dataplane::routes())
        .merge(source_definitions::routes())
        .merge(destination_definitions::routes())
        .merge(definitions::routes())
}

/// The description of the API, as it is checked in as `openapi.json`.
pub fn openapi() -> utoipa::openapi::OpenApi {
    let mut openapi = routes().into_openapi();
    for item in openapi.paths.paths.values_mut() {
        let operations = [
            &mut item.get,
            &mut item.put,
            &mut item.post,
            &mut item.patch,
            &mut item.delete,
        ];
        for operation in operations.into_iter().flatten() {
            // What shows no access token says itself what it wants to be shown.
            let answers = if operation.security.is_none() {
                COMMON
            } else {
                &COMMON[..1]
            };
            for (status, description) in answers {
                let responses = &mut operation.responses.responses;
                let answer = responses.entry((*status).to_owned());
                answer.or_insert_with(|| problem(description).into());
            }
        }
    }
    openapi
}

/// What an operation may answer whatever it does: status and description. The first without an access token, too.
const COMMON: &[(&str, &str)] = &[
    ("429", "Too many requests: `rate_limited`"),
    ("401", "No access token, or one that is not valid"),
    (
        "403",
        "Not permitted, or the organization requires a second factor: `second_factor_required`",
    ),
];

fn problem(description: &str) -> Response {
    let body = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new()
        .description(description)
        .content("application/json", body)
        .build()
}

/// The same as text.
///
/// # Errors
/// Only if the description cannot be written as JSON, which would be a defect.
pub fn openapi_json() -> serde_json::Result<String> {
    let mut text = serde_json::to_string_pretty(&openapi())?;
    text.push('\n');
    Ok(text)
}

/// The answer to a path that is none.
pub async fn nowhere() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is nothing at this address.",
    )
}

/// The answer to a method that an address does not have.
pub async fn no_method() -> Problem {
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This address does not take this method.",
    )
}

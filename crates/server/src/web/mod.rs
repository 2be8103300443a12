//! The dashboard, made on the server: pages that work without a script, and are shorter ways with one.
//!
//! One file is one noun. A handler extracts, builds the action, has it performed, and answers: with a page, or after a
//! change with the way to one. What stands in the way is a [`refusal`], drawn in one place.
//!
//! The list of routes is a table, and the router is made from it: a route that is not a read says what action it performs,
//! or why it performs none.

pub mod view;

mod access;
mod answer;
mod assets;
mod audit_logs;
mod code;
mod config;
mod connections;
mod destinations;
mod event;
mod flash;
mod form;
mod history;
mod home;
mod libraries;
pub mod lines;
mod links;
mod live;
mod me;
mod names;
pub(crate) mod once;
mod outside_accounts;
mod passkeys;
mod phone;
mod profile;
mod refusal;
mod retl_connections;
mod retl_sources;
mod settings;
mod setup;
mod sign_in;
mod sources;
mod team;
mod things;
mod tokens;
mod transformations;
mod types;
mod visitor;
mod workspaces;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use model::catalogue::EventType;
use store::Action;
use tower_http::csrf::{CsrfLayer, ProtectionError};

use self::refusal::{Refusal, dress};
use crate::actions::access::update::UpdateAccess;
use crate::actions::account::change_password::ChangePassword;
use crate::actions::account::confirm_email::ConfirmEmail;
use crate::actions::account::reset_password::ResetPassword;
use crate::actions::account::update_name::UpdateName;
use crate::actions::audit_log::export::ExportAuditLog;
use crate::actions::audit_log::view::ViewAuditLog;
use crate::actions::connection::create::CreateConnection;
use crate::actions::connection::delete::DeleteConnection;
use crate::actions::connection::update::UpdateConnection;
use crate::actions::definition::delete::DeleteDefinition;
use crate::actions::definition::take_in::TakeIn;
use crate::actions::destination::create::CreateDestination;
use crate::actions::destination::delete::DeleteDestination;
use crate::actions::destination::put_transformation::PutTransformation;
use crate::actions::destination::take_transformation::TakeTransformation;
use crate::actions::destination::update::UpdateDestination;
use crate::actions::factor::add::AddApp;
use crate::actions::factor::add_passkey::AddPasskey;
use crate::actions::factor::add_phone::AddPhone;
use crate::actions::factor::change_phone::ChangePhone;
use crate::actions::factor::codes::RegenerateCodes;
use crate::actions::factor::remove::RemoveFactor;
use crate::actions::factor::rename_passkey::RenamePasskey;
use crate::actions::instance::set_up::SetUp;
use crate::actions::invitation::accept::AcceptInvitation;
use crate::actions::invitation::cancel::CancelInvitation;
use crate::actions::invitation::create::Invite;
use crate::actions::invitation::resend::ResendInvitation;
use crate::actions::member::change::ChangeMember;
use crate::actions::member::end_sessions::EndSessions;
use crate::actions::member::leave::LeaveOrganization;
use crate::actions::member::remove::RemoveMember;
use crate::actions::organization::update::UpdateOrganization;
use crate::actions::outside_account::create::CreateAccount;
use crate::actions::outside_account::delete::DeleteAccount;
use crate::actions::outside_account::update::UpdateAccount;
use crate::actions::privacy::erase_person::ErasePerson;
use crate::actions::session::revoke::RevokeSessions;
use crate::actions::session::sign_in::SignIn;
use crate::actions::session::sign_out::SignOut;
use crate::actions::source::create::CreateSource;
use crate::actions::source::delete::DeleteSource;
use crate::actions::source::update::UpdateSource;
use crate::actions::token::create::CreateToken;
use crate::actions::token::delete::DeleteToken;
use crate::actions::transformation::create::CreateTransformation;
use crate::actions::transformation::delete::DeleteTransformation;
use crate::actions::transformation::publish::Publish;
use crate::actions::transformation::update::UpdateTransformation;
use crate::actions::workspace::create::CreateWorkspace;
use crate::actions::workspace::delete::DeleteWorkspace;
use crate::actions::workspace::rotate_token::RotateToken;
use crate::actions::workspace::update::UpdateWorkspace;
use crate::app::App;
use crate::rates;

/// One route of the dashboard.
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path, with its parameters in braces.
    pub path: &'static str,
    /// What the action that it performs may emit; empty for a read.
    pub events: &'static [EventType],
    handler: MethodRouter<App>,
}

fn read<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route {
        method: Method::GET,
        path,
        events: &[],
        handler: get(handler),
    }
}

fn form<A: Action, H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route {
        method: Method::POST,
        path,
        events: A::EVENTS,
        handler: post(handler),
    }
}

/// A form that leaves no event: it only makes what is recorded later possible.
fn plain<H: Handler<T, App>, T: 'static>(path: &'static str, handler: H) -> Route {
    Route {
        method: Method::POST,
        path,
        events: &[],
        handler: post(handler),
    }
}

/// Every route of the dashboard.
pub fn table() -> Vec<Route> {
    vec![
        read("/", home::home),
        read("/assets/{name}", assets::get),
        read("/setup", setup::form),
        form::<SetUp, _, _>("/setup", setup::set_up),
        read("/sign-in", sign_in::form),
        form::<SignIn, _, _>("/sign-in", sign_in::sign_in),
        read("/sign-in/step", sign_in::step),
        form::<SignIn, _, _>("/sign-in/step", sign_in::sign_in_step),
        plain("/sign-in/step/options", passkeys::ask_own),
        plain("/sign-in/step/text", phone::send_step),
        plain("/sign-in/passkey/options", passkeys::ask_any),
        form::<SignIn, _, _>("/sign-in/passkey", passkeys::sign_in),
        form::<SignOut, _, _>("/sign-out", sign_in::sign_out),
        read("/sources", sources::list),
        form::<CreateSource, _, _>("/sources", sources::create),
        read("/sources/new", sources::new),
        read("/sources/{id}", sources::overview),
        form::<UpdateSource, _, _>("/sources/{id}", sources::update),
        read("/sources/{id}/settings", sources::settings),
        read("/sources/{id}/audit-logs", sources::audit_logs),
        read("/sources/{id}/live", live::source),
        read("/sources/{id}/access", access::source),
        form::<UpdateAccess, _, _>("/sources/{id}/access", access::update_source),
        read("/sources/{id}/delete", sources::ask_delete),
        form::<DeleteSource, _, _>("/sources/{id}/delete", sources::delete),
        read("/destinations", destinations::list),
        form::<CreateDestination, _, _>("/destinations", destinations::new::create),
        read("/destinations/new", destinations::new::choose),
        read("/destinations/{id}", destinations::overview),
        form::<UpdateDestination, _, _>("/destinations/{id}", destinations::update),
        read(
            "/destinations/{id}/configuration",
            destinations::configuration,
        ),
        read(
            "/destinations/{id}/connections",
            destinations::linked::connections_page,
        ),
        form::<CreateConnection, _, _>(
            "/destinations/{id}/connections",
            destinations::linked::connect,
        ),
        read(
            "/destinations/{id}/transformation",
            destinations::linked::transformation,
        ),
        form::<PutTransformation, _, _>(
            "/destinations/{id}/transformation",
            destinations::linked::put_transformation,
        ),
        form::<TakeTransformation, _, _>(
            "/destinations/{id}/transformation/delete",
            destinations::linked::take_transformation,
        ),
        read("/destinations/{id}/audit-logs", destinations::audit_logs),
        read("/destinations/{id}/live", live::destination),
        read("/destinations/{id}/access", access::destination),
        form::<UpdateAccess, _, _>("/destinations/{id}/access", access::update_destination),
        read("/destinations/{id}/delete", destinations::ask_delete),
        form::<DeleteDestination, _, _>("/destinations/{id}/delete", destinations::delete),
        read("/connections/{id}", retl_connections::overview),
        form::<UpdateConnection, _, _>("/connections/{id}", connections::update),
        read("/connections/{id}/audit-logs", retl_connections::audit_logs),
        read("/connections/{id}/settings", retl_connections::settings),
        read("/connections/{id}/delete", retl_connections::ask_delete),
        form::<DeleteConnection, _, _>("/connections/{id}/delete", connections::delete),
        read("/transformations", transformations::list),
        form::<CreateTransformation, _, _>("/transformations", transformations::create),
        read("/transformations/new", transformations::new),
        read("/transformations/{id}", transformations::overview),
        read("/transformations/{id}/code", transformations::edit),
        form::<UpdateTransformation, _, _>("/transformations/{id}/code", transformations::save),
        form::<Publish, _, _>("/transformations/{id}/publish", transformations::publish),
        read(
            "/transformations/{id}/versions",
            transformations::versions_page,
        ),
        read(
            "/transformations/{id}/versions/{version}",
            transformations::version,
        ),
        read("/transformations/{id}/live", live::transformation),
        read("/transformations/{id}/delete", transformations::ask_delete),
        form::<DeleteTransformation, _, _>("/transformations/{id}/delete", transformations::delete),
        read(
            "/transformations/{id}/audit-logs",
            transformations::audit_logs,
        ),
        read("/libraries", libraries::list),
        form::<CreateTransformation, _, _>("/libraries", libraries::create),
        read("/libraries/new", libraries::new),
        read("/libraries/{id}", libraries::page),
        read("/accounts", outside_accounts::list),
        form::<CreateAccount, _, _>("/accounts", outside_accounts::create),
        read("/accounts/new", outside_accounts::new),
        read("/accounts/{id}", outside_accounts::overview),
        form::<UpdateAccount, _, _>("/accounts/{id}", outside_accounts::update),
        read("/accounts/{id}/settings", outside_accounts::settings),
        read("/accounts/{id}/audit-logs", outside_accounts::audit_logs),
        read("/accounts/{id}/delete", outside_accounts::ask_delete),
        form::<DeleteAccount, _, _>("/accounts/{id}/delete", outside_accounts::delete),
        read("/workspaces", workspaces::list),
        form::<CreateWorkspace, _, _>("/workspaces", workspaces::create),
        plain("/workspaces/{id}/open", workspaces::show),
        read("/workspaces/{id}/delete", workspaces::ask_delete),
        form::<DeleteWorkspace, _, _>("/workspaces/{id}/delete", workspaces::delete),
        read("/libraries/{id}/code", libraries::edit),
        form::<UpdateTransformation, _, _>("/libraries/{id}/code", libraries::save),
        form::<Publish, _, _>("/libraries/{id}/publish", libraries::publish),
        read("/libraries/{id}/versions/{version}", libraries::version),
        read("/libraries/{id}/delete", libraries::ask_delete),
        form::<DeleteTransformation, _, _>("/libraries/{id}/delete", libraries::delete),
        read("/settings", settings::home),
        read("/settings/workspace", settings::workspace),
        form::<UpdateWorkspace, _, _>("/settings/workspace", settings::update_workspace),
        read("/settings/workspace/token", settings::ask_token),
        form::<RotateToken, _, _>("/settings/workspace/token", settings::rotate_token),
        read("/settings/types", types::list),
        read("/settings/types/one", types::one),
        form::<TakeIn, _, _>("/settings/types", types::define),
        form::<DeleteDefinition, _, _>("/settings/types/delete", types::delete),
        read("/settings/team", team::list),
        form::<ChangeMember, _, _>("/settings/team/{id}", team::update),
        read("/settings/team/{id}/remove", team::ask_remove),
        form::<RemoveMember, _, _>("/settings/team/{id}/remove", team::remove),
        form::<EndSessions, _, _>("/settings/team/{id}/sessions/end", team::end_sessions),
        form::<Invite, _, _>("/settings/invitations", team::invite),
        form::<ResendInvitation, _, _>("/settings/invitations/{id}/resend", team::resend),
        form::<CancelInvitation, _, _>("/settings/invitations/{id}/cancel", team::cancel),
        read("/settings/tokens", tokens::list),
        form::<CreateToken, _, _>("/settings/tokens", tokens::create),
        read("/settings/tokens/{id}/delete", tokens::ask_delete),
        form::<DeleteToken, _, _>("/settings/tokens/{id}/delete", tokens::delete),
        form::<UpdateOrganization, _, _>("/settings/organization", tokens::update_organization),
        read("/profile", profile::show),
        form::<UpdateName, _, _>("/profile/name", profile::update_name),
        plain("/profile/email", profile::change_email),
        form::<ChangePassword, _, _>("/profile/password", profile::change_password),
        form::<RevokeSessions, _, _>("/profile/sessions/end", profile::end_sessions),
        form::<RevokeSessions, _, _>("/profile/sessions/{id}/end", profile::end_session),
        form::<CreateToken, _, _>("/profile/tokens", profile::tokens::create_token),
        read(
            "/profile/tokens/{id}/delete",
            profile::tokens::ask_delete_token,
        ),
        form::<DeleteToken, _, _>("/profile/tokens/{id}/delete", profile::tokens::delete_token),
        form::<LeaveOrganization, _, _>("/profile/leave", profile::leave),
        read("/profile/app", profile::factors::new_app),
        form::<AddApp, _, _>("/profile/app", profile::factors::add_app),
        read("/profile/phone", phone::ask),
        plain("/profile/phone", phone::send_confirm),
        read("/profile/phone/confirm", phone::ask_confirm),
        form::<AddPhone, _, _>("/profile/phone/confirm", phone::add),
        form::<ChangePhone, _, _>("/profile/phone/change", phone::change),
        read("/profile/passkeys/new", passkeys::new),
        plain("/profile/passkeys/options", passkeys::ask_new),
        form::<AddPasskey, _, _>("/profile/passkeys", passkeys::add),
        form::<RemoveFactor, _, _>(
            "/profile/factors/{id}/remove",
            profile::factors::remove_factor,
        ),
        form::<RenamePasskey, _, _>(
            "/profile/passkeys/{id}/rename",
            profile::factors::rename_passkey,
        ),
        form::<RegenerateCodes, _, _>("/profile/recovery-codes", profile::factors::recovery_codes),
        read("/invitation", links::invited),
        form::<AcceptInvitation, _, _>("/invitation", links::accept),
        read("/forgot", links::ask_forgot),
        plain("/forgot", links::forgot),
        read("/reset", links::ask_reset),
        form::<ResetPassword, _, _>("/reset", links::reset),
        read("/confirm-email", links::ask_confirm),
        form::<ConfirmEmail, _, _>("/confirm-email", links::confirm),
        read("/settings/team/{id}/erase", settings::ask_erase),
        form::<ErasePerson, _, _>("/settings/team/{id}/erase", settings::erase),
        read("/settings/audit-logs", audit_logs::list),
        read("/settings/audit-logs/{id}", audit_logs::event),
        read("/settings/audit-logs/{id}/proof", audit_logs::proof),
        form::<ViewAuditLog, _, _>("/settings/audit-logs/token", audit_logs::find_token),
        form::<ExportAuditLog, _, _>("/settings/audit-logs/export", audit_logs::export),
    ]
}

/// The dashboard, with what surrounds its pages.
pub fn routes(app: &App) -> Router<App> {
    let mut router = Router::new();
    for route in table() {
        router = router.route(route.path, route.handler);
    }
    router
        .fallback(async || Refusal::nothing_here())
        .method_not_allowed_fallback(async || Refusal::nothing_here())
        .layer(own_forms(app))
        .layer(from_fn_with_state(
            (app.clone(), too_fast as _),
            rates::around,
        ))
        .layer(from_fn_with_state(app.clone(), dress))
        .layer(from_fn_with_state(app.clone(), guard))
}

/// How a page refuses one request too many.
fn too_fast(standing: rates::Standing) -> Response {
    Refusal::too_fast(standing.wait.unwrap_or(1)).into_response()
}

/// Refuses what a page of another site sends.
fn own_forms(app: &App) -> CsrfLayer<fn(ProtectionError) -> Response<Body>> {
    let layer = CsrfLayer::new();
    let layer = match &app.config.public_url {
        Some(url) => layer
            .clone()
            .add_trusted_origin(url)
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "the public address is no origin of a browser");
                layer
            }),
        None => layer,
    };
    layer.with_rejection_response(|_| Refusal::foreign_form().into_response())
}

/// What a page may load and do: only what this server sends.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
     form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The headers of every page.
async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_FRAME_OPTIONS, "DENY"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("permissions-policy"),
            "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        ),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers
        .entry(header::REFERRER_POLICY)
        .or_insert(HeaderValue::from_static("same-origin"));
    if app.config.is_secure() {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static("max-age=31536000"),
        );
    }
    response
}

/// Whether a request at an address that the API has too is for the page there: it comes from a browser, without a token.
pub fn is_for_page(request: &Request) -> bool {
    let headers = request.headers();
    let is_shared = ["/transformations", "/libraries"].iter().any(|root| {
        let path = request.uri().path();
        path.strip_prefix(root)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    let wants_page = match *request.method() {
        Method::GET | Method::HEAD => accepts_pages(request),
        // Programs send JSON to these addresses, and only a browser a form.
        Method::POST => headers.get(header::CONTENT_TYPE).is_some_and(|kind| {
            kind.as_bytes()
                .starts_with(b"application/x-www-form-urlencoded")
        }),
        _ => false,
    };
    is_shared && wants_page && !headers.contains_key(header::AUTHORIZATION)
}

/// Whether whoever asks wants to see a page.
pub fn accepts_pages(request: &Request) -> bool {
    request
        .headers()
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("text/html"))
}

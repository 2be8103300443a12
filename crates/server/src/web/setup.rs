//! `/setup`: the first run, opened by the one-time link.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use store::Error;
use zeroize::Zeroizing;

use super::answer::{self, Answer, private, see_other, with_cookie};
use super::form::{Form, SentByVisitor, visitor_token};
use super::refusal::{Refusal, sentence};
use super::sign_in;
use super::view::parts::Errors;
use super::view::setup::{Secret, Setup, SetupDone};
use super::visitor::Visitor;
use crate::actions::input;
use crate::actions::instance::set_up::{SetUp, default_name};
use crate::actions::session::sign_in::Shown;
use crate::app::App;
use crate::auth::cookies::{self, Name};
use crate::auth::password;
use crate::auth::secret::{self, Kind};

/// How long an opened link may wait for its form, in seconds.
const OPENED: i64 = 60 * 60;

/// The link.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Link {
    token: Option<String>,
}

fn already() -> Refusal {
    Refusal::new(
        StatusCode::CONFLICT,
        "This server is set up already",
        "Its one-time link is used up.",
        "Sign in, or ask an administrator to add you.",
    )
    .unchanged()
    .link("Sign in", "/sign-in")
}

fn dead_link() -> Refusal {
    Refusal::new(
        StatusCode::FORBIDDEN,
        "This link does not work",
        "It is wrong, too old, or was replaced when the server started again. Nothing was set up.",
        "Start \u{201c}annals serve\u{201d} again and open the new link that it prints.",
    )
}

/// The link's secret, if it may still be used.
async fn open_link(app: &App, headers: &HeaderMap) -> Result<[u8; 32], Refusal> {
    let hash = cookies::read(headers, &app.config, Name::SetUp).map(|token| secret::hash(&token));
    let (is_set_up, fits) = app
        .read(move |rx| {
            let fits = match &hash {
                Some(hash) => rx.is_set_up_link(hash)?,
                None => false,
            };
            Ok((rx.instance()?.name.is_some(), fits))
        })
        .await?;
    match hash {
        _ if is_set_up => Err(already()),
        Some(hash) if fits => Ok(hash),
        _ => Err(dead_link()),
    }
}

/// `GET /setup`. The secret goes from the address into a cookie at once, so that it stays in no history.
pub(super) async fn form(
    State(app): State<App>,
    visitor: Visitor,
    headers: HeaderMap,
    Query(link): Query<Link>,
) -> Answer {
    if let Some(token) = link.token {
        if !secret::is_one(&token) {
            return Err(dead_link());
        }
        let cookie = cookies::keep(&app.config, Name::SetUp, &token, OPENED);
        return Ok(private(with_cookie(see_other("/setup"), cookie)));
    }
    open_link(&app, &headers).await?;
    page(
        &app,
        &visitor,
        &headers,
        &Form::default(),
        Errors::default(),
    )
}

fn page(app: &App, visitor: &Visitor, headers: &HeaderMap, form: &Form, errors: Errors) -> Answer {
    let (csrf, cookie) = visitor_token(headers, app);
    let status = if errors.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::UNPROCESSABLE_ENTITY
    };
    let view = Setup {
        bare: visitor.bare(csrf),
        organization: form.text("organization").trim().to_owned(),
        workspace: form.text("workspace").to_owned(),
        name: form.name().to_owned(),
        email: form.text("email").to_owned(),
        password_min: u8::try_from(password::SHORTEST).unwrap_or(u8::MAX),
        errors,
    };
    Ok(private(with_cookie(answer::page(status, &view)?, cookie)))
}

/// What is wrong with the form, before anything is hashed.
fn check(form: &Form) -> Errors {
    let limit = model::things::NAME_LIMIT;
    let about = [form.name(), form.text("email").trim()];
    let checks = [
        input::line("organization", form.text("organization").trim(), limit),
        input::line("workspace", form.text("workspace").trim(), limit),
        input::name(form.name()),
        input::email(form.text("email").trim()),
        password::acceptable_for(form.text("password"), &about),
    ];
    let mut errors = Errors::default();
    for error in checks.into_iter().filter_map(Result::err) {
        if let Error::Invalid { details, .. } = error {
            for (field, message) in details {
                errors.add(field, sentence(&message));
            }
        }
    }
    errors
}

/// `POST /setup`
pub(super) async fn set_up(State(app): State<App>, sent: SentByVisitor) -> Answer {
    let link = open_link(&app, &sent.headers).await?;
    let form = &sent.form;
    let errors = check(form);
    if !errors.is_empty() {
        return page(&app, &sent.visitor, &sent.headers, form, errors);
    }
    let password = Zeroizing::new(form.text("password").to_owned());
    let hash = app.hasher.hash(password, app.store.clone()).await?;
    let entropy = app.store.entropy();
    let personal = secret::new(Kind::Personal, entropy);
    let service = secret::new(Kind::Service, entropy);
    let data_plane = secret::new(Kind::Workspace, entropy);
    let action = SetUp {
        link: Some(link),
        instance: default_name(app.config.public_url.as_deref(), entropy),
        organization: form.text("organization").trim().to_owned(),
        workspace: form.text("workspace").trim().to_owned(),
        name: form.name().to_owned(),
        email: form.text("email").trim().to_owned(),
        password: hash.clone(),
        access_token: secret::hash(&personal),
        service_token: secret::hash(&service),
        workspace_token: data_plane.clone(),
    };
    let made = match app.perform(&sent.caller, action).await {
        Ok(recorded) => recorded.output,
        Err(Error::Failed {
            code: "already_set_up",
            ..
        }) => return Err(already()),
        Err(Error::Unauthenticated) => return Err(dead_link()),
        Err(Error::Invalid { details, .. }) => {
            let errors = details
                .into_iter()
                .map(|(field, message)| (field, sentence(&message)))
                .collect();
            return page(&app, &sent.visitor, &sent.headers, form, errors);
        }
        Err(error) => return Err(error.into()),
    };
    let secret = |id: &str, label: &str, purpose: &str, value: &str| Secret {
        id: id.to_owned(),
        label: label.to_owned(),
        purpose: purpose.to_owned(),
        value: value.to_owned(),
    };
    let view = SetupDone {
        bare: sent.visitor.bare(String::new()),
        organization: form.text("organization").trim().to_owned(),
        workspace: form.text("workspace").to_owned(),
        secrets: vec![
            secret(
                "personal-token",
                "Personal access token",
                "For the API, Terraform and the command line, as you.",
                &personal,
            ),
            secret(
                "service-token",
                "Service token",
                "Reads the audit log of the whole organization, and nothing else.",
                &service,
            ),
            secret(
                "workspace-token",
                "Workspace token",
                "For the data plane of this workspace.",
                &data_plane,
            ),
        ],
        key_path: app.store.key_file().display().to_string(),
    };
    let response = with_cookie(
        private(answer::page(StatusCode::OK, &view)?),
        cookies::forget(&app.config, Name::SetUp),
    );
    let user = app
        .read(move |rx| rx.user(made.user)?.ok_or(Error::NotFound("user")))
        .await?;
    // The server is set up. If the first session cannot begin, the secrets are shown all the same.
    match sign_in::begin(
        &app,
        &sent.caller,
        user,
        Shown::Password(Some(hash)),
        response,
    )
    .await
    {
        Ok(response) => Ok(response),
        Err(error) => {
            tracing::warn!(%error, "set up, but the administrator has to sign in");
            Ok(private(answer::page(StatusCode::OK, &view)?))
        }
    }
}

//! `/v2/accounts`: accounts at other services. No answer has their secret.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::catalogue::TargetType;
use model::role::Permission;
use model::things::Account;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Error;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer::{self, ExternalId};
use super::paging::{PageOf, Paging};
use crate::actions::outside_account::create::CreateAccount;
use crate::actions::outside_account::delete::DeleteAccount;
use crate::actions::outside_account::set_external_id::SetExternalId;
use crate::actions::outside_account::update::UpdateAccount;
use crate::app::App;
use crate::problem::Problem;
use crate::request::{Bearer, Body, Params, Path};

/// An account at another service, without its secret.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_id: Option<String>,
    name: String,
    definition: AccountDefinition,
    #[schema(value_type = Object)]
    options: Value,
    workspace_id: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    updated_at: String,
}

/// What an account is an account of.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccountDefinition {
    /// As it was posted: `SOURCE_BIGQUERY`.
    name: String,
    /// `bigquery`
    r#type: String,
    /// `source` or `destination`; empty where the name does not say.
    category: &'static str,
}

impl From<Account> for AccountView {
    fn from(one: Account) -> Self {
        let (kind, category) = Account::kind(&one.definition);
        Self {
            id: one.id.to_string(),
            external_id: one.external_id,
            name: one.name,
            definition: AccountDefinition {
                name: one.definition,
                r#type: kind,
                category,
            },
            options: one.options,
            workspace_id: one.workspace.to_string(),
            created_at: one.created_at.rfc3339_millis(),
            updated_at: one.updated_at.rfc3339_millis(),
        }
    }
}

/// A page of accounts.
#[derive(Debug, Serialize, ToSchema)]
pub struct Accounts {
    data: Vec<AccountView>,
    paging: Paging,
}

/// An account to add.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewAccount {
    account_definition_name: String,
    name: String,
    #[schema(value_type = Option<Object>)]
    options: Option<Value>,
    #[schema(value_type = Option<Object>)]
    secret: Option<Value>,
    external_id: Option<String>,
}

/// All that an account is to be like: what is not given is empty from then on.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountChange {
    name: String,
    #[schema(value_type = Option<Object>)]
    options: Option<Value>,
    #[schema(value_type = Option<Object>)]
    secret: Option<Value>,
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(set_external_id))
}

/// The accounts of the workspace, in the order in which they were added.
#[utoipa::path(get, path = "/v2/accounts", tag = "Accounts", params(PageOf), responses((status = 200, body = Accounts), (status = 401, body = Problem)))]
async fn list(
    State(app): State<App>,
    bearer: Bearer,
    Params(wanted): Params<PageOf>,
) -> Result<Json<Accounts>, Problem> {
    let place = bearer.place()?;
    let (after, limit, has) = (wanted.start()?, wanted.limit()?, wanted.has_external_id);
    let page = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            rx.accounts(place.workspace, after.as_ref(), limit, has)
        })
        .await?;
    let paging = wanted.paging("/v2/accounts", &page);
    Ok(Json(Accounts {
        data: page.items.into_iter().map(Into::into).collect(),
        paging,
    }))
}

/// Add an account.
#[utoipa::path(post, path = "/v2/accounts", tag = "Accounts", request_body = NewAccount,
    responses((status = 201, body = AccountView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewAccount>,
) -> Result<(StatusCode, Json<AccountView>), Problem> {
    let action = CreateAccount {
        place: bearer
            .place_for::<CreateAccount>(&app, TargetType::Account, None)
            .await?,
        name: new.name,
        definition: new.account_definition_name,
        options: new.options,
        secret: new.secret,
        external_id: new.external_id,
    };
    let made = app.perform(&bearer.caller, action).await?;
    Ok((StatusCode::CREATED, Json(made.output.into())))
}

/// An account.
#[utoipa::path(get, path = "/v2/accounts/{id}", tag = "Accounts", params(("id" = String, Path)),
    responses((status = 200, body = AccountView), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<AccountView>, Problem> {
    let place = bearer.place()?;
    let id = answer::id(&id, "account")?;
    let account = app
        .read(move |rx| {
            answer::look(rx, &bearer, place, Permission::ViewWorkspace)?;
            rx.account(place.workspace, id)?
                .ok_or(Error::NotFound("account"))
        })
        .await?;
    Ok(Json(account.into()))
}

/// Replace an account's name, options and secret.
#[utoipa::path(put, path = "/v2/accounts/{id}", tag = "Accounts", params(("id" = String, Path)), request_body = AccountChange,
    responses((status = 200, body = AccountView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem)))]
async fn update(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(change): Body<AccountChange>,
) -> Result<Json<AccountView>, Problem> {
    let action = UpdateAccount {
        place: bearer
            .place_for::<UpdateAccount>(&app, TargetType::Account, Some(&id))
            .await?,
        id: answer::id(&id, "account")?,
        name: change.name,
        options: change.options.unwrap_or_else(|| json!({})),
        secret: Some(change.secret.unwrap_or_else(|| json!({}))),
        seen: None,
    };
    Ok(Json(
        app.perform(&bearer.caller, action).await?.output.into(),
    ))
}

/// Delete an account that nothing uses.
#[utoipa::path(delete, path = "/v2/accounts/{id}", tag = "Accounts", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn delete(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let action = DeleteAccount {
        place: bearer
            .place_for::<DeleteAccount>(&app, TargetType::Account, Some(&id))
            .await?,
        id: answer::id(&id, "account")?,
    };
    let _ = app.perform(&bearer.caller, action).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Say what a client's own project calls the account. Once.
#[utoipa::path(put, path = "/v2/accounts/{id}/external-id", tag = "Accounts", params(("id" = String, Path)), request_body = ExternalId,
    responses((status = 200, body = AccountView), (status = 400, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn set_external_id(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
    Body(body): Body<ExternalId>,
) -> Result<Json<AccountView>, Problem> {
    let action = SetExternalId {
        place: bearer
            .place_for::<SetExternalId>(&app, TargetType::Account, Some(&id))
            .await?,
        id: answer::id(&id, "account")?,
        external_id: body.external_id,
    };
    Ok(Json(
        app.perform(&bearer.caller, action).await?.output.into(),
    ))
}

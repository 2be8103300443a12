//! `/v2/privacy/erasures`: erasing a person, or one value, and how far it is.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use model::id::{EventId, UserId};
use model::part::PartName;
use model::role::Permission;
use serde::{Deserialize, Serialize};
use store::{Erased, Erasure, Error, Result as StoreResult, Rx};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answer;
use crate::actions::privacy::erase_part::ErasePart;
use crate::actions::privacy::erase_person::{ErasePerson, basis};
use crate::actions::privacy::person;
use crate::app::App;
use crate::privacy::{self, Erase};
use crate::problem::Problem;
use crate::request::{Bearer, Body, Path};

/// What is to be erased from the organization: a person, or one part of one event.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewErasure {
    /// The person, by the id.
    user_id: Option<String>,
    /// The person, by the e-mail address: of a member, of someone who has left, or of who was invited.
    email: Option<String>,
    /// Why, one word that stays in the log: `request`, `consent_withdrawn`, `retention` or `mistake`.
    basis: Option<String>,
    /// The event, for one value.
    event_id: Option<String>,
    /// The part of the event: `actor`, `origin`, `target`, `detail`, `changes/0`, ...
    part: Option<String>,
}

/// An erasure. The key is destroyed and the erasure recorded at once; what was sealed is then removed entry by entry.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErasureView {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<String>,
    /// How many entries are looked through for what was sealed.
    entries: u64,
    /// How many have been.
    looked_through: u64,
    /// Whether all that was sealed is removed.
    done: bool,
}

/// All erasures of the organization, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erasures {
    erasures: Vec<ErasureView>,
}

impl From<Erasure> for ErasureView {
    fn from(one: Erasure) -> Self {
        let (user_id, event_id, part) = match one.what {
            Erased::Person(user) => (Some(user.to_string()), None, None),
            Erased::Part { event, part } => (None, Some(event.to_string()), Some(part.to_string())),
        };
        Self {
            id: one.id.to_string(),
            user_id,
            event_id,
            part,
            entries: one.total,
            looked_through: one.reached,
            done: one.done,
        }
    }
}

pub(super) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get))
}

async fn what(app: &App, bearer: &Bearer, new: NewErasure) -> StoreResult<Erase> {
    let organization = bearer.token.organization;
    let whole = async |user| {
        Ok(Erase::Person(ErasePerson {
            organization: Some(organization),
            user,
            basis: basis(new.basis.as_deref().unwrap_or("request"))?,
        }))
    };
    match (&new.user_id, new.email, &new.event_id, &new.part) {
        (Some(user), None, None, None) => whole(answer::id::<UserId>(user, "user")?).await,
        (None, Some(email), None, None) => {
            let found = app.read(move |rx| person(rx, &email)).await?;
            whole(found.ok_or(Error::NotFound("user"))?).await
        }
        (None, None, Some(event), Some(part)) if new.basis.is_none() => {
            Ok(Erase::Part(ErasePart {
                organization,
                event: answer::id::<EventId>(event, "event")?,
                part: PartName::parse(part)
                    .map_err(|error| Error::field("unknown_word", "part", error.to_string()))?,
            }))
        }
        _ => Err(Error::invalid(
            "invalid_body",
            "name a person with userId or email (and a basis), or one value with eventId and part",
        )),
    }
}

/// Erase a person from the organization, or one value from its log. For its administrators.
#[utoipa::path(post, path = "/v2/privacy/erasures", tag = "Privacy", request_body = NewErasure,
    responses((status = 202, body = ErasureView), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Body(new): Body<NewErasure>,
) -> Result<(StatusCode, Json<ErasureView>), Problem> {
    let erase = what(&app, &bearer, new).await?;
    let (erasure, _) = privacy::erase_for(&app, &bearer.caller, erase).await?;
    Ok((StatusCode::ACCEPTED, Json(erasure.into())))
}

/// The erasures that the log of the organization records: what only a row of the database says is none.
fn look(rx: &mut Rx<'_>, bearer: &Bearer, id: Option<EventId>) -> StoreResult<Vec<Erasure>> {
    let organization = bearer.token.organization;
    let acting = rx.acting(bearer.caller.actor)?;
    if !acting.may_with_factor(rx, Permission::ReadAuditLog, organization, None)? {
        return Err(Error::NotFound("erasure"));
    }
    let mut recorded = Vec::new();
    for one in rx.erasures()? {
        let is_wanted = one.organization == Some(organization) && id.is_none_or(|id| one.id == id);
        if is_wanted && rx.is_recorded(&one)? {
            recorded.push(one);
        }
    }
    Ok(recorded)
}

/// The erasures of the organization, and how far each is.
#[utoipa::path(get, path = "/v2/privacy/erasures", tag = "Privacy",
    responses((status = 200, body = Erasures), (status = 404, body = Problem)))]
async fn list(State(app): State<App>, bearer: Bearer) -> Result<Json<Erasures>, Problem> {
    let all = app.read(move |rx| look(rx, &bearer, None)).await?;
    let erasures = all.into_iter().map(Into::into).collect();
    Ok(Json(Erasures { erasures }))
}

/// An erasure, and how far it is.
#[utoipa::path(get, path = "/v2/privacy/erasures/{id}", tag = "Privacy", params(("id" = String, Path)),
    responses((status = 200, body = ErasureView), (status = 404, body = Problem)))]
async fn get(
    State(app): State<App>,
    bearer: Bearer,
    Path(id): Path<String>,
) -> Result<Json<ErasureView>, Problem> {
    let id: EventId = answer::id(&id, "erasure")?;
    let one = app.read(move |rx| look(rx, &bearer, Some(id))).await?.pop();
    Ok(Json(one.ok_or(Error::NotFound("erasure"))?.into()))
}

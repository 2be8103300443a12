//! `/workspaces`: those that are open to the person, in whatever organization, and which of them is shown.

use axum::extract::{Path, State};
use model::id::WorkspaceId;
use model::role::{OrganizationRole, Permission, WorkspaceRole};
use store::{Result, Rx};

use super::answer::{Answer, see_other, with_cookie};
use super::flash::Done;
use super::form::{Form, Sent, SentByPerson};
use super::me::Me;
use super::refusal::Refusal;
use super::things::{self, Wrong};
use super::view::delete::{Delete, Kept, Obstacle, Question};
use super::view::frame::NavItem;
use super::view::parts::Choice;
use super::view::workspaces::{Row, Workspaces};
use crate::actions::workspace::create::CreateWorkspace;
use crate::actions::workspace::delete::DeleteWorkspace;
use crate::actions::workspace::{Environment, counted, found, invitations_to, things_in};
use crate::app::App;
use crate::auth::cookies::{self, Name};
use crate::auth::secret::{self, Kind};

const NAV: NavItem = NavItem::Workspaces;
const PATH: &str = "/workspaces";
/// How long a browser remembers which workspace it shows, in seconds: a year.
const REMEMBERED: i64 = 365 * 86_400;

/// The environments to choose from.
pub(super) fn environments(current: &str) -> Vec<Choice> {
    Environment::ALL
        .iter()
        .map(|one| Choice::new(one.word(), one.label(), current))
        .collect()
}

/// What the person is in a workspace of an organization; nothing where it is not open.
fn role(roles: Option<(OrganizationRole, Option<WorkspaceRole>)>) -> Option<&'static str> {
    match roles? {
        (OrganizationRole::Admin, _) => Some("Organization Admin"),
        (OrganizationRole::Member, role) => role.map(WorkspaceRole::label),
    }
}

/// The workspaces that are open to the person, by organization.
fn open(rx: &mut Rx<'_>, me: &Me) -> Result<Vec<Row>> {
    let user = me.signed_in.user.id;
    let mut rows = Vec::new();
    for organization in rx.organizations_of(user)? {
        let Some(known) = rx.organization(organization)? else {
            continue;
        };
        for one in rx.workspaces(organization)? {
            let roles = rx.roles_of(user, organization, one.id)?;
            let is_admin = matches!(roles, Some((OrganizationRole::Admin, _)));
            let Some(role) = role(roles) else { continue };
            let is_shown = one.id == me.place().workspace;
            rows.push(Row {
                id: one.id.to_string(),
                environment: Environment::label_of(&one.environment),
                name: one.name,
                organization: known.name.clone(),
                role,
                is_shown,
                // A workspace of another organization is deleted from within that one.
                can_delete: is_admin && organization == me.place().organization,
            });
        }
    }
    Ok(rows)
}

async fn page(app: &App, me: &Me, form: &Form, wrong: Wrong) -> Answer {
    let (who, actor, organization) = (
        me.clone(),
        me.signed_in.caller.actor,
        me.place().organization,
    );
    let (rows, can_create) = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            let may = acting.may(rx, Permission::EditOrganization, organization, None)?;
            Ok((open(rx, &who)?, may))
        })
        .await?;
    me.show_as(
        wrong.status,
        &Workspaces {
            frame: me.frame_with(NAV, wrong.flash),
            rows,
            can_create,
            name: form.name().to_owned(),
            environments: environments(form.text("environment")),
            errors: wrong.errors,
        },
    )
}

/// `GET /workspaces`
pub(super) async fn list(State(app): State<App>, me: Me) -> Answer {
    page(&app, &me, &Form::default(), Wrong::none()).await
}

/// The cookie that says which workspace the browser shows.
pub(super) fn shown(app: &App, id: WorkspaceId) -> axum::http::HeaderValue {
    cookies::keep(&app.config, Name::Workspace, id.as_str(), REMEMBERED)
}

/// `POST /workspaces`: a new one, which is shown from then on.
pub(super) async fn create(State(app): State<App>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let action = CreateWorkspace {
        organization: me.place().organization,
        name: form.name().to_owned(),
        environment: form.text("environment").parse().unwrap_or_default(),
        token: secret::new(Kind::Workspace, app.store.entropy()),
    };
    match me.perform(action).await {
        Ok(made) => {
            let done = me.done("/settings/workspace", Done::Created, &made.entries);
            Ok(with_cookie(done, shown(&app, made.output.id)))
        }
        Err(error) => {
            let wrong = Wrong::of(error, "Not created.", &["name"])?;
            page(&app, &me, &form, wrong).await
        }
    }
}

/// `POST /workspaces/{id}/open`: it is shown from now on, whichever was open when the form was made.
pub(super) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
    me: Me,
    _: SentByPerson,
) -> Answer {
    let id: WorkspaceId = things::id(&id)?;
    let actor = me.signed_in.caller.actor;
    let (rows, is_closed) = app
        .read(move |rx| {
            let organization = rx.organization_of(id)?;
            let is_closed = match organization {
                Some(one) => {
                    !rx.acting(actor)?
                        .may(rx, Permission::ViewWorkspace, one, Some(id))?
                }
                None => true,
            };
            Ok((open(rx, &me)?, is_closed))
        })
        .await?;
    // One that is not open to the person is nothing that could be shown.
    if !rows.iter().any(|row| row.id == id.as_str()) {
        return Err(Refusal::nothing_here());
    }
    // There is a role in it: what is missing is the second factor that its organization requires.
    if is_closed {
        return Err(Refusal::on("/profile/app"));
    }
    Ok(with_cookie(see_other("/sources"), shown(&app, id)))
}

/// A workspace that somebody who may wants to delete.
struct ToDelete {
    id: WorkspaceId,
    name: String,
    /// What is in it: a word for one of it, and how many.
    things: Vec<(&'static str, u64)>,
    is_last: bool,
    tokens: usize,
    people: usize,
    invitations: usize,
}

async fn to_delete(app: &App, me: &Me, id: &str) -> std::result::Result<ToDelete, Refusal> {
    let id: WorkspaceId = things::id(id)?;
    let (organization, actor) = (me.place().organization, me.signed_in.caller.actor);
    let (may, found) = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            let may = acting.may(rx, Permission::EditOrganization, organization, None)?;
            let one = found(rx, organization, id)?;
            let tokens = rx.tokens(organization)?;
            let tokens = tokens
                .iter()
                .filter(|(token, _)| token.workspace == Some(id));
            let members = rx.members(organization)?;
            let has_role = |member: &&model::things::Member| {
                member
                    .workspaces
                    .iter()
                    .any(|(workspace, _)| *workspace == id)
            };
            let found = ToDelete {
                id,
                invitations: invitations_to(rx, &one)?.len(),
                name: one.name,
                things: things_in(rx, id)?,
                is_last: rx.workspaces(organization)?.len() == 1,
                tokens: tokens.count(),
                people: members.iter().filter(has_role).count(),
            };
            Ok((may, found))
        })
        .await?;
    if !may {
        return Err(Refusal::not_for_you(Permission::EditOrganization));
    }
    Ok(found)
}

/// The list where things of a kind are found.
fn list_of(noun: &str) -> &'static str {
    match noun {
        "destination" => "/destinations",
        "transformation" => "/transformations",
        "library" => "/libraries",
        "account" => "/accounts",
        _ => "/sources",
    }
}

/// The question before a workspace is deleted or, where something is in the way, the page that says what.
fn delete_page(me: &Me, one: ToDelete, wrong: Wrong) -> Answer {
    let frame = me.frame_with(NAV, wrong.flash);
    let list = ("Workspaces".to_owned(), PATH.to_owned());
    if !one.things.is_empty() || one.is_last {
        // The lists show what is in the workspace that is shown, and in no other.
        let is_shown = one.id == me.place().workspace;
        let because = match (one.things.is_empty(), is_shown) {
            (true, _) => "It is the only workspace of the organization.",
            (false, true) => "It is not empty. Delete what is in it first.",
            (false, false) => "It is not empty. Open it, and delete what is in it first.",
        };
        let view = Kept {
            frame,
            name: one.name,
            back: PATH.to_owned(),
            list,
            because: because.to_owned(),
            obstacles: one
                .things
                .into_iter()
                .map(|thing| Obstacle {
                    text: counted(thing),
                    href: is_shown.then(|| list_of(thing.0).to_owned()),
                })
                .collect(),
        };
        return me.show_as(wrong.status, &view);
    }
    let mut consequences = vec![
        "A workspace in which there was code stays: its versions are kept for ever.".to_owned(),
    ];
    let mut recorded_as = Vec::new();
    if one.tokens > 0 {
        consequences.push(match one.tokens {
            1 => "Its access token ends at once.".to_owned(),
            n => format!("Its {n} access tokens end at once."),
        });
        recorded_as.push("Deleted, Token".to_owned());
    }
    if one.people > 0 {
        consequences.push(match one.people {
            1 => "One person loses a role.".to_owned(),
            n => format!("{n} people lose a role."),
        });
        recorded_as.push("Changed Permission".to_owned());
    }
    if one.invitations > 0 {
        consequences.push(match one.invitations {
            1 => "One invitation, to a role in it alone, is withdrawn.".to_owned(),
            n => format!("{n} invitations, to a role in it alone, are withdrawn."),
        });
        recorded_as.push("Cancelled".to_owned());
    }
    recorded_as.push("Deleted".to_owned());
    let view = Delete {
        frame,
        question: Question {
            kept: None,
            noun: "workspace".to_owned(),
            name: one.name,
            action: format!("{PATH}/{}/delete", one.id),
            back: PATH.to_owned(),
            list,
            consequences,
            recorded_as,
        },
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// `GET /workspaces/{id}/delete`
pub(super) async fn ask_delete(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let one = to_delete(&app, &me, &id).await?;
    delete_page(&me, one, Wrong::none())
}

/// `POST /workspaces/{id}/delete`
pub(super) async fn delete(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    // Who may not delete it hears so, and it is recorded, whatever was typed.
    if let Ok(one) = to_delete(&app, &me, &id).await {
        let errors = things::confirmed(form.text("confirm"), &one.name);
        if !errors.is_empty() {
            return delete_page(&me, one, Wrong::fields(errors));
        }
    }
    let action = DeleteWorkspace {
        organization: me.place().organization,
        id: things::id(&id)?,
    };
    match me.perform(action).await {
        Ok(made) => Ok(me.done(PATH, Done::Deleted, &made.entries)),
        Err(error) => {
            let wrong = Wrong::of(error, "Not deleted.", &[])?;
            delete_page(&me, to_delete(&app, &me, &id).await?, wrong)
        }
    }
}

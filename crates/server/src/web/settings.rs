//! `/settings`: the workspace, and who belongs to the organization.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::id::{InvitationId, UserId};
use model::role::Permission;
use store::Error;

use super::answer::{Answer, see_other};
use super::flash::Done;
use super::form::{Form, Sent};
use super::history::Reader;
use super::me::Me;
use super::once;
use super::profile::checked;
use super::refusal::Refusal;
use super::things::{self, Wrong};
use super::view::frame::NavItem;
use super::view::parts::{Choice, Errors};
use super::view::team::Erase;
use super::view::workspace_settings::{DataPlaneToken, Seen, WorkspaceSettings};
use super::workspaces::environments;
use crate::actions::privacy::erase_person::{ErasePerson, basis};
use crate::actions::workspace::Environment;
use crate::actions::workspace::rotate_token::RotateToken;
use crate::actions::workspace::update::UpdateWorkspace;
use crate::app::App;
use crate::auth::secret::{self, Kind};
use crate::privacy::Erase as What;

const NAV: NavItem = NavItem::Settings;

/// `GET /settings`
pub(super) async fn home(_: Me) -> Answer {
    Ok(see_other("/settings/workspace"))
}

async fn workspace_page(app: &App, me: &Me, form: Option<&Form>, wrong: Wrong) -> Answer {
    let (place, reader, actor) = (me.place(), Reader::of(me), me.signed_in.caller.actor);
    let (known, edits_workspaces) = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            let may = acting.may(rx, Permission::EditOrganization, place.organization, None)?;
            Ok((reader.known(rx, place.workspace.as_str())?, may))
        })
        .await?;
    let one = &me.signed_in.workspace;
    let shown = |field: &str, now: &str| {
        let sent = form.and_then(|form| form.get(field));
        sent.unwrap_or(now).to_owned()
    };
    let flag = |field: &str, now: bool| form.map_or(now, |form| form.flag(field));
    let word = |flag: bool| if flag { "true" } else { "false" };
    // What the form was made of stays what it was, so that it can be sent again.
    let seen = Seen {
        name: shown("seen.name", &one.name),
        environment: shown("seen.environment", &one.environment),
        allow_unknown_types: shown("seen.allow_unknown_types", word(one.allow_unknown_types)),
        refuse_invalid_config: shown(
            "seen.refuse_invalid_config",
            word(one.refuse_invalid_config),
        ),
    };
    let view = WorkspaceSettings {
        frame: me.frame_with(NAV, wrong.flash),
        form_name: shown("name", &one.name),
        environments: environments(&shown("environment", &one.environment)),
        seen,
        errors: wrong.errors,
        id: one.id.to_string(),
        name: one.name.clone(),
        environment: Environment::label_of(&one.environment),
        region: one.region.clone(),
        created: me.clock().at(one.created_at),
        can_edit: me.signed_in.can.edit_workspace,
        allow_unknown_types: flag("allow_unknown_types", one.allow_unknown_types),
        refuse_invalid_config: flag("refuse_invalid_config", one.refuse_invalid_config),
        last_change: known.last,
        edits_workspaces,
    };
    me.show_as(wrong.status, &view)
}

/// `GET /settings/workspace`
pub(super) async fn workspace(State(app): State<App>, me: Me) -> Answer {
    workspace_page(&app, &me, None, Wrong::none()).await
}

/// `POST /settings/workspace`
pub(super) async fn update_workspace(State(app): State<App>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    // What was not changed in the form stays as another has made it meanwhile.
    let environment = form
        .get("environment")
        .and_then(|_| form.changed("environment"));
    let seen_name = form.get("seen.name");
    let stored = seen_name.unwrap_or(&me.signed_in.workspace.name);
    let action = UpdateWorkspace {
        place: me.place(),
        name: form.get("name").map(|_| form.name_over(stored).to_owned()),
        seen_name: seen_name.map(str::to_owned),
        environment: environment
            .map(str::parse)
            .transpose()
            .map_err(|_| Refusal::foreign_form())?,
        allow_unknown_types: form.changed_flag("allow_unknown_types"),
        refuse_invalid_config: form.changed_flag("refuse_invalid_config"),
    };
    match me.perform(action).await {
        Ok(made) => Ok(me.done("/settings/workspace", Done::Saved, &made.entries)),
        Err(error) => {
            // What another has made it meanwhile is to be seen before anything is changed of it.
            let sent = matches!(error, Error::Invalid { .. }).then_some(&form);
            let wrong = Wrong::of(error, "Not saved.", &["name"])?;
            workspace_page(&app, &me, sent, wrong).await
        }
    }
}

fn token_page(app: &App, me: &Me, wrong: Wrong, shown: Option<String>) -> Answer {
    if !me.signed_in.can.edit_workspace {
        return Err(Refusal::not_for_you(Permission::EditWorkspace));
    }
    me.show_as(
        wrong.status,
        &DataPlaneToken {
            frame: me.frame_with(NAV, wrong.flash),
            shown,
            once: once::number(app.store.entropy()),
            errors: wrong.errors,
        },
    )
}

/// `GET /settings/workspace/token`
pub(super) async fn ask_token(State(app): State<App>, me: Me) -> Answer {
    token_page(&app, &me, Wrong::none(), None)
}

/// `POST /settings/workspace/token`: another token for data planes, which is shown once.
pub(super) async fn rotate_token(State(app): State<App>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let user = me.signed_in.user.id;
    let token = secret::new(Kind::Workspace, app.store.entropy());
    let action = RotateToken {
        place: me.place(),
        token: token.clone(),
        password: Some((user, checked(&app, user, form.text("password")).await?)),
    };
    let Some(ticket) = app.once.take(me.signed_in.session, "data plane", &form) else {
        let wrong = once::sent_before(
            "The token was replaced already.",
            "The new one is not shown again, and it was not replaced a second time. If you have not copied it, replace it here once more.",
        );
        return token_page(&app, &me, wrong, None);
    };
    match me.perform(action).await {
        Ok(_) => token_page(&app, &me, Wrong::none(), Some(token.to_string())),
        Err(error) => {
            ticket.give_back();
            match error {
                Error::Failed {
                    code: "wrong_password",
                    ..
                } => {
                    let errors = [("password", "The password is wrong.")];
                    let wrong = Wrong::fields(errors.into_iter().collect());
                    token_page(&app, &me, wrong, None)
                }
                error => Err(error.into()),
            }
        }
    }
}

/// Who is to be erased: the person with this id, or whom the invitation with this id is for. That one is not named in an address: the
/// id of the account that an e-mail address has elsewhere is others'.
async fn whom(app: &App, me: &Me, id: &str) -> Result<UserId, Refusal> {
    let (user, invitation): (UserId, InvitationId) = (things::id(id)?, things::id(id)?);
    let organization = me.place().organization;
    let invited = app.read(move |rx| rx.invitation(invitation)).await?;
    let invited = invited.filter(|one| one.organization == organization);
    Ok(invited.map_or(user, |one| one.user))
}

/// What is asked before a person is erased: who is a member, was one, or was invited. Nothing for who may not erase anyone.
async fn question(
    app: &App,
    me: &Me,
    id: &str,
    chosen: &str,
    errors: Errors,
) -> Result<Option<Erase>, Refusal> {
    let user = whom(app, me, id).await?;
    let (organization, actor) = (me.place().organization, me.signed_in.caller.actor);
    let found = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            if !acting.may(rx, Permission::ErasePeople, organization, None)? {
                return Ok(None);
            }
            let is_known =
                rx.is_known(organization, user)? && !rx.is_erased(Some(organization), user)?;
            if !is_known {
                return Err(Error::NotFound("person"));
            }
            let is_member = rx.member(organization, user)?.is_some();
            let mut invited = rx.invitations(organization)?.into_iter();
            let invited = invited.find(|one| one.user == user && !is_member);
            let (name, email) = match (invited, rx.user(user)?) {
                // Of who was invited and is no member, the organization knows the address alone: the account may be others'.
                (Some(one), _) => (one.email.clone(), one.email),
                (None, Some(person)) => (person.name, person.email),
                (None, None) => (user.to_string(), user.to_string()),
            };
            let log = rx.organization_log(organization)?;
            let events = rx.events_of(log.id, user)?;
            Ok(Some((name, email, events)))
        })
        .await?;
    let Some((name, email, events)) = found else {
        return Ok(None);
    };
    let bases = [
        ("request", "The person asked for it"),
        ("consent_withdrawn", "Consent was withdrawn"),
        ("retention", "It was kept long enough"),
        ("mistake", "It should not have been recorded"),
    ];
    Ok(Some(Erase {
        frame: me.frame(NAV),
        id: id.to_owned(),
        name,
        email,
        events,
        bases: bases
            .map(|(word, label)| Choice::new(word, label, chosen))
            .into(),
        errors,
    }))
}

/// `GET /settings/team/{id}/erase`
pub(super) async fn ask_erase(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let view = question(&app, &me, &id, "request", Errors::default()).await?;
    let missing = || Refusal::not_for_you(Permission::ErasePeople);
    me.show(&view.ok_or_else(missing)?)
}

/// `POST /settings/team/{id}/erase`
pub(super) async fn erase(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let user = whom(&app, &me, &id).await?;
    // Who may not erase anyone hears so, and it is recorded, whatever was typed.
    let view = question(&app, &me, &id, form.text("basis"), Errors::default()).await?;
    if let Some(view) = view {
        let errors = things::confirmed(form.text("confirm"), &view.email);
        if !errors.is_empty() {
            return me.show_as(StatusCode::UNPROCESSABLE_ENTITY, &Erase { errors, ..view });
        }
    }
    let action = ErasePerson {
        organization: Some(me.place().organization),
        user,
        basis: basis(form.text("basis"))?,
    };
    let (_, entries) =
        crate::privacy::erase_for(&app, &me.signed_in.caller, What::Person(action)).await?;
    Ok(me.done("/settings/team", Done::Erased, &entries))
}

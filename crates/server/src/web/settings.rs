//! `/settings`: the workspace, and who belongs to the organization.

use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::id::UserId;
use model::role::Permission;
use store::Error;

use super::answer::{Answer, see_other};
use super::flash::Done;
use super::form::Sent;
use super::history::Reader;
use super::me::Me;
use super::refusal::Refusal;
use super::things;
use super::view::frame::NavItem;
use super::view::parts::{Choice, Errors};
use super::view::team::Erase;
use super::view::workspace_settings::WorkspaceSettings;
use crate::actions::privacy::erase_person::{ErasePerson, basis};
use crate::actions::workspace::update::UpdateWorkspace;
use crate::app::App;
use crate::privacy::Erase as What;

const NAV: NavItem = NavItem::Settings;

/// `GET /settings`
pub(super) async fn home(_: Me) -> Answer {
    Ok(see_other("/settings/workspace"))
}

/// `GET /settings/workspace`
pub(super) async fn workspace(State(app): State<App>, me: Me) -> Answer {
    let (id, reader) = (me.place().workspace, Reader::of(&me));
    let known = app.read(move |rx| reader.known(rx, id.as_str())).await?;
    let one = &me.signed_in.workspace;
    let word = |word: &str| match word {
        "PRODUCTION" => "Production".to_owned(),
        "DEVELOPMENT" => "Development".to_owned(),
        other => other.to_owned(),
    };
    me.show(&WorkspaceSettings {
        frame: me.frame(NAV),
        id: one.id.to_string(),
        name: one.name.clone(),
        environment: word(&one.environment),
        region: one.region.clone(),
        created: me.clock().at(one.created_at),
        can_edit: me.signed_in.can.edit_workspace,
        allow_unknown_types: one.allow_unknown_types,
        refuse_invalid_config: one.refuse_invalid_config,
        last_change: known.last,
    })
}

/// `POST /settings/workspace`
pub(super) async fn update_workspace(sent: Sent) -> Answer {
    let action = UpdateWorkspace {
        place: sent.me.place(),
        allow_unknown_types: Some(sent.form.flag("allow_unknown_types")),
        refuse_invalid_config: Some(sent.form.flag("refuse_invalid_config")),
    };
    let made = sent.me.perform(action).await?;
    Ok(sent
        .me
        .done("/settings/workspace", Done::Saved, &made.entries))
}

/// What is asked before a person is erased.
async fn question(
    app: &App,
    me: &Me,
    id: &str,
    chosen: &str,
    errors: Errors,
) -> Result<Erase, Refusal> {
    let user: UserId = things::id(id)?;
    let (organization, actor) = (me.place().organization, me.signed_in.caller.actor);
    let found = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            if !acting.may(rx, Permission::ErasePeople, organization, None)? {
                return Ok(None);
            }
            let belongs = rx.organizations_of(user)?;
            let person = rx.user(user)?.filter(|_| belongs.contains(&organization));
            let person = person.ok_or(Error::NotFound("person"))?;
            let log = rx.organization_log(organization)?;
            Ok(Some((
                person,
                rx.events_of(log.id, user)?,
                belongs.len() == 1,
            )))
        })
        .await?;
    let Some((person, events, account)) = found else {
        return Err(Refusal::not_for_you(Permission::ErasePeople.label()));
    };
    let bases = [
        ("request", "The person asked for it"),
        ("consent_withdrawn", "Consent was withdrawn"),
        ("retention", "It was kept long enough"),
        ("mistake", "It should not have been recorded"),
    ];
    Ok(Erase {
        frame: me.frame(NAV),
        id: person.id.to_string(),
        name: person.name,
        email: person.email,
        events,
        account,
        bases: bases
            .map(|(word, label)| Choice::new(word, label, chosen))
            .into(),
        errors,
    })
}

/// `GET /settings/team/{id}/erase`
pub(super) async fn ask_erase(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let view = question(&app, &me, &id, "request", Errors::default()).await?;
    me.show(&view)
}

/// `POST /settings/team/{id}/erase`
pub(super) async fn erase(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let user: UserId = things::id(&id)?;
    // Who may not erase anyone hears so, and it is recorded, whatever was typed.
    if let Ok(view) = question(&app, &me, &id, form.text("basis"), Errors::default()).await {
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

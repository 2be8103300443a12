//! `/settings`: the workspace, and who belongs to the organization.

use axum::extract::State;
use model::role::{OrganizationRole, Permission};

use super::answer::{Answer, see_other};
use super::flash::Done;
use super::form::Sent;
use super::history::Reader;
use super::me::Me;
use super::refusal::Refusal;
use super::view::filter::Filter;
use super::view::frame::NavItem;
use super::view::team::{Member, Team};
use super::view::workspace_settings::WorkspaceSettings;
use crate::actions::workspace::update::UpdateWorkspace;
use crate::app::App;

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
        last_change: known.last,
    })
}

/// `POST /settings/workspace`
pub(super) async fn update_workspace(sent: Sent) -> Answer {
    let action = UpdateWorkspace {
        place: sent.me.place(),
        allow_unknown_types: Some(sent.form.flag("allow_unknown_types")),
    };
    let made = sent.me.perform(action).await?;
    Ok(sent
        .me
        .done("/settings/workspace", Done::Saved, &made.entries))
}

/// `GET /settings/team`
pub(super) async fn team(State(app): State<App>, me: Me) -> Answer {
    if !me.signed_in.can.view_members {
        return Err(Refusal::not_for_you(Permission::ViewMembers.label()));
    }
    let place = me.place();
    let actor = me.signed_in.caller.actor;
    let (members, whole) = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            let whole = acting.may(rx, Permission::ReadAuditLog, place.organization, None)?;
            Ok((rx.members(place.organization)?, whole))
        })
        .await?;
    let rows = members
        .into_iter()
        .map(|member| {
            let role = member
                .workspaces
                .iter()
                .find(|(id, _)| *id == place.workspace)
                .map(|(_, role)| role.label().to_owned());
            // An administrator of the organization may do everything in each workspace.
            let workspace_role = match member.role {
                OrganizationRole::Admin => Some("Admin".to_owned()),
                OrganizationRole::Member => role,
            };
            let may_see = whole || (me.signed_in.can.read_audit_log && workspace_role.is_some());
            Member {
                id: member.user.id.to_string(),
                events_href: may_see.then(|| {
                    Filter {
                        actor: member.user.id.to_string(),
                        ..Filter::default()
                    }
                    .href()
                }),
                name: member.user.name,
                email: member.user.email,
                organization_role: member.role.label().to_owned(),
                workspace_role,
                since: me.clock().at(member.user.created_at),
            }
        })
        .collect();
    me.show(&Team {
        frame: me.frame(NAV),
        members: rows,
    })
}

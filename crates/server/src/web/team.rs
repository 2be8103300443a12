//! `/settings/team` and `/settings/invitations`: who belongs to the organization, who is asked to, and what each may do.

use std::collections::HashSet;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use model::id::{InvitationId, UserId, WorkspaceId};
use model::role::{OrganizationRole, Permission, Standing, WorkspaceRole};
use model::things::{Delivery, Invitation, InvitationState, Workspace};
use store::Error;

use super::answer::Answer;
use super::flash::Done;
use super::form::{Form, Sent};
use super::me::Me;
use super::names::Names;
use super::once;
use super::refusal::{Refusal, minutes, sentence};
use super::things::{self, Wrong};
use super::view::filter::Filter;
use super::view::frame::NavItem;
use super::view::parts::Choice;
use super::view::team::{Elsewhere, Former, Invited, Line, Member, Remove, Team};
use crate::actions::invitation::cancel::CancelInvitation;
use crate::actions::member::change::{ChangeMember, Seen};
use crate::actions::member::end_sessions::EndSessions;
use crate::actions::member::remove::RemoveMember;
use crate::app::App;
use crate::invite::{self, NotInvited};

const NAV: NavItem = NavItem::Settings;
const TEAM: &str = "/settings/team";
/// What stands for "no role in this workspace" in a form.
const NO_ROLE: &str = "none";

fn roles(current: OrganizationRole) -> Vec<Choice> {
    OrganizationRole::ALL
        .iter()
        .map(|role| Choice::new(role.as_str(), role.label(), current.as_str()))
        .collect()
}

fn workspace_roles(current: Option<WorkspaceRole>) -> Vec<Choice> {
    let current = current.map_or(NO_ROLE, |role| role.as_str());
    let none = Choice::new(NO_ROLE, "No role", current);
    let all = WorkspaceRole::ALL.iter();
    std::iter::once(none)
        .chain(all.map(|role| Choice::new(role.as_str(), role.label(), current)))
        .collect()
}

/// The workspaces that are not shown, each with the roles to choose from; `of` says the role now.
fn elsewhere(
    others: &[Workspace],
    of: impl Fn(WorkspaceId) -> Option<WorkspaceRole>,
) -> Vec<Elsewhere> {
    let one = |one: &Workspace| Elsewhere {
        id: one.id.to_string(),
        name: one.name.clone(),
        roles: workspace_roles(of(one.id)),
    };
    others.iter().map(one).collect()
}

/// The columns of the table of roles, and what each may.
fn matrix() -> (Vec<&'static str>, Vec<Line>) {
    let person = |organization, workspace| Standing::Person {
        organization,
        workspace,
    };
    let mut columns = vec![("Organization Admin", person(OrganizationRole::Admin, None))];
    for role in WorkspaceRole::ALL {
        columns.push((role.label(), person(OrganizationRole::Member, Some(*role))));
    }
    let lines = Permission::ALL
        .iter()
        .map(|permission| Line {
            label: permission.label(),
            may: columns
                .iter()
                .map(|(_, one)| one.may(*permission))
                .collect(),
        })
        .collect();
    (columns.iter().map(|(label, _)| *label).collect(), lines)
}

fn invited(me: &Me, one: Invitation, by: Option<String>, erase_href: Option<String>) -> Invited {
    let (state, tone) = match (one.state, one.delivery) {
        (InvitationState::Open, Delivery::Failed) => ("Not delivered", "bad"),
        (InvitationState::Open, Delivery::Waiting) => ("On its way", ""),
        (InvitationState::Open, Delivery::None) => ("Handed over", ""),
        (InvitationState::Open, Delivery::Sent) => ("Sent", ""),
        (InvitationState::Accepted, _) => ("Accepted", "ok"),
        (InvitationState::Cancelled, _) => ("Cancelled", ""),
        (InvitationState::Expired, _) => ("Expired", "warn"),
    };
    let workspace = me.place().workspace;
    let role = one.workspaces.iter().find(|(id, _)| *id == workspace);
    Invited {
        id: one.id.to_string(),
        email: one.email,
        role: match (one.role, role) {
            (OrganizationRole::Admin, _) => "Organization Admin".to_owned(),
            (OrganizationRole::Member, Some((_, role))) => role.label().to_owned(),
            (OrganizationRole::Member, None) => match one.workspaces.len() {
                0 => "No access".to_owned(),
                1 => "Role in 1 other workspace".to_owned(),
                others => format!("Roles in {others} other workspaces"),
            },
        },
        state,
        tone,
        is_open: one.state == InvitationState::Open,
        by,
        erase_href,
        until: me.clock().at(one.ended_at.unwrap_or(one.expires_at)),
    }
}

/// Where the events of a person are.
fn events_of(user: UserId) -> String {
    Filter {
        actor: user.to_string(),
        ..Filter::default()
    }
    .href()
}

/// The page; `links` are to be handed over, `sent` is the form of whom could not be invited.
async fn page(
    app: &App,
    me: &Me,
    wrong: Wrong,
    sent: &Form,
    links: Vec<(String, String)>,
) -> Answer {
    if !me.signed_in.can.view_members {
        return Err(Refusal::not_for_you(Permission::ViewMembers));
    }
    let place = me.place();
    let chosen = said(me, sent, "")?;
    let chosen_in = |id: WorkspaceId| {
        let mut roles = chosen.workspaces.iter();
        roles.find(|(one, _)| *one == id).map(|(_, role)| *role)
    };
    let actor = me.signed_in.caller.actor;
    let (members, seen, invitations, others, former, (whole, edits, erases)) = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            let mut may = |permission| acting.may(rx, permission, place.organization, None);
            let whole = may(Permission::ReadAuditLog)?;
            let edits = may(Permission::EditMembers)?;
            let erases = may(Permission::ErasePeople)?;
            let invitations = rx.invitations(place.organization)?;
            let by = invitations.iter().filter_map(|one| one.invited_by);
            let names = Names::of_people(rx, place.organization, by)?;
            let named = invitations.into_iter().map(|one| {
                let by = one.invited_by.and_then(|by| names.person(by));
                (one, by)
            });
            let invitations: Vec<_> = named.collect();
            let seen = rx.members_seen(place.organization)?;
            let members = rx.members(place.organization)?;
            let mut others = rx.workspaces(place.organization)?;
            others.retain(|one| one.id != place.workspace);
            // Who was invited is erased from the invitation.
            let mut former = Vec::new();
            if erases {
                let people = rx.former_members(place.organization)?.into_iter();
                let asked = |id| invitations.iter().any(|(one, _)| one.user == id);
                former.extend(people.filter(|one| !asked(one.id)));
            }
            let may = (whole, edits, erases);
            Ok((members, seen, invitations, others, former, may))
        })
        .await?;
    // Whose account is easier to open is told only to who can do something about it, or reads that person's sign-ins anyway.
    let shows_factors = edits || me.signed_in.can.read_audit_log;
    let belong: HashSet<UserId> = members.iter().map(|one| one.user.id).collect();
    let rows: Vec<Member> = members
        .into_iter()
        .map(|member| {
            let own = member
                .workspaces
                .iter()
                .find(|(id, _)| *id == place.workspace);
            let role = own.map(|(_, role)| *role);
            // An administrator of the organization may do everything in each workspace.
            let workspace_role = match member.role {
                OrganizationRole::Admin => Some("Admin".to_owned()),
                OrganizationRole::Member => role.map(|role| role.label().to_owned()),
            };
            let may_see = whole || (me.signed_in.can.read_audit_log && workspace_role.is_some());
            let seen = seen.get(&member.user.id);
            let shown = seen.filter(|_| edits || may_see);
            Member {
                id: member.user.id.to_string(),
                has_factor: (edits || may_see).then(|| seen.is_some_and(|seen| seen.has_factor)),
                last_seen: shown.and_then(|seen| seen.last).map(|at| me.clock().at(at)),
                can_end_sessions: edits && member.user.id != me.signed_in.user.id,
                erase_href: erases.then(|| format!("{TEAM}/{}/erase", member.user.id)),
                remove_href: edits.then(|| format!("{TEAM}/{}/remove", member.user.id)),
                events_href: may_see.then(|| events_of(member.user.id)),
                roles: roles(member.role),
                workspace_roles: workspace_roles(role),
                elsewhere: if edits {
                    elsewhere(&others, |id| {
                        let mut own = member.workspaces.iter();
                        own.find(|(one, _)| *one == id).map(|(_, role)| *role)
                    })
                } else {
                    Vec::new()
                },
                roles_elsewhere: member
                    .workspaces
                    .iter()
                    .filter(|(id, _)| *id != place.workspace)
                    .count(),
                name: member.user.name,
                email: member.user.email,
                organization_role: member.role.label().to_owned(),
                workspace_role,
                since: me
                    .clock()
                    .at(seen.map_or(member.user.created_at, |seen| seen.since)),
            }
        })
        .collect();
    let lacks = |one: &&Member| one.has_factor == Some(false);
    let without_factor = rows.iter().filter(lacks).count();
    let (columns, lines) = matrix();
    let view = Team {
        frame: me.frame_with(NAV, wrong.flash),
        members: rows,
        invitations: invitations
            .into_iter()
            .map(|(one, by)| {
                // Who is a member is erased there.
                let can_erase = erases && !belong.contains(&one.user);
                let href = can_erase.then(|| format!("{TEAM}/{}/erase", one.id));
                invited(me, one, by, href)
            })
            .collect(),
        former: former
            .into_iter()
            .map(|one| Former {
                events_href: events_of(one.id),
                erase_href: format!("{TEAM}/{}/erase", one.id),
                name: one.name,
                email: one.email,
            })
            .collect(),
        can_edit: edits,
        shows_factors,
        without_factor,
        has_mail: app.mailer.is_some(),
        links,
        once: once::number(app.store.entropy()),
        emails: sent.text("emails").to_owned(),
        roles: roles(chosen.role.unwrap_or(OrganizationRole::Member)),
        workspace_roles: workspace_roles(
            chosen_in(place.workspace).unwrap_or(Some(WorkspaceRole::Viewer)),
        ),
        elsewhere: elsewhere(&others, |id| chosen_in(id).flatten()),
        columns,
        lines,
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// `GET /settings/team`
pub(super) async fn list(State(app): State<App>, me: Me) -> Answer {
    page(&app, &me, Wrong::none(), &Form::default(), Vec::new()).await
}

/// The role in the organization and those in workspaces that a form says. What it does not say stays.
type Chosen = (OrganizationRole, Vec<(WorkspaceId, Option<WorkspaceRole>)>);

fn chosen(me: &Me, form: &Form) -> Result<Chosen, Refusal> {
    let Seen { role, workspaces } = said(me, form, "")?;
    Ok((role.ok_or_else(Refusal::foreign_form)?, workspaces))
}

/// The roles in those fields of a form whose names begin like this.
fn said(me: &Me, form: &Form, prefix: &str) -> Result<Seen, Refusal> {
    let word = |word: &str| match word {
        NO_ROLE => Ok(None),
        word => word.parse().map(Some).map_err(|_| Refusal::foreign_form()),
    };
    let mut roles = Seen::default();
    for (name, value) in form.pairs() {
        let Some(name) = name.strip_prefix(prefix) else {
            continue;
        };
        if name == "role" {
            let role = value.parse().map_err(|_| Refusal::foreign_form())?;
            roles.role = Some(role);
        } else if name == "workspace_role" {
            roles.workspaces.push((me.place().workspace, word(value)?));
        } else if let Some(id) = name.strip_prefix("workspace.") {
            roles.workspaces.push((things::id(id)?, word(value)?));
        }
    }
    Ok(roles)
}

/// `POST /settings/team/{id}`
pub(super) async fn update(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let (role, workspaces) = chosen(&me, &form)?;
    let action = ChangeMember {
        organization: me.place().organization,
        user: things::id::<UserId>(&id)?,
        role: Some(role),
        workspaces,
        seen: said(&me, &form, "seen.")?,
    };
    match me.perform(action).await {
        Ok(made) => Ok(me.done(TEAM, Done::Saved, &made.entries)),
        Err(error) => {
            let wrong = Wrong::of(error, "The role was not changed", &[])?;
            page(&app, &me, wrong, &Form::default(), Vec::new()).await
        }
    }
}

async fn question(app: &App, me: &Me, id: &str) -> Result<Remove, Refusal> {
    let user: UserId = things::id(id)?;
    let (organization, actor) = (me.place().organization, me.signed_in.caller.actor);
    let found = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            let may = acting.may(rx, Permission::EditMembers, organization, None)?;
            Ok((may, rx.member(organization, user)?))
        })
        .await?;
    match found {
        (false, _) => Err(Refusal::not_for_you(Permission::EditMembers)),
        (true, None) => Err(Refusal::nothing_here()),
        (true, Some(member)) => Ok(Remove {
            frame: me.frame(NAV),
            id: member.user.id.to_string(),
            name: member.user.name,
            email: member.user.email,
            errors: super::view::parts::Errors::default(),
        }),
    }
}

/// `GET /settings/team/{id}/remove`
pub(super) async fn ask_remove(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let view = question(&app, &me, &id).await?;
    me.show(&view)
}

/// `POST /settings/team/{id}/remove`
pub(super) async fn remove(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    // Who may not remove anyone hears so, and it is recorded, whatever was typed.
    if let Ok(view) = question(&app, &me, &id).await {
        let errors = things::confirmed(form.text("confirm"), &view.email);
        if !errors.is_empty() {
            return me.show_as(StatusCode::UNPROCESSABLE_ENTITY, &Remove { errors, ..view });
        }
    }
    let action = RemoveMember {
        organization: me.place().organization,
        user: things::id(&id)?,
    };
    match me.perform(action).await {
        Ok(made) => Ok(me.done(TEAM, Done::Removed, &made.entries)),
        Err(error) => {
            let wrong = Wrong::of(error, "Nobody was removed", &[])?;
            page(&app, &me, wrong, &Form::default(), Vec::new()).await
        }
    }
}

/// `POST /settings/team/{id}/sessions/end`
pub(super) async fn end_sessions(
    State(app): State<App>,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    let me = sent.me;
    let action = EndSessions {
        organization: me.place().organization,
        user: things::id(&id)?,
    };
    match me.perform(action).await {
        Ok(made) => Ok(me.done(TEAM, Done::Ended, &made.entries)),
        Err(error) => {
            let wrong = Wrong::of(error, "The sessions were not ended", &[])?;
            page(&app, &me, wrong, &Form::default(), Vec::new()).await
        }
    }
}

/// The addresses in a text: between spaces, commas, semicolons or lines.
fn addresses(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || c == ',' || c == ';')
        .filter(|one| !one.is_empty())
        .map(str::to_owned)
        .collect()
}

async fn invited_page(
    app: &App,
    me: &Me,
    made: Vec<(String, Option<String>)>,
    done: Response,
) -> Answer {
    let links: Vec<_> = made
        .into_iter()
        .filter_map(|(email, link)| Some((email, link?)))
        .collect();
    if links.is_empty() {
        return Ok(done);
    }
    page(app, me, Wrong::none(), &Form::default(), links).await
}

/// What refused an invitation, unless it was the number of letters.
fn not_sent(error: NotInvited) -> Result<Error, Refusal> {
    match error {
        NotInvited::By(error) => Ok(error),
        NotInvited::TooOften(wait) => Err(Refusal::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many letters",
            &sentence(&NotInvited::TooOften(wait).to_string()),
            &format!("Wait {}, and try again.", minutes(wait)),
        )
        .unchanged()
        .wait(wait)
        .link("Back to the team", TEAM)),
    }
}

/// `POST /settings/invitations`
pub(super) async fn invite(State(app): State<App>, headers: HeaderMap, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let (role, workspaces) = chosen(&me, &form)?;
    let place = me.place();
    let wanted = invite::Wanted {
        emails: addresses(form.text("emails")),
        role,
        workspaces: workspaces
            .into_iter()
            .filter_map(|(id, role)| Some((id, role?)))
            .collect(),
    };
    let Some(ticket) = app.once.take(me.signed_in.session, "invite", &form) else {
        let wrong = once::sent_before(
            "They were invited already.",
            "Nobody was invited once more. If you have not kept the links that were shown, send the invitations again from here.",
        );
        return page(&app, &me, wrong, &Form::default(), Vec::new()).await;
    };
    let base = app.base(Some(&headers));
    let caller = &me.signed_in.caller;
    match invite::create(&app, caller, place.organization, wanted, &base).await {
        Ok((made, entries)) => {
            let done = me.done(TEAM, Done::Invited, &entries);
            let made = made.into_iter().map(|(one, link)| (one.email, link));
            invited_page(&app, &me, made.collect(), done).await
        }
        Err(error) => {
            ticket.give_back();
            let error = not_sent(error)?;
            let wrong = Wrong::of(error, "Nobody was invited", &["emails"])?;
            page(&app, &me, wrong, &form, Vec::new()).await
        }
    }
}

/// `POST /settings/invitations/{id}/resend`
pub(super) async fn resend(
    State(app): State<App>,
    Path(id): Path<String>,
    headers: HeaderMap,
    sent: Sent,
) -> Answer {
    let Sent { me, form } = sent;
    let id: InvitationId = things::id(&id)?;
    let Some(ticket) = app.once.take(me.signed_in.session, id.as_str(), &form) else {
        let wrong = once::sent_before(
            "The invitation was sent again already.",
            "It was not sent once more. If you have not kept the link that was shown, send it again from here.",
        );
        return page(&app, &me, wrong, &Form::default(), Vec::new()).await;
    };
    let base = app.base(Some(&headers));
    let caller = &me.signed_in.caller;
    match invite::resend(&app, caller, me.place().organization, id, &base).await {
        Ok((one, link, entries)) => {
            let done = me.done(TEAM, Done::Resent, &entries);
            invited_page(&app, &me, vec![(one.email, link)], done).await
        }
        Err(error) => {
            ticket.give_back();
            let error = not_sent(error)?;
            let wrong = Wrong::of(error, "The invitation was not sent", &[])?;
            page(&app, &me, wrong, &Form::default(), Vec::new()).await
        }
    }
}

/// `POST /settings/invitations/{id}/cancel`
pub(super) async fn cancel(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let me = sent.me;
    let action = CancelInvitation {
        organization: me.place().organization,
        id: things::id(&id)?,
    };
    match me.perform(action).await {
        Ok(made) => Ok(me.done(TEAM, Done::Cancelled, &made.entries)),
        Err(error) => {
            let wrong = Wrong::of(error, "The invitation was not withdrawn", &[])?;
            page(&app, &me, wrong, &Form::default(), Vec::new()).await
        }
    }
}

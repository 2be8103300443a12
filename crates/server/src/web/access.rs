//! `/sources/{id}/access` and `/destinations/{id}/access`: who may change one of them.

use std::collections::HashSet;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use model::actor::Actor;
use model::id::UserId;
use model::role::{OrganizationRole, Permission, Standing};
use model::things::Member;
use store::{Error, Rx};

use super::answer::Answer;
use super::flash::Done;
use super::form::{Form, Sent};
use super::me::Me;
use super::refusal::Refusal;
use super::things::{self, Wrong};
use super::view::access::{Access, Editor};
use super::view::delete::{ASK_FOR_IT, Question};
use super::view::frame::NavItem;
use super::{destinations, sources};
use crate::actions::access::update::{UpdateAccess, What};
use crate::app::App;
use crate::request::Place;

/// What a page of this kind is about.
#[derive(Clone, Copy)]
enum Kind {
    Source,
    Destination,
}

impl Kind {
    fn what(self, id: &str) -> Result<What, Refusal> {
        Ok(match self {
            Self::Source => What::Source(things::id(id)?),
            Self::Destination => What::Destination(things::id(id)?),
        })
    }

    const fn permission(self) -> Permission {
        match self {
            Self::Source => Permission::EditSources,
            Self::Destination => Permission::EditDestinations,
        }
    }

    fn path(self, id: &str) -> String {
        match self {
            Self::Source => format!("/sources/{id}"),
            Self::Destination => format!("/destinations/{id}"),
        }
    }
}

/// What a member is in a workspace, and how the rules see it.
fn standing(member: &Member, place: Place) -> (&'static str, Standing) {
    let own = member
        .workspaces
        .iter()
        .find(|(id, _)| *id == place.workspace);
    let role = own.map(|(_, role)| *role);
    let label = match (member.role, role) {
        (OrganizationRole::Admin, _) => "Organization Admin",
        (OrganizationRole::Member, Some(role)) => role.label(),
        (OrganizationRole::Member, None) => "No role",
    };
    let standing = Standing::Person {
        organization: member.role,
        workspace: role,
    };
    (label, standing)
}

/// Who may change a source or destination, to a person who looks at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lock {
    /// Whether only people selected may.
    pub(super) locked: bool,
    /// Whether the person who looks is not shut out by that.
    pub(super) may: bool,
}

impl Lock {
    pub(super) fn of(rx: &mut Rx<'_>, actor: Actor, place: Place, id: &str) -> store::Result<Self> {
        let Some(people) = rx.selected(id)? else {
            return Ok(Self {
                locked: false,
                may: true,
            });
        };
        let acting = rx.acting(actor)?;
        let (organization, workspace) = (place.organization, Some(place.workspace));
        let is_selected = acting.user.is_some_and(|user| people.contains(&user));
        Ok(Self {
            locked: true,
            may: is_selected || acting.may(rx, Permission::EditAccess, organization, workspace)?,
        })
    }
}

/// Those of these things whose locks shut out the person who looks.
pub(super) fn shut_out(
    rx: &mut Rx<'_>,
    actor: Actor,
    place: Place,
    things: impl IntoIterator<Item = String>,
) -> store::Result<HashSet<String>> {
    let things: Vec<String> = things.into_iter().collect();
    let mut out = HashSet::new();
    if things.is_empty() {
        return Ok(out);
    }
    let locks = rx.locked_in(place.workspace)?;
    for one in things {
        if locks.contains(&one) && !Lock::of(rx, actor, place, &one)?.may {
            out.insert(one);
        }
    }
    Ok(out)
}

/// Why the person who looks may not delete a thing: it is locked, or connected to what is locked and would be cut off from.
pub(super) fn kept(
    (noun, lock): (&str, Lock),
    (other, shut_out): (&str, &HashSet<String>),
) -> Option<String> {
    match (lock.may, shut_out.len()) {
        (false, _) => Some(format!("Only people selected may change this {noun}.")),
        (true, 0) => None,
        (true, 1) => Some(format!(
            "It is connected to a {other} that only people selected may change."
        )),
        (true, several) => Some(format!(
            "It is connected to {several} {other}s that only people selected may change."
        )),
    }
}

/// Refuses who may not delete what is asked about.
pub(super) fn may_delete(question: &Question) -> Result<(), Refusal> {
    let Some(kept) = &question.kept else {
        return Ok(());
    };
    Err(Refusal::new(
        StatusCode::FORBIDDEN,
        "You may not delete this",
        kept,
        ASK_FOR_IT,
    ))
}

/// The page; `sent` is the form as it was sent.
async fn page(
    app: &App,
    me: &Me,
    kind: Kind,
    id: &str,
    wrong: Wrong,
    sent: Option<&Form>,
) -> Answer {
    let (place, actor, resource) = (me.place(), me.signed_in.caller.actor, id.to_owned());
    let (can_edit, members, kept) = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            let can_edit = acting.may(
                rx,
                Permission::EditAccess,
                place.organization,
                Some(place.workspace),
            )?;
            let selected = rx.selected(&resource)?;
            Ok((can_edit, rx.members(place.organization)?, selected))
        })
        .await?;
    let locked = sent.map_or(kept.is_some(), |form| form.text("who") == "selected");
    let seen = sent.and_then(|form| said(form, "seen.").ok());
    let seen = seen.unwrap_or_else(|| kept.clone());
    let chosen = |user: UserId| match sent {
        Some(form) => form.all("people").any(|one| one == user.as_str()),
        None => kept.as_ref().is_some_and(|people| people.contains(&user)),
    };
    let mut editors = Vec::new();
    for member in &members {
        let (role, standing) = standing(member, place);
        let always = standing.may(Permission::EditAccess);
        let may = standing.may(kind.permission());
        let selected = chosen(member.user.id);
        // Whoever may not edit here is no choice; who was chosen before that is shown, to be taken off.
        if may || selected {
            editors.push(Editor {
                id: member.user.id.to_string(),
                name: member.user.name.clone(),
                email: member.user.email.clone(),
                role,
                always,
                may,
                selected,
            });
        }
    }
    editors.sort_by(|a, b| (!a.always, &a.name).cmp(&(!b.always, &b.name)));
    let view = Access {
        frame: me.frame_with(
            match kind {
                Kind::Source => NavItem::Sources,
                Kind::Destination => NavItem::Destinations,
            },
            wrong.flash,
        ),
        head: match kind {
            Kind::Source => sources::head_of(app, me, id).await?.into(),
            Kind::Destination => destinations::head_of(app, me, id).await?.into(),
        },
        path: kind.path(id),
        can_edit,
        locked,
        seen: seen.map(|people| people.iter().map(ToString::to_string).collect()),
        editors,
    };
    me.show_as(wrong.status, &view)
}

/// Who may, as those fields of a form say it whose names begin like this: nobody in particular, or people selected.
fn said(form: &Form, prefix: &str) -> Result<Option<Vec<UserId>>, Refusal> {
    match form.text(&format!("{prefix}who")) {
        "anyone" => Ok(None),
        "selected" => {
            let name = format!("{prefix}people");
            let all = form.all(&name).map(things::id);
            all.collect::<Result<_, _>>().map(Some)
        }
        _ => Err(Refusal::foreign_form()),
    }
}

async fn change(app: &App, sent: Sent, kind: Kind, id: &str) -> Answer {
    let Sent { me, form } = sent;
    let seen = form.get("seen.who").map(|_| said(&form, "seen."));
    let action = UpdateAccess {
        place: me.place(),
        what: kind.what(id)?,
        people: said(&form, "")?,
        seen: seen.transpose()?,
    };
    match me.perform(action).await {
        Ok(made) => {
            let path = format!("{}/access", kind.path(id));
            Ok(me.done(&path, Done::Saved, &made.entries))
        }
        Err(error @ (Error::Invalid { .. } | Error::Failed { .. })) => {
            // What another has made it meanwhile is to be seen before anything is changed of it.
            let sent = matches!(error, Error::Invalid { .. }).then_some(&form);
            let wrong = Wrong::of(error, "Not saved.", &[])?;
            page(app, &me, kind, id, wrong, sent).await
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /sources/{id}/access`
pub(super) async fn source(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    page(&app, &me, Kind::Source, &id, Wrong::none(), None).await
}

/// `POST /sources/{id}/access`
pub(super) async fn update_source(
    State(app): State<App>,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    change(&app, sent, Kind::Source, &id).await
}

/// `GET /destinations/{id}/access`
pub(super) async fn destination(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    page(&app, &me, Kind::Destination, &id, Wrong::none(), None).await
}

/// `POST /destinations/{id}/access`
pub(super) async fn update_destination(
    State(app): State<App>,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    change(&app, sent, Kind::Destination, &id).await
}

//! `/settings/tokens`: all tokens of the organization, and what holds for the whole of it.

use std::collections::HashMap;

use axum::extract::{Path, State};
use model::id::{TokenId, UserId};
use model::role::{Access, Permission, WorkspaceRole};
use model::things::Token;
use store::Error;

use super::answer::Answer;
use super::flash::Done;
use super::form::{Form, Sent};
use super::me::Me;
use super::once;
use super::profile::tokens::{days, new_token, token};
use super::refusal::Refusal;
use super::things::{self, Wrong};
use super::view;
use super::view::frame::NavItem;
use super::view::parts::Choice;
use super::view::tokens::{PublicHashes, Tokens};
use crate::actions::organization::update::UpdateOrganization;
use crate::actions::token::create::{CreateToken, Whose};
use crate::actions::token::delete::DeleteToken;
use crate::app::App;
use crate::auth::secret::{self, Kind};

const NAV: NavItem = NavItem::Settings;
const TOKENS: &str = "/settings/tokens";

/// Whose a token is, in words.
fn owner(one: &Token, name: impl FnOnce(UserId) -> Option<String>) -> String {
    match (one.owner, one.role) {
        (Some(user), _) => name(user).unwrap_or_default(),
        (None, Some(role)) => format!("Service, {} of a workspace", role.label()),
        (None, None) => "Service of the organization".to_owned(),
    }
}

async fn page(app: &App, me: &Me, wrong: Wrong, shown: Option<String>) -> Answer {
    page_with(app, me, wrong, shown, &Form::default()).await
}

/// The page; `sent` is a form that could not be taken.
async fn page_with(app: &App, me: &Me, wrong: Wrong, shown: Option<String>, sent: &Form) -> Answer {
    let place = me.place();
    let actor = me.signed_in.caller.actor;
    let found = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            let mut may = |permission| acting.may(rx, permission, place.organization, None);
            let (edits, rules) = (
                may(Permission::EditTokens)?,
                may(Permission::EditOrganization)?,
            );
            let names: HashMap<_, _> = rx
                .members(place.organization)?
                .into_iter()
                .map(|member| (member.user.id, member.user.name))
                .collect();
            let log = rx.log_of(place.organization)?;
            let log = log.map(|log| log.to_string()).unwrap_or_default();
            let tokens = rx.tokens(place.organization)?;
            let workspaces = rx.workspaces(place.organization)?;
            Ok((edits, rules, names, (tokens, workspaces), log))
        })
        .await?;
    let (true, rules, names, (tokens, workspaces), log) = found else {
        return Err(Refusal::not_for_you(Permission::EditTokens));
    };
    let clock = me.clock();
    let name = &me.signed_in.organization.name;
    let shown_name = sent.get("organization_name").map_or(&**name, str::trim);
    let of = |role: &WorkspaceRole| {
        let label = format!("{} of {}", role.label(), me.signed_in.workspace.name);
        Choice::new(role.as_str(), label, sent.text("role"))
    };
    let reader = Choice::new("", "Reader of the whole audit log", sent.text("role"));
    let view = Tokens {
        frame: me.frame_with(NAV, wrong.flash),
        organization_name: shown_name.to_owned(),
        seen_name: sent
            .get("seen.organization_name")
            .unwrap_or(name)
            .to_owned(),
        tokens: tokens
            .into_iter()
            .map(|(one, used)| {
                let owner = owner(&one, |user| names.get(&user).cloned());
                token(clock, one, used, Some(owner), &workspaces)
            })
            .collect(),
        roles: std::iter::once(reader)
            .chain(WorkspaceRole::ALL.iter().map(of))
            .collect(),
        requires_mfa: rules.then_some(me.signed_in.organization.requires_mfa),
        public_hashes: rules.then_some(PublicHashes {
            are: me.signed_in.organization.public_hashes,
            log,
        }),
        shown,
        new_token: new_token(sent),
        once: once::number(app.store.entropy()),
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// `GET /settings/tokens`
pub(super) async fn list(State(app): State<App>, me: Me) -> Answer {
    page(&app, &me, Wrong::none(), None).await
}

/// `POST /settings/tokens`
pub(super) async fn create(State(app): State<App>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let Some(ticket) = app.once.take(me.signed_in.session, "token", &form) else {
        return page(&app, &me, once::token_made(), None).await;
    };
    let secret = secret::new(Kind::Service, app.store.entropy());
    let whose = match form.text("role").parse() {
        Ok(role) => Whose::Workspace(me.place().workspace, role),
        Err(_) => Whose::Organization,
    };
    let access = form.text("access").parse().unwrap_or(Access::Read);
    let action = CreateToken {
        organization: me.place().organization,
        whose,
        name: form.name().to_owned(),
        access,
        days: days(&form),
        hash: secret::hash(&secret),
    };
    // Who may make none hears so, and it is recorded, whatever was sent.
    let contradicts = whose.may_have(access).err();
    let contradicts = contradicts.filter(|_| me.signed_in.can.edit_tokens);
    let made = match contradicts {
        Some(error) => Err(error),
        None => me.perform(action).await,
    };
    match made {
        Ok(_) => page(&app, &me, Wrong::none(), Some(secret.to_string())).await,
        Err(error) => {
            ticket.give_back();
            let wrong = Wrong::of(error, "The token was not made", &["name"])?;
            page_with(&app, &me, wrong, None, &form).await
        }
    }
}

/// The question before a token is deleted, on the way from a page with its title and address. Whoever may delete it may
/// see it: a token of one's own, or who administers all of them.
pub(super) async fn question(
    app: &App,
    me: &Me,
    id: &str,
    back: (&'static str, &'static str),
    action: String,
) -> Answer {
    let id: TokenId = things::id(id)?;
    let (organization, user) = (me.place().organization, me.signed_in.user.id);
    let actor = me.signed_in.caller.actor;
    let found = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            let edits = acting.may(rx, Permission::EditTokens, organization, None)?;
            let all = rx.tokens(organization)?;
            let one = all.into_iter().find(|(one, _)| one.id == id);
            let (one, used) = one.ok_or(Error::NotFound("token"))?;
            let owns = one.owner == Some(user);
            let named = one.owner.map(|owner| rx.user(owner)).transpose()?.flatten();
            let owner = owner(&one, |_| named.map(|user| user.name));
            let workspaces = rx.workspaces(organization)?;
            Ok((edits || owns).then_some((one, used, owner, workspaces)))
        })
        .await?;
    let Some((one, used, owner, workspaces)) = found else {
        return Err(Refusal::not_for_you(Permission::EditTokens));
    };
    me.show(&view::tokens::DeleteToken {
        frame: me.frame(NAV),
        token: token(me.clock(), one, used, Some(owner), &workspaces),
        action,
        back,
    })
}

/// Deletes a token, of whichever of the two pages.
pub(super) fn deletion(me: &Me, id: &str) -> std::result::Result<DeleteToken, Refusal> {
    Ok(DeleteToken {
        organization: me.place().organization,
        id: things::id(id)?,
        by: Some(me.signed_in.caller.actor),
    })
}

/// `GET /settings/tokens/{id}/delete`
pub(super) async fn ask_delete(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    // The page that it leads back to is open to nobody else, whosever the token is.
    if !me.signed_in.can.edit_tokens {
        return Err(Refusal::not_for_you(Permission::EditTokens));
    }
    let action = format!("{TOKENS}/{id}/delete");
    question(&app, &me, &id, ("Access", TOKENS), action).await
}

/// `POST /settings/tokens/{id}/delete`
pub(super) async fn delete(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let me = sent.me;
    match me.perform(deletion(&me, &id)?).await {
        Ok(made) => Ok(me.done(TOKENS, Done::Deleted, &made.entries)),
        Err(error) => {
            let wrong = Wrong::of(error, "The token was not deleted", &[])?;
            page(&app, &me, wrong, None).await
        }
    }
}

/// `POST /settings/organization`
pub(super) async fn update_organization(State(app): State<App>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    // Each rule has a form of its own; what it does not show stays, and so does what was not changed in it.
    let rule = form.text("rule");
    let flag = |of: &str, field: &str| (rule == of).then(|| form.changed_flag(field)).flatten();
    let action = UpdateOrganization {
        id: me.place().organization,
        name: (rule == "name").then(|| form.text("organization_name").trim().to_owned()),
        seen_name: form.get("seen.organization_name").map(str::to_owned),
        requires_mfa: flag("mfa", "requires_mfa"),
        public_hashes: flag("hashes", "public_hashes"),
    };
    match me.perform(action).await {
        Ok(made) => Ok(me.done(TOKENS, Done::Saved, &made.entries)),
        Err(error) => {
            // What another has called it meanwhile is to be seen before it is called something else.
            let sent = match error {
                Error::Invalid { .. } => form,
                _ => Form::default(),
            };
            let mut wrong = Wrong::of(error, "Nothing was changed", &["name"])?;
            if let Some(message) = wrong.errors.of("name").map(str::to_owned) {
                let errors = [("organization_name", message.as_str())];
                wrong.errors = errors.into_iter().collect();
            }
            page_with(&app, &me, wrong, None, &sent).await
        }
    }
}

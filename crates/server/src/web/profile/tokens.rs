//! The personal tokens of the profile.

use axum::extract::{Path, State};
use model::clock::Micros;
use model::role::Access;
use model::things::Workspace;

use super::{PROFILE, page, page_with};
use crate::actions::token::create::{CreateToken, Whose};
use crate::app::App;
use crate::auth::secret::{self, Kind};
use crate::web::answer::Answer;
use crate::web::flash::Done;
use crate::web::form::{Form, Sent};
use crate::web::me::Me;
use crate::web::once;
use crate::web::things::Wrong;
use crate::web::tokens;
use crate::web::view::parts::Choice;
use crate::web::view::profile::{NewToken, Token};
use crate::web::visitor::Clock;

/// A row of a table of tokens.
pub(in crate::web) fn token(
    clock: &Clock,
    one: model::things::Token,
    used: Option<Micros>,
    owner: Option<String>,
    workspaces: &[Workspace],
) -> Token {
    let mut named = workspaces.iter().filter(|_| workspaces.len() > 1);
    let workspace = named.find(|workspace| Some(workspace.id) == one.workspace);
    Token {
        id: one.id.to_string(),
        name: one.name,
        owner,
        workspace: workspace.map(|workspace| workspace.name.clone()),
        access: one.access.label(),
        created: clock.at(one.created_at),
        expires: one.expires_at.map(|at| clock.at(at)),
        used: used.map(|at| clock.at(at)),
    }
}

/// What is in a form for a token: what was sent, or what most people want.
pub(in crate::web) fn new_token(sent: &Form) -> NewToken {
    let choices = |field: &str, default: &str, all: &[(&str, &str)]| -> Vec<Choice> {
        let chosen = sent.get(field).unwrap_or(default);
        all.iter()
            .map(|(word, label)| Choice::new(*word, *label, chosen))
            .collect()
    };
    let read_write = Access::ReadWrite.as_str();
    NewToken {
        name: sent.name().to_owned(),
        accesses: choices(
            "access",
            Access::Read.as_str(),
            &[
                (Access::Read.as_str(), "Read"),
                (read_write, "Read and write"),
            ],
        ),
        days: choices(
            "days",
            "90",
            &[
                ("7", "7 days"),
                ("30", "30 days"),
                ("90", "90 days"),
                ("365", "A year"),
                ("0", "For ever"),
            ],
        ),
    }
}

/// How many days a form says that a token lasts; nothing for ever.
pub(in crate::web) fn days(form: &Form) -> Option<i64> {
    match form.text("days") {
        "" | "0" => None,
        days => Some(days.parse().unwrap_or(-1)),
    }
}

/// `POST /profile/tokens`
pub(in crate::web) async fn create_token(State(app): State<App>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let Some(ticket) = app.once.take(me.signed_in.session, "token", &form) else {
        return page(&app, &me, once::token_made(), None).await;
    };
    let secret = secret::new(Kind::Personal, app.store.entropy());
    let action = CreateToken {
        organization: me.place().organization,
        whose: Whose::Personal(me.place().workspace, None),
        name: form.name().to_owned(),
        access: form.text("access").parse().unwrap_or(Access::Read),
        days: days(&form),
        hash: secret::hash(&secret),
    };
    match me.perform(action).await {
        Ok(_) => page(&app, &me, Wrong::none(), Some(secret.to_string())).await,
        Err(error) => {
            ticket.give_back();
            let mut wrong = Wrong::of(error, "The token was not made", &["name"])?;
            if let Some(message) = wrong.errors.of("name").map(str::to_owned) {
                wrong.errors = [("token_name", message.as_str())].into_iter().collect();
            }
            page_with(&app, &me, wrong, None, &form).await
        }
    }
}

/// `GET /profile/tokens/{id}/delete`
pub(in crate::web) async fn ask_delete_token(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
) -> Answer {
    let action = format!("{PROFILE}/tokens/{id}/delete");
    tokens::question(&app, &me, &id, ("Your profile", PROFILE), action).await
}

/// `POST /profile/tokens/{id}/delete`
pub(in crate::web) async fn delete_token(
    State(app): State<App>,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    let me = sent.me;
    match me.perform(tokens::deletion(&me, &id)?).await {
        Ok(made) => Ok(me.done(PROFILE, Done::Deleted, &made.entries)),
        Err(error) => {
            let wrong = Wrong::of(error, "The token was not deleted", &[])?;
            page(&app, &me, wrong, None).await
        }
    }
}

//! `/connections/{id}`: the forms of a connection. It is shown on the page of its destination.

use axum::extract::{Path, State};
use model::id::ConnectionId;
use store::Error;

use super::answer::Answer;
use super::flash::Done;
use super::form::Sent;
use super::me::Me;
use super::refusal::Refusal;
use super::things;
use crate::actions::connection::delete::DeleteConnection;
use crate::actions::connection::update::UpdateConnection;
use crate::app::App;

/// The page on which the connection is shown.
async fn page_of(app: &App, me: &Me, id: ConnectionId) -> Result<String, Refusal> {
    let place = me.place();
    let connection = app
        .read(move |rx| {
            rx.connection(place.workspace, id)?
                .ok_or(Error::NotFound("connection"))
        })
        .await?;
    Ok(format!(
        "/destinations/{}/connections",
        connection.destination
    ))
}

/// `POST /connections/{id}`
pub(super) async fn update(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let id = things::id(&id)?;
    let page = page_of(&app, &me, id).await?;
    let enabled = form.flag("enabled");
    let action = UpdateConnection {
        place: me.place(),
        id,
        source: None,
        destination: None,
        enabled: Some(enabled),
    };
    let made = me.perform(action).await?;
    let done = if enabled {
        Done::Enabled
    } else {
        Done::Disabled
    };
    Ok(me.done(&page, done, &made.entries))
}

/// `POST /connections/{id}/delete`
pub(super) async fn delete(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let me = sent.me;
    let id = things::id(&id)?;
    let page = page_of(&app, &me, id).await?;
    let action = DeleteConnection {
        place: me.place(),
        id,
    };
    let made = me.perform(action).await?;
    Ok(me.done(&page, Done::Disconnected, &made.entries))
}

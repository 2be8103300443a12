//! `/connections/{id}`: the forms of a connection. One of a stream is shown on the page of its destination.

use axum::extract::{Path, State};
use model::catalogue::TargetType;
use model::id::ConnectionId;
use store::Error;

use super::answer::Answer;
use super::flash::Done;
use super::form::Sent;
use super::history;
use super::me::Me;
use super::refusal::Refusal;
use super::retl_connections;
use super::things;
use crate::actions::connection::delete::DeleteConnection;
use crate::actions::connection::update::UpdateConnection;
use crate::app::App;

/// The page on which a connection of a stream is shown. Of one of reverse ETL that was deleted the log still tells.
pub(super) async fn page_or_gone(
    app: &App,
    me: &Me,
    id: ConnectionId,
) -> std::result::Result<String, Refusal> {
    let place = me.place();
    let found = app
        .read(move |rx| {
            rx.connection(place.workspace, id)?
                .ok_or(Error::NotFound("connection"))
        })
        .await;
    let thing = (TargetType::Connection, id.as_str());
    let connection = history::or_gone(found, app, me, thing).await?;
    let to = connection.destination;
    Ok(format!("/destinations/{to}/connections"))
}

/// `POST /connections/{id}`: whether it is enabled; of reverse ETL all settings as well.
pub(super) async fn update(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let id = things::id(&id)?;
    if let Some(seen) = retl_connections::seen(&app, &me, id).await? {
        return retl_connections::update(&app, &me, &seen, &form).await;
    }
    let page = page_or_gone(&app, &me, id).await?;
    let enabled = form.flag("enabled");
    let action = UpdateConnection {
        place: me.place(),
        id,
        source: None,
        destination: None,
        enabled: Some(enabled),
    };
    let made = me.perform(action).await?;
    Ok(me.done(&page, Done::enabled(enabled), &made.entries))
}

/// `POST /connections/{id}/delete`
pub(super) async fn delete(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let id = things::id(&id)?;
    if let Some(seen) = retl_connections::seen(&app, &me, id).await? {
        return retl_connections::delete(&me, &seen, &form).await;
    }
    let page = page_or_gone(&app, &me, id).await?;
    let action = DeleteConnection {
        place: me.place(),
        id,
    };
    let made = me.perform(action).await?;
    Ok(me.done(&page, Done::Disconnected, &made.entries))
}

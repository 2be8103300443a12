//! The tabs of what a destination is connected with: its sources, and the transformation before it.

use std::collections::HashSet;

use axum::extract::{Path, State};
use model::definition::Kind;
use model::id::{DestinationId, SourceId, TransformationId};
use model::things::CodeKind;
use store::{Error, Result, Rx};

use super::{NAV, Seen, head, seen};
use crate::actions::connection::create::CreateConnection;
use crate::actions::destination::put_transformation::PutTransformation;
use crate::actions::destination::take_transformation::TakeTransformation;
use crate::actions::transformation::all;
use crate::app::App;
use crate::request::Place;
use crate::web::access::Lock;
use crate::web::answer::{Answer, see_other};
use crate::web::flash::Done;
use crate::web::form::Sent;
use crate::web::me::Me;
use crate::web::retl_sources;
use crate::web::things::{self, Wrong};
use crate::web::transformations::language;
use crate::web::view::destination::{
    Connection, DestinationConnections, DestinationTransformation, LinkedTransformation,
};
use crate::web::visitor::Clock;

pub(super) fn connections(
    rx: &mut Rx<'_>,
    place: Place,
    id: DestinationId,
    clock: &Clock,
    shut_out: &HashSet<String>,
) -> Result<Vec<Connection>> {
    let mut connections = Vec::new();
    let definitions = rx.definitions(place.organization)?;
    for one in rx.connections_of_destination(id)? {
        let from = rx
            .source(place.workspace, one.source)?
            .ok_or(Error::NotFound("source"))?;
        connections.push(Connection {
            id: one.id.to_string(),
            source_id: from.id.to_string(),
            source_name: from.name.clone(),
            source_kind: things::kind(&definitions, Kind::Source, &from.kind).0,
            enabled: one.enabled,
            schedule: None,
            locked: shut_out.contains(from.id.as_str()),
            since: clock.at(one.created_at),
        });
    }
    for one in rx.retl_connections_of_destination(id)? {
        let from = rx
            .retl_source(place.workspace, one.source)?
            .ok_or(Error::NotFound("source"))?;
        connections.push(Connection {
            id: one.id.to_string(),
            source_id: from.id.to_string(),
            source_name: from.name.clone(),
            source_kind: retl_sources::kind(from.kind, &from.definition),
            enabled: one.enabled,
            schedule: Some(retl_sources::schedule(&one)),
            locked: shut_out.contains(from.id.as_str()),
            since: clock.at(one.created_at),
        });
    }
    Ok(connections)
}

pub(super) fn transformation_of(
    rx: &mut Rx<'_>,
    place: Place,
    id: DestinationId,
) -> Result<Option<LinkedTransformation>> {
    let Some(link) = rx.link(id)? else {
        return Ok(None);
    };
    let kind = CodeKind::Transformation;
    let one = rx
        .transformation(place.workspace, kind, link.transformation)?
        .ok_or(Error::NotFound("transformation"))?;
    let version = match one.published {
        Some(version) => rx.version(place.workspace, kind, version)?,
        None => None,
    };
    Ok(Some(LinkedTransformation {
        id: one.id.to_string(),
        name: one.name,
        language: language(&one.language),
        version: version.map(|version| version.number.to_string()),
    }))
}

/// `GET /destinations/{id}/connections`
pub(in crate::web) async fn connections_page(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
) -> Answer {
    let seen = seen(&app, &me, &id).await?;
    show_connections(&app, &me, &seen, Wrong::none()).await
}

async fn show_connections(app: &App, me: &Me, seen: &Seen, wrong: Wrong) -> Answer {
    let (place, id, clock) = (me.place(), seen.destination.id, me.clock().clone());
    let actor = me.signed_in.caller.actor;
    let shut_out = seen.shut_out.clone();
    let (connections, sources, locked) = app
        .read(move |rx| {
            let definitions = rx.definitions(place.organization)?;
            let connections = connections(rx, place, id, &clock, &shut_out)?;
            let mut sources = Vec::new();
            let mut locked = 0;
            let locks = rx.locked_in(place.workspace)?;
            let mut after = None;
            loop {
                let page = rx.source_rows(place.workspace, after.as_ref(), 500, None)?;
                for one in page.items {
                    let id = one.id.as_str();
                    if one.retl.is_some() || connections.iter().any(|made| made.source_id == id) {
                        continue;
                    }
                    // What would be refused is no choice.
                    if locks.contains(id) && !Lock::of(rx, actor, place, id)?.may {
                        locked += 1;
                        continue;
                    }
                    let kind = things::kind(&definitions, Kind::Source, &one.kind).0;
                    sources.push((one.id.to_string(), one.name, kind));
                }
                match page.next {
                    Some(next) => after = Some(next),
                    None => return Ok((connections, things::choices(sources), locked)),
                }
            }
        })
        .await?;
    let view = DestinationConnections {
        frame: me.frame_with(NAV, wrong.flash),
        head: head(me, seen),
        connections,
        sources,
        locked,
    };
    me.show_as(wrong.status, &view)
}

/// `POST /destinations/{id}/connections`
pub(in crate::web) async fn connect(
    State(app): State<App>,
    Path(id): Path<String>,
    sent: Sent,
) -> Answer {
    let Sent { me, form } = sent;
    let path = format!("/destinations/{id}/connections");
    if form.text("source_id").is_empty() {
        return Ok(see_other(&path));
    }
    let source: SourceId = things::id(form.text("source_id"))?;
    let action = CreateConnection {
        place: me.place(),
        source,
        destination: things::id(&id)?,
        enabled: true,
        external_id: None,
    };
    match me.perform(action).await {
        Ok(made) => Ok(me.done(&path, Done::Connected, &made.entries)),
        Err(error) => {
            let wrong = Wrong::of(error, "Not connected.", &[])?;
            let seen = seen(&app, &me, &id).await?;
            show_connections(&app, &me, &seen, wrong).await
        }
    }
}

/// `GET /destinations/{id}/transformation`
pub(in crate::web) async fn transformation(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
) -> Answer {
    let seen = seen(&app, &me, &id).await?;
    let (place, id) = (me.place(), seen.destination.id);
    let (current, choices) = app
        .read(move |rx| {
            let current = transformation_of(rx, place, id)?;
            let all = all(rx, place, CodeKind::Transformation)?;
            let is_current = |id: &str| current.as_ref().is_some_and(|current| current.id == id);
            let others = all.into_iter().filter(|one| !is_current(one.id.as_str()));
            let choices = others
                .map(|one| (one.id.to_string(), one.name, language(&one.language)))
                .collect();
            Ok((current, things::choices(choices)))
        })
        .await?;
    me.show(&DestinationTransformation {
        frame: me.frame(NAV),
        head: head(&me, &seen),
        current,
        choices,
    })
}

/// `POST /destinations/{id}/transformation`
pub(in crate::web) async fn put_transformation(Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let path = format!("/destinations/{id}/transformation");
    if form.text("transformation_id").is_empty() {
        return Ok(see_other(&path));
    }
    let transformation: TransformationId = things::id(form.text("transformation_id"))?;
    let action = PutTransformation {
        place: me.place(),
        destination: things::id(&id)?,
        transformation,
    };
    let made = me.perform(action).await?;
    Ok(me.done(&path, Done::Added, &made.entries))
}

/// `POST /destinations/{id}/transformation/delete`
pub(in crate::web) async fn take_transformation(Path(id): Path<String>, sent: Sent) -> Answer {
    let action = TakeTransformation {
        place: sent.me.place(),
        destination: things::id(&id)?,
    };
    let made = sent.me.perform(action).await?;
    let path = format!("/destinations/{id}/transformation");
    Ok(sent.me.done(&path, Done::TakenAway, &made.entries))
}

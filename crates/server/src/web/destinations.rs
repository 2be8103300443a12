//! `/destinations`: where events go.

pub(super) mod linked;
pub(super) mod new;

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use model::catalogue::TargetType;
use model::definition::{Definitions, Kind};
use model::id::DestinationId;
use model::role::Permission;
use model::things::Destination;
use serde_json::{Map, Value, json};
use store::{Result, Rx};

use super::access::{self, Lock};
use super::answer::Answer;
use super::config::Settings;
use super::flash::Done;
use super::form::{Form, Sent};
use super::history::{self, Known, Part, Reader};
use super::me::Me;
use super::refusal::Refusal;
use super::things::{self, From, Wrong};
use super::view::delete::{Delete, Question};
use super::view::destination::{
    DestinationAuditLogs, DestinationConfiguration, DestinationHead, DestinationOverview,
};
use super::view::destinations::Destinations;
use super::view::frame::NavItem;
use super::view::parts::Errors;
use super::view::sources::ResourceRow;
use crate::actions::destination::delete::DeleteDestination;
use crate::actions::destination::found;
use crate::actions::destination::update::UpdateDestination;
use crate::actions::input;
use crate::app::App;
use crate::schema::Faults;

const NAV: NavItem = NavItem::Destinations;

/// `GET /destinations`
pub(super) async fn list(State(app): State<App>, me: Me, Query(from): Query<From>) -> Answer {
    let after = from.start()?;
    let (place, reader) = (me.place(), Reader::of(&me));
    let named = from.named().map(str::to_owned);
    let (page, last) = app
        .read(move |rx| {
            let (after, named) = (after.as_ref(), named.as_deref());
            let page = rx.destination_rows(place.workspace, after, things::PAGE, named)?;
            let ids: Vec<String> = page.items.iter().map(|one| one.id.to_string()).collect();
            let last = reader.last_of(rx, &ids)?;
            Ok((page, last))
        })
        .await?;
    let rows = page.items.into_iter().map(|one| {
        let (kind, known) = things::kind(&me.signed_in.definitions, Kind::Destination, &one.kind);
        ResourceRow {
            connections: one.connections,
            last_change: last.get(one.id.as_str()).cloned(),
            id: one.id.to_string(),
            name: one.name,
            kind,
            known,
            enabled: one.enabled,
        }
    });
    me.show(&Destinations {
        frame: me.frame(NAV),
        can_create: me.signed_in.can.edit_destinations,
        rows: rows.collect(),
        leaf: from.leaf("/destinations", page.total, page.next.as_ref()),
    })
}

/// A destination with what its pages say of it.
struct Seen {
    destination: Arc<Destination>,
    /// As they are in the same state of the data.
    definitions: Arc<Definitions>,
    known: Known,
    connections: u64,
    has_transformation: bool,
    lock: Lock,
    /// The sources connected whose locks shut out the person who looks.
    shut_out: HashSet<String>,
}

async fn seen(app: &App, me: &Me, id: &str) -> std::result::Result<Seen, Refusal> {
    let id: DestinationId = things::id(id)?;
    let (place, reader) = (me.place(), Reader::of(me));
    let actor = me.signed_in.caller.actor;
    let seen = app
        .read(move |rx| {
            let connected = connected(rx, id)?;
            Ok(Seen {
                lock: Lock::of(rx, actor, place, id.as_str())?,
                destination: found(rx, place, id)?,
                definitions: rx.definitions(place.organization)?,
                known: reader.known(rx, id.as_str())?,
                connections: connected.len() as u64,
                shut_out: access::shut_out(rx, actor, place, connected)?,
                has_transformation: rx.link(id)?.is_some(),
            })
        })
        .await;
    history::or_gone(seen, app, me, (TargetType::Destination, id.as_str())).await
}

fn head(me: &Me, seen: &Seen) -> DestinationHead {
    let of_type = (Kind::Destination, seen.destination.kind.as_str());
    let (kind, known) = things::kind(&seen.definitions, Kind::Destination, &seen.destination.kind);
    DestinationHead {
        id: seen.destination.id.to_string(),
        name: seen.destination.name.clone(),
        kind,
        known,
        enabled: seen.destination.enabled,
        can_edit: me.signed_in.can.edit_destinations && seen.lock.may,
        locked: seen.lock.locked,
        can_audit: me.signed_in.can.read_audit_log,
        can_watch: me.signed_in.can.view_live_events,
        deleted: false,
        faults: input::faults(&seen.definitions, of_type, &seen.destination.config),
        connections: seen.connections,
        events: seen.known.events,
        last_change: seen.known.last.clone(),
    }
}

/// The source of each connection, those of reverse ETL included.
fn connected(rx: &mut Rx<'_>, id: DestinationId) -> Result<Vec<String>> {
    let streams = rx.connections_of_destination(id)?.into_iter();
    let synced = rx.retl_connections_of_destination(id)?.into_iter();
    let streams = streams.map(|one| one.source.to_string());
    Ok(streams
        .chain(synced.map(|one| one.source.to_string()))
        .collect())
}

/// What stands above the tabs, for a tab of another file.
pub(super) async fn head_of(
    app: &App,
    me: &Me,
    id: &str,
) -> std::result::Result<DestinationHead, Refusal> {
    Ok(head(me, &seen(app, me, id).await?))
}

/// `GET /destinations/{id}`
pub(super) async fn overview(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let seen = seen(&app, &me, &id).await?;
    let (place, id, clock) = (me.place(), seen.destination.id, me.clock().clone());
    let shut_out = seen.shut_out.clone();
    let (sources, transformation) = app
        .read(move |rx| {
            let sources = linked::connections(rx, place, id, &clock, &shut_out)?;
            Ok((sources, linked::transformation_of(rx, place, id)?))
        })
        .await?;
    me.show(&DestinationOverview {
        frame: me.frame(NAV),
        head: head(&me, &seen),
        created: me.clock().at(seen.destination.created_at),
        updated: me.clock().at(seen.destination.updated_at),
        sources,
        transformation,
    })
}

fn stored(destination: &Destination) -> Map<String, Value> {
    destination.config.as_object().cloned().unwrap_or_default()
}

/// What a person sees of a destination that another changes: as it is, or as it was sent.
fn told(name: &str, enabled: bool, config: &Value) -> Value {
    json!({ "name": name, "enabled": enabled, "config": config })
}

fn configuration_page(me: &Me, seen: &Seen, sent: Option<&Form>, wrong: Wrong) -> Answer {
    let one = &seen.destination;
    let settings = Settings::of(&seen.definitions, Kind::Destination, &one.kind);
    let drawn = settings.draw(&stored(one), sent, &wrong.errors);
    let differs = match sent {
        // Only what would be saved over another's change is told apart from it.
        Some(form) if form.get("revision") != Some(one.revision.as_str()) => {
            let config = settings.read(&stored(one), form);
            let config = config.unwrap_or_else(|_| Value::clone(&one.config));
            let now = told(&one.name, one.enabled, &one.config);
            settings.differences(
                &now,
                &told(form.name_over(&one.name), form.flag("enabled"), &config),
            )
        }
        _ => Vec::new(),
    };
    let view = DestinationConfiguration {
        frame: me.frame_with(NAV, wrong.flash),
        head: head(me, seen),
        name: sent
            .map_or(one.name.as_str(), |form| form.name())
            .to_owned(),
        enabled: sent.map_or(one.enabled, |form| form.flag("enabled")),
        fields: drawn.fields,
        json: drawn.json,
        json_secrets: drawn.json_secrets,
        question: question(seen),
        revision: one.revision.to_string(),
        differs,
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// `GET /destinations/{id}/configuration`: a form for who may change it, and to read for everyone else.
pub(super) async fn configuration(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
) -> Answer {
    let seen = seen(&app, &me, &id).await?;
    configuration_page(&me, &seen, None, Wrong::none())
}

/// `POST /destinations/{id}`: all settings, or only whether it is enabled.
pub(super) async fn update(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let path = format!("/destinations/{id}");
    let mut action = UpdateDestination {
        place: me.place(),
        id: things::id(&id)?,
        name: None,
        kind: None,
        version: None,
        enabled: Some(form.flag("enabled")),
        config: None,
        revision: None,
    };
    if form.text("form") == "enabled" {
        let done = match action.enabled {
            Some(true) => Done::Enabled,
            _ => Done::Disabled,
        };
        let made = me.perform(action).await?;
        return Ok(me.done(&path, done, &made.entries));
    }
    let seen = seen(&app, &me, &id).await?;
    let one = &seen.destination;
    // What is laid over stored settings must not meet others: neither those that came after the page was drawn, nor
    // those that come between here and the change.
    action.revision = match form.get("revision") {
        Some(seen) => Some(things::id(seen)?),
        None => Some(one.revision),
    };
    action.name = Some(form.name_over(&one.name).to_owned());
    match Settings::of(&seen.definitions, Kind::Destination, &one.kind).read(&stored(one), &form) {
        Ok(config) => action.config = Some(config),
        // Who may not change it hears so, and it is recorded, whatever was sent.
        Err(errors) if me.signed_in.can.edit_destinations => {
            return configuration_page(&me, &seen, Some(&form), Wrong::fields(errors));
        }
        Err(_) => {}
    }
    match me.perform(action).await {
        Ok(made) => Ok(me.done(&path, Done::Saved, &made.entries)),
        Err(error) => {
            let thing = (TargetType::Destination, one.id.as_str());
            let error = history::by_whom(&app, &me, error, thing).await?;
            let wrong = Wrong::of(error, "Not saved.", &["name"])?;
            configuration_page(&me, &seen, Some(&form), wrong)
        }
    }
}

fn question(seen: &Seen) -> Question {
    let id = seen.destination.id;
    let mut consequences = Vec::new();
    let mut recorded_as = Vec::new();
    if seen.connections > 0 {
        consequences.push(match seen.connections {
            1 => "Its source is disconnected first.".to_owned(),
            n => format!("Its {n} sources are disconnected first."),
        });
        recorded_as.push("Disconnect Source".to_owned());
    }
    if seen.has_transformation {
        consequences.push("Its transformation is taken away first.".to_owned());
        recorded_as.push("Deleted Transformation".to_owned());
    }
    recorded_as.push("Deleted".to_owned());
    Question {
        noun: "destination".to_owned(),
        name: seen.destination.name.clone(),
        action: format!("/destinations/{id}/delete"),
        back: format!("/destinations/{id}"),
        list: ("Destinations".to_owned(), "/destinations".to_owned()),
        kept: access::kept(("destination", seen.lock), ("source", &seen.shut_out)),
        consequences,
        recorded_as,
    }
}

/// `GET /destinations/{id}/delete`
pub(super) async fn ask_delete(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    if !me.signed_in.can.edit_destinations {
        return Err(Refusal::not_for_you(Permission::EditDestinations));
    }
    let seen = seen(&app, &me, &id).await?;
    let question = question(&seen);
    access::may_delete(&question)?;
    me.show(&Delete {
        frame: me.frame(NAV),
        question,
        errors: Errors::default(),
    })
}

/// `POST /destinations/{id}/delete`
pub(super) async fn delete(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let seen = seen(&app, &me, &id).await?;
    let errors = things::confirmed(form.text("confirm"), &seen.destination.name);
    let question = question(&seen);
    let may = me.signed_in.can.edit_destinations && question.kept.is_none();
    // Who may not delete it hears so, and it is recorded, whatever was typed.
    if may && !errors.is_empty() {
        let view = Delete {
            frame: me.frame(NAV),
            question,
            errors,
        };
        return me.show_as(StatusCode::UNPROCESSABLE_ENTITY, &view);
    }
    let action = DeleteDestination {
        place: me.place(),
        id: seen.destination.id,
    };
    let made = me.perform(action).await?;
    Ok(me.done("/destinations", Done::Deleted, &made.entries))
}

/// `GET /destinations/{id}/audit-logs`, of a destination that was deleted too.
pub(super) async fn audit_logs(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Answer {
    let id: DestinationId = things::id(&id)?;
    let path = format!("/destinations/{id}");
    let (log, newest) = history::of(&app, &me, id.as_str(), &path, &part).await?;
    let head = match (seen(&app, &me, id.as_str()).await, newest) {
        (Ok(seen), _) => head(&me, &seen),
        (Err(refusal), None) => return Err(refusal),
        (Err(_), Some(event)) => DestinationHead {
            id: id.to_string(),
            name: history::name_in(&event, id.as_str()),
            kind: String::new(),
            known: true,
            enabled: false,
            can_edit: false,
            locked: false,
            can_audit: true,
            can_watch: false,
            deleted: true,
            faults: Faults::new(),
            connections: 0,
            events: log.total,
            last_change: None,
        },
    };
    me.show(&DestinationAuditLogs {
        frame: me.frame(NAV),
        head,
        log,
    })
}

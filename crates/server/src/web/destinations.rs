//! `/destinations`: where events go.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use model::catalogue::TargetType;
use model::definition::{Definitions, Kind};
use model::id::{DestinationId, SourceId, TransformationId};
use model::role::Permission;
use model::things::{CodeKind, Destination};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::{Error, Result, Rx};

use super::access::{self, Lock};
use super::answer::{Answer, see_other};
use super::config::Settings;
use super::flash::Done;
use super::form::{Form, Sent};
use super::history::{self, Known, Part, Reader};
use super::me::Me;
use super::refusal::Refusal;
use super::retl_sources;
use super::things::{self, From, Wrong};
use super::transformations::language;
use super::view::delete::{Delete, Question};
use super::view::destination::{
    Connection, DestinationAuditLogs, DestinationConfiguration, DestinationConnections,
    DestinationHead, DestinationOverview, DestinationTransformation, LinkedTransformation,
};
use super::view::destination_new::{DestinationNew, DestinationNewType};
use super::view::destinations::Destinations;
use super::view::frame::NavItem;
use super::view::parts::Errors;
use super::view::sources::ResourceRow;
use super::visitor::Clock;
use crate::actions::connection::create::CreateConnection;
use crate::actions::destination::create::CreateDestination;
use crate::actions::destination::delete::DeleteDestination;
use crate::actions::destination::found;
use crate::actions::destination::put_transformation::PutTransformation;
use crate::actions::destination::take_transformation::TakeTransformation;
use crate::actions::destination::update::UpdateDestination;
use crate::actions::input;
use crate::app::App;
use crate::request::Place;
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

/// The type of a new destination.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chosen {
    /// None as long as nothing was sent.
    r#type: Option<String>,
    other_type: String,
}

/// `GET /destinations/new`: first the type, then the rest.
pub(super) async fn new(me: Me, Query(chosen): Query<Chosen>) -> Answer {
    if !me.signed_in.can.edit_destinations {
        return Err(Refusal::not_for_you(Permission::EditDestinations));
    }
    let Some(listed) = chosen.r#type.as_deref() else {
        return new_type(&me, &chosen, Wrong::none());
    };
    let kind = match things::chosen(listed, &chosen.other_type) {
        Ok(kind) => kind,
        Err(errors) => return new_type(&me, &chosen, Wrong::fields(errors)),
    };
    if let Err(error) = input::kind(
        &me.signed_in.definitions,
        Kind::Destination,
        kind,
        &me.signed_in.workspace,
    ) {
        let mut wrong = Wrong::of(error, "Not chosen.", &["type"])?;
        if me.signed_in.workspace.allow_unknown_types && listed != kind {
            wrong.errors = wrong.errors.moved("type", "other_type");
        }
        return new_type(&me, &chosen, wrong);
    }
    new_page(&me, kind, &Form::default(), Wrong::none())
}

fn new_type(me: &Me, chosen: &Chosen, wrong: Wrong) -> Answer {
    let listed = chosen.r#type.as_deref().unwrap_or_default();
    let view = DestinationNewType {
        frame: me.frame_with(NAV, wrong.flash),
        types: things::types(&me.signed_in.definitions, Kind::Destination, listed),
        allow_unknown: me.signed_in.workspace.allow_unknown_types,
        is_another: listed == things::ANOTHER,
        other_type: chosen.other_type.clone(),
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

fn new_page(me: &Me, kind: &str, form: &Form, wrong: Wrong) -> Answer {
    let sent = (wrong.status != StatusCode::OK).then_some(form);
    let drawn = Settings::of_new(&me.signed_in.definitions, Kind::Destination, kind).draw(
        &Map::new(),
        sent,
        &wrong.errors,
    );
    let (label, known) = things::kind(&me.signed_in.definitions, Kind::Destination, kind);
    let view = DestinationNew {
        frame: me.frame_with(NAV, wrong.flash),
        type_name: kind.to_owned(),
        kind: label,
        known,
        name: form.name().to_owned(),
        enabled: sent.is_none_or(|form| form.flag("enabled")),
        fields: drawn.fields,
        json: drawn.json,
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// `POST /destinations`
pub(super) async fn create(sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let kind = form.text("type").to_owned();
    let config = Settings::of_new(&me.signed_in.definitions, Kind::Destination, &kind)
        .read(&Map::new(), &form);
    let (config, errors) = match config {
        Ok(config) => (Some(config), None),
        Err(errors) => (None, Some(errors)),
    };
    // Who may not create one hears so, and it is recorded, whatever was sent.
    if let (Some(mut errors), true) = (errors, me.signed_in.can.edit_destinations) {
        if let Err(Error::Invalid { message, .. }) = input::name(form.name()) {
            errors.add("name", super::refusal::sentence(&message));
        }
        return new_page(&me, &kind, &form, Wrong::fields(errors));
    }
    let action = CreateDestination {
        place: me.place(),
        name: form.name().to_owned(),
        kind: kind.clone(),
        version: 1,
        enabled: form.flag("enabled"),
        config,
        external_id: None,
    };
    match me.perform(action).await {
        Ok(made) => {
            let path = format!("/destinations/{}", made.output.id);
            Ok(me.done(&path, Done::Created, &made.entries))
        }
        Err(Error::Invalid {
            code,
            message,
            details,
        }) if details.iter().any(|(field, _)| field == "type") => {
            let error = Error::Invalid {
                code,
                message,
                details,
            };
            let chosen = Chosen {
                r#type: Some(kind),
                other_type: String::new(),
            };
            new_type(&me, &chosen, Wrong::of(error, "Not created.", &["type"])?)
        }
        Err(error) => {
            let wrong = Wrong::of(error, "Not created.", &["name"])?;
            new_page(&me, &kind, &form, wrong)
        }
    }
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

fn connections(
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

fn linked(
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
            let sources = connections(rx, place, id, &clock, &shut_out)?;
            Ok((sources, linked(rx, place, id)?))
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

/// `GET /destinations/{id}/connections`
pub(super) async fn connections_page(
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
pub(super) async fn connect(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
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
pub(super) async fn transformation(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
) -> Answer {
    let seen = seen(&app, &me, &id).await?;
    let (place, id) = (me.place(), seen.destination.id);
    let (current, choices) = app
        .read(move |rx| {
            let current = linked(rx, place, id)?;
            let all = crate::actions::transformation::all(rx, place, CodeKind::Transformation)?;
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
pub(super) async fn put_transformation(Path(id): Path<String>, sent: Sent) -> Answer {
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
pub(super) async fn take_transformation(Path(id): Path<String>, sent: Sent) -> Answer {
    let action = TakeTransformation {
        place: sent.me.place(),
        destination: things::id(&id)?,
    };
    let made = sent.me.perform(action).await?;
    let path = format!("/destinations/{id}/transformation");
    Ok(sent.me.done(&path, Done::TakenAway, &made.entries))
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

//! `/sources`: where events come from.

use std::collections::HashSet;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use model::catalogue::TargetType;
use model::clock::Micros;
use model::definition::Kind;
use model::id::SourceId;
use model::role::Permission;
use model::things::Source;
use serde_json::{Map, Value, json};
use store::Error;

use super::access::{self, Lock};
use super::answer::Answer;
use super::config::Settings;
use super::flash::Done;
use super::form::{Form, Sent};
use super::history::{self, Known, Part, Reader};
use super::me::Me;
use super::refusal::{Refusal, sentence};
use super::retl_sources;
use super::things::{self, From, Wrong};
use super::view::delete::{Delete, Question};
use super::view::frame::NavItem;
use super::view::parts::Errors;
use super::view::source::{
    ConnectedDestination, SourceAuditLogs, SourceForm, SourceHead, SourceOverview, SourceSettings,
};
use super::view::source_new::{NewSettings, SourceNew};
use super::view::sources::{ResourceRow, Sources};
use crate::actions::input;
use crate::actions::source::create::CreateSource;
use crate::actions::source::delete::DeleteSource;
use crate::actions::source::found;
use crate::actions::source::update::UpdateSource;
use crate::app::App;
use crate::schema::Faults;

const NAV: NavItem = NavItem::Sources;

/// `GET /sources`
pub(super) async fn list(State(app): State<App>, me: Me, Query(from): Query<From>) -> Answer {
    let after = from.start()?;
    let (place, reader) = (me.place(), Reader::of(&me));
    let named = from.named().map(str::to_owned);
    let (page, last) = app
        .read(move |rx| {
            let (after, named) = (after.as_ref(), named.as_deref());
            let page = rx.source_rows(place.workspace, after, things::PAGE, named)?;
            let ids: Vec<String> = page.items.iter().map(|one| one.id.to_string()).collect();
            let last = reader.last_of(rx, &ids)?;
            Ok((page, last))
        })
        .await?;
    let rows = page.items.into_iter().map(|one| {
        let (kind, known) = match one.retl {
            Some(kind) => (retl_sources::kind(kind, &one.kind), true),
            None => things::kind(&me.signed_in.definitions, Kind::Source, &one.kind),
        };
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
    me.show(&Sources {
        frame: me.frame(NAV),
        can_create: me.signed_in.can.edit_sources,
        rows: rows.collect(),
        leaf: from.leaf("/sources", page.total, page.next.as_ref()),
    })
}

/// `GET /sources/new`
pub(super) async fn new(me: Me) -> Answer {
    if !me.signed_in.can.edit_sources {
        return Err(Refusal::not_for_you(Permission::EditSources));
    }
    new_page(&me, &Form::default(), None)
}

/// The type that was chosen.
fn chosen(form: &Form) -> std::result::Result<&str, Errors> {
    things::chosen(form.text("type"), form.text("other_type"))
}

/// Whether the form has what its type asks for: a type without settings of its own asks for nothing.
fn has_settings(form: &Form) -> bool {
    form.get("settings").is_some()
}

fn new_page(me: &Me, form: &Form, wrong: Option<Wrong>) -> Answer {
    let first = wrong.is_none();
    let wrong = wrong.unwrap_or_else(Wrong::none);
    let settings = has_settings(form).then(|| {
        let (definitions, kind) = (&me.signed_in.definitions, chosen(form).unwrap_or_default());
        let sent = (wrong.status != StatusCode::OK).then_some(form);
        let drawn = Settings::of_new(definitions, Kind::Source, kind).draw(
            &Map::new(),
            sent,
            &wrong.errors,
        );
        NewSettings {
            type_name: kind.to_owned(),
            kind: things::kind(definitions, Kind::Source, kind).0,
            fields: drawn.fields,
            json: drawn.json,
        }
    });
    let view = SourceNew {
        frame: me.frame_with(NAV, wrong.flash),
        types: things::types(&me.signed_in.definitions, Kind::Source, form.text("type")),
        allow_unknown: me.signed_in.workspace.allow_unknown_types,
        is_another: form.text("type") == things::ANOTHER,
        other_type: form.text("other_type").to_owned(),
        name: form.name().to_owned(),
        enabled: first || form.flag("enabled"),
        settings,
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// What is wrong with a form, and with the name in it.
fn wrong_fields(form: &Form, mut errors: Errors) -> Wrong {
    if let Err(Error::Invalid { message, .. }) = input::name(form.name()) {
        errors.add("name", sentence(&message));
    }
    Wrong::fields(errors)
}

/// `POST /sources`. A type with settings of its own asks for them before anything is made.
pub(super) async fn create(sent: Sent) -> Answer {
    let Sent { me, mut form } = sent;
    let kind = match chosen(&form) {
        Ok(kind) => kind,
        // Who may not create one hears so, and it is recorded, whatever was sent.
        Err(_) if !me.signed_in.can.edit_sources => "",
        Err(errors) => return new_page(&me, &form, Some(wrong_fields(&form, errors))),
    };
    let asked = Settings::of_new(&me.signed_in.definitions, Kind::Source, kind);
    let config = if has_settings(&form) {
        match asked.read(&Map::new(), &form) {
            Ok(config) => Some(config),
            // Who may not create one hears so, and it is recorded, whatever was sent.
            Err(errors) if me.signed_in.can.edit_sources => {
                return new_page(&me, &form, Some(wrong_fields(&form, errors)));
            }
            Err(_) => None,
        }
    } else if asked.asks_for_nothing() || !me.signed_in.can.edit_sources {
        None
    } else {
        form = form.with("settings", "true");
        return new_page(&me, &form, Some(Wrong::none()));
    };
    let action = CreateSource {
        place: me.place(),
        name: form.name().to_owned(),
        kind: kind.to_owned(),
        enabled: form.flag("enabled"),
        config,
        geo_enrichment: false,
        transient: false,
        external_id: None,
    };
    match me.perform(action).await {
        Ok(made) => {
            let path = format!("/sources/{}", made.output.id);
            Ok(me.done(&path, Done::Created, &made.entries))
        }
        Err(error) => {
            let mut wrong = Wrong::of(error, "Not created.", &["name", "type"])?;
            if me.signed_in.workspace.allow_unknown_types && form.text("type") != kind {
                wrong.errors = wrong.errors.moved("type", "other_type");
            }
            new_page(&me, &form, Some(wrong))
        }
    }
}

/// A source with what its pages say of it.
struct Seen {
    source: Arc<Source>,
    known: Known,
    connections: usize,
    lock: Lock,
    /// The destinations connected whose locks shut out the person who looks.
    shut_out: HashSet<String>,
}

async fn seen(app: &App, me: &Me, id: &str) -> std::result::Result<Seen, Refusal> {
    let id: SourceId = things::id(id)?;
    let (place, reader) = (me.place(), Reader::of(me));
    let actor = me.signed_in.caller.actor;
    let seen = app
        .read(move |rx| {
            let connected = rx.connections_of_source(id)?;
            let to = connected.iter().map(|one| one.destination.to_string());
            Ok(Seen {
                lock: Lock::of(rx, actor, place, id.as_str())?,
                source: found(rx, place, id)?,
                known: reader.known(rx, id.as_str())?,
                connections: connected.len(),
                shut_out: access::shut_out(rx, actor, place, to)?,
            })
        })
        .await;
    // A source of reverse ETL has no such tab; it has a page.
    if matches!(seen, Err(Error::NotFound(_)))
        && retl_sources::seen(app, me, id.as_str()).await?.is_some()
    {
        return Err(Refusal::on(format!("/sources/{id}")));
    }
    history::or_gone(seen, app, me, (TargetType::Source, id.as_str())).await
}

fn head(me: &Me, seen: &Seen) -> SourceHead {
    let definitions = &me.signed_in.definitions;
    let of_type = (Kind::Source, seen.source.kind.as_str());
    let (kind, known) = things::kind(definitions, Kind::Source, &seen.source.kind);
    SourceHead {
        id: seen.source.id.to_string(),
        name: seen.source.name.clone(),
        kind,
        known,
        enabled: seen.source.enabled,
        can_edit: me.signed_in.can.edit_sources && seen.lock.may,
        locked: seen.lock.locked,
        can_audit: me.signed_in.can.read_audit_log,
        can_watch: me.signed_in.can.view_live_events,
        has_access: true,
        deleted: false,
        faults: input::faults(definitions, of_type, &seen.source.config),
        events: seen.known.events,
        last_change: seen.known.last.clone(),
    }
}

/// What stands above the tabs, for a tab of another file.
pub(super) async fn head_of(
    app: &App,
    me: &Me,
    id: &str,
) -> std::result::Result<SourceHead, Refusal> {
    Ok(head(me, &seen(app, me, id).await?))
}

/// `GET /sources/{id}`
pub(super) async fn overview(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    if let Some(seen) = retl_sources::seen(&app, &me, &id).await? {
        return retl_sources::overview(&app, &me, &seen).await;
    }
    let seen = seen(&app, &me, &id).await?;
    let (place, id) = (me.place(), seen.source.id);
    let destinations = app
        .read(move |rx| {
            let mut destinations = Vec::new();
            let definitions = rx.definitions(place.organization)?;
            for one in rx.connections_of_source(id)? {
                let to = rx
                    .destination(place.workspace, one.destination)?
                    .ok_or(Error::NotFound("destination"))?;
                destinations.push(ConnectedDestination {
                    id: to.id.to_string(),
                    name: to.name.clone(),
                    kind: things::kind(&definitions, Kind::Destination, &to.kind).0,
                    enabled: one.enabled,
                });
            }
            Ok(destinations)
        })
        .await?;
    let source = &seen.source;
    me.show(&SourceOverview {
        frame: me.frame(NAV),
        head: head(&me, &seen),
        write_key: me
            .signed_in
            .can
            .edit_sources
            .then(|| source.write_key.clone()),
        geo_enrichment: source.geo_enrichment,
        transient: source.transient,
        created: me.clock().at(source.created_at),
        updated: me.clock().at(source.updated_at),
        destinations,
    })
}

/// `GET /sources/{id}/settings`: a form for who may change it, and to read for everyone else.
pub(super) async fn settings(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    if let Some(seen) = retl_sources::seen(&app, &me, &id).await? {
        return retl_sources::settings(&app, &me, &seen).await;
    }
    let seen = seen(&app, &me, &id).await?;
    settings_page(&me, &seen, None, Wrong::none())
}

fn stored(source: &Source) -> Map<String, Value> {
    source.config.as_object().cloned().unwrap_or_default()
}

/// What a person sees of a source that another changes: as it is, or as it was sent.
fn told(
    name: &str,
    enabled: bool,
    (geo_enrichment, transient): (bool, bool),
    config: &Value,
) -> Value {
    json!({
        "name": name, "enabled": enabled, "geoEnrichmentEnabled": geo_enrichment, "transient": transient,
        "config": config,
    })
}

fn settings_page(me: &Me, seen: &Seen, sent: Option<&Form>, wrong: Wrong) -> Answer {
    let one = &seen.source;
    let settings = Settings::of(&me.signed_in.definitions, Kind::Source, &one.kind);
    let drawn = settings.draw(&stored(one), sent, &wrong.errors);
    let flag = |name: &str, stored: bool| sent.map_or(stored, |form| form.flag(name));
    let shown = one.updated_at.0.to_string();
    let differs = match sent {
        // Only what would be saved over another's change is told apart from it.
        Some(form) if form.get("seen") != Some(shown.as_str()) => {
            let config = settings.read(&stored(one), form);
            let config = config.unwrap_or_else(|_| Value::clone(&one.config));
            let kept = (one.geo_enrichment, one.transient);
            let now = told(&one.name, one.enabled, kept, &one.config);
            let typed = (form.flag("geo_enrichment"), form.flag("transient"));
            let then = told(
                form.name_over(&one.name),
                form.flag("enabled"),
                typed,
                &config,
            );
            settings.differences(&now, &then)
        }
        _ => Vec::new(),
    };
    let view = SourceSettings {
        frame: me.frame_with(NAV, wrong.flash),
        head: head(me, seen),
        form: SourceForm {
            name: sent
                .map_or(one.name.as_str(), |form| form.name())
                .to_owned(),
            enabled: flag("enabled", one.enabled),
            geo_enrichment: flag("geo_enrichment", one.geo_enrichment),
            transient: flag("transient", one.transient),
            fields: drawn.fields,
            json: drawn.json,
            json_secrets: drawn.json_secrets,
            seen: shown,
        },
        differs,
        question: question(seen),
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// `POST /sources/{id}`: all settings, or only whether it is enabled.
pub(super) async fn update(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    if let Some(seen) = retl_sources::seen(&app, &me, &id).await? {
        return retl_sources::update(&app, &me, &seen, &form).await;
    }
    let path = format!("/sources/{id}");
    let mut action = UpdateSource {
        place: me.place(),
        id: things::id(&id)?,
        name: None,
        kind: None,
        enabled: Some(form.flag("enabled")),
        config: None,
        geo_enrichment: None,
        transient: None,
        seen: None,
    };
    if form.text("form") == "enabled" {
        let done = Done::enabled(form.flag("enabled"));
        let made = me.perform(action).await?;
        return Ok(me.done(&path, done, &made.entries));
    }
    let seen = seen(&app, &me, &id).await?;
    let one = &seen.source;
    // What is laid over stored settings must not meet others: neither those that came after the page was drawn, nor
    // those that come between here and the change.
    action.seen = match form.get("seen") {
        Some(seen) => Some(Micros(seen.parse().unwrap_or_default())),
        None => Some(one.updated_at),
    };
    action.name = Some(form.name_over(&seen.source.name).to_owned());
    action.geo_enrichment = Some(form.flag("geo_enrichment"));
    action.transient = Some(form.flag("transient"));
    let settings = Settings::of(&me.signed_in.definitions, Kind::Source, &one.kind);
    match settings.read(&stored(one), &form) {
        Ok(config) => action.config = Some(config),
        // Who may not change it hears so, and it is recorded, whatever was sent.
        Err(errors) if me.signed_in.can.edit_sources => {
            return settings_page(&me, &seen, Some(&form), Wrong::fields(errors));
        }
        Err(_) => {}
    }
    match me.perform(action).await {
        Ok(made) => Ok(me.done(&path, Done::Saved, &made.entries)),
        Err(error) => {
            let thing = (TargetType::Source, one.id.as_str());
            let error = history::by_whom(&app, &me, error, thing).await?;
            let wrong = Wrong::of(error, "Not saved.", &["name"])?;
            settings_page(&me, &seen, Some(&form), wrong)
        }
    }
}

fn question(seen: &Seen) -> Question {
    let kept = access::kept(("source", seen.lock), ("destination", &seen.shut_out));
    question_of(seen.source.id, &seen.source.name, seen.connections, kept)
}

/// What is asked before a source is deleted.
pub(super) fn question_of(
    id: SourceId,
    name: &str,
    connections: usize,
    kept: Option<String>,
) -> Question {
    let (consequences, mut recorded_as) = match connections {
        0 => (Vec::new(), Vec::new()),
        1 => (
            vec!["Its connection is removed first.".to_owned()],
            vec!["Disconnect Source".to_owned()],
        ),
        n => (
            vec![format!("Its {n} connections are removed first.")],
            vec!["Disconnect Source".to_owned()],
        ),
    };
    recorded_as.push("Deleted".to_owned());
    Question {
        noun: "source".to_owned(),
        name: name.to_owned(),
        action: format!("/sources/{id}/delete"),
        back: format!("/sources/{id}"),
        list: ("Sources".to_owned(), "/sources".to_owned()),
        kept,
        consequences,
        recorded_as,
    }
}

/// A source that may be deleted: its id, what is asked before, and whether it is one of reverse ETL.
async fn to_delete(
    app: &App,
    me: &Me,
    id: &str,
) -> std::result::Result<(SourceId, Question, bool), Refusal> {
    if let Some(seen) = retl_sources::seen(app, me, id).await? {
        let question = retl_sources::question(&seen);
        return Ok((seen.source.id, question, true));
    }
    let seen = seen(app, me, id).await?;
    Ok((seen.source.id, question(&seen), false))
}

/// `GET /sources/{id}/delete`
pub(super) async fn ask_delete(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    if !me.signed_in.can.edit_sources {
        return Err(Refusal::not_for_you(Permission::EditSources));
    }
    let (_, question, _) = to_delete(&app, &me, &id).await?;
    access::may_delete(&question)?;
    me.show(&Delete {
        frame: me.frame(NAV),
        question,
        errors: Errors::default(),
    })
}

/// `POST /sources/{id}/delete`
pub(super) async fn delete(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let (id, question, is_retl) = to_delete(&app, &me, &id).await?;
    let errors = things::confirmed(form.text("confirm"), &question.name);
    // Who may not delete it hears so, and it is recorded, whatever was typed.
    let may = me.signed_in.can.edit_sources && question.kept.is_none();
    if may && !errors.is_empty() {
        let view = Delete {
            frame: me.frame(NAV),
            question,
            errors,
        };
        return me.show_as(StatusCode::UNPROCESSABLE_ENTITY, &view);
    }
    if is_retl {
        return retl_sources::delete(&me, id).await;
    }
    let action = DeleteSource {
        place: me.place(),
        id,
    };
    let made = me.perform(action).await?;
    Ok(me.done("/sources", Done::Deleted, &made.entries))
}

/// `GET /sources/{id}/audit-logs`, of a source that was deleted too.
pub(super) async fn audit_logs(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Answer {
    let id: SourceId = things::id(&id)?;
    let path = format!("/sources/{id}");
    let (log, newest) = history::of(&app, &me, id.as_str(), &path, &part).await?;
    if let Some(seen) = retl_sources::seen(&app, &me, id.as_str()).await? {
        let head = retl_sources::head(&me, &seen);
        let frame = me.frame(NAV);
        return me.show(&SourceAuditLogs { frame, head, log });
    }
    let head = match (seen(&app, &me, id.as_str()).await, newest) {
        (Ok(seen), _) => head(&me, &seen),
        (Err(refusal), None) => return Err(refusal),
        (Err(_), Some(event)) => SourceHead {
            id: id.to_string(),
            name: history::name_in(&event, id.as_str()),
            kind: String::new(),
            known: true,
            enabled: false,
            can_edit: false,
            locked: false,
            can_audit: true,
            can_watch: false,
            has_access: false,
            deleted: true,
            faults: Faults::new(),
            events: log.total,
            last_change: None,
        },
    };
    me.show(&SourceAuditLogs {
        frame: me.frame(NAV),
        head,
        log,
    })
}

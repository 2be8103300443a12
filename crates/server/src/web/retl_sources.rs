//! Sources of reverse ETL on the pages of sources: the list has both, and an address `/sources/{id}` leads to either.

use std::collections::HashSet;

use model::catalogue::TargetType;
use model::change::{Visibility, diff};
use model::clock::Micros;
use model::definition::Kind;
use model::id::SourceId;
use model::things::{RetlConnection, RetlKind, RetlSource};
use serde_json::{Value, json};
use store::Error;

use super::access::{self, Lock};
use super::answer::Answer;
use super::event;
use super::flash::Done;
use super::form::{Form, typed_json};
use super::history::{self, Known, Reader};
use super::me::Me;
use super::refusal::{Refusal, sentence};
use super::things::{self, Wrong};
use super::view::delete::Question;
use super::view::frame::NavItem;
use super::view::parts::Errors;
use super::view::source::{
    ConnectedDestination, RetlForm, RetlOverview, RetlSettings, SourceHead, Synced,
};
use crate::actions::input;
use crate::actions::retl_source::delete::DeleteRetlSource;
use crate::actions::retl_source::update::UpdateRetlSource;
use crate::app::App;
use crate::schema::Faults;

/// What a source of reverse ETL is, as people call it.
pub(super) fn kind(kind: RetlKind, definition: &str) -> String {
    let what = match kind {
        RetlKind::Model => "model",
        RetlKind::Table => "table",
    };
    format!("Reverse ETL, {what} of {definition}")
}

/// A source of reverse ETL with what its pages say of it.
pub(super) struct Seen {
    pub(super) source: RetlSource,
    known: Known,
    connections: usize,
    lock: Lock,
    /// The destinations connected whose locks shut out the person who looks.
    shut_out: HashSet<String>,
}

/// The source of reverse ETL with this id, if it is one.
pub(super) async fn seen(
    app: &App,
    me: &Me,
    id: &str,
) -> std::result::Result<Option<Seen>, Refusal> {
    let id: SourceId = things::id(id)?;
    let (place, reader) = (me.place(), Reader::of(me));
    let actor = me.signed_in.caller.actor;
    let seen = app
        .read(move |rx| match rx.retl_source(place.workspace, id)? {
            Some(source) => {
                let connected = rx.retl_connections_of_source(id)?;
                let to = connected.iter().map(|one| one.destination.to_string());
                Ok(Some(Seen {
                    lock: Lock::of(rx, actor, place, id.as_str())?,
                    source,
                    known: reader.known(rx, id.as_str())?,
                    connections: connected.len(),
                    shut_out: access::shut_out(rx, actor, place, to)?,
                }))
            }
            None => Ok(None),
        })
        .await?;
    Ok(seen)
}

pub(super) fn head(me: &Me, seen: &Seen) -> SourceHead {
    let one = &seen.source;
    SourceHead {
        id: one.id.to_string(),
        name: one.name.clone(),
        kind: kind(one.kind, &one.definition),
        known: true,
        enabled: one.enabled,
        can_edit: me.signed_in.can.edit_sources && seen.lock.may,
        locked: seen.lock.locked,
        can_audit: me.signed_in.can.read_audit_log,
        // Nothing of reverse ETL is run.
        can_watch: false,
        has_access: false,
        deleted: false,
        // Which settings reverse ETL has is known without a schema.
        faults: Faults::new(),
        events: seen.known.events,
        last_change: seen.known.last.clone(),
    }
}

/// When a connection is synced, as people say it.
pub(super) fn schedule(one: &RetlConnection) -> String {
    let schedule = &one.settings["schedule"];
    match schedule["type"].as_str() {
        Some("basic") => format!("Every {} minutes", schedule["everyMinutes"]),
        Some("cron") => format!(
            "Cron {}",
            schedule["cronExpression"].as_str().unwrap_or_default()
        ),
        _ => "By hand".to_owned(),
    }
}

fn behaviour(one: &RetlConnection) -> String {
    let word = one.settings["syncBehaviour"].as_str().unwrap_or_default();
    match &*one.object() {
        "" => word.to_owned(),
        object => format!("{word}, {object}"),
    }
}

/// `GET /sources/{id}` of a source of reverse ETL.
pub(super) async fn overview(app: &App, me: &Me, seen: &Seen) -> Answer {
    let one = &seen.source;
    let (place, id, account) = (me.place(), one.id, one.account);
    let (destinations, account_name) = app
        .read(move |rx| {
            let definitions = rx.definitions_of(place.workspace)?;
            let mut destinations = Vec::new();
            for one in rx.retl_connections_of_source(id)? {
                let to = rx
                    .destination(place.workspace, one.destination)?
                    .ok_or(Error::NotFound("destination"))?;
                destinations.push(Synced {
                    id: one.id.to_string(),
                    to: ConnectedDestination {
                        id: to.id.to_string(),
                        kind: things::kind(&definitions, Kind::Destination, &to.kind).0,
                        name: to.name.clone(),
                        enabled: one.enabled,
                    },
                    schedule: schedule(&one),
                    behaviour: behaviour(&one),
                });
            }
            let account = rx.account(place.workspace, account)?;
            let account = account.ok_or(Error::NotFound("account"))?;
            Ok((destinations, account.name))
        })
        .await?;
    me.show(&RetlOverview {
        frame: me.frame(NavItem::Sources),
        head: head(me, seen),
        account_id: one.account.to_string(),
        account_name,
        settings: things::members(&one.config),
        created: me.clock().at(one.created_at),
        updated: me.clock().at(one.updated_at),
        destinations,
    })
}

/// What a person sees of a source that another changes: as it is, or as it was sent.
fn told(name: &str, enabled: bool, account: &str, config: &Value) -> Value {
    json!({ "name": name, "enabled": enabled, "account": account, "config": config })
}

/// What is read, as it was typed.
fn typed(form: &Form) -> std::result::Result<Value, String> {
    match form.text("config").trim() {
        "" => Ok(json!({})),
        text => match typed_json(text)? {
            // To the action it is as if nothing were said.
            Value::Null => Err("This has to be one JSON object: { ... }.".to_owned()),
            config => Ok(config),
        },
    }
}

async fn settings_page(
    app: &App,
    me: &Me,
    seen: &Seen,
    sent: Option<&Form>,
    wrong: Wrong,
) -> Answer {
    let one = &seen.source;
    let place = me.place();
    let accounts = app
        .read(move |rx| {
            let mut accounts = Vec::new();
            let mut after = None;
            loop {
                let page = rx.account_rows(place.workspace, after.as_ref(), 500, None)?;
                let rows = page.items.into_iter();
                accounts.extend(rows.map(|one| (one.id.to_string(), one.name, one.definition)));
                match page.next {
                    Some(next) => after = Some(next),
                    None => return Ok(accounts),
                }
            }
        })
        .await?;
    let account = sent.map_or(one.account.as_str(), |form| form.text("accountId"));
    let mut accounts = things::choices(accounts);
    for choice in &mut accounts {
        choice.selected = choice.value == account;
    }
    let now = one.updated_at.0.to_string();
    let differs = match sent {
        // Only what would be saved over another's change is told apart from it.
        Some(form) if form.get("seen") != Some(now.as_str()) => {
            let config = typed(form).unwrap_or_else(|_| Value::clone(&one.config));
            let name = form.name_over(&one.name);
            let then = told(name, form.flag("enabled"), account, &config);
            let now = told(&one.name, one.enabled, one.account.as_str(), &one.config);
            let changes = diff(Some(&now), Some(&then), &|_, _| Visibility::Clear);
            changes.iter().map(event::change).collect()
        }
        _ => Vec::new(),
    };
    let view = RetlSettings {
        frame: me.frame_with(NavItem::Sources, wrong.flash),
        head: head(me, seen),
        form: RetlForm {
            name: sent
                .map_or(one.name.as_str(), |form| form.name())
                .to_owned(),
            enabled: sent.map_or(one.enabled, |form| form.flag("enabled")),
            accounts,
            config: sent.map_or_else(|| format!("{:#}", *one.config), |form| form.lines("config")),
            seen: now,
        },
        differs,
        question: question(seen),
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// `GET /sources/{id}/settings` of a source of reverse ETL.
pub(super) async fn settings(app: &App, me: &Me, seen: &Seen) -> Answer {
    settings_page(app, me, seen, None, Wrong::none()).await
}

/// The fields of the form.
const FIELDS: &[&str] = &["name", "accountId", "config"];

/// `POST /sources/{id}` of a source of reverse ETL: all settings, or only whether it is enabled.
pub(super) async fn update(app: &App, me: &Me, seen: &Seen, form: &Form) -> Answer {
    let one = &seen.source;
    let path = format!("/sources/{}", one.id);
    let enabled = form.flag("enabled");
    let mut action = UpdateRetlSource {
        place: me.place(),
        id: one.id,
        name: None,
        kind: None,
        definition: None,
        account: None,
        enabled: Some(enabled),
        config: None,
        seen: None,
    };
    if form.text("form") == "enabled" {
        let made = me.perform(action).await?;
        return Ok(me.done(&path, Done::enabled(enabled), &made.entries));
    }
    // What is laid over stored settings must not meet others.
    action.seen = match form.get("seen") {
        Some(seen) => Some(Micros(seen.parse().unwrap_or_default())),
        None => Some(one.updated_at),
    };
    action.name = Some(form.name_over(&one.name).to_owned());
    action.account = Some(form.text("accountId").to_owned());
    match typed(form) {
        Ok(config) => action.config = Some(config),
        // Who may not change it hears so, and it is recorded, whatever was sent.
        Err(message) if me.signed_in.can.edit_sources && seen.lock.may => {
            let mut errors = Errors::default();
            if let Err(Error::Invalid { message, .. }) = input::name(form.name_over(&one.name)) {
                errors.add("name", sentence(&message));
            }
            errors.add("config", message);
            return settings_page(app, me, seen, Some(form), Wrong::fields(errors)).await;
        }
        Err(_) => {}
    }
    match me.perform(action).await {
        Ok(made) => Ok(me.done(&path, Done::Saved, &made.entries)),
        Err(error) => {
            let thing = (TargetType::Source, one.id.as_str());
            let error = history::by_whom(app, me, error, thing).await?;
            let error = match error {
                Error::NotFound("account") => {
                    let message = "this account is not here any more; choose another";
                    Error::field("unknown_account", "accountId", message)
                }
                error => things::said_at(error, FIELDS, "config"),
            };
            let wrong = Wrong::of(error, "Not saved.", FIELDS)?;
            settings_page(app, me, seen, Some(form), wrong).await
        }
    }
}

/// What is asked before it is deleted.
pub(super) fn question(seen: &Seen) -> Question {
    let kept = access::kept(("source", seen.lock), ("destination", &seen.shut_out));
    super::sources::question_of(seen.source.id, &seen.source.name, seen.connections, kept)
}

/// `POST /sources/{id}/delete` of a source of reverse ETL, once its name was typed.
pub(super) async fn delete(me: &Me, id: SourceId) -> Answer {
    let action = DeleteRetlSource {
        place: me.place(),
        id,
    };
    let made = me.perform(action).await?;
    Ok(me.done("/sources", Done::Deleted, &made.entries))
}

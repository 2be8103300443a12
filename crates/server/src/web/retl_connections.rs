//! `/connections/{id}` of reverse ETL: its page. A connection of a stream has none, and is shown on that of its destination.

mod form;

use std::collections::HashSet;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use model::catalogue::TargetType;
use model::clock::Micros;
use model::config::{Matcher, Shown};
use model::definition::{Kind, Secrecy};
use model::id::ConnectionId;
use model::role::Permission;
use serde_json::{Map, Value};
use store::Error;

use self::form::{AT_FIELDS, differences, read, schedule_fields, shown};
use super::access;
use super::answer::Answer;
use super::connections;
use super::flash::Done;
use super::form::Form;
use super::history::{self, Known, Part, Reader};
use super::me::Me;
use super::refusal::Refusal;
use super::retl_sources;
use super::things::{self, Wrong};
use super::view::connection::{
    ConnectionAuditLogs, ConnectionForm, ConnectionHead, ConnectionOverview, ConnectionSettings,
    End, Pairs,
};
use super::view::delete::{Delete, Question};
use super::view::frame::NavItem;
use crate::actions::retl_connection::delete::DeleteRetlConnection;
use crate::actions::retl_connection::update::UpdateRetlConnection;
use crate::actions::retl_connection::{Ends, called, found};
use crate::app::App;

const NAV: NavItem = NavItem::Destinations;

/// A connection of reverse ETL with what its pages say of it.
pub(super) struct Seen {
    ends: Ends,
    known: Known,
    /// Those of its ends whose locks shut out the person who looks.
    shut_out: HashSet<String>,
}

/// The connection of reverse ETL with this id, if it is one.
pub(super) async fn seen(
    app: &App,
    me: &Me,
    id: ConnectionId,
) -> std::result::Result<Option<Seen>, Refusal> {
    let (place, reader) = (me.place(), Reader::of(me));
    let actor = me.signed_in.caller.actor;
    let seen = app
        .read(move |rx| {
            let ends = match found(rx, place, id) {
                Ok(ends) => ends,
                Err(Error::NotFound(_)) => return Ok(None),
                Err(error) => return Err(error),
            };
            let both = [ends.source.id.to_string(), ends.destination.id.to_string()];
            Ok(Some(Seen {
                shut_out: access::shut_out(rx, actor, place, both)?,
                known: reader.known(rx, id.as_str())?,
                ends,
            }))
        })
        .await?;
    Ok(seen)
}

/// The same, or why there is no page: a connection of a stream is shown elsewhere, and one that was deleted in the log alone.
async fn one(app: &App, me: &Me, id: &str) -> std::result::Result<Seen, Refusal> {
    let id: ConnectionId = things::id(id)?;
    if let Some(seen) = seen(app, me, id).await? {
        return Ok(seen);
    }
    let page = connections::page_or_gone(app, me, id).await?;
    Err(Refusal::on(page))
}

impl Seen {
    /// Why the person who looks may not change it, where one of its ends is locked.
    fn kept(&self) -> Option<String> {
        let is_shut = |id: &str| self.shut_out.contains(id);
        let what = match (
            is_shut(self.ends.source.id.as_str()),
            is_shut(self.ends.destination.id.as_str()),
        ) {
            (false, false) => return None,
            (true, false) => "its source",
            (false, true) => "its destination",
            (true, true) => "its source and its destination",
        };
        Some(format!("Only people selected may change {what}."))
    }

    /// The page of the destination on which it stands among others.
    fn list(&self) -> String {
        format!("/destinations/{}/connections", self.ends.destination.id)
    }
}

fn head(me: &Me, seen: &Seen) -> ConnectionHead {
    let Ends {
        connection,
        source,
        destination,
    } = &seen.ends;
    let kept = seen.kept();
    ConnectionHead {
        id: connection.id.to_string(),
        name: called(source, destination),
        of: Some((destination.name.clone(), seen.list())),
        enabled: connection.enabled,
        can_edit: me.signed_in.can.edit_destinations && kept.is_none(),
        kept,
        can_audit: me.signed_in.can.read_audit_log,
        deleted: false,
        events: seen.known.events,
        last_change: seen.known.last.clone(),
    }
}

/// A list of pairs among the settings; none where it is empty.
fn pairs(
    settings: &Value,
    field: &str,
    label: &'static str,
    [one, other]: [&str; 2],
    heads: [&'static str; 2],
) -> Option<Pairs> {
    let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
    let rows: Vec<_> = settings[field]
        .as_array()?
        .iter()
        .map(|item| (text(item, one), text(item, other)))
        .collect();
    (!rows.is_empty()).then_some(Pairs { label, heads, rows })
}

/// What was decided of a connection when it was made: names and values.
fn facts(seen: &Seen) -> Vec<(&'static str, String)> {
    let one = &seen.ends.connection;
    let settings = &one.settings;
    let event = &settings["event"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let named =
        [("name", "called"), ("nameColumn", "called as in column")].map(
            |(key, words)| match &*text(&event[key]) {
                "" => String::new(),
                name => format!(", {words} {name}"),
            },
        );
    let all = [
        ("Sync behaviour", text(&settings["syncBehaviour"])),
        ("Object", one.object().into_owned()),
        ("Event", text(&event["type"]) + &named.concat()),
        ("Cursor column", text(&settings["cursorColumn"])),
        ("External id", one.external_id.clone().unwrap_or_default()),
    ];
    all.into_iter()
        .filter(|(_, value)| !value.is_empty())
        .collect()
}

/// `GET /connections/{id}`
pub(super) async fn overview(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let seen = one(&app, &me, &id).await?;
    let Ends {
        connection,
        source,
        destination,
    } = &seen.ends;
    let (place, of) = (me.place(), destination.kind.clone());
    let kind = app
        .read(move |rx| {
            let definitions = rx.definitions(place.organization)?;
            Ok(things::kind(&definitions, Kind::Destination, &of).0)
        })
        .await?;
    // Nobody has said what of it is secret; the log redacts it whole.
    let matcher = Matcher::new(Secrecy::Unknown);
    let settings = &connection.settings;
    let from_to = ["From", "To"];
    let lists = [
        pairs(
            settings,
            "identifiers",
            "Identifiers",
            ["from", "to"],
            from_to,
        ),
        pairs(settings, "mappings", "Mappings", ["from", "to"], from_to),
        pairs(
            settings,
            "constants",
            "Constants",
            ["key", "value"],
            ["To", "Value"],
        ),
    ];
    let own = &settings["destinationConfig"];
    let texts = [
        ("Sync settings", settings["syncSettings"].clone()),
        ("Settings of the destination", matcher.for_anyone(own)),
    ];
    let hidden = matcher.for_page(own).into_iter();
    let hidden = hidden.filter(|(_, shown)| *shown == Shown::Hidden);
    let is_set = |value: &Value| value.as_object().is_some_and(|all| !all.is_empty());
    me.show(&ConnectionOverview {
        frame: me.frame(NAV),
        head: head(&me, &seen),
        source: End {
            name: source.name.clone(),
            href: format!("/sources/{}", source.id),
            kind: retl_sources::kind(source.kind, &source.definition),
        },
        destination: End {
            name: destination.name.clone(),
            href: format!("/destinations/{}", destination.id),
            kind,
        },
        schedule: retl_sources::schedule(connection),
        facts: facts(&seen),
        lists: lists.into_iter().flatten().collect(),
        texts: texts
            .into_iter()
            .filter(|(_, value)| is_set(value))
            .map(|(label, value)| (label, format!("{value:#}")))
            .collect(),
        hidden: hidden.map(|(path, _)| path).collect(),
        created: me.clock().at(connection.created_at),
        updated: me.clock().at(connection.updated_at),
    })
}

/// `GET /connections/{id}/audit-logs`, of a connection that was deleted too.
pub(super) async fn audit_logs(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Answer {
    let id: ConnectionId = things::id(&id)?;
    let path = format!("/connections/{id}");
    let (log, newest) = history::of(&app, &me, id.as_str(), &path, &part).await?;
    let head = match (one(&app, &me, id.as_str()).await, newest) {
        (Ok(seen), _) => head(&me, &seen),
        (Err(refusal), None) => return Err(refusal),
        (Err(_), Some(event)) => ConnectionHead {
            id: id.to_string(),
            name: history::name_in(&event, id.as_str()),
            of: None,
            enabled: false,
            can_edit: false,
            kept: None,
            can_audit: true,
            deleted: true,
            events: log.total,
            last_change: None,
        },
    };
    me.show(&ConnectionAuditLogs {
        frame: me.frame(NAV),
        head,
        log,
    })
}

fn settings_page(me: &Me, seen: &Seen, sent: Option<&Form>, wrong: Wrong) -> Answer {
    let one = &seen.ends.connection;
    let now = one.updated_at.0.to_string();
    let differs = match sent {
        // Only what would be saved over another's change is told apart from it.
        Some(form) if form.get("seen") != Some(now.as_str()) => differences(one, form),
        _ => Vec::new(),
    };
    let view = ConnectionSettings {
        frame: me.frame_with(NAV, wrong.flash),
        head: head(me, seen),
        form: ConnectionForm {
            enabled: sent.map_or(one.enabled, |form| form.flag("enabled")),
            schedule: schedule_fields(one, sent, &wrong.errors),
            settings: sent.map_or_else(|| shown(one), |form| form.lines("settings")),
            seen: now,
        },
        differs,
        question: question(seen),
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// Refuses who may not change any connection.
fn may_edit(me: &Me) -> std::result::Result<(), Refusal> {
    if me.signed_in.can.edit_destinations {
        Ok(())
    } else {
        Err(Refusal::not_for_you(Permission::EditConnections))
    }
}

/// `GET /connections/{id}/settings`
pub(super) async fn settings(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    may_edit(&me)?;
    let seen = one(&app, &me, &id).await?;
    if let Some(kept) = seen.kept() {
        let advice = "Ask an administrator of the workspace to select you.";
        let title = "You may not change this";
        return Err(Refusal::new(StatusCode::FORBIDDEN, title, &kept, advice));
    }
    settings_page(&me, &seen, None, Wrong::none())
}

/// `POST /connections/{id}`: all settings, or only whether it is enabled.
pub(super) async fn update(app: &App, me: &Me, seen: &Seen, form: &Form) -> Answer {
    let one = &seen.ends.connection;
    let path = format!("/connections/{}", one.id);
    let enabled = form.flag("enabled");
    let mut action = UpdateRetlConnection {
        place: me.place(),
        id: one.id,
        source: None,
        destination: None,
        enabled: Some(enabled),
        settings: Map::new(),
        seen: None,
    };
    if form.text("form") != "settings" {
        let made = me.perform(action).await?;
        // The button is on the page of the destination as well.
        let page = if form.text("form") == "enabled" {
            path
        } else {
            seen.list()
        };
        return Ok(me.done(&page, Done::enabled(enabled), &made.entries));
    }
    // What is laid over stored settings must not meet others.
    action.seen = match form.get("seen") {
        Some(seen) => Some(Micros(seen.parse().unwrap_or_default())),
        None => Some(one.updated_at),
    };
    match read(one, form) {
        Ok(sent) => action.settings = sent,
        // Who may not change it hears so, and it is recorded, whatever was sent.
        Err(errors) if me.signed_in.can.edit_destinations && seen.shut_out.is_empty() => {
            return settings_page(me, seen, Some(form), Wrong::fields(errors));
        }
        Err(_) => {}
    }
    match me.perform(action).await {
        Ok(made) => Ok(me.done(&path, Done::Saved, &made.entries)),
        Err(error) => {
            let thing = (TargetType::Connection, one.id.as_str());
            let error = history::by_whom(app, me, error, thing).await?;
            let error = things::said_at(error, AT_FIELDS, "settings");
            let wrong = Wrong::of(error, "Not saved.", AT_FIELDS)?;
            settings_page(me, seen, Some(form), wrong)
        }
    }
}

/// What is asked before it is deleted.
fn question(seen: &Seen) -> Question {
    let id = seen.ends.connection.id;
    Question {
        noun: "connection".to_owned(),
        name: called(&seen.ends.source, &seen.ends.destination),
        action: format!("/connections/{id}/delete"),
        back: format!("/connections/{id}"),
        list: ("Destinations".to_owned(), "/destinations".to_owned()),
        kept: seen.kept(),
        consequences: Vec::new(),
        recorded_as: vec!["Disconnect Source".to_owned()],
    }
}

fn ask(me: &Me, question: Question, wrong: Wrong) -> Answer {
    let view = Delete {
        frame: me.frame(NAV),
        question,
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// `GET /connections/{id}/delete`
pub(super) async fn ask_delete(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    may_edit(&me)?;
    let question = question(&one(&app, &me, &id).await?);
    access::may_delete(&question)?;
    ask(&me, question, Wrong::none())
}

/// `POST /connections/{id}/delete`, once its name was typed.
pub(super) async fn delete(me: &Me, seen: &Seen, form: &Form) -> Answer {
    let question = question(seen);
    let errors = things::confirmed(form.text("confirm"), &question.name);
    let may = me.signed_in.can.edit_destinations && question.kept.is_none();
    // Who may not delete it hears so, and it is recorded, whatever was typed.
    if may && !errors.is_empty() {
        return ask(me, question, Wrong::fields(errors));
    }
    let action = DeleteRetlConnection {
        place: me.place(),
        id: seen.ends.connection.id,
    };
    let made = me.perform(action).await?;
    Ok(me.done(&seen.list(), Done::Disconnected, &made.entries))
}

//! Sources of reverse ETL on the pages of sources: the list has both, and an address `/sources/{id}` leads to either.

use std::collections::HashSet;

use model::definition::Kind;
use model::id::SourceId;
use model::things::{RetlConnection, RetlKind, RetlSource};
use serde_json::Value;
use store::Error;

use super::access::{self, Lock};
use super::answer::Answer;
use super::flash::Done;
use super::form::Form;
use super::history::{Known, Reader};
use super::me::Me;
use super::refusal::Refusal;
use super::things;
use super::view::delete::Question;
use super::view::frame::NavItem;
use super::view::source::{ConnectedDestination, RetlOverview, SourceHead, Synced};
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
        has_settings: false,
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
                        name: to.name,
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
        question: question(seen),
    })
}

/// `POST /sources/{id}` of a source of reverse ETL: whether it is enabled.
pub(super) async fn enable(me: &Me, id: SourceId, form: &Form) -> Answer {
    let enabled = form.flag("enabled");
    let action = UpdateRetlSource {
        place: me.place(),
        id,
        name: None,
        kind: None,
        definition: None,
        account: None,
        enabled: Some(enabled),
        config: None::<Value>,
    };
    let done = if enabled {
        Done::Enabled
    } else {
        Done::Disabled
    };
    let made = me.perform(action).await?;
    Ok(me.done(&format!("/sources/{id}"), done, &made.entries))
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

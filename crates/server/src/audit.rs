//! Reading the audit log, for the API and the page alike: who may, what they may see, and that it is itself recorded.

use axum::response::Response;
use model::id::{EventId, OrganizationId, WorkspaceId};
use model::role::Permission;
use serde_json::{Map, Value, json};
use store::{Error, Event, Order, Page, Query, Result, Rx};

use tlog::Receipt;

use crate::actions::audit_log::export::ExportAuditLog;
use crate::actions::audit_log::view::ViewAuditLog;
use crate::app::App;
use crate::export::Fixed;
use crate::export::stream::{self, Wanted};
use crate::request::Caller;

/// Records an export, and gives the answer that brings it.
///
/// # Errors
/// [`Error::Denied`], recorded, when the caller may not read the whole log; [`Error::NotSigned`] while nothing is signed.
pub async fn export(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
    wanted: Wanted,
) -> Result<Response> {
    let action = |size| ExportAuditLog {
        organization,
        kind: wanted.kind(),
        size,
        filters: match &wanted {
            Wanted::Full => json!({}),
            Wanted::Rows(_, _, words) => words.clone(),
        },
    };
    let store = app.store.clone();
    let fixed = tokio::task::spawn_blocking(move || Fixed::of(&store, organization)).await;
    let fixed = fixed.map_err(|_| Error::Internal("a read panicked".to_owned()))?;
    // Who may not export hears that, whether there is something to export or not.
    let size = fixed.as_ref().map_or(0, |fixed| fixed.checkpoint.size);
    let _ = app.perform(caller, action(size)).await?;
    Ok(stream::answer(app.store.clone(), fixed?, wanted))
}

/// How long a receipt is waited for: an event is signed within a second.
pub const SIGNED_WITHIN: std::time::Duration = std::time::Duration::from_secs(3);

/// What part of an organization's log someone asks for.
#[derive(Clone, Copy, Debug)]
pub struct Reach {
    /// Whose log.
    pub organization: OrganizationId,
    /// The workspace whose events are asked for.
    pub workspace: Option<WorkspaceId>,
    /// The workspace that is read by who may not read the whole.
    pub own: Option<WorkspaceId>,
}

/// The filters of a query as they are recorded: without times and cursor.
pub(crate) fn filters(query: &Query) -> Value {
    let mut filters = Map::new();
    let texts = [
        ("actor", query.actor.clone()),
        ("action", query.action.clone()),
        ("target", query.target.clone()),
        ("target_type", query.target_type.clone()),
        ("type", query.group.map(|group| group.as_str().to_owned())),
        (
            "outcome",
            query.outcome.map(|outcome| outcome.as_str().to_owned()),
        ),
    ];
    for (name, value) in texts {
        if let Some(value) = value {
            filters.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(filters)
}

/// Who may not read the whole organization's log reads one workspace's, and of what has no workspace only what concerns
/// that workspace's members.
fn limit(
    rx: &mut Rx<'_>,
    caller: &Caller,
    reach: Reach,
    query: &mut Query,
) -> Result<ViewAuditLog> {
    let acting = rx.acting(caller.actor)?;
    let whole = acting.may(rx, Permission::ReadAuditLog, reach.organization, None)?;
    let workspace = if whole {
        reach.workspace
    } else {
        reach.workspace.or(reach.own)
    };
    query.workspace = workspace;
    query.members_of = if whole { None } else { workspace };
    Ok(ViewAuditLog {
        organization: reach.organization,
        workspace,
        filters: filters(query),
    })
}

/// Checks that the log may be read, and records that it is, unless that was recorded before.
async fn admit(app: &App, caller: &Caller, reach: Reach, query: Query) -> Result<Query> {
    let asking = caller.clone();
    let (query, view, recorded) = app
        .read(move |rx| {
            let mut query = query;
            let view = limit(rx, &asking, reach, &mut query)?;
            let acting = rx.acting(asking.actor)?;
            let recorded = view.is_recorded(rx, &acting)?;
            Ok((query, view, recorded))
        })
        .await?;
    if !recorded {
        let _ = app.perform(caller, view).await?;
    }
    Ok(query)
}

/// Checks that the whole of an organization's log may be read, and records that it is.
///
/// # Errors
/// [`Error::Denied`], recorded, when the caller may not.
pub async fn admit_to_whole(
    app: &App,
    caller: &Caller,
    organization: OrganizationId,
) -> Result<()> {
    let asking = caller.clone();
    let view = ViewAuditLog {
        organization,
        workspace: None,
        filters: Value::Object(Map::new()),
    };
    let (view, recorded) = app
        .read(move |rx| {
            let acting = rx.acting(asking.actor)?;
            let recorded = view.is_recorded(rx, &acting)?;
            Ok((view, recorded))
        })
        .await?;
    if !recorded {
        let _ = app.perform(caller, view).await?;
    }
    Ok(())
}

/// The receipt of an event: what proves, offline, that it is in the log. Waits until it is signed.
///
/// # Errors
/// As [`event`]; [`Error::NotSigned`] when the event is not signed within [`SIGNED_WITHIN`].
pub async fn receipt(app: &App, caller: &Caller, reach: Reach, id: EventId) -> Result<Receipt> {
    let event = event(app, caller, reach, id).await?;
    let sequence = event.entry.sequence;
    let start = std::time::Instant::now();
    loop {
        let found = app
            .read(move |rx| {
                let log = rx.organization_log(reach.organization)?.as_published();
                let Some(published) = log.checkpoint.clone().filter(|one| one.size > sequence)
                else {
                    return Ok(None);
                };
                let path = rx.inclusion(&log, sequence, published.size)?;
                let disclosed = rx.disclosed(&log, sequence, 1)?.pop();
                let disclosed = disclosed.ok_or(Error::NotFound("event"))?;
                let entry = String::from_utf8(disclosed.entry);
                let entry =
                    entry.map_err(|_| Error::Internal("an entry that is no text".to_owned()))?;
                let opened: Vec<_> = disclosed
                    .disclosures
                    .iter()
                    .map(|one| one.as_str())
                    .collect();
                let extra = json!({ "disclosures": opened, "entry": entry });
                Ok(Some(Receipt {
                    extra: Some(extra.to_string().into_bytes()),
                    index: sequence,
                    path,
                    checkpoint: published.note.into_bytes(),
                }))
            })
            .await?;
        match found {
            Some(receipt) => return Ok(receipt),
            None if start.elapsed() > SIGNED_WITHIN => {
                return Err(Error::NotSigned);
            }
            None => tokio::time::sleep(std::time::Duration::from_millis(100)).await,
        }
    }
}

/// A page of the log.
///
/// # Errors
/// [`Error::Denied`], recorded, when the caller may not read the log.
pub async fn events(app: &App, caller: &Caller, reach: Reach, query: Query) -> Result<Page> {
    let query = admit(app, caller, reach, query).await?;
    app.read(move |rx| rx.events(reach.organization, &query))
        .await
}

/// One event of the log.
///
/// # Errors
/// [`Error::Denied`], recorded, when the caller may not read the log; [`Error::NotFound`] for an event that is not there
/// or that the caller may not see.
pub async fn event(app: &App, caller: &Caller, reach: Reach, id: EventId) -> Result<Event> {
    let query = admit(
        app,
        caller,
        reach,
        Query {
            order: Order::Newest,
            ..Query::default()
        },
    )
    .await?;
    app.read(move |rx| {
        let event = rx
            .event(reach.organization, id)?
            .ok_or(Error::NotFound("event"))?;
        match query.members_of {
            Some(workspace) if !rx.is_within(&event, workspace)? => Err(Error::NotFound("event")),
            _ => Ok(event),
        }
    })
    .await
}

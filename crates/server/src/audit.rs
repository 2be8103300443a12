//! Reading the audit log, for the API and the page alike: who may, what they may see, and that it is itself recorded.

use model::id::{EventId, OrganizationId, WorkspaceId};
use model::role::Permission;
use serde_json::{Map, Value, json};
use store::{Error, Event, Order, Page, Query, Result, Rx};

use crate::actions::audit_log::view::ViewAuditLog;
use crate::app::App;
use crate::request::Caller;

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
fn filters(query: &Query) -> Value {
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

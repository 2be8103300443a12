//! Reading the audit log, for the API and the page alike: who may, what they may see, and that it is itself recorded.

use axum::response::Response;
use model::catalogue;
use model::entry::Outcome;
use model::id::{EventId, OrganizationId, TokenId, UserId, WorkspaceId};
use model::role::Permission;
use serde_json::{Map, Value, json};
use store::{Error, Event, Order, Page, Query, Result, Rx};

use tlog::Receipt;
use zeroize::Zeroizing;

use crate::actions::audit_log::export::ExportAuditLog;
use crate::actions::audit_log::view::ViewAuditLog;
use crate::app::App;
use crate::auth::secret;
use crate::export::Fixed;
use crate::export::stream::{self, Wanted};
use crate::request::Caller;

/// Records an export, and gives the answer that brings it. Of rows it brings those that the caller may read.
///
/// # Errors
/// [`Error::Denied`], recorded, when the caller may not read the log, or not the whole of it; [`Error::NotSigned`] while
/// nothing is signed.
pub async fn export(app: &App, caller: &Caller, reach: Reach, wanted: Wanted) -> Result<Response> {
    let organization = reach.organization;
    let (wanted, workspace) = match wanted {
        Wanted::Full => (Wanted::Full, None),
        Wanted::Rows(form, mut query, mut words, begun) => {
            let asking = caller.clone();
            let (query, view) = app
                .read(move |rx| {
                    let view = limit(rx, &asking, reach, &mut query)?;
                    Ok((query, view))
                })
                .await?;
            // What the manifest says was asked for is what is brought.
            if let Some(workspace) = view.workspace {
                words["workspace_id"] = json!(workspace);
            }
            (Wanted::Rows(form, query, words, begun), view.workspace)
        }
    };
    let begun_at = match &wanted {
        Wanted::Rows(.., Some(begun)) => begun.checkpoint.clone(),
        _ => None,
    };
    let action = |size| ExportAuditLog {
        organization: Some(organization),
        workspace,
        begun_at: begun_at.clone(),
        kind: wanted.kind(),
        size,
        filters: match &wanted {
            Wanted::Full => json!({}),
            Wanted::Rows(_, _, words, _) => words.clone(),
        },
    };
    let (store, note) = (app.store.clone(), begun_at.clone());
    let fixed = tokio::task::spawn_blocking(move || match note {
        None => Fixed::of(&store, Some(organization)),
        Some(note) => Fixed::at(&store, organization, &note)?.ok_or(Error::NotSigned),
    })
    .await;
    let fixed = fixed.map_err(|_| Error::Internal("a read panicked".to_owned()))?;
    // Who may not export hears that, whether there is something to export or not.
    let size = fixed.as_ref().map_or(0, |fixed| fixed.checkpoint.size);
    let _ = app.perform(caller, action(size)).await?;
    Ok(stream::answer(app.store.clone(), fixed?, wanted))
}

/// How long a receipt, or the checkpoint of an erasure, is waited for: an event is signed within a second.
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
    let all = |ids: &Option<Vec<String>>| ids.as_ref().map(|ids| ids.join(", "));
    let texts = [
        ("actor", all(&query.actors)),
        ("action", query.action.clone()),
        ("target", all(&query.targets)),
        ("token", all(&query.tokens)),
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

/// The filters of a query in words, as the first line of an export says them: with times.
pub(crate) fn words(query: &Query) -> Value {
    let mut words = filters(query);
    let times = [
        ("created_after", query.created_after),
        ("created_before", query.created_before),
    ];
    for (name, time) in times {
        if let Some(time) = time {
            words[name] = json!(time.rfc3339());
        }
    }
    words
}

/// The person whom an organization knows by an e-mail address. Whether someone else has an account is nothing that is told.
///
/// # Errors
/// When the data cannot be read.
pub fn person(
    rx: &mut Rx<'_>,
    organization: OrganizationId,
    email: &str,
) -> Result<Option<UserId>> {
    match crate::actions::privacy::person(rx, email)? {
        Some(user) if rx.is_known(organization, user)? => Ok(Some(user)),
        _ => Ok(None),
    }
}

/// The people whom an organization knows, members or not any more, whose name has this text in it, in capitals or not.
///
/// # Errors
/// When the data cannot be read.
pub fn people(rx: &mut Rx<'_>, organization: OrganizationId, text: &str) -> Result<Vec<String>> {
    let members = rx.members(organization)?.into_iter().map(|one| one.user);
    let all = members.chain(rx.former_members(organization)?);
    let text = text.to_lowercase();
    let called = all.filter(|user| user.name.to_lowercase().contains(&text));
    Ok(called.map(|user| user.id.to_string()).collect())
}

/// The things of a workspace whose name has this text in it, in capitals or not; those that were deleted too.
///
/// # Errors
/// When the data cannot be read.
pub fn things(
    rx: &mut Rx<'_>,
    organization: OrganizationId,
    workspace: WorkspaceId,
    text: &str,
) -> Result<Vec<String>> {
    let mut found = rx.called(workspace, text)?;
    // The name of one that is gone is only in the log.
    let text = text.to_lowercase();
    let deleted = Query {
        workspace: Some(workspace),
        action: Some(catalogue::SOURCE_DELETED.action.to_owned()),
        outcome: Some(Outcome::Success),
        ..Query::default()
    };
    look_through(rx, organization, deleted, |event| {
        let name = event.target_name.as_ref();
        if name.is_some_and(|name| name.to_lowercase().contains(&text)) {
            found.extend(event.entry.target.id.clone());
        }
    })?;
    Ok(found)
}

/// How many events are looked through for the name of something that is gone.
const LOOKED_THROUGH: usize = 10_000;

/// Looks at the newest events that a query gives, at most [`LOOKED_THROUGH`].
fn look_through(
    rx: &mut Rx<'_>,
    organization: OrganizationId,
    query: Query,
    mut look: impl FnMut(&Event),
) -> Result<()> {
    let mut query = Query {
        order: Order::Newest,
        limit: 1000,
        ..query
    };
    let mut seen = 0;
    while seen < LOOKED_THROUGH {
        let page = rx.events(organization, &query)?;
        page.events.iter().for_each(&mut look);
        seen += page.events.len();
        let last = page.events.last().map(|event| event.entry.id.parse());
        match last {
            Some(Ok(last)) if page.more => query.after = Some(last),
            _ => break,
        }
    }
    Ok(())
}

/// The tokens of an organization that someone means by an id, a name, or the token itself; those that have ended too.
///
/// # Errors
/// When the data cannot be read.
pub fn tokens(rx: &mut Rx<'_>, organization: OrganizationId, text: &str) -> Result<Vec<TokenId>> {
    let text = text.trim();
    if let Ok(id) = text.parse::<TokenId>() {
        let is_there = rx
            .token(id)?
            .is_some_and(|token| token.organization == organization);
        let made = Query {
            target_type: Some(catalogue::ACCESS_TOKEN_CREATED.target.as_str().to_owned()),
            targets: Some(vec![id.to_string()]),
            ..Query::default()
        };
        let was_there = is_there || rx.count_events(organization, &made)? > 0;
        return Ok(was_there.then_some(id).into_iter().collect());
    }
    if let Some(id) = rx.token_that_was(organization, &secret::hash(text))? {
        return Ok(vec![id]);
    }
    if secret::looks_like_one(text) {
        return Ok(Vec::new());
    }
    let all = rx.tokens(organization)?;
    let named = all.iter().filter(|(token, _)| token.name == text);
    let mut found: Vec<TokenId> = named.map(|(token, _)| token.id).collect();
    // The name of one that has ended is only in the event that made it.
    let made = catalogue::ACCESS_TOKEN_CREATED;
    let made = Query {
        action: Some(made.action.to_owned()),
        target_type: Some(made.target.as_str().to_owned()),
        ..Query::default()
    };
    look_through(rx, organization, made, |event| {
        let id = event.entry.target.id.as_deref().map(str::parse);
        if event.target_name.as_deref() == Some(text)
            && let Some(Ok(id)) = id
            && !found.contains(&id)
        {
            found.push(id);
        }
    })?;
    Ok(found)
}

/// A token that was asked for.
#[derive(Clone, Debug)]
pub struct FoundToken {
    /// Its id.
    pub id: TokenId,
    /// Its name, while it is there.
    pub name: Option<String>,
}

/// Finds tokens by an id, a name, or the token itself, for who may read what they did; that is recorded like reading it.
///
/// # Errors
/// [`Error::Denied`], recorded, when the caller may not read the log.
pub async fn find_tokens(
    app: &App,
    caller: &Caller,
    reach: Reach,
    text: String,
) -> Result<Vec<FoundToken>> {
    let text = Zeroizing::new(text);
    let organization = reach.organization;
    let ids = app.read(move |rx| tokens(rx, organization, &text)).await?;
    let query = Query {
        tokens: Some(ids.iter().map(ToString::to_string).collect()),
        ..Query::default()
    };
    let limit = admit(app, caller, reach, query).await?.members_of;
    app.read(move |rx| {
        let mut found = Vec::with_capacity(ids.len());
        for id in ids {
            let token = rx.token(id)?;
            let token = token.filter(|token| token.organization == organization);
            // One of another workspace is nothing that the administrator of one would know, nor that there was one.
            let is_elsewhere = match (limit, &token) {
                (None, _) => false,
                (Some(limit), Some(token)) => token.workspace != Some(limit),
                (Some(limit), None) => {
                    let made = Query {
                        workspace: Some(limit),
                        members_of: Some(limit),
                        targets: Some(vec![id.to_string()]),
                        ..Query::default()
                    };
                    rx.count_events(organization, &made)? == 0
                }
            };
            if !is_elsewhere {
                let name = token.map(|token| token.name);
                found.push(FoundToken { id, name });
            }
        }
        Ok(found)
    })
    .await
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
    let (event, members_of) = found(app, caller, reach, id).await?;
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
                let disclosed = rx.disclosed_in(&log, &[sequence], members_of)?.pop();
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
    Ok(found(app, caller, reach, id).await?.0)
}

/// One event of the log, and whose members' it is read for, where that is not the whole organization.
async fn found(
    app: &App,
    caller: &Caller,
    reach: Reach,
    id: EventId,
) -> Result<(Event, Option<WorkspaceId>)> {
    let query = Query {
        order: Order::Newest,
        ..Query::default()
    };
    let members_of = admit(app, caller, reach, query).await?.members_of;
    app.read(move |rx| {
        let event = rx.event(reach.organization, id, members_of)?;
        Ok((event.ok_or(Error::NotFound("event"))?, members_of))
    })
    .await
}

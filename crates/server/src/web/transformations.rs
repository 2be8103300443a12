//! `/transformations`. What its forms do stands in `code`.

use axum::extract::{Path, Query, State};
use model::definition::Kind;
use model::id::TransformationId;
use model::things::{CodeKind, Transformation};
use store::{Error, Result, Rx};

use super::answer::Answer;
use super::code;
use super::form::Sent;
use super::history::{self, Known, Part, Reader};
use super::me::Me;
use super::refusal::Refusal;
use super::things::{self, From};
use super::view::frame::NavItem;
use super::view::transformation::{
    CodeHead, TransformationAuditLogs, TransformationOverview, TransformationVersions, UsedBy,
    Version,
};
use super::view::transformations::{CodeRow, Transformations};
use super::visitor::Clock;
use crate::actions::transformation::found;
use crate::app::App;

const NAV: NavItem = NavItem::Transformations;
const KIND: CodeKind = CodeKind::Transformation;
/// How many versions are shown.
const VERSIONS: u32 = 200;

/// What a language is called.
pub(super) fn language(name: &str) -> String {
    match name {
        "javascript" => "JavaScript",
        "python" | "pythonfaas" => "Python",
        other => other,
    }
    .to_owned()
}

/// The number of the published version.
fn published(rx: &mut Rx<'_>, one: &Transformation) -> Result<Option<String>> {
    let version = match one.published {
        Some(version) => rx.version(one.workspace, one.kind, version)?,
        None => None,
    };
    Ok(version.map(|version| version.number.to_string()))
}

/// The rows of a list of code; `used` says by how many things each is used.
pub(super) fn rows(
    rx: &mut Rx<'_>,
    found: Vec<Transformation>,
    reader: &Reader,
    used: impl Fn(&mut Rx<'_>, &Transformation) -> Result<u64>,
) -> Result<Vec<CodeRow>> {
    let mut rows = Vec::with_capacity(found.len());
    let ids: Vec<String> = found.iter().map(|one| one.id.to_string()).collect();
    let mut last = reader.last_of(rx, &ids)?;
    for one in found {
        rows.push(CodeRow {
            published: published(rx, &one)?,
            used: used(rx, &one)?,
            last_change: last.remove(one.id.as_str()),
            id: one.id.to_string(),
            name: one.name,
            language: language(&one.language),
        });
    }
    Ok(rows)
}

/// `GET /transformations`
pub(super) async fn list(State(app): State<App>, me: Me, Query(from): Query<From>) -> Answer {
    let after = from.start()?;
    let (place, reader) = (me.place(), Reader::of(&me));
    let named = from.named().map(str::to_owned);
    let (rows, total, next) = app
        .read(move |rx| {
            let (after, named) = (after.as_ref(), named.as_deref());
            let kind = CodeKind::Transformation;
            let page = rx.transformations(place.workspace, kind, after, things::PAGE, named)?;
            let rows = rows(rx, page.items, &reader, |rx, one| {
                Ok(rx.links_of(one.id)?.len() as u64)
            })?;
            Ok((rows, page.total, page.next))
        })
        .await?;
    me.show(&Transformations {
        frame: me.frame(NAV),
        can_create: me.signed_in.can.edit_transformations,
        rows,
        leaf: from.leaf("/transformations", total, next.as_ref()),
    })
}

/// Code with what its pages say of it.
pub(super) struct Seen {
    pub(super) one: Transformation,
    pub(super) published: Option<String>,
    pub(super) newest: i64,
    pub(super) versions: Vec<Version>,
    pub(super) known: Known,
}

fn versions(rx: &mut Rx<'_>, one: &Transformation, clock: &Clock) -> Result<Vec<Version>> {
    let versions = rx.versions(one.id, None, VERSIONS)?;
    Ok(versions
        .into_iter()
        .map(|version| Version {
            published: one.published == Some(version.id),
            id: version.id.to_string(),
            number: version.number.to_string(),
            by: None,
            when: clock.at(version.created_at),
            note: None,
        })
        .collect())
}

pub(super) async fn seen(
    app: &App,
    me: &Me,
    kind: CodeKind,
    id: &str,
) -> std::result::Result<Seen, Refusal> {
    let id: TransformationId = things::id(id)?;
    let (place, reader, clock) = (me.place(), Reader::of(me), me.clock().clone());
    let seen = app
        .read(move |rx| {
            let one = found(rx, place, kind, id)?;
            Ok(Seen {
                published: published(rx, &one)?,
                newest: rx.newest_version(id)?,
                versions: versions(rx, &one, &clock)?,
                known: reader.known(rx, id.as_str())?,
                one,
            })
        })
        .await;
    history::or_gone(seen, app, me, (kind.target(), id.as_str())).await
}

pub(super) fn head(me: &Me, seen: &Seen) -> CodeHead {
    CodeHead {
        id: seen.one.id.to_string(),
        name: seen.one.name.clone(),
        description: seen.one.description.clone(),
        language: language(&seen.one.language),
        published: seen.published.clone(),
        versions: u64::try_from(seen.newest).unwrap_or(0),
        can_edit: me.signed_in.can.edit_transformations,
        can_audit: me.signed_in.can.read_audit_log,
        can_watch: me.signed_in.can.view_live_events,
        deleted: false,
        events: seen.known.events,
        last_change: seen.known.last.clone(),
    }
}

/// What stands above the tabs, for a tab of another file.
pub(super) async fn head_of(
    app: &App,
    me: &Me,
    id: &str,
) -> std::result::Result<CodeHead, Refusal> {
    Ok(head(me, &seen(app, me, KIND, id).await?))
}

/// `GET /transformations/{id}`
pub(super) async fn overview(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let seen = seen(&app, &me, CodeKind::Transformation, &id).await?;
    let (place, id) = (me.place(), seen.one.id);
    let used_by = app
        .read(move |rx| {
            let mut used_by = Vec::new();
            let definitions = rx.definitions(place.organization)?;
            for link in rx.links_of(id)? {
                let to = rx
                    .destination(place.workspace, link.destination)?
                    .ok_or(Error::NotFound("destination"))?;
                used_by.push(UsedBy {
                    kind: things::kind(&definitions, Kind::Destination, &to.kind).0,
                    href: format!("/destinations/{}", to.id),
                    name: to.name.clone(),
                });
            }
            Ok(used_by)
        })
        .await?;
    me.show(&TransformationOverview {
        frame: me.frame(NAV),
        head: head(&me, &seen),
        code: seen.one.code.clone(),
        code_version: Some(seen.newest.to_string()),
        created: me.clock().at(seen.one.created_at),
        updated: me.clock().at(seen.one.updated_at),
        used_by,
        draft: seen
            .versions
            .into_iter()
            .next()
            .filter(|newest| !newest.published),
    })
}

/// `GET /transformations/{id}/versions`
pub(super) async fn versions_page(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
) -> Answer {
    let seen = seen(&app, &me, CodeKind::Transformation, &id).await?;
    me.show(&TransformationVersions {
        frame: me.frame(NAV),
        head: head(&me, &seen),
        versions: seen.versions,
    })
}

/// `GET /transformations/{id}/audit-logs`, of a transformation that was deleted too.
pub(super) async fn audit_logs(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Answer {
    let id: TransformationId = things::id(&id)?;
    let path = format!("/transformations/{id}");
    let (log, newest) = history::of(&app, &me, id.as_str(), &path, &part).await?;
    let head = match (
        seen(&app, &me, CodeKind::Transformation, id.as_str()).await,
        newest,
    ) {
        (Ok(seen), _) => head(&me, &seen),
        (Err(refusal), None) => return Err(refusal),
        (Err(_), Some(event)) => CodeHead {
            id: id.to_string(),
            name: history::name_in(&event, id.as_str()),
            description: String::new(),
            language: String::new(),
            published: None,
            versions: 0,
            can_edit: false,
            can_audit: true,
            can_watch: false,
            deleted: true,
            events: log.total,
            last_change: None,
        },
    };
    me.show(&TransformationAuditLogs {
        frame: me.frame(NAV),
        head,
        log,
    })
}

/// `GET /transformations/new`
pub(super) async fn new(State(app): State<App>, me: Me) -> Answer {
    code::new(&app, &me, KIND)
}

/// `POST /transformations`
pub(super) async fn create(State(app): State<App>, sent: Sent) -> Answer {
    code::create(&app, sent, KIND).await
}

/// `GET /transformations/{id}/code`
pub(super) async fn edit(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    code::edit(&app, &me, KIND, &id).await
}

/// `POST /transformations/{id}/code`
pub(super) async fn save(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    code::save(&app, sent, KIND, &id).await
}

/// `POST /transformations/{id}/publish`
pub(super) async fn publish(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    code::publish(&app, sent, KIND, &id).await
}

/// `GET /transformations/{id}/versions/{version}`
pub(super) async fn version(
    State(app): State<App>,
    me: Me,
    Path((id, version)): Path<(String, String)>,
) -> Answer {
    code::version(&app, &me, KIND, &id, &version).await
}

/// `GET /transformations/{id}/delete`
pub(super) async fn ask_delete(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    code::ask_delete(&app, &me, KIND, &id).await
}

/// `POST /transformations/{id}/delete`
pub(super) async fn delete(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    code::delete(&app, sent, KIND, &id).await
}

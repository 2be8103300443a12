//! `/libraries`. What its forms do stands in `code`.

use axum::extract::{Path, Query, State};
use model::code::import_name;
use model::things::CodeKind;

use super::answer::Answer;
use super::code;
use super::form::Sent;
use super::history::Reader;
use super::me::Me;
use super::things::{self, From};
use super::transformations::{head, language, rows, seen};
use super::view::frame::NavItem;
use super::view::libraries::Libraries;
use super::view::library::Library;
use super::view::transformation::UsedBy;
use crate::actions::transformation::{all, import_names, imports};
use crate::app::App;

const NAV: NavItem = NavItem::Libraries;
const KIND: CodeKind = CodeKind::Library;

/// `GET /libraries`
pub(super) async fn list(State(app): State<App>, me: Me, Query(from): Query<From>) -> Answer {
    let after = from.start()?;
    let (place, reader) = (me.place(), Reader::of(&me));
    let named = from.named().map(str::to_owned);
    let (rows, total, next) = app
        .read(move |rx| {
            let (after, named) = (after.as_ref(), named.as_deref());
            let page = rx.transformations(place.workspace, KIND, after, things::PAGE, named)?;
            // Who imports what is read once for all of them.
            let mut importers = Vec::new();
            for one in all(rx, place, CodeKind::Transformation)? {
                importers.push(imports(rx, &one)?);
            }
            let rows = rows(rx, page.items, &reader, |rx, one| {
                let names = import_names(rx, one)?;
                let is_one = |imports: &&Vec<String>| imports.iter().any(|one| names.contains(one));
                Ok(importers.iter().filter(is_one).count() as u64)
            })?;
            Ok((rows, page.total, page.next))
        })
        .await?;
    me.show(&Libraries {
        frame: me.frame(NAV),
        can_create: me.signed_in.can.edit_transformations,
        rows,
        leaf: from.leaf("/libraries", total, next.as_ref()),
    })
}

/// `GET /libraries/{id}`
pub(super) async fn page(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let seen = seen(&app, &me, CodeKind::Library, &id).await?;
    let place = me.place();
    let import_name = import_name(&seen.one.name);
    let library = seen.one.clone();
    let used_by = app
        .read(move |rx| {
            let names = import_names(rx, &library)?;
            let mut used_by = Vec::new();
            for one in all(rx, place, CodeKind::Transformation)? {
                if imports(rx, &one)?.iter().any(|name| names.contains(name)) {
                    used_by.push(UsedBy {
                        kind: language(&one.language),
                        href: format!("/transformations/{}", one.id),
                        name: one.name,
                    });
                }
            }
            Ok(used_by)
        })
        .await?;
    let head = head(&me, &seen);
    me.show(&Library {
        frame: me.frame(NAV),
        head,
        import_name,
        code: seen.one.code,
        code_version: Some(seen.newest.to_string()),
        created: me.clock().at(seen.one.created_at),
        updated: me.clock().at(seen.one.updated_at),
        versions: seen.versions,
        used_by,
    })
}

/// `GET /libraries/new`
pub(super) async fn new(State(app): State<App>, me: Me) -> Answer {
    code::new(&app, &me, KIND)
}

/// `POST /libraries`
pub(super) async fn create(State(app): State<App>, sent: Sent) -> Answer {
    code::create(&app, sent, KIND).await
}

/// `GET /libraries/{id}/code`
pub(super) async fn edit(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    code::edit(&app, &me, KIND, &id).await
}

/// `POST /libraries/{id}/code`
pub(super) async fn save(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    code::save(&app, sent, KIND, &id).await
}

/// `POST /libraries/{id}/publish`
pub(super) async fn publish(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    code::publish(&app, sent, KIND, &id).await
}

/// `GET /libraries/{id}/versions/{version}`
pub(super) async fn version(
    State(app): State<App>,
    me: Me,
    Path((id, version)): Path<(String, String)>,
) -> Answer {
    code::version(&app, &me, KIND, &id, &version).await
}

/// `GET /libraries/{id}/delete`
pub(super) async fn ask_delete(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    code::ask_delete(&app, &me, KIND, &id).await
}

/// `POST /libraries/{id}/delete`
pub(super) async fn delete(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    code::delete(&app, sent, KIND, &id).await
}

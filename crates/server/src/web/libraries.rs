//! `/libraries`: to read. They are written over the API.

use axum::extract::{Path, Query, State};
use model::code;
use model::things::CodeKind;

use super::answer::Answer;
use super::history::Reader;
use super::me::Me;
use super::things::{self, From};
use super::transformations::{head, language, rows, seen};
use super::view::frame::NavItem;
use super::view::libraries::Libraries;
use super::view::library::Library;
use super::view::transformation::UsedBy;
use crate::app::App;

const NAV: NavItem = NavItem::Libraries;

/// `GET /libraries`
pub(super) async fn list(State(app): State<App>, me: Me, Query(from): Query<From>) -> Answer {
    let after = from.start()?;
    let (place, reader) = (me.place(), Reader::of(&me));
    let (rows, next) = app
        .read(move |rx| {
            let kind = CodeKind::Library;
            let page = rx.transformations(place.workspace, kind, after.as_ref(), things::PAGE)?;
            Ok((rows(rx, place, page.items, &reader)?, page.next))
        })
        .await?;
    me.show(&Libraries {
        frame: me.frame(NAV),
        rows,
        next_href: things::next_href("/libraries", next.as_ref()),
    })
}

/// `GET /libraries/{id}`
pub(super) async fn page(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let seen = seen(&app, &me, CodeKind::Library, &id).await?;
    let place = me.place();
    let import_name = code::import_name(&seen.one.name);
    let wanted = import_name.clone();
    let used_by = app
        .read(move |rx| {
            let all = crate::actions::transformation::all(rx, place, CodeKind::Transformation)?;
            Ok(all
                .into_iter()
                .filter(|one| code::imports(&one.language, &one.code).contains(&wanted))
                .map(|one| UsedBy {
                    kind: language(&one.language),
                    href: format!("/transformations/{}", one.id),
                    name: one.name,
                })
                .collect())
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

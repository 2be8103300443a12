//! Sources of reverse ETL: what is read from a warehouse. They are kept, and nothing reads them yet.

pub mod create;
pub mod delete;
pub mod set_external_id;
pub mod update;

use model::catalogue::TargetType;
use model::id::{AccountId, SourceId};
use model::role::Permission;
use model::things::{RetlKind, RetlSource};
use serde_json::Value;
use store::{Error, Need, Result, Rx, Target};

use crate::actions::{input, outside_account};
use crate::request::Place;

pub(crate) fn found(rx: &mut Rx<'_>, place: Place, id: SourceId) -> Result<RetlSource> {
    rx.retl_source(place.workspace, id)?
        .ok_or(Error::NotFound("source"))
}

pub(crate) fn target(source: &RetlSource) -> Target {
    Target::new(TargetType::Source, source.id, source.name.clone())
}

/// The permission to edit this source, which must exist.
pub(crate) fn needs_edit(rx: &mut Rx<'_>, place: Place, id: SourceId) -> Result<Vec<Need>> {
    let source = found(rx, place, id)?;
    Ok(vec![Need::in_workspace(
        Permission::EditSources,
        place.workspace,
        target(&source),
    )])
}

/// An account of the workspace, by an id that was sent.
fn account(rx: &mut Rx<'_>, place: Place, id: &str) -> Result<AccountId> {
    if id.is_empty() {
        let message = "accountId must not be empty";
        return Err(Error::field("required", "accountId", message));
    }
    let id = id.parse().map_err(|_| Error::NotFound("account"))?;
    Ok(outside_account::found(rx, place, id)?.id)
}

/// What is to be read: a query, a table, or the files of a bucket. What else is in there is kept as it is.
fn config(kind: RetlKind, definition: &str, config: Option<&Value>) -> Result<Value> {
    let config = input::config(config)?;
    let needed: &[&str] = match (kind, definition) {
        (RetlKind::Model, _) => &["sql"],
        (RetlKind::Table, "s3") => &["bucketName"],
        (RetlKind::Table, _) => &["schema", "table"],
    };
    for key in needed {
        let field = format!("config.{key}");
        match config.get(key) {
            Some(Value::String(text)) if !text.trim().is_empty() => {}
            Some(Value::String(_) | Value::Null) | None => {
                let message = format!("{field} must not be empty");
                return Err(Error::field("required", &field, message));
            }
            Some(_) => {
                return Err(Error::field(
                    "wrong_type",
                    &field,
                    format!("{field} must be a string"),
                ));
            }
        }
    }
    Ok(config)
}

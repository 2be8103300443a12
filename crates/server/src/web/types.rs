//! `/settings/types`: what is known of the types of sources and destinations, and how an administrator says more.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use model::definition::{Definition, Kind, Origin};
use model::role::Permission;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::Error;

use super::answer::Answer;
use super::flash::Done;
use super::form::{Sent, typed_json};
use super::me::Me;
use super::refusal::Refusal;
use super::things::Wrong;
use super::view::frame::NavItem;
use super::view::parts::Errors;
use super::view::types::{TypeForm, TypeRow, Types};
use crate::actions::definition::Given;
use crate::app::App;
use crate::definitions::{Change, change_for};

const NAV: NavItem = NavItem::Settings;
const TYPES: &str = "/settings/types";

/// Which type.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Which {
    kind: String,
    name: String,
}

/// Where a definition comes from, as people call it.
fn from(known: &Definition) -> &'static str {
    match known.taken.as_ref().map(|taken| taken.origin) {
        None => "Annals",
        Some(Origin::Imported) => "Import",
        Some(Origin::Posted) => "Program",
        Some(Origin::Manual) => "By hand",
    }
}

/// What is secret, in a few words.
fn secrets(known: &Definition) -> String {
    match &known.secret_keys {
        None => "Every text".to_owned(),
        Some(keys) if keys.is_empty() => "Nothing".to_owned(),
        Some(keys) if keys.len() <= 3 => keys.join(", "),
        Some(keys) => format!("{} and {} more", keys[..3].join(", "), keys.len() - 3),
    }
}

async fn may_edit(app: &App, me: &Me) -> Result<bool, Refusal> {
    let (actor, organization) = (me.signed_in.caller.actor, me.place().organization);
    let may = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            acting.may(rx, Permission::EditDefinitions, organization, None)
        })
        .await?;
    Ok(may)
}

/// `GET /settings/types`
pub(super) async fn list(State(app): State<App>, me: Me) -> Answer {
    let can_edit = may_edit(&app, &me).await?;
    let mut rows = Vec::new();
    for kind in [Kind::Destination, Kind::Source] {
        for known in me.signed_in.definitions.all(kind) {
            rows.push(TypeRow {
                kind: kind.as_str(),
                label: match kind {
                    Kind::Source => "Source",
                    Kind::Destination => "Destination",
                },
                name: known.name.clone(),
                display_name: known.display_name.clone(),
                from: from(known),
                secrets: secrets(known),
                has_schema: known.taken.as_ref().is_some_and(|taken| taken.has_schema),
                has_form: known.taken.as_ref().is_some_and(|taken| taken.has_form),
                changed: known
                    .taken
                    .as_ref()
                    .map(|taken| me.clock().at(taken.updated_at)),
                query: serde_urlencoded::to_string([
                    ("kind", kind.as_str()),
                    ("name", &known.name),
                ])
                .unwrap_or_default(),
            });
        }
    }
    // What the organization has said itself comes first.
    rows.sort_by_key(|row| row.changed.is_none());
    me.show(&Types {
        frame: me.frame(NAV),
        can_edit,
        rows,
    })
}

/// The form, filled in with what is known.
fn form(me: &Me, which: &Which, wrong: Wrong) -> TypeForm {
    let kind = which.kind.parse().unwrap_or(Kind::Destination);
    let known = me.signed_in.definitions.find(kind, &which.name);
    let taken = known.and_then(|known| known.taken.as_ref());
    let schema = taken
        .and_then(|taken| taken.config_schema())
        .map(|schema| serde_json::to_string_pretty(&schema).unwrap_or_default());
    let keys = known.and_then(|known| known.secret_keys.as_ref());
    TypeForm {
        frame: me.frame_with(NAV, wrong.flash),
        is_new: known.is_none(),
        is_taken: taken.is_some(),
        is_source: kind == Kind::Source,
        name: which.name.clone(),
        display_name: known
            .map(|known| known.display_name.clone())
            .unwrap_or_default(),
        all_secret: known.is_some() && keys.is_none(),
        secret_keys: keys.map(|keys| keys.join("\n")).unwrap_or_default(),
        schema: schema.unwrap_or_default(),
        errors: wrong.errors,
    }
}

/// `GET /settings/types/one?kind=&name=`
pub(super) async fn one(State(app): State<App>, me: Me, Query(which): Query<Which>) -> Answer {
    if !may_edit(&app, &me).await? {
        return Err(Refusal::not_for_you(Permission::EditDefinitions));
    }
    let view = form(&me, &which, Wrong::none());
    me.show(&view)
}

/// What was sent, laid over what the organization has of this type.
fn body(me: &Me, kind: Kind, sent: &super::form::Form) -> Result<Value, Errors> {
    let name = sent.text("name").trim();
    let known = me.signed_in.definitions.find(kind, name);
    let before = known.and_then(|known| known.taken.as_ref());
    let mut body = match before.map(|taken| serde_json::from_str(taken.body())) {
        Some(Ok(Value::Object(members))) => members,
        _ => Map::new(),
    };
    body.insert("name".to_owned(), json!(name));
    body.insert(
        "displayName".to_owned(),
        json!(sent.text("display_name").trim()),
    );
    let config = body.entry("config").or_insert_with(|| json!({}));
    if !config.is_object() {
        *config = json!({});
    }
    if let Value::Object(config) = config {
        if sent.flag("all_secret") {
            config.shift_remove("secretKeys");
        } else {
            let keys: Vec<&str> = sent
                .text("secret_keys")
                .split([',', '\n', '\r'])
                .map(str::trim)
                .filter(|key| !key.is_empty())
                .collect();
            config.insert("secretKeys".to_owned(), json!(keys));
        }
    }
    match sent.text("schema").trim() {
        "" => {
            body.shift_remove("configSchema");
        }
        schema => {
            let schema = typed_json(schema)
                .map_err(|wrong| [("schema", wrong)].into_iter().collect::<Errors>())?;
            body.insert("configSchema".to_owned(), schema);
        }
    }
    Ok(Value::Object(body))
}

/// The names of a definition's members as the names of the form's fields.
fn named(error: Error) -> Error {
    match error {
        Error::Invalid {
            code,
            message,
            details,
        } => Error::Invalid {
            code,
            message,
            details: details
                .into_iter()
                .map(|(field, message)| {
                    let field = match field.as_str() {
                        "config.secretKeys" => "secret_keys".to_owned(),
                        "configSchema" => "schema".to_owned(),
                        _ => field,
                    };
                    (field, message)
                })
                .collect(),
        },
        error => error,
    }
}

/// `POST /settings/types`
pub(super) async fn define(State(app): State<App>, sent: Sent) -> Answer {
    let Sent { me, form: sent } = sent;
    let kind: Kind = sent.text("kind").parse().unwrap_or(Kind::Destination);
    let which = Which {
        kind: kind.as_str().to_owned(),
        name: sent.text("name").trim().to_owned(),
    };
    let again = |wrong: Wrong| TypeForm {
        display_name: sent.text("display_name").to_owned(),
        all_secret: sent.flag("all_secret"),
        secret_keys: sent.text("secret_keys").to_owned(),
        schema: sent.text("schema").to_owned(),
        ..form(&me, &which, wrong)
    };
    let given = match body(&me, kind, &sent) {
        Ok(body) => Given::new(kind, body),
        Err(errors) => {
            return me.show_as(
                StatusCode::UNPROCESSABLE_ENTITY,
                &again(Wrong::fields(errors)),
            );
        }
    };
    let given = match given {
        Ok(given) => given,
        Err(error) => {
            let wrong = Wrong::of(
                named(error),
                "Not saved.",
                &["name", "secret_keys", "schema"],
            )?;
            return me.show_as(wrong.status, &again(wrong));
        }
    };
    let what = Change::TakeIn {
        origin: Origin::Manual,
        given: vec![given],
        together: false,
    };
    let organization = me.place().organization;
    match change_for(&app, &me.signed_in.caller, organization, what).await {
        Ok((_, entries)) => Ok(me.done(TYPES, Done::Saved, &entries)),
        Err(error) => {
            let wrong = Wrong::of(named(error), "Not saved.", &["name"])?;
            me.show_as(wrong.status, &again(wrong))
        }
    }
}

/// `POST /settings/types/delete`
pub(super) async fn delete(State(app): State<App>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let what = Change::Delete {
        kind: form
            .text("kind")
            .parse()
            .map_err(|()| Refusal::nothing_here())?,
        name: form.text("name").to_owned(),
    };
    let organization = me.place().organization;
    let (_, entries) = change_for(&app, &me.signed_in.caller, organization, what).await?;
    Ok(me.done(TYPES, Done::Deleted, &entries))
}

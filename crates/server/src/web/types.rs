//! `/settings/types`: what is known of the types of sources and destinations, and how an administrator says more.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use model::change::{self, Visibility};
use model::clock::Micros;
use model::definition::{Definition, Kind, Origin, Taken};
use model::role::Permission;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::Error;

use super::answer::Answer;
use super::event;
use super::flash::Done;
use super::form::{Form, Sent, typed_json};
use super::me::Me;
use super::refusal::Refusal;
use super::things::Wrong;
use super::view::frame::NavItem;
use super::view::parts::Errors;
use super::view::types::{Secret, TypeForm, TypeRow, Types};
use crate::actions::definition::Given;
use crate::actions::definition::take_in::Over;
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

/// What is hidden, in a few words: what is secret, and what is in no event and on no page besides.
fn secrets(known: &Definition) -> String {
    let Some(secret) = &known.secret_keys else {
        return "Every text".to_owned();
    };
    let redacted = known.redact_keys.iter().filter(|key| !secret.contains(key));
    let keys: Vec<&str> = secret.iter().chain(redacted).map(String::as_str).collect();
    match keys.len() {
        0 => "Nothing".to_owned(),
        1..=3 => keys.join(", "),
        many => format!("{} and {} more", keys[..3].join(", "), many - 3),
    }
}

fn query(kind: Kind, name: &str) -> String {
    serde_urlencoded::to_string([("kind", kind.as_str()), ("name", name)]).unwrap_or_default()
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
                query: query(kind, &known.name),
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

/// What the forms of a type go by: when the organization took in what it has of it, if it has anything.
fn moment(taken: Option<&Taken>) -> String {
    taken.map_or_else(String::new, |taken| taken.updated_at.0.to_string())
}

/// The form, filled in with what is known.
fn form(me: &Me, which: &Which, wrong: Wrong) -> TypeForm {
    let kind = which.kind.parse().unwrap_or(Kind::Destination);
    let known = me.signed_in.definitions.find(kind, &which.name);
    let taken = known.and_then(|known| known.taken.as_deref());
    let schema = taken
        .and_then(Taken::config_schema)
        .map(|schema| serde_json::to_string_pretty(&schema).unwrap_or_default());
    let keys = known.and_then(|known| known.secret_keys.as_ref());
    TypeForm {
        frame: me.frame_with(NAV, wrong.flash),
        seen: known.map(|_| moment(taken)),
        exists: false,
        query: query(kind, &which.name),
        differs: Vec::new(),
        is_taken: taken.is_some(),
        is_source: kind == Kind::Source,
        name: which.name.clone(),
        display_name: known
            .map(|known| known.display_name.clone())
            .unwrap_or_default(),
        secret: match keys {
            // What holds of a type that nobody has said anything of.
            None => Secret::All,
            Some(keys) if keys.is_empty() => Secret::Nothing,
            Some(_) => Secret::Listed,
        },
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

/// The paths that were listed.
fn listed(sent: &Form) -> Vec<&str> {
    sent.text("secret_keys")
        .split([',', '\n', '\r'])
        .map(str::trim)
        .filter(|key| !key.is_empty())
        .collect()
}

/// What was chosen to be secret. Where nothing was, it is what is listed and, without a list, every text.
fn chosen(sent: &Form) -> Secret {
    match (sent.text("secret"), listed(sent).is_empty()) {
        ("none", _) => Secret::Nothing,
        ("listed", _) | ("", false) => Secret::Listed,
        _ => Secret::All,
    }
}

/// The paths that are to be secret; none where every text is. What is secret is never said by leaving a field empty.
fn secret_keys(sent: &Form) -> Result<Option<Vec<&str>>, String> {
    let keys = listed(sent);
    let is_name = |segment: &str| {
        !segment.is_empty()
            && !segment.bytes().all(|byte| byte.is_ascii_digit())
            && !segment.contains(|one: char| one.is_whitespace() || "[]{}*$;:\"'".contains(one))
    };
    let is_path = |key: &&str| key.split('.').all(is_name) && !key.starts_with("config.");
    if let Some(wrong) = keys.iter().find(|key| !is_path(key)) {
        return Err(format!(
            "\u{201c}{wrong}\u{201d} is no path. It has names of settings with single dots between them, without config, numbers and spaces: headers.to."
        ));
    }
    match (chosen(sent), keys.is_empty()) {
        (Secret::All, true) => Ok(None),
        (Secret::Listed, true) => {
            Err("Nothing is listed. Write which are secret, or choose above what is.".to_owned())
        }
        (Secret::Listed, false) | (Secret::Nothing, true) => Ok(Some(keys)),
        (other, false) => Err(format!(
            "Something is listed, but \u{201c}{}\u{201d} is chosen above. Choose \u{201c}{}\u{201d}, or empty this list.",
            other.label(),
            Secret::Listed.label(),
        )),
    }
}

/// What the organization has of a type.
fn taken(me: &Me, kind: Kind, name: &str) -> Option<Map<String, Value>> {
    let known = me.signed_in.definitions.find(kind, name)?;
    serde_json::from_str(known.taken.as_ref()?.body()).ok()
}

/// What was sent, laid over what the organization has of this type.
fn body(me: &Me, kind: Kind, sent: &Form) -> Result<Value, Errors> {
    let name = sent.text("name").trim();
    let mut body = taken(me, kind, name).unwrap_or_default();
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
        let keys = secret_keys(sent)
            .map_err(|wrong| [("secret_keys", wrong)].into_iter().collect::<Errors>())?;
        match keys {
            None => config.shift_remove("secretKeys"),
            Some(keys) => config.insert("secretKeys".to_owned(), json!(keys)),
        };
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
    let again = |wrong: Wrong| {
        let form = form(&me, &which, wrong);
        let is_new = sent.get("seen").is_none();
        let differs = match (taken(&me, kind, &which.name), body(&me, kind, &sent)) {
            // Only what would be saved over another's change is told apart from it.
            (now, Ok(then)) if !is_new && sent.get("seen") != form.seen.as_deref() => {
                let now = now.map(Value::Object);
                let all = change::diff(now.as_ref(), Some(&then), &|_, _| Visibility::Clear);
                all.iter().map(event::change).collect()
            }
            _ => Vec::new(),
        };
        TypeForm {
            // A form for something new stays one, whatever there is of its name.
            seen: form.seen.filter(|_| !is_new),
            is_taken: form.is_taken && !is_new,
            differs,
            display_name: sent.text("display_name").to_owned(),
            secret: chosen(&sent),
            secret_keys: sent.text("secret_keys").to_owned(),
            schema: sent.text("schema").to_owned(),
            ..form
        }
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
        over: match sent.get("seen") {
            None => Over::Nothing,
            Some("") => Over::Seen(None),
            Some(moment) => Over::Seen(Some(Micros(moment.parse().unwrap_or_default()))),
        },
    };
    let organization = me.place().organization;
    match change_for(&app, &me.signed_in.caller, organization, what).await {
        Ok((_, entries)) => Ok(me.done(TYPES, Done::Saved, &entries)),
        Err(error) => {
            let is_there = matches!(
                &error,
                Error::Invalid {
                    code: "name_taken",
                    ..
                }
            );
            let wrong = Wrong::of(named(error), "Not saved.", &["name"])?;
            let status = wrong.status;
            let view = TypeForm {
                exists: is_there,
                ..again(wrong)
            };
            me.show_as(status, &view)
        }
    }
}

/// `POST /settings/types/delete`
pub(super) async fn delete(State(app): State<App>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let which = Which {
        kind: form.text("kind").to_owned(),
        name: form.text("name").to_owned(),
    };
    let kind = which.kind.parse();
    let what = Change::Delete {
        kind: kind.map_err(|()| Refusal::nothing_here())?,
        name: which.name.clone(),
    };
    let organization = me.place().organization;
    match change_for(&app, &me.signed_in.caller, organization, what).await {
        Ok((_, entries)) => Ok(me.done(TYPES, Done::Deleted, &entries)),
        // It is said where it is used, beside the definition that stays.
        Err(error) => {
            let wrong = Wrong::of(error, "Not let go.", &[])?;
            let status = wrong.status;
            me.show_as(status, &self::form(&me, &which, wrong))
        }
    }
}

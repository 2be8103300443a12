//! `/destinations/new`: first the type, then the rest.

use axum::extract::Query;
use axum::http::StatusCode;
use model::definition::Kind;
use model::role::Permission;
use serde::Deserialize;
use serde_json::Map;
use store::Error;

use super::NAV;
use crate::actions::destination::create::CreateDestination;
use crate::actions::input;
use crate::web::answer::Answer;
use crate::web::config::Settings;
use crate::web::flash::Done;
use crate::web::form::{Form, Sent};
use crate::web::me::Me;
use crate::web::refusal::{self, Refusal};
use crate::web::things::{self, Wrong};
use crate::web::view::destination_new::{DestinationNew, DestinationNewType};

/// The type of a new destination.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Chosen {
    /// None as long as nothing was sent.
    r#type: Option<String>,
    other_type: String,
}

/// `GET /destinations/new`: first the type, then the rest.
pub(in crate::web) async fn choose(me: Me, Query(chosen): Query<Chosen>) -> Answer {
    if !me.signed_in.can.edit_destinations {
        return Err(Refusal::not_for_you(Permission::EditDestinations));
    }
    let Some(listed) = chosen.r#type.as_deref() else {
        return new_type(&me, &chosen, Wrong::none());
    };
    let kind = match things::chosen(listed, &chosen.other_type) {
        Ok(kind) => kind,
        Err(errors) => return new_type(&me, &chosen, Wrong::fields(errors)),
    };
    if let Err(error) = input::kind(
        &me.signed_in.definitions,
        Kind::Destination,
        kind,
        &me.signed_in.workspace,
    ) {
        let mut wrong = Wrong::of(error, "Not chosen.", &["type"])?;
        if me.signed_in.workspace.allow_unknown_types && listed != kind {
            wrong.errors = wrong.errors.moved("type", "other_type");
        }
        return new_type(&me, &chosen, wrong);
    }
    new_page(&me, kind, &Form::default(), Wrong::none())
}

fn new_type(me: &Me, chosen: &Chosen, wrong: Wrong) -> Answer {
    let listed = chosen.r#type.as_deref().unwrap_or_default();
    let view = DestinationNewType {
        frame: me.frame_with(NAV, wrong.flash),
        types: things::types(&me.signed_in.definitions, Kind::Destination, listed),
        allow_unknown: me.signed_in.workspace.allow_unknown_types,
        is_another: listed == things::ANOTHER,
        other_type: chosen.other_type.clone(),
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

fn new_page(me: &Me, kind: &str, form: &Form, wrong: Wrong) -> Answer {
    let sent = (wrong.status != StatusCode::OK).then_some(form);
    let drawn = Settings::of_new(&me.signed_in.definitions, Kind::Destination, kind).draw(
        &Map::new(),
        sent,
        &wrong.errors,
    );
    let (label, known) = things::kind(&me.signed_in.definitions, Kind::Destination, kind);
    let view = DestinationNew {
        frame: me.frame_with(NAV, wrong.flash),
        type_name: kind.to_owned(),
        kind: label,
        known,
        name: form.name().to_owned(),
        enabled: sent.is_none_or(|form| form.flag("enabled")),
        fields: drawn.fields,
        json: drawn.json,
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// `POST /destinations`
pub(in crate::web) async fn create(sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let kind = form.text("type").to_owned();
    let config = Settings::of_new(&me.signed_in.definitions, Kind::Destination, &kind)
        .read(&Map::new(), &form);
    let (config, errors) = match config {
        Ok(config) => (Some(config), None),
        Err(errors) => (None, Some(errors)),
    };
    // Who may not create one hears so, and it is recorded, whatever was sent.
    if let (Some(mut errors), true) = (errors, me.signed_in.can.edit_destinations) {
        if let Err(Error::Invalid { message, .. }) = input::name(form.name()) {
            errors.add("name", refusal::sentence(&message));
        }
        return new_page(&me, &kind, &form, Wrong::fields(errors));
    }
    let action = CreateDestination {
        place: me.place(),
        name: form.name().to_owned(),
        kind: kind.clone(),
        version: 1,
        enabled: form.flag("enabled"),
        config,
        external_id: None,
    };
    match me.perform(action).await {
        Ok(made) => {
            let path = format!("/destinations/{}", made.output.id);
            Ok(me.done(&path, Done::Created, &made.entries))
        }
        Err(Error::Invalid {
            code,
            message,
            details,
        }) if details.iter().any(|(field, _)| field == "type") => {
            let error = Error::Invalid {
                code,
                message,
                details,
            };
            let chosen = Chosen {
                r#type: Some(kind),
                other_type: String::new(),
            };
            new_type(&me, &chosen, Wrong::of(error, "Not created.", &["type"])?)
        }
        Err(error) => {
            let wrong = Wrong::of(error, "Not created.", &["name"])?;
            new_page(&me, &kind, &form, wrong)
        }
    }
}

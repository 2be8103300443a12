//! Destinations.

use super::super::destination::{
    Connection, DestinationAuditLogs, DestinationConfiguration, DestinationConnections,
    DestinationHead, DestinationOverview, DestinationTransformation, LinkedTransformation,
};
use super::super::destination_new::{DestinationNew, DestinationNewType};
use super::super::destinations::Destinations;
use super::super::frame::{Flash, Frame, NavItem};
use super::super::parts::{Choice, Errors, Field, Input, Leaf};
use super::{DESTINATION, Rendered, SOURCE, Samples, TRANSFORMATION, when};
use askama::Template as _;

impl Samples {
    pub(super) fn destination_head(self) -> DestinationHead {
        DestinationHead {
            id: DESTINATION.to_owned(),
            name: self.text("Warehouse – Snowflake"),
            kind: self.text("Snowflake"),
            known: true,
            enabled: true,
            can_edit: true,
            locked: false,
            can_audit: true,
            can_watch: true,
            deleted: false,
            faults: self.faults(),
            connections: 2,
            events: Some(1312),
            last_change: Some(self.last_change()),
        }
    }

    pub(super) fn fields(self) -> Vec<Field> {
        let field = |name: &str, label: &str, input| Field {
            name: self.text(name),
            label: self.text(label),
            hint: None,
            required: true,
            error: None,
            input,
            heading: None,
            applies: true,
            when: String::new(),
            pattern: None,
            pattern_message: None,
        };
        let secret = |set, lines| Input::Secret {
            set,
            lines,
            remove: set.then_some(lines),
        };
        let every = |value: &str| Choice::new(value, self.text(value), "30");
        vec![
            field(
                "config.account",
                "Account",
                Input::Text(self.text("fernhill-eu1")),
            ),
            Field {
                error: Some(self.text("Write a whole number.")),
                ..field("config.port", "Port", Input::Number(self.text("44x")))
            },
            Field {
                hint: Some(self.text("The role that loads.")),
                required: false,
                ..field("config.role", "Role", Input::Text(self.text("LOADER")))
            },
            field("config.password", "Password", secret(true, false)),
            field("config.apiKey", "API key", secret(false, false)),
            field("config.privateKey", "Private key", secret(true, true)),
            field(
                "config.every",
                "Sync every",
                Input::Select(vec![every("15"), every("30")]),
            ),
            Field {
                required: false,
                ..field(
                    "config.tables",
                    "Tables",
                    Input::Lines(self.text("orders\nrefunds")),
                )
            },
            Field {
                hint: Some(self.text("One column instead of many.")),
                ..field(
                    "config.variant",
                    "Load JSON columns as VARIANT",
                    Input::Boolean(true),
                )
            },
        ]
    }

    pub(super) fn destination_pages(self) -> Vec<Rendered> {
        let frame = self.frame(NavItem::Destinations);
        let connection = |id: &str, name: &str, enabled| Connection {
            locked: false,
            id: id.to_owned(),
            source_id: SOURCE.to_owned(),
            source_name: self.text(name),
            source_kind: self.text("JavaScript"),
            enabled,
            schedule: (!enabled).then(|| self.text("Every 60 minutes")),
            since: when("2024-03-11T09:02:31Z"),
        };
        let transformation = LinkedTransformation {
            id: TRANSFORMATION.to_owned(),
            name: self.text("Mask e-mail and phone"),
            language: self.text("JavaScript"),
            version: Some(self.text("14")),
        };
        let connections = vec![
            connection("3FQqConn5Ae8cMh2", "Production web app", true),
            connection("3FQrConn6Bf9dNi1", "iOS app", false),
        ];
        let choice = |value: &str, label: &str| Choice::new(value, self.text(label), "");
        let head = || self.destination_head();
        let overview = DestinationOverview {
            frame: frame.clone(),
            head: head(),
            created: when("2024-03-11T09:02:00Z"),
            updated: when("2026-11-23T13:27:40Z"),
            sources: connections.clone(),
            transformation: Some(transformation.clone()),
        };
        let configuration = DestinationConfiguration {
            frame: frame.clone(),
            head: head(),
            name: self.text("Warehouse – Snowflake"),
            enabled: true,
            fields: self.fields(),
            json: self.text("{\n  \"namespace\": \"web\"\n}"),
            json_secrets: vec![self.text("oauth.refreshToken")],
            question: self.question(
                "destination",
                &format!("/destinations/{DESTINATION}"),
                "Warehouse – Snowflake",
            ),
            revision: self.text("3FQhRevn6Rv9tDy3AjC1zEf8Ng5"),
            differs: Vec::new(),
            errors: Errors::default(),
        };
        let connected = DestinationConnections {
            frame: frame.clone(),
            head: head(),
            connections,
            sources: vec![choice("3FQoAppl3Yc6aKf4", "Android app")],
            locked: 1,
        };
        let transforming = DestinationTransformation {
            frame: frame.clone(),
            head: head(),
            current: Some(transformation),
            choices: vec![choice("3FQsSess7Cg0eOj0", "Sessionise mobile events")],
        };
        let new = DestinationNew {
            frame: frame.clone(),
            type_name: self.text("SNOWFLAKE"),
            kind: self.text("Snowflake"),
            known: false,
            name: self.text(""),
            enabled: true,
            fields: self.fields(),
            json: String::new(),
            errors: [(
                "json",
                self.text("This is not JSON: a comma is missing in line 3."),
            )]
            .into_iter()
            .collect(),
        };
        let new_type = DestinationNewType {
            frame: frame.clone(),
            types: self.types(),
            allow_unknown: true,
            is_another: false,
            other_type: String::new(),
            errors: Errors::default(),
        };
        let list = Destinations {
            frame: Frame {
                flash: Some(Flash::Note(
                    self.text("Nothing changed, so nothing was recorded."),
                )),
                ..frame.clone()
            },
            can_create: true,
            rows: vec![self.resource_row(DESTINATION, "Warehouse – Snowflake", "Snowflake")],
            leaf: Leaf {
                path: "/destinations".to_owned(),
                named: String::new(),
                total: 1,
                first_href: None,
                next_href: None,
            },
        };
        vec![
            (
                "destinations-empty",
                Destinations {
                    rows: Vec::new(),
                    ..list.clone()
                }
                .render(),
            ),
            ("destinations", list.render()),
            ("destination", overview.render()),
            ("destination-configuration", configuration.render()),
            (
                "destination-connections-empty",
                DestinationConnections {
                    connections: Vec::new(),
                    sources: Vec::new(),
                    locked: 2,
                    ..connected.clone()
                }
                .render(),
            ),
            ("destination-connections", connected.render()),
            (
                "destination-transformation-empty",
                DestinationTransformation {
                    current: None,
                    ..transforming.clone()
                }
                .render(),
            ),
            ("destination-transformation", transforming.render()),
            (
                "destination-audit-logs",
                DestinationAuditLogs {
                    frame,
                    head: head(),
                    log: self.log(DESTINATION),
                }
                .render(),
            ),
            ("destination-new-type", new_type.render()),
            ("destination-new", new.render()),
        ]
    }
}

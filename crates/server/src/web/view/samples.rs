//! Every page with invented data, for tests and for eyes.

use askama::Template as _;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::audit_logs::AuditLogs;
use super::code::{CodeForm, CodeVersion, Noun, TestSeen};
use super::delete::{Delete, Question};
use super::destination::{
    Connection, DestinationAuditLogs, DestinationConfiguration, DestinationConnections,
    DestinationHead, DestinationOverview, DestinationTransformation, LinkedTransformation,
};
use super::destination_new::{DestinationNew, DestinationNewType};
use super::destinations::Destinations;
use super::error::ErrorPage;
use super::event::{Change, Details, EventRow, Outcome, ResourceLog, Value, by_day};
use super::event_page::{EventPage, Proof};
use super::filter::Filter;
use super::frame::{Bare, Flash, Frame, NavCounts, NavItem, Person, Theme};
use super::libraries::Libraries;
use super::library::Library;
use super::parts::{
    Actor, Choice, ChoiceGroup, Errors, Field, Input, LastChange, Recorded, Target,
};
use super::setup::{Secret, Setup, SetupDone};
use super::sign_in::SignIn;
use super::source::{
    ConnectedDestination, SourceAuditLogs, SourceForm, SourceHead, SourceOverview, SourceSettings,
};
use super::source_new::{NewSettings, SourceNew};
use super::sources::{ResourceRow, Sources};
use super::transformation::{
    CodeHead, TransformationAuditLogs, TransformationOverview, TransformationVersions, UsedBy,
    Version,
};
use super::transformations::{CodeRow, Transformations};
use super::types::{TypeForm, TypeRow, Types};
use super::when::When;
use super::workspace_settings::WorkspaceSettings;
use crate::web::lines::difference;

mod access;
mod account;
mod live;
mod reverse_etl;

const SOURCE: &str = "3FQaWeb7Kq2mZr8TnV4sXy1Pa7R";
const DESTINATION: &str = "3FQbSnow9Lp3nXs7UmW5tYz2Vx9";
const TRANSFORMATION: &str = "3FQcMask1Mq4oYt6VlX6uZa3Lw8";
const LIBRARY: &str = "3FQdPiiM2Nr5pZu5WkY7vAb4Ac1";
const EVENT: &str = "3FQeEvnt3Os6qAv4XjZ8wBc5Kd2";

/// A page, by the name of its file.
pub(super) type Page = (&'static str, String);

/// Makes samples; every free text gets the suffix, so that a hostile one reaches every place where text is shown.
#[derive(Clone, Copy)]
struct Samples {
    suffix: &'static str,
}

pub(super) fn when(at: &str) -> When {
    let zone = TimeZone::get("Europe/Copenhagen").expect("a zone");
    let now: Timestamp = "2026-11-23T13:32:19Z".parse().expect("a timestamp");
    When::new(at.parse().expect("a timestamp"), &zone, now)
}

pub(super) fn rows() -> Vec<EventRow> {
    Samples { suffix: "" }.rows()
}

/// Every page, with this suffix after every text.
pub(super) fn pages(suffix: &'static str) -> Vec<Page> {
    let samples = Samples { suffix };
    let mut pages = samples.bare_pages();
    pages.extend(samples.source_pages());
    pages.extend(samples.destination_pages());
    pages.extend(samples.code_pages());
    pages.extend(samples.settings_pages());
    pages.extend(samples.account_pages());
    pages.extend(samples.reverse_etl_pages());
    pages.extend(samples.access_pages());
    pages.extend(samples.link_pages());
    pages.extend(samples.live_pages());
    pages
        .into_iter()
        .map(|(name, page)| (name, page.expect("a page renders")))
        .collect()
}

type Rendered = (&'static str, askama::Result<String>);

impl Samples {
    fn text(self, text: &str) -> String {
        format!("{text}{}", self.suffix)
    }

    fn frame(self, nav: NavItem) -> Frame {
        Frame {
            organization: self.text("Fernhill Market"),
            workspace: self.text("Production"),
            person: Person {
                id: "3FQfInes4Pt7rBw3YiA9xCd6Le3".to_owned(),
                name: self.text("Ines Okafor-Lund"),
                email: self.text("ines@fernhill.example"),
                role: self.text("Admin"),
            },
            csrf: self.text("csrf-of-this-session"),
            theme: Theme::System,
            zone: Some("Europe/Copenhagen".to_owned()),
            nav,
            counts: NavCounts {
                sources: Some(14),
                accounts: Some(3),
                destinations: Some(22),
                transformations: Some(1031),
                libraries: None,
            },
            flash: None,
            can_audit: true,
            can_edit_tokens: true,
            takes_reason: true,
            request_id: self.text("req-9pZ41c"),
        }
    }

    fn bare(self) -> Bare {
        Bare {
            csrf: self.text("csrf-of-this-form"),
            request_id: self.text("3FQreq41c"),
            ..Bare::default()
        }
    }

    fn recorded(self) -> Recorded {
        Recorded {
            label: self.text("Updated"),
            entry: 184_222,
            event_id: EVENT.to_owned(),
        }
    }

    fn last_change(self) -> LastChange {
        LastChange {
            event: self.recorded(),
            by: self.text("Tomas Brightwater"),
            when: when("2026-11-23T13:27:40.118Z"),
        }
    }

    fn types(self) -> Vec<ChoiceGroup> {
        let choice = |value: &str, label: &str| {
            Choice::new(self.text(value), self.text(label), &self.text("Javascript"))
        };
        vec![
            ChoiceGroup {
                label: self.text("Event stream"),
                choices: vec![
                    choice("Javascript", "JavaScript"),
                    choice("Go", "Go"),
                    choice("webhook", "Webhook"),
                ],
            },
            ChoiceGroup {
                label: self.text("Cloud"),
                choices: vec![choice("stripe", "Stripe")],
            },
        ]
    }

    fn actor(self) -> Actor {
        Actor::person(
            "3FQgToms5Qu8sCx2ZhB0yDe7Mf4",
            self.text("Tomas Brightwater"),
            self.text("tomas@fernhill.example"),
        )
    }

    fn target(self, type_label: &str, id: &str, name: &str) -> Target {
        let href = match type_label {
            "Source" => Some(format!("/sources/{id}")),
            "Destination" => Some(format!("/destinations/{id}")),
            _ => None,
        };
        Target {
            type_label: type_label.to_owned(),
            id: id.to_owned(),
            name: self.text(name),
            href,
        }
    }

    fn details(self) -> Details {
        let change = |path: &str, before, after| Change {
            path: self.text(path),
            before,
            after,
        };
        let value = |text: &str| Value::Text(self.text(text));
        Details {
            changes: vec![
                change("config.role", value("TRANSFORMER"), value("TRANSFORMER_V2")),
                change("config.syncEveryMinutes", value("180"), value("30")),
                change("config.password", Value::Redacted, Value::Redacted),
                change("config.apiKey", Value::NotSet, Value::Redacted),
                change(
                    "config.alertEmail",
                    Value::Erased(Some(184_190)),
                    value("data@fernhill.example"),
                ),
                change("config.tables", value("orders, refunds"), Value::NotSet),
                change(
                    "config.schema",
                    Value::Large {
                        bytes: 48_112,
                        sha256: "84bb7518".to_owned(),
                    },
                    Value::NotSet,
                ),
                change("config.owner", Value::Withheld, Value::Withheld),
            ],
            reason: Some(self.text("Rotate the warehouse password (SEC-311)")),
            interface: self.text("Dashboard"),
            address: value("203.0.113.24"),
            user_agent: value(
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:151.0) Gecko/20100101 Firefox/151.0",
            ),
            request_id: self.text("3FQhReq6Rv9tDy1"),
        }
    }

    fn row(
        self,
        n: u64,
        at: &str,
        actor: Actor,
        label: &str,
        summary: &str,
        target: Target,
    ) -> EventRow {
        EventRow {
            id: format!("3FQeEvnt3Os6qAv4XjZ8wBc{n}"),
            entry: n,
            actor,
            label: self.text(label),
            event_type: self.text("destination.updated"),
            summary: Some(self.text(summary)),
            outcome: Outcome::Success,
            target,
            when: when(at),
            details: None,
        }
    }

    fn rows(self) -> Vec<EventRow> {
        let snowflake = || self.target("Destination", DESTINATION, "Warehouse – Snowflake");
        let jonah = || {
            Actor::person(
                "3FQiJona7Sw0uEz0",
                self.text("Jonah Estrella"),
                self.text("jonah@fernhill.example"),
            )
        };
        let ci = Actor::service("3FQjTerr8Tx1vFa9", self.text("terraform-ci"));
        let person = |label: &str, name: &str| self.target(label, "3FQiJona7Sw0uEz0", name);
        let mut rows = vec![
            self.row(184_226, "2026-11-23T13:32:12Z", ci.clone(), "Updated", "bufferMinutes 15 → 5", self.target("Destination", "3FQlLake0Vz3xHc7", "Data lake – S3")),
            self.row(184_225, "2026-11-23T13:32:11Z", ci, "Created", "Go · 6 fields", self.target("Source", SOURCE, "Checkout service")),
            self.row(184_223, "2026-11-23T13:31:54Z", Actor::system(), "Erased", "6 values in 4 entries", self.target("Integrity", "", "Personal data")),
            self.row(184_222, "2026-11-23T13:27:40.118Z", self.actor().via(self.text("laptop")), "Updated", "8 fields · password changed", snowflake()),
            self.row(184_219, "2026-11-23T12:20:05Z", jonah(), "Deleted", "", snowflake()),
            self.row(184_218, "2026-11-23T11:04:47Z", jonah(), "Enabled MFA", "Authenticator app", person("MFA", "Jonah Estrella")),
            self.row(184_201, "2026-11-22T10:31:27Z", Actor::erased("3FQmGone1Wa4yId6kQ0Vx9"), "Changed Permission", "Viewer → Editor", person("Team", "Jonah Estrella")),
            self.row(184_199, "2026-11-22T09:12:08Z", self.actor(), "Created", "", self.target("Source", SOURCE, "Production web app")),
            self.row(183_981, "2026-11-12T14:08:33Z", self.actor(), "Updated", "Version 14 published", self.target("Transformation", TRANSFORMATION, "Mask e-mail and phone")),
            self.row(12, "2024-03-11T08:58:02Z", self.actor(), "Created", "Version 1", self.target("Library", LIBRARY, "piiMasks, a name that is much longer than the column in which it has to find its place")),
        ];
        rows[4].outcome = Outcome::Denied(self.text("Needs the Admin role"));
        rows[7].outcome = Outcome::Failed(self.text("A source of this name exists"));
        rows
    }

    fn log(self, all: &str) -> ResourceLog {
        ResourceLog {
            days: by_day(self.rows()),
            total: Some(312),
            all_href: Filter {
                target: all.to_owned(),
                ..Filter::default()
            }
            .href(),
            newer_href: None,
            older_href: Some(format!("?older_than={EVENT}")),
        }
    }

    fn bare_pages(self) -> Vec<Rendered> {
        let errors: Errors = [(
            "email",
            self.text("Write an address such as ines@fernhill.example."),
        )]
        .into_iter()
        .collect();
        let setup = Setup {
            bare: self.bare(),
            organization: self.text("Fernhill Market"),
            workspace: self.text("Production"),
            name: self.text("Ines Okafor-Lund"),
            email: self.text("ines@fernhill"),
            password_min: 12,
            errors: Errors::default(),
        };
        let secret = |id: &str, label: &str, purpose: &str| Secret {
            id: id.to_owned(),
            label: self.text(label),
            purpose: self.text(purpose),
            value: self.text("3FQnSecr2Xb5zJe5lR1Wy0mS6Yc7AkF4nT2"),
        };
        let done = SetupDone {
            bare: self.bare(),
            organization: self.text("Fernhill Market"),
            workspace: self.text("Production"),
            secrets: vec![
                secret(
                    "personal-token",
                    "Personal access token",
                    "Acts as you over the API.",
                ),
                secret(
                    "service-token",
                    "Service token",
                    "For programs such as Terraform. It outlives your membership.",
                ),
                secret(
                    "workspace-token",
                    "Workspace token",
                    "For the data plane, which asks for its configuration with it.",
                ),
            ],
            key_path: self.text("/var/lib/annals/annals.key"),
        };
        let sign_in = SignIn {
            bare: self.bare(),
            organization: Some(self.text("Fernhill Market")),
            host: self.text("annals.fernhill.example"),
            email: String::new(),
            next: self.text("/sources"),
            error: None,
            has_passkeys: true,
        };
        let refused = SignIn {
            email: self.text("ines@fernhill.example"),
            error: Some(
                self.text("This e-mail and password do not belong together. Nobody was signed in."),
            ),
            ..sign_in.clone()
        };
        let error = |status, title: &str, state: &str, advice: &str| ErrorPage {
            bare: self.bare(),
            status,
            title: self.text(title),
            state: self.text(state),
            advice: self.text(advice),
            recorded: None,
            link: Some((self.text("Go to Sources"), self.text("/sources"))),
        };
        let denied = ErrorPage {
            recorded: Some((self.text("Deleted"), 184_227)),
            ..error(
                403,
                "The audit log is open to administrators",
                "You are signed in as Jonah Estrella, an Editor. Nothing was changed.",
                "Ask Ines Okafor-Lund for the role.",
            )
        };
        vec![
            ("setup-errors", Setup { errors, ..setup.clone() }.render()),
            ("setup", setup.render()),
            ("setup-done", done.render()),
            ("sign-in", sign_in.render()),
            ("sign-in-refused", refused.render()),
            ("error-403", denied.render()),
            ("error-404", error(404, "Nothing is here", "The address may be mistyped, or the thing was deleted. Its history is in the audit log.", "Look for it in the audit log.").render()),
            ("error-503", error(503, "The database does not answer", "Nothing was changed and nothing was lost.", "Wait a minute, then load the page again.").render()),
        ]
    }

    fn resource_row(self, id: &str, name: &str, kind: &str) -> ResourceRow {
        ResourceRow {
            id: id.to_owned(),
            name: self.text(name),
            kind: self.text(kind),
            known: true,
            enabled: true,
            connections: 4,
            last_change: Some(self.last_change()),
        }
    }

    fn source_head(self) -> SourceHead {
        SourceHead {
            id: SOURCE.to_owned(),
            name: self.text("Production web app"),
            kind: self.text("JavaScript"),
            known: true,
            enabled: true,
            can_edit: true,
            can_audit: true,
            can_watch: true,
            has_settings: true,
            deleted: false,
            events: Some(48),
            last_change: Some(self.last_change()),
        }
    }

    fn source_pages(self) -> Vec<Rendered> {
        let frame = self.frame(NavItem::Sources);
        let recorded = Frame {
            flash: Some(Flash::Recorded {
                done: self.text("Saved"),
                events: vec![
                    Recorded {
                        label: self.text("Updated Name"),
                        entry: 184_221,
                        event_id: EVENT.to_owned(),
                    },
                    self.recorded(),
                ],
            }),
            ..frame.clone()
        };
        let errors: Errors = [
            ("name", self.text("Give it a name.")),
            ("type", self.text("Choose a type.")),
        ]
        .into_iter()
        .collect();
        let list = Sources {
            frame: frame.clone(),
            can_create: true,
            rows: vec![
                self.resource_row(SOURCE, "Production web app", "JavaScript"),
                ResourceRow {
                    enabled: false,
                    connections: 0,
                    ..self.resource_row("3FQoAppl3Yc6aKf4", "iOS app", "Swift")
                },
                ResourceRow {
                    known: false,
                    last_change: None,
                    ..self.resource_row("3FQpTill4Zd7bLg3", "Tills in the shops", "acme_till")
                },
            ],
            next_href: Some("/sources?page=2".to_owned()),
        };
        let overview = SourceOverview {
            frame: recorded,
            head: self.source_head(),
            write_key: Some(self.text("2CHj1PJ6uNqtjkAtnTnPGkQ0Vx9")),
            geo_enrichment: true,
            transient: false,
            created: when("2024-03-11T08:58:02Z"),
            updated: when("2026-11-22T10:31:27Z"),
            destinations: vec![ConnectedDestination {
                id: DESTINATION.to_owned(),
                name: self.text("Warehouse – Snowflake"),
                kind: self.text("Snowflake"),
                enabled: true,
            }],
        };
        let reader = SourceOverview {
            head: SourceHead {
                can_edit: false,
                can_audit: false,
                can_watch: false,
                known: false,
                enabled: false,
                last_change: None,
                ..self.source_head()
            },
            write_key: None,
            destinations: Vec::new(),
            frame: frame.clone(),
            ..overview.clone()
        };
        let settings = SourceSettings {
            frame: frame.clone(),
            head: self.source_head(),
            form: SourceForm {
                name: self.text("Production web app"),
                enabled: true,
                geo_enrichment: false,
                transient: true,
                fields: self.fields(),
                json: String::new(),
                json_secrets: Vec::new(),
                seen: "1764300000000000".to_owned(),
            },
            errors: Errors::default(),
        };
        let new = SourceNew {
            frame: frame.clone(),
            types: self.types(),
            allow_unknown: true,
            other_type: self.text(""),
            name: self.text(""),
            enabled: true,
            settings: None,
            errors: errors.clone(),
        };
        let new_settings = SourceNew {
            settings: Some(NewSettings {
                type_name: self.text("Shopify"),
                kind: self.text("Shopify"),
                fields: self.fields(),
                json: String::new(),
            }),
            ..new.clone()
        };
        let delete = Delete {
            frame: frame.clone(),
            question: Question {
                noun: self.text("source"),
                name: self.text("Production web app"),
                action: format!("/sources/{SOURCE}/delete"),
                back: format!("/sources/{SOURCE}"),
                list: (self.text("Sources"), "/sources".to_owned()),
                consequences: vec![
                    self.text("Its connection to Warehouse – Snowflake is removed first."),
                ],
                recorded_as: vec![self.text("Disconnect Source"), self.text("Deleted")],
            },
            errors: [("confirm", self.text("This is not its name."))]
                .into_iter()
                .collect(),
        };
        vec![
            (
                "sources-empty",
                Sources {
                    rows: Vec::new(),
                    ..list.clone()
                }
                .render(),
            ),
            ("sources", list.render()),
            ("source", overview.render()),
            ("source-reader", reader.render()),
            (
                "source-settings-errors",
                SourceSettings {
                    errors,
                    ..settings.clone()
                }
                .render(),
            ),
            (
                "source-settings-reader",
                SourceSettings {
                    head: SourceHead {
                        can_edit: false,
                        can_watch: false,
                        ..self.source_head()
                    },
                    ..settings.clone()
                }
                .render(),
            ),
            ("source-settings", settings.render()),
            (
                "source-audit-logs",
                SourceAuditLogs {
                    frame,
                    head: self.source_head(),
                    log: self.log(SOURCE),
                }
                .render(),
            ),
            ("source-new", new.render()),
            ("source-new-settings", new_settings.render()),
            ("source-delete", delete.render()),
        ]
    }

    fn destination_head(self) -> DestinationHead {
        DestinationHead {
            id: DESTINATION.to_owned(),
            name: self.text("Warehouse – Snowflake"),
            kind: self.text("Snowflake"),
            known: true,
            enabled: true,
            can_edit: true,
            can_audit: true,
            can_watch: true,
            deleted: false,
            connections: 2,
            events: Some(1312),
            last_change: Some(self.last_change()),
        }
    }

    fn fields(self) -> Vec<Field> {
        let field = |name: &str, label: &str, input| Field {
            name: self.text(name),
            label: self.text(label),
            hint: None,
            required: true,
            error: None,
            input,
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
            field("config.password", "Password", Input::Secret { set: true }),
            field("config.apiKey", "API key", Input::Secret { set: false }),
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

    fn destination_pages(self) -> Vec<Rendered> {
        let frame = self.frame(NavItem::Destinations);
        let connection = |id: &str, name: &str, enabled| Connection {
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
            revision: self.text("3FQhRevn6Rv9tDy3AjC1zEf8Ng5"),
            errors: Errors::default(),
        };
        let connected = DestinationConnections {
            frame: frame.clone(),
            head: head(),
            connections,
            sources: vec![choice("3FQoAppl3Yc6aKf4", "Android app")],
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
            next_href: None,
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

    fn code_head(self, id: &str, name: &str) -> CodeHead {
        CodeHead {
            id: id.to_owned(),
            name: self.text(name),
            description: self.text("Personal values leave the building masked."),
            language: self.text("JavaScript"),
            published: Some(self.text("14")),
            versions: 15,
            can_edit: true,
            can_audit: true,
            can_watch: true,
            deleted: false,
            events: Some(41),
            last_change: Some(self.last_change()),
        }
    }

    fn code_pages(self) -> Vec<Rendered> {
        let frame = self.frame(NavItem::Transformations);
        let code = self.text("import { maskEmail } from \"piiMasks\";\n\nexport function transformEvent(event, metadata) {\n  const traits = event.context?.traits ?? {};\n  if (traits.email) traits.email = maskEmail(traits.email);\n  return event;\n}\n");
        let head = || self.code_head(TRANSFORMATION, "Mask e-mail and phone");
        let version = |number: &str, published, note: Option<&str>| Version {
            id: TRANSFORMATION.to_owned(),
            number: self.text(number),
            published,
            by: Some(self.text("Priya Vanterpool")),
            when: when("2026-11-20T11:05:00Z"),
            note: note.map(|note| self.text(note)),
        };
        let versions = vec![
            version("15", false, None),
            version("14", true, Some("Mask phones, do not drop them")),
        ];
        let row = |id: &str, name: &str, published: Option<&str>| CodeRow {
            id: id.to_owned(),
            name: self.text(name),
            language: self.text("JavaScript"),
            published: published.map(|version| self.text(version)),
            used: 3,
            last_change: Some(self.last_change()),
        };
        let used_by = |name: &str, href: &str| UsedBy {
            name: self.text(name),
            kind: self.text("Snowflake"),
            href: href.to_owned(),
        };
        let list = Transformations {
            frame: frame.clone(),
            can_create: true,
            rows: vec![
                row(TRANSFORMATION, "Mask e-mail and phone", Some("14")),
                row("3FQsSess7Cg0eOj0", "Sessionise mobile events", None),
            ],
            next_href: None,
        };
        let overview = TransformationOverview {
            frame: frame.clone(),
            head: head(),
            code: code.clone(),
            code_version: Some(self.text("15")),
            created: when("2024-03-11T09:02:00Z"),
            updated: when("2026-11-23T13:27:40Z"),
            used_by: vec![used_by(
                "Warehouse – Snowflake",
                "/destinations/3FQbSnow9Lp3nXs7UmW5tYz2Vx9",
            )],
        };
        let form = CodeForm {
            frame: frame.clone(),
            noun: Noun {
                word: "transformation",
                list: "Transformations",
                root: "/transformations",
            },
            of: Some((
                format!("/transformations/{TRANSFORMATION}"),
                self.text("Mask e-mail and phone"),
            )),
            name: self.text("Mask e-mail and phone"),
            description: self.text("What is personal leaves masked."),
            languages: vec![Choice::new("javascript", "JavaScript", "javascript")],
            code: code.clone(),
            events: self.text("[{\"type\": \"track\"}]"),
            can_run: true,
            tests: vec![
                TestSeen {
                    name: self.text("Test events"),
                    pass: true,
                    errors: Vec::new(),
                    output: self.text("[]"),
                },
                TestSeen {
                    name: self.text("Other events"),
                    pass: false,
                    errors: vec![self.text("TypeError: no such thing")],
                    output: String::new(),
                },
            ],
            errors: [("code", "Line 3, column 5: Unexpected token.")]
                .into_iter()
                .collect(),
        };
        let version = CodeVersion {
            frame: frame.clone(),
            noun: form.noun.clone(),
            address: format!("/transformations/{TRANSFORMATION}"),
            name: self.text("Mask e-mail and phone"),
            id: self.text("3FQcMask1Mq4oYt6VlX6uZa3Lw8"),
            number: 14,
            published: false,
            when: when("2026-11-23T13:26:02Z"),
            language: self.text("JavaScript"),
            lines: Some(difference(&self.text("a\nb\nc"), &self.text("a\nB\nc\nd"))),
            code: code.clone(),
            can_edit: true,
        };
        let library_frame = self.frame(NavItem::Libraries);
        let library = Library {
            frame: library_frame.clone(),
            head: self.code_head(LIBRARY, "piiMasks"),
            import_name: self.text("piiMasks"),
            code,
            code_version: None,
            created: when("2024-03-11T09:02:00Z"),
            updated: when("2026-11-23T13:27:40Z"),
            versions: versions.clone(),
            used_by: vec![used_by(
                "Mask e-mail and phone",
                "/transformations/3FQcMask1Mq4oYt6VlX6uZa3Lw8",
            )],
        };
        let libraries = Libraries {
            frame: library_frame,
            can_create: true,
            rows: vec![row(LIBRARY, "piiMasks", Some("5"))],
            next_href: None,
        };
        vec![
            (
                "transformations-empty",
                Transformations {
                    rows: Vec::new(),
                    ..list.clone()
                }
                .render(),
            ),
            ("transformations", list.render()),
            ("transformation", overview.render()),
            (
                "transformation-new",
                CodeForm {
                    of: None,
                    can_run: false,
                    tests: Vec::new(),
                    errors: Errors::default(),
                    ..form.clone()
                }
                .render(),
            ),
            ("transformation-code", form.render()),
            ("transformation-version", version.render()),
            (
                "transformation-versions",
                TransformationVersions {
                    frame: frame.clone(),
                    head: head(),
                    versions,
                }
                .render(),
            ),
            (
                "transformation-audit-logs",
                TransformationAuditLogs {
                    frame,
                    head: head(),
                    log: self.log(TRANSFORMATION),
                }
                .render(),
            ),
            (
                "libraries-empty",
                Libraries {
                    rows: Vec::new(),
                    ..libraries.clone()
                }
                .render(),
            ),
            ("libraries", libraries.render()),
            ("library", library.render()),
        ]
    }

    fn audit_logs(self) -> AuditLogs {
        let filter = Filter::default();
        let counts = |tab: &str| match tab {
            "" => Some(184_227),
            "source" => Some(212),
            "mfa" => Some(0),
            _ => None,
        };
        let action = |value: &str, label: &str| Choice::new(value, self.text(label), "");
        AuditLogs {
            frame: self.frame(NavItem::AuditLogs),
            problems: Vec::new(),
            tabs: filter.tabs(counts),
            filter,
            actions: vec![
                ChoiceGroup {
                    label: self.text("Source"),
                    choices: vec![action("source.created", "Created")],
                },
                ChoiceGroup {
                    label: self.text("Destination"),
                    choices: vec![action("destination.updated", "Updated")],
                },
            ],
            days: by_day(self.rows()),
            total: Some(184_227),
            newer: None,
            older: Some(EVENT.to_owned()),
            refused: None,
            can_export_all: true,
            token_name: None,
        }
    }

    fn type_list(self, can_edit: bool) -> Types {
        let row = |name: &str, from, changed| TypeRow {
            kind: "destination",
            label: "Destination",
            name: self.text(name),
            display_name: self.text("Kettle"),
            from,
            secrets: self.text("token, headers.to and 3 more"),
            has_schema: true,
            has_form: true,
            changed,
            query: "kind=destination&name=KETTLE".to_owned(),
        };
        Types {
            frame: self.frame(NavItem::Settings),
            can_edit,
            rows: vec![
                row("KETTLE", "By hand", Some(when("2026-11-20T09:12:00Z"))),
                row("WEBHOOK", "Annals", None),
            ],
        }
    }

    fn type_form(self, is_new: bool) -> TypeForm {
        let wrong = [
            ("name", self.text("Give it a name.")),
            ("schema", self.text("This is not JSON.")),
        ];
        TypeForm {
            frame: self.frame(NavItem::Settings),
            is_new,
            is_taken: !is_new,
            is_source: false,
            name: self.text("KETTLE"),
            display_name: self.text("Kettle"),
            all_secret: false,
            secret_keys: self.text("token"),
            schema: self.text("{}"),
            errors: if is_new {
                wrong.into_iter().collect()
            } else {
                Errors::default()
            },
        }
    }

    fn settings_pages(self) -> Vec<Rendered> {
        let mut open = self.audit_logs();
        open.days[0].rows[3].details = Some(self.details());
        open.filter.open.clone_from(&open.days[0].rows[3].id);
        let filter = Filter {
            tab: "destination".to_owned(),
            actor: self.text("tomas@fernhill.example"),
            token: self.text("3FQtTok1"),
            action: "destination.updated".to_owned(),
            from: self.text("2026-11-17"),
            zone: "utc".to_owned(),
            older_than: EVENT.to_owned(),
            ..Filter::default()
        };
        let filtered = AuditLogs {
            tabs: filter.tabs(|_| None),
            filter,
            problems: vec![self.text("“2026-13-01” is no day.")],
            newer: Some(EVENT.to_owned()),
            total: None,
            token_name: Some(self.text("laptop")),
            ..self.audit_logs()
        };
        let nothing = AuditLogs {
            days: Vec::new(),
            newer: None,
            older: None,
            total: Some(0),
            ..filtered.clone()
        };
        let empty = AuditLogs {
            days: Vec::new(),
            older: None,
            total: Some(0),
            ..self.audit_logs()
        };
        let unknown_zone = AuditLogs {
            frame: Frame {
                zone: None,
                theme: Theme::Dark,
                ..self.frame(NavItem::AuditLogs)
            },
            ..self.audit_logs()
        };
        let event = |at: usize, details| {
            EventPage {
            frame: self.frame(NavItem::AuditLogs),
            row: self.rows().swap_remove(at),
            details,
            related: vec![self.target("Source", SOURCE, "Production web app")],
            proof: Proof {
                log: self.text("3FQtLog0Dh1fPk9"),
                origin: self.text("annals.fernhill.example/3FQtLog0Dh1fPk9"),
                vkey: self.text("annals.fernhill.example/3FQtLog0Dh1fPk9+84bb7518+ATZ0yHLjVR+Bm76dRhnveyKpgg10VyXXiqOX0sDS4Ck2"),
                whole: at != 4,
                signed: (at != 2).then_some(184_224),
                refused: (at == 4).then(|| self.text("The database was restored from an older backup.")),
            },
            json: self.text("{\n  \"id\": \"3FQeEvnt3Os6qAv4XjZ8wBc5Kd2\",\n  \"action\": \"updated\",\n  \"targetType\": \"destination\"\n}"),
        }
        };
        let erased = Details {
            changes: Vec::new(),
            reason: None,
            address: Value::Erased(None),
            user_agent: Value::Withheld,
            ..self.details()
        };
        let workspace = WorkspaceSettings {
            frame: Frame {
                flash: Some(Flash::Warning {
                    title: self.text("Saved in the meantime by Tomas Brightwater."),
                    text: self.text("What you see is as it is now."),
                }),
                ..self.frame(NavItem::Settings)
            },
            id: self.text("3FQtWork8Dh1fPk9"),
            name: self.text("Production"),
            environment: self.text("Production"),
            region: self.text("EU"),
            created: when("2024-03-11T08:50:00Z"),
            can_edit: true,
            allow_unknown_types: true,
            refuse_invalid_config: false,
            form_name: self.text("Production"),
            environments: vec![Choice::new("PRODUCTION", "Production", "PRODUCTION")],
            errors: Errors::default(),
            last_change: Some(self.last_change()),
        };
        let reader = WorkspaceSettings {
            can_edit: false,
            frame: Frame {
                flash: Some(Flash::Error {
                    title: self.text("Not saved."),
                    text: self.text("Your session is older than an hour. Nothing was changed."),
                }),
                ..self.frame(NavItem::Settings)
            },
            ..workspace.clone()
        };
        vec![
            ("audit-logs", self.audit_logs().render()),
            ("audit-logs-open", open.render()),
            ("audit-logs-filtered", filtered.render()),
            ("audit-logs-nothing", nothing.render()),
            ("audit-logs-empty", empty.render()),
            ("audit-logs-unknown-zone", unknown_zone.render()),
            ("event", event(3, self.details()).render()),
            ("event-denied", event(4, erased.clone()).render()),
            ("event-system", event(2, erased).render()),
            ("workspace", workspace.render()),
            ("workspace-reader", reader.render()),
            ("types", self.type_list(true).render()),
            ("types-reader", self.type_list(false).render()),
            ("type-new", self.type_form(true).render()),
            ("type", self.type_form(false).render()),
        ]
    }
}

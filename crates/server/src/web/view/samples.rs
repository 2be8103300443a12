//! Every page with invented data, for tests and for eyes.

use super::delete::Question;
use super::event::{
    Change, Details, EventRow, Outcome, Person as Named, ResourceLog, Value, by_day,
};
use super::filter::Filter;
use super::frame::{Bare, Frame, NavCounts, NavItem, Person, Theme};
use super::parts::{Actor, Choice, ChoiceGroup, LastChange, Recorded, Target};
use super::sources::ResourceRow;
use super::when::When;
use crate::schema::Faults;
use jiff::Timestamp;
use jiff::tz::TimeZone;

mod access;
mod account;
mod bare;
mod code;
mod destinations;
mod live;
mod reverse_etl;
mod settings;
mod sources;

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

    fn question(self, noun: &str, path: &str, name: &str) -> Question {
        Question {
            kept: None,
            noun: self.text(noun),
            name: self.text(name),
            action: format!("{path}/delete"),
            back: path.to_owned(),
            list: (self.text("The list"), "/sources".to_owned()),
            consequences: vec![self.text("Its 2 connections are removed first.")],
            recorded_as: vec![self.text("Disconnect Source"), self.text("Deleted")],
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
            name: None,
            path: self.text(path),
            before,
            after,
        };
        let value = |text: &str| Value::Text(self.text(text));
        Details {
            more: vec![(self.text("importedFrom"), self.text("2x"))],
            changes: vec![
                change("config.role", value("TRANSFORMER"), value("TRANSFORMER_V2")),
                change("config.syncEveryMinutes", value("180"), value("30")),
                change("config.password", Value::Redacted, Value::Redacted),
                change("config.apiKey", Value::NotSet, Value::Redacted),
                change(
                    "config.alertEmail",
                    Value::Erased(184_190),
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
                change(
                    "people",
                    Value::People(Vec::new()),
                    Value::People(vec![
                        Named {
                            id: "3FQpPers0nA7bKh1".to_owned(),
                            name: Some(self.text("Priya Raman")),
                        },
                        Named {
                            id: "3FQpPers0nB8cLi2".to_owned(),
                            name: None,
                        },
                    ]),
                ),
                Change {
                    name: Some(self.text("Staging")),
                    ..change("workspaces.3FQpPlaceC9dMj3", Value::NotSet, value("editor"))
                },
            ],
            reason: Some(self.text("Rotate the warehouse password (SEC-311)")),
            interface: value("Dashboard"),
            address: value("203.0.113.24"),
            user_agent: value(
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:151.0) Gecko/20100101 Firefox/151.0",
            ),
            request_id: self.text("3FQhReq6Rv9tDy1"),
            client_request: Some(self.text("req-of-the-client")),
            warnings: self.faults(),
        }
    }

    fn faults(self) -> Faults {
        let fault = |at: &str, what: &str| (self.text(at), self.text(what));
        vec![
            fault("config.role", "has to be one of: LOADER, TRANSFORMER"),
            fault("config.warehouse", "is needed"),
        ]
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
            query: format!("target={all}"),
            href: "?".to_owned(),
            newer_href: None,
            older_href: Some(format!("?older_than={EVENT}")),
        }
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
}

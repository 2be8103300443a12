//! Live events, and the token of the data plane that tells them.

use askama::Template as _;

use super::super::frame::NavItem;
use super::super::live::{
    DestinationLive, LiveList, LivePart, LiveRow, SourceLive, TransformationLive,
};
use super::super::parts::{Choice, Errors};
use super::super::workspace_settings::DataPlaneToken;
use super::{Rendered, SOURCE, Samples, TRANSFORMATION, when};

impl Samples {
    fn live(self, noun: &'static str) -> LiveList {
        let row = |number, tone, word: &str, about| LiveRow {
            number,
            when: when("2026-11-23T13:27:40.118Z"),
            kind: self.text("track"),
            name: self.text("Order Completed"),
            tone,
            word: self.text(word),
            about,
            parts: vec![
                LivePart {
                    name: "Event",
                    json: Some(self.text("{\n  \"event\": \"Order Completed\"\n}")),
                },
                LivePart {
                    name: "Answer",
                    json: None,
                },
            ],
        };
        let choice = |value: &str, label: &str| Choice::new(value, label, "track");
        let source = (
            "Source",
            self.text("Production web app"),
            Some(format!("/sources/{SOURCE}")),
        );
        LiveList {
            path: format!("/{noun}s/{SOURCE}/live"),
            here: format!("/{noun}s/{SOURCE}/live?type=track"),
            noun,
            in_use: true,
            rows: vec![
                row(12, "ok", "Received", None),
                row(11, "bad", "Given up, 400", Some(source)),
                row(
                    10,
                    "",
                    "Dropped",
                    Some(("Destination", self.text("gone"), None)),
                ),
            ],
            newest: 12,
            kinds: vec![choice("", "Any"), choice("track", "track")],
            outcomes: vec![choice("", "Any"), choice("bad", "Refused")],
            name: self.text("order"),
            is_filtered: true,
        }
    }

    pub(super) fn live_pages(self) -> Vec<Rendered> {
        let source = SourceLive {
            frame: self.frame(NavItem::Sources),
            head: self.source_head(),
            live: self.live("source"),
        };
        let none = |in_use, is_filtered| SourceLive {
            live: LiveList {
                rows: Vec::new(),
                in_use,
                is_filtered,
                ..self.live("source")
            },
            ..source.clone()
        };
        let destination = DestinationLive {
            frame: self.frame(NavItem::Destinations),
            head: self.destination_head(),
            live: self.live("destination"),
        };
        let transformation = TransformationLive {
            frame: self.frame(NavItem::Transformations),
            head: self.code_head(TRANSFORMATION, "Mask"),
            live: self.live("transformation"),
        };
        let token = DataPlaneToken {
            frame: self.frame(NavItem::Settings),
            shown: None,
            once: self.text("AAECAwQFBgcICQoLDA0ODw"),
            errors: Errors::default(),
        };
        let wrong = [("password", self.text("The password is wrong."))];
        vec![
            ("source-live", source.render()),
            ("source-live-none", none(true, false).render()),
            ("source-live-no-match", none(true, true).render()),
            ("source-live-off", none(false, false).render()),
            ("destination-live", destination.render()),
            ("transformation-live", transformation.render()),
            ("data-plane-token", token.render()),
            (
                "data-plane-token-wrong",
                DataPlaneToken {
                    errors: wrong.into_iter().collect(),
                    ..token.clone()
                }
                .render(),
            ),
            (
                "data-plane-token-shown",
                DataPlaneToken {
                    shown: Some(self.text("annals_wst_invented")),
                    ..token
                }
                .render(),
            ),
        ]
    }
}

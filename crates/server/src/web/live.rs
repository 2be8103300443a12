//! The tab Live events: what data planes tell of a source, a destination or a transformation while somebody looks.

use std::collections::{BTreeSet, HashMap};

use axum::extract::{Path, Query, State};
use model::role::Permission;
use serde::Deserialize;
use store::{Result, Rx, Watch, Watchable};

use super::answer::Answer;
use super::me::Me;
use super::refusal::Refusal;
use super::view::frame::NavItem;
use super::view::live::{
    DestinationLive, LiveList, LivePart, LiveRow, SourceLive, TransformationLive,
};
use super::view::parts::Choice;
use super::{destinations, sources, transformations};
use crate::app::App;
use crate::dataplane::live::{self, LiveEvent, Outcome};
use crate::request::Place;

/// The kinds of events that there are in RudderStack's specification.
const KINDS: &[(&str, &str)] = &[
    ("", "Any"),
    ("track", "track"),
    ("identify", "identify"),
    ("page", "page"),
    ("screen", "screen"),
    ("group", "group"),
    ("alias", "alias"),
];
/// How long a name may be that is looked for, in characters.
const NAME: usize = 200;

/// What is to be shown.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Wanted {
    r#type: String,
    outcome: String,
    name: String,
    /// Only events with a higher number: what a page that is open does not have yet.
    since: String,
}

impl Wanted {
    fn outcomes(kind: Watchable) -> &'static [(&'static str, &'static str)] {
        match kind {
            Watchable::Source => &[("", "Any"), ("fine", "Received"), ("bad", "Refused")],
            Watchable::Destination => &[
                ("", "Any"),
                ("fine", "Delivered"),
                ("open", "Under way"),
                ("bad", "Given up"),
            ],
            Watchable::Transformation => &[
                ("", "Any"),
                ("fine", "Transformed"),
                ("open", "Dropped"),
                ("bad", "Error"),
            ],
        }
    }

    /// What can be chosen must be one of the choices, and a name is not endless.
    fn check(&self, kind: Watchable) -> std::result::Result<u64, Refusal> {
        let is_one = |all: &[(&str, &str)], word: &str| all.iter().any(|(one, _)| *one == word);
        let fits = is_one(KINDS, &self.r#type)
            && is_one(Self::outcomes(kind), &self.outcome)
            && self.name.chars().count() <= NAME;
        match self.since.as_str() {
            _ if !fits => Err(Refusal::nothing_here()),
            "" => Ok(0),
            since => since.parse().map_err(|_| Refusal::nothing_here()),
        }
    }

    fn fits(&self, event: &LiveEvent) -> bool {
        let outcome = match event.outcome {
            Outcome::Fine => "fine",
            Outcome::Open => "open",
            Outcome::Bad => "bad",
        };
        let name = self.name.trim().to_lowercase();
        (self.r#type.is_empty() || self.r#type == event.kind)
            && (self.outcome.is_empty() || self.outcome == outcome)
            && (name.is_empty() || event.name.to_lowercase().contains(&name))
    }

    fn is_set(&self) -> bool {
        !(self.r#type.is_empty() && self.outcome.is_empty() && self.name.trim().is_empty())
    }

    fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in [
            ("type", &self.r#type),
            ("outcome", &self.outcome),
            ("name", &self.name),
        ] {
            if !value.is_empty() {
                query.append_pair(name, value);
            }
        }
        query.finish()
    }
}

fn choices(all: &[(&str, &str)], current: &str) -> Vec<Choice> {
    all.iter()
        .map(|(word, label)| Choice::new(*word, *label, current))
        .collect()
}

/// Whether the person may look at all.
fn may(me: &Me) -> std::result::Result<(), Refusal> {
    if me.signed_in.can.view_live_events {
        return Ok(());
    }
    Err(Refusal::not_for_you(Permission::ViewLiveEvents))
}

/// What an event is about besides the thing itself: how it is called, and its page.
type About = HashMap<String, (String, String)>;

fn about(rx: &mut Rx<'_>, place: Place, kind: Watchable, ids: BTreeSet<String>) -> Result<About> {
    let mut about = About::new();
    for id in ids {
        let found = match kind {
            Watchable::Source => None,
            Watchable::Destination => match id.parse() {
                Ok(source) => rx
                    .source(place.workspace, source)?
                    .map(|one| (one.name.clone(), format!("/sources/{id}"))),
                Err(_) => None,
            },
            Watchable::Transformation => match id.parse() {
                Ok(destination) => rx
                    .destination(place.workspace, destination)?
                    .map(|one| (one.name.clone(), format!("/destinations/{id}"))),
                Err(_) => None,
            },
        };
        if let Some(found) = found {
            about.insert(id, found);
        }
    }
    Ok(about)
}

fn row(me: &Me, kind: Watchable, event: &LiveEvent, known: &About) -> LiveRow {
    let word = match kind {
        Watchable::Source => "",
        Watchable::Destination => "Source",
        Watchable::Transformation => "Destination",
    };
    let pretty = |text: &String| {
        let value = serde_json::from_str::<serde_json::Value>(text);
        value
            .and_then(|value| serde_json::to_string_pretty(&value))
            .unwrap_or_else(|_| text.clone())
    };
    LiveRow {
        number: event.number,
        when: me.clock().at(event.at),
        kind: event.kind.clone(),
        name: event.name.clone(),
        tone: match event.outcome {
            Outcome::Fine => "ok",
            Outcome::Open => "",
            Outcome::Bad => "bad",
        },
        word: event.word.clone(),
        about: event.about.as_ref().map(|id| match known.get(id) {
            Some((name, href)) => (word, name.clone(), Some(href.clone())),
            None => (word, id.clone(), None),
        }),
        parts: event
            .parts
            .iter()
            .map(|(name, json)| LivePart {
                name,
                json: json.as_ref().map(pretty),
            })
            .collect(),
    }
}

async fn list(
    app: &App,
    me: &Me,
    (kind, noun): (Watchable, &'static str),
    (id, in_use): (&str, bool),
    wanted: Wanted,
) -> std::result::Result<LiveList, Refusal> {
    let since = wanted.check(kind)?;
    let place = me.place();
    let watch = Watch {
        workspace: place.workspace,
        kind,
        thing: id.to_owned(),
    };
    live::watch(app, watch).await?;
    let (events, newest) = app.live.of(place.workspace, id);
    let events: Vec<_> = events
        .into_iter()
        .filter(|event| event.number > since && wanted.fits(event))
        .collect();
    let ids = events.iter().filter_map(|event| event.about.clone());
    let ids = ids.collect();
    let known = app.read(move |rx| about(rx, place, kind, ids)).await?;
    let path = format!("/{noun}s/{id}/live");
    let query = wanted.query();
    Ok(LiveList {
        here: if query.is_empty() {
            path.clone()
        } else {
            format!("{path}?{query}")
        },
        path,
        noun,
        in_use,
        newest,
        rows: events
            .iter()
            .map(|event| row(me, kind, event, &known))
            .collect(),
        kinds: choices(KINDS, &wanted.r#type),
        outcomes: choices(Wanted::outcomes(kind), &wanted.outcome),
        is_filtered: wanted.is_set(),
        name: wanted.name,
    })
}

/// `GET /sources/{id}/live`
pub(super) async fn source(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    may(&me)?;
    let head = sources::head_of(&app, &me, &id).await?;
    let live = list(
        &app,
        &me,
        (Watchable::Source, "source"),
        (&head.id, head.enabled),
        wanted,
    )
    .await?;
    me.show(&SourceLive {
        frame: me.frame(NavItem::Sources),
        head,
        live,
    })
}

/// `GET /destinations/{id}/live`
pub(super) async fn destination(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    may(&me)?;
    let head = destinations::head_of(&app, &me, &id).await?;
    let kind = (Watchable::Destination, "destination");
    let live = list(&app, &me, kind, (&head.id, head.enabled), wanted).await?;
    me.show(&DestinationLive {
        frame: me.frame(NavItem::Destinations),
        head,
        live,
    })
}

/// `GET /transformations/{id}/live`
pub(super) async fn transformation(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    may(&me)?;
    let head = transformations::head_of(&app, &me, &id).await?;
    let kind = (Watchable::Transformation, "transformation");
    let thing = (head.id.as_str(), head.published.is_some());
    let live = list(&app, &me, kind, thing, wanted).await?;
    me.show(&TransformationLive {
        frame: me.frame(NavItem::Transformations),
        head,
        live,
    })
}

//! Live events: what data planes tell of the events that they take, transform and deliver, for who looks at it now.
//!
//! These are end users' own data. They are kept in this process's memory and nowhere else: in no row, no line of a log and no
//! event. Only what somebody looks at is taken, a little of it, and it goes with the last look (`Watch` in the store).

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::clock::Micros;
use model::id::WorkspaceId;
use store::{Result, Upkeep, Watch};

use crate::app::App;

/// How many events of one thing are kept.
pub const KEPT: usize = 100;
/// How many bytes of one thing's events.
const OF_THING: usize = 1024 * 1024;
/// How many bytes of one workspace's.
const OF_WORKSPACE: usize = 8 * 1024 * 1024;
/// How many bytes of all.
const OF_ALL: usize = 64 * 1024 * 1024;
/// How long a part of an event may be, in bytes. A longer one is not shown.
const PART: usize = 64 * 1024;
/// How long a word may be that stands in a list, in characters.
const WORD: usize = 200;
/// What an event takes besides its texts, roughly.
const FRAME: usize = 256;
/// How long it is remembered that the store knows who looks, in microseconds. It is far below what the store waits.
const NOTED: i64 = 60 * Micros::SECOND;

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well.
    Fine,
    /// It was dropped on purpose, or is tried again.
    Open,
    /// Not well.
    Bad,
}

/// A part of an event that can be opened: what it is, and the JSON; nothing where it is too long to be shown.
pub type Part = (&'static str, Option<String>);

/// What was told of one event.
#[derive(Clone, Debug)]
pub struct LiveEvent {
    /// Which one it is in this process: they are counted, newer ones higher.
    pub number: u64,
    /// When it was told.
    pub at: Micros,
    /// `track`, `identify`, ...
    pub kind: String,
    /// What the event is called.
    pub name: String,
    /// How it went.
    pub outcome: Outcome,
    /// The same in a word.
    pub word: String,
    /// The source that it came from, or the destination that it goes to, where it was told.
    pub about: Option<String>,
    /// The event itself, and what became of it.
    pub parts: Vec<Part>,
}

impl LiveEvent {
    /// An event without its place in memory.
    pub fn new(kind: &str, name: &str) -> Self {
        Self {
            number: 0,
            at: Micros(0),
            kind: cut(kind),
            name: cut(name),
            outcome: Outcome::Fine,
            word: String::new(),
            about: None,
            parts: Vec::new(),
        }
    }

    /// How it went, with a word.
    #[must_use]
    pub fn went(mut self, outcome: Outcome, word: &str) -> Self {
        self.outcome = outcome;
        self.word = cut(word);
        self
    }

    /// What else it is about.
    #[must_use]
    pub fn about(mut self, id: Option<&str>) -> Self {
        self.about = id.map(cut);
        self
    }

    /// With a part, as JSON.
    #[must_use]
    pub fn part(mut self, name: &'static str, json: &serde_json::Value) -> Self {
        if !json.is_null() {
            let text = json.to_string();
            self.parts
                .push((name, (text.len() <= PART).then_some(text)));
        }
        self
    }

    fn size(&self) -> usize {
        let texts = [&self.kind, &self.name, &self.word];
        let parts = self.parts.iter().filter_map(|(_, text)| text.as_ref());
        let about = self.about.iter();
        FRAME
            + texts
                .into_iter()
                .chain(parts)
                .chain(about)
                .map(String::len)
                .sum::<usize>()
    }
}

/// The beginning of a word that is too long.
fn cut(text: &str) -> String {
    text.chars().take(WORD).collect()
}

/// A thing of a workspace.
type Key = (WorkspaceId, String);

/// The live events of a process.
#[derive(Default)]
pub struct Live(Mutex<Shelf>);

#[derive(Default)]
struct Shelf {
    things: HashMap<Key, Ring>,
    /// What the store was told that somebody looks at, and when.
    noted: HashMap<Key, Micros>,
    /// How many events there were.
    count: u64,
}

/// What is kept of one thing, oldest first.
#[derive(Default)]
struct Ring {
    events: VecDeque<(Arc<LiveEvent>, usize)>,
    bytes: usize,
}

impl Ring {
    fn oldest(&self) -> u64 {
        self.events.front().map_or(u64::MAX, |(one, _)| one.number)
    }

    fn drop_oldest(&mut self) {
        if let Some((_, size)) = self.events.pop_front() {
            self.bytes -= size;
        }
    }
}

impl Shelf {
    fn bytes(&self, of: Option<WorkspaceId>) -> usize {
        let mine = |(key, _): &(&Key, &Ring)| of.is_none_or(|workspace| key.0 == workspace);
        self.things
            .iter()
            .filter(mine)
            .map(|(_, ring)| ring.bytes)
            .sum()
    }

    /// Drops the oldest events, of a workspace or of all, until the rest is not too much.
    fn make_room(&mut self, of: Option<WorkspaceId>, most: usize) {
        let mut bytes = self.bytes(of);
        while bytes > most {
            let mine = self
                .things
                .iter_mut()
                .filter(|(key, _)| of.is_none_or(|workspace| key.0 == workspace));
            let Some((_, ring)) = mine.min_by_key(|(_, ring)| ring.oldest()) else {
                return;
            };
            let before = ring.bytes;
            ring.drop_oldest();
            bytes -= before - ring.bytes;
        }
    }
}

impl Live {
    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what was told of a thing of a workspace.
    pub fn put(&self, workspace: WorkspaceId, thing: &str, event: LiveEvent, now: Micros) {
        let mut shelf = self.shelf();
        shelf.count += 1;
        let event = LiveEvent {
            number: shelf.count,
            at: now,
            ..event
        };
        let size = event.size();
        let ring = shelf
            .things
            .entry((workspace, thing.to_owned()))
            .or_default();
        ring.events.push_back((Arc::new(event), size));
        ring.bytes += size;
        while ring.events.len() > KEPT || ring.bytes > OF_THING {
            ring.drop_oldest();
        }
        shelf.make_room(Some(workspace), OF_WORKSPACE);
        shelf.make_room(None, OF_ALL);
    }

    /// What is kept of a thing, newest first, and the number of the newest event of whatever thing.
    pub fn of(&self, workspace: WorkspaceId, thing: &str) -> (Vec<Arc<LiveEvent>>, u64) {
        let shelf = self.shelf();
        let ring = shelf.things.get(&(workspace, thing.to_owned()));
        let all = ring.into_iter().flat_map(|ring| ring.events.iter().rev());
        (all.map(|(one, _)| one.clone()).collect(), shelf.count)
    }

    /// Whether nothing is kept.
    fn is_empty(&self) -> bool {
        let shelf = self.shelf();
        shelf.things.is_empty() && shelf.noted.is_empty()
    }

    /// Forgets what nobody looks at any more.
    fn keep(&self, watched: &BTreeSet<String>) {
        let mut shelf = self.shelf();
        shelf.things.retain(|(_, thing), _| watched.contains(thing));
        shelf.noted.retain(|(_, thing), _| watched.contains(thing));
    }

    /// Whether the store has not heard of late that somebody looks at this.
    fn is_due(&self, key: &Key, now: Micros) -> bool {
        let noted = self.shelf().noted.get(key).copied();
        noted.is_none_or(|at| at > now || at.plus(NOTED) <= now)
    }
}

/// Somebody looks at a thing now: the data planes of the workspace are told to send what they do with it.
///
/// # Errors
/// When the store cannot be written.
pub async fn watch(app: &App, watch: Watch) -> Result<()> {
    let now = app.store.clock().now();
    let key = (watch.workspace, watch.thing.clone());
    if !app.live.is_due(&key, now) {
        return Ok(());
    }
    app.store.upkeep(Upkeep::Watch(watch)).await?;
    app.live.shelf().noted.insert(key, now);
    Ok(())
}

/// Forgets what nobody looks at any more.
///
/// # Errors
/// When the store cannot be read.
pub async fn tidy(app: &App) -> Result<()> {
    if app.live.is_empty() {
        return Ok(());
    }
    let watched = app.read(|rx| rx.all_watched()).await?;
    app.live.keep(&watched);
    Ok(())
}

#[cfg(test)]
mod tests {
    use model::clock::{SystemClock, SystemEntropy};
    use serde_json::json;

    use super::*;

    fn workspace() -> WorkspaceId {
        WorkspaceId::new(&SystemClock, &SystemEntropy)
    }

    fn event(name: &str, bytes: usize) -> LiveEvent {
        LiveEvent::new("track", name).part("payload", &json!("x".repeat(bytes)))
    }

    fn names(live: &Live, workspace: WorkspaceId, thing: &str) -> Vec<String> {
        let (all, _) = live.of(workspace, thing);
        all.iter().map(|one| one.name.clone()).collect()
    }

    #[test]
    fn the_newest_of_each_thing_are_kept_newest_first() {
        let (live, here) = (Live::default(), workspace());
        for number in 0..KEPT + 5 {
            live.put(here, "a", event(&number.to_string(), 10), Micros(1));
        }
        live.put(here, "b", event("other", 10), Micros(1));
        let kept = names(&live, here, "a");
        assert_eq!(kept.len(), KEPT);
        assert_eq!(kept[0], (KEPT + 4).to_string());
        assert_eq!(kept[KEPT - 1], "5");
        assert_eq!(names(&live, here, "b"), ["other"]);
        assert!(
            live.of(workspace(), "a").0.is_empty(),
            "of another workspace"
        );
    }

    #[test]
    fn bytes_are_bounded_for_a_thing_a_workspace_and_all() {
        let (live, here) = (Live::default(), workspace());
        for number in 0..40 {
            live.put(here, "a", event(&number.to_string(), 60_000), Micros(1));
        }
        assert!(live.shelf().bytes(None) <= OF_THING);
        assert_eq!(names(&live, here, "a")[0], "39");
        for thing in 0..20 {
            for number in 0..20 {
                live.put(
                    here,
                    &format!("t{thing}"),
                    event(&number.to_string(), 60_000),
                    Micros(1),
                );
            }
        }
        assert!(live.shelf().bytes(Some(here)) <= OF_WORKSPACE);
        assert!(live.of(here, "a").0.is_empty(), "the oldest went first");
        assert!(!live.of(here, "t19").0.is_empty());
        for _ in 0..10 {
            let there = workspace();
            for thing in 0..8 {
                for number in 0..16 {
                    live.put(
                        there,
                        &format!("t{thing}"),
                        event(&number.to_string(), 60_000),
                        Micros(1),
                    );
                }
            }
        }
        assert!(live.shelf().bytes(None) <= OF_ALL);
        assert!(
            live.of(here, "t19").0.is_empty(),
            "the oldest of all went first"
        );
    }

    #[test]
    fn what_is_too_long_is_said_to_be_and_not_kept() {
        let long = event(&"n".repeat(1000), PART + 1);
        assert_eq!(long.name.len(), WORD);
        assert_eq!(long.parts, [("payload", None)]);
        assert!(long.size() < 1000);
    }

    #[test]
    fn nothing_is_kept_that_nobody_looks_at() {
        let (live, here) = (Live::default(), workspace());
        live.put(here, "a", event("one", 10), Micros(1));
        live.put(here, "b", event("two", 10), Micros(1));
        live.keep(&BTreeSet::from(["b".to_owned()]));
        assert!(live.of(here, "a").0.is_empty());
        assert_eq!(names(&live, here, "b"), ["two"]);
        live.keep(&BTreeSet::new());
        assert!(live.is_empty());
    }
}

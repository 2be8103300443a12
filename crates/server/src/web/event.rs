//! An event of the log, as rows, details and pages show it.

use std::collections::HashMap;

use model::actor::ELSEWHERE;
use model::catalogue::{EventType, TargetType};
use model::change::{Change as Changed, ChangeKind};
use model::clock::Micros;
use model::definition::{Definitions, Kind};
use model::entry::{Entry, Outcome as Ended};
use model::id::{UserId, VersionId, WorkspaceId};
use model::interface::{Interface, short_user_agent};
use model::things::CodeKind;
use serde_json::Value as Json;
use store::{Event, Hidden, Result, Rx};

use super::names::{self, Names};
use super::things;
use super::view::event::{Change, Details, EventRow, Outcome, Person, Value, apart};
use super::view::parts::{Actor, ActorKind, Target};
use super::visitor::Clock;
use crate::actions::input::is_misleading;
use crate::schema::Faults;

/// What is said in place of what the reader may not know of a person.
const ELSEWHERE_WITHHELD: &str = "roles in other workspaces withheld";

/// The longest value in the line that says what changed, in characters.
const SHORT: usize = 40;

/// What a person reads in the column "Action".
pub(super) fn label(entry: &Entry) -> &str {
    EventType::find(&entry.target.r#type, &entry.action)
        .map_or(entry.action.as_str(), |known| known.label)
}

/// Shows events, and remembers which things still have a page, and what is called how.
pub(super) struct Shower<'c> {
    clock: &'c Clock,
    names: Names,
    pages: HashMap<String, Option<String>>,
}

/// Where the pages of things of a kind are, if they have any.
const fn folder(kind: TargetType) -> Option<&'static str> {
    match kind {
        TargetType::Source => Some("sources"),
        TargetType::Account => Some("accounts"),
        TargetType::Destination => Some("destinations"),
        TargetType::Connection => Some("connections"),
        TargetType::Transformation => Some("transformations"),
        TargetType::TransformationLibrary => Some("libraries"),
        _ => None,
    }
}

/// The page of a thing's log, if it has one of its own: it is there when the thing is no more.
pub(super) fn log_of(kind: TargetType, id: &str) -> Option<String> {
    match (folder(kind)?, kind) {
        (_, TargetType::TransformationLibrary) => None,
        (folder, _) => Some(format!("/{folder}/{id}/audit-logs")),
    }
}

/// A person or thing of which only the id is left.
pub(super) fn tail(id: &str) -> String {
    let length = id.chars().count();
    id.chars().skip(length.saturating_sub(6)).collect()
}

fn noun(kind: &str) -> String {
    if kind == TargetType::Connection.as_str() {
        // No event has it as its target.
        return "Connection".to_owned();
    }
    TargetType::from_word(kind)
        .and_then(|kind| {
            model::catalogue::ALL
                .iter()
                .find(|one| one.target == kind)
                .map(|one| one.type_label.to_owned())
        })
        .unwrap_or_else(|| kind.to_owned())
}

/// A text with what nobody would see in it, or what would turn around what stands beside it, written out: a record must be what
/// it looks like.
pub(super) fn visible(text: &str) -> String {
    let is_hidden =
        |one: char| is_misleading(one) || (one.is_control() && !matches!(one, '\n' | '\r' | '\t'));
    let mut shown = String::with_capacity(text.len());
    for one in text.chars() {
        if is_hidden(one) {
            shown.extend(one.escape_unicode());
        } else {
            shown.push(one);
        }
    }
    shown
}

/// A value in one line.
fn line(value: &Json) -> String {
    let text = match value {
        Json::String(text) if text.is_empty() => "(empty)".to_owned(),
        Json::String(text) => visible(&text.replace(['\n', '\r', '\t'], " ")),
        other => visible(&other.to_string()),
    };
    if text.chars().count() <= SHORT {
        return text;
    }
    let mut short: String = text.chars().take(SHORT - 1).collect();
    short.push('…');
    short
}

/// A value in full.
fn shown(value: Option<&Json>) -> Value {
    match value {
        None => Value::NotSet,
        Some(Json::String(text)) => Value::Text(visible(text)),
        Some(other) => Value::Text(visible(&other.to_string())),
    }
}

fn field(path: &str) -> &str {
    path.strip_prefix("config.").unwrap_or(path)
}

fn actor(event: &Event) -> Actor {
    let entry = &event.entry;
    let id = entry.actor.id.clone().unwrap_or_default();
    let name = event.actor_name.as_deref().map(visible);
    match entry.actor.r#type.as_str() {
        "user" => {
            let Some(name) = name else {
                let erased = Actor::erased(id);
                let name = match event.hidden.get("actorName") {
                    Some(Hidden::Withheld) => "Withheld".to_owned(),
                    Some(Hidden::Missing) => "Missing".to_owned(),
                    Some(Hidden::Erased(_)) | None => erased.name,
                };
                return Actor { name, ..erased };
            };
            let actor = Actor::person(id, name, event.actor_email.clone().unwrap_or_default());
            match (&entry.actor.token, &event.token_name) {
                (Some(_), Some(token)) => actor.via(token),
                (Some(token), None) => actor.via(format!("token …{}", tail(token))),
                (None, _) => actor,
            }
        }
        "service" => Actor::service(id, name.unwrap_or_else(|| "Service token".to_owned())),
        "system" if name.as_deref() == Some(ELSEWHERE) => Actor {
            name: "Another organization".to_owned(),
            detail: "Of the person's".to_owned(),
            ..Actor::system()
        },
        "system" => {
            let detail = match event.interface {
                Some(Interface::CommandLine) => "Command line",
                _ => "System",
            };
            Actor {
                detail: detail.to_owned(),
                ..Actor::system()
            }
        }
        _ => Actor {
            kind: ActorKind::Hidden,
            id: String::new(),
            name: "Nobody signed in".to_owned(),
            detail: "Visitor".to_owned(),
            via: None,
        },
    }
}

/// Why something was done, where the event says so.
fn reason(event: &Event) -> Option<&'static str> {
    match event.detail.as_ref()?.get("reason")?.as_str()? {
        "role_ended" => Some("Its owner's role in the workspace has ended"),
        "membership_ended" => Some("Its owner's membership has ended"),
        "leaked" => Some("The key before it may be known to others"),
        _ => None,
    }
}

fn why(entry: &Entry) -> String {
    let code = entry.code.as_deref().unwrap_or("several reasons");
    let said = match code {
        "permission_denied" => "Lacks the permission",
        "read_only_token" => "The token may only read",
        "wrong_password" => "Wrong password",
        "already_connected" => "Connected already",
        "transformation_in_use" | "library_in_use" => "It is in use",
        "external_id_taken" => "The external id is taken",
        "external_id_set" => "The external id is set already",
        _ => "",
    };
    let said = if said.is_empty() {
        super::refusal::sentence(&code.replace('_', " "))
            .trim_end_matches('.')
            .to_owned()
    } else {
        said.to_owned()
    };
    let count = entry
        .facts
        .as_ref()
        .and_then(|facts| facts.get("count"))
        .and_then(Json::as_u64);
    match count {
        Some(count) if count > 1 => format!("{said}, {count} times"),
        _ => said,
    }
}

impl<'c> Shower<'c> {
    /// One for these events.
    pub(super) fn of<'e>(
        clock: &'c Clock,
        rx: &mut Rx<'_>,
        events: impl IntoIterator<Item = &'e Event>,
    ) -> Result<Self> {
        Ok(Self {
            clock,
            names: Names::of(rx, events)?,
            pages: HashMap::new(),
        })
    }

    /// The page of a thing. What was deleted has its history, as far as there is a page for it.
    fn page_of(&mut self, rx: &mut Rx<'_>, kind: &str, id: &str) -> Result<Option<String>> {
        let key = format!("{kind}/{id}");
        if let Some(known) = self.pages.get(&key) {
            return Ok(known.clone());
        }
        let page = match TargetType::from_word(kind) {
            Some(kind) => match (folder(kind), kind) {
                (Some(folder), _) if rx.name_of(kind, id)?.is_some() => {
                    Some(format!("/{folder}/{id}"))
                }
                (Some(_), _) => log_of(kind, id),
                (None, TargetType::User) => Some("/settings/team".to_owned()),
                (None, TargetType::Workspace) => Some("/settings/workspace".to_owned()),
                (None, _) => None,
            },
            None => None,
        };
        self.pages.insert(key, page.clone());
        Ok(page)
    }

    fn named(
        &mut self,
        rx: &mut Rx<'_>,
        kind: &str,
        id: Option<&str>,
        name: Option<&str>,
        type_label: String,
    ) -> Result<Target> {
        let href = match id {
            Some(id) => self.page_of(rx, kind, id)?,
            None => None,
        };
        let name = match (name, id) {
            (Some(name), _) if !name.is_empty() => visible(name),
            (_, Some(id)) if kind == "user" => names::erased(id),
            (_, Some(id)) => format!("{type_label} …{}", tail(id)),
            (_, None) => type_label.clone(),
        };
        Ok(Target {
            type_label,
            id: id.unwrap_or_default().to_owned(),
            name,
            href,
        })
    }

    fn target(&mut self, rx: &mut Rx<'_>, event: &Event) -> Result<Target> {
        let entry = &event.entry;
        let type_label = EventType::find(&entry.target.r#type, &entry.action).map_or_else(
            || noun(&entry.target.r#type),
            |known| known.type_label.to_owned(),
        );
        let missing = event.hidden.get("targetName") == Some(&Hidden::Missing);
        self.named(
            rx,
            &entry.target.r#type,
            entry.target.id.as_deref(),
            event
                .target_name
                .as_deref()
                .or(missing.then_some("Missing")),
            type_label,
        )
    }

    /// The other things that an event concerns.
    pub(super) fn related(&mut self, rx: &mut Rx<'_>, event: &Event) -> Result<Vec<Target>> {
        let mut related = Vec::new();
        for one in &event.entry.related {
            let id = one.id.as_deref();
            let recorded = id.and_then(|id| event.related_names.get(id));
            let name = match (recorded, id) {
                // A person's name beside another target is not recorded.
                (None, Some(id)) if one.r#type == TargetType::User.as_str() => {
                    id.parse().ok().and_then(|id| self.names.person(id))
                }
                (recorded, _) => recorded.cloned(),
            };
            let label = noun(&one.r#type);
            related.push(self.named(rx, &one.r#type, id, name.as_deref(), label)?);
        }
        Ok(related)
    }

    /// What changed, in at most one line.
    fn summary(&self, rx: &mut Rx<'_>, event: &Event) -> Result<Option<String>> {
        let entry = &event.entry;
        let related: Vec<String> = entry
            .related
            .iter()
            .filter_map(|one| event.related_names.get(one.id.as_deref()?))
            .map(|name| apart(visible(name)))
            .collect();
        let kind = entry.target.r#type.as_str();
        let organization = entry.organization.as_deref().and_then(|id| id.parse().ok());
        let definitions = match organization {
            Some(organization) => rx.definitions(organization)?,
            None => Definitions::own().clone(),
        };
        let said = match (kind, entry.action.as_str()) {
            ("source" | "destination", "created") => event
                .changes
                .iter()
                .find(|change| change.path == "type")
                .and_then(|change| match &change.kind {
                    ChangeKind::Value { after, .. } => after.as_ref(),
                    _ => None,
                })
                .map(|name| match (kind, name) {
                    ("source", Json::String(name)) => {
                        things::kind(&definitions, Kind::Source, name).0
                    }
                    (_, Json::String(name)) => {
                        things::kind(&definitions, Kind::Destination, name).0
                    }
                    (_, other) => line(other),
                }),
            (
                _,
                "connected_source"
                | "disconnected_source"
                | "connected_transformation"
                | "disconnected_transformation",
            ) => related.first().cloned(),
            (_, "updated_transformation") => match related.as_slice() {
                [new, old] => Some(format!("{old} → {new}")),
                _ => None,
            },
            ("transformation" | "transformation_library", "created") => {
                Some("Version 1".to_owned())
            }
            ("transformation" | "transformation_library", "updated" | "published") => {
                match Self::version(rx, event)? {
                    Some(number) => Some(format!("Version {number}")),
                    None => Self::fields(event),
                }
            }
            ("audit_log", "viewed") => event.detail.as_ref().and_then(Json::as_object).map(|set| {
                let said: Vec<String> = set
                    .iter()
                    .map(|(name, value)| format!("{}: {}", name.replace('_', " "), line(value)))
                    .collect();
                line(&Json::String(said.join(", ")))
            }),
            ("access_token", "created") => event
                .changes
                .iter()
                .find(|change| change.path == "access")
                .and_then(|change| match &change.kind {
                    ChangeKind::Value { after, .. } => after.as_ref()?.as_str(),
                    _ => None,
                })
                .map(|access| super::refusal::sentence(&access.replace('_', " ")))
                .map(|text| text.trim_end_matches('.').to_owned()),
            ("user", "signed_in") => event
                .changes
                .iter()
                .find(|change| change.path == "with")
                .and_then(|change| match &change.kind {
                    ChangeKind::Value { after, .. } => after.as_ref()?.as_str(),
                    _ => None,
                })
                .map(|with| format!("with {with}")),
            ("access_token", "deleted") => reason(event).map(str::to_owned),
            (_, "created" | "deleted" | "signed_in" | "signed_out" | "set_up") => None,
            ("user", "added_to_organization") => event
                .changes
                .iter()
                .find(|change| change.path == "role")
                .and_then(|change| match &change.kind {
                    ChangeKind::Value { after, .. } => after.as_ref()?.as_str(),
                    _ => None,
                })
                .map(|role| format!("as {role}")),
            ("user", "changed_permission") => self.roles(event),
            (_, "refusals_summarized") => entry
                .facts
                .as_ref()
                .and_then(|facts| facts.get("count"))
                .map(|count| format!("{count} refusals")),
            (_, "updated_connection") => match (related.first(), Self::fields(event)) {
                (Some(name), Some(fields)) => Some(format!("{name}: {fields}")),
                (_, fields) => fields,
            },
            _ => Self::fields(event),
        };
        Ok(said)
    }

    /// What a member was and became, in the organization and in the workspaces, by the names that these have now.
    fn roles(&self, event: &Event) -> Option<String> {
        let mut said = Vec::with_capacity(event.changes.len() + 1);
        for change in &event.changes {
            let workspace = names::workspace_of(&event.entry, change);
            let name = workspace.and_then(|id| self.names.workspace(id)).map(apart);
            said.push(Self::field(name.as_deref().unwrap_or(&change.path), change));
        }
        if event.hidden.get("changes") == Some(&Hidden::Withheld) {
            said.push(ELSEWHERE_WITHHELD.to_owned());
        }
        (!said.is_empty()).then(|| line_of(&said.join(" · ")))
    }

    /// The number of the version that code became, or that was published.
    fn version(rx: &mut Rx<'_>, event: &Event) -> Result<Option<i64>> {
        let kind = match event.entry.target.r#type.as_str() {
            "transformation" => CodeKind::Transformation,
            _ => CodeKind::Library,
        };
        let path = match event.entry.action.as_str() {
            "published" => "publishedVersion",
            _ => "version",
        };
        let id = event
            .changes
            .iter()
            .filter(|change| change.path == path)
            .find_map(|change| match &change.kind {
                ChangeKind::Value { after, .. } => after.as_ref()?.as_str()?.parse().ok(),
                _ => None,
            });
        let workspace = event.entry.workspace.as_ref().map(|id| id.parse());
        let (Some(id), Some(Ok(workspace))): (
            Option<VersionId>,
            Option<std::result::Result<WorkspaceId, _>>,
        ) = (id, workspace) else {
            return Ok(None);
        };
        Ok(rx
            .version(workspace, kind, id)?
            .map(|version| version.number))
    }

    /// One change, of what is called so.
    fn field(name: &str, change: &Changed) -> String {
        match &change.kind {
            ChangeKind::Value { before, after } => {
                let side = |side: &Option<Json>| {
                    let text = side.as_ref().map(|side| apart(line(side)));
                    text.unwrap_or_else(|| "not set".to_owned())
                };
                format!("{name} {} → {}", side(before), side(after))
            }
            ChangeKind::Redacted | ChangeKind::Large { .. } => format!("{name} changed"),
        }
    }

    fn fields(event: &Event) -> Option<String> {
        match event.changes.as_slice() {
            [] => None,
            [one] => Some(Self::field(field(&one.path), one)),
            several => {
                let mut said = format!("{} fields", several.len());
                for change in several {
                    if change.kind == ChangeKind::Redacted {
                        said.push_str(" · ");
                        said.push_str(field(&change.path));
                        said.push_str(" changed");
                    }
                }
                Some(line_of(&said))
            }
        }
    }

    /// The row of an event; with its details, where it is open.
    pub(super) fn row(&mut self, rx: &mut Rx<'_>, event: &Event, open: bool) -> Result<EventRow> {
        let entry = &event.entry;
        Ok(EventRow {
            id: entry.id.clone(),
            entry: entry.sequence,
            actor: actor(event),
            label: label(entry).to_owned(),
            event_type: format!("{}.{}", entry.target.r#type, entry.action),
            summary: self.summary(rx, event)?,
            outcome: match entry.outcome {
                Ended::Success => Outcome::Success,
                Ended::Denied => Outcome::Denied(why(entry)),
                Ended::Failed => Outcome::Failed(why(entry)),
            },
            target: self.target(rx, event)?,
            when: self.clock.at(Micros(entry.at)),
            details: open.then(|| self.details(event)),
        })
    }

    /// The row of an event on the page of a thing: in place of the thing, what else the event concerns.
    pub(super) fn row_on(
        &mut self,
        rx: &mut Rx<'_>,
        event: &Event,
        thing: &str,
        open: bool,
    ) -> Result<EventRow> {
        let mut row = self.row(rx, event, open)?;
        let others = self.related(rx, event)?;
        if event.entry.target.id.as_deref() == Some(thing)
            && let Some(other) = others.into_iter().find(|other| other.id != thing)
        {
            row.target = other;
        }
        Ok(row)
    }

    /// Everything else about an event.
    pub(super) fn details(&self, event: &Event) -> Details {
        let hidden = |name: &str| match event.hidden.get(name) {
            Some(Hidden::Erased(by)) => Value::Erased(*by),
            Some(Hidden::Missing) => Value::Missing,
            Some(Hidden::Withheld) => Value::Withheld,
            None => Value::NotSet,
        };
        let or_hidden =
            |text: Option<String>, name: &str| text.map_or_else(|| hidden(name), Value::Text);
        let changes = event.changes.iter();
        let mut changes: Vec<Change> = changes.map(|one| self.change(&event.entry, one)).collect();
        let path = match event.hidden.get("changes") {
            Some(Hidden::Withheld) => Some("Roles in other workspaces"),
            Some(_) if changes.is_empty() => Some("(all)"),
            _ => None,
        };
        changes.extend(path.map(|path| Change {
            path: path.to_owned(),
            name: None,
            before: hidden("changes"),
            after: hidden("changes"),
        }));
        Details {
            changes,
            reason: reason(event).map(str::to_owned),
            interface: match (event.interface, hidden("interface")) {
                (Some(interface), _) => Value::Text(interface.label().to_owned()),
                // A word that this Annals does not know.
                (None, Value::NotSet) => Value::Text("Not known".to_owned()),
                (None, hidden) => hidden,
            },
            address: or_hidden(event.ip.clone(), "ip"),
            user_agent: or_hidden(
                event.user_agent.as_deref().map(short_user_agent),
                "userAgent",
            ),
            request_id: event.entry.request.clone(),
            client_request: event.client_request.as_deref().map(visible),
            warnings: warnings(event),
            more: more(event),
        }
    }

    /// A change, with the names that the people and the workspace have now that it tells of by their ids.
    fn change(&self, entry: &Entry, one: &Changed) -> Change {
        let mut shown = change(one);
        shown.name = names::workspace_of(entry, one).and_then(|id| self.names.workspace(id));
        if let ChangeKind::Value { before, after } = &one.kind {
            for (value, side) in [(&mut shown.before, before), (&mut shown.after, after)] {
                if let Some(people) = names::people_of(entry, &one.path, side.as_ref()) {
                    *value = Value::People(people.into_iter().map(|id| self.person(id)).collect());
                }
            }
        }
        shown
    }

    fn person(&self, id: UserId) -> Person {
        Person {
            id: id.to_string(),
            name: self.names.person(id),
        }
    }
}

fn line_of(text: &str) -> String {
    const LONGEST: usize = 120;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(LONGEST - 1).collect();
    short.push('…');
    short
}

/// What was warned of when settings were taken. What other applications call so is something else.
fn warnings(event: &Event) -> Faults {
    let kinds = [TargetType::Source, TargetType::Destination];
    let of_settings = kinds
        .iter()
        .any(|kind| kind.as_str() == event.entry.target.r#type);
    let detail = event.detail.as_ref().filter(|_| of_settings);
    let said = detail.and_then(|detail| detail.get("warnings")?.as_object());
    let said = said.into_iter().flatten();
    said.filter_map(|(at, what)| Some((visible(at), visible(what.as_str()?))))
        .collect()
}

/// The members of an event's detail that are not shown in words of their own. What is nested is JSON.
fn more(event: &Event) -> Vec<(String, String)> {
    let members = event.detail.as_ref().and_then(Json::as_object);
    let is_said = |name: &str| match name {
        "reason" => reason(event).is_some(),
        "warnings" => !warnings(event).is_empty(),
        _ => false,
    };
    members
        .into_iter()
        .flatten()
        .filter(|(name, _)| !is_said(name))
        .map(|(name, value)| {
            let value = match value {
                Json::String(text) => visible(text),
                other => visible(&other.to_string()),
            };
            (visible(name), value)
        })
        .collect()
}

/// A change as pages show it.
pub(super) fn change(change: &Changed) -> Change {
    let large = |side: &Option<model::change::Digest>| {
        side.as_ref().map_or(Value::NotSet, |digest| Value::Large {
            bytes: digest.bytes,
            sha256: digest.sha256.clone(),
        })
    };
    let (before, after) = match &change.kind {
        ChangeKind::Value { before, after } => (shown(before.as_ref()), shown(after.as_ref())),
        ChangeKind::Redacted => (Value::Redacted, Value::Redacted),
        ChangeKind::Large { before, after } => (large(before), large(after)),
    };
    Change {
        path: change.path.clone(),
        name: None,
        before,
        after,
    }
}

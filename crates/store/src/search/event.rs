//! An event as it can be read: its entry, and its parts as far as they open.

use std::collections::BTreeMap;

use model::change::{self, Change};
use model::entry::Entry;
use model::erasures::Erasures;
use model::id::LogId;
use model::interface::Interface;
use model::part::PartName;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::seal::Read;

/// Why a value cannot be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hidden {
    /// It has been erased, by this entry of the log.
    Erased(u64),
    /// It is gone, and no entry of the log says that it was erased: somebody has destroyed its key, or removed it, past Annals.
    Missing,
    /// It exists, but not for the one who asks.
    Withheld,
}

impl Hidden {
    /// The word in an answer.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erased(_) => "erased",
            Self::Missing => "missing",
            Self::Withheld => "withheld",
        }
    }
}

/// An event, as far as it can be read.
#[derive(Clone, Debug)]
pub struct Event {
    /// The bytes' meaning: what is in clear.
    pub entry: Entry,
    /// The log that it is in.
    pub log: LogId,
    /// The actor's name then.
    pub actor_name: Option<String>,
    /// The actor's e-mail then.
    pub actor_email: Option<String>,
    /// The name of the token that was used.
    pub token_name: Option<String>,
    /// The target's name then.
    pub target_name: Option<String>,
    /// The names of related things, by id.
    pub related_names: BTreeMap<String, String>,
    /// The client's address.
    pub ip: Option<String>,
    /// What the client called itself.
    pub user_agent: Option<String>,
    /// The door.
    pub interface: Option<Interface>,
    /// The client's own id of the request.
    pub client_request: Option<String>,
    /// What else was said.
    pub detail: Option<Value>,
    /// What changed.
    pub changes: Vec<Change>,
    /// What cannot be shown, by its name in the API, and why.
    pub hidden: BTreeMap<&'static str, Hidden>,
    /// The parts that are gone, and that no entry of the log erases.
    pub missing: Vec<PartName>,
}

/// What is hidden when a part is.
const fn names_in(part: PartName) -> &'static [&'static str] {
    match part {
        PartName::ACTOR => &["actorName", "actorEmail"],
        PartName::ORIGIN => &["ip", "userAgent", "interface"],
        PartName::TARGET => &["targetName"],
        PartName::DETAIL => &["detail"],
        _ => &["changes"],
    }
}

fn text(value: &mut Value, key: &str) -> Option<String> {
    match value.get_mut(key)? {
        Value::String(text) => Some(std::mem::take(text)),
        _ => None,
    }
}

impl Event {
    pub(super) fn of(
        log: LogId,
        entry: Entry,
        parts: &[(PartName, Read)],
        erasures: &Erasures,
    ) -> Result<Self> {
        let mut event = Self {
            log,
            actor_name: None,
            actor_email: None,
            token_name: None,
            target_name: None,
            related_names: BTreeMap::new(),
            ip: None,
            user_agent: None,
            interface: None,
            client_request: None,
            detail: None,
            changes: Vec::new(),
            hidden: BTreeMap::new(),
            missing: Vec::new(),
            entry,
        };
        for name in event.entry.part_names() {
            match parts.iter().find(|(part, _)| *part == name) {
                Some((_, Read::Whole(opened))) => {
                    let value = opened.value().ok_or_else(|| {
                        let id = &event.entry.id;
                        Error::Internal(format!("part {name} of event {id} is no JSON"))
                    })?;
                    event.take(name, value);
                }
                Some((_, Read::Withheld)) => event.hide(name, Hidden::Withheld),
                Some((_, Read::Gone)) | None => {
                    let by = event.erased_by(name, erasures);
                    if by.is_none() {
                        event.missing.push(name);
                    }
                    event.hide(name, by.map_or(Hidden::Missing, Hidden::Erased));
                }
            }
        }
        Ok(event)
    }

    /// Of several changes that are hidden, what is gone says more than what is withheld.
    fn hide(&mut self, part: PartName, why: Hidden) {
        for name in names_in(part).iter().copied() {
            let said = self.hidden.entry(name).or_insert(why);
            if why != Hidden::Withheld {
                *said = why;
            }
        }
    }

    fn erased_by(&self, part: PartName, erasures: &Erasures) -> Option<u64> {
        let entry = &self.entry;
        erasures.of(&entry.id, entry.sequence, entry.subject_of(part), part)
    }

    fn take(&mut self, part: PartName, mut value: Value) {
        match part {
            PartName::ACTOR => {
                self.actor_name = text(&mut value, "name");
                self.actor_email = text(&mut value, "email");
                self.token_name = text(&mut value, "token");
            }
            PartName::ORIGIN => {
                self.ip = text(&mut value, "ip");
                self.user_agent = text(&mut value, "user_agent");
                let word = value.get("interface").and_then(Value::as_str);
                self.interface = word.and_then(Interface::of_word);
                self.client_request = text(&mut value, "client_request");
            }
            PartName::TARGET => {
                self.target_name = text(&mut value, "name");
                if let Some(Value::Object(names)) = value.get("related") {
                    self.related_names = names
                        .iter()
                        .filter_map(|(id, name)| Some((id.clone(), name.as_str()?.to_owned())))
                        .collect();
                }
            }
            PartName::DETAIL => self.detail = Some(value),
            _ => self
                .changes
                .extend(change::from_part(value).unwrap_or_default()),
        }
    }
}

//! The entry of the log, version 1: the bytes that are a leaf, and nothing but those.
//!
//! What [`Entry::to_bytes`] gives is stored, hashed and handed on as it is; no proof ever writes an
//! entry again. An entry has exactly one form, the canonical one ([`crate::canonical`]), and
//! [`Entry::parse`] takes that form alone: what it takes, it would have written.
//!
//! Nothing here is about a person, or was typed by one: that is in sealed parts ([`crate::part`]), of
//! which the entry holds the commitments.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::canonical::CanonicalError;
use crate::part::PartName;

mod reader;
mod time;
mod writer;

pub use reader::View;

/// The most bytes that an entry has: entry bundles count its length in 16 bits (C2SP `tlog-tiles`,
/// "Log entries").
pub const MAX_BYTES: usize = 65_535;

/// One event, as it stands in the log for ever.
///
/// A member that is optional is left out of the bytes when it is `None` or empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What was done: the name of an action or an event's type.
    pub action: String,
    /// Who did it.
    pub actor: EntryActor,
    /// When: microseconds since 1970-01-01T00:00:00Z, within the years 0001 to 9999. In the bytes as
    /// RFC 3339, section 5.6, in UTC with six digits: `2026-11-22T23:28:00.123456Z`.
    pub at: i64,
    /// The commitments of `changes/0`, `changes/1`, ..., in this order: at most
    /// [`MAX_CHANGES`](crate::part::MAX_CHANGES).
    pub changes: Vec<String>,
    /// Why it was refused or failed, as a code.
    pub code: Option<String>,
    /// What must stay readable for ever and is never about a person: an object, by type of event.
    pub facts: Option<Value>,
    /// The event's id.
    pub id: String,
    /// Where it comes from, if it was brought in from another application's log.
    pub imported: Option<Imported>,
    /// The organization in which it happened, by its id.
    pub organization: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
    /// The commitments of the parts `actor`, `origin`, `target` and `detail`, by part.
    pub parts: BTreeMap<String, String>,
    /// What else it was about.
    pub related: Vec<EntryTarget>,
    /// The request's id, always made by the server.
    pub request: String,
    /// The leaf's index in its log: 0 to 2^53 − 1.
    pub sequence: u64,
    /// The subject whose key seals a part, by part, where that is not the actor (for `actor`,
    /// `origin`) or the target (for the rest).
    pub subjects: BTreeMap<String, String>,
    /// What it was done to.
    pub target: EntryTarget,
    /// The workspace in which it happened, by its id.
    pub workspace: Option<String>,
}

/// Who did it, without a word about the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryActor {
    /// The actor's id; none for the system and for anonymous requests.
    pub id: Option<String>,
    /// The person for whom a service or an administrator acted, by id; in the bytes `onBehalfOf`.
    pub on_behalf_of: Option<String>,
    /// The session in which it was done, by id.
    pub session: Option<String>,
    /// The token with which it was done, by id.
    pub token: Option<String>,
    /// What kind of actor: `user`, `service`, `system`, `anonymous` and the like.
    pub r#type: String,
}

/// What it was done to, or what else it was about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryTarget {
    /// Its id; none where it was to be created and that was refused.
    pub id: Option<String>,
    /// What kind of thing.
    pub r#type: String,
}

/// Where an event was first recorded, if not here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// When it was recorded there, in the unit, range and form of [`Entry::at`].
    pub at: i64,
    /// Its id there.
    pub id: String,
}

/// How an action ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused: the actor may not do it.
    Denied,
    /// It was allowed, and could not be done.
    Failed,
}

impl Outcome {
    /// As it stands in the bytes.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
            Self::Failed => "failed",
        }
    }

    /// Reads what [`Outcome::as_str`] gives; nothing else is an outcome.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Success, Self::Denied, Self::Failed]
            .into_iter()
            .find(|one| one.as_str() == text)
    }
}

/// Why something is not an entry of version 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// It has more than [`MAX_BYTES`] bytes.
    #[error(
        "an entry has at most {MAX_BYTES} bytes, this one {bytes}; make it more than one event"
    )]
    TooLarge {
        /// The bytes that it has, or would have.
        bytes: usize,
    },
    /// It is not in canonical form, or its facts have no such form.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// It is of another version than 1.
    #[error("`v` is not 1: a newer version of this program may read the entry")]
    Version,
    /// A member that every entry has is not there.
    #[error("`{member}` is missing")]
    Missing {
        /// The member, with a dot between levels.
        member: String,
    },
    /// There is a member that version 1 does not have.
    #[error("`{}` is not a member of an entry of version 1", member.escape_debug())]
    Unknown {
        /// The member, with a dot between levels.
        member: String,
    },
    /// A member holds what it must not.
    #[error("`{}` must be {must}", member.escape_debug())]
    Wrong {
        /// The member, with a dot between levels.
        member: String,
        /// What it must be.
        must: &'static str,
    },
}

/// What a member must be: one text for the writer and the reader.
mod must {
    pub(super) const OBJECT: &str = "an object";
    pub(super) const ARRAY: &str = "an array";
    pub(super) const STRING: &str = "a string";
    pub(super) const FILLED: &str = "left out when it is empty";
    pub(super) const TIME: &str =
        "a time in UTC like `2026-11-22T23:28:00.123456Z`, in the years 0001 to 9999";
    pub(super) const OUTCOME: &str = "`success`, `denied` or `failed`";
    pub(super) const SEQUENCE: &str = "an integer from 0 to 2^53 − 1";
    pub(super) const COMMITMENT: &str = "a commitment: 256 bits in base64url, 43 characters";
    pub(super) const FEW: &str = "at most 64 commitments";
    pub(super) const PART: &str = "by the name of a part: `actor`, `origin`, `target` or `detail`";
    pub(super) const ANY_PART: &str =
        "by the name of a part: `actor`, `origin`, `target`, `detail` or `changes/<n>`";
}

impl Entry {
    /// Writes the entry in its one form: the bytes of the leaf.
    ///
    /// Fails where it has none: a time, sequence number, commitment or name of a part that is none, too
    /// many changes, facts that are no object or not canonical ([`EntryError::Wrong`],
    /// [`EntryError::Canonical`]), or more than [`MAX_BYTES`] ([`EntryError::TooLarge`]).
    pub fn to_bytes(&self) -> Result<Vec<u8>, EntryError> {
        writer::write(self)
    }

    /// Reads an entry, and takes nothing but what [`Entry::to_bytes`] gives.
    ///
    /// Fails with what is wrong and where. Bytes that are too many are not looked at.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        View::parse(bytes)?.to_entry()
    }

    /// The names of the parts that it commits to: those with names of their own, then the changes.
    pub fn part_names(&self) -> Vec<PartName> {
        let named = self
            .parts
            .keys()
            .filter_map(|name| PartName::parse(name).ok());
        named
            .chain((0..self.changes.len()).filter_map(PartName::change))
            .collect()
    }

    /// Whose key seals a part, by id: who [`Entry::subjects`] names, otherwise the actor for `actor` and `origin`, and the
    /// target for the rest. None where that one has no id.
    pub fn subject_of(&self, part: PartName) -> Option<&str> {
        let own = if matches!(part, PartName::ACTOR | PartName::ORIGIN) {
            &self.actor.id
        } else {
            &self.target.id
        };
        let named = self.subjects.get(&part.to_string());
        named.or(own.as_ref()).map(String::as_str)
    }
}

impl EntryError {
    fn wrong(member: impl Into<String>, must: &'static str) -> Self {
        Self::Wrong {
            member: member.into(),
            must,
        }
    }
}

/// What has rules that no type holds, for the writer and the reader alike.
struct Ruled<C, P, S> {
    sequence: u64,
    changes: C,
    parts: P,
    subjects: S,
}

impl<'a, C, P, S> Ruled<C, P, S>
where
    C: ExactSizeIterator<Item = &'a str>,
    P: Iterator<Item = (&'a str, &'a str)>,
    S: Iterator<Item = &'a str>,
{
    fn check(self) -> Result<(), EntryError> {
        use crate::canonical::MAX_INTEGER;
        use crate::part::{MAX_CHANGES, is_256_bits};

        if self.sequence > MAX_INTEGER.unsigned_abs() {
            return Err(EntryError::wrong("sequence", must::SEQUENCE));
        }
        if self.changes.len() > MAX_CHANGES {
            return Err(EntryError::wrong("changes", must::FEW));
        }
        for (index, change) in self.changes.enumerate() {
            if !is_256_bits(change) {
                let member = format!("changes.{index}");
                return Err(EntryError::wrong(member, must::COMMITMENT));
            }
        }
        for (part, commitment) in self.parts {
            if !PartName::parse(part).is_ok_and(|part| part.change_index().is_none()) {
                return Err(EntryError::wrong(format!("parts.{part}"), must::PART));
            }
            if !is_256_bits(commitment) {
                let member = format!("parts.{part}");
                return Err(EntryError::wrong(member, must::COMMITMENT));
            }
        }
        for part in self.subjects {
            if PartName::parse(part).is_err() {
                let member = format!("subjects.{part}");
                return Err(EntryError::wrong(member, must::ANY_PART));
            }
        }
        Ok(())
    }
}

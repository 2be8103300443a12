//! What entries of a log say of what was erased.

use std::collections::HashMap;

use crate::catalogue::PRIVACY_ERASED;
use crate::entry::Entry;
use crate::part::PartName;

/// What was erased, and by which entry.
#[derive(Debug, Default)]
pub struct Erasures {
    subjects: HashMap<String, u64>,
    parts: HashMap<(String, String), u64>,
}

impl Erasures {
    /// Takes in what the entry at `index` erases, and tells whether it is one that erases. Of several that erase the same, the
    /// first taken in counts.
    pub fn take(&mut self, entry: &Entry, index: u64) -> bool {
        if (entry.target.r#type.as_str(), entry.action.as_str())
            != (PRIVACY_ERASED.target.as_str(), PRIVACY_ERASED.action)
        {
            return false;
        }
        let Some(facts) = &entry.facts else {
            return true;
        };
        if let Some(subject) = facts["subject"].as_str() {
            self.subjects.entry(subject.to_owned()).or_insert(index);
        }
        for one in facts["erased"].as_array().into_iter().flatten() {
            if let (Some(event), Some(part)) = (one["event"].as_str(), one["part"].as_str()) {
                let key = (event.to_owned(), part.to_owned());
                self.parts.entry(key).or_insert(index);
            }
        }
        true
    }

    /// Whether an entry erases all of a subject.
    pub fn has_subject(&self, subject: &str) -> bool {
        self.subjects.contains_key(subject)
    }

    /// Whether an entry erases this part of the event with this id.
    pub fn has_part(&self, event: &str, part: PartName) -> bool {
        let key = (event.to_owned(), part.to_string());
        self.parts.contains_key(&key)
    }

    /// The index of the entry that erased a part: of the event with this id, at this index of the log, whose part was sealed
    /// with this subject's key. An erasure reaches what was recorded before it.
    pub fn of(
        &self,
        event: &str,
        index: u64,
        subject: Option<&str>,
        part: PartName,
    ) -> Option<u64> {
        let whole = subject.and_then(|one| self.subjects.get(one));
        let one = || self.parts.get(&(event.to_owned(), part.to_string()));
        let by = whole.or_else(one).copied();
        by.filter(|by| *by > index)
    }
}

//! Change a transformation's or library's name, description or code: a new version, which never changes again.

use model::catalogue::{self, EventType};
use model::code::for_transformers;
use model::id::{TransformationId, VersionId};
use model::things::{CodeKind, Transformation};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::verdict::Verdict;
use super::{
    check, check_import_name, check_published_name, events, found, need_to_publish, needs_edit,
    needs_unused, published_import_name,
};
use crate::request::Place;

/// What a transformation or library is to be like. What is not given stays.
#[derive(Clone, Debug)]
pub struct UpdateTransformation {
    /// Where.
    pub place: Place,
    /// Which of the two.
    pub kind: CodeKind,
    /// Which.
    pub id: TransformationId,
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// What its code is written in; it must be what it was, by either word for Python.
    pub language: Option<String>,
    /// Its code.
    pub code: Option<String>,
    /// What was found of the code, where the version is published at once.
    pub publish: Option<Found>,
    /// The version that the change was made from; another one now refuses it. None takes any.
    pub seen: Option<VersionId>,
}

/// What a change is refused with that was made from another version than there is now.
pub(crate) const CHANGED_MEANWHILE: &str = "changed_meanwhile";

/// What was found of the code of an update.
#[derive(Clone, Debug)]
pub struct Found {
    /// The name that it was found under: a library is imported by it.
    pub name: String,
    /// The code that was looked at.
    pub code: String,
    /// What was found.
    pub verdict: Verdict,
}

impl Action for UpdateTransformation {
    const EVENTS: &'static [EventType] = &[
        catalogue::TRANSFORMATION_UPDATED,
        catalogue::TRANSFORMATION_PUBLISHED,
        catalogue::LIBRARY_UPDATED,
        catalogue::LIBRARY_PUBLISHED,
    ];
    type Output = Transformation;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let before = found(rx, self.place, self.kind, self.id)?;
        let is_renamed = self.name.as_ref().is_some_and(|name| *name != before.name);
        let mut needs = if self.kind == CodeKind::Library && is_renamed && self.publish.is_some() {
            needs_unused(rx, self.place, self.kind, self.id)?
        } else {
            needs_edit(rx, self.place, self.kind, self.id)?
        };
        if self.publish.is_some() {
            let name = self.name.as_ref().unwrap_or(&before.name);
            needs.push(need_to_publish(rx, self.place, &before, name)?);
        }
        Ok(needs)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Transformation>> {
        let before = found(tx, self.place, self.kind, self.id)?;
        let or =
            |given: &Option<String>, old: &String| given.clone().unwrap_or_else(|| old.clone());
        let mut after = Transformation {
            name: or(&self.name, &before.name),
            description: or(&self.description, &before.description),
            language: or(&self.language, &before.language),
            code: or(&self.code, &before.code),
            ..before.clone()
        };
        // Python has two words: a client that writes the other one goes on with it.
        if for_transformers(&after.language) != for_transformers(&before.language) {
            let message = format!("the language cannot change; it is {}", before.language);
            return Err(Error::field("language_cannot_change", "language", message));
        }
        // Whoever sends what is there already overwrites nothing: the same form twice, for one.
        if after != before && self.seen.is_some_and(|seen| seen != before.version) {
            let message = format!(
                "this {} was changed meanwhile; look at it again",
                self.kind.as_str()
            );
            return Err(Error::failed(CHANGED_MEANWHILE, message));
        }
        check(&after)?;
        if after.name != before.name {
            check_import_name(tx, self.place, &after)?;
        }
        if after != before {
            after.version = tx.new_id(VersionId::new);
        }
        if self.publish.is_some() {
            after.published = Some(after.version);
        }
        if after == before {
            return Ok(Done::new(before, Vec::new()));
        }
        if let Some(found) = &self.publish {
            if (&found.name, &found.code) != (&after.name, &after.code) {
                let message = "it was changed while the tests ran; look, and try again";
                return Err(Error::failed(CHANGED_MEANWHILE, message));
            }
            if self.kind == CodeKind::Library {
                let so_far = published_import_name(tx, &before)?;
                let so_far = (self.id, so_far.as_deref());
                check_published_name(tx, self.place, so_far, &after.name)?;
            }
            found.verdict.check_new(tx, self.place)?;
        }
        after.updated_at = tx.at;
        let made = tx.update_transformation(&after)?;
        let [_, updated, published, _] = events(self.kind);
        let mut facts = vec![Fact::new(updated, &made).all_but("publishedVersion")];
        if let Some(found) = &self.publish {
            facts.push(
                Fact::new(published, &made)
                    .only("publishedVersion")
                    .detail(found.verdict.detail()),
            );
        }
        Ok(Done::new(after, facts))
    }
}

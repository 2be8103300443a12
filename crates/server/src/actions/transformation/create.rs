//! Create a transformation or library, with its first version.

use model::catalogue::{self, EventType};
use model::id::{DestinationId, TransformationId, VersionId};
use model::role::Permission;
use model::things::{CodeKind, Transformation};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use super::verdict::Verdict;
use super::{check, check_import_name, check_published_name, events};
use crate::actions::destination::put_transformation::put;
use crate::actions::{destination, input};
use crate::request::Place;

/// A transformation or library to be.
#[derive(Clone, Debug)]
pub struct CreateTransformation {
    /// Where.
    pub place: Place,
    /// Which of the two.
    pub kind: CodeKind,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What its code is written in.
    pub language: String,
    /// Its code.
    pub code: String,
    /// What was found of the code, where the first version is published at once.
    pub publish: Option<Verdict>,
    /// The id that a client's own project gives it.
    pub external_id: Option<String>,
    /// The destinations that a transformation is to be before.
    pub destinations: Vec<DestinationId>,
}

impl Action for CreateTransformation {
    const EVENTS: &'static [EventType] = &[
        catalogue::TRANSFORMATION_CREATED,
        catalogue::TRANSFORMATION_PUBLISHED,
        catalogue::LIBRARY_CREATED,
        catalogue::LIBRARY_PUBLISHED,
        catalogue::DESTINATION_CONNECTED_TRANSFORMATION,
        catalogue::DESTINATION_UPDATED_TRANSFORMATION,
    ];
    type Output = Transformation;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let permission = Permission::EditTransformations;
        let target = Target::to_be(self.kind.target(), self.name.clone());
        let mut needs = vec![Need::in_workspace(permission, self.place.workspace, target)];
        for id in &self.destinations {
            needs.extend(destination::needs(rx, self.place, *id, permission)?);
        }
        Ok(needs)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Transformation>> {
        let external_id = input::external_id(self.external_id.as_deref())?;
        let version = tx.new_id(VersionId::new);
        let one = Transformation {
            id: tx.new_id(TransformationId::new),
            kind: self.kind,
            workspace: self.place.workspace,
            name: self.name.clone(),
            description: self.description.clone(),
            language: self.language.clone(),
            code: self.code.clone(),
            version,
            published: self.publish.as_ref().map(|_| version),
            external_id,
            created_at: tx.at,
            updated_at: tx.at,
        };
        check(&one)?;
        check_import_name(tx, self.place, &one)?;
        if self.kind == CodeKind::Library && !self.destinations.is_empty() {
            return Err(Error::field(
                "no_destinations",
                "destinationIds",
                "a library is before no destination: leave destinationIds out",
            ));
        }
        if let Some(external) = &one.external_id
            && let Some(other) =
                tx.transformation_by_external_id(self.place.workspace, self.kind, external)?
        {
            let message = format!("{} {other} has this external id", self.kind.as_str());
            return Err(Error::failed("external_id_taken", message));
        }
        if let Some(verdict) = &self.publish {
            if self.kind == CodeKind::Library {
                check_published_name(tx, self.place, (one.id, None), &one.name)?;
            }
            verdict.check_new(tx, self.place)?;
        }
        let made = tx.insert_transformation(&one)?;
        let [created, _, published, _] = events(self.kind);
        let mut facts = vec![Fact::new(created, &made)];
        if let Some(verdict) = &self.publish {
            facts[0] = Fact::new(created, &made).all_but("publishedVersion");
            facts.push(
                Fact::new(published, &made)
                    .only("publishedVersion")
                    .detail(verdict.detail()),
            );
        }
        for id in &self.destinations {
            let destination = destination::found(tx, self.place, *id)?;
            facts.extend(put(tx, self.place, &destination, &one)?.1);
        }
        Ok(Done::new(one, facts))
    }
}

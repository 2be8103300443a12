//! Publish versions of transformations and libraries: all of them, or none.

use model::catalogue::{self, EventType, TargetType};
use model::id::VersionId;
use model::role::Permission;
use model::things::{CodeKind, Transformation, Version};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use super::verdict::Verdict;
use super::{check_published_name, events, found, need_to_publish, published_import_name};
use crate::request::Place;

/// What was published: the thing, and the version.
pub type Published = (Transformation, Version);

/// Versions that are to be the published ones.
#[derive(Clone, Debug)]
pub struct Publish {
    /// Where.
    pub place: Place,
    /// Versions of transformations.
    pub transformations: Vec<VersionId>,
    /// Versions of libraries.
    pub libraries: Vec<VersionId>,
    /// What was found of them.
    pub verdict: Verdict,
    /// The first of them that is not as it must be: a refusal is about it.
    pub wrong: Option<VersionId>,
}

impl Publish {
    fn versions(&self) -> impl Iterator<Item = (CodeKind, VersionId)> + '_ {
        let libraries = self.libraries.iter().map(|id| (CodeKind::Library, *id));
        libraries.chain(
            self.transformations
                .iter()
                .map(|id| (CodeKind::Transformation, *id)),
        )
    }

    fn find(
        &self,
        rx: &mut Rx<'_>,
        kind: CodeKind,
        id: VersionId,
    ) -> Result<(Transformation, Version)> {
        let version = rx
            .version(self.place.workspace, kind, id)?
            .ok_or(Error::NotFound("version"))?;
        Ok((
            found(rx, self.place, kind, version.transformation)?,
            version,
        ))
    }
}

impl Action for Publish {
    const EVENTS: &'static [EventType] = &[
        catalogue::TRANSFORMATION_PUBLISHED,
        catalogue::LIBRARY_PUBLISHED,
    ];
    type Output = Vec<Published>;

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let mut needs = Vec::new();
        let mut versions: Vec<_> = self.versions().collect();
        versions.sort_by_key(|(_, id)| Some(*id) != self.wrong);
        for (kind, id) in versions {
            let (one, version) = self.find(rx, kind, id)?;
            needs.push(need_to_publish(rx, self.place, &one, &version.name)?);
        }
        if needs.is_empty() {
            let nothing = Target {
                kind: TargetType::Transformation,
                id: None,
                name: None,
            };
            needs.push(Need::in_workspace(
                Permission::EditTransformations,
                self.place.workspace,
                nothing,
            ));
        }
        Ok(needs)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Self::Output>> {
        let mut output = Vec::new();
        let mut facts = Vec::new();
        let mut names = Vec::new();
        for (kind, id) in self.versions() {
            let (before, version) = self.find(tx, kind, id)?;
            if before.published == Some(id) {
                output.push((before, version));
                continue;
            }
            if kind == CodeKind::Library {
                let so_far = published_import_name(tx, &before)?;
                names.push((before.id, so_far, version.name.clone()));
            }
            let after = Transformation {
                published: Some(id),
                updated_at: tx.at,
                ..before.clone()
            };
            let made = tx.update_transformation(&after)?;
            let [_, _, published, _] = events(kind);
            facts.push(Fact::new(published, &made).detail(self.verdict.detail()));
            output.push((after, version));
        }
        self.verdict.check(tx, self.place)?;
        // Code that imports a library by another name may be published together with it.
        for (id, so_far, name) in &names {
            check_published_name(tx, self.place, (*id, so_far.as_deref()), name)?;
        }
        Ok(Done::new(output, facts))
    }
}

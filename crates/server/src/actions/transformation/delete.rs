//! Delete a transformation or library that is not in use. Its versions stay.

use model::catalogue::{self, EventType};
use model::id::TransformationId;
use model::things::CodeKind;
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Tx};

use super::{User, events, found, needs_unused, users};
use crate::request::Place;

/// A transformation or library to go.
#[derive(Clone, Debug)]
pub struct DeleteTransformation {
    /// Where.
    pub place: Place,
    /// Which of the two.
    pub kind: CodeKind,
    /// Which.
    pub id: TransformationId,
}

impl Action for DeleteTransformation {
    const EVENTS: &'static [EventType] = &[
        catalogue::TRANSFORMATION_DELETED,
        catalogue::LIBRARY_DELETED,
    ];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.place.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        needs_unused(rx, self.place, self.kind, self.id)
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let one = found(tx, self.place, self.kind, self.id)?;
        let users = users(tx, self.place, &one)?;
        if !users.is_empty() {
            let code = match self.kind {
                CodeKind::Transformation => "transformation_in_use",
                CodeKind::Library => "library_in_use",
            };
            let users: Vec<String> = users.iter().map(User::in_words).collect();
            let message = format!("it is in use by {}", users.join(", "));
            return Err(Error::failed(code, message));
        }
        let gone = tx.delete_transformation(&one)?;
        let [_, _, _, deleted] = events(self.kind);
        Ok(Done::new((), vec![Fact::new(deleted, &gone)]))
    }
}

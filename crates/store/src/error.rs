//! What can go wrong, by what the caller has to do about it.

use crate::db::DbError;

/// The result of what the store does.
pub type Result<T> = std::result::Result<T, Error>;

/// Why nothing was done. Every variant but [`Error::OutcomeUnknown`] means that nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such thing, or none that the actor may know of. No event.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// What was asked does not make sense. No event.
    #[error("{message}")]
    Invalid {
        /// A stable code, in lower case with underscores.
        code: &'static str,
        /// What is wrong, and what would be right.
        message: String,
        /// Field and what is wrong with it.
        details: Vec<(String, String)>,
    },
    /// The session or token is not valid (any more). No event.
    #[error("not signed in, or no longer")]
    Unauthenticated,
    /// A known member or token lacks a permission. Recorded as `denied`.
    #[error("{message}")]
    Denied {
        /// A stable code.
        code: &'static str,
        /// Which permission is lacking.
        message: String,
    },
    /// Permitted, but a rule or a conflict refused it. Recorded as `failed`.
    #[error("{message}")]
    Failed {
        /// A stable code.
        code: &'static str,
        /// What is in the way, and where.
        message: String,
    },
    /// The connection was lost while the change was being committed, and it could not be found out what became of it.
    #[error(
        "the change may or may not have happened: the database was lost while it was being committed"
    )]
    OutcomeUnknown,
    /// The database failed.
    #[error("{0}")]
    Database(#[from] DbError),
    /// The store is being closed, or cannot reach its database.
    #[error("the database cannot take the change now: {0}")]
    Unavailable(String),
    /// Too many wait for the same thing already.
    #[error("too many wait for this already; try again in a few seconds")]
    Busy,
    /// A key that this needs is gone, and no entry of the log records that it was erased: somebody has destroyed it past Annals.
    /// No event: there is nothing that it could be sealed with.
    #[error(
        "a key that this needs is gone from the database, and no entry of the log records that it was erased; restore the database from a backup"
    )]
    KeyMissing,
    /// No checkpoint covers what was asked for yet.
    #[error("no checkpoint covers this yet")]
    NotSigned,
    /// The instance is not as it should be: the key file, the schema, the set-up.
    #[error("{0}")]
    Instance(String),
    /// A file of the guard cannot be read or written.
    #[error("the guard file {}: {error}", file.display())]
    Guard {
        /// The file.
        file: std::path::PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// A defect of Annals.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// A refusal of input, without details.
    pub fn invalid(code: &'static str, message: impl Into<String>) -> Self {
        Self::Invalid {
            code,
            message: message.into(),
            details: Vec::new(),
        }
    }

    /// A refusal of one field of the input.
    pub fn field(code: &'static str, field: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        Self::Invalid {
            code,
            details: vec![(field.to_owned(), message.clone())],
            message,
        }
    }

    /// Whether this is a rule's refusal, after which a transaction can go on.
    pub(crate) const fn is_rule(&self) -> bool {
        matches!(
            self,
            Self::NotFound(_)
                | Self::Invalid { .. }
                | Self::Unauthenticated
                | Self::Denied { .. }
                | Self::Failed { .. }
                | Self::KeyMissing
        )
    }

    /// A rule or a conflict that refuses; it is recorded.
    pub fn failed(code: &'static str, message: impl Into<String>) -> Self {
        Self::Failed {
            code,
            message: message.into(),
        }
    }
}

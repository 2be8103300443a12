//! What was found of code before it is published, and whether that still holds when it is.

use model::id::VersionId;
use serde_json::{Map, Value, json};
use store::{Error, Result, Rx};

use super::{NOT_CHECKED, NOT_TESTED, published_libraries};
use crate::request::Place;

/// What code is refused with that imports a library which only RudderStack's own service has.
pub(crate) const LIBRARY_NOT_HERE: &str = "library_not_here";

/// What was found of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing could run it; where it has syntax that we know, that was looked at.
    NotTested {
        /// Why the syntax was not looked at either, where it was not.
        unchecked: Option<&'static str>,
        /// What it imports of the workspace: the name, and the version that stood behind it.
        libraries: Vec<(String, VersionId)>,
    },
    /// A transformer ran it, and all was well.
    Passed {
        /// How many tests it was.
        tests: usize,
        /// What it imported: the name, and the version that stood behind it.
        libraries: Vec<(String, VersionId)>,
        /// Whether there is a library in it that a transformer does not look at.
        unchecked: bool,
    },
    /// It does not compile, and where.
    DoesNotCompile(String),
    /// It imports a library that no transformer can get from here, and which.
    LibraryNotHere(String),
    /// A transformer ran it, and what was wrong.
    Failed(String),
}

impl Verdict {
    /// Nobody has looked. For what is not published.
    pub const NONE: Self = Self::NotTested {
        unchecked: None,
        libraries: Vec::new(),
    };

    /// What an event says of the tests.
    pub(crate) fn detail(&self) -> Value {
        match self {
            Self::NotTested {
                unchecked: None, ..
            } => json!({ "tests": NOT_TESTED }),
            Self::NotTested {
                unchecked: Some(why),
                ..
            } => json!({ "tests": NOT_TESTED, "syntax": format!("not checked: {why}") }),
            Self::Passed {
                tests,
                libraries,
                unchecked,
            } => {
                let libraries: Map<String, Value> = libraries
                    .iter()
                    .map(|(name, version)| (name.clone(), json!(version)))
                    .collect();
                let mut detail =
                    json!({ "tests": format!("passed: {tests}"), "libraries": libraries });
                if *unchecked {
                    detail["syntax"] = json!(NOT_CHECKED);
                }
                detail
            }
            Self::DoesNotCompile(why) | Self::LibraryNotHere(why) | Self::Failed(why) => {
                json!({ "tests": why })
            }
        }
    }

    /// Why nothing may be published, where that is so: a code and a sentence.
    pub fn refusal(&self) -> Option<(&'static str, &str)> {
        match self {
            Self::NotTested { .. } | Self::Passed { .. } => None,
            Self::DoesNotCompile(why) => Some(("does_not_compile", why)),
            Self::LibraryNotHere(why) => Some((LIBRARY_NOT_HERE, why)),
            Self::Failed(why) => Some(("tests_failed", why)),
        }
    }

    /// Refuses what did not pass, or was looked at with other libraries than there are now. What is published in the same
    /// transaction is published already.
    pub(crate) fn check(&self, rx: &mut Rx<'_>, place: Place) -> Result<()> {
        if let Some((code, why)) = self.refusal() {
            return Err(Error::failed(code, why));
        }
        let (Self::Passed { libraries, .. } | Self::NotTested { libraries, .. }) = self else {
            return Ok(());
        };
        if libraries.is_empty() {
            return Ok(());
        }
        let now = published_libraries(rx, place, &[])?;
        match libraries.iter().find(|one| !now.contains(one)) {
            None => Ok(()),
            Some((name, _)) => Err(Error::failed(
                "library_changed",
                format!("the library {name} was changed while the tests ran; try again"),
            )),
        }
    }

    /// The same for code that is written and published at once: that it does not compile, or
    /// imports what is not here, is bad input.
    pub(crate) fn check_new(&self, rx: &mut Rx<'_>, place: Place) -> Result<()> {
        match self {
            Self::DoesNotCompile(why) => Err(Error::field("does_not_compile", "code", why)),
            Self::LibraryNotHere(why) => Err(Error::field(LIBRARY_NOT_HERE, "code", why)),
            _ => self.check(rx, place),
        }
    }
}

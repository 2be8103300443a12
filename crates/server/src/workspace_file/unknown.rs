//! What a file says that Annals has no word for: it stays behind, and is named.

use std::collections::BTreeSet;

use serde_json::Value;

use super::At;

/// The members of one kind of thing.
pub(super) struct Known {
    /// Whose they are.
    of: &'static str,
    /// Those that are read, and those that are left without a word: a control plane makes them anew.
    members: &'static [&'static str],
}

/// The top of the file.
pub(super) const FILE: &Known = &Known {
    of: "the file",
    members: &[
        "accountDefinitions",
        "accounts",
        "connections",
        "credentials",
        "destinations",
        "enableMetrics",
        "eventReplays",
        "flags",
        "libraries",
        "metadata",
        "settings",
        "sources",
        "updatedAt",
        "workspaceId",
    ],
};

/// Sources.
pub(super) const SOURCES: &Known = &Known {
    of: "sources",
    members: &[
        "config",
        "createdAt",
        "createdBy",
        "deleted",
        "destinations",
        "dgSourceTrackingPlanConfig",
        "enabled",
        "geoEnrichment",
        "id",
        "liveEventsConfig",
        "name",
        "originalId",
        "secretVersion",
        "sourceDefinition",
        "sourceDefinitionId",
        "transient",
        "updatedAt",
        "workspaceId",
        "writeKey",
    ],
};

/// Destinations.
pub(super) const DESTINATIONS: &Known = &Known {
    of: "destinations",
    members: &[
        "config",
        "createdAt",
        "createdBy",
        "deleted",
        "destinationDefinition",
        "destinationDefinitionId",
        "enabled",
        "hasDynamicConfig",
        "id",
        "isConnectionEnabled",
        "isProcessorEnabled",
        "liveEventsConfig",
        "name",
        "originalId",
        "revisionId",
        "secretConfig",
        "secretVersion",
        "transformations",
        "updatedAt",
        "version",
        "workspaceId",
    ],
};

/// What was found, each once.
#[derive(Default)]
pub(super) struct Unknown(BTreeSet<(&'static str, String)>);

impl Unknown {
    /// Looks for members that are not known and say something.
    pub(super) fn look(&mut self, known: &Known, at: &At<'_>) {
        for (name, value) in at.object {
            if !known.members.contains(&name.as_str()) && says_something(value) {
                self.0.insert((known.of, name.clone()));
            }
        }
    }

    /// In words.
    pub(super) fn told(self) -> impl Iterator<Item = String> {
        self.0
            .into_iter()
            .map(|(of, name)| format!("\u{201c}{name}\u{201d} of {of}, which is not known here"))
    }
}

fn says_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => !elements.is_empty(),
        Value::Object(members) => !members.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    }
}

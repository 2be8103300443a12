//! What people are in other workspaces than that of the administrator who reads: it is withheld, wherever an event is opened
//! for one.

use model::catalogue::TargetType;
use model::id::WorkspaceId;
use model::part::PartName;
use serde_json::Value;

use crate::seal::Read;

/// Whether a change, as a part has it, is of a role in another workspace.
fn is_elsewhere(change: &Value, workspace: WorkspaceId) -> bool {
    let path = change.get("path").and_then(Value::as_str);
    let of = path.and_then(|path| path.strip_prefix("workspaces."));
    of.is_some_and(|id| id != workspace.as_str())
}

/// Whether a part says anything of a role in another workspace. The part that holds the rest of many changes is withheld as
/// a whole: it has one commitment.
fn says_of_others(part: &Value, workspace: WorkspaceId) -> bool {
    match part.get("rest").and_then(Value::as_array) {
        Some(rest) => rest.iter().any(|change| is_elsewhere(change, workspace)),
        None => is_elsewhere(part, workspace),
    }
}

/// Withholds from the parts of an event about a thing of this type what the administrator of one workspace does not read.
/// Nothing is withheld from who reads the whole log.
pub(crate) fn withhold(
    reader: Option<WorkspaceId>,
    target_type: &str,
    parts: &mut [(PartName, Read)],
) {
    let Some(workspace) = reader else { return };
    let people = [TargetType::User, TargetType::UserInvitation];
    if !people.iter().any(|kind| kind.as_str() == target_type) {
        return;
    }
    for (part, read) in parts {
        if let Read::Whole(opened) = read
            && part.change_index().is_some()
            && opened
                .value()
                .is_none_or(|value| says_of_others(&value, workspace))
        {
            *read = Read::Withheld;
        }
    }
}

#[cfg(test)]
mod tests {
    use model::clock::{SystemClock, SystemEntropy};
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_is_said_of_roles_in_other_workspaces_is_withheld() {
        let new = || WorkspaceId::new(&SystemClock, &SystemEntropy);
        let (own, other) = (new(), new());
        let role =
            |id: WorkspaceId| json!({ "path": format!("workspaces.{id}"), "after": "viewer" });
        let of_organization = json!({ "path": "role", "before": "admin", "after": "member" });
        for (part, withheld) in [
            (role(own), false),
            (role(other), true),
            (of_organization.clone(), false),
            (json!({ "rest": [role(own), of_organization] }), false),
            (json!({ "rest": [role(own), role(other)] }), true),
        ] {
            assert_eq!(says_of_others(&part, own), withheld, "{part}");
        }
    }
}

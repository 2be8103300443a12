//! Who may do what: one table, read by the API, the page and the command line alike.

use std::fmt;
use std::str::FromStr;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal, $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word that is stored and sent.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The word that a person reads.
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.as_str()) }
        }

        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text).ok_or(UnknownWord)
            }
        }
    };
}

/// A word that is none of those allowed.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not one of the allowed words")]
pub struct UnknownWord;

words! {
    /// What a person is in an organization.
    OrganizationRole {
        /// May do everything, in every workspace.
        Admin = "admin", "Admin";
        /// May do what a role in a workspace gives.
        Member = "member", "Member";
    }
}

words! {
    /// What a person is in a workspace.
    WorkspaceRole {
        /// May change everything in the workspace and read its audit log.
        Admin = "admin", "Admin";
        /// May change sources, destinations, connections and transformations.
        Editor = "editor", "Editor";
        /// May look.
        Viewer = "viewer", "Viewer";
        /// May look at everything, the audit log included, and change nothing.
        Auditor = "auditor", "Auditor";
    }
}

words! {
    /// What an access token may do.
    Access {
        /// Only what changes nothing.
        Read = "read", "Read-only";
        /// All that its owner may.
        ReadWrite = "read_write", "Read-write";
    }
}

words! {
    /// What one may be permitted to do.
    Permission {
        /// Look at the things of a workspace, without their secrets.
        ViewWorkspace = "view_workspace", "View the workspace";
        /// Create, change and delete sources.
        EditSources = "edit_sources", "Edit sources";
        /// Create, change and delete destinations, and read their secrets.
        EditDestinations = "edit_destinations", "Edit destinations";
        /// Connect sources to destinations.
        EditConnections = "edit_connections", "Edit connections";
        /// Create, change, publish and delete transformations and libraries, and put them before destinations.
        EditTransformations = "edit_transformations", "Edit transformations";
        /// Create, change and delete accounts at other services.
        EditAccounts = "edit_accounts", "Edit accounts";
        /// Change the workspace's settings.
        EditWorkspace = "edit_workspace", "Edit the workspace";
        /// See single events of end users as they come, are transformed and are delivered.
        ViewLiveEvents = "view_live_events", "View live events";
        /// Read the audit log.
        ReadAuditLog = "read_audit_log", "Read the audit log";
        /// See who is in the organization.
        ViewMembers = "view_members", "View members";
        /// Add members and change what they are.
        EditMembers = "edit_members", "Edit members";
        /// Erase what is known of a person.
        ErasePeople = "erase_people", "Erase people";
        /// Make and delete personal tokens of one's own.
        OwnTokens = "own_tokens", "Make tokens of one's own";
        /// Make service tokens, and delete anyone's.
        EditTokens = "edit_tokens", "Edit tokens";
        /// Say who may change a single source or destination.
        EditAccess = "edit_access", "Edit who may change a source or destination";
        /// Change what holds for the whole organization.
        EditOrganization = "edit_organization", "Edit the organization";
        /// Say what is known of the types of sources and destinations: their settings, and which of these are secret.
        EditDefinitions = "edit_definitions", "Edit the types of sources and destinations";
    }
}

impl Permission {
    /// Whether using it may change something, so that a read-only token does not have it.
    pub const fn changes(self) -> bool {
        !matches!(
            self,
            Self::ViewWorkspace | Self::ReadAuditLog | Self::ViewMembers
        )
    }
}

/// One line of the table: a permission, the least role in the workspace that gives it, and whether a service token
/// of the organization has it. An organization's Admin has them all.
pub struct Rule {
    /// What is permitted.
    pub permission: Permission,
    /// The roles in the workspace that give it; none means that only an organization's Admin has it.
    pub workspace: &'static [WorkspaceRole],
    /// Whether a service token of the organization has it.
    pub service: bool,
}

const EVERYONE: &[WorkspaceRole] = WorkspaceRole::ALL;
const EDITORS: &[WorkspaceRole] = &[WorkspaceRole::Admin, WorkspaceRole::Editor];
const ADMINS: &[WorkspaceRole] = &[WorkspaceRole::Admin];
const READERS: &[WorkspaceRole] = &[WorkspaceRole::Admin, WorkspaceRole::Auditor];

/// Who may do what. This table is the only place where it is written.
pub const RULES: &[Rule] = &[
    Rule {
        permission: Permission::ViewWorkspace,
        workspace: EVERYONE,
        service: false,
    },
    Rule {
        permission: Permission::EditSources,
        workspace: EDITORS,
        service: false,
    },
    Rule {
        permission: Permission::EditDestinations,
        workspace: EDITORS,
        service: false,
    },
    Rule {
        permission: Permission::EditConnections,
        workspace: EDITORS,
        service: false,
    },
    Rule {
        permission: Permission::EditTransformations,
        workspace: EDITORS,
        service: false,
    },
    Rule {
        permission: Permission::EditAccounts,
        workspace: EDITORS,
        service: false,
    },
    Rule {
        permission: Permission::EditWorkspace,
        workspace: ADMINS,
        service: false,
    },
    // What is sent holds end users' data, and what a destination's secrets have been put into: for those who may read these
    // anyway, and work with them. Auditors and viewers have no part in it. It counts as a change, because it has data planes send.
    Rule {
        permission: Permission::ViewLiveEvents,
        workspace: EDITORS,
        service: false,
    },
    Rule {
        permission: Permission::ReadAuditLog,
        workspace: READERS,
        service: true,
    },
    Rule {
        permission: Permission::ViewMembers,
        workspace: EVERYONE,
        service: false,
    },
    Rule {
        permission: Permission::EditMembers,
        workspace: &[],
        service: false,
    },
    Rule {
        permission: Permission::ErasePeople,
        workspace: &[],
        service: false,
    },
    Rule {
        permission: Permission::OwnTokens,
        workspace: EVERYONE,
        service: false,
    },
    Rule {
        permission: Permission::EditTokens,
        workspace: &[],
        service: false,
    },
    Rule {
        permission: Permission::EditAccess,
        workspace: ADMINS,
        service: false,
    },
    Rule {
        permission: Permission::EditOrganization,
        workspace: &[],
        service: false,
    },
    // A secret is one in all workspaces, so who has only a role in one does not say what is.
    Rule {
        permission: Permission::EditDefinitions,
        workspace: &[],
        service: false,
    },
];

/// Who asks: what the rules look at, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// A person, with what they are in the organization and, where the question is about one, in the workspace.
    Person {
        /// In the organization.
        organization: OrganizationRole,
        /// In the workspace, if it is about one and the person has a role there.
        workspace: Option<WorkspaceRole>,
    },
    /// A service token of the organization.
    Service,
    /// Annals itself, or someone at the machine's command line, who holds the keys anyway.
    System,
}

impl Standing {
    /// Whether the rules give `permission`.
    pub fn may(self, permission: Permission) -> bool {
        let rule = RULES.iter().find(|rule| rule.permission == permission);
        match (self, rule) {
            (_, None) => false,
            (
                Self::System
                | Self::Person {
                    organization: OrganizationRole::Admin,
                    ..
                },
                _,
            ) => true,
            (Self::Person { workspace, .. }, Some(rule)) => {
                workspace.is_some_and(|role| rule.workspace.contains(&role))
            }
            (Self::Service, Some(rule)) => rule.service,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_permission_has_exactly_one_rule() {
        for permission in Permission::ALL {
            assert_eq!(
                RULES
                    .iter()
                    .filter(|rule| rule.permission == *permission)
                    .count(),
                1,
                "{permission}"
            );
        }
    }

    #[test]
    fn the_table_as_a_person_reads_it() {
        let person = |organization, workspace| Standing::Person {
            organization,
            workspace,
        };
        let columns = [
            ("org admin", person(OrganizationRole::Admin, None)),
            (
                "admin",
                person(OrganizationRole::Member, Some(WorkspaceRole::Admin)),
            ),
            (
                "editor",
                person(OrganizationRole::Member, Some(WorkspaceRole::Editor)),
            ),
            (
                "viewer",
                person(OrganizationRole::Member, Some(WorkspaceRole::Viewer)),
            ),
            (
                "auditor",
                person(OrganizationRole::Member, Some(WorkspaceRole::Auditor)),
            ),
            ("no role", person(OrganizationRole::Member, None)),
            ("service", Standing::Service),
        ];
        let table: Vec<String> = Permission::ALL
            .iter()
            .map(|permission| {
                let who: Vec<&str> = columns
                    .iter()
                    .filter(|(_, s)| s.may(*permission))
                    .map(|(name, _)| *name)
                    .collect();
                format!("{permission}: {}", who.join(", "))
            })
            .collect();
        insta::assert_snapshot!(table.join("\n"), @r"
        view_workspace: org admin, admin, editor, viewer, auditor
        edit_sources: org admin, admin, editor
        edit_destinations: org admin, admin, editor
        edit_connections: org admin, admin, editor
        edit_transformations: org admin, admin, editor
        edit_accounts: org admin, admin, editor
        edit_workspace: org admin, admin
        view_live_events: org admin, admin, editor
        read_audit_log: org admin, admin, auditor, service
        view_members: org admin, admin, editor, viewer, auditor
        edit_members: org admin
        erase_people: org admin
        own_tokens: org admin, admin, editor, viewer, auditor
        edit_tokens: org admin
        edit_access: org admin, admin
        edit_organization: org admin
        edit_definitions: org admin
        ");
    }
}

//! The catalogue of audited actions: one table, from which the dashboard, the API and the documentation are made.

use std::fmt;

/// What an event can be about. The word is the public API's `targetType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TargetType {
    /// A source, reverse-ETL and event-stream ones included.
    Source,
    /// A destination, with its connections and the transformation before it.
    Destination,
    /// A connection of reverse ETL. An event about one is about its destination, and names it beside that.
    Connection,
    /// A transformation.
    Transformation,
    /// A library that transformations import.
    TransformationLibrary,
    /// An account at another service, with its secret.
    Account,
    /// A person.
    User,
    /// An invitation to a person.
    UserInvitation,
    /// An organization.
    Organization,
    /// A workspace.
    Workspace,
    /// An access token, personal or of a service.
    AccessToken,
    /// The audit log itself.
    AuditLog,
    /// This instance of Annals.
    Instance,
    /// What is known of a person, or one value that was sealed.
    Privacy,
    /// A log: its entries as they are signed.
    Log,
    /// The key that signs a log.
    LogKey,
    /// Who may change a single source or destination.
    Permission,
    /// What is known of the types of sources and destinations.
    Definition,
}

impl TargetType {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Source,
        Self::Destination,
        Self::Connection,
        Self::Transformation,
        Self::TransformationLibrary,
        Self::Account,
        Self::User,
        Self::UserInvitation,
        Self::Organization,
        Self::Workspace,
        Self::AccessToken,
        Self::AuditLog,
        Self::Instance,
        Self::Privacy,
        Self::Log,
        Self::LogKey,
        Self::Permission,
        Self::Definition,
    ];

    /// The word in an entry and in the public API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Connection => "connection",
            Self::Transformation => "transformation",
            Self::TransformationLibrary => "transformation_library",
            Self::Account => "account",
            Self::User => "user",
            Self::UserInvitation => "user_invitation",
            Self::Organization => "organization",
            Self::Workspace => "workspace",
            Self::AccessToken => "access_token",
            Self::AuditLog => "audit_log",
            Self::Instance => "instance",
            Self::Privacy => "privacy",
            Self::Log => "log",
            Self::LogKey => "log_key",
            Self::Permission => "permission",
            Self::Definition => "definition",
        }
    }

    /// The type with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == word)
    }
}

impl fmt::Display for TargetType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What stands in the column "Type", and under which tab an event is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Sources.
    Source,
    /// Destinations, connections, links to transformations.
    Destination,
    /// Transformations and their libraries.
    Transformation,
    /// Accounts at other services.
    Account,
    /// People, roles, invitations.
    Team,
    /// Second factors.
    Mfa,
    /// Sign-in and sign-out.
    SignIn,
    /// Access tokens.
    Token,
    /// The workspace and the organization.
    Workspace,
    /// Reading, exporting and verifying the log.
    AuditLog,
    /// The instance, keys, erasure, recovery.
    Integrity,
}

impl Group {
    /// All of them, in the order of the tabs.
    pub const ALL: &'static [Self] = &[
        Self::Source,
        Self::Destination,
        Self::Transformation,
        Self::Account,
        Self::Team,
        Self::Mfa,
        Self::SignIn,
        Self::Token,
        Self::Workspace,
        Self::AuditLog,
        Self::Integrity,
    ];

    /// The tab's label.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Source => "Source",
            Self::Destination => "Destination",
            Self::Transformation => "Transformation",
            Self::Account => "Account",
            Self::Team => "Team",
            Self::Mfa => "MFA",
            Self::SignIn => "Sign-in",
            Self::Token => "Token",
            Self::Workspace => "Workspace",
            Self::AuditLog => "Audit log",
            Self::Integrity => "Integrity",
        }
    }

    /// The tab's word in an address.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Transformation => "transformation",
            Self::Account => "account",
            Self::Team => "team",
            Self::Mfa => "mfa",
            Self::SignIn => "sign-in",
            Self::Token => "token",
            Self::Workspace => "workspace",
            Self::AuditLog => "audit-log",
            Self::Integrity => "integrity",
        }
    }

    /// The group with this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|one| one.as_str() == word)
    }
}

/// One row of the catalogue: a type of event.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventType {
    /// What it is about.
    pub target: TargetType,
    /// What was done: the public API's `action`.
    pub action: &'static str,
    /// What a person reads in the column "Action".
    pub label: &'static str,
    /// What a person reads in the column "Type".
    pub type_label: &'static str,
    /// The tab that it is found under.
    pub group: Group,
}

impl EventType {
    /// Whether a data plane can see in its configuration what an event of this type tells, as far as its type says it. A change that
    /// it cannot see must not be told as one: it loads everything again.
    pub fn reaches_data_planes(&self) -> bool {
        match self.target {
            // It is told the name of its workspace, and of code what is published.
            TargetType::Workspace => self.action != "updated",
            TargetType::Transformation | TargetType::TransformationLibrary => {
                matches!(self.action, "published" | "deleted")
            }
            TargetType::Source
            | TargetType::Destination
            | TargetType::Connection
            | TargetType::Account
            | TargetType::Definition => true,
            TargetType::User
            | TargetType::UserInvitation
            | TargetType::Organization
            | TargetType::AccessToken
            | TargetType::AuditLog
            | TargetType::Instance
            | TargetType::Privacy
            | TargetType::Log
            | TargetType::LogKey
            | TargetType::Permission => false,
        }
    }

    /// The row for these two words of an entry, unless it is none of ours.
    pub fn find(target: &str, action: &str) -> Option<&'static Self> {
        ALL.iter()
            .find(|one| one.target.as_str() == target && one.action == action)
    }

    /// The row of an event type such as `source.updated_name`.
    pub fn find_name(name: &str) -> Option<&'static Self> {
        let (target, action) = name.split_once('.')?;
        Self::find(target, action)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.target, self.action)
    }
}

impl fmt::Debug for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident = $target:ident . $action:literal, $label:literal, $type_label:literal, $group:ident;)*) => {
        $(
            $(#[$doc])*
            pub const $name: EventType = EventType {
                target: TargetType::$target,
                action: $action,
                label: $label,
                type_label: $type_label,
                group: Group::$group,
            };
        )*

        /// The whole catalogue, in the order in which it is documented.
        pub const ALL: &[EventType] = &[$($name,)*];
    };
}

catalogue! {
    /// A source is created.
    SOURCE_CREATED = Source."created", "Created", "Source", Source;
    /// A source's settings change.
    SOURCE_UPDATED = Source."updated", "Updated", "Source", Source;
    /// A source's name changes.
    SOURCE_UPDATED_NAME = Source."updated_name", "Updated Name", "Source", Source;
    /// A source is deleted.
    SOURCE_DELETED = Source."deleted", "Deleted", "Source", Source;
    /// A destination is created.
    DESTINATION_CREATED = Destination."created", "Created", "Destination", Destination;
    /// A destination's settings change.
    DESTINATION_UPDATED = Destination."updated", "Updated", "Destination", Destination;
    /// A destination's name changes.
    DESTINATION_UPDATED_NAME = Destination."updated_name", "Updated Name", "Destination", Destination;
    /// A destination is deleted.
    DESTINATION_DELETED = Destination."deleted", "Deleted", "Destination", Destination;
    /// A source is connected to a destination; the source is related.
    DESTINATION_CONNECTED_SOURCE = Destination."connected_source", "Connect Source", "Destination", Destination;
    /// A source is disconnected from a destination; the source is related.
    DESTINATION_DISCONNECTED_SOURCE = Destination."disconnected_source", "Disconnect Source", "Destination", Destination;
    /// A transformation is put before a destination; the transformation is related.
    DESTINATION_CONNECTED_TRANSFORMATION = Destination."connected_transformation", "Added Transformation", "Destination", Destination;
    /// A transformation is taken away from a destination; the transformation is related.
    DESTINATION_DISCONNECTED_TRANSFORMATION = Destination."disconnected_transformation", "Deleted Transformation", "Destination", Destination;
    /// One transformation takes the place of another before a destination; both are related.
    DESTINATION_UPDATED_TRANSFORMATION = Destination."updated_transformation", "Updated Transformation", "Destination", Destination;
    /// A connection is enabled, disabled or changed; the source is related.
    DESTINATION_UPDATED_CONNECTION = Destination."updated_connection", "Updated Connection", "Destination", Destination;
    /// A transformation is created.
    TRANSFORMATION_CREATED = Transformation."created", "Created", "Transformation", Transformation;
    /// A transformation's name, description or code changes.
    TRANSFORMATION_UPDATED = Transformation."updated", "Updated", "Transformation", Transformation;
    /// A version of a transformation is published.
    TRANSFORMATION_PUBLISHED = Transformation."published", "Published", "Transformation", Transformation;
    /// A transformation is deleted.
    TRANSFORMATION_DELETED = Transformation."deleted", "Deleted", "Transformation", Transformation;
    /// A library is created.
    LIBRARY_CREATED = TransformationLibrary."created", "Created", "Library", Transformation;
    /// A library's description or code changes.
    LIBRARY_UPDATED = TransformationLibrary."updated", "Updated", "Library", Transformation;
    /// A version of a library is published.
    LIBRARY_PUBLISHED = TransformationLibrary."published", "Published", "Library", Transformation;
    /// A library is deleted.
    LIBRARY_DELETED = TransformationLibrary."deleted", "Deleted", "Library", Transformation;
    /// An account at another service is added.
    ACCOUNT_CREATED = Account."created", "Created", "Account", Account;
    /// An account's name, options or secret change.
    ACCOUNT_UPDATED = Account."updated", "Updated", "Account", Account;
    /// An account is deleted.
    ACCOUNT_DELETED = Account."deleted", "Deleted", "Account", Account;
    /// Someone becomes a member of the organization.
    USER_ADDED_TO_ORGANIZATION = User."added_to_organization", "Added", "Team", Team;
    /// A member's role or permissions change.
    USER_CHANGED_PERMISSION = User."changed_permission", "Changed Permission", "Team", Team;
    /// A member is removed.
    USER_REMOVED_FROM_ORGANIZATION = User."removed_from_organization", "Deleted", "Team", Team;
    /// A member leaves.
    USER_LEFT_ORGANIZATION = User."left_organization", "Left", "Team", Team;
    /// Someone is invited.
    USER_INVITATION_CREATED = UserInvitation."created", "Invited", "Team", Team;
    /// The invited person accepts.
    USER_INVITATION_ACCEPTED = UserInvitation."accepted", "Accepted", "Team", Team;
    /// The invitation is withdrawn.
    USER_INVITATION_CANCELLED = UserInvitation."cancelled", "Cancelled", "Team", Team;
    /// The invitation is sent again.
    USER_INVITATION_RESENT = UserInvitation."resent", "Resent", "Team", Team;
    /// Nobody has accepted the invitation in time.
    USER_INVITATION_EXPIRED = UserInvitation."expired", "Expired", "Team", Team;
    /// From now on only people selected may change a source or destination.
    PERMISSION_RESOURCE_LOCKED = Permission."resource_locked", "Locked", "Team", Team;
    /// The people who may change a source or destination are others now, or anyone with edit rights again.
    PERMISSION_RESOURCE_ACCESS_UPDATED = Permission."resource_access_updated", "Updated Access", "Team", Team;
    /// Someone who was selected to change a source or destination has lost the membership or the role for it.
    PERMISSION_DELETED_USER_PERMISSIONS = Permission."deleted_user_permissions", "Deleted Permissions", "Team", Team;
    /// A person turns a second factor on for the own account.
    USER_ENABLED_MFA = User."enabled_mfa", "Enabled MFA", "MFA", Mfa;
    /// A person turns a second factor off for the own account.
    USER_DISABLED_MFA = User."disabled_mfa", "Disabled MFA", "MFA", Mfa;
    /// A person changes the phone number of the own second factor.
    USER_UPDATED_PHONE_NUMBER = User."updated_phone_number", "Updated Phonenumber", "MFA", Mfa;
    /// A person adds a passkey to the own account.
    USER_PASSKEY_ADDED = User."passkey_added", "Passkey Added", "Sign-in", SignIn;
    /// A person gives a passkey of the own account another name.
    USER_PASSKEY_RENAMED = User."passkey_renamed", "Passkey Renamed", "Sign-in", SignIn;
    /// A person removes a passkey of the own account.
    USER_PASSKEY_REMOVED = User."passkey_removed", "Passkey Removed", "Sign-in", SignIn;
    /// A person makes new recovery codes; the old ones are dead.
    USER_RECOVERY_CODES_REGENERATED = User."recovery_codes_regenerated", "Recovery Codes Regenerated", "Sign-in", SignIn;
    /// A person changes the own name.
    USER_UPDATED_NAME = User."updated_name", "Updated Name", "Sign-in", SignIn;
    /// A person changes the own e-mail address.
    USER_UPDATED_EMAIL = User."updated_email", "Updated E-mail", "Sign-in", SignIn;
    /// A person changes the own password.
    USER_CHANGED_PASSWORD = User."changed_password", "Changed Password", "Sign-in", SignIn;
    /// A person who forgot the password sets another one.
    USER_RESET_PASSWORD = User."reset_password", "Reset Password", "Sign-in", SignIn;
    /// A session is ended from elsewhere.
    USER_SESSION_REVOKED = User."session_revoked", "Session Revoked", "Sign-in", SignIn;
    /// A person signs in.
    USER_SIGNED_IN = User."signed_in", "Signed In", "Sign-in", SignIn;
    /// A person signs out.
    USER_SIGNED_OUT = User."signed_out", "Signed Out", "Sign-in", SignIn;
    /// Someone fails to sign in to an account that exists.
    USER_SIGN_IN_FAILED = User."sign_in_failed", "Sign-in Failed", "Sign-in", SignIn;
    /// An access token is made.
    ACCESS_TOKEN_CREATED = AccessToken."created", "Created", "Token", Token;
    /// An access token is deleted.
    ACCESS_TOKEN_DELETED = AccessToken."deleted", "Deleted", "Token", Token;
    /// An access token has reached its end.
    ACCESS_TOKEN_EXPIRED = AccessToken."expired", "Expired", "Token", Token;
    /// What holds for the whole organization changes.
    ORGANIZATION_UPDATED = Organization."updated", "Updated", "Workspace", Workspace;
    /// From now on members need a second factor.
    ORGANIZATION_REQUIRED_MFA = Organization."required_mfa", "Required MFA", "Workspace", Workspace;
    /// Members no longer need a second factor.
    ORGANIZATION_STOPPED_REQUIRING_MFA = Organization."stopped_requiring_mfa", "Stopped Requiring MFA", "Workspace", Workspace;
    /// An organization is created.
    ORGANIZATION_CREATED = Organization."created", "Created", "Team", Team;
    /// A workspace is created.
    WORKSPACE_CREATED = Workspace."created", "Created", "Workspace", Workspace;
    /// A workspace's settings change.
    WORKSPACE_UPDATED = Workspace."updated", "Updated", "Workspace", Workspace;
    /// The data planes of a workspace get another token; the one before is good no more.
    WORKSPACE_ROTATED_TOKEN = Workspace."rotated_token", "Rotated Token", "Workspace", Workspace;
    /// Definitions of types are taken in: a whole import, or one of them by hand or by a program.
    DEFINITION_IMPORTED = Definition."imported", "Imported", "Workspace", Workspace;
    /// A definition that was taken in goes.
    DEFINITION_DELETED = Definition."deleted", "Deleted", "Workspace", Workspace;
    /// A workspace's name changes.
    WORKSPACE_UPDATED_NAME = Workspace."updated_name", "Updated Name", "Workspace", Workspace;
    /// A workspace is deleted; its tokens and the roles in it have gone before.
    WORKSPACE_DELETED = Workspace."deleted", "Deleted", "Workspace", Workspace;
    /// Someone reads the audit log; once for a session, or a token and day, and its filters.
    AUDIT_LOG_VIEWED = AuditLog."viewed", "Viewed", "Audit log", AuditLog;
    /// Refusals of one actor that were too many to be recorded one by one.
    AUDIT_LOG_REFUSALS_SUMMARIZED = AuditLog."refusals_summarized", "Refusals Summarized", "Audit log", AuditLog;
    /// The log, or a part of it, is taken out.
    AUDIT_LOG_EXPORTED = AuditLog."exported", "Exported", "Audit log", AuditLog;
    /// A person's data, or one value, is erased.
    PRIVACY_ERASED = Privacy."erased", "Erased", "Privacy", Integrity;
    /// A log is signed on although the database does not hold what was signed before.
    LOG_RECOVERED = Log."recovered", "Recovered", "Log", Integrity;
    /// A log is signed with its next key.
    LOG_KEY_ROTATED = LogKey."rotated", "Rotated", "Log key", Integrity;
    /// This instance is set up.
    INSTANCE_SET_UP = Instance."set_up", "Set Up", "Integrity", Integrity;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_rows_have_one_name_and_each_is_found_by_it() {
        for (index, one) in ALL.iter().enumerate() {
            assert_eq!(
                ALL.iter()
                    .position(|other| other.to_string() == one.to_string()),
                Some(index)
            );
            assert_eq!(EventType::find_name(&one.to_string()), Some(one));
        }
        assert_eq!(EventType::find_name("source.exploded"), None);
    }
}

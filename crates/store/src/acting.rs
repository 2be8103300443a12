//! Who acts, read again under the log's lock: whether the session or token is still valid, and what it may do.

use std::sync::Arc;

use model::actor::{Actor, ELSEWHERE, System};
use model::catalogue::TargetType;
use model::clock::Micros;
use model::id::{OrganizationId, SessionId, TokenId, UserId, WorkspaceId};
use model::role::{Access, OrganizationRole, Permission, Standing, WorkspaceRole};

use model::things::User;

use crate::action::{Need, Target};
use crate::db::{Row, params};
use crate::error::{Error, Result};
use crate::keyring::KeyState;
use crate::tx::Rx;

/// The roles of a person in an organization, and in one of its workspaces; whether anything is locked there; and whether the
/// organization requires a second factor, and the version of its definitions.
const ROLES: &str = "SELECT m.role, w.role, CAST(CAST(EXISTS (SELECT 1 FROM locks l WHERE l.workspace_id = $3) AS INTEGER) AS BIGINT), \
     o.requires_mfa, o.definitions \
     FROM members m JOIN organizations o ON o.id = m.organization_id \
     LEFT JOIN workspace_members w ON w.user_id = m.user_id AND w.workspace_id = $3 \
     WHERE m.organization_id = $1 AND m.user_id = $2";

/// A token, with all that is asked for next where it is a person's: who that is, the roles, and the keys that what is done
/// with it is sealed with, a row for each. On PostgreSQL the time of a change is the number of its questions.
pub(crate) const TOKEN: &str = "SELECT t.organization_id, t.workspace_id, t.user_id, t.name, t.access, u.identity, t.expires_at, \
     m.role, w.role, CAST(CAST(EXISTS (SELECT 1 FROM locks l WHERE l.workspace_id = t.workspace_id) AS INTEGER) AS BIGINT), \
     o.requires_mfa, o.definitions, k.organization, k.subject, k.generation, k.wrapped, t.role FROM tokens t \
     JOIN organizations o ON o.id = t.organization_id \
     LEFT JOIN users u ON u.id = t.user_id \
     LEFT JOIN members m ON m.organization_id = t.organization_id AND m.user_id = t.user_id \
     LEFT JOIN workspace_members w ON w.user_id = t.user_id AND w.workspace_id = t.workspace_id \
     LEFT JOIN data_keys k ON k.organization IN ('instance', t.organization_id) AND k.subject IN (t.user_id, t.workspace_id) \
     WHERE t.id = $1";

/// An actor, with what the database knows of it now.
#[derive(Clone, Debug)]
pub struct Acting {
    /// The word in an entry: `user`, `service`, `system` or `anonymous`.
    pub kind: &'static str,
    /// The person who acts, by a session or by a personal token.
    pub user: Option<UserId>,
    /// The token that is used.
    pub token: Option<TokenId>,
    /// The token's name.
    pub token_name: Option<String>,
    /// The session that is used.
    pub session: Option<SessionId>,
    /// The name, for the column "User".
    pub name: Option<String>,
    /// The person's e-mail.
    pub email: Option<String>,
    /// The one workspace that the token is for.
    pub workspace: Option<WorkspaceId>,
    /// The organization that the token is for.
    pub organization: Option<OrganizationId>,
    access: Access,
    /// What a service token of a workspace is there.
    role: Option<WorkspaceRole>,
}

impl Acting {
    /// The id in an entry: of the person, or of the service token.
    pub fn id(&self) -> Option<String> {
        let token = || self.token.map(String::from);
        self.user.map(String::from).or_else(token)
    }

    const fn nobody(kind: &'static str) -> Self {
        Self {
            kind,
            user: None,
            token: None,
            token_name: None,
            session: None,
            name: None,
            email: None,
            workspace: None,
            organization: None,
            access: Access::ReadWrite,
            role: None,
        }
    }

    /// What an organization is told of who acts in another one.
    pub(crate) fn elsewhere() -> Self {
        Self {
            name: Some(ELSEWHERE.to_owned()),
            ..Self::nobody("system")
        }
    }

    /// Whether it is this person, in a browser and not by a token.
    pub fn is_in_session(&self, user: UserId) -> bool {
        self.user == Some(user) && self.session.is_some()
    }

    /// Whether it is Annals itself, or someone at the machine's command line.
    pub fn is_system(&self) -> bool {
        self.kind == "system"
    }

    /// Nobody was known to act; now it is this person, who has just shown it: with a session, once there is one.
    pub(crate) fn signed_in(&mut self, user: &User, session: Option<SessionId>) {
        self.kind = "user";
        self.user = Some(user.id);
        self.session = session;
        self.name = Some(user.name.clone());
        self.email = Some(user.email.clone());
    }

    /// An actor of which only the kind is known yet.
    pub(crate) fn recorded(kind: &str, system: System) -> Result<Self> {
        Ok(match kind {
            "user" => Self::nobody("user"),
            "service" => Self::nobody("service"),
            "anonymous" => Self::nobody("anonymous"),
            "system" => Self {
                name: Some(system.name().to_owned()),
                ..Self::nobody("system")
            },
            _ => return Err(Error::Internal("an actor of no known kind".to_owned())),
        })
    }

    /// What the rules look at, for a question about `workspace` (if about one) in `organization`. A workspace of another
    /// organization, or one where the actor has no role, is not found.
    fn standing(
        &self,
        rx: &mut Rx<'_>,
        organization: Option<OrganizationId>,
        workspace: Option<WorkspaceId>,
    ) -> Result<Standing> {
        if self.kind == "system" {
            return Ok(Standing::System);
        }
        let Some(organization) = organization else {
            return Err(Error::NotFound("organization"));
        };
        if self.organization.is_some_and(|own| own != organization) {
            return Err(Error::NotFound("organization"));
        }
        if let (Some(own), Some(asked)) = (self.workspace, workspace)
            && own != asked
        {
            return Err(Error::NotFound("workspace"));
        }
        let Some(user) = self.user else {
            return Ok(match self.role {
                Some(role) => Standing::Person {
                    organization: OrganizationRole::Member,
                    workspace: workspace.map(|_| role),
                },
                None => Standing::Service,
            });
        };
        let question = params![&organization, &user, workspace.as_ref()];
        let row = rx.conn.recall(ROLES, question)?;
        let Some(row) = row else {
            return Err(Error::NotFound("organization"));
        };
        let standing = Standing::Person {
            organization: row.parse(0)?,
            workspace: row.opt_parse(1)?,
        };
        rx.definitions_are_at(organization, row.opt_text(4)?);
        if row.flag(3)? && !rx.has_factor(user)? {
            return Err(Error::Denied {
                code: "second_factor_required",
                message:
                    "this organization requires a second factor; add one to your account first"
                        .to_owned(),
            });
        }
        if let Standing::Person {
            organization: OrganizationRole::Member,
            workspace: None,
        } = standing
            && workspace.is_some()
        {
            return Err(Error::NotFound("workspace"));
        }
        Ok(standing)
    }

    /// Whether the actor has a permission, without refusing.
    pub fn may(
        &self,
        rx: &mut Rx<'_>,
        permission: Permission,
        organization: OrganizationId,
        workspace: Option<WorkspaceId>,
    ) -> Result<bool> {
        match self.may_with_factor(rx, permission, organization, workspace) {
            Err(Error::Denied { .. }) => Ok(false),
            other => other,
        }
    }

    /// The same, but who lacks the second factor that the organization requires is refused, and so hears what to do.
    pub fn may_with_factor(
        &self,
        rx: &mut Rx<'_>,
        permission: Permission,
        organization: OrganizationId,
        workspace: Option<WorkspaceId>,
    ) -> Result<bool> {
        match self.standing(rx, Some(organization), workspace) {
            Ok(standing) => Ok(standing.may(permission)
                && (self.access == Access::ReadWrite || !permission.changes())),
            Err(Error::NotFound(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Refuses where a thing that the change is about or concerns is locked, and the actor is not among the people selected. Who
    /// may say who these people are is never locked out.
    fn check_locks(&self, rx: &mut Rx<'_>, standing: Standing, need: &Need) -> Result<()> {
        let changes = need.permission.is_some_and(Permission::changes);
        if !changes || standing.may(Permission::EditAccess) {
            return Ok(());
        }
        let Some(workspace) = need.resource.workspace else {
            return Ok(());
        };
        for target in std::iter::once(&need.resource.target).chain(&need.related) {
            self.check_lock(rx, workspace, target)?;
        }
        Ok(())
    }

    fn check_lock(&self, rx: &mut Rx<'_>, workspace: WorkspaceId, target: &Target) -> Result<()> {
        let noun = match target.kind {
            TargetType::Source => "source",
            TargetType::Destination => "destination",
            _ => return Ok(()),
        };
        let (Some(id), Some(organization)) = (&target.id, rx.organization_of(workspace)?) else {
            return Ok(());
        };
        if let Some(user) = self.user {
            let question = params![&organization, &user, Some(&workspace)];
            let row = rx.conn.recall(ROLES, question)?;
            if !row.map(|row| row.flag(2)).transpose()?.unwrap_or_default() {
                return Ok(());
            }
        }
        match rx.selected(id)? {
            Some(people) if !self.user.is_some_and(|user| people.contains(&user)) => {
                Err(Error::Denied {
                    code: "resource_locked",
                    message: format!("only people selected may change this {noun}"),
                })
            }
            _ => Ok(()),
        }
    }

    /// Refuses unless the actor has what is needed.
    pub(crate) fn check(
        &self,
        rx: &mut Rx<'_>,
        organization: Option<OrganizationId>,
        need: &Need,
    ) -> Result<()> {
        let Some(permission) = need.permission else {
            return Ok(());
        };
        if self.kind == "anonymous" {
            return Err(Error::Unauthenticated);
        }
        if let Some(workspace) = need.resource.workspace
            && rx.organization_of(workspace)? != organization
        {
            return Err(Error::NotFound("workspace"));
        }
        let standing = self.standing(rx, organization, need.resource.workspace)?;
        if !standing.may(permission) {
            return Err(Error::Denied {
                code: "permission_denied",
                message: format!(
                    "you lack the permission \u{201c}{}\u{201d}",
                    permission.label()
                ),
            });
        }
        if permission.changes() && self.access == Access::Read {
            return Err(Error::Denied {
                code: "read_only_token",
                message: "this token may only read".to_owned(),
            });
        }
        self.check_locks(rx, standing, need)
    }
}

impl Rx<'_> {
    /// Reads an actor again: the session or token must exist and be valid now.
    pub fn acting(&mut self, actor: Actor) -> Result<Arc<Acting>> {
        let now = self.env.now();
        match actor {
            Actor::System(system) => Ok(Arc::new(Acting {
                name: Some(system.name().to_owned()),
                ..Acting::nobody("system")
            })),
            Actor::Anonymous => Ok(Arc::new(Acting::nobody("anonymous"))),
            Actor::User { user, session } => {
                let row = self.conn.recall(
                    "SELECT u.identity, s.expires_at FROM sessions s JOIN users u ON u.id = s.user_id \
                     WHERE s.id = $1 AND s.user_id = $2",
                    params![&session, &user],
                )?;
                let Some(row) = row else {
                    return Err(Error::Unauthenticated);
                };
                if row.moment(1)? <= now {
                    return Err(Error::Unauthenticated);
                }
                let identity = self.open_identity(user, row.blob(0)?)?;
                Ok(Arc::new(Acting {
                    user: Some(user),
                    session: Some(session),
                    name: Some(identity.name),
                    email: Some(identity.email),
                    ..Acting::nobody("user")
                }))
            }
            Actor::Token { token } => {
                let question = params![&token];
                let known = if let Some(known) = self.conn.made::<Known>(TOKEN, question) {
                    for (organization, subject, key) in &known.keys {
                        if !self.keys.has_seen(organization, subject) {
                            self.keys
                                .put(organization.clone(), subject.clone(), key.clone());
                        }
                    }
                    known
                } else {
                    let rows = self.conn.recall_all(TOKEN, question)?;
                    let known = Arc::new(self.known(token, &rows)?);
                    self.conn.put_made(TOKEN, question, known.clone());
                    known
                };
                if known.expires_at.is_some_and(|expires| expires <= now) {
                    return Err(Error::Unauthenticated);
                }
                let Acting {
                    organization,
                    workspace,
                    ..
                } = *known.acting;
                if let Some(organization) = organization {
                    self.definitions_are_at(organization, known.definitions.as_deref());
                    if let Some(workspace) = workspace {
                        self.workspace_is_of(workspace, organization);
                    }
                }
                Ok(known.acting.clone())
            }
        }
    }

    /// What the rows of a token say.
    fn known(&mut self, token: TokenId, rows: &[Row]) -> Result<Known> {
        let Some(row) = rows.first() else {
            return Err(Error::Unauthenticated);
        };
        let (organization, workspace) = (row.parse(0)?, row.opt_parse(1)?);
        let user: Option<UserId> = row.opt_parse(2)?;
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows.iter().filter(|row| !row.is_null(12)) {
            let (of, subject) = (row.text(12)?, row.text(13)?);
            if !self.keys.has_seen(of, subject) {
                self.keys.take(self.env, row, 12)?;
            }
            if let Some(key) = self.keys.state(of, subject) {
                keys.push((of.into(), subject.into(), key.clone()));
            }
        }
        if let (Some(user), Some(workspace)) = (user, workspace) {
            let roles = (!row.is_null(7)).then(|| row.part(7..12));
            let question = params![&organization, &user, &workspace];
            self.conn.put_recalled(ROLES, question, roles);
        }
        let identity = match user {
            Some(user) => Some(self.open_identity(user, row.blob(5)?)?),
            None => None,
        };
        let token_name = row.text(3)?.to_owned();
        let (name, email) = match identity {
            Some(identity) => (identity.name, Some(identity.email)),
            None => (token_name.clone(), None),
        };
        Ok(Known {
            acting: Arc::new(Acting {
                user,
                token: Some(token),
                token_name: Some(token_name),
                name: Some(name),
                email,
                organization: Some(organization),
                workspace,
                access: row.parse(4)?,
                role: row.opt_parse(16)?,
                ..Acting::nobody(if user.is_some() { "user" } else { "service" })
            }),
            expires_at: row.opt_moment(6)?,
            definitions: row.opt_text(11)?.map(str::to_owned),
            keys,
        })
    }
}

/// What was made of the rows of a token.
struct Known {
    acting: Arc<Acting>,
    expires_at: Option<Micros>,
    /// The version of the organization's definitions.
    definitions: Option<String>,
    /// The keys that what is done with it is sealed with: of which organization and subject.
    keys: Vec<(Arc<str>, Arc<str>, KeyState)>,
}

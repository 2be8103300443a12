//! People and tokens that no door makes yet, by an action of the tests' own.

use model::actor::{Actor, System};
use model::catalogue::{self, EventType, TargetType};
use model::id::{OrganizationId, TokenId, UserId, WorkspaceId};
use model::role::{Access, OrganizationRole, Permission, WorkspaceRole};
use model::things::{Member, Organization, Token, User, Workspace};
use server::actions::invitation::accept::AcceptInvitation;
use server::actions::invitation::create::{Invite, Invitee};
use server::actions::session::sign_in::{Shown, SignIn};
use server::actions::token::create::{CreateToken, Whose};
use server::auth::secret;
use store::{Action, Done, Fact, Need, Result, Rx, Scope, Target, Tx};

use super::{Api, local_origin};

/// A member with a token.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) user: UserId,
    pub(crate) token: String,
}

struct AddPerson {
    organization: OrganizationId,
    workspace: WorkspaceId,
    name: String,
    role: OrganizationRole,
    workspaces: Vec<(WorkspaceId, WorkspaceRole)>,
    access: Access,
    expires: Option<i64>,
    hash: [u8; 32],
    /// Whether organization and workspace are to be made first.
    new: bool,
}

impl Action for AddPerson {
    const EVENTS: &'static [EventType] = &[
        catalogue::ORGANIZATION_CREATED,
        catalogue::WORKSPACE_CREATED,
        catalogue::USER_ADDED_TO_ORGANIZATION,
        catalogue::ACCESS_TOKEN_CREATED,
    ];
    type Output = (UserId, TokenId);

    fn scope(&self) -> Scope {
        Scope::Instance
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target::to_be(TargetType::User, self.name.clone());
        Ok(vec![Need::in_organization(Permission::EditMembers, target)])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Self::Output>> {
        let log = Scope::Organization(self.organization);
        let at = tx.at;
        let mut facts = Vec::new();
        if self.new {
            let organization = Organization {
                id: self.organization,
                name: "Other".to_owned(),
                requires_mfa: false,
                public_hashes: false,
                created_at: at,
            };
            let workspace = Workspace {
                id: self.workspace,
                organization: self.organization,
                name: "Elsewhere".to_owned(),
                environment: "PRODUCTION".to_owned(),
                region: "US".to_owned(),
                data_plane_url: None,
                allow_unknown_types: true,
                refuse_invalid_config: false,
                created_at: at,
                updated_at: at,
            };
            let made = tx.insert_organization(&organization, "annals.test")?;
            facts.push(Fact::new(catalogue::ORGANIZATION_CREATED, &made).to_log(log));
            let made = tx.insert_workspace(&workspace, self.workspace.as_str())?;
            facts.push(Fact::new(catalogue::WORKSPACE_CREATED, &made).to_log(log));
        }
        let user = User {
            id: tx.new_id(UserId::new),
            name: self.name.clone(),
            email: format!("{}@example.com", self.name.to_lowercase().replace(' ', ".")),
            created_at: at,
        };
        let id = user.id;
        let member = Member {
            user,
            organization: self.organization,
            role: self.role,
            workspaces: self.workspaces.clone(),
        };
        let made = tx.insert_member(&member, Some("no password"))?;
        facts.push(Fact::new(catalogue::USER_ADDED_TO_ORGANIZATION, &made).to_log(log));
        let token = Token {
            id: tx.new_id(TokenId::new),
            organization: self.organization,
            workspace: Some(self.workspace),
            owner: Some(id),
            name: "test".to_owned(),
            access: self.access,
            role: None,
            hash: self.hash,
            created_at: at,
            expires_at: self.expires.map(|after| at.plus(after)),
        };
        let made = tx.insert_token(&token)?;
        facts.push(Fact::new(catalogue::ACCESS_TOKEN_CREATED, &made).to_log(log));
        Ok(Done::new((id, token.id), facts))
    }
}

/// Another e-mail address, as if it was confirmed.
struct Move {
    user: UserId,
    email: String,
}

impl Action for Move {
    const EVENTS: &'static [EventType] = &[catalogue::USER_UPDATED_EMAIL];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Account(self.user)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target::to_be(TargetType::User, String::new());
        Ok(vec![Need::nothing(target)])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let before = tx.user(self.user)?.expect("an account");
        let after = User {
            email: self.email.clone(),
            ..before.clone()
        };
        let row = tx.update_user(&before, &after)?;
        let fact = Fact::new(catalogue::USER_UPDATED_EMAIL, &row);
        Ok(Done::new((), vec![fact]))
    }
}

impl Api {
    fn by_hand<A: Action>(&self, actor: Actor, action: A) -> Result<A::Output> {
        let done = self.store.perform(actor, local_origin(&self.store), action);
        done.wait().map(|done| done.output)
    }

    /// A person's account has another e-mail address.
    pub(crate) fn moves(&self, user: UserId, email: &str) {
        let email = email.to_owned();
        let actor = Actor::System(System::CommandLine);
        self.by_hand(actor, Move { user, email }).expect("moved");
    }

    /// Invites someone to an organization; gives the hash of the link's secret.
    pub(crate) fn invites(&self, organization: OrganizationId, email: &str) -> [u8; 32] {
        let hash = secret::hash(&secret::new(secret::Kind::Link, self.store.entropy()));
        let invitee = Invitee {
            email: email.to_owned(),
            hash,
            letter: None,
        };
        let invite = Invite {
            organization,
            people: vec![invitee],
            role: OrganizationRole::Member,
            workspaces: Vec::new(),
        };
        let actor = Actor::System(System::CommandLine);
        let _ = self.by_hand(actor, invite).expect("invited");
        hash
    }

    /// A person signs in.
    pub(crate) fn signs_in(&self, user: UserId) -> Actor {
        let account = self
            .store
            .read(|rx| rx.user(user))
            .expect("read")
            .expect("there");
        let session = secret::hash(&secret::new(secret::Kind::Session, self.store.entropy()));
        let sign_in = SignIn {
            user: account,
            shown: Shown::Password(Some("no password".to_owned())),
            session,
        };
        let session = self.by_hand(Actor::Anonymous, sign_in).expect("signed in");
        Actor::User { user, session }
    }

    /// Who is signed in accepts an invitation.
    pub(crate) fn accepts(&self, person: Actor, hash: [u8; 32]) -> Result<User> {
        let accept = AcceptInvitation {
            hash,
            account: None,
        };
        self.by_hand(person, accept)
    }

    fn add(&self, mut person: AddPerson) -> Person {
        let token = secret::new(secret::Kind::Personal, self.store.entropy());
        person.hash = secret::hash(&token);
        let actor = Actor::System(System::CommandLine);
        let done = self
            .store
            .perform(actor, local_origin(&self.store), person)
            .wait();
        let (user, _) = done.expect("a person").output;
        Person {
            user,
            token: token.to_string(),
        }
    }

    fn person(&self, name: &str) -> AddPerson {
        AddPerson {
            organization: self.made.organization,
            workspace: self.made.workspace,
            name: name.to_owned(),
            role: OrganizationRole::Member,
            workspaces: Vec::new(),
            access: Access::ReadWrite,
            expires: None,
            hash: [0; 32],
            new: false,
        }
    }

    /// A member of the organization, with a role in its workspace or none.
    pub(crate) fn member(&self, name: &str, role: Option<WorkspaceRole>) -> Person {
        self.add(AddPerson {
            workspaces: role
                .map(|role| (self.made.workspace, role))
                .into_iter()
                .collect(),
            ..self.person(name)
        })
    }

    /// An Admin of the organization whose token may only read.
    pub(crate) fn reader(&self, name: &str) -> Person {
        self.add(AddPerson {
            role: OrganizationRole::Admin,
            access: Access::Read,
            ..self.person(name)
        })
    }

    /// An Admin of the organization whose token ends after some microseconds.
    pub(crate) fn for_a_time(&self, name: &str, microseconds: i64) -> Person {
        self.add(AddPerson {
            role: OrganizationRole::Admin,
            expires: Some(microseconds),
            ..self.person(name)
        })
    }

    /// A service's token with the role Editor in a workspace, as the command line makes it: a personal token makes none for
    /// another workspace than its own.
    pub(crate) fn editor_of(&self, name: &str, workspace: &str) -> String {
        let token = secret::new(secret::Kind::Service, self.store.entropy());
        let workspace = workspace.parse().expect("an id");
        let action = CreateToken {
            organization: self.made.organization,
            whose: Whose::Workspace(workspace, WorkspaceRole::Editor),
            name: name.to_owned(),
            access: Access::ReadWrite,
            days: None,
            hash: secret::hash(&token),
        };
        let actor = Actor::System(System::CommandLine);
        let origin = local_origin(&self.store);
        let made = self.store.perform(actor, origin, action).wait();
        let _ = made.expect("a token");
        token.to_string()
    }

    /// A personal token of the first Admin for a workspace, as the command line makes it.
    pub(crate) fn admin_of(&self, workspace: &str) -> String {
        let token = secret::new(secret::Kind::Personal, self.store.entropy());
        let workspace = workspace.parse().expect("an id");
        let action = CreateToken {
            organization: self.made.organization,
            whose: Whose::Personal(workspace, Some(self.made.user)),
            name: "elsewhere".to_owned(),
            access: Access::ReadWrite,
            days: None,
            hash: secret::hash(&token),
        };
        let actor = Actor::System(System::CommandLine);
        let _ = self.by_hand(actor, action).expect("a token");
        token.to_string()
    }

    /// The Admin of another organization, which is made.
    pub(crate) fn stranger(&self, name: &str) -> Person {
        let (clock, entropy) = (self.store.clock(), self.store.entropy());
        self.add(AddPerson {
            organization: OrganizationId::new(clock, entropy),
            workspace: WorkspaceId::new(clock, entropy),
            role: OrganizationRole::Admin,
            new: true,
            ..self.person(name)
        })
    }
}

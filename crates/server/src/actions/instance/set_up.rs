//! Set an instance up: its name, the first organization, workspace and administrator, and their tokens. Once.

use model::actor::System;
use model::catalogue::{self, EventType, TargetType};
use model::clock::Micros;
use model::id::{OrganizationId, TokenId, UserId, WorkspaceId};
use model::role::{Access, OrganizationRole};
use model::things::{Member, Organization, Token, User};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};

use crate::actions::input;
use crate::actions::workspace::{self, Environment};

/// What is asked for.
#[derive(Clone)]
pub struct SetUp {
    /// The hash of the one-time link's secret; none from the command line.
    pub link: Option<[u8; 32]>,
    /// The instance's name: the first part of every log's origin, for ever.
    pub instance: String,
    /// The organization's name.
    pub organization: String,
    /// The workspace's name.
    pub workspace: String,
    /// The administrator's name.
    pub name: String,
    /// The administrator's e-mail.
    pub email: String,
    /// The hash of the administrator's password.
    pub password: String,
    /// The hash of the personal token's secret.
    pub access_token: [u8; 32],
    /// The hash of the service token's secret.
    pub service_token: [u8; 32],
    /// The token of the workspace's data plane; it is kept encrypted.
    pub workspace_token: zeroize::Zeroizing<String>,
}

/// What was made.
#[derive(Clone, Copy, Debug)]
pub struct Made {
    /// The organization.
    pub organization: OrganizationId,
    /// Its workspace.
    pub workspace: WorkspaceId,
    /// Its administrator.
    pub user: UserId,
}

/// The name of an instance that was given none: that of its public address, or a random one.
pub fn default_name(public_url: Option<&str>, entropy: &dyn model::clock::Entropy) -> String {
    let host = public_url
        .and_then(|url| url.split_once("://"))
        .map(|(_, rest)| rest.split(['/', ':']).next().unwrap_or_default().to_owned())
        .filter(|host| !host.is_empty());
    host.unwrap_or_else(|| {
        let letters = b"abcdefghijklmnopqrstuvwxyz234567";
        let random: [u8; 8] = entropy.bytes();
        let name: String = random
            .iter()
            .map(|byte| char::from(letters[usize::from(byte % 32)]))
            .collect();
        format!("annals-{name}")
    })
}

impl SetUp {
    fn check(&self) -> Result<()> {
        input::line(
            "organization",
            &self.organization,
            model::things::NAME_LIMIT,
        )?;
        input::line("workspace", &self.workspace, model::things::NAME_LIMIT)?;
        input::name(&self.name)?;
        input::email(&self.email)?;
        input::line("instance", &self.instance, 200)
    }

    fn token(&self, made: Made, at: Micros, id: TokenId, personal: bool) -> Token {
        Token {
            id,
            organization: made.organization,
            workspace: personal.then_some(made.workspace),
            owner: personal.then_some(made.user),
            name: if personal {
                "Set-up"
            } else {
                "Set-up, audit log"
            }
            .to_owned(),
            access: if personal {
                Access::ReadWrite
            } else {
                Access::Read
            },
            role: None,
            hash: if personal {
                self.access_token
            } else {
                self.service_token
            },
            created_at: at,
            expires_at: None,
        }
    }
}

impl Action for SetUp {
    const EVENTS: &'static [EventType] = &[
        catalogue::INSTANCE_SET_UP,
        catalogue::ORGANIZATION_CREATED,
        catalogue::WORKSPACE_CREATED,
        catalogue::USER_ADDED_TO_ORGANIZATION,
        catalogue::ACCESS_TOKEN_CREATED,
    ];
    type Output = Made;

    // Under the instance's lock one set-up wins; another finds the instance set up.
    fn scope(&self) -> Scope {
        Scope::Instance
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let instance = rx.instance()?;
        Ok(vec![Need::nothing(Target::new(
            TargetType::Instance,
            instance.log,
            instance.name.unwrap_or_default(),
        ))])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Made>> {
        let instance = tx.instance()?;
        if instance.name.is_some() {
            return Err(Error::failed(
                "already_set_up",
                "this instance is set up already; its link is used up",
            ));
        }
        match self.link {
            Some(link) if !tx.is_set_up_link(&link)? => return Err(Error::Unauthenticated),
            None if tx.acting.name.as_deref() != Some(System::CommandLine.name()) => {
                return Err(Error::Unauthenticated);
            }
            _ => {}
        }
        self.check()?;
        let at = tx.at;
        let organization = tx.new_id(OrganizationId::new);
        let name = self.workspace.clone();
        let workspace = workspace::new(tx, organization, name, Environment::default());
        let made = Made {
            organization,
            workspace: workspace.id,
            user: tx.new_id(UserId::new),
        };
        let log = Scope::Organization(made.organization);
        let mut facts = Vec::new();

        let row = tx.set_up_instance(&instance, &self.instance)?;
        facts.push(Fact::new(catalogue::INSTANCE_SET_UP, &row));

        let organization = Organization {
            id: made.organization,
            name: self.organization.clone(),
            requires_mfa: false,
            public_hashes: false,
            created_at: at,
        };
        let row = tx.insert_organization(&organization, &self.instance)?;
        facts.push(Fact::new(catalogue::ORGANIZATION_CREATED, &row).to_log(log));

        let row = tx.insert_workspace(&workspace, &self.workspace_token)?;
        facts.push(Fact::new(catalogue::WORKSPACE_CREATED, &row).to_log(log));

        let user = User {
            id: made.user,
            name: self.name.clone(),
            email: self.email.trim().to_owned(),
            created_at: at,
        };
        let member = Member {
            user,
            organization: made.organization,
            role: OrganizationRole::Admin,
            workspaces: Vec::new(),
        };
        let row = tx.insert_member(&member, Some(&self.password))?;
        facts.push(Fact::new(catalogue::USER_ADDED_TO_ORGANIZATION, &row).to_log(log));

        for personal in [true, false] {
            let id = tx.new_id(TokenId::new);
            let row = tx.insert_token(&self.token(made, at, id, personal))?;
            facts.push(Fact::new(catalogue::ACCESS_TOKEN_CREATED, &row).to_log(log));
        }
        Ok(Done::new(made, facts))
    }
}

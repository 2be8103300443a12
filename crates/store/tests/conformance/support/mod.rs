//! What the conformance tests share: a store on each database, and the smallest actions that use it.

mod log;
mod proxy;
mod script;
mod unseal;

pub use log::{Log, logs};
pub use proxy::{Cut, Proxy};
pub use script::{
    Script, erase_part, erase_person, erasure, member, new_member, session, sign_in, source,
};
pub use store::testing::{Cell, Raw};
pub use unseal::{data_keys, unseal};

use std::sync::Arc;

use model::actor::{Actor, Origin, System};
use model::catalogue::{self, EventType, TargetType};
use model::clock::{ManualClock, Micros, SystemEntropy};
use model::id::{OrganizationId, RequestId, SourceId, TokenId, UserId, WorkspaceId};
use model::interface::Interface;
use model::role::{Access, OrganizationRole, Permission};
use model::things::{Member, Organization, Source, Token, User, Workspace};
use serde_json::json;
use store::testing::Postgres;
use store::{
    Action, Done, Error, Fact, Location, Need, Options, Result, Rx, Scope, Store, Target, Tx,
};

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A store in a place of its own, that can be closed and opened again.
pub struct Place {
    pub kind: Kind,
    pub folder: tempfile::TempDir,
    pub location: Location,
    pub clock: Arc<ManualClock>,
}

pub const START: Micros = Micros(1_795_000_000_000_000);

impl Place {
    pub fn new(kind: Kind) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let location = match kind {
            Kind::Sqlite => Location::Sqlite {
                file: folder.path().join("annals.db"),
                max_pages: None,
            },
            Kind::Postgres => Location::Postgres(Postgres::shared().fresh_database()),
        };
        Self {
            kind,
            folder,
            location,
            clock: Arc::new(ManualClock::at(START)),
        }
    }

    pub fn options(&self) -> Options {
        Options {
            clock: self.clock.clone(),
            entropy: Arc::new(SystemEntropy),
            ..Options::new(
                self.location.clone(),
                self.folder.path().join("annals.keys"),
            )
        }
    }

    pub fn open(&self) -> Store {
        Store::open(self.options()).expect("a store")
    }

    /// The database itself, past the store.
    pub fn raw(&self) -> Raw {
        Raw::open(&self.location)
    }
}

/// Both databases, one after the other.
pub fn on_both(test: impl Fn(Place)) {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        test(Place::new(kind));
    }
}

pub fn origin(store: &Store) -> Origin {
    Origin::local(
        RequestId::new(store.clock(), store.entropy()),
        Interface::Api,
    )
}

/// An organization with a workspace, an administrator and a token.
#[derive(Clone, Copy, Debug)]
pub struct Team {
    pub organization: OrganizationId,
    pub workspace: WorkspaceId,
    pub admin: UserId,
    pub token: TokenId,
}

impl Team {
    pub const fn actor(&self) -> Actor {
        Actor::Token { token: self.token }
    }
}

/// Makes an organization.
pub struct MakeTeam(pub Team, pub String);

impl Action for MakeTeam {
    const EVENTS: &'static [EventType] = &[
        catalogue::ORGANIZATION_CREATED,
        catalogue::WORKSPACE_CREATED,
        catalogue::USER_ADDED_TO_ORGANIZATION,
        catalogue::ACCESS_TOKEN_CREATED,
    ];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Instance
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        Ok(vec![Need::nothing(Target::to_be(
            TargetType::Organization,
            self.1.clone(),
        ))])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let at = tx.at;
        let log = Scope::Organization(self.0.organization);
        let organization = Organization {
            id: self.0.organization,
            name: self.1.clone(),
            requires_mfa: false,
            public_hashes: false,
            created_at: at,
        };
        let workspace = Workspace {
            id: self.0.workspace,
            organization: self.0.organization,
            name: "Production".to_owned(),
            environment: "PRODUCTION".to_owned(),
            region: "US".to_owned(),
            data_plane_url: None,
            allow_unknown_types: true,
            refuse_invalid_config: false,
            created_at: at,
            updated_at: at,
        };
        let email = format!("ada@{}.example", self.0.admin.as_str().to_lowercase());
        let user = User {
            id: self.0.admin,
            name: "Ada Lovelace".to_owned(),
            email,
            created_at: at,
        };
        let member = Member {
            user,
            organization: self.0.organization,
            role: OrganizationRole::Admin,
            workspaces: vec![],
        };
        let token = Token {
            id: self.0.token,
            organization: self.0.organization,
            workspace: Some(self.0.workspace),
            owner: Some(self.0.admin),
            name: "ci".to_owned(),
            access: Access::ReadWrite,
            role: None,
            hash: <[u8; 32]>::try_from(format!("{:0>32}", self.0.token).as_bytes())
                .expect("32 bytes"),
            created_at: at,
            expires_at: None,
        };
        let made = tx.insert_organization(&organization, "annals.test")?;
        let mut facts = vec![Fact::new(catalogue::ORGANIZATION_CREATED, &made).to_log(log)];
        let made = tx.insert_workspace(&workspace, self.0.workspace.as_str())?;
        facts.push(Fact::new(catalogue::WORKSPACE_CREATED, &made).to_log(log));
        let made = tx.insert_member(&member, Some("no password"))?;
        facts.push(Fact::new(catalogue::USER_ADDED_TO_ORGANIZATION, &made).to_log(log));
        let made = tx.insert_token(&token)?;
        facts.push(Fact::new(catalogue::ACCESS_TOKEN_CREATED, &made).to_log(log));
        Ok(Done::new((), facts))
    }
}

pub fn team(store: &Store, name: &str) -> Team {
    let (clock, entropy) = (store.clock(), store.entropy());
    let team = Team {
        organization: OrganizationId::new(clock, entropy),
        workspace: WorkspaceId::new(clock, entropy),
        admin: UserId::new(clock, entropy),
        token: TokenId::new(clock, entropy),
    };
    let done = store
        .perform(
            Actor::System(System::CommandLine),
            origin(store),
            MakeTeam(team, name.to_owned()),
        )
        .wait();
    let _ = done.expect("a team");
    team
}

/// Creates a source.
pub struct CreateSource {
    pub team: Team,
    pub name: String,
}

impl Action for CreateSource {
    const EVENTS: &'static [EventType] = &[catalogue::SOURCE_CREATED];
    type Output = Source;

    fn scope(&self) -> Scope {
        Scope::Organization(self.team.organization)
    }

    fn needs(&self, _: &mut Rx<'_>) -> Result<Vec<Need>> {
        let target = Target::to_be(TargetType::Source, self.name.clone());
        Ok(vec![Need::in_workspace(
            Permission::EditSources,
            self.team.workspace,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Source>> {
        let source = Source {
            id: tx.new_id(SourceId::new),
            workspace: self.team.workspace,
            name: self.name.clone(),
            kind: "HTTP".to_owned(),
            enabled: true,
            config: json!({ "one": 1 }).into(),
            write_key: tx.new_id(SourceId::new).to_string(),
            geo_enrichment: false,
            transient: false,
            external_id: None,
            created_at: tx.at,
            updated_at: tx.at,
        };
        let made = tx.insert_source(&source)?;
        let facts = vec![Fact::new(catalogue::SOURCE_CREATED, &made)];
        Ok(Done::new(source, facts))
    }
}

/// Creates a source, as the team's token.
pub fn create(store: &Store, team: Team, name: &str) -> Source {
    let name = name.to_owned();
    let done = store
        .perform(team.actor(), origin(store), CreateSource { team, name })
        .wait();
    done.expect("created").output
}

/// Changes a source's name, and whether it is enabled.
pub struct UpdateSource {
    pub team: Team,
    pub source: SourceId,
    pub name: String,
    pub enabled: bool,
}

impl Action for UpdateSource {
    const EVENTS: &'static [EventType] =
        &[catalogue::SOURCE_UPDATED, catalogue::SOURCE_UPDATED_NAME];
    type Output = ();

    fn scope(&self) -> Scope {
        Scope::Organization(self.team.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        let source = rx
            .source(self.team.workspace, self.source)?
            .ok_or(Error::NotFound("source"))?;
        let target = Target::new(TargetType::Source, source.id, source.name.clone());
        Ok(vec![Need::in_workspace(
            Permission::EditSources,
            self.team.workspace,
            target,
        )])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<()>> {
        let before = tx
            .source(self.team.workspace, self.source)?
            .ok_or(Error::NotFound("source"))?;
        let after = Source {
            name: self.name.clone(),
            enabled: self.enabled,
            ..(*before).clone()
        };
        if *before == after {
            return Ok(Done::new((), Vec::new()));
        }
        let after = Source {
            updated_at: tx.at,
            ..after
        };
        let made = tx.update_source(&after)?;
        Ok(Done::new(
            (),
            vec![
                Fact::new(catalogue::SOURCE_UPDATED_NAME, &made).only("name"),
                Fact::new(catalogue::SOURCE_UPDATED, &made).all_but("name"),
            ],
        ))
    }
}

//! A throw-away instance: made by the real actions, in a place of its own, and gone afterwards.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use model::actor::{Actor, Origin, System};
use model::catalogue::{self, EventType, TargetType};
use model::id::{OrganizationId, RequestId, SourceId, TokenId, UserId, WorkspaceId};
use model::interface::Interface;
use model::role::{Access, OrganizationRole};
use model::things::{Member, Organization, Token, User, Workspace};
use serde_json::json;
use server::actions::instance::set_up::SetUp;
use server::actions::source::create::CreateSource;
use server::auth::secret;
use server::request::Place;
use store::bench::Scratch;
use store::{Action, Done, Fact, Location, Need, Options, Rx, Scope, Store, Target, Tx};
use zeroize::Zeroizing;

/// An organization in which someone may change sources.
pub(super) struct Team {
    pub(super) place: Place,
    pub(super) actor: Actor,
    /// What its data planes show.
    pub(super) workspace_token: Zeroizing<String>,
    pub(super) sources: Vec<SourceId>,
}

/// A folder that goes away with everything in it.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes a new folder below `parent`.
    pub(super) fn new(parent: Option<&Path>) -> Result<Self> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_owned);
        let random = RequestId::new(&model::clock::SystemClock, &model::clock::SystemEntropy);
        let folder = parent.join(format!("annals-bench-{random}"));
        std::fs::create_dir(&folder)
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        crate::place::restrict(&folder)?;
        Ok(Self(folder))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left where its name says what it was.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The store of a throw-away instance, and where it is. Dropped in this order: what is closed last goes last.
pub(super) struct Instance {
    pub(super) store: Arc<Store>,
    pub(super) location: Location,
    _scratch: Option<Scratch>,
    pub(super) folder: Folder,
}

impl Instance {
    /// Makes an empty instance, in a new folder below `parent` or in a new schema of the database.
    pub(super) fn create(database: Option<&str>, parent: Option<&Path>) -> Result<Self> {
        let folder = Folder::new(parent)?;
        let data = folder.path().join("data");
        std::fs::create_dir(&data)?;
        let scratch = database.map(Scratch::create).transpose()?;
        let location = match &scratch {
            Some(scratch) => scratch.location().clone(),
            None => Location::Sqlite {
                file: data.join("annals.db"),
                max_pages: None,
            },
        };
        let keys = folder.path().join("annals.keys");
        let store = Arc::new(Store::open(Options::new(location.clone(), keys))?);
        Ok(Self {
            store,
            location,
            _scratch: scratch,
            folder,
        })
    }

    /// Sets the instance up, with `organizations` organizations that have `sources` sources each.
    pub(super) fn fill(&self, organizations: usize, sources: usize) -> Result<Vec<Team>> {
        let personal = secret::new(secret::Kind::Personal, self.store.entropy());
        self.fill_for(organizations, sources, &personal)
    }

    /// The same, where the secret of the first token is known.
    pub(super) fn fill_for(
        &self,
        organizations: usize,
        sources: usize,
        personal: &str,
    ) -> Result<Vec<Team>> {
        let mut teams = vec![self.first(personal)?];
        while teams.len() < organizations {
            teams.push(self.another(teams.len())?);
        }
        for team in &mut teams {
            for number in 0..sources {
                let create = CreateSource {
                    place: team.place,
                    name: format!("Source {number}"),
                    kind: "Javascript".to_owned(),
                    enabled: true,
                    config: Some(json!({ "ipTracking": "full", "region": { "name": "EU" } })),
                    geo_enrichment: false,
                    transient: false,
                    external_id: None,
                };
                let made = self
                    .store
                    .perform(team.actor, origin(&self.store), create)
                    .wait()?;
                team.sources.push(made.output.id);
            }
        }
        Ok(teams)
    }

    /// The first organization, as `annals init` makes it.
    fn first(&self, personal: &str) -> Result<Team> {
        let store = &self.store;
        let workspace_token = secret::new(secret::Kind::Workspace, store.entropy());
        let set_up = SetUp {
            link: None,
            instance: "bench.example".to_owned(),
            organization: "Organization 0".to_owned(),
            workspace: "Production".to_owned(),
            name: "Ada Lovelace".to_owned(),
            email: "ada@bench.example".to_owned(),
            // Nobody signs in here; the hash of a real password would only cost the time to make it.
            password: String::new(),
            access_token: secret::hash(personal),
            service_token: secret::hash(&secret::new(secret::Kind::Service, store.entropy())),
            workspace_token: workspace_token.clone(),
        };
        let actor = Actor::System(System::CommandLine);
        let made = store.perform(actor, origin(store), set_up).wait()?.output;
        let token = store
            .read(|rx| rx.token_by_hash(&secret::hash(personal)))?
            .context("the token that was just made")?;
        Ok(Team {
            place: Place {
                organization: made.organization,
                workspace: made.workspace,
            },
            actor: Actor::Token { token: token.id },
            workspace_token,
            sources: Vec::new(),
        })
    }

    fn another(&self, number: usize) -> Result<Team> {
        let store = &self.store;
        let make = Found::new(store, number);
        let team = Team {
            place: make.place,
            actor: Actor::Token {
                token: make.token.id,
            },
            workspace_token: make.workspace_token.clone(),
            sources: Vec::new(),
        };
        let actor = Actor::System(System::CommandLine);
        let made = store.perform(actor, origin(store), make).wait()?;
        anyhow::ensure!(
            !made.entries.is_empty(),
            "an organization without its record"
        );
        Ok(team)
    }
}

/// Where the benchmark's changes come from.
pub(super) fn origin(store: &Store) -> Origin {
    Origin::local(
        RequestId::new(store.clock(), store.entropy()),
        Interface::CommandLine,
    )
}

/// One more organization. There is no door for this yet, so the action is the benchmark's own.
struct Found {
    place: Place,
    name: String,
    user: User,
    token: Token,
    workspace_token: Zeroizing<String>,
}

impl Found {
    fn new(store: &Store, number: usize) -> Self {
        let (clock, entropy) = (store.clock(), store.entropy());
        let place = Place {
            organization: OrganizationId::new(clock, entropy),
            workspace: WorkspaceId::new(clock, entropy),
        };
        let user = User {
            id: UserId::new(clock, entropy),
            name: format!("Person {number}"),
            email: format!("person-{number}@bench.example"),
            created_at: clock.now(),
        };
        let token = Token {
            id: TokenId::new(clock, entropy),
            organization: place.organization,
            workspace: Some(place.workspace),
            owner: Some(user.id),
            name: "bench".to_owned(),
            access: Access::ReadWrite,
            role: None,
            hash: secret::hash(&secret::new(secret::Kind::Personal, entropy)),
            created_at: clock.now(),
            expires_at: None,
        };
        Self {
            place,
            name: format!("Organization {number}"),
            user,
            token,
            workspace_token: secret::new(secret::Kind::Workspace, entropy),
        }
    }
}

impl Action for Found {
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

    fn needs(&self, _: &mut Rx<'_>) -> store::Result<Vec<Need>> {
        let target = Target::to_be(TargetType::Organization, self.name.clone());
        Ok(vec![Need::nothing(target)])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> store::Result<Done<()>> {
        let at = tx.at;
        let log = Scope::Organization(self.place.organization);
        let organization = Organization {
            id: self.place.organization,
            name: self.name.clone(),
            requires_mfa: false,
            public_hashes: false,
            created_at: at,
        };
        let row = tx.insert_organization(&organization, "bench.example")?;
        let mut facts = vec![Fact::new(catalogue::ORGANIZATION_CREATED, &row).to_log(log)];
        let workspace = Workspace {
            id: self.place.workspace,
            organization: self.place.organization,
            name: "Production".to_owned(),
            environment: "PRODUCTION".to_owned(),
            region: "US".to_owned(),
            data_plane_url: None,
            allow_unknown_types: true,
            refuse_invalid_config: false,
            created_at: at,
            updated_at: at,
        };
        let row = tx.insert_workspace(&workspace, &self.workspace_token)?;
        facts.push(Fact::new(catalogue::WORKSPACE_CREATED, &row).to_log(log));
        let member = Member {
            user: self.user.clone(),
            organization: self.place.organization,
            role: OrganizationRole::Admin,
            workspaces: Vec::new(),
        };
        let row = tx.insert_member(&member, Some(""))?;
        facts.push(Fact::new(catalogue::USER_ADDED_TO_ORGANIZATION, &row).to_log(log));
        let row = tx.insert_token(&self.token)?;
        facts.push(Fact::new(catalogue::ACCESS_TOKEN_CREATED, &row).to_log(log));
        Ok(Done::new((), facts))
    }
}

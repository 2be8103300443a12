//! Bring a workspace over from an exported configuration: all of it, as events of one request, or nothing.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use model::catalogue::{self, EventType, TargetType};
use model::clock::Micros;
use model::code;
use model::code::for_clients;
use model::config::Matcher;
use model::definition::{Definitions, Kind, Secrecy};
use model::id::{
    AccountId, ConnectionId, DestinationId, OrganizationId, RevisionId, SourceId, TransformationId,
    VersionId, WorkspaceId,
};
use model::role::Permission;
use model::things::{
    Account, CodeKind, Connection, Destination, Source, Transformation, TransformationLink,
    Workspace,
};
use serde_json::{Value, json};
use store::{Action, Done, Error, Fact, Need, Result, Rx, Scope, Target, Tx};
use zeroize::Zeroizing;

use super::Environment;
use crate::actions::{destination, input, outside_account, source, transformation};
use crate::schema::Faults;
use crate::workspace_file::{Plan, PlannedAccount, PlannedCode, PlannedDestination, PlannedSource};

/// Where a workspace is brought to.
#[derive(Clone)]
pub enum Into {
    /// A workspace that there is, and that is empty.
    Existing(WorkspaceId),
    /// A new one.
    New {
        /// Its name.
        name: String,
        /// The token of its data plane.
        token: Zeroizing<String>,
    },
}

/// A plan to be carried out.
#[derive(Clone)]
pub struct ImportWorkspace {
    /// The organization.
    pub organization: OrganizationId,
    /// Where to.
    pub into: Into,
    /// What; of all code in it there is the code itself.
    pub plan: Plan,
}

/// What was made: for each thing of the plan, in its order, its id.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// Sources.
    pub sources: Vec<SourceId>,
    /// Destinations.
    pub destinations: Vec<DestinationId>,
    /// Accounts at other services.
    pub accounts: Vec<AccountId>,
    /// Transformations and libraries.
    pub code: Vec<TransformationId>,
}

impl ImportWorkspace {
    fn existing(&self, rx: &mut Rx<'_>, id: WorkspaceId) -> Result<Workspace> {
        rx.workspace(id)?
            .filter(|one| one.organization == self.organization)
            .ok_or(Error::NotFound("workspace"))
    }

    /// Refuses a plan that cannot be carried out as things are. Also what a dry run asks.
    ///
    /// # Errors
    /// When a name or a type is none, a write key is another's, or the workspace is not empty.
    pub fn check(&self, rx: &mut Rx<'_>) -> Result<()> {
        let existing = match &self.into {
            Into::New { name, .. } => {
                input::name(name)?;
                super::free(rx, self.organization, name)?;
                None
            }
            Into::Existing(id) => {
                let one = self.existing(rx, *id)?;
                if !super::things_in(rx, *id)?.is_empty() {
                    let message = format!(
                        "workspace \u{201c}{}\u{201d} is not empty; import into a new one with --new",
                        one.name
                    );
                    return Err(Error::failed("not_empty", message));
                }
                Some(one)
            }
        };
        let definitions = rx.definitions(self.organization)?;
        // A new workspace takes what comes, as every new one does.
        let check = |kind: Kind, (name, of_type): (&str, &str), config: &Value| {
            input::name(name)?;
            input::line("type", of_type, 100)?;
            input::config(Some(config))?;
            if let Some(workspace) = &existing {
                input::kind(&definitions, kind, of_type, workspace)?;
                input::settings(&definitions, (kind, of_type), config, workspace)?;
            }
            Ok(())
        };
        for one in &self.plan.sources {
            check(Kind::Source, (&one.name, &one.kind), &one.config)
                .map_err(|error| about("source", &one.name, error))?;
            if let Some(key) = &one.write_key
                && rx.write_key_is_taken(key)?
            {
                let message = format!(
                    "the write key of source \u{201c}{}\u{201d} is in use here already",
                    one.name
                );
                return Err(Error::failed("write_key_taken", message));
            }
        }
        for one in &self.plan.destinations {
            check(Kind::Destination, (&one.name, &one.kind), &one.config)
                .and_then(|()| keeps_secrets(&definitions, one))
                .map_err(|error| about("destination", &one.name, error))?;
        }
        for one in &self.plan.accounts {
            outside_account::checked(&one.name, &one.definition, &one.options, &one.secret)
                .map_err(|error| about("account", &one.name, error))?;
        }
        let mut names = HashMap::new();
        for (place, one) in self.plan.code.iter().enumerate() {
            let name = name_of(one, place);
            let text = one.code.as_deref().unwrap_or_default();
            transformation::check_code(one.kind, &name, &one.description, &one.language, text)
                .map_err(|error| about(one.kind.as_str(), &name, error))?;
            let import = code::import_name(&name);
            if one.kind == CodeKind::Library
                && let Some(other) = names.insert(import.clone(), name.clone())
            {
                let message = format!(
                    "libraries \u{201c}{other}\u{201d} and \u{201c}{name}\u{201d} are both imported as {import}"
                );
                return Err(Error::invalid("import_name_taken", message));
            }
        }
        Ok(())
    }

    fn workspace(&self, tx: &mut Tx<'_>, facts: &mut Vec<Fact>) -> Result<WorkspaceId> {
        let (name, token) = match &self.into {
            Into::Existing(id) => return Ok(*id),
            Into::New { name, token } => (name, token),
        };
        let workspace = super::new(tx, self.organization, name.clone(), Environment::default());
        let made = tx.insert_workspace(&workspace, token)?;
        facts.push(Fact::new(catalogue::WORKSPACE_CREATED, &made));
        Ok(workspace.id)
    }
}

/// How many settings the sentence of a refusal names.
const NAMED: usize = 3;

/// Refuses a destination of which events would tell what is secret where it comes from: which settings are secret is said by
/// types alone, and the definition that holds here does not say it of these.
fn keeps_secrets(definitions: &Definitions, one: &PlannedDestination) -> Result<()> {
    let matcher = Matcher::new(Secrecy::of(definitions.find(Kind::Destination, &one.kind)));
    let mut told = BTreeSet::new();
    values(&matcher.for_anyone(&one.secret), "", &mut told);
    if told.is_empty() {
        return Ok(());
    }
    let mut named: Vec<String> = told
        .iter()
        .take(NAMED)
        .map(|one| format!("\u{201c}{one}\u{201d}"))
        .collect();
    if told.len() > NAMED {
        named.push(format!("{} more", told.len() - NAMED));
    }
    let message = format!(
        "the file keeps {} secret, and the definition of {} here does not; import one first that has it in its secretKeys \
         (annals definitions import)",
        named.join(", "),
        one.kind
    );
    Err(Error::invalid("secret_not_kept", message))
}

/// The paths of the values that there are, as `secretKeys` have them: through arrays.
fn values(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Null => {}
        Value::Array(elements) => elements.iter().for_each(|one| values(one, path, found)),
        Value::Object(members) => {
            for (key, one) in members {
                let dot = if path.is_empty() { "" } else { "." };
                values(one, &format!("{path}{dot}{key}"), found);
            }
        }
        _ => {
            found.insert(path.to_owned());
        }
    }
}

/// The same error, with what it is about.
fn about(what: &str, name: &str, error: Error) -> Error {
    match error {
        Error::Invalid { code, message, .. } => {
            let name: String = name.chars().take(100).collect();
            Error::invalid(code, format!("{what} \u{201c}{name}\u{201d}: {message}"))
        }
        other => other,
    }
}

/// What stands in an event beside the thing itself: where it comes from, and what in its settings does not fit its type or that
/// nothing is known of that.
fn from(id: &str, known: bool, faults: Faults) -> Value {
    let mut detail = json!({ "importedFrom": id });
    if !known {
        detail["type"] = json!(input::UNKNOWN);
    }
    if !faults.is_empty() {
        detail["warnings"] = Value::Object(input::warnings(faults));
    }
    detail
}

/// What code is called that the file has no name for.
fn name_of(one: &PlannedCode, place: usize) -> String {
    let noun = match one.kind {
        CodeKind::Transformation => "Transformation",
        CodeKind::Library => "Library",
    };
    one.name
        .clone()
        .unwrap_or_else(|| format!("{noun} {}", place + 1))
}

/// Writes one thing after another, and keeps what is to be said of each.
struct Writing<'t, 'a> {
    tx: &'t mut Tx<'a>,
    workspace: WorkspaceId,
    definitions: Arc<Definitions>,
    facts: Vec<Fact>,
    /// How many moments were given out.
    moments: i64,
}

impl Writing<'_, '_> {
    /// When the next thing was made: each has a moment of its own, so that lists are in the order of the file.
    fn moment(&mut self) -> Micros {
        self.moments += 1;
        self.tx.at.plus(self.moments)
    }

    fn source(&mut self, one: &PlannedSource) -> Result<Source> {
        let made_key = self.tx.new_id(SourceId::new).to_string();
        let at = self.moment();
        let source = Source {
            id: self.tx.new_id(SourceId::new),
            workspace: self.workspace,
            name: one.name.clone(),
            kind: one.kind.clone(),
            enabled: one.enabled,
            config: one.config.clone().into(),
            write_key: one.write_key.clone().unwrap_or(made_key),
            geo_enrichment: one.geo_enrichment,
            transient: one.transient,
            external_id: None,
            created_at: at,
            updated_at: at,
        };
        let made = self.tx.insert_source(&source)?;
        let faults = input::faults(&self.definitions, (Kind::Source, &one.kind), &one.config);
        let known = self.definitions.find(Kind::Source, &one.kind).is_some();
        let detail = from(&one.from, known, faults);
        let fact = Fact::new(catalogue::SOURCE_CREATED, &made).detail(detail);
        self.facts.push(fact);
        Ok(source)
    }

    fn account(&mut self, one: &PlannedAccount) -> Result<AccountId> {
        let at = self.moment();
        let account = Account {
            id: self.tx.new_id(AccountId::new),
            workspace: self.workspace,
            name: one.name.clone(),
            definition: one.definition.clone(),
            options: one.options.clone(),
            secret: one.secret.clone(),
            external_id: None,
            created_at: at,
            updated_at: at,
        };
        let made = self.tx.insert_account(&account)?;
        let fact = Fact::new(catalogue::ACCOUNT_CREATED, &made);
        self.facts
            .push(fact.detail(from(&one.from, true, Faults::new())));
        Ok(account.id)
    }

    /// `accounts`: what each account of the file is called here.
    fn destination(
        &mut self,
        one: &PlannedDestination,
        accounts: &HashMap<&str, AccountId>,
    ) -> Result<Destination> {
        let mut config = one.config.clone();
        for name in outside_account::SETTINGS {
            if let Some(value) = config.get_mut(name)
                && let Some(id) = value.as_str().and_then(|from| accounts.get(from))
            {
                *value = Value::from(id.as_str());
            }
        }
        let at = self.moment();
        let destination = Destination {
            id: self.tx.new_id(DestinationId::new),
            workspace: self.workspace,
            name: one.name.clone(),
            kind: one.kind.clone(),
            version: one.version,
            enabled: one.enabled,
            config: config.into(),
            revision: self.tx.new_id(RevisionId::new),
            // What it has is what it had: no defaults are laid under it.
            changed: true,
            external_id: None,
            created_at: at,
            updated_at: at,
        };
        let made = self.tx.insert_destination(&destination)?;
        let of_type = (Kind::Destination, one.kind.as_str());
        let faults = input::faults(&self.definitions, of_type, &destination.config);
        let known = self.definitions.find(of_type.0, of_type.1).is_some();
        let detail = from(&one.from, known, faults);
        let fact = Fact::new(catalogue::DESTINATION_CREATED, &made).detail(detail);
        self.facts.push(fact);
        Ok(destination)
    }

    fn code(&mut self, one: &PlannedCode, place: usize) -> Result<Transformation> {
        let version = self.tx.new_id(VersionId::new);
        let at = self.moment();
        let code = Transformation {
            id: self.tx.new_id(TransformationId::new),
            kind: one.kind,
            workspace: self.workspace,
            name: name_of(one, place),
            description: one.description.clone(),
            language: for_clients(&one.language).to_owned(),
            code: one.code.clone().unwrap_or_default(),
            version,
            published: Some(version),
            external_id: None,
            created_at: at,
            updated_at: at,
        };
        let made = self.tx.insert_transformation(&code)?;
        let [created, _, published, _] = transformation::events(one.kind);
        let created = Fact::new(created, &made).all_but("publishedVersion");
        self.facts
            .push(created.detail(from(&one.from, true, Faults::new())));
        let published = Fact::new(published, &made).only("publishedVersion");
        let untested = json!({ "tests": "not tested: it was published where it comes from" });
        self.facts.push(published.detail(untested));
        Ok(code)
    }

    fn connection(
        &mut self,
        source: &Source,
        destination: &Destination,
        enabled: bool,
    ) -> Result<()> {
        let at = self.moment();
        let connection = Connection {
            id: self.tx.new_id(ConnectionId::new),
            workspace: self.workspace,
            source: source.id,
            destination: destination.id,
            enabled,
            external_id: None,
            created_at: at,
            updated_at: at,
        };
        let made = self.tx.insert_connection(&connection)?;
        let fact = Fact::new(catalogue::DESTINATION_CONNECTED_SOURCE, &made)
            .on(destination::target(destination))
            .related(source::target(source));
        self.facts.push(fact);
        Ok(())
    }

    fn link(&mut self, destination: &Destination, code: &Transformation) -> Result<()> {
        let at = self.moment();
        let link = TransformationLink {
            destination: destination.id,
            transformation: code.id,
            workspace: self.workspace,
            created_at: at,
            updated_at: at,
        };
        let made = self.tx.insert_link(&link)?;
        let fact = Fact::new(catalogue::DESTINATION_CONNECTED_TRANSFORMATION, &made)
            .on(destination::target(destination))
            .related(transformation::target(code));
        self.facts.push(fact);
        Ok(())
    }
}

impl Action for ImportWorkspace {
    const EVENTS: &'static [EventType] = &[
        catalogue::WORKSPACE_CREATED,
        catalogue::WORKSPACE_UPDATED,
        catalogue::ACCOUNT_CREATED,
        catalogue::SOURCE_CREATED,
        catalogue::DESTINATION_CREATED,
        catalogue::DESTINATION_CONNECTED_SOURCE,
        catalogue::DESTINATION_CONNECTED_TRANSFORMATION,
        catalogue::TRANSFORMATION_CREATED,
        catalogue::TRANSFORMATION_PUBLISHED,
        catalogue::LIBRARY_CREATED,
        catalogue::LIBRARY_PUBLISHED,
    ];
    type Output = Imported;

    fn scope(&self) -> Scope {
        Scope::Organization(self.organization)
    }

    fn needs(&self, rx: &mut Rx<'_>) -> Result<Vec<Need>> {
        Ok(vec![match &self.into {
            Into::New { name, .. } => Need::in_organization(
                Permission::EditOrganization,
                Target::to_be(TargetType::Workspace, name.clone()),
            ),
            Into::Existing(id) => {
                let one = self.existing(rx, *id)?;
                let target = Target::new(TargetType::Workspace, one.id, one.name);
                Need::in_workspace(Permission::EditWorkspace, *id, target)
            }
        }])
    }

    fn apply(&self, tx: &mut Tx<'_>) -> Result<Done<Imported>> {
        self.check(tx)?;
        let mut facts = Vec::new();
        let workspace = self.workspace(tx, &mut facts)?;
        let definitions = tx.definitions(self.organization)?;
        let mut writing = Writing {
            tx,
            workspace,
            definitions,
            facts,
            moments: 0,
        };
        let plan = &self.plan;
        let mut accounts = HashMap::new();
        for one in &plan.accounts {
            accounts.insert(one.from.as_str(), writing.account(one)?);
        }
        let mut code = Vec::with_capacity(plan.code.len());
        for (place, one) in plan.code.iter().enumerate() {
            code.push(writing.code(one, place)?);
        }
        let mut sources = Vec::with_capacity(plan.sources.len());
        for one in &plan.sources {
            sources.push(writing.source(one)?);
        }
        let mut destinations = Vec::with_capacity(plan.destinations.len());
        for one in &plan.destinations {
            let made = writing.destination(one, &accounts)?;
            let is_before = |planned: &PlannedCode| {
                planned.kind == CodeKind::Transformation
                    && one.transformation.as_ref() == Some(&planned.from)
            };
            if let Some(place) = plan.code.iter().position(is_before) {
                writing.link(&made, &code[place])?;
            }
            destinations.push(made);
        }
        for one in &plan.connections {
            let (source, destination) = (&sources[one.source], &destinations[one.destination]);
            writing.connection(source, destination, one.enabled)?;
        }
        let imported = Imported {
            workspace,
            sources: sources.iter().map(|one| one.id).collect(),
            destinations: destinations.iter().map(|one| one.id).collect(),
            accounts: plan
                .accounts
                .iter()
                .map(|one| accounts[one.from.as_str()])
                .collect(),
            code: code.iter().map(|one| one.id).collect(),
        };
        Ok(Done::new(imported, writing.facts))
    }
}

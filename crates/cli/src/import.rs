//! `annals import workspace`: a workspace from an exported configuration, or from the control plane that it is in.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::{Args, Subcommand};
use model::definition::Definitions;
use model::id::{OrganizationId, WorkspaceId};
use model::things::CodeKind;
use serde_json::{Value, json};
use server::actions::workspace::import::{ImportWorkspace, Imported, Into};
use server::auth::secret;
use server::outgoing;
use server::workspace_file::{Plan, PlannedCode};
use store::Store;
use zeroize::Zeroizing;

use crate::place::{Home, counted, perform, say};

/// How long another control plane may take for one answer.
const PATIENCE: Duration = Duration::from_mins(1);
/// The largest configuration that is read, in bytes.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Bring over what was elsewhere.
#[derive(Debug, Subcommand)]
pub(crate) enum Import {
    /// Bring a workspace over, all of it or nothing: from an exported workspaceConfig.json, or from its control plane
    Workspace(Workspace),
}

/// What is brought over, and where to.
#[derive(Debug, Args)]
pub(crate) struct Workspace {
    #[command(flatten)]
    home: Home,
    /// The file, or the address of the control plane that a data plane reads from
    #[arg(value_name = "FILE | URL")]
    from: String,
    /// A file with the token of the workspace's data plane there [default: `ANNALS_IMPORT_TOKEN`]
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Where code is fetched that a file names and does not carry: the address of the control plane
    #[arg(long, value_name = "URL")]
    code_from: Option<String>,
    /// Into a new workspace with this name
    #[arg(long, value_name = "NAME", conflicts_with = "into")]
    new: Option<String>,
    /// Into this workspace, which must be empty [default: the only one]
    #[arg(long = "workspace", value_name = "ID")]
    into: Option<WorkspaceId>,
    /// Only say what would come, and what would stay behind
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(command: Import) -> Result<()> {
    match command {
        Import::Workspace(command) => workspace(&command),
    }
}

/// Another control plane, as its data plane and its transformer ask it.
struct Elsewhere {
    agent: ureq::Agent,
    url: String,
    header: Option<Zeroizing<String>>,
}

impl Elsewhere {
    fn new(url: &str, token: Option<&Zeroizing<String>>) -> Self {
        let header = token.map(|token| {
            let pair = Zeroizing::new(format!("{}:", token.as_str()));
            Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())))
        });
        let url = url
            .trim_end_matches('/')
            .trim_end_matches("/workspaceConfig");
        Self {
            agent: outgoing::agent(PATIENCE, None),
            url: url.to_owned(),
            header,
        }
    }

    fn get(&self, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}{path}", self.url);
        let mut request = self.agent.get(&url);
        if let Some(header) = &self.header {
            request = request.header("authorization", header.as_str());
        }
        let mut answer = request
            .call()
            .with_context(|| format!("cannot ask {}", self.url))?;
        match answer.status().as_u16() {
            200 => {}
            401 | 403 => bail!("{} refuses the token", self.url),
            status => bail!("{} answers {status}", self.url),
        }
        let body = answer.body_mut().with_config().limit(LARGEST).read_to_vec();
        body.with_context(|| format!("{} does not answer to the end", self.url))
    }

    /// Fetches the code of a version, with the name that it has there.
    fn fetch(&self, one: &mut PlannedCode) -> Result<()> {
        let noun = match one.kind {
            CodeKind::Transformation => "transformation",
            CodeKind::Library => "transformationLibrary",
        };
        let path = format!("/{noun}/getByVersionId?versionId={}", one.from);
        let answer: Value = serde_json::from_slice(&self.get(&path)?)
            .with_context(|| format!("{} gives no JSON", self.url))?;
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        one.code = text("code");
        if one.code.is_none() {
            bail!("{} gives no code", self.url);
        }
        one.name = one.name.take().or_else(|| text("name"));
        // A library is imported by its name.
        if one.name.as_ref().is_none_or(String::is_empty) {
            bail!("{} gives code without a name", self.url);
        }
        one.language = text("language").unwrap_or_else(|| one.language.clone());
        if let Some(description) = text("description") {
            one.description = description;
        }
        Ok(())
    }
}

fn token(file: Option<&PathBuf>) -> Result<Option<Zeroizing<String>>> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?,
        None => std::env::var("ANNALS_IMPORT_TOKEN").unwrap_or_default(),
    };
    let text = Zeroizing::new(text);
    let token = text.trim();
    Ok((!token.is_empty()).then(|| Zeroizing::new(token.to_owned())))
}

/// The plan, with all code that can be had.
fn read(command: &Workspace, definitions: &Definitions) -> Result<Plan> {
    let token = token(command.token_file.as_ref())?;
    let is_address = command.from.starts_with("http://") || command.from.starts_with("https://");
    let there = is_address.then(|| Elsewhere::new(&command.from, token.as_ref()));
    let bytes = match &there {
        Some(there) => {
            eprintln!("reading {}", there.url);
            Zeroizing::new(there.get("/workspaceConfig?fetchAll=true")?)
        }
        None => Zeroizing::new(
            std::fs::read(&command.from)
                .with_context(|| format!("cannot read {}", command.from))?,
        ),
    };
    let mut plan = Plan::read(&bytes, definitions)
        .with_context(|| format!("{} is not taken", command.from))?;
    let code_from = command.code_from.as_deref();
    let there = code_from
        .map(|url| Elsewhere::new(url, token.as_ref()))
        .or(there);
    if let Some(there) = there {
        let all = plan.wanted().count();
        for (number, one) in plan.wanted().enumerate() {
            eprintln!("fetching code {} of {all}", number + 1);
            there.fetch(one).with_context(|| {
                format!(
                    "the code of {} version {} cannot be had",
                    one.kind.as_str(),
                    one.from
                )
            })?;
        }
    }
    plan.leave_what_is_wanted();
    if plan.is_empty() {
        bail!("there is nothing in {} to bring over", command.from);
    }
    Ok(plan)
}

fn into(command: &Workspace, store: &Store, organization: OrganizationId) -> Result<Into> {
    if let Some(name) = &command.new {
        return Ok(Into::New {
            name: name.clone(),
            token: secret::new(secret::Kind::Workspace, store.entropy()),
        });
    }
    if let Some(id) = command.into {
        return Ok(Into::Existing(id));
    }
    let all = store.read(|rx| rx.workspaces(organization))?;
    match &all[..] {
        [one] => Ok(Into::Existing(one.id)),
        _ => bail!(
            "there are several workspaces; name one with --workspace, or a new one with --new"
        ),
    }
}

fn workspace(command: &Workspace) -> Result<()> {
    let (store, organization) = command.home.open()?;
    let definitions = store.read(|rx| rx.definitions(organization))?;
    let plan = read(command, &definitions)?;
    let action = ImportWorkspace {
        organization,
        into: into(command, &store, organization)?,
        plan,
    };
    if command.dry_run {
        store
            .read(|rx| action.check(rx))
            .context("nothing would be imported")?;
        return report(command, &action, None);
    }
    // What will be refused is only said so: it is refused, and recorded, below.
    if store.read(|rx| action.check(rx)).is_ok() {
        eprintln!("writing {}", counted(action.plan.len(), "thing"));
    }
    let imported = perform(&store, action.clone(), "nothing was imported")?;
    report(command, &action, Some(&imported))
}

/// Says what came, or would come, and what stays behind.
fn report(
    command: &Workspace,
    action: &ImportWorkspace,
    imported: Option<&Imported>,
) -> Result<()> {
    let plan = &action.plan;
    let token = match (&action.into, imported) {
        (Into::New { token, .. }, Some(_)) => Some(token.as_str()),
        _ => None,
    };
    if command.json {
        let id = |ids: Option<String>| ids.map_or(Value::Null, Value::from);
        let sources: Vec<Value> = plan
            .sources
            .iter()
            .enumerate()
            .map(|(place, one)| {
                json!({
                    "from": one.from, "name": one.name, "type": one.kind,
                    "id": id(imported.map(|made| made.sources[place].to_string())),
                })
            })
            .collect();
        let destinations: Vec<Value> = plan
            .destinations
            .iter()
            .enumerate()
            .map(|(place, one)| {
                json!({
                    "from": one.from, "name": one.name, "type": one.kind, "enabled": one.enabled,
                    "id": id(imported.map(|made| made.destinations[place].to_string())),
                })
            })
            .collect();
        let accounts: Vec<Value> = plan
            .accounts
            .iter()
            .enumerate()
            .map(|(place, one)| {
                json!({
                    "from": one.from, "name": one.name, "type": one.definition,
                    "id": id(imported.map(|made| made.accounts[place].to_string())),
                })
            })
            .collect();
        let code: Vec<Value> = plan
            .code
            .iter()
            .enumerate()
            .map(|(place, one)| {
                json!({
                    "from": one.from, "name": one.name, "kind": one.kind.as_str(),
                    "id": id(imported.map(|made| made.code[place].to_string())),
                })
            })
            .collect();
        let mut said = json!({
            "dryRun": imported.is_none(),
            "workspaceId": id(imported.map(|made| made.workspace.to_string())),
            "sources": sources, "destinations": destinations, "accounts": accounts, "code": code,
            "connections": plan.connections.len(), "left": plan.left,
        });
        if let Some(token) = token {
            said["workspaceToken"] = json!(token);
        }
        return say(&said.to_string());
    }
    let verb = if imported.is_some() {
        "imported"
    } else {
        "would import"
    };
    for one in &plan.sources {
        say(&format!("{verb} source {} ({})", one.name, one.kind))?;
    }
    for one in &plan.destinations {
        let off = if one.enabled { "" } else { ", disabled" };
        say(&format!(
            "{verb} destination {} ({}{off})",
            one.name, one.kind
        ))?;
    }
    for one in &plan.accounts {
        say(&format!("{verb} account {} ({})", one.name, one.definition))?;
    }
    for one in &plan.code {
        let name = one.name.as_deref().unwrap_or(&one.from);
        say(&format!("{verb} {} {name}", one.kind.as_str()))?;
    }
    say(&format!(
        "{verb} {}",
        counted(plan.connections.len(), "connection")
    ))?;
    for one in &plan.left {
        say(&format!("left: {one}"))?;
    }
    if let Some(made) = imported {
        say(&format!("workspace: {}", made.workspace))?;
    }
    if let Some(token) = token {
        say(&format!("token of its data plane: {token}"))?;
    }
    Ok(())
}

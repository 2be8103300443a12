//! `annals bench read`: how soon the API answers what clients ask again and again, with many things in the workspace.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use model::id::{ConnectionId, DestinationId, SourceId};
use serde_json::{Value, json};
use server::actions::connection::create::CreateConnection;
use server::actions::destination::create::CreateDestination;
use server::app::{App, Config};
use server::auth::secret;

use super::figures::{Latency, Limit, Target, rounded};
use super::instance::{Instance, Team, origin};

/// Ask the API for single things and for pages of long lists; say how long each takes.
///
/// Works in a throw-away instance, which is gone afterwards. Requests go through the whole server but for the socket, one
/// after the other.
#[derive(Debug, Args)]
pub(crate) struct Read {
    /// A PostgreSQL database to work in, in a schema of its own [default: the embedded database]
    #[arg(long, value_name = "URL")]
    database: Option<String>,
    /// Folder to work below [default: that of temporary files]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How many sources, destinations and connections there are
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(200..))]
    things: u32,
    /// How often each is asked for
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(10..))]
    requests: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Settings as clients send them, with secrets.
fn settings(number: u32) -> Value {
    json!({
        "host": "db.example.com", "port": "5432", "database": format!("d{number}"), "user": "annals", "password": "no secret",
        "namespace": "web", "sslMode": "verify-ca", "syncFrequency": "30", "useRudderStorage": false,
        "bucketProvider": "S3", "bucketName": "events", "accessKeyID": "none", "accessKey": "none",
        "consentManagement": { "web": [{ "provider": "oneTrust", "resolutionStrategy": "", "consents": [{ "consent": "a" }] }] },
    })
}

/// What is asked for: its name, its path, and the most that its median may take, in milliseconds.
struct Question {
    what: &'static str,
    key: &'static str,
    path: String,
    limit: f64,
}

/// Makes as many destinations as there are sources, and connects each with one. Gives the one in the middle of each.
pub(super) fn fill(
    instance: &Instance,
    team: &Team,
    things: u32,
) -> Result<(SourceId, DestinationId, ConnectionId)> {
    let store = &instance.store;
    let mut ids = None;
    for number in 0..things {
        let source = team.sources[number as usize];
        let destination = CreateDestination {
            place: team.place,
            name: format!("Destination {number}"),
            kind: "POSTGRES".to_owned(),
            version: 1,
            enabled: true,
            config: Some(settings(number)),
            external_id: Some(format!("d-{number}")),
        };
        let made = store.perform(team.actor, origin(store), destination);
        let destination = made.wait()?.output.id;
        let connection = CreateConnection {
            place: team.place,
            source,
            destination,
            enabled: true,
            external_id: Some(format!("c-{number}")),
        };
        let made = store.perform(team.actor, origin(store), connection);
        let connection = made.wait()?.output.id;
        if number == things / 2 {
            ids = Some((source, destination, connection));
        }
    }
    ids.context("nothing was made")
}

pub(crate) fn run(command: &Read) -> Result<()> {
    let instance = Instance::create(command.database.as_deref(), command.dir.as_deref())?;
    eprintln!("making {} of each", command.things);
    let token = secret::new(secret::Kind::Personal, instance.store.entropy());
    let teams = instance.fill_for(1, command.things as usize, &token)?;
    let (source, destination, connection) = fill(&instance, &teams[0], command.things)?;
    while instance.store.upkeep(store::Upkeep::Index).wait()? > 0 {}

    let app = App::new(instance.store.clone(), Config::default());
    let router = server::serve::router(&app);
    let runtime = tokio::runtime::Runtime::new()?;
    let page = command.things / 200;
    let one = |what, key, path: String| Question {
        what,
        key,
        path,
        limit: 2.0,
    };
    let list = |what, key, path: String| Question {
        what,
        key,
        path,
        limit: 20.0,
    };
    let questions = [
        one("the workspace", "workspace", "/v2/workspace".to_owned()),
        one("one source", "source", format!("/v2/sources/{source}")),
        one(
            "one destination, with its settings",
            "destination",
            format!("/v2/destinations/{destination}"),
        ),
        one(
            "one connection",
            "connection",
            format!("/v2/connections/{connection}"),
        ),
        list("a page of sources", "sources", "/v2/sources".to_owned()),
        list(
            "a page of sources, in the middle by number",
            "sourcesInTheMiddle",
            format!("/v2/sources?page={page}"),
        ),
        list(
            "a page of destinations",
            "destinations",
            "/v2/destinations".to_owned(),
        ),
        list(
            "a page of destinations, in the middle by number",
            "destinationsInTheMiddle",
            format!("/v2/destinations?page={page}"),
        ),
        list(
            "a page of connections",
            "connections",
            "/v2/connections?hasExternalId=true".to_owned(),
        ),
        list(
            "a page in the other form of sources",
            "eventStreamSources",
            "/v2/event-stream-sources".to_owned(),
        ),
    ];
    let mut targets = Vec::new();
    let mut slowest = 0.0_f64;
    for question in questions {
        let mut times = Vec::new();
        for number in 0..command.requests + 10 {
            let before = Instant::now();
            let headers = [("authorization", &*format!("Bearer {}", *token))];
            let answer = runtime.block_on(server::serve::ask(&router, &question.path, &headers));
            let took = before.elapsed();
            ensure!(
                answer.status == 200,
                "{} was answered with {}",
                question.path,
                answer.status
            );
            // The first ones plan their statements.
            if number >= 10 {
                times.push(took);
            }
        }
        let latency = Latency::of(&times);
        slowest = slowest.max(latency.p99 / 1e3);
        targets.push(Target {
            what: question.what,
            key: question.key,
            figure: latency.p50 / 1e3,
            limit: Limit::AtMost(question.limit),
        });
    }
    if command.json {
        let list: Vec<_> = targets.iter().map(Target::json).collect();
        println!(
            "{}",
            json!({ "things": command.things, "requests": command.requests, "slowestP99Millis": rounded(slowest), "targets": list })
        );
    } else {
        println!(
            "{} of each, {} requests for each line, medians in ms; the slowest p99 is {slowest:.2} ms",
            command.things, command.requests
        );
        for target in &targets {
            println!("{}", target.line());
        }
    }
    Ok(())
}

//! A server with an organization in it, and browsers that walk through it without a network.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode, header};
use model::actor::{Actor, Origin, System};
use model::clock::{Clock, ManualClock, Micros, SystemEntropy};
use model::id::{OrganizationId, RequestId, UserId, WorkspaceId};
use model::interface::Interface;
use model::role::{OrganizationRole, WorkspaceRole};
use serde_json::Value;
use server::actions::instance::set_up::SetUp;
use server::actions::member::add::AddMember;
use server::actions::organization::create::CreateOrganization;
use server::app::{App, Config};
use server::auth::hosted::HostedSecret;
use server::auth::secret::{self, Kind};
use store::testing::{Postgres, Raw};
use store::{Action, Event, Location, Options, Query, SetUpLink, Store, Upkeep};
use tower::ServiceExt;

pub const PASSWORD: &str = "a difference engine";
pub const HOSTILE: &str = "<script>alert('x')</script>\"&";

/// Where the data is.
#[derive(Clone, Copy, Debug)]
pub enum Database {
    Sqlite,
    Postgres,
}

pub struct Site {
    pub app: App,
    pub router: Router,
    pub clock: Arc<ManualClock>,
    folder: tempfile::TempDir,
}

#[derive(Clone, Copy, Debug)]
pub struct Team {
    pub organization: OrganizationId,
    pub workspace: WorkspaceId,
}

fn hashed() -> &'static str {
    static HASHED: OnceLock<String> = OnceLock::new();
    HASHED.get_or_init(|| server::auth::password::hash(PASSWORD, &SystemEntropy).expect("hashed"))
}

/// The secret of the host.
const HOSTED: &str = "a secret of the host";

impl Site {
    pub async fn new(database: Database, config: Config) -> Self {
        let folder = store::testing::temp_dir();
        let clock = Arc::new(ManualClock::at(Micros(1_795_000_000_000_000)));
        let (path, at) = (folder.path().to_owned(), clock.clone());
        let open = move || {
            let location = match database {
                Database::Sqlite => Location::Sqlite {
                    file: path.join("annals.db"),
                    max_pages: None,
                },
                Database::Postgres => Location::Postgres(Postgres::shared().fresh_database()),
            };
            let options = Options {
                clock: at,
                ..Options::new(location, path.join("annals.keys"))
            };
            Store::open(options).expect("a store")
        };
        let store = tokio::task::spawn_blocking(open).await.expect("opened");
        let app = App::new(Arc::new(store), config);
        Self {
            router: server::serve::router(&app),
            app,
            clock,
            folder,
        }
    }

    /// How many transactions there were, as SQLite counts them in the index of its write-ahead log.
    pub fn transactions(&self) -> u32 {
        let index = std::fs::read(self.folder.path().join("annals.db-shm")).expect("an index");
        let count = index[8..12].try_into().expect("four bytes");
        u32::from_ne_bytes(count)
    }

    /// The database itself, past the store.
    pub fn raw(&self) -> Raw {
        Raw::open(&Location::Sqlite {
            file: self.folder.path().join("annals.db"),
            max_pages: None,
        })
    }

    /// A server that is set up.
    pub async fn ready() -> (Self, Team) {
        let config = Config {
            hosted_secret: HostedSecret::new(HOSTED),
            ..Config::default()
        };
        let site = Self::new(Database::Sqlite, config).await;
        let team = site.set_up().await;
        (site, team)
    }

    pub async fn perform<A: Action>(&self, action: A) -> A::Output {
        let store = &self.app.store;
        let origin = Origin::local(
            RequestId::new(store.clock(), store.entropy()),
            Interface::CommandLine,
        );
        let actor = Actor::System(System::CommandLine);
        let done = store.perform(actor, origin, action).await;
        done.expect("done").output
    }

    pub async fn set_up(&self) -> Team {
        let made = self
            .perform(SetUp {
                link: None,
                instance: "annals.test".to_owned(),
                organization: "Analytical Engines".to_owned(),
                workspace: "Production".to_owned(),
                name: "Ada Lovelace".to_owned(),
                email: "ada@example.com".to_owned(),
                password: hashed().to_owned(),
                access_token: secret::hash("pat"),
                service_token: secret::hash("sat"),
                workspace_token: "wst".to_owned().into(),
            })
            .await;
        Team {
            organization: made.organization,
            workspace: made.workspace,
        }
    }

    pub async fn member(&self, team: Team, email: &str, role: Option<WorkspaceRole>) {
        self.perform(AddMember {
            organization: team.organization,
            name: format!("Member {email}"),
            email: email.to_owned(),
            password: hashed().to_owned(),
            role: OrganizationRole::Member,
            workspaces: role
                .map(|role| (team.workspace, role))
                .into_iter()
                .collect(),
        })
        .await;
    }

    /// The account with this address.
    pub async fn user(&self, email: &str) -> UserId {
        let email = email.to_owned();
        let found = self.app.read(move |rx| rx.user_by_email(&email)).await;
        found.expect("read").expect("an account").0.id
    }

    /// Another organization, of somebody who has an account.
    pub async fn another(&self, email: &str) -> Team {
        let owner = self.user(email).await;
        let made = self
            .perform(CreateOrganization {
                name: "Difference Engines".to_owned(),
                workspace: "Elsewhere".to_owned(),
                owner,
                token: "wst 2".to_owned().into(),
            })
            .await;
        Team {
            organization: made.organization,
            workspace: made.workspace,
        }
    }

    /// A one-time link's secret.
    pub async fn link(&self) -> String {
        let token = secret::new(Kind::SetUp, self.app.store.entropy());
        let link = SetUpLink {
            hash: secret::hash(&token),
            expires_at: self.clock.now().plus(Micros::DAY),
        };
        assert_eq!(
            self.app
                .store
                .upkeep(Upkeep::OfferSetUp(link))
                .await
                .expect("kept"),
            1
        );
        token.to_string()
    }

    /// Signs all logs, as the server's own job does four times a second.
    pub async fn sign(&self) {
        let (store, folder) = (
            self.app.store.clone(),
            tempfile::tempdir().expect("a folder"),
        );
        let signed = tokio::task::spawn_blocking(move || {
            store::Publisher::new(store, store::Guard::new(folder.path())).round()
        });
        signed.await.expect("it runs").expect("a round");
    }

    /// The whole log, oldest first.
    pub async fn log(&self, organization: OrganizationId) -> Vec<Event> {
        let query = Query {
            limit: 1000,
            ..Query::default()
        };
        let read = self
            .app
            .read(move |rx| rx.events(organization, &query))
            .await;
        read.expect("the log").events
    }

    /// Asks the API.
    pub async fn api(&self, method: &str, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        // A data plane shows the token of its workspace, as a user without a password.
        let of_data_planes = ["/data-plane/", "/dataplane/", "/destination/workspaces/"];
        let shown = if path.contains("/namespaces/") {
            // What a data plane of many workspaces shows: `HOSTED`.
            "Basic YSBzZWNyZXQgb2YgdGhlIGhvc3Q6"
        } else if of_data_planes.iter().any(|one| path.starts_with(one)) {
            "Basic d3N0Og=="
        } else if method == "DELETE" && path.starts_with("/v2/workspaces/") {
            // A workspace is deleted with a token of its own.
            "Bearer pat-of-it"
        } else {
            "Bearer pat"
        };
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, shown);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let answer = self.send(request.body(body).expect("a request")).await;
        (
            answer.status,
            serde_json::from_str(&answer.body).unwrap_or_default(),
        )
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self
            .router
            .clone()
            .oneshot(request)
            .await
            .expect("an answer");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a body");
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub fn browser(&self) -> Browser<'_> {
        Browser {
            site: self,
            host: "annals.test",
            cookies: Vec::new(),
            csrf: String::new(),
        }
    }

    /// A browser in which someone is signed in.
    pub async fn signed_in(&self, email: &str) -> Browser<'_> {
        let mut browser = self.browser();
        browser.get("/sign-in").await;
        let answer = browser
            .post(
                "/sign-in",
                &[("email", email), ("password", PASSWORD), ("next", "/")],
            )
            .await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        browser.get("/sources").await;
        browser
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }

    /// What is set of a cookie, with its attributes.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.headers
            .get_all(header::SET_COOKIE)
            .iter()
            .map(|value| value.to_str().expect("text").to_owned())
            .find(|text| text.starts_with(&format!("{name}=")))
    }
}

/// Cookies, and the token of the last form that was seen.
pub struct Browser<'s> {
    pub site: &'s Site,
    /// The host that it asks.
    pub host: &'static str,
    pub cookies: Vec<(String, String)>,
    pub csrf: String,
}

impl Browser<'_> {
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let found = self.cookies.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn set_cookie(&mut self, name: &str, value: &str) {
        self.cookies.retain(|(known, _)| known != name);
        if !value.is_empty() {
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }

    fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, self.host)
            .header(header::ACCEPT, "text/html,application/xhtml+xml")
            .header(header::COOKIE, cookies.join("; "))
    }

    async fn send(&mut self, request: Request<Body>) -> Answer {
        let answer = self.site.send(request).await;
        for value in answer.headers.get_all(header::SET_COOKIE) {
            let text = value.to_str().expect("text");
            let pair = text.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').expect("a cookie");
            self.set_cookie(name, value);
        }
        if let Some((_, rest)) = answer.body.split_once("name=\"csrf\" value=\"") {
            rest.split('"')
                .next()
                .unwrap_or_default()
                .clone_into(&mut self.csrf);
        }
        answer
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.request("GET", path).body(Body::empty());
        self.send(request.expect("a request")).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        self.post_raw(path, &all, &[]).await
    }

    pub async fn post_raw(
        &mut self,
        path: &str,
        fields: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = self
            .request("POST", path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = fields
            .iter()
            .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
            .collect::<Vec<_>>()
            .join("&");
        self.send(request.body(Body::from(body)).expect("a request"))
            .await
    }
}

fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

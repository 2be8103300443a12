//! Live events as people see them, and the token of the data plane.

use axum::http::StatusCode;
use model::role::WorkspaceRole;
use serde_json::{Value, json};
use server::dataplane::live::{LiveEvent, Outcome};

use crate::site::{Answer, Browser, HOSTILE, PASSWORD, Site, Team};

fn put(site: &Site, team: Team, thing: &str, event: LiveEvent) {
    let now = site.app.store.clock().now();
    site.app.live.put(team.workspace, thing, event, now);
}

async fn thing(site: &Site, path: &str, body: Value, at: &str) -> String {
    let (status, made) = site.api("POST", path, Some(body)).await;
    assert!(status.is_success(), "{made}");
    made.pointer(at)
        .and_then(Value::as_str)
        .expect("an id")
        .to_owned()
}

async fn page(browser: &mut Browser<'_>, path: &str) -> String {
    let answer = browser.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}");
    answer.body
}

fn count(answer: &str) -> usize {
    answer.matches("<li data-number=").count()
}

#[tokio::test]
async fn what_comes_is_shown_newest_first_filtered_and_only_what_is_new_where_that_is_asked() {
    let (site, team) = Site::ready().await;
    let new = json!({"name": "Shop", "type": "HTTP"});
    let source = thing(&site, "/v2/sources", new, "/source/id").await;
    let new = json!({"name": "Lake", "type": "S3"});
    let destination = thing(&site, "/v2/destinations", new, "/destination/id").await;
    let mut browser = site.signed_in("ada@example.com").await;
    let path = format!("/sources/{source}/live");
    let empty = page(&mut browser, &path).await;
    assert!(empty.contains("Nothing yet"), "{empty}");
    assert!(
        page(&mut browser, &format!("/sources/{source}"))
            .await
            .contains(&path)
    );

    let fine = |kind: &str, name: &str| {
        LiveEvent::new(kind, name)
            .went(Outcome::Fine, "Received")
            .part("Event", &json!({"userId": HOSTILE}))
    };
    put(&site, team, &source, fine("track", "Bought"));
    put(&site, team, &source, fine("identify", HOSTILE));
    let bad = fine("track", "Refunded").went(Outcome::Bad, "Refused, 400");
    put(&site, team, &source, bad);
    let all = page(&mut browser, &path).await;
    assert_eq!(count(&all), 3);
    assert!(!all.contains(HOSTILE));
    assert!(all.find("Refunded") < all.find("Bought"), "newest first");
    for (query, expected) in [
        ("type=track", 2),
        ("outcome=bad", 1),
        ("outcome=fine&type=track", 1),
        ("name=OUGHT", 1),
        ("name=nothing", 0),
        ("since=1", 2),
        ("since=3", 0),
    ] {
        let shown = page(&mut browser, &format!("{path}?{query}")).await;
        assert_eq!(count(&shown), expected, "{query}");
    }
    for query in ["type=odd", "outcome=open", "since=x", "since=-1"] {
        let answer = browser.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{query}");
    }
    let long = format!("{path}?name={}", "x".repeat(201));
    assert_eq!(browser.get(&long).await.status, StatusCode::NOT_FOUND);

    // What it is about is called by its name, where it is one of the workspace.
    let delivered = |about: &str| {
        LiveEvent::new("track", "Bought")
            .went(Outcome::Fine, "Delivered, 200")
            .about(Some(about))
    };
    put(&site, team, &destination, delivered(&source));
    put(&site, team, &destination, delivered(HOSTILE));
    let shown = page(&mut browser, &format!("/destinations/{destination}/live")).await;
    assert!(
        shown.contains(&format!("<a href=\"/sources/{source}\">Shop</a>")),
        "{shown}"
    );
    assert!(!shown.contains(HOSTILE));
}

#[tokio::test]
async fn only_who_edits_sees_them() {
    let (site, team) = Site::ready().await;
    let new = json!({"name": "Shop", "type": "HTTP"});
    let source = thing(&site, "/v2/sources", new, "/source/id").await;
    let path = format!("/sources/{source}/live");
    let event = LiveEvent::new("track", "Bought");
    put(&site, team, &source, event);
    for (email, role, may) in [
        ("edda@example.com", WorkspaceRole::Editor, true),
        ("wanda@example.com", WorkspaceRole::Admin, true),
        ("vera@example.com", WorkspaceRole::Viewer, false),
        ("olga@example.com", WorkspaceRole::Auditor, false),
    ] {
        site.member(team, email, Some(role)).await;
        let mut browser = site.signed_in(email).await;
        let overview = page(&mut browser, &format!("/sources/{source}")).await;
        assert_eq!(overview.contains(&path), may, "{email}");
        let answer = browser.get(&path).await;
        let expected = if may {
            StatusCode::OK
        } else {
            StatusCode::FORBIDDEN
        };
        assert_eq!(answer.status, expected, "{email}");
        assert_eq!(answer.body.contains("Bought"), may, "{email}");
    }
    // Nobody has looked at it who may not, so only those who may have thrown the switch.
    let watched = site.app.read(move |rx| rx.watched(team.workspace)).await;
    assert_eq!(watched.expect("read").things.len(), 1);
    let mut browser = site.signed_in("edda@example.com").await;
    for path in [
        "/sources/2CHj1PJ61lv1NPyQtCiFi2KVX2y/live",
        "/destinations/2CHj1PJ61lv1NPyQtCiFi2KVX2y/live",
        "/transformations/none/live",
    ] {
        assert_eq!(
            browser.get(path).await.status,
            StatusCode::NOT_FOUND,
            "{path}"
        );
    }
}

fn shown(answer: &Answer) -> Option<&str> {
    let (_, rest) = answer.body.split_once("annals_wst_")?;
    rest.split('<').next()
}

#[tokio::test]
async fn the_data_planes_token_is_replaced_after_the_password_and_shown_once() {
    const PATH: &str = "/settings/workspace/token";
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    assert!(
        page(&mut browser, "/settings/workspace")
            .await
            .contains(PATH)
    );
    assert!(page(&mut browser, PATH).await.contains("Your password"));
    let size = site.log(team.organization).await.len();
    for wrong in ["", "another password altogether"] {
        let answer = browser.post(PATH, &[("password", wrong)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("The password is wrong."));
        assert!(shown(&answer).is_none());
    }
    let form = browser.get(PATH).await;
    let (_, once) = form
        .body
        .split_once("name=\"once\" value=\"")
        .expect("a number");
    let fields = [
        ("password", PASSWORD),
        ("once", once.split('"').next().expect("a number")),
    ];
    // A form whose password was wrong may be sent once more.
    let mistyped = [("password", "not this one"), fields[1]];
    let answer = browser.post(PATH, &mistyped).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    let answer = browser.post(PATH, &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    let token = format!("annals_wst_{}", shown(&answer).expect("a token"));
    // Loading the answer again replaces nothing.
    let again = browser.post(PATH, &fields).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.body);
    assert!(shown(&again).is_none() && again.body.contains("sent before"));
    assert!(!page(&mut browser, PATH).await.contains("annals_wst_"));
    assert!(
        !page(&mut browser, "/settings/workspace")
            .await
            .contains("annals_wst_")
    );
    let hash = server::auth::secret::hash(&token);
    let found = site.app.read(move |rx| rx.data_plane_by_token(&hash)).await;
    let found = found.expect("read").expect("the data plane");
    assert_eq!(found.workspace, team.workspace);
    let log = site.log(team.organization).await;
    let left: Vec<String> = log[size..]
        .iter()
        .map(|one| format!("{} {:?}", one.entry.action, one.entry.outcome))
        .collect();
    assert_eq!(left, ["rotated_token Failed", "rotated_token Success"]);

    site.member(team, "edda@example.com", Some(WorkspaceRole::Editor))
        .await;
    let mut browser = site.signed_in("edda@example.com").await;
    assert!(
        !page(&mut browser, "/settings/workspace")
            .await
            .contains(PATH)
    );
    assert_eq!(browser.get(PATH).await.status, StatusCode::FORBIDDEN);
    let refused = browser.post(PATH, &[("password", PASSWORD)]).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let hash = server::auth::secret::hash(&token);
    let found = site.app.read(move |rx| rx.data_plane_by_token(&hash)).await;
    assert!(found.expect("read").is_some());
}

//! What pages say, and to whom.

use serde_json::json;

use crate::site::Site;

async fn made(site: &Site, noun: &str, name: &str, kind: &str) -> String {
    let body = json!({"name": name, "type": kind});
    let (_, made) = site.api("POST", &format!("/v2/{noun}s"), Some(body)).await;
    made[noun]["id"].as_str().expect("an id").to_owned()
}

async fn code(site: &Site, noun: &str, name: &str) -> String {
    let body = json!({"name": name, "language": "javascript", "code": "let a;"});
    let (_, made) = site.api("POST", &format!("/{noun}"), Some(body)).await;
    made["id"].as_str().expect("an id").to_owned()
}

async fn connect(site: &Site, source: &str, destination: &str) {
    let ends = json!({"sourceId": source, "destinationId": destination});
    let (status, answer) = site.api("POST", "/v2/connections", Some(ends)).await;
    assert!(status.is_success(), "{answer}");
}

async fn link(site: &Site, destination: &str, transformation: &str) {
    let path = format!("/v2/destinations/{destination}/transformation");
    let body = json!({"transformationId": transformation});
    let (status, answer) = site.api("PUT", &path, Some(body)).await;
    assert!(status.is_success(), "{answer}");
}

#[tokio::test]
async fn the_last_change_names_what_was_changed_where_that_is_another_thing() {
    let (site, _) = Site::ready().await;
    let mask = code(&site, "transformations", "Mask").await;
    let shop = made(&site, "source", "Shop", "HTTP").await;
    let hook = made(&site, "destination", "Hook", "S3").await;
    link(&site, &hook, &mask).await;
    connect(&site, &shop, &hook).await;
    let mut browser = site.signed_in("ada@example.com").await;
    site.api("DELETE", &format!("/v2/destinations/{hook}"), None)
        .await;
    for (path, said) in [
        (
            format!("/transformations/{mask}"),
            "Deleted Transformation · Hook</a>",
        ),
        (
            "/transformations".to_owned(),
            "Deleted Transformation · Hook</a>",
        ),
        (format!("/sources/{shop}"), "Disconnect Source · Hook</a>"),
        ("/sources".to_owned(), "Disconnect Source · Hook</a>"),
    ] {
        let page = browser.get(&path).await.body;
        assert!(page.contains(said), "{path}: {page}");
        if path.contains(&mask) {
            let (before, _) = page.split_once(said).expect("said");
            let event = before.rsplit("href=\"").next().expect("a link");
            let event = event.split('"').next().expect("a link").to_owned();
            let page = browser.get(&event).await.body;
            assert!(
                page.contains("<h1>Deleted Transformation · Hook</h1>"),
                "{page}"
            );
        }
    }
    // Of what was changed itself, the action says enough.
    let lake = made(&site, "destination", "Lake", "S3").await;
    link(&site, &lake, &mask).await;
    let page = browser.get(&format!("/destinations/{lake}")).await.body;
    assert!(page.contains(">Added Transformation</a> by"), "{page}");
}

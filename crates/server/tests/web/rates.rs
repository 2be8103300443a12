//! How many requests are answered, as a person sees it.

use axum::http::StatusCode;
use model::clock::Micros;
use server::app::Config;

use crate::site::{Database, Site};

#[tokio::test]
async fn who_asks_too_much_reads_how_long_to_wait() {
    let config = Config {
        rates: "token=4".parse().expect("limits"),
        ..Config::default()
    };
    let site = Site::new(Database::Sqlite, config).await;
    site.set_up().await;
    let mut ada = site.signed_in("ada@example.com").await;
    for _ in 0..3 {
        assert_eq!(ada.get("/sources").await.status, StatusCode::OK);
    }
    let answer = ada.get("/sources").await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(answer.header("retry-after"), "15");
    assert_eq!(answer.header("ratelimit-limit"), "4");
    assert!(
        answer.body.contains("Wait 15 s, and load the page again."),
        "{}",
        answer.body
    );
    // Another browser is not concerned, and this one neither once the time has passed.
    assert_eq!(site.browser().get("/sign-in").await.status, StatusCode::OK);
    site.clock.advance(15 * Micros::SECOND);
    assert_eq!(ada.get("/sources").await.status, StatusCode::OK);
}

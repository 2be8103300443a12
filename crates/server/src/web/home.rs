//! `/`: on to where the person's work is.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::see_other;
use super::me::Me;
use super::refusal::Refusal;
use crate::app::App;

/// What is said while nobody has set the server up.
pub(super) fn not_set_up() -> Refusal {
    Refusal::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "This server is not set up yet",
        "It has no organization and no administrator.",
        "Open the one-time link that \u{201c}annals serve\u{201d} prints where it is started. Who cannot see that terminal or its log asks whoever runs the server.",
    )
    .link("Try again", "/")
}

/// Refuses as long as the server is not set up.
pub(super) async fn require_set_up(app: &App) -> Result<(), Refusal> {
    match app.read(|rx| rx.instance()).await?.name {
        Some(_) => Ok(()),
        None => Err(not_set_up()),
    }
}

/// `GET /`
pub(super) async fn home(
    State(app): State<App>,
    me: Result<Me, Refusal>,
) -> Result<Response, Refusal> {
    require_set_up(&app).await?;
    me?;
    Ok(see_other("/sources"))
}

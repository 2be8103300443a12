//! How often something secret may be tried. Counted before it is looked at, so that many at once count as many; by what was
//! typed, so that nobody learns whether an account exists.

use model::clock::Micros;
use store::{Result, Upkeep, normalized_email};

use crate::app::App;
use crate::request::Caller;

/// Within which time tries count, in microseconds: a quarter of an hour.
const WINDOW: i64 = 900 * Micros::SECOND;
/// How often one address may try one account.
const OF_BOTH: u64 = 10;
/// How often an account may be tried from everywhere. More than one address may, so that nobody is locked out by one.
const OF_ACCOUNT: u64 = 100;
/// How often one address may try any account.
const OF_ADDRESS: u64 = 100;

/// What is tried, and how often it may be.
struct Limit(String, u64);

async fn count(app: &App, limits: &[Limit]) -> Result<bool> {
    let mut fits = true;
    for Limit(what, most) in limits {
        let tried = app
            .store
            .upkeep(Upkeep::Attempt(what.clone(), WINDOW))
            .await?;
        fits &= tried <= *most;
    }
    Ok(fits)
}

fn address(caller: &Caller) -> String {
    caller
        .origin
        .ip
        .map_or_else(String::new, |ip| ip.to_canonical().to_string())
}

fn of_account(kind: &str, email: &str, caller: &Caller) -> [Limit; 3] {
    let (email, ip) = (normalized_email(email), address(caller));
    [
        Limit(format!("{kind}\n{email}\n{ip}"), OF_BOTH),
        Limit(format!("{kind} account\n{email}"), OF_ACCOUNT),
        Limit(format!("{kind} address\n{ip}"), OF_ADDRESS),
    ]
}

/// Whether one more try of something by e-mail address may be looked at: signing in, or asking for a new password.
pub async fn may_try(app: &App, kind: &str, email: &str, caller: &Caller) -> Result<bool> {
    count(app, &of_account(kind, email, caller)).await
}

/// It succeeded: what was tried from there before does not count any more.
pub async fn succeeded(app: &App, kind: &str, email: &str, caller: &Caller) -> Result<()> {
    let [both, ..] = of_account(kind, email, caller);
    app.store.upkeep(Upkeep::Forgive(both.0)).await.map(|_| ())
}

/// Whether one more code or password of a person who is known may be looked at.
pub async fn may_prove(app: &App, user: model::id::UserId) -> Result<bool> {
    count(app, &[Limit(format!("proof\n{user}"), OF_BOTH)]).await
}

/// It was right.
pub async fn proved(app: &App, user: model::id::UserId) -> Result<()> {
    let what = format!("proof\n{user}");
    app.store.upkeep(Upkeep::Forgive(what)).await.map(|_| ())
}

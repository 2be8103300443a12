//! How often something secret may be tried. Counted before it is looked at, so that many at once count as many; by what was
//! typed, so that nobody learns whether an account exists.

use model::clock::Micros;
use model::id::UserId;
use model::things::User;
use store::{Result, Upkeep, normalized_email};

use crate::app::App;
use crate::request::{Caller, network};

/// Within which time tries count, in seconds: a quarter of an hour.
pub const WINDOW_SECONDS: i64 = 900;
const WINDOW: i64 = WINDOW_SECONDS * Micros::SECOND;
/// How often one address may try one account.
const OF_BOTH: u64 = 10;
/// How often an account may be tried from everywhere. More than one address may, so that nobody is locked out by one.
const OF_ACCOUNT: u64 = 100;
/// How often one address may try any account.
const OF_ADDRESS: u64 = 100;

/// Within which time text messages, and letters to addresses that nobody has confirmed, count, in seconds.
pub const TEXTS_SECONDS: i64 = 3600;
/// How many go for one person, and to one number or e-mail address.
const TEXTS: u64 = 5;
/// How many one address may ask for.
const TEXTS_OF_ADDRESS: u64 = 30;

/// By what a try is counted, and the most tries.
type Limit = (String, u64);

async fn count(app: &App, limits: Vec<Limit>) -> Result<bool> {
    count_within(app, limits, WINDOW).await
}

async fn count_within(app: &App, limits: Vec<Limit>, window: i64) -> Result<bool> {
    let passed = app.store.upkeep(Upkeep::Attempt(limits, window)).await?;
    Ok(passed == 0)
}

/// From where it is tried: a host has a whole network of addresses of IPv6, and counts as one.
fn address(caller: &Caller) -> String {
    let ip = caller.origin.ip;
    ip.map_or_else(String::new, |ip| network(ip).to_string())
}

fn of_account(kind: &str, email: &str, caller: &Caller) -> [Limit; 3] {
    let (email, ip) = (normalized_email(email), address(caller));
    [
        (format!("{kind}\n{email}\n{ip}"), OF_BOTH),
        account_limit(kind, &email),
        of_address(kind, caller),
    ]
}

fn account_limit(kind: &str, email: &str) -> Limit {
    (format!("{kind} account\n{email}"), OF_ACCOUNT)
}

/// Whether one more try of something by e-mail address may be looked at: signing in, or asking for a new password.
pub async fn may_try(app: &App, kind: &str, email: &str, caller: &Caller) -> Result<bool> {
    count(app, of_account(kind, email, caller).into()).await
}

/// It succeeded: what was tried from there before does not count any more and, of all tries of the account or from the address,
/// this one does not. Others' still do: who has an account gets no more tries at those of others by it.
pub async fn succeeded(app: &App, kind: &str, email: &str, caller: &Caller) -> Result<()> {
    let [both, account, address] = of_account(kind, email, caller);
    forgive(app, both).await?;
    give_back(app, [account, address].into()).await
}

/// There is no such account: it is written down as durably as a wrong password is for one that there is, so that the time of the
/// answer does not tell them apart.
pub async fn is_nobodys(app: &App, kind: &str, email: &str) -> Result<()> {
    let tried = (
        format!("{kind} nobody\n{}", normalized_email(email)),
        u64::MAX,
    );
    count(app, vec![tried]).await.map(|_| ())
}

/// By what the tries of an account are counted, from wherever they come. Forgiven when the account gets another password by letter, or
/// by the command line: who was kept out by somebody else's tries gets in again.
pub fn of_everyone(user: &User) -> [String; 3] {
    [
        account_limit("sign-in", &normalized_email(&user.email)).0,
        step_limit(user.id).0,
        of_person(user.id).0,
    ]
}

/// The account has another password.
pub async fn begin_again(app: &App, user: &User, caller: &Caller) -> Result<()> {
    for what in of_everyone(user) {
        app.store.upkeep(Upkeep::Forgive(what)).await?;
    }
    let [both, ..] = of_account("sign-in", &user.email, caller);
    forgive(app, both).await
}

fn of_address(kind: &str, caller: &Caller) -> Limit {
    (format!("{kind} address\n{}", address(caller)), OF_ADDRESS)
}

/// Whether an address may ask for one more thing that needs no account.
pub async fn may_ask(app: &App, kind: &str, caller: &Caller) -> Result<bool> {
    count(app, vec![of_address(kind, caller)]).await
}

/// What was asked for was answered rightly: that one does not count any more.
pub async fn answered(app: &App, kind: &str, caller: &Caller) -> Result<()> {
    give_back(app, vec![of_address(kind, caller)]).await
}

async fn may_go(app: &App, kind: &str, user: UserId, to: &str, caller: &Caller) -> Result<bool> {
    let limits = vec![
        (format!("{kind} person\n{user}"), TEXTS),
        (format!("{kind} to\n{to}"), TEXTS),
        (
            format!("{kind} address\n{}", address(caller)),
            TEXTS_OF_ADDRESS,
        ),
    ];
    count_within(app, limits, TEXTS_SECONDS * Micros::SECOND).await
}

/// Whether one more text message may be sent: each costs money, and may annoy someone who has nothing to do with it.
pub async fn may_send(app: &App, user: UserId, number: &str, caller: &Caller) -> Result<bool> {
    may_go(app, "text", user, number, caller).await
}

/// Whether one more letter may be sent to an e-mail address that nobody has confirmed yet: it may be that of someone who has nothing
/// to do with it.
pub async fn may_confirm(app: &App, user: UserId, email: &str, caller: &Caller) -> Result<bool> {
    may_go(app, "confirm", user, &normalized_email(email), caller).await
}

/// How often the second step of one account may be tried from everywhere: who tries knows the password.
const STEPS: u64 = 30;

fn of_step(user: UserId, caller: &Caller) -> [Limit; 2] {
    [
        (format!("step\n{user}\n{}", address(caller)), OF_BOTH),
        step_limit(user),
    ]
}

fn step_limit(user: UserId) -> Limit {
    (format!("step account\n{user}"), STEPS)
}

/// Whether one more try of the second step of signing in may be looked at. It is counted apart from what is shown within a session:
/// who only knows the password keeps nobody from changing that.
pub async fn may_step(app: &App, user: UserId, caller: &Caller) -> Result<bool> {
    count(app, of_step(user, caller).into()).await
}

/// It was right.
pub async fn stepped(app: &App, user: UserId, caller: &Caller) -> Result<()> {
    for limit in of_step(user, caller) {
        forgive(app, limit).await?;
    }
    Ok(())
}

fn of_person(user: UserId) -> Limit {
    (format!("proof\n{user}"), OF_BOTH)
}

/// Whether one more code or password of a person who is signed in may be looked at.
pub async fn may_prove(app: &App, user: UserId) -> Result<bool> {
    count(app, vec![of_person(user)]).await
}

/// It was right.
pub async fn proved(app: &App, user: UserId) -> Result<()> {
    forgive(app, of_person(user)).await
}

async fn forgive(app: &App, (what, _): Limit) -> Result<()> {
    app.store.upkeep(Upkeep::Forgive(what)).await.map(|_| ())
}

async fn give_back(app: &App, limits: Vec<Limit>) -> Result<()> {
    let all = limits.into_iter().map(|(what, _)| what).collect();
    app.store.upkeep(Upkeep::GiveBack(all)).await.map(|_| ())
}

//! How often something secret may be tried. Counted before it is looked at, so that many at once count as many; by what was
//! typed, so that nobody learns whether an account exists.

use model::clock::Micros;
use model::id::{OrganizationId, UserId};
use model::things::User;
use store::{Result, Upkeep, normalized_email};

use crate::app::App;
use crate::request::{Caller, network};

/// Within which time tries count, in microseconds: a quarter of an hour.
const WINDOW: i64 = 900 * Micros::SECOND;
/// How often one address may try one account.
const OF_BOTH: u64 = 10;
/// How often an account may be tried from everywhere. More than one address may, so that nobody is locked out by one.
const OF_ACCOUNT: u64 = 100;
/// How often one address may try any account.
const OF_ADDRESS: u64 = 100;

/// Within which time text messages, and letters to addresses that nobody has confirmed, count, in microseconds.
const TEXTS_WINDOW: i64 = 3600 * Micros::SECOND;
/// How many go for one person, and to one number or e-mail address.
const TEXTS: u64 = 5;
/// How many one address may ask for.
const TEXTS_OF_ADDRESS: u64 = 30;

/// By what a try is counted, and the most tries.
type Limit = (String, u64);

/// In how many seconds what was tried too often may be tried again; nothing where it may be looked at now.
pub type Wait = Option<i64>;

/// Counts by the narrowest first, and by none that is wider than the one that refuses: one address fills its own limits, and nobody
/// else's.
async fn count(app: &App, limits: Vec<Limit>, window: i64) -> Result<Wait> {
    let left = app.store.upkeep(Upkeep::Attempt(limits, window)).await?;
    let seconds = left.div_ceil(Micros::SECOND.unsigned_abs());
    Ok(i64::try_from(seconds).ok().filter(|seconds| *seconds > 0))
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
        of_address(kind, caller),
        account_limit(kind, &email),
    ]
}

fn account_limit(kind: &str, email: &str) -> Limit {
    (format!("{kind} account\n{email}"), OF_ACCOUNT)
}

/// How long one more try of something by e-mail address has to wait: signing in, or asking for a new password.
pub async fn wait_to_try(app: &App, kind: &str, email: &str, caller: &Caller) -> Result<Wait> {
    count(app, of_account(kind, email, caller).into(), WINDOW).await
}

/// Whether it may be looked at now.
pub async fn may_try(app: &App, kind: &str, email: &str, caller: &Caller) -> Result<bool> {
    let wait = wait_to_try(app, kind, email, caller).await?;
    Ok(wait.is_none())
}

/// It succeeded: what was tried from there before does not count any more and, of all tries of the account or from the address,
/// this one does not. Others' still do: who has an account gets no more tries at those of others by it.
pub async fn succeeded(app: &App, kind: &str, email: &str, caller: &Caller) -> Result<()> {
    let [both, address, account] = of_account(kind, email, caller);
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
    count(app, vec![tried], WINDOW).await.map(|_| ())
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

/// How long an address has to wait to ask for one more thing that needs no account.
pub async fn wait_to_ask(app: &App, kind: &str, caller: &Caller) -> Result<Wait> {
    count(app, vec![of_address(kind, caller)], WINDOW).await
}

/// What was asked for was answered rightly: that one does not count any more.
pub async fn answered(app: &App, kind: &str, caller: &Caller) -> Result<()> {
    give_back(app, vec![of_address(kind, caller)]).await
}

async fn wait_to_go(
    app: &App,
    kind: &str,
    user: UserId,
    to: &str,
    caller: &Caller,
) -> Result<Wait> {
    let limits = vec![
        (format!("{kind} person\n{user}"), TEXTS),
        (
            format!("{kind} address\n{}", address(caller)),
            TEXTS_OF_ADDRESS,
        ),
        (format!("{kind} to\n{to}"), TEXTS),
    ];
    count(app, limits, TEXTS_WINDOW).await
}

/// What a text message is for. Each is counted apart: who asks for a stranger's number to be confirmed keeps no code from the person
/// who signs in with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Text {
    /// The code of a second step, to a number that was confirmed.
    SignIn,
    /// A code that confirms a number, which may be anybody's.
    Confirm,
}

/// How long one more text message has to wait: each costs money, and may annoy someone who has nothing to do with it.
pub async fn wait_to_send(
    app: &App,
    text: Text,
    user: UserId,
    number: &str,
    caller: &Caller,
) -> Result<Wait> {
    let kind = match text {
        Text::SignIn => "text code",
        Text::Confirm => "text",
    };
    wait_to_go(app, kind, user, number, caller).await
}

/// How long one more letter to an e-mail address that nobody has confirmed yet has to wait: it may be that of someone who has nothing
/// to do with it.
pub async fn wait_to_confirm(
    app: &App,
    user: UserId,
    email: &str,
    caller: &Caller,
) -> Result<Wait> {
    wait_to_go(app, "confirm", user, &normalized_email(email), caller).await
}

/// How many letters that invite go to one address within an hour from all organizations, each of which may send [`TEXTS`]: more than
/// one, so that none keeps another from inviting.
const INVITATIONS: u64 = 20;

fn of_invitation(organization: OrganizationId, email: &str) -> Vec<Limit> {
    let email = normalized_email(email);
    vec![
        (format!("invitation\n{organization}\n{email}"), TEXTS),
        (format!("invitation to\n{email}"), INVITATIONS),
    ]
}

/// How long one more letter that invites this address has to wait.
pub async fn wait_to_invite(app: &App, organization: OrganizationId, email: &str) -> Result<Wait> {
    let limits = of_invitation(organization, email);
    count(app, limits, TEXTS_WINDOW).await
}

/// No letter was sent: whoever may not invite uses up nothing.
pub async fn not_invited(app: &App, organization: OrganizationId, email: &str) -> Result<()> {
    give_back(app, of_invitation(organization, email)).await
}

/// How often the second step of one account may be tried from everywhere: who tries knows the password. One address cannot fill it,
/// also where its own window ends within that of the account; who is kept out by several gets in by another password.
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

/// How long one more try of the second step of signing in has to wait. It is counted apart from what is shown within a session: who
/// only knows the password keeps nobody from changing that.
pub async fn wait_to_step(app: &App, user: UserId, caller: &Caller) -> Result<Wait> {
    count(app, of_step(user, caller).into(), WINDOW).await
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

/// How long one more code or password of a person who is signed in has to wait.
pub async fn wait_to_prove(app: &App, user: UserId) -> Result<Wait> {
    count(app, vec![of_person(user)], WINDOW).await
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

//! `/settings/audit-logs`: who did what to what, when.

use axum::extract::{Path, Query, State};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::catalogue::{self, EventType, Group};
use model::clock::Micros;
use model::entry::Outcome;
use model::id::{EventId, LogId};
use model::role::Permission;
use store::{Page, Query as Wanted, Result, Rx};

use super::answer::{Answer, see_other};
use super::event::Shower;
use super::form::Sent;
use super::history::{leaf, reach, turn};
use super::me::Me;
use super::refusal::{Refusal, sentence};
use super::view::audit_logs::AuditLogs;
use super::view::event::by_day;
use super::view::event_page::{EventPage, Proof};
use super::view::filter::Filter;
use super::view::frame::NavItem;
use super::view::parts::{Choice, ChoiceGroup};
use super::visitor::Clock;
use crate::api::audit_logs::{AuditLog, receipt_file};
use crate::app::App;
use crate::audit;
use crate::auth::secret;
use crate::export::rows::Form;
use crate::export::stream::Wanted as Export;

const NAV: NavItem = NavItem::AuditLogs;

const NO_TOKEN: &str = "There is no such token here, and there was none.";

/// What could not be understood, each a sentence.
type Problems = Vec<String>;

/// The moment at which a day begins in a zone.
fn start_of(day: Date, zone: &TimeZone) -> Option<Micros> {
    let start = zone.to_timestamp(day.at(0, 0, 0, 0)).ok()?;
    Some(Micros(start.as_microsecond()))
}

/// How many people or things may have a name that events are asked for by.
const NAMESAKES: usize = 100;

/// Whether a text can be an id: one is not looked for among names.
fn is_id(text: &str) -> bool {
    text.len() == 27 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The ids of the actors that were asked for, by id, or by the e-mail or the name of people whom the organization knows.
fn actors(rx: &mut Rx<'_>, me: &Me, text: &str, problems: &mut Problems) -> Result<Vec<String>> {
    let organization = me.signed_in.organization.id;
    if text.contains('@') {
        let found = audit::person(rx, organization, text)?;
        if found.is_none() {
            problems.push(format!(
                "Nobody here has the e-mail \u{201c}{text}\u{201d}."
            ));
        }
        return Ok(found.into_iter().map(|user| user.to_string()).collect());
    }
    let named = if is_id(text) {
        Vec::new()
    } else {
        audit::people(rx, organization, text)?
    };
    Ok(or_id(named, text, problems))
}

/// The ids of the things and people that were asked for, by id or by name.
fn targets(rx: &mut Rx<'_>, me: &Me, text: &str, problems: &mut Problems) -> Result<Vec<String>> {
    let place = me.place();
    let mut named = Vec::new();
    if !is_id(text) {
        named = audit::things(rx, place.organization, place.workspace, text)?;
        named.extend(audit::people(rx, place.organization, text)?);
    }
    Ok(or_id(named, text, problems))
}

/// What has this in its name; where nothing has, what has it as its id.
fn or_id(named: Vec<String>, text: &str, problems: &mut Problems) -> Vec<String> {
    if named.is_empty() {
        return vec![text.to_owned()];
    }
    if named.len() > NAMESAKES {
        problems.push(format!(
            "More than {NAMESAKES} have \u{201c}{text}\u{201d} in their names: say more of the name."
        ));
    }
    named
}

/// What the filters ask for. What cannot be understood is said, and then nothing is found: no event is taken for one that
/// was asked for.
fn query(rx: &mut Rx<'_>, me: &Me, filter: &Filter, zone: &TimeZone) -> Result<(Wanted, Problems)> {
    let mut query = Wanted::default();
    let mut problems = Vec::new();
    let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(what) = text(&filter.target) {
        query.targets = Some(targets(rx, me, &what, &mut problems)?);
    }
    if let Some(token) = text(&filter.token) {
        let found = audit::tokens(rx, me.signed_in.organization.id, &token)?;
        if found.is_empty() {
            problems.push(NO_TOKEN.to_owned());
        }
        query.tokens = Some(found.iter().map(ToString::to_string).collect());
    }
    if let Some(tab) = text(&filter.tab) {
        query.group = Group::from_word(&tab);
        if query.group.is_none() {
            problems.push(format!("There is no tab \u{201c}{tab}\u{201d}."));
        }
    }
    if let Some(who) = text(&filter.actor) {
        query.actors = Some(actors(rx, me, &who, &mut problems)?);
    }
    if let Some(name) = text(&filter.action) {
        match EventType::find_name(&name) {
            Some(known) => {
                query.target_type = Some(known.target.as_str().to_owned());
                query.action = Some(known.action.to_owned());
            }
            None => problems.push(format!("There is no action \u{201c}{name}\u{201d}.")),
        }
    }
    if let Some(word) = text(&filter.outcome) {
        query.outcome = Outcome::parse(&word);
        if query.outcome.is_none() {
            problems.push(format!("There is no outcome \u{201c}{word}\u{201d}."));
        }
    }
    for (name, _) in filter.unknown.iter().filter(|(_, value)| !value.is_empty()) {
        problems.push(format!("There is no filter \u{201c}{name}\u{201d}."));
    }
    let mut day = |text: Option<String>, name: &str, later: i32| {
        let text = text?;
        let found = text
            .parse::<Date>()
            .ok()
            .and_then(|day| day.checked_add(jiff::Span::new().days(later)).ok())
            .and_then(|day| start_of(day, zone));
        if found.is_none() {
            problems.push(format!(
                "\u{201c}{name}\u{201d} has to be a day such as 2026-11-23."
            ));
        }
        found
    };
    // The day itself belongs to both ends.
    query.created_after = day(text(&filter.from), "From", 0).map(|start| start.plus(-1));
    query.created_before = day(text(&filter.to), "To", 1);
    if !problems.is_empty() {
        query.tokens = Some(Vec::new());
    }
    Ok((query, problems))
}

/// The actions to choose from: of the tab that is open, by type.
fn actions(filter: &Filter) -> Vec<ChoiceGroup> {
    let mut groups: Vec<ChoiceGroup> = Vec::new();
    let tab = Group::from_word(&filter.tab);
    for one in catalogue::ALL {
        if tab.is_some_and(|tab| tab != one.group) {
            continue;
        }
        let choice = Choice::new(one.to_string(), one.label, &filter.action);
        match groups
            .iter_mut()
            .find(|group| group.label == one.type_label)
        {
            Some(group) => group.choices.push(choice),
            None => groups.push(ChoiceGroup {
                label: one.type_label.to_owned(),
                choices: vec![choice],
            }),
        }
    }
    groups
}

/// `GET /settings/audit-logs`
pub(super) async fn list(State(app): State<App>, me: Me, Query(filter): Query<Filter>) -> Answer {
    // A token that someone has put into the address goes from it at once, and into no record.
    let secret = [&filter.token, &filter.target, &filter.actor, &filter.action]
        .into_iter()
        .find(|text| secret::looks_like_one(text));
    if let Some(secret) = secret {
        return found_token(&app, &me, secret.clone()).await;
    }
    page(&app, &me, filter, Vec::new()).await
}

/// `POST /settings/audit-logs/token`: on to what a token did, by its id, its name, or the token itself.
pub(super) async fn find_token(State(app): State<App>, sent: Sent) -> Answer {
    found_token(&app, &sent.me, sent.form.text("token").to_owned()).await
}

async fn found_token(app: &App, me: &Me, text: String) -> Answer {
    let is_secret = secret::looks_like_one(&text);
    let named = text.trim().to_owned();
    let found = audit::find_tokens(app, &me.signed_in.caller, reach(me), text).await?;
    let token = match found.as_slice() {
        [] => {
            let problems = vec![NO_TOKEN.to_owned()];
            return page(app, me, Filter::default(), problems).await;
        }
        [one] => one.id.to_string(),
        // Several have this name: what all of them did.
        [first, ..] if is_secret => first.id.to_string(),
        _ => named,
    };
    let filter = Filter {
        token,
        ..Filter::default()
    };
    Ok(see_other(&filter.href()))
}

/// The clock that a view is shown by.
fn clock(me: &Me, filter: &Filter) -> Clock {
    if filter.is_utc() {
        me.clock().utc()
    } else {
        me.clock().clone()
    }
}

/// The page that begins with an event, where that is among what is asked for.
async fn page_at(
    app: &App,
    me: &Me,
    wanted: &Wanted,
    id: EventId,
) -> std::result::Result<Option<Page>, Refusal> {
    let Ok(event) = audit::event(app, &me.signed_in.caller, reach(me), id).await else {
        return Ok(None);
    };
    let wanted = Wanted {
        until: Some(event.entry.sequence + 1),
        ..wanted.clone()
    };
    let page = audit::events(app, &me.signed_in.caller, reach(me), wanted).await?;
    let first = page.events.first().map(|one| one.entry.sequence);
    Ok((first == Some(event.entry.sequence)).then_some(page))
}

async fn page(app: &App, me: &Me, filter: Filter, said: Problems) -> Answer {
    let clock = clock(me, &filter);
    let (asked, who, zone) = (filter.clone(), me.clone(), clock.zone.clone());
    let (wanted, mut problems) = app.read(move |rx| query(rx, &who, &asked, &zone)).await?;
    problems.splice(0..0, said);
    let wanted = turn(wanted, &filter.older_than, &filter.newer_than)?;
    let mut page = audit::events(app, &me.signed_in.caller, reach(me), wanted.clone()).await?;
    let total = page.total;
    let open = filter.open.clone();
    // An address that names an event leads to it, however many have come since.
    let mut is_later = false;
    if filter.is_newest()
        && !page.events.iter().any(|one| one.entry.id == open)
        && let Ok(id) = open.parse()
        && let Some(at) = page_at(app, me, &wanted, id).await?
    {
        page = at;
        is_later = true;
    }
    let (events, newer, older) = leaf(page, &wanted);
    let newer = newer || is_later;
    let rows = app
        .read(move |rx| {
            let mut shower = Shower::of(&clock, rx, &events)?;
            events
                .iter()
                .map(|event| shower.row(rx, event, event.entry.id == open))
                .collect::<Result<Vec<_>>>()
        })
        .await?;
    let (organization, actor) = (me.place().organization, me.signed_in.caller.actor);
    let token = filter.token.clone();
    let (log, can_export_all, token_name) = app
        .read(move |rx| {
            let token = match token.parse() {
                Ok(id) => rx.token(id)?.filter(|one| one.organization == organization),
                Err(_) => None,
            };
            let acting = rx.acting(actor)?;
            let whole = acting.may(rx, Permission::ReadAuditLog, organization, None)?;
            let name = token.map(|token| token.name);
            Ok((rx.log_of(organization)?, whole, name))
        })
        .await?;
    let id = |row: Option<&super::view::event::EventRow>| row.map(|row| row.id.clone());
    me.show(&AuditLogs {
        frame: me.frame(NAV),
        problems,
        tabs: filter.tabs(|_| None),
        actions: actions(&filter),
        total: Some(total),
        newer: id(rows.first()).filter(|_| newer),
        older: id(rows.last()).filter(|_| older),
        days: by_day(rows),
        refused: log.and_then(|log| unsigned(app, log)),
        can_export_all,
        token_name,
        filter,
    })
}

/// `GET /settings/audit-logs/{id}`
pub(super) async fn event(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let id: EventId = id.parse().map_err(|_| Refusal::nothing_here())?;
    let event = audit::event(&app, &me.signed_in.caller, reach(&me), id).await?;
    let json = serde_json::to_string_pretty(&AuditLog::from(event.clone()))
        .map_err(|error| store::Error::Internal(error.to_string()))?;
    let clock = me.clock().clone();
    let missing: Vec<String> = event.missing.iter().map(ToString::to_string).collect();
    let (organization, sequence) = (me.place().organization, event.entry.sequence);
    let actor = me.signed_in.caller.actor;
    let (log, whole) = app
        .read(move |rx| {
            let acting = rx.acting(actor)?;
            let whole = acting.may(rx, Permission::ReadAuditLog, organization, None)?;
            let log = rx.organization_log(organization)?;
            Ok((rx.published(log)?, whole))
        })
        .await?;
    let proof = Proof {
        log: log.id.to_string(),
        origin: log.origin.to_string(),
        vkey: log.vkey.clone(),
        signed: log
            .checkpoint
            .as_ref()
            .map(|one| one.size)
            .filter(|size| *size > sequence),
        whole,
        missing: missing.join(" "),
        refused: unsigned(&app, log.id),
    };
    let (row, details, related) = app
        .read(move |rx| {
            let mut shower = Shower::of(&clock, rx, [&event])?;
            let (row, details) = (shower.row(rx, &event, false)?, shower.details(&event));
            Ok((row, details, shower.related(rx, &event)?))
        })
        .await?;
    me.show(&EventPage {
        frame: me.frame(NAV),
        row,
        details,
        related,
        proof,
        json,
    })
}

/// Why a log is not signed, if it is not.
fn unsigned(app: &App, log: LogId) -> Option<String> {
    let refused = app.store.refused().get(&log).map(ToString::to_string);
    let why = refused.or_else(|| {
        let failing = app.store.failing().filter(|failing| failing.stops(log))?;
        Some(failing.why)
    });
    why.map(|why| sentence(&why))
}

/// `GET /settings/audit-logs/{id}/proof`
pub(super) async fn proof(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let id: EventId = id.parse().map_err(|_| Refusal::nothing_here())?;
    let receipt = audit::receipt(&app, &me.signed_in.caller, reach(&me), id).await?;
    Ok(receipt_file(id, &receipt))
}

/// `POST /settings/audit-logs/export`: the whole log, or what the filters of the page give.
pub(super) async fn export(State(app): State<App>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let form_of = match form.text("format") {
        "full" => None,
        "events" => Some(Form::Proved),
        "csv" => Some(Form::Csv),
        _ => return Err(Refusal::nothing_here()),
    };
    let wanted = match form_of {
        None => Export::Full,
        Some(rows) => {
            let filter = Filter::of_query(form.text("query")).ok_or_else(Refusal::nothing_here)?;
            let zone = clock(&me, &filter).zone;
            let (asked, who) = (filter.clone(), me.clone());
            let (query, problems) = app.read(move |rx| query(rx, &who, &asked, &zone)).await?;
            if !problems.is_empty() {
                return page(&app, &me, filter, Vec::new()).await;
            }
            let words = audit::words(&query);
            Export::Rows(rows, Box::new(query), words, None)
        }
    };
    Ok(audit::export(&app, &me.signed_in.caller, reach(&me), wanted).await?)
}

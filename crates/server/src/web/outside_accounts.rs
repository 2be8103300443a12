//! `/accounts`: accounts at other services.

use axum::extract::{Path, Query, State};
use model::catalogue::TargetType;
use model::change::{self, Visibility};
use model::clock::Micros;
use model::id::AccountId;
use model::role::Permission;
use model::things::Account;
use serde_json::{Value, json};
use store::{Error, Result, Rx};

use super::answer::Answer;
use super::event;
use super::flash::Done;
use super::form::{Form, Sent};
use super::history::{self, Known, Part, Reader};
use super::me::Me;
use super::refusal::{Refusal, sentence};
use super::retl_sources;
use super::things::{self, From, Wrong};
use super::view::delete::{Delete, Kept, Obstacle, Question};
use super::view::frame::NavItem;
use super::view::outside_account::{
    AccountAuditLogs, AccountForm, AccountHead, AccountNew, AccountOverview, AccountRow,
    AccountSettings, AccountUser, Accounts,
};
use super::view::parts::{Errors, LastChange};
use crate::actions::input;
use crate::actions::outside_account::create::CreateAccount;
use crate::actions::outside_account::delete::{DeleteAccount, User, users};
use crate::actions::outside_account::found;
use crate::actions::outside_account::update::UpdateAccount;
use crate::app::App;
use crate::request::once;

const NAV: NavItem = NavItem::Accounts;

/// `GET /accounts`
pub(super) async fn list(State(app): State<App>, me: Me, Query(from): Query<From>) -> Answer {
    let after = from.start()?;
    let (place, reader) = (me.place(), Reader::of(&me));
    let named = from.named().map(str::to_owned);
    let (rows, total, next) = app
        .read(move |rx| {
            let (after, named) = (after.as_ref(), named.as_deref());
            let page = rx.account_rows(place.workspace, after, things::PAGE, named)?;
            let ids: Vec<String> = page.items.iter().map(|one| one.id.to_string()).collect();
            let mut last = reader.last_of(rx, &ids)?;
            let rows = page.items.into_iter().map(|one| {
                let last = last.remove(one.id.as_str());
                row(rx, one, last)
            });
            Ok((rows.collect::<Result<Vec<_>>>()?, page.total, page.next))
        })
        .await?;
    me.show(&Accounts {
        frame: me.frame(NAV),
        can_create: me.signed_in.can.edit_accounts,
        rows,
        leaf: from.leaf("/accounts", total, next.as_ref()),
    })
}

fn row(
    rx: &mut Rx<'_>,
    one: store::AccountRow,
    last_change: Option<LastChange>,
) -> Result<AccountRow> {
    Ok(AccountRow {
        used: rx.retl_sources_of_account(one.id)?.len() as u64,
        last_change,
        category: Account::kind(&one.definition).1.to_owned(),
        id: one.id.to_string(),
        name: one.name,
        definition: one.definition,
    })
}

/// `GET /accounts/new`
pub(super) async fn new(me: Me) -> Answer {
    if !me.signed_in.can.edit_accounts {
        return Err(Refusal::not_for_you(Permission::EditAccounts));
    }
    new_page(&me, &Form::default(), Wrong::none())
}

fn new_page(me: &Me, form: &Form, wrong: Wrong) -> Answer {
    let view = AccountNew {
        frame: me.frame_with(NAV, wrong.flash),
        definition: form.text("accountDefinitionName").to_owned(),
        form: sent_form(form),
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

fn sent_form(form: &Form) -> AccountForm {
    AccountForm {
        name: form.name().to_owned(),
        options: form.text("options").to_owned(),
        remove: None,
    }
}

/// An object that was typed as JSON; an empty field is none. What is wrong does not repeat what was typed.
fn object(form: &Form, field: &str) -> std::result::Result<Option<Value>, String> {
    let text = form.text(field).trim();
    if text.is_empty() {
        return Ok(None);
    }
    match once(text.as_bytes()) {
        Ok(Value::Object(object)) => Ok(Some(Value::Object(object))),
        Ok(_) => Err("This has to be one JSON object.".to_owned()),
        Err(error) => {
            let what = if error.is_data() {
                "This has a key twice"
            } else {
                "This is not JSON"
            };
            let (line, column) = (error.line(), error.column());
            Err(format!("{what}: look at line {line}, column {column}."))
        }
    }
}

const FIELDS: &[&str] = &["accountDefinitionName", "name", "options", "secret"];

/// Whether the secret is to go.
fn removes(form: &Form) -> bool {
    form.flag("remove_secret")
}

/// The objects of a form: options and secret.
type Objects = (Option<Value>, Option<Value>);

/// Reads a form. All that is wrong with it is said at once.
fn read(form: &Form, is_new: bool) -> std::result::Result<Objects, Wrong> {
    let mut errors = Errors::default();
    if is_new && form.text("accountDefinitionName").trim().is_empty() {
        errors.add("accountDefinitionName", "Say what it is an account of.");
    }
    if let Err(Error::Invalid { message, .. }) = input::name(form.name()) {
        errors.add("name", sentence(&message));
    }
    let mut object = |field| {
        object(form, field).unwrap_or_else(|message| {
            errors.add(field, message);
            None
        })
    };
    let mut objects = (object("options"), object("secret"));
    if removes(form) {
        if objects.1.is_some() {
            errors.add(
                "secret",
                "One is typed here, and the tick says to remove it. Do one of the two.",
            );
        }
        objects.1 = Some(json!({}));
    }
    if errors.is_empty() {
        Ok(objects)
    } else {
        Err(Wrong::fields(errors))
    }
}

/// What is wrong with a form, and that its secret has to be typed again: it is not put back into its field.
fn without_secret(form: &Form, wrong: Wrong) -> Wrong {
    if form.text("secret").trim().is_empty() {
        return wrong;
    }
    let said = wrong.errors.of("secret").map(|said| format!("{said} "));
    let mut errors = Errors::default();
    let again = things::TYPE_AGAIN;
    errors.add("secret", format!("{}{again}", said.unwrap_or_default()));
    for field in FIELDS.iter().filter(|field| **field != "secret") {
        if let Some(said) = wrong.errors.of(field) {
            errors.add(*field, said);
        }
    }
    Wrong { errors, ..wrong }
}

/// `POST /accounts`
pub(super) async fn create(sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let again = |wrong: Wrong| new_page(&me, &form, without_secret(&form, wrong));
    let (options, secret) = match read(&form, true) {
        Ok(objects) => objects,
        // Who may not create one hears so, and it is recorded, whatever was sent.
        Err(_) if !me.signed_in.can.edit_accounts => (None, None),
        Err(wrong) => return again(wrong),
    };
    let action = CreateAccount {
        place: me.place(),
        name: form.name().to_owned(),
        definition: form.text("accountDefinitionName").trim().to_owned(),
        options,
        secret,
        external_id: None,
    };
    match me.perform(action).await {
        Ok(made) => {
            let path = format!("/accounts/{}", made.output.id);
            Ok(me.done(&path, Done::Created, &made.entries))
        }
        Err(error) => again(Wrong::of(error, "Not created.", FIELDS)?),
    }
}

/// An account with what its pages say of it.
struct Seen {
    account: Account,
    known: Known,
}

async fn seen(app: &App, me: &Me, id: &str) -> std::result::Result<Seen, Refusal> {
    let id: AccountId = things::id(id)?;
    let (place, reader) = (me.place(), Reader::of(me));
    let seen = app
        .read(move |rx| {
            Ok(Seen {
                account: found(rx, place, id)?,
                known: reader.known(rx, id.as_str())?,
            })
        })
        .await;
    history::or_gone(seen, app, me, (TargetType::Account, id.as_str())).await
}

fn head(me: &Me, seen: &Seen) -> AccountHead {
    AccountHead {
        id: seen.account.id.to_string(),
        name: seen.account.name.clone(),
        can_edit: me.signed_in.can.edit_accounts,
        can_audit: me.signed_in.can.read_audit_log,
        deleted: false,
        events: seen.known.events,
        last_change: seen.known.last.clone(),
    }
}

/// `GET /accounts/{id}`
pub(super) async fn overview(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    let seen = seen(&app, &me, &id).await?;
    let one = &seen.account;
    let id = one.id;
    let used_by = app
        .read(move |rx| {
            let users = rx.retl_sources_of_account(id)?;
            Ok(users
                .into_iter()
                .map(|one| AccountUser {
                    kind: retl_sources::kind(one.kind, &one.definition),
                    id: one.id.to_string(),
                    name: one.name,
                    enabled: one.enabled,
                })
                .collect())
        })
        .await?;
    me.show(&AccountOverview {
        frame: me.frame(NAV),
        head: head(&me, &seen),
        definition: one.definition.clone(),
        options: things::members(&one.options),
        has_secret: has_secret(one),
        created: me.clock().at(one.created_at),
        updated: me.clock().at(one.updated_at),
        used_by,
    })
}

/// The form as it is stored.
fn stored_form(account: &Account) -> AccountForm {
    let is_empty = account
        .options
        .as_object()
        .is_none_or(serde_json::Map::is_empty);
    AccountForm {
        name: account.name.clone(),
        options: if is_empty {
            String::new()
        } else {
            format!("{:#}", account.options)
        },
        remove: None,
    }
}

fn has_secret(account: &Account) -> bool {
    let secret = account.secret.as_object();
    secret.is_some_and(|secret| !secret.is_empty())
}

fn settings_page(me: &Me, seen: &Seen, sent: Option<&Form>, wrong: Wrong) -> Answer {
    let one = &seen.account;
    let shown = one.updated_at.0.to_string();
    let differs = match sent.map(|form| (form, object(form, "options"))) {
        // Only what would be saved over another's change is told apart from it. A secret that was typed has to be typed again.
        Some((form, Ok(options))) if form.get("seen") != Some(shown.as_str()) => {
            let options = options.unwrap_or_else(|| json!({}));
            let now = json!({ "name": one.name, "options": one.options });
            let then = json!({ "name": form.name(), "options": options });
            let all = change::diff(Some(&now), Some(&then), &|_, _| Visibility::Clear);
            all.iter().map(event::change).collect()
        }
        _ => Vec::new(),
    };
    let view = AccountSettings {
        frame: me.frame_with(NAV, wrong.flash),
        head: head(me, seen),
        form: AccountForm {
            remove: has_secret(one).then(|| sent.is_some_and(removes)),
            ..sent.map_or_else(|| stored_form(one), sent_form)
        },
        seen: shown,
        differs,
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// `GET /accounts/{id}/settings`
pub(super) async fn settings(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    if !me.signed_in.can.edit_accounts {
        return Err(Refusal::not_for_you(Permission::EditAccounts));
    }
    let seen = seen(&app, &me, &id).await?;
    settings_page(&me, &seen, None, Wrong::none())
}

/// `POST /accounts/{id}`
pub(super) async fn update(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let seen = seen(&app, &me, &id).await?;
    let again = |wrong: Wrong| {
        let wrong = without_secret(&form, wrong);
        settings_page(&me, &seen, Some(&form), wrong)
    };
    let (options, secret) = match read(&form, false) {
        Ok(objects) => objects,
        // As above.
        Err(_) if !me.signed_in.can.edit_accounts => (None, None),
        Err(wrong) => return again(wrong),
    };
    let action = UpdateAccount {
        place: me.place(),
        id: seen.account.id,
        name: form.name().to_owned(),
        options: options.unwrap_or_else(|| json!({})),
        secret,
        // What was made from one state must not be laid over another.
        seen: match form.get("seen") {
            Some(seen) => Some(Micros(seen.parse().unwrap_or_default())),
            None => Some(seen.account.updated_at),
        },
    };
    match me.perform(action).await {
        Ok(made) => Ok(me.done(&format!("/accounts/{id}"), Done::Saved, &made.entries)),
        Err(error) => {
            let error = history::by_whom(&app, &me, error, (TargetType::Account, &id)).await?;
            again(Wrong::of(error, "Not saved.", FIELDS)?)
        }
    }
}

fn question(account: &Account) -> Question {
    let id = account.id;
    Question {
        kept: None,
        noun: "account".to_owned(),
        name: account.name.clone(),
        action: format!("/accounts/{id}/delete"),
        back: format!("/accounts/{id}"),
        list: ("Accounts".to_owned(), "/accounts".to_owned()),
        consequences: Vec::new(),
        recorded_as: vec!["Deleted".to_owned()],
    }
}

/// `GET /accounts/{id}/delete`
pub(super) async fn ask_delete(State(app): State<App>, me: Me, Path(id): Path<String>) -> Answer {
    if !me.signed_in.can.edit_accounts {
        return Err(Refusal::not_for_you(Permission::EditAccounts));
    }
    let seen = seen(&app, &me, &id).await?;
    delete_page(&app, &me, &seen.account, Wrong::none()).await
}

/// The question or, where the account is in use, by what it is.
async fn delete_page(app: &App, me: &Me, account: &Account, wrong: Wrong) -> Answer {
    let (place, id) = (me.place(), account.id);
    let users = app.read(move |rx| users(rx, place, id)).await?;
    let question = question(account);
    if users.is_empty() {
        let view = Delete {
            frame: me.frame_with(NAV, wrong.flash),
            question,
            errors: wrong.errors,
        };
        return me.show_as(wrong.status, &view);
    }
    let obstacle = |one: &User| Obstacle {
        text: one.said(),
        href: Some(format!("/{}s/{}", one.noun, one.id)),
    };
    let view = Kept {
        frame: me.frame_with(NAV, wrong.flash),
        name: question.name,
        back: question.back,
        list: question.list,
        because: "It is in use. Delete what uses it, or give that another account, first."
            .to_owned(),
        obstacles: users.iter().map(obstacle).collect(),
    };
    me.show_as(wrong.status, &view)
}

/// `POST /accounts/{id}/delete`
pub(super) async fn delete(State(app): State<App>, Path(id): Path<String>, sent: Sent) -> Answer {
    let Sent { me, form } = sent;
    let seen = seen(&app, &me, &id).await?;
    let errors = things::confirmed(form.text("confirm"), &seen.account.name);
    // Who may not delete it hears so, and it is recorded, whatever was typed.
    if me.signed_in.can.edit_accounts && !errors.is_empty() {
        return delete_page(&app, &me, &seen.account, Wrong::fields(errors)).await;
    }
    let action = DeleteAccount {
        place: me.place(),
        id: seen.account.id,
    };
    match me.perform(action).await {
        Ok(made) => Ok(me.done("/accounts", Done::Deleted, &made.entries)),
        Err(error) => {
            let wrong = Wrong::of(error, "Not deleted.", &[])?;
            delete_page(&app, &me, &seen.account, wrong).await
        }
    }
}

/// `GET /accounts/{id}/audit-logs`, of an account that was deleted too.
pub(super) async fn audit_logs(
    State(app): State<App>,
    me: Me,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Answer {
    let id: AccountId = things::id(&id)?;
    let path = format!("/accounts/{id}");
    let (log, newest) = history::of(&app, &me, id.as_str(), &path, &part).await?;
    let head = match (seen(&app, &me, id.as_str()).await, newest) {
        (Ok(seen), _) => head(&me, &seen),
        (Err(refusal), None) => return Err(refusal),
        (Err(_), Some(event)) => AccountHead {
            id: id.to_string(),
            name: history::name_in(&event, id.as_str()),
            can_edit: false,
            can_audit: true,
            deleted: true,
            events: log.total,
            last_change: None,
        },
    };
    me.show(&AccountAuditLogs {
        frame: me.frame(NAV),
        head,
        log,
    })
}

//! The forms for code, which transformations and libraries have alike: new, edit, run, publish, a version, delete.

use axum::http::StatusCode;
use model::id::{TransformationId, VersionId};
use model::role::Permission;
use model::things::{CodeKind, Transformation};
use serde_json::Value;
use store::Error;

use super::answer::Answer;
use super::flash::Done;
use super::form::{Form, Sent, typed_json};
use super::history;
use super::lines;
use super::me::Me;
use super::refusal::{Refusal, sentence};
use super::things::{self, Wrong};
use super::transformations::language;
use super::view::code::{CodeForm, CodeVersion, MadeFrom, Noun, TestSeen};
use super::view::delete::{Delete, Kept, Obstacle, Question};
use super::view::frame::{Flash, NavItem};
use super::view::parts::{Choice, Errors};
use crate::actions::transformation::create::CreateTransformation;
use crate::actions::transformation::delete::DeleteTransformation;
use crate::actions::transformation::update::{CHANGED_MEANWHILE, UpdateTransformation};
use crate::actions::transformation::{Way, found, users};
use crate::app::App;
use crate::publishing::{self, Batch, Trouble};
use crate::transformer::suite::Test;
use crate::transformer::trial::Candidate;

const FIELDS: &[&str] = &["name", "description", "code", "events"];

const fn noun(kind: CodeKind) -> Noun {
    match kind {
        CodeKind::Transformation => Noun {
            word: "transformation",
            list: "Transformations",
            root: "/transformations",
        },
        CodeKind::Library => Noun {
            word: "library",
            list: "Libraries",
            root: "/libraries",
        },
    }
}

const fn nav(kind: CodeKind) -> NavItem {
    match kind {
        CodeKind::Transformation => NavItem::Transformations,
        CodeKind::Library => NavItem::Libraries,
    }
}

fn address(kind: CodeKind, id: TransformationId) -> String {
    format!("{}/{id}", noun(kind).root)
}

/// What a new transformation begins with.
const FIRST: &str = "export function transformEvent(event, metadata) {\n  return event;\n}\n";

/// Of a form what it needs to be drawn again.
struct Draft {
    of: Option<(String, String)>,
    language: String,
    tests: Vec<TestSeen>,
    made_from: Option<MadeFrom>,
}

/// What a form is sent over: it carries this until it is taken, so that another's change is not replaced unseen.
fn made_from(kind: CodeKind, id: TransformationId, version: VersionId) -> MadeFrom {
    MadeFrom {
        version: version.to_string(),
        address: format!("{}/versions/{version}", address(kind, id)),
        is_news: false,
        by: None,
    }
}

fn draw(app: &App, me: &Me, kind: CodeKind, form: &Form, draft: Draft, wrong: Wrong) -> Answer {
    let choices = [("javascript", "JavaScript"), ("python", "Python")];
    let languages = if draft.of.is_some() {
        let own = draft.language.clone();
        vec![Choice::new(own.clone(), language(&own), &own)]
    } else {
        let all = choices.iter();
        all.map(|(word, label)| Choice::new(*word, *label, &draft.language))
            .collect()
    };
    let view = CodeForm {
        frame: me.frame_with(nav(kind), wrong.flash),
        noun: noun(kind),
        of: draft.of,
        name: form.name().to_owned(),
        description: form.lines("description"),
        languages,
        code: form.lines("code"),
        events: form.lines("events"),
        can_run: app.transformer.is_some(),
        tests: draft.tests,
        made_from: draft.made_from,
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

/// What is wrong, where a form can say it.
fn wrong(trouble: Trouble, title: &str) -> std::result::Result<Wrong, Refusal> {
    match trouble {
        Trouble::Store(error) => Wrong::of(error, title, FIELDS),
        other => Ok(Wrong {
            status: StatusCode::SERVICE_UNAVAILABLE,
            errors: Errors::default(),
            flash: Some(Flash::Error {
                title: title.to_owned(),
                text: format!("{} Nothing was changed.", sentence(&other.to_string())),
            }),
        }),
    }
}

/// The tests that the typed events are; one that is no list of them is wrong.
fn tests(form: &Form) -> std::result::Result<Vec<Test>, Wrong> {
    let text = form.text("events");
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let events = match typed_json(text) {
        Ok(Value::Array(events)) => events,
        Ok(one @ Value::Object(_)) => vec![one],
        Ok(_) => {
            let errors = [("events", "This must be a list of events.")];
            return Err(Wrong::fields(errors.into_iter().collect()));
        }
        Err(wrong) => return Err(Wrong::fields([("events", wrong)].into_iter().collect())),
    };
    Ok(vec![Test::of("Test events", events)])
}

fn may_edit(me: &Me) -> std::result::Result<(), Refusal> {
    if me.signed_in.can.edit_transformations {
        Ok(())
    } else {
        Err(Refusal::not_for_you(Permission::EditTransformations))
    }
}

pub(super) fn new(app: &App, me: &Me, kind: CodeKind) -> Answer {
    may_edit(me)?;
    let first = match kind {
        CodeKind::Transformation => FIRST,
        CodeKind::Library => "",
    };
    let form = Form::of(&[("code", first)]);
    let draft = Draft {
        of: None,
        language: "javascript".to_owned(),
        tests: Vec::new(),
        made_from: None,
    };
    draw(app, me, kind, &form, draft, Wrong::none())
}

async fn one(
    app: &App,
    me: &Me,
    kind: CodeKind,
    id: &str,
) -> std::result::Result<Transformation, Refusal> {
    let id: TransformationId = things::id(id)?;
    let place = me.place();
    let one = app.read(move |rx| found(rx, place, kind, id)).await;
    history::or_gone(one, app, me, (kind.target(), id.as_str())).await
}

pub(super) async fn edit(app: &App, me: &Me, kind: CodeKind, id: &str) -> Answer {
    may_edit(me)?;
    let one = one(app, me, kind, id).await?;
    let form = Form::of(&[
        ("name", &one.name),
        ("description", &one.description),
        ("code", &one.code),
    ]);
    let draft = Draft {
        of: Some((address(kind, one.id), one.name.clone())),
        language: one.language,
        tests: Vec::new(),
        made_from: Some(made_from(kind, one.id, one.version)),
    };
    draw(app, me, kind, &form, draft, Wrong::none())
}

fn candidate(form: &Form, kind: CodeKind, language: &str, tests: Vec<Test>) -> Candidate {
    Candidate {
        kind,
        id: None,
        external_id: None,
        name: form.name().to_owned(),
        version: None,
        language: language.to_owned(),
        code: form.lines("code"),
        tests,
    }
}

/// Runs what was typed, and shows what came of it. Nothing is saved.
async fn run(app: &App, me: &Me, kind: CodeKind, form: &Form, mut draft: Draft) -> Answer {
    may_edit(me)?;
    let tests = match tests(form) {
        Ok(tests) => tests,
        Err(wrong) => return draw(app, me, kind, form, draft, wrong),
    };
    let candidate = candidate(form, kind, &draft.language, tests);
    let tried = publishing::try_out(app, &me.signed_in.caller, me.place(), candidate).await;
    match tried {
        Ok(trial) => {
            let results = trial.validation.transformations.into_iter();
            draft.tests = results
                .flat_map(|one| one.test_result.results)
                .map(|result| TestSeen {
                    output: match (&*result.actual_output, &*result.errors) {
                        // What went wrong says it all.
                        ([], [_, ..]) => String::new(),
                        (all, _) => serde_json::to_string_pretty(all).unwrap_or_default(),
                    },
                    name: result.name,
                    pass: result.status == crate::transformer::result::Status::Pass,
                    errors: result
                        .errors
                        .into_iter()
                        .map(|error| error.message)
                        .collect(),
                })
                .collect();
            draw(app, me, kind, form, draft, Wrong::none())
        }
        Err(trouble) => {
            let wrong = wrong(trouble, "Not run.")?;
            draw(app, me, kind, form, draft, wrong)
        }
    }
}

pub(super) async fn create(app: &App, sent: Sent, kind: CodeKind) -> Answer {
    let Sent { me, form } = sent;
    let draft = Draft {
        of: None,
        language: form.text("language").to_owned(),
        tests: Vec::new(),
        made_from: None,
    };
    if form.text("do") == "run" {
        return run(app, &me, kind, &form, draft).await;
    }
    let made = async {
        let publish = if form.text("do") == "publish" {
            let new = candidate(
                &form,
                kind,
                &draft.language,
                tests(&form).map_err(Not::Taken)?,
            );
            let of_new = publishing::of_new(app, &me.signed_in.caller, me.place(), new);
            Some(of_new.await?)
        } else {
            None
        };
        let action = CreateTransformation {
            place: me.place(),
            kind,
            name: form.name().to_owned(),
            description: form.lines("description"),
            language: draft.language.clone(),
            code: form.lines("code"),
            publish,
            external_id: None,
            destinations: Vec::new(),
        };
        Ok::<_, Not>(me.perform(action).await.map_err(Trouble::from)?)
    }
    .await;
    match made {
        Ok(made) => {
            let path = address(kind, made.output.id);
            Ok(me.done(&path, Done::Created, &made.entries))
        }
        Err(not) => draw(app, &me, kind, &form, draft, not.wrong("Not created.")?),
    }
}

/// Why a form was not taken.
enum Not {
    Taken(Wrong),
    Done(Trouble),
}

impl From<Trouble> for Not {
    fn from(trouble: Trouble) -> Self {
        Self::Done(trouble)
    }
}

impl Not {
    /// Whether it is because another change was faster.
    fn is_news(&self) -> bool {
        matches!(
            self,
            Self::Done(Trouble::Store(Error::Failed { code, .. })) if *code == CHANGED_MEANWHILE
        )
    }

    fn wrong(self, title: &str) -> std::result::Result<Wrong, Refusal> {
        match self {
            Self::Taken(wrong) => Ok(wrong),
            Self::Done(trouble) => wrong(trouble, title),
        }
    }
}

pub(super) async fn save(app: &App, sent: Sent, kind: CodeKind, id: &str) -> Answer {
    let Sent { me, form } = sent;
    let before = one(app, &me, kind, id).await?;
    let seen = match form.get("made_from") {
        Some(seen) => things::id(seen)?,
        None => before.version,
    };
    let mut draft = Draft {
        of: Some((address(kind, before.id), before.name.clone())),
        language: before.language.clone(),
        tests: Vec::new(),
        made_from: Some(made_from(kind, before.id, seen)),
    };
    if form.text("do") == "run" {
        return run(app, &me, kind, &form, draft).await;
    }
    let name = form.name_over(&before.name).to_owned();
    let code = form.lines_over("code", &before.code);
    let description = form.lines_over("description", &before.description);
    let made = async {
        let publish = if form.text("do") == "publish" {
            let tests = tests(&form).map_err(Not::Taken)?;
            let new = (Some(name.clone()), Some(code.clone()));
            let (caller, which) = (&me.signed_in.caller, (kind, before.id));
            Some(publishing::of_change(app, caller, me.place(), which, new, tests).await?)
        } else {
            None
        };
        let action = UpdateTransformation {
            place: me.place(),
            kind,
            id: before.id,
            name: Some(name.clone()),
            description: Some(description.clone()),
            language: None,
            code: Some(code.clone()),
            publish,
            seen: Some(seen),
        };
        Ok::<_, Not>(me.perform(action).await.map_err(Trouble::from)?)
    }
    .await;
    match made {
        Ok(made) => Ok(me.done(&address(kind, before.id), Done::Saved, &made.entries)),
        Err(not) if not.is_news() => {
            // Who has been told of it may save over it: the form is made from what there is now.
            let now = one(app, &me, kind, id).await?;
            draft.made_from = Some(MadeFrom {
                is_news: true,
                by: history::changed_by(app, &me, (kind.target(), now.id.as_str())).await?,
                ..made_from(kind, now.id, now.version)
            });
            draft.of = Some((address(kind, now.id), now.name));
            let wrong = Wrong {
                status: StatusCode::CONFLICT,
                ..Wrong::none()
            };
            draw(app, &me, kind, &form, draft, wrong)
        }
        Err(not) => draw(app, &me, kind, &form, draft, not.wrong("Not saved.")?),
    }
}

pub(super) async fn publish(app: &App, sent: Sent, kind: CodeKind, id: &str) -> Answer {
    let Sent { me, form } = sent;
    let one = one(app, &me, kind, id).await?;
    let version: VersionId = things::id(form.text("version"))?;
    let batch = match kind {
        CodeKind::Transformation => Batch {
            transformations: vec![(version, Vec::new())],
            ..Batch::default()
        },
        CodeKind::Library => Batch {
            libraries: vec![version],
            ..Batch::default()
        },
    };
    let path = address(kind, one.id);
    match publishing::publish(app, &me.signed_in.caller, me.place(), batch).await {
        Ok(outcome) => match (outcome.published, outcome.refusal) {
            (Some(published), _) => Ok(me.done(&path, Done::Published, &published.entries)),
            (None, why) => Err(Refusal::new(
                StatusCode::CONFLICT,
                "This version was not published",
                &sentence(&why.unwrap_or_default()),
                "Nothing was changed, and the attempt was recorded. Edit the code, run its tests, and publish it then.",
            )
            .link("Edit the code", &format!("{path}/code"))),
        },
        Err(Trouble::Store(error)) => Err(error.into()),
        Err(trouble) => Err(Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "This version was not published",
            &sentence(&trouble.to_string()),
            "Nothing was changed. Try again in a moment.",
        )),
    }
}

pub(super) async fn version(app: &App, me: &Me, kind: CodeKind, id: &str, version: &str) -> Answer {
    let one = one(app, me, kind, id).await?;
    let id: VersionId = things::id(version)?;
    let (workspace, of) = (me.place().workspace, one.id);
    let (this, before) = app
        .read(move |rx| {
            let this = rx.version(workspace, kind, id)?;
            let this = this.filter(|this| this.transformation == of);
            let this = this.ok_or(Error::NotFound("version"))?;
            let before = rx.versions(of, Some(this.number), 1)?.pop();
            Ok((this, before))
        })
        .await?;
    me.show(&CodeVersion {
        frame: me.frame(nav(kind)),
        noun: noun(kind),
        address: address(kind, one.id),
        name: one.name,
        id: this.id.to_string(),
        number: this.number,
        published: one.published == Some(this.id),
        when: me.clock().at(this.created_at),
        language: language(&this.language),
        lines: before.map(|before| lines::difference(&before.code, &this.code)),
        code: this.code,
        can_edit: me.signed_in.can.edit_transformations,
    })
}

/// The question before it is deleted or, where it is in use, the page that says where.
async fn delete_page(app: &App, me: &Me, one: &Transformation, wrong: Wrong) -> Answer {
    let (place, thing) = (me.place(), one.clone());
    let users = app.read(move |rx| users(rx, place, &thing)).await?;
    let (noun, back) = (noun(one.kind), address(one.kind, one.id));
    let frame = me.frame_with(nav(one.kind), wrong.flash);
    let list = (noun.list.to_owned(), noun.root.to_owned());
    if !users.is_empty() {
        let because = match one.kind {
            CodeKind::Transformation => "It is in use. Take it from these destinations first.",
            CodeKind::Library => "It is in use. These transformations import it.",
        };
        let view = Kept {
            frame,
            name: one.name.clone(),
            back,
            list,
            because: because.to_owned(),
            obstacles: users
                .into_iter()
                .map(|user| Obstacle {
                    href: Some(match one.kind {
                        CodeKind::Transformation => {
                            format!("/destinations/{}/transformation", user.id)
                        }
                        CodeKind::Library => format!("/transformations/{}", user.id),
                    }),
                    text: match user.way {
                        Way::Now => user.name,
                        Way::Published => format!(
                            "{}, as it is published: publish its newest version first",
                            user.name
                        ),
                    },
                })
                .collect(),
        };
        return me.show_as(wrong.status, &view);
    }
    let view = Delete {
        frame,
        question: Question {
            kept: None,
            noun: noun.word.to_owned(),
            name: one.name.clone(),
            action: format!("{back}/delete"),
            back,
            list,
            consequences: vec!["Its versions stay, for whoever runs them.".to_owned()],
            recorded_as: vec!["Deleted".to_owned()],
        },
        errors: wrong.errors,
    };
    me.show_as(wrong.status, &view)
}

pub(super) async fn ask_delete(app: &App, me: &Me, kind: CodeKind, id: &str) -> Answer {
    may_edit(me)?;
    let one = one(app, me, kind, id).await?;
    delete_page(app, me, &one, Wrong::none()).await
}

pub(super) async fn delete(app: &App, sent: Sent, kind: CodeKind, id: &str) -> Answer {
    let Sent { me, form } = sent;
    let one = one(app, &me, kind, id).await?;
    let errors = things::confirmed(form.text("confirm"), &one.name);
    // Who may not delete it hears so, and it is recorded, whatever was typed.
    if me.signed_in.can.edit_transformations && !errors.is_empty() {
        return delete_page(app, &me, &one, Wrong::fields(errors)).await;
    }
    let action = DeleteTransformation {
        place: me.place(),
        kind,
        id: one.id,
    };
    match me.perform(action).await {
        Ok(made) => Ok(me.done(noun(kind).root, Done::Deleted, &made.entries)),
        Err(error) => {
            let wrong = Wrong::of(error, "Not deleted.", &[])?;
            delete_page(app, &me, &one, wrong).await
        }
    }
}

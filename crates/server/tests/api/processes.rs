//! Two processes over one database that do the same at the same moment: one does it, the other hears why not, and there is one
//! history.

use std::sync::Barrier;

use model::actor::{Actor, System};
use model::definition::{Kind, Origin};
use model::id::TransformationId;
use model::things::{CodeKind, Transformation};
use serde_json::{Value, json};
use server::actions::definition::Given;
use server::actions::definition::take_in::Over;
use server::actions::transformation::update::UpdateTransformation;
use server::definitions::{Asks, Change, change};
use server::export::layout::{Folder, Layout};
use server::export::{Fixed, full};
use server::problem::Problem;
use store::Error;

use crate::support::{Answer, Api, id, local_origin, on_both};

/// How often they meet.
const ROUNDS: usize = 8;

/// Does something in both at once. What comes of it, the one that was done first.
fn at_once<T: Send>(
    processes: [&Api; 2],
    one: impl Fn(&Api, usize) -> T + Sync,
    is_done: impl Fn(&T) -> bool,
) -> [(usize, T); 2] {
    let both = Barrier::new(2);
    let mut ends = std::thread::scope(|scope| {
        let asked = [0, 1].map(|number| {
            let (both, one) = (&both, &one);
            scope.spawn(move || {
                both.wait();
                (number, one(processes[number], number))
            })
        });
        asked.map(|one| one.join().expect("no panic"))
    });
    ends.sort_by_key(|(_, end)| !is_done(end));
    ends
}

/// What one event says happened.
fn changed(event: &Value, path: &str) -> Value {
    let changes = event["changes"].as_array().expect("changes");
    let change = changes.iter().find(|change| change["path"] == path);
    let change = change.unwrap_or_else(|| panic!("{path} changed in {event}"));
    json!([change.get("before"), change.get("after")])
}

/// The successes of one kind, and that both processes read one and the same history, which its checkpoint covers.
fn history(processes: [&Api; 2], target: &str, action: &str) -> Vec<Value> {
    let [one, other] = processes;
    let told = one.events();
    assert!(told == other.events(), "they read another history");
    one.sign();
    let fixed = Fixed::of(&other.store, Some(one.made.organization)).expect("signed");
    let folder = tempfile::tempdir().expect("a folder");
    let layout = Layout::new(Folder::create(folder.path()).expect("a folder"));
    assert!(
        full(&other.store, &fixed, layout, true, |_| {})
            .expect("exported")
            .1
            .is_signed
    );
    let is_it = |event: &&Value| {
        (&event["targetType"], &event["action"], &event["outcome"])
            == (&json!(target), &json!(action), &json!("success"))
    };
    told.iter().filter(is_it).cloned().collect()
}

fn statuses(ends: &[(usize, Answer); 2]) -> [u16; 2] {
    [ends[0].1.status, ends[1].1.status]
}

/// A definition of a type that keeps this setting secret.
fn define(api: &Api, name: &str, secret: &str, over: Over) -> Result<(), Error> {
    let asks = Asks {
        actor: Actor::System(System::CommandLine),
        origin: local_origin(&api.store),
        organization: api.made.organization,
    };
    let body = json!({ "name": name, "config": { "secretKeys": [secret] } });
    let by_hand = Change::TakeIn {
        origin: Origin::Manual,
        given: vec![Given::new(Kind::Destination, body).expect("a definition")],
        together: false,
        over,
    };
    change(&api.store, None, &asks, &by_hand).map(|_| ())
}

#[test]
fn of_two_processes_that_define_one_type_by_hand_one_does() {
    on_both(|api| {
        let other = api.another_process();
        let processes = [&api, &other];
        for round in 0..ROUNDS {
            let name = format!("KETTLE_{round}");
            // A new type; then another version of it, by who saw the same one.
            for (again, code) in [(false, "name_taken"), (true, "changed_meanwhile")] {
                let seen = |api: &Api| {
                    let found = api.store.read(|rx| {
                        rx.taken_definition(api.made.organization, Kind::Destination, &name)
                    });
                    found.expect("read")
                };
                let over = if again {
                    Over::Seen(seen(&api).map(|one| one.updated_at))
                } else {
                    Over::Nothing
                };
                api.clock.advance(1);
                let secrets = [format!("one{again}"), format!("other{again}")];
                let ends = at_once(
                    processes,
                    |process, number| define(process, &name, &secrets[number], over),
                    Result::is_ok,
                );
                let [(winner, done), (_, refused)] = ends;
                assert!(done.is_ok(), "{done:?}");
                let refused = Problem::from(refused.expect_err("one is refused"));
                assert_eq!(refused.code, code);
                for process in processes {
                    let taken = seen(process).expect("it is there");
                    let text = format!("{taken:?}");
                    assert!(text.contains(&secrets[winner]), "{text}");
                    assert!(!text.contains(&secrets[1 - winner]), "{text}");
                }
            }
        }
        let told = history(processes, "definition", "imported");
        assert_eq!(told.len(), ROUNDS * 2);
        String::new()
    });
}

/// A library as it is now.
fn stored(api: &Api, library: TransformationId) -> Transformation {
    let workspace = api.made.workspace;
    let found = api
        .store
        .read(|rx| rx.transformation(workspace, CodeKind::Library, library));
    found.expect("read").expect("it is there")
}

/// Two libraries, each with a version that was called by one and the same name, and is not published.
fn namesakes(api: &Api, name: &str) -> [(TransformationId, Value); 2] {
    let code = "export function f() {}";
    [format!("Former {name}"), name.to_owned()].map(|now| {
        let library = api.code("libraries", name, code);
        let path = format!("/libraries/{}", id(&library));
        api.post(&path, json!({ "name": now })).ok();
        let version = json!({ "versionId": library["versionId"] });
        (id(&library).parse().expect("an id"), version)
    })
}

#[test]
fn of_two_processes_that_publish_libraries_by_one_name_one_does() {
    on_both(|api| {
        let other = api.another_process();
        let processes = [&api, &other];
        for round in 0..ROUNDS {
            let libraries = namesakes(&api, &format!("Utils {round}"));
            // Both get a new name, or what they were called once is published.
            let new_name = json!({ "name": format!("Tools {round}") });
            let publish = |process: &Api, number: usize| {
                let (library, version) = &libraries[number];
                if round % 2 == 0 {
                    let path = format!("/libraries/{library}?publish=true");
                    process.post(&path, new_name.clone())
                } else {
                    let versions = json!({ "transformations": [], "libraries": [version] });
                    process.post("/libraries/publish", versions)
                }
            };
            let ends = at_once(processes, publish, |answer| answer.status == 200);
            assert_eq!(statuses(&ends), [200, 409]);
            let [(winner, _), (loser, refused)] = ends;
            let problem = refused.problem();
            assert!(problem.starts_with("409 import_name_taken"), "{problem}");
            let is_published =
                |number: usize| stored(&api, libraries[number].0).published.is_some();
            assert_eq!([winner, loser].map(is_published), [true, false]);
        }
        let told = history(processes, "transformation_library", "published");
        assert_eq!(told.len(), ROUNDS);
        String::new()
    });
}

#[test]
fn of_two_processes_that_rename_one_library_as_they_saw_it_one_does() {
    on_both(|api| {
        let other = api.another_process();
        let processes = [&api, &other];
        let library = api.code("libraries", "Utils", "export function f() {}");
        let library: TransformationId = id(&library).parse().expect("an id");
        let mut names = vec![stored(&api, library).name];
        for round in 0..ROUNDS {
            let seen = stored(&api, library).version;
            let wanted = [format!("Here {round}"), format!("There {round}")];
            let rename = |process: &Api, number: usize| {
                let action = UpdateTransformation {
                    place: process.place(),
                    kind: CodeKind::Library,
                    id: library,
                    name: Some(wanted[number].clone()),
                    description: None,
                    language: None,
                    code: None,
                    publish: None,
                    seen: Some(seen),
                };
                let actor = Actor::System(System::CommandLine);
                let done = process
                    .store
                    .perform(actor, local_origin(&process.store), action);
                done.wait().map(|_| ())
            };
            let [(winner, done), (_, refused)] = at_once(processes, rename, Result::is_ok);
            assert!(done.is_ok(), "{done:?}");
            let refused = Problem::from(refused.expect_err("one is refused"));
            assert_eq!(refused.code, "changed_meanwhile");
            for process in processes {
                assert_eq!(stored(process, library).name, wanted[winner]);
            }
            names.push(wanted[winner].clone());
        }
        let told = history(processes, "transformation_library", "updated");
        let told: Vec<Value> = told.iter().map(|event| changed(event, "name")).collect();
        let steps: Vec<Value> = names.windows(2).map(|step| json!(step)).collect();
        assert_eq!(told, steps, "each goes on from the one before");
        String::new()
    });
}

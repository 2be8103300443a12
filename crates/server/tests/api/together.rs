//! Updates at once.

use std::sync::Barrier;

use model::actor::Actor;
use serde_json::json;
use server::actions::account::confirm_email::{Asked, ConfirmEmail, EMAIL};
use server::problem::Problem;
use store::{Error, NewChallenge, Upkeep};
use zeroize::Zeroizing;

use crate::support::{Answer, Api, local_origin, request};

#[test]
fn two_updates_at_once_happen_one_after_the_other_and_the_log_says_which_was_first() {
    for api in [Api::sqlite(), Api::postgres()] {
        let web = api.source("0");
        let path = format!("/v2/sources/{web}");
        let names: Vec<String> = (1..=20).map(|n| n.to_string()).collect();
        let statuses: Vec<u16> = std::thread::scope(|scope| {
            let (api, path) = (&api, &path);
            let asked: Vec<_> = names
                .iter()
                .map(|name| {
                    scope.spawn(move || {
                        api.put(path, json!({ "name": name, "config": { "by": name } }))
                            .status
                    })
                })
                .collect();
            asked
                .into_iter()
                .map(|one| one.join().expect("answered"))
                .collect()
        });
        assert!(statuses.iter().all(|status| *status == 200), "{statuses:?}");

        let events = api.events_with(&api.service, &format!("&target={web}"));
        let renamed: Vec<_> = events
            .iter()
            .filter(|event| event["action"] == "updated_name")
            .collect();
        let updated: Vec<_> = events
            .iter()
            .filter(|event| event["action"] == "updated")
            .collect();
        assert_eq!((renamed.len(), updated.len()), (20, 20));
        let mut name = json!("0");
        for (renamed, updated) in renamed.iter().zip(&updated) {
            assert_eq!(renamed["requestId"], updated["requestId"]);
            assert_eq!(renamed["changes"][0]["before"], name);
            name = renamed["changes"][0]["after"].clone();
            assert_eq!(updated["changes"][0]["after"], name);
        }
        assert_eq!(api.get(&path).ok()["source"]["name"], name);
        let sequences: Vec<u64> = api
            .events_with(&api.service, "")
            .iter()
            .filter_map(|event| event["sequence"].as_u64())
            .collect();
        assert!(sequences.windows(2).all(|pair| pair[0] < pair[1]));
    }
}

#[test]
fn of_two_who_take_one_external_id_at_once_one_gets_it() {
    for api in [Api::sqlite(), Api::postgres()] {
        let answers: Vec<Answer> = std::thread::scope(|scope| {
            let body = json!({ "name": "Web", "type": "Javascript", "externalId": "web" });
            let api = &api;
            let asked: Vec<_> = (0..8)
                .map(|_| {
                    let body = body.clone();
                    scope.spawn(move || {
                        api.send(request(
                            "POST",
                            "/v2/sources",
                            &api.admin,
                            body.to_string().into(),
                        ))
                    })
                })
                .collect();
            asked
                .into_iter()
                .map(|one| one.join().expect("answered"))
                .collect()
        });
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
        assert_eq!(api.get("/v2/sources").ok()["paging"]["total"], 1);
    }
}

#[test]
fn of_two_who_take_one_address_at_once_one_gets_it_and_the_other_hears_why() {
    for api in [Api::sqlite(), Api::postgres()] {
        // Of two organizations, whose logs are not locked together.
        for round in 0..8 {
            let people = [
                api.stranger(&format!("Ann {round}")).user,
                api.stranger(&format!("Ben {round}")).user,
            ];
            let links = people.map(|user| {
                let hash = api.store.entropy().bytes::<32>();
                let asked = Asked {
                    email: format!("both{round}@example.com"),
                    checked: "no password".to_owned(),
                };
                let challenge = NewChallenge {
                    hash,
                    kind: EMAIL,
                    user: Some(user),
                    payload: Zeroizing::new(asked.payload().expect("written")),
                    lasts: 3_600_000_000,
                };
                let kept = Upkeep::Challenge(Box::new((challenge, None)));
                api.store.upkeep(kept).wait().expect("kept");
                ConfirmEmail {
                    user,
                    hash: Some(hash),
                }
            });
            let both = Barrier::new(2);
            let done: Vec<Result<(), Error>> = std::thread::scope(|scope| {
                let (api, both) = (&api, &both);
                let asked = links.map(|action| {
                    scope.spawn(move || {
                        both.wait();
                        let origin = local_origin(&api.store);
                        let done = api.store.perform(Actor::Anonymous, origin, action);
                        done.wait().map(|_| ())
                    })
                });
                let done = asked.into_iter().map(|one| one.join().expect("answered"));
                done.collect()
            });
            assert_eq!(done.iter().filter(|one| one.is_ok()).count(), 1, "{done:?}");
            let refused = done.into_iter().find_map(Result::err).map(Problem::from);
            let refused = refused.expect("one is refused");
            assert_eq!((refused.status, &*refused.code), (409, "email_taken"));
        }
    }
}

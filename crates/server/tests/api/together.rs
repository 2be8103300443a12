//! Updates at once.

use std::sync::Barrier;

use model::actor::{Actor, System};
use model::id::OrganizationId;
use serde_json::{Value, json};
use server::actions::account::confirm_email::{Asked, ConfirmEmail, EMAIL};
use server::actions::member::remove::RemoveMember;
use server::actions::privacy::erase_person::ErasePerson;
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

/// The actions of an organization's log.
fn actions(api: &Api, organization: OrganizationId) -> Vec<String> {
    let read = api.store.read(|rx| {
        let log = rx.organization_log(organization)?;
        rx.disclosed(&log, 0, log.size)
    });
    let entries = read.expect("read").into_iter().map(|one| one.entry);
    let action = |entry: Vec<u8>| {
        let entry: Value = serde_json::from_slice(&entry).expect("JSON");
        entry["action"].as_str().expect("a word").to_owned()
    };
    entries.map(action).collect()
}

fn count(of: &[String], action: &str) -> usize {
    of.iter().filter(|one| *one == action).count()
}

/// Each of two processes over one database removes a person from another organization of the same person.
#[test]
fn who_is_removed_from_two_organizations_at_once_is_told_of_in_both() {
    let api = Api::postgres();
    let other = api.another_process();
    let here = api.made.organization;
    let admin = api.stranger("Other Admin").user;
    let there = api.store.read(|rx| rx.organizations_of(admin));
    let there = there.expect("read")[0];
    for round in 0..8 {
        let user = api.member(&format!("Ann {round}"), None).user;
        let hash = api.invites(there, &format!("ann.{round}@example.com"));
        let _ = api
            .accepts(api.signs_in(user), hash)
            .expect("a member of both");
        let both = Barrier::new(2);
        let removed = std::thread::scope(|scope| {
            let asked = [(&api, here), (&other, there)].map(|(process, organization)| {
                let both = &both;
                scope.spawn(move || {
                    both.wait();
                    let actor = Actor::System(System::CommandLine);
                    let origin = local_origin(&process.store);
                    let action = RemoveMember { organization, user };
                    let done = process.store.perform(actor, origin, action);
                    done.wait().map(|_| ())
                })
            });
            asked.map(|one| one.join().expect("answered"))
        });
        assert!(removed.iter().all(Result::is_ok), "{removed:?}");
        for organization in [here, there] {
            let said = actions(&api, organization);
            assert_eq!(count(&said, "removed_from_organization"), round + 1);
            // Whoever was first has ended the one session that there was, and told both.
            assert_eq!(count(&said, "session_revoked"), round + 1, "{said:?}");
        }
    }
}

/// Whichever of the two processes comes first, an organization has no member of whom it must know nothing.
#[test]
fn who_accepts_an_invitation_while_another_process_erases_the_person_is_no_member() {
    let api = Api::postgres();
    let other = api.another_process();
    let organization = api.made.organization;
    for round in 0..16 {
        let user = api.stranger(&format!("Tom {round}")).user;
        let hash = api.invites(organization, &format!("tom.{round}@example.com"));
        let person = api.signs_in(user);
        let both = Barrier::new(2);
        let (accepted, erased) = std::thread::scope(|scope| {
            let accepting = scope.spawn(|| {
                both.wait();
                api.accepts(person, hash)
            });
            let erasing = scope.spawn(|| {
                both.wait();
                let action = ErasePerson {
                    organization: Some(organization),
                    user,
                    basis: "request",
                };
                let actor = Actor::System(System::CommandLine);
                let done = other
                    .store
                    .perform(actor, local_origin(&other.store), action);
                done.wait()
            });
            let done = (accepting.join(), erasing.join());
            (done.0.expect("answered"), done.1.expect("answered"))
        });
        let _ = erased.expect("erased");
        let refused = matches!(
            accepted,
            Ok(_) | Err(Error::NotFound(_) | Error::Failed { .. })
        );
        assert!(refused, "{accepted:?}");
        let found = api.store.read(|rx| {
            let member = rx.member(organization, user)?;
            Ok((member, rx.is_erased(Some(organization), user)?))
        });
        assert_eq!(found.expect("read"), (None, true), "{accepted:?}");
    }
}

//! Who has left an organization, or was invited and never came, is erased like any other person.

use model::id::OrganizationId;
use model::role::WorkspaceRole;
use serde_json::{Value, json};
use server::actions::privacy::person;
use server::privacy;
use store::{Error, Upkeep};

use crate::privacy::{NAME, busy, erase, guard, person as whole};
use crate::support::{Api, both};

/// All that the log tells.
fn told(api: &Api) -> String {
    while api.store.upkeep(Upkeep::Index).wait().expect("indexed") > 0 {}
    json!(api.events()).to_string()
}

#[test]
fn erased_everywhere_is_also_where_the_person_is_no_member_any_more() {
    for api in both() {
        let (user, _) = busy(&api);
        assert_eq!(api.delete(&format!("/v2/members/{user}")).status, 204);
        assert!(told(&api).contains(NAME));
        let done = erase(&api, &whole(&api, user, true)).expect("erased");
        assert_eq!(done.entries.len(), 1, "in the organization's log: {done:?}");
        assert!(!told(&api).contains(NAME), "{}", told(&api));
        let events = api.events();
        assert_eq!(events.last().expect("an event")["action"], "erased");
        // Nothing is left to do, here or after a start.
        let again = erase(&api, &whole(&api, user, true)).expect("nothing to do");
        assert!(again.entries.is_empty());
        assert_eq!(privacy::again(&api.store, &guard(&api)).expect("read"), 0);
        assert_eq!(api.events().len(), events.len());
    }
}

#[test]
fn a_name_stands_in_no_part_that_another_key_seals() {
    for api in both() {
        let one = api.member(NAME, Some(WorkspaceRole::Editor));
        let source = api.source("Web app");
        let locked = json!({ "people": [one.user] });
        api.put(&format!("/v2/sources/{source}/access"), locked)
            .ok();
        assert_eq!(api.delete(&format!("/v2/members/{}", one.user)).status, 204);
        let events = api.events();
        let of_access: Vec<&Value> = events
            .iter()
            .filter(|one| one["targetType"] == "permission")
            .collect();
        assert_eq!(of_access.len(), 2, "{of_access:?}");
        assert!(
            !json!(of_access).to_string().contains(NAME),
            "{of_access:?}"
        );
        let related = &of_access[1]["related"];
        assert_eq!(related[1], json!({ "id": one.user, "type": "user" }));
        let _ = erase(&api, &whole(&api, one.user, false)).expect("erased");
        assert!(!told(&api).contains(NAME));
    }
}

#[test]
fn what_is_typed_to_find_a_person_is_not_recorded() {
    for api in both() {
        let (user, _) = busy(&api);
        let email = api.email(user);
        let page = api.get(&format!("/v2/audit-logs?actor={email}")).ok();
        assert_eq!(
            page["data"][0]["actorId"],
            user.as_str(),
            "found by the address"
        );
        for filter in ["action=quintessa", "target_type=quintessa"] {
            let refused = api.get(&format!("/v2/audit-logs?{filter}"));
            assert!(refused.problem().starts_with("400 unknown_word"));
        }
        for filter in [
            "actor=nobody%40example.com",
            "target=Quintessa%20Vyrwhistle",
        ] {
            assert_eq!(
                api.get(&format!("/v2/audit-logs?{filter}")).ok()["data"],
                json!([])
            );
        }
        let rows = json!({ "format": "csv", "filters": { "actor": email, "target": NAME } });
        api.sign();
        assert_eq!(api.post("/v2/audit-logs/exports", rows).status, 200);
        let read = api.get("/v2/audit-logs?target_type=audit_log").ok()["data"].take();
        let read = read.as_array().expect("a list").iter();
        let details: Vec<String> = read.map(|one| one["detail"].to_string()).collect();
        assert!(details.len() >= 4, "{details:?}");
        let all = details.join("\n");
        assert!(
            all.contains(user.as_str()) && all.contains("(something else)"),
            "{all}"
        );
        for word in [&email, "nobody@", "Quintessa", "quintessa"] {
            assert!(!all.contains(word), "{word}: {all}");
        }
    }
}

#[test]
fn who_was_invited_is_erased_by_the_address() {
    for api in both() {
        let address = "erin.wobblethorpe@example.com";
        api.post("/v2/invitations", json!({ "emails": [address] }))
            .ok();
        assert!(told(&api).contains(address));
        let found = api.store.read(|rx| person(rx, address)).expect("read");
        assert!(found.is_some(), "by the command line, too");
        let answer = api.post("/v2/privacy/erasures", json!({ "email": address }));
        assert_eq!(answer.status, 202, "{}", answer.json);
        assert_eq!(answer.json["userId"], found.expect("found").as_str());
        assert!(!told(&api).contains(address));
        assert_eq!(api.get("/v2/invitations").ok()["invitations"], json!([]));
        let again = api.post("/v2/privacy/erasures", json!({ "email": address }));
        assert_eq!(again.problem(), "404 not_found: user not found");
    }
}

/// Another organization.
fn another(api: &Api) -> OrganizationId {
    let admin = api.stranger("Other Admin").user;
    let its = api.store.read(|rx| rx.organizations_of(admin));
    its.expect("read")[0]
}

/// The account is another organization's too, and gets an address that nobody here has erased.
#[test]
fn who_was_erased_from_an_organization_comes_back_by_no_invitation() {
    for api in both() {
        let tom = api.stranger("Tom Erased");
        let hash = api.invites(api.made.organization, "tom.erased@example.com");
        let _ = api.accepts(api.signs_in(tom.user), hash).expect("a member");
        let _ = erase(&api, &whole(&api, tom.user, false)).expect("erased");
        assert!(
            api.store
                .read(|rx| rx.user(tom.user))
                .expect("read")
                .is_some()
        );
        let hash = api.invites(api.made.organization, "tom.new@example.com");
        api.moves(tom.user, "tom.new@example.com");
        let refused = api.accepts(api.signs_in(tom.user), hash);
        assert!(
            matches!(
                refused,
                Err(Error::Failed {
                    code: "subject_erased",
                    ..
                })
            ),
            "{refused:?}"
        );
        let member = api
            .store
            .read(|rx| rx.member(api.made.organization, tom.user));
        assert!(member.expect("read").is_none());
    }
}

#[test]
fn an_account_that_accepted_what_was_sent_to_its_address_is_erased_under_both_ids() {
    for api in both() {
        let other = another(&api);
        let pim = api.member("Pim Quorvath", None);
        let hash = api.invites(other, "pim.quorvath.private@example.com");
        api.moves(pim.user, "pim.quorvath.private@example.com");
        let _ = api.accepts(api.signs_in(pim.user), hash).expect("a member");
        // In the log of the other organization, with what can be opened.
        let tells = || {
            let all = api.store.read(|rx| {
                let log = rx.organization_log(other)?;
                rx.disclosed(&log, 0, log.size)
            });
            let all = all.expect("read").into_iter();
            let opened = all.flat_map(|one| one.disclosures);
            opened
                .filter(|one| one.as_str().to_lowercase().contains("quorvath"))
                .count()
        };
        assert!(tells() > 3);
        let _ = erase(&api, &whole(&api, pim.user, true)).expect("erased");
        assert_eq!(tells(), 0);
        let invitations = api.store.read(|rx| rx.invitations(other)).expect("read");
        assert!(invitations.is_empty(), "{invitations:?}");
    }
}

#[test]
fn an_invitation_of_another_organization_stays_when_one_erases_the_person() {
    for api in both() {
        let other = another(&api);
        // Who has no account yet, and who is a member here.
        let member = api.member("Vic Tim", None);
        for (email, user) in [
            ("victim@example.com", None),
            ("vic.tim@example.com", Some(member.user)),
        ] {
            let hash = api.invites(other, email);
            let user = user.unwrap_or_else(|| {
                let _ = api.invites(api.made.organization, email);
                api.store
                    .read(|rx| person(rx, email))
                    .expect("read")
                    .expect("known")
            });
            let _ = erase(&api, &whole(&api, user, false)).expect("erased");
            let invitation = api
                .store
                .read(|rx| rx.invitation_by_hash(&hash))
                .expect("read");
            let invitation = invitation.expect("still there");
            assert_eq!((invitation.user, &*invitation.email), (user, email));
        }
    }
}

#[test]
fn where_the_account_goes_the_instances_log_says_so() {
    for api in both() {
        let one = api.member(NAME, Some(WorkspaceRole::Editor));
        assert_eq!(api.delete(&format!("/v2/members/{}", one.user)).status, 204);
        // Of no organization any more: this is in the instance's log.
        api.moves(one.user, "elsewhere@example.com");
        let done = erase(&api, &whole(&api, one.user, false)).expect("erased");
        assert_eq!(done.entries.len(), 2, "{:?}", done.entries);
        let instance = api.store.read(|rx| {
            let log = rx.instance_log()?;
            rx.disclosed(&log, log.size - 1, 1)
        });
        let last = String::from_utf8(instance.expect("read").remove(0).entry).expect("text");
        assert!(
            last.contains(r#""action":"erased""#) && last.contains(one.user.as_str()),
            "{last}"
        );
        assert_eq!(privacy::again(&api.store, &guard(&api)).expect("read"), 0);
    }
}

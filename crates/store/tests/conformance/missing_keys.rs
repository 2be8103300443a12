//! Keys that somebody destroyed past Annals: only the log says who is erased, and nothing is done in the dark meanwhile.

use model::clock::Micros;
use model::id::{OrganizationId, UserId};
use model::role::OrganizationRole;
use store::{Done, Error, Letter, Store, Upkeep};

use crate::support::{
    Log, Place, Script, Team, create, erase_person, member, new_member, on_both, origin, team,
};

/// An administrator of the database destroys a key, with the row of an erasure that nobody has made.
fn destroy(place: &Place, organization: OrganizationId, subject: &str) {
    let mut raw = place.raw();
    let log = Log::of(&mut raw, organization).id;
    raw.must(&format!(
        "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) VALUES ('{subject}', '{log}', '{subject}', 1, 1, 0, 0)"
    ));
    raw.must(&format!(
        "UPDATE data_keys SET wrapped = NULL, erased_at = 1 WHERE organization = '{organization}' AND subject = '{subject}'"
    ));
}

/// What the team's token asks for and a rule refuses.
fn fail(store: &Store, team: Team) -> Error {
    let action = Script::new(&team, |_| Err(Error::failed("in_use", "it is in use")));
    let done = store.perform(team.actor(), origin(store), action).wait();
    done.map(|_| ()).expect_err("refused")
}

fn try_create(store: &Store, team: Team) -> store::Result<()> {
    let action = Script::new(&team, move |tx| {
        let source = crate::support::source(tx, team.workspace, "Mobile app");
        let row = tx.insert_source(&source)?;
        let made = store::Fact::new(model::catalogue::SOURCE_CREATED, &row);
        Ok(Done::new((), vec![made]))
    });
    let done = store.perform(team.actor(), origin(store), action).wait();
    done.map(|_| ())
}

#[test]
fn who_acts_with_a_key_that_was_destroyed_past_annals_is_refused_and_nothing_changes() {
    on_both(|place| {
        let store = place.open();
        let (one, other) = (team(&store, "Fernhill"), team(&store, "Bracken"));
        let _ = create(&store, one, "Web app");
        destroy(&place, one.organization, one.admin.as_str());
        let tables = ["entries", "sources", "refusals", "data_keys"];
        let before = tables.map(|table| place.raw().table(table));
        for _ in 0..2 {
            let refused = try_create(&store, one);
            assert!(matches!(refused, Err(Error::KeyMissing)), "{refused:?}");
            let refused = fail(&store, one);
            assert!(matches!(refused, Error::KeyMissing), "{refused:?}");
        }
        assert_eq!(tables.map(|table| place.raw().table(table)), before);
        // Others are not held up.
        let _ = create(&store, other, "Web app");
    });
}

/// The key of the account, which the name of who acts is read with.
#[test]
fn who_has_no_name_any_more_is_recorded_only_where_the_log_says_why() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let mut raw = place.raw();
        let log = Log::of(&mut raw, team.organization);
        let admin = team.admin;
        raw.must(&format!(
            "INSERT INTO erasures (id, log_id, subject, at, total, reached, done) VALUES ('one', '{}', '{admin}', 1, 1, 0, 0)",
            log.id
        ));
        raw.must(&format!(
            "UPDATE data_keys SET wrapped = NULL, erased_at = 1 WHERE organization = 'instance' AND subject = '{admin}'"
        ));
        let refused = try_create(&store, team);
        assert!(matches!(refused, Err(Error::KeyMissing)), "{refused:?}");
        assert_eq!(Log::of(&mut raw, team.organization).size, log.size);
    });
}

#[test]
fn nobody_acts_in_a_workspace_or_an_organization_whose_key_was_destroyed() {
    on_both(|place| {
        let store = place.open();
        for of_workspace in [true, false] {
            let team = team(&store, "Fernhill");
            let made = create(&store, team, "Web app");
            let subject = if of_workspace {
                team.workspace.to_string()
            } else {
                team.organization.to_string()
            };
            destroy(&place, team.organization, &subject);
            let size = Log::of(&mut place.raw(), team.organization).size;
            let refused = if of_workspace {
                try_create(&store, team)
            } else {
                // What a person does in a workspace needs no key of the organization.
                let action = Script::about(
                    store::Scope::Organization(team.organization),
                    team.admin,
                    |_| Err(Error::failed("in_use", "it is in use")),
                );
                let system = model::actor::Actor::System(model::actor::System::CommandLine);
                let action = Script {
                    needs: vec![store::Need::nothing(store::Target::to_be(
                        model::catalogue::TargetType::Source,
                        "scripted".to_owned(),
                    ))],
                    ..action
                };
                let done = store.perform(system, origin(&store), action).wait();
                done.map(|_| ())
            };
            assert!(matches!(refused, Err(Error::KeyMissing)), "{refused:?}");
            assert_eq!(Log::of(&mut place.raw(), team.organization).size, size);
            // What is not sealed is still listed, and settings that cannot be read are not left out.
            let rows = store.read(|rx| rx.source_rows(team.workspace, None, 10, None));
            assert_eq!(rows.expect("listed").items.len(), 1);
            if of_workspace {
                let source = store.read(|rx| rx.source(team.workspace, made.id));
                assert!(matches!(source, Err(Error::KeyMissing)), "{source:?}");
                let all = store
                    .read(|rx| rx.configuration(team.workspace))
                    .map(|_| ());
                assert!(matches!(all, Err(Error::KeyMissing)), "{all:?}");
            }
        }
    });
}

fn letter() -> Letter {
    Letter {
        to: "ada@example.com".to_owned(),
        subject: "News".to_owned(),
        text: "There are some.".to_owned(),
        by: None,
    }
}

/// Otherwise a new key would take the place of the one that is gone, and nobody would hear that what was sealed cannot be opened.
#[test]
fn a_key_whose_row_is_gone_is_missing_and_not_made_anew() {
    on_both(|place| {
        let store = place.open();
        for which in 0..3 {
            let team = team(&store, "Fernhill");
            let _ = create(&store, team, "Web app");
            while store.upkeep(Upkeep::Index).wait().expect("indexed") > 0 {}
            let organization = team.organization.to_string();
            let (of, subject) = [
                (&*organization, team.admin.as_str()),
                (&*organization, team.workspace.as_str()),
                ("instance", team.admin.as_str()),
            ][which];
            place.raw().delete_key(of, subject);
            let before = ["entries", "sources", "data_keys"].map(|one| place.raw().table(one));
            let refused = try_create(&store, team);
            assert!(matches!(refused, Err(Error::KeyMissing)), "{refused:?}");
            if of == "instance" {
                // What only bookkeeping seals.
                let told = Upkeep::Tell(Box::new((team.admin, letter())));
                let refused = store.upkeep(told).wait();
                assert!(matches!(refused, Err(Error::KeyMissing)), "{refused:?}");
            }
            let after = ["entries", "sources", "data_keys"].map(|one| place.raw().table(one));
            assert!(before == after, "something was written");
            // Whose key never was there gets one.
            let _ = new_member(&store, team);
        }
    });
}

/// What cannot be opened any more can still be erased: the key cannot come back then.
#[test]
fn a_person_whose_key_has_no_row_is_known_and_can_be_erased() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let user = UserId::new(store.clock(), store.entropy());
        let is_known = || {
            let known = store.read(|rx| rx.is_known(team.organization, user));
            known.expect("read")
        };
        assert!(!is_known());
        member(
            &store,
            team.organization,
            user,
            OrganizationRole::Member,
            &[],
        );
        while store.upkeep(Upkeep::Index).wait().expect("indexed") > 0 {}
        place
            .raw()
            .delete_key(team.organization.as_str(), user.as_str());
        assert!(is_known());
        erase_person(&store, team, user);
        let erased = store.read(|rx| rx.is_erased(Some(team.organization), user));
        assert!(erased.expect("read"));
    });
}

#[test]
fn settings_without_the_row_of_their_key_are_not_left_out() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let made = create(&store, team, "Web app");
        let workspace = team.workspace;
        place
            .raw()
            .delete_key(team.organization.as_str(), workspace.as_str());
        let source = store.read(|rx| rx.source(workspace, made.id));
        assert!(matches!(source, Err(Error::KeyMissing)), "{source:?}");
        let all = store.read(|rx| rx.configuration(workspace)).map(|_| ());
        assert!(matches!(all, Err(Error::KeyMissing)), "{all:?}");
    });
}

#[test]
fn a_series_of_refusals_that_cannot_be_sealed_stays_open_and_holds_up_no_other() {
    on_both(|place| {
        let store = place.open();
        let (one, other) = (team(&store, "Fernhill"), team(&store, "Bracken"));
        for team in [one, other] {
            for _ in 0..2 {
                let refused = fail(&store, team);
                assert!(matches!(refused, Error::Failed { .. }), "{refused:?}");
            }
        }
        destroy(&place, one.organization, one.admin.as_str());
        let size = Log::of(&mut place.raw(), one.organization).size;
        place.clock.advance(11 * 60 * Micros::SECOND);
        let closed = || store.upkeep(Upkeep::CloseRefusals).wait().expect("closed");
        assert_eq!((closed(), closed()), (1, 0));
        assert_eq!(Log::of(&mut place.raw(), one.organization).size, size);
        let open = "SELECT count(*) FROM refusals";
        assert_eq!(place.raw().number(open), 1);
    });
}

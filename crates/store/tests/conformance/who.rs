//! Who may act is decided under the log's lock, and what was refused is recorded if someone known tried it.

use model::actor::{Actor, System};
use model::catalogue::{self, TargetType};
use model::clock::Micros;
use model::id::{SessionId, SourceId, TokenId, UserId};
use model::role::{OrganizationRole, Permission, WorkspaceRole};
use store::{Done, Error, Fact, Need, Scope, Store, Target};

use crate::support::{
    CreateSource, Log, Script, Team, UpdateSource, create, member, on_both, origin, sign_in,
    source, team,
};

fn try_to_create(store: &Store, actor: Actor, team: Team) -> store::Result<()> {
    let action = CreateSource {
        team,
        name: "Web app".to_owned(),
    };
    store
        .perform(actor, origin(store), action)
        .wait()
        .map(|_| ())
}

/// A signed-in person of the team with a role in its workspace.
fn person(store: &Store, team: Team, role: WorkspaceRole) -> (UserId, Actor) {
    let user = UserId::new(store.clock(), store.entropy());
    let id = SessionId::new(store.clock(), store.entropy());
    member(
        store,
        team.organization,
        user,
        OrganizationRole::Member,
        &[(team.workspace, role)],
    );
    let _ = store
        .perform(Actor::Anonymous, origin(store), sign_in(user, id))
        .wait()
        .expect("signed in");
    (user, Actor::User { user, session: id })
}

#[test]
fn what_is_denied_is_recorded_and_answered() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let (_, viewer) = person(&store, team, WorkspaceRole::Viewer);
        let error = try_to_create(&store, viewer, team).expect_err("denied");
        assert!(matches!(
            error,
            Error::Denied {
                code: "permission_denied",
                ..
            }
        ));
        let log = Log::of(&mut place.raw(), team.organization);
        assert_eq!(log.told_from(6), ["source.created denied"]);
        let entry = log.parsed().pop().expect("an entry");
        assert_eq!(entry.code.as_deref(), Some("permission_denied"));
        assert_eq!(
            entry.target.id, None,
            "what would have been created has no id"
        );
        assert_eq!(entry.workspace, Some(team.workspace.to_string()));
    });
}

#[test]
fn what_a_rule_refuses_is_recorded_and_answered() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let error = store
            .perform(
                team.actor(),
                origin(&store),
                Script::new(&team, |_| Err(Error::failed("in_use", "it is in use"))),
            )
            .wait()
            .expect_err("failed");
        assert!(matches!(error, Error::Failed { code: "in_use", .. }));
        let log = Log::of(&mut place.raw(), team.organization);
        assert_eq!(log.told_from(4), ["source.created failed"]);
        assert_eq!(log.parsed()[4].code.as_deref(), Some("in_use"));
    });
}

#[test]
fn not_found_invalid_and_not_signed_in_are_no_events() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        for error in [
            || Error::NotFound("source"),
            || Error::invalid("bad", "bad"),
            || Error::Unauthenticated,
        ] {
            let action = Script::new(&team, move |_| Err(error()));
            let answer = store
                .perform(team.actor(), origin(&store), action)
                .wait()
                .expect_err("refused");
            assert_eq!(answer.to_string(), error().to_string());
        }
        let nobody = TokenId::new(store.clock(), store.entropy());
        for actor in [Actor::Token { token: nobody }, Actor::Anonymous] {
            let error = try_to_create(&store, actor, team).expect_err("refused");
            assert!(matches!(error, Error::Unauthenticated), "{error}");
        }
        assert_eq!(Log::of(&mut place.raw(), team.organization).size, 4);
        assert_eq!(place.raw().table("refusals").len(), 0);
    });
}

#[test]
fn an_action_after_the_one_that_took_its_permission_away_is_refused() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let (user, editor) = person(&store, team, WorkspaceRole::Editor);
        try_to_create(&store, editor, team).expect("an editor may");
        place.raw().must(&format!(
            "UPDATE workspace_members SET role = 'viewer' WHERE user_id = '{user}'"
        ));
        let error = try_to_create(&store, editor, team).expect_err("a viewer may not");
        assert!(matches!(error, Error::Denied { .. }), "{error}");
        place.raw().must(&format!("DELETE FROM workspace_members WHERE user_id = '{user}'; DELETE FROM members WHERE user_id = '{user}'"));
        let error = try_to_create(&store, editor, team).expect_err("a stranger even less");
        assert!(matches!(error, Error::NotFound(_)), "{error}");
        let log = Log::of(&mut place.raw(), team.organization);
        assert_eq!(
            log.told_from(6),
            ["source.created success", "source.created denied"]
        );
    });
}

#[test]
fn a_session_or_token_that_has_ended_is_refused_under_the_lock() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let (_, editor) = person(&store, team, WorkspaceRole::Editor);
        place.raw().must(&format!(
            "UPDATE tokens SET expires_at = {}",
            crate::support::START.0 + 3600 * Micros::SECOND
        ));
        for actor in [editor, team.actor()] {
            try_to_create(&store, actor, team).expect("valid");
        }
        place.clock.advance(3600 * Micros::SECOND);
        for actor in [editor, team.actor()] {
            let error = try_to_create(&store, actor, team).expect_err("ended");
            assert!(matches!(error, Error::Unauthenticated), "{error}");
        }
        // Signed out in the same group: what came first has ended what comes after.
        let user = UserId::new(store.clock(), store.entropy());
        member(
            &store,
            team.organization,
            user,
            OrganizationRole::Admin,
            &[],
        );
        let id = SessionId::new(store.clock(), store.entropy());
        let _ = store
            .perform(Actor::Anonymous, origin(&store), sign_in(user, id))
            .wait()
            .expect("signed in");
        let out = store.perform(
            Actor::User { user, session: id },
            origin(&store),
            Script::about(Scope::Organization(team.organization), user, move |tx| {
                let person = tx.user(user)?.ok_or(Error::NotFound("user"))?;
                let gone = tx.delete_session(id, &person)?;
                Ok(Done::new(
                    (),
                    vec![Fact::new(catalogue::USER_SIGNED_OUT, &gone)],
                ))
            }),
        );
        let after = store.perform(
            Actor::User { user, session: id },
            origin(&store),
            CreateSource {
                team,
                name: "late".to_owned(),
            },
        );
        let _ = out.wait().expect("signed out");
        assert!(matches!(after.wait(), Err(Error::Unauthenticated)));
    });
}

#[test]
fn a_session_that_is_another_persons_is_refused() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let (user, _) = person(&store, team, WorkspaceRole::Viewer);
        let (_, editor) = person(&store, team, WorkspaceRole::Editor);
        let Actor::User { session, .. } = editor else {
            unreachable!("a person")
        };
        let error =
            try_to_create(&store, Actor::User { user, session }, team).expect_err("refused");
        assert!(matches!(error, Error::Unauthenticated), "{error}");
    });
}

#[test]
fn a_thing_of_another_organization_is_not_found_and_leaves_no_event() {
    on_both(|place| {
        let store = place.open();
        let (own, other) = (team(&store, "Fernhill"), team(&store, "Ashford"));
        let theirs = create(&store, other, "Theirs");
        let error = try_to_create(&store, own.actor(), other).expect_err("not ours");
        assert!(matches!(error, Error::NotFound(_)), "{error}");
        // Their workspace under our organization; their source under our workspace.
        let mixed = Team {
            organization: own.organization,
            ..other
        };
        let error = try_to_create(&store, own.actor(), mixed).expect_err("not ours");
        assert!(matches!(error, Error::NotFound(_)), "{error}");
        for source in [theirs.id, SourceId::new(store.clock(), store.entropy())] {
            let update = UpdateSource {
                team: own,
                source,
                name: "Mine".to_owned(),
                enabled: false,
            };
            let error = store
                .perform(own.actor(), origin(&store), update)
                .wait()
                .expect_err("not ours");
            assert_eq!(error.to_string(), "source not found");
        }
        let sizes = [own, other].map(|team| Log::of(&mut place.raw(), team.organization).size);
        assert_eq!(sizes, [4, 5]);
        assert_eq!(place.raw().table("refusals").len(), 0);
    });
}

#[test]
fn a_read_only_token_changes_nothing_and_its_try_is_recorded() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        place.raw().must("UPDATE tokens SET access = 'read'");
        let error = try_to_create(&store, team.actor(), team).expect_err("denied");
        assert!(
            matches!(
                error,
                Error::Denied {
                    code: "read_only_token",
                    ..
                }
            ),
            "{error}"
        );
        assert_eq!(
            Log::of(&mut place.raw(), team.organization).told_from(4),
            ["source.created denied"]
        );
    });
}

#[test]
fn a_token_of_one_workspace_does_not_find_another() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let second = model::id::WorkspaceId::new(store.clock(), store.entropy());
        place.raw().must(&format!(
            "INSERT INTO workspaces (id, organization_id, name, environment, region, data_plane_url, allow_unknown_types, token, token_hash, created_at, updated_at) SELECT '{second}', organization_id, name, environment, region, data_plane_url, allow_unknown_types, token, created_at_hash, created_at, updated_at FROM (SELECT *, {} AS created_at_hash FROM workspaces) w",
            match place.kind { crate::support::Kind::Sqlite => "x'00'", crate::support::Kind::Postgres => "'\\x00'::bytea" }
        ));
        let error = try_to_create(
            &store,
            team.actor(),
            Team {
                workspace: second,
                ..team
            },
        )
        .expect_err("not its own");
        assert!(matches!(error, Error::NotFound("workspace")), "{error}");
    });
}

#[test]
fn an_action_that_does_not_say_what_it_needs_is_a_defect() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let mut action = Script::new(&team, move |tx| {
            let made = tx.insert_source(&source(tx, team.workspace, "free for all"))?;
            Ok(Done::new(
                (),
                vec![Fact::new(catalogue::SOURCE_CREATED, &made)],
            ))
        });
        action.needs.clear();
        let error = store
            .perform(Actor::Anonymous, origin(&store), action)
            .wait()
            .expect_err("a defect");
        assert!(matches!(error, Error::Internal(_)), "{error}");
        assert_eq!(place.raw().table("sources").len(), 0);
    });
}

#[test]
fn every_need_has_to_be_met() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let (_, editor) = person(&store, team, WorkspaceRole::Editor);
        let mut action = Script::new(&team, |_| Ok(Done::new((), Vec::new())));
        action.needs.push(Need::in_organization(
            Permission::EditMembers,
            Target::new(TargetType::Organization, team.organization, "Fernhill"),
        ));
        let error = store
            .perform(editor, origin(&store), action)
            .wait()
            .expect_err("not met");
        assert!(matches!(error, Error::Denied { .. }), "{error}");
        let _ = store
            .perform(
                Actor::System(System::Server),
                origin(&store),
                CreateSource {
                    team,
                    name: "by the system".to_owned(),
                },
            )
            .wait()
            .expect("the system may");
        let entries = Log::of(&mut place.raw(), team.organization).parsed();
        assert_eq!(
            entries[6].target.r#type, "organization",
            "the refusal is about what was lacking"
        );
    });
}

#[test]
fn what_another_process_has_changed_about_who_acts_holds_for_the_very_next_action() {
    on_both(|place| {
        let (one, two) = (place.open(), place.open());
        let team = team(&one, "Fernhill");
        // One process has seen this token, again and again.
        for name in ["a", "b", "c"] {
            let _ = create(&one, team, name);
        }
        let _ = create(&two, team, "of the other");
        let mut raw = place.raw();
        raw.must("UPDATE members SET role = 'member'");
        for store in [&one, &two] {
            let error = try_to_create(store, team.actor(), team).expect_err("no role any more");
            assert!(matches!(error, Error::NotFound("workspace")), "{error}");
        }
        raw.must("UPDATE members SET role = 'admin'");
        for store in [&one, &two] {
            try_to_create(store, team.actor(), team).expect("it may again");
        }
        raw.must("UPDATE organizations SET requires_mfa = 1");
        for store in [&one, &two] {
            let error = try_to_create(store, team.actor(), team).expect_err("no second factor");
            assert!(
                matches!(
                    error,
                    Error::Denied {
                        code: "second_factor_required",
                        ..
                    }
                ),
                "{error}"
            );
        }
        raw.must("UPDATE organizations SET requires_mfa = 0");
        raw.must("DELETE FROM tokens");
        for store in [&one, &two] {
            let error = try_to_create(store, team.actor(), team).expect_err("no token any more");
            assert!(matches!(error, Error::Unauthenticated), "{error}");
        }
    });
}

/// What a reader remembers of who acts holds through changes of other things, and ends with the first that concerns it, whoever
/// makes it: an action, or a hand at the database.
#[test]
fn what_a_reader_knows_of_who_acts_ends_when_that_changes() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let may = |store: &Store| {
            store.read(|rx| {
                let acting = rx.acting(team.actor())?;
                let (permission, workspace) = (Permission::EditSources, Some(team.workspace));
                acting.may(rx, permission, team.organization, workspace)
            })
        };
        assert_eq!(may(&store).ok(), Some(true));
        let _ = create(&store, team, "Web app");
        assert_eq!(may(&store).ok(), Some(true));
        place.raw().must("UPDATE tokens SET access = 'read'");
        assert_eq!(may(&store).ok(), Some(false));
        place.raw().must("UPDATE tokens SET access = 'read_write'");
        assert_eq!(may(&store).ok(), Some(true));
        place.raw().must("DELETE FROM workspace_members");
        place.raw().must("UPDATE members SET role = 'member'");
        assert!(!may(&store).unwrap_or(false));
        place.raw().must("DELETE FROM tokens");
        assert!(matches!(may(&store), Err(Error::Unauthenticated)));
        if place.kind == crate::support::Kind::Sqlite {
            // Each of its tables counts every change of it.
            let tables = "tokens sessions users members workspace_members organizations locks lock_members factors data_keys";
            for table in tables.split(' ') {
                let sql = format!(
                    "SELECT CAST(count(*) AS TEXT) FROM sqlite_master WHERE type = 'trigger' AND tbl_name = '{table}' AND name LIKE '%_counts'"
                );
                assert_eq!(place.raw().rows(&sql)[0][0].text(), "3", "{table}");
            }
        }
    });
}

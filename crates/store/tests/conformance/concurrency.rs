//! Many at once: every acknowledged change has its event, every event its change, and no log has a gap.

use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use model::actor::Actor;
use model::catalogue;
use model::clock::Micros;
use model::id::{OrganizationId, SessionId, UserId};
use model::role::OrganizationRole;
use model::things::User;
use store::{Done, Error, Fact, Result, Scope, Store, Tx, Upkeep};

use crate::support::{
    Kind, Log, Place, Script, Team, create, logs, member, on_both, origin, sign_in, team,
};

const THREADS: usize = 64;
const EACH: usize = 3;

/// Creates sources from many threads at once; each store is a process of its own, as far as the database can tell.
fn write_at_once(stores: &[&Store], teams: &[Team]) -> BTreeSet<String> {
    thread::scope(|scope| {
        let writers: Vec<_> = (0..THREADS)
            .map(|thread| {
                scope.spawn(move || {
                    let team = teams[thread % teams.len()];
                    let store = stores[thread / teams.len() % stores.len()];
                    (0..EACH)
                        .map(|n| create(store, team, &format!("{thread}-{n}")).id.to_string())
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        writers
            .into_iter()
            .flat_map(|one| one.join().expect("all were acknowledged"))
            .collect()
    })
}

/// What was acknowledged is what is stored, and what is stored is what was recorded.
#[track_caller]
fn compare(place: &Place, acknowledged: &BTreeSet<String>) {
    let mut raw = place.raw();
    let stored: BTreeSet<String> = raw
        .rows("SELECT id FROM sources")
        .iter()
        .map(|row| row[0].text().to_owned())
        .collect();
    let recorded: Vec<String> = logs(&mut raw)
        .iter()
        .flat_map(Log::parsed)
        .filter(|entry| entry.target.r#type == "source" && entry.action == "created")
        .filter_map(|entry| entry.target.id)
        .collect();
    assert_eq!(&stored, acknowledged);
    assert_eq!(recorded.len(), acknowledged.len());
    assert_eq!(&recorded.into_iter().collect::<BTreeSet<_>>(), acknowledged);
}

#[test]
fn many_writers_of_one_organization_leave_no_gap() {
    on_both(|place| {
        let store = place.open();
        let teams = [team(&store, "Fernhill")];
        compare(&place, &write_at_once(&[&store], &teams));
    });
}

#[test]
fn many_writers_of_many_organizations_leave_no_gap() {
    on_both(|place| {
        let store = place.open();
        let teams: Vec<Team> = (0..8).map(|n| team(&store, &format!("Team {n}"))).collect();
        compare(&place, &write_at_once(&[&store], &teams));
    });
}

#[test]
fn two_processes_write_to_the_same_logs_at_once() {
    on_both(|place| {
        let (one, two) = (place.open(), place.open());
        let teams = [team(&one, "Fernhill"), team(&two, "Ashford")];
        compare(&place, &write_at_once(&[&one, &two], &teams));
    });
}

#[test]
fn the_order_of_the_log_is_the_order_in_which_one_waits_for_the_other() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        for number in 0..20 {
            let name = format!("source {number}");
            let done = store
                .perform(
                    team.actor(),
                    origin(&store),
                    crate::support::CreateSource { team, name },
                )
                .wait()
                .expect("created");
            assert_eq!(done.entries[0].1, 4 + number..5 + number);
        }
    });
}

#[test]
fn what_a_person_does_to_the_own_account_is_in_the_logs_of_all_organizations() {
    on_both(|place| {
        let store = place.open();
        let teams: Vec<Team> = (0..3).map(|n| team(&store, &format!("Team {n}"))).collect();
        let user = UserId::new(store.clock(), store.entropy());
        for team in &teams[..2] {
            member(
                &store,
                team.organization,
                user,
                OrganizationRole::Member,
                &[],
            );
        }
        let session = SessionId::new(store.clock(), store.entropy());
        let done = store
            .perform(Actor::Anonymous, origin(&store), sign_in(user, session))
            .wait()
            .expect("signed in");
        assert_eq!(done.entries.len(), 2);
        let entries: Vec<_> = teams[..2]
            .iter()
            .map(|team| {
                Log::of(&mut place.raw(), team.organization)
                    .parsed()
                    .pop()
                    .expect("an entry")
            })
            .collect();
        assert!(entries.iter().all(|entry| entry.action == "signed_in"));
        assert_ne!(entries[0].id, entries[1].id, "an event of its own in each");
        assert_eq!(entries[0].request, entries[1].request, "of one request");
        assert_ne!(
            entries[0].parts["target"], entries[1].parts["target"],
            "with salts of its own"
        );
        assert_eq!(Log::of(&mut place.raw(), teams[2].organization).size, 4);
        assert_eq!(Log::of_instance(&mut place.raw()).size, 0);
    });
}

#[test]
fn what_a_person_without_an_organization_does_is_in_the_instances_log() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        place.raw().must("DELETE FROM members");
        let session = SessionId::new(store.clock(), store.entropy());
        let _ = store
            .perform(
                Actor::Anonymous,
                origin(&store),
                sign_in(team.admin, session),
            )
            .wait()
            .expect("signed in");
        assert_eq!(
            Log::of_instance(&mut place.raw()).told_from(0),
            ["user.signed_in success"]
        );
        assert_eq!(Log::of(&mut place.raw(), team.organization).size, 4);
    });
}

#[test]
fn accounts_and_groups_of_several_organizations_do_not_stand_in_each_others_way() {
    on_both(|place| {
        let stores = [place.open(), place.open()];
        let teams: Vec<Team> = (0..4)
            .map(|n| team(&stores[0], &format!("Team {n}")))
            .collect();
        let people: Vec<UserId> = (0..4)
            .map(|_| {
                let user = UserId::new(stores[0].clock(), stores[0].entropy());
                for team in &teams {
                    member(
                        &stores[0],
                        team.organization,
                        user,
                        OrganizationRole::Member,
                        &[],
                    );
                }
                user
            })
            .collect();
        thread::scope(|scope| {
            for thread in 0..8 {
                let (stores, teams, people) = (&stores, &teams, &people);
                scope.spawn(move || {
                    let store = &stores[thread % 2];
                    for n in 0..4 {
                        let session = SessionId::new(store.clock(), store.entropy());
                        let done = store
                            .perform(Actor::Anonymous, origin(store), sign_in(people[n], session))
                            .wait();
                        assert_eq!(done.expect("signed in").entries.len(), 4);
                        let _ = create(store, teams[(thread + n) % 4], &format!("{thread}-{n}"));
                    }
                });
            }
        });
        for team in &teams {
            let told = Log::of(&mut place.raw(), team.organization).told_from(8);
            assert_eq!(
                told.iter()
                    .filter(|one| *one == "user.signed_in success")
                    .count(),
                32
            );
            assert_eq!(
                told.iter()
                    .filter(|one| *one == "source.created success")
                    .count(),
                8
            );
        }
    });
}

/// An action of this scope waits for the log of the person's organization, in which another process makes the person a member of
/// another one: it is told there as well.
fn starts_over(scope: impl Fn(OrganizationId, UserId) -> Scope) {
    let place = Place::new(Kind::Postgres);
    let store = place.open();
    let (old, new) = (team(&store, "Old"), team(&store, "New"));
    let user = UserId::new(store.clock(), store.entropy());
    member(
        &store,
        old.organization,
        user,
        OrganizationRole::Member,
        &[],
    );
    let log = Log::of(&mut place.raw(), old.organization).id;
    let mut holder = place.raw();
    holder.must(&format!(
        "BEGIN; SELECT size FROM logs WHERE id = '{log}' FOR UPDATE"
    ));
    let session = SessionId::new(store.clock(), store.entropy());
    let mut action = sign_in(user, session);
    action.scope = scope(old.organization, user);
    let waiting = store
        .perform(Actor::Anonymous, origin(&store), action)
        .begun();
    let mut watch = place.raw();
    while watch.number("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()") == 0 {
        thread::yield_now();
    }
    holder.must(&format!(
        "INSERT INTO members (organization_id, user_id, role, created_at) VALUES ('{}', '{user}', 'member', 0); COMMIT",
        new.organization
    ));
    assert_eq!(waiting.wait().expect("signed in").entries.len(), 2);
    for team in [old, new] {
        let told = Log::of(&mut place.raw(), team.organization).told_from(4);
        assert_eq!(
            told.last().map(String::as_str),
            Some("user.signed_in success")
        );
    }
}

#[test]
fn an_accounts_action_starts_over_when_the_persons_organizations_change_while_it_waits() {
    starts_over(|_, user| Scope::Account(user));
}

#[test]
fn what_is_done_to_a_member_starts_over_when_the_persons_organizations_change_while_it_waits() {
    starts_over(Scope::Member);
}

#[test]
fn bookkeeping_and_changes_go_on_side_by_side() {
    on_both(|place| {
        let (one, two) = (place.open(), place.open());
        let team = team(&one, "Fernhill");
        let done = thread::scope(|scope| {
            let keeper = scope.spawn(|| {
                for _ in 0..20 {
                    for upkeep in [Upkeep::Index, Upkeep::CloseRefusals, Upkeep::Expire] {
                        two.upkeep(upkeep).wait().expect("kept");
                    }
                }
            });
            let done: BTreeSet<String> = (0..40)
                .map(|n| create(&one, team, &n.to_string()).id.to_string())
                .collect();
            keeper.join().expect("kept");
            done
        });
        compare(&place, &done);
        place.clock.advance(Micros::SECOND);
    });
}

/// A person takes an e-mail address, unless it is another's; the rule that an account's own action has.
fn take_address(
    user: UserId,
    email: &'static str,
) -> Script<impl Fn(&mut Tx<'_>) -> Result<Done<()>> + Send + 'static> {
    Script::about(Scope::Account(user), user, move |tx| {
        if tx.user_by_email(email)?.is_some() {
            return Err(Error::failed("email_taken", "it is another's"));
        }
        let before = tx.user(user)?.ok_or(Error::NotFound("user"))?;
        let after = User {
            email: email.to_owned(),
            ..before.clone()
        };
        let row = tx.update_user(&before, &after)?;
        let fact = Fact::new(catalogue::USER_UPDATED_EMAIL, &row);
        Ok(Done::new((), vec![fact]))
    })
}

#[test]
fn who_comes_second_to_an_address_hears_so_though_neither_saw_the_other() {
    on_both(|place| {
        let store = place.open();
        let (one, other) = (team(&store, "Fernhill"), team(&store, "Bramley"));
        let take = |user, email| {
            let done = store
                .perform(Actor::Anonymous, origin(&store), take_address(user, email))
                .wait();
            done.map(|_| ()).map_err(|error| error.to_string())
        };
        take(other.admin, "taken@example.com").expect("free");
        let mut raw = place.raw();
        raw.must(&format!(
            "CREATE TABLE kept AS SELECT email_index AS bytes FROM users WHERE id = '{}'",
            other.admin
        ));
        take(other.admin, "back@example.com").expect("free");

        // Another process is about to take it, and has not committed.
        raw.must("BEGIN");
        raw.must(&format!(
            "UPDATE users SET email_index = (SELECT bytes FROM kept) WHERE id = '{}'",
            other.admin
        ));
        thread::scope(|scope| {
            let second = scope.spawn(|| take(one.admin, "taken@example.com"));
            thread::sleep(Duration::from_millis(300));
            raw.must("COMMIT");
            let told = second.join().expect("an answer");
            assert_eq!(told, Err("it is another's".to_owned()));
        });
    });
}

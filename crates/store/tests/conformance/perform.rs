//! The one rule: a change and the events that record it are one.

mod support;

use store::{Order, Query};
use support::{CreateSource, UpdateSource, on_both, origin, team};

#[test]
fn a_change_is_recorded_with_who_what_and_when() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let made = store
            .perform(
                team.actor(),
                origin(&store),
                CreateSource {
                    team,
                    name: "Web app".to_owned(),
                },
            )
            .wait()
            .expect("created");
        assert_eq!(made.entries.len(), 1);
        let source = made.output;
        let update = UpdateSource {
            team,
            source: source.id,
            name: "Shop".to_owned(),
            enabled: false,
        };
        let made = store
            .perform(team.actor(), origin(&store), update)
            .wait()
            .expect("updated");
        assert_eq!(
            made.entries[0].1.end - made.entries[0].1.start,
            2,
            "a name and a setting are two events"
        );
        for indexed in [false, true] {
            if indexed {
                while store.upkeep(store::Upkeep::Index).wait().expect("indexed") > 0 {}
            }
            let page = store
                .read(|rx| {
                    rx.events(
                        team.organization,
                        &Query {
                            limit: 10,
                            order: Order::Newest,
                            ..Query::default()
                        },
                    )
                })
                .expect("read");
            let told: Vec<String> = page
                .events
                .iter()
                .map(|event| {
                    format!(
                        "{} {} {}.{} {}",
                        event.entry.sequence,
                        event.actor_name.as_deref().unwrap_or("-"),
                        event.entry.target.r#type,
                        event.entry.action,
                        event.target_name.as_deref().unwrap_or("-")
                    )
                })
                .collect();
            assert_eq!(page.total, 7);
            assert_eq!(
                told,
                [
                    "6 Ada Lovelace source.updated Shop",
                    "5 Ada Lovelace source.updated_name Shop",
                    "4 Ada Lovelace source.created Web app",
                    "3 system, command line access_token.created ci",
                    "2 system, command line user.added_to_organization Ada Lovelace",
                    "1 system, command line workspace.created Production",
                    "0 system, command line organization.created Fernhill",
                ]
            );
        }
    });
}

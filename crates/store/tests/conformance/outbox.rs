//! Letters that wait: taken by one process at a time, sent again after a crash, gone once they have left.

use model::clock::Micros;
use model::things::Delivery;
use store::{Letter, NewChallenge, Store, Upkeep, Way};

use crate::support::{on_both, team};

fn put(store: &Store, user: model::id::UserId) -> model::id::MessageId {
    let challenge = NewChallenge {
        hash: [1; 32],
        kind: "reset",
        user: Some(user),
        payload: Vec::new().into(),
        lasts: Micros::DAY,
    };
    let letter = Letter {
        to: "ada@example.com".to_owned(),
        subject: "A link".to_owned(),
        text: "a secret".to_owned(),
        by: None,
    };
    let kept = Upkeep::Challenge(Box::new((challenge, Some((Way::Mail, letter)))));
    let _ = store.upkeep(kept).wait().expect("kept");
    let due = store
        .read(|rx| rx.due_messages(Way::Mail, 10))
        .expect("read");
    due.last().expect("a letter").id
}

fn due(store: &Store) -> usize {
    store
        .read(|rx| rx.due_messages(Way::Mail, 10))
        .expect("read")
        .len()
}

fn done(store: &Store, upkeep: Upkeep) -> u64 {
    store.upkeep(upkeep).wait().expect("done")
}

#[test]
fn of_two_processes_one_takes_a_letter_and_the_other_after_it_has_died() {
    on_both(|place| {
        let (first, second) = (place.open(), place.open());
        let id = put(&first, team(&first, "Fernhill").admin);
        assert_eq!(done(&first, Upkeep::ClaimMessage(id)), 1);
        assert_eq!(done(&second, Upkeep::ClaimMessage(id)), 0, "it is taken");
        assert_eq!(due(&second), 0);
        // The first one dies before it has said what became of it.
        drop(first);
        place.clock.advance(61 * Micros::SECOND);
        assert_eq!(due(&second), 1);
        assert_eq!(done(&second, Upkeep::ClaimMessage(id)), 1);
        assert_eq!(done(&second, Upkeep::Delivered(id)), 1);
        place.clock.advance(Micros::DAY);
        assert_eq!(due(&second), 0, "gone once it has left");
        assert_eq!(done(&second, Upkeep::ClaimMessage(id)), 0);
    });
}

#[test]
fn a_letter_is_tried_less_and_less_often_and_then_given_up() {
    on_both(|place| {
        let store = place.open();
        let id = put(&store, team(&store, "Fernhill").admin);
        let mut waits = Vec::new();
        for _ in 0..20 {
            if done(&store, Upkeep::ClaimMessage(id)) == 0
                || done(&store, Upkeep::NotDelivered(id)) == 0
            {
                break;
            }
            let mut waited = 0;
            while due(&store) == 0 {
                place.clock.advance(5 * Micros::SECOND);
                waited += 5;
            }
            waits.push(waited);
        }
        assert_eq!(waits, [5, 30, 120, 600, 1800, 7200]);
        place.clock.advance(Micros::DAY);
        assert_eq!(due(&store), 0, "given up");
    });
}

#[test]
fn a_letter_that_carries_a_secret_goes_with_it_and_says_whether_it_has_left() {
    on_both(|place| {
        let store = place.open();
        let user = team(&store, "Fernhill").admin;
        let delivery = || {
            let kept = store
                .read(|rx| rx.challenge("sms", &[7; 32]))
                .expect("read");
            kept.map(|kept| kept.delivery)
        };
        let text = |lasts| {
            let challenge = NewChallenge {
                hash: [7; 32],
                kind: "sms",
                user: Some(user),
                payload: Vec::new().into(),
                lasts,
            };
            let letter = Letter {
                to: "+15005550006".to_owned(),
                subject: String::new(),
                text: "a code".to_owned(),
                by: None,
            };
            let kept = Upkeep::Challenge(Box::new((challenge, Some((Way::Sms, letter)))));
            assert_eq!(done(&store, kept), 1);
            let due = store.read(|rx| rx.due_messages(Way::Sms, 10));
            due.expect("read").pop().expect("a message").id
        };

        let id = text(600 * Micros::SECOND);
        assert_eq!(due(&store), 0, "it is no mail");
        assert_eq!(delivery(), Some(Delivery::Waiting));
        assert_eq!(done(&store, Upkeep::ClaimMessage(id)), 1);
        assert_eq!(done(&store, Upkeep::Delivered(id)), 1);
        assert_eq!(delivery(), Some(Delivery::Sent));
        assert_eq!(done(&store, Upkeep::TakeChallenge([7; 32])), 1);

        let id = text(600 * Micros::SECOND);
        assert_eq!(done(&store, Upkeep::GiveUp(id)), 1);
        assert_eq!(delivery(), Some(Delivery::Failed));
        assert_eq!(done(&store, Upkeep::TakeChallenge([7; 32])), 1);

        // What waits while its code has run out is of no use: there is nothing left to send.
        text(60 * Micros::SECOND);
        place.clock.advance(61 * Micros::SECOND);
        let due = store
            .read(|rx| rx.due_messages(Way::Sms, 10))
            .expect("read");
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].letter, None);
    });
}

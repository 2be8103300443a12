//! Lists of things: in the order of their creation, in pages, and by name.

use model::clock::Micros;
use store::{After, Listing, SourceRow, Store};

use crate::support::{Team, create, on_both, team};

fn page(store: &Store, team: Team, after: Option<&After>, named: &str) -> Listing<SourceRow> {
    store
        .read(|rx| rx.source_rows(team.workspace, after, 2, Some(named)))
        .expect("read")
}

#[test]
fn a_list_by_name_finds_every_name_with_the_text_in_it_whatever_its_case_in_pages() {
    on_both(|place| {
        let store = place.open();
        let team = team(&store, "Fernhill");
        let names = [
            "Web shop",
            "Tills",
            "SHOP floor",
            "Büro",
            "BÜRO 2",
            "workshop",
            "100%",
            "a_b",
        ];
        for name in names {
            place.clock.advance(Micros::SECOND);
            let _ = create(&store, team, name);
        }
        for (named, wanted) in [
            ("shop", vec!["Web shop", "SHOP floor", "workshop"]),
            ("bÜro", vec!["Büro", "BÜRO 2"]),
            ("%", vec!["100%"]),
            ("_", vec!["a_b"]),
            ("nobody", vec![]),
        ] {
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = page(&store, team, after.as_ref(), named);
                assert_eq!(page.total, wanted.len() as u64, "{named}");
                found.extend(page.items.into_iter().map(|one| one.name));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found, wanted, "{named}");
        }
    });
}

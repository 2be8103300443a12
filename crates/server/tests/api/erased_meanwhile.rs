//! What is erased while a log is taken out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use server::export::layout::{Folder, Layout};
use server::export::{Fixed, full};

use crate::privacy::{busy, erase, person};
use crate::support::{Api, on_both};

/// Every file below a folder, by its path in it.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(one) = folders.pop() {
        for file in std::fs::read_dir(one).expect("a folder") {
            let path = file.expect("a file").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("it can be read");
            let path = path.strip_prefix(folder).expect("it is below");
            found.insert(path.to_owned(), bytes);
        }
    }
    found
}

fn export(api: &Api, fixed: &Fixed) -> (Fixed, BTreeMap<PathBuf, Vec<u8>>) {
    let folder = tempfile::tempdir().expect("a folder");
    let layout = Layout::new(Folder::create(folder.path()).expect("a folder"));
    let (sink, written) = full(&api.store, fixed, layout, true, |_| {}).expect("exported");
    drop(sink);
    assert!(written.is_signed);
    (written.fixed, files(folder.path()))
}

/// What is gone is said to be erased by an entry of the export, although it began before the erasure.
#[test]
fn an_export_goes_on_to_the_erasure_of_what_is_gone_meanwhile() {
    on_both(|api| {
        let (user, _) = busy(&api);
        api.sign();
        let of = Some(api.made.organization);
        let begun = Fixed::of(&api.store, of).expect("signed");
        let size = begun.checkpoint.size;
        let (written, _) = export(&api, &begun);
        assert_eq!(written.checkpoint, begun.checkpoint, "nothing is erased");
        // To the end of the first bundle and beyond it.
        for number in 0..300 {
            api.source(&format!("Web app {number}"));
        }
        let done = erase(&api, &person(&api, user, false)).expect("erased");
        api.sign();

        let (written, there) = export(&api, &begun);
        assert!(written.checkpoint.size > done.entries[0].1.start && size < 256);
        let now = Fixed::of(&api.store, of).expect("signed");
        assert_eq!(written.checkpoint, now.checkpoint);
        let (_, whole) = export(&api, &now);
        assert!(there == whole, "another export came of it");
        String::new()
    });
}

/// Nobody signs: the export ends, and it is known that it cannot say so.
#[test]
fn an_export_that_cannot_cover_an_erasure_knows_of_it() {
    let api = Api::sqlite();
    let (user, _) = busy(&api);
    api.sign();
    let begun = Fixed::of(&api.store, Some(api.made.organization)).expect("signed");
    let done = erase(&api, &person(&api, user, false)).expect("erased");
    let (written, _) = export(&api, &begun);
    assert_eq!(written.checkpoint, begun.checkpoint);
    assert_eq!(written.unsigned_erasure, Some(done.entries[0].1.start));
}

//! What is true of every page. `ANNALS_PAGES=dir cargo test -p annals-server every_page` writes them to a directory, to
//! be looked at.

use super::samples::pages;

const HOSTILE: &str = r#"<script>alert(1)</script>"'&"#;

fn count(page: &str, what: &str) -> usize {
    page.matches(what).count()
}

/// The opening tags of a page: `<form method="post" ...>`.
fn tags(page: &str) -> impl Iterator<Item = &str> {
    page.split('<')
        .skip(1)
        .filter_map(|part| part.split_once('>').map(|(tag, _)| tag))
        .filter(|tag| !tag.starts_with(['/', '!']))
}

fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    page.match_indices(&start)
        .filter_map(|(at, _)| page[at + start.len()..].split('"').next())
        .collect()
}

#[test]
fn every_page_has_a_language_a_title_one_main_and_one_h1() {
    for (name, page) in pages("") {
        assert!(
            page.starts_with("<!doctype html>\n<html lang=\"en\""),
            "{name}: {}",
            &page[..60]
        );
        assert_eq!(count(&page, "<h1>"), 1, "{name}");
        assert_eq!(count(&page, "<main id=\"main\""), 1, "{name}");
        assert!(
            page.contains(" · Annals</title>") && !page.contains("<title> ·"),
            "{name}"
        );
        if let Some(dir) = std::env::var_os("ANNALS_PAGES") {
            let dir = std::path::Path::new(&dir);
            std::fs::create_dir_all(dir.join("assets")).expect("a directory");
            std::fs::write(dir.join(format!("{name}.html")), &page).expect("a file");
            for asset in &super::asset::ASSETS {
                std::fs::write(dir.join("assets").join(asset.name), asset.bytes).expect("a file");
            }
        }
    }
}

#[test]
fn no_page_carries_style_script_or_data_inside() {
    for (name, page) in pages("") {
        let ours = count(&page, "<script src=\"/assets/");
        assert_eq!((count(&page, "<script"), ours > 0), (ours, true), "{name}");
        assert!(
            page.contains("<script src=\"/assets/annals.js?v="),
            "{name}"
        );
        assert_eq!(count(&page, "<style"), 0, "{name}");
        for tag in tags(&page) {
            assert!(
                !tag.contains(" style=")
                    && !tag.contains(" on")
                    && !tag.contains("data:")
                    && !tag.contains("javascript:"),
                "{name}: {tag}"
            );
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_the_csrf_token() {
    // What is kept for somebody who has been signed out has none that is good: it is asked about once more.
    for (name, page) in pages("")
        .into_iter()
        .filter(|(name, _)| *name != "signed-out")
    {
        for form in page.split("<form ").skip(1) {
            let form = form.split("</form>").next().unwrap_or_default();
            if form.starts_with("method=\"post\"") || form.contains(" method=\"post\"") {
                assert_eq!(
                    count(
                        form,
                        "<input type=\"hidden\" name=\"csrf\" value=\"csrf-of-this-"
                    ),
                    1,
                    "{name}: {form}"
                );
            } else {
                assert_eq!(
                    count(form, "csrf"),
                    0,
                    "{name}: a form that only asks must not tell the token to the address bar"
                );
            }
        }
    }
}

#[test]
fn every_text_is_escaped_wherever_it_is_shown() {
    for (name, page) in pages(HOSTILE) {
        let ours = count(&page, "<script src=\"/assets/");
        assert_eq!((count(&page, "<script"), ours > 0), (ours, true), "{name}");
        assert!(!page.contains("alert(1)</script>"), "{name}");
        assert!(
            page.contains("&#60;script&#62;alert(1)&#60;/script&#62;&#34;&#39;&#38;"),
            "{name}: nothing hostile was shown"
        );
        for tag in tags(&page) {
            assert_eq!(
                count(tag, "\"") % 2,
                0,
                "{name}: a text broke out of its attribute: {tag}"
            );
            assert!(!tag.contains('\''), "{name}: {tag}");
        }
    }
}

#[test]
fn every_id_is_there_once_and_every_reference_leads_to_one() {
    for (name, page) in pages("") {
        let mut ids = attributes(&page, "id");
        ids.sort_unstable();
        for pair in ids.windows(2) {
            assert_ne!(pair[0], pair[1], "{name}: twice");
        }
        for attribute in [
            "for",
            "aria-describedby",
            "aria-labelledby",
            "data-copy",
            "data-dialog",
            "popovertarget",
        ] {
            for id in attributes(&page, attribute)
                .iter()
                .flat_map(|value| value.split(' '))
            {
                assert!(
                    ids.binary_search(&id).is_ok(),
                    "{name}: {attribute}=\"{id}\""
                );
            }
        }
        for sign in attributes(&page, "href")
            .iter()
            .filter_map(|href| href.strip_prefix('#'))
        {
            assert!(ids.binary_search(&sign).is_ok(), "{name}: #{sign}");
        }
    }
}

#[test]
fn links_and_forms_stay_on_this_server() {
    for (name, page) in pages("") {
        for address in attributes(&page, "href")
            .into_iter()
            .chain(attributes(&page, "action"))
            .chain(attributes(&page, "src"))
        {
            let here = address.starts_with(['#', '?'])
                || (address.starts_with('/') && !address.starts_with("//"));
            assert!(here, "{name}: {address}");
        }
    }
}

fn page(name: &str) -> String {
    pages("")
        .into_iter()
        .find(|(page, _)| *page == name)
        .expect("a page of that name")
        .1
}

#[test]
fn a_form_shows_what_is_stored_or_was_sent() {
    for (name, field) in [
        (
            "setup",
            r#"name="name" type="text" value="Ines Okafor-Lund""#,
        ),
        (
            "setup",
            r#"name="organization" type="text" value="Fernhill Market""#,
        ),
        (
            "setup",
            r#"name="workspace" type="text" value="Production""#,
        ),
        (
            "setup",
            r#"name="email" type="email" value="ines@fernhill""#,
        ),
        (
            "source-settings",
            r#"name="name" type="text" value="Production web app""#,
        ),
        (
            "destination-configuration",
            r#"name="name" type="text" value="Warehouse – Snowflake""#,
        ),
        (
            "destination-configuration",
            r#"name="config.account" value="fernhill-eu1""#,
        ),
        (
            "audit-logs-filtered",
            r#"name="actor" value="tomas@fernhill.example""#,
        ),
        ("sign-in-refused", r#"value="ines@fernhill.example""#),
    ] {
        assert!(page(name).contains(field), "{name}: {field}");
    }
}

#[test]
fn a_secret_that_is_set_is_never_in_the_page() {
    let page = page("destination-configuration");
    for tag in tags(&page).filter(|tag| tag.contains("type=\"password\"")) {
        assert!(!tag.contains("value="), "{tag}");
    }
    assert!(page.contains("Set. Leave empty to keep it."));
}

#[test]
fn a_textarea_keeps_the_first_line_of_its_text() {
    // HTML drops one line break right after <textarea>, so the template writes one of its own.
    let page = page("destination-configuration");
    for area in page.split("<textarea").skip(1) {
        let text = area
            .split_once('>')
            .map(|(_, rest)| rest)
            .unwrap_or_default();
        assert!(
            text.starts_with('\n') && !text.starts_with("\n\n"),
            "{text}"
        );
    }
}

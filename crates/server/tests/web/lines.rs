//! Texts of several lines, through the hands of a browser.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::site::{Browser, Site};

/// The value of an attribute, read as HTML.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(text(rest.split('"').next()?))
}

/// HTML without its escapes. A parser of HTML ends every line with `\n`.
fn text(html: &str) -> String {
    let mut out = html.replace("\r\n", "\n").replace('\r', "\n");
    for (escape, one) in [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#34;", "\""),
        ("&#39;", "'"),
    ] {
        out = out.replace(escape, one);
    }
    out.replace("&#38;", "&")
}

/// What a browser sends where somebody opens a form and saves it: an input has one line, the first line break of a textarea is
/// not part of it, and lines end with `\r\n`.
pub fn untouched(page: &str, action: &str) -> Vec<(String, String)> {
    let forms = page.split("<form ").skip(1);
    let form = forms
        .map(|rest| rest.split("</form>").next().unwrap_or_default())
        .filter(|form| form.contains(&format!("action=\"{action}\"")))
        .max_by_key(|form| form.len())
        .expect("the form");
    let mut sent = Vec::new();
    for part in form.split('<').skip(1) {
        let (tag, inside) = part.split_once('>').expect("a tag");
        let Some(name) = attribute(tag, "name").filter(|name| name != "csrf") else {
            continue;
        };
        let value = match tag.split(' ').next().expect("its name") {
            "textarea" => {
                let inside = text(inside);
                inside.strip_prefix('\n').unwrap_or(&inside).to_owned()
            }
            "input" if tag.contains("type=\"checkbox\"") => {
                if !tag.contains(" checked") {
                    continue;
                }
                "true".to_owned()
            }
            "input" if tag.contains("type=\"radio\"") && !tag.contains(" checked") => continue,
            "input" if tag.contains("type=\"hidden\"") => {
                attribute(tag, "value").unwrap_or_default()
            }
            "input" => attribute(tag, "value")
                .unwrap_or_default()
                .replace('\n', ""),
            "select" => {
                let (_, rest) = form.split_once(tag).expect("the select");
                let options = rest.split("</select>").next().expect("its options");
                let chosen = options
                    .split("<option")
                    .find(|one| one.contains(" selected"));
                let first = options.split("<option").nth(1).expect("an option");
                attribute(chosen.unwrap_or(first), "value").expect("a value")
            }
            _ => continue,
        };
        sent.push((name, value.replace('\n', "\r\n")));
    }
    sent
}

async fn saved(browser: &mut Browser<'_>, page: &str, action: &str, changed: &[(&str, &str)]) {
    let page = browser.get(page).await;
    assert_eq!(page.status, StatusCode::OK, "{}", page.body);
    let mut fields = untouched(&page.body, action);
    for (name, value) in changed {
        let field = fields.iter_mut().find(|(field, _)| field == name);
        let (_, field) = field.expect("a field");
        (*value).clone_into(field);
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let answer = browser.post(action, &fields).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
}

async fn destination(site: &Site, kind: &str, config: &Value) -> String {
    let body = json!({"name": "One", "type": kind, "config": config});
    let (status, made) = site.api("POST", "/v2/destinations", Some(body)).await;
    assert!(status.is_success(), "{made}");
    format!(
        "/destinations/{}",
        made["destination"]["id"].as_str().expect("an id")
    )
}

async fn config(site: &Site, path: &str) -> Value {
    let (_, now) = site.api("GET", &format!("/v2{path}"), None).await;
    now["destination"]["config"].clone()
}

#[tokio::test]
async fn settings_that_are_saved_as_they_were_drawn_stay_to_the_byte() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let form = json!([{ "title": "All", "fields": [
        { "type": "textareaInput", "label": "Recipe", "value": "recipe" },
        { "type": "textarea", "label": "Pair", "value": "pair", "secret": true },
        { "type": "textInput", "label": "Word", "value": "word" },
        { "type": "textInput", "label": "Pin", "value": "pin", "secret": true },
        { "type": "singleSelect", "label": "Colour", "value": "colour", "options": [{ "label": "Red", "value": "red" }] },
    ] }]);
    let kettle = json!({
        "name": "KETTLE", "displayName": "Kettle", "uiConfig": form,
        "config": { "secretKeys": ["pair", "pin"], "defaultConfig": ["recipe", "pair", "word", "pin", "colour"] },
    });
    let (status, answer) = site
        .api("POST", "/destination-definitions", Some(kettle))
        .await;
    assert!(status.is_success(), "{answer}");
    let all = [
        (
            "KAFKA",
            json!({
                "hostName": "k", "port": "9092", "topic": "two\nlines",
                "caCertificate": "\n\n-----BEGIN-----\r\nMIIB <&\">\rAB\n-----END-----\r\n",
            }),
        ),
        (
            "SNOWFLAKE",
            json!({
                "account": "a", "database": "d", "warehouse": "w\rx", "user": "null \u{0} in it",
                "password": "p\nq", "privateKey": "-----BEGIN-----\nk3y\n",
            }),
        ),
        (
            "KETTLE",
            json!({
                "recipe": "\nboil\r\n", "pair": "a\r\nb", "word": " \r", "pin": "1\n2", "colour": "none\r\nof these",
                "more": "x\r\ny",
            }),
        ),
    ];
    for (kind, made) in all {
        let path = destination(&site, kind, &made).await;
        let stored = config(&site, &path).await;
        let before = site.log(team.organization).await.len();
        saved(&mut browser, &format!("{path}/configuration"), &path, &[]).await;
        assert_eq!(config(&site, &path).await, stored, "{kind}");
        assert_eq!(site.log(team.organization).await.len(), before, "{kind}");
    }
}

#[tokio::test]
async fn what_is_changed_in_a_text_of_several_lines_is_stored_without_carriage_returns() {
    let (site, _) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let made = json!({"account": "a", "database": "d", "warehouse": "w", "user": "u", "password": "p", "privateKey": "k3y-stored\r\nkey"});
    let path = destination(&site, "SNOWFLAKE", &made).await;
    let page = format!("{path}/configuration");
    let drawn = browser.get(&page).await.body;
    let (_, field) = drawn
        .split_once("<textarea class=\"in in--mono\" id=\"config.privateKey\"")
        .expect("a textarea");
    assert!(
        field.contains("placeholder=\"Set\"") && !drawn.contains("k3y-stored"),
        "{drawn}"
    );
    saved(
        &mut browser,
        &page,
        &path,
        &[
            ("config.privateKey", "new\r\nkey\r\n"),
            ("config.role", "a\r\nb"),
        ],
    )
    .await;
    let now = config(&site, &path).await;
    assert_eq!(now["privateKey"], "new\nkey\n");
    assert_eq!(now["role"], "a\nb");
}

#[tokio::test]
async fn code_that_is_saved_as_it_was_drawn_is_no_new_version() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    for (root, list) in [
        ("transformations", "transformations"),
        ("libraries", "libraries"),
    ] {
        let body = json!({
            "name": "Mask", "description": "one\r\n\ntwo\n", "language": "javascript",
            "code": "\r\nexport function transformEvent(event) {\r\n\treturn event;\n}\r",
        });
        let (status, made) = site.api("POST", &format!("/{list}"), Some(body)).await;
        assert!(status.is_success(), "{made}");
        let path = format!("/{root}/{}", made["id"].as_str().expect("an id"));
        let (_, stored) = site.api("GET", &path, None).await;
        let before = site.log(team.organization).await.len();
        let form = format!("{path}/code");
        saved(&mut browser, &form, &form, &[]).await;
        let (_, now) = site.api("GET", &path, None).await;
        assert_eq!(
            (now, site.log(team.organization).await.len()),
            (stored, before)
        );
        saved(
            &mut browser,
            &form,
            &form,
            &[("description", "three\r\nfour")],
        )
        .await;
        let (_, now) = site.api("GET", &path, None).await;
        assert_eq!(now["description"], "three\nfour");
    }
}

/// A type whose form has lists.
fn basket() -> Value {
    let tags = |name: &str, label: &str, tag: &str| json!({ "type": "tagInput", "label": label, "value": name, "tagKey": tag });
    let texts = json!({ "type": "array", "items": { "type": "string" } });
    json!({
        "name": "BASKET", "displayName": "Basket",
        "config": { "secretKeys": ["codes.code"] },
        "configSchema": { "type": "object", "properties": { "words": texts } },
        "uiConfig": [{ "title": "All", "fields": [
            tags("events", "Events", "eventName"), tags("words", "Words", "word"), tags("begun", "Begun", "one"),
            tags("none", "None", "one"), tags("pairs", "Pairs", "one"), tags("lines", "Lines", "one"), tags("codes", "Codes", "code"),
        ] }],
    })
}

#[tokio::test]
async fn a_list_is_one_entry_on_each_line_and_comes_back_to_the_byte() {
    let (site, team) = Site::ready().await;
    let mut browser = site.signed_in("ada@example.com").await;
    let (status, answer) = site
        .api("POST", "/destination-definitions", Some(basket()))
        .await;
    assert!(status.is_success(), "{answer}");
    let made = json!({
        "events": [{ "eventName": "Order Done" }, { "eventName": " b" }, { "eventName": "b" }],
        "words": ["x", "x", "<y>"], "begun": [{ "one": "" }], "none": [],
        // What lines cannot say, or must not show, is asked for as JSON.
        "pairs": [{ "one": "a", "two": "b" }], "lines": [{ "one": "a\nb" }],
        "codes": [{ "code": "hidden-code" }],
    });
    let path = destination(&site, "BASKET", &made).await;
    let page = format!("{path}/configuration");
    let stored = config(&site, &path).await;
    let before = site.log(team.organization).await.len();
    saved(&mut browser, &page, &path, &[]).await;
    assert_eq!(config(&site, &path).await, stored);
    assert_eq!(site.log(team.organization).await.len(), before);

    let drawn = browser.get(&page).await.body;
    assert!(drawn.contains("One entry on each line.") && !drawn.contains("hidden-code"));
    let sent = untouched(&drawn, &path);
    let value = |name: &str| {
        let field = sent.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| value.as_str())
    };
    assert_eq!(value("config.events"), Some("Order Done\r\n b\r\nb"));
    assert_eq!(value("config.words"), Some("x\r\nx\r\n<y>"));
    assert_eq!(value("config.pairs"), None);

    let changes = [
        ("config.events", "Order Done\r\n\r\nnew\r\n"),
        ("config.words", "\r\n"),
        ("config.begun", "first"),
    ];
    saved(&mut browser, &page, &path, &changes).await;
    let mut wanted = stored;
    wanted["events"] = json!([{ "eventName": "Order Done" }, { "eventName": "new" }]);
    wanted["begun"] = json!([{ "one": "first" }]);
    let members = wanted.as_object_mut().expect("an object");
    members.shift_remove("words");
    assert_eq!(config(&site, &path).await, wanted);
    saved(&mut browser, &page, &path, &[("config.words", "y\r\nz")]).await;
    assert_eq!(config(&site, &path).await["words"], json!(["y", "z"]));
}

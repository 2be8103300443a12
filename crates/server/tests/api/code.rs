//! Transformations and libraries: code in versions.

use insta::assert_snapshot;
use serde_json::{Value, json};

use crate::support::{Api, Story, id, on_both};

#[test]
fn a_version_never_changes_and_stays_when_the_thing_is_deleted() {
    for api in [Api::sqlite(), Api::postgres()] {
        for noun in ["transformations", "libraries"] {
            let first = api.code(noun, "One", "first");
            let path = format!("/{noun}/{}", id(&first));
            let version = format!(
                "{path}/versions/{}",
                first["versionId"].as_str().expect("an id")
            );
            let seen = api.get(&version).ok();
            assert_eq!(
                (&seen["code"], &seen["name"]),
                (&json!("first"), &json!("One"))
            );
            let body = json!({ "name": "Uno", "description": "d", "code": "second" });
            let second = api.post(&path, body.clone()).ok();
            assert_ne!(second["versionId"], first["versionId"]);
            assert_eq!(second["id"], first["id"]);
            assert_eq!(
                api.post(&path, body).ok()["versionId"],
                second["versionId"],
                "the same is no new version"
            );
            let external = json!({ "externalId": "one" });
            let named = api.put(&format!("{path}/external-id"), external).ok();
            assert_eq!(
                named["versionId"], second["versionId"],
                "nor is an external id"
            );
            let list = api.get(&format!("{path}/versions")).ok();
            let list = list
                .as_object()
                .and_then(|all| all.values().next())
                .expect("a list");
            let codes: Vec<&Value> = list
                .as_array()
                .expect("a list")
                .iter()
                .map(|one| &one["code"])
                .collect();
            assert_eq!(codes, ["second", "first"], "newest first");
            let ordered = |query: &str| {
                let answer = api.get(&format!("{path}/versions?{query}"));
                if answer.status != 200 {
                    return answer.problem();
                }
                let lists = answer.json.as_object().expect("a list");
                let list = lists.values().next().and_then(Value::as_array);
                let codes = list.expect("a list").iter().map(|one| one["code"].clone());
                json!(codes.collect::<Vec<_>>()).to_string()
            };
            for (query, codes) in [
                ("orderBy=asc", r#"["first","second"]"#),
                ("orderBy=desc", r#"["second","first"]"#),
                ("orderBy=asc&count=1", r#"["first"]"#),
                ("orderBy=desc&count=1", r#"["second"]"#),
                (
                    "orderBy=name",
                    "400 invalid_query: The query does not fit: orderBy: unknown variant `name`, expected `asc` or `desc`",
                ),
            ] {
                assert_eq!(ordered(query), codes, "{noun} {query}");
            }
            api.delete(&path).ok();
            let kept = api.get(&version).ok();
            assert_eq!(
                (&kept["code"], &kept["name"]),
                (&json!("first"), &json!("One"))
            );
            assert_eq!(api.get(&path).status, 404);
        }
    }
}

#[test]
fn a_batch_is_published_whole_or_not_at_all() {
    for api in [Api::sqlite(), Api::postgres()] {
        let one = api.code("transformations", "One", "import { f } from \"utils\";");
        let library = api.code("libraries", "Utils", "export function f() {}");
        let is_published = |noun: &str, one: &Value| {
            api.get(&format!("/{noun}/{}", id(one))).ok()["isPublished"] == true
        };
        let before = api.events().len();
        let both = |last: &str| json!({ "transformations": [{ "versionId": one["versionId"], "testSuite": [{ "id": "t", "name": "t", "input": [{}] }] }], "libraries": [{ "versionId": library["versionId"] }, { "versionId": last }] });
        for wrong in [
            "0ujtsYcgvSTl8PAuAdqWYSMnLOv",
            "no id",
            one["versionId"].as_str().expect("an id"),
        ] {
            let refused = api.post("/transformations/publish", both(wrong));
            assert_eq!(refused.problem(), "404 not_found: version not found");
        }
        assert!(!is_published("transformations", &one) && !is_published("libraries", &library));
        assert_eq!(api.events().len(), before);

        let body = both(library["versionId"].as_str().expect("an id"));
        let published = api.post("/transformations/publish", body).ok();
        assert_eq!(published["published"], true);
        assert!(is_published("transformations", &one) && is_published("libraries", &library));
        assert_eq!(
            api.events().len(),
            before + 2,
            "one for each, though one was named twice"
        );
        assert_eq!(
            api.post("/transformations/publish", json!({})).ok()["published"],
            true
        );
    }
}

#[test]
fn null_for_a_list_of_versions_or_tests_is_an_empty_one() {
    on_both(|api| {
        let path = "/transformations/publish";
        let none = api.post(path, json!({})).ok();
        let null = json!({"transformations": null, "libraries": null});
        assert_eq!(api.post(path, null).ok(), none);
        let one = api.code("transformations", "One", "export const one = 1;");
        let one = json!({"versionId": one["versionId"], "testSuite": null, "testInput": null});
        let done = api.post(path, json!({"transformations": [one], "libraries": null}));
        assert_eq!(done.ok()["published"], true);
        String::new()
    });
}

#[test]
fn an_older_version_can_be_published_again() {
    let api = Api::sqlite();
    let first = api.code("transformations", "One", "first");
    let path = format!("/transformations/{}", id(&first));
    api.post(&format!("{path}?publish=true"), json!({ "code": "second" }))
        .ok();
    let body = json!({ "transformations": [{ "versionId": first["versionId"] }] });
    api.post("/transformations/publish", body).ok();
    let now = api.get(&path).ok();
    assert_eq!(
        (&now["code"], &now["isPublished"]),
        (&json!("second"), &json!(false))
    );
    let version = format!(
        "{path}/versions/{}",
        first["versionId"].as_str().expect("an id")
    );
    assert_eq!(api.get(&version).ok()["isPublished"], true);
}

#[test]
fn what_is_in_use_cannot_be_deleted_and_the_refusal_says_where_it_is_used() {
    let told = on_both(|api| {
        let library = id(&api.code("libraries", "Utils Library", "export function f() {}"));
        let one = id(&api.code(
            "transformations",
            "One",
            "import { f } from 'utilsLibrary';\nexport function transformEvent(e) { return f(e); }",
        ));
        let (hook, mail) = (api.destination("Hook"), api.destination("Mail"));
        api.link(&hook, &one).ok();
        api.clock.advance(1_000_000);
        api.link(&mail, &one).ok();
        let before = api.events().len();
        let mut told: Vec<String> = [
            api.delete(&format!("/transformations/{one}")),
            api.delete(&format!("/libraries/{library}")),
        ]
        .map(|refused| refused.problem())
        .into();
        told.extend(api.events()[before..].iter().map(crate::support::told));
        for destination in [hook, mail] {
            api.delete(&format!("/v2/destinations/{destination}/transformation"))
                .ok();
        }
        api.delete(&format!("/transformations/{one}")).ok();
        api.delete(&format!("/libraries/{library}")).ok();
        told.join("\n")
    });
    assert_snapshot!(told, @r"
    409 transformation_in_use: it is in use by destination “Hook” (ID), destination “Mail” (ID)
    409 library_in_use: it is in use by transformation “One” (ID)
    transformation.deleted One ~ destination Hook ~ destination Mail [failed: transformation_in_use]
    transformation_library.deleted Utils Library ~ transformation One [failed: library_in_use]
    ");
}

#[test]
fn what_code_cannot_be_is_refused() {
    let told = on_both(|api| {
        let path = format!(
            "/transformations/{}",
            id(&api.code("transformations", "One", "a"))
        );
        api.code("libraries", "Utils Library", "b");
        let new = |noun: &str, body: Value| api.post(&format!("/{noun}"), body).problem();
        [
            api.post(&path, json!({ "language": "python" })).problem(),
            new(
                "transformations",
                json!({ "name": "x", "code": "a", "language": "cobol" }),
            ),
            new(
                "transformations",
                json!({ "name": "x", "code": "a".repeat(1024 * 1024 + 1) }),
            ),
            new("transformations", json!({ "name": "x", "code": "a\u{0}b" })),
            new(
                "transformations",
                json!({ "name": "x", "code": "a", "description": "d".repeat(10_001) }),
            ),
            new("transformations", json!({ "name": "x" })),
            new("libraries", json!({ "name": "utils_library", "code": "a" })),
            new("libraries", json!({ "name": "--", "code": "a" })),
        ]
        .join("\n")
    });
    assert_snapshot!(told, @r"
    400 language_cannot_change: the language cannot change; it is javascript
    400 unknown_language: language must be one of javascript, python, pythonfaas
    400 too_long: code may have 1048576 bytes at most
    400 control_character: code must not have a null character
    400 too_long: description may have 10000 bytes at most
    400 invalid_body: The body does not fit: missing field `code` at line 1 column 12
    409 import_name_taken: library “Utils Library” is imported as utilsLibrary already
    400 no_import_name: the name of a library needs a letter: it is imported by it
    ");
}

#[test]
fn names_and_imports_are_in_camel_case_as_the_transformer_matches_them() {
    let api = Api::sqlite();
    for (name, import) in [
        ("Utils Library", "utilsLibrary"),
        ("utils_helpers", "utilsHelpers"),
        ("already", "already"),
        ("9 lives", "9Lives"),
        ("URL Parser", "urlParser"),
    ] {
        assert_eq!(api.code("libraries", name, "x")["importName"], import);
    }
    let one = api.code(
        "transformations",
        "One",
        "import { a } from 'utilsLibrary';\nimport b from \"already\";\n// import c from 'not';",
    );
    assert_eq!(one["imports"], json!(["utilsLibrary", "already"]));
    let body = json!({ "name": "Py", "language": "python", "code": "import json\nfrom utilsLibrary import shout\n" });
    assert_eq!(
        api.post("/transformations", body).ok()["imports"],
        json!(["json", "utilsLibrary"])
    );
}

#[test]
fn python_goes_by_the_word_of_who_asks() {
    on_both(|api| {
        let body = json!({ "name": "Py", "language": "pythonfaas", "code": "def f(): pass" });
        let made = api.post("/transformations", body).ok();
        assert_eq!(made["language"], "pythonfaas");
        let path = format!("/transformations/{}?publish=true", id(&made));
        let said = json!({ "name": "Py", "description": "", "code": "def g(): pass", "language": "python" });
        let now = api.post(&path, said).ok();
        assert_eq!(now["language"], "python");
        let (hook, source) = (api.destination("Hook"), api.source("Shop"));
        api.connection(&source, &hook);
        api.link(&hook, &id(&made)).ok();
        let polled = api.poll().json;
        let sent = &polled["sources"][0]["destinations"][0]["transformations"][0];
        assert_eq!(sent["language"], "pythonfaas");
        let other = api.post(
            &format!("/transformations/{}", id(&made)),
            json!({ "language": "javascript" }),
        );
        assert_eq!(other.status, 400);
        String::new()
    });
}

#[test]
fn a_library_is_no_transformation_and_the_other_way_round() {
    let api = Api::sqlite();
    let library = id(&api.code("libraries", "Lib", "a"));
    let one = id(&api.code("transformations", "One", "a"));
    let hook = api.destination("Hook");
    assert_eq!(api.get(&format!("/transformations/{library}")).status, 404);
    assert_eq!(api.delete(&format!("/libraries/{one}")).status, 404);
    assert_eq!(api.link(&hook, &library).status, 404);
    assert_eq!(
        api.get(&format!("/v2/destinations/{hook}/transformation"))
            .status,
        404
    );
    let link = api.link(&hook, &one).ok();
    assert_eq!(link["transformationId"], one);
    let seen = api.get(&format!("/v2/destinations/{hook}")).ok();
    assert_eq!(seen["destination"]["transformation"], json!({ "id": one }));
    assert_eq!(
        api.get(&format!("/transformations/{one}")).ok()["destinations"],
        json!([hook])
    );
}

#[test]
fn a_library_is_in_use_while_what_data_planes_run_imports_it() {
    let told = on_both(|api| {
        let library = id(&api.code("libraries", "Utils Library", "export function f() {}"));
        let old =
            "import { f } from 'utilsLibrary';\nexport function transformEvent(e) { return f(e); }";
        let new = "export function transformEvent(e) { return e; }";
        let one = id(&api.code("transformations", "One", old));
        api.link(&api.destination("Hook"), &one).ok();
        let path = format!("/transformations/{one}");
        let library = format!("/libraries/{library}");
        let description = json!({ "description": "published as it was" });
        for path in [&library, &path] {
            let path = format!("{path}?publish=true");
            api.post(&path, description.clone()).ok();
        }
        api.post(&path, json!({ "code": new })).ok();
        let told = [
            api.delete(&library),
            api.post(
                &format!("{library}?publish=true"),
                json!({ "name": "Tools" }),
            ),
        ]
        .map(|refused| refused.problem())
        .join("\n");
        let description = json!({ "description": "published without it" });
        api.post(&format!("{path}?publish=true"), description).ok();
        assert_eq!(api.delete(&library).status, 204);
        told
    });
    assert_snapshot!(told, @r"
    409 library_in_use: it is in use by transformation “One” (ID) as it is published: publish its newest version first
    409 library_in_use: its import name cannot change while it is imported by transformation “One” (ID) as it is published: publish its newest version first, or together with it
    ");
}

#[test]
fn the_name_that_a_library_is_published_by_is_its_own_beside_the_newest() {
    let told = on_both(|api| {
        let library = api.code("libraries", "Gamma Ray", "export function f() {}");
        let old =
            "import { f } from 'gammaRay';\nexport function transformEvent(e) { return f(e); }";
        let one = api.code("transformations", "One", old);
        let publish = |transformations: &[&Value], libraries: &[&Value]| {
            let versions = |all: &[&Value]| {
                let all = all.iter();
                all.map(|one| json!({ "versionId": one["versionId"] }))
                    .collect::<Value>()
            };
            let all = json!({ "transformations": versions(transformations), "libraries": versions(libraries) });
            api.post("/transformations/publish", all)
        };
        assert_eq!(publish(&[&one], &[&library]).ok()["published"], true);
        let change = |noun: &str, one: &Value, change: Value| {
            api.post(&format!("/{noun}/{}", id(one)), change).ok()
        };
        let new =
            "import { f } from 'gammaBurst';\nexport function transformEvent(e) { return f(e); }";
        // Drafts have what names they like: data planes go on with what is published.
        let with_it = change("transformations", &one, json!({ "code": new }));
        let renamed = change("libraries", &library, json!({ "name": "Gamma Burst" }));
        api.link(&api.destination("Hook"), &id(&one)).ok();
        let spare = api.code("libraries", "gamma_ray", "export function f() {}");
        // Who imports that name is served by the other.
        assert_eq!(
            api.delete(&format!("/libraries/{}", id(&spare))).status,
            204
        );
        let second = api.code("libraries", "Gamma Ray", "export function f() {}");
        let told = [
            api.delete(&format!("/libraries/{}", id(&library))),
            publish(&[], &[&renamed]),
            publish(&[], &[&second]),
        ]
        .map(|refused| refused.problem());
        let all = publish(&[&with_it], &[&second, &renamed]).ok();
        assert_eq!(all["published"], true);
        told.join("\n")
    });
    assert_snapshot!(told, @r"
    409 library_in_use: it is in use by transformation “One” (ID)
    409 library_in_use: its import name cannot change while it is imported by transformation “One” (ID) as it is published: publish its newest version first, or together with it
    409 import_name_taken: library “Gamma Burst” is imported as gammaRay already
    ");
}

#[test]
fn nothing_comes_before_a_destination_that_imports_what_is_not_here() {
    let told = on_both(|api| {
        let library = api.code("libraries", "Utils Library", "export function f() {}");
        let text =
            "import { f } from 'utilsLibrary';\nexport function transformEvent(e) { return f(e); }";
        let one = api.code("transformations", "One", text);
        let published = format!("/transformations/{}?publish=true", id(&one));
        let description = json!({ "description": "published" });
        let alone = api.post(&published, description.clone()).problem();
        let library = format!("/libraries/{}", id(&library));
        api.post(&format!("{library}?publish=true"), description.clone())
            .ok();
        api.post(&published, description).ok();
        let plain = json!({ "code": "export function transformEvent(e) { return e; }" });
        api.post(&format!("/transformations/{}", id(&one)), plain)
            .ok();
        // No data plane runs it, so its library may go.
        assert_eq!(api.delete(&library).status, 204);
        let linked = api.link(&api.destination("Hook"), &id(&one)).problem();
        [alone, linked].join("\n")
    });
    assert_snapshot!(told, @r"
    400 library_not_here: it imports utilsLibrary, which no published library of the workspace is imported as: each event would be lost; publish the library first, or together with it
    409 library_not_here: transformation “One” as it is published: it imports utilsLibrary, which no published library of the workspace is imported as: each event would be lost; publish the library first, or together with it
    ");
}

/// The order of rudder-cli's `apply`: new versions, not published; then what goes; then one publication of all.
#[test]
fn an_import_and_its_library_go_together_where_no_data_plane_runs_the_code() {
    let told = on_both(|api| {
        let library = api.code("libraries", "Utils Library", "export function f() {}");
        let old =
            "import { f } from 'utilsLibrary';\nexport function transformEvent(e) { return f(e); }";
        let one = api.code("transformations", "One", old);
        let all = json!({
            "transformations": [{ "versionId": one["versionId"] }],
            "libraries": [{ "versionId": library["versionId"] }],
        });
        assert_eq!(
            api.post("/transformations/publish", all).ok()["published"],
            true
        );
        let mut story = Story::of(&api);
        let path = format!("/transformations/{}?publish=false", id(&one));
        let new = json!({ "name": "One", "code": "export function transformEvent(e) { return e; }", "language": "javascript" });
        let new = story.tell("update", api.post(&path, new));
        story.tell(
            "delete",
            api.delete(&format!("/libraries/{}", id(&library))),
        );
        let all =
            json!({ "transformations": [{ "versionId": new["versionId"] }], "libraries": [] });
        story.tell("publish", api.post("/transformations/publish", all));
        let told = story.end();
        told.lines()
            .filter(|line| !line.contains(" -> "))
            .fold(String::new(), |told, line| told + line + "\n")
    });
    assert_snapshot!(told, @r"
    update
        transformation.updated One
    delete
        transformation_library.deleted Utils Library
    publish
        transformation.published One
    ");
}

#[test]
fn a_new_transformation_comes_before_the_destinations_that_it_names() {
    let story = on_both(|api| {
        let (hook, mail) = (api.destination("Hook"), api.destination("Mail"));
        let old = id(&api.code("transformations", "Old", "a"));
        api.link(&mail, &old).ok();
        let mut story = Story::of(&api);
        let body = |ids: Value| json!({ "name": "One", "code": "b", "destinationIds": ids });
        let nowhere = body(json!([hook, "0ujtsYcgvSTl8PAuAdqWYSMnLOv"]));
        let refused = api.post("/transformations", nowhere).problem();
        assert_eq!(refused, "404 not_found: destination not found");
        let refused = api.post("/libraries", body(json!([hook]))).problem();
        assert_eq!(
            refused,
            "400 no_destinations: a library is before no destination: leave destinationIds out"
        );
        let both = body(json!([hook, mail, hook]));
        let made = story.tell("create", api.post("/transformations", both));
        assert_eq!(made["destinations"].as_array().map(Vec::len), Some(2));
        let seen = api.get(&format!("/v2/destinations/{hook}")).ok();
        assert_eq!(seen["destination"]["transformation"]["id"], made["id"]);
        story.tell("none", api.post("/transformations", body(json!([]))));
        story.tell("null", api.post("/transformations", body(Value::Null)));
        let told = story.end();
        told.lines()
            .filter(|line| !line.contains(" -> ") || line.contains("ID"))
            .fold(String::new(), |told, line| told + line + "\n")
    });
    assert_snapshot!(story, @r#"
    create
        transformation.created One
          version: nothing -> "ID"
        destination.connected_transformation Hook ~ transformation One
          transformation: nothing -> "ID"
        destination.updated_transformation Mail ~ transformation One ~ transformation Old
          transformation: "ID" -> "ID"
    none
        transformation.created One
          version: nothing -> "ID"
    null
        transformation.created One
          version: nothing -> "ID"
    "#);
}

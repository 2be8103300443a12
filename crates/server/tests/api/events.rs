//! Each row of the catalogue for sources, destinations, transformations and libraries is emitted exactly when it should be.

use insta::assert_snapshot;
use serde_json::json;

use crate::support::{Story, id, on_both};

#[test]
fn a_source_tells_name_and_settings_apart() {
    let story = on_both(|api| {
        let mut story = Story::of(&api);
        let body = json!({ "name": "Web", "type": "Javascript", "enabled": true, "config": null });
        let made = story.tell("create", api.post("/v2/sources", body));
        let path = format!("/v2/sources/{}", id(&made["source"]));
        let same = json!({ "name": "Web", "type": "Javascript", "enabled": true, "config": null });
        story.tell("nothing changed", api.put(&path, same));
        story.tell("rename", api.put(&path, json!({ "name": "Site" })));
        story.tell("disable", api.put(&path, json!({ "enabled": false })));
        let body = json!({ "config": { "a": { "b": [1, 2] } } });
        story.tell("settings", api.put(&path, body));
        let body = json!({ "name": "Shop", "enabled": true, "config": { "a": { "b": [1, 3] } }, "transient": true, "geoEnrichmentEnabled": true });
        story.tell("both", api.put(&path, body));
        let body = json!({ "externalId": "shop" });
        let external = format!("{path}/external-id");
        story.tell("external id", api.put(&external, body.clone()));
        story.tell("external id again", api.put(&external, body));
        story.tell("delete", api.delete(&path));
        story.end()
    });
    assert_snapshot!(story, @r#"
    create
        source.created Web
          config: nothing -> {}
          enabled: nothing -> true
          geoEnrichmentEnabled: nothing -> false
          name: nothing -> "Web"
          transient: nothing -> false
          type: nothing -> "Javascript"
          writeKey: redacted
    nothing changed
    rename
        source.updated_name Site
          name: "Web" -> "Site"
    disable
        source.updated Site
          enabled: true -> false
    settings
        source.updated Site
          config.a.b: nothing -> [1,2]
    both
        source.updated_name Shop
          name: "Site" -> "Shop"
        source.updated Shop
          config.a.b: [1,2] -> [1,3]
          enabled: false -> true
          geoEnrichmentEnabled: false -> true
          transient: false -> true
    external id
        source.updated Shop
          externalId: nothing -> "shop"
    external id again
    delete
        source.deleted Shop
          config.a.b: [1,3] -> nothing
          enabled: true -> nothing
          externalId: "shop" -> nothing
          geoEnrichmentEnabled: true -> nothing
          name: "Shop" -> nothing
          transient: true -> nothing
          type: "Javascript" -> nothing
          writeKey: redacted
    "#);
}

#[test]
fn the_other_form_of_a_source_gives_the_same_events() {
    let story = on_both(|api| {
        let mut story = Story::of(&api);
        let body =
            json!({ "externalId": "web", "name": "Web", "type": "javascript", "enabled": true });
        let made = story.tell("create", api.post("/v2/event-stream-sources", body));
        let path = format!("/v2/event-stream-sources/{}", id(&made));
        let body = json!({ "name": "Site", "enabled": false });
        story.tell("both", api.put(&path, body.clone()));
        story.tell("nothing changed", api.put(&path, body));
        story.tell("delete", api.delete(&path));
        story.end()
    });
    assert_snapshot!(story, @r#"
    create
        source.created Web
          config: nothing -> {}
          enabled: nothing -> true
          externalId: nothing -> "web"
          geoEnrichmentEnabled: nothing -> false
          name: nothing -> "Web"
          transient: nothing -> false
          type: nothing -> "javascript"
          writeKey: redacted
    both
        source.updated_name Site
          name: "Web" -> "Site"
        source.updated Site
          enabled: true -> false
    nothing changed
    delete
        source.deleted Site
          config: {} -> nothing
          enabled: false -> nothing
          externalId: "web" -> nothing
          geoEnrichmentEnabled: false -> nothing
          name: "Site" -> nothing
          transient: false -> nothing
          type: "javascript" -> nothing
          writeKey: redacted
    "#);
}

#[test]
fn a_destination_tells_name_and_settings_apart() {
    let story = on_both(|api| {
        let mut story = Story::of(&api);
        let body = json!({ "name": "Lake", "type": "S3", "config": { "bucketName": "b", "accessKey": "k" } });
        let made = story.tell("create", api.post("/v2/destinations", body.clone()));
        let path = format!("/v2/destinations/{}", id(&made["destination"]));
        story.tell("nothing changed", api.put(&path, body));
        story.tell("rename", api.put(&path, json!({ "name": "Sea" })));
        story.tell("version", api.put(&path, json!({ "version": 2 })));
        let body = json!({ "name": "Sea", "type": "S3", "enabled": false, "config": { "bucketName": "c", "accessKey": "k" } });
        story.tell("settings", api.put(&path, body));
        let body = json!({ "name": "Pond", "config": { "accessKey": "l" } });
        story.tell("both", api.put(&path, body));
        let body = json!({ "externalId": "pond" });
        story.tell("external id", api.put(&format!("{path}/external-id"), body));
        story.tell("delete", api.delete(&path));
        story.end()
    });
    assert_snapshot!(story, @r#"
    create
        destination.created Lake
          config.accessKey: redacted
          config.bucketName: nothing -> "b"
          enabled: nothing -> true
          name: nothing -> "Lake"
          type: nothing -> "S3"
          version: nothing -> 1
    nothing changed
    rename
        destination.updated_name Sea
          name: "Lake" -> "Sea"
    version
        destination.updated Sea
          version: 1 -> 2
    settings
        destination.updated Sea
          config.bucketName: "b" -> "c"
          enabled: true -> false
    both
        destination.updated_name Pond
          name: "Sea" -> "Pond"
        destination.updated Pond
          config.accessKey: redacted
          config.bucketName: "c" -> nothing
    external id
        destination.updated Pond
          externalId: nothing -> "pond"
    delete
        destination.deleted Pond
          config.accessKey: redacted
          enabled: false -> nothing
          externalId: "pond" -> nothing
          name: "Pond" -> nothing
          type: "S3" -> nothing
          version: 2 -> nothing
    "#);
}

#[test]
fn a_number_that_is_only_written_otherwise_is_no_change() {
    let story = on_both(|api| {
        let mut story = Story::of(&api);
        let config = |text: &str| {
            let config: serde_json::Value = serde_json::from_str(text).expect("JSON");
            json!({ "name": "Hook", "type": "WEBHOOK", "config": config })
        };
        let made = api.post("/v2/destinations", config(r#"{"a":[1,{"b":2.50}],"c":3}"#));
        let made = story.tell("create", made);
        let path = format!("/v2/destinations/{}", id(&made["destination"]));
        let same = config(r#"{"a":[1.0,{"b":25e-1}],"c":3.0}"#);
        story.tell("nothing changed", api.put(&path, same));
        let other = config(r#"{"a":[1.0,{"b":2.5}],"c":4.0}"#);
        story.tell("one changed", api.put(&path, other));
        story.end()
    });
    assert_snapshot!(story, @r#"
    create
        destination.created Hook
          config.a.0: nothing -> 1
          config.a.1.b: nothing -> 2.50
          config.c: nothing -> 3
          enabled: nothing -> true
          name: nothing -> "Hook"
          type: nothing -> "WEBHOOK"
          version: nothing -> 1
    nothing changed
    one changed
        destination.updated Hook
          config.c: 3 -> 4.0
    "#);
}

#[test]
fn a_connection_is_told_of_its_destination_and_the_source_is_related() {
    let story = on_both(|api| {
        let (source, destination) = (api.source("Web"), api.destination("Hook"));
        let mut story = Story::of(&api);
        let body = json!({ "sourceId": source, "destinationId": destination, "enabled": true });
        let made = story.tell("connect", api.post("/v2/connections", body.clone()));
        let path = format!("/v2/connections/{}", id(&made["connection"]));
        story.tell("nothing changed", api.put(&path, body));
        story.tell("disable", api.put(&path, json!({ "enabled": false })));
        let body = json!({ "externalId": "web-hook" });
        story.tell("external id", api.put(&format!("{path}/external-id"), body));
        story.tell("disconnect", api.delete(&path));
        story.end()
    });
    assert_snapshot!(story, @r#"
    connect
        destination.connected_source Hook ~ source Web
          enabled: nothing -> true
          source: nothing -> "ID"
    nothing changed
    disable
        destination.updated_connection Hook ~ source Web
          enabled: true -> false
    external id
        destination.updated_connection Hook ~ source Web
          externalId: nothing -> "web-hook"
    disconnect
        destination.disconnected_source Hook ~ source Web
          enabled: false -> nothing
          externalId: "web-hook" -> nothing
          source: "ID" -> nothing
    "#);
}

#[test]
fn a_transformation_is_put_before_a_destination_exchanged_and_taken_away() {
    let story = on_both(|api| {
        let destination = api.destination("Hook");
        let one = id(&api.code("transformations", "One", "a"));
        let two = id(&api.code("transformations", "Two", "b"));
        let mut story = Story::of(&api);
        story.tell("put", api.link(&destination, &one));
        story.tell("the same again", api.link(&destination, &one));
        story.tell("another", api.link(&destination, &two));
        let path = format!("/v2/destinations/{destination}/transformation");
        story.tell("take away", api.delete(&path));
        story.end()
    });
    assert_snapshot!(story, @r#"
    put
        destination.connected_transformation Hook ~ transformation One
          transformation: nothing -> "ID"
    the same again
    another
        destination.updated_transformation Hook ~ transformation Two ~ transformation One
          transformation: "ID" -> "ID"
    take away
        destination.disconnected_transformation Hook ~ transformation Two
          transformation: "ID" -> nothing
    "#);
}

#[test]
fn deleting_a_source_first_disconnects_it_from_each_destination() {
    let story = on_both(|api| {
        let web = api.source("Web");
        let (one, two) = (api.destination("One"), api.destination("Two"));
        api.connection(&web, &one);
        api.clock.advance(1_000_000);
        api.connection(&web, &two);
        let mut story = Story::of(&api);
        story.tell("delete", api.delete(&format!("/v2/sources/{web}")));
        story.end()
    });
    assert_snapshot!(story, @r#"
    delete
        destination.disconnected_source One ~ source Web
          enabled: true -> nothing
          source: "ID" -> nothing
        destination.disconnected_source Two ~ source Web
          enabled: true -> nothing
          source: "ID" -> nothing
        source.deleted Web
          config: {} -> nothing
          enabled: true -> nothing
          geoEnrichmentEnabled: false -> nothing
          name: "Web" -> nothing
          transient: false -> nothing
          type: "Javascript" -> nothing
          writeKey: redacted
    "#);
}

#[test]
fn deleting_a_destination_first_removes_its_connections_and_its_transformation() {
    let story = on_both(|api| {
        let hook = api.destination("Hook");
        for name in ["Web", "Shop"] {
            api.connection(&api.source(name), &hook);
            api.clock.advance(1_000_000);
        }
        let one = id(&api.code("transformations", "One", "a"));
        api.link(&hook, &one).ok();
        let mut story = Story::of(&api);
        story.tell("delete", api.delete(&format!("/v2/destinations/{hook}")));
        story.end()
    });
    assert_snapshot!(story, @r#"
    delete
        destination.disconnected_source Hook ~ source Web
          enabled: true -> nothing
          source: "ID" -> nothing
        destination.disconnected_source Hook ~ source Shop
          enabled: true -> nothing
          source: "ID" -> nothing
        destination.disconnected_transformation Hook ~ transformation One
          transformation: "ID" -> nothing
        destination.deleted Hook
          config: {} -> nothing
          enabled: true -> nothing
          name: "Hook" -> nothing
          type: "WEBHOOK" -> nothing
          version: 1 -> nothing
    "#);
}

#[test]
fn transformations_and_libraries_have_no_event_for_a_name_of_its_own() {
    for (noun, expected) in [
        ("transformations", "transformation"),
        ("libraries", "transformation_library"),
    ] {
        let story = on_both(|api| {
            let mut story = Story::of(&api);
            let body = json!({ "name": "One", "description": "d", "code": "a", "language": "javascript", "externalId": "one" });
            let made = story.tell(
                "create",
                api.post(&format!("/{noun}?publish=false"), body.clone()),
            );
            let path = format!("/{noun}/{}", id(&made));
            story.tell("nothing changed", api.post(&path, body));
            story.tell("rename", api.post(&path, json!({ "name": "Uno" })));
            let changed = story.tell("code", api.post(&path, json!({ "code": "b" })));
            let versions = json!({ noun: [{ "versionId": changed["versionId"] }] });
            story.tell(
                "publish",
                api.post("/transformations/publish", versions.clone()),
            );
            story.tell(
                "publish again",
                api.post("/transformations/publish", versions),
            );
            let path_and = format!("{path}?publish=true");
            story.tell(
                "code, published",
                api.post(&path_and, json!({ "code": "c" })),
            );
            story.tell("delete", api.delete(&path));
            story.end()
        });
        let story = story.replace(&format!("{expected}."), "KIND.");
        insta::allow_duplicates! { assert_snapshot!(story, @r#"
        create
            KIND.created One
              code: nothing -> "a"
              description: nothing -> "d"
              externalId: nothing -> "one"
              language: nothing -> "javascript"
              name: nothing -> "One"
              version: nothing -> "ID"
        nothing changed
        rename
            KIND.updated Uno
              name: "One" -> "Uno"
              version: "ID" -> "ID"
        code
            KIND.updated Uno
              code: "a" -> "b"
              version: "ID" -> "ID"
        publish
            KIND.published Uno
              publishedVersion: nothing -> "ID"
        publish again
        code, published
            KIND.updated Uno
              code: "b" -> "c"
              version: "ID" -> "ID"
            KIND.published Uno
              publishedVersion: "ID" -> "ID"
        delete
            KIND.deleted Uno
              code: "c" -> nothing
              description: "d" -> nothing
              externalId: "one" -> nothing
              language: "javascript" -> nothing
              name: "Uno" -> nothing
              publishedVersion: "ID" -> nothing
              version: "ID" -> nothing
        "#); }
    }
}

#[test]
fn what_is_published_at_once_is_created_and_published_in_one_request() {
    let story = on_both(|api| {
        let mut story = Story::of(&api);
        let body = json!({ "name": "One", "code": "a", "language": "javascript" });
        story.tell("create", api.post("/transformations?publish=true", body));
        story.end()
    });
    assert_snapshot!(story, @r#"
    create
        transformation.created One
          code: nothing -> "a"
          description: nothing -> ""
          language: nothing -> "javascript"
          name: nothing -> "One"
          version: nothing -> "ID"
        transformation.published One
          publishedVersion: nothing -> "ID"
    "#);
}

#[test]
fn a_refused_connection_tells_of_its_source_as_a_made_one_does() {
    let told = on_both(|api| {
        let (web, hook) = (api.source("Web"), api.destination("Hook"));
        let account = api.account("Warehouse");
        let (model, lake) = (api.model("Customers", &account), api.destination("Lake"));
        let synced = api.synced(&model, &lake);
        let connection = api.connection(&web, &hook);
        let external = format!("/v2/connections/{connection}/external-id");
        api.put(&external, json!({ "externalId": "one" })).ok();
        let retl_external = format!("/v2/retl-connections/{synced}/external-id");
        api.put(&retl_external, json!({ "externalId": "one" })).ok();
        let before = api.events().len();
        let body = json!({ "sourceId": web, "destinationId": hook });
        api.post("/v2/connections", body).problem();
        let body = json!({ "sourceId": web, "destinationId": lake, "externalId": "one" });
        api.post("/v2/connections", body).problem();
        let other = json!({ "externalId": "two" });
        api.put(&external, other.clone()).problem();
        api.put(&retl_external, other).problem();
        let body = json!({
            "sourceId": model, "destinationId": lake, "schedule": { "type": "manual" },
            "syncBehaviour": "full", "identifiers": [{ "from": "id", "to": "user_id" }],
        });
        api.post("/v2/retl-connections", body).problem();
        let events = api.events();
        let told: Vec<String> = events[before..].iter().map(crate::support::told).collect();
        told.join("\n")
    });
    assert_snapshot!(told, @r"
    destination.connected_source Hook ~ source Web [failed: already_connected]
    destination.connected_source Lake ~ source Web [failed: external_id_taken]
    destination.updated_connection Hook ~ source Web [failed: external_id_set]
    destination.updated_connection Lake ~ source Customers ~ connection Customers to Lake [failed: external_id_set]
    destination.connected_source Lake ~ source Customers [failed: already_connected]
    ");
}

use serde_json::json;

use super::*;

fn file() -> Value {
    json!({
        "workspaceId": "w",
        "sources": [
            { "id": "s1", "name": "Web", "writeKey": "k1", "enabled": true, "config": { "a": 1 }, "sourceDefinition": { "name": "Javascript" },
              "geoEnrichment": { "enabled": true },
              "destinations": [{ "id": "d1", "name": "Hook", "enabled": true, "config": { "webhookUrl": "u" }, "secretConfig": { "key": "s" },
                "isConnectionEnabled": false, "transformations": [{ "versionId": "v1" }], "destinationDefinition": { "name": "WEBHOOK" } }] },
            { "id": "s2", "name": "App", "writeKey": "k2", "enabled": false, "sourceDefinition": { "name": "Android" }, "destinations": [] },
        ],
        "libraries": [{ "versionId": "l1", "name": "Utils", "code": "export const a = 1;" }],
        "connections": { "c1": { "sourceId": "s2", "destinationId": "d1", "enabled": true } },
        "accounts": { "a": { "id": "a", "accountDefinitionName": "salesforce_oauth", "options": { "o": 1 }, "secret": {} } },
        "credentials": { "c": { "key": "k" } },
    })
}

fn read(file: &Value) -> Result<Plan, String> {
    Plan::read(file.to_string().as_bytes(), Definitions::own()).map_err(|error| error.to_string())
}

#[test]
fn a_file_becomes_a_plan() {
    let mut plan = read(&file()).expect("a plan");
    assert_eq!(plan.sources[0].write_key.as_deref(), Some("k1"));
    assert!(plan.sources[0].geo_enrichment && !plan.sources[1].enabled);
    assert_eq!(
        plan.destinations[0].config,
        json!({ "webhookUrl": "u", "key": "s" })
    );
    let pairs: Vec<_> = plan
        .connections
        .iter()
        .map(|one| (one.source, one.destination, one.enabled))
        .collect();
    assert_eq!(pairs, [(0, 0, false), (1, 0, true)]);
    assert_eq!(plan.wanted().count(), 1);
    plan.leave_what_is_wanted();
    assert!(
        !plan.destinations[0].enabled,
        "untransformed events must not flow"
    );
    assert_eq!(
        plan.left,
        [
            "the secret of account \u{201c}salesforce_oauth\u{201d}, which the file does not have",
            "1 credentials",
            "the code of transformation version v1",
            "destination \u{201c}Hook\u{201d} comes disabled, because its transformation stays behind",
        ]
    );
    assert_eq!(plan.len(), 2 + 1 + 2 + 1 + 1);
    let account = &plan.accounts[0];
    assert_eq!(
        (&*account.from, &*account.name, &account.options),
        ("a", "salesforce_oauth", &json!({ "o": 1 }))
    );
}

#[test]
fn a_destination_comes_disabled_where_its_transformation_imports_what_stays_behind() {
    let code = |imports: &str| json!([{ "versionId": "v1", "name": "Mask", "code": format!("import {{ f }} from '{imports}';") }]);
    let left = |libraries: Value, imports: &str| {
        let mut file = file();
        file["libraries"] = libraries;
        *at(&mut file, 0, "transformations") = code(imports);
        let mut plan = read(&file).expect("a plan");
        plan.leave_what_is_wanted();
        let one = &plan.destinations[0];
        assert_eq!(one.transformation.as_deref(), Some("v1"));
        (one.enabled, plan.left.split_off(2))
    };
    let utils = json!({ "versionId": "l1", "name": "Utils", "code": "export const f = 1;" });
    let (nameless, geo) = (
        json!({ "versionId": "l2" }),
        json!({ "versionId": "l3", "name": "Geo" }),
    );
    let disabled = "destination \u{201c}Hook\u{201d} comes disabled, because its transformation imports \u{201c}utils\u{201d}, and no such library comes";
    let stays = |version: &str| format!("the code of library version {version}");
    // Which one it is that has no name is not known: it may be the one that is imported.
    assert_eq!(
        left(json!([nameless]), "utils"),
        (false, vec![stays("l2"), disabled.to_owned()])
    );
    assert_eq!(
        left(json!([{ "versionId": "l1", "name": "Utils" }]), "utils"),
        (false, vec![stays("l1"), disabled.to_owned()])
    );
    assert_eq!(
        left(json!([utils, nameless]), "utils"),
        (true, vec![stays("l2")])
    );
    assert_eq!(
        left(json!([utils, geo]), "utils"),
        (true, vec![stays("l3")])
    );
    let hosted = disabled.replace("utils", "@rs/urlParser/v1");
    assert_eq!(
        left(json!([utils]), "@rs/urlParser/v1"),
        (false, vec![hosted])
    );
}

#[test]
fn a_file_with_a_key_twice_is_refused_and_the_key_is_named() {
    let file = file().to_string();
    for (key, old, new) in [
        (
            "enabled",
            r#""enabled":true"#,
            r#""enabled":false,"enabled":true"#,
        ),
        (
            "webhookUrl",
            r#""webhookUrl":"u""#,
            r#""webhookUrl":"u","webhookUrl":"v""#,
        ),
        ("sources", r#""sources":["#, r#""sources":[],"sources":["#),
    ] {
        assert!(file.contains(old), "{file}");
        let twice = file.replacen(old, new, 1);
        let refused = Plan::read(twice.as_bytes(), Definitions::own()).expect_err("refused");
        let said = format!("a key is there twice: duplicate field `{key}` at line 1 column ");
        assert!(refused.to_string().starts_with(&said), "{refused}");
    }
}

/// A file with one destination below two web sources and one of a server, the connection of the second being off.
fn shared() -> Value {
    let below = |source: &str, kind: &str, is_on: bool| {
        json!({ "id": source, "name": source, "sourceDefinition": { "name": kind }, "destinations": [{
            "id": "d", "name": "Hook", "destinationDefinition": { "name": "WEBHOOK" }, "config": { "a": 1 },
            "enabled": is_on, "isConnectionEnabled": is_on,
        }] })
    };
    json!({ "sources": [below("s1", "Javascript", true), below("s2", "Javascript", false), below("s3", "HTTP", true)] })
}

fn at<'v>(file: &'v mut Value, source: usize, name: &str) -> &'v mut Value {
    &mut file["sources"][source]["destinations"][0][name]
}

#[test]
fn a_connection_that_is_off_says_nothing_of_its_destination() {
    let told = |file: &Value| {
        let plan = read(file)?;
        let open: Vec<bool> = plan.connections.iter().map(|one| one.enabled).collect();
        Ok::<_, String>((plan.destinations[0].enabled, open))
    };
    let mut file = shared();
    assert_eq!(told(&file), Ok((true, vec![true, false, true])));
    for source in [0, 2] {
        *at(&mut file, source, "enabled") = json!(false);
    }
    assert_eq!(told(&file), Ok((false, vec![true, false, true])));
    *at(&mut file, 0, "enabled") = json!(true);
    let differ = "sources[0].destinations[0] and sources[2].destinations[0] have the same id and are not the same";
    assert_eq!(told(&file), Err(differ.to_owned()));

    // Where all are off it is on, unless the file says it elsewhere.
    let mut off = shared();
    for source in 0..3 {
        *at(&mut off, source, "enabled") = json!(false);
        *at(&mut off, source, "isConnectionEnabled") = json!(false);
    }
    assert_eq!(told(&off), Ok((true, vec![false; 3])));
    off["destinations"] = json!({ "d": { "enabled": false } });
    assert_eq!(told(&off), Ok((false, vec![false; 3])));
    let mut on = shared();
    on["destinations"] = json!({ "d": { "enabled": false } });
    let differ =
        "destinations.d and sources[0].destinations[0] have the same id and are not the same";
    assert_eq!(told(&on), Err(differ.to_owned()));
    // The connections of a file may say it too.
    let mut listed = shared();
    at(&mut listed, 1, "isConnectionEnabled").take();
    listed["connections"] =
        json!({ "c": { "sourceId": "s2", "destinationId": "d", "enabled": false } });
    assert_eq!(told(&listed), Ok((true, vec![true, false, true])));
}

#[test]
fn settings_that_differ_by_platform_are_kept_by_platform() {
    let mut file = shared();
    let consents =
        |name: &str| json!([{ "provider": "oneTrust", "consents": [{ "consent": name }] }]);
    for source in [0, 1] {
        at(&mut file, source, "config")["consentManagement"] = consents("C1");
        at(&mut file, source, "config")["oneTrustCookieCategories"] =
            json!([{ "oneTrustCookieCategory": "C1" }]);
    }
    at(&mut file, 2, "config")["consentManagement"] = consents("C2");
    let config =
        json!({ "a": 1, "consentManagement": { "web": consents("C1"), "cloud": consents("C2") } });
    assert_eq!(read(&file).expect("a plan").destinations[0].config, config);
    // What is secret is where the settings have it: by that it is known whether it is kept so.
    for source in 0..3 {
        *at(&mut file, source, "secretConfig") = json!({ "connectionMode": "m", "b": "s" });
    }
    let secret = json!({ "connectionMode": { "web": "m", "cloud": "m" }, "b": "s" });
    assert_eq!(read(&file).expect("a plan").destinations[0].secret, secret);
    at(&mut file, 1, "config")["consentManagement"] = consents("C3");
    let differ = "sources[0].destinations[0] and sources[1].destinations[0] have the same id and are not the same";
    assert_eq!(read(&file), Err(differ.to_owned()));
}

#[test]
fn a_destination_below_no_source_comes_unconnected_or_is_named() {
    let mut file = file();
    let whole = json!({
        "name": "Alone", "enabled": false, "destinationDefinition": { "name": "WEBHOOK" },
        "config": { "webhookUrl": "u", "consentManagement": { "web": [] } }, "secretConfig": { "key": "s" },
    });
    let deleted =
        json!({ "name": "Gone", "deleted": true, "destinationDefinition": { "name": "WEBHOOK" } });
    file["destinations"] = json!({
        "d1": { "enabled": true }, "d2": whole, "d3": { "name": "Nameless type" }, "d4": { "enabled": true }, "d5": deleted,
    });
    let plan = read(&file).expect("a plan");
    assert_eq!(plan.destinations.len(), 2);
    let alone = &plan.destinations[1];
    assert_eq!(
        (&*alone.from, &*alone.name, alone.enabled),
        ("d2", "Alone", false)
    );
    assert_eq!(
        alone.config,
        json!({ "webhookUrl": "u", "consentManagement": { "web": [] }, "key": "s" })
    );
    assert!(plan.connections.iter().all(|one| one.destination == 0));
    let too_little = "which is below no source and has no name or no type in the file";
    assert_eq!(
        plan.left[1..4],
        [
            format!("destination \u{201c}Nameless type\u{201d}, {too_little}"),
            format!("destination \u{201c}d4\u{201d}, {too_little}"),
            "destination \u{201c}Gone\u{201d}, which is deleted".to_owned(),
        ]
    );
    // A list says the same, and what is connected elsewhere in the file is connected.
    let mut one = file["destinations"]["d2"].clone();
    one["id"] = json!("d2");
    file["destinations"] = json!([one]);
    file["connections"]["c2"] = json!({ "sourceId": "s1", "destinationId": "d2" });
    let plan = read(&file).expect("a plan");
    assert_eq!(plan.destinations[1].name, "Alone");
    let link = plan.connections.iter().find(|one| one.destination == 1);
    assert_eq!(link.map(|one| (one.source, one.enabled)), Some((0, true)));
}

#[test]
fn what_a_config_generator_keeps_unconnected_comes_over() {
    let mut file = file();
    let alone = json!({
        "id": "d2", "name": "Alone", "enabled": true, "destinationDefinition": { "name": "WEBHOOK" },
        "config": { "webhookUrl": "u" }, "rootStore": null,
    });
    let connected =
        json!({ "id": "d1", "name": "Stale", "destinationDefinition": { "name": "S3" } });
    let all = json!([connected, alone, { "id": "d3" }]);
    file["metadata"] = json!({ "destinationListStore": { "destinations": all }, "version": "1" });
    let plan = read(&file).expect("a plan");
    let names: Vec<_> = plan.destinations.iter().map(|one| &*one.name).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert_eq!(names[1], "Alone");
    assert!(plan.connections.iter().all(|one| one.destination == 0));
    let d3 = "destination \u{201c}d3\u{201d}, which is below no source and has no name or no type in the file";
    assert!(plan.left.iter().any(|one| one == d3), "{:?}", plan.left);
}

#[test]
fn what_is_not_known_here_is_named() {
    let mut file = file();
    file["unknownTop"] = json!({ "x": 1 });
    file["nothing"] = json!({});
    for source in [0, 1] {
        file["sources"][source]["weird"] = json!(1);
    }
    *at(&mut file, 0, "extra") = json!("x");
    let left = read(&file).expect("a plan").left;
    assert_eq!(
        left[2..],
        [
            "\u{201c}extra\u{201d} of destinations, which is not known here",
            "\u{201c}weird\u{201d} of sources, which is not known here",
            "\u{201c}unknownTop\u{201d} of the file, which is not known here",
        ]
    );
}

#[test]
fn what_is_no_such_file_is_refused_with_its_place() {
    let mut told = Vec::new();
    let whole = file().to_string();
    let cut = Plan::read(&whole.as_bytes()[..whole.len() / 2], Definitions::own());
    let cut = cut.expect_err("half a file").to_string();
    let begins = "this is no whole JSON file: it ends too early: ";
    assert!(cut.starts_with(begins), "{cut}");
    for (pointer, value) in [
        ("", json!([])),
        ("", json!({ "source": {} })),
        ("/sources", json!({})),
        ("/sources/1", json!("x")),
        ("/sources/1/name", json!("")),
        ("/sources/1/id", json!("s1")),
        ("/sources/1/writeKey", json!("k1")),
        ("/sources/1/writeKey", json!(7)),
        ("/sources/0/sourceDefinition", json!(null)),
        (
            "/sources/0/destinations/0/destinationDefinition/name",
            json!(null),
        ),
        ("/sources/0/destinations/0/config", json!("x")),
        ("/sources/0/destinations/0/enabled", json!("yes")),
        (
            "/sources/0/destinations/0/transformations/0/versionId",
            json!(null),
        ),
        ("/connections/c1/sourceId", json!(null)),
        ("/accounts/a/accountDefinitionName", json!(null)),
        ("/accounts/a/secret", json!("s")),
    ] {
        let mut file = file();
        *file.pointer_mut(pointer).expect("a place") = value;
        told.push(read(&file).expect_err("refused"));
    }
    let mut twice = file();
    let mut other = twice["sources"][0]["destinations"][0].clone();
    other["name"] = json!("Another");
    twice["sources"][1]["destinations"] = json!([other]);
    told.push(read(&twice).expect_err("refused"));
    insta::assert_snapshot!(told.join("\n"), @r"
    the file must be an object
    this is no workspaceConfig.json: it has no “sources” at its top
    the file.sources must be a list
    sources[1] must be an object
    sources[1].name must be a text that is not empty
    sources[0] and sources[1] have the same id
    sources[0] and sources[1] have the same write key
    sources[1].writeKey must be a text
    sources[0].sourceDefinition must be an object
    sources[0].destinations[0].destinationDefinition.name must be a text that is not empty
    sources[0].destinations[0].config must be an object
    sources[0].destinations[0].enabled must be true or false
    sources[0].destinations[0].transformations[0].versionId must be a text that is not empty
    connections.c1.sourceId must be a text that is not empty
    accounts.a.accountDefinitionName must be a text that is not empty
    accounts.a.secret must be an object
    sources[0].destinations[0] and sources[1].destinations[0] have the same id and are not the same
    ");
}

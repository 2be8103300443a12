//! A transformer that is down, slow, or answers nonsense; and no transformer at all.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use insta::assert_snapshot;
use model::role::WorkspaceRole;
use serde_json::{Value, json};
use server::transformer::Transformer;

use crate::support::{Api, Story, on_both, without_ids};

/// The same instance, with a transformer at an address.
fn with(mut api: Api, url: &str) -> Api {
    let patience = Duration::from_millis(300);
    let transformer = Transformer::new(url, patience).expect("an address");
    api.app = api.app.with_transformer(Some(transformer));
    api.router = server::serve::router(&api.app);
    api
}

/// A server that answers every request with the same, or never.
fn peer(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming().map_while(Result::ok) {
            match answer {
                Some(answer) => reply(stream, answer),
                None => kept.push(stream),
            }
        }
    });
    url
}

fn reply(mut stream: TcpStream, answer: &str) {
    let mut seen = Vec::new();
    let mut bytes = [0; 4096];
    // The whole body, so that the connection does not end in the middle of it.
    while let Ok(count @ 1..) = stream.read(&mut bytes) {
        seen.extend_from_slice(&bytes[..count]);
        let text = String::from_utf8_lossy(&seen);
        let length = text
            .lines()
            .find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .trim()
                    .parse()
                    .ok()
            })
            .unwrap_or(0);
        if text
            .split_once("\r\n\r\n")
            .is_some_and(|(_, body)| body.len() >= length)
        {
            break;
        }
    }
    let _ = stream.write_all(answer.as_bytes());
}

fn answer(status: &str, body: &str) -> &'static str {
    let text = format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    Box::leak(text.into_boxed_str())
}

#[test]
fn a_transformer_without_a_verdict_changes_nothing_and_leaves_no_event() {
    let dead = {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        format!("http://{}", listener.local_addr().expect("an address"))
    };
    let told = on_both(|api| {
        let one = api.code("transformations", "One", "export const one = 1;");
        let body = json!({ "transformations": [{ "versionId": one["versionId"] }] });
        let path = format!(
            "/transformations/{}?publish=true",
            one["id"].as_str().expect("an id")
        );
        let mut api = api;
        let mut told = Vec::new();
        for (name, url) in [
            ("down", dead.clone()),
            ("slow", peer(None)),
            ("no JSON", peer(Some(answer("200 OK", "<html>")))),
            (
                "another JSON",
                peer(Some(answer("200 OK", "{\"ok\":true}"))),
            ),
            (
                "neither an event nor an error",
                peer(Some(answer(
                    "200 OK",
                    "{\"transformedEvents\":[{\"foo\":1}]}",
                ))),
            ),
            (
                "a text for an event",
                peer(Some(answer(
                    "200 OK",
                    "{\"transformedEvents\":[{\"transformedEvent\":\"str\"}]}",
                ))),
            ),
            (
                "an event that was dropped",
                peer(Some(answer(
                    "200 OK",
                    "{\"transformedEvents\":[{\"transformedEvent\":null}]}",
                ))),
            ),
            (
                "no such route",
                peer(Some(answer("404 Not Found", "Not Found"))),
            ),
            (
                "an error",
                peer(Some(answer(
                    "500 Internal Server Error",
                    "{\"error\":\"broken\"}",
                ))),
            ),
            (
                "cut",
                peer(Some("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"tr")),
            ),
        ] {
            api = with(api, &url);
            let before = api.state();
            let answers = [
                api.post("/transformations/publish", body.clone()),
                api.post("/transformations/tests/run", body.clone()),
                api.post(&path, json!({ "code": "export const two = 2;" })),
                api.post(
                    "/transformations?publish=true",
                    json!({ "name": "Two", "code": "export const two = 2;" }),
                ),
            ];
            let said: Vec<String> = answers
                .iter()
                .map(|answer| answer.problem().replace(&url, "URL"))
                .collect();
            assert!(said.iter().all(|one| *one == said[0]), "{said:?}");
            told.push(format!("{name}: {}", said[0]));
            assert_eq!(api.state(), before, "{name}");
        }
        told.join("\n")
    });
    assert_snapshot!(told, @r"
    down: 503 transformer_unreachable: the transformer cannot be reached: io: Connection refused (os error 111). Nothing was changed.
    slow: 504 transformer_timed_out: the transformer did not answer within 0.3 seconds. Nothing was changed.
    no JSON: 502 transformer_nonsense: the transformer answered what cannot be understood: /transformation/testRun gives status 200 and no JSON. Nothing was changed.
    another JSON: 502 transformer_nonsense: the transformer answered what cannot be understood: /transformation/testRun gives no “transformedEvents”. Nothing was changed.
    neither an event nor an error: 502 transformer_nonsense: the transformer answered what cannot be understood: /transformation/testRun gives an element of “transformedEvents” with neither an event nor an error. Nothing was changed.
    a text for an event: 502 transformer_nonsense: the transformer answered what cannot be understood: /transformation/testRun gives an element of “transformedEvents” with neither an event nor an error. Nothing was changed.
    an event that was dropped: 502 transformer_nonsense: the transformer answered what cannot be understood: /transformation/testRun gives an element of “transformedEvents” with neither an event nor an error. Nothing was changed.
    no such route: 502 transformer_nonsense: the transformer answered what cannot be understood: there is no /transformation/testRun; a transformer has it with TRANSFORMER_TEST_MODE=true. Nothing was changed.
    an error: 502 transformer_nonsense: the transformer answered what cannot be understood: /transformation/testRun gives status 500: broken. Nothing was changed.
    cut: 503 transformer_unreachable: the transformer cannot be reached: io: Peer disconnected. Nothing was changed.
    ");
}

#[test]
fn a_library_is_published_at_the_word_true_alone() {
    let told = on_both(|api| {
        let mut api = api;
        let body = json!({ "name": "Helpers", "code": "export const one = 1;" });
        let mut told = Vec::new();
        for said in ["{\"hello\":1}", "false", "null", "\"ok\"", "[]", "1"] {
            api = with(api, &peer(Some(answer("200 OK", said))));
            let before = api.state();
            let refused = api.post("/libraries?publish=true", body.clone());
            told.push(format!("{said} {}", refused.problem()));
            assert_eq!(api.state(), before, "{said}");
        }
        api = with(api, &peer(Some(answer("200 OK", "true"))));
        let made = api.post("/libraries?publish=true", body);
        assert_eq!(made.status, 201, "{:?}", made.json);
        told.dedup_by_key(|one| one.split_once(' ').map(|(_, why)| why.to_owned()));
        told.join("\n")
    });
    assert_snapshot!(told, @r#"{"hello":1} 502 transformer_nonsense: the transformer answered what cannot be understood: /transformationLibrary/test gives status 200 and not “true”. Nothing was changed."#);
}

#[test]
fn of_one_thing_one_version_is_published_at_once() {
    let told = on_both(|api| {
        let mut told = Vec::new();
        for (noun, list) in [
            ("transformations", "transformations"),
            ("libraries", "libraries"),
        ] {
            let made = api.code(noun, "One", "export const one = 1;");
            let path = format!("/{noun}/{}", made["id"].as_str().expect("an id"));
            let other = api
                .post(&path, json!({ "code": "export const two = 2;" }))
                .ok();
            let versions = [&other["versionId"], &made["versionId"]];
            let body = json!({ list: versions.map(|id| json!({ "versionId": id })) });
            let before = api.state();
            let refused = api.post("/transformations/publish", body);
            told.push(without_ids(&refused.problem()));
            assert_eq!(api.state(), before, "{noun}");
        }
        told.join("\n")
    });
    assert_snapshot!(told, @r"
    400 two_versions: ID and ID are versions of one transformation, “One”; publish one of them
    400 two_versions: ID and ID are versions of one library, “One”; publish one of them
    ");
}

#[test]
fn who_may_not_write_code_has_none_of_it_run() {
    // It would answer nonsense, were it asked.
    let api = with(Api::sqlite(), &peer(Some(answer("200 OK", "<html>"))));
    let one = api.code("transformations", "One", "a");
    let body = json!({ "transformations": [{ "versionId": one["versionId"] }] });
    let viewer = api.member("Vera", Some(WorkspaceRole::Viewer)).token;
    let refused = api.ask("POST", "/transformations/publish", &viewer, &body);
    let lacking =
        "403 permission_denied: you lack the permission \u{201c}Edit transformations\u{201d}";
    assert_eq!(refused.problem(), lacking);
    let tested = api.ask("POST", "/transformations/tests/run", &viewer, &body);
    assert_eq!(
        tested.status, 502,
        "who may look may have what is there tested"
    );
    let stranger = api.stranger("Stan").token;
    let refused = api.ask("POST", "/transformations/tests/run", &stranger, &body);
    assert_eq!(refused.problem(), "404 not_found: version not found");
}

#[test]
fn without_a_transformer_code_is_published_untested_if_it_compiles() {
    let told = on_both(|api| {
        let library = api.code("libraries", "Utils", "export function f() {}");
        let one = api.code(
            "transformations",
            "One",
            "import { f } from \"utils\";\nexport const transformEvent = f;",
        );
        let bad = api.code(
            "transformations",
            "Bad",
            "export function transformEvent(event) {\n  return event +;\n}",
        );
        let snake = api
            .post(
                "/transformations",
                json!({ "name": "Snake", "code": "def f(:", "language": "python" }),
            )
            .ok();
        let mut story = Story::of(&api);
        let version = |one: &Value| json!({ "versionId": one["versionId"] });
        let publish = |ones: &[&Value]| {
            let transformations: Vec<Value> = ones.iter().map(|one| version(one)).collect();
            api.post(
                "/transformations/publish",
                json!({ "transformations": transformations, "libraries": [version(&library)] }),
            )
        };
        let mut told = String::new();
        for (what, ones) in [
            ("with one that does not compile", vec![&one, &bad]),
            ("all that compile", vec![&one, &snake]),
        ] {
            let answer = story.tell(what, publish(&ones));
            told.push_str(&without_ids(
                &serde_json::to_string_pretty(&answer).expect("JSON"),
            ));
            told.push('\n');
        }
        let path = format!(
            "/transformations/{}?publish=true",
            bad["id"].as_str().expect("an id")
        );
        for refused in [
            api.post(&path, json!({ "description": "d" })),
            api.post(
                "/libraries?publish=true",
                json!({ "name": "L", "code": "let a;\nlet a;" }),
            ),
            api.post(
                "/transformations/tests/run",
                json!({ "transformations": [version(&one)] }),
            ),
            api.post(
                "/transformations/libraries/test",
                json!({ "transformations": [version(&one)] }),
            ),
        ] {
            told.push_str(&refused.problem());
            told.push('\n');
        }
        told + &story.end()
    });
    assert_snapshot!(told, @r#"
    {
      "published": false,
      "message": "transformation “Bad”: line 2, column 17: Unexpected token",
      "validationOutput": {
        "libraries": [
          {
            "id": "ID",
            "externalId": "",
            "name": "Utils",
            "handleName": "utils",
            "versionId": "ID",
            "pass": true,
            "message": "not tested: no transformer is configured"
          }
        ],
        "transformations": [
          {
            "id": "ID",
            "externalId": "",
            "name": "One",
            "versionId": "ID",
            "imports": [
              "utils"
            ],
            "pass": true,
            "message": "not tested: no transformer is configured",
            "testResult": {
              "status": "pass",
              "results": []
            }
          },
          {
            "id": "ID",
            "externalId": "",
            "name": "Bad",
            "versionId": "ID",
            "imports": [],
            "pass": false,
            "message": "line 2, column 17: Unexpected token",
            "testResult": {
              "status": "error",
              "results": [
                {
                  "id": "syntax",
                  "name": "syntax",
                  "status": "error",
                  "actualOutput": [],
                  "errors": [
                    {
                      "message": "line 2, column 17: Unexpected token"
                    }
                  ]
                }
              ]
            }
          }
        ]
      }
    }
    {
      "published": true,
      "validationOutput": {
        "libraries": [
          {
            "id": "ID",
            "externalId": "",
            "name": "Utils",
            "handleName": "utils",
            "versionId": "ID",
            "pass": true,
            "message": "not tested: no transformer is configured"
          }
        ],
        "transformations": [
          {
            "id": "ID",
            "externalId": "",
            "name": "One",
            "versionId": "ID",
            "imports": [
              "utils"
            ],
            "pass": true,
            "message": "not tested: no transformer is configured",
            "testResult": {
              "status": "pass",
              "results": []
            }
          },
          {
            "id": "ID",
            "externalId": "",
            "name": "Snake",
            "versionId": "ID",
            "imports": [],
            "pass": true,
            "message": "not tested: no transformer is configured",
            "testResult": {
              "status": "pass",
              "results": []
            }
          }
        ]
      }
    }
    400 does_not_compile: line 2, column 17: Unexpected token
    400 does_not_compile: line 2, column 5: Identifier `a` has already been declared
    503 no_transformer: not tested: no transformer is configured
    503 no_transformer: not tested: no transformer is configured
    with one that does not compile
        transformation.published Bad [failed: does_not_compile]
    all that compile
        transformation_library.published Utils
          publishedVersion: nothing -> "ID"
        transformation.published One
          publishedVersion: nothing -> "ID"
        transformation.published Snake
          publishedVersion: nothing -> "ID"
    "#);
}

#[test]
fn what_the_event_says_of_the_tests_is_what_the_answer_said() {
    let api = Api::sqlite();
    let one = api.code("transformations", "One", "a");
    api.post(
        "/transformations/publish",
        json!({ "transformations": [{ "versionId": one["versionId"] }] }),
    )
    .ok();
    let events = api.events();
    let last = events.last().expect("an event");
    assert_eq!(last["action"], "published");
    assert_eq!(
        last["detail"],
        json!({ "tests": "not tested: no transformer is configured" })
    );
}

/// A transformer asks its control plane for such a library, is told that there is none, and gives up every event.
#[test]
fn what_imports_a_library_that_is_not_here_is_not_published_and_nothing_is_asked() {
    let [without, with_one] = [false, true].map(|has_transformer| {
        on_both(|mut api| {
            if has_transformer {
                api = with(api, &peer(Some(answer("200 OK", "<html>"))));
            }
            let text = "import url from '@rs/urlParser/v1';\nexport function transformEvent(e) { return e; }";
            let one = api.code("transformations", "One", text);
            let mut story = Story::of(&api);
            let body = json!({ "transformations": [{ "versionId": one["versionId"] }] });
            let batch = story.tell("batch", api.post("/transformations/publish", body));
            let result = &batch["validationOutput"]["transformations"][0];
            assert_eq!(
                (&batch["published"], &result["pass"], &result["imports"]),
                (&json!(false), &json!(false), &json!(["@rs/urlParser/v1"]))
            );
            assert_eq!(result["testResult"]["status"], "error");
            let path = format!("/transformations/{}", crate::support::id(&one));
            let description = json!({ "description": "published at once" });
            let at_once = api.post(&format!("{path}?publish=true"), description);
            assert_eq!(at_once.status, 400);
            let events = story.end();
            let told = format!(
                "{}\n{}\n{}\n{events}",
                batch["message"],
                result["testResult"]["results"][0]["errors"][0]["message"],
                at_once.problem()
            );
            // Where a transformer is asked, what is wrong is told with its place.
            told.replace("transformation \u{201c}One\u{201d}: ", "")
        })
    });
    assert_eq!(without, with_one);
    assert_snapshot!(without, @r#"
    "it imports @rs/urlParser/v1, which RudderStack's own service hosts and this server does not have: each event would be lost; import a library of the workspace in its place"
    "it imports @rs/urlParser/v1, which RudderStack's own service hosts and this server does not have: each event would be lost; import a library of the workspace in its place"
    400 library_not_here: it imports @rs/urlParser/v1, which RudderStack's own service hosts and this server does not have: each event would be lost; import a library of the workspace in its place
    batch
        transformation.published One [failed: library_not_here]
    "#);
}

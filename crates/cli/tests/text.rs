//! Codes by text message, from the page that asks for one to a gateway that is not ours.

mod support;

use std::io::{BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use support::Server;

const BINARY: &str = env!("CARGO_BIN_EXE_annals");
const PASSWORD: &str = "correct horse battery";
const NUMBER: &str = "+447400123456";
/// The number that the gateway refuses, as Twilio's own does.
const REFUSED: &str = "+15005550001";
const KEY: &str = "k3y-of-the-gateway";

/// A gateway in a process of its own.
struct Gateway {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Gateway {
    fn start(port: u16) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/gateway.py");
        let mut child = Command::new("python3")
            .arg(script)
            .arg(port.to_string())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the gateway starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let ready = lines.next().expect("a line").expect("text");
        assert_eq!(ready, "ready");
        Self { child, lines }
    }

    /// The next request; waits for it.
    fn request(&mut self) -> Value {
        let line = self.lines.next().expect("a request").expect("text");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser: cookies, and the token of the last form.
struct Browser {
    agent: ureq::Agent,
    url: String,
    cookies: Vec<(String, String)>,
    csrf: String,
}

impl Browser {
    fn new(url: &str) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        Self {
            agent: config.new_agent(),
            url: url.to_owned(),
            cookies: Vec::new(),
            csrf: String::new(),
        }
    }

    fn ask(&mut self, method: &str, path: &str, body: String) -> (u16, String) {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("cookie", cookies.join("; "))
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body)
            .expect("a request");
        let mut answer = self.agent.run(request).expect("an answer");
        for set in answer.headers().get_all("set-cookie") {
            let pair = set.to_str().expect("text").split(';').next();
            let (name, value) = pair
                .and_then(|pair| pair.split_once('='))
                .expect("a cookie");
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        let page = answer.body_mut().read_to_string().expect("a page");
        if let Some((_, rest)) = page.split_once("name=\"csrf\" value=\"") {
            rest.split('"')
                .next()
                .unwrap_or_default()
                .clone_into(&mut self.csrf);
        }
        (answer.status().as_u16(), page)
    }

    fn get(&mut self, path: &str) -> String {
        self.ask("GET", path, String::new()).1
    }

    fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> (u16, String) {
        let csrf = self.csrf.clone();
        let mut all = vec![("csrf", csrf.as_str())];
        all.extend(fields);
        let body = url_encoded(&all);
        self.ask("POST", path, body)
    }

    fn sign_in(&mut self) {
        self.get("/sign-in");
        let fields = [("email", "ada@example.com"), ("password", PASSWORD)];
        assert_eq!(self.post("/sign-in", &fields).0, 303);
    }

    fn send_code(&mut self, number: &str) {
        self.get("/profile/phone");
        let fields = [("number", number), ("password", PASSWORD)];
        let (status, page) = self.post("/profile/phone", &fields);
        assert_eq!(status, 303, "{page}");
    }
}

fn url_encoded(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| {
        text.bytes()
            .map(|byte| {
                if byte.is_ascii_alphanumeric() {
                    char::from(byte).to_string()
                } else {
                    format!("%{byte:02X}")
                }
            })
            .collect::<String>()
    };
    let pairs: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect();
    pairs.join("&")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

#[track_caller]
fn wait_for(browser: &mut Browser, words: &str) {
    for _ in 0..300 {
        if browser.get("/profile/phone/confirm").contains(words) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{words} did not come");
}

/// Sends codes through a gateway, which is down at first; gives the request that it took, and what the server has logged.
fn codes(settings: &dyn Fn(u16) -> Vec<String>) -> (Value, String) {
    let binary = Path::new(BINARY);
    let (folder, made) = Server::start(binary, None).kill();
    let port = free_port();
    let arguments = settings(port);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let server = Server::serve_with(binary, None, folder, made, &arguments);
    let mut browser = Browser::new(&server.url);
    browser.sign_in();

    // Nobody is there: it waits. Then it is busy: it waits again.
    browser.send_code(NUMBER);
    wait_for(&mut browser, "is on its way to +44");
    std::thread::sleep(Duration::from_millis(1500));
    let mut gateway = Gateway::start(port);
    assert_eq!(gateway.request()["status"], 503);
    let taken = gateway.request();
    assert_eq!(taken["status"], 201);
    wait_for(&mut browser, "A code was sent to +44");
    let body = taken["body"].as_str().expect("a body");
    let at = body
        .find("is+your+code")
        .or_else(|| body.find(" is your code"));
    let before = body[..at.expect("the message")].trim_end_matches('+');
    let code = before[before.len() - 6..].to_owned();
    let (status, page) = browser.post("/profile/phone/confirm", &[("code", &code)]);
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("Your recovery codes"));

    // A number that is refused is given up at once, and the page says so.
    browser.send_code(REFUSED);
    assert_eq!(gateway.request()["status"], 400);
    wait_for(&mut browser, "could not be delivered");

    let (folder, _) = server.kill();
    let log = std::fs::read_to_string(folder.path().join("annals.log")).expect("a log");
    assert!(log.contains("a message did not leave"), "{log}");
    assert!(log.contains("the gateway answers 400"), "{log}");
    for secret in [NUMBER, REFUSED, "7400123456", KEY, code.as_str(), PASSWORD] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
    (taken, log)
}

#[test]
fn a_code_goes_through_any_gateway_that_takes_a_request_is_tried_again_and_said_to_have_failed() {
    let (taken, _) = codes(&|port| {
        [
            "--sms-url",
            &format!("http://127.0.0.1:{port}/send?v=1"),
            "--sms-header",
            &format!("X-Api-Key: {KEY}"),
            "--sms-from",
            "Annals & Co",
        ]
        .map(str::to_owned)
        .into()
    });
    assert_eq!(taken["line"], "POST /send?v=1 HTTP/1.1");
    assert_eq!(taken["headers"]["x-api-key"], KEY);
    assert_eq!(taken["headers"]["content-type"], "application/json");
    let body: Value = serde_json::from_str(taken["body"].as_str().expect("text")).expect("JSON");
    let text = body["text"].as_str().expect("a text");
    assert_eq!(
        taken["body"].as_str(),
        Some(format!(r#"{{"to":"{NUMBER}","from":"Annals & Co","text":"{text}"}}"#).as_str())
    );
    assert_eq!(
        &text[6..],
        " is your code for Annals. It works once, for 10 minutes."
    );
}

#[test]
fn a_code_goes_through_twilio_in_the_form_that_it_wants() {
    let (taken, log) = codes(&|port| {
        [
            "--sms-twilio",
            "AC0123456789abcdef",
            "--sms-twilio-token",
            KEY,
            "--sms-from",
            "+15005550006",
            "--sms-url",
            &format!("http://127.0.0.1:{port}"),
        ]
        .map(str::to_owned)
        .into()
    });
    assert_eq!(
        taken["line"],
        "POST /2010-04-01/Accounts/AC0123456789abcdef/Messages.json HTTP/1.1"
    );
    // AC0123456789abcdef:k3y-of-the-gateway
    assert_eq!(
        taken["headers"]["authorization"],
        "Basic QUMwMTIzNDU2Nzg5YWJjZGVmOmszeS1vZi10aGUtZ2F0ZXdheQ=="
    );
    assert_eq!(
        taken["headers"]["content-type"],
        "application/x-www-form-urlencoded"
    );
    let body = taken["body"].as_str().expect("text");
    let (fields, text) = body.split_once("&Body=").expect("three fields");
    assert_eq!(fields, "To=%2B447400123456&From=%2B15005550006");
    assert_eq!(
        &text[6..],
        "+is+your+code+for+Annals.+It+works+once%2C+for+10+minutes."
    );
    assert!(log.contains("code 21211"), "{log}");
}

//! Letters, from the change that is their reason to a mail server that is not ours.

mod support;

use std::io::{BufRead, BufReader, Lines};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use support::{Server, wait_for};

const BINARY: &str = env!("CARGO_BIN_EXE_annals");

/// A mail server of aiosmtpd.
struct MailServer {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// A Python that has aiosmtpd.
fn python() -> &'static str {
    let has = |python: &&str| {
        let mut command = Command::new(python);
        let command = command
            .args(["-c", "import aiosmtpd"])
            .stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    };
    let known = ["python3", "/usr/bin/python3"];
    known.into_iter().find(has).expect("Python with aiosmtpd")
}

/// A certificate for 127.0.0.1, and its key.
fn certificate(folder: &Path) -> (PathBuf, PathBuf) {
    let (certificate, key) = (folder.join("mail.pem"), folder.join("mail.key"));
    let made = Command::new("openssl")
        .args([
            "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
        ])
        .args([
            "-subj",
            "/CN=mail",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ])
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .stderr(Stdio::null())
        .status();
    assert!(
        made.is_ok_and(|status| status.success()),
        "openssl makes a certificate"
    );
    (certificate, key)
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

impl MailServer {
    fn start(port: u16, certificate: &Path, key: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/mail_server.py");
        let mut child = Command::new(python())
            .arg(script)
            .arg(port.to_string())
            .args([certificate, key])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the mail server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its output")).lines();
        let ready = lines.next().expect("a line").expect("text");
        assert_eq!(ready, "ready");
        Self { child, lines }
    }

    /// The next letter; waits for it.
    fn letter(&mut self) -> Value {
        let line = self.lines.next().expect("a letter").expect("text");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn delivery(server: &Server, email: &str) -> String {
    let all = server.ask(
        "GET",
        "/v2/invitations",
        server.given("accessToken"),
        "test",
        None,
    );
    let all = all.json.expect("JSON");
    let all = all["invitations"].as_array().expect("a list").clone();
    let one = all.iter().find(|one| one["email"] == email).expect("it");
    one["delivery"].as_str().expect("a word").to_owned()
}

#[test]
fn an_invitation_goes_out_over_starttls_is_tried_again_and_says_when_it_failed() {
    let binary = Path::new(BINARY);
    let started = Server::start(binary, None);
    let (folder, made) = started.kill();
    let port = free_port();
    let (certificate, key) = certificate(folder.path());
    let smtp = format!("smtp://annals:a%20secret%2Fword@127.0.0.1:{port}");
    let trusted = certificate.to_str().expect("a path").to_owned();
    let arguments = [
        "--public-url",
        "https://annals.example.com",
        "--smtp",
        &smtp,
        "--mail-from",
        "Annals <annals@example.com>",
        "--smtp-ca",
        &trusted,
    ];
    let mut server = Server::serve_with(binary, None, folder, made, &arguments);
    let invite = |server: &Server, email: &str| {
        let body = json!({"emails": [email]});
        let token = server.given("accessToken");
        let answer = server.ask("POST", "/v2/invitations", token, "test", Some(&body));
        assert_eq!(answer.status, 201, "{:?}", answer.json);
        let text = answer.json.expect("JSON").to_string();
        assert!(
            !text.contains("annals_lnk_"),
            "the link goes by mail alone: {text}"
        );
    };

    // Nobody listens there yet: the letter waits.
    invite(&server, "grace@example.com");
    assert_eq!(delivery(&server, "grace@example.com"), "waiting");
    std::thread::sleep(Duration::from_millis(1500));
    // Killed before it has left, and started again: it still leaves.
    let (folder, made) = server.kill();
    server = Server::serve_with(binary, None, folder, made, &arguments);
    let mut mail = MailServer::start(port, &certificate, &key);
    let letter = mail.letter();
    assert_eq!(letter["to"], json!(["grace@example.com"]));
    assert_eq!(letter["from"], "annals@example.com");
    assert_eq!(letter["tls"], true);
    assert_eq!(letter["signed_in"], true);
    assert_eq!(letter["subject"], "Ada Lovelace invites you to Fernhill");
    let id = letter["id"].as_str().expect("an id");
    assert!(id.starts_with('<') && id.ends_with("@example.com>"), "{id}");
    let text = letter["text"].as_str().expect("a text");
    assert!(
        text.contains("https://annals.example.com/invitation?token=annals_lnk_"),
        "{text}"
    );
    wait_for("the word that it was sent", || {
        delivery(&server, "grace@example.com") == "sent"
    });

    // What the mail server refuses for good is given up at once.
    invite(&server, "unknown@example.com");
    wait_for("the word that it failed", || {
        delivery(&server, "unknown@example.com") == "failed"
    });

    // The next letter leaves all the same.
    invite(&server, "edsger@example.com");
    assert_eq!(mail.letter()["to"], json!(["edsger@example.com"]));

    // What the command line does to an account beside the server is told by the server.
    let made = support::annals(binary, server.folder.path(), None)
        .args(["token", "create", "--name", "Night shift"])
        .args(["--owner", "ada@example.com"])
        .output()
        .expect("annals runs");
    assert!(made.status.success(), "{made:?}");
    let letter = mail.letter();
    assert_eq!(
        letter["subject"],
        "An access token was made for your Annals account"
    );
    let text = letter["text"].as_str().expect("a text");
    assert!(
        text.contains("Night shift")
            && text.contains("From: the server itself, by whoever runs it"),
        "{text}"
    );
    let token = String::from_utf8_lossy(&made.stdout).into_owned();
    let token = token
        .split_whitespace()
        .find(|word| word.starts_with("annals_"));
    assert!(!text.contains(token.expect("a token")), "{text}");
}

//! The door of a request, and its user agent in a few words.

use model::interface::{Interface, short_user_agent};

#[test]
fn each_interface_has_one_word_everywhere() {
    let words: Vec<_> = Interface::ALL.iter().map(|it| it.word()).collect();
    assert_eq!(
        words,
        ["dashboard", "api", "terraform", "command_line", "system"]
    );
    let labels: Vec<_> = Interface::ALL.iter().map(|it| it.label()).collect();
    assert_eq!(
        labels,
        ["Dashboard", "API", "Terraform", "Command line", "System"]
    );
    for interface in Interface::ALL {
        assert_eq!(Interface::of_word(interface.word()), Some(interface));
        let json = serde_json::to_value(interface).expect("a word");
        assert_eq!(json, interface.word());
        assert_eq!(
            serde_json::from_value::<Interface>(json).ok(),
            Some(interface)
        );
    }
    assert_eq!(Interface::of_word("API"), None);
}

#[test]
fn the_user_agent_of_a_token_tells_its_door() {
    for (user_agent, interface) in [
        ("terraform-provider-rudderstack/4.8.0", Interface::Terraform),
        (
            "Terraform/1.9.0 (+https://www.terraform.io)",
            Interface::Terraform,
        ),
        ("rudder-cli/0.24.0", Interface::CommandLine),
        ("annals/0.1.0", Interface::CommandLine),
        ("rudder-api-go/1.0.0", Interface::Api),
        ("curl/8.5.0", Interface::Api),
        ("annals", Interface::Api),
        ("annalsx/1", Interface::Api),
        ("x terraform-provider-rudderstack/4.8.0", Interface::Api),
        ("", Interface::Api),
    ] {
        assert_eq!(
            Interface::of_user_agent(user_agent),
            interface,
            "{user_agent}"
        );
    }
}

#[test]
fn a_user_agent_is_shown_in_a_few_words() {
    let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
    let mozilla = |rest: &str| format!("Mozilla/5.0 {rest}");
    for (user_agent, short) in [
        (
            mozilla("(Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0"),
            "Firefox on macOS",
        ),
        (
            mozilla(&format!(
                "(Windows NT 10.0; Win64; x64) {webkit} Chrome/140.0 Safari/537.36"
            )),
            "Chrome on Windows",
        ),
        (
            mozilla(&format!(
                "(Windows NT 10.0; Win64; x64) {webkit} Chrome/140.0 Safari/537.36 Edg/140.0"
            )),
            "Edge on Windows",
        ),
        (
            mozilla(&format!(
                "(Linux; Android 14; Pixel 8) {webkit} Chrome/140.0 Mobile Safari/537.36"
            )),
            "Chrome on Android",
        ),
        (
            mozilla(&format!(
                "(X11; CrOS x86_64 14541.0.0) {webkit} Chrome/140.0 Safari/537.36"
            )),
            "Chrome on ChromeOS",
        ),
        (
            mozilla("(X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"),
            "Firefox on Linux",
        ),
        (
            mozilla(
                "(iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1",
            ),
            "Safari on iOS",
        ),
        (
            mozilla(
                "(iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/140.0 Mobile/15E148 Safari/604.1",
            ),
            "Chrome on iOS",
        ),
        (
            mozilla(&format!("{webkit} Chrome/140.0 Safari/537.36 Edg/140.0")),
            "Edge",
        ),
        (
            "terraform-provider-rudderstack/4.8.0".into(),
            "Terraform provider 4.8.0",
        ),
        (
            "Terraform/1.9.0 (+https://www.terraform.io)".into(),
            "Terraform 1.9.0",
        ),
        ("rudder-cli/0.24.0".into(), "rudder-cli 0.24.0"),
        ("annals/0.1.0".into(), "annals 0.1.0"),
        ("curl/8.5.0".into(), "curl 8.5.0"),
        ("curl/".into(), "curl/"),
        ("curl/<b>".into(), "curl/<b>"),
        ("Firefox/1 on a toaster".into(), "Firefox/1 on a toaster"),
        ("  odd\u{7}\u{202e} \n".into(), "odd"),
        (String::new(), ""),
    ] {
        assert_eq!(short_user_agent(&user_agent), short, "{user_agent}");
    }
}

#[test]
fn a_long_user_agent_is_cut_between_characters() {
    let sixty = "é".repeat(60);
    assert_eq!(short_user_agent(&sixty), sixty);
    let cut = short_user_agent(&"é".repeat(61));
    assert_eq!(cut, format!("{}…", "é".repeat(59)));
    let long_version = short_user_agent(&format!("curl/{}", "1".repeat(500)));
    assert_eq!(long_version.chars().count(), 60);
}

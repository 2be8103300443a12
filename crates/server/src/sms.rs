//! Text messages: what they say, and who sends them. Two gateways are known: any that takes one HTTP request for a message,
//! and Twilio's Messages API. Both are asked by `Texter`; what differs is the request.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, Request, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use store::Letter;
use ureq::tls::Certificate;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::outbox::Undelivered;
use crate::outgoing;

/// How long a gateway may take for one message.
const PATIENCE: Duration = Duration::from_secs(20);
/// What is sent where no body is given.
const BODY: &str = r#"{"to":"{to}","from":"{from}","text":"{text}"}"#;
/// Where Twilio is, unless said otherwise.
const TWILIO: &str = "https://api.twilio.com";

/// Why text messages cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum SmsError {
    /// The address is none.
    #[error(
        "the SMS gateway must be like https://sms.example.com/send (https, or http on this machine)"
    )]
    Address,
    /// The body is no JSON.
    #[error(
        "the body of the SMS gateway must be a JSON object with {{to}}, {{from}} and {{text}} in its texts"
    )]
    Body,
    /// The header is none.
    #[error("the header of the SMS gateway must be like \u{201c}Authorization: Bearer ...\u{201d}")]
    Header,
    /// Half of Twilio's settings are missing.
    #[error("Twilio needs an account, its token and who messages are from")]
    Twilio,
    /// The certificate that is to be trusted cannot be read.
    #[error("the certificate {0} cannot be read: {1}")]
    Certificate(String, String),
}

/// The request for a message: what one gateway wants.
pub trait Gateway: Send + Sync {
    /// Makes it.
    ///
    /// # Errors
    /// When it cannot be made of this message.
    fn request(&self, letter: &Letter) -> Result<Request<Zeroizing<String>>, axum::http::Error>;

    /// What the gateway says of a message that it refuses, as a number of its own that says nothing of the message.
    fn code(&self, answer: &Value) -> Option<i64>;
}

/// Any gateway that takes one HTTP request: POST with a JSON body, or GET where the text is in the address.
struct Http {
    url: String,
    body: Value,
    header: Option<(HeaderName, HeaderValue)>,
    from: String,
}

/// Twilio's Messages API.
struct Twilio {
    url: String,
    authorization: HeaderValue,
    from: String,
}

fn escaped(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes())
        .collect::<String>()
        .replace('+', "%20")
}

fn filled(template: &str, letter: &Letter, from: &str, escape: fn(&str) -> String) -> String {
    // In one pass: what is put in is never looked at again.
    let mut out = String::new();
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from_here) = rest.split_at(at);
        out.push_str(before);
        let known = [
            ("{to}", letter.to.as_str()),
            ("{from}", from),
            ("{text}", letter.text.as_str()),
        ];
        if let Some((name, value)) = known.iter().find(|(name, _)| from_here.starts_with(name)) {
            out.push_str(&escape(value));
            rest = &from_here[name.len()..];
        } else {
            out.push('{');
            rest = &from_here[1..];
        }
    }
    out.push_str(rest);
    out
}

fn filled_json(template: &Value, letter: &Letter, from: &str) -> Value {
    match template {
        Value::String(text) => Value::String(filled(text, letter, from, str::to_owned)),
        Value::Array(list) => list
            .iter()
            .map(|one| filled_json(one, letter, from))
            .collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), filled_json(value, letter, from)))
            .collect(),
        other => other.clone(),
    }
}

impl Gateway for Http {
    fn request(&self, letter: &Letter) -> Result<Request<Zeroizing<String>>, axum::http::Error> {
        let mut request = Request::builder().uri(filled(&self.url, letter, &self.from, escaped));
        if let Some((name, value)) = &self.header {
            request = request.header(name, value);
        }
        if self.url.contains("{text}") {
            return request.method("GET").body(Zeroizing::default());
        }
        let body = filled_json(&self.body, letter, &self.from).to_string();
        request
            .method("POST")
            .header(header::CONTENT_TYPE, "application/json")
            .body(body.into())
    }

    fn code(&self, _: &Value) -> Option<i64> {
        None
    }
}

impl Gateway for Twilio {
    fn request(&self, letter: &Letter) -> Result<Request<Zeroizing<String>>, axum::http::Error> {
        // A messaging service is named in a field of its own.
        let from = if self.from.starts_with("MG") {
            "MessagingServiceSid"
        } else {
            "From"
        };
        let fields = [
            ("To", &letter.to),
            (from, &self.from),
            ("Body", &letter.text),
        ];
        let body = serde_urlencoded::to_string(fields).unwrap_or_default();
        Request::builder()
            .method("POST")
            .uri(&self.url)
            .header(header::AUTHORIZATION, &self.authorization)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body.into())
    }

    fn code(&self, answer: &Value) -> Option<i64> {
        answer["code"].as_i64()
    }
}

/// How text messages are sent, as it was given.
#[derive(Clone, Default)]
pub struct Settings {
    /// Twilio's account, and its token.
    pub twilio: Option<(String, Zeroizing<String>)>,
    /// The gateway's address; of Twilio, where it is.
    pub url: Option<String>,
    /// The JSON that is sent.
    pub body: Option<String>,
    /// A header with the gateway's key.
    pub header: Option<Zeroizing<String>>,
    /// Who messages are from.
    pub from: Option<String>,
}

/// Only over TLS, or to this very machine: there is a key in the request.
fn address(text: &str) -> Result<Url, SmsError> {
    let letter = Letter {
        to: "+1".to_owned(),
        subject: String::new(),
        text: "1".to_owned(),
        by: None,
    };
    let url = Url::parse(&filled(text, &letter, "1", escaped)).map_err(|_| SmsError::Address)?;
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(SmsError::Address),
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_here => Ok(url),
        _ => Err(SmsError::Address),
    }
}

fn secret_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), SmsError> {
    let name = name.trim().parse().map_err(|_| SmsError::Header)?;
    let mut value: HeaderValue = value.trim().parse().map_err(|_| SmsError::Header)?;
    value.set_sensitive(true);
    Ok((name, value))
}

fn gateway(settings: &Settings) -> Result<Option<Arc<dyn Gateway>>, SmsError> {
    let from = settings.from.clone();
    if let Some((account, token)) = &settings.twilio {
        let base = settings.url.as_deref().unwrap_or(TWILIO);
        address(base)?;
        let is_account =
            !account.is_empty() && account.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let from = from.filter(|from| !from.is_empty());
        let (true, false, Some(from)) = (is_account, token.is_empty(), from) else {
            return Err(SmsError::Twilio);
        };
        let pair = Zeroizing::new(format!("{account}:{}", token.as_str()));
        let basic = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(pair.as_bytes())));
        let (_, authorization) = secret_header("authorization", &basic)?;
        let base = base.trim_end_matches('/');
        return Ok(Some(Arc::new(Twilio {
            url: format!("{base}/2010-04-01/Accounts/{account}/Messages.json"),
            authorization,
            from,
        })));
    }
    let Some(url) = settings.url.clone() else {
        return Ok(None);
    };
    address(&url)?;
    let body = settings.body.as_deref().unwrap_or(BODY);
    let body: Value = serde_json::from_str(body).map_err(|_| SmsError::Body)?;
    if !body.is_object() {
        return Err(SmsError::Body);
    }
    let header = match &settings.header {
        Some(line) => {
            let (name, value) = line.split_once(':').ok_or(SmsError::Header)?;
            Some(secret_header(name, value)?)
        }
        None => None,
    };
    Ok(Some(Arc::new(Http {
        url,
        body,
        header,
        from: from.unwrap_or_default(),
    })))
}

/// Who sends text messages.
#[derive(Clone)]
pub struct Texter {
    gateway: Arc<dyn Gateway>,
    agent: ureq::Agent,
}

impl Texter {
    /// The gateway of these settings, if they name one; `trusted` is a PEM file with a certificate to trust as well.
    ///
    /// # Errors
    /// When a setting is no such thing.
    pub fn new(settings: &Settings, trusted: Option<&Path>) -> Result<Option<Self>, SmsError> {
        let Some(gateway) = gateway(settings)? else {
            return Ok(None);
        };
        let trusted = trusted.map(|file| {
            let failed = |why: String| SmsError::Certificate(file.display().to_string(), why);
            let pem = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
            Certificate::from_pem(&pem).map_err(|error| failed(error.to_string()))
        });
        let agent = outgoing::agent(PATIENCE, trusted.transpose()?);
        Ok(Some(Self { gateway, agent }))
    }

    /// Gives a message to the gateway, and waits for its answer. Of an error only its kind is told: the request has a key in
    /// it, and the answer may have the number.
    pub(crate) fn send(&self, letter: &Letter) -> Result<(), Undelivered> {
        let undelivered = |is_final, why: String| Undelivered { is_final, why };
        let request = self
            .gateway
            .request(letter)
            .map_err(|_| undelivered(true, "no request can be made of it".to_owned()))?;
        let (parts, body) = request.into_parts();
        let answer = self
            .agent
            .run(Request::from_parts(parts, body.as_str()))
            .map_err(|error| undelivered(false, kind(&error).to_owned()))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let told = answer
            .into_body()
            .with_config()
            .limit(64 * 1024)
            .read_to_string();
        let told: Value = told
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default();
        let code = self.gateway.code(&told);
        let code = code
            .map(|code| format!(", code {code}"))
            .unwrap_or_default();
        // What is wrong with the message stays so; what is wrong with the key or the gateway may be put right.
        let is_final = matches!(status.as_u16(), 400 | 404 | 410 | 413 | 422);
        Err(undelivered(
            is_final,
            format!("the gateway answers {}{code}", status.as_u16()),
        ))
    }
}

fn kind(error: &ureq::Error) -> &'static str {
    match error {
        ureq::Error::Timeout(_) => "the gateway took too long",
        ureq::Error::HostNotFound => "the gateway's host is not known",
        ureq::Error::ConnectionFailed | ureq::Error::Io(_) => "the gateway cannot be reached",
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) => "the gateway's TLS is not right",
        _ => "the gateway did not answer as it should",
    }
}

/// The message with a code. Its last line says to phones for which site it is.
pub fn code(to: &str, code: &str, host: Option<&str>) -> Letter {
    let text = match host {
        Some(host) => format!(
            "{code} is your code for Annals at {host}. It works once, for 10 minutes.\n\n@{host} #{code}"
        ),
        None => format!("{code} is your code for Annals. It works once, for 10 minutes."),
    };
    Letter {
        to: to.to_owned(),
        subject: String::new(),
        text,
        by: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> Letter {
        code("+15005550006", "012345", Some("annals.example.com"))
    }

    fn made(settings: &Settings) -> String {
        let gateway = gateway(settings).expect("settings").expect("a gateway");
        let request = gateway.request(&letter()).expect("a request");
        let mut out = format!("{} {}\n", request.method(), request.uri());
        for (name, value) in request.headers() {
            let value = value.to_str().expect("text");
            out.push_str(&format!("{name}: {value}\n"));
        }
        out.push('\n');
        out.push_str(request.body());
        out
    }

    #[test]
    fn each_gateway_is_asked_in_its_own_way() {
        let twilio = Settings {
            twilio: Some(("AC00".to_owned(), "a token".to_owned().into())),
            from: Some("+15005550000".to_owned()),
            ..Settings::default()
        };
        let service = Settings {
            from: Some("MG00".to_owned()),
            ..twilio.clone()
        };
        let plain = Settings {
            url: Some("https://sms.example.com/send?to={to}".to_owned()),
            header: Some("X-Key: a key".to_owned().into()),
            ..Settings::default()
        };
        let own = Settings {
            body: Some(
                r#"{"recipients":[{"msisdn":"{to}"}],"n":1,"message":"{text} {other}"}"#.to_owned(),
            ),
            ..plain.clone()
        };
        let get = Settings {
            url: Some("http://127.0.0.1:9/?to={to}&text={text}&from={from}".to_owned()),
            from: Some("Annals & Co".to_owned()),
            ..Settings::default()
        };
        let all: Vec<String> = [twilio, service, plain, own, get]
            .iter()
            .map(made)
            .collect();
        insta::assert_snapshot!(all.join("\n----\n").trim_end(), @r##"
        POST https://api.twilio.com/2010-04-01/Accounts/AC00/Messages.json
        authorization: Basic QUMwMDphIHRva2Vu
        content-type: application/x-www-form-urlencoded

        To=%2B15005550006&From=%2B15005550000&Body=012345+is+your+code+for+Annals+at+annals.example.com.+It+works+once%2C+for+10+minutes.%0A%0A%40annals.example.com+%23012345
        ----
        POST https://api.twilio.com/2010-04-01/Accounts/AC00/Messages.json
        authorization: Basic QUMwMDphIHRva2Vu
        content-type: application/x-www-form-urlencoded

        To=%2B15005550006&MessagingServiceSid=MG00&Body=012345+is+your+code+for+Annals+at+annals.example.com.+It+works+once%2C+for+10+minutes.%0A%0A%40annals.example.com+%23012345
        ----
        POST https://sms.example.com/send?to=%2B15005550006
        x-key: a key
        content-type: application/json

        {"to":"+15005550006","from":"","text":"012345 is your code for Annals at annals.example.com. It works once, for 10 minutes.\n\n@annals.example.com #012345"}
        ----
        POST https://sms.example.com/send?to=%2B15005550006
        x-key: a key
        content-type: application/json

        {"recipients":[{"msisdn":"+15005550006"}],"n":1,"message":"012345 is your code for Annals at annals.example.com. It works once, for 10 minutes.\n\n@annals.example.com #012345 {other}"}
        ----
        GET http://127.0.0.1:9/?to=%2B15005550006&text=012345%20is%20your%20code%20for%20Annals%20at%20annals.example.com.%20It%20works%20once%2C%20for%2010%20minutes.%0A%0A%40annals.example.com%20%23012345&from=Annals%20%26%20Co
        "##);
    }

    #[test]
    fn settings_that_would_not_work_are_refused_at_the_start() {
        let with = |change: fn(&mut Settings)| {
            let mut settings = Settings {
                url: Some("https://sms.example.com".to_owned()),
                ..Settings::default()
            };
            change(&mut settings);
            gateway(&settings).map(|gateway| gateway.is_some())
        };
        assert!(matches!(with(|_| ()), Ok(true)));
        assert!(matches!(with(|all| all.url = None), Ok(false)));
        for url in [
            "sms.example.com",
            "http://sms.example.com",
            "ftp://127.0.0.1",
            "http://127.0.0.1.evil.example",
        ] {
            let settings = Settings {
                url: Some(url.to_owned()),
                ..Settings::default()
            };
            assert!(
                matches!(gateway(&settings), Err(SmsError::Address)),
                "{url}"
            );
        }
        assert!(matches!(
            with(|all| all.body = Some("{to}".to_owned())),
            Err(SmsError::Body)
        ));
        assert!(matches!(
            with(|all| all.body = Some("[]".to_owned())),
            Err(SmsError::Body)
        ));
        assert!(matches!(
            with(|all| all.header = Some("no header".to_owned().into())),
            Err(SmsError::Header)
        ));
        assert!(matches!(
            with(|all| all.header = Some("a: b\r\nc: d".to_owned().into())),
            Err(SmsError::Header)
        ));
        for (account, token, from) in [("AC00", "", "+1"), ("AC00", "x", ""), ("AC/../", "x", "+1")]
        {
            let settings = Settings {
                twilio: Some((account.to_owned(), token.to_owned().into())),
                from: Some(from.to_owned()),
                ..Settings::default()
            };
            assert!(
                matches!(gateway(&settings), Err(SmsError::Twilio)),
                "{account} {token} {from}"
            );
        }
    }
}

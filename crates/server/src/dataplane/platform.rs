//! What a destination is for a source of one platform.
//!
//! Some settings are kept for each platform that events come from, as `consentManagement: {"web": [...], "ios": [...]}`. Who
//! delivers reads the value of its own: a data plane that is given the whole object finds no consent in it, and lets through
//! what somebody said no to. So each source gets its part, as `rudder-server` makes it from the second shape
//! (`backend-config/namespace_config_v2_destconfig.go`).

mod gather;

use std::collections::BTreeSet;

use model::definition::{CLOUD, Definition, Definitions, Kind, Taken, has_sdk};
use serde_json::{Map, Value, json};

pub(crate) use self::gather::{Contradiction, gather};

/// The settings that are kept for each platform where a type does not say it of its settings itself.
const SETTINGS: [&str; 6] = [
    "consentManagement",
    "oneTrustCookieCategories",
    "ketchConsentPurposes",
    "connectionMode",
    "useNativeSDK",
    "useNativeSDKToSend",
];
const OF_ALL: &str = Taken::OF_ALL;

/// Consents of a provider in `consentManagement`, the older setting for the same, and the member of it that has one.
const OLDER: [(&str, &str, &str); 2] = [
    (
        "oneTrust",
        "oneTrustCookieCategories",
        "oneTrustCookieCategory",
    ),
    ("ketch", "ketchConsentPurposes", "purpose"),
];

/// The word by which destinations keep settings for events of a type of source.
pub(crate) fn platform_of<'a>(definitions: &'a Definitions, kind: &'a str) -> &'a str {
    let (_, definition) = definitions.known_as(Kind::Source, kind);
    definition.map_or(CLOUD, Definition::platform)
}

/// What stands in `destConfig` of a type that was imported.
fn listed(definition: Option<&Definition>) -> Option<&Map<String, Value>> {
    definition?.taken.as_ref()?.listed()
}

fn has(list: Option<&Value>, key: &str) -> bool {
    let mut all = list.and_then(Value::as_array).into_iter().flatten();
    all.any(|one| one.as_str() == Some(key))
}

/// Whether a setting of a type is kept for each platform, if it is an object.
fn is_of_platforms(definition: Option<&Definition>, key: &str) -> bool {
    match listed(definition) {
        Some(listed) if has(listed.get(OF_ALL), key) => false,
        Some(listed) if listed.values().any(|list| has(Some(list), key)) => true,
        _ => SETTINGS.contains(&key),
    }
}

/// Whether settings, as they are written, may hold some that are kept for each platform. It is quick, and may be wrong in saying
/// yes.
pub(super) fn may_differ(definition: Option<&Definition>, config: &str) -> bool {
    listed(definition).is_some() || SETTINGS.iter().any(|name| config.contains(name))
}

/// The settings of a type that are kept for each platform in this configuration, and the platforms that have one.
pub(super) fn kept<'a>(
    definition: Option<&Definition>,
    config: &'a Map<String, Value>,
) -> impl Iterator<Item = (&'a String, &'a Map<String, Value>)> {
    config
        .iter()
        .filter_map(|(key, value)| Some((key, value.as_object()?)))
        .filter(move |(key, _)| is_of_platforms(definition, key))
}

/// Leaves of settings what a source of one platform goes by: of those that are kept for each the value of that one, or nothing.
pub(super) fn settle(
    config: &mut Map<String, Value>,
    definition: Option<&Definition>,
    platform: &str,
) {
    let all: BTreeSet<String> = kept(definition, config)
        .map(|(key, _)| key.clone())
        .collect();
    for key in all {
        match config
            .get_mut(&key)
            .and_then(|value| value.as_object_mut()?.remove(platform))
        {
            Some(value) => config.insert(key, value),
            None => config.shift_remove(&key),
        };
    }
    for (provider, legacy, word) in OLDER {
        lay_consents(config, provider, (legacy, word));
    }
}

/// Consents that are set in a list, as `word` in each of its members; empty ones are not.
fn consents<'a>(list: Option<&'a Value>, word: &'a str) -> impl Iterator<Item = &'a str> {
    let all = list.and_then(Value::as_array).into_iter().flatten();
    all.filter_map(move |one| one.get(word)?.as_str())
        .filter(|consent| !consent.is_empty())
}

/// Says the consents of a provider in the older way too, which older SDKs and events that name no provider go by.
fn lay_consents(config: &mut Map<String, Value>, provider: &str, (legacy, word): (&str, &str)) {
    if consents(config.get(legacy), word).next().is_some() {
        return;
    }
    let mut all = config
        .get("consentManagement")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter(|one| one.get("provider").and_then(Value::as_str) == Some(provider))
        .map(|one| consents(one.get("consents"), "consent").collect::<Vec<_>>());
    if let Some(found) = all.find(|found| !found.is_empty()) {
        let list = found.into_iter().map(|consent| json!({ word: consent }));
        let list = Value::Array(list.collect());
        config.insert(legacy.to_owned(), list);
    }
}

/// Whether the SDK of a platform can send to a type; where the type does not say it of the platform, it can.
fn is_sent_to_in_device(definition: Option<&Definition>, platform: &str) -> bool {
    let taken = definition.and_then(|known| known.taken.as_ref());
    let modes = taken.and_then(|taken| taken.config.get("supportedConnectionModes")?.get(platform));
    modes.is_none_or(|modes| has(Some(modes), "device") || has(Some(modes), "hybrid"))
}

/// Who sends events on to a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sender {
    /// The data plane.
    DataPlane,
    /// The SDK, in the device.
    Device,
    /// Both, each some.
    Both,
}

impl Sender {
    /// Who it is for a source of a platform; where that has no SDK, or the type is not sent to by one there, the data plane,
    /// whatever is said. `connectionMode` says it, or `useNativeSDK`; each is for all platforms, or an object with one member for
    /// each.
    pub(super) fn of(
        config: &Map<String, Value>,
        definition: Option<&Definition>,
        platform: &str,
    ) -> Self {
        if !has_sdk(platform) || !is_sent_to_in_device(definition, platform) {
            return Self::DataPlane;
        }
        let of_platform = |name: &str| match config.get(name)? {
            Value::Object(platforms) => platforms.get(platform),
            for_all => Some(for_all),
        };
        match of_platform("connectionMode").and_then(Value::as_str) {
            Some("device") => Self::Device,
            Some("hybrid") => Self::Both,
            None if of_platform("useNativeSDK") == Some(&Value::Bool(true)) => Self::Device,
            Some(_) | None => Self::DataPlane,
        }
    }

    /// Whether the SDK sends.
    pub(super) const fn is_in_device(self) -> bool {
        !matches!(self, Self::DataPlane)
    }

    /// Whether the data plane sends.
    pub(super) const fn is_in_data_plane(self) -> bool {
        !matches!(self, Self::Device)
    }
}

#[cfg(test)]
mod tests {
    use model::clock::Micros;
    use model::definition::{Definitions, Kind, Origin, Taken};

    use super::*;

    fn settled(config: &Value, platform: &str) -> Value {
        let mut config = config.as_object().expect("an object").clone();
        let definition = Definitions::own().find(Kind::Destination, "GA4");
        settle(&mut config, definition, platform);
        Value::Object(config)
    }

    #[test]
    fn each_platform_gets_its_own_and_what_is_for_all() {
        let config = json!({
            "measurementId": "m", "headers": { "web": "is no platform here" }, "eventFilteringOption": "disable",
            "useNativeSDK": { "web": true, "ios": false }, "connectionMode": { "web": "hybrid" },
            "consentManagement": { "web": [{ "provider": "custom", "consents": [{ "consent": "a" }] }] },
        });
        let rest = json!({ "measurementId": "m", "headers": { "web": "is no platform here" }, "eventFilteringOption": "disable" });
        let mut web = rest.clone();
        web["useNativeSDK"] = json!(true);
        web["connectionMode"] = json!("hybrid");
        web["consentManagement"] = config["consentManagement"]["web"].clone();
        assert_eq!(settled(&config, "web"), web);
        let mut ios = rest.clone();
        ios["useNativeSDK"] = json!(false);
        assert_eq!(settled(&config, "ios"), ios);
        assert_eq!(settled(&config, "cloud"), rest);
        // What is for all platforms together stays.
        let flat = json!({ "connectionMode": "cloud", "oneTrustCookieCategories": [{ "oneTrustCookieCategory": "C1" }] });
        assert_eq!(settled(&flat, "web"), flat);
    }

    #[test]
    fn consents_are_said_in_the_older_way_too_unless_they_are_already() {
        let of =
            |provider: &str, consents: Value| json!({ "provider": provider, "consents": consents });
        let given = json!({ "consentManagement": { "web": [
            of("oneTrust", json!([{ "consent": "" }])),
            of("oneTrust", json!([{ "consent": "C1" }, { "consent": "" }, { "consent": "C2" }])),
            of("ketch", json!([{ "consent": "ads" }])),
        ] } });
        let web = settled(&given, "web");
        let categories =
            json!([{ "oneTrustCookieCategory": "C1" }, { "oneTrustCookieCategory": "C2" }]);
        assert_eq!(web["oneTrustCookieCategories"], categories);
        assert_eq!(web["ketchConsentPurposes"], json!([{ "purpose": "ads" }]));
        assert_eq!(settled(&given, "ios"), json!({}));
        let mut said = given;
        said["oneTrustCookieCategories"] = json!({ "web": [{ "oneTrustCookieCategory": "C9" }] });
        let web = settled(&said, "web");
        let categories = json!([{ "oneTrustCookieCategory": "C9" }]);
        assert_eq!(web["oneTrustCookieCategories"], categories);
    }

    #[test]
    fn where_no_sdk_sends_to_a_type_the_data_plane_does() {
        let body = json!({ "name": "PH", "config": { "supportedConnectionModes":
            { "web": ["cloud", "device"], "ios": ["cloud"], "android": ["hybrid"] } } });
        let taken = Taken::parse(
            Kind::Destination,
            ("id".to_owned(), Origin::Imported),
            &body.to_string(),
            (Micros(0), Micros(0)),
        );
        let definitions = Definitions::own().with(vec![taken.expect("a definition")]);
        let known = definitions.find(Kind::Destination, "PH");
        let native = json!({ "useNativeSDK": true });
        let native = native.as_object().expect("an object");
        for (platform, wanted) in [
            ("web", Sender::Device),
            ("ios", Sender::DataPlane),
            ("android", Sender::Device),
            ("flutter", Sender::Device),
        ] {
            assert_eq!(Sender::of(native, known, platform), wanted, "{platform}");
        }
    }

    #[test]
    fn who_sends_is_said_by_the_mode_or_else_by_the_switch() {
        let sender =
            |config: Value| Sender::of(config.as_object().expect("an object"), None, "web");
        for (config, wanted) in [
            (json!({}), Sender::DataPlane),
            (json!({ "useNativeSDK": true }), Sender::Device),
            (json!({ "useNativeSDK": { "web": true } }), Sender::Device),
            (
                json!({ "useNativeSDK": { "ios": true } }),
                Sender::DataPlane,
            ),
            (json!({ "connectionMode": "hybrid" }), Sender::Both),
            (
                json!({ "connectionMode": { "web": "device" } }),
                Sender::Device,
            ),
            (
                json!({ "connectionMode": { "web": "cloud" }, "useNativeSDK": { "web": true } }),
                Sender::DataPlane,
            ),
        ] {
            assert_eq!(sender(config.clone()), wanted, "{config}");
            // There is no SDK on a server, whatever is said for all platforms.
            let config = config.as_object().expect("an object");
            for server in ["cloud", "shopify", "warehouse"] {
                assert_eq!(Sender::of(config, None, server), Sender::DataPlane);
            }
        }
    }
}

//! The way back from what sources of several platforms were told of a destination to its own settings.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use model::definition::{CLOUD, Definition, has_sdk};
use serde_json::{Map, Value};

use super::{OF_ALL, OLDER, is_of_platforms, lay_consents, listed};

/// The platforms without an SDK.
const SERVERS: [&str; 4] = [CLOUD, "cloudSource", "warehouse", "shopify"];

/// Two that were told what no settings come to: their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Contradiction(pub(crate) usize, pub(crate) usize);

/// Settings from which [`super::settle`] makes for each platform what its sources were told. What is kept for each platform is an
/// object again, also where all sources are of one: a source of another platform that comes later was never told of it. An object
/// that has it by platform already stays. What `settle` derives is left to it.
///
/// # Errors
/// Where sources of one platform were told different things, or sources of two what holds for all platforms.
pub(crate) fn gather(
    definition: Option<&Definition>,
    told: &[(&str, &Map<String, Value>)],
) -> Result<Map<String, Value>, Contradiction> {
    let mut all: Vec<Map<String, Value>> =
        told.iter().map(|(_, config)| (*config).clone()).collect();
    for (provider, legacy, word) in OLDER {
        leave_derived(definition, &mut all, provider, (legacy, word));
    }
    let mut common: Option<Map<String, Value>> = None;
    let mut platforms: BTreeMap<&str, (usize, Map<String, Value>)> = BTreeMap::new();
    for (place, ((platform, _), config)) in told.iter().zip(all).enumerate() {
        let (own, rest): (Map<_, _>, Map<_, _>) = config.into_iter().partition(|(key, value)| {
            is_of_platforms(definition, key) && !is_by_platform(definition, value)
        });
        if *common.get_or_insert_with(|| rest.clone()) != rest {
            return Err(Contradiction(0, place));
        }
        match platforms.entry(platform) {
            Entry::Vacant(entry) => {
                entry.insert((place, own));
            }
            Entry::Occupied(entry) => {
                let (other, same) = entry.get();
                if *same != own {
                    return Err(Contradiction(*other, place));
                }
            }
        }
    }
    let mut config = common.unwrap_or_default();
    for (platform, (_, own)) in platforms {
        for (key, value) in own {
            let by_platform = config.entry(key).or_insert_with(|| Map::new().into());
            if let Value::Object(by_platform) = by_platform {
                by_platform.insert(platform.to_owned(), value);
            }
        }
    }
    Ok(config)
}

/// Takes out the consents of a provider in the older way where they are what would be derived from the newer one. Where the older
/// setting holds for all platforms it is derived only if it is wherever it stands.
fn leave_derived(
    definition: Option<&Definition>,
    all: &mut [Map<String, Value>],
    provider: &str,
    (legacy, word): (&str, &str),
) {
    let is_derived = |config: &Map<String, Value>| {
        let mut without = config.clone();
        without.shift_remove(legacy);
        lay_consents(&mut without, provider, (legacy, word));
        without.get(legacy) == config.get(legacy)
    };
    if !is_of_platforms(definition, legacy)
        && !all
            .iter()
            .all(|one| !one.contains_key(legacy) || is_derived(one))
    {
        return;
    }
    for config in all {
        if is_derived(config) {
            config.shift_remove(legacy);
        }
    }
}

/// Whether a setting is kept by platform in this value: an object of which every member is named after one.
fn is_by_platform(definition: Option<&Definition>, value: &Value) -> bool {
    let is_platform = |name: &str| {
        let is_listed = || listed(definition).is_some_and(|listed| listed.contains_key(name));
        name != OF_ALL && (has_sdk(name) || SERVERS.contains(&name) || is_listed())
    };
    value
        .as_object()
        .is_some_and(|object| !object.is_empty() && object.keys().all(|name| is_platform(name)))
}

#[cfg(test)]
mod tests {
    use model::clock::Micros;
    use model::definition::{Definitions, Kind, Origin, Taken};
    use serde_json::json;

    use super::super::settle;
    use super::*;

    fn consents(provider: &str, consent: &str) -> Value {
        json!([{ "provider": provider, "resolutionStrategy": "", "consents": [{ "consent": consent }] }])
    }

    /// What settings come back as, after sources of these platforms were told them.
    fn back(definition: Option<&Definition>, config: &Value, platforms: &[&str]) -> Value {
        let told: Vec<_> = platforms
            .iter()
            .map(|platform| {
                let mut config = config.as_object().expect("an object").clone();
                settle(&mut config, definition, platform);
                config
            })
            .collect();
        let told: Vec<_> = platforms.iter().copied().zip(&told).collect();
        let config = gather(definition, &told).expect("settings");
        // It is told them again as it was.
        for (platform, told) in told {
            let mut again = config.clone();
            settle(&mut again, definition, platform);
            assert_eq!(&again, told, "{platform}");
        }
        Value::Object(config)
    }

    #[test]
    fn what_each_platform_was_told_is_kept_for_it_again() {
        let config = json!({
            "a": 1, "useNativeSDK": { "web": true, "cloud": false }, "connectionMode": { "web": "device" },
            "consentManagement": { "web": consents("oneTrust", "C1"), "cloud": consents("ketch", "ads") },
        });
        assert_eq!(back(None, &config, &["web", "cloud", "web"]), config);
        // What nobody was told of is not known.
        let web = json!({
            "a": 1, "useNativeSDK": { "web": true }, "connectionMode": { "web": "device" },
            "consentManagement": { "web": consents("oneTrust", "C1") },
        });
        assert_eq!(back(None, &config, &["web", "web"]), web);
        assert_eq!(back(None, &config, &["ios"]), json!({ "a": 1 }));
    }

    #[test]
    fn only_consents_that_would_be_derived_again_are_left_out() {
        let said = json!({
            "consentManagement": { "web": consents("oneTrust", "C1") },
            "oneTrustCookieCategories": { "web": [{ "oneTrustCookieCategory": "C9" }] },
            "ketchConsentPurposes": { "web": [] },
        });
        assert_eq!(back(None, &said, &["web"]), said);
        let mut derived = said.clone();
        derived["oneTrustCookieCategories"]["web"][0]["oneTrustCookieCategory"] = json!("C1");
        let mut left = said;
        left.as_object_mut()
            .expect("an object")
            .shift_remove("oneTrustCookieCategories");
        assert_eq!(back(None, &derived, &["web"]), left);
    }

    #[test]
    fn what_the_type_keeps_for_all_platforms_stays_one() {
        let body = json!({ "name": "T", "config": { "destConfig": {
            "defaultConfig": ["connectionMode", "oneTrustCookieCategories"], "web": ["useNativeSDK", "mapping"], "kiosk": ["mapping"],
        } } });
        let row = ("id".to_owned(), Origin::Imported);
        let taken = Taken::parse(
            Kind::Destination,
            row,
            &body.to_string(),
            (Micros(0), Micros(0)),
        );
        let definition = Definitions::own().laid(taken.expect("a definition"));
        let config = json!({
            "connectionMode": "cloud", "mapping": { "web": { "a": "b" }, "kiosk": { "c": "d" } },
            "consentManagement": { "web": consents("oneTrust", "C1") },
            "oneTrustCookieCategories": [{ "oneTrustCookieCategory": "C1" }],
        });
        assert_eq!(back(Some(&definition), &config, &["web", "kiosk"]), config);
        // An export that has them by platform below each source is taken as it is.
        let whole = json!({ "mapping": { "web": { "a": "b" }, "kiosk": { "c": "d" } } });
        let object = whole.as_object().expect("an object");
        let told = [("web", object), ("cloud", object)];
        assert_eq!(
            gather(Some(&definition), &told).as_ref(),
            Ok(object),
            "not below a platform once more"
        );
    }

    #[test]
    fn what_differs_otherwise_is_told_by_its_places() {
        let differ = |told: &[(&str, Value)]| {
            let told: Vec<_> = told
                .iter()
                .map(|(platform, config)| (*platform, config.as_object().expect("an object")))
                .collect();
            gather(None, &told)
        };
        let mode = |mode: &str| json!({ "connectionMode": mode });
        for (told, wanted) in [
            (
                [
                    ("web", json!({ "a": 1 })),
                    ("ios", json!({ "a": 1 })),
                    ("ios", json!({ "a": 2 })),
                ],
                Contradiction(0, 2),
            ),
            (
                [
                    ("web", mode("cloud")),
                    ("ios", mode("cloud")),
                    ("ios", mode("device")),
                ],
                Contradiction(1, 2),
            ),
            (
                [
                    ("web", json!({})),
                    ("web", json!({ "consentManagement": [] })),
                    ("ios", json!({})),
                ],
                Contradiction(0, 1),
            ),
        ] {
            assert_eq!(differ(&told), Err(wanted), "{told:?}");
        }
    }
}

//! Asking other servers over HTTP.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs::default_provider;
use ureq::Agent;
use ureq::config::AutoHeaderValue;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

/// A client that trusts the system's own certificate authorities, and `trusted` as well. It gives an answer of any status as one,
/// and follows no redirection: what it sends holds a key or people's code, which goes nowhere else. It asks for no packed answer.
pub fn agent(patience: Duration, trusted: Option<Certificate<'static>>) -> Agent {
    let system = rustls_native_certs::load_native_certs().certs;
    let system = system
        .iter()
        .map(|one| Certificate::from_der(one).to_owned());
    let roots: Vec<_> = system.chain(trusted).collect();
    Agent::config_builder()
        .timeout_global(Some(patience))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent("annals")
        .accept_encoding(AutoHeaderValue::None)
        .tls_config(
            TlsConfig::builder()
                .provider(TlsProvider::Rustls)
                .unversioned_rustls_crypto_provider(Arc::new(default_provider()))
                .root_certs(RootCerts::from(roots))
                .build(),
        )
        .build()
        .new_agent()
}

//! An authenticator of our own making, for what a real one does not do: it can lie about all that it signs. It shares no code
//! with what checks it: CBOR by hand, ECDSA of another library.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub struct Passkey {
    pair: EcdsaKeyPair,
    pub id: Vec<u8>,
    pub handle: String,
    pub counter: u32,
    /// Where it says that it is asked.
    pub origin: String,
    /// The host that it signs for.
    pub host: String,
    /// Whether it has verified the person.
    pub verifies: bool,
}

impl Passkey {
    pub fn new(id: &str) -> Self {
        Self {
            pair: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key"),
            id: id.as_bytes().to_vec(),
            handle: String::new(),
            counter: 0,
            origin: "https://annals.test".to_owned(),
            host: "annals.test".to_owned(),
            verifies: true,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let data = json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": false,
        });
        data.to_string().into_bytes()
    }

    /// Authenticator data (6.1): the hash of the host, flags, counter.
    fn data(&self, further: u8) -> Vec<u8> {
        let mut data = Sha256::digest(self.host.as_bytes()).to_vec();
        let present = 1;
        let verified = if self.verifies { 4 } else { 0 };
        data.push(present | verified | further);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// What `navigator.credentials.create` gives.
    pub fn create(&mut self, options: &Value) -> String {
        self.handle = text(&options["user"]["id"]);
        let mut data = self.data(0x40);
        data.extend([0; 16]);
        let length = u16::try_from(self.id.len()).expect("short");
        data.extend(length.to_be_bytes());
        data.extend(&self.id);
        // A COSE key (RFC 9053): EC2, ES256, P-256, x, y.
        let point = self.pair.public_key().as_ref();
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point[33..65]);
        let mut object = vec![0xa3];
        object.extend(b"\x63fmt\x64none\x67attStmt\xa0\x68authData\x59");
        object.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
        object.extend(&data);
        json!({
            "id": BASE64.encode(&self.id),
            "rawId": BASE64.encode(&self.id),
            "type": "public-key",
            "response": {
                "attestationObject": BASE64.encode(object),
                "clientDataJSON": BASE64.encode(self.client_data("webauthn.create", options)),
                "transports": ["internal"],
            },
        })
        .to_string()
    }

    /// What `navigator.credentials.get` gives.
    pub fn get(&mut self, options: &Value) -> String {
        self.counter += 1;
        let data = self.data(0);
        let client_data = self.client_data("webauthn.get", options);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(&client_data));
        let signature = self.pair.sign(&SystemRandom::new(), &signed);
        let signature = signature.expect("a signature");
        json!({
            "id": BASE64.encode(&self.id),
            "rawId": BASE64.encode(&self.id),
            "type": "public-key",
            "response": {
                "authenticatorData": BASE64.encode(data),
                "clientDataJSON": BASE64.encode(client_data),
                "signature": BASE64.encode(signature.as_ref()),
                "userHandle": self.handle,
            },
        })
        .to_string()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

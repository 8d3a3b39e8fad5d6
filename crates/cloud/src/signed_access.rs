//! The right to read one folder of the media bucket for a while, as CloudFront checks it.
//!
//! Source: Amazon CloudFront developer guide, "Create a signed URL using a custom policy", "Use
//! signed cookies", "Linux commands and OpenSSL for base64 encoding and encryption": a policy, signed
//! with ECDSA P-256 over SHA-256, both in a base 64 of CloudFront's own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::error::StoreError;
use crate::signing_key::SigningKey;

/// Signs for one distribution.
#[derive(Debug)]
pub struct SignedAccess {
    origin: String,
    key_id: String,
    key: SigningKey,
}

/// A signed right: as cookies, or as a query.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grant {
    policy: String,
    signature: String,
    key_id: String,
}

impl SignedAccess {
    /// Signs for the distribution at `origin` (`https://host`), which knows the key pair's public
    /// half by the name `key_id`. `private_key` is PKCS #8 in PEM.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] for anything else than the private key of a P-256 pair.
    pub fn new(
        origin: impl Into<String>,
        key_id: impl Into<String>,
        private_key: &str,
    ) -> Result<Self, StoreError> {
        let key = SigningKey::from_pem(private_key).map_err(|error| StoreError::Malformed {
            what: "the signing key".to_owned(),
            source: Box::new(error),
        })?;
        Ok(Self {
            origin: origin.into(),
            key_id: key_id.into(),
            key,
        })
    }

    /// The right to everything under `folder` (a key ending in `/`) until `until`, in seconds since
    /// the Unix epoch.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the key cannot be used.
    pub fn grant(&self, folder: &str, until: u64) -> Result<Grant, StoreError> {
        let policy = json!({
            "Statement": [{
                "Resource": format!("{}/{folder}*", self.origin),
                "Condition": { "DateLessThan": { "AWS:EpochTime": until } },
            }]
        })
        .to_string();
        let signature =
            self.key
                .sign(policy.as_bytes())
                .map_err(|error| StoreError::Unavailable {
                    action: format!("sign for {folder}"),
                    source: Box::new(error),
                })?;
        Ok(Grant {
            policy: encode(policy.as_bytes()),
            signature: encode(&signature),
            key_id: self.key_id.clone(),
        })
    }
}

impl Grant {
    /// What to add to an address, behind `?`.
    #[must_use]
    pub fn query(&self) -> String {
        format!(
            "Policy={}&Signature={}&Key-Pair-Id={}&Hash-Algorithm=SHA256",
            self.policy, self.signature, self.key_id
        )
    }

    /// The names and values of the cookies.
    #[must_use]
    pub fn cookies(&self) -> [(&'static str, &str); 4] {
        [
            ("CloudFront-Policy", &self.policy),
            ("CloudFront-Signature", &self.signature),
            ("CloudFront-Key-Pair-Id", &self.key_id),
            ("CloudFront-Hash-Algorithm", "SHA256"),
        ]
    }
}

/// Base 64 with what a query cannot hold replaced.
fn encode(bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    text.replace('+', "-").replace('=', "_").replace('/', "~")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

    fn pem() -> String {
        SigningKey::generate().unwrap().to_pem().unwrap()
    }

    fn decode(text: &str) -> Vec<u8> {
        let text = text.replace('-', "+").replace('_', "=").replace('~', "/");
        STANDARD.decode(text).unwrap()
    }

    #[test]
    fn a_grant_is_a_policy_for_one_folder_with_a_signature_that_holds() {
        let access = SignedAccess::new("https://d.example", "K1", &pem()).unwrap();
        let grant = access.grant("assets/a1/j1/", 1_700_000_000).unwrap();
        let policy = decode(&grant.policy);
        assert_eq!(
            String::from_utf8(policy.clone()).unwrap(),
            r#"{"Statement":[{"Condition":{"DateLessThan":{"AWS:EpochTime":1700000000}},"Resource":"https://d.example/assets/a1/j1/*"}]}"#
        );
        let public = access.key.public_pem().unwrap();
        let public: String = public
            .lines()
            .filter(|line| !line.starts_with('-'))
            .collect();
        let public =
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, STANDARD.decode(public).unwrap());
        let signature = decode(&grant.signature);
        public.verify(&policy, &signature).unwrap();
        assert!(public.verify(b"another policy", &signature).is_err());
    }

    #[test]
    fn query_and_cookies_say_the_same_without_a_character_to_escape() {
        let access = SignedAccess::new("https://d.example", "K1", &pem()).unwrap();
        let grant = access.grant("assets/a1/j1/", 1).unwrap();
        for (name, value) in grant.cookies() {
            let name = name.trim_start_matches("CloudFront-");
            assert!(grant.query().contains(&format!("{name}={value}")));
            assert!(!value.contains(['+', '=', '/', '&', ' ', ';']), "{value}");
        }
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_quoted() {
        for text in [
            "",
            "secret",
            "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----",
        ] {
            let error = SignedAccess::new("https://d.example", "K1", text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("c2Vj"));
        }
    }
}

//! Signatures of webhooks, as Standard Webhooks writes them.
//!
//! Source: the specification of Standard Webhooks, "Signature scheme".

use std::fmt;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Reason, StoreError};
use crate::random::bits;

const PREFIX: &str = "whsec_";

/// What both sides of a webhook know. Not printed.
#[derive(Clone)]
pub struct WebhookSecret(Vec<u8>);

impl WebhookSecret {
    /// 256 random bits.
    ///
    /// # Errors
    /// As [`bits`].
    pub fn generate() -> Result<Self, StoreError> {
        Ok(Self([bits()?, bits()?].concat()))
    }

    /// Takes over a secret: `whsec_` and base 64.
    ///
    /// # Errors
    /// [`StoreError::Malformed`] for anything else.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        let key = text.strip_prefix(PREFIX);
        let key = key.and_then(|key| STANDARD.decode(key).ok());
        key.map(Self).ok_or_else(|| StoreError::Malformed {
            what: "a webhook's secret".to_owned(),
            source: Reason("it should be whsec_ and base 64").into(),
        })
    }

    /// The secret as text. Never log it.
    #[must_use]
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}", STANDARD.encode(&self.0))
    }

    /// A signature for the header `webhook-signature` of a message that is sent at `timestamp`, in
    /// seconds since the Unix epoch.
    #[must_use]
    pub fn sign(&self, id: &str, timestamp: u64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &self.0);
        let tag = hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes());
        format!("v1,{}", STANDARD.encode(tag))
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of Standard Webhooks' own libraries.
    #[test]
    fn a_signature_is_the_one_of_standard_webhooks() {
        let secret = WebhookSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature = secret.sign(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_secret_is_new_each_time_and_reads_back() {
        let secret = WebhookSecret::generate().unwrap();
        let text = secret.reveal();
        assert_ne!(text, WebhookSecret::generate().unwrap().reveal());
        assert_eq!(WebhookSecret::parse(&text).unwrap().reveal(), text);
        assert!(!format!("{secret:?}").contains(text.trim_start_matches(PREFIX)));
        for wrong in ["", "MfKQ", "whsec_%"] {
            assert!(WebhookSecret::parse(wrong).is_err(), "{wrong}");
        }
    }
}

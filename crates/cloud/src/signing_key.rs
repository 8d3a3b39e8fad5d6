//! The key that signs viewers' access, and the text that it is kept as.
//!
//! ECDSA over P-256: `CloudFront` checks it, and both the signature and the time to make one are a
//! fraction of what RSA needs.

use std::fmt;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";
/// Characters of a line (RFC 7468, section 2).
const LINE: usize = 64;

/// What is no key, or could not be made one. It does not quote what it was given.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is something else.
    #[error("it should be a private key of P-256 in PKCS#8, as PEM")]
    Malformed,
    /// The library could not.
    #[error("the key could not be used")]
    Failed,
}

impl From<Unspecified> for KeyError {
    fn from(_: Unspecified) -> Self {
        Self::Failed
    }
}

/// The version of the secret that has the key of a generation. Each has a version of its own, so a
/// function that is still told of the one before signs with that one.
#[must_use]
pub fn version(generation: u32) -> String {
    // PutSecretValue, ClientRequestToken: 32 to 64 characters.
    format!("millrace-signing-key-generation-{generation:04}")
}

/// A key pair. Not printed.
pub struct SigningKey(EcdsaKeyPair);

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(<redacted>)")
    }
}

impl SigningKey {
    /// A new key.
    ///
    /// # Errors
    /// [`KeyError::Failed`] when there is no randomness.
    pub fn generate() -> Result<Self, KeyError> {
        Ok(Self(EcdsaKeyPair::generate(
            &ECDSA_P256_SHA256_ASN1_SIGNING,
        )?))
    }

    /// Reads what [`Self::to_pem`] wrote.
    ///
    /// # Errors
    /// [`KeyError::Malformed`].
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let der = from_pem(PRIVATE, text).ok_or(KeyError::Malformed)?;
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der)
            .map(Self)
            .map_err(|_| KeyError::Malformed)
    }

    /// The private key, PKCS#8 as PEM (RFC 5958, RFC 7468). Never log it.
    ///
    /// # Errors
    /// [`KeyError::Failed`].
    pub fn to_pem(&self) -> Result<String, KeyError> {
        Ok(to_pem(PRIVATE, self.0.to_pkcs8v1()?.as_ref()))
    }

    /// The public key, `SubjectPublicKeyInfo` as PEM: what a CDN is given to check with.
    ///
    /// # Errors
    /// [`KeyError::Failed`].
    pub fn public_pem(&self) -> Result<String, KeyError> {
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der()?;
        Ok(to_pem(PUBLIC, der.as_ref()))
    }

    /// Signs with SHA-256; the signature is ASN.1 DER, 72 bytes at most (RFC 3279, section 2.2.3).
    ///
    /// # Errors
    /// [`KeyError::Failed`].
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let signature = self.0.sign(&SystemRandom::new(), message)?;
        Ok(signature.as_ref().to_vec())
    }
}

fn to_pem(label: &str, der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines = encoded.as_bytes().chunks(LINE);
    let lines: Vec<_> = lines.map(String::from_utf8_lossy).collect();
    let body = lines.join("\n");
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn from_pem(label: &str, text: &str) -> Option<Vec<u8>> {
    let body = text
        .trim()
        .strip_prefix(&format!("-----BEGIN {label}-----"))?
        .strip_suffix(&format!("-----END {label}-----"))?;
    let encoded: String = body.split_whitespace().collect();
    STANDARD.decode(encoded).ok()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

    use super::*;

    /// Made by `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`, and its public half
    /// by `openssl pkey -pubout`.
    const KNOWN: [&str; 2] = [
        include_str!("../tests/keys/private.pem"),
        include_str!("../tests/keys/public.pem"),
    ];

    #[test]
    fn a_key_of_another_program_reads_and_has_the_same_public_half() {
        let key = SigningKey::from_pem(KNOWN[0]).unwrap();
        assert_eq!(key.public_pem().unwrap(), KNOWN[1]);
        let again = SigningKey::from_pem(&key.to_pem().unwrap()).unwrap();
        assert_eq!(again.public_pem().unwrap(), KNOWN[1]);
    }

    #[test]
    fn the_public_half_checks_what_the_key_signed_and_nothing_else() {
        let key = SigningKey::generate().unwrap();
        let signature = key.sign(b"policy").unwrap();
        let der = from_pem(PUBLIC, &key.public_pem().unwrap()).unwrap();
        let public = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, der);
        assert!(public.verify(b"policy", &signature).is_ok());
        assert!(public.verify(b"another", &signature).is_err());
    }

    #[test]
    fn what_is_no_private_key_is_refused_without_being_quoted() {
        for text in ["", "hunter2", KNOWN[1], "-----BEGIN PRIVATE KEY-----"] {
            let error = SigningKey::from_pem(text).unwrap_err();
            assert_eq!(error, KeyError::Malformed);
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn each_generation_is_a_version_that_secrets_manager_takes() {
        let versions = [1, 2, u32::MAX].map(version);
        assert!(versions.iter().all(|each| (32..=64).contains(&each.len())));
        assert_ne!(versions[0], versions[1]);
    }

    #[test]
    fn a_key_is_not_printed() {
        let key = SigningKey::from_pem(KNOWN[0]).unwrap();
        assert_eq!(format!("{key:?}"), "SigningKey(<redacted>)");
    }
}

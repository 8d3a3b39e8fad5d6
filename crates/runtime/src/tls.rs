//! The TLS stack that the AWS SDK uses, for calls of our own.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// A client that trusts the authorities that the system trusts.
///
/// # Errors
/// When there is no TLS version that both the provider and the client know.
pub fn client() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    // What cannot be read is not trusted; that is no reason to give up.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    trusting(roots)
}

/// A client that trusts these authorities and no others.
///
/// # Errors
/// As [`client`].
pub fn trusting(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(client)
}

//! Letters to a real server over TLS, and to some that nobody should believe.
#![cfg(test)]

use std::sync::Arc;

use deliver_webhook::post::{Internet, Letter, Post};
use domain::webhook::Outcome;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

const BODY: &str = r#"{"type":"asset.ready"}"#;

/// An authority of this test alone.
struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap().der().clone();
        Self {
            certificate,
            issuer: Issuer::new(params, key),
        }
    }

    /// A sender that trusts nobody else.
    fn sender(&self) -> Internet {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        Internet::over(runtime::tls::trusting(roots).unwrap(), true)
    }

    /// A server with a certificate for this name until the end of this year. Gives its port, and
    /// what it was asked: nothing where the client did not believe it.
    async fn server(&self, name: &str, last_year: i32) -> (u16, JoinHandle<String>) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 12, 31);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        (port, tokio::spawn(answer_one(listener, acceptor)))
    }
}

/// Takes one connection, and answers the request that comes, if one does.
async fn answer_one(listener: TcpListener, acceptor: TlsAcceptor) -> String {
    let (stream, _) = listener.accept().await.unwrap();
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return String::new();
    };
    let mut asked = String::new();
    while !asked.ends_with('}') {
        let mut some = [0; 4096];
        let read = stream.read(&mut some).await.unwrap_or_default();
        if read == 0 {
            return asked;
        }
        asked.push_str(std::str::from_utf8(&some[..read]).unwrap());
    }
    let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
    stream.write_all(answer).await.unwrap();
    stream.shutdown().await.unwrap();
    asked
}

fn letter(port: u16) -> Letter {
    Letter {
        url: format!("https://localhost:{port}/hook"),
        id: "e1".to_owned(),
        timestamp: 1_614_265_330,
        signatures: "v1,c2lnbmF0dXJl".to_owned(),
        body: BODY.to_owned(),
    }
}

#[tokio::test]
async fn a_letter_goes_to_a_server_whose_certificate_is_good() {
    let authority = Authority::new("ours");
    let (port, asked) = authority.server("localhost", 2999).await;
    let outcome = authority.sender().post(&letter(port)).await;
    assert_eq!(outcome, Outcome::Delivered);
    let asked = asked.await.unwrap();
    assert!(asked.starts_with("POST /hook HTTP/1.1\r\n"), "{asked}");
    assert!(asked.ends_with(BODY), "{asked}");
}

#[tokio::test]
async fn nothing_is_told_to_a_server_that_cannot_show_who_it_is() {
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    for (authority, name, last_year, expected) in [
        (
            &other,
            "localhost",
            2999,
            "the certificate is of an authority that is not trusted",
        ),
        (
            &ours,
            "example.com",
            2999,
            "the certificate is for another name",
        ),
        (&ours, "localhost", 2020, "the certificate has expired"),
    ] {
        let (port, asked) = authority.server(name, last_year).await;
        let outcome = ours.sender().post(&letter(port)).await;
        assert_eq!(outcome, Outcome::Unanswered(expected.to_owned()));
        assert_eq!(asked.await.unwrap(), "", "{expected}");
    }
}

/// What the function trusts by itself are the authorities of its system.
#[tokio::test]
async fn an_authority_of_nobody_is_not_trusted_by_the_function_itself() {
    let (port, asked) = Authority::new("nobody's").server("localhost", 2999).await;
    let outcome = Internet::new(true).unwrap().post(&letter(port)).await;
    let expected = "the certificate is of an authority that is not trusted";
    assert_eq!(outcome, Outcome::Unanswered(expected.to_owned()));
    assert_eq!(asked.await.unwrap(), "");
}

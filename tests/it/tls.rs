//! TLS on the public port: HTTP/1.1 only, the certificate changed without a restart,
//! a key that does not fit refused.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use integration_tests::sandbox::WEBHOOK_SECRET;
use integration_tests::{Sandbox, SandboxBuilder, eventually, tools};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::raw_http::{rest, send, signed};
use crate::webhook_to_event::{of_type, subscription};

/// A folder with a certificate that openssl made, and its key.
struct Certificate {
    folder: TempDir,
}

impl Certificate {
    fn new() -> Self {
        let certificate = Self {
            folder: TempDir::new().unwrap(),
        };
        certificate.make();
        certificate
    }

    /// Puts a new pair in place of the old one.
    fn make(&self) {
        let [certificate, key] = [self.path("new.pem"), self.key()];
        let made = tools::run(
            "TEST_OPENSSL",
            [
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-nodes",
                "-days",
                "30",
                "-subj",
                "/CN=edge",
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-keyout",
                key.to_str().unwrap(),
                "-out",
                certificate.to_str().unwrap(),
            ],
        );
        assert!(made.succeeded, "{}", made.stderr);
        std::fs::rename(certificate, self.certificate()).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn certificate(&self) -> PathBuf {
        self.path("certificate.pem")
    }

    fn key(&self) -> PathBuf {
        self.path("key.pem")
    }

    fn edge(&self) -> SandboxBuilder {
        Sandbox::builder()
            .edge_setting("WEBHOOK_EDGE_TLS_CERTIFICATE", text(&self.certificate()))
            .edge_setting("WEBHOOK_EDGE_TLS_KEY", text(&self.key()))
            .edge_setting("WEBHOOK_EDGE_HEADER_TIMEOUT_SECONDS", "1")
    }

    /// A client that trusts this certificate as it is now, and nothing else.
    fn client(&self, protocols: &[&str]) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_file(self.certificate()).unwrap();
        roots.add(certificate).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols
            .iter()
            .map(|name| name.as_bytes().to_vec())
            .collect();
        TlsConnector::from(Arc::new(config))
    }

    async fn connect(
        &self,
        sandbox: &Sandbox,
        protocols: &[&str],
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(sandbox.clients.edge_address()).await?;
        let name = ServerName::try_from("127.0.0.1").unwrap();
        self.client(protocols).connect(name, stream).await
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[tokio::test]
async fn a_webhook_over_tls_is_taken_and_only_http_1_1_is_offered() {
    let certificate = Certificate::new();
    let sandbox = certificate.edge().start().await;
    let mut stream = certificate
        .connect(&sandbox, &["h2", "http/1.1"])
        .await
        .unwrap();
    let agreed = stream.get_ref().1.alpn_protocol();
    assert_eq!(agreed, Some(b"http/1.1".as_slice()));
    let body = subscription("space.secret", &"ac".repeat(16), "");
    let request = signed(WEBHOOK_SECRET, &body, "");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    sandbox.forwarded().await;
    assert_eq!(of_type(&sandbox, "space.secret").await.len(), 1);

    let refused = certificate.connect(&sandbox, &["h2"]).await;
    assert!(refused.is_err(), "HTTP/2 alone was agreed to");
}

#[tokio::test]
async fn a_handshake_that_stalls_or_is_none_is_closed_within_the_limit_of_a_head() {
    let certificate = Certificate::new();
    let sandbox = certificate.edge().start().await;
    let address = sandbox.clients.edge_address();
    rest(&mut send(address, "").await).await;
    rest(&mut send(address, "\u{16}\u{3}\u{1}").await).await;
    let plain = rest(&mut send(address, "GET /health HTTP/1.1\r\nhost: edge\r\n\r\n").await).await;
    assert!(!plain.contains("200"), "{plain}");
    // Nor does a finished handshake buy time for the head.
    let mut stream = certificate.connect(&sandbox, &[]).await.unwrap();
    stream.write_all(b"GET /hea").await.unwrap();
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(
        std::time::Duration::from_secs(20),
        stream.read_to_end(&mut rest),
    );
    let _without_farewell = closed.await.expect("the edge closes the connection");
}

#[tokio::test]
async fn a_new_certificate_is_used_without_a_restart_and_a_bad_one_is_not() {
    let certificate = Certificate::new();
    let sandbox = certificate.edge().start().await;
    std::fs::write(certificate.key(), "no key at all").unwrap();
    sandbox.edge.line_with("the old one stays").await;
    certificate.connect(&sandbox, &[]).await.unwrap();

    // The client trusts the new one only.
    certificate.make();
    assert!(certificate.connect(&sandbox, &[]).await.is_err());
    eventually("the new certificate is used", async || {
        certificate.connect(&sandbox, &[]).await.map(|_| ())
    })
    .await;
}

#[tokio::test]
async fn a_key_that_does_not_fit_fails_the_check_and_the_start() {
    let (certificate, other) = (Certificate::new(), Certificate::new());
    let sandbox = certificate.edge().start().await;
    let mut check = sandbox.edge.another(&[]).arg("config").arg("check");
    assert_eq!(check.run_to_end().await.code(), Some(0), "{}", check.log());
    assert!(check.log().contains("certificate: ok"), "{}", check.log());

    let mut check = sandbox.edge.another(&[]).arg("config").arg("check");
    check.set("WEBHOOK_EDGE_TLS_KEY", text(&other.key()));
    assert_eq!(check.run_to_end().await.code(), Some(1));
    assert!(
        check.log().contains("is the key that of"),
        "{}",
        check.log()
    );

    let mut edge = sandbox.edge.another(&[]);
    edge.set("WEBHOOK_EDGE_LISTEN", "127.0.0.1:0");
    edge.set("WEBHOOK_EDGE_ADMIN_LISTEN", "127.0.0.1:0");
    edge.set("WEBHOOK_EDGE_TLS_KEY", text(&other.key()));
    assert_eq!(edge.run_to_end().await.code(), Some(1));
    assert!(
        edge.log().contains("WEBHOOK_EDGE_TLS_KEY"),
        "{}",
        edge.log()
    );
}

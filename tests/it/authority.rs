//! An authority of certificates, made with openssl.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use integration_tests::{Sandbox, tools};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::raw_h2::Connection;

/// Issues certificates.
pub(crate) struct Authority {
    folder: TempDir,
    /// What its clients trust, whatever becomes of its file.
    own: CertificateDer<'static>,
}

/// A certificate and its key.
pub(crate) struct Issued {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let extensions = [
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ];
        let made = request(folder.path(), "authority", &extensions);
        Self {
            own: read(&made.certificate),
            folder,
        }
    }

    /// Its own certificate.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// A certificate with these subject alternative names, as openssl writes them.
    pub(crate) fn issue(&self, name: &str, names: &str) -> Issued {
        let own_key = self.folder.path().join("authority.key");
        request(
            self.folder.path(),
            name,
            &[
                "-CA",
                text(&self.certificate()),
                "-CAkey",
                text(&own_key),
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-addext",
                &format!("subjectAltName={names}"),
            ],
        )
    }

    /// A connection to the service that trusts this authority and shows this certificate.
    pub(crate) async fn connect(
        &self,
        sandbox: &Sandbox,
        shown: Option<&Issued>,
    ) -> Result<Connection, String> {
        let mut roots = RootCertStore::empty();
        roots.add(self.own.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match shown {
            None => builder.with_no_client_auth(),
            Some(issued) => {
                let key = PrivateKeyDer::from_pem_file(&issued.key).unwrap();
                builder
                    .with_client_auth_cert(vec![read(&issued.certificate)], key)
                    .unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(sandbox.clients.service_address())
            .await
            .map_err(|error| error.to_string())?;
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .map_err(|error| error.to_string())?;
        Connection::over(stream)
            .await
            .map_err(|error| error.to_string())
    }

    /// Has the service and the edge speak TLS with each other, the service with `service`,
    /// the edge known by `edge` alone; `auth` says who may call.
    pub(crate) async fn guard(
        &self,
        sandbox: &mut Sandbox,
        auth: &str,
        service: &Issued,
        edge: &Issued,
    ) {
        let authority = self.certificate();
        let program = &mut sandbox.service;
        program.set("COMMUNITY_SVC_AUTH", auth);
        program.set("COMMUNITY_SVC_TLS_CERTIFICATE", text(&service.certificate));
        program.set("COMMUNITY_SVC_TLS_KEY", text(&service.key));
        program.set("COMMUNITY_SVC_TLS_CLIENT_CA", text(&authority));
        let url = format!("https://{}", sandbox.clients.service_address());
        let program = &mut sandbox.edge;
        program.set("COMMUNITY_SVC_URL", &url);
        program.set("COMMUNITY_SVC_CA", text(&authority));
        program.set("COMMUNITY_SVC_CLIENT_CERTIFICATE", text(&edge.certificate));
        program.set("COMMUNITY_SVC_CLIENT_KEY", text(&edge.key));
        sandbox.service.restart().await;
        sandbox.edge.restart().await;
        sandbox.ready().await;
    }
}

fn request(folder: &Path, name: &str, more: &[&str]) -> Issued {
    let issued = Issued {
        certificate: folder.join(format!("{name}.pem")),
        key: folder.join(format!("{name}.key")),
    };
    let subject = format!("/CN={name}");
    let mut arguments = vec!["req", "-x509", "-newkey", "ec", "-nodes", "-days", "30"];
    arguments.extend([
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-subj",
        &subject,
    ]);
    arguments.extend(["-keyout", text(&issued.key)]);
    arguments.extend(["-out", text(&issued.certificate)]);
    arguments.extend(more);
    let made = tools::run("TEST_OPENSSL", arguments);
    assert!(made.succeeded, "{}", made.stderr);
    issued
}

/// A path as settings and tools take it.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn read(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

//! TLS by rustls, with certificates that are read again when their files change.
//!
//! One protocol is offered. With an authority for clients, a client may show a
//! certificate of that authority, and one of another is refused in the handshake;
//! whether a client has to show one is for who serves it to decide. What is new and
//! cannot be used leaves the old in place.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::shutdown::Shutdown;

/// How often the files are looked at.
const POLL: Duration = Duration::from_secs(5);

/// Where certificates and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate, those of its issuers after it, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
    /// The certificates of the authorities whose clients may come, in PEM; `None` asks
    /// clients for no certificate.
    pub client_authority: Option<PathBuf>,
}

/// What is spoken within TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// Why a certificate cannot be used. No text shows anything of the key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read.
    #[error("failed to read {path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file of certificates holds none.
    #[error("{path} holds no certificate in PEM")]
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// The key's file holds none.
    #[error("{path} holds no private key in PEM")]
    NoKey {
        /// The file.
        path: PathBuf,
    },
    /// Certificate and key cannot be used together.
    #[error("certificate and key cannot be used: {0}; is the key that of the certificate?")]
    Unusable(#[source] rustls::Error),
    /// The authorities of clients cannot be used.
    #[error("{path} holds no certificate of an authority that can be used: {problem}")]
    Authority {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
}

/// A certificate in use; cheap to clone.
#[derive(Clone)]
pub struct Tls {
    files: Files,
    protocol: Protocol,
    provider: Arc<CryptoProvider>,
    current: Arc<RwLock<Loaded>>,
}

/// What is used, and the bytes that it was made of.
struct Loaded {
    config: Arc<ServerConfig>,
    contents: Contents,
}

/// The bytes of the files. No `Debug` of its own: one is a private key.
#[derive(Clone, PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_authority: Option<Vec<u8>>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads the files and checks that they belong together.
    ///
    /// # Errors
    /// [`Error`], which names the file.
    pub fn load(files: Files, protocol: Protocol) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let contents = Contents::read(&files)?;
        let config = contents.config(&files, protocol, &provider)?;
        Ok(Self {
            files,
            protocol,
            provider,
            current: Arc::new(RwLock::new(Loaded { config, contents })),
        })
    }

    /// Looks at the files every few seconds until `shutdown` drains, and takes what
    /// is new when it can be used.
    pub async fn watch(self, shutdown: Shutdown) {
        let mut ticks = tokio::time::interval(POLL);
        let mut refused = None;
        loop {
            tokio::select! {
                () = shutdown.draining().cancelled() => return,
                _ = ticks.tick() => self.reload(&mut refused).await,
            }
        }
    }

    /// Takes the files' contents when they are new and can be used. What cannot be
    /// used is told once, not at every look; a key written after its certificate is
    /// taken at the next one.
    async fn reload(&self, refused: &mut Option<Contents>) {
        let files = self.files.clone();
        let read = tokio::task::spawn_blocking(move || Contents::read(&files)).await;
        let contents = match read {
            Ok(Ok(contents)) => contents,
            Ok(Err(error)) => {
                tracing::error!(%error, "the certificate cannot be read again: the old one stays");
                return;
            }
            Err(_) => return,
        };
        if self.has(&contents) || refused.as_ref() == Some(&contents) {
            return;
        }
        match contents.config(&self.files, self.protocol, &self.provider) {
            Ok(config) => {
                *refused = None;
                *self.current.write().unwrap_or_else(PoisonError::into_inner) =
                    Loaded { config, contents };
                tracing::info!("the certificate has changed and is used from now on");
            }
            Err(error) => {
                tracing::error!(%error, "the new certificate cannot be used: the old one stays");
                *refused = Some(contents);
            }
        }
    }

    fn has(&self, contents: &Contents) -> bool {
        let loaded = self.current.read().unwrap_or_else(PoisonError::into_inner);
        loaded.contents == *contents
    }

    /// The handshake. It takes as long as the client likes: bound it.
    ///
    /// # Errors
    /// A sentence for the log.
    pub async fn accept<IO: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: IO,
    ) -> Result<TlsStream<IO>, String> {
        let config = {
            let loaded = self.current.read().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(&loaded.config)
        };
        let accepted = TlsAcceptor::from(config).accept(stream).await;
        accepted.map_err(|error| format!("TLS: {error}"))
    }
}

/// The names that the client's certificate carries as subject alternative names: DNS
/// names in lower case, and URIs. `None` when it showed no certificate.
#[must_use]
pub fn client_names<IO>(stream: &TlsStream<IO>) -> Option<Vec<String>> {
    let certificate = stream.get_ref().1.peer_certificates()?.first()?;
    // The handshake has parsed and verified it.
    let certificate = webpki::EndEntityCert::try_from(certificate).ok()?;
    let dns = certificate.valid_dns_names().map(str::to_ascii_lowercase);
    let uris = certificate.valid_uri_names().map(str::to_owned);
    Some(dns.chain(uris).collect())
}

impl Contents {
    fn read(files: &Files) -> Result<Self, Error> {
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
            client_authority: files.client_authority.as_deref().map(read).transpose()?,
        })
    }

    fn config(
        &self,
        files: &Files,
        protocol: Protocol,
        provider: &Arc<CryptoProvider>,
    ) -> Result<Arc<ServerConfig>, Error> {
        let chain = certificates(&self.certificate, &files.certificate)?;
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| Error::NoKey {
            path: files.key.clone(),
        })?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(provider))
            .with_safe_default_protocol_versions()
            .map_err(Error::Unusable)?;
        let builder = match (&self.client_authority, &files.client_authority) {
            (Some(pem), Some(path)) => {
                builder.with_client_cert_verifier(verifier(pem, path, provider)?)
            }
            _ => builder.with_no_client_auth(),
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(Error::Unusable)?;
        config.alpn_protocols = vec![match protocol {
            Protocol::Http1 => b"http/1.1".to_vec(),
            Protocol::Http2 => b"h2".to_vec(),
        }];
        Ok(Arc::new(config))
    }
}

/// Verifies the certificate of a client that shows one.
fn verifier(
    pem: &[u8],
    path: &Path,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, Error> {
    let unusable = |problem: String| Error::Authority {
        path: path.to_owned(),
        problem,
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, path)? {
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
        .allow_unauthenticated()
        .build()
        .map_err(|error| unusable(error.to_string()))
}

fn certificates(pem: &[u8], path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(pem).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(Error::NoCertificate {
            path: path.to_owned(),
        }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

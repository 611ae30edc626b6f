//! TLS by rustls, with a certificate that is read again when its files change.
//!
//! HTTP/1.1 is the only protocol offered. A new certificate that cannot be used
//! leaves the old one in place.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::shutdown::Shutdown;

/// How often the files are looked at.
const POLL: Duration = Duration::from_secs(5);

/// Where certificate and key are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The certificate, those of its issuers after it, in PEM.
    pub certificate: PathBuf,
    /// Its private key, in PEM.
    pub key: PathBuf,
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
    /// The certificate's file holds none.
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
}

/// A certificate in use; cheap to clone.
#[derive(Clone)]
pub struct Tls {
    files: Files,
    current: Arc<Current>,
    acceptor: TlsAcceptor,
}

#[derive(Debug)]
struct Current(RwLock<Loaded>);

#[derive(Debug)]
struct Loaded {
    pair: Arc<CertifiedKey>,
    contents: Contents,
}

/// The bytes of both files. No `Debug` of its own: one is a private key.
#[derive(Clone, PartialEq, Eq)]
struct Contents {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contents").finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl Tls {
    /// Reads both files and checks that they belong together.
    ///
    /// # Errors
    /// [`Error`], which names the file.
    pub fn load(files: Files) -> Result<Self, Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let contents = Contents::read(&files)?;
        let pair = contents.certified(&files, &provider)?;
        let current = Arc::new(Current(RwLock::new(Loaded { pair, contents })));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(Error::Unusable)?
            .with_no_client_auth()
            .with_cert_resolver(current.clone());
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            files,
            current,
            acceptor: TlsAcceptor::from(Arc::new(config)),
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
        if self.current.has(&contents) || refused.as_ref() == Some(&contents) {
            return;
        }
        let provider = self.acceptor.config().crypto_provider();
        match contents.certified(&self.files, provider) {
            Ok(pair) => {
                *refused = None;
                self.current.replace(Loaded { pair, contents });
                tracing::info!("the certificate has changed and is used from now on");
            }
            Err(error) => {
                tracing::error!(%error, "the new certificate cannot be used: the old one stays");
                *refused = Some(contents);
            }
        }
    }

    /// The handshake.
    pub(super) async fn accept(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, String> {
        let accepted = self.acceptor.accept(stream).await;
        accepted.map_err(|error| format!("TLS: {error}"))
    }
}

impl Contents {
    fn read(files: &Files) -> Result<Self, Error> {
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
        })
    }

    fn certified(
        &self,
        files: &Files,
        provider: &CryptoProvider,
    ) -> Result<Arc<CertifiedKey>, Error> {
        let no_certificate = || Error::NoCertificate {
            path: files.certificate.clone(),
        };
        let chain: Vec<_> = CertificateDer::pem_slice_iter(&self.certificate)
            .collect::<Result<_, pem::Error>>()
            .map_err(|_| no_certificate())?;
        if chain.is_empty() {
            return Err(no_certificate());
        }
        let key = PrivateKeyDer::from_pem_slice(&self.key).map_err(|_| Error::NoKey {
            path: files.key.clone(),
        })?;
        CertifiedKey::from_der(chain, key, provider)
            .map(Arc::new)
            .map_err(Error::Unusable)
    }
}

impl Current {
    fn has(&self, contents: &Contents) -> bool {
        let loaded = self.0.read().unwrap_or_else(PoisonError::into_inner);
        loaded.contents == *contents
    }

    fn replace(&self, loaded: Loaded) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = loaded;
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let loaded = self.0.read().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(&loaded.pair))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })
}

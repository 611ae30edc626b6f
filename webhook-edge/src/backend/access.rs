//! What the edge shows the service, and what it asks the service to show.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::SetupError;

/// Who the edge is towards the service. Files are read once, at the start.
#[derive(Clone, Default)]
pub struct Access {
    /// The bearer token.
    pub token: Option<SecretString>,
    /// The authority that the service's certificate must be of, in PEM; `None` trusts
    /// those that the system trusts.
    pub authority: Option<PathBuf>,
    /// The edge's own certificate and its private key, in PEM.
    pub identity: Option<(PathBuf, PathBuf)>,
}

impl Access {
    /// The token as a header.
    pub(super) fn bearer(&self) -> Result<Option<MetadataValue<Ascii>>, SetupError> {
        let Some(token) = &self.token else {
            return Ok(None);
        };
        let mut value: MetadataValue<Ascii> = format!("Bearer {}", token.expose_secret())
            .parse()
            .map_err(|_| SetupError::Token)?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// How TLS is spoken. Without an authority of its own the edge trusts the system's,
    /// because a company's services often have certificates of the company's own.
    pub(super) fn tls(&self) -> Result<ClientTlsConfig, SetupError> {
        let mut tls = ClientTlsConfig::new();
        tls = match &self.authority {
            Some(path) => {
                tls.ca_certificate(Certificate::from_pem(read("COMMUNITY_SVC_CA", path)?))
            }
            None => tls.with_native_roots(),
        };
        if let Some((certificate, key)) = &self.identity {
            tls = tls.identity(Identity::from_pem(
                read("COMMUNITY_SVC_CLIENT_CERTIFICATE", certificate)?,
                read("COMMUNITY_SVC_CLIENT_KEY", key)?,
            ));
        }
        Ok(tls)
    }
}

fn read(setting: &'static str, path: &Path) -> Result<Vec<u8>, SetupError> {
    std::fs::read(path).map_err(|source| SetupError::File {
        setting,
        path: path.to_owned(),
        source,
    })
}

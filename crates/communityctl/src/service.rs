//! The gRPC API, through the client that the contract ships.

use std::path::Path;
use std::time::Duration;

use community_proto::client::Client;
use secrecy::ExposeSecret as _;
use tonic::Status;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::commands::Context;
use crate::error::Error;
use crate::settings;

/// A client, and the address for errors.
pub(crate) struct Service {
    pub(crate) client: Client,
    url: String,
}

impl Service {
    /// A client of the service that the settings name. It connects at its first call.
    pub(crate) fn of(context: &Context<'_>) -> Result<Self, Error> {
        let access = settings::service(context.env, context.options.service.as_deref())?;
        let random = || rand::random::<f64>();
        let mut client = Client::builder(access.urls.clone(), random)
            .timeout(Duration::from_secs(context.options.timeout));
        if let Some(token) = &access.token {
            client = client.token(token.expose_secret());
        }
        if access.urls.iter().any(|url| url.starts_with("https://")) {
            client = client.tls(tls(&access)?);
        }
        let client = client.build().map_err(|error| {
            Error::Usage(format!(
                "COMMUNITY_SVC_URL and COMMUNITY_SVC_TOKEN: {error}"
            ))
        })?;
        Ok(Self {
            client,
            url: access.urls.join(","),
        })
    }

    /// The error of a call.
    pub(crate) fn failed(&self, attempted: &'static str) -> impl Fn(Status) -> Error {
        let url = self.url.clone();
        move |status| Error::Call {
            attempted,
            url: url.clone(),
            status: Box::new(status),
        }
    }
}

fn tls(access: &settings::ServiceAccess) -> Result<ClientTlsConfig, Error> {
    let mut tls = match &access.authority {
        Some(path) => ClientTlsConfig::new()
            .ca_certificate(Certificate::from_pem(read("COMMUNITY_SVC_CA", path)?)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    if let Some((certificate, key)) = &access.identity {
        tls = tls.identity(Identity::from_pem(
            read("COMMUNITY_SVC_CLIENT_CERTIFICATE", certificate)?,
            read("COMMUNITY_SVC_CLIENT_KEY", key)?,
        ));
    }
    Ok(tls)
}

fn read(setting: &str, path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path)
        .map_err(|error| Error::Input(format!("{setting}={}: {error}", path.display())))
}

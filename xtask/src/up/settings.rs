//! The settings of the demo: addresses from the environment or their defaults,
//! credentials that are made up and say so.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;

use crate::error::Error;
use crate::workspace::{self, Workspace};

/// The key that the fake signs with and the edge verifies with.
pub(super) const WEBHOOK_SECRET: &str = "demo-webhook-secret";

/// The community and the app that the fake is told to hold.
pub(super) const NETWORK_ID: &str = "DemoNet001";
const CLIENT_ID: &str = "demo-client-id";
const CLIENT_SECRET: &str = "demo-client-secret";

/// What opens the demo's console.
pub(super) const CONSOLE_TOKEN: &str = "demo-console-token";

/// Where the path of the edge ends.
const WEBHOOK_PATH: &str = "/webhooks/bettermode";

/// The usual ports, which the documentation shows.
const FAKE: u16 = 4000;
const SERVICE: u16 = 50051;
const SERVICE_ADMIN: u16 = 9464;
const EDGE: u16 = 8080;
const EDGE_ADMIN: u16 = 9465;

/// An address and the setting that moves it.
#[derive(Debug, Clone)]
struct Listen {
    setting: &'static str,
    address: SocketAddr,
}

/// Where members and events are kept.
#[derive(Debug, Clone)]
pub(super) enum Stores {
    /// In process and in a file.
    Embedded,
    /// Redis and `MongoDB`, by their URLs.
    Real {
        redis_url: String,
        mongodb_uri: String,
    },
}

impl Stores {
    /// The stores that the environment names.
    pub(super) fn real() -> Result<Self, Error> {
        let required = |name| workspace::setting(name).ok_or(Error::SettingMissing(name));
        Ok(Self::Real {
            redis_url: required("REDIS_URL")?,
            mongodb_uri: required("MONGODB_URI")?,
        })
    }
}

/// All settings of the three programs.
#[derive(Debug, Clone)]
pub(super) struct Demo {
    fake: Listen,
    service: Listen,
    service_admin: Listen,
    edge: Listen,
    edge_admin: Listen,
    data: PathBuf,
    stores: Stores,
}

impl Demo {
    /// Reads the five addresses from the environment.
    pub(super) fn read(workspace: &Workspace, stores: Stores) -> Result<Self, Error> {
        Ok(Self {
            fake: Listen::read("FAKE_BETTERMODE_LISTEN", FAKE)?,
            service: Listen::read("COMMUNITY_SVC_LISTEN", SERVICE)?,
            service_admin: Listen::read("COMMUNITY_SVC_ADMIN_LISTEN", SERVICE_ADMIN)?,
            edge: Listen::read("WEBHOOK_EDGE_LISTEN", EDGE)?,
            edge_admin: Listen::read("WEBHOOK_EDGE_ADMIN_LISTEN", EDGE_ADMIN)?,
            data: workspace.demo(),
            stores,
        })
    }

    /// Fails when something listens already on one of the addresses, before
    /// anything is built or started.
    pub(super) fn require_free_addresses(&self) -> Result<(), Error> {
        for listen in [
            &self.fake,
            &self.service,
            &self.service_admin,
            &self.edge,
            &self.edge_admin,
        ] {
            if let Err(source) = TcpListener::bind(listen.address) {
                let address = listen.address.to_string();
                return Err(match source.kind() {
                    std::io::ErrorKind::AddrInUse => Error::AddressInUse {
                        address,
                        setting: listen.setting,
                    },
                    _ => Error::Io {
                        doing: format!("listen on {address}"),
                        source,
                    },
                });
            }
        }
        Ok(())
    }

    /// The fake: its address, and where it sends signed webhooks.
    pub(super) fn for_fake(&self) -> Vec<(&'static str, String)> {
        vec![
            ("FAKE_BETTERMODE_LISTEN", self.fake.address.to_string()),
            (
                "FAKE_BETTERMODE_WEBHOOK_URL",
                format!("{}{WEBHOOK_PATH}", self.edge_url()),
            ),
            ("FAKE_BETTERMODE_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
            ("FAKE_BETTERMODE_NETWORK_ID", NETWORK_ID.to_owned()),
            ("FAKE_BETTERMODE_CLIENT_ID", CLIENT_ID.to_owned()),
            ("FAKE_BETTERMODE_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
        ]
    }

    /// The service: it talks to the fake as to BetterMode.
    pub(super) fn for_service(&self) -> Vec<(&'static str, String)> {
        let mut variables = vec![
            ("COMMUNITY_SVC_LISTEN", self.service.address.to_string()),
            (
                "COMMUNITY_SVC_ADMIN_LISTEN",
                self.service_admin.address.to_string(),
            ),
            (
                "BETTERMODE_API_URL",
                format!("http://{}", self.fake.address),
            ),
            ("BETTERMODE_NETWORK_ID", NETWORK_ID.to_owned()),
            ("BETTERMODE_CLIENT_ID", CLIENT_ID.to_owned()),
            ("BETTERMODE_CLIENT_SECRET", CLIENT_SECRET.to_owned()),
            ("COMMUNITY_SVC_CONSOLE_TOKEN", CONSOLE_TOKEN.to_owned()),
            (
                "COMMUNITY_SVC_CONSOLE_EDGE_URL",
                format!("http://{}", self.edge_admin.address),
            ),
            (
                "DATA_DIR",
                self.data.join("community-svc").display().to_string(),
            ),
        ];
        if let Stores::Real {
            redis_url,
            mongodb_uri,
        } = &self.stores
        {
            variables.push(("REDIS_URL", redis_url.clone()));
            variables.push(("MONGODB_URI", mongodb_uri.clone()));
            if let Some(database) = workspace::setting("MONGODB_DATABASE") {
                variables.push(("MONGODB_DATABASE", database));
            }
        }
        variables
    }

    /// The edge: it verifies with the fake's key and forwards to the service.
    pub(super) fn for_edge(&self) -> Vec<(&'static str, String)> {
        vec![
            ("WEBHOOK_EDGE_LISTEN", self.edge.address.to_string()),
            (
                "WEBHOOK_EDGE_ADMIN_LISTEN",
                self.edge_admin.address.to_string(),
            ),
            ("BETTERMODE_WEBHOOK_SECRET", WEBHOOK_SECRET.to_owned()),
            ("BETTERMODE_NETWORK_ID", NETWORK_ID.to_owned()),
            (
                "COMMUNITY_SVC_URL",
                format!("http://{}", self.service.address),
            ),
            (
                "WEBHOOK_EDGE_QUEUE_DIR",
                self.data.join("webhook-edge").display().to_string(),
            ),
            // A line for each webhook that is taken, which production does without.
            ("LOG_LEVEL", "info,webhook_edge::routes=debug".to_owned()),
        ]
    }

    /// Tells all that the fake holds.
    pub(super) fn world_url(&self) -> String {
        format!("http://{}/_fake/world", self.fake.address)
    }

    /// Whether the service can do its job.
    pub(super) fn service_ready_url(&self) -> String {
        format!("http://{}/readyz", self.service_admin.address)
    }

    /// The state of the whole chain.
    pub(super) fn health_url(&self) -> String {
        format!("{}/health", self.edge_url())
    }

    /// Where BetterMode would send its webhooks.
    pub(super) fn webhook_url(&self) -> String {
        format!("{}{WEBHOOK_PATH}", self.edge_url())
    }

    /// Where the console shows the webhooks.
    pub(super) fn console_url(&self) -> String {
        format!("http://{}/console/events", self.service_admin.address)
    }

    /// Where gRPC is served, as grpcurl takes it.
    pub(super) fn grpc_address(&self) -> SocketAddr {
        self.service.address
    }

    /// A command with the addresses of this run in the place of the usual ones.
    pub(super) fn at_its_addresses(&self, command: &str) -> String {
        let all = [
            (&self.fake, FAKE),
            (&self.service, SERVICE),
            (&self.service_admin, SERVICE_ADMIN),
            (&self.edge, EDGE),
            (&self.edge_admin, EDGE_ADMIN),
        ];
        all.iter().fold(command.to_owned(), |text, (listen, port)| {
            text.replace(&format!("127.0.0.1:{port}"), &listen.address.to_string())
        })
    }

    fn edge_url(&self) -> String {
        format!("http://{}", self.edge.address)
    }
}

impl Listen {
    fn read(setting: &'static str, port: u16) -> Result<Self, Error> {
        let text = workspace::setting(setting).unwrap_or_else(|| format!("127.0.0.1:{port}"));
        text.parse()
            .map(|address| Self { setting, address })
            .map_err(|_| Error::BadAddress {
                setting,
                value: text,
            })
    }
}

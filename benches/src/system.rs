//! The set-ups that take webhooks, and how each one is started and counted.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use integration_tests::sandbox::{NETWORK_ID, WEBHOOK_SECRET};
use integration_tests::{Program, ports, tools};
use mongodb::Client;
use mongodb::bson::Document;

use crate::{affinity, baseline};

/// A way to take webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum System {
    /// A handler that checks the signature and answers.
    Verify,
    /// A handler that also inserts into MongoDB, once for each request.
    Insert,
    /// Our edge with its queue, before our service on MongoDB.
    Queued,
    /// Our edge without a queue, before the same.
    Stored,
    /// Our edge with its queue, before our service on SQLite.
    QueuedSqlite,
}

impl System {
    pub(crate) const ALL: [Self; 5] = [
        Self::Verify,
        Self::Insert,
        Self::Queued,
        Self::Stored,
        Self::QueuedSqlite,
    ];

    /// What the tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Verify => "(a) bare warp handler, verifies",
            Self::Insert => "(b) the same, one MongoDB insert per request",
            Self::Queued => "(c) edge, queued; service on MongoDB",
            Self::Stored => "(d) edge, stored; service on MongoDB",
            Self::QueuedSqlite => "(e) edge, queued; service on SQLite",
        }
    }

    fn key(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Insert => "insert",
            Self::Queued => "queued",
            Self::Stored => "stored",
            Self::QueuedSqlite => "queued_sqlite",
        }
    }
}

/// Which cores the programs of a set-up may use.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cores {
    /// The measured server's.
    pub(crate) server: Option<usize>,
    /// The client's and the service's.
    pub(crate) others: Option<usize>,
}

/// A set-up that runs. Its data stays for the next time.
#[derive(Debug)]
pub(crate) struct Running {
    /// What answers webhooks, and is measured.
    pub(crate) server: Program,
    pub(crate) address: SocketAddr,
    /// What stores them behind it.
    pub(crate) service: Option<Service>,
    pub(crate) store: Store,
}

/// `community-svc` and its store.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) program: Program,
    /// Where it answers gRPC.
    pub(crate) address: SocketAddr,
    pub(crate) store: Store,
}

/// Where the set-up's webhooks are in the end.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    /// It keeps none.
    Nothing,
    MongoDb {
        uri: String,
        database: String,
        collection: &'static str,
    },
    Sqlite(PathBuf),
}

impl Running {
    /// Starts the set-up with its files under `folder` and waits until it listens.
    pub(crate) async fn start(system: System, folder: &Path, mongodb: &str, cores: Cores) -> Self {
        let folder = folder.join(system.key());
        std::fs::create_dir_all(&folder).expect("a folder can be made in a temporary one");
        match system {
            System::Verify => baseline(&folder, None, cores).await,
            System::Insert => baseline(&folder, Some(mongodb), cores).await,
            System::Queued | System::Stored | System::QueuedSqlite => {
                bridge(system, &folder, mongodb, cores).await
            }
        }
    }

    /// The process id of the measured server.
    pub(crate) fn server_id(&self) -> u32 {
        self.server.id().expect("the server runs")
    }

    /// The process id of the service behind it.
    pub(crate) fn service_id(&self) -> Option<u32> {
        self.service
            .as_ref()
            .and_then(|service| service.program.id())
    }
}

impl Service {
    /// A service on SQLite, not started.
    pub(crate) fn on_sqlite(folder: &Path, core: Option<usize>) -> Self {
        Self::new(folder, core, |_, data| {
            Store::Sqlite(data.join("community.sqlite"))
        })
    }

    /// A service on a database of this MongoDB, not started.
    pub(crate) fn on_mongodb(
        folder: &Path,
        core: Option<usize>,
        uri: &str,
        database: &str,
    ) -> Self {
        Self::new(folder, core, |program, _| {
            program.set("MONGODB_URI", uri);
            program.set("MONGODB_DATABASE", database);
            Store::MongoDb {
                uri: uri.to_owned(),
                database: database.to_owned(),
                collection: "bettermode_webhook_events",
            }
        })
    }

    fn new(
        folder: &Path,
        core: Option<usize>,
        store: impl FnOnce(&mut Program, &Path) -> Store,
    ) -> Self {
        let [address, admin] = std::array::from_fn(|_| ports::free());
        let path = tools::built("community-svc");
        let mut program =
            affinity::program("community-svc", &path, folder, &[address, admin], core);
        let data = folder.join("service");
        program.set_all(&[
            ("COMMUNITY_SVC_LISTEN", &address.to_string()),
            ("COMMUNITY_SVC_ADMIN_LISTEN", &admin.to_string()),
            ("DATA_DIR", &data.display().to_string()),
            ("TESTING_MODE", "true"),
            ("LOG_LEVEL", "warn"),
        ]);
        let store = store(&mut program, &data);
        Self {
            program,
            address,
            store,
        }
    }
}

async fn baseline(folder: &Path, mongodb: Option<&str>, cores: Cores) -> Running {
    let address = ports::free();
    let path = tools::built("bench");
    let mut server = affinity::program("baseline", &path, folder, &[address], cores.server)
        .arg("baseline")
        .arg("--listen")
        .arg(address.to_string());
    if let Some(uri) = mongodb {
        server = server.arg("--mongodb").arg(uri);
    }
    server.start().await;
    let store = mongodb.map_or(Store::Nothing, |uri| Store::MongoDb {
        uri: uri.to_owned(),
        database: baseline::DATABASE.to_owned(),
        collection: baseline::COLLECTION,
    });
    Running {
        server,
        address,
        service: None,
        store,
    }
}

async fn bridge(system: System, folder: &Path, mongodb: &str, cores: Cores) -> Running {
    let mut service = if system == System::QueuedSqlite {
        Service::on_sqlite(folder, cores.others)
    } else {
        Service::on_mongodb(folder, cores.others, mongodb, system.key())
    };
    let [address, admin] = std::array::from_fn(|_| ports::free());
    let path = tools::built("webhook-edge");
    let addresses = [address, admin];
    let mut server = affinity::program("webhook-edge", &path, folder, &addresses, cores.server);
    let queue = folder.join("edge");
    let acknowledge = if system == System::Stored {
        "stored"
    } else {
        "queued"
    };
    server.set_all(&[
        ("WEBHOOK_EDGE_LISTEN", &address.to_string()),
        ("WEBHOOK_EDGE_ADMIN_LISTEN", &admin.to_string()),
        ("COMMUNITY_SVC_URL", &format!("http://{}", service.address)),
        ("BETTERMODE_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("BETTERMODE_NETWORK_ID", NETWORK_ID),
        ("WEBHOOK_ACK", acknowledge),
        ("WEBHOOK_EDGE_QUEUE_DIR", &queue.display().to_string()),
        ("LOG_LEVEL", "warn"),
    ]);
    service.program.start().await;
    server.start().await;
    let store = service.store.clone();
    Running {
        server,
        address,
        service: Some(service),
        store,
    }
}

impl Store {
    /// A way to ask it.
    pub(crate) async fn open(&self) -> Counter {
        match self {
            Self::Nothing => Counter::Nothing,
            Self::MongoDb {
                uri,
                database,
                collection,
            } => {
                let client = Client::with_uri_str(uri).await;
                let client = client.expect("the address is one that the driver takes");
                Counter::MongoDb(client.database(database).collection(collection))
            }
            Self::Sqlite(file) => Counter::Sqlite(file.clone()),
        }
    }
}

/// Counts what is stored.
#[derive(Debug, Clone)]
pub(crate) enum Counter {
    Nothing,
    MongoDb(mongodb::Collection<Document>),
    Sqlite(PathBuf),
}

impl Counter {
    /// How many webhooks are stored; event ids are unique in every store.
    pub(crate) async fn count(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::MongoDb(collection) => {
                let count = collection.estimated_document_count().await;
                count.expect("mongod counts its documents")
            }
            Self::Sqlite(file) => {
                let file = file.clone();
                let count = tokio::task::spawn_blocking(move || count_rows(&file)).await;
                count.expect("counting rows does not panic")
            }
        }
    }
}

/// 0 while the service has not made the file or its tables.
fn count_rows(file: &Path) -> u64 {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let count = || {
        let connection = rusqlite::Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(Duration::from_secs(10))?;
        let query = "SELECT count(*) FROM bettermode_webhook_events";
        connection.query_row(query, [], |row| row.get::<_, i64>(0))
    };
    count()
        .ok()
        .and_then(|count| u64::try_from(count).ok())
        .unwrap_or(0)
}

//! Over a wire that can swallow what it carries.

use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;

use mongodb::bson::doc;
use service_kit::env::{Env as _, ProcessEnv};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::*;

const PATIENCE: Duration = Duration::from_millis(200);

/// A way to the real MongoDB: of its connections only the first is carried, the one
/// that the driver watches the server with, until it is mended.
#[derive(Debug)]
struct Wire {
    address: SocketAddr,
    swallowed: Arc<AtomicUsize>,
    mended: Arc<AtomicUsize>,
    _carrying: JoinSet<()>,
}

impl Wire {
    async fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (swallowed, mended) = (Arc::default(), Arc::default());
        let counters: (Arc<AtomicUsize>, Arc<AtomicUsize>) =
            (Arc::clone(&swallowed), Arc::clone(&mended));
        let mut carrying = JoinSet::new();
        carrying.spawn(async move {
            let mut connections = JoinSet::new();
            let mut kept = Vec::new();
            for number in 0.. {
                let (mut client, _) = listener.accept().await.unwrap();
                if number > 0 && counters.1.load(Ordering::Relaxed) == 0 {
                    // Open, and nobody reads.
                    kept.push(client);
                    counters.0.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                connections.spawn(async move {
                    let mut server = TcpStream::connect(target).await.unwrap();
                    let _ended = copy_bidirectional(&mut client, &mut server).await;
                });
            }
        });
        Self {
            address,
            swallowed,
            mended,
            _carrying: carrying,
        }
    }
}

async fn ping(link: &MongoLink) -> Result<(), StoreError> {
    link.within(PATIENCE, "asking for a sign of life", async {
        let database = link.database().await?;
        database.run_command(doc! { "ping": 1 }).await
    })
    .await
    .map(|_| ())
}

#[tokio::test]
async fn connections_whose_first_answer_is_swallowed_do_not_keep_others_from_being_opened() {
    let uri = ProcessEnv
        .get("TEST_MONGODB_URI")
        .expect("TEST_MONGODB_URI is not set: run cargo xtask test, which starts a MongoDB");
    let host = uri.trim_start_matches("mongodb://");
    let host = host.split('/').next().unwrap();
    let wire = Wire::to(host.parse().unwrap()).await;
    let uri = format!("mongodb://{}/?directConnection=true", wire.address);
    let link = MongoLink::new(&uri.into(), "test").unwrap();

    // The driver opens two for calls, and one more to measure round trips.
    while wire.swallowed.load(Ordering::Relaxed) < 3 {
        ping(&link).await.unwrap_err();
    }
    wire.mended.store(1, Ordering::Relaxed);
    let mut attempts = 0;
    while ping(&link).await.is_err() {
        attempts += 1;
        assert!(attempts < 50, "the driver opens no connection any more");
    }
}

#[tokio::test]
async fn an_answer_between_keeps_the_client() {
    let link = MongoLink::new(&"mongodb://127.0.0.1:1".to_owned().into(), "test").unwrap();
    let before = link.clients();
    for _ in 0..3 * SILENCES {
        let silent = link.answered(PATIENCE / 100, std::future::pending::<()>());
        silent.await.unwrap_err();
        link.answered(PATIENCE, std::future::ready(()))
            .await
            .unwrap();
    }
    assert!(Arc::ptr_eq(&before, &link.clients()));

    for _ in 0..SILENCES {
        let silent = link.answered(PATIENCE / 100, std::future::pending::<()>());
        silent.await.unwrap_err();
    }
    assert!(!Arc::ptr_eq(&before, &link.clients()));
}

//! [`Fake::handle`] on a socket.

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fake::Fake;

impl Fake {
    /// Serves on `listener` until `stop`; then lets open requests finish for a few seconds.
    pub async fn serve(&self, listener: TcpListener, stop: CancellationToken) {
        let fake = self.clone();
        let handle = move |request| {
            let fake = fake.clone();
            async move { fake.handle(request).await }
        };
        fake_kit::serve(listener, stop, TaskTracker::new(), handle).await;
    }
}

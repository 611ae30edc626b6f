//! [`Fake::handle`] on a socket, and the webhooks that it sends meanwhile.

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fake::Fake;

impl Fake {
    /// Serves on `listener` and delivers webhooks, until `stop`; then lets open requests
    /// finish for a few seconds. Tries of webhooks that still wait are given up.
    pub async fn serve(&self, listener: TcpListener, stop: CancellationToken) {
        let tasks = TaskTracker::new();
        let (webhooks, until) = (self.clone(), stop.clone());
        tasks.spawn(async move { webhooks.run_webhooks(until).await });
        let fake = self.clone();
        let handle = move |request| {
            let fake = fake.clone();
            async move { fake.handle(request).await }
        };
        fake_kit::serve(listener, stop, tasks, handle).await;
    }
}

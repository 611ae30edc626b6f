//! The rest of a call that is refused before it was read.
//!
//! An answer that ends while the caller still sends ends the stream with a reset, and what
//! arrives after that counts as a fault of the caller's. h2 closes a connection that has
//! too many of those (CVE-2025-8671), so callers who are merely refused, and refused often,
//! would lose the calls that were not.

use std::time::Duration;

use http_body_util::BodyExt as _;
use tokio::time::timeout;
use tonic::body::Body;

/// Ordinary requests are smaller; the rest of a larger one is cut off by the reset.
const MOST: usize = 16 * 1024;

/// It is on its way already, or its caller takes their time.
const PATIENCE: Duration = Duration::from_millis(100);

/// Reads what is left of a small request, and drops it.
pub(crate) async fn take_in(mut body: Body) {
    let mut taken = 0;
    let read = async {
        while taken <= MOST {
            match body.frame().await {
                Some(Ok(frame)) => taken += frame.data_ref().map_or(0, bytes::Bytes::len),
                Some(Err(_)) | None => break,
            }
        }
    };
    // Too late or too long: the reset says the rest.
    let _whole = timeout(PATIENCE, read).await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use futures::{StreamExt as _, stream};
    use http_body_util::StreamBody;
    use hyper::body::Frame;
    use tokio::time::Instant;

    use super::*;

    type Part = Result<Frame<Bytes>, std::io::Error>;

    /// How many parts of a kibibyte are read, of so many.
    async fn read_of(parts: usize) -> usize {
        let read = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&read);
        let parts = stream::iter(0..parts).map(move |_| -> Part {
            counter.fetch_add(1, Ordering::Relaxed);
            Ok(Frame::data(Bytes::from_static(&[7; 1024])))
        });
        take_in(Body::new(StreamBody::new(parts))).await;
        read.load(Ordering::Relaxed)
    }

    #[tokio::test]
    async fn a_small_request_is_read_to_its_end_and_a_large_one_is_not() {
        assert_eq!(read_of(3).await, 3);
        assert_eq!(read_of(100).await, 17);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_caller_is_not_waited_for() {
        let body = StreamBody::new(stream::pending::<Part>());
        let began = Instant::now();
        take_in(Body::new(body)).await;
        assert_eq!(began.elapsed(), PATIENCE);
    }
}

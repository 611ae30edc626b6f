//! One direction of one connection.

use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::Faults;

const CHUNK: usize = 16 * 1024;

/// How a connection ends before both sides have closed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// One side has gone.
    Closed,
    /// By a fault.
    Reset,
}

/// Carries bytes until the sender has sent all; the other direction may go on.
pub(super) async fn pump(
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    mut faults: watch::Receiver<Faults>,
    rng: &mut StdRng,
) -> Result<(), End> {
    let mut buffer = vec![0; CHUNK];
    let mut swallows = false;
    loop {
        let length = from.read(&mut buffer).await.map_err(|_| End::Closed)?;
        // After the read: what arrives while nothing passes must not slip through.
        let passes = faults.wait_for(|faults| !faults.blackhole).await;
        let now = *passes.map_err(|_| End::Closed)?;
        if length == 0 {
            let _already_gone = to.shutdown().await;
            return Ok(());
        }
        if rng.random_bool(now.reset) {
            return Err(End::Reset);
        }
        swallows |= rng.random_bool(now.drop);
        if swallows {
            continue;
        }
        let chunk = &mut buffer[..length];
        if rng.random_bool(now.corrupt) {
            chunk[rng.random_range(0..length)] ^= 1 << rng.random_range(0..8);
        }
        if !now.delay.is_zero() {
            tokio::time::sleep(now.delay).await;
        }
        write(&mut to, chunk, &now).await.map_err(|_| End::Closed)?;
    }
}

async fn write(to: &mut WriteHalf<'_>, chunk: &[u8], faults: &Faults) -> std::io::Result<()> {
    for piece in chunk.chunks(faults.slice.unwrap_or(CHUNK).max(1)) {
        if let Some(rate) = faults.bytes_per_second {
            let seconds = f64::from(u32::try_from(piece.len()).unwrap_or(u32::MAX));
            let seconds = seconds / f64::from(rate.max(1));
            tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
        }
        to.write_all(piece).await?;
        if faults.slice.is_some() {
            // So that the reader gets a piece at a time.
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}

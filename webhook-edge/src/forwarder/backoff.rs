//! How long to wait after a failure: doubling, with jitter, within bounds.

use std::time::Duration;

/// A number from 0 up to 1, new each time.
pub type Jitter = Box<dyn FnMut() -> f64 + Send + Sync>;

/// Doubling pauses. The jitter spreads edges that lost the same service.
pub(super) struct Backoff {
    jitter: Jitter,
    failures: u32,
}

impl Backoff {
    /// The first pause, without its jitter.
    const FIRST: Duration = Duration::from_millis(200);
    /// No pause is longer: a service that is back is noticed within this time.
    const LONGEST: Duration = Duration::from_secs(5);

    pub(super) fn new(jitter: Jitter) -> Self {
        Self {
            jitter,
            failures: 0,
        }
    }

    /// The next pause: half of the bound for certain, the other half by chance.
    pub(super) fn next_pause(&mut self) -> Duration {
        let bound = bound(self.failures, Self::FIRST, Self::LONGEST);
        self.failures = self.failures.saturating_add(1);
        let half = bound / 2;
        half + half.mul_f64((self.jitter)().clamp(0.0, 1.0))
    }

    /// All is well again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

/// The bound of a pause after so many failures before it.
pub(super) fn bound(failures: u32, first: Duration, longest: Duration) -> Duration {
    first
        .saturating_mul(2_u32.saturating_pow(failures))
        .min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pauses(jitter: f64) -> Vec<Duration> {
        let mut backoff = Backoff::new(Box::new(move || jitter));
        (0..40).map(|_| backoff.next_pause()).collect()
    }

    #[test]
    fn pauses_double_up_to_a_bound() {
        let longest: Vec<_> = pauses(1.0)
            .into_iter()
            .map(|pause| pause.as_millis())
            .collect();
        assert_eq!(longest[..6], [200, 400, 800, 1_600, 3_200, 5_000]);
        assert!(longest[6..].iter().all(|pause| *pause == 5_000));
    }

    #[test]
    fn jitter_takes_at_most_half_away() {
        for (short, long) in pauses(0.0).into_iter().zip(pauses(1.0)) {
            assert_eq!(short * 2, long);
        }
    }

    #[test]
    fn after_a_success_pauses_start_anew() {
        let mut backoff = Backoff::new(Box::new(|| 1.0));
        let first = backoff.next_pause();
        assert!(backoff.next_pause() > first);
        backoff.reset();
        assert_eq!(backoff.next_pause(), first);
    }
}

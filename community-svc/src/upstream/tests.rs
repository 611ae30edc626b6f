use bettermode::{Config, Credentials, Transport, TransportError, UnlimitedBudget};
use service_kit::clock::ManualClock;

use super::*;

/// An upstream that cannot be reached.
fn unreachable() -> Upstream {
    let mut config = Config::new(Credentials::StaticToken("t".into()));
    config.max_retries = 0;
    let transport = Transport::from_service(tower::service_fn(|_| async {
        Err(TransportError::NotSent("refused".to_owned()))
    }));
    let clock: SharedClock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let time = Arc::clone(&clock);
    let time: bettermode::TimeSource = Arc::new(move || time.now());
    let client = Client::new(config, transport, Arc::new(UnlimitedBudget), time);
    let metrics = Metrics::register(&mut prometheus_client::registry::Registry::default());
    Upstream::new(client, clock, metrics)
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_is_seen_and_leaves_the_condition_as_the_last_answer_did() {
    let upstream = unreachable();
    let mut last = None;
    for _ in 0..6 {
        let result = upstream.client().network().await;
        last = upstream.settle(Call::NETWORK, result).err();
    }
    let BreakerState::Open { retry_after } = upstream.breaker() else {
        panic!("{:?}", upstream.breaker());
    };
    let expected = Error::UpstreamUnavailable {
        attempted: Call::NETWORK.attempted,
        retry_after: Some(retry_after),
    };
    assert_eq!(last, Some(expected));
    let before = upstream.condition();
    assert!(matches!(before, Condition::Down { .. }), "{before:?}");
    let refused = upstream.client().network().await;
    upstream.settle(Call::NETWORK, refused).unwrap_err();
    assert_eq!(upstream.condition(), before);
}

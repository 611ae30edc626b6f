//! The circuit breaker in its place: what opens it, what passes it, what it costs.

use futures::FutureExt;
use tokio::time::advance;

use super::*;
use crate::{BreakerState, Class, Client};

/// A client that does not repeat anything by itself.
fn client(upstream: &Upstream) -> Client {
    upstream.client_with(|config| config.max_retries = 0)
}

/// An upstream that fails five times, and a client that found it down.
async fn down(then: impl IntoIterator<Item = Step>) -> (Upstream, Client) {
    let failures = (0..5).map(|_| not_sent());
    let upstream = Upstream::answering(failures.chain(then));
    let client = client(&upstream);
    for _ in 0..5 {
        assert_eq!(client.breaker(), BreakerState::Closed);
        let error = client.network().await.unwrap_err();
        assert!(matches!(error, Error::Transport { .. }), "{error:?}");
    }
    (upstream, client)
}

/// The wait of a call that fails at once.
fn refused(client: &Client) -> Duration {
    match client.network().now_or_never() {
        Some(Err(Error::CircuitOpen { retry_after, .. })) => retry_after,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn while_bettermode_is_down_nothing_is_sent_or_spent_until_one_probe_gets_through() {
    let (upstream, client) = down([network()]).await;
    let wait = refused(&client);
    let bounds = Duration::from_millis(500)..=Duration::from_secs(1);
    assert!(bounds.contains(&wait), "{wait:?}");
    assert_eq!(client.breaker(), BreakerState::Open { retry_after: wait });
    assert_eq!(upstream.spent.costs.lock().unwrap().len(), 6);
    assert_eq!(upstream.count("NetworkQuery"), 5);
    advance(wait).await;
    assert_eq!(client.breaker(), BreakerState::HalfOpen);
    client.network().await.unwrap();
    assert_eq!(client.breaker(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn whatever_shows_that_bettermode_is_down_counts() {
    let cut = Step::Answer(200, vec![], r#"{"data":{"netw"#.to_owned());
    let shown = [html(502), html(200), cut, no_answer(), Step::Hang];
    let broken = ["1", "10", "30", "50", "116", "122"].map(|code| error(&json!(code)));
    let steps: Vec<_> = shown.into_iter().chain(broken).collect();
    for step in steps {
        for writes in [false, true] {
            let upstream = Upstream::answering((0..5).map(|_| step.clone()));
            let client = client(&upstream);
            for _ in 0..5 {
                if writes {
                    client.create_post(new_post()).await.unwrap_err();
                } else {
                    client.network().await.unwrap_err();
                }
            }
            assert_ne!(client.breaker(), BreakerState::Closed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_and_limits_show_that_bettermode_is_there() {
    let large = Step::Fail(TransportError::TooLarge { limit: 1 });
    let answers = [html(403), limited("30"), error(&json!("110")), large]
        .into_iter()
        .chain([error(&json!("102")), error(&json!("777"))]);
    for answer in answers {
        let upstream = Upstream::answering((0..9).map(|_| answer.clone()));
        let client = client(&upstream);
        for _ in 0..9 {
            client.network().await.unwrap_err();
        }
        assert_eq!(client.breaker(), BreakerState::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn our_own_budget_says_nothing_about_bettermode() {
    let (upstream, client) = down([network()]).await;
    advance(Duration::from_secs(1)).await;
    *upstream.spent.refuse_class.lock().unwrap() = Some(Class::Backfill);
    for _ in 0..9 {
        let refused = client.for_class(Class::Backfill).network().await;
        assert!(matches!(refused, Err(Error::RateLimited { .. })));
    }
    // The probe's place is free again.
    client.network().await.unwrap();
    assert_eq!(client.breaker(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_caller_leaves_makes_way_for_the_next() {
    let (_, client) = down([Step::Hang, network()]).await;
    advance(Duration::from_secs(1)).await;
    let probe = async {
        let patience = Duration::from_secs(3);
        tokio::time::timeout(patience, client.network()).await
    };
    let others = async {
        tokio::task::yield_now().await;
        refused(&client)
    };
    let (left, wait) = tokio::join!(probe, others);
    assert!(left.is_err());
    assert_eq!(wait, Duration::from_secs(1));
    client.network().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_fails_keeps_the_others_away_for_longer() {
    let (_, client) = down([no_answer(), not_sent(), network()]).await;
    for longest in [2, 4] {
        advance(refused(&client)).await;
        client.network().await.unwrap_err();
        let wait = refused(&client);
        let longest = Duration::from_secs(longest);
        assert!((longest / 2..=longest).contains(&wait), "{wait:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_breaker_ends_the_repeats_of_a_read() {
    let upstream = Upstream::answering((0..9).map(|_| not_sent()));
    let client = upstream.client();
    let first = client.network().await;
    assert!(matches!(first, Err(Error::Transport { .. })), "{first:?}");
    let second = client.network().await;
    assert!(
        matches!(second, Err(Error::CircuitOpen { .. })),
        "{second:?}"
    );
    assert_eq!(upstream.count("NetworkQuery"), 5);
}

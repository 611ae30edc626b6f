//! The client over a socket: what only a real connection shows.
#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::sync::Arc;
use std::time::Duration;

use fake_notion::{Fake, FakeConfig, Fault, Setting};
use notion::{Client, Config, Error};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use url::Url;

/// Runs `work` beside a fake that listens.
async fn beside<T>(work: impl AsyncFnOnce(Fake, Client) -> T) -> T {
    let fake = Fake::new(FakeConfig::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = Config {
        api_url: Url::parse(&format!("http://{address}")).unwrap(),
        attempts: 2,
        timeout: Duration::from_secs(5),
        max_response_bytes: 1 << 20,
        ..Config::new("ntn_fake".into())
    };
    let client = Client::new(config, Arc::new(|| 0.0)).unwrap();
    let stop = CancellationToken::new();
    let serving = fake.serve(listener, stop.clone());
    let working = async {
        let done = work(fake.clone(), client).await;
        stop.cancel();
        done
    };
    tokio::join!(serving, working).1
}

fn always(value: Option<u64>) -> Setting {
    Setting {
        count: None,
        value,
        operation: None,
    }
}

#[tokio::test]
async fn the_token_is_shown_and_the_answer_read() {
    let name = beside(async |_, client| client.integration().await).await;
    assert_eq!(name.unwrap(), "Community sync");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let error = beside(async |fake, client| {
        fake.fault(Fault::Redirect, always(None));
        client.integration().await.unwrap_err()
    })
    .await;
    assert!(
        matches!(error, Error::Refused { status: 302, .. }),
        "{error}"
    );
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off_at_the_limit() {
    let error = beside(async |fake, client| {
        fake.fault(Fault::HugeBody, always(Some(8 << 20)));
        client.integration().await.unwrap_err()
    })
    .await;
    assert!(
        error.to_string().contains("larger than 1048576 bytes"),
        "{error}"
    );
}

#[tokio::test]
async fn nobody_there_is_said_so_without_the_token() {
    let config = Config {
        api_url: Url::parse("http://127.0.0.1:9").unwrap(),
        attempts: 1,
        ..Config::new("ntn_very_secret".into())
    };
    let client = Client::new(config, Arc::new(|| 0.0)).unwrap();
    let error = client.integration().await.unwrap_err();
    assert!(error.passes(), "{error}");
    assert!(!format!("{error} {error:?} {client:?}").contains("very_secret"));
}

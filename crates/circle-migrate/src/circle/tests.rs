use std::time::Duration;

use fake_circle::{AuthScheme as FakeScheme, Fault, Setting};
use tokio::time::Instant;

use super::testing::{client, client_with, fake, settings};
use super::{CircleError, List, Transport};
use crate::config::AuthScheme;
use crate::snapshot::{Entity, ListKey, SpaceId};

fn members(page: u32, per_page: u32) -> List {
    List {
        key: ListKey::of(Entity::Members),
        page,
        per_page,
    }
}

fn once(value: Option<u64>) -> Setting {
    Setting {
        count: Some(1),
        value,
        ..Setting::default()
    }
}

#[tokio::test(start_paused = true)]
async fn status_all_is_sent_so_that_nobody_unconfirmed_is_left_out() {
    let fake = fake(|_| {});
    let page = client(&fake).page(members(1, 100)).await.unwrap();
    assert_eq!(page.count, Some(60));
    let unconfirmed = page
        .records
        .iter()
        .filter(|r| r["profile_confirmed_at"].is_null());
    assert_eq!(unconfirmed.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_page_count_that_lies_is_not_looked_at() {
    let fake = fake(|_| {});
    fake.set_fault(Fault::PageCountLies, once(Some(1)));
    let page = client(&fake).page(members(1, 20)).await.unwrap();
    assert!(page.has_next_page);
}

#[tokio::test(start_paused = true)]
async fn four_requests_a_second_are_sent_and_no_more() {
    let fake = fake(|_| {});
    let client = client(&fake);
    let began = Instant::now();
    let eight = (0..8).map(|_| client.community());
    for answer in futures::future::join_all(eight).await {
        answer.unwrap();
    }
    assert_eq!(began.elapsed(), Duration::from_millis(7 * 250));
    assert_eq!(client.spent().requests, 8);
}

#[tokio::test(start_paused = true)]
async fn a_429_with_retry_after_is_waited_for_as_long_as_it_says() {
    let fake = fake(|_| {});
    fake.set_fault(Fault::Status429RetryAfter, once(Some(90)));
    let began = Instant::now();
    client(&fake).community().await.unwrap();
    let took = began.elapsed().as_secs();
    assert!((90..=91).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn a_429_without_retry_after_is_waited_for_a_minute() {
    let fake = fake(|_| {});
    fake.set_fault(Fault::Status429, once(None));
    let began = Instant::now();
    client(&fake).community().await.unwrap();
    let took = began.elapsed().as_secs();
    assert!((60..=61).contains(&took), "{took}");
}

#[tokio::test(start_paused = true)]
async fn a_429_that_does_not_end_is_given_up_on_with_a_word_on_the_quota() {
    let fake = fake(|config| config.limits.month_requests = 0);
    let error = client(&fake).community().await.unwrap_err();
    assert_eq!(error, CircleError::TooMany { attempts: 10 });
    assert!(error.to_string().contains("quota"));
}

#[tokio::test(start_paused = true)]
async fn a_5xx_an_html_page_and_a_cut_body_are_asked_for_again() {
    let fake = fake(|_| {});
    for fault in [
        Fault::Status5xx,
        Fault::HtmlError,
        Fault::HtmlBody,
        Fault::CutBody,
    ] {
        fake.set_fault(fault, once(None));
    }
    let client = client(&fake);
    client.community().await.unwrap();
    assert_eq!(client.spent().requests, 5);
}

#[tokio::test(start_paused = true)]
async fn an_html_error_body_is_named_and_not_repeated() {
    let fake = fake(|_| {});
    fake.set_fault(Fault::HtmlError, Setting::default());
    let error = client(&fake).community().await.unwrap_err().to_string();
    assert!(
        error.contains("a web page") && !error.contains('<'),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_401_stops_at_once_and_names_the_other_scheme() {
    let fake = fake(|config| config.auth_scheme = FakeScheme::Token);
    let bearer = client(&fake);
    let error = bearer.community().await.unwrap_err().to_string();
    assert!(error.contains("CIRCLE_AUTH_SCHEME=token"), "{error}");
    assert_eq!(bearer.spent().requests, 1);
    let mut config = settings();
    config.auth_scheme = AuthScheme::Token;
    assert!(client_with(&fake, &config).community().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_403_with_errors_only_is_read() {
    let fake = fake(|_| {});
    fake.set_fault(Fault::Status403ErrorsOnly, once(None));
    let error = client(&fake).community().await.unwrap_err();
    let message = "Daily member limit exceeded.".to_owned();
    assert_eq!(error, CircleError::Forbidden { message });
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_would_come_again_is_not_asked_for_again() {
    let fake = fake(|_| {});
    fake.set_fault(Fault::Status422, Setting::default());
    let client = client(&fake);
    let error = client.community().await.unwrap_err();
    assert!(matches!(error, CircleError::Refused { status: 422, .. }));
    assert_eq!(client.spent().requests, 1);
}

#[tokio::test(start_paused = true)]
async fn a_404_of_the_search_means_that_there_is_nobody() {
    let fake = fake(|_| {});
    let client = client(&fake);
    assert_eq!(client.member_by_email("nobody@example.org").await, Ok(None));
    let found = client.member_by_email("member4105@example.org").await;
    assert_eq!(found.unwrap().unwrap()["id"], 4105);
}

#[tokio::test(start_paused = true)]
async fn a_redirect_is_not_followed() {
    let fake = fake(|_| {});
    fake.set_fault(Fault::Redirect, once(None));
    let error = client(&fake).community().await.unwrap_err();
    assert!(
        matches!(error, CircleError::Refused { status: 302, .. }),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_beyond_all_measure_is_not_taken() {
    let fake = fake(|_| {});
    fake.set_fault(Fault::HugeBody, Setting::default());
    let error = client(&fake).community().await.unwrap_err().to_string();
    assert!(error.contains("larger than"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_sent_than_the_budget_has() {
    let fake = fake(|_| {});
    let mut config = settings();
    config.max_requests = Some(2);
    let client = client_with(&fake, &config);
    client.community().await.unwrap();
    client.community().await.unwrap();
    let error = client.community().await.unwrap_err();
    assert_eq!(error, CircleError::BudgetSpent { requests: 2 });
    assert_eq!(fake.counters()["requests"], 2);
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let fake = fake(|_| {});
    fake.set_fault(Fault::Status429RetryAfter, once(Some(7200)));
    let mut config = settings();
    config.deadline = Duration::from_secs(3600);
    let began = Instant::now();
    let error = client_with(&fake, &config).community().await.unwrap_err();
    assert_eq!(error, CircleError::Deadline);
    assert!(began.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_list_of_one_space_names_the_space() {
    let fake = fake(|_| {});
    let key = ListKey {
        entity: Entity::SpaceMembers,
        space: Some(SpaceId::new(503)),
    };
    let list = List {
        key,
        page: 1,
        per_page: 100,
    };
    assert_eq!(client(&fake).page(list).await.unwrap().count, Some(20));
}

#[tokio::test(start_paused = true)]
async fn neither_token_nor_address_shows_in_debug_or_error_texts() {
    let client = client(&fake(|_| {}));
    assert!(!format!("{client:?}").contains("fake-circle-token"));
    let body = r#"{"success":false,"message":"No member ada@example.org here"}"#;
    let transport = Transport::from_fn(move |_| async move {
        let mut response = http::Response::new(bytes::Bytes::from_static(body.as_bytes()));
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
        response
    });
    let client = super::Client::new(&settings(), &"t".into(), transport, 1).unwrap();
    let error = client.community().await.unwrap_err().to_string();
    assert!(error.contains("No member [address] here"), "{error}");
}

use std::sync::atomic::{AtomicU8, Ordering};

use http::HeaderValue;
use service_kit::clock::ManualClock;

use super::*;

const TOKEN: &str = "a token that is long enough";

fn sessions() -> (Sessions, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let drawn = AtomicU8::new(0);
    let secrets: Secrets = Arc::new(move || [drawn.fetch_add(1, Ordering::Relaxed); 32]);
    let token = SecretString::from(TOKEN);
    let shared: SharedClock = clock.clone();
    (Sessions::new(&token, 9464, secrets, shared), clock)
}

fn headers(set_cookie: &str) -> HeaderMap {
    let pair = set_cookie.split(';').next().unwrap();
    let text = format!("theme=dark; {pair}");
    HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&text).unwrap())])
}

#[test]
fn the_token_opens_a_session_that_its_cookie_is_known_by_and_signing_out_ends() {
    let (sessions, _) = sessions();
    let cookie = sessions.sign_in(TOKEN, false).unwrap();
    for part in ["Path=/console", "HttpOnly", "SameSite=Strict"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"));
    let headers = headers(&cookie);
    assert!(sessions.visitor(&headers).is_some());
    assert!(sessions.visitor(&HeaderMap::new()).is_none());
    let _expired = sessions.sign_out(&headers);
    assert!(sessions.visitor(&headers).is_none());
}

#[test]
fn behind_tls_the_cookie_stays_behind_tls() {
    let (sessions, _) = sessions();
    assert!(sessions.sign_in(TOKEN, true).unwrap().ends_with("; Secure"));
}

#[test]
fn a_session_ends_by_itself() {
    let (sessions, clock) = sessions();
    let headers = headers(&sessions.sign_in(TOKEN, false).unwrap());
    let almost = LIFETIME - SignedDuration::from_secs(1);
    clock.advance(almost.unsigned_abs());
    assert!(sessions.visitor(&headers).is_some());
    clock.advance(Duration::from_secs(1));
    assert!(sessions.visitor(&headers).is_none());
}

#[test]
fn wrong_tokens_run_out_also_for_the_right_one_and_come_back_with_time() {
    let (sessions, clock) = sessions();
    for _ in 0..TRIES {
        assert_eq!(sessions.sign_in("wrong", false), Err(Refused::Wrong));
    }
    let wait = TRY_COMES_BACK.unsigned_abs();
    assert_eq!(sessions.sign_in(TOKEN, false), Err(Refused::TooMany(wait)));
    clock.advance(wait);
    assert!(sessions.sign_in(TOKEN, false).is_ok());
    assert_eq!(sessions.sign_in("wrong", false), Err(Refused::Wrong));
    assert_eq!(sessions.sign_in(TOKEN, false), Err(Refused::TooMany(wait)));
}

#[test]
fn a_clock_that_was_set_back_locks_nobody_out_for_longer() {
    let (sessions, clock) = sessions();
    clock.advance(Duration::from_secs(1_000_000));
    for _ in 0..TRIES {
        assert_eq!(sessions.sign_in("wrong", false), Err(Refused::Wrong));
    }
    clock.set(Timestamp::UNIX_EPOCH);
    let wait = TRY_COMES_BACK.unsigned_abs();
    assert_eq!(sessions.sign_in(TOKEN, false), Err(Refused::TooMany(wait)));
    clock.advance(wait);
    assert!(sessions.sign_in(TOKEN, false).is_ok());
}

#[test]
fn the_oldest_session_makes_room() {
    let (sessions, _) = sessions();
    let first = headers(&sessions.sign_in(TOKEN, false).unwrap());
    for _ in 0..MAX_SESSIONS {
        let _another = sessions.sign_in(TOKEN, false).unwrap();
    }
    assert!(sessions.visitor(&first).is_none());
}

#[test]
fn a_form_is_known_by_the_secret_of_its_session_alone() {
    let (sessions, _) = sessions();
    let visitor = |cookie: &str| sessions.visitor(&headers(cookie)).unwrap();
    let one = visitor(&sessions.sign_in(TOKEN, false).unwrap());
    let other = visitor(&sessions.sign_in(TOKEN, false).unwrap());
    assert!(one.sent(&one.form_secret));
    assert!(!one.sent(&other.form_secret));
    assert!(!one.sent(""));
}

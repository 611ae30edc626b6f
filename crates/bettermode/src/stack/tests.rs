mod outage;

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    CreatePost, Error, MappingField, MemberId, PostTypeId, QuotaKind, SpaceId, TransportError,
    testing::{Step, Upstream, data, error, post},
};

/// Whether an error is the expected one.
type Fits = fn(&Error) -> bool;

fn network() -> Step {
    data(&json!({ "network": { "id": "n", "name": "N", "domain": "d", "locale": "en" } }))
}

fn html(status: u16) -> Step {
    Step::Answer(
        status,
        vec![],
        "<html><body>Bad gateway</body></html>".to_owned(),
    )
}

fn no_answer() -> Step {
    Step::Fail(TransportError::NoAnswer("reset".to_owned()))
}

fn not_sent() -> Step {
    Step::Fail(TransportError::NotSent("refused".to_owned()))
}

fn limited(wait: &'static str) -> Step {
    Step::Answer(429, vec![("retry-after", wait)], "{}".to_owned())
}

fn new_post() -> CreatePost {
    CreatePost {
        space_id: SpaceId::new("s"),
        post_type_id: PostTypeId::new("t"),
        fields: vec![MappingField::html("content", "x")],
        publish: true,
        owner_id: None,
        tag_names: vec![],
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_is_sent_again_after_each_failure_that_may_pass() {
    let cut = Step::Answer(200, vec![], r#"{"data":{"netw"#.to_owned());
    let failures = [
        html(502),
        html(200),
        cut,
        no_answer(),
        not_sent(),
        limited("1"),
    ];
    let broken = ["1", "10", "30", "50", "116", "122"].map(|code| error(&json!(code)));
    for failure in failures.into_iter().chain(broken).chain([Step::Hang]) {
        let upstream = Upstream::answering([failure, network()]);
        upstream.client().network().await.unwrap();
        assert_eq!(upstream.count("NetworkQuery"), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_read_is_given_up_after_the_configured_repeats() {
    let upstream = Upstream::answering((0..9).map(|_| no_answer()));
    let client = upstream.client_with(|config| config.max_retries = 3);
    let result = client.network().await;
    assert!(matches!(result, Err(Error::Transport { .. })), "{result:?}");
    assert_eq!(upstream.count("NetworkQuery"), 4);
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_differ_between_callers() {
    let mut took = Vec::new();
    for _ in 0..8 {
        let upstream = Upstream::answering([no_answer(), no_answer(), network()]);
        let start = tokio::time::Instant::now();
        upstream.client().network().await.unwrap();
        took.push(start.elapsed());
    }
    // Half to all of 100 ms, then of 200 ms; a paused clock counts whole ms.
    let bounds = Duration::from_millis(150)..=Duration::from_millis(302);
    assert!(took.iter().all(|took| bounds.contains(took)), "{took:?}");
    assert!(took.iter().any(|other| *other != took[0]), "{took:?}");
}

#[tokio::test]
async fn a_read_that_was_refused_is_not_sent_again() {
    for code in ["100", "106", "110", "112", "114", "118", "120", "777"] {
        let upstream = Upstream::answering([error(&json!(code))]);
        upstream.client().network().await.unwrap_err();
        assert_eq!(upstream.count("NetworkQuery"), 1, "{code}");
    }
}

#[tokio::test]
async fn a_long_wait_is_the_callers() {
    let upstream = Upstream::answering([limited("30")]);
    let expected = Error::RateLimited {
        retry_after: Duration::from_secs(30),
        by_vendor: true,
    };
    assert_eq!(upstream.client().network().await, Err(expected));
    assert_eq!(upstream.count("NetworkQuery"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_mutation_without_a_usable_answer_is_of_unknown_outcome_and_sent_once() {
    let cut = Step::Answer(200, vec![], r#"{"data":{"createP"#.to_owned());
    let odd = data(&json!({ "createPost": { "id": "POST1" } }));
    let large = Step::Fail(TransportError::TooLarge { limit: 1 });
    let broken = error(&json!("30"));
    for failure in [
        html(502),
        html(200),
        cut,
        odd,
        large,
        broken,
        no_answer(),
        Step::Hang,
    ] {
        let upstream = Upstream::answering([failure]);
        let result = upstream.client().create_post(new_post()).await;
        assert!(
            matches!(result, Err(Error::OutcomeUnknown { .. })),
            "{result:?}"
        );
        assert_eq!(upstream.count("CreatePostMutation"), 1);
    }
}

#[tokio::test]
async fn a_mutation_that_did_not_leave_or_was_turned_away_is_known_not_to_have_happened() {
    let cases: [(Step, Fits); 5] = [
        (not_sent(), |e| matches!(e, Error::Transport { .. })),
        (limited("1"), |e| {
            matches!(
                e,
                Error::RateLimited {
                    by_vendor: true,
                    ..
                }
            )
        }),
        (error(&json!("110")), |e| {
            matches!(e, Error::NotFound { .. })
        }),
        (html(403), |e| matches!(e, Error::Undecodable { .. })),
        (html(413), |e| matches!(e, Error::Undecodable { .. })),
    ];
    for (failure, fits) in cases {
        let upstream = Upstream::answering([failure]);
        let error = upstream.client().create_post(new_post()).await.unwrap_err();
        assert!(fits(&error), "{error:?}");
        assert_eq!(upstream.count("CreatePostMutation"), 1);
    }
}

#[tokio::test]
async fn a_mutation_refused_for_its_token_is_sent_again_with_a_new_one() {
    let created = data(&json!({ "createPost": post("POST1", "s") }));
    let upstream = Upstream::answering([error(&json!("108")), created]);
    let post = upstream.client().create_post(new_post()).await.unwrap();
    assert_eq!(post.id.as_str(), "POST1");
}

#[tokio::test(start_paused = true)]
async fn every_attempt_is_paid_for() {
    let upstream = Upstream::answering([no_answer(), network()]);
    upstream.client().network().await.unwrap();
    // The token, the first attempt, the second.
    assert_eq!(*upstream.spent.costs.lock().unwrap(), [1, 1, 1]);
}

#[tokio::test(start_paused = true)]
async fn an_exhausted_budget_sends_nothing_not_even_a_repeat() {
    let upstream = Upstream::answering([no_answer(), network()]);
    *upstream.spent.refuse_after.lock().unwrap() = Some(2);
    let expected = Error::RateLimited {
        retry_after: Duration::from_secs(7),
        by_vendor: false,
    };
    assert_eq!(upstream.client().network().await, Err(expected));
    assert_eq!(upstream.count("NetworkQuery"), 1);
}

#[tokio::test]
async fn the_budget_learns_what_the_vendor_says() {
    let body = json!({
        "data": { "member": crate::testing::member("ADA", None) },
        "extensions": { "complexity": 9 },
    });
    let headers = vec![("x-quota-type", "Complexity"), ("x-quota-limit", "2000")];
    let answer = Step::Answer(200, headers, body.to_string());
    let upstream = Upstream::answering([answer.clone(), answer]);
    let (client, ada) = (upstream.client(), MemberId::new("ADA"));
    for _ in 0..2 {
        client.member(crate::MemberRef::Id(&ada)).await.unwrap();
    }
    let quotas = upstream.spent.quotas.lock().unwrap();
    assert_eq!(
        (quotas[0].kind, quotas[0].limit),
        (QuotaKind::Complexity, Some(2_000))
    );
    // The second attempt pays what the first was charged.
    assert_eq!(*upstream.spent.charged.lock().unwrap(), [(8, 9), (9, 9)]);
}

#[tokio::test]
async fn an_answer_over_the_limit_is_not_read_and_not_asked_for_again() {
    let large = data(&json!({ "network": Value::from("x".repeat(300)) }));
    let upstream = Upstream::answering([large]);
    let client = upstream.client_with(|config| config.max_response_bytes = 250);
    let result = client.network().await;
    assert!(
        matches!(result, Err(Error::Undecodable { .. })),
        "{result:?}"
    );
    assert_eq!(upstream.count("NetworkQuery"), 1);
}

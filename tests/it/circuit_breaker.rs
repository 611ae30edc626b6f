//! Whether calls go out to BetterMode, as `GetStatus` and the metrics tell it.

use community_proto::v1::{CircuitBreaker, CircuitState, GetStatusRequest};
use community_proto::v1::{GetMemberRequest, get_member_request::Identifier};
use integration_tests::{Sandbox, eventually};
use serde_json::json;

#[tokio::test]
async fn the_breaker_is_told_closed_open_and_closed_again() {
    let sandbox = Sandbox::start().await;
    let closed = breaker(&sandbox).await;
    assert_eq!(
        (closed.state(), closed.retry_after),
        (CircuitState::Closed, None)
    );
    assert_eq!(shown(&sandbox).await, "closed");

    sandbox.fake.fault("status_5xx", json!({})).await;
    let open = eventually("the breaker is open", async || {
        read_somebody(&sandbox).await;
        let breaker = breaker(&sandbox).await;
        match breaker.state() {
            CircuitState::Open => Ok(breaker),
            state => Err(state.as_str_name()),
        }
    })
    .await;
    assert!(open.retry_after.is_some(), "{open:?}");
    // Each probe fails, so it stays open ever longer, but for the moment of a probe.
    eventually("the metrics tell that it is open", async || {
        match shown(&sandbox).await {
            state if state == "open" => Ok(()),
            state => {
                read_somebody(&sandbox).await;
                Err(state)
            }
        }
    })
    .await;

    sandbox.fake.clear_faults().await;
    eventually("the breaker is closed again", async || {
        read_somebody(&sandbox).await;
        match breaker(&sandbox).await.state() {
            CircuitState::Closed => Ok(()),
            state => Err(state.as_str_name()),
        }
    })
    .await;
    assert_eq!(shown(&sandbox).await, "closed");
}

async fn breaker(sandbox: &Sandbox) -> CircuitBreaker {
    let mut community = sandbox.clients.community();
    let answer = community.get_status(GetStatusRequest {}).await.unwrap();
    let status = answer.into_inner().status.unwrap();
    status.circuit_breaker.unwrap()
}

/// Whether it succeeds does not matter.
async fn read_somebody(sandbox: &Sandbox) {
    let request = GetMemberRequest {
        identifier: Some(Identifier::MemberId("nobody0000".to_owned())),
        read_options: None,
    };
    let answer = sandbox.clients.community().get_member(request).await;
    drop(answer);
}

/// The one state that the metrics show as 1.
async fn shown(sandbox: &Sandbox) -> String {
    let url = sandbox.service_admin_url("/metrics");
    let text = sandbox.clients.http().get(url).send().await.unwrap();
    let text = text.text().await.unwrap();
    let of = |state: &&str| text.contains(&format!("upstream_breaker{{state=\"{state}\"}} 1"));
    let states = ["closed", "open", "half_open"];
    let on: Vec<_> = states.iter().filter(|state| of(state)).collect();
    let zero = states
        .iter()
        .filter(|state| text.contains(&format!("upstream_breaker{{state=\"{state}\"}} 0")));
    assert_eq!((on.len(), zero.count()), (1, 2), "{text}");
    (**on[0]).to_owned()
}

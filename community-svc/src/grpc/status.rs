//! Telling the service's state.

use bettermode::BreakerState;
use community_proto::v1 as pb;

use super::{Community, convert};
use crate::health::{Part, State};

pub(super) async fn get(community: &Community) -> pb::GetStatusResponse {
    let health = &community.health;
    let budget = health.budget().await.map(|budget| pb::UpstreamBudget {
        request_limit: budget.limits.requests,
        request_remaining: budget.requests_left,
        complexity_limit: budget.limits.complexity,
        complexity_remaining: budget.complexity_left,
    });
    pb::GetStatusResponse {
        status: Some(pb::Status {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            dependencies: health.parts().into_iter().map(dependency).collect(),
            upstream_budget: budget,
            testing_mode: health.testing(),
            circuit_breaker: Some(breaker(health.breaker())),
        }),
    }
}

fn breaker(state: BreakerState) -> pb::CircuitBreaker {
    let (state, retry_after) = match state {
        BreakerState::Closed => (pb::CircuitState::Closed, None),
        BreakerState::Open { retry_after } => (pb::CircuitState::Open, Some(retry_after)),
        BreakerState::HalfOpen => (pb::CircuitState::HalfOpen, None),
    };
    pb::CircuitBreaker {
        state: state.into(),
        retry_after: retry_after.and_then(|wait| prost_types::Duration::try_from(wait).ok()),
    }
}

fn dependency(part: Part) -> pb::Dependency {
    let (state, message) = match part.state {
        State::Unknown => (pb::DependencyState::Unspecified, String::new()),
        State::Up => (pb::DependencyState::Up, String::new()),
        State::Down(message) => (pb::DependencyState::Down, message),
        State::Embedded => (pb::DependencyState::Embedded, String::new()),
        State::Disabled => (pb::DependencyState::Disabled, String::new()),
    };
    pb::Dependency {
        name: part.name.to_owned(),
        kind: part.kind.to_owned(),
        state: state.into(),
        message,
        check_time: part.checked_at.map(convert::timestamp),
    }
}

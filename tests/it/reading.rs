//! How old an answer may be and where it comes from: many members at once, options of a
//! read, copies that are dropped, replicas, and reads while something is away.

use std::time::Duration;

use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{
    BatchGetMembersRequest, BatchGetMembersResult, CacheMode, ErrorReason, Freshness,
    GetMemberRequest, InvalidateMemberRequest, Member, ReadOptions, Source,
};
use futures::future::join_all;
use integration_tests::{Clients, Failure, Sandbox, eventually};
use serde_json::json;
use tonic::{Code, Status};

use crate::members::by_id;

#[tokio::test]
async fn many_members_are_read_in_one_request_and_each_has_its_own_outcome() {
    for generation in ["newer", "published"] {
        let sandbox = Sandbox::builder()
            .fake_setting("FAKE_BETTERMODE_GENERATION", generation)
            .start()
            .await;
        let world = sandbox.fake.world().await;
        let known: Vec<_> = (0..8)
            .map(|n| world.text(&format!("/members/{n}/id")))
            .collect();
        let mut ids = known.clone();
        ids.insert(3, "nobody0000".to_owned());
        ids.push(known[0].clone());
        // What is asked once at the start, and the token.
        sandbox
            .service
            .line_with("asked the network what it can do")
            .await;
        by_id(&sandbox.clients, &world.text("/members/9/id")).await;
        let before = upstream_requests(&sandbox).await;
        let results = batch(&sandbox.clients, &ids).await.unwrap();
        let asked = upstream_requests(&sandbox).await - before;
        // The older networks null a whole answer for one who is not there.
        assert!(asked <= 2, "{generation}: {asked} requests");
        let named: Vec<_> = results
            .iter()
            .map(|result| result.member_id.clone())
            .collect();
        assert_eq!(named, ids);
        for result in &results {
            if result.member_id == "nobody0000" {
                let error = result.error.as_ref().unwrap();
                assert_eq!(error.code, i32::from(Code::NotFound));
                assert_eq!(error.reason(), ErrorReason::MemberNotFound);
            } else {
                assert_eq!(result.member.as_ref().unwrap().id, result.member_id);
                assert!(result.error.is_none() && result.freshness.is_some());
            }
        }
        let again = batch(&sandbox.clients, &ids).await.unwrap();
        let from_memory = |result: &BatchGetMembersResult| {
            let freshness = result.freshness.as_ref();
            freshness.is_none_or(|freshness| freshness.source() == Source::Memory)
        };
        assert!(again.iter().all(from_memory));
        assert_eq!(upstream_requests(&sandbox).await - before, asked);
    }
}

#[tokio::test]
async fn a_batch_that_breaks_a_rule_is_refused_as_a_whole() {
    let sandbox = Sandbox::start().await;
    for (ids, field) in [
        (vec![], "member_ids"),
        (vec!["x".to_owned(); 201], "member_ids"),
        (vec!["x".to_owned(), String::new()], "member_ids[1]"),
    ] {
        let status = batch(&sandbox.clients, &ids).await.unwrap_err();
        Failure::read(&status)
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
}

#[tokio::test]
async fn a_call_says_how_old_its_answer_may_be_and_where_it_may_come_from() {
    let sandbox = Sandbox::start().await;
    let world = sandbox.fake.world().await;
    let id = world.text("/members/0/id");
    let only = options(CacheMode::Only, None);
    let nothing = read(&sandbox.clients, &id, only).await.unwrap_err();
    let _checked = Failure::read(&nothing).is(Code::FailedPrecondition, ErrorReason::NotCached);

    by_id(&sandbox.clients, &id).await;
    let (_, copy) = read(&sandbox.clients, &id, only).await.unwrap();
    assert_eq!(copy.source(), Source::Memory);
    let (_, past) = read(&sandbox.clients, &id, options(CacheMode::Bypass, None))
        .await
        .unwrap();
    assert_eq!(past.source(), Source::Bettermode);
    let now = Some(prost_types::Duration::default());
    let (_, newest) = read(&sandbox.clients, &id, options(CacheMode::Unspecified, now))
        .await
        .unwrap();
    assert_eq!(newest.source(), Source::Bettermode);
    assert_eq!(sandbox.fake.requests("member").await, 3);

    let negative = prost_types::Duration {
        seconds: -1,
        nanos: 0,
    };
    let status = read(
        &sandbox.clients,
        &id,
        options(CacheMode::Unspecified, Some(negative)),
    )
    .await
    .unwrap_err();
    Failure::read(&status)
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about("read_options.max_staleness");
    let unknown = ReadOptions {
        cache: 77,
        max_staleness: None,
    };
    let status = read(&sandbox.clients, &id, unknown).await.unwrap_err();
    Failure::read(&status)
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about("read_options.cache");
}

#[tokio::test]
async fn readers_of_two_services_at_once_cost_one_request() {
    let sandbox = Sandbox::builder().with_redis().start().await;
    let replica = sandbox.another_service().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    sandbox
        .fake
        .fault("latency_ms", json!({ "value": 300 }))
        .await;
    let reads = (0..100).map(|number| {
        let clients = if number % 2 == 0 {
            &sandbox.clients
        } else {
            &replica.clients
        };
        by_id(clients, &id)
    });
    let members: Vec<_> = join_all(reads).await;
    assert!(members.iter().all(|(member, _)| *member == members[0].0));
    assert_eq!(sandbox.fake.requests("member").await, 1);
}

#[tokio::test]
async fn a_member_is_dropped_from_all_replicas_on_request() {
    let sandbox = Sandbox::builder().with_redis().start().await;
    let replica = sandbox.another_service().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    let (old, _) = by_id(&replica.clients, &id).await;
    by_id(&sandbox.clients, &id).await;
    sandbox
        .fake
        .post(
            &format!("/_fake/members/{id}"),
            &json!({ "name": "Somebody Else" }),
        )
        .await;
    assert_eq!(by_id(&replica.clients, &id).await.0, old);
    invalidate(&sandbox.clients, &id).await.unwrap();
    for clients in [&sandbox.clients, &replica.clients] {
        eventually("the new name is served", async || {
            let (member, freshness) = by_id(clients, &id).await;
            if member.name == "Somebody Else" {
                Ok(())
            } else {
                Err(format!("{} from {:?}", member.name, freshness.source()))
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_member_who_is_not_cached_can_be_dropped_and_nobody_needs_a_name() {
    let sandbox = Sandbox::start().await;
    invalidate(&sandbox.clients, "nobody0000").await.unwrap();
    let status = invalidate(&sandbox.clients, "").await.unwrap_err();
    Failure::read(&status)
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about("member_id");
}

#[tokio::test]
async fn while_bettermode_is_down_known_members_are_served_as_stale_and_others_fail_fast() {
    let sandbox = Sandbox::builder()
        .service_setting("COMMUNITY_SVC_MEMBER_TTL_SECONDS", "1")
        .start()
        .await;
    let world = sandbox.fake.world().await;
    let id = world.text("/members/0/id");
    let (known, _) = by_id(&sandbox.clients, &id).await;
    sandbox.fake.fault("status_5xx", json!({})).await;
    eventually("the copy is told to be stale", async || {
        let (member, freshness) = by_id(&sandbox.clients, &id).await;
        assert_eq!(member, known);
        if freshness.stale {
            Ok(())
        } else {
            Err(format!("{freshness:?}"))
        }
    })
    .await;
    let unknown = world.text("/members/1/id");
    let status = read(&sandbox.clients, &unknown, ReadOptions::default())
        .await
        .unwrap_err();
    let failure = Failure::read(&status).is(Code::Unavailable, ErrorReason::UpstreamUnavailable);
    assert!(
        failure
            .retry_after
            .is_some_and(|wait| wait > Duration::ZERO)
    );

    sandbox.fake.clear_faults().await;
    eventually("the copy is renewed", async || {
        let (_, freshness) = by_id(&sandbox.clients, &id).await;
        if freshness.stale {
            Err(format!("{freshness:?}"))
        } else {
            Ok(())
        }
    })
    .await;
}

#[tokio::test]
async fn members_in_memory_are_served_while_redis_is_away_and_shared_again_after() {
    let mut sandbox = Sandbox::builder().with_redis().start().await;
    let replica = sandbox.another_service().await;
    let id = sandbox.fake.world().await.text("/members/0/id");
    by_id(&sandbox.clients, &id).await;
    by_id(&replica.clients, &id).await;
    let redis = sandbox.redis.as_mut().unwrap();
    redis.program.kill();
    let (_, copy) = by_id(&replica.clients, &id).await;
    assert_eq!(copy.source(), Source::Memory);
    let status = invalidate(&sandbox.clients, &id).await.unwrap_err();
    let _checked = Failure::read(&status).is(Code::Unavailable, ErrorReason::CacheUnavailable);
    sandbox
        .fake
        .post(
            &format!("/_fake/members/{id}"),
            &json!({ "name": "Somebody Else" }),
        )
        .await;
    sandbox.redis.as_mut().unwrap().restart().await;
    eventually("the change reaches both", async || {
        invalidate(&sandbox.clients, &id)
            .await
            .map_err(|status| status.to_string())?;
        let (member, _) = by_id(&replica.clients, &id).await;
        if member.name == "Somebody Else" {
            Ok(())
        } else {
            Err(member.name)
        }
    })
    .await;
}

fn options(cache: CacheMode, max_staleness: Option<prost_types::Duration>) -> ReadOptions {
    ReadOptions {
        max_staleness,
        cache: cache.into(),
    }
}

async fn read(
    clients: &Clients,
    id: &str,
    options: ReadOptions,
) -> Result<(Member, Freshness), Status> {
    let request = GetMemberRequest {
        identifier: Some(Identifier::MemberId(id.to_owned())),
        read_options: Some(options),
    };
    let answer = clients.community().get_member(request).await?.into_inner();
    Ok((answer.member.unwrap(), answer.freshness.unwrap()))
}

async fn batch(clients: &Clients, ids: &[String]) -> Result<Vec<BatchGetMembersResult>, Status> {
    let request = BatchGetMembersRequest {
        member_ids: ids.to_vec(),
        read_options: None,
    };
    let answer = clients.community().batch_get_members(request).await?;
    Ok(answer.into_inner().results)
}

async fn invalidate(clients: &Clients, id: &str) -> Result<(), Status> {
    let request = InvalidateMemberRequest {
        member_id: id.to_owned(),
    };
    clients
        .community()
        .invalidate_member(request)
        .await
        .map(|_| ())
}

async fn upstream_requests(sandbox: &Sandbox) -> u64 {
    let counters = sandbox.fake.get("/_fake/counters").await;
    counters["requests"].as_u64().unwrap()
}

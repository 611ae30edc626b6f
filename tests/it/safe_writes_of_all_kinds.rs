//! Every write RPC with a request id: its answer is lost, and it is done once all the
//! same, and answered the same ever after.

use community_proto::v1::{
    AddReactionRequest, AddSpaceMemberRequest, CancelEventRequest, CreatePostRequest,
    CreateReplyRequest, DeletePostRequest, ErrorReason, InviteMembersRequest, Member,
    RegisterForEventRequest, RemoveReactionRequest, RemoveSpaceMemberRequest, ScheduleEventRequest,
    SendDirectMessageRequest, UpdateEventRequest, UpdateMemberRequest, UpdatePostRequest,
    create_reply_request,
};
use integration_tests::{Failure, Sandbox, eventually};
use serde_json::Value;
use tonic::{Code, Response, Status};

use crate::calendar::{event_in, meetups, walk};
use crate::direct_messages::message;
use crate::inviting::inviting;
use crate::posts::{create, ordinary_member, post_in, space_for_posts};

/// A request id that ends in this number.
fn id(number: u8) -> String {
    format!("6f4d2a0e-0d7e-4a35-9a5b-0000000000{number:02x}")
}

async fn on(generation: &str) -> Sandbox {
    Sandbox::builder()
        .fake_setting("FAKE_BETTERMODE_GENERATION", generation)
        .fake_setting("FAKE_BETTERMODE_NO_LIMITS", "true")
        .service_setting("COMMUNITY_SVC_WRITE_SETTLE_SECONDS", "1")
        .service_setting("BETTERMODE_RATE_LIMIT_REQUESTS", "100000")
        .service_setting("BETTERMODE_RATE_LIMIT_COMPLEXITY", "10000000")
        .start()
        .await
}

/// Loses the answer of the first request for `root_field`, calls until it is settled,
/// and once more. That it was looked for is told by how many such requests there were.
async fn settles<T: std::fmt::Debug + PartialEq>(
    sandbox: &Sandbox,
    (root_field, requests): (&str, u64),
    call: impl AsyncFn() -> Result<Response<T>, Status>,
) -> T {
    let before = sandbox.fake.requests(root_field).await;
    sandbox.fake.fault_once("cut_body", root_field).await;
    let lost = Failure::of(call().await);
    let _checked = lost.is(Code::Aborted, ErrorReason::RequestInProgress);
    let settled = eventually("it is settled", async || match call().await {
        Ok(answer) => Ok(answer.into_inner()),
        Err(status) => {
            let failure = Failure::read(&status);
            let _checked = failure.is(Code::Aborted, ErrorReason::RequestInProgress);
            Err(status)
        }
    })
    .await;
    assert_eq!(call().await.unwrap().into_inner(), settled);
    let sent = sandbox.fake.requests(root_field).await - before;
    assert_eq!(sent, requests, "requests for {root_field}");
    settled
}

#[tokio::test]
async fn posts_and_replies_are_found() {
    for generation in ["published", "newer"] {
        let sandbox = on(generation).await;
        let space = space_for_posts(&sandbox.fake.world().await);
        let mut community = sandbox.clients.community();
        let request = CreatePostRequest {
            title: "Once and no more".to_owned(),
            request_id: id(1),
            ..post_in(&space)
        };
        let created = settles(&sandbox, ("createPost", 1), async || {
            community.clone().create_post(request.clone()).await
        })
        .await;
        let post = created.post.unwrap();
        let world = sandbox.fake.world().await;
        assert_eq!(
            world.one("posts", "title", "Once and no more")["id"],
            post.id.as_str()
        );

        // Equal on purpose, so that the first one must not be taken for it.
        let request = CreatePostRequest {
            request_id: id(2),
            ..request
        };
        let answer = community.create_post(request).await.unwrap().into_inner();
        assert_ne!(answer.post.unwrap().id, post.id);

        let request = CreateReplyRequest {
            post_id: post.id.clone(),
            content: Some(create_reply_request::Content::Text("Yes".to_owned())),
            request_id: id(3),
            ..CreateReplyRequest::default()
        };
        let answered = settles(&sandbox, ("createReply", 1), async || {
            community.clone().create_reply(request.clone()).await
        })
        .await;
        let world = sandbox.fake.world().await;
        let there = world.one("posts", "repliedToId", &post.id);
        assert_eq!(there["id"], answered.reply.unwrap().id.as_str());
    }
}

#[tokio::test]
async fn of_a_draft_nobody_can_know() {
    let sandbox = on("newer").await;
    let request = CreatePostRequest {
        draft: true,
        request_id: id(1),
        ..post_in(&space_for_posts(&sandbox.fake.world().await))
    };
    sandbox.fake.fault_once("cut_body", "createPost").await;
    let community = sandbox.clients.community();
    let call = async || Failure::of(community.clone().create_post(request.clone()).await);
    let _checked = call()
        .await
        .is(Code::Aborted, ErrorReason::RequestInProgress);
    let failure = eventually("it was looked for", async || match call().await {
        failure if failure.reason == ErrorReason::RequestInProgress => Err(failure.message),
        failure => Ok(failure),
    })
    .await;
    let _checked = failure.is(Code::Unknown, ErrorReason::OutcomeUnknown);
    assert_eq!(sandbox.fake.requests("createPost").await, 1);
}

#[tokio::test]
async fn changes_and_deletions_of_posts_and_reactions_are_found() {
    let sandbox = on("newer").await;
    let space = space_for_posts(&sandbox.fake.world().await);
    let post = create(&sandbox, post_in(&space)).await.unwrap().id;
    let community = sandbox.clients.community();
    let request = UpdatePostRequest {
        post_id: post.clone(),
        title: "Another title".to_owned(),
        request_id: id(1),
        ..UpdatePostRequest::default()
    };
    let changed = settles(&sandbox, ("updatePost", 1), async || {
        community.clone().update_post(request.clone()).await
    })
    .await;
    assert_eq!(changed.post.unwrap().title, "Another title");

    let request = AddReactionRequest {
        post_id: post.clone(),
        reaction: "heart".to_owned(),
        request_id: id(2),
        ..AddReactionRequest::default()
    };
    settles(&sandbox, ("addReaction", 1), async || {
        community.clone().add_reaction(request.clone()).await
    })
    .await;
    let request = RemoveReactionRequest {
        post_id: post.clone(),
        reaction: "heart".to_owned(),
        request_id: id(3),
        ..RemoveReactionRequest::default()
    };
    settles(&sandbox, ("removeReaction", 1), async || {
        community.clone().remove_reaction(request.clone()).await
    })
    .await;

    let request = DeletePostRequest {
        post_id: post.clone(),
        request_id: id(4),
        ..DeletePostRequest::default()
    };
    settles(&sandbox, ("deletePost", 1), async || {
        community.clone().delete_post(request.clone()).await
    })
    .await;
    let world = sandbox.fake.world().await;
    assert_eq!(world.one("posts", "id", &post)["status"], "DELETED");
}

#[tokio::test]
async fn members_are_changed_invited_and_put_into_spaces_once() {
    let sandbox = on("newer").await;
    let world = sandbox.fake.world().await;
    let member = ordinary_member(&world);
    let community = sandbox.clients.community();
    let request = UpdateMemberRequest {
        member: Some(Member {
            id: member.clone(),
            tagline: "Reads in trains".to_owned(),
            ..Member::default()
        }),
        request_id: id(1),
        ..UpdateMemberRequest::default()
    };
    let changed = settles(&sandbox, ("updateMember", 1), async || {
        community.clone().update_member(request.clone()).await
    })
    .await;
    assert_eq!(changed.member.unwrap().tagline, "Reads in trains");

    let request = InviteMembersRequest {
        request_id: id(2),
        ..inviting(&["ada@new.example.net", "bea@new.example.net"])
    };
    let invited = settles(&sandbox, ("inviteMembers", 1), async || {
        community.clone().invite_members(request.clone()).await
    })
    .await;
    assert!(
        invited
            .results
            .iter()
            .all(|result| result.invitation.is_some())
    );
    assert_eq!(sandbox.fake.world().await.all("invitations").len(), 2);

    // Done twice it is what it was.
    let outside = |space: &&Value| {
        let people = space["memberIds"].as_array().unwrap();
        space["type"] == "Group" && !people.contains(&member.as_str().into())
    };
    let space = world.all("spaces").iter().find(outside).unwrap();
    let space = space["id"].as_str().unwrap().to_owned();
    let request = AddSpaceMemberRequest {
        space_id: space.clone(),
        member_id: member.clone(),
        request_id: id(3),
        ..AddSpaceMemberRequest::default()
    };
    settles(&sandbox, ("addSpaceMembers", 2), async || {
        community.clone().add_space_member(request.clone()).await
    })
    .await;
    let request = RemoveSpaceMemberRequest {
        space_id: space,
        member_id: member,
        request_id: id(4),
    };
    settles(&sandbox, ("removeSpaceMembers", 2), async || {
        community.clone().remove_space_member(request.clone()).await
    })
    .await;
}

#[tokio::test]
async fn events_are_made_changed_joined_and_cancelled_once() {
    let sandbox = on("newer").await;
    let community = sandbox.clients.community();
    let request = ScheduleEventRequest {
        request_id: id(1),
        ..event_in(&meetups(&sandbox.fake.world().await), walk())
    };
    let scheduled = settles(&sandbox, ("createEvent", 1), async || {
        community.clone().schedule_event(request.clone()).await
    })
    .await;
    let event = scheduled.event.unwrap().id;
    let request = UpdateEventRequest {
        event_id: event.clone(),
        details: Some(walk()),
        request_id: id(2),
        ..UpdateEventRequest::default()
    };
    settles(&sandbox, ("updateEvent", 2), async || {
        community.clone().update_event(request.clone()).await
    })
    .await;
    let request = RegisterForEventRequest {
        event_id: event.clone(),
        request_id: id(3),
        ..RegisterForEventRequest::default()
    };
    settles(&sandbox, ("registerForEvent", 1), async || {
        community.clone().register_for_event(request.clone()).await
    })
    .await;
    let request = CancelEventRequest {
        event_id: event,
        request_id: id(4),
        ..CancelEventRequest::default()
    };
    settles(&sandbox, ("deleteEvent", 1), async || {
        community.clone().cancel_event(request.clone()).await
    })
    .await;
}

#[tokio::test]
async fn to_several_each_message_is_sent_once_and_to_nobody_twice_who_was_there_before() {
    let sandbox = on("newer").await;
    let world = sandbox.fake.world().await;
    let open = |member: &&Value| {
        member["status"] == "VERIFIED"
            && member["privateMessaging"] == true
            && member["id"] != world.text("/bot/id").as_str()
    };
    let people = world.all("members").iter().filter(open).take(3);
    let people: Vec<String> = people
        .map(|member| member["id"].as_str().unwrap().to_owned())
        .collect();
    let community = sandbox.clients.community();
    let send = async |people: &[String]| {
        let request = SendDirectMessageRequest {
            recipient_member_ids: people.to_vec(),
            request_id: id(1),
            ..message("", "Hello all")
        };
        let answer = community
            .clone()
            .send_direct_message(request)
            .await
            .unwrap();
        answer.into_inner().results
    };
    sandbox
        .fake
        .fault_once("cut_body", "sendMessageToMember")
        .await;
    let first = send(&people[..2]).await;
    let error = first[0].error.as_ref().unwrap();
    assert_eq!(error.reason(), ErrorReason::RequestInProgress);
    let second = first[1].direct_message.clone().unwrap();
    let settled = eventually("it is settled", async || {
        let results = send(&people).await;
        match results[0].error.clone() {
            Some(error) => Err(error.message),
            None => Ok(results),
        }
    })
    .await;
    assert_eq!(settled[1].direct_message.as_ref(), Some(&second));
    assert_eq!(sandbox.fake.requests("sendMessageToMember").await, 3);
    assert_eq!(sandbox.fake.world().await.all("messages").len(), 3);
}

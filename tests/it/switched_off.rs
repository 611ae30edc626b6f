//! `INTEGRATION_ENABLE_BETTERMODE=false`: everything says so, nothing is asked.

use community_proto::v1;
use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{
    CancelEventRequest, DependencyState, ErrorReason, GetMemberByEmailRequest, GetMemberRequest,
    GetStatusRequest, IngestWebhookEventsRequest, ListDirectMessagesRequest, ListEventsRequest,
    ListWebhookEventsRequest, RegisterForEventRequest, ScheduleEventRequest, UpdateEventRequest,
};
use integration_tests::{Failure, Sandbox};
use serde_json::Value;
use tonic::{Code, Response, Status};

use crate::direct_messages::message;
use crate::posts::post_in;
use crate::stored_events::event;

#[tokio::test]
async fn every_rpc_names_the_setting_and_bettermode_hears_nothing() {
    let sandbox = switched_off().await;
    let mut community = sandbox.clients.community();
    let mut events = sandbox.clients.webhook_events();
    let request = GetMemberRequest {
        identifier: Some(Identifier::MemberId("member0000".to_owned())),
        read_options: None,
    };
    names_the_setting(community.get_member(request).await);
    let request = GetMemberByEmailRequest {
        email: "somebody@example.com".to_owned(),
        read_options: None,
    };
    names_the_setting(community.get_member_by_email(request).await);
    let request = message("member0000", "Hello");
    names_the_setting(community.send_direct_message(request).await);
    names_the_setting(community.create_post(post_in("space0000000")).await);
    names_the_setting(
        community
            .list_direct_messages(ListDirectMessagesRequest::default())
            .await,
    );
    names_the_setting(
        community
            .schedule_event(ScheduleEventRequest::default())
            .await,
    );
    names_the_setting(community.update_event(UpdateEventRequest::default()).await);
    names_the_setting(community.cancel_event(CancelEventRequest::default()).await);
    names_the_setting(community.list_events(ListEventsRequest::default()).await);
    names_the_setting(
        community
            .register_for_event(RegisterForEventRequest::default())
            .await,
    );
    let request = IngestWebhookEventsRequest {
        events: vec![event(1, "post.published")],
    };
    names_the_setting(events.ingest_webhook_events(request).await);
    let request = ListWebhookEventsRequest::default();
    names_the_setting(events.list_webhook_events(request).await);

    let answer = community.get_status(GetStatusRequest {}).await.unwrap();
    let bettermode = &answer.into_inner().status.unwrap().dependencies[0];
    assert_eq!(bettermode.state(), DependencyState::Disabled);
    assert_eq!(sandbox.fake.requests("limitedToken").await, 0);
}

#[tokio::test]
async fn rpcs_about_members_spaces_and_event_types_name_the_setting_too() {
    let sandbox = switched_off().await;
    let mut community = sandbox.clients.community();
    names_the_setting(
        community
            .list_members(v1::ListMembersRequest::default())
            .await,
    );
    names_the_setting(
        community
            .update_member(v1::UpdateMemberRequest::default())
            .await,
    );
    names_the_setting(
        community
            .invite_members(v1::InviteMembersRequest::default())
            .await,
    );
    names_the_setting(
        community
            .list_spaces(v1::ListSpacesRequest::default())
            .await,
    );
    names_the_setting(community.get_space(v1::GetSpaceRequest::default()).await);
    let request = v1::ListSpaceMembersRequest::default();
    names_the_setting(community.list_space_members(request).await);
    let request = v1::AddSpaceMemberRequest::default();
    names_the_setting(community.add_space_member(request).await);
    let request = v1::RemoveSpaceMemberRequest::default();
    names_the_setting(community.remove_space_member(request).await);
    let request = v1::ListEventTypesRequest::default();
    names_the_setting(community.list_event_types(request).await);
    assert_eq!(sandbox.fake.requests("limitedToken").await, 0);
}

#[tokio::test]
async fn webhook_paths_do_not_exist_and_health_says_disabled() {
    let sandbox = switched_off().await;
    for path in ["", "/member", "/activity", "/event"] {
        let path = format!("/webhooks/bettermode{path}");
        let request = sandbox.clients.signed_webhook(&path, b"{}".to_vec());
        assert_eq!(request.send().await.unwrap().status(), 404, "{path}");
    }
    let answer = sandbox.clients.get_edge("/health").await;
    let health: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    assert_eq!(health["status"], "disabled");
    assert_eq!(health["services"]["bettermode"]["status"], "disabled");
}

#[tokio::test]
async fn no_credentials_are_needed() {
    let sandbox = Sandbox::builder()
        .service_setting("INTEGRATION_ENABLE_BETTERMODE", "false")
        .service_setting("BETTERMODE_CLIENT_ID", "")
        .service_setting("BETTERMODE_CLIENT_SECRET", "")
        .edge_setting("INTEGRATION_ENABLE_BETTERMODE", "false")
        .edge_setting("BETTERMODE_WEBHOOK_SECRET", "")
        .start()
        .await;
    let answer = sandbox
        .clients
        .community()
        .get_status(GetStatusRequest {})
        .await;
    assert!(answer.is_ok());
}

#[tokio::test]
async fn a_service_that_is_switched_off_behind_an_edge_that_is_not_takes_no_webhook() {
    let sandbox = Sandbox::builder()
        .service_setting("INTEGRATION_ENABLE_BETTERMODE", "false")
        .acknowledging_when_stored()
        .start_listening()
        .await;
    let body = r#"{"type":"SUBSCRIPTION","data":{"id":"0123456789"}}"#;
    assert_eq!(sandbox.clients.send_webhook(body).await.status(), 503);
    sandbox
        .edge
        .line_with("INTEGRATION_ENABLE_BETTERMODE")
        .await;
}

async fn switched_off() -> Sandbox {
    Sandbox::builder()
        .service_setting("INTEGRATION_ENABLE_BETTERMODE", "false")
        .edge_setting("INTEGRATION_ENABLE_BETTERMODE", "false")
        .start()
        .await
}

fn names_the_setting<T>(result: Result<Response<T>, Status>) {
    let failure =
        Failure::of(result).is(Code::FailedPrecondition, ErrorReason::IntegrationDisabled);
    assert_eq!(failure.metadata["setting"], "INTEGRATION_ENABLE_BETTERMODE");
    assert!(failure.message.contains("INTEGRATION_ENABLE_BETTERMODE"));
}

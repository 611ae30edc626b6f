//! Spaces: listed and read from copies that webhooks drop; and which webhooks the
//! network can send.

use community_proto::v1::{
    CacheMode, ErrorReason, Freshness, GetSpaceRequest, ListEventTypesRequest, ListSpacesRequest,
    ListSpacesResponse, ReadOptions, Source, Space, SpaceType,
};
use integration_tests::{Failure, Sandbox, SandboxBuilder, eventually};
use serde_json::json;
use tonic::{Code, Status};

pub(crate) fn on(generation: &str) -> SandboxBuilder {
    Sandbox::builder().fake_setting("FAKE_BETTERMODE_GENERATION", generation)
}

#[tokio::test]
async fn spaces_are_listed_from_one_request_however_they_are_narrowed_and_paged() {
    for generation in ["published", "newer"] {
        let sandbox = on(generation).start().await;
        let world = sandbox.fake.world().await;
        let all = list(&sandbox, ListSpacesRequest::default()).await.unwrap();
        assert_eq!(all.freshness.unwrap().source(), Source::Bettermode);
        assert_eq!(all.spaces.len(), world.all("spaces").len());
        assert!(
            all.spaces
                .is_sorted_by_key(|space| space.create_time.unwrap().seconds)
        );

        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let request = ListSpacesRequest {
                page_size: 3,
                page_token: token,
                ..ListSpacesRequest::default()
            };
            let page = list(&sandbox, request).await.unwrap();
            assert_eq!(page.freshness.unwrap().source(), Source::Memory);
            seen.extend(page.spaces);
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, all.spaces);

        let request = ListSpacesRequest {
            types: vec![SpaceType::Broadcast.into()],
            ..ListSpacesRequest::default()
        };
        let broadcasts = list(&sandbox, request).await.unwrap().spaces;
        assert!(broadcasts.iter().all(|space| space.raw_type == "Broadcast"));
        assert_eq!(
            broadcasts.len(),
            world.matching("spaces", "type", "Broadcast").len()
        );
        let request = ListSpacesRequest {
            query: "HELP".to_owned(),
            ..ListSpacesRequest::default()
        };
        let found = list(&sandbox, request).await.unwrap().spaces;
        assert_eq!(found[0].slug, "help-desk");
        assert_eq!(sandbox.fake.requests("spaces").await, 1);
    }
}

#[tokio::test]
async fn a_space_is_read_once_and_then_from_its_copy() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_redis()] {
        let sandbox = builder.start().await;
        let world = sandbox.fake.world().await;
        let there = &world.all("spaces")[0];
        let id = there["id"].as_str().unwrap();
        let (first, freshness) = get(&sandbox, id).await;
        assert_eq!(freshness.source(), Source::Bettermode);
        assert_eq!(first.name, there["name"].as_str().unwrap());
        assert_eq!(first.slug, there["slug"].as_str().unwrap());
        assert_eq!(first.r#type(), SpaceType::Group);
        let members = there["memberIds"].as_array().unwrap().len();
        assert_eq!(usize::try_from(first.members_count).unwrap(), members);
        assert!(first.url.starts_with("https://") && !first.description.is_empty());
        let (second, freshness) = get(&sandbox, id).await;
        assert_eq!((second, freshness.source()), (first, Source::Memory));
        assert_eq!(sandbox.fake.requests("space").await, 1);
    }
}

#[tokio::test]
async fn a_webhook_about_a_space_drops_its_copy_and_the_lists_in_every_replica() {
    let sandbox = Sandbox::builder().with_redis().with_mongodb().start().await;
    let replica = sandbox.another_service().await;
    let id = sandbox.fake.world().await.text("/spaces/0/id");
    for clients in [&sandbox.clients, &replica.clients] {
        let request = GetSpaceRequest {
            space_id: id.clone(),
            read_options: None,
        };
        clients.community().get_space(request).await.unwrap();
        let request = ListSpacesRequest::default();
        clients.community().list_spaces(request).await.unwrap();
    }
    let path = format!("/_fake/spaces/{id}");
    sandbox
        .fake
        .post(&path, &json!({ "name": "Town Square" }))
        .await;
    for clients in [&sandbox.clients, &replica.clients] {
        eventually("the new name is read", async || {
            let request = GetSpaceRequest {
                space_id: id.clone(),
                read_options: None,
            };
            let space = clients.community().get_space(request).await.unwrap();
            let one = space.into_inner().space.unwrap().name;
            let request = ListSpacesRequest {
                query: "town square".to_owned(),
                ..ListSpacesRequest::default()
            };
            let list = clients.community().list_spaces(request).await.unwrap();
            let listed = list.into_inner().spaces.len();
            match (one.as_str(), listed) {
                ("Town Square", 1) => Ok(()),
                seen => Err(format!("{seen:?}")),
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_copy_alone_can_be_asked_for() {
    let sandbox = Sandbox::start().await;
    let id = sandbox.fake.world().await.text("/spaces/0/id");
    let request = GetSpaceRequest {
        space_id: id,
        read_options: Some(ReadOptions {
            cache: CacheMode::Only.into(),
            ..ReadOptions::default()
        }),
    };
    let _checked = Failure::of(sandbox.clients.community().get_space(request).await)
        .is(Code::FailedPrecondition, ErrorReason::NotCached);
    assert_eq!(sandbox.fake.requests("space").await, 0);
}

#[tokio::test]
async fn a_list_of_spaces_that_breaks_a_rule_is_refused_and_bettermode_hears_nothing() {
    type Break = fn(&mut ListSpacesRequest);
    const BROKEN: &[(&str, Break)] = &[
        ("query", |list| list.query = "x".repeat(201)),
        ("types", |list| list.types = vec![0]),
        ("types", |list| {
            list.types = vec![SpaceType::PrivateMessage.into()];
        }),
        ("types", |list| list.types = vec![1; 6]),
        ("page_size", |list| list.page_size = -1),
    ];
    let sandbox = Sandbox::start().await;
    for (field, break_it) in BROKEN {
        let mut request = ListSpacesRequest::default();
        break_it(&mut request);
        let status = list(&sandbox, request).await.unwrap_err();
        invalid(&Failure::read(&status), field);
    }
    let foreign = ListSpacesRequest {
        page_token: "AAAAAAAAAAAAAAAA".to_owned(),
        ..ListSpacesRequest::default()
    };
    Failure::read(&list(&sandbox, foreign).await.unwrap_err())
        .is(Code::InvalidArgument, ErrorReason::InvalidPageToken)
        .about("page_token");
    let mut community = sandbox.clients.community();
    let nothing = community.get_space(GetSpaceRequest::default()).await;
    invalid(&Failure::of(nothing), "space_id");
    for root in ["spaces", "space"] {
        assert_eq!(sandbox.fake.requests(root).await, 0, "{root}");
    }
}

#[tokio::test]
async fn the_kinds_of_webhook_are_told_and_asked_for_once() {
    for generation in ["published", "newer"] {
        let sandbox = on(generation).start().await;
        let mut community = sandbox.clients.community();
        let ask = ListEventTypesRequest::default();
        let first = community.list_event_types(ask).await.unwrap().into_inner();
        assert_eq!(first.freshness.unwrap().source(), Source::Bettermode);
        let named = |name: &str| {
            let kind = first.event_types.iter().find(|kind| kind.name == name);
            kind.unwrap_or_else(|| panic!("no {name}"))
        };
        assert_eq!(named("member.verified").verb, "VERIFIED");
        let updated = named("space.updated");
        assert_eq!(
            (updated.noun.as_str(), updated.required_scope.as_str()),
            ("SPACE", "view_space")
        );
        assert!(!updated.description.is_empty() && !updated.short_description.is_empty());
        let second = community.list_event_types(ask).await.unwrap().into_inner();
        assert_eq!(second.freshness.unwrap().source(), Source::Memory);
        assert_eq!(second.event_types, first.event_types);
        assert_eq!(sandbox.fake.requests("globalEventTypes").await, 1);
    }
}

pub(crate) fn invalid(failure: &Failure, field: &str) {
    failure
        .clone()
        .is(Code::InvalidArgument, ErrorReason::InvalidField)
        .about(field);
}

async fn list(sandbox: &Sandbox, request: ListSpacesRequest) -> Result<ListSpacesResponse, Status> {
    let answer = sandbox.clients.community().list_spaces(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn get(sandbox: &Sandbox, id: &str) -> (Space, Freshness) {
    let request = GetSpaceRequest {
        space_id: id.to_owned(),
        read_options: None,
    };
    let answer = sandbox.clients.community().get_space(request).await;
    let answer = answer.unwrap().into_inner();
    (answer.space.unwrap(), answer.freshness.unwrap())
}

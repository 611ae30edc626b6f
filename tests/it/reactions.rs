//! Reacting to posts and replies, taking it back, and reading who did.

use community_proto::v1::{
    AddReactionRequest, ErrorReason, ListReactionsRequest, ListReactionsResponse, ReactionCount,
    RemoveReactionRequest,
};
use integration_tests::{Failure, Sandbox};
use serde_json::Value;
use tonic::{Code, Status};

use crate::posts::{create, post_in, read_post, roomy, space_for_posts};

#[tokio::test]
async fn reactions_are_added_counted_listed_and_taken_back() {
    for generation in ["published", "newer"] {
        let sandbox = roomy(generation).await;
        let world = sandbox.fake.world().await;
        let bot = world.text("/bot/id");
        let post = create(&sandbox, post_in(&space_for_posts(&world)))
            .await
            .unwrap()
            .id;
        let people: Vec<_> = world.all("members")[6..9].iter().map(id_of).collect();
        for member in &people {
            add(&sandbox, &post, "heart", member).await.unwrap();
        }
        add(&sandbox, &post, "+1", "").await.unwrap();
        // Once more makes no second one.
        add(&sandbox, &post, "+1", "").await.unwrap();
        assert_eq!(read_post(&sandbox, &post).await.reactions_count, 4);

        let (reactions, counts) = all(&sandbox, &post, "", 2).await;
        assert_eq!(counts, [count("+1", 1), count("heart", 3)]);
        let mut hearts: Vec<_> = reactions.iter().filter(|(key, _)| key == "heart").collect();
        hearts.sort_unstable();
        let mut expected: Vec<_> = people
            .iter()
            .map(|id| ("heart".to_owned(), id.clone()))
            .collect();
        expected.sort_unstable();
        assert!(hearts.into_iter().eq(&expected));
        assert!(reactions.len() == 4 && reactions.contains(&("+1".to_owned(), bot.clone())));

        let (reactions, counts) = all(&sandbox, &post, "+1", 0).await;
        assert_eq!(counts, [count("+1", 1)]);
        assert_eq!(reactions, [("+1".to_owned(), bot)]);
        let (nothing, counts) = all(&sandbox, &post, "tada", 0).await;
        assert!(nothing.is_empty() && counts.is_empty());

        for member in &people[..2] {
            remove(&sandbox, &post, "heart", member).await.unwrap();
        }
        remove(&sandbox, &post, "+1", "").await.unwrap();
        // What is gone can go again.
        remove(&sandbox, &post, "+1", "").await.unwrap();
        let (reactions, counts) = all(&sandbox, &post, "", 0).await;
        assert_eq!(reactions, [("heart".to_owned(), people[2].clone())]);
        assert_eq!(counts, [count("heart", 1)]);
    }
}

#[tokio::test]
async fn a_list_of_reactions_tells_names_and_asks_once_where_nobody_reacted() {
    let sandbox = roomy("newer").await;
    let world = sandbox.fake.world().await;
    let post = create(&sandbox, post_in(&space_for_posts(&world)))
        .await
        .unwrap()
        .id;
    assert!(
        page(&sandbox, list(&post, "", 0))
            .await
            .reactions
            .is_empty()
    );
    assert_eq!(sandbox.fake.requests("postReactionParticipants").await, 0);
    let member = &world.all("members")[6];
    add(&sandbox, &post, "heart", &id_of(member)).await.unwrap();
    let answer = page(&sandbox, list(&post, "", 0)).await;
    assert_eq!(
        answer.reactions[0].member_name,
        member["name"].as_str().unwrap()
    );
}

#[tokio::test]
async fn a_post_that_is_not_there_has_no_reactions_and_takes_none() {
    let sandbox = roomy("newer").await;
    let id = sandbox.fake.world().await.text("/posts/0/id");
    sandbox.fake.delete(&format!("/_fake/posts/{id}")).await;
    for id in [id.as_str(), "nopost000000000"] {
        let results = [
            add(&sandbox, id, "heart", "").await,
            remove(&sandbox, id, "heart", "").await,
            listed(&sandbox, list(id, "", 0)).await.map(drop),
        ];
        for result in results {
            let failure = Failure::read(&result.unwrap_err());
            let _checked = failure.is(Code::NotFound, ErrorReason::PostNotFound);
        }
    }
    let post = sandbox.fake.world().await.text("/posts/1/id");
    let failure = Failure::read(
        &add(&sandbox, &post, "heart", "nobody0000")
            .await
            .unwrap_err(),
    );
    let failure = failure.is(Code::NotFound, ErrorReason::MemberNotFound);
    assert_eq!(failure.metadata["identifier"], "member_id");
}

#[tokio::test]
async fn a_reaction_without_an_answer_has_an_unknown_outcome_and_a_failed_one_is_refused() {
    let sandbox = roomy("newer").await;
    let post = sandbox.fake.world().await.text("/posts/0/id");
    for operation in ["addReaction", "removeReaction"] {
        for (fault, code, reason) in [
            (
                "status_5xx_after",
                Code::Unknown,
                ErrorReason::OutcomeUnknown,
            ),
            (
                "action_failed",
                Code::InvalidArgument,
                ErrorReason::UpstreamRejected,
            ),
        ] {
            sandbox.fake.fault_once(fault, operation).await;
            let result = match operation {
                "addReaction" => add(&sandbox, &post, "heart", "").await,
                _ => remove(&sandbox, &post, "heart", "").await,
            };
            let _checked = Failure::read(&result.unwrap_err()).is(code, reason);
        }
        assert_eq!(sandbox.fake.requests(operation).await, 2);
    }
}

#[tokio::test]
async fn a_reaction_or_list_that_breaks_a_rule_is_refused_and_bettermode_hears_nothing() {
    let sandbox = Sandbox::start().await;
    let post = "somePost0000000";
    let long = "x".repeat(129);
    for (field, id, key, member) in [
        ("post_id", "", "heart", ""),
        ("post_id", "a b", "heart", ""),
        ("reaction", post, "", ""),
        ("reaction", post, "two words", ""),
        ("reaction", post, &long, ""),
        ("member_id", post, "heart", "a b"),
    ] {
        for result in [
            add(&sandbox, id, key, member).await,
            remove(&sandbox, id, key, member).await,
        ] {
            Failure::read(&result.unwrap_err())
                .is(Code::InvalidArgument, ErrorReason::InvalidField)
                .about(field);
        }
    }
    for (field, request) in [
        ("post_id", list("", "", 0)),
        ("reaction", list(post, "two words", 0)),
        ("page_size", list(post, "", -1)),
    ] {
        Failure::read(&listed(&sandbox, request).await.unwrap_err())
            .is(Code::InvalidArgument, ErrorReason::InvalidField)
            .about(field);
    }
    let mut forged = list(post, "", 1);
    forged.page_token = "nonsense".to_owned();
    Failure::read(&listed(&sandbox, forged).await.unwrap_err())
        .is(Code::InvalidArgument, ErrorReason::InvalidPageToken)
        .about("page_token");
    for operation in [
        "post",
        "addReaction",
        "removeReaction",
        "postReactionParticipants",
    ] {
        assert_eq!(sandbox.fake.requests(operation).await, 0);
    }
}

fn id_of(thing: &Value) -> String {
    thing["id"].as_str().unwrap().to_owned()
}

fn count(reaction: &str, count: u32) -> ReactionCount {
    ReactionCount {
        reaction: reaction.to_owned(),
        count,
    }
}

fn list(post: &str, reaction: &str, page_size: i32) -> ListReactionsRequest {
    ListReactionsRequest {
        post_id: post.to_owned(),
        reaction: reaction.to_owned(),
        page_size,
        page_token: String::new(),
    }
}

async fn add(sandbox: &Sandbox, post: &str, key: &str, member: &str) -> Result<(), Status> {
    let request = AddReactionRequest {
        post_id: post.to_owned(),
        reaction: key.to_owned(),
        member_id: member.to_owned(),
        request_id: String::new(),
    };
    sandbox.clients.community().add_reaction(request).await?;
    Ok(())
}

async fn remove(sandbox: &Sandbox, post: &str, key: &str, member: &str) -> Result<(), Status> {
    let request = RemoveReactionRequest {
        post_id: post.to_owned(),
        reaction: key.to_owned(),
        member_id: member.to_owned(),
        request_id: String::new(),
    };
    sandbox.clients.community().remove_reaction(request).await?;
    Ok(())
}

async fn listed(
    sandbox: &Sandbox,
    request: ListReactionsRequest,
) -> Result<ListReactionsResponse, Status> {
    let answer = sandbox.clients.community().list_reactions(request).await?;
    Ok(answer.into_inner())
}

async fn page(sandbox: &Sandbox, request: ListReactionsRequest) -> ListReactionsResponse {
    listed(sandbox, request).await.unwrap()
}

/// All pages of a list: keys with members, and the counts of the first page.
async fn all(
    sandbox: &Sandbox,
    post: &str,
    key: &str,
    size: i32,
) -> (Vec<(String, String)>, Vec<ReactionCount>) {
    let mut request = list(post, key, size);
    let (mut reactions, mut counts) = (Vec::new(), None);
    loop {
        let answer = page(sandbox, request.clone()).await;
        let first = counts.is_none();
        assert!(first || answer.counts.is_empty());
        counts.get_or_insert(answer.counts);
        let pairs = answer.reactions.into_iter();
        reactions.extend(pairs.map(|one| (one.reaction, one.member_id)));
        if answer.next_page_token.is_empty() {
            return (reactions, counts.unwrap());
        }
        request.page_token = answer.next_page_token;
    }
}

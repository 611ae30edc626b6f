//! The life of a post, and what its input has to be.

use serde_json::{Value, json};

use super::{Bench, CREATE_POST};

const READ: &str = "query($id: ID!) { post(id: $id) {
    id title status url repliedToId repliesCount reactionsCount reactions { reaction count reacted }
    fields { key value } tags { title } owner { member { id } } publishedAt
} }";
const REPLY: &str = "mutation($p: ID!, $i: CreatePostInput!) { createReply(postId: $p, input: $i) { id title url repliedToId repliedToIds } }";

async fn create(bench: &Bench, space: &str, input: &Value) -> super::Answer {
    let space = bench.id("spaces", "slug", space);
    bench
        .ask(CREATE_POST, json!({ "s": space, "i": input }))
        .await
}

fn comment(bench: &Bench) -> Value {
    json!({
        "postTypeId": bench.id("postTypes", "slug", "comment"),
        "publish": true,
        "mappingFields": [{ "key": "content", "type": "html", "value": "\"<p>Yes</p>\"" }],
    })
}

#[tokio::test]
async fn a_published_post_can_be_read_and_listed() {
    let bench = Bench::new().await;
    let mut input = bench.discussion("Hello & welcome");
    input["tagNames"] = json!(["News", "Brand new"]);
    let answer = create(&bench, "general", &input).await;
    let post = &answer.data()["createPost"];
    assert_eq!(post["status"], "PUBLISHED");
    let id = post["id"].as_str().unwrap();
    assert_eq!(id.len(), 15);
    let read = bench.ask(READ, json!({ "id": id })).await;
    let read = &read.data()["post"];
    assert_eq!(read["title"], "Hello & welcome");
    assert_eq!(
        read["fields"][1],
        json!({ "key": "content", "value": "\"<p>Body</p>\"" })
    );
    assert_eq!(
        read["tags"],
        json!([{ "title": "News" }, { "title": "Brand new" }])
    );
    let newest = "{ posts(limit: 1, reverse: true) { nodes { id } } }";
    assert_eq!(
        bench.ask(newest, json!({})).await.data()["posts"]["nodes"][0]["id"],
        id
    );
}

#[tokio::test]
async fn without_publish_a_post_is_a_draft_that_only_its_author_and_admins_see() {
    let bench = Bench::new().await;
    let mut input = bench.discussion("Later");
    input.as_object_mut().unwrap().remove("publish");
    let answer = create(&bench, "general", &input).await;
    let post = &answer.data()["createPost"];
    assert_eq!(
        (&post["status"], &post["publishedAt"]),
        (&json!("DRAFTED"), &Value::Null)
    );
    let other = bench.acting_as(&bench.text("/members/8/id")).await;
    let hidden = bench
        .ask_as(&other, READ, json!({ "id": post["id"] }))
        .await;
    assert_eq!(hidden.refusal().0, "110");
    let publish = "mutation($id: ID!) { updatePost(id: $id, input: { publish: true }) { status } }";
    let answer = bench.ask(publish, json!({ "id": post["id"] })).await;
    assert_eq!(answer.data()["updatePost"]["status"], "PUBLISHED");
    bench
        .ask_as(&other, READ, json!({ "id": post["id"] }))
        .await
        .data();
}

#[tokio::test]
async fn each_mistake_in_the_fields_has_its_code() {
    let bench = Bench::new().await;
    let title = |kind: &str, value: &str| json!({ "key": "title", "type": kind, "value": value });
    let content = json!({ "key": "content", "type": "html", "value": "\"<p>x</p>\"" });
    let unknown = json!({ "key": "colour", "type": "text", "value": "\"red\"" });
    let cases = [
        (json!([title("text", "not JSON"), content]), "106"),
        (json!([title("html", "\"T\""), content]), "114"),
        (json!([title("text", "5"), content]), "114"),
        (json!([title("text", "\"T\""), content, unknown]), "106"),
        (json!([content]), "112"),
        (json!([title("text", "\"\""), content]), "112"),
    ];
    for (fields, code) in cases {
        let mut input = bench.discussion("x");
        input["mappingFields"] = fields.clone();
        let answer = create(&bench, "general", &input).await;
        assert_eq!(answer.refusal(), (code, "mappingFields"), "{fields}");
    }
}

#[tokio::test]
async fn an_unknown_space_or_post_type_is_named() {
    let bench = Bench::new().await;
    let input = bench.discussion("x");
    let answer = bench
        .ask(CREATE_POST, json!({ "s": "NOSPACE00000", "i": input }))
        .await;
    assert_eq!(answer.refusal(), ("110", "spaceId"));
    let mut input = bench.discussion("x");
    input["postTypeId"] = json!("NOTYPE000000000");
    assert_eq!(
        create(&bench, "general", &input).await.refusal(),
        ("106", "postTypeId")
    );
    // A type that exists and is not in use in that space.
    let answer = create(&bench, "meetups", &{
        let mut input = bench.discussion("x");
        input["postTypeId"] = json!(bench.id("postTypes", "slug", "question"));
        input
    })
    .await;
    assert_eq!(answer.refusal(), ("106", "postTypeId"));
}

#[tokio::test]
async fn an_event_post_has_dated_fields_that_posts_can_be_filtered_by() {
    let bench = Bench::published().await;
    let field = |key: &str, kind: &str, value: Value| json!({ "key": key, "type": kind, "value": value.to_string() });
    let mut fields = vec![
        field("title", "text", json!("Picnic")),
        field("start_date", "date", json!("2031-06-01T10:00:00.000Z")),
        field("capacity", "number", json!(12)),
        field("online", "boolean", json!(false)),
        field("topics", "textArray", json!(["food"])),
    ];
    let input = |fields: &[Value]| {
        json!({
            "postTypeId": bench.id("postTypes", "slug", "event"), "publish": true, "mappingFields": fields,
        })
    };
    create(&bench, "meetups", &input(&fields)).await.data();
    let query =
        "query($f: [PostListFilterByInput!]) { posts(limit: 5, filterBy: $f) { nodes { title } } }";
    let filter =
        json!([{ "key": "date1", "operator": "gt", "value": "\"2031-01-01T00:00:00.000Z\"" }]);
    let answer = bench.ask(query, json!({ "f": filter })).await;
    assert_eq!(
        answer.data()["posts"]["nodes"],
        json!([{ "title": "Picnic" }])
    );
    fields[1] = field("start_date", "date", json!("on Monday"));
    let refused = create(&bench, "meetups", &input(&fields)).await;
    assert_eq!(refused.refusal(), ("114", "mappingFields"));
}

#[tokio::test]
async fn a_reply_is_a_post_with_a_chain_above_it() {
    let bench = Bench::new().await;
    let post = bench
        .write(&format!("Bearer {}", super::TOKEN), "Question")
        .await;
    let post = post.data()["createPost"]["id"].clone();
    let first = bench
        .ask(REPLY, json!({ "p": post, "i": comment(&bench) }))
        .await;
    let first = first.data()["createReply"].clone();
    assert_eq!(
        (&first["title"], &first["repliedToId"]),
        (&Value::Null, &post)
    );
    let highlighted = format!("?highlight={}", first["id"].as_str().unwrap());
    assert!(first["url"].as_str().unwrap().ends_with(&highlighted));
    let second = bench
        .ask(REPLY, json!({ "p": first["id"], "i": comment(&bench) }))
        .await;
    assert_eq!(
        second.data()["createReply"]["repliedToIds"],
        json!([first["id"], post])
    );
    let counts = "query($id: ID!) { post(id: $id) { repliesCount totalRepliesCount } replies(postId: $id, limit: 5) { nodes { id } } }";
    let answer = bench.ask(counts, json!({ "id": post })).await;
    assert_eq!(
        answer.data()["post"],
        json!({ "repliesCount": 1, "totalRepliesCount": 2 })
    );
    assert_eq!(
        answer.data()["replies"]["nodes"],
        json!([{ "id": first["id"] }])
    );
    let refused = bench
        .ask(
            REPLY,
            json!({ "p": post, "i": bench.discussion("no reply") }),
        )
        .await;
    assert_eq!(refused.refusal(), ("106", "postTypeId"));
}

#[tokio::test]
async fn reactions_count_each_member_once_and_can_be_taken_back() {
    let bench = Bench::new().await;
    let post = bench
        .write(&format!("Bearer {}", super::TOKEN), "Like me")
        .await;
    let id = post.data()["createPost"]["id"].clone();
    let add = "mutation($id: ID!) { addReaction(postId: $id, input: { reaction: \"heart\" }) { status } }";
    let header = bench.acting_as(&bench.text("/members/6/id")).await;
    for _ in 0..2 {
        let answer = bench.ask_as(&header, add, json!({ "id": id })).await;
        assert_eq!(answer.data()["addReaction"]["status"], "succeeded");
    }
    bench.ask(add, json!({ "id": id })).await.data();
    let seen = bench.ask_as(&header, READ, json!({ "id": id })).await;
    let expected = json!([{ "reaction": "heart", "count": 2, "reacted": true }]);
    assert_eq!(seen.data()["post"]["reactions"], expected);
    let who = "query($id: ID!, $limit: Int!, $after: String) {
        postReactionParticipants(postId: $id, reaction: \"heart\", limit: $limit, after: $after) {
            pageInfo { endCursor hasNextPage } nodes { participant { id } reaction { count } }
        } }";
    let first = bench.ask(who, json!({ "id": id, "limit": 1 })).await;
    let first = first.data()["postReactionParticipants"].clone();
    assert_eq!(first["nodes"][0]["reaction"]["count"], 2);
    let next = json!({ "id": id, "limit": 1, "after": first["pageInfo"]["endCursor"] });
    let second = bench.ask(who, next).await;
    let second = second.data()["postReactionParticipants"].clone();
    assert_eq!(second["pageInfo"]["hasNextPage"], false);
    assert_ne!(
        first["nodes"][0]["participant"],
        second["nodes"][0]["participant"]
    );
    let remove =
        "mutation($id: ID!) { removeReaction(postId: $id, reaction: \"heart\") { status } }";
    bench
        .ask_as(&header, remove, json!({ "id": id }))
        .await
        .data();
    let seen = bench.ask_as(&header, READ, json!({ "id": id })).await;
    let expected = json!([{ "reaction": "heart", "count": 1, "reacted": false }]);
    assert_eq!(seen.data()["post"]["reactions"], expected);
}

#[tokio::test]
async fn a_deleted_post_leaves_lists_and_stays_as_a_tombstone() {
    let bench = Bench::new().await;
    let post = bench
        .write(&format!("Bearer {}", super::TOKEN), "Short life")
        .await;
    let id = post.data()["createPost"]["id"].clone();
    let delete = "mutation($id: ID!) { deletePost(id: $id) { status } }";
    bench.ask(delete, json!({ "id": id })).await.data();
    let read = bench.ask(READ, json!({ "id": id })).await;
    assert_eq!(read.data()["post"]["status"], "DELETED");
    let list = bench
        .ask("{ posts(limit: 100) { nodes { id } } }", json!({}))
        .await;
    assert!(!list.text.contains(id.as_str().unwrap()));
    assert_eq!(
        bench.ask(delete, json!({ "id": id })).await.refusal().0,
        "110"
    );
}

#[tokio::test]
async fn a_published_post_whose_update_does_not_say_publish_is_a_draft_again() {
    let bench = Bench::new().await;
    let post = bench
        .write(&format!("Bearer {}", super::TOKEN), "Forgotten switch")
        .await;
    let id = post.data()["createPost"]["id"].clone();
    let update = "mutation($id: ID!) { updatePost(id: $id, input: { tagNames: [\"x\"] }) { status publishedAt title } }";
    let answer = bench.ask(update, json!({ "id": id })).await;
    let expected = json!({ "status": "DRAFTED", "publishedAt": null, "title": "Forgotten switch" });
    assert_eq!(answer.data()["updatePost"], expected);
}

#[tokio::test]
async fn a_members_posts_are_told_from_their_replies() {
    let bench = Bench::new().await;
    let member = bench.text("/members/6/id");
    let header = bench.acting_as(&member).await;
    let post = bench.write(&header, "Mine").await;
    let id = post.data()["createPost"]["id"].clone();
    let reply = json!({ "p": id, "i": comment(&bench) });
    let reply = bench.ask_as(&header, REPLY, reply).await;
    let reply = reply.data()["createReply"]["id"].clone();
    let list = "query($m: ID!, $r: Boolean) { memberPosts(memberId: $m, hasParent: $r, limit: 1, reverse: true) { nodes { id ownerId } } }";
    for (replies, expected) in [(false, &id), (true, &reply)] {
        let answer = bench.ask(list, json!({ "m": member, "r": replies })).await;
        let newest = &answer.data()["memberPosts"]["nodes"][0];
        assert_eq!(
            (&newest["id"], &newest["ownerId"]),
            (expected, &json!(member))
        );
    }
    let nobody = bench.ask(list, json!({ "m": "NOSUCHONE1" })).await;
    assert_eq!(nobody.refusal(), ("110", "memberId"));
}

//! Posts, replies and reactions.

use bettermode::{
    CreateReply, MappingField, Post, PostId, PostOrder, PostQuery, ReactionCount, Sighting,
    UpdatePost,
};

use super::*;

const LONG_AGO: Timestamp = Timestamp::UNIX_EPOCH;

impl Stage {
    /// An article that is not sent yet.
    async fn article(&self, title: &str, html: &str) -> CreatePost {
        let (space, kind) = self.desk().await;
        CreatePost::article(space, &kind, title, html).unwrap()
    }

    /// A comment that is not sent yet.
    async fn comment(&self, post: &PostId, html: &str) -> CreateReply {
        let target = self.client.reply_target(post).await.unwrap();
        let kind = &target.reply_types[0];
        CreateReply {
            post_id: post.clone(),
            post_type_id: kind.id.clone(),
            fields: vec![MappingField::html(kind.content_key().unwrap(), html)],
            owner_id: None,
        }
    }
}

fn newest(limit: u32) -> PostQuery {
    PostQuery {
        order: PostOrder::CreatedAt,
        limit,
        ..PostQuery::default()
    }
}

fn no_post<T>() -> Result<T, Error> {
    Err(Error::NotFound {
        what: Subject::Post,
    })
}

#[tokio::test]
async fn a_draft_is_read_changed_published_and_deleted() {
    both(async |stage, _| {
        let mut article = stage.article("First title", "<p>Body</p>").await;
        article.publish = false;
        article.tag_names = vec!["One tag".to_owned()];
        let draft = stage.client.create_post(article).await.unwrap();
        assert_eq!((draft.details, draft.replied_to_id), (None, None));

        let read = stage.client.post(&draft.id).await.unwrap();
        let details = read.details.unwrap();
        assert_eq!(details.content().as_deref(), Some("<p>Body</p>"));
        assert_eq!(details.tags[0].title, "One tag");
        assert_eq!(read.short_content.as_deref(), Some("<p>Body</p>"));

        let before = stage.client.editable_post(&draft.id).await.unwrap();
        assert_eq!(before.status, PostStatus::Draft);
        assert_eq!(before.post_type.unwrap().id, draft.post_type_id);
        let mut fields = before.fields;
        fields[0] = MappingField::text("title", "Second title");
        let change = UpdatePost {
            id: draft.id.clone(),
            fields: Some(fields),
            tag_names: Some(vec![]),
            publish: true,
        };
        let changed = stage.client.update_post(change).await.unwrap();
        assert_eq!(
            (changed.title.as_deref(), changed.status),
            (Some("Second title"), PostStatus::Published)
        );
        let details = stage.client.post(&draft.id).await.unwrap().details.unwrap();
        assert_eq!(details.content().as_deref(), Some("<p>Body</p>"));
        assert!(details.tags.is_empty());

        stage.client.delete_post(&draft.id).await.unwrap();
        let tombstone = stage.client.post(&draft.id).await.unwrap();
        assert_eq!(tombstone.status, PostStatus::Deleted);
        assert_eq!(stage.client.editable_post(&draft.id).await, no_post());
        assert_eq!(stage.client.reply_target(&draft.id).await, no_post());
        assert_eq!(stage.client.reaction_counts(&draft.id).await, no_post());
        assert_eq!(stage.client.delete_post(&draft.id).await, no_post());
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn lists_of_posts_go_page_by_page_in_the_order_that_was_asked_for() {
    both(async |stage, _| {
        let article = stage.article("Newest of all", "<p>x</p>").await;
        let space = article.space_id.clone();
        let kind = article.post_type_id.clone();
        let newest_of_all = stage.client.create_post(article).await.unwrap();

        let mut query = PostQuery {
            space_id: Some(space.clone()),
            post_type_id: Some(kind.clone()),
            ..newest(2)
        };
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = stage.client.posts(&query, after).await.unwrap();
            assert!(page.items.len() <= 2);
            seen.extend(page.items);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen[0].id, newest_of_all.id);
        assert!(seen.len() > 2 && seen.is_sorted_by(|a, b| a.created_at >= b.created_at));
        assert!(
            seen.iter()
                .all(|post| post.space_id == space && post.post_type_id == kind)
        );
        assert!(
            seen.iter()
                .all(|post| post.details.is_none() && post.replied_to_id.is_none())
        );

        query.full = true;
        query.created_since = Some(newest_of_all.created_at);
        let full = stage.client.posts(&query, None).await.unwrap().items;
        assert_eq!(full.len(), 1);
        assert!(full[0].details.is_some());
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn a_members_posts_are_theirs_alone_and_no_replies() {
    both(async |stage, _| {
        let author = stage.members().await[0].0.clone();
        let client = stage.client.acting_as(author.clone()).unwrap();
        let article = stage.article("Mine", "<p>x</p>").await;
        let post = client.create_post(article).await.unwrap();
        let comment = stage.comment(&post.id, "<p>y</p>").await;
        client.create_reply(comment).await.unwrap();
        for full in [false, true] {
            let page = stage.client.member_posts(&author, (false, full), 1, None);
            let page = page.await.unwrap();
            assert_eq!(page.items[0].id, post.id);
            assert_eq!(page.items[0].details.is_some(), full);
            assert_eq!(page.items[0].owner_id, author);
        }
        let nobody = MemberId::new("NOSUCHONE1");
        let result = stage.client.member_posts(&nobody, (true, false), 1, None);
        let what = Subject::Member;
        assert_eq!(result.await, Err(Error::NotFound { what }));
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn replies_and_reactions_are_counted_and_listed() {
    both(async |stage, _| {
        let article = stage.article("Ask me", "<p>Anything</p>").await;
        let post = stage.client.create_post(article).await.unwrap().id;
        for text in ["<p>One</p>", "<p>Two</p>"] {
            let comment = stage.comment(&post, text).await;
            let reply = stage.client.create_reply(comment).await.unwrap();
            assert_eq!(
                (reply.replied_to_id.as_ref(), reply.title),
                (Some(&post), None)
            );
        }
        let first = stage.client.replies(&post, true, 1, None).await.unwrap();
        let second = stage
            .client
            .replies(&post, true, 1, first.next)
            .await
            .unwrap();
        assert_eq!(second.next, None);
        let bodies = [&first.items[0], &second.items[0]].map(|reply| {
            let details = reply.details.as_ref().unwrap();
            details.content().unwrap()
        });
        // Both were written in the same millisecond, maybe.
        assert!(bodies.contains(&"<p>One</p>".to_owned()) && bodies[0] != bodies[1]);

        let member = stage.members().await[0].0.clone();
        let client = stage.client.acting_as(member.clone()).unwrap();
        client.add_reaction(&post, "heart").await.unwrap();
        stage.client.add_reaction(&post, "heart").await.unwrap();
        stage.client.add_reaction(&post, "+1").await.unwrap();
        let counts = client.reaction_counts(&post).await.unwrap();
        let heart = ReactionCount {
            reaction: "heart".to_owned(),
            count: 2,
            reacted: true,
        };
        assert!(counts.len() == 2 && counts.contains(&heart));
        let page = stage
            .client
            .reactions(&post, "heart", 5, None)
            .await
            .unwrap();
        assert_eq!((page.items.len(), page.next), (2, None));
        assert!(
            page.items
                .iter()
                .any(|one| one.member_id == member && one.member_name.is_some())
        );
        client.remove_reaction(&post, "heart").await.unwrap();
        let read = stage.client.post(&post).await.unwrap();
        assert_eq!((read.reactions_count, read.replies_count), (2, 2));
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn what_an_unconfirmed_write_made_is_found_by_its_author_and_content() {
    both(async |stage, _| {
        let roomy = json!({ "burst_requests": 1_000, "burst_complexity": 100_000 });
        stage.control("limits", roomy).await;
        let client = &stage.client;
        let other = stage.members().await[0].0.clone();
        let other = client.acting_as(other).unwrap();
        let article = stage.article("Lost & found", "<p>Tom &amp; Ann</p>").await;
        let found = async |by: &Client, post: &CreatePost, since| {
            ids(by.find_posts(post, since).await.unwrap())
        };
        assert_eq!(found(client, &article, LONG_AGO).await, NONE);
        let mut posts = Vec::new();
        // More than one page of a look.
        for _ in 0..12 {
            posts.push(client.create_post(article.clone()).await.unwrap());
        }
        let mut all = found(client, &article, LONG_AGO).await;
        let mut expected: Vec<_> = posts.iter().map(|post| post.id.clone()).collect();
        assert_eq!(all.len(), 12);
        all.sort_unstable();
        expected.sort_unstable();
        assert_eq!(all, expected);

        // Another time, author, title or body is another post.
        let later = posts[11].created_at + Duration::from_secs(1);
        assert_eq!(found(client, &article, later).await, NONE);
        assert_eq!(found(&other, &article, LONG_AGO).await, NONE);
        let titled = stage.article("Lost", "<p>Tom &amp; Ann</p>").await;
        assert_eq!(found(client, &titled, LONG_AGO).await, NONE);
        let worded = stage.article("Lost & found", "<p>Tom</p>").await;
        assert_eq!(found(client, &worded, LONG_AGO).await, NONE);
        let mut draft = article;
        draft.publish = false;
        let blind = client.find_posts(&draft, LONG_AGO).await.unwrap();
        assert_eq!(blind, Sighting::CannotTell);

        let post = &posts[0].id;
        let comment = stage.comment(post, "<p>Here</p>").await;
        let found = async |by: &Client| ids(by.find_replies(&comment, LONG_AGO).await.unwrap());
        assert_eq!(found(client).await, NONE);
        let reply = client.create_reply(comment.clone()).await.unwrap();
        assert_eq!(found(client).await, [reply.id]);
        assert_eq!(found(&other).await, NONE);

        assert!(!client.has_reacted(post, "+1").await.unwrap());
        client.add_reaction(post, "+1").await.unwrap();
        assert!(client.has_reacted(post, "+1").await.unwrap());
        assert!(!other.has_reacted(post, "+1").await.unwrap());
        stage.predictions_held();
    })
    .await;
}

const NONE: [PostId; 0] = [];

fn ids(sighting: Sighting<Post>) -> Vec<PostId> {
    match sighting {
        Sighting::Seen(posts) => posts.into_iter().map(|post| post.id).collect(),
        Sighting::CannotTell => panic!("it could tell"),
    }
}

#[tokio::test]
async fn what_an_unconfirmed_change_or_deletion_did_is_seen_on_the_post() {
    both(async |stage, _| {
        let client = &stage.client;
        let article = stage.article("Before", "<p>Body</p>").await;
        let post = client.create_post(article).await.unwrap();
        let mut fields = client.editable_post(&post.id).await.unwrap().fields;
        fields[0] = MappingField::text("title", "After");
        let change = UpdatePost {
            id: post.id.clone(),
            fields: Some(fields),
            tag_names: Some(vec!["News".to_owned()]),
            publish: true,
        };
        assert_eq!(client.find_update(&change).await.unwrap(), None);
        client.update_post(change.clone()).await.unwrap();
        assert_eq!(
            client.find_update(&change).await.unwrap().unwrap().id,
            post.id
        );
        let other_tags = UpdatePost {
            tag_names: Some(vec![]),
            ..change
        };
        assert_eq!(client.find_update(&other_tags).await.unwrap(), None);

        assert!(!client.is_gone(&post.id).await.unwrap());
        client.delete_post(&post.id).await.unwrap();
        assert!(client.is_gone(&post.id).await.unwrap());
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn a_failed_action_is_told_as_one() {
    both(async |stage, _| {
        let article = stage.article("Stays", "<p>x</p>").await;
        let post = stage.client.create_post(article).await.unwrap().id;
        let break_next = async |operation: &str| {
            let fault = json!({ "count": 1, "operation": operation });
            stage.control("faults/action_failed", fault).await;
        };
        let failed = |result| assert!(matches!(result, Err(Error::ActionFailed { .. })));
        break_next("deletePost").await;
        failed(stage.client.delete_post(&post).await);
        break_next("addReaction").await;
        failed(stage.client.add_reaction(&post, "+1").await);
        break_next("removeReaction").await;
        failed(stage.client.remove_reaction(&post, "+1").await);
    })
    .await;
}

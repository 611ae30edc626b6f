//! Every operation against the fake, in both generations: what the client sends
//! is accepted, what comes back is understood, and the points that it predicts
//! are the points that are charged.

#![expect(
    clippy::unwrap_used,
    reason = "a panic is how a test fails, in its helpers too"
)]

#[path = "against_fake/calendar.rs"]
mod calendar;
#[path = "against_fake/posts.rs"]
mod posts;
#[path = "against_fake/spaces.rs"]
mod spaces;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use bettermode::{
    Budget, Capabilities, Class, Client, Config, ConversationMessage, ConversationRef, Cost,
    CreatePost, Credentials, Email, Error, Exhausted, FoundMessages, Mechanism, Member, MemberId,
    MemberRef, NetworkId, PostStatus, PostType, Quota, SoughtMessage, SpaceId, Subject, TimeSource,
    Transport,
};
use bytes::Bytes;
use fake_bettermode::{Fake, FakeConfig, Generation};
use jiff::Timestamp;
use serde_json::{Value, json};

const TOKEN: &str = "a-static-token-of-the-test";

/// Remembers what was predicted and what was charged.
#[derive(Default)]
struct Ledger(Mutex<Vec<(u32, u32)>>);

#[async_trait]
impl Budget for Ledger {
    async fn acquire(&self, _: Cost, _: Class) -> Result<(), Exhausted> {
        Ok(())
    }

    fn observe(&self, _: Quota) {}

    fn settle(&self, taken: Cost, charged: Cost, _: Duration) {
        self.0
            .lock()
            .unwrap()
            .push((taken.complexity, charged.complexity));
    }
}

struct Stage {
    fake: Fake,
    client: Client,
    ledger: Arc<Ledger>,
}

fn stage(generation: Generation, credentials: Option<Credentials>) -> Stage {
    let fake = Fake::new(FakeConfig {
        generation,
        network_id: Some("NETWORK001".to_owned()),
        client_id: Some("the-app".to_owned()),
        client_secret: Some("the-secret".to_owned()),
        static_token: Some(TOKEN.to_owned()),
        ..FakeConfig::default()
    });
    let mut config = Config::new(credentials.unwrap_or(Credentials::App {
        client_id: "the-app".to_owned(),
        client_secret: "the-secret".into(),
    }));
    config.network_id = Some(NetworkId::new("NETWORK001"));
    let server = fake.clone();
    let transport = Transport::from_fn(move |request| {
        let server = server.clone();
        async move { server.handle(request).await }
    });
    let ledger = Arc::new(Ledger::default());
    let client = Client::new(
        config,
        transport,
        Arc::clone(&ledger) as Arc<dyn Budget>,
        clock(),
    );
    Stage {
        fake,
        client,
        ledger,
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the fake's tokens end by the real clock"
)]
fn clock() -> TimeSource {
    Arc::new(Timestamp::now)
}

impl Stage {
    /// What a document of the test's own reads.
    async fn ask(&self, query: &str) -> Value {
        let request = http::Request::post("/")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {TOKEN}"))
            .body(Bytes::from(json!({ "query": query }).to_string()))
            .unwrap();
        let answer: Value = serde_json::from_slice(self.fake.handle(request).await.body()).unwrap();
        assert!(answer.get("errors").is_none(), "{answer}");
        answer["data"].clone()
    }

    /// What the fake's control path answers.
    async fn control(&self, path: &str, body: Value) -> Value {
        let request = http::Request::post(format!("/_fake/{path}"))
            .body(Bytes::from(body.to_string()))
            .unwrap();
        let answer = self.fake.handle(request).await;
        assert!(answer.status().is_success(), "{answer:?}");
        serde_json::from_slice(answer.body()).unwrap()
    }

    async fn members(&self) -> Vec<(MemberId, String, Email)> {
        let query = "{ members(limit: 5, status: [VERIFIED]) { nodes { id username email } } }";
        let data = self.ask(query).await;
        let nodes = data["members"]["nodes"].as_array().unwrap();
        let text = |node: &Value, key: &str| node[key].as_str().unwrap().to_owned();
        let member = |node: &Value| {
            let email = Email::parse(&text(node, "email")).unwrap();
            (
                MemberId::new(text(node, "id")),
                text(node, "username"),
                email,
            )
        };
        nodes.iter().map(member).collect()
    }

    /// A space and a post type of it that an article fits.
    async fn desk(&self) -> (SpaceId, PostType) {
        let data = self
            .ask("{ spaces(limit: 20) { nodes { id type } } }")
            .await;
        for node in data["spaces"]["nodes"].as_array().unwrap() {
            let space = SpaceId::new(node["id"].as_str().unwrap());
            let types = self.client.space_post_types(&space).await.unwrap();
            let fits =
                |kind: &&PostType| CreatePost::article(space.clone(), kind, "t", "h").is_ok();
            if let Some(kind) = types.iter().find(fits) {
                return (space, kind.clone());
            }
        }
        panic!("no space takes an article");
    }

    /// Every prediction held.
    fn predictions_held(&self) {
        let ledger = self.ledger.0.lock().unwrap();
        let wrong: Vec<_> = ledger
            .iter()
            .filter(|(taken, charged)| taken != charged)
            .collect();
        assert!(!ledger.is_empty() && wrong.is_empty(), "{ledger:?}");
    }
}

async fn both(test: impl AsyncFn(Stage, Generation)) {
    for generation in [Generation::Published, Generation::Newer] {
        test(stage(generation, None), generation).await;
    }
}

#[tokio::test]
async fn the_network_says_which_generation_it_is() {
    both(async |stage, generation| {
        assert_eq!(
            stage.client.network().await.unwrap().id,
            NetworkId::new("NETWORK001")
        );
        let expected = match generation {
            Generation::Published => Capabilities::PUBLISHED,
            Generation::Newer => Capabilities::NEWER,
        };
        assert_eq!(*stage.client.capabilities().await.unwrap(), expected);
    })
    .await;
}

#[tokio::test]
async fn a_member_is_the_same_by_id_by_name_by_address_and_in_a_list() {
    both(async |stage, _| {
        let known = stage.members().await;
        let (id, username, email) = &known[0];
        let by_id = stage.client.member(MemberRef::Id(id)).await.unwrap();
        let by_name = stage
            .client
            .member(MemberRef::Username(username))
            .await
            .unwrap();
        let by_email = stage.client.member_by_email(email).await.unwrap();
        assert_eq!((&by_id, &by_id), (&by_name, &by_email));

        let mut ids: Vec<_> = known.iter().map(|(id, ..)| id.clone()).collect();
        ids.insert(1, MemberId::new("NOSUCHONE1"));
        let list = stage.client.members_by_ids(&ids).await;
        let found: Vec<&Member> = list.iter().filter_map(|(_, r)| r.as_ref().ok()).collect();
        assert_eq!(found.len(), known.len());
        assert_eq!(found[0], &by_id);
        assert_eq!(
            list[1].1,
            Err(Error::NotFound {
                what: Subject::Member
            })
        );
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn many_members_take_few_requests_though_some_are_missing() {
    both(async |stage, generation| {
        let roomy = json!({ "burst_requests": 1_000, "burst_complexity": 100_000 });
        stage.control("limits", roomy).await;
        let mut ids = Vec::new();
        for _ in 0..247 {
            let joined = stage.control("members", json!({})).await;
            ids.push(MemberId::new(joined["id"].as_str().unwrap()));
        }
        for place in [10, 20, 230] {
            ids.insert(place, MemberId::new(format!("NOSUCHONE{place}")));
        }
        stage.client.capabilities().await.unwrap();
        let requests = || stage.ledger.0.lock().unwrap().len();
        let before = requests();

        let results = stage.client.members_by_ids(&ids).await;
        let missing = results.iter().enumerate().filter(|(_, (id, result))| {
            let found = result.as_ref().is_ok_and(|member| member.id == *id);
            assert!(found || matches!(result, Err(Error::NotFound { .. })));
            !found
        });
        let missing: Vec<_> = missing.map(|(place, _)| place).collect();
        assert_eq!((results.len(), missing), (250, vec![10, 20, 230]));
        let expected = match generation {
            // A hundred ids in each; one more for each of the missing.
            Generation::Published => 3 + 3,
            Generation::Newer => 3,
        };
        assert_eq!(requests() - before, expected);
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn a_few_members_are_cheapest_by_alias_in_both_generations() {
    both(async |stage, _| {
        let ids: Vec<_> = stage
            .members()
            .await
            .into_iter()
            .map(|(id, ..)| id)
            .collect();
        for (count, points) in [(1, 8), (2, 16), (5, 40)] {
            let results = stage.client.members_by_ids(&ids[..count]).await;
            assert!(results.iter().all(|(_, result)| result.is_ok()));
            let last = stage.ledger.0.lock().unwrap().last().copied();
            assert_eq!(last, Some((points, points)));
        }
    })
    .await;
}

#[tokio::test]
async fn unknown_members_are_not_found() {
    both(async |stage, _| {
        let missing = Err(Error::NotFound {
            what: Subject::Member,
        });
        let id = MemberId::new("NOSUCHONE1");
        assert_eq!(stage.client.member(MemberRef::Id(&id)).await, missing);
        assert_eq!(
            stage
                .client
                .member(MemberRef::Username("no.such.one"))
                .await,
            missing
        );
        let email = Email::parse("no.such.one@nowhere.invalid").unwrap();
        assert_eq!(stage.client.member_by_email(&email).await, missing);
    })
    .await;
}

#[tokio::test]
async fn a_post_is_created_in_a_type_that_the_space_takes() {
    both(async |stage, _| {
        let (space, kind) = stage.desk().await;
        let article = CreatePost::article(space.clone(), &kind, "A \"title\"", "<p>é & ü</p>");
        let post = stage.client.create_post(article.unwrap()).await.unwrap();
        assert_eq!(
            (post.space_id, post.title.as_deref()),
            (space, Some("A \"title\""))
        );
        assert_eq!(
            (post.status, post.post_type_id),
            (PostStatus::Published, kind.id.clone())
        );
        let nowhere = CreatePost::article(SpaceId::new("NOSUCHSPACE1"), &kind, "t", "h").unwrap();
        let result = stage.client.create_post(nowhere).await;
        assert_eq!(
            result,
            Err(Error::NotFound {
                what: Subject::Space
            })
        );
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn a_direct_message_takes_the_way_that_the_network_has() {
    both(async |stage, generation| {
        let members = stage.members().await;
        let (sender, recipient) = (members[0].0.clone(), members[1].0.clone());
        let client = stage.client.acting_as(sender).unwrap();
        let message = client
            .send_direct_message(&recipient, "<p>Hello</p>", None)
            .await
            .unwrap();
        let expected = match generation {
            Generation::Published => Mechanism::PrivateSpace,
            Generation::Newer => Mechanism::Chat,
        };
        assert_eq!(
            (message.mechanism, message.recipient_id),
            (expected, recipient)
        );
        assert!(!message.id.is_empty() && !message.conversation_id.as_str().is_empty());
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn a_message_that_was_sent_is_found_again_and_read_by_both_sides() {
    both(async |stage, generation| {
        let members = stage.members().await;
        let (sender, recipient) = (members[2].0.clone(), members[1].0.clone());
        let client = stage.client.acting_as(sender.clone()).unwrap();
        let since = clock()() - Duration::from_secs(60);
        let sought = SoughtMessage {
            recipient: &recipient,
            since,
            nonce: Some("n2"),
        };
        let same = |message: &ConversationMessage| message.content == "<p>Hello</p>";
        let find = async || client.find_direct_message(&sought, same).await.unwrap();
        assert_eq!(find().await, FoundMessages::Alike(vec![]));
        let mut sent = Vec::new();
        for nonce in ["n1", "n2"] {
            let message = client.send_direct_message(&recipient, "<p>Hello</p>", Some(nonce));
            sent.push(message.await.unwrap());
        }
        let found = match find().await {
            FoundMessages::Marked(message) => vec![message],
            FoundMessages::Alike(messages) => messages,
        };
        let found: Vec<_> = found
            .into_iter()
            .map(|message| message.sent_to(recipient.clone()))
            .collect();
        match generation {
            // A private space has no place for a nonce.
            Generation::Published => assert_eq!(found, sent),
            Generation::Newer => assert_eq!(found, sent[1..]),
        }
        let theirs = stage.client.acting_as(recipient.clone()).unwrap();
        let which = ConversationRef::With(&sender);
        let first = theirs.conversation(which, 1, None).await.unwrap();
        let which = ConversationRef::Id(&sent[0].conversation_id);
        let second = theirs.conversation(which, 1, first.next).await.unwrap();
        let read: Vec<_> = second.items.into_iter().chain(first.items).collect();
        let ids = |id: &str| sent.iter().any(|message| message.id == id);
        assert!(read.iter().all(|message| ids(&message.id)), "{read:?}");
        assert!(
            read.iter()
                .all(|message| message.sender_id == sender && message.is_html)
        );
        assert_eq!((read.len(), second.next), (2, None));
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn wrong_credentials_of_either_kind_are_refused() {
    let wrong = [
        Credentials::StaticToken("not-a-token".into()),
        Credentials::App {
            client_id: "the-app".to_owned(),
            client_secret: "wrong".into(),
        },
    ];
    for credentials in wrong {
        let stage = stage(Generation::Newer, Some(credentials));
        assert_eq!(stage.client.network().await, Err(Error::TokenRefused));
    }
    let good = stage(
        Generation::Newer,
        Some(Credentials::StaticToken(TOKEN.into())),
    );
    good.client.network().await.unwrap();
}

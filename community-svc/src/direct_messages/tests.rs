use crate::upstream::testing::Stage;

use super::*;

fn message(stage: &Stage, id: Option<Uuid>) -> Outgoing {
    Outgoing {
        recipient: MemberId::new(stage.text("/members/0/id")),
        html: "<p>Tea at <b>five</b></p>".to_owned(),
        sender: None,
        id,
    }
}

#[tokio::test]
async fn a_message_whose_answer_was_lost_is_found_by_its_id_in_a_chat() {
    let stage = Stage::newer().await;
    let messages = DirectMessages::new(stage.upstream.clone());
    let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let sought = message(&stage, Some(one));
    let since = stage.now();
    assert_eq!(
        messages.lookup(&sought, since).await,
        Ok(Found::Objects(vec![]))
    );
    stage.fault_once("cut_body", "sendMessageToMember").await;
    let lost = messages.attempt(&sought).await;
    assert!(
        matches!(lost, Err(Error::OutcomeUnknown { .. })),
        "{lost:?}"
    );
    // The same words on purpose, with an id of their own.
    let again = messages
        .attempt(&message(&stage, Some(other)))
        .await
        .unwrap();
    let found = messages.lookup(&sought, since).await.unwrap();
    let Found::Marked(found) = found else {
        panic!("{found:?}");
    };
    assert_ne!(found.object_id, again.object_id);
    let conversation = again.answer.conversation_id;
    assert_eq!(found.answer.conversation_id, conversation);
}

#[tokio::test]
async fn in_a_private_space_all_that_say_the_same_are_found_oldest_first() {
    let stage = Stage::published().await;
    let messages = DirectMessages::new(stage.upstream.clone());
    let sought = message(&stage, Some(Uuid::from_u128(1)));
    let since = stage.now();
    stage.fault_once("cut_body", "createPost").await;
    let lost = messages.attempt(&sought).await;
    assert!(
        matches!(lost, Err(Error::OutcomeUnknown { .. })),
        "{lost:?}"
    );
    let reworded = Outgoing {
        html: "<p>Tea at six</p>".to_owned(),
        ..sought.clone()
    };
    stage.pass();
    messages.attempt(&reworded).await.unwrap();
    stage.pass();
    let again = messages.attempt(&sought).await.unwrap();
    let found = messages.lookup(&sought, since).await.unwrap();
    let Found::Objects(found) = found else {
        panic!("{found:?}");
    };
    assert_eq!((found.len(), &found[1]), (2, &again));
}

#[tokio::test]
async fn a_look_up_that_fails_is_no_absence() {
    let stage = Stage::newer().await;
    let messages = DirectMessages::new(stage.upstream.clone());
    let sought = message(&stage, Some(Uuid::from_u128(1)));
    messages.attempt(&sought).await.unwrap();
    stage.fault_once("html_body", "messages").await;
    let result = messages.lookup(&sought, stage.now()).await;
    assert!(result.is_err(), "{result:?}");
}

#[test]
fn each_of_several_has_an_id_of_its_own_and_always_the_same() {
    let (request, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let (ada, bob) = (MemberId::new("ADA"), MemberId::new("BOB"));
    let ids = [
        id_for(request, &ada),
        id_for(request, &bob),
        id_for(other, &ada),
    ];
    assert_eq!(ids[0], id_for(request, &ada));
    assert!(ids[0] != ids[1] && ids[0] != ids[2] && !ids.contains(&request));
    assert_eq!(ids[0].get_version_num(), 8);
}

#[test]
fn messages_with_the_same_words_from_one_to_another_have_one_effect() {
    let message = |html: &str, sender: Option<&str>, id| Outgoing {
        recipient: MemberId::new("ADA"),
        html: html.to_owned(),
        sender: sender.map(MemberId::new),
        id,
    };
    let effect = message("<p>Good day</p>", None, None).effect();
    let marked = message("<b>Good</b> day", None, Some(Uuid::from_u128(1)));
    assert_eq!(marked.effect(), effect);
    assert_ne!(message("<p>Good night</p>", None, None).effect(), effect);
    assert_ne!(
        message("<p>Good day</p>", Some("BOB"), None).effect(),
        effect
    );
}

//! Who was whom in Circle.

use super::*;

fn link(member: &str, circle: &str) -> CircleLink {
    CircleLink {
        member_id: MemberId::new(member),
        circle_member_id: circle.to_owned(),
    }
}

pub(super) async fn a_link_to_circle_is_kept_and_changes_nothing_else(store: SharedMemberStore) {
    let row = json!({ "name": "Ada", "status": "VERIFIED" });
    store
        .apply(&[event("e1", "updated", 1, &row)])
        .await
        .unwrap();
    let before = record(&store).await;
    let links = [link("ada", "4101")];
    assert_eq!(store.link(&links).await.unwrap(), [LinkOutcome::Linked]);
    let after = record(&store).await;
    assert_eq!(after.circle_member_id.as_deref(), Some("4101"));
    assert_eq!(
        MemberRecord {
            circle_member_id: None,
            ..after.clone()
        },
        before
    );
    assert_eq!(store.link(&links).await.unwrap(), [LinkOutcome::Linked]);
    assert_eq!(record(&store).await, after);
}

pub(super) async fn a_link_makes_a_record_where_there_is_none_and_events_fill_it(
    store: SharedMemberStore,
) {
    let outcomes = store
        .link(&[link("ada", "$4101"), link("bob", "4102")])
        .await;
    assert_eq!(outcomes.unwrap(), [LinkOutcome::Linked; 2]);
    let made = record(&store).await;
    assert_eq!(made.primary_platform, "BetterMode");
    assert_eq!((made.name, made.last_event_at), (None, None));
    let row = json!({ "name": "Ada" });
    store
        .apply(&[event("e1", "updated", 1, &row)])
        .await
        .unwrap();
    let filled = record(&store).await;
    assert_eq!(filled.name.unwrap().value, "Ada");
    assert_eq!(filled.circle_member_id.as_deref(), Some("$4101"));
    assert!(store.erase(&ada()).await.unwrap());
}

pub(super) async fn an_id_of_circle_belongs_to_one_member_and_a_member_has_one(
    store: SharedMemberStore,
) {
    let links = [
        link("ada", "4101"),
        link("bob", "4101"),
        link("ada", "4102"),
        link("bob", "4102"),
        link("ada", "4101"),
    ];
    let (linked, conflict) = (LinkOutcome::Linked, LinkOutcome::Conflict);
    let expected = [linked, conflict, conflict, linked, linked];
    for _ in 0..2 {
        assert_eq!(store.link(&links).await.unwrap(), expected);
    }
    let other = store.get(&MemberId::new("bob")).await.unwrap().unwrap();
    assert_eq!(other.circle_member_id.as_deref(), Some("4102"));
}

pub(super) async fn many_writers_link_the_same_people_at_once(store: SharedMemberStore) {
    let links: Vec<_> = (0..50)
        .map(|n| link(&format!("m{n}"), &n.to_string()))
        .collect();
    let writers = (0..8).map(|_| store.link(&links));
    for outcomes in futures::future::join_all(writers).await {
        assert!(
            outcomes
                .unwrap()
                .iter()
                .all(|one| *one == LinkOutcome::Linked)
        );
    }
}

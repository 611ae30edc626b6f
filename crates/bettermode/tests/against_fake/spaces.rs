//! Members in lists, invitations, spaces and who is in them.

use bettermode::{
    CustomField, Email, Error, Invitee, MemberFilter, MemberId, MemberRef, MemberStatus,
    MemberUpdate, NewInvitations, SpaceId, SpaceType, Subject,
};

use super::both;

#[tokio::test]
async fn a_list_of_members_can_be_turned_page_by_page_and_narrowed() {
    both(async |stage, _| {
        let all = MemberFilter::default();
        let first = stage.client.members(&all, 40, None).await.unwrap();
        assert_eq!((first.items.len(), first.total), (40, Some(59)));
        let rest = stage.client.members(&all, 40, first.next).await.unwrap();
        assert_eq!((rest.items.len(), rest.next), (19, None));
        assert!(!rest.items.iter().any(|member| first.items.contains(member)));

        let admin = rest.items.iter().chain(&first.items).find(|member| {
            let role = member.role.as_ref();
            role.and_then(|role| role.kind.as_deref()) == Some("admin")
        });
        let narrowed = MemberFilter {
            role_ids: vec![admin.unwrap().role.clone().unwrap().id],
            ..all.clone()
        };
        let admins = stage.client.members(&narrowed, 9, None).await.unwrap();
        assert_eq!(admins.total, Some(2));
        let suspended = MemberFilter {
            statuses: vec![MemberStatus::Suspended],
            ..all
        };
        let found = stage.client.members(&suspended, 9, None).await.unwrap();
        let is_suspended = |status: &MemberStatus| *status == MemberStatus::Suspended;
        assert!(found.items.iter().all(|m| is_suspended(&m.status)));
        assert_eq!(found.total, Some(2));
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn a_member_is_changed_in_what_the_update_names_and_nothing_else() {
    both(async |stage, _| {
        let (id, ..) = stage.members().await.swap_remove(0);
        let before = stage.client.member(MemberRef::Id(&id)).await.unwrap();
        let update = MemberUpdate {
            tagline: Some("Reads in trains".to_owned()),
            fields: vec![CustomField {
                key: "city".to_owned(),
                json_value: "\"Ghent\"".to_owned(),
            }],
            ..MemberUpdate::default()
        };
        let after = stage.client.update_member(&id, update).await.unwrap();
        assert_eq!(after.tagline.as_deref(), Some("Reads in trains"));
        assert_eq!(after.name, before.name);
        let city = after.fields.iter().find(|field| field.key == "city");
        assert_eq!(city.unwrap().json_value, "\"Ghent\"");
        assert!(after.fields.len() >= before.fields.len());

        let nobody = MemberId::new("NOSUCHONE1");
        let result = stage.client.update_member(&nobody, MemberUpdate::default());
        let missing = Error::NotFound {
            what: Subject::Member,
        };
        assert_eq!(result.await, Err(missing));
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn an_invitation_is_made_and_found_by_its_address() {
    both(async |stage, _| {
        let email = Email::parse("Somebody@new.example.net").unwrap();
        let new = NewInvitations {
            invitees: vec![Invitee {
                email: email.clone(),
                name: Some("Somebody".to_owned()),
            }],
            message: Some("Come in".to_owned()),
            role_id: None,
            space_ids: vec![],
        };
        assert_eq!(stage.client.invitation_to(&email).await, Ok(None));
        let made = stage.client.invite(new.clone()).await.unwrap();
        assert_eq!(made[0].email.as_ref(), Some(&email));
        let found = stage.client.invitation_to(&email).await.unwrap();
        assert_eq!(found.as_ref(), made.first());
        let again = stage.client.invite(new).await.unwrap_err();
        let Error::InvalidInput { field, .. } = &again else {
            panic!("{again:?}");
        };
        assert_eq!(field.as_deref(), Some("email"));
        assert!(!again.to_string().contains('@'));
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn spaces_are_listed_without_private_conversations_and_read_one_by_one() {
    both(async |stage, _| {
        let members = stage.members().await;
        let as_member = stage.client.acting_as(members[0].0.clone()).unwrap();
        let sent = as_member.send_direct_message(&members[1].0, "<p>Hi</p>", None);
        sent.await.unwrap();
        let spaces = stage.client.spaces().await.unwrap();
        assert_eq!(spaces.len(), 8);
        assert!(spaces.iter().all(|s| s.kind != SpaceType::PrivateMessage));
        let one = stage.client.space(&spaces[0].id).await.unwrap();
        assert_eq!(one, spaces[0]);
        assert!(one.members_count > 0 && one.url.is_some());
        let nowhere = stage.client.space(&SpaceId::new("NOSUCHSPACE1")).await;
        let missing = Error::NotFound {
            what: Subject::Space,
        };
        assert_eq!(nowhere, Err(missing));
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn a_member_comes_into_a_space_and_leaves_it() {
    both(async |stage, _| {
        let client = &stage.client;
        let spaces = client.spaces().await.unwrap();
        let space = &spaces.iter().find(|space| space.private).unwrap().id;
        let inside = client.space_members(space, &[], 90, None).await.unwrap();
        let known = stage.members().await;
        let is_outside = |id: &MemberId| !inside.items.iter().any(|m| m.member.id == *id);
        let member = &known.iter().find(|(id, ..)| is_outside(id)).unwrap().0;
        assert_eq!(client.membership(space, member).await, Ok(None));

        let added = client.add_space_member(space, member, None).await.unwrap();
        let kind = added.role.as_ref().and_then(|role| role.kind.as_deref());
        assert_eq!(kind, Some("member"));
        assert_eq!(client.membership(space, member).await, Ok(Some(added)));
        let again = client.add_space_member(space, member, None).await;
        assert!(
            matches!(again, Err(Error::InvalidInput { .. })),
            "{again:?}"
        );

        client.remove_space_member(space, member).await.unwrap();
        assert_eq!(client.membership(space, member).await, Ok(None));
        let again = client.remove_space_member(space, member).await;
        assert!(
            matches!(again, Err(Error::ActionFailed { .. })),
            "{again:?}"
        );
        stage.predictions_held();
    })
    .await;
}

#[tokio::test]
async fn an_unknown_space_and_an_unknown_member_are_told_apart() {
    both(async |stage, _| {
        let client = &stage.client;
        let space = &client.spaces().await.unwrap()[0].id;
        let member = &stage.members().await[0].0;
        let (nowhere, nobody) = (SpaceId::new("NOSUCHSPACE1"), MemberId::new("NOSUCHONE1"));
        let no_space = Error::NotFound {
            what: Subject::Space,
        };
        let no_member = Error::NotFound {
            what: Subject::Member,
        };
        let list = client.space_members(&nowhere, &[], 5, None).await;
        assert_eq!(list, Err(no_space.clone()));
        let add = client.add_space_member(&nowhere, member, None).await;
        assert_eq!(add, Err(no_space.clone()));
        let add = client.add_space_member(space, &nobody, None).await;
        assert_eq!(add, Err(no_member.clone()));
        let remove = client.remove_space_member(&nowhere, member).await;
        assert_eq!(remove, Err(no_space));
        let remove = client.remove_space_member(space, &nobody).await;
        assert_eq!(remove, Err(no_member));
    })
    .await;
}

#[tokio::test]
async fn the_network_tells_which_webhooks_it_can_send() {
    both(async |stage, _| {
        let kinds = stage.client.event_types().await.unwrap();
        let verified = kinds.iter().find(|kind| kind.name == "member.verified");
        let verified = verified.unwrap();
        assert_eq!(
            (verified.noun.as_str(), verified.verb.as_str()),
            ("MEMBER", "VERIFIED")
        );
        stage.predictions_held();
    })
    .await;
}

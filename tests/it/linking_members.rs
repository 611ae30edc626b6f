//! Who was whom in Circle, noted in the record of members.

use community_proto::v1::{
    ErrorReason, LinkMembersRequest, LinkMembersResult, LinkOutcome, MemberLink,
};
use integration_tests::{Failure, Sandbox};
use tonic::Status;

use crate::spaces::invalid;

fn link(member: &str, circle: &str) -> MemberLink {
    MemberLink {
        bettermode_member_id: member.to_owned(),
        circle_member_id: circle.to_owned(),
    }
}

async fn note(sandbox: &Sandbox, links: Vec<MemberLink>) -> Result<Vec<LinkOutcome>, Status> {
    let mut community = sandbox.clients.community();
    let answer = community.link_members(LinkMembersRequest { links }).await?;
    let results = answer.into_inner().results;
    Ok(results.iter().map(LinkMembersResult::outcome).collect())
}

#[tokio::test]
async fn links_are_kept_in_order_and_sent_again_change_nothing_on_both_stores() {
    for builder in [Sandbox::builder(), Sandbox::builder().with_mongodb()] {
        let sandbox = builder.start().await;
        let links = vec![link("m1", "4101"), link("m2", "4101"), link("m2", "4102")];
        let (linked, conflict) = (LinkOutcome::Linked, LinkOutcome::Conflict);
        for _ in 0..2 {
            let outcomes = note(&sandbox, links.clone()).await.unwrap();
            assert_eq!(outcomes, [linked, conflict, linked]);
        }
    }
}

#[tokio::test]
async fn five_hundred_links_fit_into_one_call_and_fill_the_record() {
    let sandbox = Sandbox::start().await;
    let links = |count: u32| (0..count).map(|n| link(&format!("m{n}"), &n.to_string()));
    let outcomes = note(&sandbox, links(500).collect()).await.unwrap();
    assert!(outcomes.iter().all(|one| *one == LinkOutcome::Linked));
    let file = sandbox.folder().join("community-svc/community.sqlite");
    let file = rusqlite::Connection::open(file).unwrap();
    let sql = "SELECT count(*) FROM community_members
               WHERE bettermode_member_id = 'm' || circle_member_id
               AND primary_platform = 'BetterMode'";
    let count: i64 = file.query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 500);
    let too_many = note(&sandbox, links(501).collect()).await.unwrap_err();
    invalid(&Failure::read(&too_many), "links");
    let none = note(&sandbox, Vec::new()).await.unwrap_err();
    invalid(&Failure::read(&none), "links");
    let half = vec![link("m1", "1"), link("", "2")];
    let failure = Failure::read(&note(&sandbox, half).await.unwrap_err());
    assert_eq!(failure.reason, ErrorReason::InvalidField);
}

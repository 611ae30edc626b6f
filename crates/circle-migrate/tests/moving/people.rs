//! People: matched, invited, made, marked, left out, and each accounted for.

use circle_migrate::Error;
use circle_migrate::key::Subject;
use circle_migrate::options::{MoveArgs, Update};
use circle_migrate::snapshot::Entity;
use http::Method;
use serde_json::json;

use crate::stage::{Records, Stage, find, options, person, rows};

fn people(count: u64) -> Records {
    (1..=count).fold(Records::default(), |records, id| {
        records.person(id, &format!("person{id}@example.net"))
    })
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_reads_everything_and_sends_no_mutation() {
    let stage = Stage::new(&people(30));
    stage.fault("refuse_mutations", json!({})).await;
    let options = MoveArgs {
        content: true,
        create_accounts: true,
        ..options()
    };
    for options in [MoveArgs::default(), options] {
        let report = stage.plan(options).await.unwrap();
        let would = ["would_invite", "would_create"];
        let count: usize = would
            .iter()
            .map(|name| report.count(Subject::Member, name))
            .sum();
        assert_eq!(count, 30);
        let unmapped = "interests (30), location (30)";
        assert!(
            report.notes.iter().any(|note| note.contains(unmapped)),
            "{:?}",
            report.notes
        );
    }
    assert_eq!(stage.mutations().await, 0);
    assert!(!stage.home.path().join("ledger.sqlite").exists());
}

#[tokio::test(start_paused = true)]
async fn every_row_has_one_outcome_and_a_second_apply_writes_nothing() {
    let unconfirmed = json!({ "profile_confirmed_at": null, "accepted_invitation": "" });
    let mut waiting = person(7, "waiting@example.net");
    waiting
        .as_object_mut()
        .unwrap()
        .extend(unconfirmed.as_object().unwrap().clone());
    let mut late = person(8, "DOUBLE@example.net");
    late["last_seen_at"] = json!("2025-01-01T00:00:00Z");
    let records = people(3)
        .person(4, "")
        .person(5, "no address")
        .person(6, " Double@Example.net ")
        .with(Entity::Members, waiting)
        .with(Entity::Members, late)
        .person(9, "already@example.net");
    let stage = Stage::new(&records);
    let join = json!({ "email": "Person2@Example.NET", "name": "Known" });
    stage.control(Method::POST, "/_fake/members", join).await;
    invite_elsewhere(&stage, "already@example.net").await;
    let before = stage.mutations().await;
    let report = stage.apply(options()).await.unwrap();
    let count = |outcome: &str| report.count(Subject::Member, outcome);
    assert_eq!(
        (count("invited"), count("matched"), count("already_invited")),
        (3, 1, 1)
    );
    assert_eq!(count("skipped"), 4);
    assert!(report.is_complete(), "{:#?}", report.sections[0].tallies);
    let reasons: Vec<_> = report.sections[0]
        .lines
        .iter()
        .map(|line| line.reason.as_deref())
        .collect();
    let expected = [
        None,
        None,
        None,
        Some("no_email"),
        Some("invalid_email"),
        Some("duplicate_of:8"),
        Some("unconfirmed"),
        None,
        None,
    ];
    assert_eq!(reasons, expected);
    let writes = stage.mutations().await;
    assert_eq!(
        writes - before,
        1 + 1,
        "one chunk, and one mark on who was there"
    );
    let again = stage.apply(options()).await.unwrap();
    assert_eq!(stage.mutations().await, writes);
    assert_eq!(again.sections[0].tallies, report.sections[0].tallies);
}

async fn invite_elsewhere(stage: &Stage, email: &str) {
    let target = stage.target();
    let new = bettermode::NewInvitations {
        invitees: vec![bettermode::Invitee {
            email: bettermode::Email::parse(email).unwrap(),
            name: None,
        }],
        message: None,
        role_id: None,
        space_ids: vec![],
    };
    target
        .write(async |client| client.invite(new.clone()).await)
        .await
        .unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_never_accepted_is_invited_only_when_asked_for() {
    let mut waiting = person(1, "waiting@example.net");
    waiting["accepted_invitation"] = json!("");
    let stage = Stage::new(&Records::default().with(Entity::Members, waiting));
    let report = stage.apply(options()).await.unwrap();
    assert_eq!(report.count(Subject::Member, "skipped"), 1);
    let options = MoveArgs {
        include_unconfirmed: true,
        ..options()
    };
    let report = stage.apply(options).await.unwrap();
    assert_eq!(report.count(Subject::Member, "invited"), 1);
}

#[tokio::test(start_paused = true)]
async fn answers_are_matched_by_their_address_and_not_by_their_position() {
    let stage = Stage::new(&people(10));
    stage.fault("reverse_rows", json!({})).await;
    let report = stage.apply(options()).await.unwrap();
    let world = stage.world().await;
    for line in &report.sections[0].lines {
        let id = line.target_id.as_deref().unwrap();
        let email = &find(rows(&world, "invitations"), "id", id)["email"];
        assert_eq!(*email, format!("person{}@example.net", line.id));
    }
}

#[tokio::test(start_paused = true)]
async fn one_address_that_is_refused_spoils_nobody_elses_invitation() {
    // The app's own account, which no list shows.
    let records = people(24)
        .person(25, "bridge-bot@example.com")
        .person(26, "z@example.net");
    let stage = Stage::new(&records);
    let report = stage.apply(options()).await.unwrap();
    let count = |outcome: &str| report.count(Subject::Member, outcome);
    assert_eq!((count("invited"), count("failed")), (25, 1));
    let line = report.sections[0]
        .lines
        .iter()
        .find(|line| line.outcome == "failed")
        .unwrap();
    assert_eq!(line.id, 25);
    assert!(
        line.reason.as_deref().unwrap().starts_with("refused_email"),
        "{line:?}"
    );
    assert!(!report.is_complete());
}

#[tokio::test(start_paused = true)]
async fn when_nobodys_address_is_shown_nobody_is_invited() {
    let stage = Stage::new(&people(3));
    stage.fault("hide_emails", json!({})).await;
    let stopped = stage.apply(options()).await.unwrap_err();
    assert!(
        matches!(stopped, Error::AddressesHidden { .. }),
        "{stopped}"
    );
    assert!(stopped.to_string().contains("token"), "{stopped}");
    assert_eq!(stage.mutations().await, 0);
}

#[tokio::test(start_paused = true)]
async fn who_accepts_gets_a_mark_and_a_profile_where_it_is_empty() {
    let stage = Stage::new(&people(2));
    let mapping = stage.home.path().join("mapping.toml");
    let text = "[fields]\nlocation = \"city\"\ninterests = \"pronouns\"\n";
    std::fs::write(&mapping, text).unwrap();
    let options = MoveArgs {
        mapping: Some(mapping),
        ..options()
    };
    stage.apply(options.clone()).await.unwrap();
    let accept = json!({ "email": "person1@example.net", "name": "Chosen" });
    stage
        .control(Method::POST, "/_fake/invitations/accept", accept)
        .await;
    let report = stage.apply(options.clone()).await.unwrap();
    assert_eq!(report.count(Subject::Mark, "updated"), 1);
    assert_eq!(report.count(Subject::Profile, "updated"), 1);
    let world = stage.world().await;
    let member = find(rows(&world, "members"), "email", "person1@example.net");
    assert_eq!(member["name"], "Chosen", "what people wrote stays");
    assert_eq!(member["tagline"], "Line 1");
    assert_eq!(member["fields"]["city"], "\"London\"");
    assert_eq!(member["fields"]["pronouns"], "\"Maths, Engines\"");
    assert_eq!(member["extra"]["circle_member_id"], "\"1\"");
    assert_eq!(member["createdAt"], "2024-02-03T10:20:00.000Z");
    let links = std::fs::read_to_string(stage.home.path().join("community_members.csv")).unwrap();
    let id = member["id"].as_str().unwrap();
    assert_eq!(
        links,
        format!("circle_member_id,bettermode_member_id\n1,{id}\n")
    );
    let writes = stage.mutations().await;
    stage.apply(options).await.unwrap();
    assert_eq!(stage.mutations().await, writes);
}

#[tokio::test(start_paused = true)]
async fn somebody_who_was_there_keeps_their_profile_unless_asked_for() {
    let stage = Stage::new(&people(1));
    let join = json!({ "email": "person1@example.net", "name": "Known" });
    stage.control(Method::POST, "/_fake/members", join).await;
    let report = stage.apply(options()).await.unwrap();
    assert_eq!(report.count(Subject::Profile, "skipped"), 1);
    let fill = MoveArgs {
        update: Update::FillEmpty,
        ..options()
    };
    let report = stage.apply(fill).await.unwrap();
    assert_eq!(report.count(Subject::Profile, "updated"), 1);
    let world = stage.world().await;
    let member = find(rows(&world, "members"), "email", "person1@example.net");
    assert_eq!(
        (&member["name"], &member["tagline"]),
        (&json!("Known"), &json!("Line 1"))
    );
    assert_ne!(
        member["createdAt"], "2024-02-03T10:20:00.000Z",
        "they joined by themselves"
    );
}

#[tokio::test(start_paused = true)]
async fn a_mapping_onto_a_field_that_is_not_there_stops_before_anybody_is_invited() {
    let stage = Stage::new(&people(1));
    let mapping = stage.home.path().join("mapping.toml");
    std::fs::write(&mapping, "[fields]\nlocation = \"planet\"\n").unwrap();
    let options = MoveArgs {
        mapping: Some(mapping),
        ..options()
    };
    let stopped = stage.apply(options).await.unwrap_err();
    assert!(stopped.to_string().contains("planet"), "{stopped}");
    assert_eq!(stage.mutations().await, 0);
}

#[tokio::test(start_paused = true)]
async fn accounts_are_made_only_when_asked_for_and_keep_when_people_joined() {
    let stage = Stage::new(&people(3));
    let options = MoveArgs {
        create_accounts: true,
        ..options()
    };
    let report = stage.apply(options.clone()).await.unwrap();
    assert_eq!(report.count(Subject::Member, "created"), 3);
    assert_eq!(report.count(Subject::Mark, "updated"), 3);
    let world = stage.world().await;
    assert!(rows(&world, "invitations").is_empty());
    let member = find(rows(&world, "members"), "email", "person2@example.net");
    assert_eq!(member["createdAt"], "2024-02-03T10:20:00.000Z");
    let writes = stage.mutations().await;
    stage.apply(options).await.unwrap();
    assert_eq!(stage.mutations().await, writes);
}

#[tokio::test(start_paused = true)]
async fn a_canary_moves_a_few_and_the_next_run_the_others() {
    let stage = Stage::new(&people(7));
    let canary = MoveArgs {
        limit: Some(2),
        ..options()
    };
    let report = stage.apply(canary).await.unwrap();
    assert_eq!(report.count(Subject::Member, "invited"), 2);
    assert_eq!(report.count(Subject::Member, "not_begun"), 5);
    assert!(
        report.is_complete(),
        "who is left for another run is accounted for"
    );
    let report = stage.apply(options()).await.unwrap();
    assert_eq!(report.count(Subject::Member, "invited"), 7);
    assert_eq!(rows(&stage.world().await, "invitations").len(), 7);
}

#[tokio::test(start_paused = true)]
async fn nobody_becomes_an_admin_by_being_moved() {
    let mut admin = person(1, "boss@example.net");
    admin["roles"] = json!({ "admin": true, "moderator": true });
    let stage = Stage::new(&Records::default().with(Entity::Members, admin));
    stage.apply(options()).await.unwrap();
    stage.everybody_accepts().await;
    stage.apply(options()).await.unwrap();
    let world = stage.world().await;
    assert_eq!(
        find(rows(&world, "members"), "email", "boss@example.net")["roleType"],
        "member"
    );
}

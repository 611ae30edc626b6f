use serde_json::{Value, json};

use super::*;
use crate::{
    Config, GenerationChoice,
    testing::{Step, Upstream, data, error, member},
};

fn ids(names: &[&str]) -> Vec<MemberId> {
    names.iter().copied().map(MemberId::new).collect()
}

fn many(count: usize) -> Vec<MemberId> {
    (0..count).map(|n| MemberId::new(n.to_string())).collect()
}

/// Members under aliases, at the price that the vendor asks for them.
fn aliases(names: &[&str], charged: usize) -> Step {
    let members: serde_json::Map<_, _> = names
        .iter()
        .enumerate()
        .map(|(index, id)| (format!("m{index}"), member(id, None)))
        .collect();
    let body = json!({ "data": members, "extensions": { "complexity": charged } });
    Step::Answer(200, vec![], body.to_string())
}

fn one(id: &str) -> Step {
    data(&json!({ "member": member(id, None) }))
}

fn list(names: &[&str]) -> Step {
    let members: Vec<_> = names.iter().map(|id| member(id, None)).collect();
    data(&json!({ "membersByIds": members }))
}

fn gone() -> Step {
    error(&json!("110"))
}

/// "Not found", with the roots that it is about.
fn gone_at(errors: &Value) -> Step {
    let body = json!({ "data": null, "errors": errors });
    Step::Answer(200, vec![], body.to_string())
}

fn published(config: &mut Config) {
    config.generation = GenerationChoice::Published;
}

/// The ids that were found, in the order asked for; the others were not found.
fn found(results: &[(MemberId, Result<Member, Error>)]) -> Vec<&str> {
    let mut names = Vec::new();
    for (id, result) in results {
        match result {
            Ok(member) => {
                assert_eq!(&member.id, id);
                names.push(id.as_str());
            }
            Err(error) => assert_eq!(*error, MISSING, "{id:?}"),
        }
    }
    names
}

#[tokio::test]
async fn the_document_is_the_cheapest_and_the_network_is_asked_only_where_it_matters() {
    let answers = [
        one("0"),
        aliases(&["0", "1", "2", "3", "4"], 40),
        list(&["0"]),
    ];
    let upstream = Upstream::answering(answers);
    let client = upstream.client();
    for count in [0, 1, 5, 6] {
        let results = client.members_by_ids(&many(count)).await;
        assert_eq!(results.len(), count);
        let expected = [0, 1, 1, 1, 1, 5, 1][count];
        assert_eq!(found(&results).len(), expected, "{count}");
    }
    let asked: Vec<_> = upstream
        .seen()
        .into_iter()
        .map(|seen| seen.operation)
        .collect();
    assert_eq!(
        asked,
        [
            "LimitedToken",
            "MemberQuery",
            "MembersByAlias",
            "MembersByIds"
        ]
    );
    assert_eq!(*upstream.spent.costs.lock().unwrap(), [1, 8, 40, 40]);

    let upstream = Upstream::answering([aliases(&["0", "1"], 16)]);
    let client = upstream.client_with(|config| config.generation = GenerationChoice::Auto);
    client.members_by_ids(&many(2)).await;
    assert_eq!(upstream.count("RootFields"), 0);
}

#[tokio::test]
async fn the_missing_ones_that_are_named_are_left_out_of_the_next_document() {
    let named = json!([
        { "code": "110", "message": "no", "path": ["m1"] },
        { "message": "no", "path": ["m3", "id"], "errors": [{ "code": 110 }] },
    ]);
    let upstream = Upstream::answering([gone_at(&named), aliases(&["A", "C", "E"], 24)]);
    let wanted = ids(&["A", "B", "C", "D", "E", "A"]);
    let results = upstream
        .client_with(published)
        .members_by_ids(&wanted)
        .await;
    assert_eq!(found(&results), ["A", "C", "E", "A"]);
    let asked = upstream.seen().pop().unwrap().variables;
    assert_eq!(asked, json!({ "m0": "A", "m1": "C", "m2": "E" }));
    assert_eq!(upstream.count("MembersByAlias"), 2);
}

#[tokio::test]
async fn when_all_are_missing_nobody_is_asked_for_again() {
    let named = json!([{ "code": 110, "path": ["m0"] }, { "code": 110, "path": ["m1"] }]);
    let upstream = Upstream::answering([gone_at(&named)]);
    let results = upstream.client().members_by_ids(&ids(&["A", "B"])).await;
    assert!(found(&results).is_empty());
}

#[tokio::test]
async fn where_nobody_says_which_is_missing_the_list_is_halved() {
    let nonsense = json!([{ "code": 110, "path": ["m7"] }, { "code": 110, "path": [0] }]);
    for first in [gone(), gone_at(&nonsense)] {
        // All three; A; B and C; B; C.
        let answers = [first, one("A"), gone(), gone(), one("C")];
        let upstream = Upstream::answering(answers);
        let results = upstream
            .client()
            .members_by_ids(&ids(&["A", "B", "C"]))
            .await;
        assert_eq!(found(&results), ["A", "C"]);
    }
}

#[tokio::test]
async fn a_list_that_is_refused_for_one_is_halved_too() {
    let answers = [
        gone(),
        aliases(&["0", "1", "2"], 24),
        gone_at(&json!([{ "code": 110, "path": ["m0"] }])),
        aliases(&["4", "5"], 16),
    ];
    let upstream = Upstream::answering(answers);
    let results = upstream.client().members_by_ids(&many(6)).await;
    assert_eq!(found(&results), ["0", "1", "2", "4", "5"]);
}

#[tokio::test]
async fn a_member_left_out_of_the_answer_is_not_found_and_long_lists_go_in_batches() {
    let upstream = Upstream::answering([list(&["7"]), list(&[])]);
    let results = upstream.client().members_by_ids(&many(120)).await;
    assert_eq!((results.len(), found(&results)), (120, vec!["7"]));
    assert_eq!(upstream.count("MembersByIds"), 2);
}

#[tokio::test]
async fn batches_shrink_with_what_the_vendor_charges() {
    // Twice the formula.
    let upstream = Upstream::answering([aliases(&["0", "1"], 32), aliases(&[], 992)]);
    let client = upstream.client_with(published);
    assert_eq!(client.largest_batch(), LARGEST_BATCH);
    client.members_by_ids(&many(2)).await;
    assert_eq!(client.largest_batch(), 62);
    let refused = upstream.spent.costs.lock().unwrap().len() + 1;
    *upstream.spent.refuse_after.lock().unwrap() = Some(refused);
    client.members_by_ids(&many(250)).await;
    assert_eq!(upstream.spent.costs.lock().unwrap().last(), Some(&992));
}

#[tokio::test]
async fn a_list_that_became_dearer_than_aliases_gives_way_to_them() {
    let dear = json!({ "data": { "membersByIds": [] }, "extensions": { "complexity": 1_200 } });
    let dear = Step::Answer(200, vec![], dear.to_string());
    let upstream = Upstream::answering([dear, aliases(&[], 48)]);
    let client = upstream.client();
    assert_eq!(client.largest_batch(), LARGEST_BATCH);
    for _ in 0..2 {
        client.members_by_ids(&many(6)).await;
    }
    assert_eq!(upstream.count("MembersByAlias"), 1);
}

#[tokio::test]
async fn what_is_too_complex_is_asked_for_in_halves() {
    let complex = gone_at(&json!([{ "code": "118", "message": "complexity is over 20" }]));
    let answers = [complex, aliases(&["0", "1"], 16), aliases(&["2", "3"], 16)];
    let upstream = Upstream::answering(answers);
    let results = upstream
        .client_with(published)
        .members_by_ids(&many(4))
        .await;
    assert_eq!(found(&results), ["0", "1", "2", "3"]);
}

#[tokio::test]
async fn a_reached_limit_ends_all_of_it_and_any_other_failure_its_batch() {
    let limited = Step::Answer(429, vec![("retry-after", "30")], "{}".to_owned());
    let upstream = Upstream::answering([list(&["0"]), limited]);
    let results = upstream.client().members_by_ids(&many(300)).await;
    assert_eq!(upstream.count("MembersByIds"), 2);
    let limited = |(_, result): &&(MemberId, Result<Member, Error>)| {
        matches!(result, Err(Error::RateLimited { .. }))
    };
    assert_eq!(results.iter().filter(limited).count(), 200);

    let upstream = Upstream::answering([error(&json!("777")), list(&["150"])]);
    let results = upstream.client().members_by_ids(&many(200)).await;
    assert!(matches!(results[0].1, Err(Error::Upstream { .. })));
    assert!(results[150].1.is_ok());
}

//! No list scans the collection or sorts: what MongoDB says of each.

mod real_mongodb {
    use mongodb::bson::{Bson, Document, doc};

    use super::super::{COLLECTION, indexes, lists};
    use crate::events::contract_tests::{clock, event, only_mongodb};
    use crate::events::{
        Cursor, DeadCursor, EventQuery, EventState, EventStore as _, MongoStore, Projection,
    };

    /// The stages of the plan that won, the outermost first.
    async fn plan(store: &MongoStore, filter: Document, sort: Document, hint: Document) -> String {
        let find = doc! {
            "find": COLLECTION, "filter": filter, "sort": sort, "hint": hint, "limit": 50,
        };
        let explain = doc! { "explain": find, "verbosity": "queryPlanner" };
        let database = store.database().await;
        let answer = database.run_command(explain).await.unwrap();
        let planner = answer.get_document("queryPlanner").unwrap();
        let plan = planner.get_document("winningPlan").unwrap();
        // Newer versions wrap it once more.
        let mut stage = plan.get_document("queryPlan").unwrap_or(plan);
        let mut stages = Vec::new();
        loop {
            stages.push(stage.get_str("stage").unwrap());
            if stage.contains_key("indexBounds") {
                return format!("{} {}", stages.join(" "), bounds(stage).join(", "));
            }
            // Fails for a plan that merges scans.
            stage = stage.get_document("inputStage").unwrap();
        }
    }

    fn bounds(scan: &Document) -> Vec<String> {
        let bounds = scan.get_document("indexBounds").unwrap();
        let bound = |(key, value): (&String, &Bson)| {
            let value = value.as_array().unwrap()[0].as_str().unwrap();
            format!("{key} {value}")
        };
        bounds.iter().map(bound).collect()
    }

    fn is_ordered_scan(plan: &str) {
        assert!(
            ["LIMIT FETCH IXSCAN ", "FETCH LIMIT IXSCAN "]
                .iter()
                .any(|stages| plan.starts_with(stages)),
            "{plan}"
        );
    }

    #[tokio::test]
    async fn each_combination_of_filters_begins_in_its_index_where_the_page_begins() {
        let store = only_mongodb::open(clock());
        store.ingest(&[event("one", 0)]).await.unwrap();
        let place = event("one", 0).received_at;
        let states = [
            None,
            Some(EventState::Pending),
            Some(EventState::Done),
            Some(EventState::Dead),
        ];
        for number in 0..64 {
            let on = |bit: u32| number >> bit & 1 == 1;
            let text = || Some("x".to_owned());
            let query = EventQuery {
                event_type: text().filter(|_| on(0)),
                member_id: text().filter(|_| on(1)),
                received_from: Some(jiff::Timestamp::UNIX_EPOCH).filter(|_| on(2)),
                received_until: Some(place).filter(|_| on(3)),
                state: states[number >> 4],
                before: Some(Cursor {
                    received_at: place,
                    event_id: "one".to_owned(),
                }),
                limit: 50,
            };
            let sort = doc! { "received_at": -1, "event_id": -1 };
            let plan = plan(&store, lists::filter(&query), sort, indexes::of(&query)).await;
            is_ordered_scan(&plan);
            // From the place on, and not from the newest event.
            let from = format!("received_at [new Date({})", place.as_millisecond());
            let below = format!("received_at (new Date({})", place.as_millisecond());
            assert!(plan.contains(&from) || plan.contains(&below), "{plan}");
            if on(1) {
                assert!(plan.contains(r#"member_ids ["x", "x"]"#), "{plan}");
            }
        }
        only_mongodb::drop_database(&store).await;
    }

    #[tokio::test]
    async fn dead_letters_and_due_work_are_read_in_order() {
        let store = only_mongodb::open(clock());
        store.ingest(&[event("one", 0)]).await.unwrap();
        let place = DeadCursor {
            failed_at: event("one", 0).received_at,
            projection: Projection::Members,
            event_id: "one".to_owned(),
        };
        for projection in Projection::ALL {
            for before in [None, Some(&place)] {
                let filter = lists::dead_filter(projection, before);
                let index = indexes::dead(projection);
                is_ordered_scan(&plan(&store, filter, index.clone(), index).await);
            }
        }
        let due = doc! { "state": "pending", "next_attempt_at": { "$lte": Bson::DateTime(mongodb::bson::DateTime::MAX) } };
        is_ordered_scan(&plan(&store, due, indexes::due(), indexes::due()).await);
        only_mongodb::drop_database(&store).await;
    }
}

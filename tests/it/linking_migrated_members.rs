//! What a migration tells the service of who is who.

use bettermode::MemberId;
use circle_migrate::config::ServiceConfig;
use circle_migrate::links::{Linked, Linker as _, Pair, ServiceLinker};
use integration_tests::Sandbox;

fn pair(circle: u64, member: &str) -> Pair {
    Pair {
        circle,
        member: MemberId::new(member),
    }
}

#[tokio::test]
async fn a_migration_links_members_in_the_services_record_and_hears_of_conflicts() {
    let sandbox = Sandbox::start().await;
    let address = sandbox.clients.service_address();
    let config = ServiceConfig {
        url: Some(format!("http://{address}").parse().unwrap()),
        token: None,
    };
    let linker = ServiceLinker::new(&config).unwrap().unwrap();
    let pairs = [pair(4101, "m1"), pair(4101, "m2"), pair(4102, "m2")];
    for _ in 0..2 {
        let outcomes = linker.link(&pairs).await.unwrap();
        assert_eq!(outcomes, [Linked::Kept, Linked::Conflict, Linked::Kept]);
    }
}

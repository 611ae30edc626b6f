//! Reads a member through the shipped client:
//!
//! ```sh
//! cargo run -p community-proto --example read_member -- \
//!     <member id> http://127.0.0.1:50051 http://127.0.0.1:50052
//! ```
//!
//! The token, where the service wants one, is in `COMMUNITY_SVC_TOKEN`.

#![expect(
    clippy::disallowed_methods,
    reason = "a small program reads its one setting itself"
)]

use std::error::Error;
use std::time::Duration;

use community_proto::client::Client;
use community_proto::v1::GetMemberRequest;
use community_proto::v1::get_member_request::Identifier;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let id = arguments
        .next()
        .ok_or("name a member and the service's addresses")?;
    let mut client = Client::builder(arguments, rand::random).timeout(Duration::from_secs(5));
    if let Ok(token) = std::env::var("COMMUNITY_SVC_TOKEN") {
        client = client.token(token);
    }
    let request = GetMemberRequest {
        identifier: Some(Identifier::MemberId(id)),
        read_options: None,
    };
    let answer = client
        .build()?
        .community()
        .get_member(request)
        .await?
        .into_inner();
    let member = answer.member.ok_or("the service sent no member")?;
    println!("{} (@{})", member.name, member.username);
    Ok(())
}

//! Those who use the system: members who change at the vendor, and a program that reads
//! them from the service.

use std::time::Duration;

use community_proto::v1::community_service_client::CommunityServiceClient;
use community_proto::v1::get_member_request::Identifier;
use community_proto::v1::{Freshness, GetMemberRequest};
use http::Uri;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::time::Instant;
use tonic::transport::{Channel, Endpoint};

use crate::chance::Chance;
use crate::journal::Journal;
use crate::ledger::{Ledger, version_in};
use crate::network::Network;
use crate::vendor::Vendor;
use crate::{MAX_AGE, READER, SERVICE, TTL, WRONG_CLOCK};

/// So many members change and are read; few, so that both meet often.
const MEMBERS: usize = 10;
/// How long a reader waits.
const PATIENCE: Duration = Duration::from_secs(12);

/// The people of a run; clones are the same ones.
#[derive(Clone)]
pub struct People {
    vendor: Vendor,
    ledger: Ledger,
    journal: Journal,
    begun: Instant,
    members: Vec<String>,
    spaces: Vec<String>,
    channel: Channel,
}

impl People {
    /// Those of the vendor's world.
    pub async fn of(
        vendor: Vendor,
        network: Network,
        (ledger, journal): (Ledger, Journal),
        begun: Instant,
    ) -> Self {
        let world = vendor.control("GET", "world", &Value::Null).await;
        let ids = |of: &str, most: usize| -> Vec<String> {
            let rows = world[of].as_array().map(Vec::as_slice).unwrap_or_default();
            let ids = rows.iter().filter_map(|row| row["id"].as_str());
            ids.take(most).map(str::to_owned).collect()
        };
        let endpoint = Endpoint::from_static("http://service");
        let endpoint = endpoint.connect_timeout(Duration::from_secs(2));
        let channel = endpoint
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(5))
            .connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
                let network = network.clone();
                async move { network.connect(READER, SERVICE).await.map(TokioIo::new) }
            }));
        let people = Self {
            members: ids("members", MEMBERS),
            spaces: ids("spaces", 4),
            vendor,
            ledger,
            journal,
            begun,
            channel,
        };
        let mut books = people.ledger.books();
        for member in &people.members {
            books.versions.insert(member.clone(), vec![Duration::ZERO]);
        }
        drop(books);
        people
    }

    /// Members change, join, come and go, until then.
    pub async fn write(self, chance: Chance, until: Instant) {
        while Instant::now() < until {
            tokio::time::sleep(chance.time(Duration::from_millis(200), Duration::from_secs(6)))
                .await;
            let member = &self.members[chance.place(self.members.len())];
            let space = &self.spaces[chance.place(self.spaces.len())];
            self.journal.count("changes at the vendor", 1);
            match chance.between(0, 10) {
                0..7 => self.change(member).await,
                7 => {
                    let path = format!("spaces/{space}/members/{member}");
                    let method = if chance.happens(500) {
                        "POST"
                    } else {
                        "DELETE"
                    };
                    self.vendor.control(method, &path, &Value::Null).await;
                }
                8 => {
                    let text = json!({ "description": format!("at {:?}", self.begun.elapsed()) });
                    self.vendor
                        .control("POST", &format!("spaces/{space}"), &text)
                        .await;
                }
                _ => {
                    let body = json!({ "name": "Somebody New" });
                    self.vendor.control("POST", "members", &body).await;
                }
            }
        }
    }

    async fn change(&self, member: &str) {
        let version = {
            let mut books = self.ledger.books();
            let versions = books.versions.entry(member.to_owned()).or_default();
            versions.push(self.begun.elapsed());
            versions.len() - 1
        };
        self.journal
            .note(format!("{member} becomes version {version}"));
        let change = json!({ "name": format!("version {version}") });
        self.vendor
            .control("POST", &format!("members/{member}"), &change)
            .await;
    }

    /// Reads one member after the other, until then.
    pub async fn read(self, chance: Chance, until: Instant) {
        while Instant::now() < until {
            tokio::time::sleep(chance.time(Duration::from_millis(50), Duration::from_secs(2)))
                .await;
            let member = self.members[chance.place(self.members.len())].clone();
            self.read_one(&member).await;
        }
    }

    /// Reads every member twice: the first may be answered with an old copy and have a new
    /// one fetched. Says which are not as the vendor has them.
    pub async fn read_all(&self) -> Vec<String> {
        let mut old = Vec::new();
        for member in &self.members {
            let mut last = None;
            for _ in 0..2 {
                last = self.read_one(member).await;
                tokio::time::sleep(Duration::from_secs(15)).await;
            }
            let wanted = self
                .ledger
                .books()
                .versions
                .get(member)
                .map(|all| all.len() - 1);
            if last != wanted {
                old.push(format!(
                    "{member}: version {last:?}, and {wanted:?} is right"
                ));
            }
        }
        old
    }

    async fn read_one(&self, member: &str) -> Option<usize> {
        let request = GetMemberRequest {
            identifier: Some(Identifier::MemberId(member.to_owned())),
            read_options: None,
        };
        let (begun, settled) = (self.begun.elapsed(), self.settled(member));
        let mut client = CommunityServiceClient::new(self.channel.clone());
        let answer = tokio::time::timeout(PATIENCE, client.get_member(request)).await;
        self.journal.count("reads", 1);
        let answer = match answer {
            Ok(Ok(answer)) => answer.into_inner(),
            Ok(Err(status)) => {
                self.journal
                    .note(format!("no answer about {member}: {:?}", status.code()));
                self.journal.count("reads without an answer", 1);
                return None;
            }
            Err(_) => {
                self.journal.count("reads without an answer", 1);
                return None;
            }
        };
        let name = answer.member.map(|member| member.name).unwrap_or_default();
        let version = version_in(&name).unwrap_or(0);
        let freshness = answer.freshness.unwrap_or_default();
        self.journal.note(format!(
            "{member} is read as version {version} from {:?}",
            freshness.source()
        ));
        if version < settled {
            let how = format!(
                "a read of {member} that began at {begun:?} saw version {version}; the event of \
                 version {settled} had taken effect before"
            );
            self.ledger
                .broken("no old read after an invalidation settles", how, &[member]);
        }
        self.check_age(member, version, begun, &freshness);
        Some(version)
    }

    fn settled(&self, member: &str) -> usize {
        self.ledger
            .books()
            .settled
            .get(member)
            .copied()
            .unwrap_or(0)
    }

    /// How old a value may be without any webhook: as old as the service promises, and a
    /// bit for clocks that are wrong and answers that take their time.
    fn check_age(&self, member: &str, version: usize, begun: Duration, freshness: &Freshness) {
        let slack = 2 * WRONG_CLOCK + Duration::from_secs(25);
        let bound = slack
            + if freshness.stale {
                MAX_AGE
            } else {
                TTL + TTL / 10
            };
        let replaced = {
            let books = self.ledger.books();
            books
                .versions
                .get(member)
                .and_then(|all| all.get(version + 1))
                .copied()
        };
        if let Some(replaced) = replaced
            && begun.saturating_sub(replaced) > bound
        {
            let how = format!(
                "{member} was read as version {version} at {begun:?}, {:?} after it was replaced; \
                 {bound:?} are promised",
                begun.saturating_sub(replaced)
            );
            self.ledger
                .broken("no read is older than promised", how, &[member]);
        }
    }
}

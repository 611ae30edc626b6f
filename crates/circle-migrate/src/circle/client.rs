//! The client: one method for each thing that a migration reads.

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;
use vendor_transport::{Options, Transport, TransportError};

use super::answer::{Community, Page, Verdict};
use super::error::CircleError;
use super::pace::Pace;
use crate::config::{AuthScheme, CircleConfig};
use crate::snapshot::{Entity, ListKey};

/// How long one attempt may take, from connecting to the last byte.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A page of 100 members with long profiles is some hundred KiB.
const LARGEST_ANSWER: usize = 32 << 20;

/// What Circle's page on limits says to wait where 429 does not say it.
const PAUSE_AFTER_429: Duration = Duration::from_secs(60);
const MOST_429: u32 = 10;
const MOST_FAILURES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The way to Circle.
///
/// # Errors
/// [`CircleError::SetUp`] when TLS cannot be set up.
pub fn https() -> Result<Transport, CircleError> {
    let options = Options {
        user_agent: concat!("circle-migrate/", env!("CARGO_PKG_VERSION")),
        timeout: TIMEOUT,
        max_response_bytes: LARGEST_ANSWER,
    };
    Transport::https(options).map_err(|error| CircleError::SetUp(error.to_string()))
}

/// The limit for transports that do not have their own.
fn capped(response: Response<Bytes>) -> Result<Response<Bytes>, TransportError> {
    if response.body().len() > LARGEST_ANSWER {
        return Err(TransportError::TooLarge {
            limit: LARGEST_ANSWER,
        });
    }
    Ok(response)
}

/// A client of one community.
#[derive(Debug)]
pub struct Client {
    base: Url,
    authorization: HeaderValue,
    scheme: AuthScheme,
    transport: Transport,
    pace: Pace,
    rng: Mutex<SmallRng>,
}

/// A list as it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct List {
    /// Which list.
    pub key: ListKey,
    /// The page, from 1.
    pub page: u32,
    /// Rows of a page; Circle may use fewer.
    pub per_page: u32,
}

/// What was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spent {
    /// Requests that were sent.
    pub requests: u64,
    /// Requests that may still be sent, with `--max-requests`.
    pub left: Option<u64>,
}

impl Client {
    /// A client that has sent nothing yet. `seed` decides how long pauses are exactly.
    ///
    /// # Errors
    /// [`CircleError::SetUp`] when the token or the address cannot be used.
    pub fn new(
        config: &CircleConfig,
        token: &SecretString,
        transport: Transport,
        seed: u64,
    ) -> Result<Self, CircleError> {
        let set_up = |text: &str| CircleError::SetUp(text.to_owned());
        let base = config.api_url.as_ref();
        let base = base.and_then(|url| url.join("/api/admin/v2/").ok());
        let word = match config.auth_scheme {
            AuthScheme::Bearer => "Bearer",
            AuthScheme::Token => "Token",
        };
        let authorization = format!("{word} {}", token.expose_secret());
        let mut authorization = HeaderValue::try_from(authorization)
            .map_err(|_| set_up("CIRCLE_API_TOKEN has characters that no token has"))?;
        authorization.set_sensitive(true);
        Ok(Self {
            base: base.ok_or_else(|| set_up("CIRCLE_API_URL is no address"))?,
            authorization,
            scheme: config.auth_scheme,
            transport,
            pace: Pace::new(config.max_requests, config.deadline),
            rng: Mutex::new(SmallRng::seed_from_u64(seed)),
        })
    }

    /// The community that the token is of.
    ///
    /// # Errors
    /// [`CircleError`], above all for a token that is not taken.
    pub async fn community(&self) -> Result<Community, CircleError> {
        self.get("community", &[]).await
    }

    /// A page of a list.
    ///
    /// # Errors
    /// [`CircleError`] when it does not come after as many attempts as make sense.
    pub async fn page(&self, list: List) -> Result<Page, CircleError> {
        let mut query = vec![
            ("page", list.page.to_string()),
            ("per_page", list.per_page.to_string()),
        ];
        if let Some(space) = list.key.space {
            query.push(("space_id", space.to_string()));
        }
        let (path, more) = route(list.key.entity);
        query.extend(more.iter().map(|(key, value)| (*key, (*value).to_owned())));
        self.get(path, &query).await
    }

    /// The member with this address as Circle sends it; `None` when there is none, which
    /// includes people who are not members.
    ///
    /// # Errors
    /// [`CircleError`] when that cannot be said.
    pub async fn member_by_email(&self, email: &str) -> Result<Option<Value>, CircleError> {
        let query = [("email", email.to_owned())];
        match self.get("community_members/search", &query).await {
            Ok(found) => Ok(Some(found)),
            Err(CircleError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What was spent until now.
    pub fn spent(&self) -> Spent {
        Spent {
            requests: self.pace.spent(),
            left: self.pace.left(),
        }
    }

    async fn get<T: DeserializeOwned>(
        &self,
        path: &'static str,
        query: &[(&str, String)],
    ) -> Result<T, CircleError> {
        let (mut too_many, mut failures) = (0, 0);
        loop {
            self.pace.turn().await?;
            let last = match self.attempt(path, query).await {
                Verdict::Good(value) => match serde_json::from_value(value) {
                    Ok(answer) => return Ok(answer),
                    Err(_) => "an answer of another shape".to_owned(),
                },
                Verdict::TooMany(wait) => {
                    too_many += 1;
                    if too_many >= MOST_429 {
                        return Err(CircleError::TooMany { attempts: too_many });
                    }
                    let pause = wait.unwrap_or(PAUSE_AFTER_429) + self.jitter(FIRST_PAUSE);
                    tracing::warn!(seconds = pause.as_secs(), "Circle asks to wait");
                    self.pace.pause(pause).await?;
                    continue;
                }
                Verdict::Again(last) => last,
                Verdict::Token(message) => {
                    let other_scheme = match self.scheme {
                        AuthScheme::Bearer => "token",
                        AuthScheme::Token => "bearer",
                    };
                    return Err(CircleError::Token {
                        message,
                        other_scheme,
                    });
                }
                Verdict::Forbidden(message) => return Err(CircleError::Forbidden { message }),
                Verdict::Refused(status, message) => {
                    return Err(CircleError::Refused {
                        path: path.to_owned(),
                        status,
                        message,
                    });
                }
            };
            failures += 1;
            if failures >= MOST_FAILURES {
                return Err(CircleError::Unavailable {
                    path: path.to_owned(),
                    attempts: failures,
                    last,
                });
            }
            tracing::warn!(path, failures, last, "asking Circle again");
            let pause = FIRST_PAUSE * 2_u32.pow(failures - 1);
            let pause = pause.min(LONGEST_PAUSE);
            self.pace.pause(pause / 2 + self.jitter(pause / 2)).await?;
        }
    }

    async fn attempt(&self, path: &str, query: &[(&str, String)]) -> Verdict {
        let mut url = self.base.clone();
        url.set_path(&format!("{}{path}", self.base.path()));
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = Request::get(url.as_str())
            .header(header::AUTHORIZATION, self.authorization.clone())
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/json")
            .body(Bytes::new());
        let Ok(request) = request else {
            return Verdict::Refused(0, "it is no address".to_owned());
        };
        match self.transport.send(request).await.and_then(capped) {
            Ok(response) => Verdict::of(&response),
            Err(error) => Verdict::Again(error.to_string()),
        }
    }

    fn jitter(&self, most: Duration) -> Duration {
        let mut rng = self
            .rng
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        most.mul_f64(rng.random::<f64>())
    }
}

/// Where a kind of record is listed, and with which parameters: everybody and everything, in
/// a lasting order where there is one to ask for.
fn route(entity: Entity) -> (&'static str, &'static [(&'static str, &'static str)]) {
    match entity {
        // Without it, whoever never confirmed a profile is left out.
        Entity::Members => ("community_members", &[("status", "all")]),
        Entity::MemberTags => ("member_tags", &[]),
        Entity::ProfileFields => ("profile_fields", &[]),
        Entity::SpaceGroups => ("space_groups", &[]),
        Entity::Spaces => ("spaces", &[("sort", "oldest")]),
        Entity::SpaceMembers => ("space_members", &[("status", "all")]),
        Entity::Posts => ("posts", &[("status", "all"), ("sort", "oldest")]),
        Entity::Comments => ("comments", &[]),
        Entity::Events => ("events", &[("sort", "oldest")]),
    }
}

//! Who is asking: tokens made, tokens checked.
//!
//! A token is a JWT with the payload fields that the vendor's client reads (`id,
//! networkId, networkDomain, role, roleId, roleType, iat, exp`). It is signed with a
//! key of this world, so a token of another fake is refused.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::refusal::{Code, Refusal};
use crate::world::World;
use crate::world::rows::RoleType;

/// Who sends a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// Nobody yet: only `tokens` answers.
    Nobody,
    /// The app itself, by Basic: only `limitedToken` answers.
    App,
    /// The app's own account.
    Bot(String),
    /// A member, or the app acting as one.
    Member(String),
    /// A visitor; the id is not in the world.
    Guest(String),
}

impl Viewer {
    /// The member that things are done as, if any.
    pub(crate) fn member_id(&self) -> Option<&str> {
        match self {
            Self::Bot(id) | Self::Member(id) => Some(id),
            Self::Nobody | Self::App | Self::Guest(_) => None,
        }
    }

    /// Whether everything may be seen and done: the bot, and admins.
    pub(crate) fn is_admin(&self, world: &World) -> bool {
        match self {
            Self::Bot(_) => true,
            Self::Member(id) => world.is_admin(id),
            Self::Nobody | Self::App | Self::Guest(_) => false,
        }
    }
}

/// Makes and checks tokens.
#[derive(Clone)]
pub(crate) struct Mint {
    key: String,
    static_token: Option<String>,
    lifetime_seconds: i64,
}

impl Mint {
    pub(crate) fn new(key: String, static_token: Option<String>, lifetime_seconds: i64) -> Self {
        Self {
            key,
            static_token,
            lifetime_seconds,
        }
    }

    /// A token for a viewer who has one.
    pub(crate) fn token(&self, world: &World, viewer: &Viewer, now: Timestamp) -> String {
        let (id, role) = match viewer {
            Viewer::Bot(id) | Viewer::Member(id) => (
                id.as_str(),
                world
                    .members
                    .get(id)
                    .and_then(|member| world.role_of(member)),
            ),
            Viewer::Guest(id) => (id.as_str(), world.role_of_kind(RoleType::Guest)),
            Viewer::Nobody | Viewer::App => ("", None),
        };
        let payload = json!({
            "id": id,
            "networkId": world.network.id,
            "networkDomain": world.network.domain,
            "role": role.map(|role| role.name),
            "roleId": role.map(|role| role.id.clone()),
            "roleType": role.map(|role| role.kind.name()),
            "iat": now.as_second(),
            "exp": now.as_second() + self.lifetime_seconds,
        });
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let signed = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload.to_string()));
        format!("{signed}.{}", self.signature(&signed))
    }

    /// Who the `Authorization` header says it is.
    pub(crate) fn viewer(
        &self,
        world: &World,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Viewer, Refusal> {
        let Some(value) = headers.get(AUTHORIZATION) else {
            return Ok(Viewer::Nobody);
        };
        let refused = || Refusal::new(Code::InvalidToken, "Invalid access token");
        let text = value.to_str().map_err(|_| refused())?;
        let (scheme, credentials) = text.split_once(' ').ok_or_else(refused)?;
        if scheme.eq_ignore_ascii_case("basic") {
            return basic(world, credentials);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(refused());
        }
        if self.static_token.as_deref() == Some(credentials) {
            return Ok(Viewer::Bot(world.bot_id.clone()));
        }
        self.verify(world, credentials, now).ok_or_else(refused)
    }

    fn verify(&self, world: &World, token: &str, now: Timestamp) -> Option<Viewer> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (_, payload) = signed.split_once('.')?;
        if self.signature(signed) != signature {
            return None;
        }
        let payload: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        if payload["exp"].as_i64()? <= now.as_second() {
            return None;
        }
        let id = payload["id"].as_str()?;
        if id.starts_with("GUEST_") {
            return Some(Viewer::Guest(id.to_owned()));
        }
        if id == world.bot_id {
            return Some(Viewer::Bot(id.to_owned()));
        }
        let member = world.members.get(id)?;
        let alive = member.status != "DELETED" && member.status != "Suspended";
        alive.then(|| Viewer::Member(id.to_owned()))
    }

    fn signature(&self, text: &str) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.key.as_bytes()) else {
            return String::new();
        };
        mac.update(text.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }
}

fn basic(world: &World, credentials: &str) -> Result<Viewer, Refusal> {
    let decoded = STANDARD.decode(credentials).ok();
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let network = &world.network;
    let known = text.as_deref().and_then(|text| text.split_once(':'))
        == Some((network.client_id.as_str(), network.client_secret.as_str()));
    // The guide's word where an app is unknown or not installed.
    known.then_some(Viewer::App).ok_or_else(Refusal::forbidden)
}

//! What a fake can be told before it starts.

use std::str::FromStr;

use crate::limits::Limits;
use fake_kit::time::{TimeSource, system_time};

/// The token that is taken unless another one is given.
pub const DEFAULT_TOKEN: &str = "fake-circle-token";

/// Which word before the token is taken; Circle's own pages disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AuthScheme {
    /// Either.
    #[default]
    Both,
    /// `Bearer` alone.
    Bearer,
    /// `Token` alone.
    Token,
}

impl FromStr for AuthScheme {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "both" => Ok(Self::Both),
            "bearer" => Ok(Self::Bearer),
            "token" => Ok(Self::Token),
            _ => Err("use both, bearer or token"),
        }
    }
}

/// How a fake is set up. Two fakes with the same configuration hold the same community.
#[derive(Clone)]
pub struct FakeConfig {
    /// Seeds every choice.
    pub seed: u64,
    /// How many members, those who never confirmed among them.
    pub members: usize,
    /// How many posts; comments follow from them.
    pub posts: usize,
    /// The community's id.
    pub community_id: u64,
    /// The token that is taken.
    pub token: String,
    /// The word before it.
    pub auth_scheme: AuthScheme,
    /// The quotas.
    pub limits: Limits,
    /// The clock.
    pub time: TimeSource,
}

impl Default for FakeConfig {
    fn default() -> Self {
        Self {
            seed: 1,
            members: 60,
            posts: 40,
            community_id: 77,
            token: DEFAULT_TOKEN.to_owned(),
            auth_scheme: AuthScheme::Both,
            limits: Limits::default(),
            time: system_time(),
        }
    }
}

impl std::fmt::Debug for FakeConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FakeConfig")
            .field("seed", &self.seed)
            .field("members", &self.members)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

//! What the demo has to know of the fake's world: ids that exist.

use std::path::Path;

use serde_json::Value;

use super::readiness;
use crate::error::Error;

/// Ids that the examples use.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) member_id: String,
    pub(super) member_email: String,
    pub(super) space_id: String,
    /// All of it, for examples that need more.
    pub(super) all: Value,
}

impl World {
    /// Asks the fake.
    pub(super) fn read(curl: &Path, url: &str) -> Result<Self, Error> {
        let text = readiness::get(curl, url)?;
        let world: Value =
            serde_json::from_str(&text).map_err(|_| Error::WorldIncomplete("readable JSON"))?;
        Self::from_json(&world)
    }

    fn from_json(world: &Value) -> Result<Self, Error> {
        let text = |path, what| {
            world
                .pointer(path)
                .and_then(Value::as_str)
                .map(str::to_owned)
                .ok_or(Error::WorldIncomplete(what))
        };
        Ok(Self {
            member_id: text("/members/0/id", "member")?,
            member_email: text("/members/0/email", "member with an e-mail address")?,
            space_id: text("/spaces/0/id", "space")?,
            all: world.clone(),
        })
    }
}

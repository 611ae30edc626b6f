//! The community itself.

use serde::{Deserialize, Serialize};

use crate::NetworkId;

/// The community, which the API calls a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// BetterMode's id of the community.
    pub id: NetworkId,
    /// The name that people see.
    pub name: String,
    /// The host name of the community's site.
    pub domain: String,
    /// The community's language, for example `en`.
    pub locale: String,
}

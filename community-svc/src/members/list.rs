//! Lists of members, asked of BetterMode at each call.

use bettermode::{Listed, Member, MemberFilter};

use super::Members;
use crate::error::{Call, Error};

impl Members {
    /// A page of the members that `filter` lets through.
    ///
    /// # Errors
    /// What went wrong on the way.
    pub async fn list(
        &self,
        filter: &MemberFilter,
        limit: u32,
        after: Option<String>,
    ) -> Result<Listed<Member>, Error> {
        let page = self.upstream.client().members(filter, limit, after).await;
        self.upstream.settle(Call::LIST_MEMBERS, page)
    }
}

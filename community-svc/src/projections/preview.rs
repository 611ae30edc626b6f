//! What running projections of an event would change, for a replay that only asks.

use async_trait::async_trait;

use super::Effects;
use super::effects::{changed_member, changed_space};
use crate::activities::{Activity, normalise};
use crate::community_members::{MemberChange, MemberRecord};
use crate::events::replay::Preview;
use crate::events::{NewEvent, Projection, StoredEvent};
use crate::stores::StoreError;

#[async_trait]
impl Preview for Effects {
    async fn changes(
        &self,
        stored: &StoredEvent,
        projection: Projection,
    ) -> Result<Vec<String>, StoreError> {
        let event = &stored.event;
        match projection {
            Projection::Cache => Ok(self.stale_copy(event).await.into_iter().collect()),
            Projection::Members => {
                let Some(change) = MemberChange::read(event) else {
                    return Ok(Vec::new());
                };
                let record = self.members.get(&change.member_id).await?;
                Ok(MemberRecord::differences(record.as_ref(), &change))
            }
            Projection::Activities => {
                let missing = self.activities.missing(&normalise(event)).await?;
                let told = |activity: &Activity| {
                    let (kind, member) = (&activity.kind, &activity.member_id);
                    format!("would add the activity {kind} of member {member}")
                };
                Ok(missing.iter().map(told).collect())
            }
        }
    }
}

impl Effects {
    async fn stale_copy(&self, event: &NewEvent) -> Option<String> {
        let (copy, what) = if let Some(space) = changed_space(event) {
            let copy = self.cache.spaces.copy_from(&space).await;
            (copy, format!("space {space}"))
        } else {
            let member = changed_member(event)?;
            let copy = self.cache.members.copy_from(&member).await;
            (copy, format!("member {member}"))
        };
        (copy? <= event.received_at).then(|| format!("would drop the cached copy of {what}"))
    }
}

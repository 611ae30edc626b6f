//! Changing a member.

use bettermode::{CustomField, Member, MemberId, MemberRef, MemberUpdate};
use serde_json::Value;

use super::Members;
use crate::error::{Call, Error};

impl Members {
    /// Changes a member, and drops the copies of it where that is so or may be so.
    ///
    /// # Errors
    /// [`Error::MemberNotFound`], or what went wrong on the way;
    /// [`Error::OutcomeUnknown`] when it may have happened.
    pub async fn attempt_update(
        &self,
        id: &MemberId,
        update: MemberUpdate,
    ) -> Result<Member, Error> {
        let updated = self.upstream.client().update_member(id, update).await;
        let settled = self.upstream.settle(Call::UPDATE_MEMBER, updated);
        if matches!(settled, Ok(_) | Err(Error::OutcomeUnknown { .. })) {
            self.forget(id).await;
        }
        settled
    }

    /// The member as BetterMode has it, when everything is as `update` wants it; else
    /// `None`. It cannot tell whether an attempt brought that about, or it was so
    /// before; sending the update again changes nothing in either case.
    ///
    /// # Errors
    /// [`Error::MemberNotFound`], or what went wrong on the way.
    pub async fn lookup_update(
        &self,
        id: &MemberId,
        update: &MemberUpdate,
    ) -> Result<Option<Member>, Error> {
        let member = self.upstream.client().member(MemberRef::Id(id)).await;
        let member = self.upstream.settle(Call::member("id"), member)?;
        Ok(Some(member).filter(|member| is_as_wanted(member, update)))
    }
}

fn is_as_wanted(member: &Member, update: &MemberUpdate) -> bool {
    let same = |wanted: &Option<String>, is: &Option<String>| {
        // No text and the empty one are the same to BetterMode.
        let is = is.as_deref().unwrap_or_default();
        wanted.as_deref().is_none_or(|wanted| wanted == is)
    };
    same(&update.name, &member.name)
        && same(&update.tagline, &member.tagline)
        && update
            .fields
            .iter()
            .all(|wanted| has_field(&member.fields, wanted))
}

/// Values are JSON text, which can be written in several ways; an absent one is null.
fn has_field(fields: &[CustomField], wanted: &CustomField) -> bool {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
    let is = fields.iter().find(|field| field.key == wanted.key);
    let is = is.map_or(Some(Value::Null), |field| parsed(&field.json_value));
    is == parsed(&wanted.json_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(key: &str, json_value: &str) -> CustomField {
        CustomField {
            key: key.to_owned(),
            json_value: json_value.to_owned(),
        }
    }

    #[test]
    fn a_value_is_there_however_its_json_is_written() {
        let fields = [field("tags", "[\"a\", 1]")];
        assert!(has_field(&fields, &field("tags", "[ \"a\",1 ]")));
        assert!(!has_field(&fields, &field("tags", "[1, \"a\"]")));
    }

    #[test]
    fn a_field_that_was_to_be_taken_away_is_not_there() {
        assert!(has_field(&[], &field("city", "null")));
        assert!(!has_field(
            &[field("city", "\"Ghent\"")],
            &field("city", "null")
        ));
        assert!(!has_field(&[], &field("city", "\"Ghent\"")));
    }
}

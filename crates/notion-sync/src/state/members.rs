//! Members whose rows may have to be written.

use jiff::Timestamp;
use rusqlite::params;

use super::{Error, State, millis, time};
use crate::model::MemberId;

/// A member whose row may have changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMember {
    /// The member.
    pub id: MemberId,
    /// Since when.
    pub since: Timestamp,
    /// Copies of the member from before this time are of no use.
    pub newer_than: Option<Timestamp>,
}

impl State {
    /// Members that are due: marked at this time or before, the longest waiting first.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn due_members(
        &self,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<DueMember>, Error> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.run("reading members that are due", move |transaction| {
            let mut select = transaction.prepare_cached(
                "SELECT member_id, since, newer_than FROM dirty WHERE since <= ?1
                 ORDER BY since LIMIT ?2",
            )?;
            let rows = select.query_map(params![millis(until), limit], |row| {
                let id: String = row.get(0)?;
                let newer_than: Option<i64> = row.get(2)?;
                Ok(DueMember {
                    id: MemberId::new(id),
                    since: time(row.get(1)?),
                    newer_than: newer_than.map(time),
                })
            })?;
            rows.collect()
        })
        .await
    }

    /// These are written, unless something new was marked since they were read.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn settled_members(&self, members: Vec<DueMember>) -> Result<(), Error> {
        self.run("settling members", move |transaction| {
            let mut delete = transaction.prepare_cached(
                "DELETE FROM dirty WHERE member_id = ?1 AND since = ?2 AND newer_than IS ?3",
            )?;
            for member in &members {
                delete.execute(params![
                    member.id.as_str(),
                    millis(member.since),
                    member.newer_than.map(millis),
                ])?;
            }
            Ok(())
        })
        .await
    }

    /// These are tried again later: as if they had been marked at this time.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn postpone_members(
        &self,
        members: Vec<MemberId>,
        until: Timestamp,
    ) -> Result<(), Error> {
        self.run("postponing members", move |transaction| {
            let mut update =
                transaction.prepare_cached("UPDATE dirty SET since = ?2 WHERE member_id = ?1")?;
            for member in &members {
                update.execute(params![member.as_str(), millis(until)])?;
            }
            Ok(())
        })
        .await
    }
}

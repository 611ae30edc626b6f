//! Reading and writing rows. Every function that writes is one transaction on disk when
//! it returns.

use jiff::Timestamp;
use rusqlite::{Row, params};

use super::entry::{Entry, Outcome, State, Target, TargetKind};
use super::{Ledger, LedgerError, stamp};
use crate::key::Subject;

const COLUMNS: &str = "subject, id, email_norm, state, outcome, reason, target_kind, target_id, \
                       attempts, last_error_code, payload_hash, updated_at";

/// A step that is about to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Intent<'a> {
    /// Circle's id of the record.
    pub id: u64,
    /// The normalised address, for people.
    pub email: Option<&'a str>,
    /// Of what is sent.
    pub payload_hash: &'a str,
}

impl Ledger {
    /// One row.
    ///
    /// # Errors
    /// [`LedgerError::Sql`].
    pub fn entry(&self, subject: Subject, id: u64) -> Result<Option<Entry>, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM entry WHERE subject = ?1 AND id = ?2");
        let mut statement = self.database.prepare_cached(&sql)?;
        let mut rows = statement.query_map(params![subject.name(), signed(id)], read)?;
        Ok(rows.next().transpose()?.flatten())
    }

    /// Every row of a subject, by id.
    ///
    /// # Errors
    /// [`LedgerError::Sql`].
    pub fn entries(&self, subject: Subject) -> Result<Vec<Entry>, LedgerError> {
        let sql = format!("SELECT {COLUMNS} FROM entry WHERE subject = ?1 ORDER BY id");
        let mut statement = self.database.prepare_cached(&sql)?;
        let rows = statement.query_map([subject.name()], read)?;
        let rows: Vec<Option<Entry>> = rows.collect::<Result<_, _>>()?;
        Ok(rows.into_iter().flatten().collect())
    }

    /// Whether something in BetterMode is what another step made.
    ///
    /// # Errors
    /// [`LedgerError::Sql`].
    pub fn is_known_target(&self, id: &str) -> Result<bool, LedgerError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM entry WHERE target_id = ?1)";
        let mut statement = self.database.prepare_cached(sql)?;
        Ok(statement.query_row([id], |row| row.get(0))?)
    }

    /// Notes that these steps are about to be sent. On disk when it returns.
    ///
    /// # Errors
    /// [`LedgerError::Sql`].
    pub fn begin(
        &self,
        subject: Subject,
        intents: &[Intent<'_>],
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let transaction = self.database.unchecked_transaction()?;
        let sql = "INSERT INTO entry
                (subject, id, email_norm, state, attempts, payload_hash, updated_at)
            VALUES (?1, ?2, ?3, 'in_flight', 1, ?4, ?5)
            ON CONFLICT (subject, id) DO UPDATE SET
                email_norm = excluded.email_norm, state = 'in_flight',
                attempts = attempts + 1, payload_hash = excluded.payload_hash,
                updated_at = excluded.updated_at";
        let mut statement = self.database.prepare_cached(sql)?;
        for intent in intents {
            statement.execute(params![
                subject.name(),
                signed(intent.id),
                intent.email,
                intent.payload_hash,
                stamp(now),
            ])?;
        }
        Ok(transaction.commit()?)
    }

    /// Writes what became of some steps. On disk when it returns.
    ///
    /// # Errors
    /// [`LedgerError::Sql`].
    pub fn write(&self, entries: &[Entry], now: Timestamp) -> Result<(), LedgerError> {
        let transaction = self.database.unchecked_transaction()?;
        let sql = format!(
            "INSERT INTO entry ({COLUMNS})
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (subject, id) DO UPDATE SET
                email_norm = excluded.email_norm, state = excluded.state,
                outcome = excluded.outcome, reason = excluded.reason,
                target_kind = excluded.target_kind, target_id = excluded.target_id,
                attempts = excluded.attempts, last_error_code = excluded.last_error_code,
                payload_hash = excluded.payload_hash, updated_at = excluded.updated_at"
        );
        let mut statement = self.database.prepare_cached(&sql)?;
        for entry in entries {
            let target = entry.target.as_ref();
            statement.execute(params![
                entry.subject.name(),
                signed(entry.id),
                entry.email,
                entry.state.name(),
                entry.outcome.map(Outcome::name),
                entry.reason,
                target.map(|target| target.kind.name()),
                target.map(|target| &target.id),
                entry.attempts,
                entry.error_code,
                entry.payload_hash,
                stamp(now),
            ])?;
        }
        Ok(transaction.commit()?)
    }
}

/// Circle's ids are far below 2^63.
fn signed(id: u64) -> i64 {
    i64::try_from(id).unwrap_or(i64::MAX)
}

/// `None` for a row that another version wrote.
fn read(row: &Row<'_>) -> Result<Option<Entry>, rusqlite::Error> {
    let text = |index: usize| row.get::<_, Option<String>>(index);
    let subject: String = row.get(0)?;
    let state: String = row.get(3)?;
    let (Some(subject), Some(state)) = (Subject::named(&subject), State::named(&state)) else {
        return Ok(None);
    };
    let kind = text(6)?.as_deref().and_then(TargetKind::named);
    let id = row.get::<_, i64>(1)?;
    Ok(Some(Entry {
        subject,
        id: u64::try_from(id).unwrap_or_default(),
        email: text(2)?,
        state,
        outcome: text(4)?.as_deref().and_then(Outcome::named),
        reason: text(5)?,
        target: kind.zip(text(7)?).map(|(kind, id)| Target { kind, id }),
        attempts: row.get(8)?,
        error_code: text(9)?,
        payload_hash: text(10)?,
        updated_at: row.get(11)?,
    }))
}

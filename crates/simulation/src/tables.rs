//! The tables beside the edge's log: what was changed durably outlives the power, and of
//! later changes the first few.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use webhook_edge::queue::tables::{Change, Row, Table, Tables};

use crate::chance::Chance;
use crate::power::Power;

/// Tables, which outlive the lives of their host; clones are the same ones.
#[derive(Clone)]
pub struct SimulatedTables {
    state: Arc<Mutex<State>>,
    chance: Chance,
}

type Entries = BTreeMap<(Table, Vec<u8>), Vec<u8>>;

/// What an entry is from then on.
type Entry = ((Table, Vec<u8>), Option<Vec<u8>>);

#[derive(Default)]
struct State {
    now: Entries,
    durable: Entries,
    unsynced: Vec<Vec<Entry>>,
}

impl SimulatedTables {
    /// Empty ones.
    #[must_use]
    pub fn new(chance: Chance) -> Self {
        Self {
            state: Arc::default(),
            chance,
        }
    }

    /// The tables as one life of their host has them.
    #[must_use]
    pub fn of(&self, power: Power) -> Arc<dyn Tables> {
        Arc::new(LivingTables {
            tables: self.clone(),
            power,
        })
    }

    /// The power is cut.
    pub fn lose_power(&self) {
        let mut state = self.state();
        let groups = std::mem::take(&mut state.unsynced);
        let kept = self.chance.place(groups.len() + 1);
        for group in groups.into_iter().take(kept) {
            apply(&mut state.durable, group);
        }
        state.now = state.durable.clone();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct LivingTables {
    tables: SimulatedTables,
    power: Power,
}

impl LivingTables {
    fn step(&self) -> Result<MutexGuard<'_, State>, fjall::Error> {
        if self.power.step() {
            return Ok(self.tables.state());
        }
        Err(fjall::Error::Io(io::Error::other("the power is off")))
    }
}

impl Tables for LivingTables {
    fn contains(&self, table: Table, key: &[u8]) -> Result<bool, fjall::Error> {
        Ok(self.step()?.now.contains_key(&(table, key.to_vec())))
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, fjall::Error> {
        Ok(self.step()?.now.get(&(table, key.to_vec())).cloned())
    }

    fn range(
        &self,
        table: Table,
        from: &[u8],
        below: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, fjall::Error> {
        let state = self.step()?;
        let rows = state.now.range((table, from.to_vec())..);
        let rows = rows.take_while(|((of, key), _)| {
            *of == table && below.is_none_or(|below| key.as_slice() < below)
        });
        let rows = rows.map(|((_, key), bytes)| (key.clone(), bytes.clone()));
        Ok(rows.take(limit).collect())
    }

    fn count(&self, table: Table) -> Result<usize, fjall::Error> {
        let state = self.step()?;
        Ok(state.now.keys().filter(|(of, _)| *of == table).count())
    }

    fn change(
        &self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        durable: bool,
    ) -> Result<(), fjall::Error> {
        let group: Vec<Entry> = changes
            .map(|change| match change {
                Change::Put(table, key, bytes) => ((table, key.to_vec()), Some(bytes.to_vec())),
                Change::Remove(table, key) | Change::RemoveOnce(table, key) => {
                    ((table, key.to_vec()), None)
                }
            })
            .collect();
        let mut state = self.step()?;
        apply(&mut state.now, group.clone());
        state.unsynced.push(group);
        if durable {
            for group in std::mem::take(&mut state.unsynced) {
                apply(&mut state.durable, group);
            }
        }
        Ok(())
    }
}

fn apply(entries: &mut Entries, group: Vec<Entry>) {
    for (key, bytes) in group {
        match bytes {
            Some(bytes) => entries.insert(key, bytes),
            None => entries.remove(&key),
        };
    }
}

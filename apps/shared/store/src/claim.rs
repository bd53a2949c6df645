//! Claiming: queued runs, and runs whose worker was lost, become the runs of one executor.
//!
//! One short transaction reads the candidates, lets `domain::admission` choose, and writes the leases.
//! In PostgreSQL an advisory lock lets one claim happen at a time; SQLite has one writer anyway.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{Array, BigInt, Bool, Integer},
};
use domain::{RunId, WorkerId, admission};

use crate::{
    Error, RunChange, Store, Tenant,
    connection::AnyConnection,
    database::Transaction,
    lease::{Lease, micros_of},
    sql::{Id, Uuid},
    statement::statement,
};

mod candidates;
mod parking;
mod resume;
mod texts;

pub use resume::RecordedStep;
use texts::Texts;

/// A run whose worker was lost this many times is not tried again.
pub const MOST_ATTEMPTS: i32 = 3;

/// A run that was claimed, with all that is needed to execute it.
#[derive(Clone, Debug)]
pub struct ClaimedRun {
    /// The right to execute it.
    pub lease: Lease,
    /// Counts the runs of its plan.
    pub number: u32,
    /// Which version of the plan it runs.
    pub version: u32,
    /// That version's text; shared between runs of the same version.
    pub text: Arc<str>,
    /// How many workers have tried it, this one included.
    pub attempt: u32,
    /// Somebody wants it stopped.
    pub cancelling: bool,
    /// The steps that are already recorded, in their order; empty for a new run.
    pub finished: Vec<RecordedStep>,
    /// The position of a step that was begun and whose end nobody recorded.
    pub in_flight: Option<u32>,
}

/// One executor's way to its runs.
#[derive(Clone)]
pub struct Claims {
    store: Store,
    worker: WorkerId,
    lasts: Duration,
    memory: Arc<Mutex<Memory>>,
}

/// What is kept from one claim to the next.
#[derive(Default)]
struct Memory {
    texts: Texts,
    /// Where to go on if more organizations wait than one claim looks at.
    after: Option<Id>,
}

impl Store {
    /// Claims runs for `worker`, with leases of this length unless they are renewed.
    #[must_use]
    pub fn claims(&self, worker: WorkerId, lasts: Duration) -> Claims {
        Claims { store: self.clone(), worker, lasts, memory: Arc::default() }
    }
}

impl Claims {
    /// Claims at most `slots` runs, in the order in which they should start. Runs of lost workers come
    /// first; those that have lost too many are ended as errored.
    ///
    /// # Errors
    /// If the database fails; then nothing was claimed.
    pub async fn claim(&self, slots: usize) -> Result<Vec<ClaimedRun>, Error> {
        if slots == 0 {
            return Ok(Vec::new());
        }
        let this = self.clone();
        self.store.database.write(move |transaction| this.claim_in(transaction, slots)).await
    }

    fn claim_in(&self, transaction: &mut Transaction<'_>, slots: usize) -> Result<Vec<ClaimedRun>, Error> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        candidates::lock(transaction.conn)?;
        let going = candidates::going(transaction.conn)?;
        let mut chosen = Vec::new();
        if going.any_expired {
            let expired = candidates::expired(transaction.conn, slots)?;
            let (tired, again): (Vec<_>, Vec<_>) =
                expired.into_iter().partition(|run| run.attempts >= MOST_ATTEMPTS);
            parking::park(transaction, &tired)?;
            chosen.extend(again.into_iter().map(|run| run.lease.run));
        }
        if chosen.len() < slots {
            let waiting = candidates::waiting(transaction.conn, &mut memory.after, slots - chosen.len())?;
            chosen.extend(admission::choose(&waiting, &going.shares, slots - chosen.len()));
        }
        let mut claimed = self.take(transaction, &mut memory.texts, &chosen)?;
        claimed.retain_mut(|run| match run.resume(transaction, &self.store.key) {
            Ok(usable) => usable,
            Err(_) => true,
        });
        Ok(claimed)
    }
}

//! The writes of a batch as SQL. The fences are checked first and held until the commit, so that nobody
//! claims a run between the check and the write.

use std::sync::atomic::Ordering;

use domain::{RunId, StepState};

use super::batch::{Last, RunWrites, StepWrite};
use crate::{
    Error, KeyRing, RunChange,
    connection::AnyConnection,
    database::Transaction,
    ending::{self, Ended},
    recorder::progress,
};

mod postgres;
mod sqlite;

/// What became of one run's writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// In the transaction.
    Written,
    /// The lease is old: nothing of it is in the transaction.
    Refused,
}

/// Whether a run's fence held, and when the run ended and how long it took if it is over now.
enum Fenced {
    Held,
    Ended { at: i64, took: i64 },
    Refused,
}

/// Writes a batch in which no run ends or is given back as a transaction of its own, and tells nobody:
/// a commit that notifies lets no other one of PostgreSQL's go to the disk with it.
pub(super) fn apply_alone(
    conn: &mut AnyConnection,
    keys: &KeyRing,
    batch: &[RunWrites],
) -> Result<Vec<Verdict>, Error> {
    debug_assert!(batch.iter().all(|run| run.last.is_none()));
    Ok(write(conn, keys, batch)?.iter().map(Fenced::verdict).collect())
}

/// Writes a batch; one verdict for each run.
pub(super) fn apply(
    transaction: &mut Transaction<'_>,
    keys: &KeyRing,
    batch: &[RunWrites],
) -> Result<Vec<Verdict>, Error> {
    let fenced = write(transaction.conn, keys, batch)?;
    let mut ended = Vec::new();
    let mut verdicts = Vec::with_capacity(batch.len());
    for (run, fenced) in batch.iter().zip(fenced) {
        match (&fenced, &run.last) {
            (Fenced::Refused, _) => {}
            (Fenced::Ended { at, took }, Some(Last::End(ending))) => {
                let (state, slow, at, took) = (ending.state, ending.slow, *at, *took);
                ended.push(Ended { lease: *run.lease(), state, slow, at, took });
            }
            (_, Some(Last::HandBack)) => transaction.changed(run.lease().change(RunChange::Queued)),
            _ => transaction.changed(run.lease().change(RunChange::Step)),
        }
        verdicts.push(fenced.verdict());
    }
    let over = batch.iter().zip(&verdicts).filter(|(run, verdict)| run.ends() && **verdict == Verdict::Written);
    let untidy: Vec<RunId> = over
        .map(|(run, _)| run)
        .filter(|run| run.record.untidy.load(Ordering::Relaxed))
        .map(|run| run.lease().run)
        .collect();
    ending::tidy(transaction.conn, &untidy)?;
    ending::follow_up(transaction, &ended)?;
    Ok(verdicts)
}

fn write(conn: &mut AnyConnection, keys: &KeyRing, batch: &[RunWrites]) -> Result<Vec<Fenced>, Error> {
    match conn {
        AnyConnection::Postgres(conn) => postgres::write(conn, keys, batch),
        AnyConnection::Sqlite(conn) => sqlite::write(conn, keys, batch),
    }
}

impl Fenced {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Refused => Verdict::Refused,
            Self::Held | Self::Ended { .. } => Verdict::Written,
        }
    }
}

/// The state a step is written with: a run that is over has no step under way.
fn state(run: &RunWrites, step: &StepWrite) -> &'static str {
    match step.state {
        StepState::Running if run.ends() => StepState::Errored.as_str(),
        state => state.as_str(),
    }
}

/// What a step is written with for those after it: nothing, if the run is over.
fn sealed(keys: &KeyRing, run: &RunWrites, step: &StepWrite) -> Option<Vec<u8>> {
    let plain = step.progress.as_ref().filter(|_| !run.ends())?;
    Some(progress::seal(keys, run.lease(), step.position, plain))
}

/// A count as the columns hold it.
fn column(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

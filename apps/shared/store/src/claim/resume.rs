//! How far a run had come when its last worker lost it or gave it back.

use diesel::{
    RunQueryDsl,
    sql_types::{Binary, Integer, Nullable, Text},
};
use domain::StepState;
use zeroize::Zeroizing;

use super::ClaimedRun;
use crate::{
    Error, KeyRing,
    connection::on_conn,
    database::Transaction,
    recorder::progress,
    sql::{Id, Uuid, Word},
    statement::statement,
};

/// A step that was recorded by an earlier worker.
#[derive(Clone)]
pub struct RecordedStep {
    /// Counts the steps from zero.
    pub position: u32,
    /// How it ended.
    pub state: StepState,
    /// What the recorder was given with it, opened.
    pub progress: Option<Zeroizing<Vec<u8>>>,
}

impl std::fmt::Debug for RecordedStep {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordedStep")
            .field("position", &self.position)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

type StepRow = (i32, Word<StepState>, Option<Vec<u8>>);

/// Fills in the recorded steps of the runs that an earlier worker had. What does not open with our key
/// costs the run its end, not the others their claim.
pub(super) fn load(transaction: &mut Transaction<'_>, keys: &KeyRing, claimed: &mut [ClaimedRun]) -> Result<(), Error> {
    for run in claimed.iter_mut().filter(|run| run.lease.again) {
        let rows: Vec<StepRow> = on_conn!(transaction.conn, |conn| {
            statement::<(Integer, Text, Nullable<Binary>)>(
                "SELECT position, state, progress FROM steps WHERE run_id = ? ORDER BY position",
            )
            .bind::<Uuid, _>(Id::from(run.lease.run))
            .load(conn)?
        });
        for (position, Word(state), sealed) in rows {
            let position = position.unsigned_abs();
            if state.is_final() {
                let opened = sealed.map(|sealed| keys.open(&progress::context(&run.lease, position), &sealed));
                run.unreadable |= matches!(opened, Some(Err(_)));
                run.finished.push(RecordedStep { position, state, progress: opened.and_then(Result::ok) });
            } else {
                run.in_flight = Some(position);
            }
        }
    }
    Ok(())
}

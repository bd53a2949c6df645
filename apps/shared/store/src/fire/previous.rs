//! The unfinished runs of schedules that cancel the run before.

use std::collections::HashSet;

use diesel::{RunQueryDsl, sql_types::Array};
use domain::{Actor, OrganizationId, RunId, RunState, ScheduleId, schedule::Overlap};

use super::take::Taken;
use crate::{
    Error, Tenant,
    connection::AnyConnection,
    database::Transaction,
    run::{cancel, insert::Beginning},
    sql::{Id, Uuid},
    statement::statement,
};

/// A run that goes if another one of its schedule comes.
pub(super) struct Previous {
    run: RunId,
    schedule: ScheduleId,
    organization: OrganizationId,
}

/// Locks them, before the plans are: whoever ends a run takes its row before its plan's.
pub(super) fn lock(conn: &mut AnyConnection, taken: &[Taken]) -> Result<Vec<Previous>, Error> {
    let cancelling: Vec<&Taken> = taken.iter().filter(|taken| taken.overlap == Overlap::Cancel).collect();
    let rows: Vec<(Id, Id, Id)> = match conn {
        _ if cancelling.is_empty() => Vec::new(),
        AnyConnection::Postgres(conn) => statement::<(Uuid, Uuid, Uuid)>(
            // Each schedule's by itself: what is unfinished is few or many, whatever the statistics say.
            "SELECT run.id, run.schedule_id, run.organization_id
             FROM unnest(?, ?) AS asked (plan_id, schedule_id) CROSS JOIN LATERAL (
                 SELECT id, schedule_id, organization_id FROM runs
                 WHERE plan_id = asked.plan_id AND schedule_id = asked.schedule_id AND due_at IS NOT NULL
                 FOR NO KEY UPDATE
             ) AS run",
        )
        .bind::<Array<Uuid>, _>(cancelling.iter().map(|taken| Id::from(taken.plan)).collect::<Vec<_>>())
        .bind::<Array<Uuid>, _>(cancelling.iter().map(|taken| Id::from(taken.schedule)).collect::<Vec<_>>())
        .load(conn)?,
        AnyConnection::Sqlite(conn) => {
            let mut rows = Vec::new();
            for taken in cancelling {
                let unfinished: Vec<(Id, Id, Id)> = statement::<(Uuid, Uuid, Uuid)>(
                    "SELECT id, schedule_id, organization_id FROM runs
                     WHERE plan_id = ? AND schedule_id = ? AND due_at IS NOT NULL",
                )
                .bind::<Uuid, _>(Id::from(taken.plan))
                .bind::<Uuid, _>(Id::from(taken.schedule))
                .load(conn)?;
                rows.extend(unfinished);
            }
            rows
        }
    };
    let previous = |(run, schedule, organization): (Id, Id, Id)| Previous {
        run: run.into(),
        schedule: schedule.into(),
        organization: organization.into(),
    };
    Ok(rows.into_iter().map(previous).collect())
}

/// Cancels those whose schedule has another run queued.
pub(super) fn cancel(tx: &mut Transaction<'_>, previous: &[Previous], runs: &[Beginning]) -> Result<(), Error> {
    let queued = runs.iter().filter(|run| run.state() == RunState::Queued);
    let again: HashSet<ScheduleId> = queued.filter_map(|run| Some(run.occurrence?.schedule)).collect();
    for previous in previous.iter().filter(|previous| again.contains(&previous.schedule)) {
        let reason = "The next run of its schedule was due, which cancels the one before.";
        cancel::cancel(tx, &Tenant::new(previous.organization, Actor::System), previous.run, Some(reason))?;
    }
    Ok(())
}

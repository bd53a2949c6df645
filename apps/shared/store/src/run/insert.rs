//! Inserting runs: the one place where a run's row begins, whoever wants it. Inserting a queued one is
//! queueing the job.

use std::collections::{BTreeMap, HashSet};

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text},
};
use domain::{
    Cause, Elapsed, OrganizationId, PlanId, Restriction, RunId, RunState, ScheduleId, UserId,
    admission::{Admitted, Priority},
};

use crate::{
    Change, Error, RunChange,
    connection::AnyConnection,
    database::Transaction,
    plan::recent::{self, RecentRun},
    sql::{Id, Uuid},
    statement::statement,
};

/// A run as it begins: queued, or at once refused or skipped.
#[derive(Clone, Debug)]
pub(crate) struct Beginning {
    pub(crate) id: RunId,
    pub(crate) organization: OrganizationId,
    pub(crate) plan: PlanId,
    pub(crate) version: i32,
    pub(crate) number: i32,
    /// How many steps the version has.
    pub(crate) steps: i32,
    pub(crate) cause: Cause,
    pub(crate) user: Option<UserId>,
    pub(crate) restriction: Restriction,
    pub(crate) variables: BTreeMap<String, String>,
    /// None unless a schedule wants it.
    pub(crate) occurrence: Option<OfSchedule>,
    pub(crate) admitted: Admitted,
}

/// The due time a run is for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OfSchedule {
    pub(crate) schedule: ScheduleId,
    /// Microseconds.
    pub(crate) due_at: i64,
    /// Whether it waits for the schedule's other runs.
    pub(crate) serial: bool,
}

impl Beginning {
    pub(crate) fn state(&self) -> RunState {
        match self.admitted {
            Admitted::Queue => RunState::Queued,
            Admitted::Refuse(_) => RunState::Refused,
            Admitted::Skip(_) => RunState::Skipped,
        }
    }

    /// In PostgreSQL a text holds no NUL.
    pub(crate) fn reason(&self) -> Option<String> {
        match &self.admitted {
            Admitted::Queue => None,
            Admitted::Refuse(reason) | Admitted::Skip(reason) => Some(reason.replace('\0', "\u{fffd}")),
        }
    }

    fn due_at(&self, now: i64) -> Option<i64> {
        (self.state() == RunState::Queued).then_some(now)
    }

    fn finished_at(&self, now: i64) -> Option<i64> {
        (self.state() != RunState::Queued).then_some(now)
    }

    fn priority(&self) -> i32 {
        i32::from(Priority::from(self.cause).0)
    }

    fn variables(&self) -> Option<String> {
        let json = || serde_json::to_string(&self.variables).expect("a map of texts is JSON");
        (!self.variables.is_empty()).then(json)
    }

    fn schedule(&self) -> Option<Id> {
        self.occurrence.map(|occurrence| occurrence.schedule.into())
    }

    fn scheduled_at(&self) -> Option<i64> {
        self.occurrence.map(|occurrence| occurrence.due_at)
    }

    fn serial(&self) -> bool {
        self.occurrence.is_some_and(|occurrence| occurrence.serial)
    }
}

/// Inserts the runs as of `now` (microseconds), with what follows: refused and skipped ones are in their
/// plans' recent history, everything is told. Tells which were inserted: the due time of a schedule that
/// has a run already gets no second one.
pub(crate) fn insert(tx: &mut Transaction<'_>, now: i64, runs: &[Beginning]) -> Result<HashSet<RunId>, Error> {
    let ids: Vec<Id> = match tx.conn {
        _ if runs.is_empty() => Vec::new(),
        AnyConnection::Postgres(conn) => {
            /// What one array holds for a column of `unnest`.
            fn each<T>(runs: &[Beginning], column: impl Fn(&Beginning) -> T) -> Vec<T> {
                runs.iter().map(column).collect()
            }
            statement::<Uuid>(
                "INSERT INTO runs (id, organization_id, plan_id, version, number, state, cause, user_id, priority, due_at,
                                   queued_at, finished_at, reason, steps, schedule_id, scheduled_at, restriction,
                                   serial, variables)
                 SELECT id, organization_id, plan_id, version, number, state, cause, user_id, priority, due_at,
                        queued_at, finished_at, reason, steps, schedule_id, scheduled_at, restriction, serial,
                        variables
                 FROM unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                      AS new (id, organization_id, plan_id, version, number, state, cause, user_id, priority, due_at,
                              queued_at, finished_at, reason, steps, schedule_id, scheduled_at, restriction, serial,
                              variables)
                 ON CONFLICT (schedule_id, scheduled_at) WHERE schedule_id IS NOT NULL DO NOTHING RETURNING id",
            )
            .bind::<Array<Uuid>, _>(each(runs, |run| Id::from(run.id)))
            .bind::<Array<Uuid>, _>(each(runs, |run| Id::from(run.organization)))
            .bind::<Array<Uuid>, _>(each(runs, |run| Id::from(run.plan)))
            .bind::<Array<Integer>, _>(each(runs, |run| run.version))
            .bind::<Array<Integer>, _>(each(runs, |run| run.number))
            .bind::<Array<Text>, _>(each(runs, |run| run.state().as_str()))
            .bind::<Array<Text>, _>(each(runs, |run| run.cause.as_str()))
            .bind::<Array<Nullable<Uuid>>, _>(each(runs, |run| run.user.map(Id::from)))
            .bind::<Array<Integer>, _>(each(runs, Beginning::priority))
            .bind::<Array<Nullable<BigInt>>, _>(each(runs, |run| run.due_at(now)))
            .bind::<Array<BigInt>, _>(each(runs, |_| now))
            .bind::<Array<Nullable<BigInt>>, _>(each(runs, |run| run.finished_at(now)))
            .bind::<Array<Nullable<Text>>, _>(each(runs, Beginning::reason))
            .bind::<Array<Integer>, _>(each(runs, |run| run.steps))
            .bind::<Array<Nullable<Uuid>>, _>(each(runs, Beginning::schedule))
            .bind::<Array<Nullable<BigInt>>, _>(each(runs, Beginning::scheduled_at))
            .bind::<Array<Text>, _>(each(runs, |run| run.restriction.as_str()))
            .bind::<Array<Bool>, _>(each(runs, Beginning::serial))
            .bind::<Array<Nullable<Text>>, _>(each(runs, Beginning::variables))
            .load(conn)?
        }
        AnyConnection::Sqlite(conn) => {
            let mut ids = Vec::with_capacity(runs.len());
            for run in runs {
                let id: Option<Id> = statement::<Uuid>(
                    "INSERT INTO runs (id, organization_id, plan_id, version, number, state, cause, user_id, priority,
                                       due_at, queued_at, finished_at, reason, steps, schedule_id, scheduled_at,
                                       restriction, serial, variables)
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                     ON CONFLICT (schedule_id, scheduled_at) WHERE schedule_id IS NOT NULL DO NOTHING RETURNING id",
                )
                .bind::<Uuid, _>(Id::from(run.id))
                .bind::<Uuid, _>(Id::from(run.organization))
                .bind::<Uuid, _>(Id::from(run.plan))
                .bind::<Integer, _>(run.version)
                .bind::<Integer, _>(run.number)
                .bind::<Text, _>(run.state().as_str())
                .bind::<Text, _>(run.cause.as_str())
                .bind::<Nullable<Uuid>, _>(run.user.map(Id::from))
                .bind::<Integer, _>(run.priority())
                .bind::<Nullable<BigInt>, _>(run.due_at(now))
                .bind::<BigInt, _>(now)
                .bind::<Nullable<BigInt>, _>(run.finished_at(now))
                .bind::<Nullable<Text>, _>(run.reason())
                .bind::<Integer, _>(run.steps)
                .bind::<Nullable<Uuid>, _>(run.schedule())
                .bind::<Nullable<BigInt>, _>(run.scheduled_at())
                .bind::<Text, _>(run.restriction.as_str())
                .bind::<Bool, _>(run.serial())
                .bind::<Nullable<Text>, _>(run.variables())
                .get_result(conn)
                .optional()?;
                ids.extend(id);
            }
            ids
        }
    };
    let inserted: HashSet<RunId> = ids.into_iter().map(RunId::from).collect();
    let mut over = Vec::new();
    for run in runs.iter().filter(|run| inserted.contains(&run.id)) {
        let kind = match run.state() {
            RunState::Queued => RunChange::Queued,
            state => {
                over.push((run.plan, RecentRun { state, slow: false, duration: Elapsed::ZERO }));
                RunChange::Finished
            }
        };
        tx.changed(Change::Run { kind, organization: run.organization, plan: run.plan, run: run.id });
    }
    recent::note(tx.conn, &over)?;
    Ok(inserted)
}

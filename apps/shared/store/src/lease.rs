//! The right to execute a run for a while: its fencing token, how long it lasts, how it is renewed.
//!
//! A lease belongs to whoever claimed the run last. Every write about the run carries its fence; once
//! somebody else has claimed the run (or it was deleted), that fence is old and the write is refused.

use std::{collections::HashMap, time::Duration};

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{Array, BigInt, Bool},
};
use domain::{OrganizationId, PlanId, RunId};

use crate::{
    Change, Error, RunChange, Store, Tenant,
    connection::AnyConnection,
    sql::{Id, Uuid},
    statement::statement,
};

/// A run that is ours for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The run.
    pub run: RunId,
    /// Its plan.
    pub plan: PlanId,
    /// Whose it is.
    pub tenant: Tenant,
    /// Grows with every claim, and past every claim that a crash took back.
    pub(crate) fence: i64,
    /// Somebody had the run before.
    pub(crate) again: bool,
}

impl Lease {
    /// Whose run it is.
    #[must_use]
    pub fn organization(&self) -> OrganizationId {
        self.tenant.organization()
    }

    pub(crate) fn change(&self, kind: RunChange) -> Change {
        Change::Run { kind, organization: self.organization(), plan: self.plan, run: self.run }
    }
}

/// What became of a lease that was to be renewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// It lasts longer now.
    Renewed,
    /// It lasts longer now, but somebody wants the run stopped.
    Cancelling,
    /// Somebody else has the run, or it is gone: stop at once, write nothing more.
    Lost,
}

impl Store {
    /// Renews leases by the database's time, in one transaction; one answer for each, in their order.
    ///
    /// # Errors
    /// If the database fails; then nothing is known about the leases.
    pub async fn renew(&self, leases: Vec<Lease>, lasts: Duration) -> Result<Vec<Renewal>, Error> {
        let lasts = micros_of(lasts);
        self.database
            .write(move |transaction| {
                let held = match transaction.conn {
                    AnyConnection::Postgres(conn) => {
                        let ids: Vec<Id> = leases.iter().map(|lease| lease.run.into()).collect();
                        let fences: Vec<i64> = leases.iter().map(|lease| lease.fence).collect();
                        statement::<(Uuid, BigInt, Bool)>(
                            "UPDATE runs SET due_at = now_us() + ?
                             FROM unnest(?, ?) AS held (id, fence)
                             WHERE runs.id = held.id AND runs.fence = held.fence AND runs.state = 'running'
                             RETURNING runs.id, runs.fence, runs.cancelling",
                        )
                        .bind::<BigInt, _>(lasts)
                        .bind::<Array<Uuid>, _>(ids)
                        .bind::<Array<BigInt>, _>(fences)
                        .load::<(Id, i64, bool)>(conn)?
                        .into_iter()
                        .map(|(id, fence, cancelling)| ((id, fence), cancelling))
                        .collect()
                    }
                    AnyConnection::Sqlite(conn) => {
                        let mut held = HashMap::new();
                        for lease in &leases {
                            let renewed = statement::<(Uuid, BigInt, Bool)>(
                                "UPDATE runs SET due_at = now_us() + ?
                                 WHERE id = ? AND fence = ? AND state = 'running' RETURNING id, fence, cancelling",
                            )
                            .bind::<BigInt, _>(lasts)
                            .bind::<Uuid, _>(Id::from(lease.run))
                            .bind::<BigInt, _>(lease.fence)
                            .get_result::<(Id, i64, bool)>(conn)
                            .optional()?;
                            held.extend(renewed.map(|(id, fence, cancelling)| ((id, fence), cancelling)));
                        }
                        held
                    }
                };
                let answer = |lease: &Lease| match held.get(&(lease.run.into(), lease.fence)) {
                    Some(false) => Renewal::Renewed,
                    Some(true) => Renewal::Cancelling,
                    None => Renewal::Lost,
                };
                Ok(leases.iter().map(answer).collect())
            })
            .await
    }
}

/// Whole microseconds, as the columns count.
pub(crate) fn micros_of(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

//! The counters of the home page.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl,
    dsl::{count_star, sql},
    sql_types::Bool,
};
use domain::{Health, RunState};
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

use crate::{
    Error, Store, Tenant,
    connection::on_conn,
    schema::{plans, runs},
    sql::{Id, Word},
};

/// How an organization is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// All plans.
    pub plans: u64,
    /// Plans whose last verdict was good.
    pub passing: u64,
    /// Plans that passed slower than they may.
    pub slow: u64,
    /// Plans that failed.
    pub failing: u64,
    /// Plans of which we could not tell.
    pub errored: u64,
    /// Runs that wait for an executor.
    pub queued: u64,
    /// Runs under way.
    pub running: u64,
    /// Runs queued in the last 24 hours that passed.
    pub passed_today: u64,
    /// Runs queued in the last 24 hours that failed or errored.
    pub failed_today: u64,
}

impl Store {
    /// Counts plans by health, and runs of the last 24 hours (and all that are not over) by state.
    pub async fn summary(&self, tenant: &Tenant) -> Result<Summary, Error> {
        let organization = Id::from(tenant.organization());
        let since = Id(first_id_of(Timestamp::now() - 24.hours()));
        self.database
            .read(move |conn| {
                let healths = plans::table
                    .filter(plans::organization_id.eq(organization))
                    .group_by(plans::health)
                    .select((plans::health, count_star()));
                let verdicts = [RunState::Passed, RunState::Failed, RunState::Errored].map(RunState::as_str);
                let over = runs::table
                    .filter(runs::organization_id.eq(organization).and(runs::due_at.is_null()))
                    .filter(runs::state.eq_any(verdicts).and(runs::id.ge(since)))
                    .group_by(runs::state)
                    .select((runs::state, count_star()));
                // The states stand in the text, for only so do the databases see the partial indexes.
                let open = |state| {
                    runs::table
                        .filter(runs::organization_id.eq(organization).and(sql::<Bool>(state)))
                        .select(count_star())
                };
                let mut summary = Summary::default();
                let healths: Vec<(Option<Word<Health>>, i64)> = on_conn!(&mut *conn, |conn| healths.load(conn)?);
                let over: Vec<(Word<RunState>, i64)> = on_conn!(&mut *conn, |conn| over.load(conn)?);
                let (queued, running): (i64, i64) = on_conn!(conn, |conn| {
                    (open("state = 'queued'").get_result(conn)?, open("state = 'running'").get_result(conn)?)
                });
                summary.queued = queued.unsigned_abs();
                summary.running = running.unsigned_abs();
                for (health, number) in healths {
                    summary.add_plans(health.map(|word| word.0), number.unsigned_abs());
                }
                for (Word(state), number) in over {
                    summary.add_runs(state, number.unsigned_abs());
                }
                Ok(summary)
            })
            .await
    }
}

impl Summary {
    fn add_plans(&mut self, health: Option<Health>, number: u64) {
        self.plans += number;
        match health {
            Some(Health::Passing) => self.passing += number,
            Some(Health::Slow) => self.slow += number,
            Some(Health::Failing) => self.failing += number,
            Some(Health::Errored) => self.errored += number,
            None => {}
        }
    }

    fn add_runs(&mut self, state: RunState, number: u64) {
        match state {
            RunState::Passed => self.passed_today += number,
            RunState::Failed | RunState::Errored => self.failed_today += number,
            _ => {}
        }
    }
}

/// The lowest id that can have been made at this time: ids of version 7 begin with their milliseconds.
pub(crate) fn first_id_of(time: Timestamp) -> Uuid {
    let millis = u128::try_from(time.as_millisecond()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_lies_within_the_millisecond_it_was_made_in() {
        let before = first_id_of(Timestamp::now());
        let id = Uuid::now_v7();
        assert!(before <= id && id < first_id_of(Timestamp::now() + 1.second()));
    }
}

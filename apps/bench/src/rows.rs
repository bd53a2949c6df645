//! Rows that a figure wants to find, written past the store because there are too many, and what a
//! figure reads from them afterwards.

use anyhow::Context;
use diesel::{
    Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::SimpleConnection,
    sql_query,
    sql_types::{BigInt, Text},
};
use domain::{OrganizationId, PlanId};
use uuid::Uuid;

/// How many organizations [`Rows::neighborhood`] makes, and how many plans each has.
const ORGANIZATIONS: usize = 100;
const PLANS_EACH: usize = 10;

/// The steps of a finished run, each with a report of usual length.
const STEPS: usize = 2;

/// A connection of the bench's own.
pub enum Rows {
    /// With what the store's connection that writes has, too.
    Sqlite(SqliteConnection),
    /// As it comes.
    Postgres(PgConnection),
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    text: String,
}

impl Rows {
    /// Connects to where a store is.
    pub fn open(url: &str) -> anyhow::Result<Self> {
        Ok(match url.strip_prefix("sqlite:") {
            Some(file) => {
                let mut connection = SqliteConnection::establish(file)?;
                connection.batch_execute(
                    "PRAGMA busy_timeout = 10000; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
                     PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384;",
                )?;
                Self::Sqlite(connection)
            }
            None => Self::Postgres(PgConnection::establish(url)?),
        })
    }

    /// One or several statements.
    pub fn execute(&mut self, sql: &str) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(connection) => connection.batch_execute(sql)?,
            Self::Postgres(connection) => connection.batch_execute(sql)?,
        }
        Ok(())
    }

    /// What a query answers whose column is called `number`.
    pub fn numbers(&mut self, sql: &str) -> anyhow::Result<Vec<i64>> {
        let rows: Vec<Number> = match self {
            Self::Sqlite(connection) => sql_query(sql).load(connection)?,
            Self::Postgres(connection) => sql_query(sql).load(connection)?,
        };
        Ok(rows.into_iter().map(|row| row.number).collect())
    }

    /// What a statement answers whose column is called `text`.
    pub fn texts(&mut self, sql: &str) -> anyhow::Result<Vec<String>> {
        let rows: Vec<Word> = match self {
            Self::Sqlite(connection) => sql_query(sql).load(connection)?,
            Self::Postgres(connection) => sql_query(sql).load(connection)?,
        };
        Ok(rows.into_iter().map(|row| row.text).collect())
    }

    /// As [`Self::numbers`], of which there is one.
    pub fn number(&mut self, sql: &str) -> anyhow::Result<i64> {
        self.numbers(sql)?.first().copied().context("one row")
    }

    /// An id as this database writes it.
    pub fn id(&self, id: Uuid) -> String {
        match self {
            Self::Sqlite(_) => format!("x'{}'", id.simple()),
            Self::Postgres(_) => format!("'{id}'::uuid"),
        }
    }

    /// The ids of a series: `first` with its second half replaced by the number that an expression has.
    pub fn nth(&self, first: Uuid, number: &str) -> String {
        let half = &first.simple().to_string()[..16];
        match self {
            Self::Sqlite(_) => format!("unhex('{half}' || printf('%016x', {number}))"),
            Self::Postgres(_) => format!("('{half}' || lpad(to_hex({number}), 16, '0'))::uuid"),
        }
    }

    /// Queues so many runs of a plan, all due.
    pub fn queued(&mut self, plan: PlanId, runs: usize) -> anyhow::Result<()> {
        let (plan, id, now) = (self.id(plan.0), self.nth(Uuid::now_v7(), "n"), micros_now());
        let due_at = format!("{now} - {runs} + n");
        self.execute(&format!(
            "INSERT INTO runs (id, organization_id, plan_id, version, number, state, cause, due_at, queued_at, steps)
             {series}
             SELECT {id}, organization_id, plans.id, version, last_run_number + n + 1, 'queued', 'schedule',
                    {due_at}, {due_at}, steps
             FROM series CROSS JOIN plans WHERE plans.id = {plan};
             UPDATE plans SET last_run_number = last_run_number + {runs} WHERE id = {plan};
             ANALYZE runs;",
            series = series(runs),
        ))
    }

    /// So many runs of a plan that passed yesterday, with their steps.
    pub fn history(&mut self, plan: PlanId, runs: usize) -> anyhow::Result<()> {
        let yesterday = micros_now() - 86_400_000_000;
        let seconds = u64::try_from(yesterday / 1_000_000)?;
        let first = Uuid::new_v7(uuid::Timestamp::from_unix_time(seconds, 0, 0, 0));
        let (plan, id, run) = (self.id(plan.0), self.nth(first, "n"), self.nth(first, &format!("n / {STEPS}")));
        let report =
            serde_json::json!({ "status": 200, "phases": vec![0; 40], "body": "ok, and more of it ".repeat(10) });
        self.execute(&format!(
            "INSERT INTO runs (id, organization_id, plan_id, version, number, state, cause, fence, attempts, queued_at,
                               started_at, finished_at, steps, steps_passed)
             {of_runs}
             SELECT {id}, organization_id, plans.id, version, last_run_number + n + 1, 'passed', 'schedule', 1, 1,
                    {yesterday} + n, {yesterday} + n, {yesterday} + n + 1000, {STEPS}, {STEPS}
             FROM series CROSS JOIN plans WHERE plans.id = {plan};
             UPDATE plans SET last_run_number = last_run_number + {runs} WHERE id = {plan};
             INSERT INTO steps (run_id, position, state, started_at, duration, report)
             {of_steps} SELECT {run}, n % {STEPS}, 'passed', {yesterday}, 400, '{report}' FROM series;
             ANALYZE;",
            of_runs = series(runs),
            of_steps = series(runs * STEPS),
        ))
    }

    /// So many schedules, none due for a day, of the plans of a hundred organizations like the one that
    /// has `plan`. Answers what their ids begin with.
    pub fn neighborhood(&mut self, plan: PlanId, schedules: usize) -> anyhow::Result<Uuid> {
        let (base, first) = (Uuid::now_v7(), Uuid::now_v7());
        let (plan, organization) = (self.id(plan.0), self.nth(base, "n"));
        let (their_plan, their_organization) = (self.nth(first, "n"), self.nth(base, &format!("n % {ORGANIZATIONS}")));
        let plans = ORGANIZATIONS * PLANS_EACH;
        let (scheduled_plan, scheduled_organization) =
            (self.nth(first, &format!("n % {plans}")), self.nth(base, &format!("n % {plans} % {ORGANIZATIONS}")));
        let (ids, now) = (Uuid::now_v7(), jiff::Timestamp::now());
        let id = self.nth(ids, "n");
        let tomorrow = micros_now() + 86_400_000_000;
        let cron = serde_json::json!({ "timing": { "cron": "0 9 * * MON-FRI" }, "zone": "Europe/Berlin" });
        let every = serde_json::json!({ "timing": { "every": { "interval": "1d", "start": now } }, "zone": "UTC" });
        self.execute(&format!(
            "INSERT INTO organizations (id, name, tier, created_at)
             {of_organizations} SELECT {organization}, organizations.name, tier, organizations.created_at
             FROM series CROSS JOIN plans JOIN organizations ON organizations.id = organization_id
             WHERE plans.id = {plan};
             INSERT INTO plans (id, organization_id, name, version, steps, created_at, updated_at)
             {of_plans} SELECT {their_plan}, {their_organization}, name, version, steps, created_at, updated_at
             FROM series CROSS JOIN plans WHERE plans.id = {plan};
             INSERT INTO plan_versions (plan_id, version, name, text, outline, steps, created_at)
             {of_plans} SELECT {their_plan}, version, name, text, outline, steps, created_at
             FROM series CROSS JOIN plan_versions WHERE plan_id = {plan};
             INSERT INTO schedules (id, organization_id, plan_id, name, timetable, catch_up, overlap, next_due_at,
                                    created_at, updated_at)
             {of_schedules}
             SELECT {id}, {scheduled_organization}, {scheduled_plan}, 'Daily',
                    CASE n % 2 WHEN 0 THEN '{cron}' ELSE '{every}' END, 'latest', 'skip', {tomorrow} + n,
                    {tomorrow}, {tomorrow}
             FROM series;
             ANALYZE;",
            of_organizations = series(ORGANIZATIONS),
            of_plans = series(plans),
            of_schedules = series(schedules),
        ))?;
        Ok(ids)
    }

    /// Takes back what waits in an organization.
    pub fn call_off(&mut self, organization: OrganizationId) -> anyhow::Result<()> {
        let organization = self.id(organization.0);
        self.execute(&format!(
            "UPDATE runs SET state = 'cancelled', due_at = NULL, finished_at = queued_at
             WHERE state = 'queued' AND organization_id = {organization}"
        ))
    }
}

/// The numbers from 0, as a table `series (n)` for what follows.
pub fn series(count: usize) -> String {
    format!("WITH RECURSIVE series (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM series WHERE n + 1 < {count})")
}

/// Now, in microseconds, as the databases on this machine have it.
pub fn micros_now() -> i64 {
    jiff::Timestamp::now().as_microsecond()
}

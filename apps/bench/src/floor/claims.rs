//! The floor of `queue`: as few statements as can take runs and write their ends, a hundred at a time.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Instant,
};

use domain::OrganizationId;

use crate::rows::{Rows, micros_now};

/// How many are claimed at a time.
const BATCH: usize = 100;

/// A database with runs that nobody else works on.
pub struct Claims {
    url: String,
    organization: OrganizationId,
}

impl Claims {
    /// What is queued in an organization.
    pub fn new(url: &str, organization: OrganizationId) -> anyhow::Result<Self> {
        Ok(Self { url: url.to_owned(), organization })
    }

    /// Brings so many runs to their end, with a connection for each of the workers. Answers how many a
    /// second. Blocks.
    pub fn work(&self, runs: usize, workers: usize) -> anyhow::Result<f64> {
        let left = AtomicUsize::new(runs);
        let connections = (0..workers).map(|_| Rows::open(&self.url)).collect::<Result<Vec<_>, _>>()?;
        let begin = Instant::now();
        std::thread::scope(|scope| {
            let loops: Vec<_> =
                connections.into_iter().map(|rows| scope.spawn(|| self.claim_and_end(rows, &left))).collect();
            loops.into_iter().try_for_each(|each| each.join().expect("no loop panics"))
        })?;
        #[allow(clippy::cast_precision_loss)]
        Ok(runs as f64 / begin.elapsed().as_secs_f64())
    }

    fn claim_and_end(&self, mut rows: Rows, left: &AtomicUsize) -> anyhow::Result<()> {
        let organization = rows.id(self.organization.0);
        let id = match rows {
            Rows::Sqlite(_) => "hex(id)",
            Rows::Postgres(_) => "id::text",
        };
        while left.load(Ordering::Relaxed) > 0 {
            let now = micros_now();
            let lock = match rows {
                Rows::Sqlite(_) => "",
                Rows::Postgres(_) => "FOR UPDATE SKIP LOCKED",
            };
            // As ours: a claim need not be on the disk, an end must.
            if let Rows::Postgres(_) = rows {
                rows.execute("BEGIN; SET LOCAL synchronous_commit = off")?;
            }
            let claimed = rows.texts(&format!(
                "UPDATE runs SET state = 'running', due_at = {now} + 15000000, fence = fence + 1,
                        attempts = attempts + 1, started_at = {now}
                 WHERE id IN (SELECT id FROM runs WHERE state = 'queued' AND organization_id = {organization}
                              ORDER BY priority DESC, due_at LIMIT {BATCH} {lock})
                 RETURNING {id} AS text"
            ))?;
            if let Rows::Postgres(_) = rows {
                rows.execute("COMMIT")?;
            }
            let ids: Vec<String> = claimed.iter().map(|id| rows.id(id.parse().expect("an id"))).collect();
            if ids.is_empty() {
                continue;
            }
            let now = micros_now();
            rows.execute(&format!(
                "UPDATE runs SET state = 'passed', due_at = NULL, finished_at = {now}, steps_passed = 1
                 WHERE id IN ({}) AND state = 'running'",
                ids.join(", ")
            ))?;
            left.fetch_sub(ids.len(), Ordering::Relaxed);
        }
        Ok(())
    }
}

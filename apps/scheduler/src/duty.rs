//! The duties: what is done now and then, and how often.

use store::{Error, Store};

/// Something to be done now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Sessions that have expired are of no use to anybody.
    ForgetExpiredSessions,
    /// Runs that are older than their organization's tier keeps them.
    ForgetOldRuns,
    /// Mails that were sent or given up a month ago.
    ForgetOldMails,
    /// Processes that have told nothing of themselves for long.
    ForgetDeadWorkers,
    /// Statistics for better query plans; SQLite's log is kept short.
    OptimizeDatabase,
}

impl Duty {
    pub(crate) const ALL: &[Self] = &[
        Self::ForgetExpiredSessions,
        Self::ForgetOldRuns,
        Self::ForgetOldMails,
        Self::ForgetDeadWorkers,
        Self::OptimizeDatabase,
    ];

    /// When it comes due, in UTC: a cron expression that begins with the second. Not at the full minute,
    /// when most schedules of customers come due.
    pub(crate) fn schedule(self) -> &'static str {
        match self {
            Self::ForgetExpiredSessions => "25 */10 * * * *",
            Self::ForgetOldRuns => "35 */10 * * * *",
            Self::ForgetOldMails => "40 */10 * * * *",
            Self::ForgetDeadWorkers => "45 */10 * * * *",
            Self::OptimizeDatabase => "40 7 * * * *",
        }
    }

    /// Does it, and logs what came of it.
    pub(crate) async fn perform(self, store: &Store) {
        match self.attempt(store).await {
            Ok(()) => {}
            Err(error) => tracing::warn!(%error, duty = ?self, "A duty failed and is tried again later"),
        }
    }

    async fn attempt(self, store: &Store) -> Result<(), Error> {
        match self {
            Self::ForgetExpiredSessions => {
                let sessions = store.forget_expired_sessions().await?;
                tracing::debug!(sessions, "Expired sessions are forgotten");
            }
            Self::ForgetOldRuns => {
                let runs = store.forget_old_runs().await?;
                tracing::debug!(runs, "Old runs are forgotten");
            }
            Self::ForgetOldMails => {
                let mails = store.forget_old_mails().await?;
                tracing::debug!(mails, "Old mails are forgotten");
            }
            Self::ForgetDeadWorkers => {
                let workers = store.forget_dead_workers().await?;
                tracing::debug!(workers, "Dead workers are forgotten");
            }
            Self::OptimizeDatabase => {
                store.optimize().await?;
                tracing::debug!("The database is optimized");
            }
        }
        Ok(())
    }
}

//! The duties: what is done now and then, and how often.

use std::time::Duration;

use billing::{Billing, Sweep, Swept};
use store::{Store, Synced};

use crate::Config;

/// A customer whom nobody has read at Stripe for so long is read: looked for every hour, so that each is read
/// once a day at least, and not all at the same time. Two requests or more for each, at most a few a second.
const SWEEP: Sweep = Sweep { unread_for: Duration::from_secs(23 * 60 * 60), pause: Duration::from_millis(500) };

/// Something to be done now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    /// Sessions that have expired are of no use to anybody.
    ForgetExpiredSessions,
    /// Links that nobody followed in time, and the like.
    ForgetExpiredTickets,
    /// Idempotency keys under which nobody will ask again.
    ForgetOldRequests,
    /// Runs that are older than their organization's tier keeps them.
    ForgetOldRuns,
    /// Mails that were sent or given up a month ago.
    ForgetOldMails,
    /// Processes that have told nothing of themselves for long.
    ForgetDeadWorkers,
    /// Stripe's events that nobody will tell of any more.
    ForgetStripeEvents,
    /// Statistics for better query plans; SQLite's log is kept short.
    OptimizeDatabase,
    /// Tiers and mail that follow from time alone: a grace that has ended, a trial that is about to.
    SettleSubscriptions,
    /// Limits that were configured anew hold for what is there.
    ApplyLimits,
    /// Owners of organizations that have used much of their month are told.
    WarnOfUsage,
    /// History that is kept longer than its tier says goes once its owners were told twice.
    LookAfterKeptHistory,
    /// What Stripe has of customers of whom nobody has told anything for a day.
    SweepSubscriptions,
}

impl Duty {
    /// In the order in which they are performed at the start: the one that may take long is the last.
    pub(crate) const ALL: &[Self] = &[
        Self::ForgetExpiredSessions,
        Self::ForgetExpiredTickets,
        Self::ForgetOldRequests,
        Self::ForgetOldRuns,
        Self::ForgetOldMails,
        Self::ForgetDeadWorkers,
        Self::ForgetStripeEvents,
        Self::OptimizeDatabase,
        Self::SettleSubscriptions,
        Self::ApplyLimits,
        Self::WarnOfUsage,
        Self::LookAfterKeptHistory,
        Self::SweepSubscriptions,
    ];

    /// When it comes due, in UTC: a cron expression that begins with the second. Not at the full minute,
    /// when most schedules of customers come due.
    pub(crate) fn schedule(self) -> &'static str {
        match self {
            Self::ForgetExpiredSessions => "25 */10 * * * *",
            Self::ForgetExpiredTickets => "30 */10 * * * *",
            Self::ForgetOldRequests => "32 */10 * * * *",
            Self::ForgetOldRuns => "35 */10 * * * *",
            Self::ForgetOldMails => "40 */10 * * * *",
            Self::ForgetDeadWorkers => "45 */10 * * * *",
            Self::ForgetStripeEvents => "30 17 * * * *",
            Self::OptimizeDatabase => "40 7 * * * *",
            Self::SettleSubscriptions => "20 * * * * *",
            Self::ApplyLimits => "10 27 3 * * *",
            Self::WarnOfUsage => "15 */5 * * * *",
            Self::LookAfterKeptHistory => "55 */10 * * * *",
            Self::SweepSubscriptions => "50 11 * * * *",
        }
    }

    /// Does it, and logs what came of it.
    pub(crate) async fn perform(self, config: &Config, store: &Store) {
        match self.attempt(config, store).await {
            Ok(()) => {}
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), duty = ?self, "A duty failed and is tried again later");
            }
        }
    }

    async fn attempt(self, config: &Config, store: &Store) -> anyhow::Result<()> {
        match self {
            Self::ForgetExpiredSessions => {
                let sessions = store.forget_expired_sessions().await?;
                tracing::debug!(sessions, "Expired sessions are forgotten");
            }
            Self::ForgetExpiredTickets => {
                let tickets = store.forget_expired_tickets().await?;
                tracing::debug!(tickets, "Expired tickets are forgotten");
            }
            Self::ForgetOldRequests => {
                let requests = store.forget_old_requests().await?;
                tracing::debug!(requests, "Old requests are forgotten");
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
            Self::ForgetStripeEvents => {
                let events = store.forget_stripe_events().await?;
                tracing::debug!(events, "Old events of Stripe are forgotten");
            }
            Self::SettleSubscriptions => {
                if let Some(billing) = &config.billing {
                    let customers = billing.settle().await?;
                    tracing::debug!(customers, "Subscriptions are settled");
                }
            }
            Self::SweepSubscriptions => {
                if let Some(billing) = &config.billing {
                    sweep(billing).await?;
                }
            }
            Self::ApplyLimits => {
                let organizations = store.apply_limits().await?;
                tracing::debug!(organizations, "Limits are applied");
            }
            Self::WarnOfUsage => {
                let mails = store.warn_of_usage(&billing_page(config)).await?;
                tracing::debug!(mails, "Owners are warned of usage");
            }
            Self::LookAfterKeptHistory => {
                let organizations = store.look_after_kept_history(&billing_page(config)).await?;
                tracing::debug!(organizations, "Kept history is looked after");
            }
            Self::OptimizeDatabase => {
                store.optimize().await?;
                tracing::debug!("The database is optimized");
            }
        }
        Ok(())
    }
}

/// The address of the page on which owners see what is used and change their tier.
fn billing_page(config: &Config) -> String {
    let mut page = config.origin.clone();
    page.set_path("billing");
    page.into()
}

async fn sweep(billing: &Billing) -> Result<(), billing::Error> {
    let (mut read, mut healed) = (0_u64, 0_u64);
    let tell = |Swept { organization, outcome }: Swept| match outcome {
        Ok(synced) => {
            read += 1;
            if let Synced::Written { before, after, .. } = synced
                && before != after
            {
                healed += 1;
                tracing::info!(%organization, ?before, ?after, "What Stripe told of a subscription had not arrived");
            }
        }
        Err(error) => tracing::warn!(%error, %organization, "A subscription could not be read at Stripe"),
    };
    billing.sweep(SWEEP, tell).await?;
    tracing::debug!(read, healed, "Subscriptions are swept");
    Ok(())
}

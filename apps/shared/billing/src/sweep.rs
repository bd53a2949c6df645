//! The sweep: every customer is read now and then, so that no event that was lost is lost for long.

use std::time::Duration;

use domain::OrganizationId;
use store::Synced;

use crate::{Billing, Error};

/// How many customers are looked up at once.
const AT_ONCE: u32 = 100;

/// After so many customers in a row whom Stripe did not tell of, the rest is left for the next sweep.
const MOST_FAILURES: u32 = 5;

/// Whom to read, and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// Those whom nobody has read for so long; zero for all.
    pub unread_for: Duration,
    /// The pause after each.
    pub pause: Duration,
}

/// One customer of a sweep.
#[derive(Debug)]
pub struct Swept {
    /// The organization.
    pub organization: OrganizationId,
    /// What came of reading it.
    pub outcome: Result<Synced, Error>,
}

impl Billing {
    /// Reads every customer that `sweep` says, one after the other, and tells of each. One that fails stays as
    /// it was and does not keep the others from being read.
    ///
    /// # Errors
    /// If the database fails, or Stripe does not answer for several in a row; those that were read until then
    /// stay read.
    pub async fn sweep(&self, sweep: Sweep, mut tell: impl FnMut(Swept)) -> Result<(), Error> {
        let (mut after, mut failures) = (None, 0);
        loop {
            let customers = self.store.unread_customers(sweep.unread_for, after, AT_ONCE).await?;
            let Some((last, _)) = customers.last() else { return Ok(()) };
            after = Some(*last);
            for (organization, customer) in customers {
                match self.sync(&self.api.errand(), &customer, None).await {
                    Ok(None) => {}
                    Ok(Some(synced)) => {
                        failures = 0;
                        tell(Swept { organization, outcome: Ok(synced) });
                    }
                    Err(error @ Error::Store(_)) => return Err(error),
                    Err(error) if error.may_pass() && failures + 1 == MOST_FAILURES => return Err(error),
                    Err(error) => {
                        failures = if error.may_pass() { failures + 1 } else { 0 };
                        tell(Swept { organization, outcome: Err(error) });
                    }
                }
                tokio::time::sleep(sweep.pause).await;
            }
        }
    }
}

//! Retention: runs that are over and older than their organization's tier keeps them are forgotten, a few
//! hundred at a time and with pauses, so that nobody waits for it.

mod kept;

use std::time::{Duration, Instant};

use diesel::{RunQueryDsl, sql_types::Text};
use domain::{OrganizationId, Tier};
use jiff::SignedDuration;

use crate::{
    Error, Store,
    connection::{AnyConnection, now, on_conn},
    run::first_id_of,
    sql::{Id, Uuid, time},
    statement::statement,
};

/// The shortest pause between two transactions. Each is as long as the one before it took, so that at
/// least half of the time belongs to others.
const PAUSE: Duration = Duration::from_millis(10);

impl Store {
    /// Deletes the runs, with their steps, that are older than their organization's tier keeps them;
    /// (or kept them before a change of tier that its owners are still being told of); tells how many. Runs that are not over stay, however old they are. May be done by several
    /// processes at once.
    ///
    /// # Errors
    /// If the database fails; what was deleted until then stays deleted.
    pub async fn forget_old_runs(&self) -> Result<u64, Error> {
        let mut all = 0;
        for tier in Tier::ALL {
            let history = self.tiers.limits(*tier).history;
            let history = SignedDuration::try_from(history).unwrap_or(SignedDuration::MAX);
            let now = time(self.database.read(|conn| Ok(now(conn)?)).await?);
            let Ok(oldest) = now.checked_sub(history) else { continue };
            let oldest = Id(first_id_of(oldest));
            for organization in self.have_old_runs(*tier, oldest).await? {
                all += self.forget_runs_of(organization, oldest).await?;
            }
        }
        Ok(all)
    }

    /// The organizations whose runs are kept as on this tier, and that have some to forget.
    async fn have_old_runs(&self, tier: Tier, oldest: Id) -> Result<Vec<OrganizationId>, Error> {
        self.database
            .read(move |conn| {
                let found = statement::<Uuid>(
                    "SELECT id FROM organizations WHERE coalesce(kept_as, tier) = ? AND EXISTS
                         (SELECT 1 FROM runs WHERE organization_id = organizations.id AND runs.id < ?
                                                   AND finished_at IS NOT NULL)",
                )
                .bind::<Text, _>(tier.as_str())
                .bind::<Uuid, _>(oldest);
                let ids: Vec<Id> = on_conn!(conn, |conn| found.load(conn)?);
                Ok(ids.into_iter().map(OrganizationId::from).collect())
            })
            .await
    }

    async fn forget_runs_of(&self, organization: OrganizationId, oldest: Id) -> Result<u64, Error> {
        let mut all = 0;
        loop {
            let began = Instant::now();
            let deleted = self
                .database
                .write(move |transaction| {
                    let deleted = match transaction.conn {
                        // Whoever else is about to delete some of them does.
                        AnyConnection::Postgres(conn) => statement::<()>(
                            "DELETE FROM runs WHERE id IN
                             (SELECT id FROM runs WHERE organization_id = ? AND id < ? AND finished_at IS NOT NULL
                              ORDER BY id LIMIT 200 FOR UPDATE SKIP LOCKED)",
                        )
                        .bind::<Uuid, _>(Id::from(organization))
                        .bind::<Uuid, _>(oldest)
                        .execute(conn)?,
                        AnyConnection::Sqlite(conn) => statement::<()>(
                            "DELETE FROM runs WHERE id IN
                             (SELECT id FROM runs WHERE organization_id = ? AND id < ? AND finished_at IS NOT NULL
                              ORDER BY id LIMIT 200)",
                        )
                        .bind::<Uuid, _>(Id::from(organization))
                        .bind::<Uuid, _>(oldest)
                        .execute(conn)?,
                    };
                    Ok::<_, Error>(deleted)
                })
                .await?;
            all += deleted as u64;
            if deleted == 0 {
                return Ok(all);
            }
            tokio::time::sleep(began.elapsed().max(PAUSE)).await;
        }
    }
}

//! Warning the owners of organizations that have used much of their month.

use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Integer, Text},
};
use domain::{MailSubject, OrganizationId, Tier, forecast};
use jiff::tz::Offset;

use crate::{
    Error, Store,
    admission::{day_of, month_of},
    connection::{AnyConnection, now, on_conn},
    mail::queue_to_owners,
    sql::{Id, Uuid, time},
    statement::statement,
};

/// An organization, its name, and how many runs it has used this month.
type Row = (Id, String, i64);

impl Store {
    /// Queues a mail to the owners of every organization that has used 80 % or all of its month's runs, once
    /// for each of the two in a month. `link` leads to the page that shows what is used. Tells how many mails
    /// are new. May be done by several processes at once.
    ///
    /// # Errors
    /// If the database fails; what was queued until then stays queued.
    pub async fn warn_of_usage(&self, link: &str) -> Result<u64, Error> {
        let mut new = 0;
        for tier in Tier::ALL {
            let Some(limit) = self.tiers.limits(*tier).runs_a_month else { continue };
            let (tier, least) = (*tier, forecast::WARNINGS[0]);
            let found = self.database.read(move |conn| have_used(conn, tier, limit, least)).await?;
            for (organization, name, used) in found {
                let (used, link) = (u32::try_from(used).unwrap_or(u32::MAX), link.to_owned());
                let Some(warning) = forecast::warning(used, limit) else { continue };
                new += self
                    .database
                    .write(move |tx| {
                        let now = time(now(tx.conn)?);
                        let month = Offset::UTC.to_datetime(now).strftime("%Y-%m");
                        let organization = OrganizationId::from(organization);
                        let (subject, text) = forecast::mail(warning, &name, used, limit, now, &link);
                        let key = format!("usage:{organization}:{month}:{warning}");
                        let queued = queue_to_owners(tx, organization, &key, &MailSubject::new(&subject), &text)?;
                        Ok::<_, Error>(queued as u64)
                    })
                    .await?;
            }
        }
        Ok(new)
    }
}

/// The organizations of a tier that have used at least so many percent of the limit.
fn have_used(conn: &mut AnyConnection, tier: Tier, limit: u32, least: u32) -> Result<Vec<Row>, Error> {
    let now = now(conn)?;
    let query = statement::<(Uuid, Text, BigInt)>(
        "SELECT id, name, sum(runs) FROM organizations JOIN usage ON organization_id = id
         WHERE tier = ? AND day BETWEEN ? AND ? GROUP BY id, name HAVING sum(runs) * 100 >= ?",
    )
    .bind::<Text, _>(tier.as_str())
    .bind::<Integer, _>(month_of(now))
    .bind::<Integer, _>(day_of(now))
    .bind::<BigInt, _>(i64::from(limit) * i64::from(least));
    Ok(on_conn!(conn, |conn| query.load(conn)?))
}

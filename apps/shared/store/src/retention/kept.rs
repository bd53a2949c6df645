//! History that is kept longer than its tier says, because the tier was a higher one before: its owners are
//! told twice before it goes.

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{BigInt, Nullable, Text},
};
use domain::{
    MailSubject, OrganizationId, Tier, Tiers,
    history::{self, Step, Told},
};

use crate::{
    Error, Store,
    connection::{AnyConnection, now, on_conn},
    database::Transaction,
    mail::queue_to_owners,
    sql::{Id, Uuid, Word, time},
    statement::statement,
};

impl Store {
    /// Takes the next step with every organization whose history is kept for now: tells its owners, tells them
    /// again, or keeps no more than the tier says from then on. `link` leads to the page where the tier is
    /// changed. Tells with how many something was done. May be done by several processes at once.
    ///
    /// # Errors
    /// If the database fails; what was done until then stays done.
    pub async fn look_after_kept_history(&self, link: &str) -> Result<u64, Error> {
        let kept: Vec<Id> = self
            .database
            .read(|conn| {
                let query =
                    statement::<Uuid>("SELECT id FROM organizations WHERE kept_since IS NOT NULL ORDER BY kept_since");
                Ok(on_conn!(conn, |conn| query.load(conn)?))
            })
            .await?;
        let mut done = 0;
        for organization in kept {
            let (tiers, link) = (self.tiers.clone(), link.to_owned());
            done += self.database.write(move |tx| step(tx, &tiers, organization.into(), &link)).await?;
        }
        Ok(done)
    }
}

/// Takes the next step with one organization; 1 if there was one.
fn step(tx: &mut Transaction<'_>, tiers: &Tiers, organization: OrganizationId, link: &str) -> Result<u64, Error> {
    let Some((name, tier, since)) = lock(tx.conn, organization)? else { return Ok(0) };
    let key = |number: u32| format!("history:{organization}:{since}:{number}");
    let now = now(tx.conn)?;
    let first = told(tx.conn, organization, &key(1))?;
    let second = told(tx.conn, organization, &key(2))?;
    let step = history::next_step(first, second, time(now));
    let number = match step {
        Step::Wait => return Ok(0),
        Step::Tell => 1,
        Step::TellAgain => 2,
        Step::Forget => {
            let forget = statement::<()>("UPDATE organizations SET kept_as = NULL, kept_since = NULL WHERE id = ?")
                .bind::<Uuid, _>(Id::from(organization));
            on_conn!(&mut *tx.conn, |conn| forget.execute(conn)?);
            return Ok(1);
        }
    };
    let (subject, text) = history::mail(step, &name, tiers.limits(tier).history, time(now), link);
    queue_to_owners(tx, organization, &key(number), &MailSubject::new(&subject), &text)?;
    Ok(1)
}

/// The organization's name, its tier, and since when its history is kept; nobody else changes them until the
/// end of the transaction. None if it is not kept any more.
fn lock(conn: &mut AnyConnection, organization: OrganizationId) -> Result<Option<(String, Tier, i64)>, Error> {
    type Row = (String, Word<Tier>, Option<i64>);
    let id = Id::from(organization);
    let found: Option<Row> = match conn {
        AnyConnection::Postgres(conn) => statement::<(Text, Text, Nullable<BigInt>)>(
            "SELECT name, tier, kept_since FROM organizations WHERE id = ? FOR NO KEY UPDATE",
        )
        .bind::<Uuid, _>(id)
        .get_result(conn)
        .optional()?,
        AnyConnection::Sqlite(conn) => {
            statement::<(Text, Text, Nullable<BigInt>)>("SELECT name, tier, kept_since FROM organizations WHERE id = ?")
                .bind::<Uuid, _>(id)
                .get_result(conn)
                .optional()?
        }
    };
    Ok(found.and_then(|(name, Word(tier), since)| Some((name, tier, since?))))
}

/// What became of the mails with this key: of several owners, whoever got it first counts.
fn told(conn: &mut AnyConnection, organization: OrganizationId, key: &str) -> Result<Told, Error> {
    let query = statement::<(BigInt, Nullable<BigInt>)>(
        "SELECT count(*), min(sent_at) FROM mails WHERE organization_id = ? AND key LIKE ?",
    )
    .bind::<Uuid, _>(Id::from(organization))
    // The key is made of a word, an id and numbers: nothing in it is a pattern.
    .bind::<Text, _>(format!("{key}:%"));
    let (queued, sent): (i64, Option<i64>) = on_conn!(conn, |conn| query.get_result(conn)?);
    Ok(match (queued, sent) {
        (0, _) => Told::No,
        (_, None) => Told::Queued,
        (_, Some(sent)) => Told::Sent(time(sent)),
    })
}

//! Changing the key-encryption key: whatever it has sealed is sealed again with the current key, in small
//! transactions, while everything goes on. Broken off anywhere, the next call does the rest.

use std::sync::Arc;

use diesel::{
    RunQueryDsl,
    sql_types::{Binary, Integer},
};
use domain::{OrganizationId, RunId};

use super::data_key;
use crate::{
    Error, KeyRing, Store,
    connection::on_conn,
    database::Transaction,
    key_check,
    recorder::progress,
    sealing::hex,
    second_factor,
    sql::{Id, Uuid},
    statement::statement,
};

/// So many rows are sealed again in one transaction.
const AT_ONCE: usize = 50;

/// How often one batch is tried that others keep from being written.
const PATIENCE: u32 = 5;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// The id of the current key.
    pub current: String,
    /// How many data keys were sealed again.
    pub data_keys: u64,
    /// How many second factors of accounts were sealed again.
    pub second_factors: u64,
    /// Of how many steps of runs under way the captured values were sealed again.
    pub steps: u64,
    /// How many of all these open with none of the keys, and stay as they are.
    pub unopened: u64,
    /// The ids of the keys that nothing needs any more.
    pub retired: Vec<String>,
    /// The ids of the keys, beside the current one, that something still needs.
    pub needed: Vec<String>,
}

/// A step by its run and position.
type Step = (Id, i32);

/// What came of one row.
enum Row {
    Resealed,
    /// Somebody else was first.
    Gone,
    Unopened,
}

impl Store {
    /// Seals again with the current key whatever any other key has sealed, and forgets the marks of those keys that
    /// nothing needs any more. Anybody may read, write and do the same meanwhile.
    ///
    /// # Errors
    /// If the database fails; what was done until then is done.
    pub async fn reseal(&self) -> Result<Resealed, Error> {
        let mut done = Resealed { current: hex(&self.keys.current().id()), ..Resealed::default() };
        let keys = Arc::clone(&self.keys);
        self.database.write(move |tx| Ok::<_, Error>(key_check::leave(tx.conn, &keys)?)).await?;
        let mut after = Id(uuid::Uuid::nil());
        loop {
            let batch = self.batch(move |tx, keys| data_keys(tx, keys, after)).await?;
            done.data_keys += count(&batch, |row| matches!(row, Row::Resealed));
            done.unopened += count(&batch, |row| matches!(row, Row::Unopened));
            let Some((last, _)) = batch.last() else { break };
            after = *last;
        }
        let mut after = Id(uuid::Uuid::nil());
        loop {
            let batch = self.batch(move |tx, keys| second_factors(tx, keys, after)).await?;
            done.second_factors += count(&batch, |row| matches!(row, Row::Resealed));
            done.unopened += count(&batch, |row| matches!(row, Row::Unopened));
            let Some((last, _)) = batch.last() else { break };
            after = *last;
        }
        let mut after = (Id(uuid::Uuid::nil()), -1);
        loop {
            let batch = self.batch(move |tx, keys| steps(tx, keys, after)).await?;
            done.steps += count(&batch, |row| matches!(row, Row::Resealed));
            done.unopened += count(&batch, |row| matches!(row, Row::Unopened));
            let Some((last, _)) = batch.last() else { break };
            after = *last;
        }
        let (retired, needed) = self.batch(retire).await?;
        (done.retired, done.needed) = (retired, needed);
        Ok(done)
    }

    /// One transaction, tried again if another one went first.
    async fn batch<T: Send + 'static>(
        &self,
        work: impl Fn(&mut Transaction<'_>, &KeyRing) -> Result<T, Error> + Clone + Send + 'static,
    ) -> Result<T, Error> {
        let mut patience = PATIENCE;
        loop {
            let (work, keys) = (work.clone(), Arc::clone(&self.keys));
            match self.database.write(move |tx| work(tx, &keys)).await {
                Err(Error::Deadlock) if patience > 0 => patience -= 1,
                result => return result,
            }
        }
    }
}

fn count<K>(batch: &[(K, Row)], is_counted: impl Fn(&Row) -> bool) -> u64 {
    batch.iter().filter(|(_, row)| is_counted(row)).count() as u64
}

/// The next data keys that another key has sealed.
fn data_keys(tx: &mut Transaction<'_>, keys: &KeyRing, after: Id) -> Result<Vec<(Id, Row)>, Error> {
    const { assert!(AT_ONCE == 50, "the number stands in the statement") };
    let current = keys.current().id().to_vec();
    let query = statement::<(Uuid, Binary)>(
        "SELECT organization_id, sealed FROM data_keys WHERE organization_id > ? AND sealed_with <> ?
         ORDER BY organization_id LIMIT 50",
    )
    .bind::<Uuid, _>(after)
    .bind::<Binary, _>(&current);
    let found: Vec<(Id, Vec<u8>)> = on_conn!(&mut *tx.conn, |conn| query.load(conn)?);
    let mut batch = Vec::with_capacity(found.len());
    for (id, sealed) in found {
        let Ok(resealed) = data_key::reseal(keys, OrganizationId::from(id), &sealed) else {
            batch.push((id, Row::Unopened));
            continue;
        };
        let update = statement::<()>(
            "UPDATE data_keys SET sealed = ?, sealed_with = ? WHERE organization_id = ? AND sealed = ?",
        )
        .bind::<Binary, _>(resealed.0)
        .bind::<Binary, _>(&current)
        .bind::<Uuid, _>(id)
        .bind::<Binary, _>(sealed);
        let updated = on_conn!(&mut *tx.conn, |conn| update.execute(conn)?);
        batch.push((id, if updated > 0 { Row::Resealed } else { Row::Gone }));
    }
    Ok(batch)
}

/// The next second factors that another key has sealed. The key's id stands in their bytes 2 to 9.
fn second_factors(tx: &mut Transaction<'_>, keys: &KeyRing, after: Id) -> Result<Vec<(Id, Row)>, Error> {
    let query = statement::<(Uuid, Binary)>(
        "SELECT user_id, secret FROM second_factors WHERE user_id > ? AND substr(secret, 2, 8) <> ?
         ORDER BY user_id LIMIT 50",
    )
    .bind::<Uuid, _>(after)
    .bind::<Binary, _>(keys.current().id().to_vec());
    let found: Vec<(Id, Vec<u8>)> = on_conn!(&mut *tx.conn, |conn| query.load(conn)?);
    let mut batch = Vec::with_capacity(found.len());
    for (user, sealed) in found {
        let context = second_factor::context(user.into());
        let Ok(plain) = keys.open(&context, &sealed) else {
            batch.push((user, Row::Unopened));
            continue;
        };
        let update = statement::<()>("UPDATE second_factors SET secret = ? WHERE user_id = ? AND secret = ?")
            .bind::<Binary, _>(keys.seal(&context, &plain).0)
            .bind::<Uuid, _>(user)
            .bind::<Binary, _>(sealed);
        let updated = on_conn!(&mut *tx.conn, |conn| update.execute(conn)?);
        batch.push((user, if updated > 0 { Row::Resealed } else { Row::Gone }));
    }
    Ok(batch)
}

/// The next steps of runs under way whose progress another key has sealed. The key's id stands in its bytes 2 to 9.
fn steps(tx: &mut Transaction<'_>, keys: &KeyRing, after: Step) -> Result<Vec<(Step, Row)>, Error> {
    type RowType = (Uuid, Uuid, Integer, Binary);
    let current = keys.current().id().to_vec();
    let query = statement::<RowType>(
        "SELECT organization_id, run_id, position, progress FROM runs JOIN steps ON run_id = id
         WHERE due_at IS NOT NULL AND substr(progress, 2, 8) <> ? AND (run_id > ? OR run_id = ? AND position > ?)
         ORDER BY run_id, position LIMIT 50",
    )
    .bind::<Binary, _>(&current)
    .bind::<Uuid, _>(after.0)
    .bind::<Uuid, _>(after.0)
    .bind::<Integer, _>(after.1);
    let found: Vec<(Id, Id, i32, Vec<u8>)> = on_conn!(&mut *tx.conn, |conn| query.load(conn)?);
    let mut batch = Vec::with_capacity(found.len());
    for (organization, run, position, sealed) in found {
        let context = progress::place(organization.into(), RunId::from(run), position.unsigned_abs());
        let Ok(plain) = keys.open(&context, &sealed) else {
            batch.push(((run, position), Row::Unopened));
            continue;
        };
        // A run that has ended meanwhile has nothing left to seal.
        let update =
            statement::<()>("UPDATE steps SET progress = ? WHERE run_id = ? AND position = ? AND progress = ?")
                .bind::<Binary, _>(keys.seal(&context, &plain).0)
                .bind::<Uuid, _>(run)
                .bind::<Integer, _>(position)
                .bind::<Binary, _>(sealed);
        let updated = on_conn!(&mut *tx.conn, |conn| update.execute(conn)?);
        batch.push(((run, position), if updated > 0 { Row::Resealed } else { Row::Gone }));
    }
    Ok(batch)
}

/// Forgets the marks of keys that nothing needs: gives back the ids of those keys, and of those still needed.
fn retire(tx: &mut Transaction<'_>, keys: &KeyRing) -> Result<(Vec<String>, Vec<String>), Error> {
    let current = keys.current().id().to_vec();
    let remaining = statement::<Binary>("SELECT id FROM sealing_keys WHERE id <> ? ORDER BY created_at")
        .bind::<Binary, _>(&current);
    let remaining: Vec<Vec<u8>> = on_conn!(&mut *tx.conn, |conn| remaining.load(conn)?);
    let (mut retired, mut needed) = (Vec::new(), Vec::new());
    for id in remaining {
        let forget = statement::<()>(
            "DELETE FROM sealing_keys WHERE id = ? AND NOT EXISTS (SELECT 1 FROM data_keys WHERE sealed_with = ?)
               AND NOT EXISTS (SELECT 1 FROM second_factors WHERE substr(secret, 2, 8) = ?)
               AND NOT EXISTS (SELECT 1 FROM runs JOIN steps ON run_id = runs.id
                               WHERE due_at IS NOT NULL AND substr(progress, 2, 8) = ?)",
        )
        .bind::<Binary, _>(&id)
        .bind::<Binary, _>(&id)
        .bind::<Binary, _>(&id)
        .bind::<Binary, _>(&id);
        let forgotten = on_conn!(&mut *tx.conn, |conn| forget.execute(conn)?);
        if forgotten > 0 { &mut retired } else { &mut needed }.push(hex(&id));
    }
    Ok((retired, needed))
}

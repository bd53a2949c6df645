//! Requests that may come twice: whoever is not sure that a request arrived sends it again under the same
//! idempotency key, and what it makes is made once. The key is taken in the transaction that makes the thing:
//! there is no moment at which a crash leaves one without the other.

use diesel::{
    RunQueryDsl, delete,
    prelude::*,
    sql_types::{Binary, Text},
};
use domain::PlanId;
use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::{
    Error, Store, Tenant,
    connection::{now, on_conn},
    database::Transaction,
    schema::requests,
    sql::{Id, Uuid},
    statement::statement,
};

/// For how long a key is remembered.
pub const REMEMBERED: SignedDuration = SignedDuration::from_hours(24);

/// What a request is known by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Once {
    key: [u8; 32],
    request: [u8; 32],
}

impl Once {
    /// The key that the client chose, and all that the request says.
    #[must_use]
    pub fn new(key: &str, request: &[u8]) -> Self {
        Self { key: Sha256::digest(key).into(), request: Sha256::digest(request).into() }
    }

    /// The same among the requests to this plan's hook: a deployment calls the hooks of several plans under one key.
    #[must_use]
    pub fn to_hook_of(self, plan: PlanId) -> Self {
        let own = [plan.0.as_bytes().as_slice(), &self.key].concat();
        Self { key: Sha256::digest(own).into(), ..self }
    }
}

impl Store {
    /// Forgets the keys that are older than [`REMEMBERED`]; tells how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_old_requests(&self) -> Result<u64, Error> {
        let forget = |tx: &mut Transaction<'_>| {
            let age = i64::try_from(REMEMBERED.as_micros()).unwrap_or(i64::MAX);
            let oldest = now(tx.conn)?.saturating_sub(age);
            Ok(delete(requests::table.filter(requests::created_at.lt(oldest))).execute(tx.conn)? as u64)
        };
        self.database.write(forget).await
    }
}

/// Takes the key of the tenant's request for the thing of this noun that is about to be made; gives the one that was
/// made when the request came first. A second request waits here for the end of the first one's transaction.
pub(crate) fn begin(
    tx: &mut Transaction<'_>,
    tenant: &Tenant,
    noun: &'static str,
    id: uuid::Uuid,
) -> Result<Option<uuid::Uuid>, Error> {
    let Some(once) = tenant.request() else { return Ok(None) };
    let organization = Id::from(tenant.organization());
    let take = statement::<()>(
        "INSERT INTO requests (organization_id, key_hash, noun, request_hash, noun_id, created_at)
         VALUES (?, ?, ?, ?, ?, now_us()) ON CONFLICT (organization_id, key_hash, noun) DO NOTHING",
    )
    .bind::<Uuid, _>(organization)
    .bind::<Binary, _>(once.key.to_vec())
    .bind::<Text, _>(noun)
    .bind::<Binary, _>(once.request.to_vec())
    .bind::<Uuid, _>(Id(id));
    if on_conn!(&mut *tx.conn, |conn| take.execute(conn)?) > 0 {
        return Ok(None);
    }
    let first = statement::<(Uuid, Binary)>(
        "SELECT noun_id, request_hash FROM requests WHERE organization_id = ? AND key_hash = ? AND noun = ?",
    )
    .bind::<Uuid, _>(organization)
    .bind::<Binary, _>(once.key.to_vec())
    .bind::<Text, _>(noun);
    let (Id(made), request): (Id, Vec<u8>) = on_conn!(&mut *tx.conn, |conn| first.get_result(conn)?);
    if request == once.request { Ok(Some(made)) } else { Err(Error::KeyReused) }
}

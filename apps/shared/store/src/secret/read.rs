//! The one way out for values: to whoever executes a run.

use diesel::{BoolExpressionMethods, ExpressionMethods, JoinOnDsl, QueryDsl, RunQueryDsl};
use zeroize::Zeroizing;

use super::{context, data_key};
use crate::{
    Error, Lease, Store,
    connection::on_conn,
    schema::{data_keys, secrets},
    sql::Id,
};

/// So many names are looked for in one statement.
const AT_ONCE: usize = 500;

/// A secret for a run. Its value is wiped when dropped, and never printed.
#[derive(Clone)]
pub struct RunSecret {
    /// As the plan writes it in `${…}`.
    pub name: String,
    /// In the clear.
    pub value: Zeroizing<String>,
}

impl std::fmt::Debug for RunSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunSecret").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a run does not get its secrets.
#[derive(Debug, thiserror::Error)]
pub enum RunSecretsError {
    /// A value does not open. Asking again does not help.
    #[error(
        "The secret `{0}` cannot be opened: it was sealed with another key, or what is stored of it was altered. \
         Replace its value on the page Secrets, or give Smokex the key back."
    )]
    Unopenable(String),
    /// The database failed; it may be asked again.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Store {
    /// Of these names the secrets that the run's organization has, with their values.
    ///
    /// # Errors
    /// If one of them does not open, and if the database fails.
    pub async fn run_secrets(&self, lease: &Lease, names: Vec<String>) -> Result<Vec<RunSecret>, RunSecretsError> {
        type Row = (Vec<u8>, String, i32, Vec<u8>);
        let organization = lease.organization();
        let rows: Vec<Row> = self
            .database
            .read(move |conn| {
                let mut rows: Vec<Row> = Vec::new();
                for names in names.chunks(AT_ONCE) {
                    // One statement for the key and what it opens, so that they fit each other.
                    let query = data_keys::table
                        .inner_join(secrets::table.on(secrets::organization_id.eq(data_keys::organization_id)))
                        .filter(data_keys::organization_id.eq(Id::from(organization)).and(secrets::name.eq_any(names)))
                        .select((data_keys::sealed, secrets::name, secrets::version, secrets::sealed));
                    rows.extend(on_conn!(&mut *conn, |conn| query.load::<Row>(conn)?));
                }
                Ok(rows)
            })
            .await?;
        let open = |(key, name, version, sealed): Row| {
            let plain = data_key::open(&self.keys, organization, &key)
                .and_then(|key| key.open(&context(organization, &name, version), &sealed));
            let value = plain.ok().and_then(|mut plain| String::from_utf8(std::mem::take(&mut *plain)).ok());
            match value {
                Some(value) => Ok(RunSecret { name, value: Zeroizing::new(value) }),
                None => Err(RunSecretsError::Unopenable(name)),
            }
        };
        rows.into_iter().map(open).collect()
    }
}

//! Secrets of an organization: added, replaced, deleted, listed. A value goes in and comes out for a run only
//! (`secret/read.rs`).

mod change;
mod data_key;
mod read;
mod reseal;

use diesel::{
    ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, delete,
    insert_into, sql_types::Integer, update,
};
use domain::{Email, OrganizationId, SecretName, SecretValue, UserId, secret::MOST_SECRETS};
use jiff::Timestamp;

pub use self::{
    change::{SecretChange, SecretChangeRow, UnknownSecretChange},
    read::{RunSecret, RunSecretsError},
    reseal::Resealed,
};
use crate::{
    Error, Store, Tenant,
    connection::{AnyConnection, now, on_conn},
    plan::count,
    schema::{secrets, users},
    sql::{Id, Uuid, Word, time},
    statement::statement,
    tier,
};

/// A secret, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretRow {
    /// As plans write it in `${…}`.
    pub name: String,
    /// Counts its values, from 1; goes on when it is deleted and added again.
    pub version: u32,
    /// Who gave it this value; none if they are gone.
    pub changed_by: Option<Email>,
    /// When.
    pub changed_at: Timestamp,
}

/// Why a secret was not added.
#[derive(Debug, thiserror::Error)]
pub enum AddSecretError {
    /// There is one of that name, which is not replaced by accident.
    #[error("There is a secret of this name already. Replace its value, or choose another name.")]
    Exists,
    /// The organization has as many as it may.
    #[error("An organization has at most {MOST_SECRETS} secrets. Delete one that no plan uses.")]
    TooMany,
    /// The organization is gone.
    #[error("The organization is gone.")]
    NotFound,
    /// The database failed, or the organization's data key does not open.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<diesel::result::Error> for AddSecretError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// The secrets of the organization by name, without their values.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn secrets(&self, tenant: &Tenant) -> Result<Vec<SecretRow>, Error> {
        type Row = (String, i32, Option<Word<Email>>, i64);
        let organization = Id::from(tenant.organization());
        let rows: Vec<Row> = self
            .database
            .read(move |conn| {
                let query = secrets::table
                    .left_join(users::table.on(secrets::changed_by.eq(users::id.nullable())))
                    .filter(secrets::organization_id.eq(organization))
                    .order(secrets::name)
                    .select((secrets::name, secrets::version, users::email.nullable(), secrets::changed_at));
                on_conn!(conn, |conn| Ok(query.load(conn)?))
            })
            .await?;
        let row = |(name, version, changed_by, at): Row| SecretRow {
            name,
            version: count(version),
            changed_by: changed_by.map(|word| word.0),
            changed_at: time(at),
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// The names of the organization's secrets: what its plans may use.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn secret_names(&self, tenant: &Tenant) -> Result<Vec<String>, Error> {
        let organization = Id::from(tenant.organization());
        self.database
            .read(move |conn| {
                let query = secrets::table
                    .filter(secrets::organization_id.eq(organization))
                    .order(secrets::name)
                    .select(secrets::name);
                on_conn!(conn, |conn| Ok(query.load(conn)?))
            })
            .await
    }

    /// Adds a secret.
    ///
    /// # Errors
    /// If there is one of that name, if there are too many, and if the database fails.
    pub async fn add_secret(
        &self,
        tenant: &Tenant,
        user: UserId,
        name: SecretName,
        value: SecretValue,
    ) -> Result<(), AddSecretError> {
        let (tenant, organization, keys) = (*tenant, tenant.organization(), self.keys.clone());
        self.database
            .write(move |tx| {
                let id = Id::from(organization);
                // Whoever else adds one waits here, so that two at once make neither two keys nor one too many.
                tier::lock(tx.conn, id)?.ok_or(AddSecretError::NotFound)?;
                let existing: Vec<String> =
                    secrets::table.filter(secrets::organization_id.eq(id)).select(secrets::name).load(tx.conn)?;
                if existing.iter().any(|existing| existing == name.as_str()) {
                    return Err(AddSecretError::Exists);
                }
                if existing.len() >= MOST_SECRETS as usize {
                    return Err(AddSecretError::TooMany);
                }
                let data_key = data_key::get_or_make(tx.conn, &keys, organization)?;
                let version = change::last_version(tx.conn, id, name.as_str())? + 1;
                let sealed = data_key.seal(&context(organization, name.as_str(), version), value.expose().as_bytes());
                let at = now(tx.conn)?;
                insert_into(secrets::table)
                    .values((
                        secrets::organization_id.eq(id),
                        secrets::name.eq(name.as_str()),
                        secrets::version.eq(version),
                        secrets::sealed.eq(sealed.0),
                        secrets::changed_by.eq(Id::from(user)),
                        secrets::changed_at.eq(at),
                    ))
                    .execute(tx.conn)?;
                change::note(tx, &tenant, name.as_str(), version, SecretChange::Added, user, at)?;
                Ok(())
            })
            .await
    }

    /// Gives a secret another value, which makes its next version; false if there is no such secret. Runs under way
    /// keep the value that they began with.
    ///
    /// # Errors
    /// If the database fails, or the organization's data key does not open.
    pub async fn replace_secret(
        &self,
        tenant: &Tenant,
        user: UserId,
        name: SecretName,
        value: SecretValue,
    ) -> Result<bool, Error> {
        let (tenant, organization, keys) = (*tenant, tenant.organization(), self.keys.clone());
        self.database
            .write(move |tx| {
                let id = Id::from(organization);
                let Some(version) = lock(tx.conn, id, name.as_str())? else { return Ok(false) };
                let data_key = data_key::get_or_make(tx.conn, &keys, organization)?;
                let version = version + 1;
                let sealed = data_key.seal(&context(organization, name.as_str(), version), value.expose().as_bytes());
                let at = now(tx.conn)?;
                update(secrets::table.find((id, name.as_str())))
                    .set((
                        secrets::version.eq(version),
                        secrets::sealed.eq(sealed.0),
                        secrets::changed_by.eq(Id::from(user)),
                        secrets::changed_at.eq(at),
                    ))
                    .execute(tx.conn)?;
                change::note(tx, &tenant, name.as_str(), version, SecretChange::Replaced, user, at)?;
                Ok(true)
            })
            .await
    }

    /// Deletes a secret; false if there is no such secret. That it was there is remembered.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn delete_secret(&self, tenant: &Tenant, user: UserId, name: SecretName) -> Result<bool, Error> {
        let (tenant, id) = (*tenant, Id::from(tenant.organization()));
        self.database
            .write(move |tx| {
                let Some(version) = lock(tx.conn, id, name.as_str())? else { return Ok(false) };
                delete(secrets::table.find((id, name.as_str()))).execute(tx.conn)?;
                let at = now(tx.conn)?;
                change::note(tx, &tenant, name.as_str(), version, SecretChange::Deleted, user, at)?;
                Ok(true)
            })
            .await
    }
}

/// The version of a secret, which nobody else changes until the end of the transaction.
fn lock(conn: &mut AnyConnection, organization: Id, name: &str) -> Result<Option<i32>, Error> {
    let query = match conn {
        AnyConnection::Postgres(_) => {
            statement::<Integer>("SELECT version FROM secrets WHERE organization_id = ? AND name = ? FOR UPDATE")
        }
        AnyConnection::Sqlite(_) => {
            statement::<Integer>("SELECT version FROM secrets WHERE organization_id = ? AND name = ?")
        }
    };
    let query = query.bind::<Uuid, _>(organization).bind::<diesel::sql_types::Text, _>(name);
    on_conn!(conn, |conn| Ok(query.get_result(conn).optional()?))
}

/// Names the place of a value: organization, version, name. A sealed value moved to another row does not open.
fn context(organization: OrganizationId, name: &str, version: i32) -> Vec<u8> {
    let mut context = b"secrets.sealed".to_vec();
    context.extend_from_slice(organization.0.as_bytes());
    context.extend_from_slice(&version.to_be_bytes());
    // The last one, for it alone differs in length.
    context.extend_from_slice(name.as_bytes());
    context
}

//! Who changed which secret when. Never with what value. Everybody who sees the secrets sees these changes; the
//! audit log, which tells of them as well, is not for everybody. The last version of a name is known from here.

use std::fmt;

use diesel::{ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl, RunQueryDsl, dsl::max, insert_into};
use domain::{Deed, Email, UserId};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Error, Store, Tenant, audit,
    connection::{AnyConnection, on_conn},
    database::Transaction,
    limited::limited,
    plan::count,
    schema::{secret_changes, users},
    sql::{Id, Word, time},
};

/// What was done to a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretChange {
    /// It got its first value, or its first one after it was deleted.
    Added,
    /// It got another value.
    Replaced,
    /// It went away.
    Deleted,
}

impl SecretChange {
    /// Its word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Replaced => "replaced",
            Self::Deleted => "deleted",
        }
    }

    fn deed(self) -> Deed {
        match self {
            Self::Added => Deed::SecretAdded,
            Self::Replaced => Deed::SecretReplaced,
            Self::Deleted => Deed::SecretDeleted,
        }
    }
}

impl fmt::Display for SecretChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The word is no change of a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no change of a secret.")]
pub struct UnknownSecretChange(String);

impl std::str::FromStr for SecretChange {
    type Err = UnknownSecretChange;

    fn from_str(word: &str) -> Result<Self, UnknownSecretChange> {
        let known = [Self::Added, Self::Replaced, Self::Deleted].into_iter().find(|change| change.as_str() == word);
        known.ok_or_else(|| UnknownSecretChange(word.to_owned()))
    }
}

/// A change of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretChangeRow {
    /// Of which one.
    pub name: String,
    /// The version that it made or deleted.
    pub version: u32,
    /// What was done.
    pub change: SecretChange,
    /// By whom; none if they are gone.
    pub by: Option<Email>,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// The last changes of the organization's secrets, newest first, at most so many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn secret_changes(&self, tenant: &Tenant, most: u32) -> Result<Vec<SecretChangeRow>, Error> {
        type Row = (String, i32, Word<SecretChange>, Option<Word<Email>>, i64);
        let organization = Id::from(tenant.organization());
        let rows: Vec<Row> = self
            .database
            .read(move |conn| {
                let query = secret_changes::table
                    .left_join(users::table.on(secret_changes::user_id.eq(users::id.nullable())))
                    .filter(secret_changes::organization_id.eq(organization))
                    .order(secret_changes::id.desc())
                    .select((
                        secret_changes::name,
                        secret_changes::version,
                        secret_changes::change,
                        users::email.nullable(),
                        secret_changes::at,
                    ));
                on_conn!(conn, |conn| Ok(limited(query, i64::from(most)).load(conn)?))
            })
            .await?;
        let row = |(name, version, Word(change), by, at): Row| SecretChangeRow {
            name,
            version: count(version),
            change,
            by: by.map(|word| word.0),
            at: time(at),
        };
        Ok(rows.into_iter().map(row).collect())
    }
}

/// The last version that a name had, whether or not it is still there; 0 if it never was.
pub(super) fn last_version(conn: &mut AnyConnection, organization: Id, name: &str) -> diesel::QueryResult<i32> {
    let query = secret_changes::table
        .filter(secret_changes::organization_id.eq(organization))
        .filter(secret_changes::name.eq(name))
        .select(max(secret_changes::version));
    let last: Option<i32> = on_conn!(conn, |conn| query.get_result(conn)?);
    Ok(last.unwrap_or(0))
}

/// Remembers a change, here and in the audit log.
pub(super) fn note(
    tx: &mut Transaction<'_>,
    tenant: &Tenant,
    name: &str,
    version: i32,
    change: SecretChange,
    user: UserId,
    at: i64,
) -> Result<(), Error> {
    insert_into(secret_changes::table)
        .values((
            secret_changes::id.eq(Id(uuid::Uuid::now_v7())),
            secret_changes::organization_id.eq(Id::from(tenant.organization())),
            secret_changes::name.eq(name),
            secret_changes::version.eq(version),
            secret_changes::change.eq(change.as_str()),
            secret_changes::user_id.eq(Id::from(user)),
            secret_changes::at.eq(at),
        ))
        .execute(tx.conn)?;
    audit::note(tx, tenant, change.deed(), None, name, &json!({ "version": version }))
}

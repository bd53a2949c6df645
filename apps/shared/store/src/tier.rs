//! The tier of an organization.

use diesel::{RunQueryDsl, sql_types::Text};
use domain::{OrganizationId, Tier};

use crate::{
    Change, Error,
    connection::on_conn,
    database::Transaction,
    sql::{Id, Uuid},
    statement::statement,
};

/// Puts the organization on the tier; true if it was on another one.
pub(crate) fn set(tx: &mut Transaction<'_>, organization: OrganizationId, tier: Tier) -> Result<bool, Error> {
    let update = statement::<()>("UPDATE organizations SET tier = ? WHERE id = ? AND tier <> ?")
        .bind::<Text, _>(tier.as_str())
        .bind::<Uuid, _>(Id::from(organization))
        .bind::<Text, _>(tier.as_str());
    let is_other = on_conn!(&mut *tx.conn, |conn| update.execute(conn)?) > 0;
    if is_other {
        tx.changed(Change::Organization { organization });
    }
    Ok(is_other)
}

//! The data key of an organization: it seals the organization's secrets, and the key-encryption key seals it, so
//! that changing the latter re-seals one small row per organization.

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{BigInt, Binary},
};
use domain::OrganizationId;
use zeroize::Zeroizing;

use crate::{
    Error, KeyRing, Sealed, SealingKey,
    connection::{AnyConnection, now, on_conn},
    key_check, sealing,
    sql::{Id, Uuid},
    statement::statement,
};

/// The organization's data key. Makes one if it has none: the organization must be locked then.
pub(super) fn get_or_make(
    conn: &mut AnyConnection,
    keys: &KeyRing,
    organization: OrganizationId,
) -> Result<SealingKey, Error> {
    let id = Id::from(organization);
    let query = statement::<Binary>("SELECT sealed FROM data_keys WHERE organization_id = ?").bind::<Uuid, _>(id);
    let sealed: Option<Vec<u8>> = on_conn!(&mut *conn, |conn| query.get_result(conn).optional()?);
    if let Some(sealed) = sealed {
        return open(keys, organization, &sealed);
    }
    let bytes = sealing::new_key();
    // The row refers to its key's mark.
    key_check::leave(conn, keys)?;
    let insert =
        statement::<()>("INSERT INTO data_keys (organization_id, sealed, sealed_with, created_at) VALUES (?, ?, ?, ?)")
            .bind::<Uuid, _>(id)
            .bind::<Binary, _>(seal(keys, organization, &*bytes).0)
            .bind::<Binary, _>(keys.current().id().to_vec())
            .bind::<BigInt, _>(now(conn)?);
    on_conn!(conn, |conn| insert.execute(conn)?);
    Ok(SealingKey::new(&bytes))
}

/// Opens a data key as it stands in the database.
pub(super) fn open(keys: &KeyRing, organization: OrganizationId, sealed: &[u8]) -> Result<SealingKey, Error> {
    let bytes = keys.open(&context(organization), sealed)?;
    let bytes: &[u8; 32] = bytes.as_slice().try_into().map_err(|_| Error::Unsealable)?;
    Ok(SealingKey::new(bytes))
}

/// The data key sealed with the current key, if it is not yet.
pub(super) fn reseal(keys: &KeyRing, organization: OrganizationId, sealed: &[u8]) -> Result<Sealed, Error> {
    let bytes: Zeroizing<Vec<u8>> = keys.open(&context(organization), sealed)?;
    Ok(seal(keys, organization, &bytes))
}

fn seal(keys: &KeyRing, organization: OrganizationId, bytes: &[u8]) -> Sealed {
    keys.seal(&context(organization), bytes)
}

/// Names the place: a data key moved to another organization does not open.
fn context(organization: OrganizationId) -> Vec<u8> {
    let mut context = b"data_keys.sealed".to_vec();
    context.extend_from_slice(organization.0.as_bytes());
    context
}

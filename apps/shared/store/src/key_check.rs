//! The mark a key leaves in the database, so that a program with another key notices at its start.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, insert_into};
use jiff::Timestamp;

use crate::{
    Error, SealingKey,
    connection::{AnyConnection, on_conn},
    schema::sealing_keys,
    sql::micros,
};

const CONTEXT: &[u8] = b"sealing_keys";
const CANARY: &[u8] = b"This key fits.";

/// The database was sealed with another key.
pub(crate) struct Mismatch {
    /// The id of a key that fits.
    pub(crate) expected: Vec<u8>,
}

/// Whether the key fits. A database without a mark takes any key.
pub(crate) fn check(conn: &mut AnyConnection, key: &SealingKey) -> Result<Result<(), Mismatch>, Error> {
    let marks: Vec<(Vec<u8>, Vec<u8>)> = sealing_keys::table
        .select((sealing_keys::id, sealing_keys::canary))
        .order(sealing_keys::created_at.desc())
        .load(conn)?;
    let fits = marks.iter().any(|(_, canary)| key.open(CONTEXT, canary).is_ok());
    Ok(match marks.into_iter().next() {
        Some((expected, _)) if !fits => Err(Mismatch { expected }),
        _ => Ok(()),
    })
}

/// Checks the key, after leaving its mark in a database that has none.
pub(crate) fn check_or_leave(conn: &mut AnyConnection, key: &SealingKey) -> Result<Result<(), Mismatch>, Error> {
    let marks: i64 = sealing_keys::table.count().get_result(conn)?;
    if marks == 0 {
        let canary = key.seal(CONTEXT, CANARY).0;
        let id = key.id();
        on_conn!(conn, |conn| {
            insert_into(sealing_keys::table)
                .values((
                    sealing_keys::id.eq(id.as_slice()),
                    sealing_keys::canary.eq(&canary),
                    sealing_keys::created_at.eq(micros(Timestamp::now())),
                ))
                .on_conflict_do_nothing()
                .execute(conn)?
        });
    }
    check(conn, key)
}

/// A key's id as people read it.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

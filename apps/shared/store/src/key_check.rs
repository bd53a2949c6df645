//! The marks that keys leave in the database, so that a program without one of them notices at its start.
//!
//! There is a mark for every key that something may be sealed with; data keys refer to theirs.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, insert_into};
use jiff::Timestamp;

use crate::{
    Error, KeyRing,
    connection::{AnyConnection, on_conn},
    schema::sealing_keys,
    sealing::hex,
    sql::micros,
};

const CONTEXT: &[u8] = b"sealing_keys";
const CANARY: &[u8] = b"This key fits.";

/// The database was sealed with keys that are not given.
pub(crate) struct Mismatch {
    /// The ids of those keys, as people read them.
    pub(crate) missing: Vec<String>,
}

/// Whether every key that something may be sealed with is given. A database without a mark takes any key.
pub(crate) fn check(conn: &mut AnyConnection, keys: &KeyRing) -> Result<Result<(), Mismatch>, Error> {
    let marks: Vec<(Vec<u8>, Vec<u8>)> = sealing_keys::table
        .select((sealing_keys::id, sealing_keys::canary))
        .order(sealing_keys::created_at.desc())
        .load(conn)?;
    let is_missing = |canary: &[u8]| keys.open(CONTEXT, canary).is_err();
    let missing: Vec<_> = marks.iter().filter(|(_, canary)| is_missing(canary)).map(|(id, _)| hex(id)).collect();
    Ok(if missing.is_empty() { Ok(()) } else { Err(Mismatch { missing }) })
}

/// Checks the keys, and leaves the mark of the current one if all others fit.
pub(crate) fn check_and_leave(conn: &mut AnyConnection, keys: &KeyRing) -> Result<Result<(), Mismatch>, Error> {
    let checked = check(conn, keys)?;
    if checked.is_ok() {
        leave(conn, keys)?;
        // Somebody else may have left the mark of another key meanwhile.
        return check(conn, keys);
    }
    Ok(checked)
}

/// Leaves the mark of the current key, if it is not there: before anything is sealed with it that lasts.
pub(crate) fn leave(conn: &mut AnyConnection, keys: &KeyRing) -> diesel::QueryResult<()> {
    let (id, canary) = (keys.current().id(), keys.seal(CONTEXT, CANARY).0);
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
    Ok(())
}

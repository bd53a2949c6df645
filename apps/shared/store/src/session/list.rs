//! The sessions of one person: seen, ended, given another token.

use diesel::{BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl, delete, update};
use domain::{SessionId, UserId};
use jiff::Timestamp;

use crate::{
    Error, Member, Store,
    connection::{now_us, on_conn},
    database::Transaction,
    limited::limited,
    schema::sessions,
    sql::{Id, time},
};

/// More are not shown.
const MOST: i64 = 100;

/// A browser that is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Itself.
    pub id: SessionId,
    /// What the browser calls itself, at most 200 characters.
    pub user_agent: String,
    /// When it signed in.
    pub created_at: Timestamp,
    /// When it was last heard of, to five minutes.
    pub last_seen_at: Timestamp,
}

impl Store {
    /// The member's sessions that have not expired, in every organization, the one seen last first; at most 100.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn sessions(&self, member: &Member) -> Result<Vec<SessionRow>, Error> {
        let user = Id::from(member.user_id);
        self.database
            .read(move |conn| {
                let query = sessions::table
                    .filter(sessions::user_id.eq(user).and(sessions::expires_at.gt(now_us())))
                    .order((sessions::last_seen_at.desc(), sessions::id.desc()))
                    .select((sessions::id, sessions::user_agent, sessions::created_at, sessions::last_seen_at));
                let rows: Vec<(Id, String, i64, i64)> = on_conn!(conn, |conn| limited(query, MOST).load(conn)?);
                let row = |(id, user_agent, created, seen): (Id, String, i64, i64)| SessionRow {
                    id: id.into(),
                    user_agent,
                    created_at: time(created),
                    last_seen_at: time(seen),
                };
                Ok(rows.into_iter().map(row).collect())
            })
            .await
    }

    /// Signs one of the member's browsers out; false if they have no such session.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn revoke_session(&self, member: &Member, session: SessionId) -> Result<bool, Error> {
        let theirs = sessions::user_id.eq(Id::from(member.user_id)).and(sessions::id.eq(Id::from(session)));
        self.database.write(move |tx| Ok(delete(sessions::table.filter(theirs)).execute(tx.conn)? > 0)).await
    }

    /// Signs all of the member's browsers out but this one; tells how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn revoke_other_sessions(&self, member: &Member) -> Result<u64, Error> {
        let (user, session) = (member.user_id, member.session_id);
        self.database.write(move |tx| end_others(tx, user, session)).await
    }
}

/// Ends every session of the user.
pub(crate) fn end_all(tx: &mut Transaction<'_>, user: UserId) -> Result<(), Error> {
    delete(sessions::table.filter(sessions::user_id.eq(Id::from(user)))).execute(tx.conn)?;
    Ok(())
}

/// Gives a session another token and ends the user's others.
pub(crate) fn renew(
    tx: &mut Transaction<'_>,
    user: UserId,
    session: SessionId,
    token_hash: [u8; 32],
) -> Result<(), Error> {
    end_others(tx, user, session)?;
    update(sessions::table.filter(sessions::id.eq(Id::from(session))))
        .set(sessions::token_hash.eq(token_hash.as_slice()))
        .execute(tx.conn)?;
    Ok(())
}

fn end_others(tx: &mut Transaction<'_>, user: UserId, session: SessionId) -> Result<u64, Error> {
    let others = sessions::user_id.eq(Id::from(user)).and(sessions::id.ne(Id::from(session)));
    Ok(delete(sessions::table.filter(others)).execute(tx.conn)? as u64)
}

//! Whoever is signed in, whether they belong to an organization or not.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, delete};
use domain::{Email, SessionId, UserId};

use crate::{
    Error, Store,
    connection::{now_us, on_conn},
    schema::{sessions, users},
    sql::{Id, Word},
};

/// Somebody whose browser is signed in: the proof for what is a person's own, such as their organizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The user.
    pub user_id: UserId,
    /// The user's e-mail address.
    pub email: Email,
    /// The browser.
    pub session_id: SessionId,
}

impl Store {
    /// Who is behind the token with this hash, whatever organization they are signed in to; none if the session
    /// has ended or expired.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn person(&self, token_hash: [u8; 32]) -> Result<Option<Person>, Error> {
        let found: Option<(Id, Id, Word<Email>)> = self
            .database
            .read(move |conn| {
                let query = sessions::table
                    .inner_join(users::table)
                    .filter(sessions::token_hash.eq(token_hash.as_slice()))
                    .filter(sessions::expires_at.gt(now_us()))
                    .select((sessions::id, sessions::user_id, users::email));
                on_conn!(conn, |conn| Ok(query.get_result(conn).optional()?))
            })
            .await?;
        Ok(found.map(|(session, user, Word(email))| Person { user_id: user.into(), email, session_id: session.into() }))
    }

    /// Signs a browser out.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn end_session(&self, person: &Person) -> Result<(), Error> {
        let session = Id::from(person.session_id);
        self.database
            .write(move |tx| {
                delete(sessions::table.filter(sessions::id.eq(session))).execute(tx.conn)?;
                Ok(())
            })
            .await
    }
}

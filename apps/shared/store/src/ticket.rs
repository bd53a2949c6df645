//! Tickets: tokens that are good once and for a while, for one purpose. The database holds their hashes.

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, delete, insert_into,
    sql_types::{Binary, Nullable, Text},
};
use domain::{Email, TicketPurpose, UserId};

use crate::{
    Error, NewMail, Store,
    connection::{now, now_us, on_conn},
    database::Transaction,
    mail,
    schema::{tickets, users},
    sql::{Id, Uuid, Word},
    statement::statement,
};

/// A ticket to be made, and how its token reaches its holder.
#[derive(Clone, Debug)]
pub struct NewTicket {
    /// The SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// The mail that takes it there, queued in the same transaction; none if the browser is given it.
    pub mail: Option<NewMail>,
}

/// A ticket that is still good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// Whose account it is about.
    pub user: UserId,
    /// The account's address.
    pub email: Email,
    /// The address that a change of address is about.
    pub new_email: Option<Email>,
}

impl Store {
    /// What the ticket with this hash is about, if it is good for this purpose. It stays good.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn ticket(&self, purpose: TicketPurpose, token_hash: [u8; 32]) -> Result<Option<Ticket>, Error> {
        type Row = (Id, Word<Email>, Option<Word<Email>>);
        self.database
            .read(move |conn| {
                let query = tickets::table
                    .inner_join(users::table)
                    .filter(tickets::token_hash.eq(token_hash.as_slice()))
                    .filter(tickets::purpose.eq(purpose.as_str()))
                    .filter(tickets::expires_at.gt(now_us()))
                    .select((users::id, users::email, tickets::email));
                let row: Option<Row> = on_conn!(conn, |conn| query.get_result(conn).optional()?);
                Ok(row.map(|(user, email, new)| Ticket {
                    user: user.into(),
                    email: email.0,
                    new_email: new.map(|new| new.0),
                }))
            })
            .await
    }

    /// Makes a ticket that needs no more than its holder.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn issue_ticket(&self, user: UserId, purpose: TicketPurpose, new: NewTicket) -> Result<(), Error> {
        self.database.write(move |tx| issue(tx, user, purpose, &new, None)).await
    }

    /// Uses the ticket up; none if it is not good for this purpose. Of many who try at once, one gets it.
    ///
    /// # Errors
    /// If the database fails; then it stays good.
    pub async fn redeem_ticket(&self, purpose: TicketPurpose, token_hash: [u8; 32]) -> Result<Option<UserId>, Error> {
        self.database.write(move |tx| Ok(redeem(tx, purpose, token_hash)?.map(|(user, _)| user))).await
    }

    /// Deletes the tickets that have expired; tells how many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn forget_expired_tickets(&self) -> Result<u64, Error> {
        let forget = |tx: &mut Transaction<'_>| {
            let now = now(tx.conn)?;
            Ok(delete(tickets::table.filter(tickets::expires_at.le(now))).execute(tx.conn)? as u64)
        };
        self.database.write(forget).await
    }
}

/// Makes a ticket and queues its mail.
pub(crate) fn issue(
    tx: &mut Transaction<'_>,
    user: UserId,
    purpose: TicketPurpose,
    new: &NewTicket,
    email: Option<&Email>,
) -> Result<(), Error> {
    let lifetime = i64::try_from(purpose.lifetime().as_micros()).unwrap_or(i64::MAX);
    let expires_at = now(tx.conn)?.saturating_add(lifetime);
    insert_into(tickets::table)
        .values((
            tickets::token_hash.eq(new.token_hash.as_slice()),
            tickets::purpose.eq(purpose.as_str()),
            tickets::user_id.eq(Id::from(user)),
            tickets::email.eq(email.map(Email::as_str)),
            tickets::expires_at.eq(expires_at),
        ))
        .execute(tx.conn)?;
    if let Some(new) = &new.mail {
        mail::queue(tx, new)?;
    }
    Ok(())
}

/// Uses a ticket up: whose it is, and the address it is about. None if it is not good for this purpose.
pub(crate) fn redeem(
    tx: &mut Transaction<'_>,
    purpose: TicketPurpose,
    token_hash: [u8; 32],
) -> Result<Option<(UserId, Option<Email>)>, Error> {
    let redeem = statement::<(Uuid, Nullable<Text>)>(
        "DELETE FROM tickets WHERE token_hash = ? AND purpose = ? AND expires_at > now_us() RETURNING user_id, email",
    )
    .bind::<Binary, _>(token_hash.as_slice())
    .bind::<Text, _>(purpose.as_str());
    let row: Option<(Id, Option<Word<Email>>)> = on_conn!(&mut *tx.conn, |conn| redeem.get_result(conn).optional()?);
    Ok(row.map(|(user, email)| (user.into(), email.map(|email| email.0))))
}

/// Makes every ticket of the account void, whatever it is for.
pub(crate) fn void_all(tx: &mut Transaction<'_>, user: UserId) -> Result<(), Error> {
    delete(tickets::table.filter(tickets::user_id.eq(Id::from(user)))).execute(tx.conn)?;
    Ok(())
}

//! The password of an account: changed by who knows it, reset by who gets the account's mail. Either ends the
//! account's other sessions and makes all its tickets void: whoever got in with the old one is out.

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, update};
use domain::{Deed, Email, TicketPurpose, UserId};
use serde_json::json;

use super::email::confirm;
use crate::{
    Error, Member, NewMail, NewTicket, Store, audit, database::Transaction, mail, schema::users, session, sql::Id,
    ticket,
};

impl Store {
    /// Makes a ticket for a new password and queues its mail, if somebody has this address; tells whether.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn request_reset(&self, email: &Email, new: NewTicket) -> Result<bool, Error> {
        let email = email.as_str().to_owned();
        self.database
            .write(move |tx| {
                let user: Option<Id> =
                    users::table.filter(users::email.eq(&email)).select(users::id).first(tx.conn).optional()?;
                let Some(user) = user else { return Ok(false) };
                ticket::issue(tx, user.into(), TicketPurpose::Reset, &new, None)?;
                Ok(true)
            })
            .await
    }

    /// Uses a ticket up for a new password, ends every session of the account and queues the mail that tells
    /// of it. None if the ticket is not good. Whoever got the ticket gets mail there: the address is
    /// confirmed.
    ///
    /// # Errors
    /// If the database fails; then nothing is changed.
    pub async fn reset_password(
        &self,
        token_hash: [u8; 32],
        password_hash: String,
        told: NewMail,
    ) -> Result<Option<UserId>, Error> {
        self.database
            .write(move |tx| {
                let Some((user, _)) = ticket::redeem(tx, TicketPurpose::Reset, token_hash)? else { return Ok(None) };
                set(tx, user, &password_hash)?;
                confirm(tx, user)?;
                session::end_all(tx, user)?;
                mail::queue(tx, &told)?;
                Ok(Some(user))
            })
            .await
    }

    /// Sets a new password, gives this session another token, ends the others and queues the mail that tells
    /// of it.
    ///
    /// # Errors
    /// If the database fails; then nothing is changed.
    pub async fn change_password(
        &self,
        member: &Member,
        password_hash: String,
        token_hash: [u8; 32],
        told: NewMail,
    ) -> Result<(), Error> {
        let (user, session) = (member.user_id, member.session_id);
        self.database
            .write(move |tx| {
                set(tx, user, &password_hash)?;
                session::renew(tx, user, session, token_hash)?;
                mail::queue(tx, &told)?;
                Ok(())
            })
            .await
    }
}

fn set(tx: &mut Transaction<'_>, user: UserId, password_hash: &str) -> Result<(), Error> {
    audit::note_of_person(tx, user, Deed::MemberPasswordChanged, &json!({}))?;
    let password = users::password_hash.eq(password_hash);
    update(users::table.filter(users::id.eq(Id::from(user)))).set(password).execute(tx.conn)?;
    ticket::void_all(tx, user)
}

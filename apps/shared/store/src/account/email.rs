//! The address of an account: confirmed by a link that was sent there, changed by a link that was sent to the
//! new one.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, result::DatabaseErrorKind, update};
use domain::{Deed, Email, TicketPurpose, UserId};
use serde_json::json;

use crate::{
    Error, Member, NewMail, NewTicket, Store, audit, connection::now, database::Transaction, mail, schema::users,
    session, sql::Id, ticket,
};

/// Why an address was not changed.
#[derive(Debug, thiserror::Error)]
pub enum EmailChangeError {
    /// The ticket was used, has expired, or never was.
    #[error("This link is not good any more.")]
    NoTicket,
    /// Somebody has signed up with the address since.
    #[error("There is an account with this e-mail address already.")]
    EmailTaken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<diesel::result::Error> for EmailChangeError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Makes another ticket to confirm the member's address, and queues its mail.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn request_confirmation(&self, member: &Member, new: NewTicket) -> Result<(), Error> {
        self.issue_ticket(member.user_id, TicketPurpose::Confirm, new).await
    }

    /// Uses a ticket up to confirm the address of its account; none if it is not good.
    ///
    /// # Errors
    /// If the database fails; then the ticket stays good.
    pub async fn confirm_email(&self, token_hash: [u8; 32]) -> Result<Option<UserId>, Error> {
        self.database
            .write(move |tx| {
                let Some((user, _)) = ticket::redeem(tx, TicketPurpose::Confirm, token_hash)? else { return Ok(None) };
                confirm(tx, user)?;
                Ok(Some(user))
            })
            .await
    }

    /// Makes a ticket to change the member's address, queues its mail to the new one, and the mail that tells
    /// of it to the old one.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn request_email_change(
        &self,
        member: &Member,
        email: Email,
        new: NewTicket,
        told: NewMail,
    ) -> Result<(), Error> {
        let user = member.user_id;
        self.database
            .write(move |tx| {
                ticket::issue(tx, user, TicketPurpose::ChangeEmail, &new, Some(&email))?;
                mail::queue(tx, &told)?;
                Ok(())
            })
            .await
    }

    /// Uses a ticket up to make the address it was sent to that of the account; ends all sessions of the account,
    /// makes all its tickets void, and queues the mail that tells of it.
    ///
    /// # Errors
    /// If the ticket is not good, the address was taken meanwhile, or the database fails; then nothing is
    /// changed.
    pub async fn change_email(&self, token_hash: [u8; 32], told: NewMail) -> Result<UserId, EmailChangeError> {
        self.database
            .write(move |tx| {
                let (user, email) =
                    ticket::redeem(tx, TicketPurpose::ChangeEmail, token_hash)?.ok_or(EmailChangeError::NoTicket)?;
                let email = email.ok_or(EmailChangeError::NoTicket)?;
                let details = json!({ "after": email.as_str() });
                audit::note_of_person(tx, user, Deed::MemberEmailChanged, &details)?;
                let now = now(tx.conn)?;
                let changed = update(users::table.filter(users::id.eq(Id::from(user))))
                    .set((users::email.eq(email.as_str()), users::confirmed_at.eq(now)))
                    .execute(tx.conn);
                match changed {
                    Err(diesel::result::Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
                        return Err(EmailChangeError::EmailTaken);
                    }
                    other => other?,
                };
                ticket::void_all(tx, user)?;
                session::end_all(tx, user)?;
                mail::queue(tx, &told)?;
                Ok(user)
            })
            .await
    }
}

/// Notes that the account's address is confirmed, unless it was already.
pub(crate) fn confirm(tx: &mut Transaction<'_>, user: UserId) -> Result<(), Error> {
    let now = now(tx.conn)?;
    update(users::table.filter(users::id.eq(Id::from(user))).filter(users::confirmed_at.is_null()))
        .set(users::confirmed_at.eq(now))
        .execute(tx.conn)?;
    Ok(())
}

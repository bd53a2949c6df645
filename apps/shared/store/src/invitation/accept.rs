//! Accepting an invitation, with an account that is there or with a new one.

use std::sync::Arc;

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, delete,
    sql_types::{BigInt, Binary, Nullable, Text},
};
use domain::{Actor, Deed, Email, InvitationId, OrganizationId, OverLimit, Role, TicketPurpose, Tiers, UserId};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Change, Error, NewTicket, Person, SignUpError, Store, Tenant, account, audit,
    connection::{AnyConnection, now, on_conn},
    database::Transaction,
    member, organization,
    schema::{invitations, members},
    sql::{Id, Word, time},
    statement::statement,
    ticket, tier,
};

/// An invitation as whoever has its link sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationDetail {
    /// The organization's name.
    pub organization_name: String,
    /// Who was invited.
    pub email: Email,
    /// What they are to be.
    pub role: Role,
    /// Who invited them; none if that account is gone.
    pub invited_by: Option<Email>,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
}

/// Why an invitation was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// There is none with this token, or not any more.
    #[error("This invitation does not hold any more.")]
    Gone,
    /// Whoever accepts belongs there already.
    #[error("{0} is a member already.")]
    AlreadyMember(Email),
    /// There is no place left.
    #[error("{0}")]
    OverLimit(OverLimit),
    /// Nobody was signed up with it.
    #[error(transparent)]
    SignUp(#[from] SignUpError),
}

impl From<Error> for AcceptError {
    fn from(error: Error) -> Self {
        Self::SignUp(error.into())
    }
}

impl From<diesel::result::Error> for AcceptError {
    fn from(error: diesel::result::Error) -> Self {
        Self::SignUp(error.into())
    }
}

impl Store {
    /// The invitation with this token; none if there is none that holds.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn invitation(&self, token_hash: [u8; 32]) -> Result<Option<InvitationDetail>, Error> {
        type RowType = (Text, Text, Text, Nullable<Text>, BigInt);
        type Row = (String, Word<Email>, Word<Role>, Option<Word<Email>>, i64);
        self.database
            .read(move |conn| {
                let query = statement::<RowType>(
                    "SELECT organizations.name, invitations.email, role, users.email, expires_at FROM invitations
                     JOIN organizations ON organizations.id = organization_id LEFT JOIN users ON users.id = invited_by
                     WHERE token_hash = ? AND expires_at > now_us()",
                )
                .bind::<Binary, _>(token_hash.to_vec());
                let found: Option<Row> = on_conn!(conn, |conn| query.get_result(conn).optional()?);
                Ok(found.map(|(organization_name, Word(email), Word(role), by, expires)| InvitationDetail {
                    organization_name,
                    email,
                    role,
                    invited_by: by.map(|Word(by)| by),
                    expires_at: time(expires),
                }))
            })
            .await
    }

    /// Makes whoever is signed in a member, and signs their browser in to the organization: from then on it is
    /// known by another token, the hash of which is `session_hash`.
    ///
    /// # Errors
    /// If the invitation does not hold, if they are a member already, if there is no place left, and if the
    /// database fails. Then nothing is changed.
    pub async fn accept_invitation(
        &self,
        person: &Person,
        token_hash: [u8; 32],
        session_hash: [u8; 32],
    ) -> Result<(), AcceptError> {
        let (person, tiers) = (person.clone(), Arc::clone(&self.tiers));
        self.database
            .write(move |tx| {
                let organization = join(tx, &tiers, person.user_id, &person.email, token_hash)?;
                organization::switch(tx, &person, organization, session_hash)?;
                Ok(())
            })
            .await
    }

    /// Makes an account that belongs to the organization of the invitation, and to no other. Of an address that
    /// the invitation was not sent to, `confirmation` makes the ticket to confirm it.
    ///
    /// # Errors
    /// If the invitation does not hold, if the address is taken, if there is no place left, and if the database
    /// fails. Then nothing is made.
    pub async fn sign_up_invited(
        &self,
        email: Email,
        password_hash: String,
        token_hash: [u8; 32],
        confirmation: NewTicket,
    ) -> Result<UserId, AcceptError> {
        let tiers = Arc::clone(&self.tiers);
        self.database
            .write(move |tx| {
                // Without an invitation nothing is told of the address.
                let (.., invited) = find(tx.conn, token_hash)?.ok_or(AcceptError::Gone)?;
                let user = account::insert(tx, &email, &password_hash)?;
                join(tx, &tiers, user, &email, token_hash)?;
                if invited != email {
                    ticket::issue(tx, user, TicketPurpose::Confirm, &confirmation, None)?;
                }
                Ok(user)
            })
            .await
    }
}

/// Makes the user a member and uses the invitation up. Whoever has the link that was sent to their address gets mail
/// there: it is confirmed.
fn join(
    tx: &mut Transaction<'_>,
    tiers: &Tiers,
    user: UserId,
    email: &Email,
    token_hash: [u8; 32],
) -> Result<OrganizationId, AcceptError> {
    let (organization, ..) = find(tx.conn, token_hash)?.ok_or(AcceptError::Gone)?;
    let standing = tier::lock(tx.conn, organization.into())?.ok_or(AcceptError::Gone)?;
    // Somebody may have accepted it, or taken it back, before the organization was locked.
    let (_, invitation, role, invited) = find(tx.conn, token_hash)?.ok_or(AcceptError::Gone)?;
    let theirs = members::table
        .filter(members::organization_id.eq(Id::from(organization)))
        .filter(members::user_id.eq(Id::from(user)))
        .count();
    if on_conn!(&mut *tx.conn, |conn| theirs.get_result::<i64>(conn)?) > 0 {
        return Err(AcceptError::AlreadyMember(email.clone()));
    }
    // Its place was counted when it was sent; the tier may be another one since.
    let there_are = member::number_of(tx.conn, organization)?;
    tiers.limits(standing.tier).allow_another_member(there_are).map_err(AcceptError::OverLimit)?;
    delete(invitations::table.filter(invitations::id.eq(Id::from(invitation)))).execute(tx.conn)?;
    member::insert(tx, organization, user, role)?;
    if invited == *email {
        account::confirm(tx, user)?;
    }
    let tenant = Tenant::new(organization, Actor::User(user));
    let details = json!({ "role": role.as_str(), "invitation": invitation.to_string() });
    audit::note(tx, &tenant, Deed::MemberJoined, Some(user.0), email.as_str(), &details)?;
    tx.changed(Change::Organization { organization });
    Ok(organization)
}

/// The invitation that holds.
fn find(
    conn: &mut AnyConnection,
    token_hash: [u8; 32],
) -> Result<Option<(OrganizationId, InvitationId, Role, Email)>, Error> {
    let now = now(conn)?;
    let found: Option<(Id, Id, Word<Role>, Word<Email>)> = invitations::table
        .filter(invitations::token_hash.eq(token_hash.as_slice()))
        .filter(invitations::expires_at.gt(now))
        .select((invitations::organization_id, invitations::id, invitations::role, invitations::email))
        .get_result(conn)
        .optional()?;
    Ok(found.map(|(organization, invitation, Word(role), Word(email))| {
        (organization.into(), invitation.into(), role, email)
    }))
}

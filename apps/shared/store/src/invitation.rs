//! Invitations to an organization: sending them, taking them back, listing them. An invitation that is accepted
//! or taken back is deleted; its token is known by its hash only.

mod accept;

use diesel::{
    ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, delete, insert_into,
    sql_types::{BigInt, Nullable, Text},
    update,
};
use domain::{
    Action, Deed, Email, InvitationId, OverLimit, Role,
    invitation::{AGAIN_AFTER, HOLDS, MOST_OPEN},
};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Change, Error, MemberError, NewMail, Store, Tenant, audit,
    connection::{AnyConnection, now, on_conn},
    database::Transaction,
    lease::micros_of,
    mail, member, organization,
    schema::invitations,
    sql::{Id, Uuid, Word, time},
    statement::statement,
    tier,
};

pub use accept::{AcceptError, InvitationDetail};

/// Somebody to be invited.
#[derive(Clone, Debug)]
pub struct NewInvitation {
    /// Who gets the mail.
    pub email: Email,
    /// What they are to be.
    pub role: Role,
    /// The link in the mail.
    pub link: InvitationLink,
}

/// A link that accepts an invitation.
#[derive(Clone, Debug)]
pub struct InvitationLink {
    /// The whole address, with the token in it.
    pub address: String,
    /// The SHA-256 of the token.
    pub token_hash: [u8; 32],
}

/// An invitation that nobody has accepted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRow {
    /// Itself.
    pub id: InvitationId,
    /// Who was invited.
    pub email: Email,
    /// What they are to be.
    pub role: Role,
    /// Who invited them; none if that account is gone.
    pub invited_by: Option<Email>,
    /// When the mail was last sent.
    pub sent_at: Timestamp,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// Whether that time is over.
    pub is_over: bool,
}

/// Why nobody was invited.
#[derive(Debug, thiserror::Error)]
pub enum InviteError {
    /// They belong there already.
    #[error("{0} is a member already.")]
    AlreadyMember(Email),
    /// They have an invitation that holds.
    #[error("{0} is invited already. Send that invitation again, or revoke it.")]
    AlreadyInvited(Email),
    /// It was sent less than a minute ago.
    #[error("This invitation was sent a moment ago. Wait a minute, then send it again.")]
    TooSoon,
    /// More are open than any organization may have.
    #[error("There are {MOST_OPEN} invitations open. Revoke some, or wait until they are accepted.")]
    TooMany,
    /// The tier does not allow another member.
    #[error("{0}")]
    OverLimit(OverLimit),
    /// Whoever asks may not, or there is no such invitation.
    #[error(transparent)]
    Member(#[from] MemberError),
}

impl From<Error> for InviteError {
    fn from(error: Error) -> Self {
        Self::Member(error.into())
    }
}

impl From<diesel::result::Error> for InviteError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Member(Error::from(error).into())
    }
}

impl Store {
    /// Invites somebody: the mail is queued with the invitation.
    ///
    /// # Errors
    /// If they are a member or invited already, if there is no place left, if the actor may not, and if the
    /// database fails. Then nothing is sent.
    pub async fn invite(&self, tenant: &Tenant, new: NewInvitation) -> Result<InvitationId, InviteError> {
        let (tenant, tiers) = (*tenant, self.tiers.clone());
        self.database
            .write(move |tx| {
                let now = now(tx.conn)?;
                let organization = Id::from(tenant.organization());
                let standing = tier::lock(tx.conn, organization)?.ok_or(MemberError::NotFound)?;
                may_give(tx.conn, &tenant, new.role)?;
                if is_member(tx.conn, &tenant, &new.email)? {
                    return Err(InviteError::AlreadyMember(new.email));
                }
                let theirs = invitations::table
                    .filter(invitations::organization_id.eq(organization))
                    .filter(invitations::email.eq(new.email.as_str()));
                let known: Option<i64> = theirs.select(invitations::expires_at).get_result(tx.conn).optional()?;
                if known.is_some_and(|expires| expires > now) {
                    return Err(InviteError::AlreadyInvited(new.email));
                }
                delete(theirs).execute(tx.conn)?;
                have_place(tx.conn, &tenant, tiers.limits(standing.tier), now)?;
                let id = InvitationId::new();
                let user = tenant.actor().user().map(Id::from);
                insert_into(invitations::table)
                    .values((
                        invitations::id.eq(Id::from(id)),
                        invitations::organization_id.eq(organization),
                        invitations::email.eq(new.email.as_str()),
                        invitations::role.eq(new.role.as_str()),
                        invitations::token_hash.eq(new.link.token_hash.as_slice()),
                        invitations::invited_by.eq(user),
                        invitations::created_at.eq(now),
                        invitations::sent_at.eq(now),
                        invitations::expires_at.eq(now + micros_of(HOLDS)),
                    ))
                    .execute(tx.conn)?;
                told(tx, &tenant, id, Deed::InvitationSent, &new.email, new.role)?;
                send(tx, &tenant, new.email, new.role, &new.link.address)?;
                Ok(id)
            })
            .await
    }

    /// Sends an invitation once more, with another link: the one before opens nothing any more. It holds anew.
    ///
    /// # Errors
    /// If it was sent a moment ago, if there is no place left by now, if there is no such invitation, if the actor
    /// may not, and if the database fails.
    pub async fn invite_again(
        &self,
        tenant: &Tenant,
        invitation: InvitationId,
        link: InvitationLink,
    ) -> Result<(), InviteError> {
        let (tenant, tiers) = (*tenant, self.tiers.clone());
        self.database
            .write(move |tx| {
                let now = now(tx.conn)?;
                let organization = Id::from(tenant.organization());
                let standing = tier::lock(tx.conn, organization)?.ok_or(MemberError::NotFound)?;
                let theirs = invitations::table
                    .filter(invitations::id.eq(Id::from(invitation)))
                    .filter(invitations::organization_id.eq(organization));
                type Found = (Word<Email>, Word<Role>, i64, i64);
                let found: Option<Found> = theirs
                    .select((invitations::email, invitations::role, invitations::sent_at, invitations::expires_at))
                    .get_result(tx.conn)
                    .optional()?;
                let (Word(email), Word(role), sent_at, expires_at) = found.ok_or(MemberError::NotFound)?;
                may_give(tx.conn, &tenant, role)?;
                if sent_at > now - micros_of(AGAIN_AFTER) {
                    return Err(InviteError::TooSoon);
                }
                if expires_at <= now {
                    have_place(tx.conn, &tenant, tiers.limits(standing.tier), now)?;
                }
                update(theirs)
                    .set((
                        invitations::token_hash.eq(link.token_hash.as_slice()),
                        invitations::invited_by.eq(tenant.actor().user().map(Id::from)),
                        invitations::sent_at.eq(now),
                        invitations::expires_at.eq(now + micros_of(HOLDS)),
                    ))
                    .execute(tx.conn)?;
                told(tx, &tenant, invitation, Deed::InvitationSentAgain, &email, role)?;
                send(tx, &tenant, email, role, &link.address)
            })
            .await
    }

    /// Takes an invitation back: its link opens nothing any more.
    ///
    /// # Errors
    /// If there is no such invitation, if the actor may not, and if the database fails.
    pub async fn revoke_invitation(&self, tenant: &Tenant, invitation: InvitationId) -> Result<(), InviteError> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let organization = Id::from(tenant.organization());
                tier::lock(tx.conn, organization)?.ok_or(MemberError::NotFound)?;
                member::must(tx.conn, &tenant, Action::Invite)?;
                let theirs = invitations::table
                    .filter(invitations::id.eq(Id::from(invitation)))
                    .filter(invitations::organization_id.eq(organization));
                let found: Option<(Word<Email>, Word<Role>)> =
                    theirs.select((invitations::email, invitations::role)).get_result(tx.conn).optional()?;
                let (Word(email), Word(role)) = found.ok_or(MemberError::NotFound)?;
                delete(theirs).execute(tx.conn)?;
                told(tx, &tenant, invitation, Deed::InvitationRevoked, &email, role)
            })
            .await
    }

    /// The invitations that nobody has accepted, newest first: at most so many as an organization may have open,
    /// and as many that are over.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn invitations(&self, tenant: &Tenant) -> Result<Vec<InvitationRow>, Error> {
        type RowType = (Uuid, Text, Text, Nullable<Text>, BigInt, BigInt, BigInt);
        type Row = (Id, Word<Email>, Word<Role>, Option<Word<Email>>, i64, i64, i64);
        let organization = Id::from(tenant.organization());
        self.database
            .read(move |conn| {
                let query = statement::<RowType>(
                    "SELECT invitations.id, invitations.email, role, users.email, sent_at, expires_at, now_us()
                     FROM invitations LEFT JOIN users ON users.id = invited_by
                     WHERE organization_id = ? ORDER BY invitations.id DESC LIMIT ?",
                )
                .bind::<Uuid, _>(organization)
                .bind::<BigInt, _>(i64::from(MOST_OPEN) * 2);
                let rows: Vec<Row> = on_conn!(conn, |conn| query.load(conn)?);
                let row = |(id, Word(email), Word(role), by, sent, expires, now): Row| InvitationRow {
                    id: id.into(),
                    email,
                    role,
                    invited_by: by.map(|Word(by)| by),
                    sent_at: time(sent),
                    expires_at: time(expires),
                    is_over: expires <= now,
                };
                Ok(rows.into_iter().map(row).collect())
            })
            .await
    }
}

/// Whoever acts may invite, and not to more than they are themselves.
fn may_give(conn: &mut AnyConnection, tenant: &Tenant, role: Role) -> Result<(), MemberError> {
    let by = member::must(conn, tenant, Action::Invite)?;
    domain::role::may_change(by, role, Some(role)).map_err(|reason| MemberError::Forbidden(reason.to_owned()))
}

fn is_member(conn: &mut AnyConnection, tenant: &Tenant, email: &Email) -> Result<bool, Error> {
    let query = statement::<diesel::sql_types::Bool>(
        "SELECT EXISTS (SELECT 1 FROM members JOIN users ON users.id = user_id WHERE organization_id = ? AND email = ?)",
    )
    .bind::<Uuid, _>(Id::from(tenant.organization()))
    .bind::<Text, _>(email.as_str());
    Ok(on_conn!(conn, |conn| query.get_result(conn)?))
}

/// One member more may be invited: members and open invitations are counted alike.
fn have_place(conn: &mut AnyConnection, tenant: &Tenant, limits: &domain::Limits, now: i64) -> Result<(), InviteError> {
    let open = invitations::table
        .filter(invitations::organization_id.eq(Id::from(tenant.organization())))
        .filter(invitations::expires_at.gt(now))
        .count();
    let open: i64 = on_conn!(&mut *conn, |conn| open.get_result(conn)?);
    let open = u32::try_from(open).unwrap_or(u32::MAX);
    if open >= MOST_OPEN {
        return Err(InviteError::TooMany);
    }
    let members = member::number_of(conn, tenant.organization())?;
    limits.allow_another_member(members.saturating_add(open)).map_err(InviteError::OverLimit)
}

fn told(
    tx: &mut Transaction<'_>,
    tenant: &Tenant,
    invitation: InvitationId,
    deed: Deed,
    email: &Email,
    role: Role,
) -> Result<(), InviteError> {
    audit::note(tx, tenant, deed, Some(invitation.0), email.as_str(), &json!({ "role": role.as_str() }))?;
    tx.changed(Change::Organization { organization: tenant.organization() });
    Ok(())
}

fn send(
    tx: &mut Transaction<'_>,
    tenant: &Tenant,
    recipient: Email,
    role: Role,
    link: &str,
) -> Result<(), InviteError> {
    let name = organization::name(tx, tenant.organization())?;
    let by = match tenant.actor().user() {
        Some(user) => member::email(tx.conn, user)?,
        None => None,
    };
    let (subject, text) = domain::invitation::mail(&name, by.as_ref(), role, link);
    let mail = NewMail { key: None, organization: Some(tenant.organization()), recipient, subject, text };
    mail::queue(tx, &mail)?;
    Ok(())
}

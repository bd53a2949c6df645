//! Signing up, and finding who signs in.

mod delete;
mod email;
mod password;

use diesel::{ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, insert_into, result::DatabaseErrorKind};
use domain::{Email, OrganizationId, OrganizationName, Role, TicketPurpose, UserId};

use crate::{
    Error, NewPlan, NewTicket, Store, Tenant,
    connection::{now, on_conn},
    database::Transaction,
    limited::limited,
    member, organization,
    schema::{members, organizations, users},
    sql::Id,
    ticket,
};

pub(crate) use self::email::confirm;
pub use self::{delete::DeleteAccountError, email::EmailChangeError};

/// Somebody who signs up, with an organization of their own.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Where they can be reached.
    pub email: Email,
    /// As argon2 writes it; never the password.
    pub password_hash: String,
    /// The organization that is made with them as its owner.
    pub organization_name: OrganizationName,
    /// A plan that is there from the start.
    pub sample: Option<NewPlan>,
    /// What the address is confirmed with.
    pub confirmation: Option<NewTicket>,
}

/// Why nobody was signed up.
#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// Somebody has this e-mail address already.
    #[error("There is an account with this e-mail address already.")]
    EmailTaken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<diesel::result::Error> for SignUpError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Makes the user, the organization with the user as its owner, the sample plan and the ticket to confirm
    /// the address; all or nothing.
    pub async fn sign_up(&self, new: NewAccount) -> Result<UserId, SignUpError> {
        self.database
            .write(move |tx| {
                let user = insert(tx, &new.email, &new.password_hash)?;
                organization::create(tx, user, &new.organization_name, new.sample.as_ref())?;
                if let Some(confirmation) = &new.confirmation {
                    ticket::issue(tx, user, TicketPurpose::Confirm, confirmation, None)?;
                }
                Ok(user)
            })
            .await
    }

    /// Who has this e-mail address, and the hash of their password; none if nobody has.
    pub async fn password_hash(&self, email: &Email) -> Result<Option<(UserId, String)>, Error> {
        let email = email.as_str().to_owned();
        self.database
            .read(move |conn| {
                let found = users::table
                    .filter(users::email.eq(&email))
                    .select((users::id, users::password_hash))
                    .get_result::<(Id, String)>(conn)
                    .optional()?;
                Ok(found.map(|(id, hash)| (id.into(), hash)))
            })
            .await
    }

    /// How many members the organization has.
    pub async fn number_of_members(&self, tenant: &Tenant) -> Result<u32, Error> {
        let organization = tenant.organization();
        self.database.read(move |conn| member::number_of(conn, organization)).await
    }

    /// The organizations that somebody owns, with their names, the oldest first.
    pub async fn organizations_of_owner(&self, owner: &Email) -> Result<Vec<(OrganizationId, String)>, Error> {
        let owner = owner.as_str().to_owned();
        self.database
            .read(move |conn| {
                let owned = members::table
                    .inner_join(users::table)
                    .inner_join(organizations::table)
                    .filter(users::email.eq(&owner))
                    .filter(members::role.eq(Role::Owner.as_str()))
                    .order(organizations::id)
                    .select((organizations::id, organizations::name));
                let rows: Vec<(Id, String)> = on_conn!(conn, |conn| owned.load(conn)?);
                Ok(rows.into_iter().map(|(id, name)| (id.into(), name)).collect())
            })
            .await
    }

    /// Whoever signed up first; none if nobody has.
    pub async fn oldest_account(&self) -> Result<Option<UserId>, Error> {
        self.database
            .read(|conn| {
                // Ids are ordered by the time they were made.
                let users = users::table.select(users::id).order(users::id);
                Ok(limited(users, 1).get_result::<Id>(conn).optional()?.map(UserId::from))
            })
            .await
    }
}

/// Makes an account that belongs to no organization yet.
pub(crate) fn insert(tx: &mut Transaction<'_>, email: &Email, password_hash: &str) -> Result<UserId, SignUpError> {
    let user = UserId::new();
    let now = now(tx.conn)?;
    let inserted = insert_into(users::table)
        .values((
            users::id.eq(Id::from(user)),
            users::email.eq(email.as_str()),
            users::password_hash.eq(password_hash),
            users::created_at.eq(now),
        ))
        .execute(tx.conn);
    match inserted {
        Err(diesel::result::Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => {
            Err(SignUpError::EmailTaken)
        }
        other => other.map(|_| user).map_err(SignUpError::from),
    }
}

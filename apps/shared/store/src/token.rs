//! API tokens: made, listed, revoked, and the proof that one is good. The database holds their hashes.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, OptionalExtension, QueryDsl, RunQueryDsl, delete, insert_into,
    update,
};
use domain::{
    Action, Actor, Confirmation, Deed, Email, Role, Scope, Tier, TokenId, TokenName, UserId, token::MOST_TOKENS,
};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Error, MemberError, Store, Tenant, audit,
    connection::{now, now_us, on_conn},
    member,
    schema::{members, organizations, tokens, users},
    sql::{Id, Word, micros, time},
    tier,
};

/// How exact `last_used_at` is, in microseconds: a minute, so that using a token seldom writes.
const USED: i64 = 60 * 1_000_000;

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is called.
    pub name: TokenName,
    /// What it allows.
    pub scope: Scope,
    /// When it ends; none for never.
    pub expires_at: Option<Timestamp>,
    /// The SHA-256 of its text.
    pub token_hash: [u8; 32],
}

/// A token in the list of tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRow {
    /// Itself.
    pub id: TokenId,
    /// What it is called.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// Who made it: it acts in their name, and goes when they leave.
    pub created_by: Email,
    /// When.
    pub created_at: Timestamp,
    /// When it ends; none for never. It may be over.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to the minute; none before the first time.
    pub last_used_at: Option<Timestamp>,
}

/// Why no token was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateTokenError {
    /// There are as many as an organization may have.
    #[error("An organization has at most {MOST_TOKENS} tokens. Revoke one that is not used.")]
    TooMany,
    /// The actor may not.
    #[error(transparent)]
    Member(#[from] MemberError),
}

impl From<Error> for CreateTokenError {
    fn from(error: Error) -> Self {
        Self::Member(error.into())
    }
}

impl From<diesel::result::Error> for CreateTokenError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Member(error.into())
    }
}

/// Whoever holds a token that is good: the proof that makes a [`Tenant`].
#[derive(Clone, Debug)]
pub struct Bearer {
    tenant: Tenant,
    /// The token.
    pub token: TokenId,
    /// What it is called.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// When it ends; none for never.
    pub expires_at: Option<Timestamp>,
    /// What its maker may now: what the token allows goes no further.
    pub role: Role,
    /// Who made it.
    pub user_id: UserId,
    /// Their e-mail address.
    pub email: Email,
    /// Whether mail to it reaches them.
    pub confirmation: Confirmation,
    /// The organization's name.
    pub organization_name: String,
    /// What the organization may use.
    pub tier: Tier,
}

impl Bearer {
    /// The organization the token is of.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }
}

/// What a text that came as a token is.
#[derive(Clone, Debug)]
pub enum Presented {
    /// A token that is good.
    Good(Box<Bearer>),
    /// A token that was good until then.
    Expired(Timestamp),
    /// No token, or one that was revoked.
    Unknown,
}

impl Store {
    /// Makes a token that acts in the actor's name.
    ///
    /// # Errors
    /// If there are too many, if the actor may not manage tokens, and if the database fails.
    pub async fn create_token(&self, tenant: &Tenant, new: NewToken) -> Result<TokenId, CreateTokenError> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let organization = Id::from(tenant.organization());
                // Whoever else makes one waits here.
                tier::lock(tx.conn, organization)?.ok_or(MemberError::NotFound)?;
                member::must(tx.conn, &tenant, Action::ManageTokens)?;
                let user = tenant.actor().user().ok_or(MemberError::NotFound)?;
                let of_theirs = tokens::table.filter(tokens::organization_id.eq(organization)).count();
                if on_conn!(&mut *tx.conn, |conn| of_theirs.get_result::<i64>(conn)?) >= i64::from(MOST_TOKENS) {
                    return Err(CreateTokenError::TooMany);
                }
                let id = TokenId::new();
                let now = now(tx.conn)?;
                insert_into(tokens::table)
                    .values((
                        tokens::id.eq(Id::from(id)),
                        tokens::organization_id.eq(organization),
                        tokens::user_id.eq(Id::from(user)),
                        tokens::name.eq(new.name.as_str()),
                        tokens::scope.eq(new.scope.as_str()),
                        tokens::token_hash.eq(new.token_hash.as_slice()),
                        tokens::created_at.eq(now),
                        tokens::expires_at.eq(new.expires_at.map(micros)),
                    ))
                    .execute(tx.conn)?;
                let expires = new.expires_at.map_or("never".to_owned(), |at| at.to_string());
                let details = json!({ "scope": new.scope.as_str(), "expires": expires });
                audit::note(tx, &tenant, Deed::TokenCreated, Some(id.0), new.name.as_str(), &details)?;
                Ok(id)
            })
            .await
    }

    /// The tokens of the organization, newest first, those that are over included: at most [`MOST_TOKENS`].
    ///
    /// # Errors
    /// If the database fails.
    pub async fn tokens(&self, tenant: &Tenant) -> Result<Vec<TokenRow>, Error> {
        type Row = (Id, String, Word<Scope>, Word<Email>, i64, Option<i64>, Option<i64>);
        let organization = Id::from(tenant.organization());
        self.database
            .read(move |conn| {
                let query = tokens::table
                    .inner_join(users::table)
                    .filter(tokens::organization_id.eq(organization))
                    .order(tokens::id.desc())
                    .select((
                        tokens::id,
                        tokens::name,
                        tokens::scope,
                        users::email,
                        tokens::created_at,
                        tokens::expires_at,
                        tokens::last_used_at,
                    ));
                let rows: Vec<Row> = on_conn!(conn, |conn| query.load(conn)?);
                let row = |(id, name, Word(scope), Word(created_by), created_at, expires_at, used): Row| TokenRow {
                    id: id.into(),
                    name,
                    scope,
                    created_by,
                    created_at: time(created_at),
                    expires_at: expires_at.map(time),
                    last_used_at: used.map(time),
                };
                Ok(rows.into_iter().map(row).collect())
            })
            .await
    }

    /// Revokes a token: from now on nobody gets in by it.
    ///
    /// # Errors
    /// If there is no such token, if the actor may not manage tokens, and if the database fails.
    pub async fn revoke_token(&self, tenant: &Tenant, token: TokenId) -> Result<(), MemberError> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let organization = Id::from(tenant.organization());
                let theirs = tokens::id.eq(Id::from(token)).and(tokens::organization_id.eq(organization));
                let name: Option<String> =
                    tokens::table.filter(theirs).select(tokens::name).get_result(tx.conn).optional()?;
                let name = name.ok_or(MemberError::NotFound)?;
                member::must(tx.conn, &tenant, Action::ManageTokens)?;
                audit::note(tx, &tenant, Deed::TokenRevoked, Some(token.0), &name, &json!({}))?;
                delete(tokens::table.filter(theirs)).execute(tx.conn)?;
                Ok(())
            })
            .await
    }

    /// Who is behind the token with this hash.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn bearer(&self, token_hash: [u8; 32]) -> Result<Presented, Error> {
        type Row = (
            (Id, Id, Id, String, Word<Scope>, Option<i64>, Option<i64>),
            (Word<Role>, Word<Email>, Option<i64>, String, Word<Tier>, i64),
        );
        let found: Option<Row> = self
            .database
            .read(move |conn| {
                let member =
                    members::user_id.eq(tokens::user_id).and(members::organization_id.eq(tokens::organization_id));
                let query = tokens::table
                    .inner_join(members::table.on(member))
                    .inner_join(users::table)
                    .inner_join(organizations::table)
                    .filter(tokens::token_hash.eq(token_hash.as_slice()))
                    .select((
                        (
                            tokens::id,
                            tokens::organization_id,
                            tokens::user_id,
                            tokens::name,
                            tokens::scope,
                            tokens::expires_at,
                            tokens::last_used_at,
                        ),
                        (
                            members::role,
                            users::email,
                            users::confirmed_at,
                            organizations::name,
                            organizations::tier,
                            now_us(),
                        ),
                    ));
                on_conn!(conn, |conn| Ok(query.get_result(conn).optional()?))
            })
            .await?;
        let Some((of_token, (Word(role), Word(email), confirmed_at, organization_name, Word(tier), now))) = found
        else {
            return Ok(Presented::Unknown);
        };
        let (id, organization, user, name, Word(scope), expires_at, used_at) = of_token;
        if let Some(over) = expires_at.filter(|over| *over <= now) {
            return Ok(Presented::Expired(time(over)));
        }
        if used_at.is_none_or(|used_at| now - used_at > USED) {
            // That it was used is not worth a failure.
            if let Err(error) = self.used_token(id, now).await {
                tracing::warn!(%error, "could not note when a token was last used");
            }
        }
        let actor = Actor::Token { token: id.into(), scope, user: user.into() };
        Ok(Presented::Good(Box::new(Bearer {
            tenant: Tenant::new(organization.into(), actor),
            token: id.into(),
            name,
            scope,
            expires_at: expires_at.map(time),
            role: actor.role(role),
            user_id: user.into(),
            email,
            confirmation: confirmed_at.map_or(Confirmation::Pending, |_| Confirmation::Confirmed),
            organization_name,
            tier,
        })))
    }

    async fn used_token(&self, token: Id, now: i64) -> Result<(), Error> {
        self.database
            .write(move |tx| {
                update(tokens::table.filter(tokens::id.eq(token)))
                    .set(tokens::last_used_at.eq(now))
                    .execute(tx.conn)?;
                Ok(())
            })
            .await
    }
}

//! Signed-in browsers, and the members behind them; who is signed in without an organization stands in `person`.

mod list;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl,
    RunQueryDsl, delete, insert_into, update,
};
use domain::{Actor, Confirmation, Email, Limits, Role, SessionId, Subscription, Tier, UserId};
use jiff::Timestamp;

use crate::{
    Error, Person, Store, Tenant,
    connection::{now, now_us, on_conn},
    schema::{customers, members, organizations, sessions, users},
    sql::{Id, Word, micros},
};

pub use self::list::SessionRow;
pub(crate) use self::list::{end_all, renew};

/// How exact `last_seen_at` is, in microseconds: five minutes, so that reading pages seldom writes.
const SEEN: i64 = 5 * 60 * 1_000_000;

/// A browser that signs in.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The SHA-256 of the token in its cookie.
    pub token_hash: [u8; 32],
    /// What the browser calls itself; cut to 200 characters.
    pub user_agent: String,
    /// When it has to sign in again.
    pub expires_at: Timestamp,
}

/// Somebody who is signed in to an organization: the proof that makes a [`Tenant`].
#[derive(Clone, Debug)]
pub struct Member {
    tenant: Tenant,
    /// The user.
    pub user_id: UserId,
    /// The user's e-mail address.
    pub email: Email,
    /// Whether mail to it reaches them.
    pub confirmation: Confirmation,
    /// What they may do here.
    pub role: Role,
    /// The organization's name.
    pub organization_name: String,
    /// What the organization may use.
    pub tier: Tier,
    /// What it has subscribed to; none if it never did.
    pub subscription: Option<Subscription>,
    /// The browser.
    pub session_id: SessionId,
}

impl Member {
    /// Themselves, whatever organization they are signed in to.
    #[must_use]
    pub fn person(&self) -> Person {
        Person { user_id: self.user_id, email: self.email.clone(), session_id: self.session_id }
    }

    /// The organization they are signed in to.
    #[must_use]
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }
}

impl Store {
    /// What the member's organization may do and use.
    #[must_use]
    pub fn limits(&self, member: &Member) -> &Limits {
        self.tiers.limits(member.tier)
    }

    /// Signs a browser in to the organization that the user was in last (in none if they belong to none), and
    /// forgets the user's sessions that have expired.
    pub async fn create_session(&self, user: UserId, new: NewSession) -> Result<SessionId, Error> {
        let user = Id::from(user);
        self.database
            .write(move |tx| {
                let now = now(tx.conn)?;
                let expired = sessions::user_id.eq(user).and(sessions::expires_at.le(now));
                delete(sessions::table.filter(expired)).execute(tx.conn)?;
                let organization: Option<Id> = members::table
                    .filter(members::user_id.eq(user))
                    .order((members::used_at.desc(), members::created_at, members::organization_id))
                    .select(members::organization_id)
                    .first(tx.conn)
                    .optional()?;
                let id = SessionId::new();
                insert_into(sessions::table)
                    .values((
                        sessions::id.eq(Id::from(id)),
                        sessions::token_hash.eq(new.token_hash.as_slice()),
                        sessions::user_id.eq(user),
                        sessions::organization_id.eq(organization),
                        sessions::user_agent.eq(new.user_agent.chars().take(200).collect::<String>()),
                        sessions::created_at.eq(now),
                        sessions::last_seen_at.eq(now),
                        sessions::expires_at.eq(micros(new.expires_at)),
                    ))
                    .execute(tx.conn)?;
                Ok(id)
            })
            .await
    }

    /// Who is behind the token with this hash; none if the session has ended or expired, and if whoever is signed
    /// in belongs to no organization.
    pub async fn member(&self, token_hash: [u8; 32]) -> Result<Option<Member>, Error> {
        type Row = (Id, Id, Id, (Word<Email>, Option<i64>), Word<Role>, String, (Word<Tier>, Option<String>), i64, i64);
        let found: Option<Row> = self
            .database
            .read(move |conn| {
                let member = members::user_id
                    .eq(sessions::user_id)
                    .and(members::organization_id.nullable().eq(sessions::organization_id));
                let query = sessions::table
                    .inner_join(members::table.on(member))
                    .inner_join(users::table)
                    .inner_join(organizations::table)
                    .left_join(customers::table.on(customers::organization_id.nullable().eq(sessions::organization_id)))
                    .filter(sessions::token_hash.eq(token_hash.as_slice()))
                    .filter(sessions::expires_at.gt(now_us()))
                    .select((
                        sessions::id,
                        members::organization_id,
                        sessions::user_id,
                        (users::email, users::confirmed_at),
                        members::role,
                        organizations::name,
                        (organizations::tier, customers::subscription.nullable()),
                        sessions::last_seen_at,
                        now_us(),
                    ));
                on_conn!(conn, |conn| Ok(query.get_result(conn).optional()?))
            })
            .await?;
        let Some((session, organization, user, email, role, organization_name, paid, seen_at, now)) = found else {
            return Ok(None);
        };
        if now - seen_at > SEEN {
            // That somebody was here is not worth an error page.
            if let Err(error) = self.seen(session, now).await {
                tracing::warn!(%error, "could not note when a session was last seen");
            }
        }
        Ok(Some(Member {
            tenant: Tenant::new(organization.into(), Actor::User(user.into())),
            user_id: user.into(),
            email: email.0.0,
            confirmation: email.1.map_or(Confirmation::Pending, |_| Confirmation::Confirmed),
            role: role.0,
            organization_name,
            tier: paid.0.0,
            // One that cannot be read keeps nobody out; the next reading of Stripe replaces it.
            subscription: paid.1.and_then(|text| serde_json::from_str(&text).ok()),
            session_id: session.into(),
        }))
    }

    async fn seen(&self, session: Id, now: i64) -> Result<(), Error> {
        self.database
            .write(move |tx| {
                update(sessions::table.filter(sessions::id.eq(session)))
                    .set(sessions::last_seen_at.eq(now))
                    .execute(tx.conn)?;
                Ok(())
            })
            .await
    }
}

//! The organizations that somebody belongs to, and what becomes of each when they leave for good.

use diesel::{ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl, RunQueryDsl};
use domain::{Actor, OrganizationId, Role, Subscription, UserId};

use crate::{
    Error, Member, Store, Tenant,
    connection::{AnyConnection, on_conn},
    schema::{customers, members, organizations},
    sql::{Id, Word},
};

/// An organization that somebody belongs to.
#[derive(Clone, Debug)]
pub struct Membership {
    /// The proof that they may see what is in it.
    pub tenant: Tenant,
    /// Its name.
    pub name: String,
    /// What they may do there.
    pub role: Role,
    /// What becomes of it without them.
    pub without: Without,
}

/// What becomes of an organization when one of its members is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// Others go on.
    Stays,
    /// Nobody is left: it goes with them.
    Goes,
    /// The others would have no owner, so they must not go.
    HasNoOwner,
    /// Nobody is left, and something is still paid for it, so they must not go.
    IsPaidFor,
}

impl Store {
    /// Where the member belongs, by name.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn memberships(&self, member: &Member) -> Result<Vec<Membership>, Error> {
        let user = member.user_id;
        self.database.read(move |conn| of(conn, user)).await
    }
}

/// Where a user belongs, by name.
pub(super) fn of(conn: &mut AnyConnection, user: UserId) -> Result<Vec<Membership>, Error> {
    type Row = (Id, String, Word<Role>, Option<String>);
    let query = members::table
        .inner_join(organizations::table)
        .left_join(customers::table.on(customers::organization_id.eq(members::organization_id)))
        .filter(members::user_id.eq(Id::from(user)))
        .order((organizations::name, organizations::id))
        .select((organizations::id, organizations::name, members::role, customers::subscription.nullable()));
    let rows: Vec<Row> = on_conn!(&mut *conn, |conn| query.load(conn)?);
    let mut memberships = Vec::with_capacity(rows.len());
    for (id, name, role, subscription) in rows {
        let others: Vec<Word<Role>> = members::table
            .filter(members::organization_id.eq(id))
            .filter(members::user_id.ne(Id::from(user)))
            .select(members::role)
            .load(conn)?;
        let subscription = subscription.and_then(|text| serde_json::from_str::<Subscription>(&text).ok());
        let without = match (others.is_empty(), role.0) {
            (true, _) if subscription.is_some_and(|subscription| !subscription.status.is_over()) => Without::IsPaidFor,
            (true, _) => Without::Goes,
            (false, Role::Owner) if others.iter().all(|other| other.0 != Role::Owner) => Without::HasNoOwner,
            (false, _) => Without::Stays,
        };
        let tenant = Tenant::new(OrganizationId::from(id), Actor::User(user));
        memberships.push(Membership { tenant, name, role: role.0, without });
    }
    Ok(memberships)
}

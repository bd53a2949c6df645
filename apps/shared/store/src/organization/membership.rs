//! The organizations that somebody belongs to, and what becomes of each when they leave for good.

use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Nullable, Text},
};
use domain::{Actor, OrganizationId, Role, Subscription, UserId};

use crate::{
    Error, Person, Store, Tenant,
    connection::{AnyConnection, on_conn},
    sql::{Id, Uuid, Word},
    statement::statement,
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
    /// Nobody is left, and its subscription goes on, so they must not go.
    IsPaidFor,
}

impl Store {
    /// Where somebody belongs, the organization they used last first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn memberships(&self, person: &Person) -> Result<Vec<Membership>, Error> {
        let user = person.user_id;
        self.database.read(move |conn| of(conn, user)).await
    }
}

/// As [`Store::memberships`], of a user.
pub(crate) fn of(conn: &mut AnyConnection, user: UserId) -> Result<Vec<Membership>, Error> {
    type RowType = (Uuid, Text, Text, Nullable<Text>, BigInt, BigInt);
    type Row = (Id, String, Word<Role>, Option<String>, i64, i64);
    let query = statement::<RowType>(
        "SELECT organizations.id, name, role, subscription,
                (SELECT count(*) FROM members AS others
                 WHERE others.organization_id = members.organization_id AND others.user_id <> members.user_id),
                (SELECT count(*) FROM members AS others
                 WHERE others.organization_id = members.organization_id AND others.user_id <> members.user_id
                   AND others.role = 'owner')
         FROM members JOIN organizations ON organizations.id = members.organization_id
                      LEFT JOIN customers ON customers.organization_id = members.organization_id
         WHERE members.user_id = ? ORDER BY used_at DESC, members.created_at, members.organization_id",
    )
    .bind::<Uuid, _>(Id::from(user));
    let rows: Vec<Row> = on_conn!(conn, |conn| query.load(conn)?);
    let membership = |(id, name, Word(role), subscription, others, other_owners): Row| Membership {
        tenant: Tenant::new(OrganizationId::from(id), Actor::User(user)),
        name,
        role,
        without: match (others, other_owners) {
            (0, _) if subscription.is_some_and(|text| goes_on(&text)) => Without::IsPaidFor,
            (0, _) => Without::Goes,
            (_, 0) if role == Role::Owner => Without::HasNoOwner,
            _ => Without::Stays,
        },
    };
    Ok(rows.into_iter().map(membership).collect())
}

/// What cannot be read is better kept than paid for by nobody.
fn goes_on(subscription: &str) -> bool {
    serde_json::from_str::<Subscription>(subscription).map_or(true, |subscription| subscription.goes_on())
}

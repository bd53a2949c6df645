//! The organizations of a person: making, renaming and deleting them, changing from one to
//! another.

mod delete;
mod membership;

use diesel::{
    BoolExpressionMethods, ExpressionMethods, QueryDsl, RunQueryDsl, insert_into,
    sql_types::{Binary, Text},
    update,
};
use domain::{Action, Actor, Deed, OrganizationId, OrganizationName, PlanId, Role, Tier, UserId};
use serde_json::json;

use crate::{
    Change, Error, MemberError, NewPlan, Person, Store, Tenant, audit,
    connection::{AnyConnection, now, on_conn},
    database::Transaction,
    member, plan,
    schema::{members, organizations},
    sql::{Id, Uuid},
    statement::statement,
    tier,
};

pub use delete::DeleteOrganizationError;
pub(crate) use delete::remove;
pub(crate) use membership::of as memberships;
pub use membership::{Membership, Without};

impl Store {
    /// Makes an organization with the person as its owner, with a sample plan if one is given.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn create_organization(
        &self,
        person: &Person,
        name: OrganizationName,
        sample: Option<NewPlan>,
    ) -> Result<OrganizationId, Error> {
        let user = person.user_id;
        self.database.write(move |tx| create(tx, user, &name, sample.as_ref())).await
    }

    /// Signs the person's browser in to another one of their organizations. From then on it is known by another
    /// token: the hash of the new one. False if they do not belong there.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn switch_organization(
        &self,
        person: &Person,
        organization: OrganizationId,
        token_hash: [u8; 32],
    ) -> Result<bool, Error> {
        let person = person.clone();
        self.database.write(move |tx| switch(tx, &person, organization, token_hash)).await
    }

    /// Gives the tenant another name.
    ///
    /// # Errors
    /// If the actor may not any more, and if the database fails.
    pub async fn rename_organization(&self, tenant: &Tenant, name: OrganizationName) -> Result<(), MemberError> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let id = Id::from(tenant.organization());
                tier::lock(tx.conn, id)?.ok_or(MemberError::NotFound)?;
                member::must(tx.conn, &tenant, Action::Rename)?;
                let theirs = organizations::table.filter(organizations::id.eq(id));
                let before: String = theirs.select(organizations::name).get_result(tx.conn)?;
                if before == name.as_str() {
                    return Ok(());
                }
                update(theirs).set(organizations::name.eq(name.as_str())).execute(tx.conn)?;
                let thing = Some(tenant.organization().0);
                let details = json!({ "before": before });
                audit::note(tx, &tenant, Deed::OrganizationRenamed, thing, name.as_str(), &details)?;
                tx.changed(Change::Organization { organization: tenant.organization() });
                Ok(())
            })
            .await
    }
}

/// Makes an organization with its owner and, if there is one, its first plan.
pub(crate) fn create(
    tx: &mut Transaction<'_>,
    owner: UserId,
    name: &OrganizationName,
    sample: Option<&NewPlan>,
) -> Result<OrganizationId, Error> {
    let organization = OrganizationId::new();
    let tenant = Tenant::new(organization, Actor::User(owner));
    let now = now(tx.conn)?;
    insert_into(organizations::table)
        .values((
            organizations::id.eq(Id::from(organization)),
            organizations::name.eq(name.as_str()),
            organizations::tier.eq(Tier::Free.as_str()),
            organizations::created_at.eq(now),
        ))
        .execute(tx.conn)?;
    member::insert(tx, organization, owner, Role::Owner)?;
    audit::note(tx, &tenant, Deed::OrganizationCreated, Some(organization.0), name.as_str(), &json!({}))?;
    if let Some(sample) = sample {
        plan::insert(tx, &tenant, owner, PlanId::new(), sample)?;
    }
    Ok(organization)
}

/// Signs a session in to an organization under a new token; false if its user does not belong there.
pub(crate) fn switch(
    tx: &mut Transaction<'_>,
    person: &Person,
    organization: OrganizationId,
    token_hash: [u8; 32],
) -> Result<bool, Error> {
    let now = now(tx.conn)?;
    let theirs = members::organization_id.eq(Id::from(organization)).and(members::user_id.eq(Id::from(person.user_id)));
    if update(members::table.filter(theirs)).set(members::used_at.eq(now)).execute(tx.conn)? == 0 {
        return Ok(false);
    }
    let session =
        statement::<()>("UPDATE sessions SET organization_id = ?, token_hash = ? WHERE id = ? AND user_id = ?")
            .bind::<Uuid, _>(Id::from(organization))
            .bind::<Binary, _>(token_hash.to_vec())
            .bind::<Uuid, _>(Id::from(person.session_id))
            .bind::<Uuid, _>(Id::from(person.user_id));
    Ok(on_conn!(&mut *tx.conn, |conn| session.execute(conn)?) > 0)
}

/// Lets sessions of an organization go on in another one that their users belong to, or in none: those of one
/// user, or all.
pub(crate) fn move_sessions(
    tx: &mut Transaction<'_>,
    organization: OrganizationId,
    user: Option<UserId>,
) -> Result<(), Error> {
    let (nil, max) = (Id(uuid::Uuid::nil()), Id(uuid::Uuid::max()));
    let (from, to) = user.map_or((nil, max), |user| (user.into(), user.into()));
    let moved = statement::<()>(
        "UPDATE sessions SET organization_id = (
             SELECT organization_id FROM members
             WHERE members.user_id = sessions.user_id AND members.organization_id <> ?
             ORDER BY used_at DESC, created_at, organization_id LIMIT 1)
         WHERE organization_id = ? AND user_id BETWEEN ? AND ?",
    )
    .bind::<Uuid, _>(Id::from(organization))
    .bind::<Uuid, _>(Id::from(organization))
    .bind::<Uuid, _>(from)
    .bind::<Uuid, _>(to);
    on_conn!(&mut *tx.conn, |conn| moved.execute(conn)?);
    Ok(())
}

/// The organizations of a user, which stay as they are until the transaction ends: of two owners who go at once
/// the second is the last, and nobody joins what is about to go.
pub(crate) fn lock_all_of(tx: &mut Transaction<'_>, user: UserId) -> Result<Vec<OrganizationId>, Error> {
    let query = match tx.conn {
        AnyConnection::Postgres(_) => statement::<Uuid>(
            "SELECT id FROM organizations WHERE id IN (SELECT organization_id FROM members WHERE user_id = ?)
             ORDER BY id FOR NO KEY UPDATE",
        ),
        // It has one writer anyway.
        AnyConnection::Sqlite(_) => {
            statement::<Uuid>("SELECT organization_id FROM members WHERE user_id = ? ORDER BY organization_id")
        }
    };
    let query = query.bind::<Uuid, _>(Id::from(user));
    let organizations: Vec<Id> = on_conn!(&mut *tx.conn, |conn| query.load(conn)?);
    Ok(organizations.into_iter().map(OrganizationId::from).collect())
}

/// What an organization is called.
pub(crate) fn name(tx: &mut Transaction<'_>, organization: OrganizationId) -> Result<String, Error> {
    let query =
        statement::<Text>("SELECT name FROM organizations WHERE id = ?").bind::<Uuid, _>(Id::from(organization));
    Ok(on_conn!(&mut *tx.conn, |conn| query.get_result(conn)?))
}

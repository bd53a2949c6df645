//! Deleting an organization with everything that belongs to it.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, delete};
use domain::{Action, OrganizationId, PlanId};

use super::move_sessions;
use crate::{
    Change, Error, MemberError, Store, Tenant,
    connection::on_conn,
    customer,
    database::Transaction,
    member,
    schema::{organizations, plans},
    sql::Id,
    tier,
};

/// Why an organization was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteOrganizationError {
    /// It still pays.
    #[error(
        "There is a subscription that goes on. Cancel it on the page Billing first; then nothing more is charged, and \
         the organization can be deleted."
    )]
    Subscribed,
    /// Whoever asks may not.
    #[error(transparent)]
    Member(#[from] MemberError),
}

impl From<Error> for DeleteOrganizationError {
    fn from(error: Error) -> Self {
        Self::Member(error.into())
    }
}

impl From<diesel::result::Error> for DeleteOrganizationError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Member(Error::from(error).into())
    }
}

impl Store {
    /// Deletes the tenant: its plans with their runs one after the other, at last the rest of it. If the program
    /// ends in between, the organization is still there, with fewer plans, and can be deleted again. Whoever is
    /// signed in to it goes on in another one of their organizations, or in none.
    ///
    /// # Errors
    /// If the actor is no owner any more, if there is a subscription that goes on, and if the database fails.
    pub async fn delete_organization(&self, tenant: &Tenant) -> Result<(), DeleteOrganizationError> {
        let tenant = *tenant;
        self.database.write(move |tx| allow(tx, &tenant)).await?;
        self.empty_organization(&tenant).await?;
        self.database
            .write(move |tx| {
                allow(tx, &tenant)?;
                remove(tx, tenant.organization())?;
                Ok(())
            })
            .await
    }

    /// Deletes the plans with their runs, a few hundred at a time: what is left of an organization is little enough
    /// for one transaction.
    pub(crate) async fn empty_organization(&self, tenant: &Tenant) -> Result<(), Error> {
        let organization = Id::from(tenant.organization());
        let plans: Vec<Id> = self
            .database
            .read(move |conn| {
                let query = plans::table.filter(plans::organization_id.eq(organization)).select(plans::id);
                on_conn!(conn, |conn| Ok(query.load(conn)?))
            })
            .await?;
        for plan in plans {
            self.delete_plan(tenant, PlanId::from(plan)).await?;
        }
        Ok(())
    }
}

/// Deletes an organization, however little or much is still in it.
pub(crate) fn remove(tx: &mut Transaction<'_>, organization: OrganizationId) -> Result<(), Error> {
    move_sessions(tx, organization, None)?;
    delete(organizations::table.filter(organizations::id.eq(Id::from(organization)))).execute(tx.conn)?;
    tx.changed(Change::Organization { organization });
    Ok(())
}

fn allow(tx: &mut Transaction<'_>, tenant: &Tenant) -> Result<(), DeleteOrganizationError> {
    tier::lock(tx.conn, tenant.organization().into())?.ok_or(MemberError::NotFound)?;
    member::must(tx.conn, tenant, Action::DeleteOrganization)?;
    let subscription = customer::subscription(tx.conn, tenant.organization())?;
    if subscription.is_some_and(|subscription| subscription.goes_on()) {
        Err(DeleteOrganizationError::Subscribed)
    } else {
        Ok(())
    }
}

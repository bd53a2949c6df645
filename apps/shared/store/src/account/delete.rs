//! Deleting an account, and the organizations of which nobody is left.

use super::memberships::{self, Membership, Without};
use crate::{
    Error, Member, NewMail, Store, mail, organization,
    schema::{organizations, plans, users},
    sql::Id,
};
use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, delete};

/// Why an account was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteAccountError {
    /// Others would be left without an owner.
    #[error("You are the last owner of {0}, which has other members. Make one of them an owner first, or remove them.")]
    LastOwner(String),
    /// Nobody would be left to end what is paid for.
    #[error("{0} has a subscription. Cancel it first; once it has ended, the account can be deleted.")]
    Subscribed(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<diesel::result::Error> for DeleteAccountError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Deletes the member's account with everything that is theirs alone, and queues the mail that tells of it.
    /// Plans with long histories go first, a few hundred runs at a time; if the program ends between them, the
    /// account is still there and can be deleted again.
    ///
    /// # Errors
    /// If an organization keeps them, or the database fails. Then the account stays.
    pub async fn delete_account(&self, member: &Member, told: NewMail) -> Result<(), DeleteAccountError> {
        let user = member.user_id;
        for membership in leaving(self.memberships(member).await?)? {
            let organization = Id::from(membership.tenant.organization());
            let plans = plans::table.filter(plans::organization_id.eq(organization)).select(plans::id);
            let plans: Vec<Id> = self.database.read(move |conn| Ok(plans.load(conn)?)).await?;
            for plan in plans {
                self.delete_plan(&membership.tenant, plan.into()).await?;
            }
        }
        self.database
            .write(move |tx| {
                organization::lock_all_of(tx, user)?;
                for membership in leaving(memberships::of(tx.conn, user)?)? {
                    let id = organizations::id.eq(Id::from(membership.tenant.organization()));
                    delete(organizations::table.filter(id)).execute(tx.conn)?;
                }
                delete(users::table.filter(users::id.eq(Id::from(user)))).execute(tx.conn)?;
                mail::queue(tx, &told)?;
                Ok(())
            })
            .await
    }
}

/// The organizations that go along.
fn leaving(memberships: Vec<Membership>) -> Result<Vec<Membership>, DeleteAccountError> {
    let mut going = Vec::new();
    for membership in memberships {
        match membership.without {
            Without::HasNoOwner => return Err(DeleteAccountError::LastOwner(membership.name)),
            Without::IsPaidFor => return Err(DeleteAccountError::Subscribed(membership.name)),
            Without::Goes => going.push(membership),
            Without::Stays => {}
        }
    }
    Ok(going)
}

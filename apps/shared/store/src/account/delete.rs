//! Deleting an account, and the organizations of which nobody is left.

use diesel::{ExpressionMethods, QueryDsl, RunQueryDsl, delete};
use domain::Deed;
use serde_json::json;

use crate::{
    Change, Error, Member, Membership, NewMail, Store, Without, audit, mail, organization, schema::users, sql::Id,
};

/// Why an account was not deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteAccountError {
    /// Others would be left without an owner.
    #[error("You are the last owner of {0}, which has other members. Make one of them an owner first, or remove them.")]
    LastOwner(String),
    /// Nobody would be left to end what is paid for.
    #[error(
        "{0} has a subscription that goes on. Cancel it on the page Billing first; then nothing more is charged, and \
         the account can be deleted."
    )]
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
    /// Organizations that nobody else belongs to go first, plan by plan; if the program ends between them, the
    /// account is still there and can be deleted again.
    ///
    /// # Errors
    /// If an organization keeps them, or the database fails. Then the account stays.
    pub async fn delete_account(&self, member: &Member, told: NewMail) -> Result<(), DeleteAccountError> {
        let memberships = self.memberships(&member.person()).await?;
        allow(&memberships)?;
        for membership in memberships.iter().filter(|membership| membership.without == Without::Goes) {
            self.empty_organization(&membership.tenant).await?;
        }
        let member = member.clone();
        self.database
            .write(move |tx| {
                let user = member.user_id;
                organization::lock_all_of(tx, user)?;
                let memberships = organization::memberships(tx.conn, user)?;
                allow(&memberships)?;
                for Membership { tenant, role, without, .. } in memberships {
                    let organization = tenant.organization();
                    if without == Without::Goes {
                        organization::remove(tx, organization)?;
                    } else {
                        let details = json!({ "role": role.as_str(), "account": "deleted" });
                        audit::note(tx, &tenant, Deed::MemberLeft, Some(user.0), member.email.as_str(), &details)?;
                        tx.changed(Change::Organization { organization });
                    }
                }
                delete(users::table.filter(users::id.eq(Id::from(user)))).execute(tx.conn)?;
                mail::queue(tx, &told)?;
                Ok(())
            })
            .await
    }
}

/// Refuses if one of the organizations keeps its member.
fn allow(memberships: &[Membership]) -> Result<(), DeleteAccountError> {
    for Membership { name, without, .. } in memberships {
        match without {
            Without::HasNoOwner => return Err(DeleteAccountError::LastOwner(name.clone())),
            Without::IsPaidFor => return Err(DeleteAccountError::Subscribed(name.clone())),
            Without::Goes | Without::Stays => {}
        }
    }
    Ok(())
}

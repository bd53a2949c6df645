//! Stripe's page on which a member changes how the subscription is paid, pays what is open, and cancels.

use store::Tenant;
use stripe_billing::{
    BillingPortalConfiguration, billing_portal_configuration::ListBillingPortalConfiguration,
    billing_portal_session::CreateBillingPortalSession,
};
use url::Url;

use crate::{
    Billing, Error,
    api::{Errand, fresh_key},
    error::Answer,
};

/// What marks the configuration that is ours, in its metadata.
pub(crate) const OURS: &str = "smokex";

impl Billing {
    /// The address of a page at Stripe on which the tenant manages the subscription. It comes back to
    /// `/billing`.
    ///
    /// # Errors
    /// If the tenant never was about to pay, and if Stripe or the database fails.
    pub async fn portal(&self, tenant: &Tenant) -> Result<Url, Error> {
        let customer = self.store.customer(tenant).await?.ok_or(Error::NotSubscribed)?;
        let errand = self.api.errand();
        let mut create = CreateBillingPortalSession::new().customer(customer.id).return_url(self.page());
        // Without one of ours, the account's own says what can be done there.
        if let Some(ours) = configuration(&errand).await? {
            create = create.configuration(ours.id.to_string());
        }
        let session = errand.write(&create, fresh_key()).await?;
        session.url.parse().map_err(|_| Error::Unreadable(Answer::new("a portal whose address cannot be read")))
    }
}

/// The configuration that is ours; of several, the newest.
pub(crate) async fn configuration(errand: &Errand<'_>) -> Result<Option<BillingPortalConfiguration>, Error> {
    let all = ListBillingPortalConfiguration::new().active(true).limit(100);
    let ours =
        |one: &BillingPortalConfiguration| one.metadata.as_ref().is_some_and(|metadata| metadata.contains_key(OURS));
    Ok(errand.read(&all).await?.data.into_iter().find(ours))
}

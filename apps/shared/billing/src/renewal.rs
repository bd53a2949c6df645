//! Whether a subscription goes on after what is paid.

use store::Tenant;
use stripe::StripeRequest;
use stripe_billing::subscription::{RetrieveSubscription, UpdateSubscription};
use stripe_client_core::{RequestBuilder, StripeMethod};
use stripe_shared::Subscription;

use crate::{
    Billing, Error,
    api::{Errand, fresh_key},
};

impl Billing {
    /// Has the subscription end when what is paid is used up. Until then the tier stays.
    ///
    /// # Errors
    /// If there is no subscription, and if Stripe or the database fails.
    pub async fn cancel(&self, tenant: &Tenant) -> Result<(), Error> {
        let subscription = self.alive(tenant).await?;
        let end = UpdateSubscription::new(subscription).cancel_at_period_end(true);
        let errand = self.api.errand();
        let ended = errand.write(&end, fresh_key()).await;
        self.after(&errand, tenant, ended.map(drop)).await
    }

    /// Has the subscription go on after all.
    ///
    /// # Errors
    /// If there is no subscription, and if Stripe or the database fails.
    pub async fn resume(&self, tenant: &Tenant) -> Result<(), Error> {
        let subscription = self.alive(tenant).await?;
        let errand = self.api.errand();
        let resumed = go_on(&errand, &subscription).await;
        self.after(&errand, tenant, resumed).await
    }

    /// The id of the subscription that is not over, as far as we know.
    async fn alive(&self, tenant: &Tenant) -> Result<String, Error> {
        let subscription = self.store.customer(tenant).await?.and_then(|customer| customer.subscription);
        let alive = subscription.filter(|subscription| !subscription.status.is_over());
        alive.map(|subscription| subscription.id).ok_or(Error::NotSubscribed)
    }

    /// Reads what Stripe has now, whatever came of a write: it may have been done though no answer came, or the
    /// subscription may be over since.
    async fn after(&self, errand: &Errand<'_>, tenant: &Tenant, written: Result<(), Error>) -> Result<(), Error> {
        let read = self.refresh_with(errand, tenant).await;
        written.and(read.map(drop))
    }
}

async fn go_on(errand: &Errand<'_>, id: &str) -> Result<(), Error> {
    let subscription = errand.read(&RetrieveSubscription::new(id)).await?;
    if subscription.cancel_at_period_end {
        let go_on = UpdateSubscription::new(id).cancel_at_period_end(false);
        errand.write(&go_on, fresh_key()).await?;
    } else if subscription.cancel_at.is_some() {
        // The portal sets a date.
        errand.write(&WithoutEnd { subscription: id.to_owned() }, fresh_key()).await?;
    }
    Ok(())
}

/// Takes back the date on which a subscription ends. async-stripe can set one only.
struct WithoutEnd {
    subscription: String,
}

impl StripeRequest for WithoutEnd {
    type Output = Subscription;

    fn build(&self) -> RequestBuilder {
        let path = format!("/subscriptions/{}", self.subscription);
        RequestBuilder { body: Some("cancel_at=".to_owned()), ..RequestBuilder::new(StripeMethod::Post, path) }
    }
}

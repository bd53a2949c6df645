//! Whether a subscription goes on after what is paid.

use domain::Subscription;
use store::{Customer, Tenant};
use stripe_billing::subscription::UpdateSubscription;

use crate::{Billing, Error, api::fresh_key};

impl Billing {
    /// Has the subscription end when what is paid is used up. Until then the tier stays.
    ///
    /// # Errors
    /// If there is no subscription, and if Stripe or the database fails.
    pub async fn cancel(&self, tenant: &Tenant) -> Result<(), Error> {
        self.renew(tenant, Renewal::Off).await.map(drop)
    }

    /// Has the subscription go on after all.
    ///
    /// # Errors
    /// If there is no subscription, if its end was set in another way, and if Stripe or the database fails.
    pub async fn resume(&self, tenant: &Tenant) -> Result<(), Error> {
        let subscription = self.renew(tenant, Renewal::On).await?;
        if subscription.is_some_and(|subscription| subscription.cancel_at.is_some()) {
            return Err(Error::EndStays);
        }
        Ok(())
    }

    async fn renew(&self, tenant: &Tenant, renewal: Renewal) -> Result<Option<Subscription>, Error> {
        let customer = self.store.customer(tenant).await?.ok_or(Error::NotSubscribed)?;
        let subscription = alive(customer).ok_or(Error::NotSubscribed)?;
        let update = UpdateSubscription::new(subscription.id).cancel_at_period_end(renewal == Renewal::Off);
        let updated = self.api.errand().write(&update, fresh_key()).await;
        // Whatever came of it: it may have been done though no answer came, or be over meanwhile.
        let now = self.refresh(tenant).await;
        match updated {
            Ok(_) => Ok(now?.and_then(|customer| customer.subscription)),
            Err(error) => Err(error),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Renewal {
    On,
    Off,
}

fn alive(customer: Customer) -> Option<Subscription> {
    customer.subscription.filter(|subscription| !subscription.status.is_over())
}

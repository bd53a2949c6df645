//! Stripe's page on which somebody subscribes.

use std::collections::HashMap;

use domain::Email;
use store::{Customer, Tenant};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionSubscriptionData,
    ExpireCheckoutSession, ListCheckoutSession,
};
use stripe_core::customer::{CreateCustomer, RetrieveCustomer};
use stripe_product::price::ListPrice;
use stripe_shared::{CheckoutSession, CheckoutSessionMode, CheckoutSessionStatus, Price};
use url::Url;

use crate::{
    Billing, Error,
    api::{Errand, fresh_key, key},
    error::Answer,
    translate::PRO_MONTHLY,
};

/// What metadata names the organization under.
const ORGANIZATION: &str = "organization";

/// What a session's metadata keeps the token of the page under that it was asked from.
const ONCE: &str = "once";

/// The longest token of a page; ours are much shorter.
const LONGEST: usize = 100;

impl Billing {
    /// The address of a page at Stripe on which the tenant can subscribe to the tier pro. It comes back to
    /// `/billing/done?session=…` or, without a subscription, to `/billing`. `once` is a token of the page that asks, a
    /// new one each time that page is made: asked twice with it, Stripe's page is the same one, and of several
    /// pages that were asked for only the last one can be paid on.
    ///
    /// # Errors
    /// If there is a subscription already, and if Stripe or the database fails.
    pub async fn checkout(
        &self,
        tenant: &Tenant,
        email: &Email,
        organization_name: &str,
        once: &str,
    ) -> Result<Url, Error> {
        if once.is_empty() || once.len() > LONGEST {
            return Err(Error::Outdated);
        }
        let errand = self.api.errand();
        let customer = match self.known_customer(&errand, tenant).await? {
            Some(customer) => customer,
            None => self.make_customer(&errand, tenant, email, organization_name, once).await?,
        };
        if customer.subscription.is_some_and(|subscription| !subscription.status.is_over()) {
            return Err(Error::Subscribed);
        }
        if let Some(url) = close_others(&errand, &customer.id, once).await? {
            return Ok(url);
        }
        let price = price(&errand).await?;
        let organization = tenant.organization().to_string();
        let metadata = HashMap::from([(ORGANIZATION.to_owned(), organization.clone())]);
        let create = CreateCheckoutSession::new()
            .mode(CheckoutSessionMode::Subscription)
            .customer(customer.id)
            .client_reference_id(&organization)
            .line_items([CreateCheckoutSessionLineItems {
                price: Some(price.id.to_string()),
                quantity: Some(1),
                ..CreateCheckoutSessionLineItems::new()
            }])
            .subscription_data(CreateCheckoutSessionSubscriptionData {
                metadata: Some(metadata.clone()),
                ..CreateCheckoutSessionSubscriptionData::new()
            })
            .metadata([(ONCE.to_owned(), once.to_owned())].into_iter().chain(metadata).collect::<HashMap<_, _>>())
            .success_url(format!("{}?session={{CHECKOUT_SESSION_ID}}", self.address("billing/done")))
            .cancel_url(self.page());
        address(&errand.write(&create, key(&format!("checkout:{organization}:{once}"))).await?)
    }

    /// The tenant as customer as Stripe has it now; none if there is no such customer (any more).
    async fn known_customer(&self, errand: &Errand<'_>, tenant: &Tenant) -> Result<Option<Customer>, Error> {
        let missing = match self.refresh_with(errand, tenant).await {
            Err(missing @ Error::Missing(_)) => missing,
            known => return known,
        };
        let Some(customer) = self.store.customer(tenant).await? else { return Ok(None) };
        match errand.read(&RetrieveCustomer::new(customer.id.as_str())).await {
            // Another account at Stripe knows other customers.
            Err(Error::Missing(_)) => {
                if let Some(reading) = self.begin_sync(&customer.id).await? {
                    self.store.finish_sync(reading, None, None, self.page().as_str()).await?;
                }
                Ok(None)
            }
            // It was something else.
            _ => Err(missing),
        }
    }

    async fn make_customer(
        &self,
        errand: &Errand<'_>,
        tenant: &Tenant,
        email: &Email,
        organization_name: &str,
        once: &str,
    ) -> Result<Customer, Error> {
        let organization = tenant.organization().to_string();
        let create = CreateCustomer::new()
            .email(email.as_str())
            .name(organization_name)
            .metadata([(ORGANIZATION.to_owned(), organization.clone())].into_iter().collect::<HashMap<_, _>>());
        let made = errand.write(&create, key(&format!("customer:{organization}:{once}"))).await?;
        Ok(self.store.add_customer(tenant, made.id.as_str(), Some(email.as_str())).await?)
    }
}

/// Closes the pages of the customer that are open, so that nobody subscribes twice; but the one that was asked
/// for with this token stays, and is given back.
async fn close_others(errand: &Errand<'_>, customer: &str, once: &str) -> Result<Option<Url>, Error> {
    let open = ListCheckoutSession::new().customer(customer).status(CheckoutSessionStatus::Open).limit(100);
    let mut ours = None;
    for session in errand.read(&open).await?.data {
        if session.metadata.as_ref().is_some_and(|metadata| metadata.get(ONCE).is_some_and(|token| token == once)) {
            ours = Some(address(&session)?);
        } else {
            match errand.write(&ExpireCheckoutSession::new(session.id), fresh_key()).await {
                // It was paid or has expired meanwhile.
                Ok(_) | Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(ours)
}

/// What is subscribed to.
pub(crate) async fn price(errand: &Errand<'_>) -> Result<Price, Error> {
    let list = ListPrice::new().lookup_keys([PRO_MONTHLY.to_owned()]).active(true).limit(1);
    errand.read(&list).await?.data.pop().ok_or(Error::NoPrice)
}

fn address(session: &CheckoutSession) -> Result<Url, Error> {
    let unreadable = |problem: &str| Error::Unreadable(Answer::new(format!("{}: {problem}", session.id)));
    let url = session.url.as_deref().ok_or_else(|| unreadable("a page without an address"))?;
    url.parse().map_err(|_| unreadable("a page whose address cannot be read"))
}

//! Reading a customer at Stripe, and writing down what was read.

use domain::{OpenInvoice, Subscription, SubscriptionStatus};
use jiff::Timestamp;
use store::{Customer, Found, Reading, StripeEvent, Synced, Tenant};
use stripe_billing::{
    invoice::{ListInvoice, RetrieveInvoice},
    subscription::{ListSubscription, ListSubscriptionStatus},
};
use stripe_core::customer::{RetrieveCustomer, RetrieveCustomerReturned};
use stripe_shared::{Invoice, InvoiceStatus, PaymentIntentStatus};

use crate::{Billing, Error, api::Errand, translate};

/// As many of a list as Stripe gives at once.
const MOST: i64 = 100;

impl Billing {
    /// Reads what Stripe has of the tenant now, and does what follows from it. Nothing, if the tenant never was
    /// about to pay.
    ///
    /// # Errors
    /// If Stripe or the database fails; then everything stays as it was.
    pub async fn refresh(&self, tenant: &Tenant) -> Result<Option<Customer>, Error> {
        self.refresh_with(&self.api.errand(), tenant).await
    }

    /// As [`Self::refresh`], as part of an errand.
    pub(crate) async fn refresh_with(&self, errand: &Errand<'_>, tenant: &Tenant) -> Result<Option<Customer>, Error> {
        let Some(customer) = self.store.customer(tenant).await? else { return Ok(None) };
        self.sync(errand, &customer.id, None).await?;
        Ok(self.store.customer(tenant).await?)
    }

    /// Reads what Stripe has of a customer now, and does what follows from it, together with noting the event
    /// that is the reason. None if nobody of ours is that customer.
    pub(crate) async fn sync(
        &self,
        errand: &Errand<'_>,
        customer: &str,
        event: Option<StripeEvent>,
    ) -> Result<Option<Synced>, Error> {
        let Some(reading) = self.begin_sync(customer).await? else { return Ok(None) };
        let found = read(errand, customer).await?;
        Ok(Some(self.store.finish_sync(reading, found, event, self.page().as_str()).await?))
    }

    /// Begins to read a customer; none if nobody of ours is that customer.
    pub(crate) async fn begin_sync(&self, customer: &str) -> Result<Option<Reading>, Error> {
        let reading = self.store.begin_sync(customer).await?;
        Ok(reading.map(|mut reading| {
            reading.now = self.judged_at(reading.now);
            reading
        }))
    }
}

/// None if the customer was deleted.
async fn read(errand: &Errand<'_>, customer: &str) -> Result<Option<Found>, Error> {
    let retrieve = RetrieveCustomer::new(customer);
    let (customer, subscriptions) = tokio::join!(errand.read(&retrieve), subscriptions(errand, customer));
    let RetrieveCustomerReturned::Customer(customer) = customer? else { return Ok(None) };
    let mut subscription = Subscription::that_counts(subscriptions?);
    if let Some(subscription) = &mut subscription
        && matches!(subscription.status, SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid)
        && let Some((since, invoice)) = open_invoice(errand, &subscription.id).await?
    {
        subscription.past_due_since = Some(since);
        subscription.open_invoice = Some(invoice);
    }
    Ok(Some(Found { email: customer.email, subscription }))
}

/// Every subscription that the customer ever had to something of ours.
async fn subscriptions(errand: &Errand<'_>, customer: &str) -> Result<Vec<Subscription>, Error> {
    let all = ListSubscription::new().customer(customer).status(ListSubscriptionStatus::All).limit(MOST);
    let mut page = errand.read(&all).await?;
    let mut found = Vec::new();
    loop {
        found.extend(page.data.iter().filter_map(translate::subscription));
        match page.data.last() {
            Some(last) if page.has_more => {
                page = errand.read(&all.clone().starting_after(last.id.as_str())).await?;
            }
            _ => return Ok(found),
        }
    }
}

/// The oldest invoice of a subscription that is not paid, and since when it waits.
async fn open_invoice(errand: &Errand<'_>, subscription: &str) -> Result<Option<(Timestamp, OpenInvoice)>, Error> {
    let open = ListInvoice::new().subscription(subscription).status(InvoiceStatus::Open).limit(MOST);
    let since = |invoice: &Invoice| invoice.status_transitions.finalized_at.unwrap_or(invoice.created);
    let invoices = errand.read(&open).await?.data;
    let oldest = invoices
        .iter()
        .filter_map(|invoice| Some((since(invoice), invoice.id.as_ref()?.as_str(), invoice)))
        .min_by_key(|(since, id, _)| (*since, *id));
    let Some((since, id, invoice)) = oldest else { return Ok(None) };
    let with_payments = RetrieveInvoice::new(id).expand(["payments.data.payment.payment_intent".to_owned()]);
    let needs_confirmation = needs_confirmation(&errand.read(&with_payments).await?);
    let invoice = OpenInvoice { id: id.to_owned(), url: invoice.hosted_invoice_url.clone(), needs_confirmation };
    Ok(Some((translate::time(since), invoice)))
}

/// Whether a payment of the invoice waits for a person.
fn needs_confirmation(invoice: &Invoice) -> bool {
    let payments = invoice.payments.iter().flat_map(|payments| &payments.data);
    payments
        .filter_map(|payment| payment.payment.payment_intent.as_ref()?.as_object())
        .any(|intent| intent.status == PaymentIntentStatus::RequiresAction)
}

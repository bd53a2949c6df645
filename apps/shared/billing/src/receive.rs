//! Webhooks: Stripe tells that something happened.

use secrecy::ExposeSecret;
use store::{StripeEvent, Synced};
use stripe_webhook::{Webhook, WebhookError};

use crate::{Billing, Error, event::Event};

/// What came of a webhook; all of it is to be answered with 200.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It has had its effect: what Stripe has is here.
    Done,
    /// It has had its effect before.
    Repeated,
    /// It is about nobody of ours.
    Foreign,
    /// It is of a kind that changes nothing here.
    Ignored,
}

/// Why a webhook was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Rejected {
    /// It is not from Stripe, was altered on its way, or is older than five minutes: 400.
    #[error("The signature does not fit.")]
    Signature,
    /// It is from Stripe, and no event: 400.
    #[error("The event cannot be read.")]
    Malformed,
    /// It could not have its effect; 503, so that Stripe tells of it again.
    #[error("The event cannot be taken now: {0}")]
    Unavailable(#[source] Error),
}

impl Billing {
    /// Takes a webhook: `body` exactly as it came, and the header `Stripe-Signature` (empty if there is none).
    ///
    /// # Errors
    /// If it is not to be taken, or could not have its effect; then nothing has changed.
    pub async fn receive(&self, body: &[u8], signature: &str) -> Result<Received, Rejected> {
        let body = str::from_utf8(body).map_err(|_| Rejected::Signature)?;
        if !self.webhook_secrets.iter().any(|secret| fits(body, signature, secret.expose_secret())) {
            return Err(Rejected::Signature);
        }
        let event: Event = serde_json::from_str(body).map_err(|_| Rejected::Malformed)?;
        if !event.is_wanted() {
            return Ok(Received::Ignored);
        }
        let Some(customer) = event.customer() else { return Ok(Received::Foreign) };
        self.take(&event, customer).await.map_err(Rejected::Unavailable)
    }

    async fn take(&self, event: &Event, customer: &str) -> Result<Received, Error> {
        if self.store.knows_stripe_event(&event.id).await? {
            return Ok(Received::Repeated);
        }
        let noted = StripeEvent { id: event.id.clone(), kind: event.kind.clone() };
        Ok(match self.sync(&self.api.errand(), customer, Some(noted)).await? {
            Some(Synced::Written { .. } | Synced::Overtaken) => Received::Done,
            Some(Synced::Repeated) => Received::Repeated,
            Some(Synced::Gone) | None => Received::Foreign,
        })
    }
}

/// Whether one of the signatures was made with the secret, in the last five minutes.
fn fits(body: &str, signature: &str, secret: &str) -> bool {
    // What the library cannot read of an event is read here, once it is known from whom it is.
    matches!(Webhook::construct_event(body, signature, secret), Ok(_) | Err(WebhookError::BadParse(_)))
}

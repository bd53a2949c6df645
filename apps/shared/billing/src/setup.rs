//! What an account at Stripe needs before anything can be sold: the product with its price, what can be done in
//! the portal, and whom to tell of events. What is there already is found again, so that it may be done twice.

mod endpoint;
mod portal;
mod price;
mod product;

use domain::Money;
use runtime::config::BillingConfig;
use secrecy::SecretString;
use url::Url;

use crate::{Error, api::Api};

/// What an account has now.
#[derive(Debug)]
pub struct SetUp {
    /// What is sold.
    pub product: Part,
    /// What it costs.
    pub price: Part,
    /// What can be done in the portal.
    pub portal: Part,
    /// Whom Stripe tells of events.
    pub webhook: Part,
    /// What Stripe signs webhooks with; told only when the endpoint was made.
    pub webhook_secret: Option<SecretString>,
    /// Endpoints at the same address that speak another version of the API, to be deleted once the new one is
    /// in use.
    pub outdated_webhooks: Vec<String>,
}

/// Something that the account has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Stripe's id of it.
    pub id: String,
    /// Whether it was there before.
    pub trace: Trace,
}

/// Whether something was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// It was there as it should be.
    Found,
    /// It was there, otherwise.
    Changed,
    /// It was not there.
    Made,
}

impl Part {
    fn new(id: &impl ToString, trace: Trace) -> Self {
        Self { id: id.to_string(), trace }
    }
}

impl SetUp {
    /// Gives the account what it needs to sell the tier pro at this price a month; `origin` is the address that
    /// people and Stripe reach us at.
    ///
    /// # Errors
    /// If Stripe fails; what was made until then stays, and is found the next time.
    pub async fn perform(config: &BillingConfig, origin: &Url, price: &Money) -> Result<Self, Error> {
        let api = Api::new(config)?;
        let at = |path: &str| {
            let mut url = origin.clone();
            url.set_path(path);
            url
        };
        let product = product::set_up(&api.errand()).await?;
        let price = price::set_up(&api.errand(), &product.id, price).await?;
        let portal = portal::set_up(&api.errand(), &at("billing")).await?;
        let endpoint = endpoint::set_up(&api.errand(), &at("webhooks/stripe")).await?;
        Ok(Self {
            product,
            price,
            portal,
            webhook: endpoint.part,
            webhook_secret: endpoint.secret,
            outdated_webhooks: endpoint.outdated,
        })
    }
}

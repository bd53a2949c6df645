//! Whom Stripe tells of events. The endpoint is found again by its address and the version of the API that it
//! speaks, which cannot be changed afterwards.

use std::{collections::BTreeSet, convert::Infallible, str::FromStr};

use secrecy::SecretString;
use stripe_misc::{
    WebhookEndpoint,
    webhook_endpoint::{
        CreateWebhookEndpoint, CreateWebhookEndpointEnabledEvents, ListWebhookEndpoint, UpdateWebhookEndpoint,
        UpdateWebhookEndpointEnabledEvents,
    },
};
use stripe_shared::version::VERSION;
use url::Url;

use super::{Part, Trace};
use crate::{
    Error,
    api::{Errand, fresh_key},
    event::WANTED,
};

pub(super) struct Endpoint {
    pub(super) part: Part,
    pub(super) secret: Option<SecretString>,
    pub(super) outdated: Vec<String>,
}

pub(super) async fn set_up(errand: &Errand<'_>, address: &Url) -> Result<Endpoint, Error> {
    let all = errand.read(&ListWebhookEndpoint::new().limit(100)).await?.data;
    let ours = all.into_iter().filter(|one| one.url == address.as_str());
    let (current, outdated): (Vec<_>, Vec<_>) =
        ours.partition(|one| one.api_version.as_deref() == Some(VERSION.as_str()));
    let outdated = outdated.iter().map(|one| one.id.to_string()).collect();
    let (part, secret) = match current.into_iter().next() {
        Some(there) if is_as_wanted(&there) => (Part::new(&there.id, Trace::Found), None),
        Some(there) => {
            let events = WANTED.map(named::<UpdateWebhookEndpointEnabledEvents>);
            let update = UpdateWebhookEndpoint::new(there.id).enabled_events(events).disabled(false);
            (Part::new(&errand.write(&update, fresh_key()).await?.id, Trace::Changed), None)
        }
        None => {
            let events = WANTED.map(named::<CreateWebhookEndpointEnabledEvents>);
            let create = CreateWebhookEndpoint::new(events, address.as_str()).api_version(VERSION);
            let made = errand.write(&create, fresh_key()).await?;
            (Part::new(&made.id, Trace::Made), made.secret.map(SecretString::from))
        }
    };
    Ok(Endpoint { part, secret, outdated })
}

fn is_as_wanted(there: &WebhookEndpoint) -> bool {
    let enabled: BTreeSet<&str> = there.enabled_events.iter().map(String::as_str).collect();
    there.status == "enabled" && enabled == BTreeSet::from(WANTED)
}

/// A kind of event as requests name it.
fn named<T: FromStr<Err = Infallible>>(kind: &str) -> T {
    let Ok(named) = kind.parse();
    named
}

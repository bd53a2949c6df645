//! `smokex billing`: what whoever runs a server does at Stripe, and beside it.

mod grant;
mod setup;
mod sweep;

use anyhow::Context;
use runtime::config::{BillingConfig, ServingConfig};
use url::Url;

use crate::{
    arguments::BillingCommand,
    exit::Exit,
    operate::{attempt, operate},
};

/// Does it.
pub fn billing(command: &BillingCommand) -> Exit {
    match command {
        BillingCommand::Setup(arguments) => attempt(setup::setup(arguments)),
        BillingCommand::Grant { organization, tier } => {
            operate(async |store| grant::grant(store, organization, *tier).await)
        }
        BillingCommand::Sweep { json } => operate(async |store| sweep::sweep(store, *json).await),
    }
}

/// The account at Stripe, and the address that people type.
fn account() -> anyhow::Result<(BillingConfig, Url)> {
    let config = BillingConfig::from_env()?.with_context(|| {
        format!(
            "{0} is not set: nothing is sold. Set it to the secret key of an account at Stripe",
            BillingConfig::SECRET_KEY
        )
    })?;
    let serving = ServingConfig::from_env()?;
    Ok((config, serving.origin(serving.listen)))
}

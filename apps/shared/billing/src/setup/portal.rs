//! What can be done in the portal: cancelling at the end of the period, changing the card, looking at invoices.
//! The configuration is found again by its metadata.

use std::collections::HashMap;

use stripe_billing::{
    BillingPortalConfiguration, PortalSubscriptionCancelMode,
    billing_portal_configuration::{
        CreateBillingPortalConfiguration, CreateBillingPortalConfigurationFeatures,
        CreateBillingPortalConfigurationFeaturesSubscriptionCancel,
        CreateBillingPortalConfigurationFeaturesSubscriptionCancelMode, InvoiceListParam, PaymentMethodUpdateParam,
        UpdateBillingPortalConfiguration, UpdateBillingPortalConfigurationFeatures,
        UpdateBillingPortalConfigurationFeaturesSubscriptionCancel,
        UpdateBillingPortalConfigurationFeaturesSubscriptionCancelMode,
    },
};
use url::Url;

use super::{Part, Trace};
use crate::{
    Error,
    api::{Errand, fresh_key},
    portal::{OURS, configuration},
};

pub(super) async fn set_up(errand: &Errand<'_>, back_to: &Url) -> Result<Part, Error> {
    match configuration(errand).await? {
        Some(there) if is_as_wanted(&there, back_to) => Ok(Part::new(&there.id, Trace::Found)),
        Some(there) => {
            let update = UpdateBillingPortalConfiguration::new(there.id)
                .default_return_url(back_to.as_str())
                .features(changed_features());
            let updated = errand.write(&update, fresh_key()).await?;
            Ok(Part::new(&updated.id, Trace::Changed))
        }
        None => {
            let create = CreateBillingPortalConfiguration::new(features())
                .default_return_url(back_to.as_str())
                .metadata(HashMap::from([(OURS.to_owned(), "portal".to_owned())]));
            let made = errand.write(&create, fresh_key()).await?;
            Ok(Part::new(&made.id, Trace::Made))
        }
    }
}

fn is_as_wanted(there: &BillingPortalConfiguration, back_to: &Url) -> bool {
    let features = &there.features;
    there.default_return_url.as_deref() == Some(back_to.as_str())
        && features.subscription_cancel.enabled
        && features.subscription_cancel.mode == PortalSubscriptionCancelMode::AtPeriodEnd
        && features.payment_method_update.enabled
        && features.invoice_history.enabled
}

fn features() -> CreateBillingPortalConfigurationFeatures {
    CreateBillingPortalConfigurationFeatures {
        invoice_history: Some(InvoiceListParam::new(true)),
        payment_method_update: Some(PaymentMethodUpdateParam::new(true)),
        subscription_cancel: Some(CreateBillingPortalConfigurationFeaturesSubscriptionCancel {
            mode: Some(CreateBillingPortalConfigurationFeaturesSubscriptionCancelMode::AtPeriodEnd),
            ..CreateBillingPortalConfigurationFeaturesSubscriptionCancel::new(true)
        }),
        ..CreateBillingPortalConfigurationFeatures::new()
    }
}

fn changed_features() -> UpdateBillingPortalConfigurationFeatures {
    UpdateBillingPortalConfigurationFeatures {
        invoice_history: Some(InvoiceListParam::new(true)),
        payment_method_update: Some(PaymentMethodUpdateParam::new(true)),
        subscription_cancel: Some(UpdateBillingPortalConfigurationFeaturesSubscriptionCancel {
            enabled: Some(true),
            mode: Some(UpdateBillingPortalConfigurationFeaturesSubscriptionCancelMode::AtPeriodEnd),
            ..UpdateBillingPortalConfigurationFeaturesSubscriptionCancel::new()
        }),
        ..UpdateBillingPortalConfigurationFeatures::new()
    }
}

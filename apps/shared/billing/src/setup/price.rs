//! The price: found again by its lookup key. A price never changes; another amount is another price, which
//! takes the key over, and whoever subscribed before goes on paying the old one.

use std::collections::HashMap;

use domain::{Money, Tier};
use stripe_product::price::{CreatePrice, CreatePriceRecurring, CreatePriceRecurringInterval, ListPrice, UpdatePrice};
use stripe_shared::{Price, RecurringInterval};
use stripe_types::Currency;

use super::{Part, Trace};
use crate::{
    Error,
    api::{Errand, fresh_key},
    translate::{PRO_MONTHLY, TIER},
};

pub(super) async fn set_up(errand: &Errand<'_>, product: &str, wanted: &Money) -> Result<Part, Error> {
    let list = ListPrice::new().lookup_keys([PRO_MONTHLY.to_owned()]).active(true).limit(1);
    let metadata = HashMap::from([(TIER.to_owned(), Tier::Pro.to_string())]);
    match errand.read(&list).await?.data.pop() {
        Some(price) if costs(&price, wanted) && price.metadata.get(TIER) == metadata.get(TIER) => {
            Ok(Part::new(&price.id, Trace::Found))
        }
        Some(price) if costs(&price, wanted) => {
            let price = errand.write(&UpdatePrice::new(price.id).metadata(metadata), fresh_key()).await?;
            Ok(Part::new(&price.id, Trace::Changed))
        }
        _ => {
            let Ok(currency) = wanted.currency.parse::<Currency>();
            let create = CreatePrice::new(currency)
                .unit_amount(wanted.amount)
                .recurring(CreatePriceRecurring::new(CreatePriceRecurringInterval::Month))
                .product(product)
                .lookup_key(PRO_MONTHLY)
                .transfer_lookup_key(true)
                .metadata(metadata);
            let price = errand.write(&create, fresh_key()).await?;
            Ok(Part::new(&price.id, Trace::Made))
        }
    }
}

fn costs(price: &Price, wanted: &Money) -> bool {
    price.unit_amount == Some(wanted.amount)
        && price.currency.to_string() == wanted.currency
        && price
            .recurring
            .as_ref()
            .is_some_and(|recurring| recurring.interval == RecurringInterval::Month && recurring.interval_count == 1)
}

//! Stripe's subscriptions in our words.

use domain::{Money, Subscription, SubscriptionStatus, Tier, subscription::Interval};
use jiff::Timestamp;
use stripe_shared::{Price, RecurringInterval};

/// The lookup key of the price of the tier pro, and what it is found by when its metadata does not tell.
pub(crate) const PRO_MONTHLY: &str = "smokex_pro_monthly";

/// What a price's metadata tells its tier under.
pub(crate) const TIER: &str = "tier";

/// A time as Stripe tells it: whole seconds.
pub(crate) fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(if second < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// An amount as Stripe tells it.
pub(crate) fn money(amount: i64, currency: &impl ToString) -> Money {
    Money { amount, currency: currency.to_string() }
}

/// The subscription, if what is subscribed to is a tier of ours: another product may live in the same account.
/// Which invoice is open must be read at Stripe; until then, a payment is overdue since the period began.
pub(crate) fn subscription(theirs: &stripe_shared::Subscription) -> Option<Subscription> {
    let tiers = theirs.items.data.iter().filter_map(|item| Some((tier(&item.price)?, item)));
    let (tier, item) = tiers.max_by_key(|(tier, item)| (Tier::ALL.iter().position(|one| one == tier), item.created))?;
    let status = match theirs.status.as_str().parse::<SubscriptionStatus>() {
        Ok(status) => status,
        Err(error) => {
            tracing::warn!(%error, subscription = %theirs.id, "A subscription has a status that this version does not know");
            return None;
        }
    };
    let overdue = matches!(status, SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid);
    let period_end = time(item.current_period_end);
    let quantity = item.quantity.and_then(|quantity| i64::try_from(quantity).ok()).unwrap_or(1);
    Some(Subscription {
        id: theirs.id.to_string(),
        status,
        tier,
        price: item.price.unit_amount.map(|amount| money(amount.saturating_mul(quantity), &item.price.currency)),
        interval: interval(&item.price),
        created_at: time(theirs.created),
        current_period_end: Some(period_end),
        cancel_at: theirs.cancel_at.map(time).or(theirs.cancel_at_period_end.then_some(period_end)),
        trial_end: theirs.trial_end.map(time),
        past_due_since: overdue.then(|| time(item.current_period_start)),
        open_invoice: None,
        ended_at: theirs.ended_at.map(time),
    })
}

/// The tier that a price is for.
fn tier(price: &Price) -> Option<Tier> {
    match price.metadata.get(TIER) {
        Some(word) => word.parse().ok(),
        None => (price.lookup_key.as_deref() == Some(PRO_MONTHLY)).then_some(Tier::Pro),
    }
}

/// None for what is paid every so many intervals.
fn interval(price: &Price) -> Option<Interval> {
    let recurring = price.recurring.as_ref().filter(|recurring| recurring.interval_count == 1)?;
    match recurring.interval {
        RecurringInterval::Day => Some(Interval::Day),
        RecurringInterval::Week => Some(Interval::Week),
        RecurringInterval::Month => Some(Interval::Month),
        RecurringInterval::Year => Some(Interval::Year),
        _ => None,
    }
}

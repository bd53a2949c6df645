//! What an organization has subscribed to at Stripe, and which tier follows from that.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::Tier;

/// For how long the tier stays in force while a payment is overdue.
pub const GRACE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Where a subscription stands, in Stripe's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    /// The first payment has not come yet.
    Incomplete,
    /// The first payment never came.
    IncompleteExpired,
    /// Nothing has to be paid yet.
    Trialing,
    /// Paid.
    Active,
    /// A payment is overdue and is tried again.
    PastDue,
    /// A payment is overdue and is not tried any more.
    Unpaid,
    /// A trial ended without a way to pay.
    Paused,
    /// Over for good.
    Canceled,
}

crate::state::text_enum!(SubscriptionStatus {
    Incomplete = "incomplete",
    IncompleteExpired = "incomplete_expired",
    Trialing = "trialing",
    Active = "active",
    PastDue = "past_due",
    Unpaid = "unpaid",
    Paused = "paused",
    Canceled = "canceled",
});

impl SubscriptionStatus {
    /// Whether nothing can come of it any more: to have a tier again, a new one is needed.
    #[must_use]
    pub fn is_over(self) -> bool {
        matches!(self, Self::IncompleteExpired | Self::Canceled)
    }
}

/// An amount in the smallest unit of its currency, as Stripe counts: cents of a dollar.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// In the smallest unit.
    pub amount: i64,
    /// Three letters in lower case, such as `usd`.
    pub currency: String,
}

/// How often a price is paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// Every day.
    Day,
    /// Every week.
    Week,
    /// Every month.
    Month,
    /// Every year.
    Year,
}

/// A subscription as Stripe has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// `sub_…`
    pub id: String,
    /// Where it stands.
    pub status: SubscriptionStatus,
    /// The tier that its price is for.
    pub tier: Tier,
    /// What it costs each time; none if the price has no single amount.
    pub price: Option<Money>,
    /// How often it is paid; none for a price that is paid once.
    pub interval: Option<Interval>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is paid, and when the next payment is due.
    pub current_period_end: Option<Timestamp>,
    /// When it will end, because somebody cancelled it; none while it goes on.
    pub cancel_at: Option<Timestamp>,
    /// When the trial ends or ended.
    pub trial_end: Option<Timestamp>,
    /// Since when a payment is overdue: when the oldest open invoice was finalized. None unless `past_due`.
    pub past_due_since: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// The tier that is in force, and for how long if nothing is heard from Stripe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Whose limits hold.
    pub tier: Tier,
    /// When to look again because time alone changes it.
    pub until: Option<Timestamp>,
}

impl Subscription {
    /// When the grace of an overdue payment ends; none unless one is overdue.
    #[must_use]
    pub fn grace_until(&self) -> Option<Timestamp> {
        let since = self.past_due_since.filter(|_| self.status == SubscriptionStatus::PastDue)?;
        Some(since.checked_add(GRACE).unwrap_or(Timestamp::MAX))
    }

    /// The tier that it gives at a time.
    #[must_use]
    pub fn standing(&self, now: Timestamp) -> Standing {
        let none = Standing { tier: Tier::Free, until: None };
        match self.status {
            SubscriptionStatus::Trialing | SubscriptionStatus::Active => Standing { tier: self.tier, until: None },
            SubscriptionStatus::PastDue => match self.grace_until() {
                Some(until) if now < until => Standing { tier: self.tier, until: Some(until) },
                _ => none,
            },
            SubscriptionStatus::Incomplete
            | SubscriptionStatus::IncompleteExpired
            | SubscriptionStatus::Unpaid
            | SubscriptionStatus::Paused
            | SubscriptionStatus::Canceled => none,
        }
    }

    /// The one of a customer's subscriptions that counts: one that is not over before one that is, then the
    /// higher tier, then the one that was made last. In whatever order they come, it is the same one.
    #[must_use]
    pub fn that_counts(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        let weight = |one: &Self| {
            let tier = Tier::ALL.iter().position(|tier| *tier == one.tier);
            (!one.status.is_over(), one.standing(one.created_at).tier != Tier::Free, tier, one.created_at)
        };
        all.into_iter().max_by(|one, other| weight(one).cmp(&weight(other)).then_with(|| one.id.cmp(&other.id)))
    }
}

//! What an organization has subscribed to at Stripe, and which tier follows from that.

#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Money, Tier};

/// For how long the tier stays in force while a payment is overdue.
pub const GRACE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How long before the grace ends its end is told of once more.
pub const GRACE_ENDS_SOON: SignedDuration = SignedDuration::from_hours(2 * 24);

/// How long before a trial ends its end is told of.
pub const TRIAL_ENDS_SOON: SignedDuration = SignedDuration::from_hours(3 * 24);

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

    /// The more it has, the more it counts beside others.
    fn weight(self) -> u8 {
        match self {
            Self::Trialing | Self::Active => 3,
            Self::PastDue => 2,
            Self::Incomplete | Self::Unpaid | Self::Paused => 1,
            Self::IncompleteExpired | Self::Canceled => 0,
        }
    }
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

crate::state::text_enum!(Interval { Day = "day", Week = "week", Month = "month", Year = "year" });

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
    /// Since when a payment is overdue: when the oldest open invoice was finalized. None unless `past_due` or
    /// `unpaid`.
    pub past_due_since: Option<Timestamp>,
    /// The oldest invoice that is not paid. None unless `past_due` or `unpaid`.
    pub open_invoice: Option<OpenInvoice>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// An invoice that waits for its payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenInvoice {
    /// `in_…`
    pub id: String,
    /// Stripe's page on which it can be paid or its payment confirmed.
    pub url: Option<String>,
    /// Whether the bank wants a person to confirm the payment.
    pub needs_confirmation: bool,
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
    /// Whether more will be charged: it is not over, and nobody has cancelled it to its end.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        !self.status.is_over() && self.cancel_at.is_none()
    }

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

    /// The same one, cancelled by then: what becomes of it when its customer is deleted.
    #[must_use]
    pub fn ended(self, by: Timestamp) -> Self {
        if self.status.is_over() {
            return self;
        }
        let over = if self.status == SubscriptionStatus::Incomplete {
            SubscriptionStatus::IncompleteExpired
        } else {
            SubscriptionStatus::Canceled
        };
        Self {
            status: over,
            past_due_since: None,
            open_invoice: None,
            ended_at: Some(self.ended_at.unwrap_or(by)),
            ..self
        }
    }

    /// When to look at it again, because something is due then though nothing is heard from Stripe: another
    /// tier, or a notice. Always after `now`.
    #[must_use]
    pub fn review_at(&self, now: Timestamp) -> Option<Timestamp> {
        let before = |end: Timestamp, soon| end.checked_sub(soon).unwrap_or(Timestamp::MIN);
        let grace = self.grace_until();
        let trial = self.trial_end.filter(|_| self.status == SubscriptionStatus::Trialing);
        [grace.map(|end| before(end, GRACE_ENDS_SOON)), grace, trial.map(|end| before(end, TRIAL_ENDS_SOON))]
            .into_iter()
            .flatten()
            .filter(|at| *at > now)
            .min()
    }

    /// The one of a customer's subscriptions that counts: one that is paid (or need not be yet) before one that
    /// is overdue, before one that gives nothing, before one that is over; then the higher tier; then the one
    /// that was made last. In whatever order they come, and at whatever time, it is the same one.
    #[must_use]
    pub fn that_counts(all: impl IntoIterator<Item = Self>) -> Option<Self> {
        let weight = |one: &Self| {
            let tier = Tier::ALL.iter().position(|tier| *tier == one.tier);
            (one.status.weight(), tier, one.created_at)
        };
        all.into_iter().max_by(|one, other| weight(one).cmp(&weight(other)).then_with(|| one.id.cmp(&other.id)))
    }
}

//! What owners are told about their subscription, and when.
//!
//! A notice follows from how the subscription stands at a time, never from what happened: whoever looks at the
//! same subscription at the same time finds the same notice, and its key sees to it that nobody gets it twice.

use jiff::{SignedDuration, Timestamp};

use crate::{
    MailSubject, Subscription, SubscriptionStatus,
    subscription::{GRACE, GRACE_ENDS_SOON, TRIAL_ENDS_SOON},
};

#[cfg(test)]
mod tests;

/// What is over for longer is no news any more.
const NEWS: SignedDuration = SignedDuration::from_hours(14 * 24);

/// A mail to the owners of an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What it is about: a second one with the same key says nothing new.
    pub key: String,
    /// Its subject.
    pub subject: MailSubject,
    /// Its text, plain.
    pub text: String,
}

/// Why owners are written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Occasion {
    /// The bank wants the payment confirmed; the tier stays until then.
    Confirm(Timestamp),
    /// A payment failed; the tier stays until then.
    Failed(Timestamp),
    /// It is still not paid, and the tier ends soon.
    EndsSoon(Timestamp),
    /// It was not paid, and the tier is free.
    Lapsed,
    /// The trial ends.
    TrialEnds(Timestamp),
    /// The subscription is over.
    Ended,
}

impl Notice {
    /// What the owners of an organization of this name are to know now; `page` is the address of its billing
    /// page. At most one thing at a time: what is superseded is not told any more.
    #[must_use]
    pub fn of(subscription: &Subscription, now: Timestamp, organization: &str, page: &str) -> Option<Self> {
        let occasion = occasion(subscription, now)?;
        let (subject, text) = occasion.words(subscription, organization, page);
        let key = format!("{}:{}", occasion.name(), occasion.about(subscription));
        Some(Self { key, subject: MailSubject::new(&subject), text })
    }
}

fn occasion(subscription: &Subscription, now: Timestamp) -> Option<Occasion> {
    let is_news = |since: Timestamp| now < since.checked_add(NEWS).unwrap_or(Timestamp::MAX);
    let lapsed =
        |since: Timestamp| is_news(since.checked_add(GRACE).unwrap_or(Timestamp::MAX)).then_some(Occasion::Lapsed);
    match subscription.status {
        SubscriptionStatus::PastDue => {
            let until = subscription.grace_until()?;
            let confirm = subscription.open_invoice.as_ref().is_some_and(|invoice| invoice.needs_confirmation);
            if until <= now {
                lapsed(subscription.past_due_since?)
            } else if until.duration_since(now) <= GRACE_ENDS_SOON {
                Some(Occasion::EndsSoon(until))
            } else if confirm {
                Some(Occasion::Confirm(until))
            } else {
                Some(Occasion::Failed(until))
            }
        }
        SubscriptionStatus::Unpaid => lapsed(subscription.past_due_since?),
        SubscriptionStatus::Trialing => {
            let end = subscription.trial_end.filter(|end| *end > now && subscription.cancel_at.is_none())?;
            (end.duration_since(now) <= TRIAL_ENDS_SOON).then_some(Occasion::TrialEnds(end))
        }
        SubscriptionStatus::Canceled => is_news(subscription.ended_at?).then_some(Occasion::Ended),
        SubscriptionStatus::Incomplete
        | SubscriptionStatus::IncompleteExpired
        | SubscriptionStatus::Active
        | SubscriptionStatus::Paused => None,
    }
}

impl Occasion {
    fn name(self) -> &'static str {
        match self {
            Self::Confirm(_) => "payment_confirmation",
            Self::Failed(_) => "payment_failed",
            Self::EndsSoon(_) => "grace_ends",
            Self::Lapsed => "tier_lapsed",
            Self::TrialEnds(_) => "trial_ends",
            Self::Ended => "subscription_ended",
        }
    }

    /// The id of the invoice or the subscription; with the time if that may be put off.
    fn about(self, subscription: &Subscription) -> String {
        match self {
            Self::TrialEnds(end) => format!("{}:{}", subscription.id, end.as_second()),
            Self::Ended => subscription.id.clone(),
            Self::Confirm(_) | Self::Failed(_) | Self::EndsSoon(_) | Self::Lapsed => {
                subscription.open_invoice.as_ref().map_or(&subscription.id, |invoice| &invoice.id).clone()
            }
        }
    }

    fn words(self, subscription: &Subscription, organization: &str, page: &str) -> (String, String) {
        let tier = subscription.tier;
        let free = "What is beyond the limits of the free tier is kept but does not run, and history that is older \
                    than the free tier keeps is deleted.";
        let (subject, text) = match self {
            Self::Confirm(until) => (
                format!("Confirm the payment for {organization}"),
                format!(
                    "your bank wants you to confirm the payment for the {tier} tier of {organization}. Until then it is \
                     not paid.\n\nConfirm it here:\n{page}\n\nUntil {} nothing changes. If it is not paid by then, \
                     {organization} goes on with the free tier. {free}",
                    moment(until)
                ),
            ),
            Self::Failed(until) => (
                format!("The payment for {organization} failed"),
                format!(
                    "the payment for the {tier} tier of {organization} failed. It is tried again in the next days. If \
                     your card has expired or was replaced, enter the new one here:\n{page}\n\nUntil {} nothing changes. \
                     If it is not paid by then, {organization} goes on with the free tier. {free}",
                    moment(until)
                ),
            ),
            Self::EndsSoon(until) => (
                format!("The {tier} tier of {organization} ends soon: it is not paid"),
                format!(
                    "the {tier} tier of {organization} is still not paid, and ends on {}. Pay here, or enter another \
                     card:\n{page}\n\nIf it is not paid by then, {organization} goes on with the free tier. {free}",
                    moment(until)
                ),
            ),
            Self::Lapsed => (
                format!("{organization} is on the free tier now"),
                format!(
                    "the {tier} tier of {organization} was not paid, and its limits do not hold any more: \
                     {organization} is on the free tier now. {free}\n\nAs soon as it is paid, the {tier} tier holds \
                     again. Pay here, or enter another card:\n{page}"
                ),
            ),
            Self::TrialEnds(end) => (
                format!("The trial of {organization} ends on {}", day(end)),
                format!(
                    "the trial of the {tier} tier for {organization} ends on {}. {}If you do not want to go on, cancel \
                     before that, or see to it that there is a card:\n{page}",
                    moment(end),
                    subscription
                        .price
                        .as_ref()
                        .map(|price| format!("From then on it costs {price}{}. ", every(subscription)))
                        .unwrap_or_default(),
                ),
            ),
            Self::Ended => (
                format!("The subscription of {organization} has ended"),
                format!(
                    "the subscription of {organization} to the {tier} tier has ended{}, and nothing more is charged. \
                     {organization} is on the free tier now. {free}\n\nTo subscribe again:\n{page}",
                    subscription.ended_at.map(|at| format!(" on {}", moment(at))).unwrap_or_default()
                ),
            ),
        };
        (subject, format!("Hello,\n\n{text}\n"))
    }
}

fn moment(at: Timestamp) -> String {
    at.strftime("%-d %B %Y at %H:%M UTC").to_string()
}

fn day(at: Timestamp) -> String {
    at.strftime("%-d %B %Y").to_string()
}

fn every(subscription: &Subscription) -> String {
    subscription.interval.map(|interval| format!(" every {interval}")).unwrap_or_default()
}

//! How a subscription stands, in words: for the billing page, and for the line that every page shows to those
//! who can do something about it.

use domain::{Subscription, SubscriptionStatus, Tier};
use jiff::Timestamp;

/// What has to be known of a subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Standing {
    /// How it is drawn.
    pub(crate) state: &'static str,
    /// What is the case.
    pub(crate) sentence: String,
    /// What follows from it, and what to do.
    pub(crate) then: String,
    /// Whether somebody has to do something.
    pub(crate) is_problem: bool,
}

impl Standing {
    /// None if all is well, and nothing is about to end.
    pub(crate) fn of(subscription: &Subscription, now: Timestamp) -> Option<Self> {
        let tier = subscription.tier;
        let problem = |state, sentence: String, then: String| Some(Self { state, sentence, then, is_problem: true });
        let notice = |sentence: String, then: String| Some(Self { state: "paused", sentence, then, is_problem: false });
        match subscription.status {
            SubscriptionStatus::PastDue if subscription.standing(now).tier != Tier::Free => {
                let until = subscription.grace_until().map_or_else(String::new, |until| moment(&until));
                let confirm = subscription.open_invoice.as_ref().is_some_and(|invoice| invoice.needs_confirmation);
                problem(
                    "slow",
                    match confirm {
                        true => "Your bank wants you to confirm a payment.".to_owned(),
                        false => "A payment failed and is overdue.".to_owned(),
                    },
                    format!(
                        "The {tier} tier stays until {until}. Unless it is paid by then, the limits of the free tier \
                         hold from then on."
                    ),
                )
            }
            SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid => problem(
                "failed",
                format!("A payment is overdue, and the limits of the {tier} tier do not hold any more."),
                format!("As soon as it is paid, the {tier} tier holds again, and everything that waits goes on."),
            ),
            SubscriptionStatus::Incomplete => problem(
                "slow",
                "The first payment has not gone through.".to_owned(),
                "Pay it within 23 hours of subscribing; else the subscription lapses, and nothing is charged."
                    .to_owned(),
            ),
            SubscriptionStatus::Paused => problem(
                "failed",
                "The trial is over, and there is no card.".to_owned(),
                format!("With a card the {tier} tier holds again, and everything that waits goes on."),
            ),
            SubscriptionStatus::Active | SubscriptionStatus::Trialing => {
                if let Some(end) = subscription.cancel_at {
                    return notice(
                        format!("The subscription ends on {}.", moment(&end)),
                        format!("Until then the {tier} tier holds, and nothing more is charged."),
                    );
                }
                let end = subscription.trial_end.filter(|end| *end > now)?;
                let price = match (&subscription.price, subscription.interval) {
                    (Some(price), Some(interval)) => format!("From then on it costs {price} every {interval}."),
                    _ => "From then on it is paid.".to_owned(),
                };
                notice(format!("The trial ends on {}.", moment(&end)), price)
            }
            SubscriptionStatus::IncompleteExpired | SubscriptionStatus::Canceled => None,
        }
    }
}

/// `December 6, 2026 at 10:00 UTC`.
pub(crate) fn moment(at: &Timestamp) -> String {
    at.strftime("%B %-d, %Y at %H:%M UTC").to_string()
}

/// `December 6, 2026`, in UTC.
pub(crate) fn day(at: &Timestamp) -> String {
    at.strftime("%B %-d, %Y").to_string()
}

#[cfg(test)]
mod tests {
    use domain::Money;

    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("{text}:00Z").parse().unwrap()
    }

    fn subscription(status: SubscriptionStatus) -> Subscription {
        Subscription {
            id: "sub_1".to_owned(),
            status,
            tier: Tier::Pro,
            price: Some(Money { amount: 3999, currency: "usd".to_owned() }),
            interval: Some(domain::subscription::Interval::Month),
            created_at: at("2026-11-01T10:00"),
            current_period_end: Some(at("2026-12-01T10:00")),
            cancel_at: None,
            trial_end: None,
            past_due_since: Some(at("2026-12-01T10:00")),
            open_invoice: None,
            ended_at: None,
        }
    }

    #[test]
    fn an_overdue_payment_says_until_when_the_tier_stays_and_what_holds_then() {
        let overdue = subscription(SubscriptionStatus::PastDue);
        let standing = Standing::of(&overdue, at("2026-12-02T10:00")).unwrap();
        assert_eq!((standing.state, standing.is_problem), ("slow", true));
        assert!(standing.then.starts_with("The pro tier stays until December 8, 2026 at 10:00 UTC."), "{standing:?}");
        let late = Standing::of(&overdue, at("2026-12-08T10:00")).unwrap();
        assert!(late.sentence.contains("do not hold any more"), "{late:?}");
        assert_eq!(Some(late), Standing::of(&subscription(SubscriptionStatus::Unpaid), at("2026-12-08T10:00")));
    }

    #[test]
    fn an_end_is_told_and_is_no_problem_and_what_is_paid_is_not_mentioned() {
        let now = at("2026-11-02T10:00");
        let active = subscription(SubscriptionStatus::Active);
        assert_eq!(Standing::of(&active, now), None);
        let ends = Subscription { cancel_at: Some(at("2026-12-01T10:00")), ..active.clone() };
        let ends = Standing::of(&ends, now).unwrap();
        assert_eq!(
            (ends.is_problem, ends.sentence.as_str()),
            (false, "The subscription ends on December 1, 2026 at 10:00 UTC.")
        );
        let trial =
            Subscription { status: SubscriptionStatus::Trialing, trial_end: Some(at("2026-11-15T10:00")), ..active };
        let trial = Standing::of(&trial, now).unwrap();
        assert!(trial.sentence.starts_with("The trial ends on November 15, 2026"), "{trial:?}");
        assert!(trial.then.contains("39.99") && trial.then.ends_with("every month."), "{trial:?}");
        assert_eq!(Standing::of(&subscription(SubscriptionStatus::Canceled), now), None);
    }
}

use jiff::ToSpan;
use proptest::prelude::*;

use super::*;
use crate::{Money, OpenInvoice, Tier, subscription::Interval};

const SINCE: &str = "2026-11-29T10:00:00Z";

fn subscription(status: SubscriptionStatus) -> Subscription {
    let since: Timestamp = SINCE.parse().unwrap();
    let overdue = matches!(status, SubscriptionStatus::PastDue | SubscriptionStatus::Unpaid);
    Subscription {
        id: "sub_1".to_owned(),
        status,
        tier: Tier::Pro,
        price: Some(Money { amount: 3999, currency: "usd".to_owned() }),
        interval: Some(Interval::Month),
        created_at: since - 720.hours(),
        current_period_end: None,
        cancel_at: None,
        trial_end: None,
        past_due_since: overdue.then_some(since),
        open_invoice: overdue.then(|| OpenInvoice { id: "in_1".to_owned(), url: None, needs_confirmation: false }),
        ended_at: (status == SubscriptionStatus::Canceled).then_some(since),
    }
}

fn notice(subscription: &Subscription, hours: i64) -> Option<Notice> {
    let now = SINCE.parse::<Timestamp>().unwrap() + hours.hours();
    Notice::of(subscription, now, "Lovelace Ltd", "https://smokex.example.com/billing")
}

fn key(subscription: &Subscription, hours: i64) -> Option<String> {
    notice(subscription, hours).map(|notice| notice.key)
}

#[test]
fn an_overdue_payment_is_told_of_three_times() {
    let overdue = subscription(SubscriptionStatus::PastDue);
    assert_eq!(key(&overdue, 0).unwrap(), "payment_failed:in_1");
    assert_eq!(key(&overdue, 5 * 24 - 1).unwrap(), "payment_failed:in_1");
    assert_eq!(key(&overdue, 5 * 24).unwrap(), "grace_ends:in_1");
    assert_eq!(key(&overdue, 7 * 24 - 1).unwrap(), "grace_ends:in_1");
    assert_eq!(key(&overdue, 7 * 24).unwrap(), "tier_lapsed:in_1");
    assert_eq!(key(&overdue, 60 * 24), None, "it is no news");
}

#[test]
fn a_failed_payment_says_until_when_the_tier_stays_and_what_to_do() {
    let Notice { subject, text, .. } = notice(&subscription(SubscriptionStatus::PastDue), 1).unwrap();
    assert_eq!(subject.as_str(), "The payment for Lovelace Ltd failed");
    assert_eq!(
        text,
        "Hello,\n\nthe payment for the pro tier of Lovelace Ltd failed. It is tried again in the next days. If your card \
         has expired or was replaced, enter the new one here:\nhttps://smokex.example.com/billing\n\nUntil 6 December \
         2026 at 10:00 UTC nothing changes. If it is not paid by then, Lovelace Ltd goes on with the free tier. What is \
         beyond the limits of the free tier is kept but does not run, and history that is older than the free tier keeps \
         is deleted.\n"
    );
}

#[test]
fn a_bank_that_wants_a_person_is_told_of_as_such() {
    let mut overdue = subscription(SubscriptionStatus::PastDue);
    overdue.open_invoice.as_mut().unwrap().needs_confirmation = true;
    let asked = notice(&overdue, 1).unwrap();
    assert_eq!(asked.key, "payment_confirmation:in_1");
    assert!(asked.text.contains("your bank wants you to confirm the payment"), "{}", asked.text);
    assert_eq!(key(&overdue, 6 * 24).unwrap(), "grace_ends:in_1");
}

#[test]
fn unpaid_is_told_like_a_grace_that_is_over() {
    let unpaid = notice(&subscription(SubscriptionStatus::Unpaid), 6 * 24).unwrap();
    assert_eq!(Some(unpaid), notice(&subscription(SubscriptionStatus::PastDue), 7 * 24));
}

#[test]
fn a_trial_is_told_of_in_its_last_three_days_unless_it_was_cancelled() {
    let mut trial = subscription(SubscriptionStatus::Trialing);
    trial.trial_end = Some(SINCE.parse::<Timestamp>().unwrap() + 240.hours());
    assert_eq!(key(&trial, 240 - 73), None);
    let told = notice(&trial, 240 - 72).unwrap();
    assert_eq!(told.key, format!("trial_ends:sub_1:{}", trial.trial_end.unwrap().as_second()));
    assert!(told.text.contains("ends on 9 December 2026 at 10:00 UTC. From then on it costs 39.99 USD every month."));
    assert_eq!(key(&trial, 240), None);
    trial.cancel_at = trial.trial_end;
    assert_eq!(key(&trial, 239), None);
}

#[test]
fn an_ended_subscription_is_told_of_for_two_weeks() {
    let ended = subscription(SubscriptionStatus::Canceled);
    assert_eq!(key(&ended, 1).unwrap(), "subscription_ended:sub_1");
    assert!(notice(&ended, 1).unwrap().text.contains("has ended on 29 November 2026 at 10:00 UTC"));
    assert_eq!(key(&ended, 14 * 24), None);
}

#[test]
fn what_is_as_it_should_be_or_was_never_paid_is_not_told() {
    use SubscriptionStatus::{Active, Incomplete, IncompleteExpired, Paused};
    for status in [Active, Incomplete, IncompleteExpired, Paused] {
        assert_eq!(notice(&subscription(status), 1), None, "{status}");
    }
}

proptest! {
    #[test]
    fn no_notice_comes_up_between_two_reviews(
        status in 0..SubscriptionStatus::ALL.len(), now in 0_i64..1000, later in 0_i64..1000, trial in 0_i64..1000,
    ) {
        let mut subscription = subscription(SubscriptionStatus::ALL[status]);
        let at = |hours: i64| SINCE.parse::<Timestamp>().unwrap() + hours.hours();
        subscription.trial_end = Some(at(trial));
        let review = subscription.review_at(at(now));
        if later >= now && review.is_none_or(|review| at(later) < review) {
            let (before, after) = (key(&subscription, now), key(&subscription, later));
            prop_assert!(after.is_none() || after == before, "{before:?} {after:?}");
        }
    }
}

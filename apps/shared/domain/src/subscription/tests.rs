use jiff::ToSpan;
use proptest::prelude::*;

use super::*;

/// Some day, to the second.
fn times() -> impl Strategy<Value = Timestamp> {
    (1_600_000_000_i64..2_000_000_000).prop_map(|second| Timestamp::from_second(second).unwrap())
}

fn subscriptions() -> impl Strategy<Value = Subscription> {
    (
        ("sub_[a-z]{6}", 0..SubscriptionStatus::ALL.len(), 0..Tier::ALL.len()),
        (times(), proptest::option::of(times()), proptest::option::of(times())),
    )
        .prop_map(|((id, status, tier), (created_at, past_due_since, trial_end))| Subscription {
            id,
            status: SubscriptionStatus::ALL[status],
            tier: Tier::ALL[tier],
            price: None,
            interval: None,
            created_at,
            current_period_end: None,
            cancel_at: None,
            trial_end,
            past_due_since,
            open_invoice: None,
            ended_at: None,
        })
}

proptest! {
    #[test]
    fn a_tier_is_its_own_or_the_free_one(subscription in subscriptions(), now in times()) {
        let tier = subscription.standing(now).tier;
        prop_assert!(tier == subscription.tier || tier == Tier::Free);
        let gives = matches!(
            subscription.status,
            SubscriptionStatus::Trialing | SubscriptionStatus::Active | SubscriptionStatus::PastDue
        );
        prop_assert!(gives || tier == Tier::Free);
    }

    #[test]
    fn a_standing_holds_until_it_says(subscription in subscriptions(), now in times(), later in times()) {
        let standing = subscription.standing(now);
        if later >= now && standing.until.is_none_or(|until| later < until) {
            prop_assert_eq!(subscription.standing(later).tier, standing.tier);
        }
    }

    #[test]
    fn no_tier_changes_between_two_reviews(subscription in subscriptions(), now in times(), later in times()) {
        let review = subscription.review_at(now);
        prop_assert!(review.is_none_or(|review| review > now));
        if later >= now && review.is_none_or(|review| later < review) {
            prop_assert_eq!(subscription.standing(later).tier, subscription.standing(now).tier);
        }
    }

    #[test]
    fn the_one_that_counts_does_not_depend_on_the_order(
        subscriptions in proptest::collection::vec(subscriptions(), 0..6), seed in any::<u64>(),
    ) {
        let chosen = Subscription::that_counts(subscriptions.clone());
        let mut other = subscriptions.clone();
        // Turned and reversed, as the seed says.
        other.rotate_left(usize::try_from(seed % 6).unwrap().min(subscriptions.len()));
        if seed % 2 == 0 {
            other.reverse();
        }
        let again = Subscription::that_counts(other);
        prop_assert_eq!(again.as_ref().map(|one| &one.id), chosen.as_ref().map(|one| &one.id));
        prop_assert_eq!(chosen.is_none(), subscriptions.is_empty());
    }

    #[test]
    fn who_has_paid_never_loses_to_who_has_not(
        subscriptions in proptest::collection::vec(subscriptions(), 1..6), now in times(),
    ) {
        let paid = |one: &Subscription| matches!(one.status, SubscriptionStatus::Trialing | SubscriptionStatus::Active);
        let best = subscriptions.iter().filter(|one| paid(one)).map(|one| one.standing(now).tier as u8).max();
        let chosen = Subscription::that_counts(subscriptions).unwrap();
        if let Some(best) = best {
            prop_assert_eq!(chosen.standing(now).tier as u8, best, "the highest tier that is paid");
        }
    }
}

fn past_due(since: Timestamp) -> Subscription {
    Subscription {
        id: "sub_1".to_owned(),
        status: SubscriptionStatus::PastDue,
        tier: Tier::Pro,
        price: None,
        interval: None,
        created_at: since - 24.hours(),
        current_period_end: None,
        cancel_at: None,
        trial_end: None,
        past_due_since: Some(since),
        open_invoice: None,
        ended_at: None,
    }
}

#[test]
fn an_overdue_payment_leaves_the_tier_for_seven_days() {
    let since: Timestamp = "2026-11-29T10:00:00Z".parse().unwrap();
    let subscription = past_due(since);
    let until: Timestamp = "2026-12-06T10:00:00Z".parse().unwrap();
    assert_eq!(subscription.standing(since), Standing { tier: Tier::Pro, until: Some(until) });
    assert_eq!(subscription.standing(until - 1.second()).tier, Tier::Pro);
    assert_eq!(subscription.standing(until), Standing { tier: Tier::Free, until: None });
}

#[test]
fn it_is_looked_at_again_two_days_before_the_grace_ends_and_at_its_end() {
    let since: Timestamp = "2026-11-29T10:00:00Z".parse().unwrap();
    let subscription = past_due(since);
    let soon: Timestamp = "2026-12-04T10:00:00Z".parse().unwrap();
    assert_eq!(subscription.review_at(since), Some(soon));
    assert_eq!(subscription.review_at(soon), subscription.grace_until());
    assert_eq!(subscription.review_at(subscription.grace_until().unwrap()), None);
}

#[test]
fn of_two_the_newer_one_counts_unless_only_the_older_one_is_paid() {
    let made = |id: &str, status, at: &str| Subscription {
        id: id.to_owned(),
        status,
        created_at: at.parse().unwrap(),
        ..past_due(Timestamp::UNIX_EPOCH)
    };
    let chosen = |all: [Subscription; 2]| Subscription::that_counts(all).unwrap().id;
    let (old, new) = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z");
    use SubscriptionStatus::{Active, Canceled, PastDue};
    assert_eq!(chosen([made("old", Active, old), made("new", Active, new)]), "new");
    assert_eq!(chosen([made("old", Active, old), made("new", PastDue, new)]), "old");
    assert_eq!(chosen([made("old", PastDue, old), made("new", Canceled, new)]), "old");
    assert_eq!(chosen([made("old", Canceled, old), made("new", Canceled, new)]), "new");
}

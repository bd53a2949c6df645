//! Organizations as Stripe's customers: what was read last stays, each event has one effect, and what follows
//! from time follows without Stripe.

use std::{collections::BTreeSet, time::Duration};

use domain::{OpenInvoice, Subscription, SubscriptionStatus, Tier, subscription::GRACE};
use jiff::{SignedDuration, Timestamp, ToSpan};
use store::{Change, Customer, Footing, Found, Member, NewSession, Reading, Store, StripeEvent, Synced};
use testkit::factory;

use crate::raw;

const PAGE: &str = "https://smokex.example.com/billing";

/// A member whose organization is a customer with this id.
pub async fn customer(store: &Store, id: &str) -> Member {
    let member = factory::member(store).await;
    store.add_customer(member.tenant(), id, Some("ada@example.com")).await.unwrap();
    member
}

async fn tier(store: &Store, member: &Member) -> Tier {
    let token_hash = factory::token();
    let expires_at = Timestamp::now() + 1.hour();
    let session = NewSession { token_hash, user_agent: "Tests".to_owned(), expires_at };
    store.create_session(member.user_id, session).await.unwrap();
    store.member(token_hash).await.unwrap().unwrap().tier
}

async fn begin(store: &Store, customer: &str) -> Reading {
    store.begin_sync(customer).await.unwrap().expect("it is a customer of ours")
}

pub fn subscription(status: SubscriptionStatus) -> Subscription {
    Subscription {
        id: "sub_1".to_owned(),
        status,
        tier: Tier::Pro,
        price: None,
        interval: None,
        created_at: Timestamp::from_second(1_790_000_000).unwrap(),
        current_period_end: None,
        cancel_at: None,
        trial_end: None,
        past_due_since: None,
        open_invoice: None,
        ended_at: None,
    }
}

fn past_due(since: Timestamp) -> Subscription {
    Subscription {
        past_due_since: Some(since),
        open_invoice: Some(OpenInvoice { id: "in_1".to_owned(), url: None, needs_confirmation: false }),
        ..subscription(SubscriptionStatus::PastDue)
    }
}

fn found(subscription: Subscription) -> Option<Found> {
    Some(Found { email: Some("ada@example.com".to_owned()), subscription: Some(subscription) })
}

fn event(id: &str) -> Option<StripeEvent> {
    Some(StripeEvent { id: id.to_owned(), kind: "customer.subscription.updated".to_owned() })
}

async fn sync(store: &Store, customer: &str, what: Option<Found>) -> Synced {
    store.finish_sync(begin(store, customer).await, what, None, PAGE).await.unwrap()
}

/// The keys of all mail, without the ids of the owners.
async fn told(store: &Store) -> BTreeSet<String> {
    let keys = store.mails(1000).await.unwrap().into_iter().map(|mail| mail.key.expect("a notice has a key"));
    keys.map(|key| key.rsplit_once(':').unwrap().0.to_owned()).collect()
}

fn names(keys: &[&str]) -> BTreeSet<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

testkit::on_both! {
    async fn what_was_read_is_kept_and_the_tier_follows(database: TestDatabase) {
        let store = database.open().await;
        let member = customer(&store, "cus_1").await;
        assert_eq!(tier(&store, &member).await, Tier::Free);
        let mut changes = store.changes();
        let reading = begin(&store, "cus_1").await;
        let active = subscription(SubscriptionStatus::Active);
        let synced = store.finish_sync(reading.clone(), found(active.clone()), None, PAGE).await.unwrap();
        let Synced::Written { before, after, .. } = synced else { panic!("{synced:?}") };
        assert_eq!(before, Footing { tier: Tier::Free, status: None });
        assert_eq!(after, Footing { tier: Tier::Pro, status: Some(SubscriptionStatus::Active) });
        assert_eq!(tier(&store, &member).await, Tier::Pro);
        let organization = member.tenant().organization();
        assert_eq!(changes.next().await, Change::Organization { organization });
        let kept = store.customer(member.tenant()).await.unwrap().unwrap();
        let email = Some("ada@example.com".to_owned());
        let id = "cus_1".to_owned();
        assert_eq!(
            kept,
            Customer { organization, id, email, subscription: Some(active), synced_at: Some(reading.now) }
        );
        assert_eq!(told(&store).await, names(&[]));
    }

    async fn nobody_sees_the_customer_of_somebody_else(database: TestDatabase) {
        let store = database.open().await;
        customer(&store, "cus_1").await;
        let other = factory::member(&store).await;
        assert_eq!(store.customer(other.tenant()).await.unwrap(), None);
        assert!(store.add_customer(other.tenant(), "cus_1", None).await.is_err(), "one customer, one organization");
        assert_eq!(store.begin_sync("cus_2").await.unwrap(), None);
    }

    async fn whoever_becomes_a_customer_twice_at_once_becomes_one(database: TestDatabase) {
        let store = database.open().await;
        let member = factory::member(&store).await;
        let (one, other) = tokio::join!(
            store.add_customer(member.tenant(), "cus_1", None),
            store.add_customer(member.tenant(), "cus_2", None)
        );
        assert_eq!(one.unwrap(), other.unwrap());
    }

    async fn a_reading_that_began_earlier_and_ends_later_changes_nothing(database: TestDatabase) {
        let store = database.open().await;
        let member = customer(&store, "cus_1").await;
        let (early, late) = (begin(&store, "cus_1").await, begin(&store, "cus_1").await);
        let active = found(subscription(SubscriptionStatus::Active));
        store.finish_sync(late, active, event("evt_2"), PAGE).await.unwrap();
        let canceled = found(subscription(SubscriptionStatus::Canceled));
        let synced = store.finish_sync(early, canceled, event("evt_1"), PAGE).await.unwrap();
        assert_eq!(synced, Synced::Overtaken);
        assert_eq!(tier(&store, &member).await, Tier::Pro);
        // Its event has had all the effect that it will have.
        assert!(store.knows_stripe_event("evt_1").await.unwrap());
    }

    async fn an_event_that_comes_fifty_times_at_once_has_one_effect(database: TestDatabase) {
        let store = database.open().await;
        let member = customer(&store, "cus_1").await;
        let overdue = past_due(store.now().await.unwrap());
        let deliver = || async {
            let reading = begin(&store, "cus_1").await;
            store.finish_sync(reading, found(overdue.clone()), event("evt_1"), PAGE).await.unwrap()
        };
        let outcomes = futures_util::future::join_all((0..50).map(|_| deliver())).await;
        let written = outcomes.iter().filter(|outcome| matches!(outcome, Synced::Written { .. })).count();
        let repeated = outcomes.iter().filter(|outcome| **outcome == Synced::Repeated).count();
        assert_eq!((written, repeated), (1, 49));
        assert_eq!(tier(&store, &member).await, Tier::Pro);
        assert_eq!(store.mails(100).await.unwrap().len(), 1);
    }

    async fn a_grace_ends_without_a_word_from_stripe(database: TestDatabase) {
        let store = database.open().await;
        let member = customer(&store, "cus_1").await;
        let since = store.now().await.unwrap();
        sync(&store, "cus_1", found(past_due(since))).await;
        assert_eq!(told(&store).await, names(&["payment_failed:in_1"]));
        assert_eq!(store.settle_customers(store.now().await.unwrap(), PAGE).await.unwrap(), 0, "nothing is due yet");

        let soon = since + SignedDuration::from_hours(5 * 24);
        assert_eq!(store.settle_customers(soon, PAGE).await.unwrap(), 1);
        assert_eq!(store.settle_customers(soon, PAGE).await.unwrap(), 0, "it is done");
        assert_eq!(told(&store).await, names(&["payment_failed:in_1", "grace_ends:in_1"]));
        assert_eq!(tier(&store, &member).await, Tier::Pro);

        let over = since + GRACE;
        let (one, other) = tokio::join!(store.settle_customers(over, PAGE), store.settle_customers(over, PAGE));
        assert_eq!(one.unwrap() + other.unwrap(), 1, "of two at once one finds it due");
        assert_eq!(tier(&store, &member).await, Tier::Free);
        assert_eq!(told(&store).await, names(&["payment_failed:in_1", "grace_ends:in_1", "tier_lapsed:in_1"]));
        assert_eq!(store.settle_customers(over + 500.hours(), PAGE).await.unwrap(), 0);

        // It is paid after all.
        sync(&store, "cus_1", found(subscription(SubscriptionStatus::Active))).await;
        assert_eq!(tier(&store, &member).await, Tier::Pro);
    }

    async fn a_trial_that_is_about_to_end_is_told_of(database: TestDatabase) {
        let store = database.open().await;
        customer(&store, "cus_1").await;
        let end = store.now().await.unwrap() + 240.hours();
        let trial = Subscription { trial_end: Some(end), ..subscription(SubscriptionStatus::Trialing) };
        sync(&store, "cus_1", found(trial)).await;
        assert_eq!(told(&store).await, names(&[]));
        assert_eq!(store.settle_customers(end - 72.hours(), PAGE).await.unwrap(), 1);
        assert_eq!(told(&store).await, names(&[&format!("trial_ends:sub_1:{}", end.as_second())]));
    }

    async fn a_mail_names_the_organization_and_leads_to_the_billing_page(database: TestDatabase) {
        let store = database.open().await;
        let member = customer(&store, "cus_1").await;
        sync(&store, "cus_1", found(past_due(store.now().await.unwrap()))).await;
        let mail = store.mails(10).await.unwrap().remove(0);
        assert_eq!(mail.recipient, member.email.as_str());
        assert!(mail.subject.contains(&member.organization_name) && mail.text.contains(PAGE), "{mail:?}");
    }

    async fn a_customer_that_is_deleted_is_forgotten_and_the_tier_is_free(database: TestDatabase) {
        let store = database.open().await;
        let member = customer(&store, "cus_1").await;
        sync(&store, "cus_1", found(subscription(SubscriptionStatus::Active))).await;
        let late = begin(&store, "cus_1").await;
        let Synced::Written { after, .. } = sync(&store, "cus_1", None).await else { panic!("it is written") };
        assert_eq!(after, Footing { tier: Tier::Free, status: Some(SubscriptionStatus::Canceled) });
        assert_eq!(tier(&store, &member).await, Tier::Free);
        assert_eq!(store.customer(member.tenant()).await.unwrap(), None);
        assert_eq!(told(&store).await, names(&["subscription_ended:sub_1"]));
        let active = found(subscription(SubscriptionStatus::Active));
        assert_eq!(store.finish_sync(late, active, event("evt_1"), PAGE).await.unwrap(), Synced::Gone);
        assert_eq!(tier(&store, &member).await, Tier::Free);
        store.add_customer(member.tenant(), "cus_2", None).await.unwrap();
    }

    async fn what_cannot_be_read_is_left_alone_until_it_is_replaced(database: TestDatabase) {
        let store = database.open().await;
        let member = customer(&store, "cus_1").await;
        sync(&store, "cus_1", found(subscription(SubscriptionStatus::Active))).await;
        raw::sql(&database, "UPDATE customers SET subscription = '{\"id\": 7}', review_at = 1");
        assert_eq!(store.settle_customers(store.now().await.unwrap(), PAGE).await.unwrap(), 0);
        assert_eq!(tier(&store, &member).await, Tier::Pro);
        assert!(store.customer(member.tenant()).await.is_err());
        sync(&store, "cus_1", found(subscription(SubscriptionStatus::Active))).await;
        assert!(store.customer(member.tenant()).await.is_ok());
        assert_eq!(store.settle_customers(store.now().await.unwrap(), PAGE).await.unwrap(), 0, "nothing is due any more");
    }

    async fn whoever_was_not_read_for_long_is_found_page_by_page(database: TestDatabase) {
        let store = database.open().await;
        let mut all = BTreeSet::new();
        for n in 0..5 {
            let member = customer(&store, &format!("cus_{n}")).await;
            all.insert((member.tenant().organization(), format!("cus_{n}")));
        }
        let (mut unread, mut after) = (BTreeSet::new(), None);
        loop {
            let page = store.unread_customers(Duration::from_secs(3600), after, 2).await.unwrap();
            assert!(page.len() <= 2);
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            unread.extend(page);
        }
        assert_eq!(unread, all);
        sync(&store, "cus_3", found(subscription(SubscriptionStatus::Active))).await;
        let unread = store.unread_customers(Duration::from_secs(3600), None, 10).await.unwrap();
        assert!(unread.len() == 4 && unread.iter().all(|(_, id)| id != "cus_3"), "{unread:?}");
        assert_eq!(store.unread_customers(Duration::ZERO, None, 10).await.unwrap().len(), 5);
    }

    async fn events_are_forgotten_after_sixty_days(database: TestDatabase) {
        let store = database.open().await;
        customer(&store, "cus_1").await;
        for id in ["evt_old", "evt_new"] {
            let active = found(subscription(SubscriptionStatus::Active));
            store.finish_sync(begin(&store, "cus_1").await, active, event(id), PAGE).await.unwrap();
        }
        let old = 60_i64 * 24 * 3600 * 1_000_000;
        raw::sql(&database, &format!("UPDATE stripe_events SET received_at = received_at - {old} WHERE id = 'evt_old'"));
        assert_eq!(store.forget_stripe_events().await.unwrap(), 1);
        assert!(!store.knows_stripe_event("evt_old").await.unwrap());
        assert!(store.knows_stripe_event("evt_new").await.unwrap());
    }
}

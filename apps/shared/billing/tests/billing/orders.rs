//! In whatever order events come, however often, and whatever happens meanwhile: in the end we have what Stripe
//! has.

use domain::{SubscriptionStatus, Tier};
use fastrand::Rng;
use store::Member;
use testkit::{
    TestDatabase,
    stripe::{Card, Event},
};

use crate::shop::{self, DAY, Shop};

/// What a life is told by.
const KINDS: [&str; 5] = [
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "invoice.paid",
    "checkout.session.completed",
];

/// The n-th order of five.
fn order(mut n: usize) -> Vec<usize> {
    let mut left: Vec<usize> = (0..KINDS.len()).collect();
    let mut order = Vec::new();
    while !left.is_empty() {
        order.push(left.remove(n % left.len()));
        n /= left.len() + 1;
    }
    order
}

/// A member who has subscribed, changed something and ended it, and the five events that tell of it.
async fn life(shop: &Shop) -> (Member, Vec<Event>) {
    let member = shop.subscriber(Card::Good).await;
    let customer = shop.customer(&member).await;
    let subscription = shop::text(&shop.stripe.subscriptions(&customer)[0]["id"]);
    let path = format!("/v1/subscriptions/{subscription}");
    shop.stripe.call("POST", &path, &[("cancel_at_period_end", "true")]).unwrap();
    shop.stripe.call("DELETE", &path, &[]).unwrap();
    let events = shop.events_of(&customer);
    let find = |kind: &&str| events.iter().rfind(|event| event.kind == *kind).expect("it has happened").clone();
    (member, KINDS.iter().map(find).collect())
}

/// How many lives are lived at the same time.
const ABREAST: usize = 8;

async fn every_event_in_this_order(shop: &Shop, n: usize) {
    let (member, events) = life(shop).await;
    assert_eq!(shop.tier(&member).await, Tier::Free);
    assert_eq!(shop.subscription(&member).await, None, "nothing was told yet");
    for (place, event) in order(n).into_iter().enumerate() {
        // Once, twice or three times at the same time.
        let statuses = shop.stripe.deliver(&events[event], 1 + (n + place) % 3).await;
        assert!(statuses.iter().all(|status| *status == Some(200)), "{n}: {statuses:?}");
    }
    shop.stripe.deliver(&events[n % events.len()], 1).await;
    let subscription = shop.subscription(&member).await.unwrap();
    assert_eq!(subscription.status, SubscriptionStatus::Canceled, "{n}");
    assert!(subscription.ended_at.is_some(), "{n}");
    assert_eq!(shop.tier(&member).await, Tier::Free, "{n}");
    assert_eq!(shop.told(&member).await, ["subscription_ended"], "{n}");
}

#[test]
fn there_are_120_orders() {
    let mut all: Vec<_> = (0..120).map(order).collect();
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 120);
}

testkit::on_both! {
    async fn every_order_with_repeats_ends_in_the_same_rows(database: TestDatabase) {
        // Several at once, each with a Stripe of its own.
        let some = |first: usize| {
            let database = &database;
            async move {
                let shop = shop::open(database).await;
                shop.stripe.hold_webhooks();
                for n in (first..120).step_by(ABREAST) {
                    every_event_in_this_order(&shop, n).await;
                }
            }
        };
        futures_util::future::join_all((0..ABREAST).map(some)).await;
    }

    async fn an_event_that_comes_fifty_times_at_once_has_one_effect(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.subscriber(Card::Good).await;
        let customer = shop.customer(&member).await;
        shop.stripe.hold_webhooks();
        shop.stripe.set_card(&customer, Card::Declines);
        shop.stripe.advance(DAY * 32).await;
        let events = shop.events_of(&customer);
        let failed = events.iter().rfind(|event| event.kind == "invoice.payment_failed").unwrap();
        let statuses = shop.stripe.deliver(failed, 50).await;
        assert_eq!(statuses, vec![Some(200); 50]);
        assert_eq!(shop.told(&member).await, ["payment_failed"]);
        assert_eq!(shop.subscription(&member).await.unwrap().status, SubscriptionStatus::PastDue);
        let asked = shop.stripe.requests().len();
        assert_eq!(shop.stripe.deliver(failed, 1).await, [Some(200)]);
        assert_eq!(shop.stripe.requests().len(), asked, "what is known is not looked up again");
    }
}

/// One thing that happens in a life.
#[derive(Clone, Copy, Debug)]
enum Step {
    Month,
    Day,
    Card(Card),
    Pay,
    EndLater,
    EndNow,
}

/// Does it at Stripe, as far as it can be done now.
async fn happen(shop: &Shop, customer: &str, step: Step) {
    let subscription = shop::text(&shop.stripe.subscriptions(customer)[0]["id"]);
    let path = format!("/v1/subscriptions/{subscription}");
    match step {
        Step::Month => shop.stripe.advance(DAY * 31).await,
        Step::Day => shop.stripe.advance(DAY).await,
        Step::Card(card) => shop.stripe.set_card(customer, card),
        Step::Pay => {
            let open = shop.stripe.invoices(customer).into_iter().find(|invoice| invoice["status"] == "open");
            if let Some(invoice) = open {
                shop.stripe.pay_invoice(&shop::text(&invoice["id"]), Card::Good).await;
            }
        }
        // Refused once it is over.
        Step::EndLater => drop(shop.stripe.call("POST", &path, &[("cancel_at_period_end", "true")])),
        Step::EndNow => drop(shop.stripe.call("DELETE", &path, &[])),
    }
}

/// Tells of events that have happened, some of them more than once, while something else happens.
async fn tell(shop: &Shop, events: &[Event], dice: &mut Rng) {
    let told: Vec<&Event> = events.iter().filter(|_| dice.bool()).collect();
    let tell = |event| shop.stripe.deliver(event, 2);
    for statuses in futures_util::future::join_all(told.into_iter().map(tell)).await {
        assert_eq!(statuses, [Some(200), Some(200)]);
    }
}

async fn whatever_happens_while_events_come(database: TestDatabase) {
    use Step::{Card as Use, Day, EndLater, EndNow, Month, Pay};
    let steps = [
        Month,
        Day,
        Day,
        Use(Card::Declines),
        Use(Card::Good),
        Use(Card::Authenticate),
        Pay,
        Month,
        Use(Card::Declines),
        EndLater,
        EndNow,
    ];
    for seed in 0..12 {
        let mut dice = Rng::with_seed(seed);
        let shop = shop::open(&database).await;
        shop.stripe.hold_webhooks();
        let member = shop.subscriber(Card::Good).await;
        let customer = shop.customer(&member).await;
        let mut happened = Vec::new();
        for _ in 0..8 {
            let step = steps[dice.usize(..steps.len())];
            happened.push(step);
            let events = shop.events_of(&customer);
            tokio::join!(tell(&shop, &events, &mut dice), happen(&shop, &customer, step));
        }
        let mut events = shop.events_of(&customer);
        dice.shuffle(&mut events);
        for event in &events {
            assert_eq!(shop.stripe.deliver(event, 1).await, [Some(200)], "{seed} {happened:?}");
        }
        let (subscription, tier, told) =
            (shop.subscription(&member).await, shop.tier(&member).await, shop.told(&member).await);
        let theirs = shop.stripe.subscriptions(&customer);
        assert_eq!(subscription.as_ref().unwrap().status.as_str(), theirs[0]["status"], "{seed} {happened:?}");
        shop.billing().refresh(member.tenant()).await.unwrap();
        assert_eq!(shop.subscription(&member).await, subscription, "{seed} {happened:?}");
        assert_eq!((shop.tier(&member).await, shop.told(&member).await), (tier, told), "{seed} {happened:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_while_events_come_we_have_in_the_end_what_stripe_has_in_sqlite() {
    whatever_happens_while_events_come(TestDatabase::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_while_events_come_we_have_in_the_end_what_stripe_has_in_postgres() {
    whatever_happens_while_events_come(TestDatabase::postgres().await).await;
}

//! A Stripe that fails, and a database that does.

use std::{collections::BTreeSet, time::Duration};

use billing::{Error, Patience, Received, Rejected};
use domain::{SubscriptionStatus, Tier};
use store::Member;
use stripe_webhook::Webhook;
use testkit::{
    Cluster, TestDatabase,
    stripe::{Card, Fault, Recorded},
};

use crate::shop::{self, Shop};

/// Three tries fit, and none takes long.
const SHORT: Patience = Patience { answer: Duration::from_millis(300), errand: Duration::from_secs(4) };

/// A subscriber of whom nothing was told, and a webhook that tells of it, with its signature.
async fn untold(shop: &Shop) -> (Member, String, String) {
    shop.stripe.lose_webhooks();
    let member = shop.subscriber(Card::Good).await;
    let event = shop.events_of(&shop.customer(&member).await).pop().unwrap();
    let body = event.json.to_string();
    let signature = Webhook::generate_test_header(&body, &shop.webhook_secret, None);
    (member, body, signature)
}

fn writes(shop: &Shop) -> Vec<Recorded> {
    shop.stripe.requests().into_iter().filter(|request| request.method == "POST").collect()
}

testkit::on_both! {
    async fn while_stripe_fails_a_webhook_is_to_come_again_and_nothing_is_written(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let (member, body, signature) = untold(&shop).await;
        let before = shop.store.customer(member.tenant()).await.unwrap();
        for fault in [Fault::Status(500), Fault::Status(429), Fault::Status(503), Fault::Hang] {
            shop.stripe.fail_next(100, fault);
            let received = shop.billing().with_patience(SHORT).receive(body.as_bytes(), &signature).await;
            assert!(matches!(received, Err(Rejected::Unavailable(_))), "{fault:?}: {received:?}");
            assert_eq!(shop.store.customer(member.tenant()).await.unwrap(), before, "{fault:?}");
            assert_eq!(shop.tier(&member).await, Tier::Free);
            shop.stripe.stop_failing();
        }
        assert_eq!(shop.billing().receive(body.as_bytes(), &signature).await.unwrap(), Received::Done);
        assert_eq!(shop.tier(&member).await, Tier::Pro);
    }

    async fn a_short_failure_is_not_noticed(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let (member, body, signature) = untold(&shop).await;
        // Of the two that are asked at the same time each may meet both.
        shop.stripe.fail_next(2, Fault::Status(500));
        assert_eq!(shop.billing().receive(body.as_bytes(), &signature).await.unwrap(), Received::Done);
        assert_eq!(shop.tier(&member).await, Tier::Pro);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_tried_again_carries_its_key_and_nothing_else_does() {
    let database = TestDatabase::sqlite().await;
    let shop = shop::open(&database).await;
    let member = shop.subscriber(Card::Good).await;
    let path = format!("/v1/subscriptions/{}", shop.theirs(&member).await);
    shop.stripe.fail_matching(&path, 2, Fault::Status(500));
    shop.billing().cancel(member.tenant()).await.unwrap();
    let tries: Vec<Recorded> = writes(&shop).into_iter().filter(|request| request.path == path).collect();
    assert_eq!(tries.iter().map(|request| request.status).collect::<Vec<_>>(), [Some(500), Some(500), Some(200)]);
    let keys: BTreeSet<&str> = tries.iter().map(|request| request.header("idempotency-key").unwrap()).collect();
    assert_eq!(keys.len(), 1, "{keys:?}");
    shop.billing().resume(member.tenant()).await.unwrap();
    shop.billing().cancel(member.tenant()).await.unwrap();
    let mut keys = BTreeSet::new();
    for request in writes(&shop).into_iter().filter(|request| request.status == Some(200)) {
        let key = request.header("idempotency-key").unwrap_or_else(|| panic!("{request:?}")).to_owned();
        assert!(keys.insert(key), "{request:?}");
    }
    assert!(keys.len() >= 9, "the setup's four, customer, session, and three changes: {keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_without_an_answer_is_not_done_twice() {
    let database = TestDatabase::sqlite().await;
    let shop = shop::open(&database).await;
    let member = shop.member().await;
    shop.stripe.fail_matching("/v1/customers", 1, Fault::LostAnswer);
    let billing = shop.billing().with_patience(SHORT);
    let checkout = || billing.checkout(member.tenant(), &member.email, &member.organization_name, "first");
    checkout().await.unwrap();
    assert_eq!(shop.stripe.customers().len(), 1);
    // A page that was made while the answer got lost is the page.
    shop.stripe.fail_matching("/v1/checkout/sessions?", 1, Fault::Status(500));
    let again = checkout().await.unwrap();
    assert_eq!(again, checkout().await.unwrap());
    let sessions = shop.stripe.call("GET", "/v1/checkout/sessions", &[]).unwrap();
    assert_eq!(sessions["data"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_stripe_refuses_is_not_tried_again() {
    let database = TestDatabase::sqlite().await;
    let shop = shop::open(&database).await;
    let member = shop.subscriber(Card::Good).await;
    for status in [400, 402, 403] {
        let asked = writes(&shop).len();
        shop.stripe.fail_matching("/v1/billing_portal/sessions", 1, Fault::Status(status));
        let error = shop.billing().portal(member.tenant()).await.unwrap_err();
        assert!(matches!(error, Error::Refused(_) | Error::Key(_)), "{status}: {error:?}");
        assert_eq!(writes(&shop).len(), asked + 1, "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_errand_ends_in_time_whatever_hangs() {
    let database = TestDatabase::sqlite().await;
    let shop = shop::open(&database).await;
    let member = shop.subscriber(Card::Good).await;
    shop.stripe.fail_next(100, Fault::Hang);
    let patience = Patience { answer: Duration::from_millis(700), errand: Duration::from_secs(1) };
    let began = std::time::Instant::now();
    let refreshed = shop.billing().with_patience(patience).refresh(member.tenant()).await;
    assert!(matches!(refreshed, Err(Error::Unreachable(_))), "{refreshed:?}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(shop.subscription(&member).await.unwrap().status, SubscriptionStatus::Active);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_database_is_away_a_webhook_is_to_come_again() {
    let cluster = Cluster::start();
    let database = TestDatabase::in_cluster(&cluster);
    let shop = shop::open(&database).await;
    let (member, body, signature) = untold(&shop).await;
    cluster.crash();
    let received = shop.billing().receive(body.as_bytes(), &signature).await;
    assert!(matches!(received, Err(Rejected::Unavailable(Error::Store(_)))), "{received:?}");
    cluster.resume();
    assert_eq!(shop.billing().receive(body.as_bytes(), &signature).await.unwrap(), Received::Done);
    assert_eq!(shop.tier(&member).await, Tier::Pro);
}

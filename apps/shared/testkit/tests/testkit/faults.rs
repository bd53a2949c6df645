//! Requests that fail although nothing is wrong with them.

use std::time::Duration;

use stripe::{StripeError, StripeRequest};
use stripe_core::customer::{CreateCustomer, ListCustomer, RetrieveCustomer};
use testkit::stripe::Fault;

use crate::shop::{self, once};

#[tokio::test]
async fn the_next_requests_fail_with_a_status_and_do_nothing() {
    let shop = shop::open().await;
    shop.stripe.fail_next(2, Fault::Status(500));
    shop.stripe.fail_next(1, Fault::Status(429));
    for expected in [500, 500, 429] {
        let failed = CreateCustomer::new().send(&shop.client).await.unwrap_err();
        assert!(matches!(failed, StripeError::Stripe(_, status) if status == expected), "{failed}");
    }
    assert!(shop.stripe.customers().is_empty());
    CreateCustomer::new().send(&shop.client).await.unwrap();
    let statuses: Vec<_> = shop.stripe.requests().iter().map(|request| request.status).collect();
    assert_eq!(statuses, [Some(500), Some(500), Some(429), Some(200)]);
}

#[tokio::test]
async fn a_fault_can_be_for_one_customer_alone() {
    let shop = shop::open().await;
    let (unlucky, lucky) = (shop.customer(), shop.customer());
    shop.stripe.fail_matching(&unlucky, 1, Fault::Status(500));
    RetrieveCustomer::new(lucky.as_str()).send(&shop.client).await.unwrap();
    assert!(RetrieveCustomer::new(unlucky.as_str()).send(&shop.client).await.is_err());
    RetrieveCustomer::new(unlucky.as_str()).send(&shop.client).await.unwrap();
}

#[tokio::test]
async fn a_request_can_hang_until_the_client_gives_up() {
    let shop = shop::open().await;
    shop.stripe.fail_next(1, Fault::Hang);
    let patience = Duration::from_millis(200);
    let failed = CreateCustomer::new().customize().timeout(patience).send(&shop.client).await.unwrap_err();
    assert!(matches!(failed, StripeError::Timeout), "{failed}");
    assert!(shop.stripe.customers().is_empty());
    assert!(ListCustomer::new().send(&shop.client).await.unwrap().data.is_empty(), "others are answered meanwhile");
}

#[tokio::test]
async fn an_answer_that_is_lost_is_had_again_by_its_key() {
    let shop = shop::open().await;
    shop.stripe.fail_next(1, Fault::LostAnswer);
    let create = CreateCustomer::new().email("ada@example.com");
    let patience = Duration::from_millis(500);
    let lost = create.customize().request_strategy(once("a")).timeout(patience).send(&shop.client).await.unwrap_err();
    assert!(matches!(lost, StripeError::Timeout), "{lost}");
    let made = create.customize().request_strategy(once("a")).send(&shop.client).await.unwrap();
    assert_eq!(shop.stripe.customers().len(), 1);
    assert_eq!(shop.stripe.customers()[0]["id"], made.id.as_str());
}

#[tokio::test]
async fn a_fault_is_not_remembered_by_its_key() {
    let shop = shop::open().await;
    shop.stripe.fail_next(1, Fault::Status(500));
    let create = CreateCustomer::new();
    create.customize().request_strategy(once("a")).send(&shop.client).await.unwrap_err();
    create.customize().request_strategy(once("a")).send(&shop.client).await.unwrap();
    shop.stripe.fail_next(5, Fault::Status(500));
    shop.stripe.stop_failing();
    create.send(&shop.client).await.unwrap();
}

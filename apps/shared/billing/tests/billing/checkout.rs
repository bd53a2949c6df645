//! Subscribing, managing, cancelling.

use billing::Error;
use domain::{SubscriptionStatus, Tier};
use testkit::stripe::Card;

use crate::shop::{self, DAY};

testkit::on_both! {
    async fn whoever_pays_is_on_the_tier_pro_as_soon_as_stripe_tells(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.member().await;
        let session = shop.checkout(&member, "page-1").await.unwrap();
        assert_eq!(shop.tier(&member).await, Tier::Free);
        let paid = shop.stripe.pay_checkout(&session, Card::Good).await;
        assert_eq!(paid["success_url"], format!("{}billing/done?session={{CHECKOUT_SESSION_ID}}", shop.origin));
        assert_eq!(paid["cancel_url"], format!("{}billing", shop.origin));
        assert_eq!(paid["metadata"]["organization"], member.tenant().organization().to_string());
        shop.stripe.settled().await;
        assert_eq!(shop.tier(&member).await, Tier::Pro);
        let subscription = shop.subscription(&member).await.unwrap();
        assert_eq!((subscription.status, subscription.tier), (SubscriptionStatus::Active, Tier::Pro));
        assert_eq!(subscription.price.unwrap().to_string(), "39.99 USD");
        assert_eq!(subscription.interval.unwrap().as_str(), "month");
        assert!(subscription.current_period_end.unwrap() > shop.stripe.now() + DAY * 27);
        assert_eq!((subscription.cancel_at, subscription.past_due_since), (None, None));
        let customer = shop.stripe.customer(&shop.customer(&member).await);
        assert_eq!(customer["email"], member.email.as_str());
        assert_eq!(customer["name"], member.organization_name);
        assert_eq!(shop.told(&member).await, Vec::<String>::new());
    }

    async fn whoever_comes_back_before_the_webhook_is_on_the_tier_at_once(database: TestDatabase) {
        let shop = shop::open(&database).await;
        shop.stripe.lose_webhooks();
        let member = shop.subscriber(Card::Good).await;
        assert_eq!(shop.tier(&member).await, Tier::Free);
        let customer = shop.billing().refresh(member.tenant()).await.unwrap().unwrap();
        assert_eq!(customer.subscription.unwrap().status, SubscriptionStatus::Active);
        assert_eq!(shop.tier(&member).await, Tier::Pro);
    }

    async fn a_double_click_gives_one_page_and_of_two_pages_only_the_last_can_be_paid_on(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.member().await;
        let (one, other) = tokio::join!(shop.checkout(&member, "page-1"), shop.checkout(&member, "page-1"));
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one, other);
        assert_eq!(shop.stripe.customers().len(), 1);
        assert_eq!(shop.checkout(&member, "page-1").await.unwrap(), one, "also a while later");
        let newer = shop.checkout(&member, "page-2").await.unwrap();
        assert_ne!(newer, one);
        assert_eq!(shop.stripe.object(&one)["status"], "expired");
        assert_eq!(shop.stripe.object(&newer)["status"], "open");
    }

    async fn nobody_subscribes_twice(database: TestDatabase) {
        let shop = shop::open(&database).await;
        shop.stripe.lose_webhooks();
        let member = shop.subscriber(Card::Good).await;
        // We have not heard of it, and look.
        let again = shop.checkout(&member, "page-2").await;
        assert!(matches!(again, Err(Error::Subscribed)), "{again:?}");
        assert_eq!(shop.tier(&member).await, Tier::Pro);
        assert!(matches!(shop.checkout(&member, "").await, Err(Error::Outdated)));
        assert!(matches!(shop.checkout(&member, &"x".repeat(101)).await, Err(Error::Outdated)));
    }

    async fn whoever_has_cancelled_may_subscribe_again(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.subscriber(Card::Good).await;
        shop.stripe.call("DELETE", &format!("/v1/subscriptions/{}", shop.theirs(&member).await), &[]).unwrap();
        shop.stripe.settled().await;
        assert_eq!(shop.tier(&member).await, Tier::Free);
        assert_eq!(shop.told(&member).await, ["subscription_ended"]);
        let session = shop.checkout(&member, "page-2").await.unwrap();
        shop.stripe.pay_checkout(&session, Card::Good).await;
        shop.stripe.settled().await;
        assert_eq!(shop.tier(&member).await, Tier::Pro);
        assert_eq!(shop.stripe.customers().len(), 1);
    }

    async fn a_cancelled_subscription_goes_on_to_its_end_and_may_be_resumed_before(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.subscriber(Card::Good).await;
        shop.billing().cancel(member.tenant()).await.unwrap();
        let subscription = shop.subscription(&member).await.unwrap();
        assert_eq!(subscription.cancel_at, subscription.current_period_end);
        assert_eq!(shop.tier(&member).await, Tier::Pro);
        shop.billing().resume(member.tenant()).await.unwrap();
        assert_eq!(shop.subscription(&member).await.unwrap().cancel_at, None);
        shop.billing().resume(member.tenant()).await.unwrap();

        shop.billing().cancel(member.tenant()).await.unwrap();
        shop.pass(DAY * 32).await;
        assert_eq!(shop.tier(&member).await, Tier::Free);
        assert_eq!(shop.told(&member).await, ["subscription_ended"]);
        assert!(matches!(shop.billing().cancel(member.tenant()).await, Err(Error::NotSubscribed)));
        assert!(matches!(shop.billing().resume(member.tenant()).await, Err(Error::NotSubscribed)));
    }

    async fn what_was_cancelled_in_the_portal_may_be_resumed_as_well(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.subscriber(Card::Good).await;
        shop.stripe.cancel_in_portal(&shop.theirs(&member).await);
        shop.stripe.settled().await;
        let subscription = shop.subscription(&member).await.unwrap();
        assert_eq!(subscription.cancel_at, subscription.current_period_end);
        shop.billing().resume(member.tenant()).await.unwrap();
        assert_eq!(shop.subscription(&member).await.unwrap().cancel_at, None);
        shop.pass(DAY * 32).await;
        assert_eq!(shop.tier(&member).await, Tier::Pro);
    }

    async fn whoever_never_paid_has_nothing_to_manage(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.member().await;
        assert!(matches!(shop.billing().portal(member.tenant()).await, Err(Error::NotSubscribed)));
        assert!(matches!(shop.billing().cancel(member.tenant()).await, Err(Error::NotSubscribed)));
        assert_eq!(shop.billing().refresh(member.tenant()).await.unwrap(), None);
        assert_eq!(shop.stripe.customers().len(), 0);
    }

    async fn without_a_price_there_is_nothing_to_subscribe_to(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let prices = shop.stripe.call("GET", "/v1/prices", &[]).unwrap();
        let price = shop::text(&prices["data"][0]["id"]);
        shop.stripe.call("POST", &format!("/v1/prices/{price}"), &[("active", "false")]).unwrap();
        let member = shop.member().await;
        assert!(matches!(shop.checkout(&member, "page-1").await, Err(Error::NoPrice)));
    }

    async fn a_customer_that_another_account_had_is_made_anew(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.member().await;
        shop.store.add_customer(member.tenant(), "cus_elsewhere", None).await.unwrap();
        assert!(matches!(shop.billing().refresh(member.tenant()).await, Err(Error::Missing(_))));
        let session = shop.checkout(&member, "page-1").await.unwrap();
        shop.stripe.pay_checkout(&session, Card::Good).await;
        shop.stripe.settled().await;
        assert_eq!(shop.tier(&member).await, Tier::Pro);
        assert_ne!(shop.customer(&member).await, "cus_elsewhere");
    }
}

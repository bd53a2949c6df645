//! What is not paid, what becomes of it with time, and what owners are told of it.

use domain::{SubscriptionStatus, Tier};
use testkit::stripe::{AfterRetries, Card};

use crate::shop::{self, DAY, Shop};
use store::Member;

/// A subscriber whose second month is not paid, since an instant ago.
async fn overdue(shop: &Shop, card: Card) -> Member {
    let member = shop.subscriber(Card::Good).await;
    shop.stripe.set_card(&shop.customer(&member).await, card);
    let renewal = shop.subscription(&member).await.unwrap().current_period_end.unwrap();
    // An hour later the invoice is final.
    shop.pass(renewal.duration_since(shop.stripe.now()) + DAY / 12).await;
    assert_eq!(shop.subscription(&member).await.unwrap().status, SubscriptionStatus::PastDue);
    member
}

testkit::on_both! {
    async fn without_a_word_from_stripe_a_grace_ends_and_a_payment_mends_it(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = overdue(&shop, Card::Declines).await;
        assert_eq!((shop.tier(&member).await, shop.told(&member).await), (Tier::Pro, vec!["payment_failed".to_owned()]));
        let subscription = shop.subscription(&member).await.unwrap();
        let invoices = shop.stripe.invoices(&shop.customer(&member).await);
        let open = invoices.iter().find(|invoice| invoice["status"] == "open").unwrap();
        assert_eq!(subscription.open_invoice.as_ref().unwrap().id, shop::text(&open["id"]));
        assert_eq!(subscription.past_due_since.unwrap().as_second(), open["status_transitions"]["finalized_at"]);

        shop.stripe.lose_webhooks();
        shop.stripe.after_retries(AfterRetries::Unpaid);
        shop.pass(DAY * 4).await;
        assert_eq!(shop.told(&member).await, ["payment_failed"]);
        shop.pass(DAY).await;
        assert_eq!((shop.tier(&member).await, shop.told(&member).await.len()), (Tier::Pro, 2));
        shop.pass(DAY).await;
        assert_eq!(shop.tier(&member).await, Tier::Pro);
        shop.pass(DAY).await;
        assert_eq!(shop.tier(&member).await, Tier::Free);
        assert_eq!(shop.told(&member).await, ["payment_failed", "grace_ends", "tier_lapsed"]);
        shop.pass(DAY * 3).await;
        assert_eq!(shop.told(&member).await.len(), 3);

        shop.stripe.deliver_webhooks();
        shop.stripe.pay_invoice(&shop::text(&open["id"]), Card::Good).await;
        shop.stripe.settled().await;
        assert_eq!((shop.tier(&member).await, shop.told(&member).await.len()), (Tier::Pro, 3));
    }

    async fn a_payment_in_time_ends_the_grace_without_further_words(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = overdue(&shop, Card::Declines).await;
        let invoice = shop.subscription(&member).await.unwrap().open_invoice.unwrap();
        assert!(invoice.url.unwrap().starts_with(&shop.stripe.url()));
        shop.stripe.pay_invoice(&invoice.id, Card::Good).await;
        shop.stripe.settled().await;
        let subscription = shop.subscription(&member).await.unwrap();
        assert_eq!(subscription.status, SubscriptionStatus::Active);
        assert_eq!((subscription.past_due_since, subscription.open_invoice), (None, None));
        shop.pass(DAY * 10).await;
        assert_eq!((shop.tier(&member).await, shop.told(&member).await), (Tier::Pro, vec!["payment_failed".to_owned()]));
    }

    async fn a_subscription_that_stripe_gives_up_is_told_of_once(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = overdue(&shop, Card::Declines).await;
        for _ in 0..10 {
            shop.pass(DAY).await;
        }
        assert_eq!(shop.subscription(&member).await.unwrap().status, SubscriptionStatus::Canceled);
        assert_eq!(shop.tier(&member).await, Tier::Free);
        assert_eq!(shop.told(&member).await, ["payment_failed", "grace_ends", "subscription_ended"]);
    }

    async fn a_subscription_that_is_left_unpaid_gives_nothing_until_it_is_paid(database: TestDatabase) {
        let shop = shop::open(&database).await;
        shop.stripe.after_retries(AfterRetries::Unpaid);
        let member = overdue(&shop, Card::Declines).await;
        for _ in 0..40 {
            shop.pass(DAY).await;
        }
        let subscription = shop.subscription(&member).await.unwrap();
        assert_eq!((subscription.status, shop.tier(&member).await), (SubscriptionStatus::Unpaid, Tier::Free));
        assert_eq!(shop.told(&member).await, ["payment_failed", "grace_ends", "tier_lapsed"]);
        shop.stripe.pay_invoice(&subscription.open_invoice.unwrap().id, Card::Good).await;
        shop.stripe.settled().await;
        assert_eq!(shop.tier(&member).await, Tier::Pro);
    }

    async fn a_bank_that_wants_a_person_is_told_of_as_such(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = overdue(&shop, Card::Authenticate).await;
        assert_eq!((shop.tier(&member).await, shop.told(&member).await), (Tier::Pro, vec!["payment_confirmation".to_owned()]));
        let invoice = shop.subscription(&member).await.unwrap().open_invoice.unwrap();
        assert!(invoice.needs_confirmation);
        shop.stripe.pay_invoice(&invoice.id, Card::Authenticate).await;
        shop.stripe.settled().await;
        assert_eq!(shop.subscription(&member).await.unwrap().status, SubscriptionStatus::Active);
    }

    async fn a_trial_is_pro_and_its_end_is_told_of_three_days_before(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = trial(&shop, Card::Good, "create_invoice").await;
        assert_eq!((shop.tier(&member).await, shop.told(&member).await.len()), (Tier::Pro, 0));
        shop.pass(DAY * 6).await;
        assert_eq!(shop.told(&member).await.len(), 0);
        shop.pass(DAY).await;
        assert_eq!(shop.told(&member).await, ["trial_ends"]);
        shop.pass(DAY * 4).await;
        let subscription = shop.subscription(&member).await.unwrap();
        assert_eq!((subscription.status, shop.tier(&member).await), (SubscriptionStatus::Active, Tier::Pro));
        assert_eq!(shop.told(&member).await, ["trial_ends"]);
    }

    async fn a_trial_without_a_card_pauses_and_gives_nothing_until_it_is_resumed(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = trial(&shop, Card::Missing, "pause").await;
        shop.pass(DAY * 11).await;
        let subscription = shop.subscription(&member).await.unwrap();
        assert_eq!((subscription.status, shop.tier(&member).await), (SubscriptionStatus::Paused, Tier::Free));
        shop.stripe.set_card(&shop.customer(&member).await, Card::Good);
        let path = format!("/v1/subscriptions/{}/resume", subscription.id);
        shop.stripe.call("POST", &path, &[]).unwrap();
        shop.stripe.settled().await;
        assert_eq!(shop.tier(&member).await, Tier::Pro);
    }

    async fn a_customer_who_is_deleted_is_free_and_may_come_back(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.subscriber(Card::Good).await;
        let customer = shop.customer(&member).await;
        shop.stripe.call("DELETE", &format!("/v1/customers/{customer}"), &[]).unwrap();
        shop.stripe.settled().await;
        assert_eq!((shop.tier(&member).await, shop.told(&member).await), (Tier::Free, vec!["subscription_ended".to_owned()]));
        assert_eq!(shop.store.customer(member.tenant()).await.unwrap(), None);
        // With the token of the first time: what Stripe remembers of that is about somebody who is gone.
        let session = shop.checkout(&member, "second").await.unwrap();
        shop.stripe.pay_checkout(&session, Card::Good).await;
        shop.stripe.settled().await;
        assert_eq!(shop.tier(&member).await, Tier::Pro);
    }

    async fn what_else_the_account_sells_changes_nothing(database: TestDatabase) {
        let shop = shop::open(&database).await;
        let member = shop.member().await;
        shop.checkout(&member, "first").await.unwrap();
        let customer = shop.customer(&member).await;
        shop.stripe.set_card(&customer, Card::Good);
        let product = shop.stripe.call("POST", "/v1/products", &[("name", "Tea")]).unwrap();
        let product = shop::text(&product["id"]);
        let price = [("currency", "usd"), ("unit_amount", "500"), ("product", &product), ("recurring[interval]", "week")];
        let price = shop::text(&shop.stripe.call("POST", "/v1/prices", &price).unwrap()["id"]);
        let buy = |customer: &str| {
            let buy = [("customer", customer), ("items[0][price]", &price)];
            shop.stripe.call("POST", "/v1/subscriptions", &buy).unwrap();
        };
        buy(&customer);
        let stranger = shop.stripe.call("POST", "/v1/customers", &[("email", "eve@example.com")]).unwrap();
        shop.stripe.set_card(&shop::text(&stranger["id"]), Card::Good);
        buy(&shop::text(&stranger["id"]));
        shop.stripe.settled().await;
        assert!(shop.stripe.undelivered().is_empty(), "all of it was taken");
        assert_eq!((shop.tier(&member).await, shop.subscription(&member).await), (Tier::Free, None));
        // Beside it, ours counts.
        let session = shop.checkout(&member, "second").await.unwrap();
        shop.stripe.pay_checkout(&session, Card::Good).await;
        shop.stripe.settled().await;
        assert_eq!(shop.tier(&member).await, Tier::Pro);
    }
}

/// A member with a trial of ten days, and what becomes of it without a card.
async fn trial(shop: &Shop, card: Card, without_card: &str) -> Member {
    let member = shop.member().await;
    shop.checkout(&member, "first").await.unwrap();
    let customer = shop.customer(&member).await;
    shop.stripe.set_card(&customer, card);
    let price = shop::text(&shop.stripe.call("GET", "/v1/prices", &[]).unwrap()["data"][0]["id"]);
    let params = [
        ("customer", customer.as_str()),
        ("items[0][price]", &price),
        ("trial_period_days", "10"),
        ("trial_settings[end_behavior][missing_payment_method]", without_card),
    ];
    shop.stripe.call("POST", "/v1/subscriptions", &params).unwrap();
    shop.stripe.settled().await;
    assert_eq!(shop.subscription(&member).await.unwrap().status, SubscriptionStatus::Trialing);
    member
}

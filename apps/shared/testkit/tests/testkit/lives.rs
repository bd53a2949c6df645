//! The lives of subscriptions, by the clock and by the card.

use jiff::SignedDuration;
use serde_json::Value;
use testkit::stripe::{AfterRetries, Card};

use crate::shop::{self, Shop, days, text};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn period_end(shop: &Shop, subscription: &str) -> i64 {
    shop.stripe.subscription(subscription)["items"]["data"][0]["current_period_end"].as_i64().expect("a time")
}

async fn to(shop: &Shop, second: i64) {
    shop.stripe.advance(SignedDuration::from_secs(second - shop.stripe.now().as_second())).await;
}

async fn trial(shop: &Shop, card: Card, at_its_end: &str) -> (String, String) {
    let customer = shop.customer();
    let parameters = [
        ("subscription_data[trial_period_days]", "14"),
        ("subscription_data[trial_settings][end_behavior][missing_payment_method]", at_its_end),
        ("payment_method_collection", "if_required"),
    ];
    let session = shop.session(&customer, &parameters);
    let session = shop.stripe.pay_checkout(&text(&session, "id"), card).await;
    assert_eq!(session["payment_status"], "no_payment_required");
    (customer, text(&session, "subscription"))
}

#[tokio::test]
async fn paying_a_checkout_tells_all_that_happens() {
    let shop = shop::open().await;
    let before = shop.stripe.events().len();
    let (customer, subscription) = shop.subscriber().await;
    let expected = [
        "customer.created",
        "customer.updated",
        "customer.subscription.created",
        "invoice.created",
        "invoice.finalized",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
        "customer.subscription.updated",
        "checkout.session.completed",
    ];
    assert_eq!(shop.events_since(before), expected);
    let events = shop.stripe.events();
    let created = &events[before + 2];
    assert_eq!(created.object()["status"], "incomplete", "an event keeps the object as it was");
    let updated = &events[before + 8];
    assert_eq!(updated.object()["status"], "active");
    assert_eq!(updated.json["data"]["previous_attributes"], serde_json::json!({ "status": "incomplete" }));
    assert_eq!(events.last().unwrap().object()["subscription"], subscription);
    assert_eq!(events.last().unwrap().object()["customer"], customer);
}

#[tokio::test]
async fn somebody_unknown_becomes_a_customer_by_paying() {
    let shop = shop::open().await;
    let parameters = [
        ("mode", "subscription"),
        ("line_items[0][price]", shop.price.as_str()),
        ("success_url", "http://127.0.0.1:9/done"),
    ];
    let session = shop.stripe.call("POST", "/v1/checkout/sessions", &parameters).unwrap();
    let session = shop.stripe.pay_checkout(&text(&session, "id"), Card::Good).await;
    let customers = shop.stripe.customers();
    assert_eq!(customers.len(), 1);
    assert_eq!(customers[0]["id"], session["customer"]);
}

#[tokio::test]
async fn a_declined_card_leaves_the_session_open() {
    let shop = shop::open().await;
    let customer = shop.customer();
    let session = text(&shop.session(&customer, &[]), "id");
    let before = shop.stripe.events().len();
    assert_eq!(shop.stripe.pay_checkout(&session, Card::Declines).await["status"], "open");
    assert_eq!(shop.stripe.events().len(), before);
    assert_eq!(shop.stripe.pay_checkout(&session, Card::Good).await["status"], "complete");
    assert_eq!(shop.stripe.subscriptions(&customer).len(), 1);
}

#[tokio::test]
async fn a_session_that_nobody_pays_expires_after_a_day() {
    let shop = shop::open().await;
    let session = text(&shop.session(&shop.customer(), &[]), "id");
    shop.stripe.advance(days(1)).await;
    assert_eq!(shop.stripe.object(&session)["status"], "expired");
    assert_eq!(shop.stripe.events().pop().unwrap().kind, "checkout.session.expired");
}

#[tokio::test]
async fn each_period_has_an_invoice_that_is_paid_an_hour_after_it_began() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    let end = period_end(&shop, &subscription);
    to(&shop, end - 1).await;
    assert_eq!(shop.stripe.invoices(&customer).len(), 1);
    let before = shop.stripe.events().len();
    to(&shop, end).await;
    let invoice = shop.latest(&subscription);
    assert_eq!((&invoice["status"], &invoice["number"]), (&"draft".into(), &Value::Null));
    assert_eq!(invoice["created"], end);
    assert!(period_end(&shop, &subscription) > end);
    shop.stripe.advance(HOUR).await;
    let invoice = shop.latest(&subscription);
    assert_eq!((invoice["status"].as_str(), invoice["amount_paid"].as_i64()), (Some("paid"), Some(3999)));
    assert_eq!(invoice["billing_reason"], "subscription_cycle");
    let expected = [
        "customer.subscription.updated",
        "invoice.created",
        "invoice.finalized",
        "invoice.updated",
        "invoice.paid",
        "invoice.payment_succeeded",
    ];
    assert_eq!(shop.events_since(before), expected);
    assert_eq!(shop.status(&subscription), "active");
}

#[tokio::test]
async fn a_year_at_once_is_the_same_as_a_year_in_steps() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    // Twelve months and the hour after them, also if a leap day is among them.
    shop.stripe.advance(days(366) + HOUR).await;
    let invoices = shop.stripe.invoices(&customer);
    assert_eq!(invoices.len(), 13);
    assert!(invoices.iter().all(|invoice| invoice["status"] == "paid"));
    let numbers: Vec<_> = invoices.iter().map(|invoice| text(invoice, "number")).collect();
    assert!(numbers.is_sorted() && numbers[12].ends_with("-0013"), "{numbers:?}");
    assert_eq!(shop.status(&subscription), "active");
}

#[tokio::test]
async fn a_payment_that_fails_is_tried_again_after_three_five_and_seven_days_and_then_it_ends() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    shop.stripe.set_card(&customer, Card::Declines);
    let end = period_end(&shop, &subscription);
    to(&shop, end).await;
    let before = shop.stripe.events().len();
    shop.stripe.advance(HOUR).await;
    assert_eq!(shop.status(&subscription), "past_due");
    assert_eq!(shop.stripe.customer(&customer)["delinquent"], true);
    let expected = [
        "invoice.finalized",
        "invoice.updated",
        "invoice.payment_failed",
        "customer.subscription.updated",
        "customer.updated",
    ];
    assert_eq!(shop.events_since(before), expected);

    let failed = end + 60 * 60;
    for (attempts, day) in [(1, 3), (2, 5), (3, 7)] {
        let invoice = shop.latest(&subscription);
        assert_eq!(invoice["attempt_count"], attempts);
        assert_eq!(invoice["next_payment_attempt"], failed + day * 24 * 60 * 60);
        to(&shop, failed + day * 24 * 60 * 60).await;
    }
    assert_eq!(shop.status(&subscription), "canceled");
    let ended = shop.stripe.subscription(&subscription);
    assert_eq!(ended["cancellation_details"]["reason"], "payment_failed");
    let invoice = shop.latest(&subscription);
    assert_eq!((&invoice["status"], &invoice["next_payment_attempt"]), (&"open".into(), &Value::Null));
    let failures = shop.events_since(before).into_iter().filter(|kind| kind == "invoice.payment_failed").count();
    assert_eq!(failures, 4);
    assert!(shop.events_since(before).contains(&"customer.subscription.deleted".to_owned()));
}

#[tokio::test]
async fn a_subscription_can_be_left_unpaid_and_comes_back_when_its_latest_invoice_is_paid() {
    let shop = shop::open().await;
    shop.stripe.after_retries(AfterRetries::Unpaid);
    let (customer, subscription) = shop.subscriber().await;
    shop.stripe.set_card(&customer, Card::Missing);
    to(&shop, period_end(&shop, &subscription)).await;
    shop.stripe.advance(days(8)).await;
    assert_eq!(shop.status(&subscription), "unpaid");
    to(&shop, period_end(&shop, &subscription)).await;
    shop.stripe.advance(days(1)).await;
    assert_eq!(shop.latest(&subscription)["status"], "draft", "nobody collects it");

    let invoice = text(&shop.latest(&subscription), "id");
    shop.stripe.set_card(&customer, Card::Good);
    shop.stripe.call("POST", &format!("/v1/invoices/{invoice}/pay"), &[]).unwrap();
    assert_eq!(shop.status(&subscription), "active");
    assert_eq!(shop.stripe.customer(&customer)["delinquent"], false);
}

#[tokio::test]
async fn a_better_card_pays_at_the_next_try() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    shop.stripe.set_card(&customer, Card::Declines);
    to(&shop, period_end(&shop, &subscription) + 60 * 60).await;
    assert_eq!(shop.status(&subscription), "past_due");
    shop.stripe.set_card(&customer, Card::Good);
    assert_eq!(shop.status(&subscription), "past_due", "a new card does not pay by itself");
    shop.stripe.advance(days(3)).await;
    assert_eq!(shop.status(&subscription), "active");
    assert_eq!(shop.latest(&subscription)["status"], "paid");
}

#[tokio::test]
async fn a_renewal_that_needs_the_customer_waits_for_the_customer() {
    let shop = shop::open().await;
    let customer = shop.customer();
    let session = text(&shop.session(&customer, &[]), "id");
    let session = shop.stripe.pay_checkout(&session, Card::Authenticate).await;
    let subscription = text(&session, "subscription");
    assert_eq!(shop.status(&subscription), "active", "the first payment was confirmed");
    let before = shop.stripe.events().len();
    to(&shop, period_end(&shop, &subscription) + 60 * 60).await;
    assert_eq!(shop.status(&subscription), "past_due");
    assert!(shop.events_since(before).contains(&"invoice.payment_action_required".to_owned()));
    let invoice = text(&shop.latest(&subscription), "id");
    assert_eq!(intent_of(&shop, &invoice), "requires_action");
    let paid = shop.stripe.pay_invoice(&invoice, Card::Authenticate).await;
    assert_eq!(paid["status"], "paid");
    assert_eq!(intent_of(&shop, &invoice), "succeeded");
    assert_eq!(shop.status(&subscription), "active");
}

/// The status of the payment intent of an invoice's only payment.
fn intent_of(shop: &Shop, invoice: &str) -> String {
    let expand = [("expand[0]", "payments.data.payment.payment_intent")];
    let invoice = shop.stripe.call("GET", &format!("/v1/invoices/{invoice}"), &expand).expect("the invoice is there");
    let payments = invoice["payments"]["data"].as_array().expect("it has payments");
    assert_eq!(payments.len(), 1, "{payments:?}");
    text(&payments[0]["payment"]["payment_intent"], "status")
}

#[tokio::test]
async fn a_first_payment_that_never_comes_expires_the_subscription_after_23_hours() {
    let shop = shop::open().await;
    let customer = shop.customer();
    shop.stripe.set_card(&customer, Card::Declines);
    let params = [("customer", customer.as_str()), ("items[0][price]", &shop.price)];
    let subscription = text(&shop.stripe.call("POST", "/v1/subscriptions", &params).unwrap(), "id");
    assert_eq!(shop.status(&subscription), "incomplete");
    assert_eq!(shop.latest(&subscription)["next_payment_attempt"], Value::Null);
    shop.stripe.advance(HOUR * 23 - SignedDuration::from_secs(1)).await;
    assert_eq!(shop.status(&subscription), "incomplete");
    shop.stripe.advance(SignedDuration::from_secs(1)).await;
    assert_eq!(shop.status(&subscription), "incomplete_expired");
    assert_eq!(shop.latest(&subscription)["status"], "void");
}

#[tokio::test]
async fn a_trial_announces_its_end_three_days_before_and_becomes_active() {
    let shop = shop::open().await;
    let (_, subscription) = trial(&shop, Card::Good, "cancel").await;
    assert_eq!(shop.status(&subscription), "trialing");
    let first = shop.latest(&subscription);
    assert_eq!((first["total"].as_i64(), first["status"].as_str()), (Some(0), Some("paid")));
    let before = shop.stripe.events().len();
    shop.stripe.advance(days(11) - SignedDuration::from_secs(1)).await;
    assert_eq!(shop.events_since(before), [""; 0]);
    shop.stripe.advance(SignedDuration::from_secs(1)).await;
    assert_eq!(shop.events_since(before), ["customer.subscription.trial_will_end"]);
    shop.stripe.advance(days(3) + HOUR).await;
    assert_eq!(shop.status(&subscription), "active");
    let invoice = shop.latest(&subscription);
    assert_eq!((invoice["amount_paid"].as_i64(), invoice["status"].as_str()), (Some(3999), Some("paid")));
    let announced = shop.events_since(before).into_iter().filter(|kind| kind.ends_with("trial_will_end")).count();
    assert_eq!(announced, 1);
}

#[tokio::test]
async fn a_trial_without_a_card_can_be_paused_and_resumed() {
    let shop = shop::open().await;
    let (customer, subscription) = trial(&shop, Card::Missing, "pause").await;
    let before = shop.stripe.events().len();
    shop.stripe.advance(days(15)).await;
    assert_eq!(shop.status(&subscription), "paused");
    assert!(shop.events_since(before).contains(&"customer.subscription.paused".to_owned()));
    shop.stripe.advance(days(60)).await;
    assert_eq!(shop.stripe.invoices(&customer).len(), 1, "nothing is invoiced meanwhile");

    shop.stripe.set_card(&customer, Card::Good);
    let resume = format!("/v1/subscriptions/{subscription}/resume");
    let resumed = shop.stripe.call("POST", &resume, &[("billing_cycle_anchor", "now")]).unwrap();
    assert_eq!(resumed["status"], "active");
    assert_eq!(resumed["items"]["data"][0]["current_period_start"], shop.stripe.now().as_second());
    assert!(shop.events_since(before).contains(&"customer.subscription.resumed".to_owned()));
    assert_eq!(shop.latest(&subscription)["amount_paid"], 3999);
    assert!(shop.stripe.call("POST", &resume, &[]).is_err(), "only a paused one can be resumed");
}

#[tokio::test]
async fn a_resumption_that_nobody_pays_leaves_it_paused() {
    let shop = shop::open().await;
    let (customer, subscription) = trial(&shop, Card::Missing, "pause").await;
    shop.stripe.advance(days(15)).await;
    shop.stripe.set_card(&customer, Card::Declines);
    shop.stripe.call("POST", &format!("/v1/subscriptions/{subscription}/resume"), &[]).unwrap();
    assert_eq!(shop.status(&subscription), "paused");
    assert_eq!(shop.latest(&subscription)["status"], "open");
    shop.stripe.advance(days(1)).await;
    assert_eq!(
        (shop.status(&subscription).as_str(), shop.latest(&subscription)["status"].as_str()),
        ("paused", Some("void"))
    );
}

#[tokio::test]
async fn a_trial_without_a_card_can_end_with_an_invoice_or_altogether() {
    let shop = shop::open().await;
    let (_, invoiced) = trial(&shop, Card::Missing, "create_invoice").await;
    let (_, ended) = trial(&shop, Card::Missing, "cancel").await;
    shop.stripe.advance(days(14) + HOUR).await;
    assert_eq!(shop.status(&invoiced), "past_due");
    assert_eq!(shop.status(&ended), "canceled");
}

#[tokio::test]
async fn what_is_canceled_ends_with_its_period() {
    let shop = shop::open().await;
    let (customer, by_flag) = shop.subscriber().await;
    let (_, in_portal) = shop.subscriber().await;
    let path = format!("/v1/subscriptions/{by_flag}");
    shop.stripe.call("POST", &path, &[("cancel_at_period_end", "true")]).unwrap();
    shop.stripe.cancel_in_portal(&in_portal);
    let canceled_at = shop.stripe.now().as_second();
    shop.stripe.advance(days(10)).await;
    let end = period_end(&shop, &by_flag);
    to(&shop, end - 1).await;
    assert_eq!((shop.status(&by_flag), shop.status(&in_portal)), ("active".to_owned(), "active".to_owned()));
    let before = shop.stripe.events().len();
    to(&shop, end).await;
    assert_eq!(shop.events_since(before), ["customer.subscription.deleted"; 2]);
    let ended = shop.stripe.subscription(&by_flag);
    assert_eq!(
        (&ended["status"], &ended["ended_at"], &ended["canceled_at"]),
        (&"canceled".into(), &end.into(), &canceled_at.into())
    );
    assert_eq!(shop.stripe.invoices(&customer).len(), 1);
    let late = shop.stripe.call("POST", &path, &[("cancel_at_period_end", "false")]).unwrap_err();
    assert!(late.message.contains("canceled subscription"), "{late}");
}

#[tokio::test]
async fn a_date_to_end_on_is_not_taken_back_by_the_flag() {
    let shop = shop::open().await;
    let (_, subscription) = shop.subscriber().await;
    let path = format!("/v1/subscriptions/{subscription}");
    shop.stripe.cancel_in_portal(&subscription);
    let flagged = shop.stripe.call("POST", &path, &[("cancel_at_period_end", "false")]).unwrap();
    assert!(flagged["cancel_at"].is_i64());
    let kept = shop.stripe.call("POST", &path, &[("cancel_at", "")]).unwrap();
    assert_eq!(kept["cancel_at"], Value::Null);
    let soon = (shop.stripe.now().as_second() + 60).to_string();
    shop.stripe.call("POST", &path, &[("cancel_at", &soon)]).unwrap();
    shop.stripe.advance(SignedDuration::from_secs(60)).await;
    assert_eq!(shop.status(&subscription), "canceled");
}

#[tokio::test]
async fn collection_can_be_paused_for_a_time() {
    let shop = shop::open().await;
    let (_, subscription) = shop.subscriber().await;
    let path = format!("/v1/subscriptions/{subscription}");
    let end = period_end(&shop, &subscription);
    let resumes_at = (end + 24 * 60 * 60).to_string();
    let pause = [("pause_collection[behavior]", "void"), ("pause_collection[resumes_at]", resumes_at.as_str())];
    assert_eq!(shop.stripe.call("POST", &path, &pause).unwrap()["status"], "active");
    to(&shop, end + 60 * 60).await;
    assert_eq!(shop.latest(&subscription)["status"], "void");
    shop.stripe.advance(days(1)).await;
    assert_eq!(shop.stripe.subscription(&subscription)["pause_collection"], Value::Null);
    to(&shop, period_end(&shop, &subscription) + 60 * 60).await;
    assert_eq!(shop.latest(&subscription)["status"], "paid");
}

#[tokio::test]
async fn deleting_a_customer_ends_what_the_customer_subscribed_to() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    let before = shop.stripe.events().len();
    shop.stripe.call("DELETE", &format!("/v1/customers/{customer}"), &[]).unwrap();
    assert_eq!(shop.status(&subscription), "canceled");
    assert_eq!(shop.events_since(before), ["customer.subscription.deleted", "customer.deleted"]);
    shop.stripe.advance(days(60)).await;
    assert_eq!(shop.events_since(before).len(), 2, "nothing happens to it any more");
}

#[tokio::test]
async fn a_first_payment_that_was_left_to_later_is_not_asked_for_by_itself() {
    let shop = shop::open().await;
    let customer = shop.customer();
    shop.stripe.set_card(&customer, Card::Good);
    let params =
        [("customer", customer.as_str()), ("items[0][price]", &shop.price), ("payment_behavior", "default_incomplete")];
    let subscription = text(&shop.stripe.call("POST", "/v1/subscriptions", &params).unwrap(), "id");
    shop.stripe.advance(HOUR * 22).await;
    assert_eq!(shop.status(&subscription), "incomplete");
    let invoice = text(&shop.latest(&subscription), "id");
    shop.stripe.call("POST", &format!("/v1/invoices/{invoice}/pay"), &[]).unwrap();
    assert_eq!(shop.status(&subscription), "active");
}

#[tokio::test]
async fn a_trial_of_a_day_announces_its_end_at_once_and_again_if_it_is_moved() {
    let shop = shop::open().await;
    let session = shop.session(&shop.customer(), &[("subscription_data[trial_period_days]", "1")]);
    let subscription = text(&shop.stripe.pay_checkout(&text(&session, "id"), Card::Good).await, "subscription");
    let announced = || shop.events_since(0).into_iter().filter(|kind| kind.ends_with("trial_will_end")).count();
    assert_eq!(announced(), 1);
    let later = (shop.stripe.now().as_second() + 10 * 24 * 60 * 60).to_string();
    let path = format!("/v1/subscriptions/{subscription}");
    shop.stripe.call("POST", &path, &[("trial_end", &later)]).unwrap();
    shop.stripe.advance(days(6)).await;
    assert_eq!(announced(), 1);
    shop.stripe.advance(days(1)).await;
    assert_eq!(announced(), 2);
}

#[tokio::test]
async fn what_is_paid_after_the_end_does_not_bring_it_back() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    shop.stripe.set_card(&customer, Card::Declines);
    shop.stripe.advance(days(45)).await;
    assert_eq!(shop.status(&subscription), "canceled");
    let invoice = text(&shop.latest(&subscription), "id");
    assert_eq!(shop.stripe.pay_invoice(&invoice, Card::Good).await["status"], "paid");
    assert_eq!(shop.status(&subscription), "canceled");
}

#[tokio::test]
async fn nobody_asks_any_more_for_what_is_open_when_it_has_ended() {
    for (after, invoice) in [(0, "draft"), (60 * 60, "open")] {
        let shop = shop::open().await;
        let (customer, subscription) = shop.subscriber().await;
        shop.stripe.set_card(&customer, Card::Declines);
        to(&shop, period_end(&shop, &subscription) + after).await;
        assert_eq!(shop.latest(&subscription)["status"], invoice);
        shop.stripe.call("DELETE", &format!("/v1/subscriptions/{subscription}"), &[]).unwrap();
        let before = shop.stripe.events().len();
        shop.stripe.advance(days(60)).await;
        assert_eq!(shop.events_since(before), [""; 0]);
    }
}

#[tokio::test]
async fn a_try_by_hand_does_not_shift_the_others() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    shop.stripe.set_card(&customer, Card::Declines);
    to(&shop, period_end(&shop, &subscription) + 60 * 60).await;
    let before = shop.latest(&subscription);
    let pay = format!("/v1/invoices/{}/pay", text(&before, "id"));
    shop.stripe.advance(HOUR).await;
    let declined = shop.stripe.call("POST", &pay, &[]).unwrap_err();
    assert_eq!((declined.status, declined.code), (402, Some("card_declined")));
    let after = shop.latest(&subscription);
    assert_eq!(after["attempt_count"], before["attempt_count"]);
    assert_eq!(after["next_payment_attempt"], before["next_payment_attempt"]);
}

#[tokio::test]
async fn a_trial_can_be_ended_now() {
    let shop = shop::open().await;
    let (_, subscription) = trial(&shop, Card::Good, "cancel").await;
    let path = format!("/v1/subscriptions/{subscription}");
    let ended = shop.stripe.call("POST", &path, &[("trial_end", "now")]).unwrap();
    assert_eq!(ended["status"], "active");
    shop.stripe.advance(HOUR).await;
    assert_eq!(shop.latest(&subscription)["amount_paid"], 3999);
}

#[tokio::test]
async fn a_price_that_changes_shows_in_the_subscriptions_that_have_it() {
    let shop = shop::open().await;
    let (_, subscription) = shop.subscriber().await;
    shop.stripe.call("POST", &format!("/v1/prices/{}", shop.price), &[("metadata[tier]", "enterprise")]).unwrap();
    assert_eq!(shop.stripe.subscription(&subscription)["items"]["data"][0]["price"]["metadata"]["tier"], "enterprise");
}

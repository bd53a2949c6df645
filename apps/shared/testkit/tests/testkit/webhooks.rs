//! Webhooks: signed, delivered in order, delivered again, held, lost, repeated.

use std::collections::BTreeSet;

use serde_json::Value;
use stripe_webhook::{EventObject, Webhook};
use testkit::stripe::Card;
use testkit::target::{Received, Reply, Target};

use crate::shop::{self, Shop};

/// A shop whose webhooks come to a target, with the signing secret.
async fn listening(reply: impl Into<Reply>) -> (Shop, Target, String) {
    let shop = shop::open().await;
    let target = Target::start().await;
    target.on("POST /webhooks", reply);
    let secret = shop.stripe.endpoint(&target.url("/webhooks"), &["*"]);
    (shop, target, secret)
}

fn event(request: &Received) -> Value {
    serde_json::from_str(request.text()).expect("an event is JSON")
}

fn kinds(received: &[Received]) -> Vec<String> {
    let kind = |request: &Received| shop::text(&event(request), "type");
    received.iter().map(kind).collect()
}

#[tokio::test]
async fn every_event_comes_once_in_order_and_the_real_client_reads_it() {
    let (shop, target, secret) = listening(Reply::ok()).await;
    let before = shop.stripe.events().len();
    let (_, subscription) = shop.subscriber().await;
    shop.stripe.advance(shop::days(32)).await;
    shop.stripe.call("DELETE", &format!("/v1/subscriptions/{subscription}"), &[]).unwrap();
    shop.stripe.settled().await;
    let received = target.requests();
    assert_eq!(kinds(&received), shop.events_since(before));
    for request in &received {
        let signature = request.header("stripe-signature").unwrap();
        let event = Webhook::construct_event(request.text(), signature, &secret).unwrap();
        assert!(
            matches!(
                event.data.object,
                EventObject::CustomerCreated(_)
                    | EventObject::CustomerUpdated(_)
                    | EventObject::CustomerSubscriptionCreated(_)
                    | EventObject::CustomerSubscriptionUpdated(_)
                    | EventObject::CustomerSubscriptionDeleted(_)
                    | EventObject::InvoiceCreated(_)
                    | EventObject::InvoiceFinalized(_)
                    | EventObject::InvoiceUpdated(_)
                    | EventObject::InvoicePaid(_)
                    | EventObject::InvoicePaymentSucceeded(_)
                    | EventObject::CheckoutSessionCompleted(_)
            ),
            "{}",
            event.type_
        );
        let altered = request.text().replace("\"livemode\": false", "\"livemode\": true");
        assert!(Webhook::construct_event(&altered, signature, &secret).is_err());
        assert!(Webhook::construct_event(request.text(), signature, "whsec_other").is_err());
    }
    assert!(shop.stripe.undelivered().is_empty());
    assert_eq!(shop.stripe.events().pop().unwrap().json["pending_webhooks"], 0);
}

#[tokio::test]
async fn an_endpoint_gets_the_types_that_it_asked_for() {
    let shop = shop::open().await;
    let target = Target::start().await;
    target.on("POST /webhooks", Reply::ok());
    shop.stripe.endpoint(&target.url("/webhooks"), &["customer.subscription.created", "invoice.paid"]);
    shop.subscriber().await;
    shop.stripe.settled().await;
    assert_eq!(kinds(&target.requests()), ["customer.subscription.created", "invoice.paid"]);
}

#[tokio::test]
async fn what_is_not_taken_comes_again() {
    let (shop, target, _) = listening(Reply::ok()).await;
    target.on_each("POST /webhooks", [Reply::ok().status(500), Reply::ok().status(302), Reply::ok()]);
    shop.customer();
    shop.stripe.settled().await;
    assert_eq!(kinds(&target.requests()), ["customer.created"; 3]);
    assert!(shop.stripe.undelivered().is_empty());
}

#[tokio::test]
async fn what_is_never_taken_is_given_up_and_can_be_listed() {
    let (shop, target, _) = listening(Reply::ok().status(500)).await;
    shop.customer();
    shop.stripe.settled().await;
    assert_eq!(target.requests().len(), 6);
    let left = shop.stripe.undelivered();
    assert_eq!(left.iter().map(|event| event.kind.as_str()).collect::<Vec<_>>(), ["customer.created"]);
    let listed = shop.stripe.call("GET", "/v1/events", &[("delivery_success", "false")]).unwrap();
    assert_eq!(listed["data"][0]["id"], left[0].id);

    target.on("POST /webhooks", Reply::ok());
    assert_eq!(shop.stripe.deliver(&left[0], 1).await, [Some(200)]);
    assert!(shop.stripe.undelivered().is_empty());
}

#[tokio::test]
async fn held_webhooks_are_released_in_any_order_or_all_at_once() {
    let (shop, target, _) = listening(Reply::ok()).await;
    shop.stripe.hold_webhooks();
    for _ in 0..4 {
        shop.customer();
    }
    shop.stripe.settled().await;
    assert!(target.requests().is_empty());
    let held = shop.stripe.held();
    assert_eq!(held.len(), 4);
    shop.stripe.release(&[2, 0, 2]).await;
    let ids = |received: &[Received]| -> Vec<String> {
        received.iter().map(|request| shop::text(&event(request), "id")).collect()
    };
    assert_eq!(ids(&target.requests()), [&held[2], &held[0], &held[2]].map(|event| event.id.clone()));
    let left: Vec<_> = shop.stripe.held().into_iter().map(|event| event.id).collect();
    assert_eq!(left, [held[1].id.clone(), held[3].id.clone()]);

    shop.stripe.release_all().await;
    let last: BTreeSet<String> = ids(&target.requests()[3..]).into_iter().collect();
    assert_eq!(last, left.into_iter().collect());
    assert!(shop.stripe.held().is_empty());
    shop.stripe.deliver_webhooks();
    shop.customer();
    shop.stripe.settled().await;
    assert_eq!(target.requests().len(), 6);
}

#[tokio::test]
async fn a_released_webhook_that_is_not_taken_comes_again() {
    let (shop, target, _) = listening(Reply::ok()).await;
    target.on_each("POST /webhooks", [Reply::ok().status(503), Reply::ok()]);
    shop.stripe.hold_webhooks();
    shop.customer();
    shop.stripe.release(&[0]).await;
    shop.stripe.settled().await;
    assert_eq!(target.requests().len(), 2);
    assert!(shop.stripe.undelivered().is_empty());
}

#[tokio::test]
async fn lost_webhooks_never_come_and_repeated_ones_come_often() {
    let (shop, target, _) = listening(Reply::ok()).await;
    shop.stripe.lose_webhooks();
    shop.customer();
    shop.stripe.settled().await;
    assert!(target.requests().is_empty());
    assert_eq!(shop.stripe.undelivered().len(), 1);
    shop.stripe.repeat_webhooks(3);
    shop.customer();
    shop.stripe.settled().await;
    assert_eq!(target.requests().len(), 3);
    let event = shop.stripe.events().pop().unwrap();
    assert_eq!(shop.stripe.deliver(&event, 50).await, [Some(200); 50]);
    assert_eq!(target.requests().len(), 53);
}

#[tokio::test]
async fn an_endpoint_that_is_not_there_gives_no_status() {
    let shop = shop::open().await;
    let gone = Target::start().await.url("/webhooks");
    shop.stripe.hold_webhooks();
    shop.stripe.endpoint(&gone, &["*"]);
    shop.customer();
    let event = shop.stripe.held().remove(0);
    assert_eq!(shop.stripe.deliver(&event, 2).await, [None, None]);
}

#[tokio::test]
async fn the_signature_is_of_the_real_time_whatever_the_clock_says() {
    let (shop, target, secret) = listening(Reply::ok()).await;
    let (customer, _) = shop.subscriber().await;
    shop.stripe.set_card(&customer, Card::Declines);
    shop.stripe.advance(shop::days(400)).await;
    shop.stripe.settled().await;
    let received = target.requests();
    let last = received.last().unwrap();
    let event = Webhook::construct_event(last.text(), last.header("stripe-signature").unwrap(), &secret).unwrap();
    assert!(event.created > jiff::Timestamp::now().as_second() + 30 * 24 * 60 * 60);
}

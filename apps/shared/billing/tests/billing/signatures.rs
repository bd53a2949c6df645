//! Which webhooks are taken.

use billing::{Billing, Received, Rejected};
use domain::Tier;
use jiff::Timestamp;
use store::Member;
use stripe_webhook::Webhook;
use testkit::{TestDatabase, stripe::Card};

use crate::shop::{self, Shop, config};

/// A shop that lost the webhooks of a subscriber, and one of these as Stripe would send it.
async fn untold() -> (TestDatabase, Shop, Member, String) {
    let database = TestDatabase::sqlite().await;
    let shop = shop::open(&database).await;
    shop.stripe.lose_webhooks();
    let member = shop.subscriber(Card::Good).await;
    let events = shop.events_of(&shop.customer(&member).await);
    let event = events.iter().find(|event| event.kind == "customer.subscription.created").unwrap();
    (database, shop, member, serde_json::to_string_pretty(&event.json).unwrap())
}

fn sign(body: &str, secret: &str, age: i64) -> String {
    Webhook::generate_test_header(body, secret, Some(Timestamp::now().as_second() - age))
}

async fn refused(shop: &Shop, member: &Member, body: &str, signature: &str) {
    let received = shop.billing().receive(body.as_bytes(), signature).await;
    assert!(matches!(received, Err(Rejected::Signature)), "{signature}: {received:?}");
    assert_eq!(shop.tier(member).await, Tier::Free);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_with_stripes_signature_is_taken() {
    let (_database, shop, member, body) = untold().await;
    let signature = sign(&body, &shop.webhook_secret, 0);
    assert_eq!(shop.billing().receive(body.as_bytes(), &signature).await.unwrap(), Received::Done);
    assert_eq!(shop.tier(&member).await, Tier::Pro);
    assert_eq!(shop.billing().receive(body.as_bytes(), &signature).await.unwrap(), Received::Repeated);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_somebody_else_is_refused() {
    let (_database, shop, member, body) = untold().await;
    refused(&shop, &member, &body, &sign(&body, "whsec_wrong", 0)).await;
    let signature = sign(&body, &shop.webhook_secret, 0);
    refused(&shop, &member, &body.replacen("active", "trialing", 1), &signature).await;
    let again = serde_json::to_string(&serde_json::from_str::<serde_json::Value>(&body).unwrap()).unwrap();
    assert_ne!(again, body);
    refused(&shop, &member, &again, &signature).await;
    refused(&shop, &member, &format!("{body} "), &signature).await;
    for header in ["", "t=1", "v1=00", "t=x,v1=00", "nonsense", ",,,=", "t=99999999999999999999,v1=00"] {
        refused(&shop, &member, &body, header).await;
    }
    // Another scheme than the one that is checked.
    refused(&shop, &member, &body, &signature.replace("v1=", "v0=")).await;
    let received = shop.billing().receive(&[0xff, 0xfe], &signature).await;
    assert!(matches!(received, Err(Rejected::Signature)), "{received:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_more_than_five_minutes_ago_is_refused() {
    let (_database, shop, member, body) = untold().await;
    refused(&shop, &member, &body, &sign(&body, &shop.webhook_secret, 302)).await;
    refused(&shop, &member, &body, &sign(&body, &shop.webhook_secret, -310)).await;
    let signature = sign(&body, &shop.webhook_secret, 290);
    assert_eq!(shop.billing().receive(body.as_bytes(), &signature).await.unwrap(), Received::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_signatures_and_several_secrets_one_has_to_fit() {
    let (_database, shop, member, body) = untold().await;
    let fits = sign(&body, &shop.webhook_secret, 0);
    let wrong = "0".repeat(64);
    let (time, signature) = fits.split_once(',').unwrap();
    for header in [format!("{time},v1={wrong},{signature}"), format!("{time},v0=1,{signature},v1={wrong}")] {
        assert!(shop.billing().receive(body.as_bytes(), &header).await.is_ok(), "{header}");
    }
    assert_eq!(shop.tier(&member).await, Tier::Pro);
    // While secrets are exchanged, both are taken.
    let config = config(&shop.stripe, Some("whsec_new, whsec_old"));
    let billing = Billing::new(&config, shop.store.clone(), shop.origin.clone()).unwrap();
    for secret in ["whsec_new", "whsec_old"] {
        assert!(billing.receive(body.as_bytes(), &sign(&body, secret, 0)).await.is_ok(), "{secret}");
    }
    assert!(billing.receive(body.as_bytes(), &fits).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_event_is_told_apart_from_what_is_not_wanted() {
    let (_database, shop, _member, _) = untold().await;
    let take = async |body: &str| {
        let signature = sign(body, &shop.webhook_secret, 0);
        shop.billing().receive(body.as_bytes(), &signature).await
    };
    for body in ["", "{", "[]", "7", r#"{"id": "evt_1"}"#, r#"{"id": 7, "type": "invoice.paid"}"#] {
        assert!(matches!(take(body).await, Err(Rejected::Malformed)), "{body}");
    }
    let event = |kind: &str, object: &str| {
        format!(r#"{{"id": "evt_1", "object": "event", "type": "{kind}", "data": {{"object": {object}}}}}"#)
    };
    for kind in ["charge.refunded", "invoice.created", "v2.core.account.updated", "a kind of next year"] {
        assert_eq!(take(&event(kind, r#"{"customer": "cus_1"}"#)).await.unwrap(), Received::Ignored, "{kind}");
    }
    assert_eq!(take(r#"{"id": "evt_1", "type": "ping"}"#).await.unwrap(), Received::Ignored);
    for object in [r#"{"customer": "cus_unknown"}"#, "{}", r#"{"customer": null}"#, r#"{"customer": {"id": "cus_2"}}"#]
    {
        assert_eq!(take(&event("invoice.paid", object)).await.unwrap(), Received::Foreign, "{object}");
    }
    let asked = shop.stripe.requests().len();
    assert_eq!(take(&event("invoice.paid", r#"{"customer": "cus_unknown"}"#)).await.unwrap(), Received::Foreign);
    assert_eq!(shop.stripe.requests().len(), asked, "nobody asks Stripe about somebody else's customers");
}

//! What an account needs: made once, found again.

use billing::{SetUp, Trace};
use domain::Money;
use serde_json::Value;
use testkit::stripe::{API_VERSION, FakeStripe};
use url::Url;

use crate::shop::{config, price};

const KINDS: [&str; 4] = ["products", "prices", "billing_portal/configurations", "webhook_endpoints"];

fn origin() -> Url {
    "https://smokex.example.com".parse().unwrap()
}

async fn set_up(stripe: &FakeStripe, price: &Money) -> SetUp {
    SetUp::perform(&config(stripe, None), &origin(), price).await.unwrap()
}

fn traces(done: &SetUp) -> [Trace; 4] {
    [&done.product, &done.price, &done.portal, &done.webhook].map(|part| part.trace)
}

fn count(stripe: &FakeStripe) -> [usize; 4] {
    KINDS.map(|kind| {
        let all = stripe.call("GET", &format!("/v1/{kind}"), &[("limit", "100")]).unwrap();
        all["data"].as_array().unwrap().len()
    })
}

fn only(stripe: &FakeStripe, kind: &str) -> Value {
    stripe.call("GET", &format!("/v1/{kind}"), &[]).unwrap()["data"][0].clone()
}

#[tokio::test]
async fn what_is_made_once_is_found_the_next_time() {
    let stripe = FakeStripe::start().await;
    let done = set_up(&stripe, &price()).await;
    assert_eq!(traces(&done), [Trace::Made; 4]);
    assert!(done.webhook_secret.is_some() && done.outdated_webhooks.is_empty());
    assert_eq!(count(&stripe), [1; 4]);

    let made = stripe.events().len();
    let again = set_up(&stripe, &price()).await;
    assert_eq!(traces(&again), [Trace::Found; 4]);
    assert!(again.webhook_secret.is_none());
    assert_eq!(
        [&again.product, &again.price, &again.portal, &again.webhook].map(|part| &part.id),
        [&done.product, &done.price, &done.portal, &done.webhook].map(|part| &part.id)
    );
    assert_eq!((count(&stripe), stripe.events().len()), ([1; 4], made));
    let writes = stripe.requests().into_iter().filter(|request| request.method == "POST").count();
    assert_eq!(writes, 4, "nothing is written the second time");
}

#[tokio::test]
async fn what_is_made_is_what_is_needed() {
    let stripe = FakeStripe::start().await;
    set_up(&stripe, &price()).await;
    let price = only(&stripe, "prices");
    assert_eq!((&price["unit_amount"], &price["currency"]), (&3999.into(), &"usd".into()));
    assert_eq!((&price["lookup_key"], &price["metadata"]["tier"]), (&"smokex_pro_monthly".into(), &"pro".into()));
    assert_eq!(price["recurring"]["interval"], "month");
    let portal = only(&stripe, "billing_portal/configurations");
    assert_eq!(portal["default_return_url"], "https://smokex.example.com/billing");
    assert_eq!(portal["features"]["subscription_cancel"]["mode"], "at_period_end");
    for feature in ["subscription_cancel", "payment_method_update", "invoice_history"] {
        assert_eq!(portal["features"][feature]["enabled"], true, "{feature}");
    }
    let webhook = only(&stripe, "webhook_endpoints");
    assert_eq!(webhook["url"], "https://smokex.example.com/webhooks/stripe");
    assert_eq!(webhook["api_version"], API_VERSION);
    assert_eq!(webhook["enabled_events"].as_array().unwrap().len(), 12);
}

#[tokio::test]
async fn the_version_of_the_api_is_the_one_that_was_tried() {
    let stripe = FakeStripe::start().await;
    set_up(&stripe, &price()).await;
    assert_eq!(API_VERSION, "2026-09-30.endive");
    for request in stripe.requests() {
        assert_eq!(request.header("stripe-version"), Some(API_VERSION), "{request:?}");
    }
}

#[tokio::test]
async fn another_amount_is_another_price_that_takes_the_key_over() {
    let stripe = FakeStripe::start().await;
    let first = set_up(&stripe, &price()).await;
    let dearer = set_up(&stripe, &Money::parse("49", "eur").unwrap()).await;
    assert_eq!(traces(&dearer), [Trace::Found, Trace::Made, Trace::Found, Trace::Found]);
    assert_eq!(stripe.object(&first.price.id)["lookup_key"], Value::Null);
    assert_eq!(stripe.object(&first.price.id)["metadata"]["tier"], "pro", "who pays it goes on being pro");
    assert_eq!(traces(&set_up(&stripe, &Money::parse("49", "eur").unwrap()).await), [Trace::Found; 4]);
}

#[tokio::test]
async fn what_was_changed_is_changed_back() {
    let stripe = FakeStripe::start().await;
    let done = set_up(&stripe, &price()).await;
    let change = |path: String, params: &[(&str, &str)]| stripe.call("POST", &path, params).unwrap();
    change(format!("/v1/prices/{}", done.price.id), &[("metadata[tier]", "")]);
    change(
        format!("/v1/billing_portal/configurations/{}", done.portal.id),
        &[("features[invoice_history][enabled]", "false")],
    );
    change(format!("/v1/webhook_endpoints/{}", done.webhook.id), &[("enabled_events[0]", "invoice.paid")]);
    let again = set_up(&stripe, &price()).await;
    assert_eq!(traces(&again), [Trace::Found, Trace::Changed, Trace::Changed, Trace::Changed]);
    assert!(again.webhook_secret.is_none());
    assert_eq!(traces(&set_up(&stripe, &price()).await), [Trace::Found; 4]);
    assert_eq!(count(&stripe), [1; 4]);
}

#[tokio::test]
async fn an_endpoint_that_was_disabled_is_enabled_again_and_others_are_left_alone() {
    let stripe = FakeStripe::start().await;
    let elsewhere = stripe.endpoint("https://other.example.com/webhooks/stripe", &["*"]);
    assert!(elsewhere.starts_with("whsec_"));
    let done = set_up(&stripe, &price()).await;
    assert_eq!(done.webhook.trace, Trace::Made);
    stripe.call("POST", &format!("/v1/webhook_endpoints/{}", done.webhook.id), &[("disabled", "true")]).unwrap();
    assert_eq!(set_up(&stripe, &price()).await.webhook.trace, Trace::Changed);
    assert_eq!(stripe.object(&done.webhook.id)["status"], "enabled");
    assert_eq!(count(&stripe)[3], 2);
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_told_as_such() {
    let stripe = FakeStripe::start().await;
    let mut config = config(&stripe, None);
    config.secret_key = "sk_test_wrong".to_owned().into();
    let error = SetUp::perform(&config, &origin(), &price()).await.unwrap_err();
    assert!(matches!(error, billing::Error::Key(_)), "{error:?}");
    assert!(error.to_string().contains("STRIPE_SECRET_KEY"), "{error}");
    assert!(!format!("{error:?}").contains("sk_test_wrong"), "{error:?}");
}

//! The pages and the levers, as a browser uses them.

use reqwest::header::{ACCEPT, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use serde_json::Value;
use testkit::stripe::Card;
use testkit::target::{Reply, Target};

use crate::shop::{self, Shop, text};

fn browser() -> Client {
    Client::builder().redirect(Policy::none()).build().expect("a client can be made")
}

async fn post(url: &str, fields: &[(&str, &str)]) -> Response {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(fields);
    let request = browser().post(url).header("content-type", "application/x-www-form-urlencoded");
    request.body(form.finish()).send().await.expect("the page answers")
}

async fn page(url: &str) -> String {
    let response = browser().get(url).send().await.expect("the page answers");
    assert_eq!(response.status(), 200, "{url}");
    response.text().await.expect("a page is text")
}

fn location(response: &Response) -> &str {
    assert_eq!(response.status(), 303);
    response.headers()[LOCATION].to_str().expect("an address is text")
}

/// A portal session that may do everything.
fn portal(shop: &Shop, customer: &str) -> String {
    let features = [
        ("features[subscription_cancel][enabled]", "true"),
        ("features[payment_method_update][enabled]", "true"),
        ("features[invoice_history][enabled]", "true"),
    ];
    let made = shop.stripe.call("POST", "/v1/billing_portal/configurations", &features).expect("it is configured");
    let configuration = text(&made, "id");
    let session =
        [("customer", customer), ("configuration", &configuration), ("return_url", "http://127.0.0.1:9/billing")];
    text(&shop.stripe.call("POST", "/v1/billing_portal/sessions", &session).expect("it opens"), "url")
}

#[tokio::test]
async fn the_checkout_page_says_what_is_bought_and_sends_on_who_has_paid() {
    let shop = shop::open().await;
    let customer = shop.customer();
    let session = shop.session(&customer, &[]);
    let (id, url) = (text(&session, "id"), text(&session, "url"));
    let shown = page(&url).await;
    for part in
        ["Pro", "39.99 USD every month", "ada@example.com", "http://127.0.0.1:9/back", "fake Stripe", "Pay 39.99 USD"]
    {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    let declined = post(&url, &[("card", "declines")]).await;
    assert_eq!(declined.status(), 200);
    assert!(declined.text().await.unwrap().contains("Your card was declined."));
    assert!(shop.stripe.subscriptions(&customer).is_empty());

    let paid = post(&url, &[("card", "good")]).await;
    assert_eq!(location(&paid), format!("http://127.0.0.1:9/done?session={id}"));
    assert_eq!(shop.stripe.subscriptions(&customer)[0]["status"], "active");
    assert!(page(&url).await.contains("there is nothing to pay here any more"));
    assert!(post(&url, &[("card", "good")]).await.text().await.unwrap().contains("complete"));
    assert_eq!(shop.stripe.subscriptions(&customer).len(), 1);
}

#[tokio::test]
async fn a_payment_that_the_bank_wants_confirmed_is_confirmed_on_a_page_of_its_own() {
    let shop = shop::open().await;
    let url = text(&shop.session(&shop.customer(), &[]), "url");
    let asked = post(&url, &[("card", "authenticate")]).await;
    assert_eq!(asked.status(), 200);
    assert!(asked.text().await.unwrap().contains("Confirm your payment"));
    let refused = post(&url, &[("card", "authenticate"), ("confirmed", "no")]).await;
    assert!(refused.text().await.unwrap().contains("unable to authenticate"));
    location(&post(&url, &[("card", "authenticate"), ("confirmed", "yes")]).await);
}

#[tokio::test]
async fn somebody_unknown_says_where_to_write_to() {
    let shop = shop::open().await;
    let parameters = [
        ("mode", "subscription"),
        ("line_items[0][price]", shop.price.as_str()),
        ("success_url", "http://127.0.0.1:9/done"),
        ("customer_email", "\"><script>"),
    ];
    let url = text(&shop.stripe.call("POST", "/v1/checkout/sessions", &parameters).unwrap(), "url");
    assert!(!page(&url).await.contains("<script>"), "what is typed elsewhere is no markup here");
    assert!(post(&url, &[("card", "good"), ("email", "nobody")]).await.text().await.unwrap().contains("Invalid email"));
    location(&post(&url, &[("card", "good"), ("email", "grace@example.com")]).await);
    assert_eq!(shop.stripe.customers()[0]["email"], "grace@example.com");
}

#[tokio::test]
async fn a_trial_can_be_started_without_a_card_where_none_is_asked_for() {
    let shop = shop::open().await;
    let trial = [("subscription_data[trial_period_days]", "14"), ("payment_method_collection", "if_required")];
    let url = text(&shop.session(&shop.customer(), &trial), "url");
    let shown = page(&url).await;
    assert!(shown.contains("Start the trial") && shown.contains("No card"), "{shown}");
    location(&post(&url, &[("card", "missing")]).await);
    let always = text(&shop.session(&shop.customer(), &trial[..1]), "url");
    assert!(post(&always, &[("card", "missing")]).await.text().await.unwrap().contains("A card is needed"));
}

#[tokio::test]
async fn the_portal_cancels_keeps_and_changes_the_card() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    let url = portal(&shop, &customer);
    let shown = page(&url).await;
    for part in ["Pro", "active", "Cancel the subscription", "http://127.0.0.1:9/billing", "paid"] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    location(&post(&url, &[("cancel", &subscription)]).await);
    assert!(shop.stripe.subscription(&subscription)["cancel_at"].is_i64());
    assert!(page(&url).await.contains("Do not cancel"));
    location(&post(&url, &[("keep", &subscription)]).await);
    assert_eq!(shop.stripe.subscription(&subscription)["cancel_at"], Value::Null);
    location(&post(&url, &[("do", "card"), ("card", "declines")]).await);
    let method = text(&shop.stripe.customer(&customer)["invoice_settings"], "default_payment_method");
    assert_eq!(shop.stripe.object(&method)["card"]["last4"], "0341");
}

#[tokio::test]
async fn the_portal_does_what_its_configuration_allows_and_only_for_its_customer() {
    let shop = shop::open().await;
    let (_, of_somebody_else) = shop.subscriber().await;
    let (customer, subscription) = shop.subscriber().await;
    let url = portal(&shop, &customer);
    let foreign = post(&url, &[("cancel", &of_somebody_else)]).await;
    assert!(foreign.text().await.unwrap().contains("No such subscription"));
    assert_eq!(shop.stripe.subscription(&of_somebody_else)["cancel_at"], Value::Null);

    let configuration = text(&shop.stripe.object(url.rsplit('/').next().unwrap()), "configuration");
    let path = format!("/v1/billing_portal/configurations/{configuration}");
    shop.stripe.call("POST", &path, &[("features[subscription_cancel][enabled]", "false")]).unwrap();
    assert!(!page(&url).await.contains("Cancel the subscription"));
    let forbidden = post(&url, &[("cancel", &subscription)]).await;
    assert!(forbidden.text().await.unwrap().contains("does not allow"));
    assert_eq!(shop.stripe.subscription(&subscription)["cancel_at"], Value::Null);
}

#[tokio::test]
async fn an_open_invoice_is_paid_on_its_page() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    shop.stripe.set_card(&customer, Card::Declines);
    shop.stripe.advance(shop::days(32)).await;
    assert_eq!(shop.status(&subscription), "past_due");
    let invoice = shop.latest(&subscription);
    let url = text(&invoice, "hosted_invoice_url");
    assert!(page(&url).await.contains("Pay 39.99 USD"));
    assert!(page(&text(&invoice, "invoice_pdf")).await.contains(&text(&invoice, "number")));
    assert!(post(&url, &[("card", "declines")]).await.text().await.unwrap().contains("declined"));
    location(&post(&url, &[("card", "good")]).await);
    assert!(!page(&url).await.contains("Pay 39.99 USD"));
    assert_eq!(shop.status(&subscription), "active");
    shop.stripe.advance(shop::days(32)).await;
    assert_eq!(shop.status(&subscription), "active", "the new card pays from now on");
}

#[tokio::test]
async fn the_front_page_moves_the_clock_and_sets_faults() {
    let shop = shop::open().await;
    let (customer, _) = shop.subscriber().await;
    let url = shop.stripe.url();
    let shown = page(&url).await;
    for part in ["fake Stripe", "Forward by", customer.as_str(), "checkout.session.completed", "/v1/"] {
        assert!(shown.contains(part), "{part} is missing in {shown}");
    }
    let before = shop.stripe.now();
    for (by, hours) in [("hour", 1), ("day", 24), ("3600", 1)] {
        let now = shop.stripe.now();
        assert_eq!(location(&post(&format!("{url}_fake/clock"), &[("by", by)]).await), "/");
        assert_eq!(shop.stripe.now().duration_since(now), jiff::SignedDuration::from_hours(hours));
    }
    post(&format!("{url}_fake/clock"), &[("by", "month")]).await;
    assert!(shop.stripe.now().duration_since(before) >= shop::days(29));
    assert!(post(&format!("{url}_fake/clock"), &[("by", "-1")]).await.text().await.unwrap().contains("forward"));

    post(&format!("{url}_fake/faults"), &[("times", "2"), ("fault", "503")]).await;
    let asked = || browser().get(format!("{url}v1/customers")).bearer_auth(shop.stripe.secret_key()).send();
    assert_eq!(asked().await.unwrap().status(), 503);
    post(&format!("{url}_fake/clear_faults"), &[]).await;
    assert_eq!(asked().await.unwrap().status(), 200);
    post(&format!("{url}_fake/card"), &[("customer", &customer), ("card", "declines")]).await;
    post(&format!("{url}_fake/retries"), &[("then", "unpaid")]).await;
    shop.stripe.advance(shop::days(40)).await;
    assert_eq!(shop.stripe.subscriptions(&customer)[0]["status"], "unpaid");
}

#[tokio::test]
async fn webhooks_are_steered_over_http_as_well() {
    let shop = shop::open().await;
    let target = Target::start().await;
    target.on("POST /webhooks", Reply::ok());
    shop.stripe.endpoint(&target.url("/webhooks"), &["customer.created"]);
    let url = shop.stripe.url();
    let steer = async |action: &str, fields: &'static str| -> Value {
        let request = browser().post(format!("{url}_fake/{action}")).header(ACCEPT, "application/json").body(fields);
        request.send().await.unwrap().json().await.unwrap()
    };
    assert_eq!(steer("webhooks", "mode=hold").await["webhooks"], "hold");
    shop.customer();
    shop.customer();
    let state = browser().get(format!("{url}_fake/state")).header(ACCEPT, "application/json");
    let state: Value = state.send().await.unwrap().json().await.unwrap();
    assert_eq!(state["held"].as_array().unwrap().len(), 2);
    assert_eq!(steer("release", "order=1").await["held"].as_array().unwrap().len(), 1);
    assert!(steer("release", "order=7").await["error"]["message"].as_str().unwrap().contains("place `7`"));
    assert_eq!(steer("release", "").await["undelivered"], serde_json::json!([]));
    assert_eq!(target.requests().len(), 2);
    assert_eq!(steer("webhooks", "mode=repeat&times=2").await["webhooks"], serde_json::json!({ "repeat": 2 }));
    shop.customer();
    shop.stripe.settled().await;
    assert_eq!(target.requests().len(), 4);
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let shop = shop::open().await;
    for path in ["nothing", "pay/cs_test_nobody", "portal/bps_nobody", "invoice/in_nobody"] {
        let response = browser().get(format!("{}{path}", shop.stripe.url())).send().await.unwrap();
        assert_eq!(response.status(), 404, "{path}");
        let posted = post(&format!("{}{path}", shop.stripe.url()), &[("card", "good")]).await;
        assert_eq!(posted.status(), 404, "{path}");
    }
}

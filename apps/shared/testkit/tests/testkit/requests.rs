//! Keys, versions, idempotency, refusals and pages of lists.

use stripe::{ApiErrorsCode, StripeError, StripeRequest};
use stripe_core::customer::{CreateCustomer, ListCustomer, RetrieveCustomer};
use testkit::stripe::{API_VERSION, Card};

use crate::shop::{self, once};

fn refusal(error: StripeError) -> (u16, Option<ApiErrorsCode>) {
    match error {
        StripeError::Stripe(error, status) => (status, error.code),
        other => panic!("not an answer of Stripe's: {other}"),
    }
}

#[tokio::test]
async fn only_the_right_key_opens() {
    let shop = shop::open().await;
    let wrong = stripe::ClientBuilder::new("sk_test_wrong").url(shop.stripe.url()).build().unwrap();
    let refused = CreateCustomer::new().send(&wrong).await.unwrap_err();
    assert_eq!(refusal(refused).0, 401);
    let url = format!("{}v1/customers", shop.stripe.url());
    assert_eq!(reqwest::get(url).await.unwrap().status(), 401);
    assert!(shop.stripe.customers().is_empty());
}

#[tokio::test]
async fn the_client_asks_for_the_version_that_the_fake_speaks() {
    let shop = shop::open().await;
    CreateCustomer::new().send(&shop.client).await.unwrap();
    let requests = shop.stripe.requests();
    assert_eq!(requests[0].header("stripe-version"), Some(API_VERSION));
    assert_eq!((requests[0].method.as_str(), requests[0].path.as_str()), ("POST", "/v1/customers"));
    assert_eq!(requests[0].status, Some(200));
    assert_eq!(requests[0].header("authorization"), None, "the key is not recorded");
    let other = reqwest::Client::new().get(format!("{}v1/customers", shop.stripe.url()));
    let other = other.bearer_auth(shop.stripe.secret_key()).header("stripe-version", "2020-08-27");
    assert_eq!(other.send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn the_same_key_gives_the_same_answer_again() {
    let shop = shop::open().await;
    let create = CreateCustomer::new().email("ada@example.com");
    let first = create.customize().request_strategy(once("a")).send(&shop.client).await.unwrap();
    let again = create.customize().request_strategy(once("a")).send(&shop.client).await.unwrap();
    assert_eq!(first.id, again.id);
    assert_eq!(shop.stripe.customers().len(), 1);

    let other = CreateCustomer::new().email("grace@example.com");
    let refused = other.customize().request_strategy(once("a")).send(&shop.client).await.unwrap_err();
    assert!(
        matches!(&refused, StripeError::Stripe(error, 400) if error.type_.as_str() == "idempotency_error"),
        "{refused}"
    );
    other.customize().request_strategy(once("b")).send(&shop.client).await.unwrap();
    assert_eq!(shop.stripe.customers().len(), 2);

    shop.stripe.advance(shop::days(2)).await;
    let later = create.customize().request_strategy(once("a")).send(&shop.client).await.unwrap();
    assert_ne!(first.id, later.id, "keys are forgotten after a day");
}

#[tokio::test]
async fn an_event_tells_which_request_caused_it() {
    let shop = shop::open().await;
    CreateCustomer::new().customize().request_strategy(once("a")).send(&shop.client).await.unwrap();
    let event = shop.stripe.events().pop().unwrap();
    assert_eq!(event.json["request"]["idempotency_key"], "a");
    assert!(event.json["request"]["id"].as_str().unwrap().starts_with("req_"));
}

#[tokio::test]
async fn refusals_have_the_shape_and_the_status_of_stripes() {
    let shop = shop::open().await;
    let missing = RetrieveCustomer::new("cus_nobody").send(&shop.client).await.unwrap_err();
    assert_eq!(refusal(missing), (404, Some(ApiErrorsCode::ResourceMissing)));
    let call = |path: &str, params: &[(&str, &str)]| shop.stripe.call("POST", path, params).unwrap_err();
    let unknown = call("/v1/customers", &[("emial", "ada@example.com")]);
    assert_eq!(
        (unknown.status, unknown.code, unknown.param.as_deref()),
        (400, Some("parameter_unknown"), Some("emial"))
    );
    let nobody = call("/v1/billing_portal/sessions", &[("customer", "cus_nobody")]);
    assert_eq!(
        (nobody.status, nobody.code, nobody.param.as_deref()),
        (400, Some("resource_missing"), Some("customer"))
    );
    let empty = call("/v1/subscriptions", &[]);
    assert_eq!((empty.status, empty.code, empty.param.as_deref()), (400, Some("parameter_missing"), Some("customer")));
    let both = [("cancel_at_period_end", "true"), ("cancel_at", "1")];
    let (_, subscription) = shop.subscriber().await;
    let both = call(&format!("/v1/subscriptions/{subscription}"), &both);
    assert_eq!(both.message, "Received both cancel_at_period_end and cancel_at parameters. Please pass in only one.");
    assert_eq!(call("/v1/nothing", &[]).status, 404);
    assert!(shop.stripe.customers().len() == 1);
}

#[tokio::test]
async fn a_refused_payment_is_a_card_error() {
    let shop = shop::open().await;
    let customer = shop.customer();
    shop.stripe.set_card(&customer, Card::Declines);
    let params = [
        ("customer", customer.as_str()),
        ("items[0][price]", &shop.price),
        ("payment_behavior", "error_if_incomplete"),
    ];
    let declined = shop.stripe.call("POST", "/v1/subscriptions", &params).unwrap_err();
    assert_eq!((declined.status, declined.code), (402, Some("card_declined")));
    assert!(shop.stripe.subscriptions(&customer).is_empty());
}

#[tokio::test]
async fn lists_are_paged_newest_first() {
    let shop = shop::open().await;
    for count in 0..25 {
        let email = format!("{count}@example.com");
        shop.stripe.call("POST", "/v1/customers", &[("email", &email)]).unwrap();
    }
    let first = ListCustomer::new().limit(10).send(&shop.client).await.unwrap();
    assert_eq!(first.data.len(), 10);
    assert!(first.has_more);
    assert_eq!(first.data[0].email.as_deref(), Some("24@example.com"));
    let second =
        ListCustomer::new().limit(20).starting_after(first.data[9].id.as_str()).send(&shop.client).await.unwrap();
    assert_eq!(second.data.len(), 15);
    assert!(!second.has_more);
    assert_eq!(second.data[0].email.as_deref(), Some("14@example.com"));
    let back = ListCustomer::new().limit(3).ending_before(second.data[0].id.as_str()).send(&shop.client).await.unwrap();
    assert_eq!(
        back.data.iter().map(|one| &one.id).collect::<Vec<_>>(),
        first.data[7..].iter().map(|one| &one.id).collect::<Vec<_>>()
    );
    assert!(back.has_more);

    let after = shop.stripe.call("GET", "/v1/customers", &[("starting_after", "cus_nobody")]).unwrap_err();
    assert_eq!(after.code, Some("resource_missing"));
    assert!(shop.stripe.call("GET", "/v1/customers", &[("limit", "101")]).is_err());
}

#[tokio::test]
async fn only_what_is_there_can_be_expanded() {
    let shop = shop::open().await;
    let (_, subscription) = shop.subscriber().await;
    let path = format!("/v1/subscriptions/{subscription}");
    let expanded = [("expand[]", "latest_invoice"), ("expand[]", "customer"), ("expand[]", "default_payment_method")];
    let shown = shop.stripe.call("GET", &path, &expanded).unwrap();
    assert_eq!(shown["latest_invoice"]["object"], "invoice");
    assert_eq!(shown["customer"]["email"], "ada@example.com");
    assert_eq!(shown["default_payment_method"]["card"]["last4"], "4242");
    let wrong = shop.stripe.call("GET", &path, &[("expand[]", "invoice")]).unwrap_err();
    assert!(wrong.message.contains("cannot be expanded"), "{wrong}");
}

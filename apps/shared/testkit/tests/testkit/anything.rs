//! Whatever is asked in whatever order, sensible or not: nothing panics, and everything that is said
//! is what the real client can read.

use fastrand::Rng;
use jiff::SignedDuration;
use serde_json::Value;
use stripe_webhook::Webhook;
use testkit::stripe::{AfterRetries, Card};

use crate::shop::{self, Shop, text};

const CARDS: [Card; 4] = [Card::Good, Card::Declines, Card::Authenticate, Card::Missing];
const VALUES: [&str; 14] = [
    "",
    "true",
    "false",
    "0",
    "1",
    "-1",
    "14",
    "731",
    "9223372036854775807",
    "99999999999999999999",
    "now",
    "usd",
    "void",
    "ä\u{0}<",
];
const NAMES: [&str; 22] = [
    "cancel_at_period_end",
    "cancel_at",
    "trial_end",
    "trial_period_days",
    "items[0][price]",
    "items[0][quantity]",
    "items[1][price]",
    "pause_collection",
    "pause_collection[behavior]",
    "pause_collection[resumes_at]",
    "payment_behavior",
    "metadata[a]",
    "metadata",
    "customer",
    "email",
    "limit",
    "starting_after",
    "expand[]",
    "unit_amount",
    "currency",
    "[",
    "a[b",
];

/// One random thing.
async fn step(shop: &Shop, random: &mut Rng) {
    let stripe = &shop.stripe;
    let customers = stripe.customers();
    let Some(customer) = random.choice(&customers).map(|customer| text(customer, "id")) else {
        shop.customer();
        return;
    };
    let subscription = random.choice(stripe.subscriptions(&customer)).map(|one| text(&one, "id"));
    let card = *random.choice(&CARDS).expect("there are cards");
    match random.u8(0..13) {
        0 => {
            shop.customer();
        }
        1 | 2 => {
            let behavior = *random.choice(&["create_invoice", "pause", "cancel"]).expect("there are some");
            let trial = [
                ("subscription_data[trial_period_days]", *random.choice(&["1", "14"]).expect("there are some")),
                ("subscription_data[trial_settings][end_behavior][missing_payment_method]", behavior),
                ("payment_method_collection", "if_required"),
            ];
            let with_trial = random.bool();
            let session = shop.session(&customer, if with_trial { &trial } else { &[] });
            let card = if with_trial { card } else { Card::Good };
            stripe.pay_checkout(&text(&session, "id"), card).await;
        }
        3 => stripe.set_card(&customer, card),
        4 => stripe.advance(SignedDuration::from_hours(random.i64(1..1000))).await,
        5 => stripe
            .after_retries(*random.choice(&[AfterRetries::Canceled, AfterRetries::Unpaid]).expect("there are some")),
        6 => {
            let path = format!("/v1/customers/{customer}");
            let _ =
                if random.u8(0..8) == 0 { stripe.call("DELETE", &path, &[]) } else { stripe.call("GET", &path, &[]) };
        }
        7 => {
            if let Some(invoice) = random.choice(stripe.invoices(&customer)) {
                let path = format!("/v1/invoices/{}/pay", text(&invoice, "id"));
                let _ = stripe.call("POST", &path, &[]);
            }
        }
        8 => {
            let behavior = *random.choice(&["allow_incomplete", "default_incomplete"]).expect("there are some");
            let params =
                [("customer", customer.as_str()), ("items[0][price]", &shop.price), ("payment_behavior", behavior)];
            let _ = stripe.call("POST", "/v1/subscriptions", &params);
        }
        9 => {
            let _ = stripe.call("POST", "/v1/invoices/create_preview", &[("customer", &customer)]);
        }
        kind => {
            let path = match subscription {
                Some(id) if kind == 10 => format!("/v1/subscriptions/{id}"),
                Some(id) if kind == 11 => format!("/v1/subscriptions/{id}/resume"),
                _ => (*random
                    .choice(&["/v1/subscriptions", "/v1/customers", "/v1/prices", "/v1/invoices"])
                    .expect("some"))
                .to_owned(),
            };
            let params: Vec<(&str, &str)> = (0..random.usize(0..4))
                .map(|_| (*random.choice(&NAMES).expect("some"), *random.choice(&VALUES).expect("some")))
                .collect();
            let method = *random.choice(&["GET", "POST", "DELETE"]).expect("some");
            let _ = stripe.call(method, &path, &params);
        }
    }
}

/// What holds at any time.
fn look(shop: &Shop) {
    let events = shop.stripe.events();
    assert!(events.is_sorted_by_key(|event| event.json["created"].as_i64()), "time goes forward");
    for event in &events {
        let read = Webhook::insecure(&event.json.to_string());
        assert!(read.is_ok(), "the client cannot read {}", event.json);
    }
    for customer in shop.stripe.customers() {
        let id = text(&customer, "id");
        for invoice in shop.stripe.invoices(&id) {
            let open = invoice["amount_remaining"].as_i64();
            assert_eq!(open == Some(0), invoice["status"] == "paid" || invoice["total"] == 0, "{invoice}");
            let subscription =
                shop.stripe.subscription(&text(&invoice["parent"]["subscription_details"], "subscription"));
            let over = matches!(subscription["status"].as_str(), Some("canceled" | "incomplete_expired"));
            let waits = invoice["next_payment_attempt"] != Value::Null && invoice["status"] != "paid";
            assert!(!(over && waits), "nobody collects for what is over: {invoice}");
        }
    }
}

async fn live(seed: u64) {
    let shop = shop::open().await;
    let mut random = Rng::with_seed(seed);
    for _ in 0..150 {
        step(&shop, &mut random).await;
    }
    shop.stripe.advance(shop::days(120)).await;
    look(&shop);
}

#[tokio::test]
async fn nothing_panics_and_everything_can_be_read() {
    for seed in 0..3 {
        println!("seed {seed}");
        live(seed).await;
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_reason() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    let of_subscription = format!("/v1/subscriptions/{subscription}");
    let price = shop.price.as_str();
    let wrong: [(&str, &[(&str, &str)]); 12] = [
        ("/v1/customers", &[("email", "nobody")]),
        ("/v1/prices", &[("currency", "usd"), ("unit_amount", "99999999999"), ("product_data[name]", "Pro")]),
        ("/v1/prices", &[("currency", "dollars"), ("unit_amount", "1"), ("product_data[name]", "Pro")]),
        ("/v1/subscriptions", &[("customer", &customer), ("items[0][price]", price), ("items[0][quantity]", "-1")]),
        ("/v1/subscriptions", &[("customer", &customer), ("items[0][price]", price), ("trial_period_days", "731")]),
        (
            "/v1/subscriptions",
            &[("customer", &customer), ("items[0][price]", price), ("trial_end", "9223372036854775807")],
        ),
        (&of_subscription, &[("cancel_at", "1")]),
        (&of_subscription, &[("cancel_at", "soon")]),
        (&of_subscription, &[("cancel_at_period_end", "perhaps")]),
        (&of_subscription, &[("pause_collection[resumes_at]", "1")]),
        ("/v1/webhook_endpoints", &[("url", "ftp://example.com"), ("enabled_events[]", "*")]),
        ("/v1/checkout/sessions", &[("mode", "payment")]),
    ];
    let before = shop.stripe.events().len();
    for (path, params) in wrong {
        let problem = shop.stripe.call("POST", path, params).expect_err("it makes no sense");
        assert_eq!(problem.status, 400, "{path} {params:?}");
        assert!(problem.message.len() > 10, "{problem:?}");
    }
    assert_eq!(shop.stripe.events().len(), before, "and nothing has happened");
}

//! Every object that Smokex uses is whole: the real client reads it.

use std::collections::HashMap;

use serde_json::Value;
use stripe_billing::billing_portal_configuration::{
    CreateBillingPortalConfiguration, CreateBillingPortalConfigurationFeatures,
    CreateBillingPortalConfigurationFeaturesSubscriptionCancel, InvoiceListParam, ListBillingPortalConfiguration,
    PaymentMethodUpdateParam, UpdateBillingPortalConfiguration,
};
use stripe_billing::billing_portal_session::CreateBillingPortalSession;
use stripe_billing::invoice::{CreatePreviewInvoice, ListInvoice, PayInvoice, RetrieveInvoice};
use stripe_billing::subscription::{
    CancelSubscription, CancelSubscriptionCancellationDetails, CreateSubscription, CreateSubscriptionItems,
    ListSubscription, ListSubscriptionStatus, ResumeSubscription, RetrieveSubscription, UpdateSubscription,
    UpdateSubscriptionPauseCollection, UpdateSubscriptionPauseCollectionBehavior,
};
use stripe_billing::{InvoiceStatus, SubscriptionStatus};
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionLineItems, CreateCheckoutSessionSubscriptionData,
    ExpireCheckoutSession, RetrieveCheckoutSession,
};
use stripe_checkout::{CheckoutSessionMode, CheckoutSessionStatus};
use stripe_core::customer::{
    CreateCustomer, DeleteCustomer, ListCustomer, RetrieveCustomer, RetrieveCustomerReturned, UpdateCustomer,
};
use stripe_misc::webhook_endpoint::{
    CreateWebhookEndpoint, CreateWebhookEndpointEnabledEvents, DeleteWebhookEndpoint, ListWebhookEndpoint,
    UpdateWebhookEndpoint,
};
use stripe_product::price::{CreatePrice, CreatePriceRecurring, CreatePriceRecurringInterval, ListPrice, UpdatePrice};
use stripe_product::product::{CreateProduct, ListProduct, RetrieveProduct};
use testkit::stripe::Card;

use crate::shop;

#[tokio::test]
async fn a_customer_is_made_changed_listed_and_deleted() {
    let shop = shop::open().await;
    let metadata = HashMap::from([("organization".to_owned(), "42".to_owned())]);
    let made = CreateCustomer::new().email("ada@example.com").name("Ada").metadata(metadata);
    let made = made.send(&shop.client).await.unwrap();
    assert_eq!(made.metadata.unwrap()["organization"], "42");

    let changed = UpdateCustomer::new(made.id.clone()).email("grace@example.com").send(&shop.client).await.unwrap();
    assert_eq!(changed.email.as_deref(), Some("grace@example.com"));
    assert_eq!(changed.name.as_deref(), Some("Ada"));
    let listed = ListCustomer::new().email("grace@example.com").send(&shop.client).await.unwrap();
    assert_eq!(listed.data.len(), 1);

    assert_eq!(DeleteCustomer::new(made.id.clone()).send(&shop.client).await.unwrap().id, made.id);
    let left = RetrieveCustomer::new(made.id.clone()).send(&shop.client).await.unwrap();
    assert!(matches!(left, RetrieveCustomerReturned::DeletedCustomer(deleted) if deleted.id == made.id));
    assert!(ListCustomer::new().send(&shop.client).await.unwrap().data.is_empty());
}

#[tokio::test]
async fn a_price_is_found_by_its_lookup_key_which_another_one_can_take_over() {
    let shop = shop::open().await;
    let listed =
        ListPrice::new().lookup_keys(["pro_monthly".to_owned()]).active(true).expand(["data.product".to_owned()]);
    let first = listed.send(&shop.client).await.unwrap().data.remove(0);
    assert_eq!(first.unit_amount, Some(3999));
    assert_eq!(first.metadata["tier"], "pro");
    assert_eq!(first.product.as_object().unwrap().name, "Pro");

    let product = CreateProduct::new("Pro, next year").send(&shop.client).await.unwrap();
    let create = CreatePrice::new(first.currency.clone())
        .product(product.id.as_str())
        .unit_amount(4999)
        .recurring(CreatePriceRecurring::new(CreatePriceRecurringInterval::Year))
        .lookup_key("pro_monthly");
    let refused = create.clone().send(&shop.client).await.unwrap_err();
    assert!(refused.to_string().contains("already uses that lookup key"), "{refused}");
    let second = create.transfer_lookup_key(true).send(&shop.client).await.unwrap();

    let found = listed.send(&shop.client).await.unwrap().data;
    assert_eq!(found.iter().map(|price| &price.id).collect::<Vec<_>>(), [&second.id]);
    let retired = UpdatePrice::new(first.id).active(false).send(&shop.client).await.unwrap();
    assert!(!retired.active && retired.lookup_key.is_none());
    assert_eq!(RetrieveProduct::new(product.id).send(&shop.client).await.unwrap().name, "Pro, next year");
    assert_eq!(ListProduct::new().active(true).send(&shop.client).await.unwrap().data.len(), 2);
}

#[tokio::test]
async fn a_checkout_session_makes_a_subscription_with_a_paid_invoice() {
    let shop = shop::open().await;
    let customer = shop.customer();
    let item =
        CreateCheckoutSessionLineItems { price: Some(shop.price.clone()), quantity: Some(1), ..Default::default() };
    let mut data = CreateCheckoutSessionSubscriptionData::new();
    data.metadata = Some(HashMap::from([("organization".to_owned(), "42".to_owned())]));
    let create = CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Subscription)
        .customer(customer.as_str())
        .line_items([item])
        .subscription_data(data)
        .success_url("http://127.0.0.1:9/done?session={CHECKOUT_SESSION_ID}")
        .cancel_url("http://127.0.0.1:9/back");
    let session = create.send(&shop.client).await.unwrap();
    assert_eq!(session.status, Some(CheckoutSessionStatus::Open));
    assert!(session.url.unwrap().starts_with(&shop.stripe.url()));

    shop.stripe.pay_checkout(session.id.as_str(), Card::Good).await;

    let expand = ["subscription".to_owned(), "subscription.latest_invoice".to_owned(), "line_items".to_owned()];
    let session = RetrieveCheckoutSession::new(session.id).expand(expand).send(&shop.client).await.unwrap();
    assert_eq!(session.status, Some(CheckoutSessionStatus::Complete));
    assert_eq!(session.line_items.unwrap().data[0].amount_total, 3999);
    let subscription = session.subscription.unwrap().into_object().unwrap();
    assert_eq!(subscription.status, SubscriptionStatus::Active);
    assert_eq!(subscription.metadata["organization"], "42");
    let item = &subscription.items.data[0];
    assert_eq!(item.price.metadata["tier"], "pro");
    assert_eq!(item.current_period_start, shop.stripe.now().as_second());
    assert!(item.current_period_end > item.current_period_start);
    let invoice = subscription.latest_invoice.unwrap().into_object().unwrap();
    assert_eq!(invoice.status, Some(InvoiceStatus::Paid));
    assert_eq!((invoice.amount_due, invoice.amount_paid, invoice.amount_remaining), (3999, 3999, 0));
    let parent = invoice.parent.unwrap().subscription_details.unwrap();
    assert_eq!(parent.subscription.id(), &subscription.id);
}

#[tokio::test]
async fn a_checkout_session_can_be_given_up() {
    let shop = shop::open().await;
    let session = shop.session(&shop.customer(), &[]);
    let id: stripe_checkout::CheckoutSessionId = shop::text(&session, "id").parse().unwrap();
    let expired = ExpireCheckoutSession::new(id.clone()).send(&shop.client).await.unwrap();
    assert_eq!(expired.status, Some(CheckoutSessionStatus::Expired));
    assert!(ExpireCheckoutSession::new(id).send(&shop.client).await.is_err());
}

#[tokio::test]
async fn subscriptions_of_a_customer_are_listed_with_their_latest_invoice() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    let list = ListSubscription::new().customer(customer.as_str()).expand(["data.latest_invoice".to_owned()]);
    let listed = list.clone().status(ListSubscriptionStatus::All).send(&shop.client).await.unwrap();
    assert_eq!(listed.data[0].id.as_str(), subscription);
    assert!(listed.data[0].latest_invoice.as_ref().unwrap().is_object());

    shop.stripe.call("DELETE", &format!("/v1/subscriptions/{subscription}"), &[]).unwrap();
    assert!(list.send(&shop.client).await.unwrap().data.is_empty(), "a canceled one is only listed among all");
    let all = list.status(ListSubscriptionStatus::All).send(&shop.client).await.unwrap();
    assert_eq!(all.data[0].status, SubscriptionStatus::Canceled);
}

#[tokio::test]
async fn a_subscription_is_canceled_at_its_end_and_kept_again() {
    let shop = shop::open().await;
    let (_, subscription) = shop.subscriber().await;
    let update = |end| UpdateSubscription::new(subscription.as_str()).cancel_at_period_end(end);
    let canceled = update(true).send(&shop.client).await.unwrap();
    assert!(canceled.cancel_at_period_end);
    assert_eq!(canceled.cancel_at, Some(canceled.items.data[0].current_period_end));
    let kept = update(false).send(&shop.client).await.unwrap();
    assert!(!kept.cancel_at_period_end && kept.cancel_at.is_none() && kept.canceled_at.is_none());

    shop.stripe.cancel_in_portal(&subscription);
    let in_portal = RetrieveSubscription::new(subscription.as_str()).send(&shop.client).await.unwrap();
    assert!(!in_portal.cancel_at_period_end, "the portal sets a date instead");
    assert!(in_portal.cancel_at.is_some());
}

#[tokio::test]
async fn a_subscription_is_made_paused_and_ended_by_requests_alone() {
    let shop = shop::open().await;
    let customer = shop.customer();
    shop.stripe.set_card(&customer, Card::Good);
    let item = CreateSubscriptionItems { price: Some(shop.price.clone()), ..CreateSubscriptionItems::new() };
    let create = CreateSubscription::new().customer(customer.as_str()).items([item]);
    let made = create.send(&shop.client).await.unwrap();
    assert_eq!(made.status, SubscriptionStatus::Active);

    let pause = UpdateSubscriptionPauseCollection::new(UpdateSubscriptionPauseCollectionBehavior::KeepAsDraft);
    let paused = UpdateSubscription::new(made.id.clone()).pause_collection(pause).send(&shop.client).await.unwrap();
    assert_eq!(paused.status, SubscriptionStatus::Active);
    assert!(paused.pause_collection.is_some());

    let mut details = CancelSubscriptionCancellationDetails::new();
    details.comment = Some("Moving on".to_owned());
    let cancel = CancelSubscription::new(made.id.clone()).cancellation_details(details);
    let ended = cancel.send(&shop.client).await.unwrap();
    assert_eq!(ended.status, SubscriptionStatus::Canceled);
    let details = ended.cancellation_details.unwrap();
    assert_eq!(details.comment.as_deref(), Some("Moving on"));
    assert_eq!(ended.ended_at, Some(shop.stripe.now().as_second()));
    assert!(cancel.send(&shop.client).await.is_err(), "what has ended cannot be ended again");
}

#[tokio::test]
async fn a_paused_subscription_and_an_open_invoice_are_set_going_by_requests() {
    let shop = shop::open().await;
    let customer = shop.customer();
    let trial = [
        ("subscription_data[trial_period_days]", "3"),
        ("subscription_data[trial_settings][end_behavior][missing_payment_method]", "pause"),
        ("payment_method_collection", "if_required"),
    ];
    let session = shop.session(&customer, &trial);
    let session = shop.stripe.pay_checkout(&shop::text(&session, "id"), Card::Missing).await;
    let subscription = shop::text(&session, "subscription");
    shop.stripe.advance(shop::days(3)).await;
    let read = RetrieveSubscription::new(subscription.as_str()).send(&shop.client).await.unwrap();
    assert_eq!(read.status, SubscriptionStatus::Paused);
    assert!(read.status_details.is_some());

    shop.stripe.set_card(&customer, Card::Declines);
    let resume = ResumeSubscription::new(subscription.as_str());
    let still = resume.send(&shop.client).await.unwrap();
    assert_eq!(still.status, SubscriptionStatus::Paused);
    let invoice = still.latest_invoice.unwrap().into_id().unwrap();
    let declined = PayInvoice::new(invoice.clone()).send(&shop.client).await.unwrap_err();
    assert!(declined.to_string().contains("card_declined"), "{declined}");
    shop.stripe.set_card(&customer, Card::Good);
    let paid = PayInvoice::new(invoice).send(&shop.client).await.unwrap();
    assert_eq!(paid.status, Some(InvoiceStatus::Paid));
    assert_eq!(shop.status(&subscription), "active");
}

#[tokio::test]
async fn invoices_and_the_next_one_can_be_read() {
    let shop = shop::open().await;
    let (customer, subscription) = shop.subscriber().await;
    let listed = ListInvoice::new().customer(customer.as_str()).status(InvoiceStatus::Paid).limit(12);
    let listed = listed.send(&shop.client).await.unwrap().data;
    assert_eq!(listed.len(), 1);
    assert!(listed[0].number.is_some() && listed[0].hosted_invoice_url.is_some() && listed[0].invoice_pdf.is_some());
    let one = RetrieveInvoice::new(listed[0].id.clone().unwrap()).expand(["customer".to_owned()]);
    let one = one.send(&shop.client).await.unwrap();
    assert_eq!(one.customer.unwrap().as_object().unwrap().email.as_deref(), Some("ada@example.com"));

    let preview = CreatePreviewInvoice::new().customer(customer.as_str()).subscription(subscription.as_str());
    let next = preview.send(&shop.client).await.unwrap();
    let end = shop.stripe.subscription(&subscription)["items"]["data"][0]["current_period_end"].as_i64().unwrap();
    assert_eq!(next.amount_due, 3999);
    assert_eq!(next.lines.data[0].period.start, end);
    assert!(next.next_payment_attempt.unwrap() >= end);

    UpdateSubscription::new(subscription.as_str()).cancel_at_period_end(true).send(&shop.client).await.unwrap();
    let none = preview.send(&shop.client).await.unwrap_err();
    assert!(none.to_string().contains("No upcoming invoices"), "{none}");
}

#[tokio::test]
async fn the_portal_is_configured_and_opened() {
    let shop = shop::open().await;
    let customer = shop.customer();
    let without = CreateBillingPortalSession::new().customer(customer.as_str()).send(&shop.client).await.unwrap_err();
    assert!(without.to_string().contains("No configuration provided"), "{without}");

    let mut features = CreateBillingPortalConfigurationFeatures::new();
    features.subscription_cancel = Some(CreateBillingPortalConfigurationFeaturesSubscriptionCancel::new(true));
    features.payment_method_update = Some(PaymentMethodUpdateParam::new(true));
    features.invoice_history = Some(InvoiceListParam::new(true));
    let made = CreateBillingPortalConfiguration::new(features).send(&shop.client).await.unwrap();
    assert!(made.features.subscription_cancel.enabled && !made.features.subscription_update.enabled);
    let changed =
        UpdateBillingPortalConfiguration::new(made.id.clone()).default_return_url("http://127.0.0.1:9/billing");
    changed.send(&shop.client).await.unwrap();
    let listed = ListBillingPortalConfiguration::new().active(true).send(&shop.client).await.unwrap();
    assert_eq!(listed.data[0].default_return_url.as_deref(), Some("http://127.0.0.1:9/billing"));

    let session = CreateBillingPortalSession::new().customer(customer.as_str()).configuration(made.id.as_str());
    let session = session.send(&shop.client).await.unwrap();
    assert_eq!(session.return_url.as_deref(), Some("http://127.0.0.1:9/billing"));
    assert!(session.url.starts_with(&shop.stripe.url()));
}

#[tokio::test]
async fn a_webhook_endpoint_tells_its_secret_once() {
    let shop = shop::open().await;
    let events = [CreateWebhookEndpointEnabledEvents::InvoicePaid];
    let made =
        CreateWebhookEndpoint::new(events, "http://127.0.0.1:9/webhooks/stripe").send(&shop.client).await.unwrap();
    assert!(made.secret.unwrap().starts_with("whsec_"));
    let listed = ListWebhookEndpoint::new().send(&shop.client).await.unwrap().data.remove(0);
    assert_eq!((listed.secret, listed.enabled_events), (None, vec!["invoice.paid".to_owned()]));
    let disabled = UpdateWebhookEndpoint::new(made.id.clone()).disabled(true).send(&shop.client).await.unwrap();
    assert_eq!(disabled.status, "disabled");
    DeleteWebhookEndpoint::new(made.id).send(&shop.client).await.unwrap();
    assert!(ListWebhookEndpoint::new().send(&shop.client).await.unwrap().data.is_empty());
}

#[tokio::test]
async fn events_can_be_read_again() {
    let shop = shop::open().await;
    let customer = shop.customer();
    let get = |path: String| {
        let request = reqwest::Client::new().get(format!("{}v1/{path}", shop.stripe.url()));
        request.bearer_auth(shop.stripe.secret_key())
    };
    let listed: Value = get("events?type=customer.created".into()).send().await.unwrap().json().await.unwrap();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    let id = shop::text(&listed["data"][0], "id");
    let event: Value = get(format!("events/{id}")).send().await.unwrap().json().await.unwrap();
    assert_eq!(event["created"], shop.stripe.now().as_second());
    assert_eq!(event["data"]["object"]["id"], customer);
}

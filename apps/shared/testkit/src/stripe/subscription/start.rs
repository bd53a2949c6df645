//! Beginning a subscription: the object, its first invoice, the events about both.

use serde_json::{Value, json};

use super::super::document::{Document, id};
use super::super::invoice::{self, Bill};
use super::super::listing;
use super::super::purchase::Purchase;
use super::super::state::State;
use super::period::next_end;

/// Begins it. If something is due now, it is incomplete until its latest invoice is paid.
pub(crate) fn start(state: &mut State, customer: &str, purchase: &Purchase, method: Option<String>) -> String {
    let now = state.now;
    let currency = purchase.currency(state);
    state.update(customer, "customer.updated", |customer| {
        if customer["currency"].is_null() {
            customer["currency"] = currency.into();
        }
    });
    let trial_end = purchase.trial_end(now);
    let recurring = state.show(&purchase.lines[0].price)["recurring"].clone();
    let end = trial_end.unwrap_or_else(|| next_end(now, now, &recurring));
    let due_now = trial_end.is_none() && purchase.total(state) > 0;

    let mut subscription = blank(state, customer, purchase, end);
    subscription["default_payment_method"] = method.into();
    if let Some(end) = trial_end {
        subscription["status"] = "trialing".into();
        subscription["trial_start"] = now.into();
        subscription["trial_end"] = end.into();
        subscription["billing_cycle_anchor"] = end.into();
    } else if !due_now {
        subscription["status"] = "active".into();
    }
    let id = state.add(subscription);
    let bill = if trial_end.is_some() { Bill::Trial } else { Bill::Period };
    let invoice = invoice::draft(state, &id, "subscription_create", bill, (now, end));
    state.edit(&id, |one| one["latest_invoice"] = invoice.clone().into());
    state.tell("customer.subscription.created", &id);
    state.tell("invoice.created", &invoice);
    invoice::finalize(state, &invoice);
    id
}

fn blank(state: &State, customer: &str, purchase: &Purchase, period_end: i64) -> Value {
    let now = state.now;
    let subscription = id("sub_", 24);
    let items = purchase.lines.iter().map(|line| {
        json!({
            "id": id("si_", 14),
            "object": "subscription_item",
            "billed_until": null,
            "billing_thresholds": null,
            "created": now,
            "current_period_end": period_end,
            "current_period_start": now,
            "current_trial": null,
            "discounts": [],
            "metadata": {},
            "plan": null,
            "price": line.price,
            "quantity": line.quantity,
            "subscription": subscription,
            "tax_rates": [],
        })
    });
    let items =
        listing::inner(&format!("/v1/subscription_items?subscription={subscription}"), &items.collect::<Vec<_>>());
    json!({
        "id": subscription,
        "object": "subscription",
        "application": null,
        "application_fee_percent": null,
        "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null },
        "billing_cycle_anchor": now,
        "billing_cycle_anchor_config": null,
        "billing_mode": { "flexible": { "proration_discounts": "included" }, "type": "flexible", "updated_at": now },
        "billing_schedules": [],
        "billing_thresholds": null,
        "cancel_at": null,
        "cancel_at_period_end": false,
        "canceled_at": null,
        "cancellation_details": { "comment": null, "feedback": null, "feedback_option": null, "reason": null },
        "collection_method": "charge_automatically",
        "created": now,
        "currency": state.show(customer).text("currency"),
        "customer": customer,
        "customer_account": null,
        "days_until_due": null,
        "default_payment_method": null,
        "default_source": null,
        "default_tax_rates": [],
        "description": purchase.description,
        "discounts": [],
        "ended_at": null,
        "invoice_settings": { "account_tax_ids": null, "custom_fields": null, "description": null, "footer": null, "issuer": { "type": "self" } },
        "items": items,
        "latest_invoice": null,
        "livemode": false,
        "metadata": purchase.metadata,
        "next_pending_invoice_item_invoice": null,
        "on_behalf_of": null,
        "pause_collection": null,
        "payment_settings": {
            "payment_method_options": null, "payment_method_types": null, "save_default_payment_method": "off"
        },
        "pending_invoice_item_interval": null,
        "pending_setup_intent": null,
        "pending_update": null,
        "schedule": null,
        "start_date": now,
        "status": "incomplete",
        "status_details": null,
        "test_clock": null,
        "transfer_data": null,
        "trial_end": null,
        "trial_settings": { "end_behavior": { "missing_payment_method": purchase.without_card } },
        "trial_start": null,
    })
}

//! A new invoice, still a draft.

use serde_json::{Value, json};

use super::super::document::{Document, id, money};
use super::super::listing;
use super::super::state::State;

const HOUR: i64 = 60 * 60;

/// What an invoice is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bill {
    /// A whole period at its price.
    Period,
    /// A trial, for nothing.
    Trial,
}

/// Makes the invoice of a subscription for a period, without a word to anybody. It is finalized an
/// hour from now unless somebody does it before.
pub(crate) fn draft(state: &mut State, subscription: &str, reason: &str, bill: Bill, period: (i64, i64)) -> String {
    let invoice = document(state, subscription, reason, bill, period);
    state.add(invoice)
}

/// The document alone.
pub(super) fn document(state: &State, subscription: &str, reason: &str, bill: Bill, period: (i64, i64)) -> Value {
    let now = state.now;
    let invoice = id("in_", 24);
    let subscription = state.show(subscription);
    let customer = state.show(subscription.text("customer"));
    let items = subscription["items"]["data"].as_array();
    let lines: Vec<Value> = items.into_iter().flatten().map(|item| line(state, &invoice, item, bill, period)).collect();
    let total: i64 = lines.iter().map(|line| line.number("amount")).sum();
    // A cycle's invoice names the period that is over; its lines name the one that begins.
    let over = &subscription["items"]["data"][0];
    let (period_start, period_end) = match reason {
        "subscription_cycle" => (over.number("current_period_start"), over.number("current_period_end")),
        _ => (now, now),
    };
    json!({
        "id": invoice,
        "object": "invoice",
        "account_country": "US",
        "account_name": "Fake Stripe",
        "account_tax_ids": null,
        "amount_due": total,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_remaining": total,
        "amount_shipping": 0,
        "application": null,
        "attempt_count": 0,
        "attempted": false,
        "auto_advance": true,
        "automatic_tax": { "disabled_reason": null, "enabled": false, "liability": null, "provider": null, "status": null },
        "automatically_finalizes_at": now + HOUR,
        "billing_reason": reason,
        "collection_method": "charge_automatically",
        "created": now,
        "currency": subscription["currency"],
        "custom_fields": null,
        "customer": subscription["customer"],
        "customer_account": null,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": null,
        "customer_tax_exempt": "none",
        "customer_tax_ids": [],
        "default_payment_method": null,
        "default_source": null,
        "default_tax_rates": [],
        "description": null,
        "discounts": [],
        "due_date": null,
        "effective_at": null,
        "ending_balance": 0,
        "footer": null,
        "from_invoice": null,
        "hosted_invoice_url": null,
        "invoice_pdf": null,
        "issuer": { "type": "self" },
        "last_finalization_error": null,
        "latest_revision": null,
        "lines": listing::inner(&format!("/v1/invoices/{invoice}/lines"), &lines),
        "livemode": false,
        "metadata": {},
        "next_payment_attempt": now + HOUR,
        "number": null,
        "on_behalf_of": null,
        "parent": {
            "quote_details": null,
            "subscription_details": { "metadata": subscription["metadata"], "subscription": subscription["id"] },
            "type": "subscription_details",
        },
        "payment_settings": { "default_mandate": null, "payment_method_options": null, "payment_method_types": null },
        "period_end": period_end,
        "period_start": period_start,
        "post_payment_credit_notes_amount": 0,
        "pre_payment_credit_notes_amount": 0,
        "receipt_number": null,
        "rendering": null,
        "shipping_cost": null,
        "shipping_details": null,
        "starting_balance": 0,
        "statement_descriptor": null,
        "status": "draft",
        "status_details": null,
        "status_transitions": {
            "finalized_at": null, "marked_uncollectible_at": null, "paid_at": null, "voided_at": null
        },
        "subtotal": total,
        "subtotal_excluding_tax": total,
        "test_clock": null,
        "total": total,
        "total_discount_amounts": [],
        "total_excluding_tax": total,
        "total_pretax_credit_amounts": [],
        "total_taxes": [],
        "webhooks_delivered_at": null,
    })
}

fn line(state: &State, invoice: &str, item: &Value, bill: Bill, (start, end): (i64, i64)) -> Value {
    let price = &item["price"];
    let quantity = item.number("quantity");
    let product = state.show(price.text("product"));
    let name = product.text("name");
    let amount = price.number("unit_amount");
    let currency = price.text("currency");
    let (total, description) = match bill {
        Bill::Trial => (0, format!("Trial period for {name}")),
        Bill::Period => {
            let rhythm = price["recurring"].text("interval");
            (
                amount.saturating_mul(quantity),
                format!("{quantity} × {name} (at {} / {rhythm})", money(amount, currency)),
            )
        }
    };
    json!({
        "id": id("il_", 24),
        "object": "line_item",
        "amount": total,
        "currency": currency,
        "description": description,
        "discount_amounts": [],
        "discountable": true,
        "discounts": [],
        "invoice": invoice,
        "livemode": false,
        "metadata": {},
        "parent": {
            "invoice_item_details": null,
            "subscription_item_details": {
                "invoice_item": null,
                "proration": false,
                "proration_details": { "credited_items": null },
                "subscription": item["subscription"],
                "subscription_item": item["id"],
            },
            "type": "subscription_item_details",
        },
        "period": { "end": end, "start": start },
        "pretax_credit_amounts": [],
        "pricing": {
            "price_details": { "price": price["id"], "product": price["product"] },
            "type": "price_details",
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": quantity,
        "subscription": item["subscription"],
        "subtotal": total,
        "taxes": [],
    })
}

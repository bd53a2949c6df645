//! Billing against a fake Stripe on a real socket, over both databases.
#![allow(clippy::unwrap_used, reason = "a test that panics has failed, as it should")]

#[path = "billing/account.rs"]
mod account;
#[path = "billing/checkout.rs"]
mod checkout;
#[path = "billing/faults.rs"]
mod faults;
#[path = "billing/grace.rs"]
mod grace;
#[path = "billing/orders.rs"]
mod orders;
#[path = "billing/post.rs"]
mod post;
#[path = "billing/setup.rs"]
mod setup;
#[path = "billing/shop.rs"]
mod shop;
#[path = "billing/signatures.rs"]
mod signatures;
#[path = "billing/sweep.rs"]
mod sweep;

//! Subscriptions at Stripe.
//!
//! What Stripe has is the truth. It is read whenever somebody says that it changed (a webhook, somebody who
//! comes back from Checkout, a button) and at least once a day, and what was read last is kept in the store.
//! An event is only a reason to read: nothing of what it says is believed, so that events may come in any
//! order, more than once, or not at all.
//!
//! - [`Billing`]: what the pages, the webhook and the scheduler ask for.
//! - [`SetUp`]: what an account at Stripe needs before anything can be sold.

mod account;
mod api;
mod billing;
mod checkout;
mod error;
mod event;
mod portal;
mod receive;
mod renewal;
mod setup;
mod sweep;
mod sync;
mod translate;

pub use account::{Account, Invoice, InvoiceStatus, NextInvoice};
pub use api::Patience;
pub use billing::Billing;
pub use error::{Answer, Error};
pub use receive::{Received, Rejected};
pub use setup::{Part, SetUp, Trace};
pub use sweep::{Sweep, Swept};

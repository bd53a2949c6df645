//! The fake Stripe, asked through the client that Smokex uses, and through its pages.

mod anything;
mod faults;
mod lives;
mod objects;
mod pages;
mod program;
mod requests;
mod restart;
mod shop;
mod webhooks;

//! The only HTTP client that may reach addresses customers chose.
//!
//! A [`Policy`] says where requests may go; [`Egress::send`] sends one and returns what came back,
//! faithfully, or a [`Failure`] whose text a person can act upon. Nothing here knows of plans,
//! steps, tenants or retries.
//!
//! Every address is judged three times: as the URL spells it, when its name is looked up, and when
//! the connection stands. Redirects are followed by hand, so that each hop is judged anew.

mod address;
mod basic;
mod client;
mod connector;
mod decode;
mod diagnosis;
mod failure;
mod incoming;
mod jar;
mod outgoing;
mod phases;
mod policy;
mod redirect;
mod request;
mod resolver;
mod response;
mod send;
mod tls;

pub use address::is_public;
pub use client::Egress;
pub use failure::{CertificateProblem, Failure, FailureContext, FailureKind, Stage};
pub use jar::{BadCookieLine, Jar};
pub use phases::Phases;
pub use policy::{Allow, BadAllow, Blocked, Policy, check_url};
pub use request::{MAX_REDIRECTS, Redirects, Request, Tls};
pub use response::{Certificate, Hop, Response, SentRequest};

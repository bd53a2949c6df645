//! Vocabulary and rules without I/O: ids, states and transitions, reports, roles, tiers, schedules.
//!
//! Every other crate speaks in these words. Nothing here reads a clock, a socket or a file, but for
//! the system's database of time zones.

pub mod account;
pub mod action;
pub mod admission;
pub mod audit;
pub mod cause;
pub mod confirmation;
pub mod elapsed;
pub mod forecast;
pub mod health;
pub mod history;
pub mod ids;
pub mod invitation;
pub mod limits;
pub mod mail;
pub mod money;
pub mod notice;
#[cfg(feature = "openapi")]
mod openapi;
pub mod over_limit;
pub mod recovery_code;
pub mod report;
pub mod restriction;
pub mod role;
pub mod schedule;
pub mod secret;
pub mod state;
pub mod statistics;
pub mod subscription;
pub mod ticket;
pub mod tier;
pub mod token;
pub mod totp;

pub use account::{Email, OrganizationName, Password, PlanName};
pub use action::Action;
pub use audit::{Actor, Deed};
pub use cause::Cause;
pub use confirmation::Confirmation;
pub use elapsed::Elapsed;
pub use forecast::Forecast;
pub use health::Health;
pub use ids::{
    AuditId, InvitationId, MailId, OrganizationId, PlanId, RunId, ScheduleId, SessionId, TokenId, UserId, WorkerId,
};
pub use limits::{Limits, Tiers};
pub use mail::MailSubject;
pub use money::{MalformedMoney, Money};
pub use notice::Notice;
pub use over_limit::OverLimit;
pub use recovery_code::RecoveryCode;
pub use report::StepReport;
pub use restriction::{Restriction, WhenBusy};
pub use role::Role;
pub use secret::{SecretName, SecretValue};
pub use state::{RunState, StepState};
pub use subscription::{OpenInvoice, Standing, Subscription, SubscriptionStatus};
pub use ticket::TicketPurpose;
pub use tier::Tier;
pub use token::{Scope, TokenName};
pub use totp::TotpSecret;

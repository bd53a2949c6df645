//! The database: schema, every query, tenancy, sealing, change feed.
//!
//! One [`Store`] over two databases, SQLite and PostgreSQL. Nothing of diesel leaves this crate.
//! Whatever a person can cause takes a [`Tenant`], and what is not the tenant's does not exist.

mod account;
mod admission;
mod audit;
mod changes;
mod claim;
mod clock;
mod connection;
mod customer;
mod database;
mod doctor;
mod ending;
mod error;
mod fire;
mod gauges;
mod hook;
mod invitation;
mod key_check;
mod key_ring;
mod lease;
mod limited;
mod mail;
mod member;
mod metering;
mod once;
mod open;
mod organization;
mod page;
mod person;
mod plan;
mod recorder;
mod retention;
mod run;
mod schedule;
mod schema;
mod sealing;
mod second_factor;
mod secret;
mod session;
mod sql;
mod statement;
mod stripe_event;
mod tenant;
mod ticket;
mod tier;
mod token;
mod upkeep;
mod url;
mod usage;
mod workers;

pub use account::{DeleteAccountError, EmailChangeError, NewAccount, SignUpError};
pub use audit::{AuditFilter, AuditRow};
pub use changes::{Change, Changes, RunChange};
pub use claim::{Claimed, ClaimedRun, Claims, MOST_ATTEMPTS, RecordedStep};
pub use clock::{ClockPause, ClockStatus};
pub use customer::{Customer, Footing, Found, Reading, Synced};
pub use database::PoolUse;
pub use doctor::Finding;
pub use ending::Ending;
pub use error::Error;
pub use fire::Fired;
pub use gauges::{Gauges, MOST_COUNTED};
pub use hook::{Hook, HookMade, HookRow};
pub use invitation::{AcceptError, InvitationDetail, InvitationLink, InvitationRow, InviteError, NewInvitation};
pub use key_ring::KeyRing;
pub use lease::{Lease, Renewal};
pub use mail::{ClaimedMail, MailRow, MailTaker, NewMail};
pub use member::{MemberError, MemberRow};
pub use metering::Metered;
pub use once::{Once, REMEMBERED};
pub use open::{OpenError, Options, Store};
pub use organization::{DeleteOrganizationError, Membership, Without};
pub use page::{Cursor, Page, PageRequest, UnknownCursor};
pub use person::Person;
pub use plan::{
    LastRun, NewPlan, PlanDetail, PlanFilter, PlanInNeed, PlanOperator, PlanRow, PlanVersion, PlansInNeed, RecentRun,
    SaveError, UnreadPlan, VersionRow,
};
pub use recorder::{Recorder, Refused, Repeatable, RunRecorder};
pub use run::{
    CancelOutcome, NewRun, QueueError, QueuedRun, RunDetail, RunFilter, RunRow, StatisticsError, StepRow, Summary,
};
pub use schedule::{OccurrenceRow, Paused, ScheduleDetail, ScheduleFilter, ScheduleRow, Which};
pub use sealing::{Sealed, SealingKey};
pub use second_factor::{Renewed, SecondFactor};
pub use secret::{
    AddSecretError, Resealed, RunSecret, RunSecretsError, SecretChange, SecretChangeRow, SecretRow, UnknownSecretChange,
};
pub use session::{Member, NewSession, SessionRow};
pub use stripe_event::StripeEvent;
pub use tenant::Tenant;
pub use ticket::{NewTicket, Ticket};
pub use tier::Waiting;
pub use token::{Bearer, CreateTokenError, NewToken, Presented, TokenRow};
pub use url::{DatabaseUrl, MalformedUrl};
pub use usage::Used;
pub use workers::{ALIVE, Heartbeat, UnknownWorkerRole, WorkerRole, WorkerRow};

//! Identifiers: UUID version 7, one type per noun, so that they cannot be mixed up.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta] $name:ident),* $(,)?) => {$(
        #[$doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, ordered by the time it was made.
            #[must_use]
            #[allow(clippy::new_without_default)]
            pub fn new() -> Self {
                Self(Uuid::now_v7())
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
                crate::openapi::id()
            }
        }

        #[cfg(feature = "openapi")]
        impl utoipa::ToSchema for $name {}

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

id! {
    /// An organization: the tenant everything belongs to.
    OrganizationId,
    /// A person who signs in.
    UserId,
    /// A plan, whatever its version.
    PlanId,
    /// One run of one version of a plan.
    RunId,
    /// A signed-in browser.
    SessionId,
    /// When a plan is to run by itself.
    ScheduleId,
    /// One mail to one person.
    MailId,
    /// Somebody who was asked to join an organization.
    InvitationId,
    /// One line of an audit log.
    AuditId,
    /// An API token.
    TokenId,
    /// One scheduler or executor process, from its start to its end.
    WorkerId,
}

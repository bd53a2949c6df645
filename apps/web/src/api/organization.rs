//! The organization itself: what it is called, and what its tier allows.

use std::time::Duration;

use actix_web::{HttpResponse, get, patch, web::Data};
use domain::{Action, OrganizationId, OrganizationName, Tier};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{body::Body, caller::Caller};
use crate::{error::WebError, state::State};

#[derive(Serialize, ToSchema)]
struct Organization {
    id: OrganizationId,
    name: String,
    /// The tier that holds for it.
    tier: Tier,
    limits: Limits,
}

/// What a tier allows; null is no limit.
#[derive(Serialize, ToSchema)]
pub(super) struct Limits {
    plans: Option<u32>,
    /// How many runs are accepted in a calendar month (UTC).
    runs_a_month: Option<u32>,
    /// How many runs are accepted in a day (UTC).
    runs_a_day: Option<u32>,
    /// The shortest time between two due times of a schedule, in microseconds.
    shortest_interval_us: u64,
    /// How many runs may go at the same time.
    concurrent_runs: Option<u32>,
    /// How long runs are kept after their end, in microseconds.
    history_us: u64,
    members: Option<u32>,
    /// How many channels it may tell of failures.
    channels: Option<u32>,
}

impl From<&domain::Limits> for Limits {
    fn from(limits: &domain::Limits) -> Self {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        Self {
            plans: limits.plans,
            runs_a_month: limits.runs_a_month,
            runs_a_day: limits.runs_a_day,
            shortest_interval_us: micros(limits.shortest_interval),
            concurrent_runs: limits.concurrent_runs,
            history_us: micros(limits.history),
            members: limits.members,
            channels: limits.channels,
        }
    }
}

/// Another name of the organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NameToGive {
    /// 1 to 80 characters on one line.
    name: String,
}

fn told(caller: &Caller, state: &State, name: String) -> HttpResponse {
    let (tier, limits) = caller.tier(state);
    let id = caller.tenant().organization();
    HttpResponse::Ok().json(Organization { id, name, tier, limits: limits.into() })
}

/// Read the organization
///
/// What it is called, and what it may do.
#[utoipa::path(tag = "Organization", responses((status = 200, body = Organization)))]
#[get("/organization")]
pub(super) async fn read(caller: Caller, state: Data<State>) -> HttpResponse {
    told(&caller, &state, caller.bearer().organization_name.clone())
}

/// Rename the organization
#[utoipa::path(tag = "Organization", security(("token" = ["admin"])), request_body = NameToGive, responses((status = 200, body = Organization)))]
#[patch("/organization")]
pub(super) async fn rename(
    caller: Caller,
    state: Data<State>,
    body: Body<NameToGive>,
) -> Result<HttpResponse, WebError> {
    caller.must(Action::Rename)?;
    let name = body.value.name.parse::<OrganizationName>();
    let name = name.map_err(|error| WebError::field("name", error.to_string()))?;
    state.store.rename_organization(caller.tenant(), name.clone()).await?;
    state.sessions.forget_organization(caller.tenant().organization());
    Ok(told(&caller, &state, name.to_string()))
}

//! What the organization uses of what its tier allows.

use actix_web::{HttpResponse, get, web::Data};
use jiff::{Timestamp, civil::Date};
use serde::Serialize;
use utoipa::ToSchema;

use super::{caller::Caller, organization::Limits};
use crate::{error::WebError, state::State, usage};

/// How many months are told of.
const MONTHS: usize = 12;

#[derive(Serialize, ToSchema)]
struct Usage {
    /// How many runs were accepted since midnight (UTC).
    runs_today: u32,
    /// How many runs were accepted since the first of the month (UTC).
    runs_this_month: u32,
    /// How many runs the schedules will ask for before the month is over.
    runs_coming: u64,
    /// When the month is over.
    month_ends_at: Timestamp,
    /// When the schedules will have used up this month's runs; null if they are enough.
    used_up_at: Option<Timestamp>,
    plans: u32,
    members: u32,
    limits: Limits,
    /// How many runs ended in each of the last twelve months, the newest first; none without runs.
    months: Vec<Month>,
}

#[derive(Serialize, ToSchema)]
struct Month {
    /// Its first day.
    month: Date,
    runs: u64,
}

/// Read what is used
///
/// Runs of the day and the month, plans and members, beside their limits.
#[utoipa::path(tag = "Organization", responses((status = 200, body = Usage)))]
#[get("/usage")]
pub(super) async fn read(caller: Caller, state: Data<State>) -> Result<HttpResponse, WebError> {
    let (_, limits) = caller.tier(&state);
    let (used, metered) = tokio::try_join!(
        usage::Usage::read(&state.store, caller.tenant(), limits.clone()),
        state.store.metered(caller.tenant(), MONTHS),
    )?;
    Ok(HttpResponse::Ok().json(Usage {
        runs_today: used.today,
        runs_this_month: used.runs.used,
        runs_coming: used.forecast.coming,
        month_ends_at: used.forecast.until,
        used_up_at: used.forecast.used_up_at,
        plans: used.plans.used,
        members: used.members.used,
        limits: limits.into(),
        months: metered.into_iter().map(|one| Month { month: one.month, runs: one.runs }).collect(),
    }))
}

//! How runs went over time.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{Data, Query},
};
use domain::{
    PlanId,
    statistics::{Bin, BinInterval, Durations, StatisticsDraft, TooManyRuns},
};
use jiff::Timestamp;
use serde::Serialize;
use store::StatisticsError;
use tokio::{sync::Semaphore, time::timeout};
use url::form_urlencoded;
use utoipa::{IntoParams, ToSchema};

use super::{caller::Caller, plans::find};
use crate::{
    error::{FieldError, WebError},
    state::State,
};

/// So many questions are counted at once: each may keep a connection to the database for seconds, and the others are
/// for everything else.
static COUNTING: Semaphore = Semaphore::const_new(2);

/// For how long a question waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Runs counted in bins of time.
#[derive(Serialize, ToSchema)]
struct Statistics {
    /// Where the first bin begins: at `from` or before.
    from: Timestamp,
    /// Where the last bin ends: at `to` or after.
    to: Timestamp,
    #[schema(value_type = BinInterval)]
    interval: &'static str,
    /// In their order, the empty ones among them. A run is in the bin in which it was queued.
    bins: Vec<StatisticsBin>,
}

/// The runs that were queued in a bin of time, as they stand now.
#[derive(Serialize, ToSchema)]
struct StatisticsBin {
    /// Its first instant.
    start: Timestamp,
    /// The first instant of the next one.
    end: Timestamp,
    /// All of them.
    runs: u64,
    /// How many passed, slow or not.
    passed: u64,
    failed: u64,
    /// Of how many we could not tell.
    errored: u64,
    cancelled: u64,
    /// How many a limit or a restriction did not let start.
    refused: u64,
    /// How many found the run before of their schedule still going.
    skipped: u64,
    /// How many are not over.
    open: u64,
    /// How many were slower than they may be.
    slow: u64,
    /// The part of those that passed, failed or errored which passed, from 0 to 1; null if there is none.
    availability: Option<f64>,
    /// How long those took that passed or failed; null if there is none.
    duration_us: Option<Percentiles>,
}

/// In microseconds.
#[derive(Serialize, ToSchema)]
struct Percentiles {
    /// Half of the runs took this long or less.
    p50: u64,
    /// 95 % of the runs took this long or less.
    p95: u64,
    /// The longest.
    max: u64,
}

impl From<Bin> for StatisticsBin {
    fn from(bin: Bin) -> Self {
        let duration = |Durations { p50, p95, max }| Percentiles { p50: p50.0, p95: p95.0, max: max.0 };
        Self {
            start: bin.start,
            end: bin.end,
            runs: bin.runs(),
            passed: bin.passed,
            failed: bin.failed,
            errored: bin.errored,
            cancelled: bin.cancelled,
            refused: bin.refused,
            skipped: bin.skipped,
            open: bin.open,
            slow: bin.slow,
            availability: bin.availability(),
            duration_us: bin.durations.map(duration),
        }
    }
}

/// What somebody wants to know.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes `StatisticsDraft`, which is all text")]
struct Question {
    /// The first instant, within the years 1970 to 2999; a day before `to` if it is missing.
    from: Option<Timestamp>,
    /// The instant before which the time ends; now if it is missing.
    to: Option<Timestamp>,
    /// How long a bin is; `1h` if it is missing.
    interval: Option<BinInterval>,
    /// Whose runs are counted; those of all plans if it is missing.
    plan: Option<PlanId>,
}

/// Count runs over time
///
/// In at most 1000 bins, each of which begins at a multiple of the interval since 1970 in UTC and is whole.
#[utoipa::path(
    tag = "Statistics",
    params(Question),
    responses(
        (status = 200, body = Statistics),
        (status = 404, description = "There is no such plan."),
        (status = 422, description = "Something in the question is wrong, or it asks for too much: `errors` says what."),
    ),
)]
#[get("/statistics")]
pub(super) async fn read(
    caller: Caller,
    state: Data<State>,
    request: HttpRequest,
    draft: Query<StatisticsDraft>,
) -> Result<HttpResponse, WebError> {
    // The draft is a form's, in which an empty field is a missing one.
    if let Some((name, _)) =
        form_urlencoded::parse(request.query_string().as_bytes()).find(|(_, value)| value.is_empty())
    {
        return Err(WebError::BadRequest(format!("`{name}` is empty. Give it a value, or leave it out.")));
    }
    let question = draft.check(Timestamp::now()).map_err(|problems| {
        let fields = problems.into_iter().map(|problem| FieldError { field: problem.field, message: problem.message });
        let fields: Vec<_> = fields.collect();
        let detail = fields.first().map(|field| field.message.clone()).unwrap_or_default();
        WebError::Invalid { detail, fields, diagnostics: Vec::new() }
    })?;
    if let Some(plan) = question.plan() {
        find(&state, &caller, plan).await?;
    }
    let turn = timeout(PATIENCE, COUNTING.acquire()).await.map_err(|_| WebError::Busy)?;
    let bins = state.store.statistics(caller.tenant(), question).await;
    drop(turn);
    let bins = bins.map_err(|error| match error {
        StatisticsError::TooMany(many @ TooManyRuns(_)) => WebError::field("from", many.to_string()),
        StatisticsError::Store(error) => error.into(),
    })?;
    let time = question.time();
    Ok(HttpResponse::Ok().json(Statistics {
        from: time.start,
        to: time.end,
        interval: question.interval().as_str(),
        bins: bins.into_iter().map(StatisticsBin::from).collect(),
    }))
}

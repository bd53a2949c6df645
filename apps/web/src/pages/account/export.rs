//! Everything somebody has, as one JSON file: written piece by piece while it is read, so that it takes little
//! memory however much there is.

use std::io;

use actix_web::{
    HttpResponse,
    http::header::{self, ContentEncoding},
    web::{Bytes, Data},
};
use futures_util::stream;
use serde_json::{Value, json};
use store::{Membership, PageRequest, PlanFilter, PlanRow, RunFilter, RunRow, ScheduleFilter, ScheduleRow};
use tokio::sync::mpsc;

use crate::{error::WebError, session::SignedIn, state::State};

/// How many runs of each organization, the last ones.
const RUNS: usize = 1_000;

/// How many rows are read at once.
const AT_ONCE: u32 = 100;

/// How many pieces may wait for a slow client.
const WAITING: usize = 8;

/// `GET /account/export`. If the database fails in the middle, the transfer breaks off: half a file never looks
/// whole.
pub(crate) async fn export(member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    let (pieces, mut written) = mpsc::channel(WAITING);
    let file = File { pieces: pieces.clone(), state };
    tokio::spawn(async move {
        match file.write(&member).await {
            // A client that went away wants no more.
            Ok(()) | Err(Broken::Away) => {}
            Err(Broken::Store(error)) => {
                tracing::error!(%error, "an export broke off");
                let _ = pieces.send(Err(io::Error::other("the export broke off"))).await;
            }
        }
    });
    Ok(HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((header::CONTENT_DISPOSITION, "attachment; filename=\"smokex.json\""))
        .insert_header(ContentEncoding::Identity)
        .streaming(stream::poll_fn(move |cx| written.poll_recv(cx))))
}

/// Why a file is not written to its end.
enum Broken {
    /// Nobody takes it any more.
    Away,
    Store(store::Error),
}

impl From<store::Error> for Broken {
    fn from(error: store::Error) -> Self {
        Self::Store(error)
    }
}

struct File {
    pieces: mpsc::Sender<Result<Bytes, io::Error>>,
    state: Data<State>,
}

impl File {
    async fn write(&self, member: &SignedIn) -> Result<(), Broken> {
        let store = &self.state.store;
        let account = json!({
            "id": member.user_id,
            "email": member.email,
            "email_confirmed": member.confirmation == domain::Confirmation::Confirmed,
            "second_factor": store.second_factor(member.user_id).await?.is_some_and(|factor| factor.enabled_at.is_some()),
        });
        let sessions: Vec<Value> = store.sessions(member).await?.iter().map(session).collect();
        self.text(format!("{{\"account\":{account},\"sessions\":{},\"organizations\":[", Value::Array(sessions)))
            .await?;
        for (index, membership) in store.memberships(&member.person()).await?.iter().enumerate() {
            self.text(if index > 0 { "," } else { "" }).await?;
            self.organization(membership).await?;
        }
        self.text("]}\n").await
    }

    async fn organization(&self, membership: &Membership) -> Result<(), Broken> {
        let (store, tenant) = (&self.state.store, &membership.tenant);
        let id = tenant.organization();
        let (name, role) = (json!(membership.name), json!(membership.role));
        self.text(format!("{{\"id\":\"{id}\",\"name\":{name},\"role\":{role},\"plans\":[")).await?;
        let mut after = None;
        let mut is_first = true;
        loop {
            let page = PageRequest { after, size: AT_ONCE };
            let plans = store.plans(tenant, PlanFilter { page, ..PlanFilter::default() }).await?;
            for plan in &plans.items {
                self.text(if std::mem::take(&mut is_first) { "" } else { "," }).await?;
                self.plan(membership, plan).await?;
            }
            after = plans.next;
            if after.is_none() {
                break;
            }
        }
        self.text("],\"schedules\":[").await?;
        let mut is_first = true;
        loop {
            let page = PageRequest { after, size: AT_ONCE };
            let schedules = store.schedules(tenant, ScheduleFilter { page, ..ScheduleFilter::default() }).await?;
            for row in &schedules.items {
                let variables = store.schedule(tenant, row.id).await?.map(|detail| detail.variables);
                self.text(if std::mem::take(&mut is_first) { "" } else { "," }).await?;
                self.text(schedule(row, &json!(variables)).to_string()).await?;
            }
            after = schedules.next;
            if after.is_none() {
                break;
            }
        }
        self.text("],\"runs\":[").await?;
        let mut written = 0;
        while written < RUNS {
            let page = PageRequest { after, size: AT_ONCE };
            let runs = store.runs(tenant, RunFilter { page, ..RunFilter::default() }).await?;
            for row in &runs.items {
                self.text(if written > 0 { "," } else { "" }).await?;
                self.text(run(row).to_string()).await?;
                written += 1;
            }
            after = runs.next;
            if after.is_none() {
                break;
            }
        }
        self.text("]}").await
    }

    async fn plan(&self, membership: &Membership, plan: &PlanRow) -> Result<(), Broken> {
        let (store, tenant) = (&self.state.store, &membership.tenant);
        let (id, name) = (plan.id, json!(plan.name));
        self.text(format!("{{\"id\":\"{id}\",\"name\":{name},\"version\":{},\"versions\":[", plan.version)).await?;
        let mut after = None;
        let mut is_first = true;
        loop {
            let versions = store.plan_versions(tenant, id, PageRequest { after, size: AT_ONCE }).await?;
            for row in &versions.items {
                let Some(version) = store.plan_version(tenant, id, row.version).await? else { continue };
                let version = json!({
                    "version": row.version, "name": row.name, "author": row.author, "created_at": row.created_at,
                    "text": version.text,
                });
                self.text(if std::mem::take(&mut is_first) { "" } else { "," }).await?;
                self.text(version.to_string()).await?;
            }
            after = versions.next;
            if after.is_none() {
                break;
            }
        }
        self.text("]}").await
    }

    async fn text(&self, text: impl Into<Bytes>) -> Result<(), Broken> {
        self.pieces.send(Ok(text.into())).await.map_err(|_| Broken::Away)
    }
}

fn session(row: &store::SessionRow) -> Value {
    json!({
        "id": row.id, "browser": row.user_agent, "created_at": row.created_at, "last_seen_at": row.last_seen_at,
    })
}

fn schedule(row: &ScheduleRow, variables: &Value) -> Value {
    json!({
        "id": row.id, "plan": row.plan, "name": row.name, "timetable": row.timetable, "catch_up": row.catch_up,
        "overlap": row.overlap, "tags": row.tags.to_string(), "variables": variables, "next_due_at": row.next_due_at,
        "paused_at": row.paused.as_ref().map(|paused| paused.at),
        "pause_reason": row.paused.as_ref().map(|paused| &paused.reason), "fired": row.fired,
    })
}

fn run(row: &RunRow) -> Value {
    json!({
        "id": row.id, "plan": row.plan_id, "version": row.version, "number": row.number, "state": row.state,
        "cause": row.cause, "user": row.user, "schedule": row.schedule, "scheduled_at": row.scheduled_at,
        "queued_at": row.queued_at, "started_at": row.started_at, "finished_at": row.finished_at,
        "reason": row.reason, "slow": row.slow, "steps": row.steps, "steps_passed": row.steps_passed,
        "steps_failed": row.steps_failed, "steps_skipped": row.steps_skipped,
    })
}

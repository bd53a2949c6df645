//! Claiming: queued runs, and runs whose worker was lost, become the runs of one executor.
//!
//! One short transaction reads the candidates, lets `domain::admission` choose, and writes the leases.
//! In PostgreSQL an advisory lock lets one claim happen at a time; SQLite has one writer anyway.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use diesel::{
    OptionalExtension, RunQueryDsl,
    sql_types::{Array, BigInt, Bool, Integer, Nullable, Text},
};
use domain::{Actor, OrganizationId, RunId, WorkerId, admission};

use crate::{
    Error, RunChange, Store, Tenant,
    connection::AnyConnection,
    database::Transaction,
    lease::{Lease, micros_of},
    sql::{Id, Uuid},
    statement::statement,
};

mod candidates;
mod parking;
mod resume;
mod texts;

pub use resume::RecordedStep;
use texts::Texts;

/// A run whose worker was lost this many times is not tried again.
pub const MOST_ATTEMPTS: i32 = 3;

/// A run that was claimed, with all that is needed to execute it.
#[derive(Clone, Debug)]
pub struct ClaimedRun {
    /// The right to execute it.
    pub lease: Lease,
    /// Counts the runs of its plan.
    pub number: u32,
    /// Which version of the plan it runs.
    pub version: u32,
    /// That version's text; shared between runs of the same version.
    pub text: Arc<str>,
    /// Values for the plan's variables, for this run only.
    pub variables: BTreeMap<String, String>,
    /// How many workers have tried it, this one included.
    pub attempt: u32,
    /// How long ago its first worker began, by the database's time.
    pub elapsed: Duration,
    /// Somebody wants it stopped.
    pub cancelling: bool,
    /// The steps that are already recorded, in their order; empty for a new run.
    pub finished: Vec<RecordedStep>,
    /// The position of a step that was begun and whose end nobody recorded.
    pub in_flight: Option<u32>,
    /// What is stored of it cannot be read, as what an earlier step captured and our key does not open:
    /// the run cannot go on.
    pub unreadable: bool,
}

/// What a claim brought.
#[derive(Clone, Debug, Default)]
pub struct Claimed {
    /// The runs, in the order in which they should start.
    pub runs: Vec<ClaimedRun>,
    /// Whose runs wait only for a limit or a restriction: when a run of theirs ends, another may go.
    pub held_back: HashSet<OrganizationId>,
    /// Whether another claim may find more at once: this one has not looked at everything.
    pub more: bool,
}

/// One executor's way to its runs.
#[derive(Clone)]
pub struct Claims {
    store: Store,
    worker: WorkerId,
    lasts: Duration,
    memory: Arc<Mutex<Memory>>,
}

/// What is kept from one claim to the next.
#[derive(Default)]
struct Memory {
    texts: Texts,
    /// Where to go on if more organizations wait than one claim looks at.
    after: Option<Id>,
}

impl Store {
    /// Claims runs for `worker`, with leases of this length unless they are renewed.
    #[must_use]
    pub fn claims(&self, worker: WorkerId, lasts: Duration) -> Claims {
        Claims { store: self.clone(), worker, lasts, memory: Arc::default() }
    }
}

impl Claims {
    /// Claims at most `slots` runs, in the order in which they should start. Runs of lost workers come
    /// first; those that have lost too many are ended as errored.
    ///
    /// # Errors
    /// If the database fails; then nothing was claimed.
    pub async fn claim(&self, slots: usize) -> Result<Claimed, Error> {
        if slots == 0 {
            return Ok(Claimed::default());
        }
        let this = self.clone();
        self.store.database.write(move |transaction| this.claim_in(transaction, slots)).await
    }

    fn claim_in(&self, transaction: &mut Transaction<'_>, slots: usize) -> Result<Claimed, Error> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        candidates::lock(transaction.conn)?;
        let going = candidates::going(transaction.conn)?;
        let mut chosen = Vec::new();
        if going.any_expired {
            let expired = candidates::expired(transaction.conn, slots)?;
            let (tired, again): (Vec<_>, Vec<_>) = expired.into_iter().partition(|run| run.attempts >= MOST_ATTEMPTS);
            parking::park(transaction, &tired)?;
            chosen.extend(again.into_iter().map(|run| run.lease.run));
        }
        let (mut held_back, mut more) = (HashSet::new(), false);
        if chosen.len() < slots {
            let slots = slots - chosen.len();
            let waiting = candidates::waiting(transaction.conn, &going, &mut memory.after, slots)?;
            let most = candidates::most_at_once(transaction.conn, &self.store.tiers, &waiting.runs)?;
            let most = |organization| most.get(&organization).copied().flatten();
            let choice = admission::choose(&waiting.runs, &going.runs, most, slots);
            if choice.runs.len() < slots {
                // Slots are left: whatever was not chosen is held back.
                let taken: HashSet<RunId> = choice.runs.iter().copied().collect();
                held_back = going.restricting();
                held_back
                    .extend(waiting.runs.iter().filter(|run| !taken.contains(&run.run)).map(|run| run.organization));
                more = memory.after.is_some() || waiting.cut && !taken.is_empty() && choice.held_back;
            }
            chosen.extend(choice.runs);
        }
        let mut runs = self.take(transaction, &mut memory.texts, &chosen)?;
        resume::load(transaction, &self.store.keys, &mut runs)?;
        for run in &runs {
            transaction.changed(run.lease.change(RunChange::Started));
        }
        Ok(Claimed { runs, held_back, more })
    }

    /// Writes the leases. Leaves out what somebody else has changed since the candidates were read.
    ///
    /// A crash of PostgreSQL may take a claim back while its run is executed (see [`candidates::lock`]). The time
    /// in the fence lets no later claim look like that one.
    fn take(
        &self,
        transaction: &mut Transaction<'_>,
        texts: &mut Texts,
        chosen: &[RunId],
    ) -> Result<Vec<ClaimedRun>, Error> {
        let lasts = micros_of(self.lasts);
        let worker = Id::from(self.worker);
        let rows: Vec<Row> = match transaction.conn {
            AnyConnection::Postgres(conn) => statement::<RowType>(
                "UPDATE runs SET state = 'running', due_at = now_us() + ?, lease_owner = ?,
                        fence = greatest(fence + 1, now_us()), attempts = attempts + 1,
                        started_at = coalesce(started_at, now_us())
                 WHERE id = ANY (?) AND (state = 'queued' OR state = 'running' AND due_at <= now_us())
                 RETURNING id, organization_id, plan_id, number, version, fence, fence > started_at,
                           attempts, cancelling,
                           now_us() - started_at, variables",
            )
            .bind::<BigInt, _>(lasts)
            .bind::<Uuid, _>(worker)
            .bind::<Array<Uuid>, _>(chosen.iter().map(|run| Id::from(*run)).collect::<Vec<_>>())
            .load(conn)?,
            AnyConnection::Sqlite(conn) => {
                let mut rows = Vec::with_capacity(chosen.len());
                for run in chosen {
                    let row: Option<Row> = statement::<RowType>(
                        "UPDATE runs SET state = 'running', due_at = now_us() + ?, lease_owner = ?,
                                fence = max(fence + 1, now_us()), attempts = attempts + 1,
                                started_at = coalesce(started_at, now_us())
                         WHERE id = ? AND (state = 'queued' OR state = 'running' AND due_at <= now_us())
                         RETURNING id, organization_id, plan_id, number, version, fence, fence > started_at,
                           attempts, cancelling,
                                   now_us() - started_at, variables",
                    )
                    .bind::<BigInt, _>(lasts)
                    .bind::<Uuid, _>(worker)
                    .bind::<Uuid, _>(Id::from(*run))
                    .get_result(conn)
                    .optional()?;
                    rows.extend(row);
                }
                rows
            }
        };
        let mut claimed = HashMap::with_capacity(rows.len());
        for (run, organization, plan, number, version, fence, again, attempts, cancelling, elapsed, variables) in rows {
            let tenant = Tenant::new(organization.into(), Actor::System);
            let lease = Lease { run: run.into(), plan: plan.into(), tenant, fence, again };
            let variables = variables.map(|json| serde_json::from_str(&json)).transpose();
            let run = ClaimedRun {
                lease,
                number: number.unsigned_abs(),
                version: version.unsigned_abs(),
                text: texts.get(transaction.conn, plan, version)?,
                unreadable: variables.is_err(),
                variables: variables.ok().flatten().unwrap_or_default(),
                attempt: attempts.unsigned_abs(),
                // A clock that was set back makes it zero.
                elapsed: Duration::from_micros(elapsed.and_then(|micros| micros.try_into().ok()).unwrap_or(0)),
                cancelling,
                finished: Vec::new(),
                in_flight: None,
            };
            claimed.insert(lease.run, run);
        }
        Ok(chosen.iter().filter_map(|run| claimed.remove(run)).collect())
    }
}

/// Id, organization, plan, number, version, fence, whether somebody had it before, attempts, cancelling, elapsed, variables.
type RowType = (Uuid, Uuid, Uuid, Integer, Integer, BigInt, Bool, Integer, Bool, Nullable<BigInt>, Nullable<Text>);
type Row = (Id, Id, Id, i32, i32, i64, bool, i32, bool, Option<i64>, Option<String>);

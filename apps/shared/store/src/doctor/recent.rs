//! Whether what plans remember of their last runs is what the runs themselves tell.

use std::collections::{BTreeMap, HashMap};

use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Bool, Nullable, Text},
};
use domain::{Health, RunState};

use super::Finding;
use crate::{
    Error,
    connection::{AnyConnection, on_conn},
    plan::recent,
    sql::{Id, Uuid, Word},
    statement::statement,
};

/// Two runs that end within this time (in microseconds) may be remembered in either order.
const TOGETHER: i64 = 60_000_000;

/// How many runs a plan remembers.
const ROOM: usize = 30;

type Row = (Id, Word<RunState>, bool, i64, String, Option<Word<Health>>);
type RowType = (Uuid, Text, Bool, BigInt, Text, Nullable<Text>);

/// A plan and those of its runs that are over.
struct Plan {
    recent: String,
    health: Option<Health>,
    ended: Vec<Ended>,
}

#[derive(Clone, Copy)]
struct Ended {
    state: RunState,
    slow: bool,
    at: i64,
}

/// Looks at the plans of the newest runs.
pub(super) fn look(conn: &mut AnyConnection, from: Id) -> Result<Vec<Finding>, Error> {
    let rows: Vec<Row> = on_conn!(conn, |conn| {
        statement::<RowType>(
            "SELECT plan_id, state, slow, finished_at, recent, health FROM runs JOIN plans ON plans.id = plan_id
             WHERE runs.id >= ? AND finished_at IS NOT NULL",
        )
        .bind::<Uuid, _>(from)
        .load(conn)?
    });
    let mut plans: BTreeMap<Id, Plan> = BTreeMap::new();
    for (plan, Word(state), slow, at, recent, health) in rows {
        let plan =
            plans.entry(plan).or_insert_with(|| Plan { recent, health: health.map(|word| word.0), ended: Vec::new() });
        plan.ended.push(Ended { state, slow, at });
    }
    let those =
        |wrong: fn(&Plan) -> bool| plans.iter().filter(|(_, plan)| wrong(plan)).map(|(id, _)| *id).collect::<Vec<_>>();
    let remedy = "run them again: each run that ends is remembered anew";
    let forgetful = Finding::of("recent runs", "Plans that do not remember their last runs", &those(forgets), remedy);
    let wrong = Finding::of("health", "Plans whose health is not that of their last run", &those(is_wrong), remedy);
    Ok(forgetful.into_iter().chain(wrong).collect())
}

/// Whether a run is missing that cannot have been pushed out by later ones.
fn forgets(plan: &Plan) -> bool {
    let mut ended = plan.ended.clone();
    ended.sort_unstable_by_key(|run| std::cmp::Reverse(run.at));
    let later = |run: &Ended| ended.partition_point(|other| other.at >= run.at.saturating_sub(TOGETHER));
    let mut remembered: HashMap<(RunState, bool), usize> = HashMap::new();
    for run in recent::decode(&plan.recent) {
        *remembered.entry((run.state, run.slow)).or_default() += 1;
    }
    ended.iter().take(ROOM).filter(|run| later(run) <= ROOM).any(|run| {
        let slow = run.slow && run.state == RunState::Passed;
        match remembered.get_mut(&(run.state, slow)) {
            Some(left) if *left > 0 => {
                *left -= 1;
                false
            }
            _ => true,
        }
    })
}

/// Whether no run that may have been the last one tells this health.
fn is_wrong(plan: &Plan) -> bool {
    let verdicts = || plan.ended.iter().filter_map(|run| Some((run.at, Health::after(run.state, run.slow)?)));
    let Some(last) = verdicts().map(|(at, _)| at).max() else { return false };
    !verdicts().any(|(at, health)| at >= last.saturating_sub(TOGETHER) && Some(health) == plan.health)
}

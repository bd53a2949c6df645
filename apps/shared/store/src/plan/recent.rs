//! The last runs of a plan as its row carries them: a bar per run without a look at the history.

use std::collections::BTreeMap;

use diesel::{
    RunQueryDsl,
    sql_types::{Array, Nullable, Text},
};
use domain::{Elapsed, Health, PlanId, RunState};

use crate::{
    connection::AnyConnection,
    sql::{Id, Uuid},
    statement::statement,
};

/// A letter and nine digits.
const WIDTH: usize = 10;

/// One of the last finished runs of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecentRun {
    /// A final state.
    pub state: RunState,
    /// Passed, but slower than it may.
    pub slow: bool,
    /// From its start to its end, to the millisecond.
    pub duration: Elapsed,
}

const LETTERS: [(char, RunState, bool); 7] = [
    ('p', RunState::Passed, false),
    ('s', RunState::Passed, true),
    ('f', RunState::Failed, false),
    ('e', RunState::Errored, false),
    ('c', RunState::Cancelled, false),
    ('r', RunState::Refused, false),
    ('k', RunState::Skipped, false),
];

impl RecentRun {
    /// Nothing for a run that is not over.
    fn encode(&self) -> String {
        let slow = self.slow && self.state == RunState::Passed;
        let letter = LETTERS.iter().find(|(_, state, is_slow)| (*state, *is_slow) == (self.state, slow));
        letter.map_or(String::new(), |(letter, ..)| format!("{letter}{:09}", (self.duration.0 / 1000).min(999_999_999)))
    }

    fn decode(text: &str) -> Option<Self> {
        let letter = text.chars().next()?;
        let (_, state, slow) = LETTERS.into_iter().find(|(known, ..)| *known == letter)?;
        let millis: u64 = text.get(1..)?.parse().ok()?;
        Some(Self { state, slow, duration: Elapsed(millis * 1000) })
    }
}

/// Reads the column, newest first.
pub(crate) fn decode(column: &str) -> Vec<RecentRun> {
    let entries = (0..column.len()).step_by(WIDTH).filter_map(|at| column.get(at..at + WIDTH));
    entries.filter_map(RecentRun::decode).collect()
}

/// Adds runs that have just ended, in this order, to the rows of their plans, in the caller's
/// transaction. Every way a run can end goes through here.
pub(crate) fn note(conn: &mut AnyConnection, ended: &[(PlanId, RecentRun)]) -> diesel::QueryResult<()> {
    // Sorted by plan, so that two processes never wait for each other's rows.
    let mut notes: BTreeMap<PlanId, (String, Option<Health>)> = BTreeMap::new();
    for (plan, run) in ended {
        let (entries, health) = notes.entry(*plan).or_default();
        entries.insert_str(0, &run.encode());
        *health = Health::after(run.state, run.slow).or(*health);
    }
    match conn {
        _ if notes.is_empty() => {}
        AnyConnection::Postgres(conn) => {
            let ids: Vec<Id> = notes.keys().map(|plan| Id::from(*plan)).collect();
            let entries: Vec<String> = notes.values().map(|(entries, _)| entries.clone()).collect();
            let healths: Vec<Option<&str>> = notes.values().map(|(_, health)| health.map(Health::as_str)).collect();
            statement::<()>(
                "WITH locked AS (SELECT id FROM plans WHERE id = ANY (?) ORDER BY id FOR NO KEY UPDATE)
                 UPDATE plans SET recent = left(news.entries || plans.recent, 300),
                                  health = coalesce(news.health, plans.health)
                 FROM unnest(?, ?, ?) AS news (id, entries, health) JOIN locked ON locked.id = news.id
                 WHERE plans.id = news.id",
            )
            .bind::<Array<Uuid>, _>(ids.clone())
            .bind::<Array<Uuid>, _>(ids)
            .bind::<Array<Text>, _>(entries)
            .bind::<Array<Nullable<Text>>, _>(healths)
            .execute(conn)?;
        }
        AnyConnection::Sqlite(conn) => {
            for (plan, (entries, health)) in notes {
                statement::<()>(
                    "UPDATE plans SET recent = substr(? || recent, 1, 300), health = coalesce(?, health) WHERE id = ?",
                )
                .bind::<Text, _>(entries)
                .bind::<Nullable<Text>, _>(health.map(Health::as_str))
                .bind::<Uuid, _>(Id::from(plan))
                .execute(conn)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_end_survives_the_column() {
        for (_, state, slow) in LETTERS {
            let run = RecentRun { state, slow, duration: Elapsed(1_234_000) };
            assert_eq!(decode(&run.encode()), [run]);
            assert_eq!(run.encode().len(), WIDTH);
        }
        assert!(
            RunState::ALL.iter().filter(|state| state.is_final()).all(|state| {
                !RecentRun { state: *state, slow: false, duration: Elapsed::ZERO }.encode().is_empty()
            })
        );
    }

    #[test]
    fn a_run_of_weeks_keeps_the_width() {
        let run = RecentRun { state: RunState::Failed, slow: false, duration: Elapsed(u64::MAX) };
        assert_eq!(run.encode(), "f999999999");
    }

    #[test]
    fn a_damaged_column_shows_what_can_be_read() {
        assert_eq!(decode("p00000000?f000000001e00").len(), 1);
    }

    #[test]
    fn the_column_holds_as_many_as_the_statements_keep() {
        assert_eq!(30 * WIDTH, 300);
    }
}

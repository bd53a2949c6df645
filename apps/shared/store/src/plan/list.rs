//! The list of plans.

use diesel::{
    BoolExpressionMethods, EscapeExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl,
    RunQueryDsl, TextExpressionMethods, sql_types::Text,
};
use domain::{Elapsed, Health, PlanId, RunId, RunState};
use jiff::Timestamp;

use super::{RecentRun, count, recent};
use crate::{
    Cursor, Error, Page, PageRequest, Store, Tenant,
    connection::on_conn,
    limited::limited,
    schema::{plans, runs},
    sql::{Id, Word, time},
};

/// Which plans are wanted.
#[derive(Clone, Debug, Default)]
pub struct PlanFilter {
    /// Text in the name, whatever its case (of letters without accents).
    pub search: Option<String>,
    /// Any of these; empty for all.
    pub health: Vec<Health>,
    /// Which part of the list.
    pub page: PageRequest,
}

/// A plan in the list.
#[derive(Clone, Debug)]
pub struct PlanRow {
    /// Itself.
    pub id: PlanId,
    /// Its name.
    pub name: String,
    /// The number of the current version, from 1.
    pub version: u32,
    /// How many steps it has.
    pub steps: u32,
    /// How it is doing; none before the first verdict.
    pub health: Option<Health>,
    /// Why it does not run on its organization's tier, in a sentence; none if it does.
    pub over_limit: Option<String>,
    /// The run queued last, whatever its state.
    pub last_run: Option<LastRun>,
    /// The last 30 finished runs, newest first.
    pub recent: Vec<RecentRun>,
    /// When the current version was saved.
    pub updated_at: Timestamp,
}

/// The run of a plan that was queued last.
#[derive(Clone, Debug)]
pub struct LastRun {
    /// Itself.
    pub id: RunId,
    /// Counted per plan, from 1.
    pub number: u32,
    /// Where it stands.
    pub state: RunState,
    /// When it was asked for.
    pub queued_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// From its start to its end.
    pub duration: Option<Elapsed>,
}

pub(crate) type LastRunColumns = (Id, i32, Word<RunState>, i64, Option<i64>, Option<i64>);
type Row = ((Id, String, i32, i32, Option<Word<Health>>, Option<String>, String, i64), Option<LastRunColumns>);

impl From<Row> for PlanRow {
    fn from(((id, name, version, steps, health, over_limit, recent, updated_at), last_run): Row) -> Self {
        Self {
            id: id.into(),
            name,
            version: count(version),
            steps: count(steps),
            health: health.map(|word| word.0),
            over_limit,
            last_run: last_run.map(LastRun::from),
            recent: recent::decode(&recent),
            updated_at: time(updated_at),
        }
    }
}

impl From<LastRunColumns> for LastRun {
    fn from((id, number, state, queued_at, started_at, finished_at): LastRunColumns) -> Self {
        Self {
            id: id.into(),
            number: count(number),
            state: state.0,
            queued_at: time(queued_at),
            finished_at: finished_at.map(time),
            duration: crate::run::duration(started_at, finished_at),
        }
    }
}

#[diesel::declare_sql_function]
extern "SQL" {
    fn lower(x: Text) -> Text;
}

impl Store {
    /// The plans of the organization, newest first.
    pub async fn plans(&self, tenant: &Tenant, filter: PlanFilter) -> Result<Page<PlanRow>, Error> {
        let organization = Id::from(tenant.organization());
        let page = filter.page;
        let rows: Vec<Row> = self
            .database
            .read(move |conn| {
                let last_run = runs::plan_id.eq(plans::id).and(runs::number.eq(plans::last_run_number));
                on_conn!(conn, |conn| {
                    let mut query = plans::table
                        .left_join(runs::table.on(last_run))
                        .filter(plans::organization_id.eq(organization).and(plans::id.lt(Id(page.below_id()))))
                        .order(plans::id.desc())
                        .select((
                            (
                                plans::id,
                                plans::name,
                                plans::version,
                                plans::steps,
                                plans::health,
                                plans::over_limit,
                                plans::recent,
                                plans::updated_at,
                            ),
                            (runs::id, runs::number, runs::state, runs::queued_at, runs::started_at, runs::finished_at)
                                .nullable(),
                        ))
                        .into_boxed();
                    if let Some(search) = &filter.search {
                        query = query.filter(lower(plans::name).like(containing(search)).escape('\\'));
                    }
                    if !filter.health.is_empty() {
                        query = query.filter(plans::health.eq_any(filter.health.iter().map(|health| health.as_str())));
                    }
                    Ok(limited(query, page.limit()).load(conn)?)
                })
            })
            .await?;
        let rows = rows.into_iter().map(PlanRow::from).collect();
        Ok(Page::cut(rows, &page, |row: &PlanRow| Cursor::Id(row.id.0)))
    }
}

/// The pattern of LIKE for text that contains this one.
pub(crate) fn containing(text: &str) -> String {
    let mut pattern = String::from("%");
    // PostgreSQL's texts hold no NUL, so no name does.
    for c in text.trim().to_ascii_lowercase().chars().filter(|c| *c != '\0') {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_type_is_no_pattern() {
        assert_eq!(containing(" 50%_Off\\ "), "%50\\%\\_off\\\\%");
    }
}

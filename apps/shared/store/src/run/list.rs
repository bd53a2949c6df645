//! The list of runs.

use diesel::{
    BoolExpressionMethods, EscapeExpressionMethods, ExpressionMethods, NullableExpressionMethods, QueryDsl,
    RunQueryDsl, TextExpressionMethods, dsl::sql, expression::SqlLiteral, sql_types::Bool,
};
use domain::{Cause, PlanId, RunState};
use jiff::Timestamp;

use super::{RunColumns, RunRow, first_id_of, run_columns};
use crate::{
    Cursor, Error, Page, PageRequest, Store, Tenant,
    connection::{AnyConnection, on_conn},
    limited::limited,
    plan::{column, containing, lower},
    schema::{plans, runs, users},
    sql::Id,
};

/// Which runs are wanted.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Of this plan only.
    pub plan: Option<PlanId>,
    /// In any of these states; empty for all.
    pub states: Vec<RunState>,
    /// Queued for this reason.
    pub cause: Option<Cause>,
    /// Text in the plan's name, whatever its case (of letters without accents).
    pub search: Option<String>,
    /// Queued at this time or later.
    pub since: Option<Timestamp>,
    /// Queued before this time.
    pub until: Option<Timestamp>,
    /// Which part of the list.
    pub page: PageRequest,
}

diesel::alias!(runs as open: Open, plans as named: Named);

impl Store {
    /// The runs of the organization, newest first.
    pub async fn runs(&self, tenant: &Tenant, filter: RunFilter) -> Result<Page<RunRow>, Error> {
        let organization = Id::from(tenant.organization());
        let page = filter.page;
        let by_plan = filter.plan.is_some();
        let mut rows = self
            .database
            .read(move |conn| {
                if filter.states.is_empty() {
                    return load(conn, organization, &filter, None);
                }
                // One query per state, each served in order by an index, merged below.
                let mut rows = Vec::new();
                for state in &filter.states {
                    rows.extend(load(conn, organization, &filter, Some(*state))?);
                }
                Ok(rows)
            })
            .await?;
        if by_plan {
            rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.number));
        } else {
            rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
        }
        rows.dedup_by_key(|row| row.id);
        Ok(Page::cut(
            rows,
            &page,
            |row| {
                if by_plan { Cursor::Number(column(row.number)) } else { Cursor::Id(row.id.0) }
            },
        ))
    }
}

/// One page in one state, or in any.
fn load(
    conn: &mut AnyConnection,
    organization: Id,
    filter: &RunFilter,
    state: Option<RunState>,
) -> Result<Vec<RunRow>, Error> {
    on_conn!(conn, |conn| {
        let mut query =
            runs::table.inner_join(plans::table).left_join(users::table).select(run_columns!()).into_boxed();
        query = match filter.plan {
            Some(plan) => query
                .filter(runs::plan_id.eq(Id::from(plan)).and(runs::number.lt(filter.page.below_number())))
                .order(runs::number.desc()),
            None => query.filter(runs::id.lt(Id(filter.page.below_id()))).order(runs::id.desc()),
        };
        query = match state {
            // Few runs are open at any time: found among themselves, not by looking through the history.
            // The state stands in the text, for only so do the databases see which partial index holds it.
            Some(RunState::Queued) => query.filter(runs::id.eq_any(open_ids(organization, "open.state = 'queued'"))),
            Some(RunState::Running) => query.filter(runs::id.eq_any(open_ids(organization, "open.state = 'running'"))),
            // All others have no time at which they are due.
            Some(state) => query
                .filter(runs::organization_id.eq(organization))
                .filter(runs::state.eq(state.as_str()).and(runs::due_at.is_null())),
            None => query.filter(runs::organization_id.eq(organization)),
        };
        if let Some(cause) = filter.cause {
            query = query.filter(runs::cause.eq(cause.as_str()));
        }
        if let Some(search) = &filter.search {
            let ids = named
                .filter(named.field(plans::organization_id).eq(organization))
                .filter(lower(named.field(plans::name)).like(containing(search)).escape('\\'))
                .select(named.field(plans::id));
            query = query.filter(runs::plan_id.eq_any(ids));
        }
        if let Some(since) = filter.since {
            query = query.filter(runs::id.ge(Id(first_id_of(since))));
        }
        if let Some(until) = filter.until {
            query = query.filter(runs::id.lt(Id(first_id_of(until))));
        }
        let rows: Vec<RunColumns> = limited(query, filter.page.limit()).load(conn)?;
        Ok(rows.into_iter().map(RunRow::from).collect())
    })
}

/// The ids of an organization's runs for which the SQL `state` holds.
#[diesel::dsl::auto_type(no_type_alias)]
fn open_ids(organization: Id, state: &'static str) -> _ {
    let state: SqlLiteral<Bool> = sql::<Bool>(state);
    open.filter(open.field(runs::organization_id).eq(organization)).filter(state).select(open.field(runs::id))
}

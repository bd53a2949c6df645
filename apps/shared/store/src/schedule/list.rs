//! The lists of schedules.

use diesel::{
    BoolExpressionMethods, EscapeExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl,
    RunQueryDsl, TextExpressionMethods,
    dsl::sql,
    sql_types::{BigInt, Nullable},
};
use domain::{PlanId, schedule::Timetable};

use super::{Columns, ScheduleRow, pause::tagged, schedule_columns, schedule_rows};
use crate::{
    Cursor, Error, Page, PageRequest, Store, Tenant,
    connection::on_conn,
    limited::limited,
    schema::{plans, runs, schedules, users},
    sql::{Id, Json},
};

/// Which schedules are wanted.
#[derive(Clone, Debug, Default)]
pub struct ScheduleFilter {
    /// Of this plan only.
    pub plan: Option<PlanId>,
    /// With this tag.
    pub tag: Option<String>,
    /// Those that are not paused, or those that are.
    pub enabled: Option<bool>,
    /// Which part of the list.
    pub page: PageRequest,
}

impl Store {
    /// The schedules of the organization, newest first.
    pub async fn schedules(&self, tenant: &Tenant, filter: ScheduleFilter) -> Result<Page<ScheduleRow>, Error> {
        let organization = Id::from(tenant.organization());
        let page = filter.page;
        let rows: Vec<Columns> = self
            .database
            .read(move |conn| {
                on_conn!(conn, |conn| {
                    let mut query = schedule_rows!()
                        .filter(schedules::organization_id.eq(organization))
                        .filter(schedules::id.lt(Id(page.below_id())))
                        .order(schedules::id.desc())
                        .select(schedule_columns!())
                        .into_boxed();
                    if let Some(plan) = filter.plan {
                        query = query.filter(schedules::plan_id.eq(Id::from(plan)));
                    }
                    if let Some(tag) = &filter.tag {
                        query = query.filter(schedules::tags.like(tagged(tag)).escape('\\'));
                    }
                    query = match filter.enabled {
                        Some(true) => query.filter(schedules::paused_at.is_null().and(schedules::over_limit.is_null())),
                        Some(false) => {
                            query.filter(schedules::paused_at.is_not_null().or(schedules::over_limit.is_not_null()))
                        }
                        None => query,
                    };
                    Ok(limited(query, page.limit()).load(conn)?)
                })
            })
            .await?;
        let rows = rows.into_iter().map(ScheduleRow::from).collect();
        Ok(Page::cut(rows, &page, |row: &ScheduleRow| Cursor::Id(row.id.0)))
    }

    /// The timetables of the organization's schedules that come due, the first one first, at most so many.
    pub async fn coming_timetables(&self, tenant: &Tenant, most: u32) -> Result<Vec<Timetable>, Error> {
        let organization = Id::from(tenant.organization());
        let rows: Vec<Json<Timetable>> = self
            .database
            .read(move |conn| {
                let query = schedules::table
                    .filter(schedules::organization_id.eq(organization))
                    .filter(schedules::next_due_at.is_not_null())
                    .order((schedules::next_due_at, schedules::id))
                    .select(schedules::timetable);
                on_conn!(conn, |conn| Ok(limited(query, i64::from(most)).load(conn)?))
            })
            .await?;
        Ok(rows.into_iter().map(|Json(timetable)| timetable).collect())
    }

    /// The schedules of the organization, or of one of its plans, that are due next: the first one first, at
    /// most so many.
    pub async fn coming_schedules(
        &self,
        tenant: &Tenant,
        plan: Option<PlanId>,
        most: u32,
    ) -> Result<Vec<ScheduleRow>, Error> {
        let organization = Id::from(tenant.organization());
        let rows: Vec<Columns> = self
            .database
            .read(move |conn| {
                on_conn!(conn, |conn| {
                    let mut query = schedule_rows!()
                        .filter(schedules::organization_id.eq(organization))
                        .filter(schedules::next_due_at.is_not_null())
                        .order((schedules::next_due_at, schedules::id))
                        .select(schedule_columns!())
                        .into_boxed();
                    if let Some(plan) = plan {
                        query = query.filter(schedules::plan_id.eq(Id::from(plan)));
                    }
                    Ok(limited(query, i64::from(most)).load(conn)?)
                })
            })
            .await?;
        Ok(rows.into_iter().map(ScheduleRow::from).collect())
    }
}

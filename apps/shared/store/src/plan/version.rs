//! The versions of a plan. They never change.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl,
    RunQueryDsl, insert_into,
};
use domain::{Email, PlanId, UserId};
use jiff::Timestamp;

use super::{NewPlan, column, count};
use crate::{
    Cursor, Error, Page, PageRequest, Store, Tenant,
    connection::{AnyConnection, on_conn},
    limited::limited,
    schema::{plan_versions, plans, users},
    sql::{Id, Word, time},
};

/// A version in the list of a plan's versions.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// From 1.
    pub version: u32,
    /// The plan's name then.
    pub name: String,
    /// How many steps it has.
    pub steps: u32,
    /// Who wrote it; none if they are gone.
    pub author: Option<Email>,
    /// When it was saved.
    pub created_at: Timestamp,
}

/// A version with what it says.
#[derive(Clone, Debug)]
pub struct PlanVersion {
    /// What the list tells of it.
    pub row: VersionRow,
    /// The YAML.
    pub text: String,
    /// The JSON of its outline.
    pub outline: String,
}

type Row = (i32, String, i32, Option<Word<Email>>, i64);

impl From<Row> for VersionRow {
    fn from((version, name, steps, author, created_at): Row) -> Self {
        Self {
            version: count(version),
            name,
            steps: count(steps),
            author: author.map(|word| word.0),
            created_at: time(created_at),
        }
    }
}

impl Store {
    /// The versions of a plan, newest first; nothing if there is no such plan.
    pub async fn plan_versions(
        &self,
        tenant: &Tenant,
        plan: PlanId,
        page: PageRequest,
    ) -> Result<Page<VersionRow>, Error> {
        let (organization, plan) = (Id::from(tenant.organization()), Id::from(plan));
        let rows: Vec<Row> = self
            .database
            .read(move |conn| {
                let query = plan_versions::table
                    .inner_join(plans::table)
                    .left_join(users::table.on(plan_versions::author_id.eq(users::id.nullable())))
                    .filter(plan_versions::plan_id.eq(plan).and(plans::organization_id.eq(organization)))
                    .filter(plan_versions::version.lt(page.below_number()))
                    .order(plan_versions::version.desc())
                    .select((
                        plan_versions::version,
                        plan_versions::name,
                        plan_versions::steps,
                        users::email.nullable(),
                        plan_versions::created_at,
                    ));
                on_conn!(conn, |conn| Ok(limited(query, page.limit()).load(conn)?))
            })
            .await?;
        let rows = rows.into_iter().map(VersionRow::from).collect();
        Ok(Page::cut(rows, &page, |row| Cursor::Number(column(row.version))))
    }

    /// One version of a plan.
    pub async fn plan_version(
        &self,
        tenant: &Tenant,
        plan: PlanId,
        version: u32,
    ) -> Result<Option<PlanVersion>, Error> {
        let (organization, plan) = (Id::from(tenant.organization()), Id::from(plan));
        let found: Option<(Row, String, String)> = self
            .database
            .read(move |conn| {
                let query = plan_versions::table
                    .inner_join(plans::table)
                    .left_join(users::table.on(plan_versions::author_id.eq(users::id.nullable())))
                    .filter(plan_versions::plan_id.eq(plan).and(plans::organization_id.eq(organization)))
                    .filter(plan_versions::version.eq(column(version)))
                    .select((
                        (
                            plan_versions::version,
                            plan_versions::name,
                            plan_versions::steps,
                            users::email.nullable(),
                            plan_versions::created_at,
                        ),
                        plan_versions::text,
                        plan_versions::outline,
                    ));
                on_conn!(conn, |conn| Ok(query.get_result(conn).optional()?))
            })
            .await?;
        Ok(found.map(|(row, text, outline)| PlanVersion { row: row.into(), text, outline }))
    }
}

/// Adds a version.
pub(crate) fn insert(
    conn: &mut AnyConnection,
    plan: Id,
    version: i32,
    author: UserId,
    new: &NewPlan,
    now: i64,
) -> diesel::QueryResult<()> {
    insert_into(plan_versions::table)
        .values((
            plan_versions::plan_id.eq(plan),
            plan_versions::version.eq(version),
            plan_versions::name.eq(new.name.as_str()),
            plan_versions::text.eq(&new.text),
            plan_versions::outline.eq(&new.outline),
            plan_versions::steps.eq(column(new.steps)),
            plan_versions::author_id.eq(Id::from(author)),
            plan_versions::created_at.eq(now),
        ))
        .execute(conn)?;
    Ok(())
}

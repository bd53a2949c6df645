//! The names that plans use and do not give a value themselves: what secrets are for. They are told by whoever
//! reads the plan's text (the store does not know the language) and kept beside it.

use diesel::{BoolExpressionMethods, ExpressionMethods, JoinOnDsl, QueryDsl, RunQueryDsl, update};
use domain::PlanId;

use super::{column, count};
use crate::{
    Error, Store, Tenant,
    connection::on_conn,
    limited::limited,
    schema::{plan_versions, plans},
    sql::{Id, Json},
};

/// So many plans are looked at.
const MOST: u16 = 2_000;

/// The plans that need something from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlansInNeed {
    /// The newest first.
    pub plans: Vec<PlanInNeed>,
    /// Whether there are more than were looked at.
    pub is_cut: bool,
}

/// A plan whose current text uses names that it gives no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanInNeed {
    /// Itself.
    pub id: PlanId,
    /// Its name.
    pub name: String,
    /// The names that it uses.
    pub outside: Vec<String>,
}

/// A plan of which nobody has noted yet what it needs from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadPlan {
    /// Itself.
    pub id: PlanId,
    /// The number of the current version.
    pub version: u32,
    /// The YAML.
    pub text: String,
}

type InNeed = (Id, String, Option<Json<Vec<String>>>);

impl Store {
    /// The plans of the organization that need something from outside, by their current texts.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn plans_in_need(&self, tenant: &Tenant) -> Result<PlansInNeed, Error> {
        let organization = Id::from(tenant.organization());
        let mut rows: Vec<InNeed> = self
            .database
            .read(move |conn| {
                let query = plans::table
                    .filter(plans::organization_id.eq(organization).and(plans::outside.ne("[]")))
                    .order(plans::id.desc())
                    .select((plans::id, plans::name, plans::outside));
                on_conn!(conn, |conn| Ok(limited(query, i64::from(MOST) + 1).load(conn)?))
            })
            .await?;
        let is_cut = rows.len() > usize::from(MOST);
        rows.truncate(MOST.into());
        let plan = |(id, name, outside): InNeed| Some(PlanInNeed { id: id.into(), name, outside: outside?.0 });
        Ok(PlansInNeed { plans: rows.into_iter().filter_map(plan).collect(), is_cut })
    }

    /// Plans of the organization of which nobody has noted what they need, at most so many.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn unread_plans(&self, tenant: &Tenant, most: u32) -> Result<Vec<UnreadPlan>, Error> {
        let organization = Id::from(tenant.organization());
        let rows: Vec<(Id, i32, String)> = self
            .database
            .read(move |conn| {
                let current = plan_versions::plan_id.eq(plans::id).and(plan_versions::version.eq(plans::version));
                let query = plans::table
                    .inner_join(plan_versions::table.on(current))
                    .filter(plans::organization_id.eq(organization).and(plans::outside.is_null()))
                    .select((plans::id, plans::version, plan_versions::text));
                on_conn!(conn, |conn| Ok(limited(query, i64::from(most)).load(conn)?))
            })
            .await?;
        let plan = |(id, version, text): (Id, i32, String)| UnreadPlan { id: id.into(), version: count(version), text };
        Ok(rows.into_iter().map(plan).collect())
    }

    /// Notes what a version of a plan needs, if it is still the current one and nobody has noted it; whether it did.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn note_outside(
        &self,
        tenant: &Tenant,
        plan: PlanId,
        version: u32,
        outside: Vec<String>,
    ) -> Result<bool, Error> {
        let organization = Id::from(tenant.organization());
        self.database
            .write(move |tx| {
                let unread = plans::table
                    .filter(plans::id.eq(Id::from(plan)).and(plans::organization_id.eq(organization)))
                    .filter(plans::version.eq(column(version)).and(plans::outside.is_null()));
                let noted = update(unread).set(plans::outside.eq(encode(&outside))).execute(tx.conn)?;
                Ok(noted > 0)
            })
            .await
    }
}

/// As the column holds it.
pub(super) fn encode(outside: &[String]) -> String {
    serde_json::to_string(outside).expect("a list of texts can be written as JSON")
}

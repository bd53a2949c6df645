//! Which operators may run and stop a plan: all, or only those who are named. Members of higher roles may anyway:
//! they could change the plan.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, delete, insert_into,
    sql_types::{Bool, Nullable, Text},
};
use domain::{Action, Actor, Deed, Email, PlanId, Role, UserId};
use serde_json::json;

use crate::{
    Change, Error, MemberError, Store, Tenant, audit,
    connection::{AnyConnection, on_conn},
    member,
    schema::{plan_operators, plans},
    sql::{Id, Uuid, Word},
    statement::statement,
    tier,
};

/// Somebody who may be named, or is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanOperator {
    /// The user.
    pub user: UserId,
    /// Their e-mail address.
    pub email: Email,
    /// What they are by now; none if they have left.
    pub role: Option<Role>,
    /// Whether they are named.
    pub is_named: bool,
}

impl Store {
    /// The operators of the organization and whoever else is named, by their addresses. None if there is no such
    /// plan.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn plan_operators(&self, tenant: &Tenant, plan: PlanId) -> Result<Vec<PlanOperator>, Error> {
        type Row = (Id, Word<Email>, Option<Word<Role>>, bool);
        let (organization, plan) = (Id::from(tenant.organization()), Id::from(plan));
        self.database
            .read(move |conn| {
                let query = statement::<(Uuid, Text, Nullable<Text>, Bool)>(
                    "SELECT users.id, email, role, plan_operators.user_id IS NOT NULL
                     FROM plans JOIN users ON true
                     LEFT JOIN members ON members.organization_id = plans.organization_id AND members.user_id = users.id
                     LEFT JOIN plan_operators ON plan_id = plans.id AND plan_operators.user_id = users.id
                     WHERE plans.id = ? AND plans.organization_id = ?
                       AND users.id IN (SELECT user_id FROM members WHERE organization_id = ? AND role = 'operator'
                                        UNION SELECT user_id FROM plan_operators WHERE plan_id = ?)
                     ORDER BY email",
                )
                .bind::<Uuid, _>(plan)
                .bind::<Uuid, _>(organization)
                .bind::<Uuid, _>(organization)
                .bind::<Uuid, _>(plan);
                let rows: Vec<Row> = on_conn!(conn, |conn| query.load(conn)?);
                let row = |(user, Word(email), role, is_named): Row| PlanOperator {
                    user: user.into(),
                    email,
                    role: role.map(|Word(role)| role),
                    is_named,
                };
                Ok(rows.into_iter().map(row).collect())
            })
            .await
    }

    /// Names the only operators who may run and stop a plan; with nobody named all may. Who is neither an operator
    /// of the organization nor named already is left out.
    ///
    /// # Errors
    /// If there is no such plan, if the actor may not change plans, and if the database fails.
    pub async fn name_plan_operators(
        &self,
        tenant: &Tenant,
        plan: PlanId,
        operators: Vec<UserId>,
    ) -> Result<(), MemberError> {
        let tenant = *tenant;
        let before = self.plan_operators(&tenant, plan).await?;
        self.database
            .write(move |tx| {
                let id = Id::from(plan);
                tier::lock(tx.conn, tenant.organization().into())?.ok_or(MemberError::NotFound)?;
                let theirs = plans::id.eq(id).and(plans::organization_id.eq(Id::from(tenant.organization())));
                let name: Option<String> =
                    plans::table.filter(theirs).select(plans::name).get_result(tx.conn).optional()?;
                let name = name.ok_or(MemberError::NotFound)?;
                member::must(tx.conn, &tenant, Action::EditPlans)?;
                delete(plan_operators::table.filter(plan_operators::plan_id.eq(id))).execute(tx.conn)?;
                let named: Vec<_> = before.iter().filter(|one| operators.contains(&one.user)).collect();
                for one in &named {
                    insert_into(plan_operators::table)
                        .values((plan_operators::plan_id.eq(id), plan_operators::user_id.eq(Id::from(one.user))))
                        .execute(tx.conn)?;
                }
                let emails: Vec<_> = named.iter().map(|one| one.email.as_str()).collect();
                let details = json!({ "operators": if emails.is_empty() { json!("all") } else { json!(emails) } });
                audit::note(tx, &tenant, Deed::PlanOperatorsChanged, Some(plan.0), &name, &details)?;
                tx.changed(Change::Plan { organization: tenant.organization(), plan });
                Ok(())
            })
            .await
    }

    /// Whether whoever acts may run and stop this plan, as far as its operators are named; what their role allows
    /// is another matter.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn may_operate(&self, tenant: &Tenant, plan: PlanId) -> Result<bool, Error> {
        let tenant = *tenant;
        self.database.read(move |conn| may_operate(conn, &tenant, plan)).await
    }
}

/// As [`Store::may_operate`], in the caller's transaction.
pub(crate) fn may_operate(conn: &mut AnyConnection, tenant: &Tenant, plan: PlanId) -> Result<bool, Error> {
    let user = match tenant.actor() {
        Actor::User(user) | Actor::Token { user, .. } => user,
        // Made by somebody who may change the plan: whoever is named does not matter. Other plans are not its own.
        Actor::Hook(own) => return Ok(own == plan),
        Actor::System => return Ok(true),
    };
    let query = statement::<Bool>(
        "SELECT NOT EXISTS (SELECT 1 FROM plan_operators WHERE plan_id = ?)
             OR EXISTS (SELECT 1 FROM plan_operators WHERE plan_id = ? AND user_id = ?)
             OR EXISTS (SELECT 1 FROM members WHERE organization_id = ? AND user_id = ?
                                                AND role IN ('owner', 'admin', 'editor'))",
    )
    .bind::<Uuid, _>(Id::from(plan))
    .bind::<Uuid, _>(Id::from(plan))
    .bind::<Uuid, _>(Id::from(user))
    .bind::<Uuid, _>(Id::from(tenant.organization()))
    .bind::<Uuid, _>(Id::from(user));
    Ok(on_conn!(conn, |conn| query.get_result(conn)?))
}

//! Pausing, resuming and deleting schedules: one, those with a tag, all of the organization's.

use std::collections::BTreeSet;

use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Integer, Nullable, Text},
};
use domain::{PlanId, ScheduleId, UserId, schedule::Timetable};

use super::save::next_due;
use crate::{
    Change, Error, Store, Tenant,
    connection::on_conn,
    database::Transaction,
    plan::count,
    sql::{Id, Json, Uuid},
    statement::statement,
};

/// Some of an organization's schedules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    One(ScheduleId),
    /// Those with this tag.
    Tag(String),
    /// All.
    All,
}

impl Which {
    /// The first and the last id, and the pattern of the tags.
    fn bounds(&self) -> (Id, Id, String) {
        let (nil, max) = (Id(uuid::Uuid::nil()), Id(uuid::Uuid::max()));
        match self {
            Self::One(id) => ((*id).into(), (*id).into(), "%".to_owned()),
            Self::Tag(tag) => (nil, max, tagged(tag)),
            Self::All => (nil, max, "%".to_owned()),
        }
    }
}

/// The pattern of LIKE for the column of tags that hold this one, with `\` as its escape.
pub(super) fn tagged(tag: &str) -> String {
    let escaped: String = tag
        .trim()
        .to_ascii_lowercase()
        .chars()
        .filter(|c| *c != '\0')
        .flat_map(|c| matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c]))
        .collect();
    format!("% {escaped} %")
}

/// A schedule that is not paused any more: itself, its plan, when it is due, how often it was, and why it is
/// not for all that.
type Resumed = (Id, Id, Json<Timetable>, i32, Option<String>);

impl Store {
    /// Pauses schedules that are not paused yet; tells how many. What is due while they are paused is not
    /// made up for.
    pub async fn pause_schedules(
        &self,
        tenant: &Tenant,
        user: UserId,
        which: Which,
        reason: &str,
    ) -> Result<u64, Error> {
        let (tenant, reason) = (*tenant, reason.trim().replace('\0', "\u{fffd}"));
        self.database
            .write(move |tx| {
                let (from, to, tags) = which.bounds();
                let paused = statement::<Uuid>(
                    "UPDATE schedules SET paused_at = now_us(), paused_by = ?, pause_reason = ?, next_due_at = NULL
                     WHERE organization_id = ? AND id BETWEEN ? AND ? AND tags LIKE ? ESCAPE '\\'
                           AND paused_at IS NULL RETURNING plan_id",
                )
                .bind::<Uuid, _>(Id::from(user))
                .bind::<Text, _>(reason)
                .bind::<Uuid, _>(Id::from(tenant.organization()))
                .bind::<Uuid, _>(from)
                .bind::<Uuid, _>(to)
                .bind::<Text, _>(tags);
                let plans: Vec<Id> = on_conn!(&mut *tx.conn, |conn| paused.load(conn)?);
                Ok(tell(tx, &tenant, plans))
            })
            .await
    }

    /// Lets paused schedules go on, with the first due time from now; tells how many there were. One that its
    /// tier does not allow still does not come due.
    pub async fn resume_schedules(&self, tenant: &Tenant, which: Which) -> Result<u64, Error> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let (from, to, tags) = which.bounds();
                let resumed = statement::<(Uuid, Uuid, Text, Integer, Nullable<Text>)>(
                    "UPDATE schedules SET paused_at = NULL, paused_by = NULL, pause_reason = NULL
                     WHERE organization_id = ? AND id BETWEEN ? AND ? AND tags LIKE ? ESCAPE '\\'
                           AND paused_at IS NOT NULL RETURNING id, plan_id, timetable, fired, over_limit",
                )
                .bind::<Uuid, _>(Id::from(tenant.organization()))
                .bind::<Uuid, _>(from)
                .bind::<Uuid, _>(to)
                .bind::<Text, _>(tags);
                let rows: Vec<Resumed> = on_conn!(&mut *tx.conn, |conn| resumed.load(conn)?);
                let mut plans = Vec::with_capacity(rows.len());
                for (id, plan, Json(timetable), fired, over_limit) in rows {
                    let next = match over_limit {
                        None => next_due(tx.conn, id.into(), &timetable, count(fired))?,
                        Some(_) => None,
                    };
                    let moved = statement::<()>("UPDATE schedules SET next_due_at = ? WHERE id = ?")
                        .bind::<Nullable<BigInt>, _>(next)
                        .bind::<Uuid, _>(id);
                    on_conn!(&mut *tx.conn, |conn| moved.execute(conn)?);
                    plans.push(plan);
                }
                Ok(tell(tx, &tenant, plans))
            })
            .await
    }

    /// Deletes a schedule; false if there is no such schedule. Its history stays, and so do runs that are
    /// queued already.
    pub async fn delete_schedule(&self, tenant: &Tenant, schedule: ScheduleId) -> Result<bool, Error> {
        Ok(self.delete_schedules(tenant, Which::One(schedule)).await? > 0)
    }

    /// Deletes the schedules with a tag; tells how many there were.
    pub async fn clear_schedules(&self, tenant: &Tenant, tag: &str) -> Result<u64, Error> {
        self.delete_schedules(tenant, Which::Tag(tag.to_owned())).await
    }

    async fn delete_schedules(&self, tenant: &Tenant, which: Which) -> Result<u64, Error> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let (from, to, tags) = which.bounds();
                let deleted = statement::<Uuid>(
                    "DELETE FROM schedules WHERE organization_id = ? AND id BETWEEN ? AND ?
                     AND tags LIKE ? ESCAPE '\\' RETURNING plan_id",
                )
                .bind::<Uuid, _>(Id::from(tenant.organization()))
                .bind::<Uuid, _>(from)
                .bind::<Uuid, _>(to)
                .bind::<Text, _>(tags);
                let plans: Vec<Id> = on_conn!(&mut *tx.conn, |conn| deleted.load(conn)?);
                Ok(tell(tx, &tenant, plans))
            })
            .await
    }
}

/// Tells of the plans whose schedules changed; how many schedules there were.
fn tell(tx: &mut Transaction<'_>, tenant: &Tenant, plans: Vec<Id>) -> u64 {
    let schedules = plans.len() as u64;
    for plan in plans.into_iter().collect::<BTreeSet<_>>() {
        tx.changed(Change::Plan { organization: tenant.organization(), plan: PlanId::from(plan) });
    }
    schedules
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_no_pattern() {
        assert_eq!(tagged(" Blue_green "), "% blue\\_green %");
        assert_eq!(tagged("50%"), "% 50\\% %");
    }
}

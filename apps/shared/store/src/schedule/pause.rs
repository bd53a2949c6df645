//! Pausing, resuming and deleting schedules: one, those with a tag, all of the organization's.

use std::collections::BTreeSet;

use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Integer, Nullable, Text},
};
use domain::{Deed, PlanId, ScheduleId, UserId, schedule::Timetable};
use serde_json::json;

use super::save::next_due;
use crate::{
    Change, Error, Store, Tenant, audit,
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

/// A schedule that is not paused any more: itself, its plan, when it is due, how often it was, why it is
/// not for all that, what it is called.
type Resumed = (Id, Id, Json<Timetable>, i32, Option<String>, String);

/// A schedule to which something was done: its plan, itself, its name.
type Changed = (Id, Id, String);

/// So many schedules of those that were changed at once are named in the audit log.
const NAMED: usize = 20;

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
                let paused = statement::<(Uuid, Uuid, Text)>(
                    "UPDATE schedules SET paused_at = now_us(), paused_by = ?, pause_reason = ?, next_due_at = NULL
                     WHERE organization_id = ? AND id BETWEEN ? AND ? AND tags LIKE ? ESCAPE '\\'
                           AND paused_at IS NULL RETURNING plan_id, id, name",
                )
                .bind::<Uuid, _>(Id::from(user))
                .bind::<Text, _>(reason.as_str())
                .bind::<Uuid, _>(Id::from(tenant.organization()))
                .bind::<Uuid, _>(from)
                .bind::<Uuid, _>(to)
                .bind::<Text, _>(tags);
                let some: Vec<Changed> = on_conn!(&mut *tx.conn, |conn| paused.load(conn)?);
                tell(tx, &tenant, Deed::SchedulePaused, &which, &some, Some(&reason))
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
                let resumed = statement::<(Uuid, Uuid, Text, Integer, Nullable<Text>, Text)>(
                    "UPDATE schedules SET paused_at = NULL, paused_by = NULL, pause_reason = NULL
                     WHERE organization_id = ? AND id BETWEEN ? AND ? AND tags LIKE ? ESCAPE '\\'
                           AND paused_at IS NOT NULL RETURNING id, plan_id, timetable, fired, over_limit, name",
                )
                .bind::<Uuid, _>(Id::from(tenant.organization()))
                .bind::<Uuid, _>(from)
                .bind::<Uuid, _>(to)
                .bind::<Text, _>(tags);
                let rows: Vec<Resumed> = on_conn!(&mut *tx.conn, |conn| resumed.load(conn)?);
                let mut some = Vec::with_capacity(rows.len());
                for (id, plan, Json(timetable), fired, over_limit, name) in rows {
                    let next = match over_limit {
                        None => next_due(tx.conn, id.into(), &timetable, count(fired))?,
                        Some(_) => None,
                    };
                    let moved = statement::<()>("UPDATE schedules SET next_due_at = ? WHERE id = ?")
                        .bind::<Nullable<BigInt>, _>(next)
                        .bind::<Uuid, _>(id);
                    on_conn!(&mut *tx.conn, |conn| moved.execute(conn)?);
                    some.push((plan, id, name));
                }
                tell(tx, &tenant, Deed::ScheduleResumed, &which, &some, None)
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
                let deleted = statement::<(Uuid, Uuid, Text)>(
                    "DELETE FROM schedules WHERE organization_id = ? AND id BETWEEN ? AND ?
                     AND tags LIKE ? ESCAPE '\\' RETURNING plan_id, id, name",
                )
                .bind::<Uuid, _>(Id::from(tenant.organization()))
                .bind::<Uuid, _>(from)
                .bind::<Uuid, _>(to)
                .bind::<Text, _>(tags);
                let some: Vec<Changed> = on_conn!(&mut *tx.conn, |conn| deleted.load(conn)?);
                tell(tx, &tenant, Deed::ScheduleDeleted, &which, &some, None)
            })
            .await
    }
}

/// Tells of what was done to schedules, in the audit log (one line however many there were) and to whoever looks
/// at their plans; how many schedules there were.
fn tell(
    tx: &mut Transaction<'_>,
    tenant: &Tenant,
    deed: Deed,
    which: &Which,
    some: &[Changed],
    reason: Option<&str>,
) -> Result<u64, Error> {
    let (thing, name) = match (which, some) {
        (_, []) => return Ok(0),
        (Which::One(id), [(.., name)]) => (Some(id.0), name.clone()),
        (_, [_]) => (None, "1 schedule".to_owned()),
        (_, several) => (None, format!("{} schedules", several.len())),
    };
    let mut details = serde_json::Map::new();
    if thing.is_none() {
        details.insert("names".to_owned(), json!(some.iter().map(|(.., name)| name).take(NAMED).collect::<Vec<_>>()));
    }
    if let Which::Tag(tag) = which {
        details.insert("tag".to_owned(), json!(tag));
    }
    if let Some(reason) = reason.filter(|reason| !reason.is_empty()) {
        details.insert("reason".to_owned(), json!(reason));
    }
    audit::note(tx, tenant, deed, thing, &name, &details.into())?;
    for plan in some.iter().map(|(plan, ..)| *plan).collect::<BTreeSet<_>>() {
        tx.changed(Change::Plan { organization: tenant.organization(), plan: PlanId::from(plan) });
    }
    Ok(some.len() as u64)
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

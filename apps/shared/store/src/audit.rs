//! The audit log: who changed what. A line is written in the transaction of what it tells, and never changed.

use diesel::{
    RunQueryDsl,
    sql_types::{BigInt, Nullable, Text},
};
use domain::{Actor, AuditId, Deed, Email, UserId};
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    Cursor, Error, Page, PageRequest, Store, Tenant,
    connection::on_conn,
    database::Transaction,
    member, organization,
    plan::containing,
    sql::{Id, Json, Uuid, Word, micros, time},
    statement::statement,
};

/// One line of an audit log.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Itself.
    pub id: AuditId,
    /// When it was done.
    pub at: Timestamp,
    /// `user`, `token`, `hook` or `system`.
    pub actor: String,
    /// Which one of its kind, as [`Actor::id`] tells; none for the system.
    pub actor_id: Option<uuid::Uuid>,
    /// The address they had then, or `Smokex`. A token has the address of its maker in brackets, a hook the name of
    /// its plan.
    pub actor_name: String,
    /// What was done.
    pub deed: Deed,
    /// To which thing: its id, whatever its noun; none if there were several.
    pub thing: Option<uuid::Uuid>,
    /// What the thing was called then.
    pub name: String,
    /// More about it, as a JSON object.
    pub details: Value,
}

/// Which lines are wanted; the default is all of them.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Of somebody whose address holds this text.
    pub who: Option<String>,
    /// Of this deed.
    pub deed: Option<Deed>,
    /// Not before this time.
    pub since: Option<Timestamp>,
    /// Which part.
    pub page: PageRequest,
}

type RowType = (Uuid, BigInt, Text, Nullable<Uuid>, Text, (Text, Nullable<Uuid>, Text, Text));
type Row = (Id, i64, String, Option<Id>, String, (Word<Deed>, Option<Id>, String, Json<Value>));

impl Store {
    /// The tenant's audit log, newest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn audit(&self, tenant: &Tenant, filter: AuditFilter) -> Result<Page<AuditRow>, Error> {
        let organization = Id::from(tenant.organization());
        self.database
            .read(move |conn| {
                let who = filter.who.as_deref().map(containing);
                let deed = filter.deed.map(Deed::as_str);
                let query = statement::<RowType>(
                    "SELECT id, at, actor, actor_id, actor_name, action, noun_id, name, details FROM audit
                     WHERE organization_id = ? AND id < ? AND at >= ?
                       AND (? IS NULL OR lower(actor_name) LIKE ? ESCAPE '\\') AND (? IS NULL OR action = ?)
                     ORDER BY id DESC LIMIT ?",
                )
                .bind::<Uuid, _>(organization)
                .bind::<Uuid, _>(Id(filter.page.below_id()))
                .bind::<BigInt, _>(filter.since.map_or(i64::MIN, micros))
                .bind::<Nullable<Text>, _>(who.clone())
                .bind::<Nullable<Text>, _>(who)
                .bind::<Nullable<Text>, _>(deed)
                .bind::<Nullable<Text>, _>(deed)
                .bind::<BigInt, _>(filter.page.limit());
                let rows: Vec<Row> = on_conn!(conn, |conn| query.load(conn)?);
                let rows = rows.into_iter().map(read).collect();
                Ok(Page::cut(rows, &filter.page, |row: &AuditRow| Cursor::Id(row.id.0)))
            })
            .await
    }
}

fn read((id, at, actor, actor_id, actor_name, done): Row) -> AuditRow {
    let (Word(deed), thing, name, Json(details)) = done;
    AuditRow {
        id: id.into(),
        at: time(at),
        actor,
        actor_id: actor_id.map(|id| id.0),
        actor_name,
        deed,
        thing: thing.map(|id| id.0),
        name,
        details,
    }
}

/// Notes what the tenant's actor does, in the transaction in which they do it: the one way into the log. `thing`
/// is its id, none if there are several; `details` is a JSON object, with nothing in it that is secret.
pub(crate) fn note(
    tx: &mut Transaction<'_>,
    tenant: &Tenant,
    deed: Deed,
    thing: Option<uuid::Uuid>,
    name: &str,
    details: &Value,
) -> Result<(), Error> {
    // In PostgreSQL a text holds no NUL.
    let stored = |text: &str| text.replace('\0', "\u{fffd}");
    let actor = tenant.actor().id().map(Id);
    let insert = statement::<()>(
        "INSERT INTO audit (id, organization_id, at, actor, actor_id, actor_name, action, noun, noun_id, name, details)
         VALUES (?, ?, now_us(), ?, ?, 
                 coalesce((SELECT email FROM users WHERE id = ?),
                          (SELECT tokens.name || ' (' || email || ')' FROM tokens JOIN users ON users.id = user_id
                           WHERE tokens.id = ?),
                          (SELECT 'Hook of ' || name FROM plans WHERE id = ?), 'Smokex'),
                 ?, ?, ?, ?, ?)",
    )
    .bind::<Uuid, _>(Id::from(AuditId::new()))
    .bind::<Uuid, _>(Id::from(tenant.organization()))
    .bind::<Text, _>(tenant.actor().word())
    .bind::<Nullable<Uuid>, _>(actor)
    .bind::<Nullable<Uuid>, _>(actor)
    .bind::<Nullable<Uuid>, _>(actor)
    .bind::<Nullable<Uuid>, _>(actor)
    .bind::<Text, _>(deed.as_str())
    .bind::<Text, _>(deed.noun())
    .bind::<Nullable<Uuid>, _>(thing.map(Id))
    .bind::<Text, _>(stored(name))
    .bind::<Text, _>(stored(&details.to_string()));
    on_conn!(&mut *tx.conn, |conn| insert.execute(conn)?);
    Ok(())
}

/// As [`note`], of what somebody does about their own account: in the log of every organization they belong to.
/// These are locked; so it comes before anything that is done to sessions, as where organizations are deleted.
pub(crate) fn note_of_person(tx: &mut Transaction<'_>, user: UserId, deed: Deed, details: &Value) -> Result<(), Error> {
    let email = member::email(tx.conn, user)?;
    for organization in organization::lock_all_of(tx, user)? {
        let tenant = Tenant::new(organization, Actor::User(user));
        note(tx, &tenant, deed, Some(user.0), email.as_ref().map_or("", Email::as_str), details)?;
    }
    Ok(())
}

/// As [`note`], of what nobody in particular does.
pub(crate) fn note_of_system(
    tx: &mut Transaction<'_>,
    organization: domain::OrganizationId,
    deed: Deed,
    name: &str,
    details: &Value,
) -> Result<(), Error> {
    note(tx, &Tenant::new(organization, Actor::System), deed, Some(organization.0), name, details)
}

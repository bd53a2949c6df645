//! The members of an organization: who they are, what they may do, how they go. Whoever changes something about
//! them holds the organization's row, so that of two who do it at once the second sees what the first has done.

use diesel::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, RunQueryDsl, delete,
    dsl::{And, Eq},
    insert_into, update,
};
use domain::{Action, Actor, Deed, Email, OrganizationId, Role, UserId, role::may_change};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Change, Cursor, Error, Page, PageRequest, Store, Tenant, audit,
    connection::{AnyConnection, now, on_conn},
    database::Transaction,
    limited::limited,
    organization,
    schema::{members, users},
    sql::{Id, Word, time},
    tier,
};

/// A member in the list of an organization's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberRow {
    /// The user.
    pub user: UserId,
    /// Their e-mail address.
    pub email: Email,
    /// What they may do.
    pub role: Role,
    /// When they joined.
    pub joined_at: Timestamp,
}

/// Why nothing was changed about a member.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// There is no such member.
    #[error("This member does not exist.")]
    NotFound,
    /// An organization has an owner at any time.
    #[error(
        "This is the last owner, and an organization has one at any time. Make another member an owner first, or hand \
         the organization over."
    )]
    LastOwner,
    /// Whoever asks may not; who may.
    #[error("{0}")]
    Forbidden(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<diesel::result::Error> for MemberError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// The members in the order of their accounts, the oldest first.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn members(&self, tenant: &Tenant, page: PageRequest) -> Result<Page<MemberRow>, Error> {
        let organization = Id::from(tenant.organization());
        self.database
            .read(move |conn| {
                let after = match page.after {
                    Some(Cursor::Id(id)) => Id(id),
                    _ => Id(uuid::Uuid::nil()),
                };
                let query = members::table
                    .inner_join(users::table)
                    .filter(members::organization_id.eq(organization).and(members::user_id.gt(after)))
                    .order(members::user_id)
                    .select((members::user_id, users::email, members::role, members::created_at));
                let rows: Vec<(Id, Word<Email>, Word<Role>, i64)> =
                    on_conn!(conn, |conn| limited(query, page.limit()).load(conn)?);
                let row = |(user, Word(email), Word(role), joined): (Id, _, _, _)| MemberRow {
                    user: user.into(),
                    email,
                    role,
                    joined_at: time(joined),
                };
                let rows = rows.into_iter().map(row).collect();
                Ok(Page::cut(rows, &page, |row: &MemberRow| Cursor::Id(row.user.0)))
            })
            .await
    }

    /// One member; none if there is no such member.
    ///
    /// # Errors
    /// If the database fails.
    pub async fn member_row(&self, tenant: &Tenant, user: UserId) -> Result<Option<MemberRow>, Error> {
        let page = PageRequest { after: Some(Cursor::Id(before(user))), size: 1 };
        Ok(self.members(tenant, page).await?.items.into_iter().find(|row| row.user == user))
    }

    /// Gives a member another role.
    ///
    /// # Errors
    /// If the actor may not, if no owner would be left, if there is no such member, and if the database fails.
    pub async fn change_role(&self, tenant: &Tenant, user: UserId, to: Role) -> Result<(), MemberError> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let (by, from, email) = about(tx, &tenant, user)?;
                if !by.may(Action::ManageMembers) {
                    return Err(MemberError::Forbidden(Action::ManageMembers.refusal()));
                }
                may_change(by, from, Some(to)).map_err(|reason| MemberError::Forbidden(reason.to_owned()))?;
                if from == to {
                    return Ok(());
                }
                keep_an_owner(tx.conn, &tenant, from)?;
                set_role(tx, &tenant, user, to)?;
                let details = json!({ "before": from.as_str(), "after": to.as_str() });
                audit::note(tx, &tenant, Deed::MemberRoleChanged, Some(user.0), email.as_str(), &details)?;
                Ok(())
            })
            .await
    }

    /// Removes a member, whose sessions in the organization end. Whoever names themselves leaves; their own
    /// sessions go on in another one of their organizations, or in none.
    ///
    /// # Errors
    /// If the actor may not, if no owner would be left, if there is no such member, and if the database fails.
    pub async fn remove_member(&self, tenant: &Tenant, user: UserId) -> Result<(), MemberError> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let (by, from, email) = about(tx, &tenant, user)?;
                // A token does not leave in its maker's place.
                let leaves = tenant.actor() == Actor::User(user);
                if !leaves && !by.may(Action::ManageMembers) {
                    return Err(MemberError::Forbidden(Action::ManageMembers.refusal()));
                }
                may_change(by, from, None).map_err(|reason| MemberError::Forbidden(reason.to_owned()))?;
                keep_an_owner(tx.conn, &tenant, from)?;
                let deed = if leaves { Deed::MemberLeft } else { Deed::MemberRemoved };
                audit::note(tx, &tenant, deed, Some(user.0), email.as_str(), &json!({ "role": from.as_str() }))?;
                if leaves {
                    organization::move_sessions(tx, tenant.organization(), Some(user))?;
                }
                delete(members::table.filter(is(&tenant, user))).execute(tx.conn)?;
                tx.changed(Change::Organization { organization: tenant.organization() });
                Ok(())
            })
            .await
    }

    /// Makes another member an owner and the actor an admin.
    ///
    /// # Errors
    /// If the actor is no owner, if there is no such other member, and if the database fails.
    pub async fn hand_over(&self, tenant: &Tenant, to: UserId) -> Result<(), MemberError> {
        let tenant = *tenant;
        self.database
            .write(move |tx| {
                let (by, _, email) = about(tx, &tenant, to)?;
                if !by.may(Action::TransferOwnership) {
                    return Err(MemberError::Forbidden(Action::TransferOwnership.refusal()));
                }
                let actor = tenant.actor().user().filter(|actor| *actor != to).ok_or(MemberError::NotFound)?;
                set_role(tx, &tenant, to, Role::Owner)?;
                set_role(tx, &tenant, actor, Role::Admin)?;
                audit::note(tx, &tenant, Deed::OrganizationHandedOver, Some(to.0), email.as_str(), &json!({}))?;
                Ok(())
            })
            .await
    }
}

/// The greatest id below this one.
fn before(user: UserId) -> uuid::Uuid {
    uuid::Uuid::from_u128(user.0.as_u128().saturating_sub(1))
}

/// With the organization locked: what the actor is, what the member is, and their address.
fn about(tx: &mut Transaction<'_>, tenant: &Tenant, user: UserId) -> Result<(Role, Role, Email), MemberError> {
    tier::lock(tx.conn, tenant.organization().into())?.ok_or(MemberError::NotFound)?;
    let by = role_of_actor(tx.conn, tenant)?;
    let found: Option<(Word<Role>, Word<Email>)> = members::table
        .inner_join(users::table)
        .filter(is(tenant, user))
        .select((members::role, users::email))
        .get_result(tx.conn)
        .optional()?;
    let (Word(role), Word(email)) = found.ok_or(MemberError::NotFound)?;
    Ok((by, role, email))
}

/// What whoever acts may do by now, whatever they might when their request began.
fn role_of_actor(conn: &mut AnyConnection, tenant: &Tenant) -> Result<Role, MemberError> {
    let gone = || MemberError::Forbidden("You do not belong to this organization any more.".to_owned());
    let user = tenant.actor().user().ok_or_else(gone)?;
    let role: Option<Word<Role>> =
        members::table.filter(is(tenant, user)).select(members::role).get_result(conn).optional()?;
    Ok(tenant.actor().role(role.ok_or_else(gone)?.0))
}

/// Refuses unless the role of whoever acts allows this by now; tells the role.
pub(crate) fn must(conn: &mut AnyConnection, tenant: &Tenant, action: Action) -> Result<Role, MemberError> {
    let role = role_of_actor(conn, tenant)?;
    if role.may(action) { Ok(role) } else { Err(MemberError::Forbidden(action.refusal())) }
}

/// Refuses if whoever is about to lose this role is the last owner.
fn keep_an_owner(conn: &mut AnyConnection, tenant: &Tenant, role: Role) -> Result<(), MemberError> {
    let owners = members::table
        .filter(members::organization_id.eq(Id::from(tenant.organization())))
        .filter(members::role.eq(Role::Owner.as_str()))
        .count();
    if role == Role::Owner && on_conn!(conn, |conn| owners.get_result::<i64>(conn)?) <= 1 {
        return Err(MemberError::LastOwner);
    }
    Ok(())
}

fn set_role(tx: &mut Transaction<'_>, tenant: &Tenant, user: UserId, role: Role) -> Result<(), Error> {
    update(members::table.filter(is(tenant, user))).set(members::role.eq(role.as_str())).execute(tx.conn)?;
    tx.changed(Change::Organization { organization: tenant.organization() });
    Ok(())
}

type Is = And<Eq<members::organization_id, Id>, Eq<members::user_id, Id>>;

fn is(tenant: &Tenant, user: UserId) -> Is {
    members::organization_id.eq(Id::from(tenant.organization())).and(members::user_id.eq(Id::from(user)))
}

/// Makes somebody a member, who goes on there when they sign in.
pub(crate) fn insert(
    tx: &mut Transaction<'_>,
    organization: OrganizationId,
    user: UserId,
    role: Role,
) -> Result<(), Error> {
    let now = now(tx.conn)?;
    insert_into(members::table)
        .values((
            members::organization_id.eq(Id::from(organization)),
            members::user_id.eq(Id::from(user)),
            members::role.eq(role.as_str()),
            members::created_at.eq(now),
            members::used_at.eq(now),
        ))
        .execute(tx.conn)?;
    Ok(())
}

/// The address of a user; none if they are gone.
pub(crate) fn email(conn: &mut AnyConnection, user: UserId) -> Result<Option<Email>, Error> {
    let found: Option<Word<Email>> =
        users::table.filter(users::id.eq(Id::from(user))).select(users::email).get_result(conn).optional()?;
    Ok(found.map(|Word(email)| email))
}

/// How many members the organization has.
pub(crate) fn number_of(conn: &mut AnyConnection, organization: OrganizationId) -> Result<u32, Error> {
    let members = members::table.filter(members::organization_id.eq(Id::from(organization))).count();
    let number: i64 = on_conn!(conn, |conn| members.get_result(conn)?);
    Ok(u32::try_from(number).unwrap_or(u32::MAX))
}

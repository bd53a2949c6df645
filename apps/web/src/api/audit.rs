//! The audit log, for programs.

use actix_web::{
    HttpResponse, get,
    web::{Data, Query},
};
use domain::{Action, AuditId, Deed};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::{AuditFilter, AuditRow};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{
    caller::Caller,
    list::{List, part},
};
use crate::{error::WebError, state::State};

/// A line of the audit log.
#[derive(Serialize, ToSchema)]
struct AuditLine {
    id: AuditId,
    at: Timestamp,
    /// `user`, `token`, `hook` or `system`.
    actor: String,
    /// Which user, which token, or the plan of which hook; null for the system.
    actor_id: Option<Uuid>,
    /// The e-mail address they had then; of a token its name, with that of its maker in brackets.
    who: String,
    /// What was done.
    #[schema(value_type = Deed)]
    deed: &'static str,
    /// To which thing, whatever its noun; null if there were several.
    noun_id: Option<Uuid>,
    /// What the thing was called then.
    name: String,
    /// More about it.
    #[schema(value_type = Object)]
    details: Value,
}

impl From<AuditRow> for AuditLine {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at: row.at,
            actor: row.actor,
            actor_id: row.actor_id,
            who: row.actor_name,
            deed: row.deed.as_str(),
            noun_id: row.thing,
            name: row.name,
            details: row.details,
        }
    }
}

/// Which lines are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// Part of the address or the name of whoever did it, whatever its case.
    who: Option<String>,
    /// What was done.
    #[param(value_type = Option<Deed>)]
    deed: Option<String>,
    /// Not before this time.
    since: Option<Timestamp>,
    /// What the part of the list before told as `next`.
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

/// Read the audit log
///
/// The newest line first.
#[utoipa::path(tag = "Organization", security(("token" = ["admin"])), params(Wanted), responses((status = 200, body = List<AuditLine>)))]
#[get("/audit")]
pub(super) async fn list(caller: Caller, state: Data<State>, wanted: Query<Wanted>) -> Result<HttpResponse, WebError> {
    caller.must(Action::ReadAuditLog)?;
    let Wanted { who, deed, since, after, limit } = wanted.into_inner();
    let deed = deed.map(|word| word.parse::<Deed>()).transpose();
    let deed = deed.map_err(|error| WebError::BadRequest(format!("The query could not be read: {error}.")))?;
    let filter = AuditFilter { who, deed, since, page: part(after.as_deref(), limit)? };
    let page = state.store.audit(caller.tenant(), filter).await?;
    Ok(HttpResponse::Ok().json(List::of(page, AuditLine::from)))
}

//! Whether the process is alive, and whether it can work.

use std::time::Duration;

use actix_web::{HttpResponse, web::Data};
use serde_json::json;

use crate::state::State;

/// A database that takes longer than this to answer is as good as none.
const PATIENCE: Duration = Duration::from_secs(3);

/// `GET /healthz`: the process answers. Says nothing about the database.
pub(crate) async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "alive": true }))
}

/// `GET /readyz`: the database answers and has the schema of this version.
pub(crate) async fn ready(state: Data<State>) -> HttpResponse {
    let reason = match tokio::time::timeout(PATIENCE, state.store.is_ready()).await {
        Ok(Ok(true)) => return HttpResponse::Ok().json(json!({ "ready": true })),
        Ok(Ok(false)) => "the database has another version's schema",
        Ok(Err(error)) => {
            tracing::warn!("not ready: {error}");
            "the database cannot be reached"
        }
        Err(_) => "the database does not answer",
    };
    HttpResponse::ServiceUnavailable().json(json!({ "ready": false, "reason": reason }))
}

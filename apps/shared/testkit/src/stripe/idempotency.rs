//! Idempotency keys: a request that comes again with the same key gets the answer that was given.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Problem;
use super::state::State;

/// How long an answer is kept, by the fake's clock.
const KEPT: i64 = 24 * 60 * 60;

/// A request and what was answered.
#[derive(Serialize, Deserialize)]
pub(crate) struct Answered {
    at: i64,
    path: String,
    form: Vec<(String, String)>,
    status: u16,
    body: Value,
    request: String,
}

/// What was answered before: the request's id, the status and the body.
pub(crate) type Before = (String, u16, Value);

/// The answer that was given to the same request.
pub(crate) fn recall(
    state: &mut State,
    key: &str,
    path: &str,
    form: &[(String, String)],
) -> Result<Option<Before>, Problem> {
    let now = state.now;
    state.answers.retain(|_, answered| now - answered.at < KEPT);
    match state.answers.get(key) {
        None => Ok(None),
        Some(same) if same.path == path && same.form == form => {
            Ok(Some((same.request.clone(), same.status, same.body.clone())))
        }
        Some(_) => Err(Problem::same_key_other_request(key)),
    }
}

/// Keeps an answer. One that says the parameters are wrong is not kept: they may be put right.
pub(crate) fn keep(
    state: &mut State,
    key: &str,
    path: &str,
    form: Vec<(String, String)>,
    (request, status, body): Before,
) {
    if status != 400 {
        let answered = Answered { at: state.now, path: path.to_owned(), form, status, body, request };
        state.answers.insert(key.to_owned(), answered);
    }
}

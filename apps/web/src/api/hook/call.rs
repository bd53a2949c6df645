//! The address of a hook: whoever calls it runs the plan, and may wait for the end. No token but the one in the
//! address is wanted.

use std::collections::BTreeMap;

use actix_web::{
    FromRequest, HttpMessage, HttpRequest, HttpResponse,
    dev::Payload,
    http::StatusCode,
    post,
    web::{Data, Query},
};
use domain::{Cause, RunId, RunState};
use futures_util::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use store::{Hook, NewRun};
use utoipa::ToSchema;

use crate::{
    address,
    api::{
        body::{Body, IdempotencyKey},
        variables,
    },
    error::WebError,
    session::Token,
    starting::start,
    state::State,
    waiting::{Wait, until_over},
};

/// Whoever calls a hook that is good.
pub(crate) struct Called(Hook);

impl Called {
    async fn of(request: &HttpRequest) -> Result<Self, WebError> {
        let state = request.app_data::<Data<State>>().expect("every application has a state");
        let hook = match request.match_info().get("token").and_then(Token::read) {
            Some(token) => state.store.hook(token.hash()).await?,
            None => None,
        };
        let Some(hook) = hook else {
            state.throttle.stranger(address::of(request, &state.config.serving.trusted_proxies))?;
            return Err(WebError::NotFound);
        };
        let (allowance, taken) = state.throttle.hook(hook.plan);
        request.extensions_mut().insert(allowance);
        taken.map(|()| Self(hook))
    }
}

impl FromRequest for Called {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of(&request).await })
    }
}

/// What is sent to a hook: nothing at all, or this.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HookCall {
    /// Values for the plan's variables, for this run only.
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

/// The run that a call has started.
#[derive(Serialize, ToSchema)]
struct HookStarted {
    run: HookRun,
    /// Its page, for members who are signed in.
    url: String,
}

#[derive(Serialize, ToSchema)]
struct HookRun {
    id: RunId,
    /// Counted per plan, from 1.
    number: u32,
    state: RunState,
    /// Why it did not pass, in a sentence; null as long as that is not so.
    reason: Option<String>,
}

/// Run a plan after a deployment
///
/// The address is the one that was shown when the hook was made; no other token is wanted. With `wait` the status
/// says how the run went, so that `curl --fail` fails with it.
#[utoipa::path(
    tag = "Hooks",
    security(),
    params(("token" = String, Path, description = "The end of the address."), Wait, IdempotencyKey),
    request_body = Option<HookCall>,
    responses(
        (status = 200, description = "Waited, and the run passed.", body = HookStarted),
        (status = 202, description = "The run was started; if waited for, it is not over yet.", body = HookStarted),
        (status = 409, description = "A limit or the plan's restriction forbids a run now; `detail` says which."),
        (status = 424, description = "Waited, and the run ended otherwise than passed.", body = HookStarted),
    ),
)]
#[post("/hooks/{token}")]
pub(in crate::api) async fn call(
    called: Called,
    state: Data<State>,
    wait: Query<Wait>,
    body: Body<HookCall>,
) -> Result<HttpResponse, WebError> {
    let Called(hook) = called;
    let within = wait.within()?;
    let plan = state.store.plan(hook.tenant(), hook.plan).await?.ok_or(WebError::NotFound)?;
    let variables = variables::checked(plan.text, body.value.variables).await?;
    let tenant = hook.tenant().once(body.once.map(|once| once.to_hook_of(hook.plan)));
    let new = NewRun { variables, ..NewRun::of(hook.plan, Cause::Hook) };
    let run = start(&state, &tenant, new).await?;
    if run.state == RunState::Refused {
        return Err(WebError::Conflict(run.reason.unwrap_or_else(|| "The run was refused.".to_owned())));
    }
    let mut run = HookRun { id: run.id, number: run.number, state: run.state, reason: run.reason };
    let mut status = StatusCode::ACCEPTED;
    if wait.wait.is_some() {
        let row = until_over(&state, &tenant, run.id, within).await?;
        (run.state, run.reason) = (row.state, row.reason);
        status = match row.state {
            RunState::Passed => StatusCode::OK,
            state if state.is_final() => StatusCode::FAILED_DEPENDENCY,
            _ => StatusCode::ACCEPTED,
        };
    }
    let url = format!("{}/runs/{}", state.origin.as_str().trim_end_matches('/'), run.id);
    Ok(HttpResponse::build(status).json(HookStarted { run, url }))
}

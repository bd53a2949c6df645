//! What Stripe tells us. Who it is from is told by its signature, not by a session.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use billing::Rejected;

use crate::{body::Whole, error::WebError, state::State};

/// `POST /webhooks/stripe`: 200 once it has had its effect, 400 if it is not from Stripe, 503 if Stripe should
/// tell of it again.
pub(crate) async fn webhook(
    request: HttpRequest,
    state: Data<State>,
    Whole(body): Whole,
) -> Result<HttpResponse, WebError> {
    let billing = super::sold(&state)?;
    let signature = request.headers().get("stripe-signature").and_then(|value| value.to_str().ok());
    match billing.receive(&body, signature.unwrap_or_default()).await {
        Ok(received) => {
            tracing::debug!(?received, "a webhook was taken");
            Ok(HttpResponse::Ok().finish())
        }
        Err(error @ (Rejected::Signature | Rejected::Malformed)) => {
            tracing::warn!(%error, "a webhook was refused");
            Ok(HttpResponse::BadRequest().body(error.to_string()))
        }
        Err(error @ Rejected::Unavailable(_)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a webhook could not be taken now");
            Ok(HttpResponse::ServiceUnavailable().finish())
        }
    }
}

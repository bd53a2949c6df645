//! Bodies: JSON, with what the request is known by if it may come twice.

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload, http::header::HeaderValue};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use store::Once;
use utoipa::IntoParams;

use crate::{body::Whole, error::WebError};

const KEY: &str = "idempotency-key";

/// The header by which a request is known that may come twice: what it makes is made once.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes what `Body` reads")]
pub(super) struct IdempotencyKey {
    /// Names this request, so that sent again it makes nothing twice.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 200)]
    key: Option<String>,
}

/// A JSON body. An empty one is read as `{}`.
pub(super) struct Body<T> {
    pub(super) value: T,
    /// From the header `Idempotency-Key`.
    pub(super) once: Option<Once>,
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let whole = Whole::from_request(request, payload);
        let request = request.clone();
        Box::pin(async move {
            let Whole(mut bytes) = whole.await?;
            if bytes.is_empty() {
                bytes = b"{}".to_vec();
            } else if request.content_type() != "application/json" {
                return Err(WebError::MediaType);
            }
            let value = serde_json::from_slice(&bytes)
                .map_err(|error| WebError::BadRequest(format!("The body could not be read: {error}.")))?;
            Ok(Self { value, once: once(&request, &bytes)? })
        })
    }
}

fn once(request: &HttpRequest, body: &[u8]) -> Result<Option<Once>, WebError> {
    let Some(key) = request.headers().get(KEY) else { return Ok(None) };
    let is_key = |key: &&str| (1..=200).contains(&key.len());
    let key = HeaderValue::to_str(key).ok().filter(is_key).ok_or_else(|| {
        WebError::field("Idempotency-Key", "An idempotency key has 1 to 200 characters of ASCII, such as a UUID.")
    })?;
    let place = format!("{} {}\n", request.method(), request.path());
    Ok(Some(Once::new(key, &[place.as_bytes(), body].concat())))
}

//! Bodies of requests: bounded in size and time before anything reads them, and read into forms.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    FromRequest, HttpMessage, HttpRequest,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    http::header,
    web::{Bytes, Query},
};
use futures_util::{Stream, StreamExt, future::LocalBoxFuture};
use serde::de::DeserializeOwned;
use tokio::time::Sleep;

use crate::{config::Limits, error::WebError};

/// A plan of the greatest length, every byte of it percent-encoded, fits.
const MOST: usize = 1024 * 1024;

/// Whoever reads the body from now on gets an error once it is too long or takes too long. actix
/// itself would wait for ever.
pub(crate) fn limit(request: &mut ServiceRequest, limits: &Limits) {
    let headers = request.headers();
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if declared.unwrap_or(0) == 0 && !headers.contains_key(header::TRANSFER_ENCODING) {
        return;
    }
    let inner = request.take_payload();
    let deadline = Box::pin(tokio::time::sleep(limits.body_within));
    let left = if declared.is_some_and(|length| length > MOST) { None } else { Some(MOST) };
    request.set_payload(Payload::Stream { payload: Box::pin(Bounded { inner, deadline, left }) });
}

struct Bounded {
    inner: Payload,
    deadline: Pin<Box<Sleep>>,
    /// None once more has come (or was announced) than is allowed.
    left: Option<usize>,
}

impl Stream for Bounded {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(left) = self.left else { return Poll::Ready(Some(Err(PayloadError::Overflow))) };
        if let Poll::Ready(next) = Pin::new(&mut self.inner).poll_next(cx) {
            if let Some(Ok(chunk)) = &next {
                self.left = left.checked_sub(chunk.len());
                if self.left.is_none() {
                    return Poll::Ready(Some(Err(PayloadError::Overflow)));
                }
            }
            return Poll::Ready(next);
        }
        self.deadline.as_mut().poll(cx).map(|()| Some(Err(PayloadError::Io(io::ErrorKind::TimedOut.into()))))
    }
}

/// The whole body, whatever its type.
pub(crate) struct Whole(pub(crate) Vec<u8>);

impl FromRequest for Whole {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, Result<Self, WebError>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mut payload = payload.take();
        Box::pin(async move {
            let mut whole = Vec::new();
            while let Some(chunk) = payload.next().await {
                whole.extend_from_slice(&chunk.map_err(unreadable)?);
            }
            Ok(Self(whole))
        })
    }
}

fn unreadable(error: PayloadError) -> WebError {
    match error {
        PayloadError::Overflow => WebError::TooLarge,
        PayloadError::Io(error) if error.kind() == io::ErrorKind::TimedOut => WebError::TimedOut,
        error => WebError::BadRequest(format!("The body of the request could not be read: {error}.")),
    }
}

/// A form, `application/x-www-form-urlencoded`. Fields of `T` that are missing take their default.
pub(crate) struct Form<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = WebError;
    type Future = LocalBoxFuture<'static, Result<Self, WebError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let whole = Whole::from_request(request, payload);
        Box::pin(async move {
            let Whole(bytes) = whole.await?;
            let text =
                String::from_utf8(bytes).map_err(|_| WebError::BadRequest("The form is not UTF-8 text.".to_owned()))?;
            let Query(form) = Query::from_query(&text)
                .map_err(|error| WebError::BadRequest(format!("The form could not be read: {error}.")))?;
            Ok(Self(form))
        })
    }
}

//! The body of a response on its way in, bounded.

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_ENCODING;

use crate::diagnosis;
use crate::failure::FailureKind;

/// How much of a redirect's body is read to keep the connection, in bytes.
const REDIRECT_BODY: u64 = 64 * 1024;

/// Reads all of it, at most `limit` bytes. `received` counts along, so that it is known how far
/// this got if it is given up.
pub(crate) async fn read(
    response: &mut reqwest::Response,
    limit: usize,
    received: &mut usize,
) -> Result<Bytes, FailureKind> {
    let announced = response.content_length().unwrap_or(0);
    if announced > limit as u64 && !response.headers().contains_key(CONTENT_ENCODING) {
        return Err(FailureKind::BodyTooLarge(limit));
    }
    let mut whole = Whole::Nothing;
    loop {
        match response.chunk().await {
            Ok(None) => return Ok(whole.into_bytes()),
            Ok(Some(chunk)) => {
                *received += chunk.len();
                if *received > limit {
                    return Err(FailureKind::BodyTooLarge(limit));
                }
                whole.add(chunk);
            }
            Err(error) => return Err(diagnosis::within_body(&error, *received)),
        }
    }
}

/// Reads what little a redirect has to say, so that its connection can be used again.
pub(crate) async fn drain(response: &mut reqwest::Response) {
    if response.content_length().is_some_and(|length| length <= REDIRECT_BODY) {
        while let Ok(Some(_)) = response.chunk().await {}
    }
}

/// A body as it comes in; most come in one piece and are not copied.
enum Whole {
    Nothing,
    One(Bytes),
    Many(BytesMut),
}

impl Whole {
    fn add(&mut self, chunk: Bytes) {
        match self {
            Whole::Nothing => *self = Whole::One(chunk),
            Whole::One(first) => {
                let mut all = BytesMut::with_capacity(2 * (first.len() + chunk.len()));
                all.extend_from_slice(first);
                all.extend_from_slice(&chunk);
                *self = Whole::Many(all);
            }
            Whole::Many(all) => all.extend_from_slice(&chunk),
        }
    }

    fn into_bytes(self) -> Bytes {
        match self {
            Whole::Nothing => Bytes::new(),
            Whole::One(chunk) => chunk,
            Whole::Many(all) => all.freeze(),
        }
    }
}

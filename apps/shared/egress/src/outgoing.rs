//! The body of a request on its way out. It marks the moment at which the connection takes the
//! request, also when there is nothing to send.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::phases::Trace;

pub(crate) struct Outgoing {
    bytes: Bytes,
    trace: Arc<Trace>,
}

impl Outgoing {
    pub(crate) fn new(bytes: Bytes, trace: Arc<Trace>) -> Outgoing {
        Outgoing { bytes, trace }
    }
}

impl Body for Outgoing {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.trace.dispatched.set(&self.trace);
        let bytes = std::mem::take(&mut self.bytes);
        Poll::Ready((!bytes.is_empty()).then(|| Ok(Frame::data(bytes))))
    }

    /// First asked when the request's head is about to be written.
    fn is_end_stream(&self) -> bool {
        self.trace.dispatched.set(&self.trace);
        self.bytes.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.len() as u64)
    }
}

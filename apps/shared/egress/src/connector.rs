//! A layer around reqwest's connector: carries the trace into the connecting, which may go on in a
//! task of its own, and looks at who is at the other end.
//!
//! Each request clones the connector several times and most never connect, so a clone must be cheap:
//! the clones share what is inside, which is cloned only to connect.

use std::error::Error;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::Extensions;
use hyper_util::client::legacy::connect::{Connection, HttpInfo};
use tower_layer::Layer;
use tower_service::Service;

use crate::phases::TRACE;
use crate::policy::{Blocked, Policy};

type BoxError = Box<dyn Error + Send + Sync>;

#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) policy: Arc<Policy>,
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded(Arc::new(Shared { inner, policy: Arc::clone(&self.policy) }))
    }
}

#[derive(Debug)]
pub(crate) struct Guarded<S>(Arc<Shared<S>>);

#[derive(Debug)]
struct Shared<S> {
    inner: S,
    policy: Arc<Policy>,
}

impl<S> Clone for Guarded<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S, R> Service<R> for Guarded<S>
where
    S: Service<R, Error = BoxError> + Clone + Send + Sync + 'static,
    S::Response: Connection,
    S::Future: Send + 'static,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    /// What is inside is asked once it is cloned.
    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: R) -> Self::Future {
        let Ok(trace) = TRACE.try_with(Arc::clone) else {
            return Box::pin(async { Err("a connection was asked for outside of a request".into()) });
        };
        trace.connect.set(&trace);
        let shared = Arc::clone(&self.0);
        let mut inner = shared.inner.clone();
        let connecting = async move {
            poll_fn(|context| inner.poll_ready(context)).await?;
            inner.call(target).await
        };
        Box::pin(async move {
            let connection = TRACE.scope(Arc::clone(&trace), connecting).await?;
            let mut about = Extensions::new();
            connection.connected().get_extras(&mut about);
            let info = about.get::<HttpInfo>().ok_or("the connection does not tell its address")?;
            // The resolver and the check of the URL have seen this address already; this is the
            // last line, should either ever be passed by.
            if !shared.policy.permits(info.remote_addr()) {
                return Err(Blocked::Address(info.remote_addr().ip().to_string()).into());
            }
            let _ = trace.opened.set(info.local_addr());
            trace.connected.set(&trace);
            Ok(connection)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use hyper_util::rt::TokioIo;
    use tokio::net::{TcpListener, TcpStream};

    use super::*;
    use crate::phases::Trace;

    /// Connects wherever it is told, as a connector would that was tricked.
    #[derive(Clone)]
    struct Tricked(SocketAddr);

    impl Service<()> for Tricked {
        type Response = TokioIo<TcpStream>;
        type Error = BoxError;
        type Future = Pin<Box<dyn Future<Output = Result<TokioIo<TcpStream>, BoxError>> + Send>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, (): ()) -> Self::Future {
            let address = self.0;
            Box::pin(async move { Ok(TokioIo::new(TcpStream::connect(address).await?)) })
        }
    }

    async fn connect(policy: Policy) -> Result<(), BoxError> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let mut service = Guard { policy: Arc::new(policy) }.layer(Tricked(listener.local_addr()?));
        let connecting = TRACE.sync_scope(Trace::new(80), || service.call(()));
        connecting.await.map(drop)
    }

    #[tokio::test]
    async fn a_connection_that_leads_inside_is_dropped() {
        let error = connect(Policy::public()).await.unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Blocked::Address("127.0.0.1".into())));
        assert!(connect(Policy::any()).await.is_ok());
    }
}

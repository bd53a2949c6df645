//! A listener that serves metrics and nothing else, for processes without pages.

use std::{io, net::SocketAddr, time::Duration};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::Server,
    web::{self, Data},
};
use ipnet::IpNet;
use runtime::{config::MetricsConfig, metrics::Metrics};
use store::Store;
use tokio_util::sync::CancellationToken;

use super::{Access, answer};
use crate::application::{BuildError, bind};

/// How long the headers of a request may take.
const HEADERS_WITHIN: Duration = Duration::from_secs(5);

/// A bound listener that is not answering yet.
pub struct MetricsListener {
    server: Server,
    address: SocketAddr,
}

/// What its one handler needs.
struct Served {
    access: MetricsConfig,
    trusted: Vec<IpNet>,
    metrics: Metrics,
    store: Store,
}

impl MetricsListener {
    /// Binds `METRICS_LISTEN`; none if nothing is to be served there.
    ///
    /// # Errors
    /// If the address is taken or is not ours.
    pub fn bind_if_wanted(
        access: &MetricsConfig,
        trusted: &[IpNet],
        metrics: &Metrics,
        store: &Store,
    ) -> Result<Option<Self>, BuildError> {
        let Some(listen) = access.listen else { return Ok(None) };
        let (listener, address) = bind(MetricsConfig::LISTEN, listen)?;
        let served = Data::new(Served {
            access: access.clone(),
            trusted: trusted.to_vec(),
            metrics: metrics.clone(),
            store: store.clone(),
        });
        let server =
            HttpServer::new(move || App::new().app_data(served.clone()).route("/metrics", web::get().to(page)))
                .workers(1)
                .client_request_timeout(HEADERS_WITHIN)
                .shutdown_timeout(1)
                .disable_signals()
                .listen(listener)
                .map_err(|reason| BuildError::Address { variable: MetricsConfig::LISTEN, address, reason })?
                .run();
        Ok(Some(Self { server, address }))
    }

    /// Where it is served.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` is cancelled.
    ///
    /// # Errors
    /// If the listener breaks.
    pub async fn run(self, shutdown: CancellationToken) -> io::Result<()> {
        let handle = self.server.handle();
        let stop = async {
            shutdown.cancelled().await;
            handle.stop(true).await;
        };
        tokio::join!(stop, self.server).1
    }
}

async fn page(request: HttpRequest, served: Data<Served>) -> HttpResponse {
    let access = Access::new(&served.access, &served.trusted);
    answer(&request, &access, &served.metrics, &served.store).await
}

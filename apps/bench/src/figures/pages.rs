//! `pages`: the plan list and a run page, signed in, 10,000 runs stored; against a bare actix handler
//! with one query and a table of 20 rows from askama, on the same database.

use std::{
    net::{SocketAddr, TcpListener},
    sync::{Arc, Mutex},
};

use actix_web::{App, HttpResponse, HttpServer, web::Data};
use anyhow::{Context, ensure};
use askama::Template;
use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_types};
use runtime::config::{Environment, ServingConfig};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use crate::{
    figure::{Figure, rounds},
    household::{Household, SESSION, new_plan},
    load,
};

const RUNS: usize = 10_000;
const REQUESTS: usize = 4_000;

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = sql_types::Text)]
    id: String,
    #[diesel(sql_type = sql_types::Text)]
    name: String,
    #[diesel(sql_type = sql_types::Integer)]
    number: i32,
    #[diesel(sql_type = sql_types::Text)]
    state: String,
    #[diesel(sql_type = sql_types::BigInt)]
    queued_at: i64,
    #[diesel(sql_type = sql_types::Integer)]
    steps: i32,
}

#[derive(Template)]
#[template(path = "rows.html")]
struct Rows {
    rows: Vec<Row>,
}

const QUERY: &str = "SELECT hex(runs.id) AS id, plans.name AS name, number, state, queued_at, runs.steps AS steps
    FROM runs JOIN plans ON plans.id = runs.plan_id ORDER BY runs.id DESC LIMIT 20";

type Connections = Mutex<Vec<SqliteConnection>>;

async fn floor_page(connections: Data<Connections>) -> actix_web::Result<HttpResponse> {
    let rows = actix_web::web::block(move || {
        let taken = connections.lock().expect("no query panics").pop();
        let mut connection = taken.expect("as many connections as requests at once");
        let rows = diesel::sql_query(QUERY).load::<Row>(&mut connection);
        connections.lock().expect("no query panics").push(connection);
        rows
    })
    .await?
    .map_err(actix_web::error::ErrorInternalServerError)?;
    let page = Rows { rows }.render().map_err(actix_web::error::ErrorInternalServerError)?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(page))
}

/// Takes the figures.
pub async fn measure() -> anyhow::Result<Vec<Figure>> {
    let target = load::Target::start().await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("ours.db").display().to_string();
    let household = Household::new(&format!("sqlite:{file}"), &target).await?;
    // As many as the floor shows rows.
    for n in 2..=20 {
        let new = new_plan(&target.address, &format!("Orders {n}"))?;
        household.store.create_plan(household.member.tenant(), household.member.user_id, new).await?;
    }
    household.queue(RUNS).await?;
    household.execute(RUNS).await?;
    let runs = household.store.runs(household.member.tenant(), store::RunFilter::default()).await?;
    let run = runs.items.first().context("a run")?.id;

    let shutdown = CancellationToken::new();
    let ours = serve_ours(household.store.clone(), shutdown.clone()).await?;
    let floor = serve_floor(&file)?;

    let mut figures = Vec::new();
    for (name, path) in [("pages plans", "/plans".to_owned()), ("pages run", format!("/runs/{run}"))] {
        let (of_ours, of_floor) =
            rounds(5, async || pages_per_second(ours, &path).await, async || pages_per_second(floor, "/").await)
                .await?;
        figures.push(Figure::of(name, "pages/s", &of_ours, &of_floor));
    }
    shutdown.cancel();
    Ok(figures)
}

async fn serve_ours(store: store::Store, shutdown: CancellationToken) -> anyhow::Result<SocketAddr> {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let anywhere = [("LISTEN", "127.0.0.1:0"), ("DEMO_LISTEN", "127.0.0.1:0")];
            let serving = ServingConfig::read(&Environment::given(anywhere)).expect("two valid addresses");
            let application = web::Application::build(web::Config::new(serving), store).expect("a free port");
            let _ = tell.send(application.address());
            application.run(shutdown).await.expect("the pages are served to the end");
        });
    });
    Ok(told.await?)
}

fn serve_floor(file: &str) -> anyhow::Result<SocketAddr> {
    let connections = (0..load::AT_ONCE).map(|_| SqliteConnection::establish(file)).collect::<Result<Vec<_>, _>>()?;
    let connections = Data::new(Mutex::new(connections));
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        let server = HttpServer::new(move || {
            App::new().app_data(connections.clone()).route("/", actix_web::web::get().to(floor_page))
        });
        let workers = std::thread::available_parallelism().map_or(2, usize::from);
        let server = server.workers(workers).listen(listener).expect("the listener is ours").run();
        actix_web::rt::System::new().block_on(server)
    });
    Ok(address)
}

async fn pages_per_second(address: SocketAddr, path: &str) -> anyhow::Result<f64> {
    let cookie: String = SESSION.iter().map(|byte| format!("{byte:02x}")).collect();
    let request =
        format!("GET {path} HTTP/1.1\r\nhost: localhost:{}\r\ncookie: smokex={cookie}\r\n\r\n", address.port());
    let sockets: Vec<_> = {
        let mut sockets = Vec::new();
        for _ in 0..load::AT_ONCE {
            let socket = TcpStream::connect(address).await?;
            socket.set_nodelay(true)?;
            sockets.push(tokio::sync::Mutex::new((socket, Vec::with_capacity(1 << 17))));
        }
        sockets
    };
    let (sockets, request) = (Arc::new(sockets), Arc::new(request));
    load::per_second(REQUESTS, move |worker| {
        let (sockets, request) = (Arc::clone(&sockets), Arc::clone(&request));
        async move {
            let mut guard = sockets[worker].lock().await;
            let (socket, buffer) = &mut *guard;
            socket.write_all(request.as_bytes()).await?;
            answer(socket, buffer).await
        }
    })
    .await
}

/// Reads one whole response with a content length, and holds its status against 200.
async fn answer(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    let head = loop {
        ensure!(socket.read_buf(buffer).await? > 0, "the connection was closed");
        if let Some(at) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let text = std::str::from_utf8(&buffer[..head])?.to_ascii_lowercase();
    ensure!(text.starts_with("http/1.1 200"), "{}", text.lines().next().unwrap_or_default());
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")).context("a content length")?;
    let total = head + length.trim().parse::<usize>()?;
    while buffer.len() < total {
        ensure!(socket.read_buf(buffer).await? > 0, "the connection was closed");
    }
    Ok(())
}

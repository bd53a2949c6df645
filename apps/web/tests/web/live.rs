//! Server-sent events.

use std::time::Duration;

use futures_util::FutureExt;
use reqwest::{Method, Response};
use rstest::rstest;
use store::Ending;
use tokio::time::timeout;

use crate::{
    app::{On, PLAN, Someone, TestApp},
    executed::{Executor, execute, passed, queue},
};

async fn open(someone: &Someone, path: &str) -> Response {
    let response = someone.browser.request(Method::GET, path).header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert!(response.headers().get("content-encoding").is_none_or(|coding| coding == "identity"), "{response:?}");
    response
}

/// The next message; none if the stream ends.
async fn next(stream: &mut Response) -> Option<String> {
    let chunk = timeout(Duration::from_secs(20), stream.chunk()).await.expect("a message comes").unwrap_or(None);
    chunk.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn each_step_of_a_run_makes_a_message(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let run = queue(&app, &ada, plan).await;
    let mut stream = open(&ada, &format!("/runs/{run}/events")).await;
    assert_eq!(next(&mut stream).await.unwrap(), "retry: 2000\n\n");
    let executor = Executor::claim(&app, run).await;
    assert_eq!(next(&mut stream).await.unwrap(), "data: change\n\n");
    executor.record(0, &passed("1")).await;
    assert_eq!(next(&mut stream).await.unwrap(), "data: change\n\n");
    let page = ada.browser.get(&format!("/runs/{run}")).await.page();
    assert!(page.contains("1 of 2 steps"), "what the message announces is there: {page}");
    executor.finish(Ending::errored("over")).await;
    assert_eq!(next(&mut stream).await.unwrap(), "data: change\n\n");
}

#[tokio::test]
async fn nobody_hears_of_anothers_runs_nor_a_run_of_other_runs() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let run = queue(&app, &ada, plan).await;
    let mut evesdropping = open(&eve, "/events").await;
    let mut one_run = open(&ada, &format!("/runs/{run}/events")).await;
    let mut everything = open(&ada, "/events").await;
    for stream in [&mut evesdropping, &mut one_run, &mut everything] {
        assert_eq!(next(stream).await.unwrap(), "retry: 2000\n\n");
    }
    queue(&app, &ada, plan).await;
    assert_eq!(next(&mut everything).await.unwrap(), "data: change\n\n");
    // What is theirs comes through: had the other change come too, it would have come before.
    let hers = eve.plan(&app, "Hers", PLAN).await;
    assert_eq!(next(&mut evesdropping).await.unwrap(), "data: change\n\n");
    queue(&app, &eve, hers).await;
    assert_eq!(next(&mut evesdropping).await.unwrap(), "data: change\n\n");
    assert!(one_run.chunk().now_or_never().is_none());
}

#[tokio::test]
async fn the_stream_of_a_run_that_is_over_tells_browsers_not_to_come_back() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    let run = execute(&app, &ada, plan, &[passed("1")]).await;
    assert_eq!(ada.browser.get(&format!("/runs/{run}/events")).await.status, 204);
}

#[tokio::test]
async fn an_organization_keeps_only_so_many_streams_open() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| config.limits.streams = 2).await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let (_first, second) = (open(&ada, "/events").await, open(&ada, "/events").await);
    let refused = ada.browser.get("/events").await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "5"));
    let _hers = open(&eve, "/events").await;
    drop(second);
    // The place is free again once the server notices, at the latest with its next message.
    let plan = ada.plan(&app, "Checkout", PLAN).await;
    for _ in 0..200 {
        queue(&app, &ada, plan).await;
        let response = ada.browser.request(Method::GET, "/events").send().await.unwrap();
        if response.status() == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the place never became free");
}

#[tokio::test]
async fn signing_out_ends_the_streams() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| {
        config.limits.heartbeat = Duration::from_millis(100);
    })
    .await;
    let ada = app.someone("ada").await;
    let mut stream = open(&ada, "/events").await;
    assert_eq!(next(&mut stream).await.unwrap(), "retry: 2000\n\n");
    assert_eq!(next(&mut stream).await.unwrap(), ": still here\n\n", "nothing to tell, but signed in");
    ada.browser.post("/sign-out", &[]).await;
    while let Some(message) = next(&mut stream).await {
        assert_eq!(message, ": still here\n\n");
    }
}

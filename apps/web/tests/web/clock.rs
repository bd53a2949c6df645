//! The operator's page.

use domain::{Elapsed, WorkerId};
use store::{Heartbeat, WorkerRole};

use crate::app::{On, TestApp};

#[tokio::test]
async fn only_whoever_signed_up_first_sees_the_clock() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    assert!(ada.browser.get("/").await.page().contains("href=\"/clock\""));
    assert!(ada.browser.get("/clock").await.page().contains("Only operators see this page."));
    assert!(!eve.browser.get("/").await.page().contains("/clock"), "no link leads there");
    assert_eq!(eve.browser.get("/clock").await.status, 404);
    assert_eq!(eve.browser.post("/clock/pause", &[("reason", "x")]).await.status, 404);
    assert_eq!(eve.browser.post("/clock/resume", &[]).await.status, 404);
    assert_eq!(app.store.clock().await.unwrap().paused, None);
}

#[tokio::test]
async fn operators_who_are_named_see_it_and_nobody_else() {
    let app = TestApp::start_with(On::Sqlite, &[("OPERATORS", "Eve@Example.com,root@example.com")], |_| {}).await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    assert_eq!(ada.browser.get("/clock").await.status, 404);
    assert_eq!(eve.browser.get("/clock").await.status, 200);
}

#[tokio::test]
async fn it_is_paused_with_a_reason_and_resumed() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    ada.browser.post("/clock/pause", &[("reason", "The disk is full")]).await.location();
    let page = ada.browser.get("/clock").await.page();
    assert!(page.contains("Paused: The disk is full") && page.contains("By ada@example.com"), "{page}");
    assert!(page.contains("Resume the clock</button>") && !page.contains("Pause the clock</button>"), "{page}");
    ada.browser.post("/clock/resume", &[]).await.location();
    let page = ada.browser.get("/clock").await.page();
    assert!(page.contains("Pause the clock</button>") && !page.contains("The disk is full"), "{page}");
}

#[tokio::test]
async fn it_tells_who_works_and_what_waits() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let page = ada.browser.get("/clock").await.page();
    assert!(page.contains("Nothing ticks: no scheduler is alive."), "{page}");
    assert!(page.contains("No executor has been heard of for 30 s"), "{page}");
    let heartbeat = |role, host: &str| Heartbeat {
        id: WorkerId::new(),
        role,
        host: host.to_owned(),
        version: "0.1.0".to_owned(),
        slots: 16,
        busy: 3,
        ticks: 41_207,
        lag: Elapsed(2_500),
    };
    app.store.heartbeat(heartbeat(WorkerRole::Scheduler, "clockwork")).await.unwrap();
    app.store.heartbeat(heartbeat(WorkerRole::Executor, "<b>mill</b>")).await.unwrap();
    let page = ada.browser.get("/clock").await.page();
    assert!(page.contains("The clock ticks.") && page.contains("<b>3 of 16</b>"), "{page}");
    assert!(page.contains("clockwork") && page.contains("41,207") && page.contains("2.5 ms"), "{page}");
    assert!(page.contains("&#60;b&#62;mill") && page.contains("data-every=\"2\""), "{page}");
}

//! What Prometheus is told, and who else.

mod exposition;

use std::time::Duration;

use reqwest::Method;
use rstest::rstest;
use runtime::{
    config::{Environment, MetricsConfig},
    metrics::Metrics,
};
use testkit::factory;
use tokio_util::sync::CancellationToken;
use web::MetricsListener;

use crate::{
    app::{On, PLAN, TestApp},
    browser::{Answer, Browser},
    executed::{Executor, queue},
};
use exposition::Exposition;

const TOKEN: &str = "0123456789abcdef";

fn access(variables: &[(&str, &str)]) -> MetricsConfig {
    MetricsConfig::read(&Environment::given(variables.iter().copied())).unwrap()
}

#[track_caller]
fn read(answer: &Answer) -> Exposition {
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    Exposition::read(&answer.text)
}

async fn scrape(app: &TestApp) -> Exposition {
    read(&app.browser().get("/metrics").await)
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn how_things_stand_is_told_as_it_is(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let metrics = scrape(&app).await;
    let runs = |metrics: &Exposition| {
        (metrics.get("smokex_runs{state=\"queued\"}").unwrap(), metrics.get("smokex_runs{state=\"running\"}").unwrap())
    };
    assert_eq!((runs(&metrics), metrics.get("smokex_queue_oldest_seconds")), ((0.0, 0.0), Some(0.0)));
    assert_eq!((metrics.get("smokex_database_up"), metrics.get("smokex_mails_waiting")), (Some(1.0), Some(0.0)));
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Plan", PLAN).await;
    let first = queue(&app, &ada, plan).await;
    app.store.queue_mail(factory::mail()).await.unwrap();
    let metrics = scrape(&app).await;
    assert_eq!((runs(&metrics), metrics.get("smokex_mails_waiting")), ((1.0, 0.0), Some(1.0)));
    assert!(metrics.get("smokex_queue_oldest_seconds").unwrap() > 0.0);
    let _executor = Executor::claim(&app, first).await;
    queue(&app, &ada, plan).await;
    assert_eq!(runs(&scrape(&app).await), (1.0, 1.0));
    let pool = if matches!(on, On::Sqlite) { "write" } else { "all" };
    assert!(metrics.get(&format!("smokex_database_connections{{pool=\"{pool}\"}}")).unwrap() >= 1.0);
    assert_eq!(metrics.get(&format!("smokex_database_calls_waiting{{pool=\"{pool}\"}}")), Some(0.0));
}

#[tokio::test]
async fn requests_are_counted_by_route_and_nothing_else_that_people_choose() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Plan", PLAN).await;
    for n in 0..20 {
        app.browser().get(&format!("/nothing/{n}?x={n}")).await;
        app.browser().send(Method::from_bytes(format!("M{n}").as_bytes()).unwrap(), "/", &[], None).await;
    }
    ada.browser.get(&format!("/plans/{plan}")).await;
    ada.browser.get("/plans/00000000-0000-7000-8000-000000000000").await;
    ada.browser.post(&format!("/plans/{plan}/runs"), &[]).await;
    let metrics = scrape(&app).await;
    let count = |labels: &str| metrics.get(&format!("smokex_http_requests_total{{{labels}}}"));
    assert_eq!(count("route=\"/plans/{plan}\",method=\"GET\",status=\"2xx\""), Some(1.0));
    assert_eq!(count("route=\"/plans/{plan}\",method=\"GET\",status=\"4xx\""), Some(1.0));
    assert_eq!(count("route=\"/plans/{plan}/runs\",method=\"POST\",status=\"3xx\""), Some(1.0));
    assert_eq!(count("route=\"other\",method=\"GET\",status=\"4xx\""), Some(20.0));
    let routes = metrics.label_values("smokex_http_requests_total", "route");
    let is_known = |route: &String| route == "other" || web::routes().iter().any(|known| known.path == route);
    assert!(routes.iter().all(is_known), "{routes:?}");
    let methods = metrics.label_values("smokex_http_requests_total", "method");
    assert!(methods.iter().all(|method| ["GET", "HEAD", "POST", "other"].contains(&method.as_str())), "{methods:?}");
}

#[tokio::test]
async fn others_see_it_only_with_what_the_configuration_says() {
    let closed = TestApp::start().await;
    let from_afar = [("x-forwarded-for", "203.0.113.9")];
    let answer = closed.browser().send(Method::GET, "/metrics", &from_afar, None).await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(answer.text.starts_with("Metrics are for this machine only"), "{}", answer.text);

    let open = TestApp::start_with(On::Sqlite, &[], |config| {
        config.metrics_access = access(&[("METRICS_TOKEN", TOKEN)]);
    })
    .await;
    let ask = async |shown: &str| {
        let headers = [from_afar[0], ("authorization", shown)];
        open.browser().send(Method::GET, "/metrics", &headers, None).await
    };
    let refused = ask("Bearer 0123456789abcdeg").await;
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, "Bearer"));
    assert!(!refused.text.contains("smokex_"), "{}", refused.text);
    read(&ask(&format!("Bearer {TOKEN}")).await);

    let proxied = TestApp::start_with(On::Sqlite, &[("TRUSTED_PROXIES", "127.0.0.1")], |_| {}).await;
    assert_eq!(proxied.browser().get("/metrics").await.status, 403, "a proxy that says nothing");
}

#[tokio::test]
async fn without_the_database_the_process_still_tells_what_it_knows() {
    let app = TestApp::start_on(On::Postgres).await;
    let _ = app.database.sql("ALTER TABLE runs RENAME TO gone");
    let metrics = scrape(&app).await;
    assert_eq!((metrics.get("smokex_database_up"), metrics.get("smokex_mails_waiting")), (Some(0.0), None));
    assert!(metrics.get("smokex_database_connections{pool=\"all\"}").is_some());
}

#[tokio::test]
async fn a_process_without_pages_serves_them_on_a_listener_of_its_own() {
    let app = TestApp::start().await;
    let (counts, nobody) = (Metrics::default(), MetricsConfig::default());
    assert!(MetricsListener::bind_if_wanted(&nobody, &[], &counts, &app.store).unwrap().is_none());
    let wanted = access(&[("METRICS_LISTEN", "127.0.0.1:0"), ("METRICS_USER", "ada"), ("METRICS_PASSWORD", TOKEN)]);
    let listener = MetricsListener::bind_if_wanted(&wanted, &[], &counts, &app.store).unwrap().unwrap();
    let (address, stop) = (listener.address(), CancellationToken::new());
    let served = tokio::spawn(listener.run(stop.clone()));
    counts.run_ended("passed");
    counts.step_took(Duration::from_millis(3));
    counts.clock_lag(Duration::from_millis(4));
    let browser = Browser::new(format!("http://{address}"));
    let metrics = read(&browser.get("/metrics").await);
    assert_eq!(metrics.get("smokex_runs_ended_total{state=\"passed\"}"), Some(1.0));
    assert_eq!(metrics.get("smokex_step_duration_seconds_bucket{le=\"0.005\"}"), Some(1.0));
    assert_eq!(metrics.get("smokex_clock_lag_seconds"), Some(0.004));
    assert_eq!(browser.get("/plans").await.status, 404, "nothing else is there");
    let from_afar = browser.send(Method::GET, "/metrics", &[("x-forwarded-for", "203.0.113.9")], None).await;
    assert_eq!((from_afar.status, from_afar.header("www-authenticate")), (401, "Basic realm=\"metrics\""));
    let taken = access(&[("METRICS_LISTEN", &address.to_string())]);
    let error = MetricsListener::bind_if_wanted(&taken, &[], &counts, &app.store).err().unwrap().to_string();
    assert!(error.starts_with("METRICS_LISTEN: "), "{error}");
    stop.cancel();
    served.await.unwrap().unwrap();
}

//! A panic in a handler and in a worker arrives at Sentry, with the id of what it broke and without
//! what it must not tell. The receiver speaks what Sentry's server speaks, as far as is needed.
//!
//! Telemetry belongs to a whole process: these tests need one each, as nextest gives them.

use runtime::{
    config::{Environment, MailConfig, ServingConfig, TelemetryConfig},
    telemetry::{self, Telemetry},
};
use serde_json::Value;
use testkit::{
    TestDatabase, factory,
    target::{Reply, Target},
};
use tokio_util::sync::CancellationToken;

/// Starts the telemetry of this process, reporting to the receiver.
async fn reporting() -> (Telemetry, Target) {
    let receiver = Target::start().await;
    receiver.on("POST /api/42/envelope/", Reply::json("{}"));
    let dsn = format!("http://public@{}/42", receiver.address());
    let environment = Environment::given([("SENTRY_DSN", dsn.as_str()), ("LOG_FORMAT", "json")]);
    (telemetry::start(&TelemetryConfig::read(&environment).expect("a DSN")), receiver)
}

/// The first event that arrives, and everything that was sent with it.
async fn event(receiver: &Target) -> (Value, String) {
    let request = receiver.received(1).await.remove(0);
    let envelope = request.text().to_owned();
    let event = envelope.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let event = event.into_iter().find(|item| item.get("exception").is_some());
    (event.unwrap_or_else(|| panic!("no exception in {envelope}")), envelope)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_handler_arrives_without_secrets() {
    let (_telemetry, receiver) = reporting().await;
    let database = TestDatabase::sqlite().await;
    let any_port = Environment::given([("LISTEN", "127.0.0.1:0"), ("DEMO_LISTEN", "127.0.0.1:0")]);
    let mut config = web::Config::new(ServingConfig::read(&any_port).expect("addresses"));
    config.panics_at = Some("/panic");
    let application = web::Application::build(config, database.open().await).expect("free ports");
    let url = format!("http://{}/panic?password=hunter2", application.address());
    let stop = CancellationToken::new();
    let serving = tokio::spawn(application.run(stop.clone()));

    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let request = client.get(url).header("cookie", "session=hunter2").header("authorization", "Bearer hunter2");
    let response = request.header("x-api-key", "hunter2").send().await.expect("an answer");
    assert_eq!(response.status(), 500);
    let id = response.headers()["x-request-id"].to_str().expect("text").to_owned();

    let (event, envelope) = event(&receiver).await;
    assert_eq!(event["level"], "fatal");
    assert_eq!(event["tags"]["request_id"], id.as_str());
    assert!(
        event["exception"]["values"][0]["value"].as_str().expect("a message").contains("asked to panic"),
        "{event}"
    );
    assert!(!event["exception"]["values"][0]["stacktrace"]["frames"].as_array().expect("a stack").is_empty());
    assert!(event["request"]["url"].as_str().expect("a URL").ends_with("/panic"), "{event}");
    assert!(!envelope.contains("hunter2"), "{envelope}");
    stop.cancel();
    serving.await.expect("no panic").expect("it stops in good order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_in_a_worker_arrives_without_secrets_and_ends_its_run() {
    let (_telemetry, receiver) = reporting().await;
    let database = TestDatabase::sqlite().await;
    let store = database.open().await;
    let member = factory::member(&store).await;
    let mut plan = factory::plan("Panics");
    plan.text = "- get: { url: \"http://127.0.0.1:9/\", auth: { bearer: hunter2 } }\n".into();
    let plan = store.create_plan(member.tenant(), member.user_id, plan).await.expect("it is saved");
    let run = factory::queued_run(&store, &member, plan).await;

    let nowhere = Environment::given([("VAR_DIR", "/no-mail")]);
    let mail = MailConfig::read(&nowhere).expect("the variables are right");
    let config = executor::Config {
        concurrency: 1,
        lease: std::time::Duration::from_secs(60),
        policy: egress::Policy::public(),
        mailer: notify::Mailer::new(&mail).expect("the sender is an address"),
        metrics: runtime::metrics::Metrics::default(),
        panics_on: Some("hunter2"),
    };
    let stop = CancellationToken::new();
    let executing = tokio::spawn(executor::run(config, store.clone(), stop.clone()));
    let (event, envelope) = event(&receiver).await;
    assert_eq!(event["tags"]["run_id"], run.to_string());
    assert_eq!(
        event["exception"]["values"][0]["value"], "asked to panic while executing \"…\"",
        "what was quoted is left out"
    );
    assert!(!envelope.contains("hunter2"), "{envelope}");

    stop.cancel();
    executing.await.expect("the worker outlives the panic").expect("it stops in good order");
    let detail = store.run(member.tenant(), run).await.expect("the database works").expect("the run is there");
    assert_eq!(detail.row.state, domain::RunState::Errored);
}

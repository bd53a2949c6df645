//! Runs counted over time.

use domain::{RunState, Scope};
use serde_json::{Value, json};
use testkit::factory;

use crate::{
    app::{PLAN, TestApp},
    executed::{execute, failed, passed},
};

#[tokio::test]
async fn runs_are_counted_in_bins_of_all_plans_or_one() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let (one, two) = (ada.plan(&app, "Checkout", PLAN).await, ada.plan(&app, "Search", PLAN).await);
    let hers = eve.plan(&app, "Hers", PLAN).await;
    execute(&app, &eve, hers, &[passed("1")]).await;
    execute(&app, &ada, one, &[failed("1")]).await;
    execute(&app, &ada, one, &[passed("1")]).await;
    let slowest = execute(&app, &ada, two, &[passed("1")]).await;
    factory::queued_run(&app.store, &ada.member, two).await;
    let program = app.program(&ada, Scope::Read).await;
    let count = async |query: &str| program.get(&format!("/statistics?{query}")).await.with(200);
    // The sum of what all bins tell, for the hour may have just ended.
    let sum = |statistics: &Value, what: &str| -> u64 {
        statistics["bins"].as_array().unwrap().iter().map(|bin| bin[what].as_u64().unwrap()).sum()
    };
    let all = count("").await;
    assert_eq!((&all["interval"], all["bins"].as_array().unwrap().len()), (&json!("1h"), 25));
    assert_eq!((&all["from"], &all["to"]), (&all["bins"][0]["start"], &all["bins"][24]["end"]));
    let told = ["runs", "passed", "failed", "open", "errored", "slow"].map(|what| sum(&all, what));
    assert_eq!(told, [4, 2, 1, 1, 0, 0]);
    let empty = json!({
        "start": all["bins"][0]["start"], "end": all["bins"][0]["end"], "runs": 0, "passed": 0, "failed": 0,
        "errored": 0, "cancelled": 0, "refused": 0, "skipped": 0, "open": 0, "slow": 0, "availability": null,
        "duration_us": null,
    });
    assert_eq!(all["bins"][0], empty);

    let of_one = count(&format!("plan={one}&interval=7d&from=2026-01-01T00:00:00Z")).await;
    assert_eq!((sum(&of_one, "runs"), sum(&of_one, "passed"), sum(&of_one, "failed")), (2, 1, 1));
    let of_two = count(&format!("plan={two}")).await;
    let bin = of_two["bins"].as_array().unwrap().iter().find(|bin| bin["passed"] == 1).unwrap();
    let took = app.store.run_row(ada.member.tenant(), slowest).await.unwrap().unwrap().duration.unwrap().0;
    assert_eq!(bin["duration_us"], json!({ "p50": took, "p95": took, "max": took }));
    assert_eq!(bin["availability"], 1.0);
    program.get(&format!("/statistics?plan={hers}")).await.problem(404);
}

#[tokio::test]
async fn what_is_no_question_is_refused_field_by_field() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    factory::ended_run(&app.store, &ada.member, plan, RunState::Passed).await;
    let program = app.program(&ada, Scope::Read).await;
    for (query, fields) in [
        ("from=yesterday&interval=2h&plan=x", vec!["from", "interval", "plan"]),
        ("from=2026-11-29T14:00:00Z&to=2026-11-29T14:00:00Z", vec!["to"]),
        ("from=2020-01-01T00:00:00Z&interval=1m", vec!["interval"]),
        ("from=-009999-01-01T00:00:00Z", vec!["from"]),
    ] {
        let refused = program.get(&format!("/statistics?{query}")).await;
        let told: Vec<_> =
            refused.json["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
        assert_eq!(told, fields, "{query}");
        refused.problem(422);
    }
    program.get("/statistics?bins=10").await.problem(400);
    assert!(program.get("/statistics?from=&to=").await.problem(400).starts_with("`from` is empty"));
}

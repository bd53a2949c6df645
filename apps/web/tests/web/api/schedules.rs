//! Schedules, made and changed by programs.

use domain::{PlanId, RunState, Scope, Tiers};
use jiff::{Timestamp, ToSpan};
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{On, PLAN, Someone, TestApp},
    program::Program,
};

/// A plan that schedules may give variables to.
const WITH_VARIABLES: &str =
    "variables:\n  region: eu\n  note: none\nsteps:\n  - get: { url: \"https://example.com/\" }\n";

async fn begin(scope: Scope) -> (TestApp, Someone, Program, PlanId) {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, scope).await;
    let plan = ada.plan(&app, "Shop", WITH_VARIABLES).await;
    (app, ada, program, plan)
}

async fn create(program: &Program, plan: PlanId, body: Value) -> Value {
    program.post(&format!("/plans/{plan}/schedules"), &body).await.with(201)
}

fn address(schedule: &Value) -> String {
    format!("/schedules/{}", schedule["id"].as_str().expect("a schedule has an id"))
}

#[tokio::test]
async fn what_is_left_out_is_as_in_the_form() {
    let (_app, _ada, program, plan) = begin(Scope::Write).await;
    let reply =
        program.post(&format!("/plans/{plan}/schedules"), &json!({ "timing": { "cron": "0 9 * * 1-5" } })).await;
    let location = reply.header("location").to_owned();
    let made = reply.with(201);
    assert_eq!(location, format!("/api/v1{}", address(&made)));
    assert_eq!(made["name"], "Every weekday at 09:00, UTC");
    assert_eq!(made["plan"], json!({ "id": plan.to_string(), "name": "Shop" }));
    assert_eq!((&made["zone"], &made["catch_up"], &made["overlap"]), (&json!("UTC"), &json!("latest"), &json!("skip")));
    assert_eq!((&made["tags"], &made["variables"], &made["paused"]), (&json!([]), &json!({}), &json!(null)));
    assert_eq!((&made["author"], &made["fired"]), (&json!("ada@example.com"), &json!(0)));
    let next: Timestamp = made["next_due_at"].as_str().unwrap().parse().unwrap();
    assert!(next > Timestamp::now());
    assert_eq!(program.get(&address(&made)).await.with(200), made);
}

#[tokio::test]
async fn what_reading_gives_can_be_saved_and_changes_nothing() {
    let (_app, _ada, program, plan) = begin(Scope::Write).await;
    let in_a_year = Timestamp::now() + (24 * 365).hours();
    let year = in_a_year.strftime("%Y-12-24 18:00").to_string();
    for timing in [
        json!({ "cron": "*/15 9-17 * * mon-fri", "repeats": 7 }),
        json!({ "every": "1h30m", "jitter": "30s" }),
        json!({ "every": "2h", "start": "2026-01-01T00:00:07Z" }),
        json!({ "at": [year, "2099-01-01T00:00:00Z"] }),
    ] {
        let made = create(
            &program,
            plan,
            json!({
                "name": "Nightly",
                "timing": timing,
                "zone": "Europe/Berlin",
                "before": "2099-12-24 18:00",
                "catch_up": "all",
                "overlap": "queue",
                "tags": ["EU", "nightly"],
                // As a line of text this would be another variable.
                "variables": { "region": " eu = west\nnote = x ", "note": "#1" },
            }),
        )
        .await;
        assert_eq!(made["before"], "2099-12-24T17:00:00Z", "read in the zone");
        assert_eq!((&made["tags"], &made["overlap"]), (&json!(["eu", "nightly"]), &json!("queue")));
        assert_eq!(made["variables"], json!({ "region": " eu = west\nnote = x ", "note": "#1" }));
        let mut saved = program.put(&address(&made), &made).await.with(200);
        let at = |schedule: &Value| schedule["updated_at"].as_str().unwrap().parse::<Timestamp>().unwrap();
        assert!(at(&saved) >= at(&made));
        saved["updated_at"] = made["updated_at"].clone();
        assert_eq!(saved, made);
    }
}

#[tokio::test]
async fn each_mistake_is_told_at_its_field() {
    let (_app, _ada, program, plan) = begin(Scope::Write).await;
    let every = |field: &str, value: Value| {
        let mut body = json!({ "timing": { "every": "1h" } });
        body[field] = value;
        body
    };
    for (body, field, message) in [
        (json!({ "timing": {} }), "timing", "one of them"),
        (json!({ "timing": { "cron": "@daily", "every": "1h" } }), "timing", "one of them"),
        (json!({ "timing": { "cron": "@daily", "jitter": "1m" } }), "timing", "`jitter`"),
        (json!({ "timing": { "cron": "0 0 30 2 *" } }), "timing.cron", "never comes"),
        (json!({ "timing": { "every": "often" } }), "timing.every", "no length of time"),
        (json!({ "timing": { "every": "1h", "jitter": "2h" } }), "timing.jitter", "less than"),
        (json!({ "timing": { "every": "1h", "start": "soon" } }), "timing.start", "no time"),
        (json!({ "timing": { "every": "1h", "repeats": 0 } }), "timing.repeats", "at least 1"),
        (json!({ "timing": { "at": [] } }), "timing.at", "at least one"),
        (json!({ "timing": { "at": ["2020-01-01T09:00:00Z"] } }), "timing.at", "in the past"),
        (every("zone", json!("Europe/Berln")), "zone", "Berln"),
        (every("before", json!("2020-01-01T00:00:00Z")), "before", "in the past"),
        (every("catch_up", json!("some")), "catch_up", "latest, all or none"),
        (every("overlap", json!("wait")), "overlap", "skip, queue or cancel"),
        (every("tags", json!(["a/b"])), "tags", "no tag"),
        (every("name", json!("a\nb")), "name", "120 characters"),
        (every("variables", json!({ "regoin": "x" })), "variables", "Did you mean `region`?"),
        (every("variables", json!({ "region": "x".repeat(16 * 1024) })), "variables", "16 KiB"),
    ] {
        let refused = program.post(&format!("/plans/{plan}/schedules"), &body).await;
        let told = refused.json["errors"].clone();
        let errors = told.as_array().unwrap_or_else(|| panic!("{body}: {}", refused.json));
        assert_eq!(errors.len(), 1, "{errors:?}");
        assert_eq!(errors[0]["field"], field, "{errors:?}");
        assert!(errors[0]["message"].as_str().unwrap().contains(message), "{errors:?}");
        assert_eq!(errors[0]["message"], refused.problem(422));
    }
    let several = json!({ "name": "a\nb", "timing": { "every": "x" }, "variables": { "z": "1" } });
    let refused = program.post(&format!("/plans/{plan}/schedules"), &several).await;
    assert_eq!(refused.json["errors"].as_array().unwrap().len(), 3);
    for body in
        [json!({}), json!({ "timing": { "every": 5 } }), json!({ "timing": { "every": "1h" }, "enabled": true })]
    {
        program.post(&format!("/plans/{plan}/schedules"), &body).await.problem(400);
    }
    assert_eq!(program.get("/schedules").await.with(200)["items"], json!([]));
}

#[tokio::test]
async fn a_request_that_is_sent_twice_makes_one_schedule() {
    let (_app, _ada, program, plan) = begin(Scope::Write).await;
    let address = format!("/plans/{plan}/schedules");
    let send = |every: &'static str| {
        let (program, address) = (&program, &address);
        let body = json!({ "timing": { "every": every } });
        async move { program.send(Method::POST, address, &[("idempotency-key", "one")], Some(&body)).await }
    };
    let first = send("1h").await.with(201);
    assert_eq!(send("1h").await.with(201)["id"], first["id"]);
    send("2h").await.problem(422);
    assert_eq!(program.get("/schedules").await.with(200)["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_more_often_than_the_tier_allows_is_402() {
    let tiers = Tiers { in_force: None, ..Tiers::default() };
    let app = TestApp::start_limited(On::Sqlite, tiers).await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Write).await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let often = json!({ "timing": { "every": "5m" } });
    assert!(program.post(&format!("/plans/{plan}/schedules"), &often).await.problem(402).contains("1 hour"));
    let made = create(&program, plan, json!({ "timing": { "every": "1h" } })).await;
    assert!(program.put(&address(&made), &often).await.problem(402).contains("1 hour"));
    // What is wrong anyway is told first: another tier would not help.
    let wrong = json!({ "timing": { "every": "5m" }, "zone": "Nowhere" });
    program.post(&format!("/plans/{plan}/schedules"), &wrong).await.problem(422);
}

#[tokio::test]
async fn schedules_are_paused_resumed_and_deleted_one_by_one_and_by_tag() {
    let (app, ada, program, plan) = begin(Scope::Write).await;
    let body = |tags: Value| json!({ "timing": { "every": "1h" }, "tags": tags });
    let [one, two, other] = [
        create(&program, plan, body(json!(["eu", "night"]))).await,
        create(&program, plan, body(json!(["eu"]))).await,
        create(&program, plan, body(json!([]))).await,
    ];
    let operator = app.program(&ada, Scope::Run).await;
    let paused =
        operator.post(&format!("{}/pause", address(&one)), &json!({ "reason": "moving\n house" })).await.with(200);
    assert_eq!(paused["paused"]["reason"], "moving house");
    assert_eq!((&paused["paused"]["by"], &paused["next_due_at"]), (&json!("ada@example.com"), &json!(null)));
    let listed = program.get("/schedules?enabled=false&tag=EU").await.with(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], one["id"]);

    assert_eq!(operator.post("/schedules/pause?tag=eu", &json!({})).await.with(200), json!({ "schedules": 1 }));
    assert_eq!(operator.post("/schedules/resume?tag=eu", &json!({})).await.with(200), json!({ "schedules": 2 }));
    let sent_without_a_body = operator.send(Method::POST, "/schedules/pause", &[], None).await;
    assert_eq!(sent_without_a_body.with(200), json!({ "schedules": 3 }));
    let resumed = operator.send(Method::POST, &format!("{}/resume", address(&two)), &[], None).await.with(200);
    assert_eq!(resumed["paused"], json!(null));
    assert_eq!(program.get("/schedules?enabled=true").await.with(200)["items"].as_array().unwrap().len(), 1);
    for path in ["/schedules/pause?tag=", "/schedules/resume?tag=%20"] {
        operator.post(path, &json!({})).await.problem(400);
    }
    assert_eq!(operator.post("/schedules/resume", &json!({})).await.with(200), json!({ "schedules": 2 }));

    operator.delete(&address(&one)).await.problem(403);
    program.delete("/schedules").await.problem(400);
    program.delete("/schedules?tag=").await.problem(400);
    assert_eq!(program.delete("/schedules?tag=night").await.with(200), json!({ "schedules": 1 }));
    program.delete(&address(&two)).await.with(204);
    program.delete(&address(&two)).await.problem(404);
    let left = program.get("/schedules").await.with(200);
    assert_eq!((left["items"].as_array().unwrap().len(), &left["items"][0]["id"]), (1, &other["id"]));
}

#[tokio::test]
async fn an_address_that_is_no_id_understands_what_it_is_for_alone() {
    let (_app, _ada, program, _plan) = begin(Scope::Write).await;
    let put = program.request(Method::PUT, "/schedules/pause").send().await.unwrap();
    assert_eq!((put.status().as_u16(), &put.headers()["allow"]), (405, &"POST".parse().unwrap()));
    program.get("/schedules/nonsense").await.problem(404);
}

#[tokio::test]
async fn schedules_are_listed_part_by_part_and_by_plan() {
    let (app, ada, program, plan) = begin(Scope::Write).await;
    let other = ada.plan(&app, "Other", PLAN).await;
    for name in ["1", "2", "3"] {
        create(&program, plan, json!({ "name": name, "timing": { "every": "1h" } })).await;
    }
    create(&program, other, json!({ "name": "4", "timing": { "every": "1h" } })).await;
    let names = |list: &Value| -> Vec<String> {
        let items = list["items"].as_array().unwrap();
        items.iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = program.get(&format!("/schedules?plan={plan}&limit=2")).await.with(200);
    assert_eq!(names(&first), ["3", "2"]);
    let after = first["next"].as_str().unwrap();
    let rest = program.get(&format!("/schedules?plan={plan}&limit=2&after={after}")).await.with(200);
    assert_eq!((names(&rest), &rest["next"]), (vec!["1".to_owned()], &json!(null)));
    assert_eq!(names(&program.get("/schedules").await.with(200)), ["4", "3", "2", "1"]);
    program.get(&format!("/schedules?plan={}", PlanId::new())).await.problem(404);
}

#[tokio::test]
async fn each_due_time_is_told_with_what_became_of_it() {
    let (app, _ada, program, plan) = begin(Scope::Write).await;
    let made = create(&program, plan, json!({ "timing": { "every": "1h" } })).await;
    app.store.fire(Timestamp::now() + 1.hours() + 1.second(), 1000).await.unwrap();
    let list = program.get(&format!("{}/occurrences", address(&made))).await.with(200);
    let items = list["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["scheduled_at"]), (1, &made["next_due_at"]));
    assert_eq!((&items[0]["state"], &items[0]["number"]), (&json!(RunState::Queued.as_str()), &json!(1)));
    let read = program.get(&address(&made)).await.with(200);
    assert_eq!((&read["fired"], &read["last_run"]["id"]), (&json!(1), &items[0]["run"]));
}

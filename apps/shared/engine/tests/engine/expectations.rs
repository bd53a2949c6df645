//! Every kind of expectation, held and not held.

use std::time::Duration;

use domain::RunState;
use egress::{Egress, Policy};
use serde_json::{Value, json};
use testkit::target::{Authority, Reply, Target};

use crate::rig::{Ran, Rig};

const BODY: &str = r#"{"id": 7, "name": "Ada", "items": [{"price": 1}, {"price": 2}], "none": null}"#;

async fn expecting(reply: Reply, expect: &str) -> Ran {
    let target = Target::start().await;
    target.on("GET /", reply);
    Rig::new(&target).run(&format!("- get:\n    url: ${{base}}/\n    expect: {expect}\n  name: Look\n")).await
}

/// The one expectation besides the status: whether it passed, expected, received, message.
async fn one(reply: Reply, kind: &str, expect: &str) -> (bool, Value, Value, String) {
    let ran = expecting(reply, expect).await;
    let [report] = ran.expectations(kind)[..] else { panic!("{:?}", ran.report("1")) };
    let message = report.message.clone().unwrap_or_default();
    assert_eq!(report.passed, message.is_empty());
    let state = if report.passed { RunState::Passed } else { RunState::Failed };
    assert_eq!(ran.outcome().state, state, "{}", ran.reason());
    (report.passed, report.expected.clone(), report.received.clone().unwrap_or_default(), message)
}

fn held(expected: Value, received: Value) -> (bool, Value, Value, String) {
    (true, expected, received, String::new())
}

fn unmet(expected: Value, received: Value, message: &str) -> (bool, Value, Value, String) {
    (false, expected, received, message.to_owned())
}

#[tokio::test]
async fn without_a_status_code_any_2xx_passes() {
    assert_eq!(one(Reply::ok().status(204), "status_code", "{}").await, held(json!("2xx"), json!(204)));
    assert_eq!(
        one(Reply::ok().status(302), "status_code", "{}").await,
        unmet(json!("2xx"), json!(302), "expected 2xx, received 302")
    );
    let ran = expecting(Reply::ok().status(502), "{}").await;
    assert_eq!(ran.reason(), "Look answered 502 where 2xx was expected.");
}

#[tokio::test]
async fn the_status_is_one_of_those_or_meets_a_matcher() {
    let reply = || Reply::ok().status(404);
    assert_eq!(one(reply(), "status_code", "{status_code: 404}").await, held(json!(404), json!(404)));
    assert_eq!(one(reply(), "status_code", "{status_code: 4xx}").await, held(json!("4xx"), json!(404)));
    assert_eq!(
        one(reply(), "status_code", "{status_code: [200, 3xx]}").await,
        unmet(json!([200, "3xx"]), json!(404), "expected 200 or 3xx, received 404")
    );
    assert_eq!(one(reply(), "status_code", "{status_code: {lt: 500}}").await, held(json!({"lt": 500}), json!(404)));
    let ran = expecting(reply(), "{status_code: {lt: 400}}").await;
    assert_eq!(ran.reason(), "Look: the status: expected less than 400, received 404.");
}

#[tokio::test]
async fn headers_are_found_whatever_their_case() {
    let reply = || Reply::ok().header("X-Count", "12").header("Vary", "a").header("vary", "b");
    assert_eq!(one(reply(), "headers", "{headers: {x-COUNT: \"12\"}}").await, held(json!("12"), json!("12")));
    assert_eq!(one(reply(), "headers", "{headers: {x-count: {gt: 5}}}").await, held(json!({"gt": 5}), json!("12")));
    assert_eq!(
        one(reply(), "headers", "{headers: {vary: {contains: b}}}").await,
        held(json!({"contains": "b"}), json!("a, b"))
    );
    assert_eq!(
        one(reply(), "headers", "{headers: {x-count: \"13\"}}").await,
        unmet(json!("13"), json!("12"), "expected \"13\", received \"12\"")
    );
    assert_eq!(
        one(reply(), "headers", "{headers: {x-none: a}}").await,
        unmet(json!("a"), Value::Null, "the response has no such header")
    );
    assert_eq!(
        one(reply(), "headers", "{headers: {x-none: {exists: false}}}").await,
        held(json!({"exists": false}), Value::Null)
    );
    let ran = expecting(reply(), "{headers: {x-none: a}}").await;
    assert_eq!(ran.reason(), "Look: the header x-none: the response has no such header.");
}

#[tokio::test]
async fn json_contains_a_structure() {
    let reply = || Reply::json(BODY);
    assert_eq!(
        one(reply(), "json", "{json: {id: 7, items: [{price: 1}, {}]}}").await,
        held(json!({"id": 7, "items": [{"price": 1}, {}]}), json!({"id": 7, "items": [{"price": 1}, {}]}))
    );
    assert_eq!(
        one(reply(), "json", "{json: {id: \"7\", items: [{price: 1}]}}").await,
        unmet(
            json!({"id": "7", "items": [{"price": 1}]}),
            json!({"id": 7, "items": [{"price": 1}, {"price": 2}]}),
            "$.id: expected \"7\" (string), received 7 (number); $.items: expected a list of 1, received a list of 2"
        )
    );
    let ran = expecting(Reply::text("<html>\n<b>Oops"), "{json: {id: 7}}").await;
    assert_eq!(ran.reason(), "Look: the body is not JSON: it begins with <html> <b>Oops.");
}

#[tokio::test]
async fn json_paths_are_held_against_values_and_matchers() {
    let reply = || Reply::json(BODY);
    assert_eq!(one(reply(), "json_path", "{json_path: {$.name: Ada}}").await, held(json!("Ada"), json!("Ada")));
    assert_eq!(
        one(reply(), "json_path", "{json_path: {\"$.items[*].price\": [1, 2]}}").await,
        held(json!([1, 2]), json!([1, 2]))
    );
    assert_eq!(
        one(reply(), "json_path", "{json_path: {\"$.items[?@.price > 1].price\": 2}}").await,
        held(json!(2), json!(2))
    );
    assert_eq!(
        one(reply(), "json_path", "{json_path: {$.id: \"7\"}}").await,
        unmet(json!("7"), json!(7), "expected \"7\" (string), received 7 (number)")
    );
    assert_eq!(
        one(reply(), "json_path", "{json_path: {$.nothing: null}}").await,
        unmet(json!(null), Value::Null, "nothing in the body matches this path")
    );
    assert_eq!(one(reply(), "json_path", "{json_path: {$.none: null}}").await, held(json!(null), json!(null)));
    let ran = expecting(reply(), "{json_path: {$.id: 8, $.name: Bob}}").await;
    assert_eq!(ran.reason(), "Look: $.id: expected 8, received 7. One more expectation failed.");
}

#[tokio::test]
async fn texts_are_looked_for_in_the_body() {
    let reply = || Reply::text("Hello, world");
    assert_eq!(one(reply(), "string", "{string: world}").await, held(json!("world"), json!("world")));
    assert_eq!(
        one(reply(), "string", "{string: moon}").await,
        unmet(json!("moon"), json!("Hello, world"), "the body does not contain \"moon\"")
    );
    assert_eq!(
        one(reply(), "body", "{body: {matches: \"^Hello, \\\\w+$\"}}").await,
        held(json!({"matches": "^Hello, \\w+$"}), json!("Hello, world"))
    );
    assert_eq!(
        one(reply(), "body", "{body: {length: 3}}").await,
        unmet(json!({"length": 3}), json!("Hello, world"), "the length: expected 3, received 12")
    );
}

#[tokio::test]
async fn elements_of_a_page_are_held_against_their_text() {
    let reply = || Reply::ok().header("content-type", "text/html").body("<title>Shop</title><p class=n> 42\n</p>");
    assert_eq!(
        one(reply(), "html", "{html: [{path: title, equal: Shop}]}").await,
        held(json!({"equal": "Shop"}), json!("Shop"))
    );
    assert_eq!(
        one(reply(), "html", "{html: [{path: p.n, equal: 42}]}").await,
        held(json!({"equal": "42"}), json!("42"))
    );
    assert_eq!(
        one(reply(), "html", "{html: [{path: h1, equal: Shop}]}").await,
        unmet(json!({"equal": "Shop"}), Value::Null, "nothing in the page matches this selector")
    );
    let ran = expecting(reply(), "{html: [{path: title, equal: Sale}]}").await;
    assert_eq!(ran.reason(), "Look: `title` in the page: expected \"Sale\", received \"Shop\".");
}

#[tokio::test]
async fn a_body_meets_a_schema() {
    let schema =
        |kind: &str| format!("{{json_schema: {{type: object, required: [id], properties: {{id: {{type: {kind}}}}}}}}}");
    let (passed, ..) = one(Reply::json(BODY), "json_schema", &schema("integer")).await;
    assert!(passed);
    let (_, _, received, message) = one(Reply::json(r#"{"id": 7}"#), "json_schema", &schema("string")).await;
    assert_eq!((received, message.as_str()), (json!({"id": 7}), "$.id: value is not of type \"string\""));
    let ran = expecting(Reply::json("{}"), &schema("string")).await;
    assert_eq!(ran.reason(), "Look: the body does not meet the schema: $: \"id\" is a required property.");
}

#[tokio::test]
async fn the_response_time_is_measured_and_may_mark_a_pass_as_slow() {
    let reply = || Reply::ok().delayed(Duration::from_millis(30));
    let (passed, expected, received, _) = one(reply(), "response_time", "{response_time: 5s}").await;
    assert!(passed && received.as_f64().unwrap() >= 30.0, "{received}");
    assert_eq!(expected, json!({"lt": 5000}));
    let (passed, _, received, message) = one(reply(), "response_time", "{response_time: {lt: 20}}").await;
    assert!(!passed);
    assert_eq!(message, format!("expected less than 20, received {received}"));
    let ran = expecting(reply(), "{response_time: {lt: 5000, degraded_after: 10}}").await;
    assert!(ran.outcome().slow && ran.report("1").slow);
    assert_eq!(ran.outcome().state, RunState::Passed);
    let ran = expecting(reply(), "{response_time: {degraded_after: 4s}}").await;
    assert!(!ran.outcome().slow);
}

#[tokio::test]
async fn a_certificate_has_days_left() {
    let authority = Authority::new();
    let target = Target::start_tls(&authority.issue(&["localhost"])).await;
    target.on("GET /", Reply::ok());
    let mut rig = Rig::new(&target);
    rig.egress = Egress::new(Policy::any().trust(authority.der()));
    let plan =
        |days: &str| format!("- get: {{url: \"${{base}}/\", expect: {{certificate: {{days_left: {{gt: {days}}}}}}}}}");
    let ran = rig.run(&plan("30")).await;
    assert!(ran.all_passed(), "{}", ran.reason());
    let ran = rig.run(&plan("99999")).await;
    assert!(
        ran.reason().contains("the days left of the certificate: expected more than 99999, received"),
        "{}",
        ran.reason()
    );
    let ran = expecting(Reply::ok(), "{certificate: {days_left: {gt: 1}}}").await;
    assert!(ran.reason().ends_with("the connection has no certificate (it is not https)."), "{}", ran.reason());
}

#[tokio::test]
async fn the_size_is_that_of_the_body() {
    assert_eq!(one(Reply::text("12345"), "size", "{size: {lte: 5}}").await, held(json!({"lte": 5}), json!(5)));
    assert_eq!(
        one(Reply::text("12345"), "size", "{size: {gt: 5}}").await,
        unmet(json!({"gt": 5}), json!(5), "expected more than 5, received 5")
    );
}

#[tokio::test]
async fn every_expectation_is_evaluated_not_only_the_first_that_fails() {
    let ran =
        expecting(Reply::json(BODY).status(500), "{status_code: 200, json: {id: 1}, string: Ada, size: {lt: 1}}").await;
    let passed: Vec<_> = ran.report("1").expectations.iter().map(|e| (&*e.kind, e.passed)).collect();
    assert_eq!(passed, [("status_code", false), ("json", false), ("string", true), ("size", false)]);
    assert_eq!(ran.reason(), "Look answered 500 where 200 was expected. 2 more expectations failed.");
}

#[tokio::test]
async fn expected_values_may_come_from_variables_with_their_types() {
    let target = Target::start().await;
    target.on("GET /", Reply::json(BODY).status(201));
    let rig = Rig::new(&target).with("CODE", "201").with("id", 7).with("wrong", "7").with("who", "Ada");
    let ran = rig.run("- get:\n    url: ${base}/\n    expect:\n      status_code: \"${CODE}\"\n      json: { id: \"${id}\", name: \"${who}\" }\n").await;
    assert!(ran.all_passed(), "{}", ran.reason());
    let ran = rig.run("- get: {url: \"${base}/\", expect: {json: {id: \"${wrong}\"}}}").await;
    assert!(ran.reason().ends_with("$.id: expected \"7\" (string), received 7 (number)."), "{}", ran.reason());
}

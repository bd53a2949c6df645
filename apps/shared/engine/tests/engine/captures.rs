//! Variables taken from responses, in every form.

use domain::RunState;
use serde_json::{Value, json};
use testkit::target::{Reply, Target};

use crate::rig::{Ran, Rig};

async fn capturing(reply: Reply, captures: &str) -> Ran {
    let target = Target::start().await;
    target.on("GET /", reply);
    Rig::new(&target).run(&format!("- get: {{url: \"${{base}}/\", save_from_response: {captures}}}")).await
}

async fn captured(reply: Reply, captures: &str) -> Value {
    let ran = capturing(reply, captures).await;
    let [capture] = ran.captures("1") else { panic!("{}", ran.reason()) };
    assert_eq!(ran.outcome().state, RunState::Passed);
    capture.value.clone()
}

async fn missed(reply: Reply, captures: &str) -> String {
    let ran = capturing(reply, captures).await;
    assert_eq!(ran.outcome().state, RunState::Failed);
    let reason = ran.step_reason("1");
    reason.split_once("/: ").expect("the reason names the step").1.to_owned()
}

#[tokio::test]
async fn every_source_gives_its_value() {
    let reply = || {
        Reply::json(r#"{"auth": {"token": "abc"}, "list": [1, 2.5], "html": "<i>x</i>"}"#)
            .header("X-Request", "r-1")
            .header("set-cookie", "sid=s=1; Path=/; HttpOnly")
    };
    assert_eq!(captured(reply(), "{v: $.auth.token}").await, json!("abc"));
    assert_eq!(captured(reply(), "[{variable_name: v, json_path: auth.token}]").await, json!("abc"));
    assert_eq!(captured(reply(), "[{variable_name: v, json_path: list}]").await, json!([1, 2.5]));
    assert_eq!(captured(reply(), "[{variable_name: v, json_path: \"$.list[*]\"}]").await, json!([1, 2.5]));
    assert_eq!(captured(reply(), "[{variable_name: v, json_path: \"list[1]\"}]").await, json!(2.5));
    assert_eq!(captured(reply(), "[{variable_name: v, header: x-request}]").await, json!("r-1"));
    assert_eq!(captured(reply(), "[{variable_name: v, cookie: sid}]").await, json!("s=1"));
    assert_eq!(captured(reply(), "[{variable_name: v, regex: '\"token\": \"(\\w+)\"'}]").await, json!("abc"));
    assert_eq!(captured(reply(), "[{variable_name: v, regex: '\\d\\.\\d'}]").await, json!("2.5"));
    let page = Reply::text("<h1>Hello <b>you</b></h1>");
    assert_eq!(captured(page, "[{variable_name: v, html: h1}]").await, json!("Hello you"));
}

#[tokio::test]
async fn a_bare_path_is_also_tried_below_json() {
    let echo = || Reply::json(r#"{"json": {"user": {"name": "ada"}}, "user": {}}"#);
    assert_eq!(captured(echo(), "[{variable_name: v, json_path: user.name}]").await, json!("ada"));
    // With the `$` written out it is exactly that path.
    assert_eq!(
        missed(echo(), "[{variable_name: v, json_path: $.user.name}]").await,
        "`v` cannot be captured: nothing matches $.user.name (at $.user the object is empty)."
    );
}

#[tokio::test]
async fn no_match_fails_the_step_and_says_what_was_there() {
    let reply = || Reply::json(r#"{"error": "no", "code": 3, "list": [1]}"#);
    for (capture, reason) in [
        ("json_path: auth.token", "`v` cannot be captured: nothing matches $.auth.token (there is error, code, list)."),
        ("json_path: code.x", "`v` cannot be captured: nothing matches $.code.x (at $.code it is a number)."),
        ("json_path: \"list[7]\"", "`v` cannot be captured: nothing matches $.list[7] (at $.list the list has 1)."),
        ("header: x-a", "`v` cannot be captured: the response has no header `x-a`."),
        ("cookie: sid", "`v` cannot be captured: the response sets no cookie `sid`."),
        ("html: h1", "`v` cannot be captured: nothing in the page matches `h1`."),
        ("regex: zzz", "`v` cannot be captured: nothing in the body matches `zzz`."),
    ] {
        assert_eq!(missed(reply(), &format!("[{{variable_name: v, {capture}}}]")).await, reason);
    }
    assert_eq!(
        missed(Reply::text("Oops"), "{v: $.a}").await,
        "`v` cannot be captured: the body is not JSON: it begins with Oops."
    );
}

#[tokio::test]
async fn a_default_stands_in() {
    let reply = || Reply::json("{}");
    assert_eq!(captured(reply(), "[{variable_name: v, json_path: a, default: 5}]").await, json!(5));
    assert_eq!(captured(Reply::text("x"), "[{variable_name: v, json_path: a, default: [1]}]").await, json!([1]));
}

#[tokio::test]
async fn types_are_kept_from_one_step_to_the_next() {
    let target = Target::start().await;
    target.on("GET /", Reply::json(r#"{"n": 5, "b": true, "s": "5", "o": {"x": [1]}, "z": null}"#));
    target.on("POST /", Reply::ok());
    let ran = Rig::new(&target)
        .run(
            r#"
- get: {url: "${base}/", save_from_response: {n: $.n, b: $.b, s: $.s, o: $.o, z: $.z}}
- post: {url: "${base}/?n=${n}", body: {n: "${n}", b: "${b}", s: "${s}", x: "${o.x[0]}", o: "${o}", z: "${z}", t: "n=${n} o=${o}"}}
"#,
        )
        .await;
    assert!(ran.all_passed(), "{}", ran.reason());
    let request = &target.requests()[1];
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(
        body,
        json!({"n": 5, "b": true, "s": "5", "x": 1, "o": {"x": [1]}, "z": null, "t": "n=5 o={\"x\":[1]}"})
    );
}

#[tokio::test]
async fn captures_are_made_even_if_an_expectation_fails_so_that_finally_can_clean_up() {
    let target = Target::start().await;
    target.on("POST /orders", Reply::json(r#"{"id": 9, "state": "odd"}"#));
    target.on("DELETE /orders/9", Reply::ok());
    let ran = Rig::new(&target)
        .run(
            r#"
steps:
  - name: Order
    post: {url: "${base}/orders", expect: {json: {state: new}}, save_from_response: {id: $.id, no: $.no}}
finally:
  - delete: {url: "${base}/orders/${id}"}
"#,
        )
        .await;
    assert_eq!(ran.states(), "1 failed, finally.1 passed");
    assert_eq!(ran.reason(), "Order: $.state: expected \"new\", received \"odd\".");
}

#[tokio::test]
async fn expectations_see_the_values_from_before_the_step() {
    let target = Target::start().await;
    target.on_each("GET /", [Reply::json(r#"{"v": 1}"#), Reply::json(r#"{"v": 2}"#)]);
    let ran = Rig::new(&target)
        .run(
            r#"
- get: {url: "${base}/", save_from_response: {v: $.v}}
- get: {url: "${base}/", save_from_response: {v: $.v}, expect: {json: {v: "${v}"}}}
"#,
        )
        .await;
    assert!(ran.reason().ends_with("$.v: expected 1, received 2."), "{}", ran.reason());
}

//! What targets and captured values may try.

use std::time::{Duration, Instant};

use domain::RunState;
use serde_json::json;
use testkit::target::{Reply, Target};

use crate::rig::Rig;

const MIB: usize = 1024 * 1024;

#[tokio::test]
async fn line_breaks_from_a_response_reach_no_header_and_no_url() {
    let target = Target::start().await;
    target.on("/evil", Reply::json(json!({"v": "x\r\nx-injected: 1", "n": "a\0b"}).to_string()));
    for (place, told) in [
        ("get: {url: \"${base}/${v}\"}", "The URL holds a line break (CR or LF)"),
        ("get: {url: \"http://${v}/\"}", "The URL holds a line break (CR or LF)"),
        ("get: {url: \"${base}/\", query: {q: \"${v}\"}}", "The query value `q` holds a line break (CR or LF)"),
        ("get: {url: \"${base}/\", headers: {x-a: \"${v}\"}}", "The header `x-a` holds a line break (CR or LF)"),
        ("get: {url: \"${base}/\", headers: {x-a: \"${n}\"}}", "The header `x-a` holds a NUL character"),
        (
            "get: {url: \"${base}/\", auth: {bearer: \"${v}\"}}",
            "The bearer token of `auth` holds a line break (CR or LF)",
        ),
    ] {
        let before = target.counts().requests;
        let plan = format!("- get: {{url: \"${{base}}/evil\", save_from_response: {{v: $.v, n: $.n}}}}\n- {place}\n");
        let ran = Rig::new(&target).run(&plan).await;
        assert_eq!(ran.states(), "1 passed, 2 failed");
        assert_eq!(ran.step_reason("2"), format!("{told}, which must not be sent."));
        assert_eq!(target.counts().requests, before + 1, "nothing of it went out");
    }
}

#[tokio::test]
async fn what_was_put_in_is_never_expanded_again() {
    let target = Target::start().await;
    target.on("/evil", Reply::json(json!({"v": "${SECRET} $${x} ${nobody}"}).to_string()));
    target.on("POST /", Reply::ok());
    let ran = Rig::new(&target)
        .secret("SECRET", "do-not-leak")
        .run("- get: {url: \"${base}/evil\", save_from_response: {v: $.v}}\n- post: {url: \"${base}/\", body: {v: \"${v}\", t: \"<${v}>\"}}\n")
        .await;
    assert!(ran.all_passed(), "{}", ran.reason());
    let body: serde_json::Value = serde_json::from_slice(&target.requests()[1].body).unwrap();
    assert_eq!(body, json!({"v": "${SECRET} $${x} ${nobody}", "t": "<${SECRET} $${x} ${nobody}>"}));
}

#[tokio::test]
async fn variables_that_double_each_other_end_in_an_error() {
    let target = Target::start().await;
    let mut plan = "variables:\n  v0: 0123456789abcdef\n".to_owned();
    for n in 1..40 {
        plan.push_str(&format!("  v{n}: \"${{v{}}}${{v{}}}\"\n", n - 1, n - 1));
    }
    plan.push_str("steps:\n- get: {url: \"${base}/${v39}\"}\n");
    let begun = Instant::now();
    let ran = Rig::new(&target).run(&plan).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(ran.outcome().state, RunState::Errored);
    assert!(ran.reason().contains("too long"), "{}", ran.reason());
}

#[tokio::test]
async fn bodies_are_accepted_up_to_five_mebibytes() {
    let target = Target::start().await;
    target.on("/most", Reply::text(vec![b'x'; 5 * MIB])).on("/more", Reply::text(vec![b'x'; 5 * MIB + 1]));
    let rig = Rig::new(&target);
    let ran = rig.run("- get: {url: \"${base}/most\", expect: {size: 5242880, body: {ends_with: x}}}").await;
    assert!(ran.all_passed(), "{}", ran.reason());
    let body = &ran.report("1").response.as_ref().unwrap().body;
    assert_eq!((body.text.len(), body.size, body.cut), (64 * 1024, 5 * MIB as u64, true));
    let ran = rig.run("- get: {url: \"${base}/more\"}").await;
    assert!(ran.reason().contains("is larger than 5 MiB"), "{}", ran.reason());
}

async fn judged_soon(reply: Reply, expect: &str) -> String {
    let target = Target::start().await;
    target.on("/", reply);
    let begun = Instant::now();
    let ran = Rig::new(&target).run(&format!("- {{name: Look, get: {{url: \"${{base}}/\", expect: {expect}}}}}")).await;
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?} for {expect}", begun.elapsed());
    ran.reason().to_owned()
}

#[tokio::test]
async fn deep_and_crowded_json_is_refused() {
    let deep = || Reply::json("[".repeat(400_000));
    assert_eq!(judged_soon(deep(), "{json: [1]}").await, "Look: the body is JSON nested more than 128 levels deep.");
    assert_eq!(
        judged_soon(deep(), "{json_path: {\"$..a\": 1}}").await,
        "Look: $..a: the body is JSON nested more than 128 levels deep.".replace("$..a: ", "")
    );
    let crowd = format!("[{}1]", "1,".repeat(2 * MIB));
    assert_eq!(
        judged_soon(Reply::json(crowd), "{json: [1]}").await,
        "Look: the body is JSON with more than 500000 values."
    );
    let open = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
    assert_eq!(judged_soon(Reply::json(open), "{json_path: {\"$.a.a\": {type: object}}}").await, "");
}

#[tokio::test]
async fn deep_pages_cost_nothing() {
    let page = || Reply::ok().header("content-type", "text/html").body("<div>".repeat(50_000));
    assert_eq!(
        judged_soon(page(), "{html: [{path: p, equal: x}]}").await,
        "Look: the page has elements nested more than 512 levels deep."
    );
}

#[tokio::test]
async fn a_schema_that_refers_to_itself_for_ever_ends() {
    let reason = judged_soon(Reply::json("[[[[]]]]"), "{json_schema: {type: array, items: {$ref: \"#\"}}}").await;
    assert_eq!(reason, "");
    // These never look deeper into the body: it counts that they end.
    for schema in [
        "{$ref: \"#\"}",
        "{allOf: [{$ref: \"#\"}]}",
        "{not: {anyOf: [{$ref: \"#\"}]}}",
        "{$ref: \"#/$defs/a\", $defs: {a: {$ref: \"#/$defs/b\"}, b: {$ref: \"#/$defs/a\"}}}",
    ] {
        judged_soon(Reply::json("[]"), &format!("{{json_schema: {schema}}}")).await;
    }
}

#[tokio::test]
async fn large_bodies_are_judged_on_every_kind_of_runtime() {
    let list = format!("[{}0]", "0,".repeat(300_000));
    for threads in [1, 2] {
        let list = list.clone();
        let reason = tokio::task::spawn_blocking(move || {
            let mut builder = match threads {
                1 => tokio::runtime::Builder::new_current_thread(),
                _ => tokio::runtime::Builder::new_multi_thread(),
            };
            builder
                .enable_all()
                .build()
                .unwrap()
                .block_on(judged_soon(Reply::json(list), "{json_path: {\"$\": {length: 300001}}}"))
        });
        assert_eq!(reason.await.unwrap(), "");
    }
}

#[tokio::test]
async fn binary_bodies_are_counted_and_not_shown() {
    let target = Target::start().await;
    target.on("/", Reply::ok().body(vec![0, 159, 146, 150, 255]));
    let ran = Rig::new(&target).run("- get: {url: \"${base}/\", expect: {size: 5}}").await;
    assert!(ran.all_passed());
    let body = &ran.report("1").response.as_ref().unwrap().body;
    assert_eq!((body.text.as_str(), body.size, body.binary), ("", 5, true));
}

#[tokio::test]
async fn hostile_patterns_take_linear_time() {
    let reply = Reply::text("a".repeat(MIB));
    judged_soon(reply, "{body: {matches: \"(a+)+$\"}, string: b}").await;
}

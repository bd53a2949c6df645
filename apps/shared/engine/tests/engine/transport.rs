//! Retries, redirects, cookies, deadlines, and what servers do wrong.

use std::time::{Duration, Instant};

use domain::{RunState, StepState};
use testkit::target::{Act, Authority, Reply, Target};

use crate::rig::Rig;

/// A port of loopback on which nothing listens.
async fn closed() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn connection_failures_are_retried_and_every_attempt_is_listed() {
    let base = closed().await;
    let ran = Rig::anywhere()
        .with("base", base.as_str())
        .run("- {name: Pay, post: {url: \"${base}/\", options: {retries: 2}}}")
        .await;
    let report = ran.report("1");
    assert_eq!((report.state, report.attempts.len()), (StepState::Failed, 3));
    let place = base.strip_prefix("http://").unwrap();
    for attempt in &report.attempts {
        assert_eq!(attempt.error.as_deref().unwrap(), format!("Nothing listens at {place} (connection refused)."));
    }
    assert_eq!(ran.reason(), format!("Pay: Nothing listens at {place} (connection refused) (tried 3 times)."));
    assert_eq!(report.request.as_ref().unwrap().method, "POST");
    assert!(report.response.is_none() && report.expectations.is_empty());
}

#[tokio::test]
async fn a_second_attempt_that_works_is_what_counts() {
    let target = Target::start().await;
    target
        .on_each("GET /", [Reply::script(vec![Act::Reset]), Reply::script(vec![Act::Reset]), Reply::ok().status(503)]);
    let ran = Rig::new(&target).run("- {name: Look, get: {url: \"${base}/\", options: {retries: 3}}}").await;
    let report = ran.report("1");
    assert!(report.attempts.len() > 1 && report.attempts[0].error.is_some());
    assert_eq!(report.attempts.last().unwrap().error, None);
    let tries = report.attempts.len();
    assert_eq!(ran.reason(), format!("Look answered 503 where 2xx was expected, after {tries} attempts."));
}

#[tokio::test]
async fn a_response_is_never_retried_and_neither_is_a_post_that_may_have_arrived() {
    let target = Target::start().await;
    target.on("GET /", Reply::ok().status(503)).on("POST /", vec![Act::Reset]);
    let rig = Rig::new(&target);
    let ran = rig.run("- get: {url: \"${base}/\", options: {retries: 5}}").await;
    assert_eq!((ran.report("1").attempts.len(), target.counts().requests), (1, 1));
    let ran = rig.run("- post: {url: \"${base}/\", options: {retries: 5}}").await;
    assert_eq!((ran.report("1").attempts.len(), target.counts().requests), (1, 2));
    assert!(ran.reason().contains("before it answered"), "{}", ran.reason());
}

#[tokio::test]
async fn the_timeout_covers_the_body_and_all_attempts() {
    let target = Target::start().await;
    let head = b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n".to_vec();
    target.on("/drip", vec![Act::Send(head), Act::Drip(vec![b'x'; 1000], Duration::from_millis(20))]);
    let begun = Instant::now();
    let ran = Rig::new(&target).run("- get: {url: \"${base}/drip\", options: {timeout: 200ms, retries: 9}}").await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(ran.reason().contains("had not sent the whole body within "), "{}", ran.reason());
    assert_eq!(ran.report("1").attempts.len(), 1);
    let begun = Instant::now();
    let base = closed().await;
    let ran = Rig::anywhere()
        .with("base", base)
        .run("- get: {url: \"${base}/\", options: {timeout: 300ms, retries: 1000}}")
        .await;
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!((2..20).contains(&ran.report("1").attempts.len()));
}

#[tokio::test]
async fn redirects_are_followed_only_if_asked_for() {
    let target = Target::start().await;
    target.on("/a", Reply::redirect("/b").header("set-cookie", "on=way")).on("/b", Reply::text("there"));
    let rig = Rig::new(&target);
    let ran = rig.run("- get: {url: \"${base}/a\"}").await;
    assert!(ran.reason().ends_with("/a answered 302 where 2xx was expected."), "{}", ran.reason());
    let ran = rig.run("- get: {url: \"${base}/a\", options: {follow_redirects: true}, expect: {string: there}}").await;
    assert!(ran.all_passed(), "{}", ran.reason());
    let response = ran.report("1").response.as_ref().unwrap();
    assert_eq!(
        (response.redirects[0].status, response.redirects[0].location.as_str()),
        (302, target.url("/b").as_str())
    );
    assert!(ran.finished[0].progress.cookies.as_ref().unwrap()[0].contains("on=way"));
    target.on("/loop", Reply::redirect("/loop"));
    let ran = rig.run("- get: {url: \"${base}/loop\", options: {follow_redirects: true}}").await;
    assert!(ran.reason().contains("The redirects go in a circle"), "{}", ran.reason());
}

#[tokio::test]
async fn a_run_has_one_jar_and_a_request_may_do_without() {
    let target = Target::start().await;
    target.on("/in", Reply::ok().header("set-cookie", "sid=abc; Path=/")).on("/me", Reply::ok());
    let ran = Rig::new(&target)
        .run("- get: {url: \"${base}/in\"}\n- get: {url: \"${base}/me\"}\n- get: {url: \"${base}/me\", options: {cookies: false}}\n")
        .await;
    assert!(ran.all_passed());
    let requests = target.requests();
    assert_eq!(requests[1].header("cookie"), Some("sid=abc"));
    assert_eq!(requests[2].header("cookie"), None);
    assert!(ran.finished[0].progress.cookies.is_some() && ran.finished[1].progress.cookies.is_none());
    // Another run knows nothing of it.
    Rig::new(&target).run("- get: {url: \"${base}/me\"}").await;
    assert_eq!(target.requests()[3].header("cookie"), None);
}

#[tokio::test]
async fn an_untrusted_certificate_fails_unless_the_plan_accepts_it() {
    let target = Target::start_tls(&Authority::new().issue(&["localhost"])).await;
    target.on("/", Reply::ok());
    let rig = Rig::new(&target);
    let ran = rig.run("- get: {url: \"${base}/\"}").await;
    assert!(ran.reason().contains("is not issued by anyone trusted"), "{}", ran.reason());
    assert_eq!(ran.outcome().state, RunState::Failed);
    let ran = rig.run("- get: {url: \"${base}/\", options: {verify_tls: false}}").await;
    assert!(ran.all_passed(), "{}", ran.reason());
}

#[tokio::test]
async fn a_blocked_address_says_so() {
    let mut rig = Rig::anywhere();
    rig.egress = egress::Egress::new(egress::Policy::public());
    let ran = rig.run("- {name: Inside, get: {url: \"http://169.254.169.254/latest\"}}").await;
    assert_eq!(
        ran.reason(),
        "Inside: 169.254.169.254 is not a public address, and requests may go to public addresses only."
    );
}

#[tokio::test]
async fn requests_go_out_as_the_plan_says() {
    let target = Target::start().await;
    target.on("/", Reply::ok());
    let ran = Rig::new(&target)
        .run(
            r#"
- post: { url: "${base}/?a=1", query: { b: [1, 2], c: "x y" }, headers: { x-a: "1" }, body: { n: 1 }, auth: { basic: { user: u, password: pass-word } } }
- put: { url: "${base}/", form: { a: "1 2", b: [x, y] } }
- patch: { url: "${base}/", body: "plain" }
- options: { url: "${base}/" }
- head: { url: "${base}/" }
"#,
        )
        .await;
    assert!(ran.all_passed(), "{}", ran.reason());
    let requests = target.requests();
    assert_eq!(requests[0].target, "/?a=1&b=1&b=2&c=x%20y");
    assert_eq!(requests[0].body, b"{\"n\":1}");
    assert_eq!(requests[0].header("content-type"), Some("application/json"));
    assert_eq!(requests[0].header("authorization"), Some("Basic dTpwYXNzLXdvcmQ="));
    assert_eq!(requests[1].body, b"a=1+2&b=x&b=y");
    assert_eq!(requests[2].header("content-type"), Some("text/plain; charset=utf-8"));
    let methods: Vec<_> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["POST", "PUT", "PATCH", "OPTIONS", "HEAD"]);
    let sent = ran.report("1").request.as_ref().unwrap();
    assert_eq!(sent.body.as_ref().unwrap().text, "{\"n\":1}");
    assert!(sent.headers.iter().any(|header| header == ("authorization", "Basic •••")));
}

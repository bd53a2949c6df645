//! Texts from plans and targets are inert in every page.

use serde_json::json;

use crate::{
    app::TestApp,
    executed::{execute, failed},
};

const EVIL: &str = "</title></pre></textarea><script>alert(1)</script><img src=x onerror=alert(2)>\"'`${7*7}{{7*7}}";

#[tokio::test]
async fn whatever_a_target_or_a_plan_says_stays_text() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    // Names take no placeholders; everywhere else text may look like one.
    let name = serde_json::to_string(&EVIL.replace("${7*7}", "")).unwrap();
    let quoted = serde_json::to_string(EVIL).unwrap().replace("${", "$${");
    let text = format!(
        "name: {name}\ndescription: {name}\nsteps:\n- name: {quoted}\n  get: {{ url: \"https://api.example.com/\", headers: {{ x-evil: {quoted} }} }}\n"
    );
    // Form and text both carry it; the name must be short enough and on one line.
    let answer = ada.browser.post("/plans", &[("name", EVIL), ("text", &text)]).await;
    let plan = answer.location()["/plans/".len()..].parse().unwrap();
    let mut report = failed("1");
    report.name = EVIL.to_owned();
    report.url = format!("https://api.example.com/{EVIL}");
    report.method = EVIL.into();
    report.reason = Some(EVIL.to_owned());
    let expectation = &mut report.expectations[0];
    expectation.kind = EVIL.into();
    expectation.name = Some(EVIL.to_owned());
    expectation.expected = json!({ EVIL: EVIL });
    expectation.received = Some(json!(EVIL));
    expectation.message = Some(EVIL.to_owned());
    report.captures[0].name = EVIL.to_owned();
    report.captures[0].value = json!([EVIL]);
    report.attempts[0].error = Some(EVIL.to_owned());
    let request = report.request.as_mut().unwrap();
    request.headers.push(EVIL, EVIL);
    request.url = EVIL.to_owned();
    request.body.as_mut().unwrap().text = EVIL.to_owned();
    let response = report.response.as_mut().unwrap();
    response.headers = [("content-type", EVIL), (EVIL, EVIL)].into_iter().collect();
    response.version = EVIL.into();
    response.body.text = EVIL.to_owned();
    response.redirects.push(domain::report::Redirect { status: 302, location: EVIL.to_owned() });
    let run = execute(&app, &ada, plan, &[report]).await;

    let mut paths: Vec<String> = ["/", "/plans", "/runs", "/plans/new"].map(str::to_owned).to_vec();
    paths.extend(["", "/edit", "/delete", "/versions", "/versions/1"].map(|part| format!("/plans/{plan}{part}")));
    for tab in ["expectations", "response", "request", "captures", "timing"] {
        paths.push(format!("/runs/{run}?step=1&tab={tab}"));
        paths.push(format!("/runs/{run}/live?step=1&tab={tab}"));
    }
    let evil = url::form_urlencoded::byte_serialize(EVIL.as_bytes()).collect::<String>();
    paths.extend([
        format!("/plans?q={evil}"),
        format!("/runs?q={evil}&state={evil}"),
        format!("/runs?plan={plan}&x={evil}"),
        format!("/sign-in?next={evil}"),
    ]);
    let mut seen = 0;
    for path in paths {
        let page = ada.browser.get(&path).await.text;
        for alive in ["<script>alert", "<img", "onerror=alert(2)>"] {
            assert!(!page.contains(alive), "{path} holds {alive}");
        }
        seen += page.matches("&#60;script&#62;alert(1)").count();
    }
    assert!(seen > 40, "the text is on the pages, as text: {seen} times");
    let refused = ada.browser.post("/plans", &[("name", EVIL), ("text", EVIL)]).await;
    assert_eq!(refused.status, 422);
    assert!(!refused.text.contains("<script>alert"), "{}", refused.text);
    let refused = app.browser().post("/sign-up", &[("email", EVIL), ("organization", EVIL), ("password", "x")]).await;
    assert!(refused.status == 422 && !refused.text.contains("<script>alert"), "{}", refused.text);
}

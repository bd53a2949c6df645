//! Secrets never show, whatever a target makes of them.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use serde_json::json;
use testkit::target::{Reply, Target};

use crate::rig::Rig;

const SECRET: &str = "s3cr3t/+\"é& pass";

/// Answers with the request's own body and headers in every spelling.
fn echo() -> Reply {
    Reply::made(|request| {
        let secret = request.header("x-secret").unwrap_or_default().to_owned();
        let percent: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let form: String = secret
            .split(' ')
            .map(|word| word.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>())
            .collect::<Vec<_>>()
            .join("+");
        let body = json!({
            "raw": secret,
            "base64": STANDARD.encode(&secret),
            "inside": STANDARD.encode(format!("user:{secret}!")),
            "url_safe": URL_SAFE_NO_PAD.encode(&secret),
            "percent": percent,
            "form": form,
            "json": serde_json::to_string(&secret).unwrap(),
            "shout": secret.to_uppercase(),
            &secret: "as a key",
        });
        Reply::json(body.to_string()).header("x-echo", format!("<{percent}>")).status(500)
    })
}

fn never_shows(shown: &str, secret: &str) {
    let percent: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
    for spelled in [
        secret.to_owned(),
        serde_json::to_string(secret).unwrap().trim_matches('"').to_owned(),
        // As the report itself is JSON once more.
        serde_json::to_string(&serde_json::to_string(secret).unwrap()).unwrap().trim_matches(['"', '\\']).to_owned(),
        percent.clone(),
        percent.to_uppercase(),
        STANDARD.encode(secret)[..16].to_owned(),
        STANDARD.encode(format!("user:{secret}"))[8..20].to_owned(),
        URL_SAFE_NO_PAD.encode(secret)[..16].to_owned(),
    ] {
        assert!(!shown.contains(&spelled), "{spelled} shows in {shown}");
    }
}

#[tokio::test]
async fn a_secret_from_outside_is_masked_in_all_that_is_reported() {
    let target = Target::start().await;
    target.on("POST /", echo());
    let plan = r#"
name: Secrets
steps:
  - name: Tell ${SECRET}
    on_failure: continue
    post:
      url: "${base}/"
      query: { q: "${SECRET}" }
      headers: { x-secret: "${SECRET}" }
      body: { p: "${SECRET}" }
      expect:
        json: { raw: "not ${SECRET}", percent: 1, form: x }
        json_path: { $.raw: { not_equal: "${SECRET}" }, $.base64: x }
        headers: { x-echo: "${SECRET}" }
        string: "${SECRET}!!"
        body: { matches: "^${SECRET}$" }
      save_from_response: { copy: $.raw, gone: $.gone, whole: $ }
  - name: Nowhere
    get: { url: "${base}/${SECRET}", options: { timeout: "${SECRET}" } }
"#;
    let ran = Rig::new(&target).secret("SECRET", SECRET).run(plan).await;
    assert_eq!(ran.states(), "1 failed, 2 failed");
    assert!(target.requests()[0].header("x-secret").is_some());
    never_shows(&ran.shown(), SECRET);
    assert!(ran.report("1").name.contains("Tell •••"));
    // What the run itself needs is untouched.
    assert_eq!(ran.finished[0].progress.captures[0].value, json!(target.requests()[0].header("x-secret").unwrap()));
}

#[tokio::test]
async fn a_captured_secret_is_masked_from_its_own_step_on() {
    let target = Target::start().await;
    target.on("/login", Reply::json(r#"{"token": "tok-123456", "n": 98765432}"#).header("x-token", "tok-123456"));
    target.on("/me", Reply::text("tok-123456 98765432"));
    let ran = Rig::new(&target)
        .run(
            r#"
- get:
    url: "${base}/login"
    expect: { json: { token: tok-123456 }, headers: { x-token: tok-123456 } }
    save_from_response:
      - { variable_name: token, json_path: token, secret: true }
      - { variable_name: n, json_path: n, secret: true }
      - { variable_name: again, json_path: token }
- get: { url: "${base}/me?token=${token}", headers: { authorization: "Bearer ${token}" } }
"#,
        )
        .await;
    assert!(ran.all_passed(), "{}", ran.reason());
    assert_eq!(target.requests()[1].header("authorization"), Some("Bearer tok-123456"));
    let shown = ran.shown();
    assert!(!shown.contains("tok-123456") && !shown.contains("98765432"), "{shown}");
    assert!(ran.report("2").url.ends_with("/me?token=•••"));
    let captures: Vec<_> = ran.captures("1").iter().map(|c| (c.name.as_str(), c.value.clone(), c.secret)).collect();
    assert_eq!(captures, [("token", json!("•••"), true), ("n", json!("•••"), true), ("again", json!("•••"), false)]);
}

#[tokio::test]
async fn credentials_are_masked_wherever_they_come_back() {
    let target = Target::start().await;
    target.on(
        "/",
        Reply::made(|request| Reply::text(format!("you sent {:?}", request.header("authorization"))).status(401)),
    );
    let ran = Rig::new(&target)
        .run("on_failure: continue\nsteps:\n- get: {url: \"${base}/\", auth: {basic: {user: me, password: open-sesame}}}\n- get: {url: \"${base}/\", auth: {bearer: my-bearer-token}}\n- get: {url: \"${base}/\", headers: {authorization: \"Custom abc\"}}\n")
        .await;
    let shown = ran.shown();
    for secret in ["open-sesame", &STANDARD.encode("me:open-sesame"), "my-bearer-token"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let sent = |path: &str| {
        let headers = &ran.report(path).request.as_ref().unwrap().headers;
        headers.iter().find(|(name, _)| *name == "authorization").unwrap().1.to_owned()
    };
    assert_eq!((sent("1"), sent("2"), sent("3")), ("Basic •••".into(), "Bearer •••".into(), "Custom •••".into()));
}

#[tokio::test]
async fn the_password_of_a_url_shows_nowhere() {
    let target = Target::start().await;
    target.on("/", Reply::ok());
    let base = target.url("").replace("http://", "http://me:url%2Dpassword@");
    let ran = Rig::new(&target).with("with", base).run("- get: {url: \"${with}/\"}").await;
    assert!(ran.all_passed(), "{}", ran.reason());
    assert!(target.requests()[0].header("authorization").unwrap().starts_with("Basic "));
    let shown = ran.shown();
    assert!(!shown.contains("url%2Dpassword") && !shown.contains("url-password"), "{shown}");
}

#[tokio::test]
async fn a_secret_too_large_to_mask_is_not_captured() {
    let target = Target::start().await;
    target.on("/", Reply::json(json!({"list": (0..5_000).collect::<Vec<_>>()}).to_string()));
    let ran = Rig::new(&target)
        .run("- get: {url: \"${base}/\", save_from_response: [{variable_name: v, json_path: list, secret: true}]}")
        .await;
    assert!(ran.reason().contains("`v` cannot be captured: The secrets of this run are too many"), "{}", ran.reason());
    assert!(ran.captures("1").is_empty());
}

#[tokio::test]
async fn a_long_secret_across_a_cut_does_not_show_its_beginning() {
    let target = Target::start().await;
    let secret = "Kq7".repeat(3_000);
    target.on("/", Reply::json(json!({"pad": "x".repeat(150), "v": secret}).to_string()));
    let ran = Rig::new(&target)
        .secret("SECRET", secret)
        .run("- get: {url: \"${base}/\", expect: {json_path: {$: 1}, string: no, body: {equal: no}, json: {v: 1}}}")
        .await;
    assert!(!ran.shown().contains("Kq7Kq7"), "{}", ran.shown());
}

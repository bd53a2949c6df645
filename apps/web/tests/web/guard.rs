//! What other sites can cause (nothing), and what browsers are told about our pages.

use reqwest::Method;

use crate::app::{On, PLAN, TestApp, pages};

#[tokio::test]
async fn another_site_changes_nothing() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Mine", PLAN).await;
    let host = app.address.to_string();
    let own = format!("http://{host}");
    let from: [(&[(&str, &str)], bool); 7] = [
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site"), ("origin", &own)], false),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "null")], false),
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("origin", &own)], true),
    ];
    for (headers, passes) in from {
        let answer = ada.browser.send(Method::POST, &format!("/plans/{plan}/runs"), headers, None).await;
        if passes {
            assert!(answer.location().starts_with("/runs/"), "{headers:?}");
        } else {
            assert_eq!(answer.status, 403, "{headers:?}");
            assert!(answer.text.contains("came from another site"));
        }
    }
    let runs = app.store.runs(ada.member.tenant(), store::RunFilter::default()).await.unwrap();
    assert_eq!(runs.items.len(), 2, "only what our own pages sent was done");
}

#[tokio::test]
async fn every_route_that_changes_something_is_guarded() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let posts: Vec<_> = pages().filter(|route| route.method != "GET").collect();
    assert!(posts.len() >= 8, "{posts:?}");
    for route in posts {
        let method = Method::from_bytes(route.method.as_bytes()).unwrap();
        let answer = ada.browser.send(method, route.path, &[("sec-fetch-site", "cross-site")], None).await;
        assert_eq!(answer.status, 403, "{route:?}");
    }
}

#[tokio::test]
async fn pages_forbid_browsers_what_they_need_not() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    for path in ["/", "/plans", "/plans/new", "/docs", "/nothing-here", "/healthz"] {
        let answer = ada.browser.get(path).await;
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "not over plain http");
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
    }
}

#[tokio::test]
async fn the_nonce_of_a_page_is_that_of_its_policy_and_never_the_same_twice() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let nonce = async || {
        let answer = ada.browser.get("/plans/new").await;
        let policy = answer.header("content-security-policy");
        let nonce = policy.split("'nonce-").nth(1).unwrap().split('\'').next().unwrap().to_owned();
        let named: Vec<_> = answer.text.split("nonce=\"").skip(1).map(|rest| rest[..32].to_owned()).collect();
        assert!(named.iter().all(|name| *name == nonce), "{named:?} {nonce}");
        nonce
    };
    assert_ne!(nonce().await, nonce().await);
}

#[tokio::test]
async fn pages_have_no_inline_scripts_styles_or_handlers() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Mine", PLAN).await;
    for path in
        ["/", "/plans", "/plans/new", "/docs", "/runs", &format!("/plans/{plan}"), &format!("/plans/{plan}/edit")]
    {
        let page = ada.browser.get(path).await.page();
        for forbidden in [" style=\"", "<style", " onclick=", " onload=", "javascript:"] {
            assert!(!page.contains(forbidden), "{path} holds {forbidden}");
        }
        for script in page.split("<script").skip(1) {
            assert!(script.split('>').next().unwrap().contains("src=\"/assets/"), "{path}: {script}");
        }
    }
}

#[tokio::test]
async fn over_tls_browsers_are_told_to_stay_there() {
    let app = TestApp::start_with(On::Sqlite, &[("ORIGIN", "https://smokex.example")], |_| {}).await;
    let answer = app.browser().get("/").await;
    assert!(answer.header("strict-transport-security").starts_with("max-age=63072000"));
}

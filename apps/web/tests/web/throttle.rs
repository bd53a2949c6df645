//! Guessing passwords is slow, and nobody is locked out by it.

use std::{num::NonZeroU32, time::Duration};

use web::Config;

use crate::app::{On, TestApp};

fn few(config: &mut Config) {
    config.limits.account_burst = NonZeroU32::new(2).unwrap();
    config.limits.account_refill = Duration::from_secs(5);
}

fn form(email: &str) -> [(&str, &str); 2] {
    [("email", email), ("password", "wrong horse battery")]
}

#[tokio::test]
async fn an_account_takes_few_attempts_at_once_whether_it_exists_or_not_and_recovers() {
    let app = TestApp::start_with(On::Sqlite, &[], few).await;
    let browser = app.browser();
    let sign_up = [("email", "ada@example.com"), ("password", "correct horse battery")];
    browser.post("/sign-up", &sign_up).await;
    for email in ["ada@example.com", "nobody@example.com"] {
        assert_eq!(browser.post("/sign-in", &form(email)).await.status, 422);
        assert_eq!(browser.post("/sign-in", &form(email)).await.status, 422);
        let refused = browser.post("/sign-in", &form(email)).await;
        assert_eq!(refused.status, 429, "{email}");
        assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
        assert!(refused.text.contains("Nothing is locked."), "{}", refused.text);
    }
    // Another account is not affected, and this one opens again by itself.
    assert_eq!(browser.post("/sign-in", &form("eve@example.com")).await.status, 422);
    tokio::time::sleep(Duration::from_millis(5100)).await;
    assert_eq!(browser.post("/sign-in", &sign_up).await.location(), "/");
}

#[tokio::test]
async fn an_address_makes_few_attempts_over_all_accounts() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| {
        config.limits.address_burst = NonZeroU32::new(3).unwrap();
        config.limits.address_refill = Duration::from_secs(60);
    })
    .await;
    let browser = app.browser();
    for email in ["a@example.com", "b@example.com", "c@example.com"] {
        assert_eq!(browser.post("/sign-in", &form(email)).await.status, 422);
    }
    assert_eq!(browser.post("/sign-in", &form("d@example.com")).await.status, 429);
    let sign_up = [("email", "new@example.com"), ("password", "correct horse battery")];
    assert_eq!(browser.post("/sign-up", &sign_up).await.status, 429, "signing up counts too");
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_client_has_an_address_of_its_own() {
    let narrow = |config: &mut Config| {
        config.limits.address_burst = NonZeroU32::new(1).unwrap();
        config.limits.address_refill = Duration::from_secs(60);
    };
    let send = async |app: &TestApp, client: &str| {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("x-forwarded-for", client)];
        let body = b"email=a%40example.com&password=wrong".to_vec();
        app.browser().send(reqwest::Method::POST, "/sign-in", &headers, Some(body)).await.status
    };
    let trusting = TestApp::start_with(On::Sqlite, &[], |config| {
        narrow(config);
        config.serving.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    assert_eq!([send(&trusting, "192.0.2.1").await, send(&trusting, "192.0.2.2").await], [422, 422]);
    assert_eq!(send(&trusting, "192.0.2.1").await, 429);
    let suspicious = TestApp::start_with(On::Sqlite, &[], narrow).await;
    assert_eq!([send(&suspicious, "192.0.2.1").await, send(&suspicious, "192.0.2.2").await], [422, 429]);
}

//! The page about one's own account.

use reqwest::Method;
use rstest::rstest;

use crate::{
    account::{PASSWORD, sign_in, sign_up},
    app::{On, TestApp},
    browser::Browser,
};

const NEW: &str = "staple battery horse";

/// Somebody who signed up with a password, in two browsers.
async fn ada_twice(app: &TestApp) -> (Browser, Browser) {
    let (here, there) = (app.browser(), app.browser());
    assert_eq!(sign_up(&here, "ada@example.com").await.status, 303);
    assert_eq!(sign_in(&there, "ada@example.com", PASSWORD).await.location(), "/");
    (here, there)
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_only_this_session_goes_on(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let (here, there) = ada_twice(&app).await;
    assert_eq!(there.get("/plans").await.status, 200);
    let before = here.cookie("smokex").unwrap();
    let form = [("current_password", PASSWORD), ("new_password", NEW)];
    assert_eq!(here.post("/account/password", &form).await.location(), "/account?done=password");
    assert_ne!(here.cookie("smokex").unwrap(), before, "this one has a new token");
    assert!(here.get("/account?done=password").await.page().contains("Your password is changed"));
    let old = app.browser();
    old.keep("smokex", &before);
    assert_eq!(old.get("/plans").await.status, 303, "the token before opens nothing");
    assert_eq!(there.get("/plans").await.status, 303, "the other session is over at once");
    assert_eq!(sign_in(&there, "ada@example.com", PASSWORD).await.status, 422);
    assert_eq!(sign_in(&there, "ada@example.com", NEW).await.location(), "/");
    assert_eq!(app.mails_to("ada@example.com").await[0].subject, "Your password was changed");
}

#[tokio::test]
async fn what_is_wrong_with_a_change_stands_at_its_field_and_nothing_is_changed() {
    let app = TestApp::start().await;
    let (here, there) = ada_twice(&app).await;
    let refused =
        here.post("/account/password", &[("current_password", "not mine at all"), ("new_password", "short")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("id=\"current-password-error\">This is not your password."), "{}", refused.text);
    assert!(refused.text.contains("id=\"new-password-error\">Choose a password of at least 8"), "{}", refused.text);
    assert!(!refused.text.contains("not mine at all") && !refused.text.contains("value=\"short\""));

    let refused = here.post("/account/email", &[("email", "ada@"), ("email_password", "not mine")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("id=\"email-error\">Enter an e-mail address"), "{}", refused.text);
    assert!(
        refused.text.contains("id=\"email-password-error\">This is not") && refused.text.contains("value=\"ada@\"")
    );
    let same = here.post("/account/email", &[("email", "ADA@example.com"), ("email_password", PASSWORD)]).await;
    assert!(same.status == 422 && same.text.contains("This is your address already."), "{}", same.text);
    assert_eq!(there.get("/plans").await.status, 200, "nobody was signed out");
    assert_eq!(app.mails_to("ada@example.com").await.len(), 1, "only that of the sign-up");
}

#[tokio::test]
async fn guessing_the_password_of_a_browser_left_open_is_as_slow_as_at_signing_in() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| {
        config.limits.account_burst = std::num::NonZeroU32::new(3).unwrap();
        config.limits.account_refill = std::time::Duration::from_secs(60);
    })
    .await;
    let browser = app.browser();
    sign_up(&browser, "ada@example.com").await;
    for expected in [422, 422, 422, 429] {
        let form = [("current_password", "guessed wrong"), ("new_password", NEW)];
        assert_eq!(browser.post("/account/password", &form).await.status, expected);
    }
    assert_eq!(sign_in(&app.browser(), "ada@example.com", PASSWORD).await.status, 429, "the same bucket");
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn sessions_are_listed_and_ended_one_by_one_or_all_others_at_once(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let (here, there) = ada_twice(&app).await;
    let phone = app.browser();
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("user-agent", "Mozilla/5.0 (iPhone; <b>x</b>) Version/18.0 Safari/604.1"),
    ];
    let body = format!("email=ada%40example.com&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(phone.send(Method::POST, "/sign-in", &headers, Some(body.into_bytes())).await.status, 303);

    let page = here.get("/account").await.page();
    let rows: Vec<&str> = page.split("<tr>").skip(2).collect();
    assert_eq!(rows.len(), 3, "{page}");
    assert_eq!(page.matches("this one").count(), 1, "{page}");
    let row = rows.iter().find(|row| row.contains("Safari on iPhone")).expect("the phone is there");
    let end = row.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(phone.get("/plans").await.status, 200);
    assert_eq!(here.post(end, &[]).await.location(), "/account?done=ended");
    assert_eq!(phone.get("/plans").await.status, 303, "at once");
    assert_eq!(here.post(end, &[]).await.status, 404);
    assert_eq!(here.post("/account/sessions/x/end", &[]).await.status, 404);
    assert_eq!(there.get("/plans").await.status, 200, "the others go on");

    assert_eq!(here.post("/account/sessions/end", &[]).await.location(), "/account?done=others");
    assert_eq!((here.get("/plans").await.status, there.get("/plans").await.status), (200, 303));
}

//! Links by mail: a forgotten password, a confirmed address, a new one.

use std::{
    num::NonZeroU32,
    time::{Duration, Instant},
};

use reqwest::Method;
use rstest::rstest;

use crate::{
    account::{PASSWORD, sign_in, sign_up},
    app::{On, TestApp},
    browser::{Answer, Browser},
};

const NEW: &str = "staple battery horse";

async fn forgot(browser: &Browser, email: &str) -> Answer {
    browser.post("/forgot", &[("email", email)]).await
}

/// Somebody who signed up with a password, still signed in.
async fn ada(app: &TestApp) -> Browser {
    let browser = app.browser();
    assert_eq!(sign_up(&browser, "ada@example.com").await.status, 303);
    browser
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn a_forgotten_password_is_replaced_and_every_session_with_the_old_one_ends(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let signed_in = ada(&app).await;
    let browser = app.browser();
    assert_eq!(signed_in.get("/plans").await.status, 200);
    assert_eq!(forgot(&browser, " Ada@Example.com").await.location(), "/forgot/sent");
    let link = app.link_to("ada@example.com").await;
    // Looking at it changes nothing, however often.
    for _ in 0..2 {
        assert!(browser.get(&link).await.page().contains("New password"));
    }
    assert_eq!(signed_in.get("/plans").await.status, 200);
    let refused = browser.post(&link, &[("password", "password")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("among the first that are guessed"), "{}", refused.text);

    assert_eq!(browser.post(&link, &[("password", NEW)]).await.location(), "/sign-in?done=reset");
    assert_eq!(signed_in.get("/plans").await.status, 303, "the old session is over at once");
    assert_eq!(browser.get("/plans").await.status, 303, "a new password signs nobody in");
    assert_eq!(sign_in(&browser, "ada@example.com", PASSWORD).await.status, 422);
    assert_eq!(sign_in(&browser, "ada@example.com", NEW).await.location(), "/");
    assert_eq!(app.mails_to("ada@example.com").await[0].subject, "Your password was changed");
    // Whoever got the link gets mail: no banner asks for it again.
    assert!(!browser.get("/").await.page().contains("Confirm your e-mail address"));
}

#[tokio::test]
async fn a_link_is_good_once_and_so_are_all_that_were_asked_for_with_it() {
    let app = TestApp::start().await;
    ada(&app).await;
    let browser = app.browser();
    forgot(&browser, "ada@example.com").await;
    let first = app.link_to("ada@example.com").await;
    forgot(&browser, "ada@example.com").await;
    let second = app.link_to("ada@example.com").await;
    assert_ne!(first, second);
    assert_eq!(browser.post(&first, &[("password", NEW)]).await.status, 303);
    for link in [&first, &second, &format!("/reset/{}", "0".repeat(64)), "/reset/x"] {
        let over = browser.get(link).await;
        assert_eq!(over.status, 404, "{link}");
        assert!(over.text.contains("This link is not good any more"), "{}", over.text);
        assert_eq!(browser.post(link, &[("password", "another good password")]).await.status, 404, "{link}");
    }
    assert_eq!(sign_in(&browser, "ada@example.com", NEW).await.location(), "/");
    // A link for one thing is not good for another.
    let other = app.browser();
    sign_up(&other, "eve@example.com").await;
    let confirm = app.link_to("eve@example.com").await;
    let token = confirm.strip_prefix("/confirm/").expect("a link to confirm");
    assert_eq!(other.post(&format!("/reset/{token}"), &[("password", NEW)]).await.status, 404);
    assert_eq!(other.get(&confirm).await.status, 200);
}

#[tokio::test]
async fn of_many_who_use_a_link_at_once_one_does() {
    let app = TestApp::start().await;
    ada(&app).await;
    forgot(&app.browser(), "ada@example.com").await;
    let link = app.link_to("ada@example.com").await;
    let tries = (0..4).map(|n| {
        let (browser, link) = (app.browser(), link.clone());
        async move { browser.post(&link, &[("password", &format!("{NEW} {n}"))]).await.status }
    });
    let mut all = futures_util::future::join_all(tries).await;
    all.sort_unstable();
    assert_eq!(all, [303, 404, 404, 404]);
}

#[tokio::test]
async fn a_known_and_an_unknown_address_look_the_same_and_take_as_long() {
    let app = TestApp::start().await;
    ada(&app).await;
    let browser = app.browser();
    let mut answers = Vec::new();
    for email in ["ada@example.com", "nobody@example.com"] {
        let begun = Instant::now();
        let answer = forgot(&browser, email).await;
        let took = begun.elapsed();
        assert!(took >= Duration::from_millis(300), "{email}: {took:?}");
        let names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        answers.push((answer.location().to_owned(), names, answer.text));
    }
    assert_eq!(answers[0], answers[1]);
    assert_eq!(app.mails_to("ada@example.com").await[0].subject, "Choose a new password");
    assert!(app.mails_to("nobody@example.com").await.is_empty());
    let sent = browser.get("/forgot/sent").await.page();
    assert!(sent.contains("If there is an account with this address"), "{sent}");
}

#[tokio::test]
async fn links_lead_to_the_configured_origin_whatever_the_request_says_its_host_is() {
    let app = TestApp::start_with(On::Sqlite, &[("ORIGIN", "https://smokex.example")], |_| {}).await;
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example"),
    ];
    let sign_up = b"email=ada%40example.com&password=correct+horse+battery".to_vec();
    assert_eq!(app.browser().send(Method::POST, "/sign-up", &headers, Some(sign_up)).await.status, 303);
    let forgot = b"email=ada%40example.com".to_vec();
    assert_eq!(app.browser().send(Method::POST, "/forgot", &headers, Some(forgot)).await.status, 303);
    let mails = app.mails_to("ada@example.com").await;
    assert_eq!(mails.len(), 2);
    for mail in mails {
        assert!(mail.text.contains("\nhttps://smokex.example/") && !mail.text.contains("evil"), "{}", mail.text);
    }
}

#[tokio::test]
async fn nobodys_mailbox_is_filled_through_us_and_one_can_ask_again_later() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| {
        config.limits.mail_burst = NonZeroU32::new(2).unwrap();
        config.limits.mail_refill = Duration::from_secs(5);
    })
    .await;
    ada(&app).await;
    let browser = app.browser();
    assert_eq!(forgot(&browser, "ada@example.com").await.status, 303, "one went out at sign-up");
    assert_eq!(forgot(&browser, "ada@example.com").await.status, 429);
    assert_eq!(sign_up(&browser, "ada@example.com").await.status, 429, "neither by signing up");
    assert_eq!(app.mails_to("ada@example.com").await.len(), 2);
    for expected in [303, 303, 429] {
        assert_eq!(forgot(&browser, "nobody@example.com").await.status, expected, "an unknown one counts as well");
    }
    let refused = forgot(&browser, "nobody@example.com").await;
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(forgot(&browser, "nobody@example.com").await.status, 303);
}

#[tokio::test]
async fn an_address_asks_for_few_links_over_all_accounts() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| {
        config.limits.address_burst = NonZeroU32::new(2).unwrap();
        config.limits.address_refill = Duration::from_secs(60);
    })
    .await;
    let browser = app.browser();
    for (email, expected) in [("a@example.com", 303), ("b@example.com", 303), ("c@example.com", 429)] {
        assert_eq!(forgot(&browser, email).await.status, expected);
    }
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn a_banner_asks_to_confirm_until_the_link_is_followed(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let browser = ada(&app).await;
    assert!(browser.get("/plans").await.page().contains("Confirm your e-mail address"));
    let first = app.link_to("ada@example.com").await;
    assert_eq!(browser.post("/account/confirmation", &[]).await.location(), "/account?done=sent");
    let second = app.link_to("ada@example.com").await;
    assert!(first.starts_with("/confirm/") && second.starts_with("/confirm/") && first != second);
    // Looking at it changes nothing.
    assert!(browser.get(&second).await.page().contains("ada@example.com"));
    assert!(browser.get("/plans").await.page().contains("Confirm your e-mail address"));
    assert_eq!(browser.post(&second, &[]).await.location(), "/account?done=confirmed");
    assert!(!browser.get("/plans").await.page().contains("Confirm your e-mail address"));
    assert_eq!(browser.get(&second).await.status, 404);
}

#[tokio::test]
async fn following_a_link_to_confirm_signs_nobody_in() {
    let app = TestApp::start().await;
    ada(&app).await;
    let other = app.browser();
    let link = app.link_to("ada@example.com").await;
    assert_eq!(other.post(&link, &[]).await.location(), "/sign-in?done=confirmed");
    assert_eq!(other.get("/plans").await.status, 303);
    let page = other.get("/sign-in?done=confirmed").await.page();
    assert!(page.contains("Your e-mail address is confirmed."), "{page}");
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn a_new_address_is_taken_over_once_its_link_is_followed_and_the_old_one_is_told(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let browser = ada(&app).await;
    let form = [("email", "ada@example.net"), ("email_password", PASSWORD)];
    assert_eq!(browser.post("/account/email", &form).await.location(), "/account?done=email");
    assert_eq!(app.mails_to("ada@example.com").await[0].subject, "Your e-mail address is about to change");
    let page = browser.get("/account").await.page();
    assert!(page.contains("ada@example.com") && !page.contains("ada@example.net"), "nothing is changed yet: {page}");
    let link = app.link_to("ada@example.net").await;
    assert!(browser.get(&link).await.page().contains("ada@example.net"));
    assert_eq!(browser.post(&link, &[]).await.location(), "/sign-in?done=email");
    assert_eq!(browser.get("/plans").await.status, 303, "old sessions are over");
    assert_eq!(app.mails_to("ada@example.com").await[0].subject, "Your e-mail address was changed");
    assert_eq!(sign_in(&browser, "ada@example.com", PASSWORD).await.status, 422);
    assert_eq!(sign_in(&browser, "ada@example.net", PASSWORD).await.location(), "/");
    assert!(!browser.get("/").await.page().contains("Confirm your e-mail address"));
    assert_eq!(browser.post(&link, &[]).await.status, 404, "good once");
}

#[tokio::test]
async fn an_address_that_has_an_account_is_never_taken_over_and_the_answer_does_not_tell() {
    let app = TestApp::start().await;
    let browser = ada(&app).await;
    sign_up(&app.browser(), "eve@example.com").await;
    let ask = async |email: &str| {
        let answer = browser.post("/account/email", &[("email", email), ("email_password", PASSWORD)]).await;
        answer.location().to_owned()
    };
    assert_eq!(ask("eve@example.com").await, ask("free@example.com").await);
    assert_eq!(app.mails_to("eve@example.com").await[0].subject, "You have an account already");
    // Somebody signs up with the address between the link and its use.
    let link = app.link_to("free@example.com").await;
    sign_up(&app.browser(), "free@example.com").await;
    let refused = browser.post(&link, &[]).await;
    assert_eq!(refused.status, 409);
    assert!(refused.text.contains("This address was not taken over"), "{}", refused.text);
    assert_eq!(sign_in(&app.browser(), "ada@example.com", PASSWORD).await.location(), "/");
}

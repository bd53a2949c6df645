//! The second factor: set up, asked for at sign-in, each code taken once.

use std::{num::NonZeroU32, time::Duration};

use domain::TotpSecret;
use jiff::{SignedDuration, Timestamp};
use rstest::rstest;

use crate::{
    account::{PASSWORD, sign_in, sign_up},
    app::{On, TestApp},
    browser::{Answer, Browser},
};

/// The secret that the page shows, as an app reads it.
fn secret_on(page: &str) -> TotpSecret {
    let letters = page.split("secret=").nth(1).expect("an address for apps").split("&#38;").next().unwrap();
    let value = |letter: u8| if letter.is_ascii_uppercase() { letter - b'A' } else { letter - b'2' + 26 };
    let bits: Vec<bool> =
        letters.bytes().flat_map(|letter| (0..5).rev().map(move |bit| value(letter) >> bit & 1 == 1)).collect();
    let bytes: Vec<u8> =
        bits.chunks(8).map(|byte| byte.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit))).collect();
    TotpSecret::new(bytes.try_into().expect("20 bytes"))
}

/// What the app shows now, or one step later.
fn code(secret: &TotpSecret, steps: i64) -> String {
    secret.code_at(Timestamp::now() + SignedDuration::from_secs(30 * steps))
}

async fn begin(browser: &Browser) -> TotpSecret {
    let form = [("factor_password", PASSWORD)];
    assert_eq!(browser.post("/account/second-factor", &form).await.location(), "/account/second-factor");
    secret_on(&browser.get("/account/second-factor").await.page())
}

/// Somebody who signed up and turned it on; their secret and recovery codes.
async fn guarded(app: &TestApp) -> (Browser, TotpSecret, Vec<String>) {
    let browser = app.browser();
    sign_up(&browser, "ada@example.com").await;
    let secret = begin(&browser).await;
    let page = browser.post("/account/second-factor/enable", &[("code", &code(&secret, 0))]).await.page();
    let codes = page.split("id=\"codes\" tabindex=\"0\">").nth(1).unwrap().split('<').next().unwrap();
    let codes: Vec<String> = codes.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect();
    assert_eq!(codes.len(), 10, "{page}");
    (browser, secret, codes)
}

/// A browser after the first step of signing in.
async fn first_step(app: &TestApp) -> Browser {
    let browser = app.browser();
    assert_eq!(sign_in(&browser, "ada@example.com", PASSWORD).await.location(), "/sign-in/code?next=%2F");
    browser
}

async fn second_step(browser: &Browser, code: &str) -> Answer {
    browser.post("/sign-in/code", &[("code", code), ("next", "/plans")]).await
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn whoever_turned_it_on_is_asked_for_a_code_and_a_code_is_taken_once(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let (_, secret, _) = guarded(&app).await;
    let browser = first_step(&app).await;
    assert_eq!(browser.get("/plans").await.status, 303, "no session between the steps");
    assert!(browser.cookie("smokex").is_none() && browser.cookie("smokex-step").is_some());
    assert!(browser.get("/sign-in/code?next=/plans").await.page().contains("Second factor"));
    let refused = second_step(&browser, &code(&secret, 0)).await;
    assert_eq!(refused.status, 422, "taken when it was turned on");
    assert!(refused.text.contains("id=\"code-error\">This code is not right, or was used before."), "{}", refused.text);
    let next = code(&secret, 1);
    assert_eq!(second_step(&browser, &next).await.location(), "/plans");
    assert_eq!(browser.get("/plans").await.status, 200);
    assert!(browser.cookie("smokex-step").is_none());

    let thief = first_step(&app).await;
    assert_eq!(second_step(&thief, &next).await.status, 422, "nobody gets in with a code that was seen");
    assert_eq!(thief.get("/plans").await.status, 303);
}

#[tokio::test]
async fn what_stands_between_the_steps_is_good_once_and_is_no_session() {
    let app = TestApp::start().await;
    let (_, secret, codes) = guarded(&app).await;
    let browser = first_step(&app).await;
    let ticket = browser.cookie("smokex-step").unwrap();
    let other = app.browser();
    other.keep("smokex", &ticket);
    assert_eq!(other.get("/plans").await.status, 303);
    assert_eq!(second_step(&browser, &code(&secret, 1)).await.location(), "/plans");
    let again = app.browser();
    again.keep("smokex-step", &ticket);
    assert_eq!(second_step(&again, &codes[0]).await.location(), "/sign-in", "used up");
    assert_eq!(again.get("/sign-in/code").await.location(), "/sign-in");
    assert_eq!(second_step(&app.browser(), &codes[0]).await.location(), "/sign-in", "nobody without the password");
    let leading_away = first_step(&app).await;
    let form = [("code", codes[0].as_str()), ("next", "https://evil.example")];
    assert_eq!(leading_away.post("/sign-in/code", &form).await.location(), "/");
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn a_recovery_code_stands_in_once_and_its_owner_is_told(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let (_, _, codes) = guarded(&app).await;
    let browser = first_step(&app).await;
    let typed = codes[3].to_lowercase().replace('-', " ");
    assert_eq!(second_step(&browser, &typed).await.location(), "/plans");
    assert!(browser.get("/account").await.page().contains("9 recovery codes are left."));
    let mail = app.mails_to("ada@example.com").await.remove(0);
    assert!(mail.subject == "A recovery code was used" && mail.text.contains("left: 9."), "{}", mail.text);
    let again = first_step(&app).await;
    assert_eq!(second_step(&again, &codes[3]).await.status, 422);
    assert_eq!(second_step(&again, &codes[4]).await.location(), "/plans");
}

#[tokio::test]
async fn it_is_turned_on_with_the_password_and_a_code_and_gives_the_session_a_new_token() {
    let app = TestApp::start().await;
    let (browser, other) = (app.browser(), app.browser());
    sign_up(&browser, "ada@example.com").await;
    sign_in(&other, "ada@example.com", PASSWORD).await;
    assert_eq!(browser.get("/account/second-factor").await.location(), "/account", "nothing was begun");
    let refused = browser.post("/account/second-factor", &[("factor_password", "not mine")]).await;
    assert!(refused.status == 422 && refused.text.contains("id=\"factor-password-error\""), "{}", refused.text);
    assert_eq!(browser.get("/account/second-factor").await.location(), "/account");

    let secret = begin(&browser).await;
    let page = browser.get("/account/second-factor").await.page();
    assert!(page.contains(&secret.in_groups()) && page.contains("<svg class=\"qr\""), "{page}");
    let wrong = browser.post("/account/second-factor/enable", &[("code", "12345")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains(&secret.in_groups()), "the secret stays the same: {}", wrong.text);
    assert_eq!(sign_in(&app.browser(), "ada@example.com", PASSWORD).await.location(), "/", "not asked for yet");

    let before = browser.cookie("smokex").unwrap();
    browser.post("/account/second-factor/enable", &[("code", &code(&secret, 0))]).await.page();
    assert_ne!(browser.cookie("smokex").unwrap(), before);
    assert_eq!((browser.get("/plans").await.status, other.get("/plans").await.status), (200, 303));
    assert_eq!(app.mails_to("ada@example.com").await[0].subject, "Your account asks for a second factor");
    // Neither the secret nor the codes are shown again.
    assert_eq!(browser.get("/account/second-factor").await.location(), "/account");
    assert_eq!(
        browser.post("/account/second-factor/enable", &[("code", &code(&secret, 1))]).await.location(),
        "/account"
    );
    assert_eq!(browser.post("/account/second-factor", &[("factor_password", PASSWORD)]).await.location(), "/account");
}

#[tokio::test]
async fn it_is_turned_off_with_the_password_and_a_code() {
    let app = TestApp::start().await;
    let (browser, secret, codes) = guarded(&app).await;
    let code = code(&secret, 1);
    for (password, code) in [("not mine", code.as_str()), (PASSWORD, "000000000")] {
        let form = [("factor_password", password), ("code", code)];
        assert_eq!(browser.post("/account/second-factor/disable", &form).await.status, 422);
    }
    let before = browser.cookie("smokex").unwrap();
    let form = [("factor_password", PASSWORD), ("code", &code)];
    assert_eq!(browser.post("/account/second-factor/disable", &form).await.location(), "/account?done=factor-off");
    assert_ne!(browser.cookie("smokex").unwrap(), before);
    assert_eq!(app.mails_to("ada@example.com").await[0].subject, "Your account asks for no second factor any more");
    let other = app.browser();
    assert_eq!(sign_in(&other, "ada@example.com", PASSWORD).await.location(), "/");
    let again = [("factor_password", PASSWORD), ("code", codes[0].as_str())];
    assert_eq!(other.post("/account/second-factor/disable", &again).await.status, 422, "its codes are gone");
}

#[tokio::test]
async fn a_reset_password_does_not_go_around_it() {
    let app = TestApp::start().await;
    guarded(&app).await;
    let browser = app.browser();
    browser.post("/forgot", &[("email", "ada@example.com")]).await;
    let link = app.link_to("ada@example.com").await;
    let waiting = first_step(&app).await;
    browser.post(&link, &[("password", "staple battery horse")]).await.location();
    assert_eq!(sign_in(&browser, "ada@example.com", "staple battery horse").await.location(), "/sign-in/code?next=%2F");
    assert_eq!(waiting.get("/sign-in/code").await.location(), "/sign-in", "the step with the old password is void");
}

#[tokio::test]
async fn guessing_codes_is_slow_whichever_page_asks_for_them() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| {
        config.limits.code_burst = NonZeroU32::new(4).unwrap();
        config.limits.code_refill = Duration::from_secs(2);
    })
    .await;
    let (browser, secret, _) = guarded(&app).await;
    let stepping = first_step(&app).await;
    // One was taken when it was turned on.
    assert_eq!(second_step(&stepping, "1").await.status, 422);
    assert_eq!(second_step(&stepping, "2").await.status, 422);
    let form = [("factor_password", PASSWORD), ("code", "3")];
    assert_eq!(browser.post("/account/second-factor/disable", &form).await.status, 422);
    let refused = second_step(&stepping, &code(&secret, 1)).await;
    assert_eq!(refused.status, 429, "even the right one");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    tokio::time::sleep(Duration::from_secs(wait)).await;
    assert_eq!(second_step(&stepping, &code(&secret, 1)).await.location(), "/plans", "nobody is locked out");
}

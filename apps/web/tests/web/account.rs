//! Signing up, in and out.

use std::time::{Duration, Instant};

use rstest::rstest;
use web::MailDelivery;

use crate::{
    app::{On, TestApp},
    browser::{Answer, Browser},
};

pub const PASSWORD: &str = "correct horse battery";

pub async fn sign_up(browser: &Browser, email: &str) -> Answer {
    browser.post("/sign-up", &[("email", email), ("organization", "Acme"), ("password", PASSWORD)]).await
}

pub async fn sign_in(browser: &Browser, email: &str, password: &str) -> Answer {
    browser.post("/sign-in", &[("email", email), ("password", password)]).await
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn whoever_signs_up_is_signed_in_and_finds_the_sample(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let browser = app.browser();
    assert_eq!(sign_up(&browser, "Ada@Example.com").await.location(), "/welcome");
    assert_eq!(browser.get("/welcome").await.location(), "/");
    let home = browser.get("/").await.page();
    assert!(home.contains("Acme") && home.contains("ada@example.com"), "{home}");
    assert!(home.contains("Sample: players is ready") && home.contains("works right away"), "{home}");
    let plans = browser.get("/plans").await.page();
    assert!(plans.contains("Sample: players"), "{plans}");
}

#[tokio::test]
async fn the_sample_is_written_for_the_demo_api_of_this_server() {
    let app = TestApp::start().await;
    let browser = app.browser();
    sign_up(&browser, "ada@example.com").await;
    let plans = browser.get("/plans").await.page();
    let path = plans.split("href=\"").find(|part| part.starts_with("/plans/0")).unwrap().split('"').next().unwrap();
    let plan = browser.get(path).await.page();
    assert!(plan.contains(&app.demo_url), "{plan}");
}

#[tokio::test]
async fn mistakes_stand_at_their_fields_and_what_was_typed_is_kept() {
    let app = TestApp::start().await;
    let form = [("email", "ada"), ("organization", "Acme & Sons"), ("password", "password1")];
    let answer = app.browser().post("/sign-up", &form).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("Enter an e-mail address such as you@example.com."));
    assert!(answer.text.contains("among the first that are guessed"));
    assert!(answer.text.contains("value=\"ada\"") && answer.text.contains("Acme &#38; Sons"), "{}", answer.text);
    assert!(!answer.text.contains("password1"), "a password is never sent back");
}

#[tokio::test]
async fn a_taken_address_looks_like_a_free_one() {
    let app = TestApp::start().await;
    let (first, second) = (app.browser(), app.browser());
    let time = async |browser: &Browser, email: &str| {
        let begun = Instant::now();
        let answer = sign_up(browser, email).await;
        (answer, begun.elapsed())
    };
    let (free, free_took) = time(&first, "ada@example.com").await;
    let (taken, taken_took) = time(&second, "ada@example.com").await;
    assert_eq!((free.status, free.location(), &free.text), (taken.status, taken.location(), &taken.text));
    let shape = |answer: &Answer| {
        let cookie = answer.header("set-cookie");
        let value = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
        (value.len(), cookie.replace(&value, "…"))
    };
    assert_eq!(shape(&free), shape(&taken));
    let names = |answer: &Answer| answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(names(&free), names(&taken));
    assert!(free_took >= Duration::from_millis(300) && taken_took >= Duration::from_millis(300));
    // The mailbox tells its owner, and them alone.
    assert_eq!(app.mails_to("ada@example.com").await[0].subject, "You have an account already");
    // The second one is nobody, and is told how to go on.
    let welcome = second.get("/welcome").await.page();
    assert!(welcome.contains("If you already have an account"), "{welcome}");
    assert_eq!(second.get("/plans").await.location(), "/sign-in?next=%2Fplans");
}

#[tokio::test]
async fn with_a_mail_server_a_taken_address_and_a_free_one_lead_to_the_same_page_and_mail_tells_the_rest() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| config.mail = MailDelivery::Server).await;
    let mut answers = Vec::new();
    for _ in 0..2 {
        let browser = app.browser();
        let begun = Instant::now();
        let answer = sign_up(&browser, "ada@example.com").await;
        assert!(begun.elapsed() >= Duration::from_millis(300));
        let names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        let welcome = browser.get("/welcome").await.page();
        let nonce = welcome.split("nonce=\"").nth(1).map(|rest| rest[..32].to_owned()).unwrap_or_default();
        assert_eq!(browser.get("/plans").await.status, 303, "nobody is signed in");
        answers.push((answer.location().to_owned(), names, answer.text, welcome.replace(&nonce, "…")));
    }
    assert_eq!(answers[0], answers[1]);
    assert!(!answers[0].1.contains(&"set-cookie".to_owned()) && answers[0].3.contains("Look into your mailbox"));
    let subjects: Vec<_> = app.mails_to("ada@example.com").await.into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects, ["You have an account already", "Confirm your e-mail address"]);
    // The password of the first one is the account's, and it may be used before the link is followed.
    assert_eq!(sign_in(&app.browser(), "ada@example.com", PASSWORD).await.location(), "/");
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_the_same() {
    let app = TestApp::start().await;
    sign_up(&app.browser(), "ada@example.com").await;
    let strip = |answer: Answer, email: &str| {
        assert_eq!(answer.status, 422);
        let nonce = answer.text.split("nonce=\"").nth(1).map(|rest| rest[..32].to_owned());
        let text = answer.text.replace(email, "…");
        match nonce {
            Some(nonce) => text.replace(&nonce, "…"),
            None => text,
        }
    };
    let wrong = sign_in(&app.browser(), "ada@example.com", "wrong horse battery").await;
    let unknown = sign_in(&app.browser(), "eve@example.com", "wrong horse battery").await;
    assert!(wrong.text.contains("E-mail or password is wrong."));
    assert_eq!(strip(wrong, "ada@example.com"), strip(unknown, "eve@example.com"));
}

#[tokio::test]
async fn an_unknown_address_takes_as_long_as_a_wrong_password() {
    let app = TestApp::start().await;
    sign_up(&app.browser(), "ada@example.com").await;
    let browser = app.browser();
    let mut known = Vec::new();
    let mut unknown = Vec::new();
    for _ in 0..4 {
        for (email, times) in [("ada@example.com", &mut known), ("eve@example.com", &mut unknown)] {
            let begun = Instant::now();
            assert_eq!(sign_in(&browser, email, "wrong horse battery").await.status, 422);
            times.push(begun.elapsed());
        }
    }
    // The fastest of each: what the machine does besides can only add.
    let (known, unknown) = (known.iter().min().unwrap(), unknown.iter().min().unwrap());
    let ratio = known.as_secs_f64() / unknown.as_secs_f64();
    assert!((0.4..2.5).contains(&ratio), "known {known:?}, unknown {unknown:?}");
    assert!(*unknown > Duration::from_millis(5), "nothing was hashed: {unknown:?}");
}

#[tokio::test]
async fn signing_in_leads_back_to_where_one_wanted_to_go() {
    let app = TestApp::start().await;
    sign_up(&app.browser(), "ada@example.com").await;
    let browser = app.browser();
    assert_eq!(browser.get("/runs?state=failed").await.location(), "/sign-in?next=%2Fruns%3Fstate%3Dfailed");
    let form = [("email", "ada@example.com"), ("password", PASSWORD), ("next", "/runs?state=failed")];
    assert_eq!(browser.post("/sign-in", &form).await.location(), "/runs?state=failed");
    let form = [("email", "ada@example.com"), ("password", PASSWORD), ("next", "https://evil.example/")];
    assert_eq!(app.browser().post("/sign-in", &form).await.location(), "/");
}

#[tokio::test]
async fn every_sign_in_gets_a_new_token_and_ends_the_one_before() {
    let app = TestApp::start().await;
    let browser = app.browser();
    sign_up(&browser, "ada@example.com").await;
    let first = browser.cookie("smokex").unwrap();
    let fixed = app.browser();
    fixed.keep("smokex", &first);
    sign_in(&browser, "ada@example.com", PASSWORD).await;
    let second = browser.cookie("smokex").unwrap();
    assert_ne!(first, second);
    assert_eq!((first.len(), second.len()), (64, 64), "256 bits each");
    assert_eq!(browser.get("/plans").await.status, 200);
    assert_eq!(fixed.get("/plans").await.status, 303, "the session before the sign-in is over");
}

#[tokio::test]
async fn a_token_that_somebody_made_up_is_never_taken_over() {
    let app = TestApp::start().await;
    let browser = app.browser();
    let planted = "ab".repeat(32);
    browser.keep("smokex", &planted);
    sign_up(&browser, "ada@example.com").await;
    assert_ne!(browser.cookie("smokex").unwrap(), planted);
    let thief = app.browser();
    thief.keep("smokex", &planted);
    assert_eq!(thief.get("/plans").await.status, 303);
}

#[tokio::test]
async fn after_signing_out_the_old_cookie_opens_nothing() {
    let app = TestApp::start().await;
    let someone = app.someone("ada").await;
    let token = someone.browser.cookie("smokex").unwrap();
    assert_eq!(someone.browser.get("/plans").await.status, 200);
    assert_eq!(someone.browser.post("/sign-out", &[]).await.location(), "/");
    assert_eq!(someone.browser.cookie("smokex"), None, "the browser was told to forget it");
    let again = app.browser();
    again.keep("smokex", &token);
    assert_eq!(again.get("/plans").await.status, 303);
}

#[tokio::test]
async fn cookies_are_out_of_reach_for_scripts_and_other_sites() {
    let app = TestApp::start().await;
    let answer = sign_up(&app.browser(), "ada@example.com").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("smokex="), "{cookie}");
    for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age="] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Secure"), "plain http on localhost");
}

#[tokio::test]
async fn over_tls_the_cookie_is_secure_and_bound_to_the_host() {
    let app = TestApp::start_with(On::Sqlite, &[("ORIGIN", "https://smokex.example")], |_| {}).await;
    let answer = sign_up(&app.browser(), "ada@example.com").await;
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-smokex="), "{cookie}");
    assert!(cookie.contains("; Secure") && cookie.contains("; Path=/") && !cookie.contains("Domain"), "{cookie}");
}

#[tokio::test]
async fn nonsense_in_the_cookie_is_nobody() {
    let app = TestApp::start().await;
    for token in ["x", "zz", &"é".repeat(32), &"0".repeat(64), &"0".repeat(4000)] {
        let cookie = format!("smokex={token}");
        let answer = app.browser().send(reqwest::Method::GET, "/plans", &[("cookie", &cookie)], None).await;
        assert_eq!(answer.status, 303, "{token}");
    }
}

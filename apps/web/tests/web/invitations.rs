//! Invitations: the mail, the link, joining with the account that is signed in and with a new one.

use domain::{Role, Tiers};
use store::NewAccount;
use testkit::factory;

use crate::{
    account::sign_up,
    app::{On, Someone, TestApp},
    browser::Answer,
};

const PASSWORD: &str = "correct horse battery staple";

/// Invites an address, and takes the path of the link from the mail.
async fn invite(app: &TestApp, by: &Someone, email: &str) -> String {
    let form = [("email", email), ("role", "operator")];
    assert_eq!(by.browser.post("/members/invitations", &form).await.location(), "/members");
    link(app).await
}

/// The path of the link in the last mail.
async fn link(app: &TestApp) -> String {
    let mail = app.store.mails(1).await.unwrap().remove(0);
    let line = mail.text.lines().find(|line| line.starts_with("http")).expect("there is a link");
    line[line.find("/invitations").unwrap()..].to_owned()
}

fn token(path: &str) -> &str {
    path.split_once("token=").unwrap().1
}

/// The one page for what opens nothing.
fn is_no_invitation(answer: &Answer) -> bool {
    answer.status == 404 && answer.text.contains("This invitation does not hold")
}

#[tokio::test]
async fn the_link_is_built_from_the_origin_whatever_the_host_says() {
    let app = TestApp::start_with(On::Sqlite, &[("ORIGIN", "https://smokex.example")], |_| {}).await;
    let ada = app.someone("ada").await;
    let token = ada.browser.cookie("smokex").unwrap();
    ada.browser.keep("__Host-smokex", &token);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("sec-fetch-site", "same-origin"),
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
    ];
    let body = b"email=bob%40example.com&role=viewer".to_vec();
    let answer = ada.browser.send(reqwest::Method::POST, "/members/invitations", &headers, Some(body)).await;
    assert_eq!(answer.location(), "/members");
    let mail = app.store.mails(1).await.unwrap().remove(0);
    assert_eq!(mail.recipient, "bob@example.com");
    assert!(
        mail.text.contains("\nhttps://smokex.example/invitations?token=") && !mail.text.contains("evil"),
        "{mail:?}"
    );
}

#[tokio::test]
async fn somebody_new_signs_up_and_joins_without_an_organization_of_their_own() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let path = invite(&app, &ada, "bob@example.com").await;
    let bob = app.browser();
    let page = bob.get(&path).await.page();
    assert!(
        page.contains("Join ada&#39;s team")
            && page.contains("ada@example.com")
            && page.contains("value=\"bob@example.com\""),
        "{page}"
    );
    let wrong =
        bob.post("/invitations/sign-up", &[("token", token(&path)), ("email", "bob"), ("password", "short")]).await;
    assert!(
        wrong.status == 422 && wrong.text.contains("at least 8 characters") && wrong.text.contains("value=\"bob\""),
        "{wrong:?}"
    );
    let form = [("token", token(&path)), ("email", "bob@example.com"), ("password", PASSWORD)];
    let joined = bob.post("/invitations/sign-up", &form).await;
    assert_eq!(bob.get(joined.location()).await.location(), "/");
    let page = bob.get("/organizations").await.page();
    assert!(page.contains("ada&#39;s team") && page.contains("operator"), "{page}");
    assert_eq!(page.matches("You are here").count(), 1);
    assert_eq!(page.matches("<tr><td>").count(), 1, "{page}");
    for used in
        [bob.get(&path).await, app.browser().get(&path).await, app.browser().post("/invitations/sign-up", &form).await]
    {
        assert!(is_no_invitation(&used), "{used:?}");
    }
}

#[tokio::test]
async fn whoever_has_not_confirmed_their_address_invites_nobody_until_they_do() {
    let app = TestApp::start().await;
    let browser = app.browser();
    sign_up(&browser, "eve@example.com").await;
    let page = browser.get("/members").await.page();
    assert!(page.contains("Confirm your own e-mail address first") && !page.contains("Send the invitation"), "{page}");
    let form = [("email", "bob@example.com"), ("role", "viewer")];
    let refused = browser.post("/members/invitations", &form).await;
    assert!(refused.status == 403 && refused.text.contains("has a confirmed e-mail address"), "{refused:?}");
    assert!(app.mails_to("bob@example.com").await.is_empty());
    assert_eq!(browser.post("/account/confirmation", &[]).await.location(), "/account?done=sent");
    browser.post(&app.link_to("eve@example.com").await, &[]).await;
    assert!(browser.get("/members").await.page().contains("Send the invitation"));
    assert_eq!(browser.post("/members/invitations", &form).await.location(), "/members");
    assert_eq!(app.mails_to("bob@example.com").await.len(), 1);
}

#[tokio::test]
async fn an_invitation_that_is_there_is_not_sent_again_by_whoever_has_not_confirmed_their_address() {
    let app = TestApp::start_on(On::Postgres).await;
    let ada = app.someone("ada").await;
    let invitation = app.store.invite(ada.member.tenant(), factory::invitation(Role::Viewer).0).await.unwrap();
    let path = format!("/members/invitations/{invitation}/again");
    assert_eq!(ada.browser.post(&path, &[]).await.status, 409, "it was sent a moment ago");
    assert_eq!(app.database.sql("UPDATE users SET confirmed_at = NULL RETURNING 1").trim(), "1");
    let ada = app.sign_in_again(&ada).await;
    assert_eq!(ada.browser.post(&path, &[]).await.status, 403);
    let page = ada.browser.get("/members").await.page();
    assert!(!page.contains(&path) && page.contains(&path.replace("/again", "/revoke")), "{page}");
}

#[tokio::test]
async fn an_invitation_confirms_the_address_that_it_was_sent_to_and_no_other() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    for (invited, typed) in [("bob@example.com", "bob@example.com"), ("carol@example.com", "c@example.com")] {
        let path = invite(&app, &ada, invited).await;
        let browser = app.browser();
        let form = [("token", token(&path)), ("email", typed), ("password", PASSWORD)];
        browser.post("/invitations/sign-up", &form).await;
        let asks = |page: &str| page.contains("Confirm your e-mail address.");
        assert_eq!(asks(&browser.get("/plans").await.page()), invited != typed);
        if invited == typed {
            assert_eq!(app.mails_to(typed).await.len(), 1, "the invitation alone");
        } else {
            browser.post(&app.link_to(typed).await, &[]).await;
            assert!(!asks(&browser.get("/plans").await.page()));
        }
    }
}

#[tokio::test]
async fn a_taken_address_looks_like_a_free_one() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let path = invite(&app, &ada, "bob@example.com").await;
    let second = invite(&app, &ada, "carol@example.com").await;
    let account = NewAccount { email: "bob@example.com".parse().unwrap(), ..factory::account() };
    app.store.sign_up(account).await.unwrap();
    let send = async |path: &str, email: &str| {
        let form = [("token", token(path)), ("email", email), ("password", PASSWORD)];
        let browser = app.browser();
        let answer = browser.post("/invitations/sign-up", &form).await;
        let location = answer.location().replace(token(path), "…");
        (browser, location, answer.text.clone(), answer.headers.keys().map(ToString::to_string).collect::<Vec<_>>())
    };
    let taken = send(&path, "bob@example.com").await;
    let free = send(&second, "carol@example.com").await;
    assert_eq!((&taken.1, &taken.2, &taken.3), (&free.1, &free.2, &free.3));
    // Whoever has the account signs in there and comes back to the invitation.
    let page = taken.0.get(&format!("/welcome?next=%2Finvitations%3Ftoken%3D{}", token(&path))).await.page();
    assert!(page.contains(&format!("value=\"/invitations?token={}\"", token(&path))), "{page}");
    assert_eq!(app.store.number_of_members(ada.member.tenant()).await.unwrap(), 2, "only the new one joined");
}

#[tokio::test]
async fn whoever_is_signed_in_sees_which_account_would_join_and_gets_a_new_token() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let path = invite(&app, &ada, "bob@example.com").await;
    let page = eve.browser.get(&path).await.page();
    assert!(
        page.contains("You are signed in as <b>eve@example.com</b>.") && page.contains("sent to another address"),
        "{page}"
    );
    let before = eve.browser.cookie("smokex").unwrap();
    assert_eq!(eve.browser.post("/invitations", &[("token", token(&path))]).await.location(), "/");
    assert_ne!(eve.browser.cookie("smokex").unwrap(), before);
    assert!(eve.browser.get("/members").await.page().contains("ada@example.com"));
    let again = eve.browser.post("/invitations", &[("token", token(&path))]).await;
    assert!(is_no_invitation(&again), "{again:?}");
}

#[tokio::test]
async fn looking_at_an_invitation_does_not_use_it_and_nonsense_is_one_page() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let path = invite(&app, &ada, "bob@example.com").await;
    for _ in 0..3 {
        assert_eq!(app.browser().get(&path).await.status, 200);
    }
    let zeros = "0".repeat(64);
    for nonsense in ["", "x", zeros.as_str(), &"é".repeat(32)] {
        let answer = app.browser().get(&format!("/invitations?token={nonsense}")).await;
        assert!(is_no_invitation(&answer), "{nonsense}: {answer:?}");
        let answer = ada.browser.post("/invitations", &[("token", nonsense)]).await;
        assert!(is_no_invitation(&answer), "{nonsense}: {answer:?}");
    }
    assert_eq!(app.browser().get("/invitations").await.status, 404);
}

#[tokio::test]
async fn an_invitation_is_revoked_and_a_mistake_stands_at_its_field() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let path = invite(&app, &ada, "bob@example.com").await;
    for (email, sentence) in [
        ("bob@example.com", "bob@example.com is invited already."),
        ("ada@example.com", "ada@example.com is a member already."),
        ("bob", "Enter an e-mail address"),
    ] {
        let answer = ada.browser.post("/members/invitations", &[("email", email), ("role", "viewer")]).await;
        assert!(answer.status == 422 && answer.text.contains(sentence), "{answer:?}");
        assert!(answer.text.contains("id=\"email-error\"") && answer.text.contains(&format!("value=\"{email}\"")));
    }
    let page = ada.browser.get("/members").await.page();
    let revoke = page
        .split("action=\"")
        .map(|rest| rest.split('"').next().unwrap())
        .find(|path| path.ends_with("/revoke"))
        .unwrap();
    let again = revoke.replace("/revoke", "/again");
    let soon = ada.browser.post(&again, &[]).await;
    assert!(soon.status == 409 && soon.text.contains("sent a moment ago"), "{soon:?}");
    assert_eq!(ada.browser.post(revoke, &[]).await.location(), "/members");
    assert!(is_no_invitation(&app.browser().get(&path).await));
}

#[tokio::test]
async fn the_places_of_a_tier_are_told_where_they_bite() {
    let app = TestApp::start_limited(On::Sqlite, Tiers { in_force: None, ..Tiers::default() }).await;
    let ada = app.someone("ada").await;
    app.colleague(&ada, Role::Viewer).await;
    invite(&app, &ada, "bob@example.com").await;
    let full = ada.browser.post("/members/invitations", &[("email", "carol@example.com"), ("role", "viewer")]).await;
    assert!(full.status == 402 && full.text.contains("Your tier allows 3 members"), "{full:?}");
}

//! Several organizations of one person: making them, changing between them, deleting them.

use domain::Role;
use rstest::rstest;
use web::Access;

use crate::{
    app::{On, PLAN, Someone, TestApp, pages},
    browser::Browser,
};

/// Makes another organization and goes there; its id.
async fn make(browser: &Browser, name: &str) -> String {
    assert_eq!(browser.post("/organizations", &[("name", name)]).await.location(), "/");
    let page = browser.get("/organizations").await.page();
    assert!(page.contains("You are here"), "{page}");
    page
}

/// The address that switches to an organization, from the page that lists them.
fn switch_to(page: &str, name: &str) -> String {
    let row = page.split("<tr>").find(|row| row.contains(name)).expect("it is listed");
    row.split("action=\"").nth(1).expect("one can go there").split('"').next().unwrap().to_owned()
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn another_organization_is_another_place_under_another_token(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let ada = app.someone("ada").await;
    ada.plan(&app, "Plan of the first", PLAN).await;
    let before = ada.browser.cookie("smokex").unwrap();
    let page = make(&ada.browser, "Second &amp; Sons").await;
    let during = ada.browser.cookie("smokex").unwrap();
    assert_ne!(before, during);
    let plans = ada.browser.get("/plans").await.page();
    assert!(!plans.contains("Plan of the first") && plans.contains("Second &#38;amp; Sons"), "{plans}");
    let switch = switch_to(&page, "ada&#39;s team");
    assert_eq!(ada.browser.post(&switch, &[]).await.location(), "/");
    assert_ne!(ada.browser.cookie("smokex").unwrap(), during);
    assert!(ada.browser.get("/plans").await.page().contains("Plan of the first"));
    for old in [before, during] {
        let thief = app.browser();
        thief.keep("smokex", &old);
        assert_eq!(thief.get("/plans").await.status, 303, "the token before opens nothing");
    }
}

#[tokio::test]
async fn signing_in_goes_on_in_the_organization_used_last() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    make(&ada.browser, "Second").await;
    let again = app.sign_in_again(&ada).await;
    assert_eq!(again.member.organization_name, "Second");
}

#[tokio::test]
async fn a_name_that_is_none_stands_at_its_field() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    for path in ["/organizations", "/organization"] {
        let answer = ada.browser.post(path, &[("name", " ")]).await;
        assert!(answer.status == 422 && answer.text.contains("Enter a name of 1 to 80 characters."), "{answer:?}");
    }
    assert_eq!(ada.browser.post("/organization", &[("name", "Renamed")]).await.location(), "/organization");
    assert!(ada.browser.get("/").await.page().contains("<b>Renamed</b>"), "at once");
}

#[tokio::test]
async fn deleting_asks_for_the_name_and_leads_to_another_one() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let viewer = app.colleague(&ada, Role::Viewer).await;
    make(&viewer.browser, "The viewer's own").await;
    let page = viewer.browser.get("/organizations").await.page();
    viewer.browser.post(&switch_to(&page, "ada&#39;s team"), &[]).await;
    assert!(ada.browser.get("/organization/delete").await.page().contains("ada&#39;s team"));
    let wrong = ada.browser.post("/organization/delete", &[("name", "Ada's team")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("This is not its name."), "{wrong:?}");
    assert_eq!(ada.browser.get("/plans").await.status, 200);
    let deleted = ada.browser.post("/organization/delete", &[("name", "ada's team")]).await;
    assert_eq!(deleted.location(), "/organizations");
    // Whoever was in it is in their other one by now, and was not signed out.
    assert!(viewer.browser.get("/plans").await.page().contains("The viewer&#39;s own"));
}

/// Whoever belongs nowhere any more.
async fn homeless(app: &TestApp) -> Someone {
    let ada = app.someone("ada").await;
    assert_eq!(ada.browser.post("/organization/delete", &[("name", "ada's team")]).await.location(), "/organizations");
    ada
}

#[tokio::test]
async fn without_an_organization_every_page_leads_to_making_one_and_none_fails() {
    let app = TestApp::start().await;
    let ada = homeless(&app).await;
    let id = "0198f000-0000-7000-8000-000000000000";
    for route in pages().filter(|route| matches!(route.access, Access::Member | Access::Operator)) {
        let known = |part| match part {
            "{version}" => "1",
            part if str::starts_with(part, "{") => id,
            part => part,
        };
        let path = route.path.split('/').map(known).collect::<Vec<_>>().join("/");
        let answer = match route.method {
            "GET" => ada.browser.get(&path).await,
            _ => ada.browser.post(&path, &[]).await,
        };
        assert_eq!(answer.location(), "/organizations", "{route:?}");
    }
    assert_eq!(ada.browser.get("/").await.location(), "/organizations");
    assert_eq!(ada.browser.get("/sign-in").await.location(), "/");
    assert_eq!(ada.browser.get("/docs").await.status, 200);
    let page = ada.browser.get("/organizations").await.page();
    assert!(page.contains("You belong to no organization.") && page.contains("Sign out"), "{page}");
    make(&ada.browser, "Anew").await;
    assert!(ada.browser.get("/plans").await.page().contains("Sample: players"));
}

#[tokio::test]
async fn without_an_organization_one_signs_out_and_in_again() {
    let app = TestApp::start().await;
    let ada = homeless(&app).await;
    let token = ada.browser.cookie("smokex").unwrap();
    assert_eq!(ada.browser.post("/sign-out", &[]).await.location(), "/");
    let old = app.browser();
    old.keep("smokex", &token);
    assert!(old.get("/organizations").await.location().starts_with("/sign-in"));
}

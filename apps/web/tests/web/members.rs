//! The page of members: roles, removing, leaving, handing over.

use domain::Role;

use crate::app::TestApp;

#[tokio::test]
async fn who_is_removed_is_out_at_once_and_cannot_come_back() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let bob = app.colleague(&ada, Role::Editor).await;
    assert_eq!(bob.browser.get("/plans").await.status, 200, "the session is believed for a moment from now on");
    let path = format!("/members/{}/remove", bob.member.user_id);
    assert!(ada.browser.get(&path).await.page().contains(bob.member.email.as_str()));
    assert_eq!(ada.browser.post(&path, &[]).await.location(), "/members");
    assert_eq!(bob.browser.get("/plans").await.location(), "/sign-in?next=%2Fplans");
    assert!(!ada.browser.get("/members").await.page().contains(bob.member.email.as_str()));
}

#[tokio::test]
async fn another_role_holds_at_once() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let bob = app.colleague(&ada, Role::Viewer).await;
    assert_eq!(bob.browser.get("/plans/new").await.status, 403);
    let path = format!("/members/{}/role", bob.member.user_id);
    assert_eq!(ada.browser.post(&path, &[("role", "editor")]).await.location(), "/members");
    assert_eq!(bob.browser.get("/plans/new").await.status, 200);
    assert_eq!(ada.browser.post(&path, &[("role", "emperor")]).await.status, 400);
}

#[tokio::test]
async fn the_last_owner_is_told_why_they_stay() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let me = ada.member.user_id;
    assert!(ada.browser.get(&format!("/members/{me}/remove")).await.page().contains("Leave the organization?"));
    for (path, form) in [
        ("/members/leave".to_owned(), [].as_slice()),
        (format!("/members/{me}/remove"), &[]),
        (format!("/members/{me}/role"), &[("role", "viewer")]),
    ] {
        let answer = ada.browser.post(&path, form).await;
        assert!(answer.status == 409 && answer.text.contains("This is the last owner"), "{path}: {answer:?}");
    }
    assert_eq!(ada.browser.get("/plans").await.status, 200);
}

#[tokio::test]
async fn admins_do_not_touch_owners_and_make_none() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let (admin, bob) = (app.colleague(&ada, Role::Admin).await, app.colleague(&ada, Role::Viewer).await);
    let page = admin.browser.get("/members").await.page();
    assert!(!page.contains(&format!("/members/{}/role", ada.member.user_id)), "no form for owners");
    assert!(
        page.contains(&format!("/members/{}/role", bob.member.user_id)) && !page.contains("<option>owner"),
        "{page}"
    );
    let sent = async |path: String, role| admin.browser.post(&path, &[("role", role)]).await;
    for refused in [
        sent(format!("/members/{}/role", ada.member.user_id), "viewer").await,
        sent(format!("/members/{}/remove", ada.member.user_id), "").await,
        sent(format!("/members/{}/role", bob.member.user_id), "owner").await,
        admin.browser.post("/members/invitations", &[("email", "x@example.com"), ("role", "owner")]).await,
    ] {
        assert_eq!(refused.status, 403, "{refused:?}");
    }
}

#[tokio::test]
async fn handing_over_and_leaving_lead_out() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let bob = app.colleague(&ada, Role::Editor).await;
    let path = format!("/members/{}/owner", bob.member.user_id);
    assert!(ada.browser.get(&path).await.page().contains("You become an admin"));
    assert_eq!(ada.browser.post(&path, &[]).await.location(), "/members");
    assert_eq!(bob.browser.get("/organization/delete").await.status, 200);
    assert_eq!(ada.browser.get("/organization/delete").await.status, 403);
    assert_eq!(ada.browser.post("/members/leave", &[]).await.location(), "/organizations");
    assert!(ada.browser.get("/organizations").await.page().contains("You belong to no organization."));
}

//! Members, their invitations and which of them may run a plan, managed by programs.

use domain::{Deed, Role, Scope, Tiers, UserId};
use serde_json::json;
use store::AuditFilter;

use crate::app::{On, PLAN, TestApp};

#[tokio::test]
async fn members_get_other_roles_and_are_removed() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let ben = app.colleague(&ada, Role::Viewer).await;
    let program = app.program(&ada, Scope::Admin).await;
    let list = program.get("/members?limit=1").await.with(200);
    assert_eq!((&list["items"][0]["email"], &list["items"][0]["role"]), (&json!("ada@example.com"), &json!("owner")));
    let after = list["next"].as_str().unwrap();
    let rest = program.get(&format!("/members?after={after}")).await.with(200);
    assert_eq!(rest["items"][0]["id"], ben.member.user_id.to_string());

    let his = format!("/members/{}", ben.member.user_id);
    assert_eq!(ben.browser.get("/plans/new").await.status, 403);
    let changed = program.patch(&his, &json!({ "role": "editor" })).await.with(200);
    assert_eq!((&changed["role"], &changed["email"]), (&json!("editor"), &rest["items"][0]["email"]));
    assert_eq!(ben.browser.get("/plans/new").await.status, 200, "it holds at once");
    program.patch(&his, &json!({ "role": "king" })).await.problem(400);
    assert!(program.patch(&his, &json!({ "role": "owner" })).await.problem(403).contains("above their own"));

    program.delete(&his).await.with(204);
    program.delete(&his).await.problem(404);
    assert_eq!(ben.browser.get("/plans").await.location(), "/sign-in?next=%2Fplans", "they are out at once");
    let line = app.store.audit(ada.member.tenant(), AuditFilter::default()).await.unwrap().items.swap_remove(0);
    assert_eq!((line.deed, line.actor_name.as_str()), (Deed::MemberRemoved, "admin token (ada@example.com)"));
}

#[tokio::test]
async fn owners_are_out_of_reach_of_every_token() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Admin).await;
    let hers = format!("/members/{}", ada.member.user_id);
    assert!(program.patch(&hers, &json!({ "role": "viewer" })).await.problem(403).contains("owners"));
    assert!(program.delete(&hers).await.problem(403).contains("owners"));
    program.delete(&format!("/members/{}", UserId::new())).await.problem(404);
}

#[tokio::test]
async fn somebody_is_invited_once_and_the_invitation_is_taken_back() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Admin).await;
    let body = json!({ "email": "Ben@Example.com", "role": "operator" });
    let reply = program.post("/invitations", &body).await;
    let location = reply.header("location").to_owned();
    let made = reply.with(201);
    let address = format!("/invitations/{}", made["id"].as_str().unwrap());
    assert_eq!(location, format!("/api/v1{address}"));
    assert_eq!((&made["email"], &made["role"]), (&json!("ben@example.com"), &json!("operator")));
    assert_eq!(made["invited_by"], "ada@example.com");
    assert_eq!(program.get("/invitations").await.with(200)["items"], json!([made]));
    let link = app.link_to("ben@example.com").await;
    assert_eq!(app.browser().get(&link).await.status, 200);

    let again = program.post("/invitations", &body).await;
    assert_eq!(again.json["errors"][0]["field"], "email");
    assert!(again.problem(422).contains("invited already"));
    assert!(program.post(&format!("{address}/again"), &json!({})).await.problem(409).contains("a moment ago"));
    let member = json!({ "email": "ada@example.com", "role": "viewer" });
    assert!(program.post("/invitations", &member).await.problem(422).contains("a member already"));
    let owner = json!({ "email": "eve@example.com", "role": "owner" });
    assert!(program.post("/invitations", &owner).await.problem(403).contains("by owners"));
    let nobody = program.post("/invitations", &json!({ "email": "nobody", "role": "viewer" })).await;
    assert_eq!(nobody.json["errors"][0]["field"], "email");

    program.delete(&address).await.with(204);
    program.delete(&address).await.problem(404);
    program.post(&format!("{address}/again"), &json!({})).await.problem(404);
    assert_eq!(app.browser().get(&link).await.status, 404);
}

#[tokio::test]
async fn a_token_of_whoever_has_not_confirmed_their_address_invites_nobody() {
    let app = TestApp::start_on(On::Postgres).await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Admin).await;
    let body = json!({ "email": "ben@example.com", "role": "viewer" });
    let made = program.post("/invitations", &body).await.with(201);
    let address = format!("/invitations/{}", made["id"].as_str().unwrap());
    assert_eq!(app.database.sql("UPDATE users SET confirmed_at = NULL RETURNING 1").trim(), "1");
    let other = json!({ "email": "cleo@example.com", "role": "viewer" });
    assert!(program.post("/invitations", &other).await.problem(403).contains("a confirmed e-mail address"));
    assert!(program.post(&format!("{address}/again"), &json!({})).await.problem(403).contains("confirmed"));
    assert!(app.mails_to("cleo@example.com").await.is_empty());
    program.delete(&address).await.with(204);
}

#[tokio::test]
async fn one_member_too_many_is_refused_by_the_tier() {
    let mut tiers = Tiers { in_force: None, ..Tiers::default() };
    tiers.free.members = Some(1);
    let app = TestApp::start_limited(On::Sqlite, tiers).await;
    let ada = app.someone("ada").await;
    let program = app.program(&ada, Scope::Admin).await;
    let body = json!({ "email": "ben@example.com", "role": "viewer" });
    assert!(program.post("/invitations", &body).await.problem(402).contains("1 member"));
}

#[tokio::test]
async fn the_operators_of_a_plan_are_named_and_nobody_else() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let (ben, cleo) = (app.colleague(&ada, Role::Operator).await, app.colleague(&ada, Role::Viewer).await);
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let program = app.program(&ada, Scope::Write).await;
    let address = format!("/plans/{plan}/operators");
    assert_eq!(program.get(&address).await.with(200), json!({ "operators": [] }));
    let named = json!({ "operators": [ben.member.user_id.to_string()] });
    assert_eq!(program.put(&address, &named).await.with(200), named);
    assert_eq!(program.get(&address).await.with(200), named);
    for other in [cleo.member.user_id, UserId::new()] {
        let refused = program.put(&address, &json!({ "operators": [ben.member.user_id, other] })).await;
        assert_eq!(refused.json["errors"][0]["field"], "operators");
        assert!(refused.problem(422).contains(&other.to_string()));
    }
    assert_eq!(program.get(&address).await.with(200), named, "nothing was changed");
    program.put(&address, &json!({ "operators": [] })).await.with(200);
    assert_eq!(program.get(&address).await.with(200), json!({ "operators": [] }));
}

//! What is not yours does not exist: every route there is, tried with another organization's ids.

use domain::{OrganizationId, Role, Scope};
use reqwest::Method;
use rstest::rstest;
use testkit::factory;
use web::{Access, Route};

use crate::{
    app::{On, PLAN, Someone, TestApp, pages},
    executed::{execute, passed},
    schedules::schedule,
};

/// Something of each kind that somebody has.
pub struct Ids {
    plan: String,
    run: String,
    schedule: String,
    secret: String,
    session: String,
    member: String,
    invitation: String,
    organization: String,
    token: String,
}

impl Ids {
    pub async fn of(app: &TestApp, someone: &Someone) -> Self {
        let plan = someone.plan(app, "Ada's plan", PLAN).await;
        let run = execute(app, someone, plan, &[passed("1"), passed("2")]).await;
        let secret = format!("KEY_{}", OrganizationId::new().0.simple());
        factory::secret(&app.store, &someone.member, &secret, "Ada's secret value").await;
        app.store.make_hook(someone.member.tenant(), plan, factory::token()).await.expect("they may change plans");
        let schedule = factory::scheduled(&app.store, &someone.member, plan, factory::hourly("Hourly")).await;
        let colleague = factory::colleague(&app.store, &someone.member, Role::Viewer).await;
        let invitation = factory::invitation(Role::Viewer).0;
        let invitation = app.store.invite(someone.member.tenant(), invitation).await.expect("somebody is invited");
        let session = app.sign_in_again(someone).await.member.session_id;
        Self {
            plan: plan.to_string(),
            run: run.to_string(),
            schedule: schedule.to_string(),
            secret,
            session: session.to_string(),
            member: colleague.user_id.to_string(),
            invitation: invitation.to_string(),
            organization: someone.member.tenant().organization().to_string(),
            token: factory::bearer(&app.store, &someone.member, Scope::Read).await.token.to_string(),
        }
    }

    /// The ids under the names that they have in the paths of the API, as lines of TOML.
    pub fn known(&self) -> String {
        let Self { plan, run, schedule, secret, member, invitation, token, .. } = self;
        format!(
            "plan = \"{plan}\"\nrun = \"{run}\"\nschedule = \"{schedule}\"\nsecret = \"{secret}\"\n\
             member = \"{member}\"\ninvitation = \"{invitation}\"\n\"path.token\" = \"{token}\"\n"
        )
    }

    /// Whether the route's address holds one of them.
    pub fn lead_to(&self, route: &Route) -> bool {
        ["{plan}", "{run}", "{schedule}", "{session}", "{secret}", "{member}", "{invitation}", "{organization}"]
            .iter()
            .any(|id| route.path.contains(id))
            || route.path.contains("/tokens/{token}")
    }
}

/// The route's address with ids in it. A placeholder that is not known here fails the test, so that
/// nobody adds a route without saying whose things it leads to.
pub fn address(route: &Route, ids: &Ids) -> String {
    let path = route
        .path
        .replace("{plan}", &ids.plan)
        .replace("{run}", &ids.run)
        .replace("{schedule}", &ids.schedule)
        .replace("{session}", &ids.session)
        .replace("/tokens/{token}", &format!("/tokens/{}", ids.token))
        .replace("{token}", &"0".repeat(64))
        .replace("{secret}", &ids.secret)
        .replace("{member}", &ids.member)
        .replace("{invitation}", &ids.invitation)
        .replace("{organization}", &ids.organization)
        .replace("{version}", "1")
        .replace("{position}", "0")
        .replace("{name:.*}", "x");
    assert!(!path.contains('{'), "{path} has a placeholder that this test does not know");
    path
}

async fn call(someone: &Someone, route: &Route, path: &str) -> u16 {
    if route.method == "GET" {
        return someone.browser.get(path).await.status;
    }
    assert_eq!(route.method, "POST", "teach this test to send {route:?}");
    // What one form does not know is refused by it: each gets its own.
    let plan = [("name", "Taken over"), ("text", PLAN), ("version", "1"), ("role", "viewer")];
    let schedule = [("name", "Taken over"), ("kind", "every"), ("interval", "2h"), ("zone", "UTC")];
    let secret = [("value", "Taken over")];
    let form = match path {
        path if path.contains("schedules") => schedule.as_slice(),
        path if path.contains("secrets") => secret.as_slice(),
        _ => plan.as_slice(),
    };
    someone.browser.post(path, form).await.status
}

/// Streams have no end: only their status is read.
async fn status_of_stream(someone: &Someone, path: &str) -> u16 {
    someone.browser.request(Method::GET, path).send().await.expect("the application answers").status().as_u16()
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn every_route_is_404_with_anothers_ids(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let ids = Ids::of(&app, &ada).await;
    let owned: Vec<&Route> = pages().filter(|route| ids.lead_to(route)).collect();
    assert!(owned.len() >= 24, "the table lost routes: {owned:?}");
    for route in &owned {
        assert!(matches!(route.access, Access::Member | Access::Person), "{route:?} would be open to everybody");
        let path = address(route, &ids);
        assert_eq!(call(&eve, route, &path).await, 404, "eve at {} {path}", route.method);
    }
    // Such addresses are there for their owner, so the 404 above is about whose they are.
    for route in owned {
        let ids = Ids::of(&app, &ada).await;
        let path = address(route, &ids);
        let status = if path == format!("/plans/{}/events", ids.plan) {
            status_of_stream(&ada, &path).await
        } else {
            call(&ada, route, &path).await
        };
        // An invitation that has just been sent is not sent again.
        let is_there = matches!(status, 200 | 204 | 303) || status == 409 && path.ends_with("/again");
        assert!(is_there, "ada at {} {path}: {status}", route.method);
    }
}

#[tokio::test]
async fn every_route_for_members_wants_a_session() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let ids = Ids::of(&app, &ada).await;
    let stranger = app.browser();
    for route in pages().filter(|route| route.access != Access::Public) {
        let path = address(route, &ids);
        let answer = if route.method == "GET" {
            stranger.get(&path).await
        } else {
            stranger.post(&path, &[("text", PLAN), ("name", "x")]).await
        };
        assert!(answer.location().starts_with("/sign-in?next="), "{route:?}: {answer:?}");
    }
    let plans = app.store.plans(ada.member.tenant(), store::PlanFilter::default()).await.unwrap();
    assert_eq!(plans.items.len(), 1, "nothing was made or deleted");
    let schedules = app.store.schedules(ada.member.tenant(), store::ScheduleFilter::default()).await.unwrap();
    assert!(schedules.items.len() == 1 && schedules.items[0].paused.is_none(), "nor paused: {schedules:?}");
}

#[tokio::test]
async fn lists_and_filters_show_only_what_is_ones_own() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let plan = ada.plan(&app, "Ada's secret plan", PLAN).await;
    execute(&app, &ada, plan, &[passed("1")]).await;
    schedule(&ada, plan, &[("name", "Ada's secret plan"), ("kind", "every"), ("interval", "1h")]).await;
    factory::secret(&app.store, &ada.member, "KEY", "some value").await;
    assert!(!eve.browser.get("/secrets").await.page().contains("KEY"));
    for path in ["/", "/plans", "/plans?q=secret", "/runs", "/runs?q=secret", "/schedules", "/schedules?state=active"] {
        let page = eve.browser.get(path).await.page();
        assert!(!page.contains("Ada&#39;s secret plan"), "{path}: {page}");
    }
    assert_eq!(eve.browser.get(&format!("/runs?plan={plan}")).await.status, 404);
    assert!(
        ada.browser.get("/plans").await.page().contains("Ada&#39;s secret plan"),
        "the test looks for the right text"
    );
}

#[tokio::test]
async fn a_version_of_one_plan_is_not_reached_through_another() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let (hers, mine) = (ada.plan(&app, "A", PLAN).await, eve.plan(&app, "E", PLAN).await);
    assert_eq!(eve.browser.get(&format!("/plans/{mine}/versions/1")).await.status, 200);
    assert_eq!(eve.browser.get(&format!("/plans/{hers}/versions/1")).await.status, 404);
    assert_eq!(eve.browser.get(&format!("/plans/{mine}/versions/2")).await.status, 404);
}

//! The billing page where nothing is sold, and what every limit says where it bites.

use domain::{Tier, Tiers};
use testkit::factory;

use crate::{
    app::{On, PLAN, Someone, TestApp},
    schedules::schedule,
};

/// With every organization on a tier of its own, and nothing sold.
async fn start() -> TestApp {
    TestApp::start_limited(On::Sqlite, Tiers { in_force: None, ..Tiers::default() }).await
}

async fn put_on(app: &TestApp, someone: &Someone, tier: Tier) {
    assert!(app.store.grant_tier(someone.member.tenant().organization(), tier).await.unwrap());
}

#[tokio::test]
async fn without_stripe_the_page_says_that_billing_is_off_and_shows_what_is_used() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    ada.plan(&app, "Shop", PLAN).await;
    let page = ada.browser.get("/billing").await.page();
    assert!(page.contains("Billing is off on this server"), "{page}");
    assert!(page.contains("<b>enterprise</b>") && page.contains("1, no limit"), "{page}");
    assert!(!page.contains("/billing/checkout") && !page.contains("Invoices"), "{page}");
    for path in ["/billing/checkout", "/billing/portal", "/billing/cancel", "/billing/resume", "/webhooks/stripe"] {
        assert_eq!(ada.browser.post(path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(ada.browser.get("/billing/done").await.status, 404);
}

#[tokio::test]
async fn one_plan_too_many_is_refused_with_the_reason_and_the_text_is_kept() {
    let app = start().await;
    let ada = app.someone("ada").await;
    for name in ["A", "B"] {
        ada.browser.post("/plans", &[("name", name), ("text", PLAN)]).await.location();
    }
    let form = ada.browser.get("/plans/new").await.page();
    assert!(form.contains("No plan can be added.</b> Your tier allows 2 plans, and none is left."), "{form}");
    let refused = ada.browser.post("/plans", &[("name", "Third"), ("text", PLAN)]).await;
    assert_eq!(refused.status, 402);
    let page = refused.text;
    assert!(page.contains("Your tier allows 2 plans") && page.contains("https://api.example.com/one"), "{page}");
    assert!(page.contains("value=\"Third\"") && page.contains("href=\"/billing\">Tier and limits"), "{page}");
    put_on(&app, &ada, Tier::Pro).await;
    ada.browser.post("/plans", &[("name", "Third"), ("text", PLAN)]).await.location();
}

#[tokio::test]
async fn what_a_lower_tier_does_not_allow_is_shown_as_paused_with_the_reason() {
    let app = start().await;
    let ada = app.someone("ada").await;
    put_on(&app, &ada, Tier::Pro).await;
    let ada = app.sign_in_again(&ada).await;
    let mut plans = Vec::new();
    for name in ["A", "B", "C"] {
        plans.push(ada.plan(&app, name, PLAN).await);
    }
    let often = schedule(&ada, plans[0], &[("name", "Often"), ("kind", "every"), ("interval", "10s")]).await;
    let ask = ada.browser.get("/billing").await.page();
    assert!(ask.contains("<b>pro</b>") && ask.contains("aria-current=\"true\""), "{ask}");
    put_on(&app, &ada, Tier::Free).await;

    let page = ada.browser.get(&format!("/plans/{}", plans[2])).await.page();
    assert!(page.contains("so this plan is paused") && page.contains("pill paused"), "{page}");
    assert!(!page.contains(&format!("action=\"/plans/{}/runs\"", plans[2])), "there is no Run: {page}");
    let run = ada.browser.post(&format!("/plans/{}/runs", plans[2]), &[]).await;
    let run = ada.browser.get(run.location()).await.page();
    assert!(run.contains("refused") && run.contains("so this plan is paused"), "{run}");
    assert!(ada.browser.get("/plans").await.page().contains("pill paused"));
    let page = ada.browser.get(&format!("/schedules/{often}")).await.page();
    assert!(page.contains("Two runs would be only 10 seconds apart") && page.contains("pill paused"), "{page}");
    assert!(page.contains("Next, once its tier allows it"), "{page}");
}

#[tokio::test]
async fn what_is_used_and_what_the_schedules_will_use_is_told() {
    let app = start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    for _ in 0..80 {
        factory::queued_run(&app.store, &ada.member, plan).await;
    }
    let page = ada.browser.get("/billing").await.page();
    assert!(page.contains("80 of 100, 20 left") && page.contains("80 % of this month"), "{page}");
    assert!(page.contains("No schedule asks for more before the month is over."), "{page}");
    assert!(page.contains("1 of 2, 1 left") && page.contains("1 of 3, 2 left"), "{page}");
    schedule(&ada, plan, &[("name", "Hourly"), ("kind", "every"), ("interval", "1h")]).await;
    let page = ada.browser.get("/billing").await.page();
    let left = domain::forecast::end_of_month(app.store.now().await.unwrap());
    let hours = left.duration_since(app.store.now().await.unwrap()).as_hours();
    let coming = page.split("The schedules will ask for ").nth(1).and_then(|rest| rest.split(' ').next());
    let coming: i64 = coming.map_or(0, |number| number.parse().unwrap());
    assert!((hours - 1..=hours + 1).contains(&coming), "{coming} of {hours} hours: {page}");
}

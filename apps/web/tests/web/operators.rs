//! Who may run which plan.

use domain::Role;

use crate::app::{PLAN, TestApp};

#[tokio::test]
async fn a_plan_with_named_operators_is_run_and_stopped_by_these_only() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    let plan = ada.plan(&app, "Shop", PLAN).await;
    let (named, other) = (app.colleague(&ada, Role::Operator).await, app.colleague(&ada, Role::Operator).await);
    let (page, run) = (format!("/plans/{plan}"), format!("/plans/{plan}/runs"));
    assert!(other.browser.get(&page).await.page().contains(&run), "the button is there");
    let form = [("operator", named.member.user_id.to_string())];
    let form: Vec<_> = form.iter().map(|(name, id)| (*name, id.as_str())).collect();
    assert_eq!(ada.browser.post(&format!("{page}/operators"), &form).await.location(), page);
    let shown = ada.browser.get(&page).await.page();
    assert!(shown.contains(&format!("value=\"{}\" checked", named.member.user_id)), "{shown}");
    assert!(!shown.contains(&format!("value=\"{}\" checked", other.member.user_id)), "{shown}");

    assert!(!other.browser.get(&page).await.page().contains(&run), "no button that is refused");
    let refused = other.browser.post(&run, &[]).await;
    assert!(refused.status == 403 && refused.text.contains("operators who are named for it"), "{refused:?}");
    let going = named.browser.post(&run, &[]).await.location().to_owned();
    for path in [format!("{going}/cancel"), format!("{going}/again")] {
        assert_eq!(other.browser.post(&path, &[]).await.status, 403, "{path}");
    }
    assert_eq!(named.browser.post(&format!("{going}/cancel"), &[]).await.location(), going);

    assert_eq!(ada.browser.post(&format!("{page}/operators"), &[]).await.location(), page);
    assert_eq!(other.browser.post(&run, &[]).await.status, 303, "with nobody named all may");
}

//! Secrets: names go out, values only in.

use domain::Role;
use reqwest::Method;
use rstest::rstest;
use serde_json::Value;
use testkit::factory;

use crate::app::{On, Someone, TestApp};

/// With what HTML, JSON and URLs spell otherwise.
const VALUE: &str = "hunter22 <&\"é>";

/// No page that can be reached shows it.
async fn assert_nowhere(someone: &Someone, paths: &[&str]) {
    for path in paths {
        let page = someone.browser.get(path).await.page();
        assert!(!page.contains("hunter22"), "{path}: {page}");
    }
}

async fn add(someone: &Someone, name: &str, value: &str) {
    assert_eq!(someone.browser.post("/secrets", &[("name", name), ("value", value)]).await.location(), "/secrets");
}

#[rstest]
#[case(On::Sqlite)]
#[case(On::Postgres)]
#[tokio::test]
async fn a_secret_is_added_replaced_and_deleted_and_never_shown(#[case] on: On) {
    let app = TestApp::start_on(on).await;
    let ada = app.someone("ada").await;
    let empty = ada.browser.get("/secrets").await.page();
    assert!(empty.contains("No secrets yet") && empty.contains("autocomplete=\"off\""), "{empty}");
    add(&ada, "PASSWORD", VALUE).await;
    let page = ada.browser.get("/secrets").await.page();
    assert!(page.contains("<code>PASSWORD</code>") && page.contains("by ada@example.com"), "{page}");
    assert!(page.contains("added <span class=\"muted\">version 1</span>"), "{page}");
    let form = ada.browser.get("/secrets/PASSWORD").await.page();
    let field = form.split("<textarea").nth(1).unwrap().split("</textarea>").next().unwrap();
    assert!(field.ends_with('>') && field.contains("autocomplete=\"off\"") && field.contains("concealed"), "{field}");
    assert_nowhere(&ada, &["/secrets", "/secrets/PASSWORD", "/secrets/PASSWORD/delete", "/plans/new"]).await;
    let replaced = ada.browser.post("/secrets/PASSWORD", &[("value", "hunter22 again")]).await;
    assert_eq!(replaced.location(), "/secrets");
    let page = ada.browser.get("/secrets").await.page();
    assert!(page.contains("<td class=\"num\" data-label=\"Version\">2</td>"), "{page}");
    assert_nowhere(&ada, &["/secrets", "/secrets/PASSWORD"]).await;
    assert_eq!(ada.browser.post("/secrets/PASSWORD/delete", &[]).await.location(), "/secrets");
    let page = ada.browser.get("/secrets").await.page();
    assert!(
        page.contains("No secrets yet") && page.contains("deleted <span class=\"muted\">version 2</span>"),
        "{page}"
    );
    assert_eq!(ada.browser.get("/secrets/PASSWORD").await.status, 404);
    assert_eq!(ada.browser.post("/secrets/PASSWORD/delete", &[]).await.status, 404);
}

#[rstest]
#[case("2nd", VALUE, "name-error", "Begin with a letter or <code>_</code>")]
#[case("PASSWORD", "hunter22 of the other", "name-error", "There is a secret of this name already.")]
#[case("SHORT", "x23", "value-error", "Enter at least 4 characters")]
#[case("EMPTY", " \r\n ", "value-error", "Enter a value.")]
#[tokio::test]
async fn what_cannot_be_kept_is_told_at_its_field_and_the_value_is_not_sent_back(
    #[case] name: &str,
    #[case] value: &str,
    #[case] field: &str,
    #[case] sentence: &str,
) {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    add(&ada, "PASSWORD", "the first value").await;
    let answer = ada.browser.post("/secrets", &[("name", name), ("value", value)]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains(&format!("id=\"{field}\">{sentence}")), "{}", answer.text);
    assert!(answer.text.contains(&format!("value=\"{name}\"")) && answer.text.contains("The value is not kept"));
    assert!(!answer.text.contains("hunter22") && !answer.text.contains("x23"), "{}", answer.text);
    assert_eq!(app.store.secrets(ada.member.tenant()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_value_of_64_kib_is_taken_and_a_longer_one_is_not() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    add(&ada, "LONG", &"é".repeat(32 * 1024)).await;
    let answer = ada.browser.post("/secrets/LONG", &[("value", &"é".repeat(32 * 1024 + 1))]).await;
    assert!(answer.status == 422 && answer.text.contains("Enter at most 64 KiB."), "{}", answer.status);
    assert_eq!(app.store.secrets(ada.member.tenant()).await.unwrap()[0].version, 1);
}

#[tokio::test]
async fn a_plan_may_name_secrets_that_are_there_and_no_others() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    let text = "- get: { url: \"https://api.example.com\", auth: { bearer: \"${PASSWORD}\" } }\n";
    let save = async |of: &Someone, text: &str| of.browser.post("/plans", &[("name", "Plan"), ("text", text)]).await;
    let unknown = save(&ada, text).await;
    assert_eq!(unknown.status, 422);
    assert!(unknown.text.contains("There is no variable <code>PASSWORD</code>."), "{}", unknown.text);
    add(&ada, "PASSWORD", VALUE).await;
    assert!(save(&ada, text).await.location().starts_with("/plans/"));
    assert_eq!(save(&eve, text).await.status, 422, "it is not eve's");
    let typo = save(&ada, &text.replace("PASSWORD", "PASWORD")).await;
    assert!(typo.text.contains("Did you mean <code>PASSWORD</code>?"), "{}", typo.text);
    // The editor says the same while one types.
    let check = async |text: &str| -> Value {
        let headers = [("content-type", "text/plain"), ("sec-fetch-site", "same-origin")];
        let answer = ada.browser.send(Method::POST, "/plans/check", &headers, Some(text.as_bytes().to_vec())).await;
        serde_json::from_str(&answer.text).unwrap()
    };
    assert_eq!(check(text).await["diagnostics"], serde_json::json!([]));
    let found = check(&text.replace("PASSWORD", "PASWORD")).await;
    assert_eq!(found["diagnostics"][0]["severity"], "error");
    assert_eq!(found["diagnostics"][0]["hint"], "Did you mean `PASSWORD`?");
}

#[tokio::test]
async fn the_page_tells_which_plans_use_a_name_and_which_names_are_not_there() {
    let app = TestApp::start().await;
    let ada = app.someone("ada").await;
    add(&ada, "USED", VALUE).await;
    add(&ada, "UNUSED", VALUE).await;
    let text = |name: &str| format!("- get: {{ url: \"https://api.example.com/${{{name}}}\" }}\n");
    let plan = ada.plan(&app, "Plan <i>", &text("USED")).await;
    ada.plan(&app, "Other", &text("GONE")).await;
    let page = ada.browser.get("/secrets").await.page();
    assert!(
        page.contains(&format!("<a href=\"/plans/{plan}\">Plan &#60;i&#62;</a>")) && page.contains("no plan"),
        "{page}"
    );
    let missing = page.split("id=\"missing\"").nth(1).unwrap().split("</section>").next().unwrap();
    assert!(
        missing.contains("<code>GONE</code>") && missing.contains(">Other</a>") && !missing.contains("USED"),
        "{missing}"
    );
    assert!(missing.contains("href=\"/secrets?name=GONE#add\""), "{missing}");
    let form = ada.browser.get("/secrets?name=GONE").await.page();
    assert!(form.contains("value=\"GONE\""), "{form}");
    let ask = ada.browser.get("/secrets/USED/delete").await.page();
    assert!(ask.contains("A plan uses it:") && ask.contains("Plan &#60;i&#62;"), "{ask}");
    assert!(ada.browser.get("/secrets/UNUSED/delete").await.page().contains("No plan uses it now."));
    // By their current text: one version later it is another name.
    let new = text("UNUSED");
    ada.browser.post(&format!("/plans/{plan}"), &[("name", "Plan"), ("text", &new), ("version", "1")]).await.location();
    assert!(ada.browser.get("/secrets/USED/delete").await.page().contains("No plan uses it now."));
    assert!(ada.browser.get("/secrets/UNUSED/delete").await.page().contains("A plan uses it:"));
}

#[tokio::test]
async fn plans_that_nobody_has_read_for_names_are_read_for_the_page() {
    let app = TestApp::start_on(On::Postgres).await;
    let ada = app.someone("ada").await;
    ada.plan(&app, "Old", "- get: { url: \"https://api.example.com/${GONE}\" }\n").await;
    let _ = app.database.sql("UPDATE plans SET outside = NULL");
    let page = ada.browser.get("/secrets").await.page();
    assert!(page.contains("<code>GONE</code>"), "{page}");
    assert_eq!(app.database.sql("SELECT outside FROM plans"), "[\"GONE\"]");
}

#[rstest]
#[case(Role::Viewer)]
#[case(Role::Operator)]
#[tokio::test]
async fn who_may_not_edit_sees_names_and_changes_nothing(#[case] role: Role) {
    let app = TestApp::start_on(On::Postgres).await;
    let ada = app.someone("ada").await;
    factory::secret(&app.store, &ada.member, "PASSWORD", VALUE).await;
    let _ = app.database.sql(&format!("UPDATE members SET role = '{role}'"));
    let ada = app.sign_in_again(&ada).await;
    let page = ada.browser.get("/secrets").await.page();
    assert!(
        page.contains("<code>PASSWORD</code>") && !page.contains("Replace") && !page.contains("<textarea"),
        "{page}"
    );
    let form = [("name", "OTHER"), ("value", "some value")];
    for path in ["/secrets", "/secrets/PASSWORD", "/secrets/PASSWORD/delete"] {
        assert_eq!(ada.browser.post(path, &form).await.status, 403, "{path}");
    }
    for path in ["/secrets/PASSWORD", "/secrets/PASSWORD/delete"] {
        assert_eq!(ada.browser.get(path).await.status, 403, "{path}");
    }
    assert_eq!(app.store.secrets(ada.member.tenant()).await.unwrap()[0].version, 1);
}

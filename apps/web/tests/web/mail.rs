//! The page of mails, where there is no mail server.

use web::MailDelivery;

use crate::{
    account::sign_up,
    app::{On, TestApp},
};

#[tokio::test]
async fn operators_read_mail_where_it_goes_into_a_folder_and_nobody_else_does() {
    let app = TestApp::start().await;
    let (ada, eve) = (app.someone("ada").await, app.someone("eve").await);
    sign_up(&app.browser(), "new@example.com").await;
    let link = app.link_to("new@example.com").await;
    let page = ada.browser.get("/mail").await.page();
    assert!(
        page.contains("new@example.com") && page.contains(&format!("<a href=\"{link}\">http://localhost")),
        "{page}"
    );
    assert!(ada.browser.get("/").await.page().contains("href=\"/mail\""));
    assert_eq!(eve.browser.get("/mail").await.status, 404);
    assert!(!eve.browser.get("/").await.page().contains("href=\"/mail\""));
}

#[tokio::test]
async fn where_mail_goes_out_nobody_reads_it_here() {
    let app = TestApp::start_with(On::Sqlite, &[], |config| config.mail = MailDelivery::Server).await;
    let ada = app.someone("ada").await;
    assert_eq!(ada.browser.get("/mail").await.status, 404);
    assert!(!ada.browser.get("/").await.page().contains("href=\"/mail\""));
}

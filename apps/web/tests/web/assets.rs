//! Embedded files.

use reqwest::Method;

use crate::app::TestApp;

#[tokio::test]
async fn a_file_that_is_not_there_is_404() {
    let app = TestApp::start().await;
    for path in ["/assets/nothing.css", "/assets/", "/assets/../Cargo.toml", "/assets/%2e%2e/README.md"] {
        assert_eq!(app.browser().get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_file_is_kept_for_ever_under_its_version_and_asked_for_again_without() {
    let app = TestApp::start().await;
    let page = app.browser().get("/sign-in").await.page();
    // Without built assets there is nothing to test but that the page works.
    let Some(url) = page.split("href=\"/assets/app.css").nth(1).map(|rest| rest.split('"').next().unwrap()) else {
        assert!(page.contains("<form class=\"card\" method=\"post\""));
        return;
    };
    let named = app.browser().get(&format!("/assets/app.css{url}")).await;
    assert_eq!((named.status, named.header("content-type")), (200, "text/css; charset=utf-8"));
    assert_eq!(named.header("cache-control"), "public, max-age=31536000, immutable");
    let plain = app.browser().get("/assets/app.css").await;
    assert_eq!(plain.header("cache-control"), "public, no-cache");
    let tag = [("if-none-match", plain.header("etag"))];
    let known = app.browser().send(Method::GET, "/assets/app.css", &tag, None).await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
    assert_eq!(app.browser().get("/assets/app.css?v=0000").await.header("cache-control"), "public, no-cache");
}

//! The state in its file.

use testkit::stripe::{Card, FakeStripe, Settings};

use crate::shop;

#[tokio::test]
async fn a_file_keeps_everything_across_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { file: Some(folder.path().join("state.json")), ..Settings::default() };
    let first = FakeStripe::open(settings.clone()).await.unwrap();
    let customer = first.call("POST", "/v1/customers", &[("email", "ada@example.com")]).unwrap();
    let customer = shop::text(&customer, "id");
    first.set_card(&customer, Card::Declines);
    first.advance(shop::days(3)).await;
    let (now, events, before) = (first.now(), first.events(), first.customer(&customer));
    first.stop().await;

    let second = FakeStripe::open(settings).await.unwrap();
    assert_eq!(second.now(), now);
    assert_eq!(second.events(), events);
    assert_eq!(second.customer(&customer), before);
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    std::fs::write(&file, "{}").unwrap();
    assert!(FakeStripe::open(Settings { file: Some(file), ..Settings::default() }).await.is_err());
}

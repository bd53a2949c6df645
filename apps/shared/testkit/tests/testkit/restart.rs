//! The state in its file.

use testkit::stripe::{Card, FakeStripe, Settings};
use testkit::target::{Reply, Target};

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
async fn webhooks_that_were_under_way_or_held_are_not_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let settings = Settings { file: Some(folder.path().join("state.json")), ..Settings::default() };
    let target = Target::start().await;
    target.on("POST /webhooks", Reply::ok().status(500));
    let first = FakeStripe::open(settings.clone()).await.unwrap();
    first.endpoint(&target.url("/webhooks"), &["customer.created"]);
    first.call("POST", "/v1/customers", &[]).unwrap();
    target.received(1).await;
    first.hold_webhooks();
    first.call("POST", "/v1/customers", &[]).unwrap();
    first.stop().await;

    target.on("POST /webhooks", Reply::ok());
    let second = FakeStripe::open(settings).await.unwrap();
    second.settled().await;
    let left: Vec<String> = second.undelivered().into_iter().map(|event| event.id).collect();
    assert_eq!(left, [second.held()[0].id.clone()], "the one under way has come, the held one is held");
    second.release_all().await;
    assert!(second.undelivered().is_empty());
}

#[tokio::test]
async fn a_file_that_is_none_of_ours_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.json");
    std::fs::write(&file, "{}").unwrap();
    assert!(FakeStripe::open(Settings { file: Some(file), ..Settings::default() }).await.is_err());
}

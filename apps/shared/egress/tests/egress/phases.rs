//! Where the time went.

use std::time::Duration;

use testkit::target::{Act, Authority, Gate, Reply, Target};

use crate::{anywhere, following, get, post};

const WAIT: Duration = Duration::from_millis(60);

#[tokio::test]
async fn a_new_connection_has_all_phases_and_a_kept_one_only_the_waiting() {
    let authority = Authority::new();
    let target = Target::start_tls(&authority.issue(&["localhost"])).await;
    target.on("/", Reply::text("hello").delayed(WAIT));
    let egress = egress::Egress::new(egress::Policy::any().trust(authority.der()));
    let first = egress.send(get(&target.url("/")), None).await.unwrap().phases;
    assert!(first.dns > Duration::ZERO, "{first:?}");
    assert!(first.connect > Duration::ZERO, "{first:?}");
    assert!(first.tls > Duration::ZERO, "{first:?}");
    assert!(first.wait >= WAIT, "{first:?}");
    let second = egress.send(get(&target.url("/")), None).await.unwrap().phases;
    assert_eq!((second.dns, second.connect, second.tls), (Duration::ZERO, Duration::ZERO, Duration::ZERO));
    assert!(second.wait >= WAIT, "{second:?}");
    assert!(second.queue < second.wait, "{second:?}");
}

#[tokio::test]
async fn the_download_is_told_from_the_waiting() {
    let target = Target::start().await;
    let acts = vec![
        Act::Pause(WAIT),
        Act::send("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab"),
        Act::Pause(2 * WAIT),
        Act::send("cd"),
    ];
    target.on("/", acts);
    let response = anywhere().send(post(&target.url("/"), "x"), None).await.unwrap();
    assert_eq!(response.body, "abcd");
    let phases = response.phases;
    assert!(phases.wait >= WAIT, "{phases:?}");
    assert!(phases.download >= 2 * WAIT, "{phases:?}");
    assert_eq!((phases.dns, phases.tls), (Duration::ZERO, Duration::ZERO), "an address needs no looking up");
}

#[tokio::test]
async fn the_phases_of_all_hops_are_summed() {
    let target = Target::start().await;
    target.on("/", Reply::redirect("/there").delayed(WAIT)).on("/there", Reply::ok().delayed(WAIT));
    let begun = tokio::time::Instant::now();
    let response = anywhere().send(following(get(&target.url("/"))), None).await.unwrap();
    let took = begun.elapsed();
    assert!(response.phases.wait >= 2 * WAIT, "{:?}", response.phases);
    assert!(response.phases.total() <= took);
    assert!(response.phases.total() + WAIT > took, "nothing is left out: {:?} of {took:?}", response.phases);
}

#[tokio::test]
async fn requests_side_by_side_do_not_mix_their_times() {
    let target = Target::start().await;
    let gate = Gate::new();
    target.on("/slow", Reply::ok().after(&gate)).on("/fast", Reply::ok());
    let egress = anywhere();
    let slow = tokio::spawn({
        let (egress, url) = (egress.clone(), target.url("/slow"));
        async move { egress.send(get(&url), None).await.unwrap().phases }
    });
    target.received(1).await;
    let fast = egress.send(get(&target.url("/fast")), None).await.unwrap().phases;
    tokio::time::sleep(WAIT).await;
    gate.open();
    let slow = slow.await.unwrap();
    assert!(slow.wait >= WAIT);
    assert!(fast.wait < slow.wait);
}

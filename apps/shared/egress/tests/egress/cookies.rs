//! The jar: RFC 6265 as far as a run needs it.

use egress::Jar;
use testkit::target::{Reply, Target};

use crate::{anywhere, following, get, with};

async fn cookies_after(set: &[&str], path: &str) -> Option<String> {
    let target = Target::start().await;
    let reply = set.iter().fold(Reply::ok(), |reply, cookie| reply.header("set-cookie", *cookie));
    target.on("/set/here", reply).on(path, Reply::ok());
    let (egress, jar) = (anywhere(), Jar::new());
    egress.send(get(&target.url("/set/here")), Some(&jar)).await.unwrap();
    egress.send(get(&target.url(path)), Some(&jar)).await.unwrap();
    target.requests()[1].header("cookie").map(str::to_owned)
}

#[tokio::test]
async fn cookies_go_where_they_belong() {
    for (set, path, sent) in [
        ("a=1; Path=/", "/other", Some("a=1")),
        ("a=1", "/set/there", Some("a=1")),
        ("a=1", "/other", None),
        ("a=1; Path=/x", "/xy", None),
        ("a=1; Path=/x", "/x/y", Some("a=1")),
        ("a=1; Path=/; Max-Age=0", "/", None),
        ("a=1; Path=/; Max-Age=60", "/", Some("a=1")),
        ("a=1; Path=/; Expires=Wed, 01 Jan 2020 00:00:00 GMT", "/", None),
        ("a=1; Path=/; Domain=example.com", "/", None),
        ("a=1; Path=/; HttpOnly; SameSite=Strict", "/", Some("a=1")),
        ("a=x=y; Path=/", "/", Some("a=x=y")),
        ("nonsense", "/set/there", None),
    ] {
        assert_eq!(cookies_after(&[set], path).await.as_deref(), sent, "{set} at {path}");
    }
}

#[tokio::test]
async fn the_more_specific_and_then_the_older_cookie_comes_first() {
    let set = ["a=1; Path=/", "b=2; Path=/", "c=3; Path=/set/here", "a=4; Path=/set"];
    assert_eq!(cookies_after(&set, "/set/here/too").await.unwrap(), "c=3; a=4; a=1; b=2");
}

#[tokio::test]
async fn a_later_cookie_replaces_an_earlier_one_and_max_age_zero_removes_it() {
    assert_eq!(cookies_after(&["a=1; Path=/", "a=2; Path=/"], "/").await.unwrap(), "a=2");
    assert_eq!(cookies_after(&["a=1; Path=/", "a=; Path=/; Max-Age=0"], "/").await, None);
}

#[tokio::test]
async fn other_hosts_get_no_cookies() {
    let (here, there) = (Target::start().await, Target::start().await);
    // Cookies know no ports, so the other host needs another name.
    let elsewhere = there.url("/").replace("127.0.0.1", "localhost");
    here.on("/", Reply::redirect(&elsewhere).header("set-cookie", "a=1; Path=/"));
    there.on("/", Reply::ok());
    anywhere().send(following(get(&here.url("/"))), Some(&Jar::new())).await.unwrap();
    assert_eq!(there.requests()[0].header("cookie"), None);
}

#[tokio::test]
async fn a_cookie_the_customer_writes_out_wins() {
    let target = Target::start().await;
    target.on("/", Reply::ok().header("set-cookie", "a=jar").header("set-cookie", "b=jar"));
    let (egress, jar) = (anywhere(), Jar::new());
    egress.send(get(&target.url("/")), Some(&jar)).await.unwrap();
    egress.send(with(get(&target.url("/")), "cookie", "a=mine; c=mine"), Some(&jar)).await.unwrap();
    assert_eq!(target.requests()[1].header("cookie"), Some("a=mine; c=mine; b=jar"));
}

#[tokio::test]
async fn without_a_jar_nothing_is_kept() {
    let target = Target::start().await;
    target.on("/", Reply::ok().header("set-cookie", "a=1"));
    let egress = anywhere();
    for _ in 0..2 {
        egress.send(get(&target.url("/")), None).await.unwrap();
    }
    assert_eq!(target.requests()[1].header("cookie"), None);
}

#[tokio::test]
async fn a_jar_survives_being_written_to_lines() {
    let target = Target::start().await;
    let reply =
        Reply::ok().header("set-cookie", "s=1; HttpOnly").header("set-cookie", "p=\"x y\"; Max-Age=60; Path=/a");
    target.on("/", reply).on("/a", Reply::ok());
    let (egress, jar) = (anywhere(), Jar::new());
    egress.send(get(&target.url("/")), Some(&jar)).await.unwrap();
    let lines = jar.to_lines();
    assert_eq!(lines.len(), 2);
    let copy = Jar::from_lines(lines.iter().map(String::as_str)).unwrap();
    assert_eq!(copy.to_lines(), lines);
    egress.send(get(&target.url("/a")), Some(&jar)).await.unwrap();
    egress.send(get(&target.url("/a")), Some(&copy)).await.unwrap();
    let requests = target.requests();
    assert!(requests[1].header("cookie").is_some());
    assert_eq!(requests[1].header("cookie"), requests[2].header("cookie"));
    assert!(Jar::from_lines(["nonsense"]).is_err());
}

#[tokio::test]
async fn a_target_cannot_fill_the_jar_without_bound() {
    let target = Target::start().await;
    target.on("/long", Reply::ok().header("set-cookie", format!("long={}", "x".repeat(5000))));
    let jar = Jar::new();
    let egress = anywhere();
    egress.send(get(&target.url("/long")), Some(&jar)).await.unwrap();
    assert!(jar.to_lines().is_empty());
    for page in 0..10 {
        let many = (0..90).fold(Reply::ok(), |reply, n| reply.header("set-cookie", format!("c{page}-{n}=1")));
        target.on("/many", many);
        egress.send(get(&target.url("/many")), Some(&jar)).await.unwrap();
    }
    assert_eq!(jar.to_lines().len(), 300);
}

//! No request reaches what the policy does not permit, however it is spelled.

use std::net::SocketAddr;
use std::process::Command;

use egress::{Allow, Blocked, Egress, FailureKind, Policy, check_url};
use http::Method;
use testkit::target::{Reply, Target};
use url::Url;

use crate::{following, get};

async fn refused(policy: Policy, url: &str) -> FailureKind {
    let failure = Egress::new(policy).send(get(url), None).await.unwrap_err();
    assert!(!failure.was_sent());
    assert!(!failure.is_connection(), "asking again cannot help");
    failure.kind
}

#[tokio::test]
async fn loopback_is_refused_in_every_spelling() {
    let target = Target::start().await;
    let port = target.address().port();
    for host in [
        "127.0.0.1",
        "127.1",
        "127.0.1",
        "2130706433",
        "0x7f000001",
        "0x7f.1",
        "0177.0.0.1",
        "127.0.0.1.",
        "0",
        "0.0.0.0",
        "①②⑦.0.0.1",
        "127。0。0。1",
        "%31%32%37.0.0.1",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::127.0.0.1]",
        "[2002:7f00:1::]",
    ] {
        let kind = refused(Policy::public(), &format!("http://{host}:{port}/")).await;
        assert!(matches!(kind, FailureKind::Blocked(Blocked::Address(_))), "{host}: {kind:?}");
    }
    assert_eq!(target.counts().connections, 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused() {
    let target = Target::start().await;
    let url = format!("http://localhost:{}/", target.address().port());
    assert_eq!(refused(Policy::public(), &url).await, FailureKind::Blocked(Blocked::Name("localhost".into())));
    assert_eq!(target.counts().connections, 0);
}

#[tokio::test]
async fn the_error_is_the_same_whether_the_port_is_open_or_closed() {
    let target = Target::start().await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    for host in ["127.0.0.1", "localhost"] {
        let mut sentences = Vec::new();
        for port in [target.address().port(), closed.port()] {
            let url = format!("http://{host}:{port}/");
            sentences.push(Egress::new(Policy::public()).send(get(&url), None).await.unwrap_err().to_string());
        }
        assert_eq!(sentences[0], sentences[1]);
    }
}

#[tokio::test]
async fn a_redirect_to_the_inside_is_refused() {
    let (outside, inside) = (Target::start().await, Target::start().await);
    inside.on("/secret", Reply::text("secret"));
    for location in [inside.url("/secret"), inside.url("/secret").replace("127.0.0.1", "localhost")] {
        outside.on("/", Reply::redirect(&location));
        let egress = Egress::new(Policy::public().allow(outside.address().into()));
        let failure = egress.send(following(get(&outside.url("/"))), None).await.unwrap_err();
        assert!(matches!(failure.kind, FailureKind::Blocked(_)), "{failure}");
        assert!(failure.to_string().starts_with(&format!("After a redirect to {location}: ")), "{failure}");
        assert_eq!(failure.context.redirects.len(), 1);
    }
    assert_eq!(inside.counts().connections, 0);
}

#[tokio::test]
async fn a_redirect_to_another_scheme_is_refused() {
    let target = Target::start().await;
    for location in ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1:6379/_FLUSHALL", "data:,x"] {
        target.on("/", Reply::redirect(location));
        let failure = crate::failure(following(get(&target.url("/")))).await;
        assert!(matches!(failure.kind, FailureKind::Blocked(Blocked::Scheme(_))), "{failure}");
    }
}

#[tokio::test]
async fn what_an_operator_allows_can_be_reached_and_nothing_beside_it() {
    let (allowed, other) = (Target::start().await, Target::start().await);
    allowed.on("/", Reply::ok());
    let policy = Policy::public().allow(allowed.address().to_string().parse().unwrap());
    let egress = Egress::new(policy.clone());
    egress.send(get(&allowed.url("/")), None).await.unwrap();
    refused(policy, &other.url("/")).await;
    let network: Allow = "127.0.0.0/8".parse().unwrap();
    let egress = Egress::new(Policy::public().allow(network));
    assert!(egress.send(get(&other.url("/")), None).await.is_ok());
}

#[tokio::test]
async fn an_allowed_name_needs_all_of_its_addresses_allowed() {
    let target = Target::start().await;
    target.on("/", Reply::ok());
    let url = format!("http://localhost:{}/", target.address().port());
    let found: Vec<SocketAddr> = tokio::net::lookup_host(("localhost", 0)).await.unwrap().collect();
    let mut policy = Policy::public();
    for (n, address) in found.iter().enumerate() {
        let kind = refused(policy.clone(), &url).await;
        assert!(matches!(kind, FailureKind::Blocked(_)), "only {n} of {} are allowed", found.len());
        policy = policy.allow(address.ip().to_string().parse().unwrap());
    }
    assert!(Egress::new(policy).send(get(&url), None).await.is_ok());
}

#[test]
fn ports_of_other_services_are_closed_until_opened_by_number() {
    let check = |policy: &Policy, url: &str| check_url(&Url::parse(url).unwrap(), policy);
    let policy = Policy::public();
    for port in [22, 25, 5432, 6379, 11211] {
        for host in ["example.com", "93.184.216.34"] {
            assert_eq!(check(&policy, &format!("http://{host}:{port}/")), Err(Blocked::Port(port)));
        }
    }
    for port in [80, 443, 3000, 8000, 8080, 8443] {
        assert_eq!(check(&policy, &format!("http://example.com:{port}/")), Ok(()));
    }
    assert!(check(&policy.clone().close_ports(&[8080]), "http://example.com:8080/").is_err());
    assert!(check(&policy.clone().close_ports(&[]), "http://example.com:25/").is_ok());
    let opened = policy.allow("10.0.0.1:6379".parse().unwrap());
    assert!(check(&opened, "http://10.0.0.1:6379/").is_ok());
    assert!(check(&opened, "http://93.184.216.34:6379/").is_err());
}

#[tokio::test]
async fn a_proxy_from_the_environment_is_not_used() {
    const PROXY: &str = "http_proxy";
    if std::env::var_os("EGRESS_TARGET").is_none() {
        let (target, proxy) = (Target::start().await, Target::start().await);
        target.on("/", Reply::ok());
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "addresses::a_proxy_from_the_environment_is_not_used"]);
        child.env("EGRESS_TARGET", target.url("/"));
        for name in [PROXY, "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
            child.env(name, proxy.url(""));
        }
        let output = tokio::task::spawn_blocking(move || child.output()).await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        assert_eq!((target.counts().requests, proxy.counts().connections), (1, 0));
        return;
    }
    let mut request = get(&std::env::var("EGRESS_TARGET").unwrap());
    request.method = Method::GET;
    assert!(crate::send(request).await.is_ok());
}

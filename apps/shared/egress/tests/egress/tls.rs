//! Certificates good and bad, and servers that cannot do TLS.

use std::time::Duration;

use egress::{CertificateProblem, Egress, Failure, FailureKind, Policy, Stage, Tls};
use testkit::target::{Act, Authority, Identity, Reply, Target};

use crate::{failure, get, within};

async fn serving(identity: &Identity) -> Target {
    let target = Target::start_tls(identity).await;
    target.on("/", Reply::text("hello"));
    target
}

fn trusting(authority: &Authority) -> Egress {
    Egress::new(Policy::any().trust(authority.der()))
}

async fn refusal(authority: &Authority, identity: &Identity) -> (Target, Failure) {
    let target = serving(identity).await;
    let failure = trusting(authority).send(get(&target.url("/")), None).await.unwrap_err();
    assert!(!failure.was_sent());
    assert!(!failure.is_connection(), "asking again cannot help");
    assert_eq!(target.requests().len(), 0);
    (target, failure)
}

#[tokio::test]
async fn a_valid_certificate_is_accepted_and_returned() {
    let authority = Authority::new();
    let target = serving(&authority.issue(&["localhost"])).await;
    let egress = trusting(&authority);
    for _ in 0..2 {
        let response = egress.send(get(&target.url("/")), None).await.unwrap();
        let certificate = response.certificate.expect("also on a kept connection");
        assert_eq!(certificate.not_after().unwrap().to_string(), "2040-01-01T00:00:00Z");
        assert!(!certificate.der().is_empty());
    }
    assert_eq!(target.counts().connections, 1);
}

#[tokio::test]
async fn an_expired_certificate_is_told_with_its_date() {
    let authority = Authority::new();
    let (target, failure) = refusal(&authority, &authority.issue_expired(&["localhost"])).await;
    assert!(matches!(failure.kind, FailureKind::Certificate(CertificateProblem::Expired(Some(_)))), "{failure:?}");
    let port = target.address().port();
    assert_eq!(
        failure.to_string(),
        format!("The certificate of localhost:{port} has expired on 2021-01-01 00:00 UTC.")
    );
}

#[tokio::test]
async fn a_certificate_that_is_not_valid_yet_is_told() {
    let authority = Authority::new();
    let (_target, failure) = refusal(&authority, &authority.issue_early(&["localhost"])).await;
    assert!(failure.to_string().ends_with("is not valid yet, only from 2039-01-01 00:00 UTC."), "{failure}");
}

#[tokio::test]
async fn a_certificate_for_another_name_is_told_with_the_names() {
    let authority = Authority::new();
    let (_target, failure) = refusal(&authority, &authority.issue(&["example.com", "example.org"])).await;
    assert!(failure.to_string().ends_with("is for another name (it names example.com, example.org)."), "{failure}");
}

#[tokio::test]
async fn an_unknown_issuer_is_told() {
    let authority = Authority::new();
    let (_target, failure) = refusal(&Authority::new(), &authority.issue(&["localhost"])).await;
    assert_eq!(failure.kind, FailureKind::Certificate(CertificateProblem::UnknownIssuer));
}

#[tokio::test]
async fn any_certificate_will_do_if_the_plan_says_so() {
    let authority = Authority::new();
    for identity in [authority.issue_expired(&["localhost"]), authority.issue(&["example.com"])] {
        let target = serving(&identity).await;
        let mut request = get(&target.url("/"));
        request.tls = Tls::Accept;
        let egress = Egress::new(Policy::any());
        let response = egress.send(request, None).await.unwrap();
        assert!(response.certificate.unwrap().not_after().is_some());
        // The unverified connection must not serve those who want it verified.
        assert!(egress.send(get(&target.url("/")), None).await.is_err());
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told() {
    let target = Target::start().await;
    let failure = failure(get(&target.url("/").replace("http://", "https://"))).await;
    assert_eq!(failure.kind, FailureKind::NotTls);
    assert!(failure.to_string().contains("does not speak TLS"), "{failure}");
}

#[tokio::test]
async fn a_server_that_leaves_during_the_handshake_is_told() {
    for acts in [vec![], vec![Act::Read], vec![Act::Read, Act::Reset]] {
        let target = Target::start_raw(acts).await;
        let failure = failure(get(&target.url("/").replace("http://", "https://"))).await;
        assert_eq!(failure.kind, FailureKind::HandshakeCut);
        assert!(failure.is_connection());
    }
}

#[tokio::test]
async fn a_server_that_talks_nonsense_during_the_handshake_is_told() {
    // A TLS record of an impossible handshake message.
    let target = Target::start_raw([Act::Send(vec![22, 3, 3, 0, 4, 99, 0, 0, 0]), Act::Hold]).await;
    let failure = failure(get(&target.url("/").replace("http://", "https://"))).await;
    assert!(matches!(failure.kind, FailureKind::Handshake(_)), "{failure:?}");
}

#[tokio::test]
async fn a_handshake_that_never_ends_runs_into_the_deadline() {
    let target = Target::start_raw([Act::Hold]).await;
    let url = target.url("/").replace("http://", "https://");
    let failure = failure(within(Duration::from_millis(300), get(&url))).await;
    assert!(matches!(failure.kind, FailureKind::Deadline { during: Stage::Tls, .. }), "{failure}");
    assert!(failure.is_connection());
    assert!(failure.context.phases.tls > Duration::from_millis(100), "{:?}", failure.context.phases);
}

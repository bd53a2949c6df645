//! Encoded bodies: undone faithfully, and bombs defused.

use std::io::Write;

use egress::{FailureKind, Response};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use testkit::target::{Reply, Target};

use crate::{MAX_BODY, failure, get, send};

const TEXT: &[u8] = b"hello hello hello hello";

/// `TEXT`, brotli.
const BROTLI: &str = "1b1600f88d946ede445586966c206f214f1ce038";

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn raw_deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

async fn encoded(encoding: &str, body: Vec<u8>) -> Target {
    let target = Target::start().await;
    target.on("/", Reply::ok().header("content-encoding", encoding).body(body));
    target
}

async fn received(encoding: &str, body: Vec<u8>) -> Response {
    let target = encoded(encoding, body).await;
    send(get(&target.url("/"))).await.unwrap()
}

#[tokio::test]
async fn encoded_bodies_are_decoded_and_their_headers_kept() {
    for (encoding, body) in [
        ("gzip", gzip(TEXT)),
        ("X-GZIP", gzip(TEXT)),
        ("deflate", zlib(TEXT)),
        ("deflate", raw_deflate(TEXT)),
        ("br", hex(BROTLI)),
        ("identity", TEXT.to_vec()),
        ("gzip, br", {
            // Compressed by brotli last, so it has to be undone first: stored in one metablock.
            let inner = gzip(TEXT);
            stored_brotli(&inner)
        }),
        ("gzip", [gzip(b"hello hello "), gzip(b"hello hello")].concat()),
    ] {
        let length = body.len();
        let response = received(encoding, body).await;
        assert_eq!(response.body, TEXT, "{encoding}");
        assert_eq!(response.headers["content-encoding"], encoding);
        assert_eq!(response.headers["content-length"], length.to_string());
        assert_eq!(response.received, length);
    }
}

/// A brotli stream of one uncompressed metablock (RFC 7932, section 9.2).
fn stored_brotli(bytes: &[u8]) -> Vec<u8> {
    // WBITS 16 (one bit 0), not last (0), four nibbles (00), length - 1 in 16 bits, uncompressed (1).
    let bits: u32 = ((bytes.len() as u32 - 1) << 4) | (1 << 20);
    let mut out = bits.to_le_bytes()[..3].to_vec();
    out.extend_from_slice(bytes);
    out.push(0x03);
    out
}

#[tokio::test]
async fn an_unknown_encoding_leaves_the_body_as_it_is() {
    assert_eq!(received("zstd", TEXT.to_vec()).await.body, TEXT);
}

#[tokio::test]
async fn an_empty_body_needs_no_decoding() {
    assert_eq!(received("gzip", Vec::new()).await.body, "");
}

#[tokio::test]
async fn bombs_are_cut_off_at_the_limit_of_decoded_bytes() {
    let zeros = vec![0; 32 * MAX_BODY];
    let once = gzip(&zeros);
    // 64 MiB of zeros, brotli, in 106 bytes; the first bytes suffice to pass the limit.
    let brotli = "cbffff3ff82700e2b14020f7fe8fffff7ff04f00c4611180eefd1fffffffe09f0088c30200ddfb3ffeffffc13f0110\
                  870500baf77ffcffff837f02200e0b0074effff8ffff07ff04401c1600e8defff1ffff0ffe0980382c00d0bdffcbffff3f";
    for (encoding, body) in [
        ("gzip", once.clone()),
        ("deflate", zlib(&zeros)),
        ("gzip, gzip", gzip(&once)),
        ("br", hex(&brotli.replace(' ', ""))),
    ] {
        assert!(body.len() < MAX_BODY, "{encoding} is small on the wire");
        let target = encoded(encoding, body).await;
        assert_eq!(failure(get(&target.url("/"))).await.kind, FailureKind::BodyTooLarge(MAX_BODY), "{encoding}");
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_accepted() {
    let response = received("gzip", gzip(&vec![7; MAX_BODY])).await;
    assert_eq!(response.body.len(), MAX_BODY);
    let response = received("identity", vec![7; MAX_BODY]).await;
    assert_eq!(response.body.len(), MAX_BODY);
    let target = encoded("identity", vec![7; MAX_BODY + 1]).await;
    assert_eq!(failure(get(&target.url("/"))).await.kind, FailureKind::BodyTooLarge(MAX_BODY));
}

#[tokio::test]
async fn a_body_that_is_not_what_it_says_is_told() {
    let mut damaged = gzip(&vec![7; 10_000]);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0xff;
    for (encoding, body) in [
        ("gzip", TEXT.to_vec()),
        ("gzip", gzip(TEXT)[..10].to_vec()),
        ("gzip", damaged),
        ("deflate", TEXT.to_vec()),
        ("br", TEXT.to_vec()),
        ("br", hex(BROTLI)[..8].to_vec()),
    ] {
        let target = encoded(encoding, body).await;
        let failure = failure(get(&target.url("/"))).await;
        assert_eq!(failure.kind, FailureKind::Undecodable(encoding.into()));
        assert!(failure.to_string().contains(&format!("announced as {encoding} but cannot be decoded")), "{failure}");
    }
}

#[tokio::test]
async fn too_many_layers_of_encoding_are_refused() {
    let target = encoded("gzip, gzip, gzip, gzip", gzip(TEXT)).await;
    assert!(matches!(failure(get(&target.url("/"))).await.kind, FailureKind::Undecodable(_)));
}

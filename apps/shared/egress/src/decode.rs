//! Undoing `content-encoding`, with a bound on what comes out.

use std::io::{self, Read};

use bytes::Bytes;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use http::HeaderMap;
use http::header::CONTENT_ENCODING;

use crate::failure::FailureKind;

/// Nobody encodes more than twice; each layer multiplies what a bomb costs.
const MOST_LAYERS: usize = 3;

/// The buffer brotli reads through, in bytes.
const BROTLI_BUFFER: usize = 4096;

/// The body without its encodings. A body in an encoding that is not known stays as it is.
pub(crate) fn decode(headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Bytes, FailureKind> {
    if body.is_empty() || !headers.contains_key(CONTENT_ENCODING) {
        return Ok(body);
    }
    let names: Vec<&str> = headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case("identity"))
        .collect();
    if names.len() > MOST_LAYERS {
        return Err(FailureKind::Undecodable(names.join(", ")));
    }
    let mut body = body;
    for name in names.iter().rev() {
        let Some(encoding) = Encoding::named(name) else { break };
        body = match encoding.decode(&body, limit) {
            Ok(Some(decoded)) => decoded,
            Ok(None) => return Err(FailureKind::BodyTooLarge(limit)),
            Err(_) => return Err(FailureKind::Undecodable((*name).to_owned())),
        };
    }
    Ok(body)
}

#[derive(Clone, Copy)]
enum Encoding {
    Gzip,
    Deflate,
    Brotli,
}

impl Encoding {
    fn named(name: &str) -> Option<Encoding> {
        match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Some(Encoding::Gzip),
            "deflate" => Some(Encoding::Deflate),
            "br" => Some(Encoding::Brotli),
            _ => None,
        }
    }

    /// None if more than `limit` bytes come out.
    fn decode(self, body: &[u8], limit: usize) -> io::Result<Option<Bytes>> {
        match self {
            Encoding::Gzip => read(MultiGzDecoder::new(body), limit),
            // The name means zlib, but some servers send the bare stream.
            Encoding::Deflate if is_zlib(body) => read(ZlibDecoder::new(body), limit),
            Encoding::Deflate => read(DeflateDecoder::new(body), limit),
            Encoding::Brotli => read(brotli_decompressor::Decompressor::new(body, BROTLI_BUFFER), limit),
        }
    }
}

fn is_zlib(body: &[u8]) -> bool {
    matches!(body, [cmf, flg, ..] if cmf & 0x0f == 8 && u16::from_be_bytes([*cmf, *flg]) % 31 == 0)
}

fn read(decoder: impl Read, limit: usize) -> io::Result<Option<Bytes>> {
    let mut out = Vec::new();
    decoder.take(limit as u64 + 1).read_to_end(&mut out)?;
    Ok((out.len() <= limit).then(|| out.into()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_bytes_make_decoding_panic_or_pass_the_limit(
            bytes: Vec<u8>,
            encodings in proptest::sample::subsequence(vec!["gzip", "deflate", "br", "identity", "zstd"], 1..=3),
            start in proptest::sample::select(vec![&b""[..], &[0x1f, 0x8b, 8, 0], &[0x78, 0x9c], &[0x1b]]),
        ) {
            let encoding = HeaderValue::try_from(encodings.join(", ")).unwrap();
            let headers = HeaderMap::from_iter([(CONTENT_ENCODING, encoding)]);
            let body = [start, &bytes].concat();
            let limit = body.len();
            if let Ok(decoded) = decode(&headers, body.into(), limit) {
                prop_assert!(decoded.len() <= limit);
            }
        }
    }
}

//! A user name and password in a URL.

use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Takes them out of the URL and makes a header of them.
pub(crate) fn take(url: &mut Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair: Vec<u8> = percent_decode_str(url.username()).collect();
    pair.push(b':');
    pair.extend(percent_decode_str(url.password().unwrap_or_default()));
    let _ = url.set_username("");
    let _ = url.set_password(None);
    let mut value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair))).ok()?;
    value.set_sensitive(true);
    Some(value)
}

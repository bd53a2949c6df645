//! The signature of a webhook.

use std::fmt::Write;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

/// The header `Stripe-Signature`, made now by the real clock, whatever the fake's clock says: who
/// checks it compares with the real time.
pub(crate) fn sign(secret: &str, body: &str) -> String {
    let now = Timestamp::now().as_second();
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes keys of any length");
    mac.update(format!("{now}.{body}").as_bytes());
    let mut header = format!("t={now},v1=");
    for byte in mac.finalize().into_bytes() {
        // Writing to a text does not fail.
        let _ = write!(header, "{byte:02x}");
    }
    header
}

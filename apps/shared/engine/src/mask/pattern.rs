//! The texts to look for so that a secret is found in the clear and in base64.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD},
};
use url::form_urlencoded::byte_serialize;

/// Shorter pieces of base64 would be found everywhere.
const SHORTEST_PIECE: usize = 4;

/// The patterns of every secret, each once.
pub fn of_all(secrets: &[String]) -> Vec<String> {
    let mut patterns = Vec::with_capacity(secrets.len() * 6);
    for secret in secrets {
        // A form writes a space as `+`, which is no escape that could be undone without doubt.
        if secret.contains(' ') {
            patterns.push(secret.replace(' ', "+"));
        }
        // Escapes are undone from the left: a `%` in front of a secret may take its first two characters along. As
        // forms and addresses escape it, it is found without undoing anything.
        let escaped: String = byte_serialize(secret.as_bytes()).collect();
        if escaped != *secret {
            patterns.push(escaped.replace('+', "%20"));
            patterns.push(escaped);
        }
        patterns.push(secret.clone());
        base64(secret.as_bytes(), &mut patterns);
    }
    patterns.sort_unstable();
    patterns.dedup();
    patterns
}

/// The secret as base64 makes it alone, and what base64 makes of it inside something longer: the
/// characters that depend on nothing but the secret, at each of the three alignments.
fn base64(secret: &[u8], patterns: &mut Vec<String>) {
    let mut add = |piece: &str| {
        if piece.len() >= SHORTEST_PIECE {
            patterns.push(piece.to_owned());
            if piece.contains(['+', '/']) {
                patterns.push(piece.replace('+', "-").replace('/', "_"));
            }
        }
    };
    add(&STANDARD.encode(secret));
    add(&STANDARD_NO_PAD.encode(secret));
    for (before, touched) in [(0, 0), (1, 2), (2, 3)] {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(secret);
        let whole = bytes.len() * 8 / 6;
        if touched < whole {
            add(&STANDARD_NO_PAD.encode(&bytes)[touched..whole]);
        }
    }
}

//! Sealing: what must not be readable in the database is encrypted before it gets there.
//!
//! XChaCha20-Poly1305 with a random nonce. The context (which table, which row) is authenticated with
//! it, so that a sealed value moved to another row does not open. The key's id stands in front, so that
//! a ring of keys knows which one opens it.

use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, AeadCore, OsRng, Payload},
};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Error;

const FORMAT: u8 = 1;
const KEY_ID: usize = 8;
const NONCE: usize = 24;

/// Encrypted bytes as they stand in the database: format, key id, nonce, ciphertext.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(pub(crate) Vec<u8>);

/// The bytes of a new key. Wiped when dropped.
pub(crate) fn new_key() -> Zeroizing<[u8; 32]> {
    Zeroizing::new(XChaCha20Poly1305::generate_key(&mut OsRng).into())
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// The key that seals. Never printed, wiped from memory with its last use.
pub struct SealingKey {
    cipher: XChaCha20Poly1305,
    id: [u8; KEY_ID],
}

impl SealingKey {
    /// Takes 32 random bytes as the key.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"smokex sealing key");
        hash.update(bytes);
        let mut id = [0; KEY_ID];
        id.copy_from_slice(&hash.finalize()[..KEY_ID]);
        Self { cipher: XChaCha20Poly1305::new(Key::from_slice(bytes)), id }
    }

    /// Names the key without telling anything about it.
    pub(crate) fn id(&self) -> [u8; KEY_ID] {
        self.id
    }

    /// Seals `plain` for the place that `context` names.
    pub(crate) fn seal(&self, context: &[u8], plain: &[u8]) -> Sealed {
        let nonce = XChaCha20Poly1305::generate_nonce(&mut OsRng);
        let ciphertext = self
            .cipher
            .encrypt(&nonce, Payload { msg: plain, aad: context })
            .expect("what is sealed is far below the cipher's 256 GiB");
        let mut bytes = Vec::with_capacity(1 + KEY_ID + NONCE + ciphertext.len());
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.id);
        bytes.extend_from_slice(&nonce);
        bytes.extend_from_slice(&ciphertext);
        Sealed(bytes)
    }

    /// Opens what was sealed with this key for the place that `context` names.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let rest = sealed.strip_prefix(&[FORMAT]).and_then(|rest| rest.strip_prefix(&self.id));
        let (nonce, ciphertext) = rest.and_then(|rest| rest.split_at_checked(NONCE)).ok_or(Error::Unsealable)?;
        self.cipher
            .decrypt(XNonce::from_slice(nonce), Payload { msg: ciphertext, aad: context })
            .map(Zeroizing::new)
            .map_err(|_| Error::Unsealable)
    }
}

impl std::fmt::Debug for SealingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SealingKey(…)")
    }
}

/// A key's id as people read it.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opens_with_its_key_and_for_its_place_only() {
        let key = SealingKey::new(&[7; 32]);
        let sealed = key.seal(b"here", b"token").0;
        assert_eq!(*key.open(b"here", &sealed).unwrap(), b"token");
        assert!(key.open(b"there", &sealed).is_err());
        assert!(SealingKey::new(&[8; 32]).open(b"here", &sealed).is_err());
    }

    #[test]
    fn a_value_that_was_altered_or_cut_does_not_open() {
        let key = SealingKey::new(&[7; 32]);
        let sealed = key.seal(b"here", b"token").0;
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(key.open(b"here", &altered).is_err(), "byte {at}");
            assert!(key.open(b"here", &sealed[..at]).is_err(), "first {at} bytes");
        }
    }

    #[test]
    fn the_same_text_is_sealed_differently_each_time() {
        let key = SealingKey::new(&[7; 32]);
        assert_ne!(key.seal(b"here", b"token"), key.seal(b"here", b"token"));
    }

    #[test]
    fn nothing_prints_the_key_or_what_it_sealed() {
        let key = SealingKey::new(&[7; 32]);
        assert_eq!(format!("{key:?}"), "SealingKey(…)");
        assert_eq!(format!("{:?}", key.seal(b"", b"abc")), "Sealed(52 bytes)");
    }
}

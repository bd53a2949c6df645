//! The keys of this process: one that seals, and former ones that still open what they sealed.

use zeroize::Zeroizing;

use crate::{Error, Sealed, SealingKey, sealing};

/// The current key and those it takes over from. Never printed.
#[derive(Debug)]
pub struct KeyRing {
    current: SealingKey,
    former: Vec<SealingKey>,
}

impl From<SealingKey> for KeyRing {
    fn from(current: SealingKey) -> Self {
        Self::new(current, Vec::new())
    }
}

impl KeyRing {
    /// `current` seals; it and the `former` ones open.
    #[must_use]
    pub fn new(current: SealingKey, former: Vec<SealingKey>) -> Self {
        Self { current, former }
    }

    /// The key that seals.
    pub(crate) fn current(&self) -> &SealingKey {
        &self.current
    }

    /// The ids of all keys, as people read them, the current one first.
    pub(crate) fn names(&self) -> Vec<String> {
        self.keys().map(|key| sealing::hex(&key.id())).collect()
    }

    /// Seals with the current key.
    pub(crate) fn seal(&self, context: &[u8], plain: &[u8]) -> Sealed {
        self.current.seal(context, plain)
    }

    /// Opens what any of the keys has sealed for the place that `context` names.
    pub(crate) fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        // The id in front tells at once which key it is.
        self.keys().find_map(|key| key.open(context, sealed).ok()).ok_or(Error::Unsealable)
    }

    fn keys(&self) -> impl Iterator<Item = &SealingKey> {
        std::iter::once(&self.current).chain(&self.former)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealingKey {
        SealingKey::new(&[byte; 32])
    }

    #[test]
    fn the_current_key_seals_and_every_key_opens() {
        let before = key(1).seal(b"here", b"old").0;
        let ring = KeyRing::new(key(2), vec![key(3), key(1)]);
        assert_eq!(*ring.open(b"here", &before).unwrap(), b"old");
        assert!(ring.open(b"there", &before).is_err());
        assert!(key(2).open(b"here", &ring.seal(b"here", b"new").0).is_ok());
        assert!(KeyRing::from(key(2)).open(b"here", &before).is_err());
        assert!(!format!("{ring:?}").contains('1'));
    }
}

//! Passwords: hashed with argon2id, on blocking threads, few at a time.

use std::sync::{
    Arc, LazyLock,
    atomic::{AtomicUsize, Ordering},
};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version, password_hash::SaltString,
};
use tokio::sync::Semaphore;

use crate::error::WebError;

/// Beyond this many waiting, newcomers are sent away: their turn would come too late.
const WAITING: usize = 64;

/// What OWASP recommends: 19 MiB, two passes, one lane.
fn argon2() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("the parameters are within argon2's limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes and verifies passwords, as many at once as there are cores, so that a flood of sign-ins
/// takes neither all memory nor the threads that answer everything else.
#[derive(Clone)]
pub(crate) struct Passwords {
    slots: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        Self { slots: Arc::new(Semaphore::new(cores)), waiting: Arc::default() }
    }

    /// The hash to store, in PHC form.
    pub(crate) async fn hash(&self, password: String) -> Result<String, WebError> {
        self.in_turn(move || {
            argon2()
                .hash_password(password.as_bytes(), &new_salt())
                .map(|hash| hash.to_string())
                .map_err(|error| WebError::internal(format!("a password could not be hashed: {error}")))
        })
        .await?
    }

    /// Whether the password is the one that was hashed. Without a hash the answer is no, after the
    /// same work: how long it takes does not tell whether there is an account.
    pub(crate) async fn verify(&self, password: String, hash: Option<String>) -> Result<bool, WebError> {
        self.in_turn(move || {
            let stored = hash.as_deref().unwrap_or(&NOBODY);
            let matches = PasswordHash::new(stored)
                .and_then(|parsed| argon2().verify_password(password.as_bytes(), &parsed))
                .is_ok();
            matches && hash.is_some()
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, WebError> {
        let _place = Place::take(&self.waiting)?;
        let slot = Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(move || {
            // Held by the work, not by the request: a client that goes away frees nothing early.
            let _slot = slot;
            work()
        })
        .await
        .map_err(|error| WebError::internal(format!("a password was not looked at: {error}")))
    }
}

/// A place in the queue, given back on drop.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize) -> Result<Self, WebError> {
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
            return Err(WebError::Busy);
        }
        Ok(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn new_salt() -> SaltString {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    SaltString::encode_b64(&bytes).expect("16 bytes are a salt of the recommended length")
}

/// The hash of a password that nobody has, to verify against where there is no account.
static NOBODY: LazyLock<String> = LazyLock::new(|| {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the operating system has random numbers");
    argon2().hash_password(&bytes, &new_salt()).expect("any bytes can be hashed").to_string()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_fits_its_hash() {
        let passwords = Passwords::new();
        let hash = passwords.hash("correct horse battery".to_owned()).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(passwords.verify("correct horse battery".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify("correct horse batterz".to_owned(), Some(hash)).await.unwrap());
        assert!(!passwords.verify("correct horse battery".to_owned(), None).await.unwrap());
    }

    #[tokio::test]
    async fn beyond_a_full_queue_people_are_sent_away_and_the_queue_empties_again() {
        let passwords = Passwords::new();
        let places: Vec<_> = (0..WAITING).map(|_| Place::take(&passwords.waiting).unwrap()).collect();
        assert!(matches!(passwords.hash("x".to_owned()).await, Err(WebError::Busy)));
        drop(places);
        assert!(passwords.hash("x".to_owned()).await.is_ok());
    }
}

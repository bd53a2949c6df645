//! The codes of an authenticator app: RFC 6238 with SHA-1, six digits and steps of 30 seconds, which is what
//! every app takes.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha1::Sha1;

use crate::Email;

/// The length of a step in seconds.
const STEP: i64 = 30;

/// How many digits a code has.
const DIGITS: usize = 6;

/// What an app and the server both know. Never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret([u8; Self::LENGTH]);

impl TotpSecret {
    /// How many random bytes it is made of: as many as SHA-1 gives, as RFC 4226 advises.
    pub const LENGTH: usize = 20;

    /// Takes random bytes as the secret.
    #[must_use]
    pub fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes, to be sealed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// The code that apps show at this time.
    #[must_use]
    pub fn code_at(&self, time: Timestamp) -> String {
        self.code_of(step(time))
    }

    /// The number of the step whose code this is: of the present one, the one before or the one after, since
    /// no two clocks agree. None if it is none of theirs. White space does not count. Whoever takes a code
    /// remembers its step, so that none is taken twice.
    #[must_use]
    pub fn step_of(&self, code: &str, now: Timestamp) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        let present = step(now);
        // All are looked at, whichever fits: the time tells nothing.
        let fitting = [present - 1, present, present + 1].map(|step| equal(&self.code_of(step), &code).then_some(step));
        fitting.into_iter().flatten().next()
    }

    /// For people who type it into their app: base32, in groups of four.
    #[must_use]
    pub fn in_groups(&self) -> String {
        let letters: Vec<char> = base32(&self.0).chars().collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        groups.join(" ")
    }

    /// For apps: the address that a QR code of it holds. `issuer` says whose account it is.
    #[must_use]
    pub fn address(&self, issuer: &str, account: &Email) -> String {
        let secret = base32(&self.0);
        let (issuer, account) = (encoded(issuer), encoded(account.as_str()));
        format!("otpauth://totp/{issuer}:{account}?secret={secret}&issuer={issuer}")
    }

    fn code_of(&self, step: i64) -> String {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("a key of HMAC may have any length");
        mac.update(&step.to_be_bytes());
        let hash = mac.finalize().into_bytes();
        // RFC 4226, 5.3: four bytes at the place that the last four bits name, without the sign.
        let place = usize::from(hash[hash.len() - 1] & 15);
        let number = hash[place..place + 4].iter().fold(0, |number, byte| number << 8 | u32::from(*byte)) & 0x7fff_ffff;
        format!("{:0DIGITS$}", number % 10_u32.pow(6))
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

/// Which step a time belongs to.
fn step(time: Timestamp) -> i64 {
    time.as_second().div_euclid(STEP)
}

/// Whether both are the same, in a time that depends on their lengths only.
fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
}

/// RFC 4648, 6; nothing is padded where the number of bytes is a multiple of five.
pub(crate) fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    let places = (0..bytes.len() * 8 / 5).map(|group| (0..5).fold(0, |five, at| five << 1 | bit(group * 5 + at)));
    places.map(|place| char::from(LETTERS[usize::from(place)])).collect()
}

/// Letters, digits, `-`, `.`, `_` and `@` as they are, all else by its bytes: apps read no `+` as a space.
fn encoded(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'-' | b'.' | b'_' | b'@' => char::from(byte).to_string(),
        byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// RFC 6238, appendix B: the last six of its eight digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(secret().code_at(at(second)), code);
        }
    }

    #[test]
    fn a_code_fits_one_step_before_and_after_its_own() {
        let code = secret().code_at(at(1_234_567_890));
        let step = 1_234_567_890 / 30;
        for (later, fits) in [(-60, None), (-30, Some(step)), (0, Some(step)), (30, Some(step)), (60, None)] {
            assert_eq!(secret().step_of(&code, at(1_234_567_890 + later)), fits, "{later}");
        }
    }

    #[test]
    fn a_code_may_be_typed_with_spaces_and_what_is_none_fits_nothing() {
        let now = at(1_234_567_890);
        assert!(secret().step_of(" 005 924 ", now).is_some());
        for text in ["", "5924", "0059240", "005925", "００５９２４", "00592\u{0}"] {
            assert_eq!(secret().step_of(text, now), None, "{text}");
        }
    }

    #[test]
    fn people_and_apps_get_the_same_secret() {
        assert_eq!(secret().in_groups(), "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ");
        let address = secret().address("smokex.example: 1", &"ada+x@example.com".parse().unwrap());
        assert_eq!(
            address,
            "otpauth://totp/smokex.example%3A%201:ada%2Bx@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=smokex.example%3A%201"
        );
    }

    #[test]
    fn a_secret_is_never_printed() {
        assert_eq!(format!("{:?}", secret()), "TotpSecret(…)");
    }
}

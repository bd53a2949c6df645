//! The codes that stand in for a second factor that was lost: written down once, each good once.

use std::{fmt, str::FromStr};

use crate::{account::Invalid, totp::base32};

/// A code of 80 random bits: too many to be guessed from a hash that was stolen. Its debug form tells nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// How many random bytes one is made of.
    pub const LENGTH: usize = 10;

    /// How many somebody gets at once.
    pub const NUMBER: usize = 10;

    /// Takes random bytes as the code.
    #[must_use]
    pub fn new(bytes: [u8; Self::LENGTH]) -> Self {
        Self(base32(&bytes))
    }

    /// Its letters without groups, to be hashed.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RecoveryCode {
    /// In groups of four, as it is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (a, rest) = self.0.split_at(4);
        let (b, rest) = rest.split_at(4);
        let (c, d) = rest.split_at(4);
        write!(f, "{a}-{b}-{c}-{d}")
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

impl FromStr for RecoveryCode {
    type Err = Invalid;

    /// As people type it: with or without hyphens and spaces, in either case.
    fn from_str(text: &str) -> Result<Self, Invalid> {
        let letters: String =
            text.chars().filter(|c| *c != '-' && !c.is_whitespace()).map(|c| c.to_ascii_uppercase()).collect();
        let is_code = letters.len() == Self::LENGTH * 8 / 5
            && letters.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'2'..=b'7'));
        if is_code { Ok(Self(letters)) } else { Err(Invalid("A recovery code has 16 letters and digits.")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = RecoveryCode::new(*b"0123456789");
        assert_eq!(code.to_string(), "GAYT-EMZU-GU3D-OOBZ");
        for typed in ["GAYT-EMZU-GU3D-OOBZ", " gaytemzugu3doobz ", "gayt emzu gu3d oobz"] {
            assert_eq!(typed.parse::<RecoveryCode>().unwrap(), code);
        }
        for typed in ["", "123456", "GAYT-EMZU-GU3D-OOB1", "GAYT-EMZU-GU3D-OOBZ2", "ÄAYTEMZUGU3DOOB"] {
            assert!(typed.parse::<RecoveryCode>().is_err(), "{typed}");
        }
        assert_eq!(format!("{code:?}"), "RecoveryCode(…)");
    }
}

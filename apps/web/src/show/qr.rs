//! A QR code as the path of an SVG: a square for each run of dark modules in a row.

use std::fmt::Write;

use qrcodegen::{QrCode, QrCodeEcc};

/// The light modules around it that readers want.
const QUIET: i32 = 4;

/// What is drawn.
pub(crate) struct Code {
    /// How many modules it is wide and high, the light ones around it included.
    pub(crate) size: i32,
    /// The dark modules.
    pub(crate) path: String,
}

impl Code {
    /// None if the text is too long for any.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QrCode::encode_text(text, QrCodeEcc::Medium).ok()?;
        let mut path = String::new();
        for y in 0..code.size() {
            let mut x = 0;
            while x < code.size() {
                let dark = (x..code.size()).take_while(|x| code.get_module(*x, y)).count();
                let length = i32::try_from(dark).unwrap_or_default();
                if length > 0 {
                    write!(path, "M{} {}h{length}v1h-{length}z", x + QUIET, y + QUIET).expect("a string takes all");
                }
                x += length.max(1);
            }
        }
        Some(Self { size: code.size() + 2 * QUIET, path })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_drawn_with_its_corner_and_room_around_it() {
        let code = Code::of("otpauth://totp/x").unwrap();
        // A version 2 code, 25 modules; the first row begins with the seven dark ones of the corner.
        assert_eq!(code.size, 33);
        assert!(code.path.starts_with("M4 4h7v1h-7z"), "{}", code.path);
        assert!(Code::of(&"x".repeat(4000)).is_none());
    }
}

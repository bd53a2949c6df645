//! Texts with their escapes undone, and the way back to where each byte came from.

use std::ops::Range;

/// A text with one kind of escape undone.
pub struct Unescaped {
    /// What the text says; not always UTF-8.
    pub bytes: Vec<u8>,
    /// For each byte where it began in the text, and one more for the end.
    starts: Vec<usize>,
}

impl Unescaped {
    /// Where in `text` a range of the bytes came from.
    pub fn origin(&self, range: Range<usize>, text: &str) -> Range<usize> {
        let start = self.starts.get(range.start).copied().unwrap_or(text.len());
        let end = self.starts.get(range.end).copied().unwrap_or(text.len());
        text.floor_char_boundary(start)..text.ceil_char_boundary(end.max(start))
    }
}

/// Every reading of `text` that differs from the text itself.
pub fn readings(text: &str) -> impl Iterator<Item = Unescaped> {
    let kinds: [(u8, Undo); 3] = [(b'%', percent), (b'\\', json), (b'&', html)];
    kinds.into_iter().filter(|(mark, _)| text.as_bytes().contains(mark)).map(|(mark, undo)| unescape(text, mark, undo))
}

/// Reads one escape at the beginning of the bytes: its length and the character or byte it stands for.
type Undo = fn(&[u8]) -> Option<(usize, Meaning)>;

enum Meaning {
    Byte(u8),
    Char(char),
}

fn unescape(text: &str, mark: u8, undo: Undo) -> Unescaped {
    let from = text.as_bytes();
    let mut unescaped = Unescaped { bytes: Vec::with_capacity(from.len()), starts: Vec::with_capacity(from.len() + 1) };
    let mut at = 0;
    while at < from.len() {
        let escape = if from[at] == mark { undo(&from[at..]) } else { None };
        let length = match escape {
            Some((length, Meaning::Byte(byte))) => {
                unescaped.bytes.push(byte);
                length
            }
            Some((length, Meaning::Char(char))) => {
                unescaped.bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
                length
            }
            None => {
                unescaped.bytes.push(from[at]);
                1
            }
        };
        unescaped.starts.resize(unescaped.bytes.len(), at);
        at += length;
    }
    unescaped.starts.push(from.len());
    unescaped
}

/// `%2F`, `%2f`.
fn percent(bytes: &[u8]) -> Option<(usize, Meaning)> {
    let byte = u8::try_from(hex(bytes.get(1..3)?)?).ok()?;
    Some((3, Meaning::Byte(byte)))
}

/// `\"`, `\/`, `\n`, `\u00e9`, `\ud83d\ude00`.
fn json(bytes: &[u8]) -> Option<(usize, Meaning)> {
    let meaning = match bytes.get(1)? {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => {
            let first = hex(bytes.get(2..6)?)?;
            if let Some(char) = char::from_u32(first) {
                return Some((6, Meaning::Char(char)));
            }
            let second = if bytes.get(6..8)? == b"\\u" { hex(bytes.get(8..12)?)? } else { return None };
            let pair = [u16::try_from(first).ok()?, u16::try_from(second).ok()?];
            let char = char::decode_utf16(pair).next()?.ok()?;
            return Some((12, Meaning::Char(char)));
        }
        other if other.is_ascii_punctuation() => char::from(*other),
        _ => return None,
    };
    Some((2, Meaning::Char(meaning)))
}

/// `&amp;`, `&#38;`, `&#x26;`.
fn html(bytes: &[u8]) -> Option<(usize, Meaning)> {
    let length = bytes.iter().take(10).position(|byte| *byte == b';')?;
    let name = std::str::from_utf8(&bytes[1..length]).ok()?;
    let char = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => hex(digits.as_bytes())?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    };
    Some((length + 1, Meaning::Char(char)))
}

fn hex(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u32, |value, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        value.checked_mul(16)?.checked_add(digit)
    })
}

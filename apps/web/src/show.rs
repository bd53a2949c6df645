//! How values look on pages. Nothing here escapes anything: templates do.

use std::borrow::Borrow;

pub(crate) mod bars;
pub(crate) mod browser;
pub(crate) mod exchange;
pub(crate) mod qr;
pub(crate) mod standing;
pub(crate) mod times;
pub(crate) mod value;
pub(crate) mod waterfall;

/// A count with a comma every three digits: `41,207`.
pub(crate) fn count(number: impl Borrow<u64>) -> String {
    let digits = number.borrow().to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    shown
}

/// As [`count`], of a limit there may be.
pub(crate) fn limit(limit: &Option<u32>) -> String {
    limit.map_or_else(|| "no limit".to_owned(), |limit| count(u64::from(limit)))
}

/// A size in bytes: `162 B`, `4.2 kB`, `5.2 MB`.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn bytes(size: impl Borrow<u64>) -> String {
    let size = *size.borrow();
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{:.1} kB", size as f64 / 1e3),
        _ => format!("{:.1} MB", size as f64 / 1e6),
    }
}

/// A piece of a sentence, or something quoted in it from a plan or a response.
pub(crate) struct Piece<'a> {
    pub(crate) text: &'a str,
    pub(crate) is_code: bool,
}

/// A sentence by its backticks: what stands between two of them is code.
pub(crate) fn pieces(sentence: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = sentence;
    while let Some((before, (code, after))) =
        rest.split_once('`').and_then(|(before, behind)| Some((before, behind.split_once('`')?)))
    {
        pieces.push(Piece { text: before, is_code: false });
        pieces.push(Piece { text: code, is_code: true });
        rest = after;
    }
    pieces.push(Piece { text: rest, is_code: false });
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_backticks_is_code() {
        let read = |sentence| {
            let pieces = pieces(sentence);
            pieces
                .iter()
                .map(|piece| if piece.is_code { format!("<{}>", piece.text) } else { piece.text.to_owned() })
                .collect::<String>()
        };
        assert_eq!(read("`a` is no key of `b`."), "<a> is no key of <b>.");
        assert_eq!(read("nothing, and a single ` too"), "nothing, and a single ` too");
    }

    #[test]
    fn large_numbers_are_grouped() {
        for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (41_207, "41,207"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), shown);
        }
    }

    #[test]
    fn sizes_carry_their_unit() {
        for (size, shown) in [(162, "162 B"), (4_210, "4.2 kB"), (5_242_880, "5.2 MB")] {
            assert_eq!(bytes(size), shown);
        }
    }
}

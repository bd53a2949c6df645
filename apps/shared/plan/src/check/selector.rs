//! CSS selectors. Their parser goes as deep as the text does, so the text is bounded first.

use scraper::Selector;

use super::Problem;
use crate::document::cut;

/// How long a selector may be, in bytes.
const LONGEST: usize = 512;

/// How deep its parentheses and brackets may be nested.
const DEEPEST: usize = 8;

/// Reads a CSS selector.
///
/// # Errors
/// If it is not one, or is too long.
pub fn selector(text: &str) -> Result<Selector, Problem> {
    if text.len() > LONGEST {
        return Err(Problem::new(format!("The CSS selector is too long: at most {LONGEST} bytes are allowed.")));
    }
    let mut depth = 0_usize;
    for byte in text.bytes() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEEPEST {
            return Err(Problem::new("The CSS selector is nested too deeply."));
        }
    }
    Selector::parse(text).map_err(|_| {
        Problem::new(format!("`{}` is not a CSS selector.", cut(text)))
            .hint("Write one such as `h1`, `#total` or `ul.menu > li a`.")
    })
}

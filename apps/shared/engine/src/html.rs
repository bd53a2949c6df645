//! Pages: parsed and searched within bounds, because both can be made to take time that grows with
//! the square of the page.

use std::time::{Duration, Instant};

use html5ever::{ParseOpts, driver, tendril::TendrilSink};
use scraper::{ElementRef, Html, HtmlTreeSink, Selector};

/// More of a page is not read.
const MOST_BYTES: usize = 1024 * 1024;

/// Elements inside elements. Pages that people wrote stay far below.
const MOST_LEVELS: usize = 512;

/// What the depth does not catch (a million attributes on one element) ends here.
const MOST_TIME: Duration = Duration::from_secs(2);

/// After so many bytes it is seen whether it still goes well.
const PIECE: usize = 4 * 1024;

/// A parsed page.
pub struct Page(Html);

/// Why a page cannot be used; sentences without their full stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadPage {
    #[error("the page is larger than 1 MiB, and no more is searched for elements")]
    Large,
    #[error("the page has elements nested more than {MOST_LEVELS} levels deep")]
    Deep,
    #[error("the page takes too long to search")]
    Slow,
}

impl Page {
    /// Parses a document.
    pub fn parse(text: &str) -> Result<Self, BadPage> {
        if text.len() > MOST_BYTES {
            return Err(BadPage::Large);
        }
        let begun = Instant::now();
        let mut parser = driver::parse_document(HtmlTreeSink::new(Html::new_document()), ParseOpts::default());
        let mut rest = text;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE.max(4)));
            parser.process(piece.into());
            rest = after;
            if depth(&parser.tokenizer.sink.sink.0.borrow()) > MOST_LEVELS {
                return Err(BadPage::Deep);
            }
            if begun.elapsed() > MOST_TIME {
                return Err(BadPage::Slow);
            }
        }
        Ok(Self(parser.finish()))
    }

    /// The text of the first element that matches, white space as a browser shows it.
    pub fn text(&self, selector: &Selector) -> Result<Option<String>, BadPage> {
        let begun = Instant::now();
        for (count, node) in self.0.tree.nodes().enumerate() {
            if let Some(element) = ElementRef::wrap(node)
                && selector.matches(&element)
            {
                return Ok(Some(text(element)));
            }
            if count % 64 == 63 && begun.elapsed() > MOST_TIME {
                return Err(BadPage::Slow);
            }
        }
        Ok(None)
    }
}

/// How deep the parser is at the moment: the node it made last hangs from the elements still open.
fn depth(html: &Html) -> usize {
    html.tree.nodes().next_back().map_or(0, |node| node.ancestors().take(MOST_LEVELS + 2).count())
}

fn text(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    for piece in element.text() {
        for (index, word) in piece.split(char::is_whitespace).enumerate() {
            if index > 0 && !text.ends_with(' ') {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(page: &str, path: &str) -> Result<Option<String>, BadPage> {
        Page::parse(page)?.text(&Selector::parse(path).unwrap())
    }

    #[test]
    fn the_first_match_gives_its_text_as_a_browser_shows_it() {
        let page = "<h1>\n  Hello <b>big</b>\n world </h1><h1>Second</h1>";
        assert_eq!(select(page, "h1"), Ok(Some("Hello big world".to_owned())));
        assert_eq!(select(page, "h1 > b"), Ok(Some("big".to_owned())));
        assert_eq!(select(page, "h2"), Ok(None));
    }

    #[test]
    fn long_pages_are_read_whole() {
        let page = format!("<ul>{}</ul><p>end</p>", "<li>é <i>x</i></li>".repeat(5_000));
        assert_eq!(select(&page, "p"), Ok(Some("end".to_owned())));
    }

    #[test]
    fn hostile_pages_are_refused_soon() {
        let begun = Instant::now();
        assert_eq!(select(&"<div>".repeat(50_000), "p"), Err(BadPage::Deep));
        assert_eq!(select(&"<b>".repeat(80_000), "p"), Err(BadPage::Deep));
        assert_eq!(select(&"<svg><g>".repeat(30_000), "p"), Err(BadPage::Deep));
        assert_eq!(select(&"<a>".repeat(400_000), "p"), Err(BadPage::Large));
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }

    #[test]
    fn what_depth_does_not_catch_ends_by_time() {
        let attributes: String = (0..150_000).map(|n| format!(" a{n:x}")).collect();
        let begun = Instant::now();
        // Either it is refused or this machine is fast enough: what counts is that it ends.
        let _ = select(&format!("<p{attributes}>"), "p");
        let _ = select(&"<p>".repeat(300_000), "p ~ p ~ p ~ h1");
        assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    }
}

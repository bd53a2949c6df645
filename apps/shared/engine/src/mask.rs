//! Hides secrets in whatever is about to be shown, however a target may have spelled them.
//!
//! The patterns are each secret itself and its base64 forms. Spellings with escapes are found by
//! undoing the escapes and looking again (`mask/spelling.rs`), because every encoder escapes
//! different characters. With no secrets nothing is searched and nothing is copied.

use std::{borrow::Cow, ops::Range, sync::OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use serde_json::Value;

mod pattern;
mod spelling;

/// What stands where a secret was.
pub const MASK: &str = "•••";

/// Shorter secrets are masked only where they are the whole of a value.
const SHORTEST: usize = 4;

/// More bytes of secrets than this cannot be looked for in reasonable time and memory.
const MOST_BYTES: usize = 64 * 1024;

/// Nor more secrets than this.
const MOST: usize = 1_000;

/// A secret that cannot be masked must not come into a run; a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The secrets of this run are too many to be masked: more than {MOST} or 64 KiB together.")]
pub struct TooManySecrets;

/// The secrets of one run.
#[derive(Default)]
pub struct Masker {
    /// Without white space around them, at least [`SHORTEST`] bytes each.
    secrets: Vec<String>,
    /// Shorter ones.
    short: Vec<String>,
    /// Of all of them together.
    bytes: usize,
    /// Built when something is first shown after a secret was added.
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Masker {
    /// Adds every text and number in `value`.
    pub fn add(&mut self, value: &Value) -> Result<(), TooManySecrets> {
        match value {
            Value::String(text) => self.add_text(text),
            Value::Number(number) => self.add_text(&number.to_string()),
            Value::Array(items) => items.iter().try_for_each(|item| self.add(item)),
            Value::Object(fields) => fields.values().try_for_each(|field| self.add(field)),
            Value::Null | Value::Bool(_) => Ok(()),
        }
    }

    /// Adds one text.
    pub fn add_text(&mut self, text: &str) -> Result<(), TooManySecrets> {
        let text = text.trim();
        let list = if text.len() < SHORTEST { &self.short } else { &self.secrets };
        if text.is_empty() || list.iter().any(|known| known == text) {
            return Ok(());
        }
        if self.secrets.len() + self.short.len() >= MOST || self.bytes + text.len() > MOST_BYTES {
            return Err(TooManySecrets);
        }
        let list = if text.len() < SHORTEST { &mut self.short } else { &mut self.secrets };
        list.push(text.to_owned());
        self.bytes += text.len();
        self.automaton = OnceLock::new();
        Ok(())
    }

    /// How many bytes a secret takes at most, however it is spelled.
    pub fn reach(&self) -> usize {
        // An escape takes at most ten bytes (`&#x10FFFF;`) for one.
        10 * self.secrets.iter().map(String::len).max().unwrap_or(0)
    }

    fn is_idle(&self) -> bool {
        self.secrets.is_empty() && self.short.is_empty()
    }

    fn automaton(&self) -> Option<&AhoCorasick> {
        if self.secrets.is_empty() {
            return None;
        }
        self.automaton
            .get_or_init(|| {
                // Overlaps must be found (`abcd` and `cdef` in `abcdef`), which needs the standard kind.
                AhoCorasick::builder()
                    .match_kind(MatchKind::Standard)
                    .kind(Some(AhoCorasickKind::NoncontiguousNFA))
                    .ascii_case_insensitive(true)
                    .build(pattern::of_all(&self.secrets))
                    .ok()
            })
            .as_ref()
    }

    /// `text` with every secret replaced; borrowed if there is none in it.
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.is_idle() {
            return Cow::Borrowed(text);
        }
        if self.short.iter().any(|secret| secret == text.trim()) {
            return Cow::Owned(MASK.to_owned());
        }
        let spans = self.spans(text);
        if spans.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(replace(text, &spans)) }
    }

    /// Like [`Masker::text`], for a text that is not needed otherwise.
    pub fn owned(&self, text: String) -> String {
        match self.text(&text) {
            Cow::Borrowed(_) => text,
            Cow::Owned(masked) => masked,
        }
    }

    /// At most `most` bytes of `text`, masked, and whether that is not all of it. A secret across the
    /// cut is masked like any other.
    pub fn cut<'t>(&self, text: &'t str, most: usize) -> (Cow<'t, str>, bool) {
        if text.len() <= most {
            return (self.text(text), false);
        }
        let end = text.floor_char_boundary(most);
        if self.secrets.is_empty() {
            return (Cow::Borrowed(&text[..end]), true);
        }
        let window = &text[..text.floor_char_boundary(end + self.reach())];
        let mut spans = self.spans(window);
        spans.retain(|span| span.start < end);
        for span in &mut spans {
            span.end = span.end.min(end);
        }
        if spans.is_empty() {
            return (Cow::Borrowed(&text[..end]), true);
        }
        (Cow::Owned(replace(&text[..end], &spans)), true)
    }

    /// Masks every text, key and number in `value`.
    pub fn value(&self, value: &mut Value) {
        if self.is_idle() {
            return;
        }
        match value {
            Value::String(text) => {
                if let Cow::Owned(masked) = self.text(text) {
                    *text = masked;
                }
            }
            Value::Number(number) => {
                if let Cow::Owned(masked) = self.text(&number.to_string()) {
                    *value = Value::String(masked);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.value(item)),
            Value::Object(fields) => {
                for field in fields.values_mut() {
                    self.value(field);
                }
                if fields.keys().any(|key| matches!(self.text(key), Cow::Owned(_))) {
                    *fields = std::mem::take(fields).into_iter().map(|(key, field)| (self.owned(key), field)).collect();
                }
            }
            Value::Null | Value::Bool(_) => {}
        }
    }

    /// Where secrets stand in `text`, in order, none touching another.
    fn spans(&self, text: &str) -> Vec<Range<usize>> {
        let Some(automaton) = self.automaton() else { return Vec::new() };
        let mut spans: Vec<Range<usize>> = Vec::new();
        if automaton.is_match(text) {
            spans.extend(automaton.find_overlapping_iter(text).map(|found| found.range()));
        }
        for unescaped in spelling::readings(text) {
            if automaton.is_match(&unescaped.bytes) {
                let found = automaton.find_overlapping_iter(&unescaped.bytes);
                spans.extend(found.map(|found| unescaped.origin(found.range(), text)));
            }
        }
        merge(spans)
    }
}

fn merge(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_unstable_by_key(|span| span.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}

fn replace(text: &str, spans: &[Range<usize>]) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for span in spans {
        masked.push_str(&text[from..span.start]);
        masked.push_str(MASK);
        from = span.end;
    }
    masked.push_str(&text[from..]);
    masked
}

#[cfg(test)]
mod tests;

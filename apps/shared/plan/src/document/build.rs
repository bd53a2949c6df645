//! From the parser's events to nodes, within budgets. What the language has no use for (tags,
//! several documents, structured keys) is reported here.

use granit_parser::{Event, Parser, ScalarStyle, Span};
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::{Document, Id, Kind, Scalar, cut, syntax};
use crate::diagnostic::{Finding, Findings};

/// How deep lists and mappings may be nested, aliases followed.
pub(crate) const MAX_DEPTH: usize = 64;

/// How many nodes, and bytes of text, aliases may add to a document.
const ALIASED_NODES: usize = 20_000;
const ALIASED_BYTES: usize = 256 * 1024;

/// Reads the one document of a text. None if it is empty, or not YAML, which then is reported.
pub(crate) fn read(text: &str, findings: &mut Findings) -> Option<(Document, Id)> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
        flow_nesting_limit: MAX_DEPTH,
        block_nesting_limit: MAX_DEPTH,
    };
    let mut builder = Builder {
        text,
        document: Document::default(),
        findings,
        open: Vec::new(),
        anchors: HashMap::new(),
        aliased: Weight::default(),
        root: None,
    };
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => {
                builder.findings.add(|| syntax::finding(&error, text));
                return None;
            }
        };
        if matches!(event, Event::DocumentStart(..)) {
            documents += 1;
            if documents > 1 {
                builder.findings.add(|| {
                    Finding::error("several-documents", bytes(&span), "A second document begins here.")
                        .hint("A text holds one plan: remove the `---` between them.")
                });
                break;
            }
        }
        builder.take(event, &span);
    }
    let root = builder.root?;
    Some((builder.document, root))
}

struct Builder<'t, 'f> {
    text: &'t str,
    document: Document,
    findings: &'f mut Findings,
    open: Vec<Open>,
    /// What each anchor stands for, once it is complete.
    anchors: HashMap<usize, (Id, Weight)>,
    aliased: Weight,
    root: Option<Id>,
}

/// A list or mapping whose end has not come yet.
struct Open {
    start: usize,
    anchor: usize,
    weight: Weight,
    content: Content,
}

enum Content {
    List(Vec<Id>),
    Map { entries: Vec<(Id, Id)>, key: Option<Key>, seen: HashSet<String> },
}

enum Key {
    Usable(Id),
    /// Reported already; its value is dropped.
    Unusable,
}

/// What a node brings with it: copying it by alias must be paid for.
#[derive(Clone, Copy, Debug, Default)]
struct Weight {
    nodes: usize,
    bytes: usize,
    height: usize,
}

impl Builder<'_, '_> {
    fn take(&mut self, event: Event<'_>, span: &Span) {
        let range = bytes(span);
        if event.tag().is_some() {
            let at = span.tag_span().map_or(range.clone(), |span| bytes(&span));
            let written = self.text.get(at.clone()).unwrap_or_default();
            self.findings.add(|| {
                Finding::error("tag", at, format!("The tag `{}` is not part of the language.", cut(written)))
                    .hint("Remove it; put a value in quotes to make it text.")
            });
        }
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                // The parser says `~` where nothing is written at all.
                let nothing = plain && range.is_empty();
                let text = if nothing { String::new() } else { text.into_owned() };
                let range = if nothing { self.place_of_nothing(range) } else { range };
                let weight = Weight { nodes: 1, bytes: text.len(), height: 0 };
                let id = self.document.add(range, Kind::Scalar(Scalar { text, plain }));
                self.place(id, anchor, weight);
            }
            Event::SequenceStart(_, anchor, _) => self.begin(range.start, anchor, Content::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => {
                let content = Content::Map { entries: Vec::new(), key: None, seen: HashSet::new() };
                self.begin(range.start, anchor, content);
            }
            Event::SequenceEnd | Event::MappingEnd => self.end(range.end),
            Event::Alias(anchor) => self.alias(anchor, range),
            Event::UnresolvedAlias(name) => {
                let found = range.clone();
                self.findings.add(|| {
                    Finding::error("alias", found, format!("There is no anchor `{}`.", cut(&name)))
                        .hint("A text that begins with `*` must be in quotes.")
                });
                self.broken(range);
            }
            _ => {}
        }
    }

    fn begin(&mut self, start: usize, anchor: usize, content: Content) {
        self.open.push(Open { start, anchor, weight: Weight { nodes: 1, bytes: 0, height: 1 }, content });
    }

    fn end(&mut self, end: usize) {
        let Some(open) = self.open.pop() else { return };
        let kind = match open.content {
            Content::List(list) => Kind::List(list),
            Content::Map { entries, .. } => Kind::Map(entries),
        };
        let id = self.document.add(open.start..end.max(open.start), kind);
        self.place(id, open.anchor, open.weight);
    }

    fn alias(&mut self, anchor: usize, range: Range<usize>) {
        let Some(&(id, weight)) = self.anchors.get(&anchor) else {
            let found = range.clone();
            self.findings.add(|| Finding::error("alias", found, "This alias stands inside what it stands for."));
            return self.broken(range);
        };
        self.aliased.nodes += weight.nodes;
        self.aliased.bytes += weight.bytes;
        if self.aliased.nodes > ALIASED_NODES || self.aliased.bytes > ALIASED_BYTES {
            let found = range.clone();
            self.findings.add(|| {
                Finding::error("limit", found, "Aliases make this text too long.")
                    .hint(format!("Together they may add {ALIASED_NODES} values and {} KiB.", ALIASED_BYTES / 1024))
            });
            return self.broken(range);
        }
        if self.open.len() + weight.height > MAX_DEPTH {
            let found = range.clone();
            self.findings.add(|| {
                Finding::error(
                    "limit",
                    found,
                    format!("With this alias the text is nested more than {MAX_DEPTH} levels deep."),
                )
            });
            return self.broken(range);
        }
        self.place(id, 0, weight);
    }

    fn broken(&mut self, range: Range<usize>) {
        let id = self.document.add(range, Kind::Broken);
        self.place(id, 0, Weight { nodes: 1, bytes: 0, height: 0 });
    }

    /// Puts a complete node where it belongs.
    fn place(&mut self, id: Id, anchor: usize, weight: Weight) {
        if anchor > 0 {
            self.anchors.insert(anchor, (id, weight));
        }
        let Some(open) = self.open.last_mut() else {
            self.root.get_or_insert(id);
            return;
        };
        open.weight.nodes += weight.nodes;
        open.weight.bytes += weight.bytes;
        open.weight.height = open.weight.height.max(weight.height + 1);
        match &mut open.content {
            Content::List(list) => list.push(id),
            Content::Map { entries, key, seen } => match key.take() {
                Some(Key::Usable(key)) => entries.push((key, id)),
                Some(Key::Unusable) => {}
                None => *key = Some(check_key(&self.document, self.text, self.findings, id, entries, seen)),
            },
        }
    }

    /// Where to show an empty value: at its key, for its own place may be lines below.
    fn place_of_nothing(&self, range: Range<usize>) -> Range<usize> {
        match self.open.last().map(|open| &open.content) {
            Some(Content::Map { key: Some(Key::Usable(key)), .. }) => self.document.range(*key),
            _ => range,
        }
    }
}

fn check_key(
    document: &Document,
    text: &str,
    findings: &mut Findings,
    id: Id,
    entries: &[(Id, Id)],
    seen: &mut HashSet<String>,
) -> Key {
    let range = document.range(id);
    match document.kind(id) {
        Kind::Broken => Key::Unusable,
        Kind::List(_) | Kind::Map(_) => {
            findings.add(|| {
                let finding = Finding::error(
                    "type",
                    range.clone(),
                    format!("A key must be text, found {}.", document.describe(id)),
                );
                let placeholder = text[range].starts_with('{');
                finding.maybe_hint(placeholder.then(|| "A text that begins with `{` must be in quotes.".to_owned()))
            });
            Key::Unusable
        }
        Kind::Scalar(key) if !seen.insert(key.text.clone()) => {
            findings.add(|| {
                let first = entries.iter().find(|(other, _)| document.key(*other) == key.text);
                let line = first.map_or(1, |(other, _)| 1 + text[..document.range(*other).start].matches('\n').count());
                Finding::error(
                    "duplicate-key",
                    range,
                    format!("The key `{}` stands here a second time.", cut(&key.text)),
                )
                .hint(format!("It stands first in line {line}."))
            });
            Key::Unusable
        }
        Kind::Scalar(_) => Key::Usable(id),
    }
}

fn bytes(span: &Span) -> Range<usize> {
    span.byte_range().unwrap_or_default()
}

//! A YAML text as nodes that know where they stand. Nothing here knows about plans.

mod build;
mod scalar;
mod syntax;

use serde_json::Value;
use std::ops::Range;

use build::MAX_DEPTH;
pub(crate) use build::read;
pub(crate) use scalar::{loses_digits, resolve};

/// A node by its number. An alias is the number of what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Id(u32);

impl Id {
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    pub(crate) fn from_number(number: u32) -> Self {
        Self(number)
    }
}

/// The nodes of one document.
#[derive(Debug, Default)]
pub(crate) struct Document {
    nodes: Vec<Node>,
}

#[derive(Debug)]
pub(crate) struct Node {
    /// Bytes of the text.
    pub(crate) range: Range<usize>,
    pub(crate) kind: Kind,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Scalar(Scalar),
    List(Vec<Id>),
    /// Keys are scalars and differ.
    Map(Vec<(Id, Id)>),
    /// Something that has been reported already.
    Broken,
}

/// A scalar keeps its spelling: what it is depends on what is wanted where it stands.
#[derive(Debug)]
pub(crate) struct Scalar {
    /// Escapes and folding resolved.
    pub(crate) text: String,
    /// Without quotes, so that it may be a number, a boolean or null.
    pub(crate) plain: bool,
}

impl Kind {
    /// Whether it is a list or mapping without entries.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::List(list) => list.is_empty(),
            Self::Map(entries) => entries.is_empty(),
            Self::Scalar(_) | Self::Broken => false,
        }
    }
}

impl Document {
    fn add(&mut self, range: Range<usize>, kind: Kind) -> Id {
        let id = Id(u32::try_from(self.nodes.len()).expect("a text of bounded size has fewer nodes"));
        self.nodes.push(Node { range, kind });
        id
    }

    pub(crate) fn node(&self, id: Id) -> &Node {
        &self.nodes[id.0 as usize]
    }

    pub(crate) fn kind(&self, id: Id) -> &Kind {
        &self.node(id).kind
    }

    pub(crate) fn range(&self, id: Id) -> Range<usize> {
        self.node(id).range.clone()
    }

    /// A key's text.
    pub(crate) fn key(&self, id: Id) -> &str {
        match self.kind(id) {
            Kind::Scalar(scalar) => &scalar.text,
            _ => "",
        }
    }

    /// What a node is, for a message: "text `abc`", "a list".
    pub(crate) fn describe(&self, id: Id) -> String {
        match self.kind(id) {
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
            Kind::Broken => "nothing".to_owned(),
            Kind::Scalar(scalar) => match resolve(scalar) {
                Value::Null => "nothing".to_owned(),
                Value::Bool(value) => format!("the boolean `{value}`"),
                Value::Number(number) => format!("the number `{number}`"),
                Value::String(text) if text.is_empty() => "an empty text".to_owned(),
                Value::String(text) => format!("the text `{}`", cut(&text)),
                Value::Array(_) | Value::Object(_) => unreachable!("a scalar is no list and no object"),
            },
        }
    }
}

/// At most forty characters of a text on one line, for a message.
pub(crate) fn cut(text: &str) -> String {
    let mut short: String = text.chars().take(40).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

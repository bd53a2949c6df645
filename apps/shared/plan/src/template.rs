//! Texts and values with `${…}` in them, and what becomes of them in a scope. A template is split
//! once, when the plan is read; expanding one without placeholders only copies it, and what was put
//! in is never looked at again.

mod budget;
mod expression;
mod field;
mod filter;
mod function;
mod scope;
mod tree;

use serde_json::Value;
use std::ops::Range;

use budget::Budget;
pub use budget::{MAX_DEPTH, MAX_EXPANDED, MAX_SCOPE};
pub use expression::Reference;
pub(crate) use expression::is_name;
use expression::{Cursor, Expression};
pub use field::{Convert, Field};
pub use scope::{ExpandError, Scope, Secrecy};
pub use tree::Tree;

/// How much longer than the template the text is made ready to become.
const ROOM: usize = 32;

/// A text that may hold placeholders, already split.
#[derive(Clone)]
pub struct Template {
    written: String,
    shape: Shape,
}

#[derive(Clone)]
enum Shape {
    /// No placeholder and no escape: the text stands for itself.
    Literal,
    /// Nothing but one placeholder: keeps the value's type.
    Lone(Box<Expression>),
    /// Text with placeholders or escapes in it.
    Mixed(Vec<Part>),
}

#[derive(Clone)]
enum Part {
    Text(String),
    Placeholder(Expression),
}

/// A mistake in a placeholder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    /// What is wrong, as a sentence.
    pub message: String,
    /// How to mend it.
    pub hint: Option<String>,
    /// Where, in bytes of the text.
    pub range: Range<usize>,
}

impl Template {
    /// Splits a text at its placeholders.
    ///
    /// # Errors
    /// The first placeholder that is not closed or not understood.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = 0;
        while let Some(found) = text[rest..].find('$') {
            let at = rest + found;
            plain.push_str(&text[rest..at]);
            let after = &text[at..];
            if after.starts_with("$${") {
                plain.push_str("${");
                rest = at + 3;
            } else if after.starts_with("${") {
                let mut cursor = Cursor::new(text, at);
                let expression = cursor.placeholder()?;
                if !plain.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut plain)));
                }
                parts.push(Part::Placeholder(expression));
                rest = cursor.position();
            } else {
                plain.push('$');
                rest = at + 1;
            }
        }
        plain.push_str(&text[rest..]);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self { written: text.to_owned(), shape: Shape::from_parts(parts, text) })
    }

    /// The text as it stands in the plan.
    #[must_use]
    pub fn as_written(&self) -> &str {
        &self.written
    }

    /// The text, if expanding it cannot change it.
    #[must_use]
    pub fn as_literal(&self) -> Option<&str> {
        matches!(self.shape, Shape::Literal).then_some(&*self.written)
    }

    /// Whether it has at least one placeholder.
    #[must_use]
    pub fn has_placeholders(&self) -> bool {
        self.expressions().next().is_some()
    }

    /// The variables it uses, in order, with repetitions.
    pub fn references(&self) -> impl Iterator<Item = &Reference> {
        self.expressions().filter_map(Expression::reference)
    }

    /// The names of the variables it uses, in order, with repetitions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.references().map(|reference| &*reference.name)
    }

    /// The text up to its first placeholder, escapes resolved: what is known before the run.
    #[must_use]
    pub fn literal_prefix(&self) -> &str {
        match &self.shape {
            Shape::Literal => &self.written,
            Shape::Lone(_) => "",
            Shape::Mixed(parts) => match parts.first() {
                Some(Part::Text(text)) => text,
                _ => "",
            },
        }
    }

    /// The texts between the placeholders, escapes resolved.
    pub(crate) fn literal_texts(&self) -> impl Iterator<Item = &str> {
        let (whole, parts) = match &self.shape {
            Shape::Literal => (Some(&*self.written), &[][..]),
            Shape::Lone(_) => (None, &[][..]),
            Shape::Mixed(parts) => (None, &parts[..]),
        };
        whole.into_iter().chain(parts.iter().filter_map(|part| match part {
            Part::Text(text) => Some(&**text),
            Part::Placeholder(_) => None,
        }))
    }

    /// Whether it uses a secret variable, so that what it expands to must be masked as well.
    #[must_use]
    pub fn is_secret(&self, scope: &Scope) -> bool {
        self.names().any(|name| scope.is_secret(name))
    }

    /// Puts the variables in. A lone placeholder keeps its value's type; anything else gives text.
    ///
    /// # Errors
    /// An unknown variable or field, a filter that does not fit its value, or too much of it.
    pub fn expand(&self, scope: &Scope) -> Result<Value, ExpandError> {
        self.expand_within(scope, &mut Budget::new(), 0)
    }

    /// Puts the variables in and gives text: numbers and booleans as JSON writes them, lists and
    /// objects as compact JSON.
    ///
    /// # Errors
    /// As [`Template::expand`].
    pub fn text(&self, scope: &Scope) -> Result<String, ExpandError> {
        self.text_within(scope, &mut Budget::new())
    }

    fn expand_within(&self, scope: &Scope, budget: &mut Budget, depth: usize) -> Result<Value, ExpandError> {
        if let Shape::Lone(expression) = &self.shape {
            let value = expression.evaluate(scope)?;
            budget.value(&value, depth)?;
            return Ok(value.into_owned());
        }
        self.text_within(scope, budget).map(Value::String)
    }

    fn text_within(&self, scope: &Scope, budget: &mut Budget) -> Result<String, ExpandError> {
        let mut out = String::with_capacity(self.written.len() + ROOM);
        match &self.shape {
            Shape::Literal => {
                budget.text(&self.written)?;
                out.push_str(&self.written);
            }
            Shape::Lone(expression) => put(expression, scope, budget, &mut out)?,
            Shape::Mixed(parts) => {
                for part in parts {
                    match part {
                        Part::Text(text) => {
                            budget.text(text)?;
                            out.push_str(text);
                        }
                        Part::Placeholder(expression) => put(expression, scope, budget, &mut out)?,
                    }
                }
            }
        }
        Ok(out)
    }

    fn expressions(&self) -> impl Iterator<Item = &Expression> {
        let (lone, parts) = match &self.shape {
            Shape::Literal => (None, &[][..]),
            Shape::Lone(expression) => (Some(&**expression), &[][..]),
            Shape::Mixed(parts) => (None, &parts[..]),
        };
        lone.into_iter().chain(parts.iter().filter_map(|part| match part {
            Part::Text(_) => None,
            Part::Placeholder(expression) => Some(expression),
        }))
    }
}

fn put(expression: &Expression, scope: &Scope, budget: &mut Budget, out: &mut String) -> Result<(), ExpandError> {
    let value = expression.evaluate(scope)?;
    let text = filter::as_text(&value);
    budget.text(&text)?;
    out.push_str(&text);
    Ok(())
}

impl Shape {
    fn from_parts(mut parts: Vec<Part>, written: &str) -> Self {
        match &parts[..] {
            [] => Self::Literal,
            [Part::Text(text)] if text == written => Self::Literal,
            [Part::Placeholder(_)] => match parts.remove(0) {
                Part::Placeholder(expression) => Self::Lone(Box::new(expression)),
                text => Self::Mixed(vec![text]),
            },
            _ => Self::Mixed(parts),
        }
    }
}

/// Two templates are the same if they are written the same.
impl PartialEq for Template {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl std::fmt::Debug for Template {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Template({:?})", self.written)
    }
}

#[cfg(test)]
mod tests;

//! The grammar of what stands between `${` and `}`: a variable with its fields, or a function call,
//! and the filters after it. Everything that can be checked before the run is checked here.

use serde_json::Value;
use std::borrow::Cow;
use std::ops::Range;

use super::TemplateError;
use super::filter::Filter;
use super::function::Function;
use super::scope::{ExpandError, Scope};

/// One placeholder.
#[derive(Clone, Debug)]
pub(super) struct Expression {
    head: Head,
    filters: Vec<Filter>,
}

#[derive(Clone, Debug)]
enum Head {
    Variable(Reference),
    Function(Function),
}

/// A variable that a placeholder uses.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The variable's name, without fields.
    pub name: String,
    /// Whether a `default` filter stands in where there is no such variable.
    pub optional: bool,
    /// Where the name stands, in bytes of the text.
    pub range: Range<usize>,
    steps: Vec<Access>,
}

#[derive(Clone, Debug)]
enum Access {
    Field(String),
    Index(usize),
}

impl Expression {
    pub(super) fn reference(&self) -> Option<&Reference> {
        match &self.head {
            Head::Variable(reference) => Some(reference),
            Head::Function(_) => None,
        }
    }

    pub(super) fn evaluate<'s>(&'s self, scope: &'s Scope) -> Result<Cow<'s, Value>, ExpandError> {
        let mut value = match &self.head {
            Head::Function(function) => Ok(Cow::Owned(function.call(scope)?)),
            Head::Variable(reference) => reference.find(scope).map(Cow::Borrowed),
        };
        for filter in &self.filters {
            value = filter.apply(value);
        }
        value
    }
}

impl Reference {
    fn find<'s>(&self, scope: &'s Scope) -> Result<&'s Value, ExpandError> {
        let mut value = scope.find(&self.name)?;
        for (at, step) in self.steps.iter().enumerate() {
            value = match step {
                Access::Field(field) => {
                    value.get(field).ok_or_else(|| ExpandError::no_field(&self.path(at), field, value))?
                }
                Access::Index(index) => {
                    value.get(index).ok_or_else(|| ExpandError::no_index(&self.path(at), *index, value))?
                }
            };
        }
        Ok(value)
    }

    /// The name with the first `count` accesses.
    fn path(&self, count: usize) -> String {
        let mut path = self.name.clone();
        for step in &self.steps[..count] {
            match step {
                Access::Field(field) => path.extend([".", field]),
                Access::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }
}

/// Reads placeholders from one text.
pub(super) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    begin: usize,
}

impl<'t> Cursor<'t> {
    /// At the `$` of a `${`.
    pub(super) fn new(text: &'t str, at: usize) -> Self {
        Self { text, at, begin: at }
    }

    /// Behind what was read, in bytes.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn placeholder(&mut self) -> Result<Expression, TemplateError> {
        self.at += 2;
        self.space();
        let start = self.at;
        if self.peek() == Some('}') {
            return Err(self.error(
                "The placeholder `${}` is empty.",
                Some("Write a variable's name between the braces, or `$${` for a literal `${`."),
                self.begin..self.at + 1,
            ));
        }
        let name = self.name()?;
        let mut head = if self.peek() == Some('(') {
            let arguments = self.arguments()?;
            let range = start..self.at;
            Head::Function(Function::new(name, &arguments).map_err(|problem| problem.at(range))?)
        } else {
            let range = start..self.at;
            Head::Variable(Reference { name: name.to_owned(), optional: false, steps: self.accesses()?, range })
        };
        let mut filters = Vec::new();
        loop {
            self.space();
            match self.peek() {
                Some('}') => {
                    self.at += 1;
                    break;
                }
                Some('|') => {
                    self.at += 1;
                    self.space();
                    filters.push(self.filter()?);
                }
                _ => return Err(self.unexpected("a filter (`|`) or the closing `}`")),
            }
        }
        if let Head::Variable(reference) = &mut head {
            reference.optional = filters.iter().any(Filter::is_default);
        }
        Ok(Expression { head, filters })
    }

    fn filter(&mut self) -> Result<Filter, TemplateError> {
        let start = self.at;
        let name = self.name()?;
        let arguments = if self.peek() == Some('(') { self.arguments()? } else { Vec::new() };
        Filter::new(name, &arguments).map_err(|problem| problem.at(start..self.at))
    }

    /// Letters, digits, `_` and `-`, beginning with a letter or `_`.
    fn name(&mut self) -> Result<&'t str, TemplateError> {
        match self.peek() {
            Some(first) if is_name_start(first) => Ok(self.word()),
            _ => Err(self.unexpected("a name")),
        }
    }

    fn word(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let length = rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn accesses(&mut self) -> Result<Vec<Access>, TemplateError> {
        let mut steps = Vec::new();
        loop {
            match self.peek() {
                Some('.') => {
                    self.at += 1;
                    let word = self.word();
                    if word.is_empty() {
                        return Err(self.unexpected("a field's name"));
                    }
                    steps.push(Access::Field(word.to_owned()));
                }
                Some('[') => {
                    self.at += 1;
                    self.space();
                    steps.push(match self.literal()? {
                        Value::String(field) => Access::Field(field),
                        Value::Number(number) if number.is_u64() => {
                            Access::Index(number.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX))
                        }
                        _ => {
                            return Err(self.unexpected_before("an index such as `[0]` or a field such as `[\"a b\"]`"));
                        }
                    });
                    self.space();
                    self.expect(']')?;
                }
                _ => return Ok(steps),
            }
        }
    }

    fn arguments(&mut self) -> Result<Vec<Value>, TemplateError> {
        self.expect('(')?;
        let mut arguments = Vec::new();
        self.space();
        if self.peek() == Some(')') {
            self.at += 1;
            return Ok(arguments);
        }
        loop {
            self.space();
            arguments.push(self.literal()?);
            self.space();
            match self.peek() {
                Some(',') => self.at += 1,
                Some(')') => {
                    self.at += 1;
                    return Ok(arguments);
                }
                _ => return Err(self.unexpected("`,` or `)`")),
            }
        }
    }

    /// A quoted text, a number, `true`, `false` or `null`.
    fn literal(&mut self) -> Result<Value, TemplateError> {
        let start = self.at;
        match self.peek() {
            Some(quote @ ('"' | '\'')) => self.quoted(quote).map(Value::String),
            Some(c) if c == '-' || c.is_ascii_digit() => {
                let rest = &self.text[start..];
                let length =
                    rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-.".contains(c)).unwrap_or(rest.len());
                self.at += length;
                serde_json::from_str(&rest[..length]).map_err(|_| {
                    self.error(&format!("`{}` is not a number.", cut(&rest[..length])), None, start..self.at)
                })
            }
            Some(c) if is_name_start(c) => match self.word() {
                "true" => Ok(Value::Bool(true)),
                "false" => Ok(Value::Bool(false)),
                "null" => Ok(Value::Null),
                word => Err(self.error(
                    &format!("`{}` must be written in quotes here.", cut(word)),
                    Some("Only texts in quotes, numbers, true, false and null may stand here."),
                    start..self.at,
                )),
            },
            _ => Err(self.unexpected("a text in quotes or a number")),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, TemplateError> {
        let start = self.at;
        let mut value = String::new();
        let mut chars = self.text[start + 1..].char_indices();
        while let Some((offset, c)) = chars.next() {
            if c == quote {
                self.at = start + 1 + offset + 1;
                return Ok(value);
            }
            match c {
                '\\' => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, 't')) => value.push('\t'),
                    Some((_, other)) => value.push(other),
                    None => break,
                },
                c => value.push(c),
            }
        }
        Err(self.error("The text in quotes does not end.", None, start..self.text.len()))
    }

    fn expect(&mut self, wanted: char) -> Result<(), TemplateError> {
        if self.peek() == Some(wanted) {
            self.at += wanted.len_utf8();
            return Ok(());
        }
        Err(self.unexpected(&format!("`{wanted}`")))
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn space(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
    }

    fn unexpected(&self, wanted: &str) -> TemplateError {
        match self.peek() {
            None => self.error(
                "A placeholder is not closed: `}` is missing.",
                Some("Close it with `}`, or write `$${` for a literal `${`."),
                self.begin..self.text.len(),
            ),
            Some(found) => self.error(
                &format!(
                    "Found `{}` in a placeholder where {wanted} should stand.",
                    if found.is_control() { ' ' } else { found }
                ),
                Some("Write `$${` for a literal `${`."),
                self.at..self.at + found.len_utf8(),
            ),
        }
    }

    fn unexpected_before(&self, wanted: &str) -> TemplateError {
        self.error(&format!("A placeholder wants {wanted}."), None, self.begin..self.at)
    }

    fn error(&self, message: &str, hint: Option<&str>, range: Range<usize>) -> TemplateError {
        TemplateError { message: message.to_owned(), hint: hint.map(str::to_owned), range }
    }
}

/// A function or filter that cannot be used so; where it stands is added by whoever knows.
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

impl Problem {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    fn at(self, range: Range<usize>) -> TemplateError {
        TemplateError { message: self.message, hint: self.hint, range }
    }
}

/// Whether a variable may have this name.
pub(crate) fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(is_name_start) && text.chars().all(is_name_part)
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '-'
}

/// At most forty characters of a text, for a message.
pub(super) fn cut(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(40) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

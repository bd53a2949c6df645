//! JSONPath (RFC 9535) within limits that keep a hostile path cheap on any document: its length, one
//! `..`, few unions, and nothing in a filter that multiplies. Paths of names and indexes only, which
//! is nearly all of them, are walked without the general machinery.

use jsonpath_rust::parser::parse_json_path;
use jsonpath_rust::query::js_path_process;
use serde_json::Value;

use crate::check::Problem;
use crate::document::cut;

/// How long a path may be, in bytes.
const LONGEST: usize = 512;

/// How many commas may stand in brackets outside filters: each may double what is selected.
const COMMAS: usize = 3;

/// How deep brackets and parentheses may be nested.
const DEEPEST: usize = 12;

/// How many values a document may have for a path that is more than names and indexes.
const MOST_VALUES: usize = 200_000;

/// Every value that a path selects, in document order; empty if there is none.
///
/// # Errors
/// If the path is not one or goes beyond the limits, or the document is too big for it.
pub fn query<'v>(path: &str, value: &'v Value) -> Result<Vec<&'v Value>, Problem> {
    if let Some(steps) = simple(path) {
        return Ok(walk(&steps, value).into_iter().collect());
    }
    limits(path)?;
    let query = parse_json_path(path).map_err(|_| not_a_path(path))?;
    if exceeds(value, &mut MOST_VALUES.clone()) {
        return Err(
            Problem::new("The document is too big for this JSONPath.").hint("Use a path of names and indexes only.")
        );
    }
    let found = js_path_process(&query, value).map_err(|_| not_a_path(path))?;
    Ok(found.into_iter().map(|found| found.val()).collect())
}

/// The path with its `$`, and whether that was left out.
pub(crate) fn normalize(path: &str) -> Result<(String, bool), Problem> {
    let path = path.trim();
    let (path, bare) = match path.as_bytes().first() {
        None => return Err(Problem::new("The JSONPath is empty.").hint("Write `$` for the whole body.")),
        Some(b'$') => (path.to_owned(), false),
        Some(b'.' | b'[') => (format!("${path}"), true),
        Some(_) => (format!("$.{path}"), true),
    };
    if simple(&path).is_none() {
        limits(&path)?;
        parse_json_path(&path).map_err(|_| not_a_path(&path))?;
    }
    Ok((path, bare))
}

/// Whether a path, with or without its `$`, is cheap to check.
pub(crate) fn is_simple(path: &str) -> bool {
    let path = path.trim();
    match path.as_bytes().first() {
        Some(b'$') => simple(path).is_some(),
        Some(b'[' | b'.') => simple(&format!("${path}")).is_some(),
        _ => simple(&format!("$.{path}")).is_some(),
    }
}

fn not_a_path(path: &str) -> Problem {
    Problem::new(format!("`{}` is not a JSONPath.", cut(path)))
        .hint("Write one such as `$.user.name`, `$.items[0].id`, `$['a key']` or `$.items[?@.price > 5].id`.")
}

#[derive(Debug, PartialEq)]
enum Step<'p> {
    Name(&'p str),
    Index(i64),
}

/// A path of names and indexes; None if it is more, or no path at all.
fn simple(path: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = path.strip_prefix('$')?;
    if path.len() > LONGEST {
        return None;
    }
    let mut steps = Vec::with_capacity(4);
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            // `-` is more than the RFC allows; plans were always written so.
            let end = name
                .bytes()
                .position(|byte| !(byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' || !byte.is_ascii()))
                .unwrap_or(name.len());
            if end == 0 || name.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
                return None;
            }
            steps.push(Step::Name(&name[..end]));
            rest = &name[end..];
        } else {
            let inside = rest.strip_prefix('[')?;
            let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'));
            if let Some(quote) = quote {
                let end = inside[1..].find(quote)?;
                let name = &inside[1..=end];
                if name.contains('\\') {
                    return None;
                }
                steps.push(Step::Name(name));
                rest = inside[end + 2..].strip_prefix(']')?;
            } else {
                let end = inside.find(']')?;
                let digits = &inside[..end];
                let magnitude = digits.strip_prefix('-').unwrap_or(digits);
                let canonical = digits == "0"
                    || (magnitude.starts_with(|c: char| ('1'..='9').contains(&c)) && magnitude.len() < 10);
                steps.push(Step::Index(digits.parse().ok().filter(|_| canonical)?));
                rest = &inside[end + 1..];
            }
        }
    }
    Some(steps)
}

fn walk<'v>(steps: &[Step<'_>], value: &'v Value) -> Option<&'v Value> {
    steps.iter().try_fold(value, |value, step| match (step, value) {
        (Step::Name(name), Value::Object(object)) => object.get(*name),
        (Step::Index(index), Value::Array(list)) => {
            let index = if *index < 0 { i64::try_from(list.len()).ok()? + index } else { *index };
            list.get(usize::try_from(index).ok()?)
        }
        _ => None,
    })
}

fn limits(path: &str) -> Result<(), Problem> {
    if path.len() > LONGEST {
        return Err(Problem::new(format!("The JSONPath is too long: at most {LONGEST} bytes are allowed.")));
    }
    let mut scan = Scan::default();
    for c in path.chars() {
        scan.take(c);
    }
    if scan.stray {
        return Err(not_a_path(path));
    }
    if scan.descents > 1 {
        return Err(Problem::new("A JSONPath may hold `..` once.").hint("Write the way to the second part out."));
    }
    if scan.descents_in_filter {
        return Err(Problem::new("`..` cannot stand in a filter.").hint("Write the way out in the filter."));
    }
    if scan.commas > COMMAS {
        return Err(Problem::new(format!("A JSONPath may list at most {} selectors.", COMMAS + 1))
            .hint("Use two expectations."));
    }
    if scan.deepest > DEEPEST {
        return Err(Problem::new("The JSONPath is nested too deeply."));
    }
    if scan.roots_in_filter && scan.many_in_filter {
        return Err(Problem::new("A filter cannot hold `$` together with `*`, `:` or another filter.")
            .hint("Write the way from `$` out with names and indexes."));
    }
    Ok(())
}

/// What a path holds that costs time, texts in quotes left out.
#[derive(Default)]
struct Scan {
    quote: Option<char>,
    escaped: bool,
    last: Option<char>,
    depth: usize,
    deepest: usize,
    /// The depth at which the outermost filter began.
    filter: Option<usize>,
    descents: usize,
    descents_in_filter: bool,
    commas: usize,
    roots_in_filter: bool,
    many_in_filter: bool,
    /// A name behind a space, which the parser takes for part of the name before it.
    stray: bool,
}

impl Scan {
    fn take(&mut self, c: char) {
        if let Some(quote) = self.quote {
            if self.escaped {
                self.escaped = false;
            } else if c == '\\' {
                self.escaped = true;
            } else if c == quote {
                self.quote = None;
            }
            return;
        }
        let in_filter = self.filter.is_some();
        let behind_space = self.last.is_some_and(char::is_whitespace);
        self.stray |= self.depth == 0 && behind_space && !c.is_whitespace() && !matches!(c, '.' | '[');
        match c {
            '\'' | '"' => self.quote = Some(c),
            '[' | '(' => {
                self.depth += 1;
                self.deepest = self.deepest.max(self.depth);
            }
            ']' | ')' => {
                self.depth = self.depth.saturating_sub(1);
                if self.filter.is_some_and(|begin| self.depth < begin) {
                    self.filter = None;
                }
            }
            '.' if self.last == Some('.') => {
                self.descents += 1;
                self.descents_in_filter |= in_filter;
            }
            '?' if in_filter => self.many_in_filter = true,
            '?' => self.filter = Some(self.depth),
            '*' | ':' if in_filter => self.many_in_filter = true,
            '$' if in_filter => self.roots_in_filter = true,
            ',' => self.commas += 1,
            _ => {}
        }
        self.last = Some(c);
    }
}

/// Whether a value has more values in it than are left.
fn exceeds(value: &Value, left: &mut usize) -> bool {
    if *left == 0 {
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(list) => list.iter().any(|value| exceeds(value, left)),
        Value::Object(object) => object.values().any(|value| exceeds(value, left)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;

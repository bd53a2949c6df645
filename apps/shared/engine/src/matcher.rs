//! Matchers: conditions on one value, and the words for those that do not hold.

use std::borrow::Cow;

use plan::{
    model::{Condition, JsonType, Matcher},
    template::{Convert, ExpandError, Field, Scope, Template, Tree},
};
use serde_json::{Map, Number, Value, json};

use crate::{compiled, json, mask::Masker, subset::differ};

/// What evaluating needs to know besides the value.
#[derive(Clone, Copy)]
pub struct Context<'r> {
    pub scope: &'r Scope,
    pub masker: &'r Masker,
    /// Whether the value could have been anything but text.
    pub typing: Typing,
    /// What to say if there is no value: `the response has no such header`.
    pub absent: &'static str,
}

/// Where a value comes from decides how it compares to a number or boolean.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Typing {
    /// JSON: `5` and `"5"` differ.
    Typed,
    /// A header, a page, the body's text: there is nothing but text, so `5` may be meant.
    Untyped,
}

/// A matcher that has been evaluated.
pub struct Verdict {
    /// What is wanted: a bare value, or the conditions by their keys. In the clear.
    pub expected: Value,
    /// What is wrong. None if every condition holds.
    pub problem: Option<Problem>,
}

/// Why a condition does not hold; masked.
#[derive(Debug, PartialEq, Eq)]
pub enum Problem {
    /// It is not so; the opposite is.
    Unmet(String),
    /// It cannot be told: nothing is there, or not of a type it could be asked of.
    Untold(String),
}

impl Problem {
    /// The words for it.
    pub fn into_text(self) -> String {
        match self {
            Self::Unmet(text) | Self::Untold(text) => text,
        }
    }
}

impl From<ExpandError> for Problem {
    fn from(error: ExpandError) -> Self {
        Self::Untold(error.to_string())
    }
}

/// Holds a value, or its absence, against every condition.
pub fn check(matcher: &Matcher, received: Option<&Value>, context: Context<'_>) -> Verdict {
    if let [only] = matcher.conditions.as_slice()
        && matcher.bare
    {
        let (_, expected, problem) = evaluate(only, received, context);
        return Verdict { expected, problem };
    }
    let mut expected = Map::with_capacity(matcher.conditions.len());
    let mut problem = None;
    for condition in &matcher.conditions {
        let (key, wanted, wrong) = evaluate(condition, received, context);
        problem = match (problem, wrong) {
            (Some(Problem::Unmet(_)), Some(untold @ Problem::Untold(_))) => Some(untold),
            (earlier, wrong) => earlier.or(wrong),
        };
        expected.insert(key.to_owned(), wanted);
    }
    Verdict { expected: Value::Object(expected), problem }
}

/// A condition's key, what it wants, and what is wrong.
type Evaluated = (&'static str, Value, Option<Problem>);

fn evaluate(condition: &Condition, received: Option<&Value>, context: Context<'_>) -> Evaluated {
    use Condition as C;
    let on_value =
        |key: &'static str, wanted: &Tree, holds: fn(&Value, &Value, Typing) -> Result<bool, &'static str>| {
            let wanted = match tree(wanted, context.scope) {
                Ok(wanted) => wanted,
                Err(error) => return (key, wanted.as_written(), Some(error.into())),
            };
            let problem = present(received, context, |received| match holds(&wanted, received, context.typing) {
                Ok(true) => None,
                Ok(false) => Some(told(key, &wanted, received, context.masker)),
                Err(needs) => Some(needed(needs, received, context.masker)),
            });
            (key, wanted.into_owned(), problem)
        };
    let on_text = |key: &'static str, wanted: &Template, holds: fn(&str, &str) -> Result<bool, String>| {
        let wanted = match wanted.text(context.scope) {
            Ok(wanted) => wanted,
            Err(error) => return (key, wanted.as_written().into(), Some(error.into())),
        };
        let problem = present(received, context, |received| match received.as_str().map(|text| holds(&wanted, text)) {
            None => Some(needed("a string", received, context.masker)),
            Some(Ok(true)) => None,
            Some(Ok(false)) => Some(told(key, &Value::String(wanted.clone()), received, context.masker)),
            Some(Err(problem)) => Some(Problem::Untold(context.masker.owned(problem))),
        });
        (key, Value::String(wanted), problem)
    };
    let on_number = |key: &'static str, wanted: &Field<Number>, holds: fn(std::cmp::Ordering) -> bool| {
        let wanted = match wanted.resolve(context.scope) {
            Ok(wanted) => wanted,
            Err(error) => return (key, written(wanted), Some(error.into())),
        };
        let problem = present(received, context, |received| match number(received, context.typing) {
            None => Some(needed("a number", received, context.masker)),
            Some(number) if holds(json::compare(&number, &wanted)) => None,
            Some(_) => Some(told(key, &Value::Number(wanted.clone()), received, context.masker)),
        });
        (key, Value::Number(wanted), problem)
    };
    match condition {
        C::Equal(wanted) => on_value("equal", wanted, |wanted, received, typing| Ok(same(wanted, received, typing))),
        C::NotEqual(wanted) => {
            on_value("not_equal", wanted, |wanted, received, typing| Ok(!same(wanted, received, typing)))
        }
        C::Contains(wanted) => on_value("contains", wanted, contains),
        C::NotContains(wanted) => {
            on_value("not_contains", wanted, |wanted, received, typing| Ok(!contains(wanted, received, typing)?))
        }
        C::StartsWith(wanted) => on_text("starts_with", wanted, |wanted, text| Ok(text.starts_with(wanted))),
        C::EndsWith(wanted) => on_text("ends_with", wanted, |wanted, text| Ok(text.ends_with(wanted))),
        C::Matches(wanted) => on_text("matches", wanted, |wanted, text| Ok(compiled::regex(wanted)?.is_match(text))),
        C::Gt(wanted) => on_number("gt", wanted, std::cmp::Ordering::is_gt),
        C::Gte(wanted) => on_number("gte", wanted, std::cmp::Ordering::is_ge),
        C::Lt(wanted) => on_number("lt", wanted, std::cmp::Ordering::is_lt),
        C::Lte(wanted) => on_number("lte", wanted, std::cmp::Ordering::is_le),
        C::Between(from, to) => between(from, to, received, context),
        C::OneOf(wanted) => one_of(wanted, received, context),
        C::Exists(wanted) => exists(wanted, received, context),
        C::Type(wanted) => of_type(*wanted, received, context),
        C::Length(matcher) => length(matcher, received, context),
        C::Empty(wanted) => empty(wanted, received, context),
        C::Not(matcher) => not(matcher, received, context),
    }
}

/// The problem with a value that must be there.
fn present(
    received: Option<&Value>,
    context: Context<'_>,
    problem: impl FnOnce(&Value) -> Option<Problem>,
) -> Option<Problem> {
    match received {
        Some(received) => problem(received),
        None => Some(Problem::Untold(context.absent.to_owned())),
    }
}

fn tree<'t>(tree: &'t Tree, scope: &Scope) -> Result<Cow<'t, Value>, ExpandError> {
    match tree.as_literal() {
        Some(value) => Ok(Cow::Borrowed(value)),
        None => tree.expand(scope).map(Cow::Owned),
    }
}

/// A field as it stands in the plan.
fn written<T: Clone + Into<Value>>(field: &Field<T>) -> Value {
    match field {
        Field::Known(value) => value.clone().into(),
        Field::Later(template) => template.as_written().into(),
    }
}

fn same(wanted: &Value, received: &Value, typing: Typing) -> bool {
    if json::equal(wanted, received) {
        return true;
    }
    let (Typing::Untyped, Value::String(text)) = (typing, received) else { return false };
    match wanted {
        Value::Number(wanted) => Number::convert(received).is_some_and(|number| json::compare(wanted, &number).is_eq()),
        Value::Bool(wanted) => *text == wanted.to_string(),
        _ => false,
    }
}

fn number(received: &Value, typing: Typing) -> Option<Number> {
    match received {
        Value::Number(number) => Some(number.clone()),
        Value::String(_) if typing == Typing::Untyped => Number::convert(received),
        _ => None,
    }
}

fn contains(wanted: &Value, received: &Value, typing: Typing) -> Result<bool, &'static str> {
    match (received, wanted) {
        (Value::String(text), Value::String(wanted)) => Ok(text.contains(wanted.as_str())),
        (Value::String(text), Value::Number(_) | Value::Bool(_)) if typing == Typing::Untyped => {
            Ok(text.contains(&wanted.to_string()))
        }
        (Value::Array(items), wanted) => Ok(items.iter().any(|item| json::equal(wanted, item))),
        (Value::Object(fields), Value::String(key)) => Ok(fields.contains_key(key)),
        (Value::String(_), _) => Ok(false),
        _ => Err("a string, a list or an object"),
    }
}

fn between(from: &Field<Number>, to: &Field<Number>, received: Option<&Value>, context: Context<'_>) -> Evaluated {
    let (low, high) = match (from.resolve(context.scope), to.resolve(context.scope)) {
        (Ok(low), Ok(high)) => (low, high),
        (Err(error), _) | (_, Err(error)) => {
            return ("between", json!([written(from), written(to)]), Some(error.into()));
        }
    };
    let problem = present(received, context, |received| match number(received, context.typing) {
        None => Some(needed("a number", received, context.masker)),
        Some(number) if json::compare(&number, &low).is_ge() && json::compare(&number, &high).is_le() => None,
        Some(_) => {
            Some(Problem::Unmet(format!("expected {low} to {high}, received {}", json::show(received, context.masker))))
        }
    });
    ("between", json!([low, high]), problem)
}

fn one_of(wanted: &[Tree], received: Option<&Value>, context: Context<'_>) -> Evaluated {
    let expanded: Result<Vec<Value>, _> = wanted.iter().map(|tree| tree.expand(context.scope)).collect();
    let wanted = match expanded {
        Ok(wanted) => wanted,
        Err(error) => {
            return ("one_of", wanted.iter().map(Tree::as_written).collect(), Some(error.into()));
        }
    };
    let problem = present(received, context, |received| {
        if wanted.iter().any(|wanted| same(wanted, received, context.typing)) {
            return None;
        }
        let shown: Vec<_> = wanted.iter().take(10).map(|wanted| json::show(wanted, context.masker)).collect();
        let more = if wanted.len() > shown.len() { ", …" } else { "" };
        let received = json::show(received, context.masker);
        Some(Problem::Unmet(format!("expected one of {}{more}, received {received}", shown.join(", "))))
    });
    ("one_of", Value::Array(wanted), problem)
}

fn exists(wanted: &Field<bool>, received: Option<&Value>, context: Context<'_>) -> Evaluated {
    let wanted = match wanted.resolve(context.scope) {
        Ok(wanted) => wanted,
        Err(error) => return ("exists", written(wanted), Some(error.into())),
    };
    let problem = match (wanted, received) {
        (true, None) => Some(Problem::Unmet(context.absent.to_owned())),
        (false, Some(received)) => {
            let received = json::show(received, context.masker);
            Some(Problem::Unmet(format!("expected nothing to be there, received {received}")))
        }
        _ => None,
    };
    ("exists", Value::Bool(wanted), problem)
}

fn of_type(wanted: JsonType, received: Option<&Value>, context: Context<'_>) -> Evaluated {
    let (name, holds): (_, fn(&Value) -> bool) = match wanted {
        JsonType::String => ("string", Value::is_string),
        JsonType::Number => ("number", Value::is_number),
        JsonType::Integer => ("integer", |value| value.as_number().is_some_and(|n| json::integer(n).is_some())),
        JsonType::Boolean => ("boolean", Value::is_boolean),
        JsonType::Null => ("null", Value::is_null),
        JsonType::List => ("list", Value::is_array),
        JsonType::Object => ("object", Value::is_object),
    };
    let problem = present(received, context, |received| {
        (!holds(received)).then(|| {
            let (shown, found) = (json::show(received, context.masker), json::type_name(received));
            Problem::Unmet(format!("expected the type {name}, received {shown} ({found})"))
        })
    });
    ("type", name.into(), problem)
}

fn length(matcher: &Matcher, received: Option<&Value>, context: Context<'_>) -> Evaluated {
    let length = received.and_then(|received| match received {
        Value::String(text) => Some(text.chars().count()),
        Value::Array(items) => Some(items.len()),
        Value::Object(fields) => Some(fields.len()),
        _ => None,
    });
    let count = length.map(Value::from);
    let verdict = check(matcher, count.as_ref(), Context { typing: Typing::Typed, ..context });
    let problem = present(received, context, |received| match &count {
        None => Some(needed("a string, a list or an object", received, context.masker)),
        Some(_) => verdict.problem.map(|problem| match problem {
            Problem::Unmet(text) => Problem::Unmet(format!("the length: {text}")),
            untold => untold,
        }),
    });
    ("length", verdict.expected, problem)
}

fn empty(wanted: &Field<bool>, received: Option<&Value>, context: Context<'_>) -> Evaluated {
    let wanted = match wanted.resolve(context.scope) {
        Ok(wanted) => wanted,
        Err(error) => return ("empty", written(wanted), Some(error.into())),
    };
    let problem = present(received, context, |received| {
        let is_empty = match received {
            Value::String(text) => text.is_empty(),
            Value::Array(items) => items.is_empty(),
            Value::Object(fields) => fields.is_empty(),
            _ => return Some(needed("a string, a list or an object", received, context.masker)),
        };
        (is_empty != wanted).then(|| {
            let what = if wanted { "nothing in it" } else { "something in it" };
            Problem::Unmet(format!("expected {what}, received {}", json::show(received, context.masker)))
        })
    });
    ("empty", Value::Bool(wanted), problem)
}

fn not(matcher: &Matcher, received: Option<&Value>, context: Context<'_>) -> Evaluated {
    let inner = check(matcher, received, context);
    let problem = match inner.problem {
        None => {
            let wanted = json::show(&inner.expected, context.masker);
            Some(Problem::Unmet(match received {
                Some(received) => format!("expected not {wanted}, received {}", json::show(received, context.masker)),
                None => context.absent.to_owned(),
            }))
        }
        Some(Problem::Unmet(_)) => None,
        untold => untold,
    };
    ("not", inner.expected, problem)
}

fn told(key: &str, wanted: &Value, received: &Value, masker: &Masker) -> Problem {
    if key == "equal" {
        return Problem::Unmet(differ(wanted, received, masker));
    }
    let words = match key {
        "not_equal" => "anything but",
        "gt" => "more than",
        "gte" => "at least",
        "lt" => "less than",
        "lte" => "at most",
        "contains" => "something with",
        "not_contains" => "something without",
        "starts_with" => "a beginning of",
        "ends_with" => "an end of",
        _ => "a match of",
    };
    Problem::Unmet(format!(
        "expected {words} {}, received {}",
        json::show(wanted, masker),
        json::show(received, masker)
    ))
}

fn needed(what: &str, received: &Value, masker: &Masker) -> Problem {
    let (shown, found) = (json::show(received, masker), json::type_name(received));
    Problem::Untold(format!("expected {what}, received {shown} ({found})"))
}

#[cfg(test)]
mod tests;

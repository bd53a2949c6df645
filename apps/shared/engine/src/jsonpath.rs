//! JSON paths against a body, and what was there where one leads nowhere.

use serde_json::{Map, Value};

use crate::{compiled::phrase, subset};

/// One step of a plain path.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part<'p> {
    Key(&'p str),
    Index(usize),
}

/// What a path leads to: nothing, the value, or the list of values if there are several.
pub fn find(path: &str, value: &Value) -> Result<Option<Value>, String> {
    let found = plan::jsonpath::query(path, value).map_err(|problem| phrase(&problem))?;
    Ok(match found.as_slice() {
        [] => None,
        [one] => Some((*one).clone()),
        several => Some(several.iter().map(|value| (*value).clone()).collect()),
    })
}

/// How far a path leads before it leads nowhere: the path until there, and the keys that are there.
pub fn reach<'v>(path: &str, value: &'v Value) -> (String, Reached<'v>) {
    let mut at = value;
    let mut reached = "$".to_owned();
    for part in plain(path).unwrap_or_default() {
        let Some(next) = step(at, part) else { break };
        at = next;
        match part {
            Part::Key(key) => subset::add_key(&mut reached, key),
            Part::Index(index) => subset::add_index(&mut reached, index),
        }
    }
    let what = match at {
        Value::Object(fields) => Reached::Keys(fields),
        Value::Array(items) => Reached::Elements(items.len()),
        scalar => Reached::Scalar(scalar),
    };
    (reached, what)
}

/// What is where a path ends early.
#[derive(Debug, PartialEq)]
pub enum Reached<'v> {
    Keys(&'v Map<String, Value>),
    Elements(usize),
    Scalar(&'v Value),
}

fn step<'v>(value: &'v Value, part: Part<'_>) -> Option<&'v Value> {
    match part {
        Part::Key(key) => value.as_object()?.get(key),
        Part::Index(index) => value.as_array()?.get(index),
    }
}

/// The parts of a path such as `$.items[0].id`; none if there is anything else in it.
fn plain(path: &str) -> Option<Vec<Part<'_>>> {
    let mut rest = path.strip_prefix('$')?;
    let mut parts = Vec::with_capacity(4);
    while !rest.is_empty() {
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(name.len());
            let key = &name[..end];
            if key.is_empty() || key.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
            parts.push(Part::Key(key));
            rest = &name[end..];
        } else {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            let canonical = index == "0" || !index.starts_with(['0', '+']);
            if !canonical {
                return None;
            }
            parts.push(Part::Index(index.parse().ok()?));
            rest = after;
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn one_match_gives_its_value_and_several_give_the_list() {
        let value = json!({"items": [{"id": 7}, {"id": 8}], "a b": 1, "null": null});
        assert_eq!(find("$.items[1].id", &value), Ok(Some(json!(8))));
        assert_eq!(find("$.items[*].id", &value), Ok(Some(json!([7, 8]))));
        assert_eq!(find("$.items[?@.id == 7].id", &value), Ok(Some(json!(7))));
        assert_eq!(find("$['a b']", &value), Ok(Some(json!(1))));
        assert_eq!(find("$.null", &value), Ok(Some(json!(null))));
        assert_eq!(find("$.items[-1].id", &value), Ok(Some(json!(8))));
        assert_eq!(find("$.items[2].id", &value), Ok(None));
        assert_eq!(find("$.items.id", &value), Ok(None));
        assert_eq!(find("$", &value), Ok(Some(value.clone())));
    }

    #[test]
    fn plain_means_nothing_but_keys_and_indexes() {
        for (path, parts) in [
            ("$", Some(vec![])),
            ("$.a[0]", Some(vec![Part::Key("a"), Part::Index(0)])),
            ("$.a[-1]", None),
            ("$.a[01]", None),
            ("$.a[+1]", None),
            ("$..a", None),
            ("$.a.", None),
            ("$.1a", None),
            ("$.a-b", None),
            ("$[0", None),
            ("a", None),
        ] {
            assert_eq!(plain(path), parts, "{path}");
        }
    }

    #[test]
    fn a_path_that_leads_nowhere_tells_how_far_it_led() {
        let value = json!({"auth": {"user": 1}, "list": [1, 2], "n": 3});
        let told = |path| reach(path, &value);
        assert_eq!(told("$.auth.token"), ("$.auth".to_owned(), Reached::Keys(value["auth"].as_object().unwrap())));
        assert_eq!(told("$.list[5]"), ("$.list".to_owned(), Reached::Elements(2)));
        assert_eq!(told("$.n.x"), ("$.n".to_owned(), Reached::Scalar(&json!(3))));
        assert_eq!(told("$.nope"), ("$".to_owned(), Reached::Keys(value.as_object().unwrap())));
    }
}

//! Whether a JSON value contains a structure: objects by the keys that are asked for, lists element
//! by element, everything else by equality.

use serde_json::{Map, Value};

use crate::{json, mask::Masker};

/// More differences help nobody.
const MOST: usize = 5;

/// More keys than these are not listed.
const MOST_KEYS: usize = 8;

/// One place where the structure is not contained.
#[derive(Debug, PartialEq)]
pub struct Difference<'v> {
    /// As a JSON path.
    path: String,
    what: What<'v>,
}

#[derive(Debug, PartialEq)]
enum What<'v> {
    /// The key is not among these.
    Missing(&'v Map<String, Value>),
    Other {
        expected: &'v Value,
        received: &'v Value,
    },
    Length {
        expected: usize,
        received: usize,
    },
}

#[derive(Clone, Copy)]
enum Part<'v> {
    Key(&'v str),
    Index(usize),
}

/// The first places where `received` does not contain `expected`; empty if it does.
pub fn differences<'v>(expected: &'v Value, received: &'v Value) -> Vec<Difference<'v>> {
    let mut found = Vec::new();
    walk(expected, received, &mut Vec::new(), &mut found);
    found
}

fn walk<'v>(expected: &'v Value, received: &'v Value, at: &mut Vec<Part<'v>>, found: &mut Vec<Difference<'v>>) {
    if found.len() == MOST {
        return;
    }
    match (expected, received) {
        (Value::Object(wanted), Value::Object(there)) => {
            for (key, expected) in wanted {
                at.push(Part::Key(key));
                match there.get(key) {
                    Some(received) => walk(expected, received, at, found),
                    None if found.len() < MOST => {
                        found.push(Difference { path: path(at), what: What::Missing(there) });
                    }
                    None => {}
                }
                at.pop();
            }
        }
        (Value::Array(wanted), Value::Array(there)) if wanted.len() == there.len() => {
            for (index, (expected, received)) in wanted.iter().zip(there).enumerate() {
                at.push(Part::Index(index));
                walk(expected, received, at, found);
                at.pop();
            }
        }
        (Value::Array(wanted), Value::Array(there)) => {
            let what = What::Length { expected: wanted.len(), received: there.len() };
            found.push(Difference { path: path(at), what });
        }
        _ if json::equal(expected, received) => {}
        _ => found.push(Difference { path: path(at), what: What::Other { expected, received } }),
    }
}

fn path(parts: &[Part<'_>]) -> String {
    let mut path = "$".to_owned();
    for part in parts {
        match part {
            Part::Key(key) => add_key(&mut path, key),
            Part::Index(index) => add_index(&mut path, *index),
        }
    }
    path
}

/// Leads a JSON path on to a key.
pub fn add_key(path: &mut String, key: &str) {
    if is_plain(key) {
        path.extend([".", key]);
    } else {
        path.extend(["['", &key.replace('\\', "\\\\").replace('\'', "\\'"), "']"]);
    }
}

/// Leads a JSON path on to an element.
pub fn add_index(path: &mut String, index: usize) {
    path.extend(["[", &index.to_string(), "]"]);
}

fn is_plain(key: &str) -> bool {
    !key.is_empty()
        && !key.starts_with(|c: char| c.is_ascii_digit())
        && key.chars().all(|c| c.is_alphanumeric() || c == '_')
}

/// All of them in one line.
pub fn tell(differences: &[Difference<'_>], masker: &Masker) -> String {
    let mut lines: Vec<String> = differences.iter().map(|difference| difference.tell(masker)).collect();
    if lines.len() == MOST {
        lines.push("perhaps more".to_owned());
    }
    lines.join("; ")
}

impl Difference<'_> {
    fn tell(&self, masker: &Masker) -> String {
        let (path, _) = masker.cut(&self.path, 200);
        match self.what {
            What::Missing(there) => format!("{path} is missing ({})", keys(there, masker)),
            What::Other { expected, received } => format!("{path}: {}", differ(expected, received, masker)),
            What::Length { expected, received } => {
                format!("{path}: expected a list of {expected}, received a list of {received}")
            }
        }
    }
}

/// `expected 1, received 2`, with the types where they differ.
pub fn differ(expected: &Value, received: &Value, masker: &Masker) -> String {
    let (e, r) = (json::show(expected, masker), json::show(received, masker));
    let (et, rt) = (json::type_name(expected), json::type_name(received));
    if et == rt { format!("expected {e}, received {r}") } else { format!("expected {e} ({et}), received {r} ({rt})") }
}

/// `there is id, name`.
pub fn keys(object: &Map<String, Value>, masker: &Masker) -> String {
    if object.is_empty() {
        return "the object is empty".to_owned();
    }
    let mut names: Vec<_> = object.keys().take(MOST_KEYS).map(|key| masker.cut(key, 60).0).collect();
    if object.len() > MOST_KEYS {
        names.push("…".into());
    }
    format!("there is {}", names.join(", "))
}

/// The part of `received` that `expected` asks about.
pub fn part(expected: &Value, received: &Value) -> Value {
    match (expected, received) {
        (Value::Object(wanted), Value::Object(there)) => wanted
            .iter()
            .filter_map(|(key, expected)| Some((key.clone(), part(expected, there.get(key)?))))
            .collect::<Map<_, _>>()
            .into(),
        (Value::Array(wanted), Value::Array(there)) if wanted.len() == there.len() => {
            wanted.iter().zip(there).map(|(expected, received)| part(expected, received)).collect()
        }
        _ => received.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn told(expected: &Value, received: &Value) -> String {
        tell(&differences(expected, received), &Masker::default())
    }

    #[test]
    fn objects_may_hold_more_lists_may_not() {
        assert_eq!(told(&json!({"a": {"b": 1}}), &json!({"a": {"b": 1, "c": 2}, "d": 3})), "");
        assert_eq!(told(&json!([1, 2]), &json!([1, 2])), "");
        assert_eq!(told(&json!([{"a": 1}]), &json!([{"a": 1, "b": 2}])), "");
        assert_eq!(told(&json!([1]), &json!([1, 2])), "$: expected a list of 1, received a list of 2");
    }

    #[test]
    fn a_difference_names_its_path_and_the_types() {
        assert_eq!(
            told(&json!({"items": [{"price": 1}]}), &json!({"items": [{"price": "1"}]})),
            "$.items[0].price: expected 1 (number), received \"1\" (string)"
        );
        assert_eq!(
            told(&json!({"a": 1, "b": 2}), &json!({"a": 2, "b": 3})),
            "$.a: expected 1, received 2; $.b: expected 2, received 3"
        );
        assert_eq!(
            told(&json!({"it's": null}), &json!({"x y": 1, "id": 2})),
            "$['it\\'s'] is missing (there is x y, id)"
        );
        assert_eq!(told(&json!({"a": 1}), &json!([])), "$: expected {\"a\":1} (object), received [] (list)");
    }

    #[test]
    fn a_missing_key_is_not_null() {
        assert_eq!(told(&json!({"a": null}), &json!({})), "$.a is missing (the object is empty)");
        assert_eq!(told(&json!({"a": null}), &json!({"a": null})), "");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "[a-c'\\\\]{0,3}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 30, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-c]", inner), 0..4)
                    .prop_map(|pairs| pairs.into_iter().collect::<Map<_, _>>().into()),
            ]
        })
    }

    proptest! {
        #[test]
        fn every_value_contains_itself_and_its_part(a in value(), b in value()) {
            prop_assert!(differences(&a, &a).is_empty());
            prop_assert!(json::equal(&a, &a));
            let contained = differences(&a, &b).is_empty();
            if contained {
                prop_assert!(json::equal(&part(&a, &b), &a));
            } else {
                prop_assert!(!json::equal(&a, &b));
                prop_assert!(!told(&a, &b).is_empty());
            }
        }

        #[test]
        fn more_keys_never_break_a_containment(a in value(), more in value()) {
            let mut wider = a.clone();
            if let Value::Object(fields) = &mut wider {
                fields.insert("zz".to_owned(), more);
            }
            prop_assert!(differences(&a, &wider).is_empty());
        }
    }
}

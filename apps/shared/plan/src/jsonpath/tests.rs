use serde_json::{Value, json};

use super::{normalize, query};

fn document() -> Value {
    json!({
        "a": {"b": [10, 20, {"c": "x"}]},
        "a-b": 1,
        "größe": 2,
        "with space": {"it's": 3},
        "items": [{"id": 1, "price": 5}, {"id": 2, "price": 15}],
    })
}

#[track_caller]
fn selects(path: &str, expected: &Value) {
    let document = document();
    let found: Vec<_> = query(path, &document).unwrap().into_iter().cloned().collect();
    assert_eq!(Value::Array(found), *expected, "{path}");
}

#[test]
fn names_and_indexes_are_walked() {
    selects("$", &json!([document()]));
    selects("$.a.b[0]", &json!([10]));
    selects("$.a.b[-1].c", &json!(["x"]));
    selects("$['a']['b'][1]", &json!([20]));
    selects("$[\"with space\"][\"it's\"]", &json!([3]));
    selects("$.a-b", &json!([1]));
    selects("$.größe", &json!([2]));
    selects("$.a.b[3]", &json!([]));
    selects("$.a.b[-4]", &json!([]));
    selects("$.missing.b", &json!([]));
    selects("$.a[0]", &json!([]));
    selects("$.a.b.c", &json!([]));
}

#[test]
fn everything_else_is_the_rfc() {
    selects("$.items[*].id", &json!([1, 2]));
    selects("$.items[?@.price > 10].id", &json!([2]));
    selects("$..id", &json!([1, 2]));
    selects("$.a.b[0:2]", &json!([10, 20]));
    selects("$.items[?length(@.missing) > 1]", &json!([]));
    selects("$['a\\u002db']", &json!([1]));
    selects("$.items[0,1].price", &json!([5, 15]));
}

#[test]
fn both_ways_agree_on_paths_of_names_and_indexes() {
    let document = document();
    for path in [
        "$",
        "$.a.b[0]",
        "$.a.b[-1].c",
        "$['a']['b'][1]",
        "$[\"with space\"]",
        "$.größe",
        "$.a.b[3]",
        "$.a[0]",
        "$.a.b.c",
    ] {
        let general: Vec<_> = jsonpath_rust::query::js_path_vals(path, &document).unwrap();
        assert_eq!(query(path, &document).unwrap(), general, "{path}");
    }
}

#[test]
fn a_path_without_its_root_gets_one() {
    assert_eq!(normalize("a.b"), Ok(("$.a.b".to_owned(), true)));
    assert_eq!(normalize("[0].a"), Ok(("$[0].a".to_owned(), true)));
    assert_eq!(normalize("..a"), Ok(("$..a".to_owned(), true)));
    assert_eq!(normalize("$.a"), Ok(("$.a".to_owned(), false)));
    assert_eq!(normalize(" $.a "), Ok(("$.a".to_owned(), false)));
}

#[test]
fn what_is_no_path_is_refused() {
    for path in [
        "",
        "$.",
        "$.a.",
        "$[",
        "$]",
        "$['a",
        "$[a]",
        "$.a b",
        "a b",
        "$.a[",
        "$.[0]",
        "$a",
        "$$",
        "$.a[?]",
        "$.a[01]",
        "$.a[-0]",
        "$.a[1",
        "$...a",
        "$.a[9007199254740993]",
        "$.a[?@.b ==]",
        "@.a",
        "$.a[*",
    ] {
        assert!(normalize(path).is_err(), "{path}");
    }
}

#[test]
fn what_costs_too_much_is_refused() {
    let long = format!("$.{}", "a".repeat(600));
    let filters = format!("$[?{}@.a{}]", "(".repeat(20), ")".repeat(20));
    for path in [
        &*long,
        &filters,
        "$..a..b",
        "$[?@..a]",
        "$[?$.a[*] == @.b]",
        "$[?@.a[?$.b]]",
        "$[*,*,*,*,*]",
        "$[0,0][0,0][0,0][0,0]",
    ] {
        assert!(normalize(path).is_err(), "{path}");
        assert!(query(path, &document()).is_err(), "{path}");
    }
    assert!(normalize("$[?@.a == '..' && @.b == '..']").is_ok());
    assert!(normalize("$.items[?@.id == $.current]").is_ok());
}

#[test]
fn a_document_too_big_is_refused_unless_the_path_is_simple() {
    let document = json!({"list": vec![0; 300_000]});
    assert!(query("$.list[*]", &document).is_err());
    assert_eq!(query("$.list[5]", &document).unwrap(), [&json!(0)]);
}

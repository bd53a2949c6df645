//! Reading, printing and reading again.

use plan::print;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{check, without_lines};

/// Texts that YAML, numbers and placeholders are prone to misread.
fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[ -~]{1,12}".prop_filter("placeholders are made on purpose", |text| !text.contains("${")),
        "[a-zäß😀\n\t #:,'\"\\\\-]{1,12}",
        prop::sample::select(vec![
            "",
            "~",
            "null",
            "true",
            "no",
            "yes",
            "on",
            "012",
            "0x1F",
            "1_000",
            "1e3",
            ".5",
            "-",
            "- a",
            "? a",
            "a: b",
            "#x",
            "&a",
            "*a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a",
            "{a}",
            "[a]",
            "'",
            "\"",
            " a",
            "a ",
            "\n",
            "a\n",
            "\na",
            "a\n\n b\n",
            "\t",
            "1.10",
            "+1",
            "=",
            "<<",
            "---",
            "...",
            "\u{feff}",
            "\u{85}",
            "\u{2028}",
            "$${literal}",
            "${PASSWORD}",
            "a ${TAG | default('x')} b",
            "12:30",
            "2024-01-01",
            "0o17",
            ".inf",
            ".nan",
            "1e400",
            "\r",
            "a\r\nb",
        ])
        .prop_map(str::to_owned),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((text(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_plan_is_the_same_after_printing(
        name in prop::option::of("[a-z:#' ]{1,10}"),
        step in prop::option::of(text()),
        body in value(),
        json in value(),
        path in value(),
        header in "[!-~]{1,10}",
        query in text(),
        variable in value(),
        default in value(),
        restriction in prop::sample::select(vec!["none", "self", "global"]),
        when_busy in prop::sample::select(vec!["refuse", "queue"]),
    ) {
        let mut plan = json!({
            "variables": { "v": variable },
            "restriction": restriction,
            "when_busy": when_busy,
            "steps": [
                {
                    "name": step,
                    "post": { "url": "http://example.com", "query": { "q": [query.clone(), 5], query.clone(): query }, "body": body },
                    "expect": { "json": json, "json_path": { "$.a": { "equal": path }, "$.b": 1.5 } },
                    "save_from_response": [{ "variable_name": "x", "json_path": "a.b", "default": default, "secret": true }],
                },
                { "get": { "url": "http://example.com/${x}", "headers": { "a": header.replace('$', "") + "x" } } },
            ],
        });
        if let Some(name) = name {
            plan["name"] = name.into();
        }
        // JSON is YAML, and its quotes leave no doubt about what is meant.
        let text = plan.to_string();
        let checked = check(&text);
        // NEL, BOM and the like are refused by YAML itself wherever they stand unescaped.
        let Some(plan) = checked.plan else {
            prop_assert!(checked.diagnostics.iter().all(|found| ["syntax", "limit", "placeholder", "missing"].contains(&found.code)), "{:?}\n{text}", checked.diagnostics);
            return Ok(());
        };
        let printed = print(&plan);
        let again = check(&printed);
        prop_assert!(again.plan.is_some(), "{:?}\n{printed}", again.diagnostics);
        prop_assert_eq!(without_lines(again.plan.unwrap()), without_lines(plan), "{}", printed);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s).{0,200}") {
        check(&text);
    }

    #[test]
    fn nothing_like_a_plan_makes_the_reader_panic(
        lines in prop::collection::vec((0_usize..5, prop::sample::select(vec![
            "- get:", "- post: {", "}", "url: http://a", "expect:", "status_code: [200", "]", "json_path:", "$.a: 1", "a: &x b",
            "*x", "- {variable_name: a, json_path: b}", "save_from_response:", "headers: {a: b}", "steps:", "variables:", "x: ${x}",
            "'", "\"", "|", "> ", "---", "...", "? a", ": b", "!t", "- - a", "{a: {b: [c", "# c", "options: {timeout: 5s}", "",
            "html:", "- {path: a, equal: b}", "auth: {basic: {user: a}}", "response_time: {lt: 5}", "%YAML 1.2", "\t", "<<: *x",
        ])), 0..20)
    ) {
        let text: String = lines.iter().map(|(indent, line)| format!("{}{line}\n", "  ".repeat(*indent))).collect();
        check(&text);
    }
}

#[test]
fn the_list_form_is_kept_where_nothing_needs_the_mapping_form() {
    let plan = check("steps: [get: {url: http://example.com}]").plan.unwrap();
    assert_eq!(print(&plan), "- get:\n    url: http://example.com\n");
}

#[test]
fn a_restriction_needs_the_mapping_form() {
    let text = "restriction: global\nwhen_busy: queue\nsteps:\n- get:\n    url: http://example.com\n";
    let plan = check(text).plan.unwrap();
    assert_eq!((plan.restriction.as_str(), plan.when_busy.as_str()), ("global", "queue"));
    assert_eq!(print(&plan), text);
}

#[test]
fn the_outline_tells_each_step_in_its_order() {
    let plan = check(
        "steps:\n- get: {url: 'http://example.com/${TAG}'}\n- {name: Log in, post: {host: http://example.com}}\nfinally:\n- delete: {url: http://example.com/x}\n",
    );
    let outline = plan::outline(&plan.plan.unwrap());
    let lines: Vec<_> =
        outline.iter().map(|step| [&*step.path, &step.name, &step.action, &step.method, &step.url]).collect();
    assert_eq!(
        lines,
        [
            ["1", "GET http://example.com/${TAG}", "get", "GET", "http://example.com/${TAG}"],
            ["2", "Log in", "post", "POST", "http://example.com"],
            ["finally.1", "DELETE http://example.com/x", "delete", "DELETE", "http://example.com/x"],
        ]
    );
}

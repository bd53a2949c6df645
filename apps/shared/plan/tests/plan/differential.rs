//! What values are, compared with `serde_yaml`: old plans were read by its rules.

use plan::model::{Action, Body};
use proptest::prelude::*;
use serde_json::Value;

use crate::check;

/// What the plan sends as its body for this YAML in flow style.
fn body_of(yaml: &str) -> Option<Value> {
    let plan = check(&format!("- post: {{url: http://example.com, body: [{yaml}]}}\n")).plan?;
    let Action::Request(request) = &plan.steps[0].action;
    match &request.body {
        Body::Json(tree) => Some(tree.as_written()),
        _ => None,
    }
}

fn oracle(yaml: &str) -> Option<Value> {
    serde_yaml::from_str(&format!("[{yaml}]\n")).ok()
}

fn agrees(yaml: &str) {
    // A lone hyphen in brackets is a mistake for one and a text for the other.
    if yaml == "-" {
        return;
    }
    // Infinities and NaN are texts for us; JSON has neither.
    if let Some(expected) =
        oracle(yaml).filter(|value| !value[0].is_null() || yaml.trim() == "~" || yaml.trim() == "null")
    {
        assert_eq!(body_of(yaml), Some(expected), "{yaml}");
    }
}

#[test]
fn scalars_are_read_as_serde_yaml_reads_them() {
    for scalar in [
        "1",
        "-1",
        "+1",
        "0",
        "-0",
        "00",
        "01",
        "-01",
        "1.",
        ".1",
        "1.5",
        "-1.5",
        "+1.5",
        "1e3",
        "1E3",
        "1e",
        "e1",
        "0x1f",
        "0xg",
        "-0x1f",
        "+0x1f",
        "0o17",
        "0o9",
        "0b11",
        "0b2",
        "1_000",
        "1,000",
        "0.1.2",
        "18446744073709551615",
        "18446744073709551616",
        "-9223372036854775808",
        "-9223372036854775809",
        "123456789012345678901234567890",
        "true",
        "True",
        "TRUE",
        "tRUE",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "null",
        "Null",
        "NULL",
        "nULL",
        "~",
        "a",
        "'1'",
        "\"true\"",
        "2024-01-01",
        "12:30",
        "1 2",
        "--1",
        "+-1",
        "+",
        ".",
        "..",
        "1e400",
        "-1e400",
        "infinity",
        "nan",
        "NaN",
        "0x",
        "0o",
        "0b",
        "-0o17",
        "1.0",
        "100.0",
        "1e22",
    ] {
        agrees(scalar);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_plain_scalar_is_read_as_serde_yaml_reads_it(scalar in "[-+.0-9a-fxoeEtrunl_~]{1,12}") {
        agrees(&scalar);
    }

    #[test]
    fn any_quoted_scalar_is_read_as_serde_yaml_reads_it(text in "[ -~äß😀]{0,20}") {
        prop_assume!(!text.contains("${"));
        let single = format!("'{}'", text.replace('\'', "''"));
        prop_assert_eq!(body_of(&single), Some(serde_json::json!([text])));
    }
}

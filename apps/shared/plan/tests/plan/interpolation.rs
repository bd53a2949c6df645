//! What becomes of placeholders, whatever the values are.

use jiff::Timestamp;
use plan::template::{ExpandError, Scope, Secrecy, Template, Tree};
use proptest::prelude::*;
use serde_json::{Value, json};

fn scope(values: &[(&str, Value)]) -> Scope {
    let mut scope = Scope::new(|| Timestamp::UNIX_EPOCH);
    for (name, value) in values {
        scope.set(*name, value.clone(), Secrecy::Plain).unwrap();
    }
    scope
}

proptest! {
    #[test]
    fn a_value_put_in_is_never_expanded_again(value in any::<String>(), before in "[^$]*", after in "[^$]*") {
        let value = format!("{value}${{secret}}$${{x}}");
        let scope = scope(&[("a", json!(value)), ("secret", json!("leaked"))]);
        let template = Template::parse(&format!("{before}${{a}}{after}")).unwrap();
        prop_assert_eq!(template.text(&scope).unwrap(), format!("{before}{value}{after}"));
    }

    #[test]
    fn no_placeholder_is_left_behind(parts in prop::collection::vec("[a-z ]{0,5}", 1..20)) {
        let scope = scope(&[("v", json!("[]"))]);
        let text = parts.join("${v}");
        let template = Template::parse(&text).unwrap();
        prop_assert_eq!(template.text(&scope).unwrap(), parts.join("[]"));
    }

    #[test]
    fn any_text_can_be_written_with_escapes(text in any::<String>()) {
        // Doubling the dollar before every brace writes the text itself, unless it already has one.
        prop_assume!(!text.contains("$$"));
        let template = Template::parse(&text.replace("${", "$${")).unwrap();
        prop_assert_eq!(template.text(&scope(&[])).unwrap(), text.clone());
        prop_assert!(!template.has_placeholders());
    }

    #[test]
    fn no_text_makes_the_template_parser_panic(text in "[$\\{\\}a-c.\\[\\]\"'|() 0-9,\\\\ä-]{0,40}") {
        if let Ok(template) = Template::parse(&text) {
            let _ = template.expand(&scope(&[("a", json!({"b": ["c", 1]})), ("b", json!("x"))]));
        }
    }

    #[test]
    fn mistakes_lie_within_the_text(text in "[$\\{\\}a-c.\\[\\]\"'|() 0-9,\\\\ä😀-]{0,40}") {
        if let Err(error) = Template::parse(&text) {
            prop_assert!(text.get(error.range.clone()).is_some(), "{:?}", error);
        }
    }
}

#[test]
fn variables_that_double_each_other_end_in_an_error() {
    let mut scope = scope(&[("v", json!("x".repeat(1024)))]);
    let double = Template::parse("${v}${v}").unwrap();
    let error = loop {
        match double.expand(&scope) {
            Ok(value) => scope.set("v", value, Secrecy::Plain).unwrap(),
            Err(error) => break error,
        }
    };
    assert_eq!(error, ExpandError::TooLong);
}

#[test]
fn lists_that_double_each_other_end_in_an_error() {
    let mut scope = scope(&[("v", json!([1, 2, 3]))]);
    let double = Tree::parse(&json!(["${v}", "${v}"])).unwrap();
    let error = loop {
        match double.expand(&scope) {
            Ok(value) => scope.set("v", value, Secrecy::Plain).unwrap(),
            Err(error) => break error,
        }
    };
    assert_eq!(error, ExpandError::TooLong);
}

#[test]
fn lists_that_nest_each_other_end_in_an_error() {
    let mut scope = scope(&[("v", json!([]))]);
    let deeper = Tree::parse(&json!(["${v}"])).unwrap();
    let error = loop {
        match deeper.expand(&scope) {
            Ok(value) => scope.set("v", value, Secrecy::Plain).unwrap(),
            Err(error) => break error,
        }
    };
    assert_eq!(error, ExpandError::TooDeep);
}

#[test]
fn many_variables_together_end_in_an_error() {
    let mut scope = scope(&[("v", json!("x".repeat(4 * 1024 * 1024)))]);
    let same = Template::parse("${v}").unwrap();
    let failed = (0..100)
        .map(|number| scope.set(format!("v{number}"), same.expand(&scope).unwrap(), Secrecy::Plain))
        .find(Result::is_err);
    assert_eq!(failed, Some(Err(ExpandError::ScopeFull)));
}

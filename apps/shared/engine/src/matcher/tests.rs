#![allow(clippy::needless_pass_by_value, reason = "the tests read better with values in place")]

use plan::template::Secrecy;
use proptest::prelude::*;

use super::*;

fn known<T>(value: T) -> Field<T> {
    Field::Known(value)
}

fn tree_of(value: Value) -> Tree {
    Tree::parse(&value).unwrap()
}

fn text(text: &str) -> Template {
    Template::parse(text).unwrap()
}

fn number_of(value: Value) -> Number {
    value.as_number().unwrap().clone()
}

fn one(condition: Condition) -> Matcher {
    Matcher { conditions: vec![condition], bare: false }
}

fn scope() -> Scope {
    let mut scope = Scope::new(jiff::Timestamp::now);
    scope.set("five", json!(5), Secrecy::Plain).unwrap();
    scope.set("digits", json!("5"), Secrecy::Plain).unwrap();
    scope
}

fn verdict(condition: Condition, received: Option<Value>, typing: Typing) -> Verdict {
    let (scope, masker) = (scope(), Masker::default());
    let context = Context { scope: &scope, masker: &masker, typing, absent: "nothing is there" };
    check(&one(condition), received.as_ref(), context)
}

/// The problem with a JSON value; empty if the condition holds.
fn problem(condition: Condition, received: Value) -> String {
    verdict(condition, Some(received), Typing::Typed).problem.map(Problem::into_text).unwrap_or_default()
}

fn problem_of_text(condition: Condition, received: &str) -> String {
    verdict(condition, Some(received.into()), Typing::Untyped).problem.map(Problem::into_text).unwrap_or_default()
}

use Condition as C;

#[test]
fn equal_tells_values_and_types() {
    assert_eq!(problem(C::Equal(tree_of(json!(1))), json!(1.0)), "");
    assert_eq!(problem(C::Equal(tree_of(json!(1))), json!(2)), "expected 1, received 2");
    assert_eq!(problem(C::Equal(tree_of(json!(1))), json!("1")), "expected 1 (number), received \"1\" (string)");
    assert_eq!(problem(C::Equal(tree_of(json!("${five}"))), json!(5)), "");
    assert_eq!(
        problem(C::Equal(tree_of(json!("${digits}"))), json!(5)),
        "expected \"5\" (string), received 5 (number)"
    );
    assert_eq!(
        problem(C::Equal(tree_of(json!({"a": [1]}))), json!({"a": [1], "b": 2})),
        "expected {\"a\":[1]}, received {\"a\":[1],\"b\":2}"
    );
    assert_eq!(problem(C::NotEqual(tree_of(json!(1))), json!(2)), "");
    assert_eq!(problem(C::NotEqual(tree_of(json!(1))), json!(1)), "expected anything but 1, received 1");
}

#[test]
fn where_there_is_only_text_numbers_and_booleans_are_read_from_it() {
    assert_eq!(problem_of_text(C::Equal(tree_of(json!(5))), "5"), "");
    assert_eq!(problem_of_text(C::Equal(tree_of(json!(5))), "5.0"), "");
    assert_eq!(problem_of_text(C::Equal(tree_of(json!(true))), "true"), "");
    assert_eq!(
        problem_of_text(C::Equal(tree_of(json!(5))), "5 apples"),
        "expected 5 (number), received \"5 apples\" (string)"
    );
    assert_eq!(problem_of_text(C::Gt(known(number_of(json!(4)))), "5"), "");
    assert_eq!(problem_of_text(C::Contains(tree_of(json!(404))), "error 404"), "");
    assert_eq!(problem(C::Gt(known(number_of(json!(4)))), json!("5")), "expected a number, received \"5\" (string)");
}

#[test]
fn numbers_compare() {
    let five = || known(number_of(json!(5)));
    for (condition, low, at, high) in [
        (C::Gt(five()), "expected more than 5, received 4", "expected more than 5, received 5", ""),
        (C::Gte(five()), "expected at least 5, received 4", "", ""),
        (C::Lt(five()), "", "expected less than 5, received 5", "expected less than 5, received 6"),
        (C::Lte(five()), "", "", "expected at most 5, received 6"),
        (C::Between(five(), five()), "expected 5 to 5, received 4", "", "expected 5 to 5, received 6"),
    ] {
        assert_eq!(problem(condition.clone(), json!(4)), low);
        assert_eq!(problem(condition.clone(), json!(5)), at);
        assert_eq!(problem(condition, json!(6)), high);
    }
    assert_eq!(problem(C::Gt(Field::Later(text("${digits}"))), json!(6)), "");
}

#[test]
fn one_of_takes_any_of_its_values() {
    let condition = || C::OneOf(vec![tree_of(json!("a")), tree_of(json!("${five}"))]);
    assert_eq!(problem(condition(), json!(5)), "");
    assert_eq!(problem(condition(), json!("b")), "expected one of \"a\", 5, received \"b\"");
}

#[test]
fn contains_looks_into_texts_lists_and_objects() {
    assert_eq!(problem(C::Contains(tree_of(json!("ell"))), json!("hello")), "");
    assert_eq!(problem(C::Contains(tree_of(json!(2))), json!([1, 2.0])), "");
    assert_eq!(problem(C::Contains(tree_of(json!("id"))), json!({"id": 1})), "");
    assert_eq!(
        problem(C::Contains(tree_of(json!("x"))), json!("hello")),
        "expected something with \"x\", received \"hello\""
    );
    assert_eq!(problem(C::NotContains(tree_of(json!("x"))), json!("hello")), "");
    assert_eq!(
        problem(C::NotContains(tree_of(json!("h"))), json!("hello")),
        "expected something without \"h\", received \"hello\""
    );
    assert_eq!(
        problem(C::NotContains(tree_of(json!("h"))), json!(5)),
        "expected a string, a list or an object, received 5 (number)"
    );
}

#[test]
fn texts_begin_end_and_match() {
    assert_eq!(problem(C::StartsWith(text("he")), json!("hello")), "");
    assert_eq!(
        problem(C::StartsWith(text("lo")), json!("hello")),
        "expected a beginning of \"lo\", received \"hello\""
    );
    assert_eq!(problem(C::EndsWith(text("lo")), json!("hello")), "");
    assert_eq!(problem(C::EndsWith(text("he")), json!("hello")), "expected an end of \"he\", received \"hello\"");
    assert_eq!(problem(C::Matches(text("^h.+o$")), json!("hello")), "");
    assert_eq!(
        problem(C::Matches(text("^\\d+$")), json!("hello")),
        "expected a match of \"^\\\\d+$\", received \"hello\""
    );
    assert_eq!(problem(C::Matches(text("5")), json!(5)), "expected a string, received 5 (number)");
    assert_eq!(problem(C::Matches(text("(")), json!("x")), "the regular expression is wrong: unclosed group");
}

#[test]
fn types_lengths_and_emptiness() {
    assert_eq!(problem(C::Type(JsonType::Integer), json!(5.0)), "");
    assert_eq!(problem(C::Type(JsonType::Integer), json!(5.5)), "expected the type integer, received 5.5 (number)");
    assert_eq!(problem(C::Type(JsonType::Null), json!(null)), "");
    assert_eq!(problem(C::Type(JsonType::List), json!({})), "expected the type list, received {} (object)");
    let three = || Box::new(one(C::Equal(tree_of(json!(3)))));
    assert_eq!(problem(C::Length(three()), json!("äöü")), "");
    assert_eq!(problem(C::Length(three()), json!([1])), "the length: expected 3, received 1");
    assert_eq!(problem(C::Length(three()), json!(5)), "expected a string, a list or an object, received 5 (number)");
    assert_eq!(problem(C::Empty(known(true)), json!([])), "");
    assert_eq!(problem(C::Empty(known(true)), json!([1])), "expected nothing in it, received [1]");
    assert_eq!(problem(C::Empty(known(false)), json!("")), "expected something in it, received \"\"");
    assert_eq!(
        problem(C::Empty(known(true)), json!(null)),
        "expected a string, a list or an object, received null (null)"
    );
}

#[test]
fn not_turns_only_what_can_be_told() {
    let not = |condition| C::Not(Box::new(one(condition)));
    assert_eq!(problem(not(C::Equal(tree_of(json!(1)))), json!(2)), "");
    assert_eq!(problem(not(C::Equal(tree_of(json!(1)))), json!(1)), "expected not {\"equal\":1}, received 1");
    assert_eq!(
        problem(not(C::Gt(known(number_of(json!(1))))), json!("x")),
        "expected a number, received \"x\" (string)"
    );
    assert_eq!(problem(not(C::Matches(text("("))), json!("x")), "the regular expression is wrong: unclosed group");
    assert_eq!(problem(not(C::Equal(tree_of(json!("${nobody}")))), json!("x")), "There is no variable `nobody`.");
}

#[test]
fn what_is_not_there_fails_all_but_exists_false() {
    let absent =
        |condition| verdict(condition, None, Typing::Typed).problem.map(Problem::into_text).unwrap_or_default();
    let not = |condition| C::Not(Box::new(one(condition)));
    for condition in [
        C::Equal(tree_of(json!(null))),
        C::NotEqual(tree_of(json!(1))),
        C::NotContains(tree_of(json!("x"))),
        C::Type(JsonType::Null),
        C::Empty(known(true)),
        C::Exists(known(true)),
        C::Length(Box::new(one(C::Gte(known(number_of(json!(0))))))),
        not(C::Equal(tree_of(json!(1)))),
        not(C::Exists(known(false))),
    ] {
        assert_eq!(absent(condition.clone()), "nothing is there", "{condition:?}");
    }
    assert_eq!(absent(C::Exists(known(false))), "");
    assert_eq!(absent(not(C::Exists(known(true)))), "");
    assert_eq!(problem(C::Exists(known(false)), json!(null)), "expected nothing to be there, received null");
    assert_eq!(problem(C::Exists(known(true)), json!(null)), "");
}

#[test]
fn what_is_expected_shows_as_it_was_written() {
    assert_eq!(verdict(C::Gt(known(number_of(json!(4)))), None, Typing::Typed).expected, json!({"gt": 4}));
    let (scope, masker) = (scope(), Masker::default());
    let context = Context { scope: &scope, masker: &masker, typing: Typing::Typed, absent: "" };
    let bare = Matcher { conditions: vec![C::Equal(tree_of(json!("${five}")))], bare: true };
    assert_eq!(check(&bare, Some(&json!(5)), context).expected, json!(5));
    let two = Matcher { conditions: vec![C::Gt(known(number_of(json!(1)))), C::Type(JsonType::Number)], bare: false };
    assert_eq!(check(&two, Some(&json!(5)), context).expected, json!({"gt": 1, "type": "number"}));
}

proptest! {
    #[test]
    fn a_condition_and_its_opposite_never_both_hold(a in -50_i64..50, b in -50_i64..50) {
        let (wanted, received) = (json!(a), json!(b));
        let holds = |condition| problem(condition, received.clone()).is_empty();
        let n = || known(number_of(wanted.clone()));
        prop_assert_eq!(holds(C::Gt(n())), b > a);
        prop_assert_eq!(holds(C::Lt(n())), b < a);
        prop_assert_ne!(holds(C::Gt(n())), holds(C::Lte(n())));
        prop_assert_ne!(holds(C::Lt(n())), holds(C::Gte(n())));
        prop_assert_ne!(holds(C::Equal(tree_of(wanted.clone()))), holds(C::NotEqual(tree_of(wanted.clone()))));
        prop_assert_ne!(holds(C::Equal(tree_of(wanted.clone()))), holds(C::Not(Box::new(one(C::Equal(tree_of(wanted.clone())))))));
    }

    #[test]
    fn no_pattern_and_no_text_panic(pattern in "\\PC{0,20}", received in "\\PC{0,20}") {
        let pattern = pattern.replace('$', "");
        problem(C::Matches(text(&pattern)), json!(received.clone()));
        problem_of_text(C::Equal(tree_of(json!(5))), &received);
        problem_of_text(C::Contains(tree_of(json!(pattern))), &received);
    }
}

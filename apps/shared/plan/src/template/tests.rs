use jiff::Timestamp;
use serde_json::{Number, Value, json};

use super::{Convert, ExpandError, Field, Scope, Secrecy, Template, Tree};
use crate::model::Millis;

fn scope() -> Scope {
    let mut scope = Scope::new(|| "2026-11-20T19:00:00Z".parse().expect("a time"));
    for (name, value) in [
        ("name", json!("Ada")),
        ("count", json!(3)),
        ("price", json!(2.5)),
        ("yes", json!(true)),
        ("nothing", Value::Null),
        ("user", json!({"name": "Ada", "tags": ["a", "b"], "odd key": 1, "next-step": {"id": 7}})),
        ("evil", json!("${name} $${name} }")),
        ("text_number", json!("42")),
        ("spaced", json!(" 42")),
        ("über", json!("ä")),
    ] {
        scope.set(name, value, Secrecy::Plain).unwrap();
    }
    scope.set("token", json!("hush"), Secrecy::Secret).unwrap();
    scope
}

#[track_caller]
fn gives(template: &str, expected: Value) {
    assert_eq!(Template::parse(template).unwrap().expand(&scope()), Ok(expected), "{template}");
}

#[track_caller]
fn fails(template: &str, message: &str) {
    let error = Template::parse(template).unwrap().expand(&scope()).unwrap_err();
    assert_eq!(error.to_string(), message, "{template}");
}

#[test]
fn a_lone_placeholder_keeps_the_type() {
    gives("${name}", json!("Ada"));
    gives("${count}", json!(3));
    gives("${yes}", json!(true));
    gives("${nothing}", Value::Null);
    gives("${user.tags}", json!(["a", "b"]));
    gives("${ count }", json!(3));
}

#[test]
fn inside_longer_text_it_becomes_text() {
    gives("${count} pieces", json!("3 pieces"));
    gives("${count}${price}", json!("32.5"));
    gives(" ${count}", json!(" 3"));
    gives("${yes}/${nothing}/${user.tags}", json!("true/null/[\"a\",\"b\"]"));
    assert_eq!(Template::parse("${count}").unwrap().text(&scope()), Ok("3".to_owned()));
}

#[test]
fn fields_and_elements_are_reached() {
    gives("${user.name}", json!("Ada"));
    gives("${user.tags[1]}", json!("b"));
    gives("${user[\"odd key\"]}", json!(1));
    gives("${user['name']}", json!("Ada"));
    gives("${user.next-step.id}", json!(7));
    gives("${über}", json!("ä"));
    fails("${user.nme}", "`user` has no field `nme`; it has `name`, `tags`, `odd key`, `next-step`.");
    fails("${user.tags[2]}", "`user.tags` has no element [2]: it has 2, counted from 0.");
    fails("${user.tags.x}", "`user.tags` has no field `x`: it is a list.");
    fails("${name[0]}", "`name` has no element [0]: it is text.");
}

#[test]
fn an_escape_writes_the_placeholder_itself() {
    gives("$${name}", json!("${name}"));
    gives("a $${name} ${name}", json!("a ${name} Ada"));
    gives("$$${count}", json!("$${count}"));
    gives("$", json!("$"));
    gives("$$", json!("$$"));
    gives("costs $5 {x}", json!("costs $5 {x}"));
}

#[test]
fn what_was_put_in_is_not_looked_at_again() {
    gives("${evil}", json!("${name} $${name} }"));
    gives("<${evil}>", json!("<${name} $${name} }>"));
}

#[test]
fn filters_change_values_from_left_to_right() {
    gives("${name | upper}", json!("ADA"));
    gives("${name|lower|base64}", json!("YWRh"));
    gives("${user.tags | json}", json!("[\"a\",\"b\"]"));
    gives("${name | json}", json!("\"Ada\""));
    gives("${über | urlencode}", json!("%C3%A4"));
    gives("${name | sha256}", json!("99a563ab2f6e21e96998f9fddd2a2bab82b70ac019579502b8d7fc0032ff62bb"));
}

#[test]
fn a_default_stands_in_for_what_is_not_there() {
    gives("${nobody | default(\"x\")}", json!("x"));
    gives("${nobody | default(5)}", json!(5));
    gives("${user.nme | default('y') | upper}", json!("Y"));
    gives("${nothing | default(false)}", json!(false));
    gives("${name | default(\"x\")}", json!("Ada"));
    gives("${nobody | upper | default(\"x\")}", json!("x"));
    gives(r#"${nobody | default("a \"b\" }")}"#, json!("a \"b\" }"));
}

#[test]
fn functions_make_values() {
    gives("${now()}", json!("2026-11-20T19:00:00Z"));
    gives("${now(\"+1h\")}", json!("2026-11-20T20:00:00Z"));
    gives("${now(\"-1d12h\", \"%Y-%m-%d\")}", json!("2026-11-19"));
    gives("${now('%s')}", json!("1795201200"));
    gives("${random_int(4, 4)}", json!(4));
    let die = Template::parse("${random_int(1, 6)}").unwrap();
    for _ in 0..100 {
        assert!((1..=6).contains(&die.expand(&scope()).unwrap().as_i64().unwrap()));
    }
    let uuid = Template::parse("${uuid()}").unwrap();
    let (first, second) = (uuid.text(&scope()).unwrap(), uuid.text(&scope()).unwrap());
    assert_eq!(first.len(), 36);
    assert_ne!(first, second);
    fails("${now(\"+2000000000w\")}", "`now()` with this offset is outside the calendar.");
}

#[test]
fn an_unknown_variable_is_an_error_with_a_suggestion() {
    fails("${nmae}", "There is no variable `nmae`; did you mean `name`?");
    fails("x ${unlike_any}", "There is no variable `unlike_any`.");
}

#[test]
fn a_later_value_takes_the_place_of_an_earlier_one() {
    let mut scope = scope();
    scope.set("name", json!("Grace"), Secrecy::Secret).unwrap();
    assert_eq!(scope.get("name"), Some(&json!("Grace")));
    assert!(scope.is_secret("name"));
}

#[test]
fn what_uses_a_secret_is_secret() {
    assert!(Template::parse("Bearer ${token}").unwrap().is_secret(&scope()));
    assert!(!Template::parse("Bearer ${name}").unwrap().is_secret(&scope()));
    assert!(Tree::parse(&json!({"a": ["${name}", "${token | upper}"]})).unwrap().is_secret(&scope()));
    assert!(!format!("{:?}", scope()).contains("hush"));
}

#[test]
fn trees_are_expanded_at_their_texts_and_not_at_their_keys() {
    let tree = Tree::parse(&json!({"${name}": ["${count}", "a ${name}", 5, null, {"b": "$${c}"}]})).unwrap();
    assert_eq!(tree.expand(&scope()), Ok(json!({"${name}": [3, "a Ada", 5, null, {"b": "${c}"}]})));
    assert_eq!(tree.as_literal(), None);
    let literal = json!({"a": [1, "text $"]});
    assert_eq!(Tree::parse(&literal).unwrap().as_literal(), Some(&literal));
}

#[test]
fn text_converts_only_as_a_whole() {
    fn later<T: Convert + Clone>(template: &str) -> Result<T, ExpandError> {
        Field::<T>::Later(Template::parse(template).unwrap()).resolve(&scope())
    }
    assert_eq!(later::<u32>("${count}"), Ok(3));
    assert_eq!(later::<u32>("${text_number}"), Ok(42));
    assert_eq!(later::<u32>("${count}${text_number}"), Ok(342));
    assert!(later::<u32>("${spaced}").is_err());
    assert!(later::<u32>("${price}").is_err());
    assert!(later::<u32>("${yes}").is_err());
    assert!(later::<u16>("7${text_number}999").is_err());
    assert_eq!(later::<bool>("${yes}"), Ok(true));
    assert!(later::<bool>("${count}").is_err());
    assert_eq!(later::<Number>("${price}"), Ok(Number::from_f64(2.5).unwrap()));
    assert_eq!(later::<Number>("${text_number}"), Ok(42.into()));
    assert_eq!(later::<Millis>("${count}s"), Ok(Millis(3000)));
    assert_eq!(later::<Millis>("${count}"), Ok(Millis(3)));
    assert_eq!(
        later::<u16>("${name}").unwrap_err().to_string(),
        "`${name}` should give a whole number from 0 to 65535 here, but gives text that is not one."
    );
    assert_eq!(
        later::<bool>("${user.tags}").unwrap_err().to_string(),
        "`${user.tags}` should give `true` or `false` here, but gives a list."
    );
    assert_eq!(
        later::<u32>("${price}").unwrap_err().to_string(),
        "`${price}` should give a whole number that is not negative here, but gives one that does not fit."
    );
}

#[test]
fn times_have_units() {
    let millis = |text: &str| Millis::convert(&Value::String(text.to_owned())).map(|Millis(millis)| millis);
    assert_eq!(millis("500"), Some(500));
    assert_eq!(millis("500ms"), Some(500));
    assert_eq!(millis("5s"), Some(5_000));
    assert_eq!(millis("1.5s"), Some(1_500));
    assert_eq!(millis("0.025s"), Some(25));
    assert_eq!(millis("1m"), Some(60_000));
    assert_eq!(millis("2h"), Some(7_200_000));
    for wrong in [
        "",
        "s",
        "5 s",
        "-5s",
        "5d",
        "1.5ms",
        "1.s",
        ".5s",
        "1.2345s",
        "+5",
        "5S",
        "99999999999999999999",
        "99999999999999999h",
    ] {
        assert_eq!(millis(wrong), None, "{wrong}");
    }
}

#[test]
fn mistakes_name_their_place() {
    let error = Template::parse("ab ${x | uper} c").unwrap_err();
    assert_eq!(&"ab ${x | uper} c"[error.range.clone()], "uper");
    assert_eq!(error.to_string(), "There is no filter `uper`.");
    assert_eq!(error.hint.as_deref(), Some("Did you mean `upper`?"));
    let error = Template::parse("ab ${x c").unwrap_err();
    assert_eq!(error.range, 7..8);
    assert_eq!(Template::parse("ab ${x").unwrap_err().range, 3..6);
}

#[test]
fn the_clock_is_read_when_the_template_is_expanded() {
    let scope = Scope::new(Timestamp::now);
    let before = Timestamp::now().as_second();
    let told = Template::parse("${now('%s')}").unwrap().text(&scope).unwrap();
    assert!((before..=before + 5).contains(&told.parse().unwrap()));
}

//! What a plan needs from outside.

use plan::Known;

fn outside(text: &str, known: &[&str]) -> Vec<String> {
    let names = known.iter().map(|name| (*name).to_owned()).collect();
    let checked = plan::check(text, &Known { names: Some(names) });
    assert!(checked.plan.is_some(), "{:?}", checked.diagnostics);
    checked.outside
}

#[test]
fn what_the_plan_gives_itself_does_not_come_from_outside() {
    let text = "variables: {base: 'http://a.example', key: '${KEY}'}\n\
                steps:\n\
                - get: {url: '${base}/', headers: {x: '${key}'}, save_from_response: {token: $.token}}\n\
                - get: {url: '${base}/${token}', auth: {bearer: '${PASSWORD}'}, headers: {y: '${uuid()}'}}\n";
    assert_eq!(outside(text, &["PASSWORD", "KEY", "OTHER"]), ["KEY", "PASSWORD"]);
}

#[test]
fn what_may_come_from_outside_counts() {
    assert_eq!(outside("- get: {url: 'http://a.example/${PATH | default(\"x\")}'}", &[]), ["PATH"]);
}

#[test]
fn a_name_that_is_captured_later_comes_from_outside_until_then() {
    let text = "- get: {url: 'http://a.example/${token}', save_from_response: {token: $.token}}\n";
    assert_eq!(outside(text, &["token"]), ["token"]);
    assert!(plan::check(text, &Known { names: Some(Vec::new()) }).plan.is_none());
}

#[test]
fn what_defaults_use_may_be_captured() {
    let text = "defaults: {headers: {x: '${token}'}}\n\
                steps: [{get: {url: 'http://a.example/', save_from_response: {token: $.token}}}]\n";
    assert_eq!(outside(text, &[]), Vec::<String>::new());
    assert_eq!(outside(text, &["token"]), ["token"]);
    assert_eq!(plan::check(text, &Known::default()).outside, ["token"], "nobody can tell, so it may");
}

#[test]
fn a_text_that_is_no_plan_needs_nothing() {
    assert!(plan::check("- get: {url: '${A}', satus: 1}", &Known::default()).outside.is_empty());
}

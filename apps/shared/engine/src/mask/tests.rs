use base64::{
    Engine,
    engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE},
};
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn masker(secrets: &[&str]) -> Masker {
    let mut masker = Masker::default();
    secrets.iter().for_each(|secret| masker.add_text(secret).unwrap());
    masker
}

#[test]
fn with_no_secrets_nothing_is_copied() {
    assert!(matches!(Masker::default().text("hello"), Cow::Borrowed("hello")));
}

#[test]
fn a_secret_is_found_however_it_is_spelled() {
    let secret = "p@ss w\"rd/é+1";
    let masker = masker(&[secret]);
    for spelled in [
        secret.to_owned(),
        "p%40ss%20w%22rd%2F%C3%A9%2B1".to_owned(),
        "p%40ss%20w%22rd%2f%c3%a9%2b1".to_owned(),
        "p%40ss+w%22rd%2F%C3%A9%2B1".to_owned(),
        "p@ss%20w%22rd/%C3%A9+1".to_owned(),
        serde_json::to_string(secret).unwrap().trim_matches('"').to_owned(),
        "p@ss w\\u0022rd\\/\\u00e9\\u002b1".to_owned(),
        "p@ss w&quot;rd/é+1".to_owned(),
        "p&#64;ss w&#x22;rd/&#xe9;+1".to_owned(),
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE.encode(secret),
        "P@SS W\"RD/é+1".to_owned(),
    ] {
        assert_eq!(masker.text(&format!("<{spelled}>")), format!("<{MASK}>"), "{spelled}");
    }
}

#[test]
fn a_secret_inside_longer_base64_is_found_at_every_alignment() {
    let masker = masker(&["correct-horse"]);
    for before in ["", "a", "ab", "abc", "user:"] {
        for after in ["", "z", "zz"] {
            let encoded = STANDARD.encode(format!("{before}correct-horse{after}"));
            let shown = masker.text(&encoded).into_owned();
            assert!(shown.contains(MASK), "{before}…{after}: {shown}");
            // At most the characters that also depend on the neighbors are left.
            assert!(!shown.contains(&STANDARD.encode("correct-horse")[4..12]), "{shown}");
        }
    }
}

#[test]
fn secrets_that_overlap_are_masked_as_one() {
    assert_eq!(masker(&["abcd", "cdef"]).text("xabcdefx"), "x•••x");
    assert_eq!(masker(&["token", "token-and-more"]).text("token-and-more"), MASK);
}

#[test]
fn a_short_secret_is_masked_only_where_it_is_the_whole_value() {
    let masker = masker(&["1"]);
    assert_eq!(masker.text("status 1 of 11"), "status 1 of 11");
    assert_eq!(masker.text("1"), MASK);
    let mut value = json!({"pin": 1, "count": 11});
    masker.value(&mut value);
    assert_eq!(value, json!({"pin": MASK, "count": 11}));
}

#[test]
fn a_value_is_masked_in_texts_numbers_and_keys() {
    let masker = masker(&["hunter22", "123456"]);
    let mut value = json!({"hunter22": ["my hunter22", 123456, true], "n": {"x": null}});
    masker.value(&mut value);
    assert_eq!(value, json!({MASK: ["my •••", MASK, true], "n": {"x": null}}));
}

#[test]
fn a_secret_across_the_cut_leaves_no_beginning_behind() {
    let masker = masker(&["hunter22"]);
    assert_eq!(masker.cut("abc hunter22 def", 8), (Cow::Owned("abc •••".to_owned()), true));
    assert_eq!(masker.cut("abc hunter22", 12), (Cow::Owned("abc •••".to_owned()), false));
    assert_eq!(masker.cut("aé hunter22", 2), (Cow::Borrowed("a"), true));
}

#[test]
fn white_space_around_a_secret_does_not_hide_it() {
    assert_eq!(masker(&["hunter22\n"]).text("is hunter22."), "is •••.");
}

#[test]
fn a_percent_sign_in_front_of_an_escaped_secret_does_not_hide_it() {
    for text in ["%aA+%21", "%aA%20%21", "%aA !"] {
        assert_eq!(masker(&["aA !"]).text(text), "%•••", "{text}");
    }
}

#[test]
fn more_secrets_than_can_be_masked_are_refused() {
    let mut masker = Masker::default();
    assert_eq!(masker.add(&(0..2_000).map(Value::from).collect()), Err(TooManySecrets));
    assert_eq!(masker.text("999"), MASK);
    assert_eq!(Masker::default().add_text(&"x".repeat(MOST_BYTES + 1)), Err(TooManySecrets));
    assert_eq!(Masker::default().add_text(&"x".repeat(MOST_BYTES)), Ok(()));
}

proptest! {
    #[test]
    fn no_secret_survives_and_nothing_panics(secret in "\\PC{4,20}", before in "\\PC{0,9}", after in "\\PC{0,9}") {
        prop_assume!(secret.trim().len() >= SHORTEST);
        let masker = masker(&[&secret]);
        let secret = secret.trim();
        for spelled in [secret.to_owned(), url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            serde_json::to_string(secret).unwrap(), STANDARD.encode(secret)] {
            let text = format!("{before}{spelled}{after}");
            let shown = masker.text(&text);
            prop_assert!(shown.contains(MASK), "{} in {}", secret, text);
            prop_assert!(MASK.contains(secret) || !shown.contains(secret));
        }
    }

    #[test]
    fn any_text_can_be_read_and_cut(text in "[%&\\\\;#xu0-9a-fé😀\"]{0,60}", most in 0_usize..70) {
        let masker = masker(&["a0%é", "\\\\\\\\", "é😀"]);
        let (shown, cut) = masker.cut(&text, most);
        prop_assert_eq!(cut, text.len() > most);
        prop_assert!(!shown.contains("é😀"));
        masker.text(&text);
    }
}

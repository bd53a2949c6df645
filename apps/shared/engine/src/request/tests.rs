#![allow(clippy::needless_pass_by_value, reason = "the tests read better with values in place")]

use indexmap::IndexMap;
use plan::template::Secrecy;
use serde_json::json;

use super::*;

fn template(text: &str) -> Template {
    Template::parse(text).unwrap()
}

fn tree(value: Value) -> Tree {
    Tree::parse(&value).unwrap()
}

fn to(url: &str) -> Request {
    Request {
        method: model::Method::Get,
        url: template(url),
        query: IndexMap::new(),
        headers: Headers::new(),
        body: Body::None,
        auth: None,
        expect: model::Expect::default(),
        captures: Vec::new(),
        options: Options::default(),
    }
}

fn scope() -> Scope {
    let mut scope = Scope::new(jiff::Timestamp::now);
    for (name, value) in [
        ("break", json!("a\r\nx-evil: 1")),
        ("nul", json!("a\0b")),
        ("long", json!("x".repeat(LONGEST_LINE))),
        ("tab", json!("a\tb")),
        ("host", json!("h.example")),
        ("list", json!([1, "a b"])),
        ("object", json!({"a": 1})),
        ("wild", json!("${host} $${x}")),
        ("scheme", json!("javascript")),
    ] {
        scope.set(name, value, Secrecy::Plain).unwrap();
    }
    scope
}

fn prepared(request: &Request) -> Result<Prepared, String> {
    prepare(request, &Defaults::default(), &scope(), &mut Masker::default()).map_err(|error| error.to_string())
}

fn url_of(request: &Request) -> String {
    prepared(request).unwrap().url.to_string()
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), vec![template(value)])).collect()
}

#[test]
fn the_url_is_expanded_and_checked() {
    assert_eq!(url_of(&to("http://${host}/x")), "http://h.example/x");
    for (url, problem) in [
        ("http://h/${break}", "The URL holds a line break (CR or LF), which must not be sent."),
        ("http://${nul}/", "The URL holds a NUL character, which must not be sent."),
        ("http://h/${long}", "The URL is longer than 64 KiB."),
        ("http://h/${tab}", "The URL holds a tab, which must not be sent."),
        ("${host}/x", "The URL `h.example/x` must begin with http:// or https://."),
        (
            "${scheme}:alert(1)",
            "The URL `javascript:alert(1)` begins with javascript:, but only http:// and https:// are spoken.",
        ),
        ("http://", "The URL `http://` is not valid: empty host."),
        ("http://[::1", "The URL `http://[::1` is not valid: invalid IPv6 address."),
        ("http://${hots}/", "The URL cannot be made: There is no variable `hots`; did you mean `host`?"),
    ] {
        assert_eq!(prepared(&to(url)).unwrap_err(), problem);
    }
}

#[test]
fn a_query_is_appended_percent_encoded_and_lists_repeat_the_name() {
    let mut request = to("http://h/x?a=1");
    request.query = IndexMap::from([
        ("b c".to_owned(), vec![tree(json!("1&2=é+ "))]),
        ("many".to_owned(), vec![tree(json!("${list}")), tree(json!(true))]),
        ("none".to_owned(), vec![tree(json!(null))]),
    ]);
    assert_eq!(url_of(&request), "http://h/x?a=1&b%20c=1%262%3D%C3%A9%2B%20&many=1&many=a%20b&many=true&none=");
    request.query = IndexMap::from([("q".to_owned(), vec![tree(json!("${break}"))])]);
    assert_eq!(
        prepared(&request).unwrap_err(),
        "The query value `q` holds a line break (CR or LF), which must not be sent."
    );
}

#[test]
fn values_that_look_like_placeholders_are_not_expanded_again() {
    let mut request = to("http://h/");
    request.body = Body::Text(template("<${wild}>"));
    assert_eq!(prepared(&request).unwrap().body.unwrap(), "<${host} $${x}>");
}

#[test]
fn own_headers_win_over_the_defaults_whatever_their_case() {
    let mut request = to("http://h/");
    request.headers = headers(&[("Accept", "text/html"), ("X-One", "1")]);
    let defaults =
        Defaults { headers: headers(&[("accept", "application/json"), ("x-two", "2")]), ..Defaults::default() };
    let made = prepare(&request, &defaults, &scope(), &mut Masker::default()).unwrap();
    let mut shown: Vec<_> =
        made.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
    shown.sort();
    assert_eq!(shown, ["accept: text/html", "x-one: 1", "x-two: 2"]);
}

#[test]
fn a_header_with_a_line_break_or_a_bad_name_goes_nowhere() {
    for (name, value, problem) in [
        ("x-a", "${break}", "The header `x-a` holds a line break (CR or LF), which must not be sent."),
        ("x-a", "${nul}", "The header `x-a` holds a NUL character, which must not be sent."),
        ("x-a", "\u{7}", "The header `x-a` holds a control character, which must not be sent."),
        ("x a", "1", "`x a` cannot be the name of a header."),
    ] {
        let mut request = to("http://h/");
        request.headers = headers(&[(name, value)]);
        assert_eq!(prepared(&request).unwrap_err(), problem);
    }
    let mut request = to("http://h/");
    request.auth = Some(Auth::Bearer(template("${break}")));
    assert_eq!(
        prepared(&request).unwrap_err(),
        "The bearer token of `auth` holds a line break (CR or LF), which must not be sent."
    );
}

#[test]
fn bodies_bring_their_content_type_unless_one_is_given() {
    let sent = |body: Body, own: &[(&str, &str)]| {
        let mut request = to("http://h/");
        request.body = body;
        request.headers = headers(own);
        let made = prepared(&request).unwrap();
        let kind = made.headers.get(CONTENT_TYPE).map(|kind| kind.to_str().unwrap().to_owned());
        (kind.unwrap_or_default(), String::from_utf8(made.body.unwrap_or_default().to_vec()).unwrap())
    };
    let pair = |kind: &str, body: &str| (kind.to_owned(), body.to_owned());
    assert_eq!(sent(Body::None, &[]), pair("", ""));
    assert_eq!(sent(Body::Text(template("x ${host}")), &[]), pair("text/plain; charset=utf-8", "x h.example"));
    assert_eq!(sent(Body::Text(template("${object}")), &[]), pair("application/json", "{\"a\":1}"));
    assert_eq!(
        sent(Body::Json(tree(json!({"h": "${host}", "l": "${list}"}))), &[("content-type", "application/vnd.x+json")]),
        pair("application/vnd.x+json", "{\"h\":\"h.example\",\"l\":[1,\"a b\"]}")
    );
    let form =
        IndexMap::from([("a b".to_owned(), vec![tree(json!("${list}"))]), ("n".to_owned(), vec![tree(json!("\r\n"))])]);
    assert_eq!(sent(Body::Form(form), &[]), pair("application/x-www-form-urlencoded", "a+b=1&a+b=a+b&n=%0D%0A"));
}

#[test]
fn credentials_make_the_authorization_and_are_masked() {
    let mut masker = Masker::default();
    let mut request = to("http://u:url-password@h/");
    request.auth = Some(Auth::Basic { user: template("me"), password: template("pass:word") });
    let defaults = Defaults { auth: Some(Auth::Bearer(template("default-token"))), ..Defaults::default() };
    let made = prepare(&request, &defaults, &scope(), &mut masker).unwrap();
    assert_eq!(made.headers[AUTHORIZATION], "Basic bWU6cGFzczp3b3Jk");
    for secret in ["pass:word", "bWU6cGFzczp3b3Jk", "url-password"] {
        assert_eq!(masker.text(secret), crate::MASK);
    }
    request.auth = None;
    let made = prepare(&request, &defaults, &scope(), &mut masker).unwrap();
    assert_eq!(made.headers[AUTHORIZATION], "Bearer default-token");
    request.headers = headers(&[("Authorization", "Own x")]);
    let made = prepare(&request, &defaults, &scope(), &mut masker).unwrap();
    assert_eq!(made.headers[AUTHORIZATION], "Own x");
    request.auth = Some(Auth::Basic { user: template("a:b"), password: template("x") });
    assert_eq!(prepared(&request).unwrap_err(), "The user of `auth` holds a colon, which basic credentials cannot.");
}

#[test]
fn options_come_from_the_step_the_defaults_and_the_language_in_this_order() {
    let mut request = to("http://h/");
    request.options.retries = Some(Field::Known(2));
    let defaults = Defaults {
        options: Options {
            retries: Some(Field::Known(9)),
            timeout: Some(Field::Later(template("${list[0]}s"))),
            verify_tls: Some(Field::Known(false)),
            ..Options::default()
        },
        ..Defaults::default()
    };
    let made = prepare(&request, &defaults, &scope(), &mut Masker::default()).unwrap();
    assert_eq!((made.retries, made.timeout, made.tls), (2, Duration::from_secs(1), Tls::Accept));
    assert_eq!((made.redirects, made.cookies), (Redirects::Stop, true));
    assert_eq!(prepared(&to("http://h/")).unwrap().timeout, Duration::from_secs(5));
    request.options.retries = Some(Field::Later(template("${host}")));
    assert_eq!(
        prepared(&request).unwrap_err(),
        "The option `retries`: `${host}` should give a whole number that is not negative here, but gives text that is not one."
    );
}

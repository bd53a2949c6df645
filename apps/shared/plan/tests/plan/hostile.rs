//! Texts made to hang, to fill the memory or to overflow the stack. The real bound is 200 ms for an
//! optimized build; what stands here leaves room for unoptimized code on a busy machine, and is
//! still far below what any of these would take without its limit.

use plan::{Known, check_bytes};
use std::time::{Duration, Instant};

const BOUND: Duration = if cfg!(debug_assertions) { Duration::from_secs(2) } else { Duration::from_millis(200) };

/// The most a text may hold.
const FULL: usize = plan::MAX_TEXT - 200;

fn full_of(head: &str, piece: impl Fn(usize) -> String, tail: &str) -> String {
    let mut text = head.to_owned();
    for number in 0.. {
        let next = piece(number);
        if text.len() + next.len() + tail.len() > FULL {
            break;
        }
        text.push_str(&next);
    }
    text + tail
}

fn times(piece: &str) -> String {
    full_of("", |_| piece.to_owned(), "")
}

/// The time this thread has been on a processor, where the system tells.
fn processor_time() -> Option<Duration> {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Whatever it says, it says it in time.
fn is_quick(name: &str, text: &str) -> plan::Checked {
    let known = Known { names: Some(vec!["token".to_owned()]) };
    let begin = Instant::now();
    let before = processor_time();
    let checked = check_bytes(text.as_bytes(), &known);
    // Other processes may take the processor away in the middle, and are not to blame the reader for.
    let taken = processor_time().zip(before).map_or_else(|| begin.elapsed(), |(after, before)| after - before);
    println!("{:>8.1} ms  {:>3} findings  {name}", taken.as_secs_f64() * 1000.0, checked.diagnostics.len());
    assert!(taken < BOUND, "{name} took {taken:?}");
    checked
}

#[test]
fn hostile_texts_are_refused_quickly() {
    let head = "- get:\n    url: http://example.com\n";
    let bomb = |width: usize| {
        let mut text = String::from("- get: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..60 {
            let aliases = vec![format!("*a{}", level - 1); width].join(", ");
            text.push_str(&format!("- get: &a{level} [{aliases}]\n"));
        }
        text
    };
    let texts = [
        ("alias bomb, wide", bomb(10)),
        ("alias bomb, two each", bomb(2)),
        ("alias of a long text", full_of(&format!("- get: &a {}\n- [", "x".repeat(10_000)), |_| "*a,".to_owned(), "]")),
        (
            "alias of a long text as keys",
            full_of(&format!("- get: &a {}\n- {{", "x".repeat(10_000)), |n| format!("k{n}: *a,"), "}"),
        ),
        ("nested lists", "[".repeat(20_000)),
        ("nested mappings", "{".repeat(20_000)),
        ("nested mappings with keys", "{a: ".repeat(20_000)),
        ("nested pairs", "[{".repeat(20_000)),
        ("nested block lists", "- ".repeat(20_000)),
        ("nested block mappings", (0..600).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect()),
        ("nested question marks", "? ".repeat(20_000)),
        ("brackets to the end", times("[")),
        ("braces to the end", times("{")),
        ("closing brackets", times("]")),
        ("a megabyte", "- get: {}\n".repeat(110_000)),
        ("a megabyte of one letter", "a".repeat(1_000_000)),
        ("duplicate keys", times("a: 1\n")),
        ("unknown keys", full_of(head, |n| format!("    kye{n}: 1\n"), "")),
        ("unknown keys close to many", full_of("", |n| format!("- gte{n}: 1\n"), "")),
        ("one very long key", format!("{}: 1", "k".repeat(200_000))),
        ("long keys", full_of(head, |n| format!("    {}{n}: 1\n", "k".repeat(900)), "")),
        ("keys of unknown steps", full_of("", |n| format!("- {{a{n}: 1, b: 2, c: 3}}\n"), "")),
        ("tags", times("- !a x\n")),
        ("anchors", full_of("", |n| format!("- &a{n} x\n"), "")),
        ("unknown aliases", full_of("", |n| format!("- *a{n}\n"), "")),
        ("documents", times("---\na\n")),
        ("directives", times("%FOO bar\n")),
        ("comments", times("# x\n")),
        ("quotes", times("\"\\u0041")),
        ("spaces", times(" ")),
        ("line ends", times("\n")),
        ("carriage returns", times("\r")),
        ("tabs", times("\t")),
        ("colons", times(":")),
        ("colons with spaces", times(": ")),
        ("hyphens", times("-")),
        ("commas", format!("[{}", times(","))),
        ("block scalars", times("- |\n x\n")),
        ("steps", times("- get: {url: http://a}\n")),
        ("empty steps", times("- {}\n")),
        ("scalars as steps", times("- a\n")),
    ];
    for (name, text) in &texts {
        let checked = is_quick(name, text);
        assert!(checked.plan.is_none(), "{name} was accepted");
        assert!(!checked.diagnostics.is_empty() && checked.diagnostics.len() <= 101, "{name}");
    }
}

#[test]
fn hostile_values_are_checked_quickly() {
    let request = |inner: &str| format!("- get:\n    url: http://example.com\n{inner}");
    let expect = |key: &str, piece: &dyn Fn(usize) -> String, tail: &str| {
        full_of(&request(&format!("    expect:\n      {key}")), piece, tail)
    };
    let texts = [
        ("unclosed placeholders", full_of(&request("    body: '"), |_| "${".to_owned(), "'\n")),
        ("unclosed placeholders with names", full_of(&request("    body: '"), |_| "${a".to_owned(), "'\n")),
        ("unclosed arguments", full_of(&request("    body: '"), |_| "${f(\"".to_owned(), "'\n")),
        ("dollars", full_of(&request("    body: '"), |_| "$".to_owned(), "'\n")),
        ("escapes", full_of(&request("    body: '"), |_| "$${".to_owned(), "'\n")),
        ("placeholders", full_of(&request("    body: '"), |_| "${token}".to_owned(), "'\n")),
        ("unknown variables", full_of(&request("    body: '"), |n| format!("${{tokne{n}}}"), "'\n")),
        (
            "unknown variables, many known",
            full_of("variables:\n", |n| format!("  v{n}: ${{w{n}}}\n"), "steps: [get: {url: http://a}]\n"),
        ),
        ("filters", full_of(&request("    body: '${token"), |_| "|upper".to_owned(), "}'\n")),
        ("fields", full_of(&request("    body: '${token"), |_| ".a".to_owned(), "}'\n")),
        ("spaces in a placeholder", full_of(&request("    body: '${token"), |_| " ".to_owned(), "}'\n")),
        ("texts with mistakes", full_of(&request("    body:\n"), |n| format!("      a{n}: ${{\n"), "")),
        (
            "regular expressions",
            expect("json_path:\n", &|n| format!("        $.a{n}: {{matches: '\\w{{20}}{n}'}}\n"), ""),
        ),
        (
            "one regular expression many times",
            expect("json_path:\n", &|n| format!("        $.a{n}: {{matches: '\\w{{20}}'}}\n"), ""),
        ),
        ("regular expressions of classes", expect("body: {matches: '", &|_| "\\w".to_owned(), "'}\n")),
        ("a regular expression of repetitions", request("    expect: {body: {matches: '((a{100}){100}){100}'}}\n")),
        ("a nested regular expression", expect("body: {matches: '", &|_| "(".to_owned(), "'}\n")),
        ("JSONPaths", expect("json_path:\n", &|n| format!("        $.a[?@.b == {n}]: 1\n"), "")),
        (
            "a nested JSONPath",
            request(&format!("    expect: {{json_path: {{'$[?{}@.a{}]': 1}}}}\n", "(".repeat(240), ")".repeat(240))),
        ),
        ("a JSONPath of filters", request(&format!("    expect: {{json_path: {{'${}': 1}}}}\n", "[?@.a]".repeat(80)))),
        (
            "a JSONPath of negations",
            request(&format!("    expect: {{json_path: {{'$[?{}@.a]': 1}}}}\n", "!".repeat(490))),
        ),
        ("a JSONPath of quotes", request(&format!("    expect: {{json_path: {{\"${}\": 1}}}}\n", "['".repeat(200)))),
        (
            "a JSONPath of alternatives",
            request(&format!("    expect: {{json_path: {{\"$[?{}@.a]\": 1}}}}\n", "@.a||".repeat(95))),
        ),
        ("selectors", expect("html:\n", &|n| format!("        - {{path: 'a{n}:not(b) > c', equal: 1}}\n"), "")),
        (
            "a nested selector",
            request(&format!("    expect: {{html: {{path: '{}', equal: 1}}}}\n", ":not(".repeat(40_000))),
        ),
        (
            "schemas",
            full_of(
                "",
                |_| "- get: {url: http://a, expect: {json_schema: {properties: {a: {type: string}}}}}\n".to_owned(),
                "",
            ),
        ),
        (
            "a large schema",
            expect(
                "json_schema:\n        properties:\n",
                &|n| format!("          a{n}: {{type: [string, 'null'], minLength: 1}}\n"),
                "",
            ),
        ),
        (
            "a schema of patterns",
            expect(
                "json_schema:\n        properties:\n",
                &|n| format!("          a{n}: {{pattern: '\\w{{30}}'}}\n"),
                "",
            ),
        ),
        (
            "a schema of references",
            expect(
                "json_schema:\n        $defs:\n",
                &|n| format!("          a{n}: {{$ref: '#/$defs/a{}'}}\n", n + 1),
                "",
            ),
        ),
        (
            "a schema within itself",
            request("    expect: {json_schema: {$ref: '#', allOf: [{$ref: '#'}, {$ref: '#'}]}}\n"),
        ),
        (
            "matchers in matchers",
            request(&format!("    expect: {{json_path: {{$.a: {}1{}}}}}\n", "{not: ".repeat(55), "}".repeat(55))),
        ),
        ("headers", full_of(&request("    headers:\n"), |n| format!("      a{n}: b\n"), "")),
        (
            "headers in other spellings",
            full_of(
                &request("    headers:\n"),
                |n| format!("      {}{n}: b\n", if n % 2 == 0 { "a" } else { "A" }),
                "",
            ),
        ),
        ("urls", times("- get: {url: 'http://a/b'}\n")),
        ("captures", full_of(&request("    save_from_response:\n"), |n| format!("      a{n}: $.a\n"), "")),
        ("numbers", full_of(&request("    body: ["), |_| "1,".to_owned(), "]\n")),
        ("a long number", full_of(&request("    body: "), |_| "1".to_owned(), "\n")),
        ("a long exponent", request("    body: [1e999999999, -1e-999999999, 0x1ffffffffffffffffffff]\n")),
        ("long formats", full_of(&request("    body: '${now(\"+1h\", \""), |_| "%c".to_owned(), "\")}'\n")),
    ];
    for (name, text) in &texts {
        is_quick(name, text);
    }
}

#[test]
fn a_full_plan_is_read_quickly() {
    let mut text = String::new();
    for number in 0..500 {
        text.push_str(&format!(
            "- name: Step {number}\n  post:\n    url: https://example.com/${{token}}/{number}\n    headers: {{ authorization: \"Bearer ${{token}}\", accept: application/json }}\n    body: {{ id: {number}, tags: [a, b, c], text: \"{}\" }}\n    expect:\n      status_code: 201\n      json: {{ id: {number}, nested: {{ name: Ada, list: [1, 2, 3] }} }}\n      json_path: {{ $.id: {number}, \"$.items[0].name\": {{ contains: x }} }}\n      headers: {{ content-type: {{ starts_with: application/json }} }}\n    save_from_response:\n      - {{ variable_name: id{number}, json_path: $.id }}\n",
            "x".repeat(20)
        ));
    }
    assert!(text.len() <= plan::MAX_TEXT && text.len() > 200 * 1024, "{}", text.len());
    let checked = is_quick("a full plan", &text);
    assert_eq!(checked.diagnostics, []);
    assert_eq!(checked.plan.unwrap().steps.len(), 500);
}

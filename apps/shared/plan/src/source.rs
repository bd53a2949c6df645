//! The language's mappings as types: one struct per mapping, one field per key. The reader learns
//! from them which keys there are, and the JSON Schema is made from them. A field holds no value,
//! only where it stands: what is wrong inside one key then never hides what is wrong in another.

mod at;
mod leaf;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;

pub(crate) use at::{At, keys, read};
pub(crate) use leaf::{
    Any, Flag, Matcher, Milliseconds, Numeric, OneOrMany, Pattern, Selector, Spelled, Status, Text, Whole,
};

/// Keys of the language's second version, by the struct they belong to.
pub(crate) const LATER: &[(&str, &[&str])] = &[
    ("the plan", &["inputs", "tags"]),
    (
        "a step",
        &[
            "group",
            "for_each",
            "approve",
            "notify",
            "log",
            "count",
            "set_counter",
            "wait",
            "id",
            "when",
            "needs",
            "retry",
        ],
    ),
    ("the request", &["multipart", "graphql"]),
    ("`auth`", &["oauth2_client_credentials"]),
];

/// A plan of HTTP requests.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "the plan", deny_unknown_fields)]
#[schemars(rename = "Mapping")]
pub(crate) struct Plan {
    /// What the plan is called.
    pub(crate) name: Option<At<String>>,
    /// What the plan is for.
    pub(crate) description: Option<At<String>>,
    /// Variables of the plan. A later one may use an earlier one.
    pub(crate) variables: Option<At<IndexMap<String, Any>>>,
    /// What every request starts from.
    pub(crate) defaults: Option<At<Defaults>>,
    /// Run one after the other.
    #[schemars(required)]
    pub(crate) steps: Option<At<Vec<Step>>>,
    /// Run after the steps, whatever became of them.
    pub(crate) finally: Option<At<Vec<Step>>>,
    /// What a failed step does to the run: `stop` (the default) ends it, `continue` goes on.
    pub(crate) on_failure: Option<At<OnFailure>>,
    /// Beside which other runs a run of this plan may go: `none` (the default) means any, `self` no other run of
    /// this plan, `global` no other run of the organization.
    pub(crate) restriction: Option<At<Restriction>>,
    /// What becomes of a run that may not start now: `refuse` (the default) or `queue`.
    pub(crate) when_busy: Option<At<WhenBusy>>,
}

/// Beside which other runs a run may go.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
pub(crate) enum Restriction {
    /// Beside any.
    None,
    /// Not beside another run of the same plan.
    #[serde(rename = "self")]
    Itself,
    /// Beside no other run of the organization.
    Global,
}

/// What becomes of a run that its restriction does not let start now.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
pub(crate) enum WhenBusy {
    /// It is refused, with the reason.
    Refuse,
    /// It waits for its turn.
    Queue,
}

/// What a failed step does to the run.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
pub(crate) enum OnFailure {
    /// The run ends; `finally` still runs.
    Stop,
    /// The next step runs; the run is failed all the same.
    Continue,
}

/// What every request starts from. A request's own entries win.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "`defaults`", deny_unknown_fields)]
#[schemars(rename = "Defaults")]
pub(crate) struct Defaults {
    /// Sent with every request.
    pub(crate) headers: Option<At<IndexMap<String, OneOrMany<Text>>>>,
    /// Credentials of every request that has none of its own.
    pub(crate) auth: Option<At<Auth>>,
    /// Options of every request.
    pub(crate) options: Option<At<Options>>,
}

/// One step: exactly one action, and what belongs to the step.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "a step", deny_unknown_fields)]
#[schemars(rename = "Step")]
pub(crate) struct Step {
    /// What the step is called.
    pub(crate) name: Option<At<Text>>,
    /// What a failure of this step does to the run; else the plan's `on_failure`.
    pub(crate) on_failure: Option<At<OnFailure>>,
    /// A GET request.
    pub(crate) get: Option<At<Request>>,
    /// A POST request.
    pub(crate) post: Option<At<Request>>,
    /// A PUT request.
    pub(crate) put: Option<At<Request>>,
    /// A PATCH request.
    pub(crate) patch: Option<At<Request>>,
    /// A DELETE request.
    pub(crate) delete: Option<At<Request>>,
    /// A HEAD request.
    pub(crate) head: Option<At<Request>>,
    /// An OPTIONS request; in a step that has another action: the options of its request.
    #[schemars(with = "Option<OptionsKey>")]
    pub(crate) options: Option<At<Any>>,
    /// A TRACE request.
    pub(crate) trace: Option<At<Request>>,
    /// What must hold of the response; may also stand inside the request.
    pub(crate) expect: Option<At<Expect>>,
    /// Variables taken from the response; may also stand inside the request.
    pub(crate) save_from_response: Option<At<Captures>>,
    /// Not supported: requests do not go through a proxy.
    #[schemars(skip)]
    pub(crate) connect: Option<At<Any>>,
}

/// One HTTP request with what is expected and captured.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "the request", deny_unknown_fields)]
#[schemars(rename = "Request")]
pub(crate) struct Request {
    /// The full URL.
    pub(crate) url: Option<At<Text>>,
    /// The full URL, under its old name.
    pub(crate) host: Option<At<Text>>,
    /// Appended to the URL's own query; a list repeats the name.
    pub(crate) query: Option<At<IndexMap<String, OneOrMany<Spelled>>>>,
    /// Sent as they are; a list repeats the name.
    pub(crate) headers: Option<At<IndexMap<String, OneOrMany<Text>>>>,
    /// A text is sent as it is; anything else as JSON, with its content type.
    pub(crate) body: Option<At<Any>>,
    /// Sent as `application/x-www-form-urlencoded`; a list repeats the name.
    pub(crate) form: Option<At<IndexMap<String, OneOrMany<Spelled>>>>,
    /// Credentials.
    pub(crate) auth: Option<At<Auth>>,
    /// What must hold of the response.
    pub(crate) expect: Option<At<Expect>>,
    /// Variables taken from the response.
    pub(crate) save_from_response: Option<At<Captures>>,
    /// How the request is sent.
    pub(crate) options: Option<At<Options>>,
}

/// Credentials for the `Authorization` header: `basic` or `bearer`.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "`auth`", deny_unknown_fields)]
#[schemars(rename = "Auth")]
pub(crate) struct Auth {
    /// User and password.
    pub(crate) basic: Option<At<Basic>>,
    /// A token.
    pub(crate) bearer: Option<At<Text>>,
}

/// User and password.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "`basic`", deny_unknown_fields)]
#[schemars(rename = "Basic")]
pub(crate) struct Basic {
    /// Without a colon.
    #[schemars(required)]
    pub(crate) user: Option<At<Text>>,
    /// Masked wherever it would show.
    #[schemars(required)]
    pub(crate) password: Option<At<Text>>,
}

/// How a request is sent.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "`options`", deny_unknown_fields)]
#[schemars(rename = "Options")]
pub(crate) struct Options {
    /// The deadline of the whole request, body included; in milliseconds, or `500ms`, `5s`, `1m`. Default 5 s.
    pub(crate) timeout: Option<At<Milliseconds>>,
    /// Extra attempts after a connection failure, inside the deadline. Default 0.
    pub(crate) retries: Option<At<Whole>>,
    /// Whether redirects are followed. Default false.
    pub(crate) follow_redirects: Option<At<Flag>>,
    /// Whether the server's certificate must be valid. Default true.
    pub(crate) verify_tls: Option<At<Flag>>,
    /// Whether cookies are kept and sent, one jar per run. Default true.
    pub(crate) cookies: Option<At<Flag>>,
    /// Whether more is reported about the request. Default false.
    pub(crate) debug: Option<At<Flag>>,
}

/// What must hold of a response. Without `status_code`, 200 to 299 passes.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "`expect`", deny_unknown_fields)]
#[schemars(rename = "Expect")]
pub(crate) struct Expect {
    /// A number, `2xx`, a list of these, or a matcher.
    pub(crate) status_code: Option<At<Status>>,
    /// Header name (case does not matter) to text or matcher.
    pub(crate) headers: Option<At<IndexMap<String, Matcher>>>,
    /// The body is JSON and contains this structure.
    pub(crate) json: Option<At<Any>>,
    /// JSONPath to value or matcher. No match is a failure.
    pub(crate) json_path: Option<At<IndexMap<String, Matcher>>>,
    /// The body contains this text, or each of these.
    pub(crate) string: Option<At<OneOrMany<Text>>>,
    /// A matcher on the whole body as text.
    pub(crate) body: Option<At<Matcher>>,
    /// On the text of what CSS selectors match.
    pub(crate) html: Option<At<OneOrMany<Html>>>,
    /// A JSON Schema the body must meet; `$ref` only within itself.
    pub(crate) json_schema: Option<At<Any>>,
    /// In milliseconds; a bare number is `lt`.
    pub(crate) response_time: Option<At<ResponseTime>>,
    /// On the server's certificate.
    pub(crate) certificate: Option<At<Certificate>>,
    /// The decoded body's size in bytes.
    pub(crate) size: Option<At<Matcher>>,
}

/// An expectation on a page: `path` and matchers on the text of the first element it selects.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "an element of `html`", deny_unknown_fields)]
#[schemars(rename = "Html")]
#[allow(dead_code)] // The matchers are read by `Conditions`.
pub(crate) struct Html {
    /// A CSS selector.
    #[schemars(required)]
    pub(crate) path: Option<At<Selector>>,
    /// Is this value.
    equal: Option<At<Any>>,
    /// Is not this value.
    not_equal: Option<At<Any>>,
    /// Is one of these values.
    one_of: Option<At<Vec<Any>>>,
    /// Of a text: this text; of a list: this element; of an object: this key.
    contains: Option<At<Any>>,
    /// Does not contain it.
    not_contains: Option<At<Any>>,
    /// Begins with this text.
    starts_with: Option<At<Text>>,
    /// Ends with this text.
    ends_with: Option<At<Text>>,
    /// A regular expression that matches somewhere in the text.
    matches: Option<At<Pattern>>,
    /// Is there, or is not.
    exists: Option<At<Flag>>,
    /// Of a text its characters, of a list its elements, of an object its keys: a number or matcher.
    length: Option<At<Matcher>>,
    /// Is empty, or is not.
    empty: Option<At<Flag>>,
    /// The conditions do not hold.
    not: Option<At<Matcher>>,
}

/// How fast a response must be, in milliseconds.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "`response_time`", deny_unknown_fields)]
#[schemars(rename = "ResponseTimeMatcher")]
#[allow(dead_code)] // The matchers are read by `Conditions`.
pub(crate) struct ResponseTimeMatcher {
    /// Is greater.
    gt: Option<At<Numeric>>,
    /// Is greater or equal.
    gte: Option<At<Numeric>>,
    /// Is less.
    lt: Option<At<Numeric>>,
    /// Is less or equal.
    lte: Option<At<Numeric>>,
    /// Lies between two numbers, both included.
    #[schemars(length(equal = 2))]
    between: Option<At<Vec<Numeric>>>,
    /// The conditions do not hold.
    not: Option<At<Matcher>>,
    /// Slower than this passes, but is marked as slow.
    pub(crate) degraded_after: Option<At<Milliseconds>>,
}

/// On the server's certificate.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "`certificate`", deny_unknown_fields)]
#[schemars(rename = "Certificate")]
pub(crate) struct Certificate {
    /// Whole days until it expires.
    #[schemars(required)]
    pub(crate) days_left: Option<At<Matcher>>,
}

/// Conditions on a value; all must hold.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "a matcher", deny_unknown_fields)]
#[schemars(rename = "Conditions")]
pub(crate) struct Conditions {
    /// Is this value.
    pub(crate) equal: Option<At<Any>>,
    /// Is not this value.
    pub(crate) not_equal: Option<At<Any>>,
    /// Is greater.
    pub(crate) gt: Option<At<Numeric>>,
    /// Is greater or equal.
    pub(crate) gte: Option<At<Numeric>>,
    /// Is less.
    pub(crate) lt: Option<At<Numeric>>,
    /// Is less or equal.
    pub(crate) lte: Option<At<Numeric>>,
    /// Lies between two numbers, both included.
    #[schemars(length(equal = 2))]
    pub(crate) between: Option<At<Vec<Numeric>>>,
    /// Is one of these values.
    pub(crate) one_of: Option<At<Vec<Any>>>,
    /// Of a text: this text; of a list: this element; of an object: this key.
    pub(crate) contains: Option<At<Any>>,
    /// Does not contain it.
    pub(crate) not_contains: Option<At<Any>>,
    /// Begins with this text.
    pub(crate) starts_with: Option<At<Text>>,
    /// Ends with this text.
    pub(crate) ends_with: Option<At<Text>>,
    /// A regular expression that matches somewhere in the text.
    pub(crate) matches: Option<At<Pattern>>,
    /// Is there, or is not.
    pub(crate) exists: Option<At<Flag>>,
    /// Is of this type.
    pub(crate) r#type: Option<At<JsonType>>,
    /// Of a text its characters, of a list its elements, of an object its keys: a number or matcher.
    pub(crate) length: Option<At<Matcher>>,
    /// Is empty, or is not.
    pub(crate) empty: Option<At<Flag>>,
    /// The conditions do not hold.
    pub(crate) not: Option<At<Matcher>>,
}

/// The types of JSON, and `integer` for a number without a fraction.
#[derive(JsonSchema)]
#[serde(rename_all = "lowercase")]
#[allow(dead_code)]
pub(crate) enum JsonType {
    String,
    Number,
    Integer,
    Boolean,
    Null,
    List,
    Object,
}

/// Variables taken from the response: a list, or a mapping from the variable's name to a JSONPath.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
pub(crate) enum Captures {
    List(Vec<Capture>),
    Mapping(IndexMap<String, CaptureByName>),
}

/// A JSONPath, or a capture without its name.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
pub(crate) enum CaptureByName {
    JsonPath(String),
    Capture(Capture),
}

/// How fast a response must be: a number is `lt`.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
pub(crate) enum ResponseTime {
    Below(Milliseconds),
    Matcher(ResponseTimeMatcher),
}

/// The action `options`, or the options of a step's other action.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code)]
pub(crate) enum OptionsKey {
    Action(Request),
    Options(Options),
}

/// A variable taken from the response; from exactly one place.
#[derive(Deserialize, JsonSchema)]
#[serde(rename = "a capture", deny_unknown_fields)]
#[schemars(rename = "Capture")]
pub(crate) struct Capture {
    /// The variable's name.
    pub(crate) variable_name: Option<At<String>>,
    /// A JSONPath; without `$` it is read as `$.path`.
    pub(crate) json_path: Option<At<String>>,
    /// A header's name.
    pub(crate) header: Option<At<String>>,
    /// The name of a cookie that the response sets.
    pub(crate) cookie: Option<At<String>>,
    /// A CSS selector: the text of the first element it selects.
    pub(crate) html: Option<At<Selector>>,
    /// A regular expression: the first group of its first match in the body, or the whole match.
    pub(crate) regex: Option<At<String>>,
    /// Used where there is no match; without it, no match fails the step.
    pub(crate) default: Option<At<Any>>,
    /// Masks the value wherever it would show.
    pub(crate) secret: Option<At<Flag>>,
}

//! The plan as the engine sees it: every default filled in where the language fixes it, every text
//! that may hold placeholders already split into its parts.

use indexmap::IndexMap;
use serde_json::{Number, Value};

use crate::template::{Field, Template, Tree};

/// A plan that has been read without a mistake.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// From the mapping form.
    pub name: Option<String>,
    /// From the mapping form.
    pub description: Option<String>,
    /// Plan variables, in the order they stand; a later one may use an earlier one.
    pub variables: IndexMap<String, Tree>,
    /// What every request starts from.
    pub defaults: Defaults,
    /// Run one after the other.
    pub steps: Vec<Step>,
    /// Run after the steps, whatever became of them.
    pub finally: Vec<Step>,
    /// What a failed step does to the run where the step itself does not say.
    pub on_failure: OnFailure,
    /// Beside which other runs a run of it may go.
    pub restriction: Restriction,
    /// What becomes of a run that may not start now.
    pub when_busy: WhenBusy,
}

/// Beside which other runs a run may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restriction {
    /// Beside any.
    #[default]
    None,
    /// Not beside another run of the same plan.
    Itself,
    /// Beside no other run of its organization.
    Global,
}

impl Restriction {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::None, Self::Itself, Self::Global];

    /// The word for it in a plan.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Itself => "self",
            Self::Global => "global",
        }
    }
}

/// What becomes of a run that its restriction does not let start now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenBusy {
    /// It is refused, with the reason.
    #[default]
    Refuse,
    /// It waits for its turn.
    Queue,
}

impl WhenBusy {
    /// Every value.
    pub const ALL: [Self; 2] = [Self::Refuse, Self::Queue];

    /// The word for it in a plan.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Refuse => "refuse",
            Self::Queue => "queue",
        }
    }
}

/// What every request starts from. A request's own entries win, header names without regard to case.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Defaults {
    /// Sent with every request.
    pub headers: Headers,
    /// Credentials of every request that has none of its own.
    pub auth: Option<Auth>,
    /// Options of every request.
    pub options: Options,
}

/// Header names as written, with their value or values.
pub type Headers = IndexMap<String, Vec<Template>>;

/// What a failed step does to the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// The run ends; `finally` still runs.
    #[default]
    Stop,
    /// The next step runs; the run is failed all the same.
    Continue,
}

impl OnFailure {
    /// Every value.
    pub const ALL: [Self; 2] = [Self::Stop, Self::Continue];

    /// The word for it in a plan.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Continue => "continue",
        }
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// As given; the engine shows method and URL where there is none.
    pub name: Option<Template>,
    /// As given; else the plan's.
    pub on_failure: Option<OnFailure>,
    /// What it does.
    pub action: Action,
    /// The line of the text it begins at, from one.
    pub line: u32,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Sends an HTTP request and looks at the response.
    Request(Box<Request>),
}

/// The HTTP methods of the language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
    Head,
    Options,
    Trace,
}

impl Method {
    /// `GET`, `POST`, …
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
        }
    }

    /// The action's key in a plan: `get`, `post`, …
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::Head => "head",
            Self::Options => "options",
            Self::Trace => "trace",
        }
    }

    /// Whether sending it twice does what sending it once does (RFC 9110, 9.2.2).
    #[must_use]
    pub fn is_idempotent(self) -> bool {
        !matches!(self, Self::Post | Self::Patch)
    }
}

/// One HTTP request with what is expected and captured.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// From the action's key.
    pub method: Method,
    /// The full URL (`url`, or `host` under its old name).
    pub url: Template,
    /// Appended to the URL's own query; a list repeats the name.
    pub query: IndexMap<String, Vec<Tree>>,
    /// Sent as they are.
    pub headers: Headers,
    /// What is sent; at most one of the forms.
    pub body: Body,
    /// Credentials.
    pub auth: Option<Auth>,
    /// What must hold.
    pub expect: Expect,
    /// Taken from the response, in order.
    pub captures: Vec<Capture>,
    /// As given; the defaults' and the language's stand behind them.
    pub options: Options,
}

/// What a request carries.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Body {
    /// Nothing.
    #[default]
    None,
    /// A string, sent as it is.
    Text(Template),
    /// Anything else, sent as JSON with its content type.
    Json(Tree),
    /// `application/x-www-form-urlencoded`; a list repeats the name.
    Form(IndexMap<String, Vec<Tree>>),
}

/// Credentials for the `Authorization` header.
#[derive(Clone, Debug, PartialEq)]
pub enum Auth {
    /// RFC 7617.
    Basic {
        /// Must not hold a colon once expanded.
        user: Template,
        /// Masked wherever it would show.
        password: Template,
    },
    /// RFC 6750. Masked wherever it would show.
    Bearer(Template),
}

/// Options as written; `None` means "not said here".
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Options {
    /// The deadline of the whole request in milliseconds, body included. Default 5,000.
    pub timeout: Option<Field<Millis>>,
    /// Extra attempts after a connection failure, inside the deadline. Default 0.
    pub retries: Option<Field<u32>>,
    /// Default false.
    pub follow_redirects: Option<Field<bool>>,
    /// Default true.
    pub verify_tls: Option<Field<bool>>,
    /// One jar per run. Default true.
    pub cookies: Option<Field<bool>>,
    /// Default false.
    pub debug: Option<Field<bool>>,
}

/// A length of time in milliseconds, written as a number or as `500ms`, `5s`, `1m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Millis(pub u64);

/// What must hold of a response. Empty means: the status is 200–299.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expect {
    /// None means 200–299.
    pub status_code: Option<StatusCode>,
    /// By header name, case does not matter.
    pub headers: IndexMap<String, Matcher>,
    /// The body is JSON and contains this structure.
    pub json: Option<Tree>,
    /// By JSONPath. No match is a failure, never null (but `exists: false` wants none).
    pub json_path: IndexMap<String, Matcher>,
    /// The body contains each of these texts.
    pub string: Vec<Template>,
    /// On the whole body text.
    pub body: Option<Matcher>,
    /// On the text of what CSS selectors match.
    pub html: Vec<Html>,
    /// A JSON Schema the body must meet; `$ref` only within itself.
    pub json_schema: Option<Value>,
    /// In milliseconds.
    pub response_time: Option<ResponseTime>,
    /// Whole days until the server's certificate expires.
    pub certificate_days_left: Option<Matcher>,
    /// The decoded body's size in bytes.
    pub size: Option<Matcher>,
}

/// What a status may be.
#[derive(Clone, Debug, PartialEq)]
pub enum StatusCode {
    /// Any of these.
    OneOf(Vec<StatusPattern>),
    /// Whatever the matcher says.
    Matcher(Matcher),
}

/// One status or a class of them.
#[derive(Clone, Debug, PartialEq)]
pub enum StatusPattern {
    /// Exactly this one, 100–599.
    Exact(Field<u16>),
    /// `2xx` is `Class(2)`; 1–5.
    Class(u8),
}

/// An expectation on a page.
#[derive(Clone, Debug, PartialEq)]
pub struct Html {
    /// A CSS selector, checked when the plan was read.
    pub path: String,
    /// On the text of the first element that matches; no match is a failure.
    pub matcher: Matcher,
}

/// How fast a response must be.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResponseTime {
    /// In milliseconds; a bare number was read as `lt`.
    pub matcher: Option<Matcher>,
    /// Slower than this passes, but is marked as slow.
    pub degraded_after: Option<Field<Millis>>,
}

/// Every condition must hold; never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Matcher {
    /// In the order they stand.
    pub conditions: Vec<Condition>,
    /// Whether it was written as a bare value (shown as that value, not as `{"equal": …}`).
    pub bare: bool,
}

/// One condition on a value.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Condition {
    Equal(Tree),
    NotEqual(Tree),
    Gt(Field<Number>),
    Gte(Field<Number>),
    Lt(Field<Number>),
    Lte(Field<Number>),
    /// Both ends included.
    Between(Field<Number>, Field<Number>),
    OneOf(Vec<Tree>),
    /// Of a text: this text; of a list: this element; of an object: this key.
    Contains(Tree),
    NotContains(Tree),
    StartsWith(Template),
    EndsWith(Template),
    /// A regular expression that matches somewhere in the text.
    Matches(Template),
    Exists(Field<bool>),
    Type(JsonType),
    /// Of a text its characters, of a list its elements, of an object its keys.
    Length(Box<Matcher>),
    Empty(Field<bool>),
    Not(Box<Matcher>),
}

impl Condition {
    /// The matcher's name in a plan: `equal`, `gt`, …
    #[must_use]
    pub fn key(&self) -> &'static str {
        match self {
            Self::Equal(_) => "equal",
            Self::NotEqual(_) => "not_equal",
            Self::Gt(_) => "gt",
            Self::Gte(_) => "gte",
            Self::Lt(_) => "lt",
            Self::Lte(_) => "lte",
            Self::Between(..) => "between",
            Self::OneOf(_) => "one_of",
            Self::Contains(_) => "contains",
            Self::NotContains(_) => "not_contains",
            Self::StartsWith(_) => "starts_with",
            Self::EndsWith(_) => "ends_with",
            Self::Matches(_) => "matches",
            Self::Exists(_) => "exists",
            Self::Type(_) => "type",
            Self::Length(_) => "length",
            Self::Empty(_) => "empty",
            Self::Not(_) => "not",
        }
    }
}

/// What `type` may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum JsonType {
    String,
    Number,
    /// A number without a fraction.
    Integer,
    Boolean,
    Null,
    List,
    Object,
}

impl JsonType {
    /// Every type.
    pub const ALL: [Self; 7] =
        [Self::String, Self::Number, Self::Integer, Self::Boolean, Self::Null, Self::List, Self::Object];

    /// As the plan writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Number => "number",
            Self::Integer => "integer",
            Self::Boolean => "boolean",
            Self::Null => "null",
            Self::List => "list",
            Self::Object => "object",
        }
    }
}

/// A variable taken from a response.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// The variable's name.
    pub name: String,
    /// Where its value is.
    pub from: Source,
    /// Used where there is no match; without it, no match fails the step.
    pub default: Option<Tree>,
    /// Masks the value wherever it would show.
    pub secret: bool,
}

/// Where a capture's value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// RFC 9535, with the `$` put in where it was left out.
    JsonPath {
        /// Begins with `$`.
        path: String,
        /// Written without `$`: where nothing matches, it is tried below a top-level `json` key.
        bare: bool,
    },
    /// A header's first value, by name, case does not matter.
    Header(String),
    /// The value of a cookie that the response sets.
    Cookie(String),
    /// The text of the first element that a CSS selector matches.
    Html(String),
    /// The first group of the first match in the body, or the whole match.
    Regex(String),
}

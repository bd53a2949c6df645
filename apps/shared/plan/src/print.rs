//! Plans as YAML. Reading what is printed gives the same plan, except for the lines of its steps.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use crate::model::{
    Action, Auth, Body, Capture, Condition, Defaults, Expect, Headers, Html, Matcher, Millis, OnFailure, Options, Plan,
    Request, ResponseTime, Restriction, Source, StatusCode, StatusPattern, Step, WhenBusy,
};
use crate::template::{Field, Template, Tree};

/// A plan as YAML, in the list form where nothing needs the mapping form.
#[must_use]
pub fn print(plan: &Plan) -> String {
    let steps = |steps: &[Step]| Value::Array(steps.iter().map(step).collect());
    let mut out = Mapping::default();
    out.put("name", plan.name.as_deref().map(Value::from));
    out.put("description", plan.description.as_deref().map(Value::from));
    let variables: Map<_, _> = plan.variables.iter().map(|(name, tree)| (name.clone(), tree.as_written())).collect();
    out.filled("variables", variables);
    out.filled("defaults", defaults(&plan.defaults));
    out.put("on_failure", (plan.on_failure != OnFailure::Stop).then(|| plan.on_failure.as_str().into()));
    out.put("restriction", (plan.restriction != Restriction::None).then(|| plan.restriction.as_str().into()));
    out.put("when_busy", (plan.when_busy != WhenBusy::Refuse).then(|| plan.when_busy.as_str().into()));
    let plain = out.0.is_empty() && plan.finally.is_empty();
    out.put("steps", Some(steps(&plan.steps)));
    out.put("finally", (!plan.finally.is_empty()).then(|| steps(&plan.finally)));
    let value = if plain { steps(&plan.steps) } else { Value::Object(out.0) };
    let json = value.to_string();
    if !json.contains(OLD_BREAKS) {
        return serde_yaml::to_string(&value).expect("JSON values have a form in YAML");
    }
    // The writer takes these for line breaks and folds at them. Escaped in JSON they stay themselves.
    OLD_BREAKS.iter().fold(json, |json, c| json.replace(*c, &format!("\\u{:04x}", u32::from(*c))))
}

/// What ended a line in YAML 1.1, and the mark of byte order.
const OLD_BREAKS: [char; 4] = ['\u{85}', '\u{2028}', '\u{2029}', '\u{feff}'];

impl Matcher {
    /// As it stands in the plan: the value if it is bare, else its conditions by name.
    #[must_use]
    pub fn as_written(&self) -> Value {
        if self.bare
            && let [Condition::Equal(tree)] = &self.conditions[..]
        {
            return tree.as_written();
        }
        if self.bare
            && let [Condition::Lt(limit)] = &self.conditions[..]
        {
            return field(limit);
        }
        Value::Object(self.conditions.iter().map(|each| (each.key().to_owned(), condition(each))).collect())
    }
}

/// A mapping under construction, keys in the order they are put in.
#[derive(Default)]
struct Mapping(Map<String, Value>);

impl Mapping {
    fn put(&mut self, key: &str, value: Option<Value>) {
        if let Some(value) = value {
            self.0.insert(key.to_owned(), value);
        }
    }

    fn filled(&mut self, key: &str, mapping: Map<String, Value>) {
        self.put(key, (!mapping.is_empty()).then_some(Value::Object(mapping)));
    }
}

fn step(step: &Step) -> Value {
    let Action::Request(action) = &step.action;
    let mut out = Mapping::default();
    out.put("name", step.name.as_ref().map(text));
    out.put(action.method.key(), Some(request(action)));
    out.put("on_failure", step.on_failure.map(|on_failure| on_failure.as_str().into()));
    Value::Object(out.0)
}

fn defaults(defaults: &Defaults) -> Map<String, Value> {
    let mut out = Mapping::default();
    out.filled("headers", headers(&defaults.headers));
    out.put("auth", defaults.auth.as_ref().map(auth));
    out.filled("options", options(&defaults.options));
    out.0
}

fn request(request: &Request) -> Value {
    let mut out = Mapping::default();
    out.put("url", Some(text(&request.url)));
    out.filled("query", fields(&request.query));
    out.filled("headers", headers(&request.headers));
    match &request.body {
        Body::None => {}
        Body::Text(template) => out.put("body", Some(text(template))),
        Body::Json(tree) => out.put("body", Some(tree.as_written())),
        Body::Form(form) => out.put("form", Some(Value::Object(fields(form)))),
    }
    out.put("auth", request.auth.as_ref().map(auth));
    out.filled("expect", expect(&request.expect));
    let captures: Vec<Value> = request.captures.iter().map(capture).collect();
    out.put("save_from_response", (!captures.is_empty()).then_some(Value::Array(captures)));
    out.filled("options", options(&request.options));
    Value::Object(out.0)
}

fn headers(headers: &Headers) -> Map<String, Value> {
    headers.iter().map(|(name, values)| (name.clone(), one_or_many(values.iter().map(text)))).collect()
}

fn fields(fields: &IndexMap<String, Vec<Tree>>) -> Map<String, Value> {
    fields.iter().map(|(name, values)| (name.clone(), one_or_many(values.iter().map(Tree::as_written)))).collect()
}

fn auth(auth: &Auth) -> Value {
    match auth {
        Auth::Basic { user, password } => json!({"basic": {"user": text(user), "password": text(password)}}),
        Auth::Bearer(token) => json!({"bearer": text(token)}),
    }
}

fn options(options: &Options) -> Map<String, Value> {
    let mut out = Mapping::default();
    out.put("timeout", options.timeout.as_ref().map(millis));
    out.put("retries", options.retries.as_ref().map(field));
    out.put("follow_redirects", options.follow_redirects.as_ref().map(field));
    out.put("verify_tls", options.verify_tls.as_ref().map(field));
    out.put("cookies", options.cookies.as_ref().map(field));
    out.put("debug", options.debug.as_ref().map(field));
    out.0
}

fn expect(expect: &Expect) -> Map<String, Value> {
    let matchers = |matchers: &IndexMap<String, Matcher>| {
        matchers.iter().map(|(name, matcher)| (name.clone(), matcher.as_written())).collect()
    };
    let mut out = Mapping::default();
    out.put("status_code", expect.status_code.as_ref().map(status_code));
    out.filled("headers", matchers(&expect.headers));
    out.put("json", expect.json.as_ref().map(Tree::as_written));
    out.filled("json_path", matchers(&expect.json_path));
    out.put("string", (!expect.string.is_empty()).then(|| one_or_many(expect.string.iter().map(text))));
    out.put("body", expect.body.as_ref().map(Matcher::as_written));
    out.put("html", (!expect.html.is_empty()).then(|| Value::Array(expect.html.iter().map(html).collect())));
    out.put("json_schema", expect.json_schema.clone());
    out.put("response_time", expect.response_time.as_ref().map(response_time));
    let certificate = expect.certificate_days_left.as_ref();
    out.put("certificate", certificate.map(|matcher| json!({"days_left": matcher.as_written()})));
    out.put("size", expect.size.as_ref().map(Matcher::as_written));
    out.0
}

fn status_code(status: &StatusCode) -> Value {
    match status {
        StatusCode::Matcher(matcher) => matcher.as_written(),
        StatusCode::OneOf(patterns) => one_or_many(patterns.iter().map(|pattern| match pattern {
            StatusPattern::Exact(status) => field(status),
            StatusPattern::Class(class) => format!("{class}xx").into(),
        })),
    }
}

fn html(html: &Html) -> Value {
    let mut out = Mapping::default();
    out.put("path", Some(html.path.clone().into()));
    if let Value::Object(conditions) = html.matcher.as_written() {
        out.0.extend(conditions);
    }
    Value::Object(out.0)
}

fn response_time(time: &ResponseTime) -> Value {
    let written = time.matcher.as_ref().map(Matcher::as_written);
    let mut out = Mapping::default();
    match written {
        Some(Value::Object(conditions)) => out.0 = conditions,
        Some(bare) => return bare,
        None => {}
    }
    out.put("degraded_after", time.degraded_after.as_ref().map(millis));
    Value::Object(out.0)
}

fn capture(capture: &Capture) -> Value {
    let mut out = Mapping::default();
    out.put("variable_name", Some(capture.name.clone().into()));
    let (key, place) = match &capture.from {
        // Only a path that was written without `$` is tried below `json` as well.
        Source::JsonPath { path, bare: true } => ("json_path", without_root(path)),
        Source::JsonPath { path, bare: false } => ("json_path", &**path),
        Source::Header(name) => ("header", &**name),
        Source::Cookie(name) => ("cookie", &**name),
        Source::Html(path) => ("html", &**path),
        Source::Regex(pattern) => ("regex", &**pattern),
    };
    out.put(key, Some(place.into()));
    out.put("default", capture.default.as_ref().map(Tree::as_written));
    out.put("secret", capture.secret.then_some(Value::Bool(true)));
    Value::Object(out.0)
}

/// `a.b` of `$.a.b`, `['a b']` of `$['a b']`, `..a` of `$..a`.
fn without_root(path: &str) -> &str {
    let rest = path.strip_prefix('$').unwrap_or(path);
    rest.strip_prefix('.').filter(|rest| !rest.starts_with('.')).unwrap_or(rest)
}

fn condition(condition: &Condition) -> Value {
    match condition {
        Condition::Equal(tree)
        | Condition::NotEqual(tree)
        | Condition::Contains(tree)
        | Condition::NotContains(tree) => tree.as_written(),
        Condition::Gt(number) | Condition::Gte(number) | Condition::Lt(number) | Condition::Lte(number) => {
            field(number)
        }
        Condition::Between(low, high) => Value::Array(vec![field(low), field(high)]),
        Condition::OneOf(values) => values.iter().map(Tree::as_written).collect(),
        Condition::StartsWith(template) | Condition::EndsWith(template) | Condition::Matches(template) => {
            text(template)
        }
        Condition::Exists(flag) | Condition::Empty(flag) => field(flag),
        Condition::Type(json_type) => json_type.as_str().into(),
        Condition::Length(matcher) | Condition::Not(matcher) => matcher.as_written(),
    }
}

fn one_or_many(values: impl Iterator<Item = Value>) -> Value {
    let mut values: Vec<_> = values.collect();
    if values.len() == 1 { values.remove(0) } else { Value::Array(values) }
}

fn text(template: &Template) -> Value {
    template.as_written().into()
}

fn field<T: Clone + Into<Value>>(field: &Field<T>) -> Value {
    match field {
        Field::Known(value) => value.clone().into(),
        Field::Later(template) => text(template),
    }
}

fn millis(time: &Field<Millis>) -> Value {
    match time {
        Field::Known(Millis(millis)) => (*millis).into(),
        Field::Later(template) => text(template),
    }
}

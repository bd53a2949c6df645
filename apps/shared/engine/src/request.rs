//! A step's request: its variables put in, checked, and ready to go out.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use egress::{Redirects, Tls};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST},
};
use plan::{
    model::{self, Auth, Body, Defaults, Headers, Millis, Options, Request},
    template::{Convert, Field, Scope, Template, Tree},
};
use serde_json::Value;
use url::Url;

use crate::{
    compiled,
    mask::{Masker, TooManySecrets},
};

/// How long a request may take if the plan does not say.
const TIMEOUT: Millis = Millis(5_000);

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

/// A request that is ready to go out, as often as its options allow.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub method: Method,
    pub url: Url,
    pub headers: HeaderMap,
    pub body: Option<Bytes>,
    /// For everything together, retries included.
    pub timeout: Duration,
    /// Extra attempts after a connection failure.
    pub retries: u32,
    pub redirects: Redirects,
    pub tls: Tls,
    /// Whether the run's cookies go along.
    pub cookies: bool,
}

/// How many headers are commonly added to those of the plan.
const ADDED: usize = 8;

/// How long a URL or a header may be, in bytes; no server takes as much.
const LONGEST_LINE: usize = 64 * 1024;

/// Why a request cannot be made; a sentence.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unpreparable(String);

impl From<TooManySecrets> for Unpreparable {
    fn from(problem: TooManySecrets) -> Self {
        Self(problem.to_string())
    }
}

/// Puts the variables in. Credentials are made known to the masker.
pub fn prepare(
    request: &Request,
    defaults: &Defaults,
    scope: &Scope,
    masker: &mut Masker,
) -> Result<Prepared, Unpreparable> {
    let url = url(request, scope, masker)?;
    let mut headers = HeaderMap::with_capacity(request.headers.len() + defaults.headers.len() + ADDED);
    put_headers(&request.headers, &mut headers, scope)?;
    let own_authorization = headers.contains_key(AUTHORIZATION);
    for (name, values) in &defaults.headers {
        let known = HeaderName::from_bytes(name.as_bytes()).is_ok_and(|name| headers.contains_key(name));
        if !known {
            put_header(name, values, &mut headers, scope)?;
        }
    }
    let auth = match &request.auth {
        None if own_authorization => None,
        own => own.as_ref().or(defaults.auth.as_ref()),
    };
    if let Some(auth) = auth {
        headers.insert(AUTHORIZATION, credentials(auth, scope, masker)?);
    }
    let body = body(&request.body, &mut headers, scope)?;
    let options = |name, error| Unpreparable(format!("The option `{name}`: {error}"));
    let (own, shared) = (&request.options, &defaults.options);
    let timeout = option(own, shared, |all| &all.timeout, TIMEOUT, scope).map_err(|e| options("timeout", e))?;
    let retries = option(own, shared, |all| &all.retries, 0, scope).map_err(|e| options("retries", e))?;
    let follow =
        option(own, shared, |all| &all.follow_redirects, false, scope).map_err(|e| options("follow_redirects", e))?;
    let verify = option(own, shared, |all| &all.verify_tls, true, scope).map_err(|e| options("verify_tls", e))?;
    let cookies = option(own, shared, |all| &all.cookies, true, scope).map_err(|e| options("cookies", e))?;
    Ok(Prepared {
        method: method(request.method),
        url,
        headers,
        body,
        timeout: Duration::from_millis(timeout.0),
        retries,
        redirects: if follow { Redirects::Follow } else { Redirects::Stop },
        tls: if verify { Tls::Verify } else { Tls::Accept },
        cookies,
    })
}

fn option<T: Convert + Clone>(
    own: &Options,
    shared: &Options,
    which: fn(&Options) -> &Option<Field<T>>,
    default: T,
    scope: &Scope,
) -> Result<T, plan::template::ExpandError> {
    match which(own).as_ref().or(which(shared).as_ref()) {
        Some(field) => field.resolve(scope),
        None => Ok(default),
    }
}

fn method(method: model::Method) -> Method {
    match method {
        model::Method::Get => Method::GET,
        model::Method::Post => Method::POST,
        model::Method::Put => Method::PUT,
        model::Method::Patch => Method::PATCH,
        model::Method::Delete => Method::DELETE,
        model::Method::Head => Method::HEAD,
        model::Method::Options => Method::OPTIONS,
        model::Method::Trace => Method::TRACE,
    }
}

fn expand(template: &Template, scope: &Scope, what: impl Fn() -> String) -> Result<String, Unpreparable> {
    let text = template.text(scope).map_err(|error| Unpreparable(format!("{} cannot be made: {error}", what())))?;
    check_line(&text, what)?;
    Ok(text)
}

/// Line breaks and NUL end a header or are silently dropped from a URL: nothing with one in it goes out.
fn check_line(text: &str, what: impl Fn() -> String) -> Result<(), Unpreparable> {
    if text.len() > LONGEST_LINE {
        return Err(Unpreparable(format!("{} is longer than 64 KiB.", what())));
    }
    let name = match text.bytes().find(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        None => return Ok(()),
        Some(0) => "a NUL character",
        Some(_) => "a line break (CR or LF)",
    };
    Err(Unpreparable(format!("{} holds {name}, which must not be sent.", what())))
}

fn url(request: &Request, scope: &Scope, masker: &mut Masker) -> Result<Url, Unpreparable> {
    let text = expand(&request.url, scope, || "The URL".to_owned())?;
    if text.contains('\t') {
        return Err(Unpreparable("The URL holds a tab, which must not be sent.".to_owned()));
    }
    let mut url = compiled::url(&text).map_err(|error| {
        Unpreparable(match error {
            url::ParseError::RelativeUrlWithoutBase => {
                format!("The URL `{text}` must begin with http:// or https://.")
            }
            other => format!("The URL `{text}` is not valid: {other}."),
        })
    })?;
    if let Some(password) = url.password() {
        masker.add_text(password)?;
        masker.add_text(&percent_decoded(password))?;
    }
    if !matches!(url.scheme(), "http" | "https") {
        return Err(Unpreparable(format!(
            "The URL `{text}` begins with {}:, but only http:// and https:// are spoken.",
            url.scheme()
        )));
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err(Unpreparable(format!("The URL `{text}` names no host.")));
    }
    if !request.query.is_empty() {
        let mut query = url.query().unwrap_or_default().to_owned();
        for (name, values) in &request.query {
            pairs(name, values, scope, "query", &mut |name, value| {
                check_line(value, || format!("The query value `{name}`"))?;
                separate(&mut query);
                encode(name, "%20", &mut query);
                query.push('=');
                encode(value, "%20", &mut query);
                Ok(())
            })?;
        }
        url.set_query((!query.is_empty()).then_some(&query));
        check_line(url.as_str(), || "The URL".to_owned())?;
    }
    Ok(url)
}

fn percent_decoded(text: &str) -> String {
    // A `+` means itself here, other than in forms.
    let protected = text.replace('+', "%2B");
    url::form_urlencoded::parse(protected.as_bytes()).next().map(|(name, _)| name.into_owned()).unwrap_or_default()
}

fn put_headers(from: &Headers, headers: &mut HeaderMap, scope: &Scope) -> Result<(), Unpreparable> {
    from.iter().try_for_each(|(name, values)| put_header(name, values, headers, scope))
}

fn put_header(written: &str, values: &[Template], headers: &mut HeaderMap, scope: &Scope) -> Result<(), Unpreparable> {
    let name = HeaderName::from_bytes(written.as_bytes())
        .map_err(|_| Unpreparable(format!("`{written}` cannot be the name of a header.")))?;
    for value in values {
        let what = || format!("The header `{written}`");
        let text = expand(value, scope, what)?;
        let value = header_value(&text, what)?;
        // Several `host` lines are an attack on whoever stands in between.
        if name == HOST {
            headers.insert(HOST, value);
        } else {
            headers.append(&name, value);
        }
    }
    Ok(())
}

fn header_value(text: &str, what: impl Fn() -> String) -> Result<HeaderValue, Unpreparable> {
    HeaderValue::from_bytes(text.trim_matches([' ', '\t']).as_bytes())
        .map_err(|_| Unpreparable(format!("{} holds a control character, which must not be sent.", what())))
}

fn credentials(auth: &Auth, scope: &Scope, masker: &mut Masker) -> Result<HeaderValue, Unpreparable> {
    let what = |name: &'static str| move || format!("The {name} of `auth`");
    let text = match auth {
        Auth::Basic { user, password } => {
            let user = expand(user, scope, what("user"))?;
            let password = expand(password, scope, what("password"))?;
            if user.contains(':') {
                return Err(Unpreparable(
                    "The user of `auth` holds a colon, which basic credentials cannot.".to_owned(),
                ));
            }
            let encoded = STANDARD.encode(format!("{user}:{password}"));
            masker.add_text(&password)?;
            masker.add_text(&encoded)?;
            format!("Basic {encoded}")
        }
        Auth::Bearer(token) => {
            let token = expand(token, scope, what("bearer token"))?;
            masker.add_text(&token)?;
            format!("Bearer {token}")
        }
    };
    header_value(&text, what("credentials"))
}

fn body(body: &Body, headers: &mut HeaderMap, scope: &Scope) -> Result<Option<Bytes>, Unpreparable> {
    let failed = |error| Unpreparable(format!("The body cannot be made: {error}"));
    let json = |value: &Value| {
        serde_json::to_vec(value).map_err(|error| Unpreparable(format!("The body cannot be made: {error}.")))
    };
    let (kind, bytes) = match body {
        Body::None => return Ok(None),
        // A lone placeholder keeps its type, and what is no text is sent as JSON.
        Body::Text(template) => match template.expand(scope).map_err(failed)? {
            Value::String(text) => (TEXT, text.into_bytes()),
            other => (JSON, json(&other)?),
        },
        Body::Json(tree) => match tree.as_literal() {
            Some(value) => (JSON, json(value)?),
            None => (JSON, json(&tree.expand(scope).map_err(failed)?)?),
        },
        Body::Form(fields) => {
            let mut form = String::new();
            for (name, values) in fields {
                pairs(name, values, scope, "form", &mut |name, value| {
                    separate(&mut form);
                    encode(name, "+", &mut form);
                    form.push('=');
                    encode(value, "+", &mut form);
                    Ok(())
                })?;
            }
            (FORM, form.into_bytes())
        }
    };
    headers.entry(CONTENT_TYPE).or_insert(kind);
    Ok(Some(bytes.into()))
}

/// Calls `put` with each value of a name; a list repeats the name.
fn pairs(
    name: &str,
    values: &[Tree],
    scope: &Scope,
    place: &str,
    put: &mut impl FnMut(&str, &str) -> Result<(), Unpreparable>,
) -> Result<(), Unpreparable> {
    for tree in values {
        let expanded;
        let value = match tree.as_literal() {
            Some(value) => value,
            None => {
                expanded = tree
                    .expand(scope)
                    .map_err(|error| Unpreparable(format!("The {place} value `{name}` cannot be made: {error}")))?;
                &expanded
            }
        };
        let items = match value {
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for item in items {
            match item {
                Value::String(text) => put(name, text)?,
                Value::Null => put(name, "")?,
                other => put(name, &other.to_string())?,
            }
        }
    }
    Ok(())
}

fn separate(text: &mut String) {
    if !text.is_empty() && !text.ends_with('&') {
        text.push('&');
    }
}

/// Percent-encodes everything but the unreserved characters.
fn encode(text: &str, space: &str, into: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b' ' => into.push_str(space),
            b'-' | b'.' | b'_' | b'~' => into.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => into.push(char::from(byte)),
            _ => {
                into.push('%');
                into.push(char::from(HEX[usize::from(byte >> 4)]));
                into.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

#[cfg(test)]
mod tests;

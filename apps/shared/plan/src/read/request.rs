//! A request and what it carries: URL, query, headers, body, credentials, options.

use indexmap::IndexMap;
use std::collections::HashSet;

use super::Reader;
use crate::check;
use crate::document::{Id, Kind, cut};
use crate::model::{Auth, Body, Headers, Method, Options, Request};
use crate::source::{self, At};
use crate::template::{Template, Tree};

/// What may stand inside the request or beside it.
pub(super) struct Beside {
    pub(super) expect: Option<Id>,
    pub(super) captures: Option<Id>,
    pub(super) options: Option<Id>,
}

impl<'d> Reader<'d> {
    pub(super) fn request(&mut self, method: Method, id: Id, beside: &Beside) -> Option<Request> {
        let what = format!("`{}`", method.key());
        if let Kind::Scalar(scalar) = self.document.kind(id)
            && !scalar.text.is_empty()
        {
            self.error_with_hint(
                "type",
                id,
                format!("{what} wants a mapping, found {}.", self.document.describe(id)),
                format!("Write `{}: {{url: {}}}`.", method.key(), cut(&scalar.text)),
            );
            return None;
        }
        let source: source::Request = self.structure(id, &what)?;
        let url = self.url(id, self.given(source.url), self.given(source.host));
        let query = self.given(source.query).map(|id| self.fields(id, "query")).unwrap_or_default();
        let headers = self.given(source.headers).map(|id| self.headers(id)).unwrap_or_default();
        let body = self.body(method, source.body, self.given(source.form));
        let auth_at = self.given(source.auth);
        let auth = auth_at.and_then(|id| self.auth(id));
        let expect = self.either("expect", self.given(source.expect), beside.expect);
        let captures = self.either("save_from_response", self.given(source.save_from_response), beside.captures);
        let options = self.either("options", self.given(source.options), beside.options);
        if let Some(auth) = auth_at
            && let Some(name) = headers.keys().find(|name| name.eq_ignore_ascii_case("authorization"))
        {
            let message = format!("`auth` and the header `{name}` both say who asks.");
            self.error_with_hint("conflict", auth, message, "Keep one of them.");
        }
        let options = options.map(|id| self.options(id)).unwrap_or_default();
        let expect = expect.map(|id| self.expect(id)).unwrap_or_default();
        let captures = captures.map(|id| self.captures(id)).unwrap_or_default();
        Some(Request { method, url: url?, query, headers, body, auth, expect, captures, options })
    }

    /// The one of two places where a key stands.
    fn either(&mut self, key: &str, inside: Option<Id>, beside: Option<Id>) -> Option<Id> {
        if let (Some(_), Some(beside)) = (inside, beside) {
            self.error_with_hint(
                "conflict",
                beside,
                format!("`{key}` stands inside the request and beside it."),
                "Keep one of them.",
            );
        }
        inside.or(beside)
    }

    fn url(&mut self, request: Id, url: Option<Id>, host: Option<Id>) -> Option<Template> {
        let id = match (url, host) {
            (Some(url), None) => url,
            (None, Some(host)) => host,
            (Some(_), Some(host)) => {
                self.error_with_hint(
                    "conflict",
                    host,
                    "`host` is `url` under its old name; both stand here.",
                    "Keep one of them.",
                );
                return None;
            }
            (None, None) => {
                self.missing(request, &["url", "host"], "The request has no `url`.", "Write `url: https://…`.");
                return None;
            }
        };
        let template = self.template(id, "`url`")?;
        if let Err(problem) = check::url(&template) {
            self.problem(id, problem);
        }
        Some(template)
    }

    /// Names to values that become text; a list repeats the name.
    fn fields(&mut self, id: Id, key: &str) -> IndexMap<String, Vec<Tree>> {
        let what = format!("`{key}`");
        let mut fields = IndexMap::new();
        for (name, value) in self.entries(id, &what) {
            let name = self.document.key(*name);
            let what = format!("`{}` in `{key}`", cut(name));
            let values = self.one_or_many(value).iter().filter_map(|id| self.spelled(*id, &what)).collect();
            fields.insert(name.to_owned(), values);
        }
        fields
    }

    pub(super) fn headers(&mut self, id: Id) -> Headers {
        let mut headers = Headers::new();
        let mut seen = HashSet::new();
        for (key, value) in self.entries(id, "`headers`") {
            let name = self.header_name(*key, &mut seen);
            let what = format!("The header `{}`", cut(self.document.key(*key)));
            let mut values = Vec::new();
            for id in self.one_or_many(value) {
                let Some(template) = self.template(*id, &what) else { continue };
                if let Err(problem) = check::header_value(&template, &what) {
                    self.problem(*id, problem);
                }
                values.push(template);
            }
            if let Some(name) = name {
                headers.insert(name, values);
            }
        }
        headers
    }

    /// A header's name that has not been seen in this mapping, in whatever spelling.
    pub(super) fn header_name(&mut self, key: Id, seen: &mut HashSet<String>) -> Option<String> {
        let name = self.document.key(key);
        if let Err(problem) = check::header_name(name) {
            self.problem(key, problem);
            return None;
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            let message = format!("The header `{}` stands here a second time.", cut(name));
            self.error_with_hint("duplicate-key", key, message, "The case of a header's name does not matter.");
            return None;
        }
        Some(name.to_owned())
    }

    fn body(&mut self, method: Method, body: Option<At<source::Any>>, form: Option<Id>) -> Body {
        let body = body.map(|at| at.id).filter(|id| !self.is_empty(*id));
        if let (Some(_), Some(form)) = (body, form) {
            self.error_with_hint("conflict", form, "`body` and `form` both say what is sent.", "Keep one of them.");
        }
        if let (Method::Trace, Some(id)) = (method, body.or(form)) {
            self.error("value", id, "A TRACE request cannot carry a body.");
        }
        if let (Method::Get | Method::Head, Some(id)) = (method, body.or(form)) {
            let message = format!("A {} request with a body: many servers ignore or refuse it.", method.as_str());
            self.warn("body", id, message, "Use `query` for values in the URL.");
        }
        if let Some(id) = form {
            return Body::Form(self.fields(id, "form"));
        }
        match body.map(|id| (id, self.document.kind(id))) {
            None => Body::None,
            Some((id, Kind::Scalar(_))) => {
                let tree = self.tree(id);
                match (tree.as_template().cloned(), tree.as_literal().and_then(|value| value.as_str())) {
                    (Some(template), _) => Body::Text(template),
                    (None, Some(text)) => Template::parse(text).map(Body::Text).unwrap_or_default(),
                    (None, None) => Body::Json(tree),
                }
            }
            Some((id, _)) => Body::Json(self.tree(id)),
        }
    }

    pub(super) fn auth(&mut self, id: Id) -> Option<Auth> {
        let source: source::Auth = self.structure(id, "`auth`")?;
        match (self.given(source.basic), self.given(source.bearer)) {
            (Some(basic), None) => self.basic(basic),
            (None, Some(bearer)) => {
                let token = self.template(bearer, "`bearer`")?;
                if let Err(problem) = check::header_value(&token, "`bearer`") {
                    self.problem(bearer, problem);
                }
                Some(Auth::Bearer(token))
            }
            (Some(_), Some(bearer)) => {
                self.error_with_hint(
                    "conflict",
                    bearer,
                    "`basic` and `bearer` both say who asks.",
                    "Keep one of them.",
                );
                None
            }
            (None, None) => {
                // Any key that stands here has been reported.
                if self.document.kind(id).is_empty() {
                    self.error_with_hint(
                        "missing",
                        id,
                        "`auth` holds no credentials.",
                        "Write `basic: {user: …, password: …}` or `bearer: …`.",
                    );
                }
                None
            }
        }
    }

    fn basic(&mut self, id: Id) -> Option<Auth> {
        let source: source::Basic = self.structure(id, "`basic`")?;
        let mut part = |at: Option<At<source::Text>>, key: &str| {
            let what = format!("`{key}`");
            match at {
                Some(at) => self.template(at.id, &what).map(|template| (at.id, template)),
                None => {
                    self.missing(id, &[key], format!("{what} is missing."), "Write `basic: {user: …, password: …}`.");
                    None
                }
            }
        };
        let user = part(source.user, "user");
        let password = part(source.password, "password");
        let (user_id, user) = user?;
        if user.as_literal().is_some_and(|user| user.contains(':')) {
            self.error_with_hint(
                "value",
                user_id,
                "`user` cannot hold a colon.",
                "The password stands behind the colon: write it under `password`.",
            );
        }
        Some(Auth::Basic { user, password: password?.1 })
    }

    pub(super) fn options(&mut self, id: Id) -> Options {
        let Some(source) = self.structure::<source::Options>(id, "`options`") else { return Options::default() };
        if let Some(at) = &source.timeout
            && let Kind::Scalar(scalar) = self.document.kind(at.id)
            && scalar.text == "0"
        {
            self.error_with_hint("value", at.id, "`timeout` leaves no time.", "Write milliseconds above 0, or `5s`.");
        }
        Options {
            timeout: self.optional(source.timeout, "`timeout`"),
            retries: self.optional(source.retries, "`retries`"),
            follow_redirects: self.optional(source.follow_redirects, "`follow_redirects`"),
            verify_tls: self.optional(source.verify_tls, "`verify_tls`"),
            cookies: self.optional(source.cookies, "`cookies`"),
            debug: self.optional(source.debug, "`debug`"),
        }
    }
}

//! What the API answers when it refuses: Stripe's error object with the status that belongs to it.

use std::fmt;

use serde_json::{Map, Value, json};

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// Stripe's `type`, such as `invalid_request_error`.
    pub kind: &'static str,
    /// Stripe's `code`, such as `resource_missing`.
    pub code: Option<&'static str>,
    /// The parameter that is at fault.
    pub param: Option<String>,
    /// Why a bank declined.
    pub decline_code: Option<&'static str>,
    /// In words.
    pub message: String,
}

impl Problem {
    pub(crate) fn invalid(message: impl Into<String>) -> Problem {
        Problem {
            status: 400,
            kind: "invalid_request_error",
            code: None,
            param: None,
            decline_code: None,
            message: message.into(),
        }
    }

    pub(crate) fn at(mut self, param: &str) -> Problem {
        self.param = Some(param.to_owned());
        self
    }

    pub(crate) fn code(mut self, code: &'static str) -> Problem {
        self.code = Some(code);
        self
    }

    pub(crate) fn status(mut self, status: u16) -> Problem {
        self.status = status;
        self
    }

    pub(crate) fn missing(param: &str) -> Problem {
        Problem::invalid(format!("Missing required param: {param}.")).code("parameter_missing").at(param)
    }

    pub(crate) fn unknown(param: &str) -> Problem {
        let unknown = format!("Received unknown parameter: {param} (this fake has no such parameter here)");
        Problem::invalid(unknown).code("parameter_unknown").at(param)
    }

    /// The path names what is not there.
    pub(crate) fn no_such(kind: &str, id: &str) -> Problem {
        Problem::no_such_value(kind, id, "id").status(404)
    }

    /// A parameter names what is not there.
    pub(crate) fn no_such_value(kind: &str, id: &str, param: &str) -> Problem {
        let kind = kind.replace(['_', '.'], " ");
        Problem::invalid(format!("No such {kind}: '{id}'")).code("resource_missing").at(param)
    }

    pub(crate) fn no_such_route(method: &str, path: &str) -> Problem {
        Problem::invalid(format!("Unrecognized request URL ({method}: {path}).")).status(404)
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> Problem {
        Problem::invalid(message).status(401)
    }

    pub(crate) fn declined() -> Problem {
        Problem {
            status: 402,
            kind: "card_error",
            code: Some("card_declined"),
            param: None,
            decline_code: Some("generic_decline"),
            message: "Your card was declined.".to_owned(),
        }
    }

    pub(crate) fn needs_authentication() -> Problem {
        Problem {
            status: 402,
            kind: "card_error",
            code: Some("invoice_payment_intent_requires_action"),
            param: None,
            decline_code: None,
            message: "This payment requires additional user action before it can be completed successfully.".to_owned(),
        }
    }

    pub(crate) fn same_key_other_request(key: &str) -> Problem {
        Problem {
            kind: "idempotency_error",
            ..Problem::invalid(format!(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. \
                 Try using a key other than '{key}' if you meant to execute a different request."
            ))
        }
    }

    /// What a fault answers with this status.
    pub(crate) fn fault(status: u16) -> Problem {
        let invalid = Problem::invalid("");
        match status {
            429 => Problem { status, message: "Request rate limit exceeded.".to_owned(), ..invalid }.code("rate_limit"),
            500.. => Problem { status, kind: "api_error", message: "An unknown error occurred.".to_owned(), ..invalid },
            _ => Problem { status, message: format!("The fake was told to answer {status}."), ..invalid },
        }
    }

    pub(crate) fn body(&self) -> Value {
        let mut error = Map::new();
        if let Some(code) = self.code {
            error.insert("code".to_owned(), code.into());
            error.insert("doc_url".to_owned(), format!("https://stripe.com/docs/error-codes/{code}").into());
        }
        if let Some(code) = self.decline_code {
            error.insert("decline_code".to_owned(), code.into());
        }
        error.insert("message".to_owned(), self.message.clone().into());
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), param.clone().into());
        }
        error.insert("type".to_owned(), self.kind.into());
        json!({ "error": error })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Problem {}

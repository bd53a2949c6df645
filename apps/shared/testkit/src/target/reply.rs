//! What a route answers.

use std::fmt;
use std::sync::Arc;

use super::script::{Act, Gate};
use super::wire::Received;

/// One answer to one request.
#[derive(Clone)]
pub struct Reply(Kind);

#[derive(Clone)]
enum Kind {
    Whole { status: u16, headers: Vec<(String, String)>, body: Vec<u8>, before: Vec<Act> },
    Script(Vec<Act>),
    Made(Arc<dyn Fn(&Received) -> Reply + Send + Sync>),
}

impl Reply {
    /// 200 without a body.
    pub fn ok() -> Reply {
        Reply(Kind::Whole { status: 200, headers: Vec::new(), body: Vec::new(), before: Vec::new() })
    }

    /// 200 with a JSON body.
    pub fn json(body: impl Into<Vec<u8>>) -> Reply {
        Reply::ok().header("content-type", "application/json").body(body)
    }

    /// 200 with a text body.
    pub fn text(body: impl Into<Vec<u8>>) -> Reply {
        Reply::ok().header("content-type", "text/plain; charset=utf-8").body(body)
    }

    /// 302 to `location`.
    pub fn redirect(location: impl Into<String>) -> Reply {
        Reply::ok().status(302).header("location", location)
    }

    /// These bytes and acts instead of a proper response; afterwards the connection is closed.
    pub fn script(acts: impl Into<Vec<Act>>) -> Reply {
        Reply(Kind::Script(acts.into()))
    }

    /// Whatever the function makes of the request.
    pub fn made(make: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Reply {
        Reply(Kind::Made(Arc::new(make)))
    }

    /// With this status.
    #[must_use]
    pub fn status(mut self, code: u16) -> Reply {
        if let Kind::Whole { status, .. } = &mut self.0 {
            *status = code;
        }
        self
    }

    /// With one more header. `content-length` is added by itself.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Reply {
        if let Kind::Whole { headers, .. } = &mut self.0 {
            headers.push((name.to_owned(), value.into()));
        }
        self
    }

    /// With this body.
    #[must_use]
    pub fn body(mut self, bytes: impl Into<Vec<u8>>) -> Reply {
        if let Kind::Whole { body, .. } = &mut self.0 {
            *body = bytes.into();
        }
        self
    }

    /// Not before the gate is open.
    #[must_use]
    pub fn after(mut self, gate: &Gate) -> Reply {
        if let Kind::Whole { before, .. } = &mut self.0 {
            before.push(Act::Await(gate.clone()));
        }
        self
    }

    /// Not before this time has passed: for tests of what measures time.
    #[must_use]
    pub fn delayed(mut self, time: std::time::Duration) -> Reply {
        if let Kind::Whole { before, .. } = &mut self.0 {
            before.push(Act::Pause(time));
        }
        self
    }

    pub(crate) fn answer(self, request: &Received) -> Reply {
        match self.0 {
            Kind::Made(make) => make(request).answer(request),
            _ => self,
        }
    }

    /// The acts that send it, and whether the connection stays open.
    pub(crate) fn acts(self, request: &Received) -> (Vec<Act>, bool) {
        let Kind::Whole { status, headers, body, before: mut acts } = self.0 else {
            let Kind::Script(acts) = self.0 else { return (Vec::new(), false) };
            return (acts, false);
        };
        let mut bytes = format!("HTTP/1.1 {status} {}\r\n", phrase(status)).into_bytes();
        for (name, value) in &headers {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        let bodiless = matches!(status, 100..=199 | 204 | 304);
        if !bodiless {
            bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        bytes.extend_from_slice(b"\r\n");
        if !bodiless && request.method != "HEAD" {
            bytes.extend_from_slice(&body);
        }
        acts.push(Act::Send(bytes));
        let says_close = |value: &str| value.eq_ignore_ascii_case("close");
        let close = request.header("connection").is_some_and(says_close)
            || headers.iter().any(|(name, value)| name.eq_ignore_ascii_case("connection") && says_close(value));
        (acts, !close)
    }
}

impl From<Vec<Act>> for Reply {
    fn from(acts: Vec<Act>) -> Reply {
        Reply::script(acts)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Whole { status, .. } => write!(f, "Reply({status})"),
            Kind::Script(acts) => write!(f, "Reply({} acts)", acts.len()),
            Kind::Made(_) => write!(f, "Reply(made)"),
        }
    }
}

fn phrase(status: u16) -> &'static str {
    match status {
        101 => "Switching Protocols",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        500 => "Internal Server Error",
        503 => "Service Unavailable",
        _ => "Scripted",
    }
}

//! Executes a plan over HTTP and reports every step to an observer. No database.
//!
//! [`execute`] runs one [`Input`] and tells an [`Observer`] about every step. What the observer gets
//! is already masked and cut to size; what a run needs to go on later ([`StepProgress`]) comes
//! beside it in the clear, for whoever keeps it to seal.
//!
//! What a response is held against is decided here, and so are these points the language leaves open:
//!
//! - A JSON path that matches once gives that value; one that matches several times gives the list
//!   of them. That holds for expectations and for captures.
//! - Numbers are equal if they are the same number: `1` and `1.0` are, `1` and `"1"` are not.
//!   Headers, cookies, pages and the body's text have no types, so there `equal: 5` holds for `5`.
//! - Something that is not there fails every condition except `exists: false`; `not` does not turn
//!   "nothing there" into a pass.
//! - What is masked: variables marked secret, captures marked secret, the credentials of `auth` and
//!   of the URL, and the credentials in every `Authorization` header; as they are, base64, percent-
//!   encoded, escaped for JSON or HTML, in capitals or small letters. Cookies show as they come
//!   unless they hold one of these. A secret of fewer than four bytes is masked only where it is the
//!   whole of a value: masking every `1` would hide the report and not the secret. A secret that is
//!   captured is masked from its own step on.
//! - A canceled or overdue run still has ten seconds for its `finally` steps.
//! - A step that was in flight when the worker was lost is repeated if its method is idempotent.
//!   Otherwise it is errored, the steps after it are skipped, `finally` runs, and the run is errored.

mod body;
mod capture;
mod compiled;
mod expectation;
mod html;
mod json;
mod jsonpath;
mod mask;
mod matcher;
mod observer;
mod progress;
mod reason;
mod report;
mod request;
mod run;
mod send;
mod step;
mod subset;

pub use mask::MASK;
pub use observer::{Abandoned, Observer, StepFinished, StepStarted};
pub use progress::{FinishedStep, Progress, StepProgress, Variable};
pub use run::{Input, Outcome, execute};

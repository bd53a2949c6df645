//! The audit log, on a page and as a file.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Bytes, Data},
};
use askama::Template;
use domain::{Action, Deed};
use futures_util::{Stream, stream};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use store::{AuditFilter, AuditRow, PageRequest, Store, Tenant};

use crate::{
    error::WebError,
    filter::Query,
    page::{Page, Section, html},
    pages::runs::TIMES,
    session::SignedIn,
    state::State,
};

/// So many lines of a file are read at once.
const AT_ONCE: u32 = 500;

#[derive(Template)]
#[template(path = "audit.html")]
struct AuditPage {
    page: Page,
    query: Query,
    rows: Vec<AuditRow>,
    /// The query of the link to older ones.
    older: Option<String>,
}

impl AuditPage {
    fn deeds(&self) -> &'static [Deed] {
        Deed::ALL
    }

    fn times(&self) -> &'static [(&'static str, i64, &'static str)] {
        &TIMES
    }

    fn is_chosen(&self, name: &str, word: &str) -> bool {
        self.query.all(name).any(|chosen| chosen == word)
    }

    /// The page of the thing, if it has one. A hook stands on that of its plan.
    fn address(&self, row: &AuditRow) -> Option<String> {
        let is_there = !matches!(row.deed, Deed::PlanDeleted | Deed::ScheduleDeleted | Deed::TokenRevoked);
        let thing = row.thing.filter(|_| is_there)?;
        match row.deed.noun() {
            noun @ ("plan" | "schedule" | "run") => Some(format!("/{noun}s/{thing}")),
            "hook" => Some(format!("/plans/{thing}")),
            "token" => Some("/tokens".to_owned()),
            _ => None,
        }
    }
}

/// What else is told, in words: `before: viewer, after: editor`. Ids are for the files.
fn details(row: &AuditRow) -> String {
    let Value::Object(details) = &row.details else { return String::new() };
    let words = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    let is_id = |value: &Value| value.as_str().is_some_and(|text| uuid::Uuid::try_parse(text).is_ok());
    let told = details.iter().filter(|(_, value)| !is_id(value));
    told.map(|(name, value)| format!("{name}: {}", words(value))).collect::<Vec<_>>().join(", ")
}

fn filter(query: &Query, page: PageRequest) -> AuditFilter {
    let hours = TIMES.iter().find(|(word, ..)| query.get("time") == Some(word)).map(|(_, hours, _)| *hours);
    AuditFilter {
        who: query.get("who").map(str::to_owned),
        deed: query.words("deed").pop(),
        since: hours.map(|hours| Timestamp::now() - SignedDuration::from_hours(hours)),
        page,
    }
}

/// `GET /audit?who=…&deed=…&time=…&after=…`
pub(crate) async fn page(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    member.must(Action::ReadAuditLog)?;
    let query = Query::of(request.query_string());
    let list = state.store.audit(member.tenant(), filter(&query, query.page())).await?;
    let older = list.next.as_ref().map(|cursor| query.from(Some(cursor)));
    html(&AuditPage { page: Page::of(&request, Section::Organization, member), query, rows: list.items, older })
}

/// `GET /audit.csv`: all that the filters leave.
pub(crate) async fn csv(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    member.must(Action::ReadAuditLog)?;
    let rows = |rows: &[AuditRow], _is_first| rows.iter().map(line).collect::<String>();
    let head = "at,actor,who,action,id,name,details\r\n";
    let text = whole(&state, *member.tenant(), &request, head, rows, "");
    Ok(file("text/csv; charset=utf-8", "audit.csv", text))
}

/// `GET /audit.json`: all that the filters leave, as one array.
pub(crate) async fn json(request: HttpRequest, member: SignedIn, state: Data<State>) -> Result<HttpResponse, WebError> {
    member.must(Action::ReadAuditLog)?;
    let rows = |rows: &[AuditRow], is_first| {
        let texts: Vec<_> = rows.iter().map(|row| object(row).to_string()).collect();
        let comma = if is_first || texts.is_empty() { "" } else { ",\n" };
        format!("{comma}{}", texts.join(",\n"))
    };
    let text = whole(&state, *member.tenant(), &request, "[", rows, "]\n");
    Ok(file("application/json", "audit.json", text))
}

fn file(
    kind: &'static str,
    name: &str,
    text: impl Stream<Item = Result<Bytes, store::Error>> + 'static,
) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(text)
}

/// Where a file stands.
struct Reading {
    store: Store,
    tenant: Tenant,
    filter: AuditFilter,
    is_first: bool,
    is_over: bool,
}

/// The file, read from the log as it is sent: however long it is, little of it is held.
fn whole(
    state: &State,
    tenant: Tenant,
    request: &HttpRequest,
    head: &'static str,
    rows: impl Fn(&[AuditRow], bool) -> String + 'static,
    end: &'static str,
) -> impl Stream<Item = Result<Bytes, store::Error>> + 'static {
    let filter = filter(&Query::of(request.query_string()), PageRequest { after: None, size: AT_ONCE });
    let reading = Reading { store: state.store.clone(), tenant, filter, is_first: true, is_over: false };
    let rows = std::rc::Rc::new(rows);
    stream::try_unfold(reading, move |mut reading| {
        let rows = std::rc::Rc::clone(&rows);
        async move {
            if reading.is_over {
                return Ok(None);
            }
            let part = reading.store.audit(&reading.tenant, reading.filter.clone()).await?;
            let text = rows(&part.items, reading.is_first);
            let text = if reading.is_first { format!("{head}{text}") } else { text };
            reading.is_first = false;
            reading.filter.page.after = part.next;
            reading.is_over = part.next.is_none();
            let text = if reading.is_over { format!("{text}{end}") } else { text };
            Ok(Some((Bytes::from(text), reading)))
        }
    })
}

fn object(row: &AuditRow) -> Value {
    json!({
        "id": row.id.to_string(),
        "at": row.at.to_string(),
        "actor": row.actor,
        "actor_id": row.actor_id.map(|id| id.to_string()),
        "who": row.actor_name,
        "action": row.deed.as_str(),
        "noun": row.deed.noun(),
        "noun_id": row.thing.map(|id| id.to_string()),
        "name": row.name,
        "details": row.details,
    })
}

fn line(row: &AuditRow) -> String {
    let thing = row.thing.map(|id| id.to_string()).unwrap_or_default();
    let (at, details) = (row.at.to_string(), row.details.to_string());
    let cells: [&str; 7] = [&at, &row.actor, &row.actor_name, row.deed.as_str(), &thing, &row.name, &details];
    format!("{}\r\n", cells.map(cell).join(","))
}

/// A cell of a CSV file. A spreadsheet takes what begins with one of some signs for a formula: an apostrophe in
/// front makes it text.
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_never_a_formula_and_never_two_cells() {
        for (text, expected) in [
            ("plain", "plain"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("@SUM(A1),2", "\"'@SUM(A1),2\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(cell(text), expected);
        }
    }
}

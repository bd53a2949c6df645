//! Lists: a part of many things, and where the next part begins.

use serde::{Deserialize, Serialize};
use store::{Cursor, Page, PageRequest};
use utoipa::{IntoParams, ToSchema};

use crate::error::WebError;

/// How many things come at once if the caller does not say.
const USUAL: u32 = 20;

/// How many things come at once at most.
const MOST: u32 = 100;

/// A part of a list.
#[derive(Serialize, ToSchema)]
pub(super) struct List<T> {
    /// In the list's order.
    items: Vec<T>,
    /// What to send as `after` for the part that follows; null if this is the last.
    next: Option<String>,
}

impl<T> List<T> {
    pub(super) fn of<Row>(page: Page<Row>, item: impl FnMut(Row) -> T) -> Self {
        let next = page.next.map(|cursor| cursor.to_string());
        Self { items: page.items.into_iter().map(item).collect(), next }
    }

    /// A list that is never long.
    pub(super) fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// Which part is wanted of a list that is not narrowed down.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// What the part of the list before told as `next`.
    after: Option<String>,
    /// How many at most.
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u32>,
}

impl Part {
    /// As the store knows it.
    pub(super) fn read(&self) -> Result<PageRequest, WebError> {
        part(self.after.as_deref(), self.limit)
    }
}

/// Which part is wanted.
pub(super) fn part(after: Option<&str>, limit: Option<u32>) -> Result<PageRequest, WebError> {
    let size = limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&size) {
        return Err(WebError::BadRequest(format!("`limit` is a number from 1 to {MOST}.")));
    }
    let after = match after {
        Some(text) => Some(text.parse::<Cursor>().map_err(|_| {
            WebError::BadRequest("`after` is what the part of the list before told as `next`.".to_owned())
        })?),
        None => None,
    };
    Ok(PageRequest { after, size })
}

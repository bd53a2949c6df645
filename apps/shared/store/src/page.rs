//! Lists come in pages, each beginning right after the last item of the one before, so that the
//! thousandth page costs what the first does.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use uuid::Uuid;

use crate::sql::micros;

/// Where the next page begins. Its spelling is for links only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cursor {
    /// After the item with this id.
    Id(Uuid),
    /// After the item with this number.
    Number(i32),
    /// After the item of this time.
    Time(Timestamp),
}

/// Which part of a list is wanted.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    /// None for the first page.
    pub after: Option<Cursor>,
    /// How many items at most.
    pub size: u32,
}

impl Default for PageRequest {
    /// The first twenty.
    fn default() -> Self {
        Self { after: None, size: 20 }
    }
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// In the list's order.
    pub items: Vec<T>,
    /// Where the next part begins; none if this is the last.
    pub next: Option<Cursor>,
}

impl PageRequest {
    /// One more than wanted, which tells whether another page follows.
    pub(crate) fn limit(&self) -> i64 {
        i64::from(self.size) + 1
    }

    /// The id that every item must be below.
    pub(crate) fn below_id(&self) -> Uuid {
        match self.after {
            Some(Cursor::Id(id)) => id,
            _ => Uuid::max(),
        }
    }

    /// The number that every item must be below.
    pub(crate) fn below_number(&self) -> i32 {
        match self.after {
            Some(Cursor::Number(number)) => number,
            _ => i32::MAX,
        }
    }

    /// The time, in microseconds, that every item must be before.
    pub(crate) fn below_time(&self) -> i64 {
        match self.after {
            Some(Cursor::Time(time)) => micros(time),
            _ => i64::MAX,
        }
    }
}

impl<T> Page<T> {
    /// Cuts what was loaded with [`PageRequest::limit`] to the size that was wanted.
    pub(crate) fn cut(mut items: Vec<T>, request: &PageRequest, cursor: impl Fn(&T) -> Cursor) -> Self {
        let more = items.len() > request.size as usize;
        items.truncate(request.size as usize);
        let next = items.last().filter(|_| more).map(cursor);
        Self { items, next }
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => id.simple().fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Time(time) => write!(f, "t{}", micros(*time)),
        }
    }
}

/// The text is no place in a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("This link leads to no page of the list.")]
pub struct UnknownCursor;

impl FromStr for Cursor {
    type Err = UnknownCursor;

    fn from_str(text: &str) -> Result<Self, UnknownCursor> {
        if let Ok(number) = text.parse() {
            return Ok(Self::Number(number));
        }
        if let Some(micros) = text.strip_prefix('t').and_then(|micros| micros.parse().ok()) {
            return Timestamp::from_microsecond(micros).map(Self::Time).map_err(|_| UnknownCursor);
        }
        Uuid::try_parse(text).map(Self::Id).map_err(|_| UnknownCursor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_link() {
        let time = Cursor::Time(Timestamp::from_microsecond(1_763_000_000_000_001).unwrap());
        for cursor in
            [Cursor::Number(0), Cursor::Number(7_000), Cursor::Id(Uuid::now_v7()), Cursor::Id(Uuid::max()), time]
        {
            assert_eq!(cursor.to_string().parse(), Ok(cursor));
        }
        for text in ["next", "t", "t9999999999999999999"] {
            assert_eq!(text.parse::<Cursor>(), Err(UnknownCursor));
        }
    }

    #[test]
    fn the_last_page_leads_nowhere() {
        let request = PageRequest { after: None, size: 2 };
        let page = |items: Vec<i32>| Page::cut(items, &request, |n| Cursor::Number(*n));
        assert_eq!(page(vec![9, 8, 7]).next, Some(Cursor::Number(8)));
        assert_eq!(page(vec![9, 8]).next, None);
        assert_eq!(page(vec![]).next, None);
    }
}

//! What lists are narrowed down by: read from the address, and written back into its links.

use store::{Cursor, PageRequest};
use url::form_urlencoded;

/// How many items a list shows at once.
pub(crate) const PER_PAGE: u32 = 20;

/// The query of a list's address. Names may stand several times; empty values say nothing.
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn of(text: &str) -> Self {
        let pairs = form_urlencoded::parse(text.as_bytes()).into_owned();
        Self(pairs.filter(|(_, value)| !value.trim().is_empty()).take(50).collect())
    }

    /// The first value of this name.
    pub(crate) fn get<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    /// All values of this name.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of this name that are words of `T`; others are left out, as if they were not there.
    pub(crate) fn words<T: std::str::FromStr>(&self, name: &str) -> Vec<T> {
        self.all(name).filter_map(|word| word.parse().ok()).collect()
    }

    /// Which part of the list is wanted.
    pub(crate) fn page(&self) -> PageRequest {
        let after = self.get("after").and_then(|text| text.parse::<Cursor>().ok());
        PageRequest { after, size: PER_PAGE }
    }

    /// Whether the list is narrowed down.
    pub(crate) fn is_filtering(&self) -> bool {
        self.0.iter().any(|(name, _)| name != "after")
    }

    /// The same list from another place on: the query of a link.
    pub(crate) fn from(&self, after: Option<&Cursor>) -> String {
        let mut query = form_urlencoded::Serializer::for_suffix(String::from("?"), 1);
        query.extend_pairs(self.0.iter().filter(|(name, _)| name != "after"));
        if let Some(cursor) = after {
            query.append_pair("after", &cursor.to_string());
        }
        query.finish()
    }
}

#[cfg(test)]
mod tests {
    use domain::RunState;

    use super::*;

    #[test]
    fn a_link_to_the_next_page_keeps_the_filters() {
        let query = Query::of("state=failed&state=errored&q=check+out&after=7&x=");
        assert_eq!(query.words::<RunState>("state"), [RunState::Failed, RunState::Errored]);
        assert_eq!(query.get("q"), Some("check out"));
        assert_eq!(query.from(Some(&Cursor::Number(5))), "?state=failed&state=errored&q=check+out&after=5");
        assert_eq!(query.from(None), "?state=failed&state=errored&q=check+out");
        assert!(query.is_filtering());
    }

    #[test]
    fn what_is_no_word_is_as_if_it_were_not_there() {
        let query = Query::of("state=nonsense&after=zzz");
        assert_eq!(query.words::<RunState>("state"), []);
        assert_eq!(query.page().after, None);
        assert!(!Query::of("after=7").is_filtering());
    }
}

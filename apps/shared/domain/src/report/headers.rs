//! The headers of a request or response, all in one text: there are many of them, each is small, and
//! every step of every run keeps some.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names and values in the order they were sent. Written out as a list of pairs.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    /// Each name and its value, nothing in between.
    text: String,
    /// Where in the text each name and each value ends, in turn.
    ends: Vec<usize>,
}

impl Headers {
    /// None yet, with room for `count` of `bytes` together.
    #[must_use]
    pub fn with_capacity(count: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), ends: Vec::with_capacity(2 * count) }
    }

    /// Adds one at the end.
    pub fn push(&mut self, name: &str, value: &str) {
        for part in [name, value] {
            self.text.push_str(part);
            self.ends.push(self.text.len());
        }
    }

    /// Each name with its value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut from = 0;
        self.ends.chunks_exact(2).map(move |ends| {
            let pair = (&self.text[from..ends[0]], &self.text[ends[0]..ends[1]]);
            from = ends[1];
            pair
        })
    }
}

impl<N: AsRef<str>, V: AsRef<str>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut headers = Self::default();
        for (name, value) in pairs {
            headers.push(name.as_ref(), value.as_ref());
        }
        headers
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Headers {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

#[cfg(feature = "openapi")]
impl utoipa::PartialSchema for Headers {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
        <Vec<Vec<String>>>::schema()
    }
}

#[cfg(feature = "openapi")]
impl utoipa::ToSchema for Headers {}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<(String, String)>::deserialize(deserializer)?.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_written_as_pairs_and_read_again_in_their_order() {
        let written = r#"[["b","1"],["a",""],["b","é: 2"]]"#;
        let headers: Headers = serde_json::from_str(written).unwrap();
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("b", "1"), ("a", ""), ("b", "é: 2")]);
        assert_eq!(serde_json::to_string(&headers).unwrap(), written);
        assert_ne!(headers, [("b1", ""), ("a", ""), ("b", "é: 2")].into_iter().collect());
    }
}

//! What stands behind the `?` of an address.

use std::{fmt::Display, str::FromStr};

use serde::{Deserialize, Deserializer, de::Error};

/// One of several words, each once: `failing,errored`.
#[derive(Clone, Debug)]
pub(super) struct Words<T>(pub(super) Vec<T>);

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: FromStr<Err: Display> + PartialEq> Deserialize<'de> for Words<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut words = Vec::new();
        for word in text.split(',').filter(|word| !word.is_empty()) {
            let word = word.parse().map_err(D::Error::custom)?;
            if !words.contains(&word) {
                words.push(word);
            }
        }
        Ok(Self(words))
    }
}

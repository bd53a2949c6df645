//! The words by which schedules are paused, resumed and cleared together.

use std::{collections::BTreeSet, fmt, str::FromStr};

/// At most [`Tags::MOST`] different words of letters, digits and `._:-`, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tags(BTreeSet<String>);

/// Why a text is no list of tags.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidTags {
    /// A word that is no tag.
    #[error(
        "`{0}` is no tag. A tag has 1 to 40 characters out of a-z, 0-9 and . _ : - (several are separated by spaces)."
    )]
    Word(String),
    /// More than a schedule may have.
    #[error("{0} tags are too many: at most {most} are allowed.", most = Tags::MOST)]
    TooMany(usize),
}

impl Tags {
    /// How many tags a schedule may have.
    pub const MOST: usize = 20;

    /// The tags in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The spelling in the database: a space before, between and after the words, so that
    /// `LIKE '% word %'` finds one. Read back with `parse`.
    #[must_use]
    pub fn column(&self) -> String {
        self.iter().fold(" ".to_owned(), |column, tag| column + tag + " ")
    }
}

impl FromStr for Tags {
    type Err = InvalidTags;

    /// Words with spaces or commas between them; capital letters become small.
    fn from_str(text: &str) -> Result<Self, InvalidTags> {
        let words = text.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
        let tag = |word: &str| {
            let tag = word.to_ascii_lowercase();
            let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._:-".contains(&b);
            if tag.len() <= 40 && tag.bytes().all(allowed) {
                Ok(tag)
            } else {
                Err(InvalidTags::Word(word.chars().take(60).collect()))
            }
        };
        let tags = words.map(tag).collect::<Result<BTreeSet<_>, _>>()?;
        if tags.len() > Self::MOST {
            return Err(InvalidTags::TooMany(tags.len()));
        }
        Ok(Self(tags))
    }
}

impl fmt::Display for Tags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.column().trim())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tags_are_a_sorted_set_however_they_are_written() {
        let tags: Tags = " nightly, EU  eu,,v1.2:blue_green-x ".parse().unwrap();
        assert_eq!(tags.column(), " eu nightly v1.2:blue_green-x ");
        assert_eq!(tags.to_string(), "eu nightly v1.2:blue_green-x");
        assert_eq!("".parse::<Tags>().unwrap().column(), " ");
    }

    #[test]
    fn a_word_that_is_no_tag_is_named() {
        for word in ["café", "a%b", "a/b", &"x".repeat(41)] {
            let wrong = format!("fine {word}").parse::<Tags>().unwrap_err();
            assert_eq!(wrong, InvalidTags::Word(word.to_owned()));
        }
    }

    #[test]
    fn more_than_twenty_are_refused() {
        let words = |n: usize| (0..n).map(|n| format!("t{n} ")).collect::<String>();
        assert_eq!(words(20).parse::<Tags>().unwrap().iter().count(), 20);
        assert_eq!(words(21).parse::<Tags>(), Err(InvalidTags::TooMany(21)));
    }

    proptest! {
        #[test]
        fn the_column_reads_back_and_finds_each_tag(words in prop::collection::vec("[a-z0-9._:-]{1,40}", 0..20)) {
            let tags: Tags = words.join(" ").parse().unwrap();
            let column = tags.column();
            prop_assert_eq!(&column.parse::<Tags>().unwrap(), &tags);
            for word in words {
                let needle = format!(" {word} ");
                prop_assert!(column.contains(&needle));
            }
        }
    }
}

//! From bytes of a text to lines and columns.

use std::ops::Range;

/// Knows where the lines of a text begin.
pub(crate) struct Positions<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Positions<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        let bytes = text.as_bytes();
        let breaks = bytes.iter().enumerate().filter(|&(at, byte)| match byte {
            b'\n' => true,
            // A lone carriage return ends a line as well.
            b'\r' => bytes.get(at + 1) != Some(&b'\n'),
            _ => false,
        });
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    /// Line and column of a byte, both from one, the column in characters.
    pub(crate) fn of(&self, byte: usize) -> (u32, u32) {
        let mut byte = byte.min(self.text.len());
        while !self.text.is_char_boundary(byte) {
            byte -= 1;
        }
        let line = self.starts.partition_point(|&start| start <= byte);
        let column = self.text[self.starts[line - 1]..byte].chars().count() + 1;
        (clamp(line), clamp(column))
    }

    pub(crate) fn line(&self, byte: usize) -> u32 {
        clamp(self.starts.partition_point(|&start| start <= byte))
    }

    /// The part of a range that is on its first line.
    pub(crate) fn first_line_of(&self, range: Range<usize>) -> Range<usize> {
        let line = self.starts.partition_point(|&start| start <= range.start);
        let end = self.starts.get(line).copied().unwrap_or(self.text.len()).min(range.end);
        match self.text.get(range.start..end) {
            Some(text) => range.start..range.start + text.trim_end().len(),
            None => range.start..range.start,
        }
    }
}

fn clamp(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

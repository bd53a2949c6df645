//! YAML's own mistakes in plain words.

use granit_parser::{ErrorKind, ScanError};

use crate::diagnostic::Finding;

use super::MAX_DEPTH;

/// What the parser stumbled over, and where.
pub(super) fn finding(error: &ScanError, text: &str) -> Finding {
    let mut at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    if let Some(placeholder) = bare_placeholder(text, at) {
        return Finding::error(
            "syntax",
            placeholder.clone(),
            format!("`{}` must be in quotes inside `{{…}}` or `[…]`.", &text[placeholder.clone()]),
        )
        .hint(format!("YAML reads the braces of the placeholder as a mapping. Write `\"{}\"`.", &text[placeholder]));
    }
    let (message, hint) = explain(error.kind());
    let finding = Finding::error("syntax", at..at + 1, message);
    if hint.is_empty() { finding } else { finding.hint(hint) }
}

/// The `${…}` that the parser met without quotes in a flow collection: it stops at its brace.
fn bare_placeholder(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let near = (at.saturating_sub(200)..=at).find(|&at| text.is_char_boundary(at))?;
    let behind = (at + 2..).take(4).find(|&end| text.is_char_boundary(end)).unwrap_or(text.len());
    let start = near + text[near..behind].rfind("${")?;
    let line_end = text[start..].find(['\n', '\r']).map_or(text.len(), |end| start + end);
    let end = start + text[start..line_end].find('}')? + 1;
    // The mistake is at, in or right behind the placeholder, and no quote opens before it.
    let before = text[..start].chars().next_back();
    (at <= end + 1 && !matches!(before, Some('"' | '\''))).then_some(start..end)
}

fn explain(kind: &ErrorKind) -> (String, &'static str) {
    use ErrorKind as K;
    let fixed = |message: &str, hint: &'static str| (message.to_owned(), hint);
    match kind {
        K::RecursionLimitExceeded => {
            (format!("The text is nested more than {MAX_DEPTH} levels deep."), "Take the structure apart.")
        }
        K::TabInIndentation | K::TabInBlockIndentation | K::TabNotAllowed | K::TabInPlainScalar => {
            fixed("A tab stands where YAML wants spaces.", "Indent with spaces.")
        }
        K::UnclosedQuotedScalar => {
            fixed("The quotes opened here are never closed.", "Close the text with the same quote.")
        }
        K::UnclosedFlowCollection { open } => (
            format!("The `{open}` opened here is never closed."),
            "Close it, or put the text in quotes if the bracket belongs to it.",
        ),
        K::UnexpectedEofFlowSequence => fixed("A list opened with `[` is never closed.", "Close it with `]`."),
        K::UnexpectedEofFlowMapping | K::UnexpectedEofImplicitFlowMapping => {
            fixed("A mapping opened with `{` is never closed.", "Close it with `}`.")
        }
        K::MisplacedFlowCollectionEnd => {
            fixed("A closing bracket stands here that nothing opened.", "Remove it, or put the text in quotes.")
        }
        K::MismatchedFlowCollectionEnd { open, close } => {
            (format!("`{open}` was opened, but `{close}` closes it."), "Close it with the bracket that belongs to it.")
        }
        K::ExpectedFlowMappingSeparator => {
            fixed("`,` or `}` is missing here.", "Texts with `{`, `}`, `[`, `]` or `,` in them need quotes.")
        }
        K::ExpectedFlowSequenceSeparator => {
            fixed("`,` or `]` is missing here.", "Texts with `{`, `}`, `[`, `]` or `,` in them need quotes.")
        }
        K::MappingValueNotAllowed => fixed(
            "A `:` with a value cannot stand here.",
            "Put a text with `: ` in it in quotes, or check the indentation.",
        ),
        K::ExpectedBlockMappingKey | K::SimpleKeyExpected => {
            fixed("A `key:` should stand here.", "Check the indentation; every key needs a `:` behind it.")
        }
        K::ExpectedBlockSequenceEntry => {
            fixed("A `- ` should stand here.", "Elements of one list begin at the same column.")
        }
        K::InvalidQuotedScalarIndent => {
            fixed("A text in quotes goes on here, but is indented too little.", "Is the closing quote missing above?")
        }
        K::InvalidIndentation | K::InvalidFlowScalarIndent => {
            fixed("The indentation does not fit what stands above.", "Keys of one mapping begin at the same column.")
        }
        K::MappingKeyNotAllowed | K::BlockSequenceEntryNotAllowed => {
            fixed("This cannot begin here.", "Check the indentation.")
        }
        K::UnexpectedCharacter { character } => {
            (format!("No value can begin with `{}`.", character.escape_debug()), "Put the text in quotes.")
        }
        K::UnknownQuotedScalarEscape => {
            fixed("There is no such escape after `\\`.", "Use single quotes if the backslash belongs to the text.")
        }
        K::InvalidTrailingSingleQuotedScalar | K::InvalidTrailingDoubleQuotedScalar => fixed(
            "Something stands behind the closing quote.",
            "Put the whole value in quotes; inside them write `\\\"`.",
        ),
        K::InvalidSimpleKey => fixed("This key is too long or spans several lines.", ""),
        K::ExpectedDocumentStart => fixed("The plan has ended, but more text follows.", "Check the indentation."),
        other => (format!("This is not YAML: {other}."), ""),
    }
}

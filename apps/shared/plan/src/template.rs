//! Texts and values with `${…}` in them, and what becomes of them in a scope.

/// A text that may hold placeholders, already split.
#[derive(Clone, Debug, PartialEq)]
pub struct Template;

/// A JSON value whose texts may hold placeholders.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree;

/// A value known when the plan is read, or a lone placeholder that gives it at run time.
#[derive(Clone, Debug, PartialEq)]
pub enum Field<T> {
    /// Written out.
    Known(T),
    /// `${name}`; its value is checked, and converted strictly if it is text.
    Later(Template),
}

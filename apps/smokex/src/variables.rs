//! Variables from outside a plan: `--var` and `--env-file`.

use std::{fmt, path::Path, str::FromStr};

use engine::Variable;

/// `NAME=VALUE` as typed.
#[derive(Clone)]
pub struct Assignment {
    pub name: String,
    pub value: String,
}

impl FromStr for Assignment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
        if !is_name(name) {
            return Err(format!("`{name}` is no name: use letters, digits and `_`, not beginning with a digit"));
        }
        Ok(Self { name: name.to_owned(), value: value.to_owned() })
    }
}

impl fmt::Debug for Assignment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assignment").field("name", &self.name).finish_non_exhaustive()
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Assignment {
    /// As the engine takes it; always text, converted where a plan wants something else.
    pub fn into_variable(self, secret: bool) -> Variable {
        Variable { name: self.name, value: self.value.into(), secret }
    }
}

/// Reads a file of `NAME=VALUE` lines.
///
/// Empty lines and lines that begin with `#` are skipped, `export ` in front is too. A value may
/// stand in single quotes (taken as it is) or double quotes (with `\n`, `\t`, `\"`, `\\`).
///
/// # Errors
/// A sentence with the file and the line, never with a value.
pub fn read_env_file(path: &Path) -> Result<Vec<Assignment>, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{} cannot be read: {error}.", path.display()))?;
    let lines = text.trim_start_matches('\u{feff}').lines().zip(1..);
    lines
        .map(|(line, number)| (line.trim(), number))
        .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'))
        .map(|(line, number)| {
            read_line(line).ok_or_else(|| {
                format!("{}:{number}: this is not NAME=VALUE (a value with quotes must end with them).", path.display())
            })
        })
        .collect()
}

fn read_line(line: &str) -> Option<Assignment> {
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let value = match value.chars().next() {
        Some('\'') => value[1..].strip_suffix('\'').filter(|inner| !inner.contains('\''))?.to_owned(),
        Some('"') => unescape(&value[1..])?,
        _ => value.to_owned(),
    };
    is_name(name).then(|| Assignment { name: name.to_owned(), value })
}

/// What stands before the closing quote, which must be the last character.
fn unescape(text: &str) -> Option<String> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return chars.next().is_none().then_some(value),
            '\\' => match chars.next()? {
                'n' => value.push('\n'),
                't' => value.push('\t'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_split_at_the_first_equals_sign() {
        let assignment: Assignment = "token=a=b==".parse().unwrap();
        assert_eq!((assignment.name.as_str(), assignment.value.as_str()), ("token", "a=b=="));
        for text in ["token", "=x", "1a=x", "a b=x", "a-b=x"] {
            assert!(text.parse::<Assignment>().is_err(), "{text}");
        }
    }

    #[test]
    fn lines_of_a_file_may_be_quoted() {
        for (line, value) in [
            ("A=b c", "b c"),
            ("export A = b", "b"),
            (r#"A="b \"c\"\n""#, "b \"c\"\n"),
            (r"A='b \n'", r"b \n"),
            ("A=", ""),
        ] {
            assert_eq!(read_line(line).unwrap().value, value, "{line}");
        }
        for line in ["A", r#"A="b"#, r#"A="b" c"#, "A='b", "1=2"] {
            assert!(read_line(line).is_none(), "{line}");
        }
    }
}

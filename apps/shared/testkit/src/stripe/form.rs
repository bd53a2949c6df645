//! The parameters of a request: `metadata[a]=b`, `items[0][price]=…`, `expand[]=…`. They are read by
//! their whole names; what nobody has read is unknown and refused, so that nothing is ignored silently.

use std::cell::Cell;

use serde_json::{Map, Value};
use url::form_urlencoded;

use super::Problem;

/// Form-encoded parameters.
pub(crate) struct Form {
    fields: Vec<Field>,
}

struct Field {
    name: String,
    value: String,
    read: Cell<bool>,
}

impl Form {
    pub(crate) fn parse(encoded: &[u8]) -> Form {
        Form::new(form_urlencoded::parse(encoded).map(|(name, value)| (name.into_owned(), value.into_owned())))
    }

    /// Names that end in `[]` are numbered in their order.
    pub(crate) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Form {
        let mut fields: Vec<Field> = Vec::new();
        for (mut name, value) in pairs {
            if let Some(list) = name.strip_suffix("[]") {
                let place = fields.iter().filter(|field| members(&field.name, list).is_some()).count();
                name = format!("{list}[{place}]");
            }
            fields.push(Field { name, value, read: Cell::new(false) });
        }
        Form { fields }
    }

    /// In a fixed order, to compare two requests.
    pub(crate) fn pairs(&self) -> Vec<(String, String)> {
        let mut pairs: Vec<_> = self.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect();
        pairs.sort();
        pairs
    }

    /// None if it is not there; the last one if it is there several times.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let mut last = None;
        for field in self.fields.iter().filter(|field| field.name == name) {
            field.read.set(true);
            last = Some(field.value.as_str());
        }
        last
    }

    /// None also if it is empty.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|value| !value.is_empty())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Problem> {
        self.given(name).ok_or_else(|| Problem::missing(name))
    }

    pub(crate) fn integer(&self, name: &str) -> Result<Option<i64>, Problem> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let wrong =
            |_| Problem::invalid(format!("Invalid integer: {value}")).code("parameter_invalid_integer").at(name);
        value.parse().map(Some).map_err(wrong)
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.given(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Problem::invalid(format!("Invalid boolean: {other}")).at(name)),
        }
    }

    pub(crate) fn one_of(&self, name: &str, choices: &[&'static str]) -> Result<Option<&'static str>, Problem> {
        let Some(value) = self.given(name) else { return Ok(None) };
        match choices.iter().find(|&&choice| choice == value) {
            Some(choice) => Ok(Some(choice)),
            None => Err(Problem::invalid(format!("Invalid {name}: must be one of {}", choices.join(", "))).at(name)),
        }
    }

    /// The names of a list's entries: `items[0]`, `items[1]`, each followed by a field's name.
    pub(crate) fn each(&self, list: &str) -> Vec<String> {
        let mut entries: Vec<String> = Vec::new();
        for field in &self.fields {
            if let Some((entry, _)) = members(&field.name, list) {
                let name = format!("{list}[{entry}]");
                if !entries.contains(&name) {
                    entries.push(name);
                }
            }
        }
        entries
    }

    /// The values of a plain list: `expand[0]`, `expand[1]`.
    pub(crate) fn texts(&self, list: &str) -> Vec<&str> {
        self.each(list).iter().filter_map(|name| self.text(name)).collect()
    }

    /// The entries of a map: `metadata[a]`, `metadata[b]`.
    pub(crate) fn map(&self, name: &str) -> Map<String, Value> {
        let entries = self.fields.iter().filter_map(|field| {
            let (key, "") = members(&field.name, name)? else { return None };
            field.read.set(true);
            Some((key.to_owned(), field.value.clone().into()))
        });
        entries.collect()
    }

    /// Changes a map of texts as Stripe does: an empty value takes the key away, an empty map all.
    pub(crate) fn merge(&self, name: &str, into: &mut Value) {
        if self.text(name) == Some("") {
            *into = Value::Object(Map::new());
        }
        let Value::Object(into) = into else { return };
        for (key, value) in self.map(name) {
            if value == "" {
                into.shift_remove(&key);
            } else {
                into.insert(key, value);
            }
        }
    }

    /// Takes note of parameters that change nothing here, alone or with what is below them.
    pub(crate) fn ignore(&self, names: &[&str]) {
        for field in &self.fields {
            let known = |name: &&str| field.name == **name || members(&field.name, name).is_some();
            if names.iter().any(known) {
                field.read.set(true);
            }
        }
    }

    /// That every parameter has been read.
    pub(crate) fn all_read(&self) -> Result<(), Problem> {
        match self.fields.iter().find(|field| !field.read.get()) {
            Some(field) => Err(Problem::unknown(&field.name)),
            None => Ok(()),
        }
    }
}

/// What stands in the brackets behind `list`, and what follows them.
fn members<'a>(name: &'a str, list: &str) -> Option<(&'a str, &'a str)> {
    name.strip_prefix(list)?.strip_prefix('[')?.split_once(']')
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn names_in_brackets_are_lists_and_maps() {
        let form =
            Form::parse(b"expand%5B%5D=a&expand[]=b&items[0][price]=p&items[1][price]=q&metadata[x]=1&metadata[y]=");
        assert_eq!(form.texts("expand"), ["a", "b"]);
        assert_eq!(form.each("items"), ["items[0]", "items[1]"]);
        assert_eq!(form.text("items[1][price]"), Some("q"));
        let mut metadata = serde_json::json!({ "y": "old", "z": "kept" });
        form.merge("metadata", &mut metadata);
        assert_eq!(metadata, serde_json::json!({ "z": "kept", "x": "1" }));
    }

    #[test]
    fn what_nobody_reads_is_unknown() {
        let form = Form::parse(b"email=a&emial=b");
        form.text("email");
        assert_eq!(form.all_read().expect_err("one is left").param.as_deref(), Some("emial"));
    }
}

//! A JSON value whose texts may hold placeholders. Keys are never templates.

use serde_json::{Map, Value};

use super::budget::Budget;
use super::{ExpandError, Reference, Scope, Template, TemplateError};

/// A JSON value whose texts may hold placeholders.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree(Branch);

#[derive(Clone, Debug, PartialEq)]
enum Branch {
    /// No placeholder and no escape anywhere below: the value stands for itself.
    Literal(Value),
    Text(Template),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl Tree {
    /// Splits every text of a value at its placeholders.
    ///
    /// # Errors
    /// The first placeholder that is not closed or not understood.
    pub fn parse(value: &Value) -> Result<Self, TemplateError> {
        Ok(match value {
            Value::String(text) => Self::text(Template::parse(text)?),
            Value::Array(list) => Self::list(list.iter().map(Self::parse).collect::<Result<_, _>>()?),
            Value::Object(object) => Self::object(
                object.iter().map(|(key, value)| Ok((key.clone(), Self::parse(value)?))).collect::<Result<_, _>>()?,
            ),
            scalar => Self::scalar(scalar.clone()),
        })
    }

    /// A text.
    #[must_use]
    pub fn text(template: Template) -> Self {
        match template.as_literal() {
            Some(text) => Self(Branch::Literal(Value::String(text.to_owned()))),
            None => Self(Branch::Text(template)),
        }
    }

    pub(crate) fn scalar(value: Value) -> Self {
        Self(Branch::Literal(value))
    }

    pub(crate) fn list(list: Vec<Self>) -> Self {
        if list.iter().all(|tree| tree.as_literal().is_some()) {
            return Self(Branch::Literal(Value::Array(list.into_iter().filter_map(Self::into_literal).collect())));
        }
        Self(Branch::List(list))
    }

    pub(crate) fn object(entries: Vec<(String, Self)>) -> Self {
        if entries.iter().all(|(_, tree)| tree.as_literal().is_some()) {
            let object = entries.into_iter().filter_map(|(key, tree)| Some((key, tree.into_literal()?)));
            return Self(Branch::Literal(Value::Object(object.collect())));
        }
        Self(Branch::Object(entries))
    }

    /// The value, if expanding it cannot change it.
    #[must_use]
    pub fn as_literal(&self) -> Option<&Value> {
        match &self.0 {
            Branch::Literal(value) => Some(value),
            _ => None,
        }
    }

    fn into_literal(self) -> Option<Value> {
        match self.0 {
            Branch::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// The template, if it is a text with placeholders or escapes.
    #[must_use]
    pub fn as_template(&self) -> Option<&Template> {
        match &self.0 {
            Branch::Text(template) => Some(template),
            _ => None,
        }
    }

    /// As it stands in the plan, placeholders and all.
    #[must_use]
    pub fn as_written(&self) -> Value {
        match &self.0 {
            Branch::Literal(value) => value.clone(),
            Branch::Text(template) => Value::String(template.as_written().to_owned()),
            Branch::List(list) => list.iter().map(Self::as_written).collect(),
            Branch::Object(entries) => {
                Value::Object(entries.iter().map(|(key, tree)| (key.clone(), tree.as_written())).collect())
            }
        }
    }

    /// Puts the variables in.
    ///
    /// # Errors
    /// As [`Template::expand`]; the whole value shares one budget.
    pub fn expand(&self, scope: &Scope) -> Result<Value, ExpandError> {
        match &self.0 {
            Branch::Literal(value) => Ok(value.clone()),
            _ => self.expand_within(scope, &mut Budget::new(), 0),
        }
    }

    fn expand_within(&self, scope: &Scope, budget: &mut Budget, depth: usize) -> Result<Value, ExpandError> {
        match &self.0 {
            Branch::Literal(value) => {
                budget.value(value, depth)?;
                Ok(value.clone())
            }
            Branch::Text(template) => template.expand_within(scope, budget, depth),
            Branch::List(list) => {
                budget.node(depth)?;
                list.iter().map(|tree| tree.expand_within(scope, budget, depth + 1)).collect()
            }
            Branch::Object(entries) => {
                budget.node(depth)?;
                let mut object = Map::with_capacity(entries.len());
                for (key, tree) in entries {
                    budget.text(key)?;
                    object.insert(key.clone(), tree.expand_within(scope, budget, depth + 1)?);
                }
                Ok(Value::Object(object))
            }
        }
    }

    /// Whether it uses a secret variable, so that what it expands to must be masked as well.
    #[must_use]
    pub fn is_secret(&self, scope: &Scope) -> bool {
        let mut secret = false;
        self.each_reference(&mut |reference| secret |= scope.is_secret(&reference.name));
        secret
    }

    /// Calls `visit` with every variable it uses, in order, with repetitions.
    pub fn each_reference(&self, visit: &mut impl FnMut(&Reference)) {
        match &self.0 {
            Branch::Literal(_) => {}
            Branch::Text(template) => template.references().for_each(visit),
            Branch::List(list) => list.iter().for_each(|tree| tree.each_reference(visit)),
            Branch::Object(entries) => entries.iter().for_each(|(_, tree)| tree.each_reference(visit)),
        }
    }
}

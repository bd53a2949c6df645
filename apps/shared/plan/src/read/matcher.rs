//! Matchers: a bare value, or a mapping of conditions.

use serde_json::{Number, Value};

use super::Reader;
use crate::document::{Id, Kind, cut};
use crate::model::{Condition, JsonType, Matcher};
use crate::source::{At, Conditions, keys};
use crate::suggestion;
use crate::template::{Field, Tree};

/// What a matcher looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    /// Text: a header, the body. Values are taken as they are spelled.
    Text,
    /// A number: a size, a length.
    Number,
    /// Any JSON value.
    Json,
}

impl<'d> Reader<'d> {
    /// A value or conditions.
    pub(super) fn matcher(&mut self, id: Id, what: &str, subject: Subject) -> Option<Matcher> {
        match self.document.kind(id) {
            Kind::Map(entries) if subject != Subject::Json || self.holds_conditions(entries) => {
                self.conditions(id, entries, what, subject)
            }
            _ => {
                let value = self.value(id, what, subject)?;
                Some(Matcher { conditions: vec![Condition::Equal(value)], bare: true })
            }
        }
    }

    /// Whether a mapping is a matcher, where it may also be the object to compare with.
    fn holds_conditions(&mut self, entries: &[(Id, Id)]) -> bool {
        let known = keys::<Conditions>();
        let texts: Vec<&str> = entries.iter().map(|(key, _)| self.document.key(*key)).collect();
        let matching = texts.iter().filter(|key| known.contains(key)).count();
        if matching == 0 {
            let typo = texts
                .iter()
                .zip(entries)
                .find_map(|(key, (at, _))| Some((suggestion::closest(key, known.iter().copied())?, *at, *key)));
            if let (Some((close, at, key)), true) = (typo, texts.len() == 1) {
                let message = format!("`{}` is read as the key of an object to compare with.", cut(key));
                self.warn("matcher", at, message, format!("Did you mean the matcher `{close}`?"));
            }
            return false;
        }
        if matching < texts.len() {
            let is_known = |(key, _): &&(Id, Id)| known.contains(&self.document.key(*key));
            let matcher = entries.iter().find(is_known).map_or("", |(key, _)| self.document.key(*key));
            for (key, _) in entries.iter().filter(|entry| !is_known(entry)) {
                let text = self.document.key(*key);
                let message = format!("`{}` is no matcher, but `{matcher}` beside it is one.", cut(text));
                let hint = match suggestion::closest(text, known.iter().copied()) {
                    Some(close) => format!("Did you mean `{close}`?"),
                    None => "To compare with an object, write it under `equal`.".to_owned(),
                };
                self.error_with_hint("matcher", *key, message, hint);
            }
        }
        true
    }

    pub(super) fn conditions(&mut self, id: Id, entries: &[(Id, Id)], what: &str, subject: Subject) -> Option<Matcher> {
        if entries.is_empty() {
            self.error_with_hint(
                "missing",
                id,
                format!("{what} has no conditions."),
                suggestion::allowed(keys::<Conditions>()),
            );
            return None;
        }
        let known = keys::<Conditions>();
        // Mixed keys have been reported as such.
        let usable: Vec<(Id, Id)> = match subject {
            Subject::Json => {
                entries.iter().copied().filter(|(key, _)| known.contains(&self.document.key(*key))).collect()
            }
            _ => entries.to_vec(),
        };
        let source: Conditions = crate::source::read(self.document, &usable, self.findings);
        let mut found = Vec::new();
        let mut add = |id: Id, condition: Option<Condition>| found.extend(condition.map(|condition| (id, condition)));

        macro_rules! each {
            ($($field:ident => |$id:ident| $read:expr;)*) => {
                $(if let Some(At { id: $id, .. }) = source.$field { add($id, $read); })*
            };
        }
        each! {
            equal => |id| self.value(id, "`equal`", subject).map(Condition::Equal);
            not_equal => |id| self.value(id, "`not_equal`", subject).map(Condition::NotEqual);
            gt => |id| self.field(id, "`gt`").map(Condition::Gt);
            gte => |id| self.field(id, "`gte`").map(Condition::Gte);
            lt => |id| self.field(id, "`lt`").map(Condition::Lt);
            lte => |id| self.field(id, "`lte`").map(Condition::Lte);
            between => |id| self.between(id);
            one_of => |id| self.one_of(id, subject);
            contains => |id| self.value(id, "`contains`", subject).map(Condition::Contains);
            not_contains => |id| self.value(id, "`not_contains`", subject).map(Condition::NotContains);
            starts_with => |id| self.template(id, "`starts_with`").map(Condition::StartsWith);
            ends_with => |id| self.template(id, "`ends_with`").map(Condition::EndsWith);
            matches => |id| self.pattern(id, "`matches`").map(Condition::Matches);
            exists => |id| self.field(id, "`exists`").map(Condition::Exists);
            r#type => |id| self.json_type(id).map(Condition::Type);
            length => |id| self.matcher(id, "`length`", Subject::Number).map(|matcher| Condition::Length(Box::new(matcher)));
            empty => |id| self.field(id, "`empty`").map(Condition::Empty);
            not => |id| self.matcher(id, "`not`", subject).map(|matcher| Condition::Not(Box::new(matcher)));
        }
        // In the order of the text.
        found.sort_by_key(|(id, _)| id.number());
        let conditions: Vec<_> = found.into_iter().map(|(_, condition)| condition).collect();
        (!conditions.is_empty()).then_some(Matcher { conditions, bare: false })
    }

    /// A value to compare with.
    fn value(&mut self, id: Id, what: &str, subject: Subject) -> Option<Tree> {
        match subject {
            Subject::Json => Some(self.tree(id)),
            Subject::Text => {
                if self.is_null(id) {
                    self.error_with_hint(
                        "missing",
                        id,
                        format!("{what} has no value."),
                        "Write `\"\"` for an empty text.",
                    );
                    return None;
                }
                self.spelled(id, what)
            }
            Subject::Number => Some(match self.field::<Number>(id, what)? {
                Field::Known(number) => Tree::scalar(Value::Number(number)),
                Field::Later(template) => Tree::text(template),
            }),
        }
    }

    fn between(&mut self, id: Id) -> Option<Condition> {
        let ends = self.elements(id, "`between`");
        let &[low, high] = ends else {
            if matches!(self.document.kind(id), Kind::List(_)) {
                self.error_with_hint(
                    "value",
                    id,
                    format!("`between` wants two numbers, found {}.", ends.len()),
                    "Write `between: [1, 10]`; both ends are included.",
                );
            }
            return None;
        };
        let low_value = self.field::<Number>(low, "`between`");
        let high_value = self.field::<Number>(high, "`between`");
        if let (Some(Field::Known(low)), Some(Field::Known(high))) = (&low_value, &high_value)
            && low.as_f64() > high.as_f64()
        {
            self.error_with_hint(
                "value",
                id,
                format!("`between` can never hold: {low} is above {high}."),
                format!("Write `between: [{high}, {low}]`."),
            );
        }
        Some(Condition::Between(low_value?, high_value?))
    }

    fn one_of(&mut self, id: Id, subject: Subject) -> Option<Condition> {
        let list = self.elements(id, "`one_of`");
        if list.is_empty() {
            if matches!(self.document.kind(id), Kind::List(_)) {
                self.error("missing", id, "`one_of` can never hold: its list is empty.");
            }
            return None;
        }
        let values = list.iter().filter_map(|id| self.value(*id, "`one_of`", subject)).collect();
        Some(Condition::OneOf(values))
    }

    fn json_type(&mut self, id: Id) -> Option<JsonType> {
        let text = self.literal(id, "`type`")?;
        let found = JsonType::ALL.into_iter().find(|json_type| json_type.as_str() == text);
        if found.is_none() {
            let hint = match text {
                "array" => "Did you mean `list`?".to_owned(),
                "bool" => "Did you mean `boolean`?".to_owned(),
                "int" => "Did you mean `integer`?".to_owned(),
                _ => suggestion::hint(text, &JsonType::ALL.map(JsonType::as_str)),
            };
            self.error_with_hint("value", id, format!("`{}` is no type.", cut(text)), hint);
        }
        found
    }
}

//! What the fake holds, as its control path tells it.

use serde_json::Value;

/// A copy of the fake's world at one moment.
#[derive(Debug, Clone)]
pub struct World(Value);

impl World {
    pub(crate) fn new(world: Value) -> Self {
        Self(world)
    }

    /// The text at a JSON pointer, such as `/members/0/id`. Panics when there is none.
    #[must_use]
    pub fn text(&self, pointer: &str) -> String {
        self.0
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("the fake's world has no {pointer}: {}", self.0))
            .to_owned()
    }

    /// All things of a kind: `members`, `spaces`, `posts`, `messages`.
    #[must_use]
    pub fn all(&self, kind: &str) -> &[Value] {
        self.0[kind]
            .as_array()
            .unwrap_or_else(|| panic!("the fake's world has no {kind}"))
    }

    /// The one thing of a kind whose field has this value. Panics unless there is
    /// exactly one.
    #[must_use]
    pub fn one(&self, kind: &str, field: &str, value: &str) -> &Value {
        match *self.matching(kind, field, value) {
            [one] => one,
            ref found => panic!("{} {kind} have {field} {value}: {found:?}", found.len()),
        }
    }

    /// The things of a kind whose field has this value.
    #[must_use]
    pub fn matching(&self, kind: &str, field: &str, value: &str) -> Vec<&Value> {
        let all = self.all(kind).iter();
        all.filter(|thing| thing[field] == value).collect()
    }
}

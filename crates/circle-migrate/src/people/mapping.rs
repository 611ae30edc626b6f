//! The mapping file: what of Circle becomes what of BetterMode, where nobody can guess.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use bettermode::{CustomField, FieldType, MemberField};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::snapshot::ProfileValue;

/// Why a mapping cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MappingError {
    /// The file cannot be read.
    #[error("could not read the mapping {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is no mapping.
    #[error("the mapping {} cannot be understood: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        message: String,
    },
    /// It names fields that the network does not have.
    #[error(
        "the mapping names profile fields that the network does not have: {}; make them under \
         Settings, Profile fields, or take them out",
        missing.join(", ")
    )]
    NoSuchField {
        /// Their keys.
        missing: Vec<String>,
    },
}

/// A mapping file.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mapping {
    /// Circle's key of a profile field, and BetterMode's.
    pub fields: BTreeMap<String, String>,
    /// Labels, join dates, who is left out.
    pub people: PeopleMapping,
    /// Circle's id of a space, and BetterMode's of the one that takes its place.
    pub spaces: BTreeMap<String, String>,
}

/// The part about people.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PeopleMapping {
    /// Who bears one of these labels is not moved.
    pub exclude_tags: Vec<String>,
    /// The profile field that labels go into.
    pub tags_field: Option<String>,
    /// Whether accounts keep the date when people joined.
    pub join_date: bool,
}

impl Default for PeopleMapping {
    fn default() -> Self {
        Self {
            exclude_tags: Vec::new(),
            tags_field: None,
            join_date: true,
        }
    }
}

#[expect(
    clippy::derivable_impls,
    reason = "serde's default and ours are to be the same, said once"
)]
impl Default for Mapping {
    fn default() -> Self {
        Self {
            fields: BTreeMap::new(),
            people: PeopleMapping::default(),
            spaces: BTreeMap::new(),
        }
    }
}

impl Mapping {
    /// Reads a mapping; without a file, an empty one.
    ///
    /// # Errors
    /// [`MappingError`] when it cannot be read or understood.
    pub fn load(path: Option<&Path>) -> Result<Self, MappingError> {
        let Some(path) = path else {
            return Ok(Self::default());
        };
        let text = std::fs::read_to_string(path).map_err(|source| MappingError::Io {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|error| MappingError::Syntax {
            path: path.to_owned(),
            message: error.to_string(),
        })
    }

    /// Checks that the network has every field that is named.
    ///
    /// # Errors
    /// [`MappingError::NoSuchField`].
    pub fn check(&self, fields: &[MemberField]) -> Result<(), MappingError> {
        let named = self.fields.values().chain(&self.people.tags_field);
        let missing = named.filter(|key| !fields.iter().any(|field| field.key == **key));
        let missing: Vec<String> = missing.cloned().collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(MappingError::NoSuchField { missing })
    }

    /// Whether anything of a profile is mapped.
    #[must_use]
    pub fn has_fields(&self) -> bool {
        !self.fields.is_empty() || self.people.tags_field.is_some()
    }
}

/// A Circle value as a field of BetterMode takes it; `None` when it cannot.
pub(super) fn convert(value: &ProfileValue, field: &MemberField) -> Option<CustomField> {
    let text = match value {
        ProfileValue::Text(text) => text.trim().to_owned(),
        ProfileValue::List(texts) => texts.join(", "),
        ProfileValue::Other(Value::Bool(truth)) => truth.to_string(),
        ProfileValue::Other(Value::Number(number)) => number.to_string(),
        ProfileValue::Other(_) => return None,
    };
    let value = match &field.kind {
        FieldType::Text => json!(text),
        FieldType::RichText => json!(format!("<p>{}</p>", ammonia::clean_text(&text))),
        FieldType::Number => Value::Number(text.parse().ok()?),
        FieldType::Boolean => match text.to_lowercase().as_str() {
            "true" | "yes" | "1" => json!(true),
            "false" | "no" | "0" => json!(false),
            _ => return None,
        },
        FieldType::Date => json!(text.parse::<jiff::Timestamp>().ok()?.to_string()),
        FieldType::Array => match value {
            ProfileValue::List(texts) => json!(texts),
            _ => json!([text]),
        },
        _ => return None,
    };
    Some(CustomField {
        key: field.key.clone(),
        json_value: value.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(kind: FieldType) -> MemberField {
        MemberField {
            key: "k".to_owned(),
            name: "K".to_owned(),
            kind,
        }
    }

    fn converted(value: &ProfileValue, kind: FieldType) -> Option<String> {
        convert(value, &field(kind)).map(|field| field.json_value)
    }

    #[test]
    fn values_become_what_the_field_takes_and_what_cannot_is_left_out() {
        let list = ProfileValue::List(vec!["A".to_owned(), "B".to_owned()]);
        let text = |text: &str| ProfileValue::Text(text.to_owned());
        let is = |value: &str| Some(value.to_owned());
        assert_eq!(converted(&list, FieldType::Text), is("\"A, B\""));
        assert_eq!(converted(&list, FieldType::Array), is("[\"A\",\"B\"]"));
        assert_eq!(converted(&text("A"), FieldType::Array), is("[\"A\"]"));
        assert_eq!(converted(&text(" 42 "), FieldType::Number), is("42"));
        assert_eq!(converted(&text("many"), FieldType::Number), None);
        assert_eq!(converted(&text("Yes"), FieldType::Boolean), is("true"));
        assert_eq!(converted(&text("maybe"), FieldType::Boolean), None);
        assert_eq!(converted(&text("x"), FieldType::Relation), None);
        let html = converted(&text("a<b"), FieldType::RichText).unwrap();
        assert!(html.contains("a&lt;b"), "{html}");
    }

    #[test]
    fn a_mapping_with_a_word_that_is_none_is_refused_and_absent_parts_have_defaults() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mapping.toml");
        std::fs::write(&path, "[fields]\nlocation = \"city\"\n").unwrap();
        let mapping = Mapping::load(Some(&path)).unwrap();
        assert!(mapping.people.join_date && mapping.fields["location"] == "city");
        let missing = mapping.check(&[field(FieldType::Text)]).unwrap_err();
        assert!(missing.to_string().contains("city"), "{missing}");
        std::fs::write(&path, "[people]\nexclude = [\"x\"]\n").unwrap();
        let wrong = Mapping::load(Some(&path)).unwrap_err();
        assert!(matches!(wrong, MappingError::Syntax { .. }), "{wrong}");
    }
}

//! Ids, one type each, so that none is sent where another belongs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is no id of Notion's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("use an id of Notion's: 32 hexadecimal digits, with or without dashes")]
pub struct InvalidId;

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The id in lower case with dashes, as Notion writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text.trim())
                    .map(|id| Self(id.hyphenated().to_string()))
                    .map_err(|_| InvalidId)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

uuid_id! {
    /// A database: what people see; it holds one data source or several.
    DatabaseId
}
uuid_id! {
    /// A data source: columns and rows.
    DataSourceId
}
uuid_id! {
    /// A page; a row of a data source is one.
    PageId
}

/// The id of a column. It stays when people rename the column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PropertyId(String);

impl PropertyId {
    /// The id as Notion's schema gives it, percent-encoded characters included.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as Notion wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PropertyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_with_and_without_dashes_are_the_same() {
        let bare: PageId = "0F0E0D0C0B0A49088706050403020100".parse().unwrap();
        let dashed: PageId = "0f0e0d0c-0b0a-4908-8706-050403020100".parse().unwrap();
        assert_eq!(bare, dashed);
        assert_eq!(bare.as_str(), "0f0e0d0c-0b0a-4908-8706-050403020100");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "hub", "0f0e0d0c-0b0a-4908-8706-05040302010"] {
            assert_eq!(text.parse::<DataSourceId>(), Err(InvalidId), "{text}");
        }
    }
}

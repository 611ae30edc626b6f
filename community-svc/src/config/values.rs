//! Types of single settings that have no type elsewhere.

use std::fmt;
use std::str::FromStr;

use bettermode::GenerationChoice;
use url::Url;

/// `BETTERMODE_API_GENERATION`: which of the vendor's schemas to speak.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Generation {
    #[default]
    Auto,
    Published,
    Newer,
}

impl FromStr for Generation {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "published" => Ok(Self::Published),
            "newer" => Ok(Self::Newer),
            _ => Err("use auto, published or newer"),
        }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Published => "published",
            Self::Newer => "newer",
        })
    }
}

impl From<Generation> for GenerationChoice {
    fn from(generation: Generation) -> Self {
        match generation {
            Generation::Auto => Self::Auto,
            Generation::Published => Self::Published,
            Generation::Newer => Self::Newer,
        }
    }
}

#[expect(clippy::expect_used, reason = "a constant that a test parses too")]
pub(super) fn default_api_url() -> Url {
    bettermode::DEFAULT_API_URL
        .parse()
        .expect("the default URL is a URL")
}

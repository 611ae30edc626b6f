//! What a caller may do.

use std::fmt;
use std::str::FromStr;

/// One thing that a caller may do; `methods.rs` says which method needs which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Read members, posts, events, activities.
    Read = 1,
    /// Change the community: messages, posts, members.
    Write = 2,
    /// Bring webhooks and ask how to answer them; for the edge.
    Ingest = 4,
    /// Replay webhooks, look at what was given up on, erase a member's data.
    Admin = 8,
}

impl Scope {
    const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Ingest, Self::Admin];

    fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Ingest => "ingest",
            Self::Admin => "admin",
        }
    }
}

/// Several scopes; written `read+write`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Scopes(u8);

impl Scopes {
    /// These.
    #[must_use]
    pub const fn of(scopes: &[Scope]) -> Self {
        let mut bits = 0;
        let mut at = 0;
        while at < scopes.len() {
            bits |= scopes[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    /// Whether one of them is among the others.
    #[must_use]
    pub const fn intersects(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }
}

impl FromStr for Scopes {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bits = 0;
        for word in text.split('+').map(str::trim) {
            let scope = Scope::ALL.into_iter().find(|scope| scope.name() == word);
            let scope = scope.ok_or_else(|| {
                // What stands here may be half of a hash or a token.
                "its scopes are not read, write, ingest or admin, joined by +".to_owned()
            })?;
            bits |= scope as u8;
        }
        Ok(Self(bits))
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = Scope::ALL
            .into_iter()
            .filter(|scope| self.0 & *scope as u8 != 0);
        for (index, scope) in held.enumerate() {
            if index > 0 {
                f.write_str("+")?;
            }
            f.write_str(scope.name())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scopes({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        for text in ["read", "read+write", "read+write+ingest+admin", "admin"] {
            assert_eq!(text.parse::<Scopes>().unwrap().to_string(), text);
        }
        assert_eq!(
            " write + read ".parse(),
            Ok(Scopes::of(&[Scope::Read, Scope::Write]))
        );
        for text in ["", "all", "read,write", "read+", "Read"] {
            assert!(text.parse::<Scopes>().is_err(), "{text}");
        }
    }

    #[test]
    fn one_scope_in_common_is_enough_and_none_is_not() {
        let some = Scopes::of(&[Scope::Read, Scope::Admin]);
        assert!(some.intersects(Scopes::of(&[Scope::Admin, Scope::Ingest])));
        assert!(!some.intersects(Scopes::of(&[Scope::Write, Scope::Ingest])));
    }
}

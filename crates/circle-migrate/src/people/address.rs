//! An e-mail address as two communities are matched by it.

use std::fmt;

use bettermode::{Email, InvalidEmail};
use unicode_normalization::UnicodeNormalization as _;

/// An address: trimmed, in Unicode's composed form, in lower case. Nothing else is taken
/// off: `ada+x@` and `ada@` are two people. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(String);

impl Address {
    /// Normalises an address.
    ///
    /// # Errors
    /// [`InvalidEmail`] when it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let composed: String = text.nfc().collect();
        Email::parse(&composed).map(|email| Self::composed(&email))
    }

    /// The composed form of a parsed address.
    pub(crate) fn composed(email: &Email) -> Self {
        // Lower case can take letters apart again.
        Self(email.as_str().nfc().collect())
    }

    /// The address for BetterMode.
    ///
    /// # Errors
    /// [`InvalidEmail`] never, for an address that was parsed.
    pub fn email(&self) -> Result<Email, InvalidEmail> {
        Email::parse(&self.0)
    }

    /// The text, for the ledger alone. Never log it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address for people to recognise and nobody to copy: `a…@example.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.split_once('@').unwrap_or((&self.0, ""));
        let first: String = local.chars().take(1).collect();
        format!("{first}…@{domain}")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn space_case_and_composition_do_not_matter_and_tags_and_dots_do() {
        let plain = parsed("renée@example.org");
        assert_eq!(parsed(" Rene\u{301}e@Example.ORG\n"), plain);
        assert_eq!(parsed("RENE\u{301}E@example.org"), plain);
        assert_ne!(parsed("renée+x@example.org"), plain);
        assert_ne!(parsed("ren.ée@example.org"), plain);
    }

    #[test]
    fn the_debug_form_and_the_masked_form_hide_it() {
        let ada = parsed("ada@example.com");
        assert_eq!(format!("{ada:?}"), "Address(redacted)");
        assert_eq!(ada.masked(), "a…@example.com");
    }
}

//! An e-mail address as this client compares it.
//!
//! Not a check that mail could be delivered: the vendor's search is free text,
//! and what counts is that two spellings of one address compare equal.

use std::fmt;

/// An address, trimmed and in lower case, with exactly one `@` and something on
/// both sides of it. `Debug` hides it and there is no `Display`, so that it does
/// not reach a log by accident.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// The text is not an e-mail address. Says nothing about the text itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an e-mail address has exactly one @ with text on both sides and no space in it")]
pub struct InvalidEmail;

impl Email {
    /// Normalises an address.
    ///
    /// # Errors
    /// [`InvalidEmail`] when there is not exactly one `@`, nothing on one side
    /// of it, or white space or a control character inside.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        let normal = text.trim().to_lowercase();
        let (local, domain) = normal.split_once('@').ok_or(InvalidEmail)?;
        let empty_side = local.is_empty() || domain.is_empty();
        if empty_side
            || domain.contains('@')
            || normal.contains(|c: char| c.is_whitespace() || c.is_control())
        {
            return Err(InvalidEmail);
        }
        Ok(Self(normal))
    }

    /// The normalised address. Never log it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_debug_form_hides_the_address() {
        let email = Email::parse("ada@example.com").unwrap();
        assert_eq!(format!("{email:?}"), "Email(redacted)");
    }

    #[test]
    fn text_that_is_no_address_is_refused() {
        for text in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.com",
            "a@b@c",
            "a b@c.d",
            "a@b\n.c",
        ] {
            assert_eq!(Email::parse(text), Err(InvalidEmail), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn case_and_surrounding_space_do_not_matter(
            local in "[a-zA-Z0-9.+_-]{1,20}", domain in "[a-zA-Z0-9.-]{1,20}", before in "[ \t]{0,3}", after in "[ \t\n]{0,3}",
        ) {
            let plain = Email::parse(&format!("{local}@{domain}")).unwrap();
            let dressed = format!("{before}{}@{}{after}", local.to_uppercase(), domain.to_lowercase());
            prop_assert_eq!(&Email::parse(&dressed).unwrap(), &plain);
            prop_assert_eq!(&Email::parse(plain.as_str()).unwrap(), &plain);
        }

        #[test]
        fn whatever_is_accepted_has_one_at_sign_and_no_space(text in any::<String>()) {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(email.as_str().matches('@').count(), 1);
                prop_assert!(!email.as_str().contains(char::is_whitespace));
            }
        }
    }
}

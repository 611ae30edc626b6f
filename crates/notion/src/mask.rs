//! Texts of Notion's errors, without what they may repeat of our values.

/// The longest text that is kept, in characters.
const MOST: usize = 300;

/// The text with every word that could be an address replaced, cut to a length that a
/// log line bears.
pub(crate) fn masked(text: &str) -> String {
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        if word.contains('@') {
            let space = word.ends_with(char::is_whitespace);
            if space { "[address] " } else { "[address]" }
        } else {
            word
        }
    });
    let masked: String = words.collect();
    masked.chars().take(MOST).collect()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn addresses_do_not_pass() {
        let text = "body.properties.Email.email: \"ada@example.org\" is too long";
        let masked = masked(text);
        assert!(!masked.contains("ada"), "{masked}");
        assert!(masked.contains("body.properties.Email.email:"), "{masked}");
    }
}

//! A webhook's body for people: indented, cut, its e-mail addresses masked.
//!
//! The order of its fields and the digits of its numbers stay as they came. What is no
//! JSON is shown as text. A page escapes it like any other text.

/// Deeper levels are indented no further: a body of brackets would grow without end.
const DEEPEST: usize = 24;

/// So much more is looked at than is shown, so that no address is cut into a part that
/// does not look like one; an address has at most 254 characters (RFC 5321).
const MARGIN: usize = 1024;

/// Other ways to write an at sign in texts that are HTML or part of a URL.
const AT_SIGNS: [&str; 6] = ["@", "%40", "&#64;", "&#x40;", "&#X40;", "&commat;"];

/// What stands for what is masked.
const MASK: &str = "\u{2022}\u{2022}\u{2022}";

/// A body as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) text: String,
    /// More was there than is shown.
    pub(super) is_cut: bool,
    /// How many addresses were masked.
    pub(super) masked: usize,
}

/// At most about `limit` characters of the body, with its addresses masked.
pub(super) fn masked(body: &[u8], limit: usize) -> Shown {
    let (text, was_cut) = indented(body, limit + MARGIN);
    let (text, masked) = mask(&text);
    let (text, is_cut) = cut(text, limit);
    Shown {
        text,
        is_cut: is_cut || was_cut,
        masked,
    }
}

/// The same with its addresses.
pub(super) fn revealed(body: &[u8], limit: usize) -> Shown {
    let (text, is_cut) = indented(body, limit);
    Shown {
        text,
        is_cut,
        masked: 0,
    }
}

fn cut(mut text: String, limit: usize) -> (String, bool) {
    match text.char_indices().nth(limit) {
        Some((end, _)) => {
            text.truncate(end);
            (text, true)
        }
        None => (text, false),
    }
}

/// Indents JSON by its brackets and commas alone, up to about `limit` characters.
fn indented(body: &[u8], limit: usize) -> (String, bool) {
    let text = String::from_utf8_lossy(body);
    if serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
        return cut(text.into_owned(), limit);
    }
    let mut out = String::new();
    let mut depth = 0_usize;
    let mut characters = text.chars().peekable();
    let mut written = 0;
    while let Some(character) = characters.next() {
        if written >= limit {
            return (out, true);
        }
        written += 1;
        match character {
            '"' => written += string(&mut characters, &mut out, limit - written),
            '{' | '[' => {
                out.push(character);
                while characters.next_if(|next| next.is_whitespace()).is_some() {}
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    written += line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                written += line(&mut out, depth);
                out.push(character);
            }
            ',' => {
                out.push(',');
                written += line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            space if space.is_whitespace() => {}
            other => out.push(other),
        }
    }
    (out, false)
}

fn line(out: &mut String, depth: usize) -> usize {
    let indent = 2 * depth.min(DEEPEST);
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    indent
}

/// Copies a string to its closing quote. Escapes of plain letters are undone, so that no
/// address hides behind them; says how much was written.
fn string(
    characters: &mut std::iter::Peekable<std::str::Chars<'_>>,
    out: &mut String,
    limit: usize,
) -> usize {
    out.push('"');
    let mut written = 0;
    while let Some(character) = characters.next() {
        written += 1;
        out.push(character);
        if character == '"' || written >= limit {
            break;
        }
        if character == '\\'
            && let Some(escaped) = characters.next()
        {
            written += 1;
            out.push(escaped);
            if escaped == 'u' {
                let digits: String = characters.by_ref().take(4).collect();
                out.push_str(&digits);
                written += 4;
                undo(out, &digits);
            }
        }
    }
    written
}

/// Puts the letter in the place of the `\u0040` at the end, where it is a plain one.
fn undo(out: &mut String, digits: &str) {
    let code = u32::from_str_radix(digits, 16).ok();
    let letter = code.and_then(char::from_u32);
    if let Some(letter) = letter.filter(char::is_ascii_graphic)
        && !matches!(letter, '"' | '\\')
    {
        out.truncate(out.len() - 6);
        out.push(letter);
    }
}

/// Masks everything that looks like an address: letters on both sides of an at sign.
/// Better too much than too little.
fn mask(text: &str) -> (String, usize) {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut masked = 0;
    while let Some((place, sign)) = next_at(rest) {
        let (before, after) = (&rest[..place], &rest[place + sign.len()..]);
        let local = before.len() - before.trim_end_matches(in_local_part).len();
        let domain = after.len() - after.trim_start_matches(in_domain).len();
        let (lead, name) = before.split_at(before.len() - local);
        out.push_str(lead);
        if local == 0 || domain == 0 {
            out.push_str(name);
            out.push_str(sign);
            rest = after;
            continue;
        }
        masked += 1;
        out.extend(name.chars().next());
        out.push_str(MASK);
        out.push_str(sign);
        out.push_str(MASK);
        if let Some((_, ending)) = after[..domain].trim_end_matches('.').rsplit_once('.') {
            out.push('.');
            out.push_str(ending);
        }
        rest = &after[domain..];
    }
    out.push_str(rest);
    (out, masked)
}

/// Looks at each character once, so that a body of at signs costs no more than others.
fn next_at(text: &str) -> Option<(usize, &'static str)> {
    let mut candidates = text
        .char_indices()
        .filter(|(_, character)| matches!(character, '@' | '%' | '&'));
    candidates.find_map(|(place, _)| {
        let sign = AT_SIGNS
            .iter()
            .find(|sign| text[place..].starts_with(**sign));
        sign.map(|sign| (place, *sign))
    })
}

fn in_local_part(character: char) -> bool {
    character.is_alphanumeric() || ".!#$'*+-=?^_`{|}~".contains(character)
}

fn in_domain(character: char) -> bool {
    character.is_alphanumeric() || ".-".contains(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn json_is_indented_and_otherwise_as_it_came() {
        let body = br#"{"b":1.50,"a":[],"c":{"d":[true,"x, {y}: \"z\""]} , "e":{ }}"#;
        let expected = r#"{
  "b": 1.50,
  "a": [],
  "c": {
    "d": [
      true,
      "x, {y}: \"z\""
    ]
  },
  "e": {}
}"#;
        assert_eq!(revealed(body, 10_000).text, expected);
    }

    #[test]
    fn what_is_no_json_is_shown_as_text() {
        let shown = masked(b"<b>not json \xff ada@example.com", 100);
        assert_eq!(shown.text, "<b>not json \u{fffd} a•••@•••.com");
        assert_eq!((shown.is_cut, shown.masked), (false, 1));
    }

    #[test]
    fn addresses_are_masked_however_they_are_written() {
        for (body, expected) in [
            (r#""ada@example.com""#, r#""a•••@•••.com""#),
            (
                r#""ada.lovelace+x@mail.example.co.uk,bob@b.org""#,
                r#""a•••@•••.uk,b•••@•••.org""#,
            ),
            (r#""ada\u0040example.com""#, r#""a•••@•••.com""#),
            (r#""\u0061d\u0061@ex\u0061mple.com""#, r#""a•••@•••.com""#),
            (
                r#""<a href='mailto:ada%40example.com'>""#,
                r#""<a href='mailto:a•••%40•••.com'>""#,
            ),
            (r#""ada&#64;example.com""#, r#""a•••&#64;•••.com""#),
            (r#""zo\u00eb@example.com""#, r#""zo\u•••@•••.com""#),
            (r#""Zoë@bücher.example""#, r#""Z•••@•••.example""#),
            (r#""root@localhost""#, r#""r•••@•••""#),
        ] {
            let shown = masked(body.as_bytes(), 1_000);
            assert_eq!(shown.text, expected);
            assert!(shown.masked > 0);
            assert!(!shown.text.contains("example.com"), "{}", shown.text);
        }
        let mention = masked(br#""@ada, see https://example.com/@bob @""#, 100);
        assert_eq!(mention.masked, 0);
        assert!(mention.text.contains("/@bob"));
    }

    #[test]
    fn no_address_is_cut_into_something_else() {
        let body = format!("\"{} ada.lovelace@example.com\"", "x".repeat(90));
        for limit in 80..130 {
            let shown = masked(body.as_bytes(), limit);
            assert!(!shown.text.contains("ada."), "{limit}: {}", shown.text);
            assert!(shown.text.chars().count() <= limit);
        }
    }

    #[test]
    fn a_body_of_brackets_stays_small() {
        let depth = 100;
        let body = "[".repeat(depth) + "1" + &"]".repeat(depth);
        let shown = masked(body.as_bytes(), 100_000);
        assert!(shown.text.len() < 2 * depth * (2 * DEEPEST + 2) + 10);
        let shown = masked(&b"[[],".repeat(100_000), 500);
        assert!(shown.is_cut && shown.text.len() <= 500);
    }

    proptest! {
        #[test]
        fn any_body_is_shown_within_the_limit(body in proptest::collection::vec(any::<u8>(), 0..600), limit in 1_usize..400) {
            let shown = masked(&body, limit);
            prop_assert!(shown.text.chars().count() <= limit);
            let _any = revealed(&body, limit);
        }

        #[test]
        fn indenting_changes_nothing_but_blanks(text in "[a-z\"\\\\{}@é ]{0,40}", number in any::<i64>()) {
            let value = serde_json::json!({ "text": text, "list": [number, { "deep": text }, [], {}] });
            let shown = revealed(value.to_string().as_bytes(), 10_000);
            let again: serde_json::Value = serde_json::from_str(&shown.text).unwrap();
            prop_assert_eq!(again, value);
        }
    }
}

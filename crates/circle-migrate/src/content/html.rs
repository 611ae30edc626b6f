//! Text on its way from one community to the other.

use std::borrow::Cow;

use jiff::Timestamp;

/// HTML that is safe to show; plain text becomes paragraphs.
pub(super) fn clean(text: &str) -> String {
    let html = text.contains('<') && text.contains('>');
    if html {
        return ammonia::clean(text);
    }
    let paragraphs = text
        .split("\n\n")
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let paragraph = |part: &str| {
        let lines: Vec<_> = part.lines().map(escape).collect();
        format!("<p>{}</p>", lines.join("<br>"))
    };
    paragraphs.map(paragraph).collect()
}

/// Who wrote it and when, for text that belongs to somebody else now.
pub(super) fn attribution(name: Option<&str>, at: Timestamp) -> String {
    let name = escape(name.unwrap_or("a former member"));
    let day = at.strftime("%Y-%m-%d");
    format!("<p><em>Written by {name} on {day}.</em></p>")
}

/// A title for what has none: its first words.
pub(super) fn title_of(html: &str) -> Option<String> {
    const LONGEST: usize = 60;
    let text = plain(html);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.is_empty() {
        return None;
    }
    if words.chars().count() <= LONGEST {
        return Some(words);
    }
    let cut: String = words.chars().take(LONGEST).collect();
    let whole = cut
        .rsplit_once(' ')
        .map_or(cut.as_str(), |(before, _)| before);
    Some(format!("{whole}…"))
}

fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for letter in html.chars() {
        match letter {
            '<' => inside = true,
            '>' => {
                inside = false;
                text.push(' ');
            }
            _ if !inside => text.push(letter),
            _ => {}
        }
    }
    text
}

fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return text.into();
    }
    let text = text
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    text.replace('"', "&quot;").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_go_and_plain_text_becomes_paragraphs() {
        let cleaned = clean("<p onclick=\"x()\">Hi</p><script>x()</script>");
        assert_eq!(cleaned, "<p>Hi</p>");
        assert_eq!(
            clean("One & two\nthree\n\nFour"),
            "<p>One &amp; two<br>three</p><p>Four</p>"
        );
        assert_eq!(clean("  "), "");
    }

    #[test]
    fn a_title_is_made_of_the_first_words() {
        assert_eq!(
            title_of("<p>Hello <b>you</b></p>").as_deref(),
            Some("Hello you")
        );
        let long = title_of(&"word ".repeat(40)).unwrap();
        assert!(
            long.ends_with("word…") && long.chars().count() <= 61,
            "{long}"
        );
        assert_eq!(title_of("<img src=\"x\">"), None);
    }

    #[test]
    fn an_attribution_cannot_smuggle_markup() {
        let text = attribution(Some("<b>Ada</b>"), "2024-02-03T00:00:00Z".parse().unwrap());
        assert_eq!(
            text,
            "<p><em>Written by &lt;b&gt;Ada&lt;/b&gt; on 2024-02-03.</em></p>"
        );
    }
}

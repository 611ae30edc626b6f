//! What may be in a post or message: text becomes HTML, HTML is cleaned.
//!
//! The allow-list is ammonia's default (formatting, links, lists, tables, images;
//! no scripts, styles, forms or event handlers, `rel="noopener noreferrer"` on
//! links), plus BetterMode's mentions: `data-type` and `data-id` on `<a>`.

use std::sync::LazyLock;

use ammonia::Builder;

static ALLOW_LIST: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder.add_tag_attributes("a", ["data-type", "data-id"]);
    builder
});

/// Plain text as HTML: escaped; a blank line starts a paragraph, a line break
/// stays one.
#[must_use]
pub fn from_text(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let mut html = String::with_capacity(text.len() + 16);
    for paragraph in text.split("\n\n").map(|part| part.trim_matches('\n')) {
        if paragraph.is_empty() {
            continue;
        }
        html.push_str("<p>");
        for (index, line) in paragraph.split('\n').enumerate() {
            if index > 0 {
                html.push_str("<br>");
            }
            escape_into(line, &mut html);
        }
        html.push_str("</p>");
    }
    html
}

/// HTML without what is not on the allow-list.
#[must_use]
pub fn sanitise(html: &str) -> String {
    ALLOW_LIST.clean(html).to_string()
}

/// What HTML says without its markup and spacing: stays the same when somebody rewrites
/// the markup. Of HTML that says nothing, such as a picture, the HTML itself.
#[must_use]
pub fn essence(html: &str) -> String {
    let text = Builder::empty().clean(html).to_string();
    let text: String = text.replace("&nbsp;", "").split_whitespace().collect();
    if text.is_empty() {
        return sanitise(html);
    }
    text
}

fn escape_into(line: &str, html: &mut String) {
    for character in line.chars() {
        match character {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            other => html.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_is_escaped_and_keeps_its_lines() {
        assert_eq!(
            from_text("Tom & <Jerry>\nsecond line\n\nnew paragraph"),
            "<p>Tom &amp; &lt;Jerry&gt;<br>second line</p><p>new paragraph</p>"
        );
    }

    #[test]
    fn scripts_and_handlers_go_while_formatting_and_mentions_stay() {
        let mention = r#"<a data-type="mention" data-id="m1">Ada</a>"#;
        let cleaned = sanitise(&format!(
            "<p onclick=\"x()\"><b>Hi</b> {mention}<script>alert(1)</script></p>"
        ));
        assert!(cleaned.starts_with("<p><b>Hi</b>"), "{cleaned}");
        assert!(cleaned.contains(r#"data-id="m1""#), "{cleaned}");
        assert!(
            !cleaned.contains("script") && !cleaned.contains("onclick"),
            "{cleaned}"
        );
    }

    #[test]
    fn the_essence_of_html_outlives_a_rewriting_of_its_markup() {
        let ours = from_text("Tom's & <Jerry>\nsecond");
        for theirs in [
            "<div>Tom's &amp; &lt;Jerry&gt;<br />second</div>",
            "<p>Tom&#39;s\u{a0}&amp; <span class=\"x\">&lt;Jerry&gt;</span></p>\n<p>second</p>",
        ] {
            assert_eq!(essence(theirs), essence(&ours));
        }
        assert_ne!(essence("<p>Hello</p>"), essence("<p>Hallo</p>"));
        let picture = |name: &str| essence(&format!("<p><img src=\"https://a.b/{name}\"></p>"));
        assert_ne!(picture("a.png"), picture("b.png"));
    }

    proptest! {
        #[test]
        fn escaped_text_survives_the_sanitiser_unchanged_in_meaning(text in "[ -~\n]{0,200}") {
            // Whatever people type, nothing of it becomes a tag.
            let html = from_text(&text);
            let tags_left = html.replace("<p>", "").replace("</p>", "").replace("<br>", "");
            prop_assert!(!tags_left.contains('<') && !tags_left.contains('>'));
        }
    }
}

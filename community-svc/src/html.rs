//! What may be in a post or message: text becomes HTML, HTML is cleaned.
//!
//! The allow-list is ammonia's default (formatting, links, lists, tables, images;
//! no scripts, styles, forms or event handlers, `rel="noopener noreferrer"` on
//! links), plus BetterMode's own marks for mentions, embeds and images: `data-type`
//! and `data-id`, which do nothing by themselves. docs/html.md has all of it; a test
//! keeps it complete.

use std::sync::LazyLock;

use ammonia::Builder;

static ALLOW_LIST: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder.add_generic_attributes(["data-type", "data-id"]);
    builder
});

static TEXT_ALONE: LazyLock<Builder<'static>> = LazyLock::new(Builder::empty);

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

/// What HTML says, without markup and white space: for telling whether two pieces say
/// the same. Pictures say nothing.
#[must_use]
pub fn words(html: &str) -> String {
    let text = TEXT_ALONE.clean(html).to_string();
    text.replace("&nbsp;", "")
        .chars()
        .filter(|letter| !letter.is_whitespace())
        .collect()
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
    use std::collections::BTreeSet;

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
    fn the_marks_of_embeds_and_images_survive_an_edit() {
        let body = "<p>Look:</p><div data-type=\"embed\" data-id=\"e1\"></div>\
                    <figure data-type=\"image\" data-id=\"i1\"></figure>";
        assert_eq!(sanitise(body), body);
    }

    /// What stands in backticks in the row that begins with this cell.
    fn listed(first_cell: &str) -> BTreeSet<String> {
        let docs = include_str!("../../docs/html.md");
        let mut rows = docs.lines();
        let row = rows.find_map(|line| line.strip_prefix(&format!("| {first_cell} | ")));
        let row = row.unwrap_or_else(|| panic!("docs/html.md has no row {first_cell}"));
        row.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    }

    fn set<'s>(names: impl IntoIterator<Item = &'s str>) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn the_documented_allow_list_is_the_one_in_force() {
        assert_eq!(listed("elements"), set(ALLOW_LIST.clone_tags()));
        let generic = ALLOW_LIST.clone_generic_attributes();
        assert_eq!(listed("attributes of any element"), set(generic));
        let schemes = ALLOW_LIST.clone_url_schemes();
        assert_eq!(listed("schemes of addresses"), set(schemes));
        for (tag, attributes) in ALLOW_LIST.clone_tag_attributes() {
            assert_eq!(listed(&format!("`{tag}`")), set(attributes), "{tag}");
        }
        let forgotten =
            ["onclick", "style", "class", "id"].map(|name| format!("<p {name}=x>y</p>"));
        for html in forgotten {
            assert_eq!(sanitise(&html), "<p>y</p>");
        }
    }

    #[test]
    fn the_same_words_are_the_same_however_they_are_marked_up() {
        let sent = "<p>Tom &amp; &quot;Jerry&quot;<br>meet</p><p>at 9</p>";
        let kept = "<div>\n<p>Tom &amp; \"Jerry\"<br />meet</p>\n<p class=\"x\">at&#32;9</p></div>";
        assert_eq!(words(sent), words(kept));
        assert_ne!(words(sent), words("<p>Tom &amp; Jerry meet</p><p>at 9</p>"));
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

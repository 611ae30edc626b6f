use proptest::prelude::*;

use super::*;

fn post_type(mappings: &[(&str, MappingType, bool)]) -> PostType {
    let mapping = |(key, kind, required): &(&str, MappingType, bool)| PostTypeMapping {
        key: (*key).to_owned(),
        kind: kind.clone(),
        required: *required,
    };
    PostType {
        id: PostTypeId::new("discussion00001"),
        name: "Discussion".to_owned(),
        slug: "discussion".to_owned(),
        mappings: mappings.iter().map(mapping).collect(),
    }
}

#[test]
fn an_article_takes_its_keys_from_the_post_type() {
    let kind = post_type(&[
        ("title", MappingType::Text, true),
        ("body", MappingType::Html, true),
    ]);
    let post = CreatePost::article(SpaceId::new("s"), &kind, "Hello", "<p>\"Hi\"</p>").unwrap();
    assert!(post.publish);
    assert_eq!(post.fields[0], MappingField::text("title", "Hello"));
    assert_eq!(post.fields[1].key, "body");
    assert_eq!(post.fields[1].json_value, r#""<p>\"Hi\"</p>""#);
}

#[test]
fn a_post_type_that_does_not_fit_an_article_is_named() {
    let no_title = post_type(&[("content", MappingType::Html, true)]);
    let no_body = post_type(&[("title", MappingType::Text, true)]);
    let more = post_type(&[
        ("title", MappingType::Text, true),
        ("content", MappingType::Html, true),
        ("date", MappingType::Date, true),
    ]);
    for kind in [no_title, no_body, more] {
        let error = CreatePost::article(SpaceId::new("s"), &kind, "t", "h").unwrap_err();
        assert!(matches!(error, Error::InvalidInput { field: Some(f), .. } if f == "post_type_id"));
    }
}

#[test]
fn both_spellings_of_a_draft_are_a_draft_and_unknown_ones_keep_their_text() {
    for text in ["DRAFT", "DRAFTED"] {
        assert_eq!(PostStatus::from(text.to_owned()), PostStatus::Draft);
    }
    let other: PostStatus = serde_json::from_str("\"SCHEDULED\"").unwrap();
    assert_eq!(other.raw(), "SCHEDULED");
    assert_eq!(serde_json::to_string(&other).unwrap(), "\"SCHEDULED\"");
}

proptest! {
    #[test]
    fn a_mapping_value_is_json_that_reads_back_as_the_text(text in any::<String>()) {
        for field in [MappingField::text("k", &text), MappingField::html("k", &text)] {
            prop_assert_eq!(&serde_json::from_str::<String>(&field.json_value).unwrap(), &text);
        }
    }
}

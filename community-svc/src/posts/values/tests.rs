use bettermode::PostTypeId;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// A type with every kind of field; title, body and the date are required.
fn gathering() -> PostType {
    let mapping = |(key, kind, required): (&str, &str, bool)| PostTypeMapping {
        key: key.to_owned(),
        kind: kind.to_owned().into(),
        required,
    };
    let mappings = [
        ("title", "text", true),
        ("content", "html", true),
        ("starts", "date", true),
        ("seats", "number", false),
        ("online", "boolean", false),
        ("notes", "html", false),
        ("cover", "image", false),
        ("topics", "textArray", false),
        ("floors", "numberArray", false),
        ("riddle", "somethingNew", false),
    ];
    PostType {
        id: PostTypeId::new("gathering000001"),
        name: "Gathering".to_owned(),
        slug: "gathering".to_owned(),
        mappings: mappings.into_iter().map(mapping).collect(),
    }
}

fn field(key: &str, value: Value) -> Field {
    Field {
        key: key.to_owned(),
        value,
    }
}

/// Title, body, the date, and these.
fn with(fields: impl IntoIterator<Item = Field>) -> Values {
    let date = field("starts", json!("2031-06-01T12:00:00+02:00"));
    Values {
        title: Some("A title".to_owned()),
        html: Some("<p>A body</p>".to_owned()),
        fields: std::iter::once(date).chain(fields).collect(),
    }
}

fn refused(result: Result<Vec<MappingField>, Error>) -> (String, String) {
    match result {
        Err(Error::InvalidField { field, rule }) => (field.into_owned(), rule),
        other => panic!("{other:?}"),
    }
}

fn json_of<'f>(fields: &'f [MappingField], key: &str) -> &'f str {
    let field = fields.iter().find(|field| field.key == key);
    &field.expect("the field").json_value
}

#[test]
fn every_value_takes_the_type_of_its_key() {
    let fields = complete(
        &gathering(),
        &with([
            field("seats", json!(12)),
            field("online", json!(false)),
            field("notes", json!("<b>x</b><script>y</script>")),
            field("cover", json!("IMAGE1")),
            field("topics", json!(["tea", "cake"])),
            field("floors", json!([1, 2.5])),
            field("riddle", json!({ "any": "thing" })),
        ]),
    )
    .unwrap();
    assert_eq!(json_of(&fields, "title"), "\"A title\"");
    // Dates as BetterMode writes them, HTML as the allow-list leaves it.
    assert_eq!(json_of(&fields, "starts"), "\"2031-06-01T10:00:00.000Z\"");
    assert_eq!(json_of(&fields, "notes"), "\"<b>x</b>\"");
    assert_eq!(json_of(&fields, "topics"), "[\"tea\",\"cake\"]");
    assert_eq!(json_of(&fields, "riddle"), "{\"any\":\"thing\"}");
    let kinds: Vec<_> = fields.iter().map(|field| field.kind.raw()).collect();
    let of_type: Vec<_> = gathering()
        .mappings
        .iter()
        .map(|m| m.kind.raw().to_owned())
        .collect();
    assert_eq!(kinds, of_type);
}

#[test]
fn a_value_of_another_type_is_refused_with_its_key() {
    for (key, value) in [
        ("starts", json!("on Monday")),
        ("starts", json!("2031-06-01")),
        ("seats", json!("12")),
        ("online", json!("yes")),
        ("notes", json!(["<p>x</p>"])),
        ("cover", json!(7)),
        ("topics", json!("tea")),
        ("topics", json!(["tea", 1])),
        ("floors", json!(["1"])),
    ] {
        let mut values = with([]);
        values.fields.retain(|known| known.key != key);
        values.fields.push(field(key, value.clone()));
        let (about, rule) = refused(complete(&gathering(), &values));
        assert!(
            about == "fields" && rule.ends_with(key),
            "{key} {value}: {about} {rule}"
        );
    }
}

#[test]
fn what_the_type_requires_and_nobody_gave_is_named_where_it_belongs() {
    let without = |change: fn(&mut Values)| {
        let mut values = with([]);
        change(&mut values);
        refused(complete(&gathering(), &values))
    };
    assert_eq!(without(|values| values.title = None).0, "title");
    assert_eq!(without(|values| values.html = None).0, "content");
    let (about, rule) = without(|values| values.fields.clear());
    assert!(about == "fields" && rule.contains("starts"), "{rule}");
    let null = without(|values| values.fields[0].value = Value::Null);
    assert_eq!(null.0, "fields");
    // By their keys they are as good.
    let values = Values {
        title: None,
        ..with([field("title", json!("By its key"))])
    };
    let fields = complete(&gathering(), &values).unwrap();
    assert_eq!(json_of(&fields, "title"), "\"By its key\"");
}

#[test]
fn unknown_keys_are_refused_unquoted_and_double_ones_by_their_key() {
    let (about, rule) = refused(complete(
        &gathering(),
        &with([field("ada@example.com", json!(1))]),
    ));
    assert!(
        about == "fields" && rule.contains("at 1") && !rule.contains("ada"),
        "{rule}"
    );
    let twice = with([field("seats", json!(1)), field("seats", json!(2))]);
    assert!(refused(complete(&gathering(), &twice)).1.contains("seats"));
    let also_the_title = with([field("title", json!("Another"))]);
    assert!(
        refused(complete(&gathering(), &also_the_title))
            .1
            .contains("title")
    );
}

#[test]
fn a_type_without_title_or_body_takes_none() {
    let mut kind = gathering();
    kind.mappings.retain(|mapping| mapping.key == "starts");
    assert_eq!(refused(complete(&kind, &with([]))).0, "title");
    let values = Values {
        title: None,
        ..with([])
    };
    assert_eq!(refused(complete(&kind, &values)).0, "content");
    let values = Values {
        html: None,
        ..values
    };
    assert_eq!(complete(&kind, &values).unwrap().len(), 1);
}

#[test]
fn a_change_keeps_what_it_does_not_name_and_takes_away_what_it_nulls() {
    let before = complete(
        &gathering(),
        &with([field("seats", json!(12)), field("online", json!(true))]),
    );
    let change = Values {
        title: Some("Another".to_owned()),
        html: None,
        fields: vec![field("seats", Value::Null), field("topics", json!([]))],
    };
    let after = merged(&gathering(), before.clone().unwrap(), &change).unwrap();
    let pairs: Vec<_> = after
        .iter()
        .map(|field| (field.key.as_str(), field.json_value.as_str()))
        .collect();
    let expected = [
        ("title", "\"Another\""),
        ("content", "\"<p>A body</p>\""),
        ("starts", "\"2031-06-01T10:00:00.000Z\""),
        ("seats", "null"),
        ("online", "true"),
        ("topics", "[]"),
    ];
    assert_eq!(pairs, expected);
    let nothing_left = Values {
        fields: vec![field("starts", Value::Null)],
        ..Values::default()
    };
    let result = merged(&gathering(), before.unwrap(), &nothing_left);
    assert_eq!(refused(result).0, "fields");
}

proptest! {
    #[test]
    fn a_title_is_never_markup_or_json(title in any::<String>()) {
        let values = Values { title: Some(title.clone()), ..with([]) };
        if let Ok(fields) = complete(&gathering(), &values) {
            let read: String = serde_json::from_str(json_of(&fields, "title")).unwrap();
            prop_assert_eq!(read, title);
        } else {
            prop_assert!(title.is_empty());
        }
    }
}

use super::*;

#[test]
fn the_default_mapping_is_a_mapping() {
    let mapping = Mapping::parse(DEFAULT).unwrap();
    assert_eq!(mapping.scoring, Scoring::default());
    assert!(mapping.activities.is_some());
    assert_eq!(mapping.members.columns.len(), 12);
}

#[test]
fn every_mistake_is_named_with_its_place() {
    let text = DEFAULT
        .replace("from = \"status\"", "from = \"state\"")
        .replace("type = \"email\"", "type = \"mail\"")
        .replace(
            "{ from = \"member\", type = \"relation\" }",
            "{ from = \"member\", type = \"select\" }",
        )
        .replace("half_life_days = 30", "half_life_days = 0");
    let error = Mapping::parse(&text).unwrap_err().to_string();
    for part in [
        "\"Membership Status\"",
        "type = \"mail\"",
        "\"Member\"",
        "half_life_days",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_key_that_nobody_knows_is_refused_with_its_line() {
    let text = DEFAULT.replace("hash = \"Sync Hash\"", "hsah = \"Sync Hash\"");
    let error = Mapping::parse(&text).unwrap_err().to_string();
    assert!(error.contains("hsah") && error.contains("line"), "{error}");
}

#[test]
fn two_titles_are_one_too_many() {
    let text = DEFAULT.replace(
        "from = \"role\", type = \"select\"",
        "from = \"role\", type = \"title\"",
    );
    let error = Mapping::parse(&text).unwrap_err().to_string();
    assert!(error.contains("exactly one"), "{error}");
}

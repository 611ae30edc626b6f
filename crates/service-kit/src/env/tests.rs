use std::io::Write as _;

use secrecy::ExposeSecret as _;

use super::*;

#[test]
fn a_value_that_is_not_set_takes_its_default() {
    let env = MapEnv::default();
    let mut settings = Settings::new(&env);
    assert_eq!(settings.parsed("PORT", 8080_u16), 8080);
    let resolved = settings.finish().unwrap();
    assert_eq!(resolved[0].to_string(), "PORT=8080 (default)");
}

#[test]
fn every_mistake_is_reported_at_once() {
    let env = MapEnv::new([("PORT", "http"), ("DEBUG", "maybe")]);
    let mut settings = Settings::new(&env);
    let _ = settings.parsed("PORT", 1_u16);
    let _ = settings.flag("DEBUG", false);
    let Invalid(lines) = settings.finish().unwrap_err();
    assert_eq!(lines.len(), 2);
    assert!(lines[0].starts_with("PORT=http: "));
    assert_eq!(lines[1], "DEBUG=maybe: use true or false");
}

#[test]
fn a_secret_is_never_shown() {
    let env = MapEnv::new([("TOKEN", "hunter2")]);
    let mut settings = Settings::new(&env);
    let token = settings.secret("TOKEN").unwrap();
    assert_eq!(token.expose_secret(), "hunter2");
    assert!(!format!("{settings:?}").contains("hunter2"));
    assert_eq!(
        settings.finish().unwrap()[0].to_string(),
        "TOKEN=[redacted] (environment)"
    );
}

#[test]
fn a_secret_can_come_from_a_file_and_loses_its_line_end() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "from-a-file").unwrap();
    let env = MapEnv::new([("TOKEN_FILE", file.path().to_str().unwrap())]);
    let mut settings = Settings::new(&env);
    assert_eq!(
        settings.secret("TOKEN").unwrap().expose_secret(),
        "from-a-file"
    );
}

#[test]
fn an_address_can_come_from_a_file_which_is_told_apart_and_redacted() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "redis://:hunter2@cache:6379").unwrap();
    let env = MapEnv::new([("URL_FILE", file.path().to_str().unwrap())]);
    let mut settings = Settings::new(&env);
    let address = settings.address("URL").unwrap();
    assert_eq!(address.expose_secret(), "redis://:hunter2@cache:6379");
    assert_eq!(
        settings.finish().unwrap()[0].to_string(),
        "URL=redis://[redacted]@cache:6379 (file)"
    );
}

#[test]
fn whoever_reads_a_secret_again_learns_its_file() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "first").unwrap();
    let env = MapEnv::new([
        ("TOKEN_FILE", file.path().to_str().unwrap()),
        ("OTHER", "inline"),
    ]);
    let mut settings = Settings::new(&env);
    let (_, path) = settings.secret_and_file("TOKEN").unwrap();
    assert_eq!(path.as_deref(), Some(file.path()));
    let (_, path) = settings.secret_and_file("OTHER").unwrap();
    assert_eq!(path, None);
}

#[test]
fn a_secret_that_is_set_twice_is_refused() {
    let env = MapEnv::new([("TOKEN", "a"), ("TOKEN_FILE", "/b")]);
    let mut settings = Settings::new(&env);
    assert!(settings.secret("TOKEN").is_none());
    assert!(
        settings
            .finish()
            .unwrap_err()
            .to_string()
            .contains("keep one")
    );
}

#[test]
fn credentials_in_an_address_are_redacted() {
    for (address, shown) in [
        (
            "redis://:p@ss@cache:6379/0",
            "redis://[redacted]@cache:6379/0",
        ),
        ("redis://cache", "redis://cache"),
        (
            "mongodb://u:p@a:1,b:2/db?authSource=x",
            "mongodb://[redacted]@a:1,b:2/db",
        ),
        ("not an address", "[redacted]"),
    ] {
        let env = MapEnv::new([("URL", address)]);
        let mut settings = Settings::new(&env);
        assert!(settings.address("URL").is_some());
        assert_eq!(settings.finish().unwrap()[0].value, shown);
    }
}

#[test]
fn a_misspelt_setting_is_named() {
    let env = MapEnv::new([
        ("BETTERMODE_API_TOKN", "x"),
        ("BETTERMODE_API_URL", "y"),
        ("BETTERMODE_WEBHOOK_SECRET_FILE", "z"),
        ("HOME", "/"),
    ]);
    let mut settings = Settings::new(&env);
    let _: Option<String> = settings.optional("BETTERMODE_API_URL");
    assert_eq!(
        settings.unknown(&["BETTERMODE_"], &["BETTERMODE_WEBHOOK_SECRET"]),
        ["BETTERMODE_API_TOKN"]
    );
}

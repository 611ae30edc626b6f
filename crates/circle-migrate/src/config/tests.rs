use secrecy::ExposeSecret as _;
use service_kit::env::MapEnv;

use super::*;

fn load<const N: usize>(options: &Options, env: [(&str, &str); N]) -> Result<Config, Invalid> {
    Config::load(options, &MapEnv::new(env))
}

#[test]
fn nothing_set_gives_the_vendors_addresses_and_the_guides_batch_size() {
    let config = load(&Options::default(), []).unwrap();
    let url = config.circle.api_url.unwrap();
    assert_eq!(url.as_str(), "https://app.circle.so/");
    assert_eq!(config.batch_size.get(), 100);
    assert_eq!(config.max_members, None);
    assert!(config.snapshot_dir.ends_with("circle-migrate/snapshot"));
}

#[test]
fn an_option_wins_over_the_environment_and_over_the_file() {
    let options = Options {
        circle_token: Some("of-the-option".to_owned()),
        batch_size: Some(7),
        ..Options::default()
    };
    let env = [
        ("CIRCLE_API_TOKEN_FILE", "/nowhere/at/all"),
        ("CIRCLE_MIGRATE_BATCH_SIZE", "50"),
    ];
    let config = load(&options, env).unwrap();
    let token = config.circle.token("extract").unwrap();
    assert_eq!(token.expose_secret(), "of-the-option");
    assert_eq!(config.batch_size.get(), 7);
}

#[test]
fn a_token_is_not_sent_over_plain_http_except_on_this_machine() {
    let far = load(
        &Options::default(),
        [("CIRCLE_API_URL", "http://circle.example")],
    );
    assert!(far.unwrap_err().to_string().contains("use https"));
    for near in [
        "http://127.0.0.1:4001",
        "http://localhost:1",
        "http://[::1]:2",
    ] {
        assert!(load(&Options::default(), [("CIRCLE_API_URL", near)]).is_ok());
    }
}

#[test]
fn a_misspelt_setting_is_refused_and_those_of_others_are_left_alone() {
    let wrong = load(&Options::default(), [("CIRCLE_API_TOKN", "x")]);
    assert!(wrong.unwrap_err().to_string().contains("CIRCLE_API_TOKN"));
    let others = [
        ("CIRCLE_WEBHOOK_SECRET_FILE", "/run/secrets/x"),
        ("CIRCLE_BRANCH", "main"),
    ];
    assert!(load(&Options::default(), others).is_ok());
}

#[test]
fn what_a_command_lacks_is_named_with_where_to_get_it() {
    let config = load(&Options::default(), []).unwrap();
    let error = config.circle.token("extract").unwrap_err().to_string();
    assert!(error.contains("CIRCLE_API_TOKEN") && error.contains("Admin V2"));
}

#[test]
fn tokens_do_not_show_in_debug_output() {
    let config = load(
        &Options::default(),
        [
            ("CIRCLE_API_TOKEN", "c1rcle-s3cret"),
            ("BETTERMODE_API_TOKEN", "b3tter-s3cret"),
            ("NOTION_API_TOKEN", "n0tion-s3cret"),
        ],
    );
    assert!(!format!("{:?}", config.unwrap()).contains("s3cret"));
}

//! What the settings accept, refuse and warn of.

use service_kit::env::MapEnv;

use super::*;

const SECRET: (&str, &str) = ("BETTERMODE_WEBHOOK_SECRET", "a-signing-secret");

fn load(values: &[(&str, &str)]) -> Result<Loaded, Invalid> {
    Config::load(&MapEnv::new(values.iter().copied()))
}

fn mistakes(values: &[(&str, &str)]) -> Vec<String> {
    load(values)
        .err()
        .map_or_else(Vec::new, |invalid| invalid.0)
}

fn warnings(values: &[(&str, &str)]) -> Vec<String> {
    load(values).unwrap().warnings
}

#[test]
fn a_secret_is_all_that_has_to_be_set() {
    let loaded = load(&[SECRET]).unwrap();
    let config = loaded.config;
    assert_eq!(config.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.admin_listen.to_string(), "127.0.0.1:9465");
    assert_eq!(config.service_url.as_str(), "http://127.0.0.1:50051/");
    assert_eq!(config.window, Window::new(Duration::from_secs(900)));
    assert!(matches!(config.intake, Some(Intake::Signed(_))));
    assert!(config.network.is_none());
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
}

#[test]
fn without_a_secret_it_does_not_start() {
    let mistakes = mistakes(&[]);
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].starts_with("BETTERMODE_WEBHOOK_SECRET is not set"));
    assert!(mistakes[0].contains("WEBHOOK_EDGE_ALLOW_UNSIGNED"));
}

#[test]
fn unsigned_webhooks_are_allowed_on_loopback_only() {
    let allow = ("WEBHOOK_EDGE_ALLOW_UNSIGNED", "true");
    let loaded = load(&[allow]).unwrap();
    assert!(matches!(loaded.config.intake, Some(Intake::Unsigned)));
    assert!(load(&[allow, ("WEBHOOK_EDGE_LISTEN", "[::1]:0")]).is_ok());
    for address in ["0.0.0.0:8080", "[::]:8080", "192.0.2.1:8080"] {
        let mistakes = mistakes(&[allow, ("WEBHOOK_EDGE_LISTEN", address)]);
        assert!(mistakes[0].starts_with(&format!("WEBHOOK_EDGE_LISTEN={address}")));
    }
}

#[test]
fn a_secret_outweighs_the_permission_to_do_without() {
    let both = [
        SECRET,
        ("WEBHOOK_EDGE_ALLOW_UNSIGNED", "true"),
        ("WEBHOOK_EDGE_LISTEN", "0.0.0.0:0"),
    ];
    let loaded = load(&both).unwrap();
    assert!(matches!(loaded.config.intake, Some(Intake::Signed(_))));
    assert!(loaded.warnings[0].contains("has no effect"));
}

#[test]
fn a_switched_off_integration_needs_no_secret() {
    let loaded = load(&[("INTEGRATION_ENABLE_BETTERMODE", "false")]).unwrap();
    assert!(loaded.config.intake.is_none());
}

#[test]
fn circles_webhooks_are_off_unless_switched_on_and_then_need_a_secret() {
    let on = ("INTEGRATION_ENABLE_CIRCLE", "true");
    let secret = ("CIRCLE_WEBHOOK_SECRET", "first-secret, second-secret");
    assert!(load(&[SECRET, secret]).unwrap().config.circle.is_none());
    assert!(load(&[SECRET, on, secret]).unwrap().config.circle.is_some());
    let closed = mistakes(&[SECRET, on]);
    assert!(
        closed[0].starts_with("CIRCLE_WEBHOOK_SECRET is not set"),
        "{closed:?}"
    );
    for empty in ["a-long-secret,", ","] {
        let refused = mistakes(&[SECRET, on, ("CIRCLE_WEBHOOK_SECRET", empty)]);
        assert!(
            refused[0].starts_with("CIRCLE_WEBHOOK_SECRET: one of"),
            "{refused:?}"
        );
    }
    let short = warnings(&[SECRET, on, ("CIRCLE_WEBHOOK_SECRET", "short")]);
    assert!(short[0].contains("fewer than 8 bytes"), "{short:?}");
}

#[test]
fn an_empty_secret_in_the_list_is_refused_and_a_short_one_is_warned_of() {
    let mistakes = mistakes(&[("BETTERMODE_WEBHOOK_SECRET", "a-signing-secret,")]);
    assert!(mistakes[0].starts_with("BETTERMODE_WEBHOOK_SECRET: one of"));
    let warnings = warnings(&[("BETTERMODE_WEBHOOK_SECRET", "a-signing-secret,short")]);
    assert!(warnings[0].contains("fewer than 8 bytes"));
}

#[test]
fn every_mistake_is_reported_at_once() {
    let mistakes = mistakes(&[
        ("WEBHOOK_EDGE_LISTEN", "everywhere"),
        ("WEBHOOK_EDGE_TOLERANCE_SECONDS", "0"),
        ("COMMUNITY_SVC_URL", "ftp://host"),
        ("LOG_FORMAT", "poetry"),
    ]);
    let starts = [
        "WEBHOOK_EDGE_LISTEN=everywhere",
        "BETTERMODE_WEBHOOK_SECRET is not set",
        "WEBHOOK_EDGE_TOLERANCE_SECONDS=0: use 1 to 86400",
        "COMMUNITY_SVC_URL: use http",
        "LOG_FORMAT=poetry",
    ];
    assert_eq!(mistakes.len(), starts.len(), "{mistakes:?}");
    for (mistake, start) in mistakes.iter().zip(starts) {
        assert!(mistake.starts_with(start), "{mistake}");
    }
}

#[test]
fn a_window_above_the_vendors_advice_is_warned_of() {
    let warnings = warnings(&[SECRET, ("WEBHOOK_EDGE_TOLERANCE_SECONDS", "901")]);
    assert!(warnings[0].contains("more than the 900"));
}

#[test]
fn a_token_over_an_open_network_is_warned_of() {
    let token = ("COMMUNITY_SVC_TOKEN", "a-service-token");
    for (url, warned) in [
        ("http://127.0.0.1:50051", 0),
        ("http://localhost:50051", 0),
        ("https://community.example.com", 0),
        ("http://community.example.com:50051", 1),
    ] {
        let warnings = warnings(&[SECRET, token, ("COMMUNITY_SVC_URL", url)]);
        assert_eq!(warnings.len(), warned, "{url}: {warnings:?}");
    }
}

#[test]
fn credentials_in_the_address_are_refused_unseen() {
    let mistakes = mistakes(&[SECRET, ("COMMUNITY_SVC_URL", "http://user:hunter2@host:1")]);
    assert_eq!(
        mistakes,
        ["COMMUNITY_SVC_URL: put the token in COMMUNITY_SVC_TOKEN"]
    );
}

#[test]
fn misspelt_settings_are_warned_of_and_those_of_the_other_programs_are_not() {
    let warnings = warnings(&[
        SECRET,
        ("WEBHOOK_EDGE_LISTNE", "127.0.0.1:1"),
        ("BETTERMODE_API_TOKEN", "of-the-service"),
        ("COMMUNITY_SVC_LISTEN", "127.0.0.1:50051"),
    ]);
    assert_eq!(
        warnings,
        ["unknown setting WEBHOOK_EDGE_LISTNE is ignored; is it misspelt?"]
    );
}

#[test]
fn secrets_are_not_shown() {
    let loaded = load(&[SECRET, ("COMMUNITY_SVC_TOKEN", "a-service-token")]).unwrap();
    let shown: Vec<String> = loaded.resolved.iter().map(ToString::to_string).collect();
    assert!(shown.contains(&"BETTERMODE_WEBHOOK_SECRET=[redacted] (environment)".to_owned()));
    assert!(!shown.iter().any(|line| line.contains("a-s")), "{shown:?}");
}

#[test]
fn a_certificate_and_its_key_go_together() {
    let certificate = ("WEBHOOK_EDGE_TLS_CERTIFICATE", "/etc/edge/certificate.pem");
    let key = ("WEBHOOK_EDGE_TLS_KEY", "/etc/edge/key.pem");
    assert!(load(&[SECRET]).unwrap().config.connections.tls.is_none());
    let files = load(&[SECRET, certificate, key]).unwrap().config;
    let files = files.connections.tls.unwrap();
    assert_eq!(files.key.to_str(), Some(key.1));
    for alone in [certificate, key] {
        let mistakes = mistakes(&[SECRET, alone]);
        assert!(mistakes[0].contains("go together"), "{mistakes:?}");
    }
}

#[test]
fn limits_of_connections_have_to_let_somebody_in() {
    for (key, value) in [
        ("WEBHOOK_EDGE_MAX_CONNECTIONS", "0"),
        ("WEBHOOK_EDGE_HEADER_TIMEOUT_SECONDS", "0"),
        ("WEBHOOK_EDGE_BODY_TIMEOUT_SECONDS", "3601"),
        ("WEBHOOK_EDGE_IDLE_TIMEOUT_SECONDS", "0"),
    ] {
        let mistakes = mistakes(&[SECRET, (key, value)]);
        assert!(
            mistakes[0].starts_with(&format!("{key}={value}")),
            "{mistakes:?}"
        );
    }
    let any = ("WEBHOOK_EDGE_MAX_CONNECTIONS_PER_ADDRESS", "0");
    let config = load(&[SECRET, any]).unwrap().config;
    assert_eq!(config.connections.limits.connections_per_address, 0);
}

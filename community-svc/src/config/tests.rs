use secrecy::ExposeSecret as _;
use service_kit::env::MapEnv;

use super::*;

fn load(values: &[(&str, &str)]) -> Result<Loaded, Invalid> {
    Config::load(&MapEnv::new(values.iter().copied()))
}

#[test]
fn without_credentials_it_does_not_start_and_says_what_to_set() {
    let problem = load(&[]).unwrap_err().to_string();
    assert!(
        problem.contains("BETTERMODE_API_TOKEN is not set"),
        "{problem}"
    );
}

#[test]
fn testing_mode_and_its_other_name_need_no_credentials() {
    for name in ["TESTING_MODE", "DISABLE_API_BETTERMODE"] {
        assert!(load(&[(name, "true")]).unwrap().config.bettermode.testing);
    }
}

#[test]
fn a_token_alone_is_enough() {
    let config = load(&[("BETTERMODE_API_TOKEN", "t")]).unwrap().config;
    assert!(matches!(
        config.bettermode.credentials,
        Some(Credentials::StaticToken(_))
    ));
    assert_eq!(
        config.bettermode.api_url.as_str(),
        "https://api.bettermode.com/"
    );
}

#[test]
fn client_credentials_need_both_halves_and_the_network() {
    let half = load(&[("BETTERMODE_CLIENT_ID", "id")]).unwrap_err();
    assert!(half.to_string().contains("set both"));
    let whole = [
        ("BETTERMODE_CLIENT_ID", "id"),
        ("BETTERMODE_CLIENT_SECRET", "secret"),
    ];
    let problem = load(&whole).unwrap_err().to_string();
    assert!(problem.contains("BETTERMODE_NETWORK_ID"), "{problem}");
}

#[test]
fn listening_beyond_this_machine_needs_authentication() {
    let open = [
        ("TESTING_MODE", "true"),
        ("COMMUNITY_SVC_LISTEN", "0.0.0.0:1"),
    ];
    let problem = load(&open).unwrap_err().to_string();
    assert!(problem.contains("COMMUNITY_SVC_AUTH"), "{problem}");
}

#[test]
fn every_mistake_is_named_at_once() {
    let problem = load(&[
        ("TESTING_MODE", "perhaps"),
        ("COMMUNITY_SVC_LISTEN", "here"),
        ("BETTERMODE_API_GENERATION", "old"),
        ("BETTERMODE_API_TOKEN", "t"),
    ])
    .unwrap_err();
    assert_eq!(problem.0.len(), 3, "{problem}");
}

#[test]
fn a_misspelt_setting_is_reported() {
    let loaded = load(&[("TESTING_MODE", "true"), ("BETTERMODE_NETWROK_ID", "x")]).unwrap();
    assert_eq!(loaded.unknown, ["BETTERMODE_NETWROK_ID"]);
}

#[test]
fn a_misspelt_name_is_shown_beside_what_it_leaves_missing() {
    let problem = load(&[("BETTERMODE_API_TOKN", "x")]).unwrap_err();
    assert!(
        problem.0[0].contains("BETTERMODE_API_TOKEN is not set"),
        "{problem}"
    );
    assert!(
        problem.0[1].starts_with("BETTERMODE_API_TOKN: "),
        "{problem}"
    );
}

#[test]
fn no_secret_shows_in_what_is_printed() {
    let loaded = load(&[
        ("BETTERMODE_API_TOKEN", "tok-secret"),
        ("REDIS_URL", "redis://:red-secret@localhost"),
        ("MONGODB_URI", "mongodb://u:mon-secret@localhost"),
    ])
    .unwrap();
    let shown: Vec<String> = loaded.resolved.iter().map(ToString::to_string).collect();
    let shown = shown.join(" ");
    assert!(!shown.contains("-secret"), "{shown}");
    assert!(!format!("{:?}", loaded.config).contains("-secret"));
}

#[test]
fn what_would_be_forgotten_before_it_can_come_again_is_not_allowed() {
    for name in [
        "COMMUNITY_SVC_EVENT_RETENTION_DAYS",
        "COMMUNITY_SVC_ACTIVITY_RETENTION_DAYS",
    ] {
        for days in ["0", "8", "365"] {
            assert!(
                load(&[("TESTING_MODE", "true"), (name, days)]).is_ok(),
                "{days}"
            );
        }
        for days in ["1", "7", "-8", "36501"] {
            let problem = load(&[("TESTING_MODE", "true"), (name, days)]).unwrap_err();
            assert!(problem.to_string().contains(name), "{problem}");
        }
    }
}

#[test]
fn a_request_id_is_known_for_a_day_at_least_and_two_by_default() {
    let testing = ("TESTING_MODE", "true");
    let writes = load(&[testing]).unwrap().config.writes;
    assert_eq!(writes.window, Duration::from_secs(48 * 3_600));
    assert_eq!(writes.settle, Duration::from_secs(10));
    for (name, value, rule) in [
        ("COMMUNITY_SVC_REQUEST_ID_HOURS", "23", "use 24 to 8760"),
        ("COMMUNITY_SVC_WRITE_SETTLE_SECONDS", "0", "use 1 to 600"),
    ] {
        let problem = load(&[testing, (name, value)]).unwrap_err().to_string();
        assert!(problem.contains(rule), "{problem}");
    }
}

#[test]
fn a_projection_is_tried_at_least_once() {
    let never = [
        ("TESTING_MODE", "true"),
        ("COMMUNITY_SVC_PROJECTION_ATTEMPTS", "0"),
    ];
    let problem = load(&never).unwrap_err().to_string();
    assert!(problem.contains("use at least 1"), "{problem}");
}

#[test]
fn certificates_say_who_calls_only_where_they_are_asked_for() {
    let base = [("TESTING_MODE", "true")];
    let tls = [
        ("COMMUNITY_SVC_TLS_CERTIFICATE", "a.pem"),
        ("COMMUNITY_SVC_TLS_KEY", "a.key"),
    ];
    let authority = [("COMMUNITY_SVC_TLS_CLIENT_CA", "ca.pem")];
    let names = [("COMMUNITY_SVC_AUTH", "crm:san=crm.example:read")];
    let problem = |parts: &[&[(&str, &str)]]| load(&parts.concat()).map(drop);
    for (parts, named) in [
        (&[&base[..], &tls[..1]][..], "go together"),
        (&[&base[..], &authority[..]], "over TLS only"),
        (
            &[&base[..], &tls[..], &names[..]],
            "COMMUNITY_SVC_TLS_CLIENT_CA",
        ),
        (
            &[&base[..], &tls[..], &authority[..]],
            "name in COMMUNITY_SVC_AUTH",
        ),
    ] {
        let problem = problem(parts).unwrap_err().to_string();
        assert!(problem.contains(named), "{problem}");
    }
    problem(&[&base, &tls, &authority, &names]).unwrap();
}

#[test]
fn every_secret_can_come_from_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{text}\n")).unwrap();
        path.display().to_string()
    };
    let hash = "ab".repeat(32);
    let loaded = load(&[
        ("BETTERMODE_CLIENT_ID", "id"),
        ("BETTERMODE_NETWORK_ID", "network"),
        ("BETTERMODE_API_TOKEN_FILE", &file("token", "t")),
        ("BETTERMODE_CLIENT_SECRET_FILE", &file("secret", "s")),
        (
            "COMMUNITY_SVC_AUTH_FILE",
            &file("auth", &format!("crm:{hash}:read")),
        ),
        ("REDIS_URL_FILE", &file("redis", "redis://:p@cache:6379")),
        ("MONGODB_URI_FILE", &file("mongodb", "mongodb://u:p@db/x")),
    ])
    .unwrap();
    assert_eq!(loaded.unknown, <[&str; 0]>::default());
    let config = loaded.config;
    assert!(matches!(
        config.bettermode.credentials,
        Some(Credentials::App { .. })
    ));
    assert_eq!(
        config.cache.redis_url.unwrap().expose_secret(),
        "redis://:p@cache:6379"
    );
    assert_eq!(
        config.events.mongodb_uri.unwrap().expose_secret(),
        "mongodb://u:p@db/x"
    );
    let auth = config.door.auth.unwrap();
    assert_eq!(auth.file, Some(folder.path().join("auth")));
    let shown: Vec<_> = loaded.resolved.iter().map(ToString::to_string).collect();
    for line in [
        "BETTERMODE_CLIENT_SECRET=[redacted] (file)",
        "COMMUNITY_SVC_AUTH=[redacted] (file)",
        "REDIS_URL=redis://[redacted]@cache:6379 (file)",
    ] {
        assert!(shown.iter().any(|shown| shown == line), "{line}: {shown:?}");
    }
}

#[test]
fn times_that_are_mistakes_are_refused() {
    let far = [
        ("TESTING_MODE", "true"),
        (
            "COMMUNITY_SVC_MAX_CONNECTION_AGE_SECONDS",
            "18446744073709551615",
        ),
        ("COMMUNITY_SVC_DRAIN_NOTICE_SECONDS", "99999999"),
    ];
    assert_eq!(load(&far).unwrap_err().0.len(), 2);
}

#[test]
fn the_console_is_off_without_a_token_and_takes_none_that_can_be_guessed() {
    let config = |values: &[(&str, &str)]| {
        let mut all = vec![("TESTING_MODE", "true")];
        all.extend_from_slice(values);
        load(&all)
    };
    assert!(config(&[]).unwrap().config.console.is_none());
    let (token, edge) = (
        "COMMUNITY_SVC_CONSOLE_TOKEN",
        "COMMUNITY_SVC_CONSOLE_EDGE_URL",
    );
    let on = config(&[(token, "0123456789abcdef"), (edge, "http://edge:9465")]).unwrap();
    let console = on.config.console.unwrap();
    assert_eq!(console.token.expose_secret(), "0123456789abcdef");
    assert_eq!(console.edge.unwrap().as_str(), "http://edge:9465/");
    assert!(!on.resolved.iter().any(|one| one.value.contains("abcdef")));
    for (values, named) in [
        (vec![(token, "short")], token),
        (vec![(edge, "http://edge:9465")], edge),
        (
            vec![(token, "0123456789abcdef"), (edge, "https://edge")],
            edge,
        ),
    ] {
        let problem = config(&values).unwrap_err().to_string();
        assert!(problem.contains(named), "{problem}");
    }
}

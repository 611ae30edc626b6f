use super::*;

fn hash(token: &str) -> String {
    hex::encode(Sha256::digest(token))
}

#[test]
fn a_caller_is_known_by_the_hash_of_the_token_with_its_scopes() {
    let text = format!("edge:{}:ingest, crm:{}:read+write", hash("a"), hash("b"));
    let callers = Callers::parse(&text).unwrap();
    let crm = callers.by_token(b"b").unwrap();
    assert_eq!(crm.name, "crm");
    assert_eq!(crm.scopes.to_string(), "read+write");
    assert_eq!(callers.by_token(b"c"), None);
    assert!(!callers.know_certificates());
}

#[test]
fn a_file_has_lines_comments_and_several_tokens_of_one_name() {
    let text = format!(
        "# while the token changes\n\ncrm:{}:read\n  # both\ncrm:{}:admin,\n",
        hash("old"),
        hash("new")
    );
    let callers = Callers::parse(&text).unwrap();
    assert_eq!(callers.by_token(b"old").unwrap().scopes.to_string(), "read");
    assert_eq!(
        callers.by_token(b"new").unwrap().scopes.to_string(),
        "admin"
    );
}

#[test]
fn a_certificate_is_known_by_a_dns_name_in_any_case_or_by_a_uri() {
    let text = "crm:san=CRM.example.internal:read, mesh:san=spiffe://corp/ns/a:write";
    let callers = Callers::parse(text).unwrap();
    let by = |names: &[&str]| {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        callers
            .by_certificate(&names)
            .map(|caller| caller.name.clone())
    };
    assert_eq!(by(&["crm.example.internal"]).as_deref(), Some("crm"));
    assert_eq!(
        by(&["other", "spiffe://corp/ns/a"]).as_deref(),
        Some("mesh")
    );
    assert_eq!(by(&["spiffe://corp/ns/b"]), None);
    assert_eq!(by(&[]), None);
    assert!(callers.know_certificates());
}

#[test]
fn a_malformed_list_is_refused_without_showing_it() {
    let good = hash("a");
    for text in [
        "",
        "# nobody",
        "edge",
        &format!("edge:{good}"),
        &format!("edge:{good}:everything"),
        "edge:abc:read",
        ":",
        &format!(":{good}:read"),
        "edge:san=:read",
        &format!("a:{good}:read,b:{good}:write"),
        "a:san=x:read,b:san=X:read",
    ] {
        let problem = Callers::parse(text).unwrap_err();
        assert!(!problem.contains(&good), "{problem}");
        assert!(!problem.contains("abc"), "{problem}");
    }
}

#[test]
fn nothing_shows_a_digest() {
    let callers = Callers::parse(&format!("crm:{}:read", hash("a"))).unwrap();
    let shown = format!("{:?}", Register::new(callers));
    assert!(
        !shown.contains(&hash("a")) && !shown.contains("202"),
        "{shown}"
    );
}

use super::*;

fn line(id: u64, outcome: &str, reason: Option<&str>) -> Line {
    Line {
        id,
        who: Some("a…@example.com".to_owned()),
        outcome: outcome.to_owned(),
        reason: reason.map(str::to_owned),
        target_kind: None,
        target_id: None,
        attempts: 0,
    }
}

fn report(adds_up: bool) -> Report {
    Report {
        kind: ReportKind::Result,
        made_at: "2026-03-01T12:00:00Z".parse().unwrap(),
        community_id: 77,
        community_name: Some("Old <home>".to_owned()),
        network_id: "net".to_owned(),
        sections: vec![Section {
            subject: Subject::Member,
            snapshot_rows: Some(1234),
            tallies: vec![Tally {
                outcome: "skipped".to_owned(),
                reason: Some("unconfirmed".to_owned()),
                count: 1234,
            }],
            adds_up,
            unaccounted: if adds_up { vec![] } else { vec![4711] },
            lines: vec![line(5, "skipped", Some("unconfirmed"))],
        }],
        notes: vec!["Direct messages stay".to_owned()],
    }
}

#[test]
fn the_page_shows_counts_reasons_and_what_does_not_add_up() {
    let page = html::render(&report(true));
    for part in [
        "1,234 in the snapshot",
        "left out",
        "never accepted Circle's invitation",
        "Direct messages stay",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(page.contains("Old &lt;home&gt;") && !page.contains("<home>"));
    assert!(
        !page.contains("<script") && !page.contains("http"),
        "needs nothing from elsewhere"
    );
    let page = html::render(&report(false));
    assert!(
        page.contains("do not add up") && page.contains("4711"),
        "{page}"
    );
}

#[test]
fn a_report_is_complete_when_it_adds_up_and_nothing_failed() {
    assert!(report(true).is_complete());
    assert!(!report(false).is_complete());
    let mut failed = report(true);
    failed.sections[0].tallies[0].outcome = "failed".to_owned();
    assert!(!failed.is_complete());
    assert_eq!(failed.count(Subject::Member, "failed"), 1234);
}

#[test]
fn its_files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let written = write(&report(true), &directory.path().join("report")).unwrap();
    for path in [&written.json, &written.csv, &written.html] {
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

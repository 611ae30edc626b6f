use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn pair() -> Pair {
    Pair {
        community: 77,
        network: "net".to_owned(),
    }
}

fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn done(id: u64) -> Entry {
    Entry {
        subject: Subject::Member,
        id,
        email: Some("ada@example.com".to_owned()),
        state: State::Done,
        outcome: Some(Outcome::Invited),
        reason: None,
        target: Some(Target::new(TargetKind::Invitation, format!("inv{id}"))),
        attempts: 1,
        error_code: None,
        payload_hash: Some("h".to_owned()),
        updated_at: stamp(now()),
    }
}

#[test]
fn an_intent_is_in_flight_until_its_outcome_is_written_and_survives_a_new_start() {
    let directory = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(directory.path(), pair()).unwrap();
    let intent = Intent {
        id: 1,
        email: Some("ada@example.com"),
        payload_hash: "h",
    };
    ledger.begin(Subject::Member, &[intent], now()).unwrap();
    drop(ledger);
    let ledger = Ledger::open(directory.path(), pair()).unwrap();
    let entry = ledger.entry(Subject::Member, 1).unwrap().unwrap();
    assert_eq!((entry.state, entry.attempts), (State::InFlight, 1));
    ledger.begin(Subject::Member, &[intent], now()).unwrap();
    let again = ledger.entry(Subject::Member, 1).unwrap().unwrap();
    assert_eq!(again.attempts, 2);
    ledger.write(&[done(1), done(2)], now()).unwrap();
    assert_eq!(ledger.entries(Subject::Member).unwrap(), [done(1), done(2)]);
    assert!(ledger.is_known_target("inv2").unwrap());
    assert!(!ledger.is_known_target("inv3").unwrap());
    assert_eq!(ledger.entry(Subject::Mark, 1).unwrap(), None);
}

#[test]
fn a_second_run_is_refused_while_a_reader_is_not() {
    let directory = tempfile::tempdir().unwrap();
    let first = Ledger::open(directory.path(), pair()).unwrap();
    first.write(&[done(1)], now()).unwrap();
    let second = Ledger::open(directory.path(), pair()).unwrap_err();
    assert!(matches!(second, LedgerError::Locked { .. }), "{second}");
    let reader = Ledger::read(directory.path(), pair()).unwrap();
    assert_eq!(reader.entries(Subject::Member).unwrap().len(), 1);
    drop(first);
    Ledger::open(directory.path(), pair()).unwrap();
}

#[test]
fn a_ledger_refuses_another_pair_of_communities() {
    let directory = tempfile::tempdir().unwrap();
    drop(Ledger::open(directory.path(), pair()).unwrap());
    let others = [
        Pair {
            community: 78,
            ..pair()
        },
        Pair {
            network: "other".to_owned(),
            ..pair()
        },
    ];
    for other in others {
        for refused in [
            Ledger::open(directory.path(), other.clone()).unwrap_err(),
            Ledger::read(directory.path(), other).unwrap_err(),
        ] {
            assert!(
                matches!(refused, LedgerError::OfAnother { .. }),
                "{refused}"
            );
        }
    }
}

#[test]
fn its_file_is_for_the_owner_alone_and_reading_makes_none() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("work");
    Ledger::read(&path, pair()).unwrap();
    assert!(!path.exists());
    let _open = Ledger::open(&path, pair()).unwrap();
    for file in ["ledger.sqlite", "ledger.lock"] {
        let mode = std::fs::metadata(path.join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
}

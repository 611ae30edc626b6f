//! Everything that is wrong with one signature, the most telling first.

use std::time::Duration;

use jiff::Timestamp;

use crate::captured::{Captured, Claims};
use crate::digest::Digest;
use crate::finding::Finding;
use crate::search::{Match, Search, Spent};
use crate::secrets::{Fingerprint, Secrets};
use crate::time::Moment;

/// What a server may spend on a stranger's request: bytes hashed or copied, some
/// milliseconds. Enough for every way on a body of a few KiB, and for the likely ones on
/// one of 1 MiB.
pub const WORK_OF_A_SERVER: u64 = 4 * 1024 * 1024;
/// What a tool may spend that somebody waits for: some seconds.
pub const WORK_OF_A_TOOL: u64 = 1024 * 1024 * 1024;

/// What a signature is held against.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The secrets of now and of before.
    pub secrets: &'a Secrets,
    /// When the request was received; without it its age is not judged.
    pub now: Option<Timestamp>,
    /// How far its timestamp may be from then, either way.
    pub window: Duration,
    /// How many bytes may be hashed or copied.
    pub work: u64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    findings: Vec<Finding>,
    secret: Option<Fingerprint>,
}

impl Diagnosis {
    /// What is wrong, the most telling first; nothing when the signature holds.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The secret that signed, when one of the known ones did.
    #[must_use]
    pub fn secret(&self) -> Option<&Fingerprint> {
        self.secret.as_ref()
    }

    /// The first finding's label, or `holds`: one of [`crate::LABELS`].
    #[must_use]
    pub fn cause(&self) -> &'static str {
        self.findings.first().map_or("holds", Finding::label)
    }

    /// All findings in one line.
    #[must_use]
    pub fn summary(&self) -> String {
        if self.findings.is_empty() {
            return "the signature holds".to_owned();
        }
        let texts: Vec<String> = self.findings.iter().map(ToString::to_string).collect();
        texts.join("; ")
    }

    /// What to do about the first finding.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.findings.first().map_or("", Finding::hint)
    }
}

/// Says why the signature of a request does not hold, or that it does.
#[must_use]
pub fn diagnose(captured: Captured<'_>, terms: Terms<'_>) -> Diagnosis {
    let claims = Claims::read(captured.headers);
    let mut findings = claims.findings;
    let digests: Vec<Digest> = claims
        .signatures
        .iter()
        .copied()
        .map(Digest::read)
        .collect();
    let times: Vec<&str> = claims
        .times
        .iter()
        .filter_map(|value| std::str::from_utf8(value).ok())
        .collect();
    let (readable, numbers): (Vec<[u8; 32]>, Vec<usize>) = digests
        .iter()
        .enumerate()
        .filter_map(|(number, digest)| Some((digest.bytes?, number)))
        .unzip();
    let found = if readable.is_empty() {
        Ok(None)
    } else {
        Search {
            body: captured.body,
            times: &times,
            digests: &readable,
            keys: &terms.secrets.keys(),
            work: terms.work,
        }
        .run()
    };
    let secret = match &found {
        Ok(Some(found)) => Some(found.fingerprint.clone()),
        _ => None,
    };
    // How it is written: of the digest that fits, else of the first.
    let shown = match &found {
        Ok(Some(found)) => numbers.get(found.digest).copied(),
        _ => Some(0),
    };
    let writing = shown.and_then(|number| digests.into_iter().nth(number));
    findings.extend(writing.into_iter().flat_map(|digest| digest.findings));
    let is_missing = findings.contains(&Finding::TimestampMissing);
    conclude(found, !readable.is_empty() && !is_missing, &mut findings);
    findings.extend(moment(&claims.times, &times, &terms));
    Diagnosis { findings, secret }
}

/// Puts what the search says where it belongs: what is not proven after what is.
fn conclude(found: Result<Option<Match>, Spent>, was_whole: bool, findings: &mut Vec<Finding>) {
    match found {
        Ok(Some(found)) => findings.extend(found.findings),
        Ok(None) if was_whole => findings.insert(0, Finding::WrongSecret),
        Ok(None) => {}
        Err(Spent) => findings.insert(0, Finding::Unexplained),
    }
}

/// What is wrong with the time.
fn moment(values: &[&[u8]], texts: &[&str], terms: &Terms<'_>) -> Vec<Finding> {
    if values.is_empty() {
        return Vec::new();
    }
    let Some(text) = texts.first() else {
        return vec![Finding::NotANumber];
    };
    let moment = Moment::read(text);
    let skew = terms.now.and_then(|now| moment.skew(now, terms.window));
    moment.finding.into_iter().chain(skew).collect()
}

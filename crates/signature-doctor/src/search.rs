//! Which secret, over which text, gives one of the digests: those with the fewest
//! deviations from the rule first, at most two at once, as far as the work lasts.

use secrecy::ExposeSecret as _;
use subtle::ConstantTimeEq as _;

use crate::bodies::{CHANGES, Change};
use crate::finding::Finding;
use crate::scheme::{self, Form};
use crate::secrets::{Fingerprint, Key};
use crate::time;

/// More at once is as likely to be chance in the reading as a cause.
const MOST_DEVIATIONS: usize = 2;

/// What is searched.
pub(crate) struct Search<'a> {
    pub(crate) body: &'a [u8],
    /// The texts of the timestamp; none when there is no such header.
    pub(crate) times: &'a [&'a str],
    pub(crate) digests: &'a [[u8; 32]],
    pub(crate) keys: &'a [Key],
    /// How many bytes may still be hashed or copied.
    pub(crate) work: u64,
}

/// What was found.
pub(crate) struct Match {
    /// Which digest.
    pub(crate) digest: usize,
    /// Whose secret.
    pub(crate) fingerprint: Fingerprint,
    /// How the signing deviates from the rule.
    pub(crate) findings: Vec<Finding>,
}

/// The work is spent.
pub(crate) struct Spent;

/// Something to sign around a body.
struct Frame {
    form: Form,
    time: String,
    findings: Vec<Finding>,
}

impl Search<'_> {
    /// The match with the fewest deviations; none when everything was tried in vain.
    pub(crate) fn run(mut self) -> Result<Option<Match>, Spent> {
        let frames = frames(self.times);
        for deviations in 0..=MOST_DEVIATIONS {
            for change in CHANGES {
                let left = deviations.checked_sub(usize::from(*change != Change::None));
                let Some(left) = left else { continue };
                if *change != Change::None {
                    self.spend(self.body.len())?;
                }
                let Some(body) = change.undone(self.body) else {
                    continue;
                };
                if let Some(mut found) = self.over(&body, &frames, left)? {
                    found.findings.extend(change.finding());
                    return Ok(Some(found));
                }
            }
        }
        Ok(None)
    }

    /// Over one body, with exactly so many deviations elsewhere.
    fn over(
        &mut self,
        body: &[u8],
        frames: &[Frame],
        deviations: usize,
    ) -> Result<Option<Match>, Spent> {
        let keys = self.keys;
        for frame in frames {
            let Some(left) = deviations.checked_sub(frame.findings.len()) else {
                continue;
            };
            for key in keys.iter().filter(|key| key.findings.len() == left) {
                self.spend(body.len() + 64)?;
                let parts = frame.form.parts(&frame.time, body);
                let mac = scheme::mac(key.bytes.expose_secret(), &parts);
                let fits = |digest: &[u8; 32]| bool::from(digest.as_slice().ct_eq(&mac));
                if let Some(digest) = self.digests.iter().position(fits) {
                    return Ok(Some(Match {
                        digest,
                        fingerprint: key.fingerprint.clone(),
                        findings: [key.findings.as_slice(), &frame.findings].concat(),
                    }));
                }
            }
        }
        Ok(None)
    }

    fn spend(&mut self, bytes: usize) -> Result<(), Spent> {
        self.work = self.work.checked_sub(bytes as u64).ok_or(Spent)?;
        Ok(())
    }
}

fn frames(times: &[&str]) -> Vec<Frame> {
    let mut frames = Vec::new();
    let forms = || std::iter::once(Form::VENDOR).chain(Form::OTHERS);
    for time in times {
        for form in forms().filter(|form| form.needs_time()) {
            frames.push(Frame::new(form, time, None));
            for (other, how) in time::as_signed_elsewhere(time) {
                frames.push(Frame::new(form, &other, Some(Finding::SignedTime(how))));
            }
        }
    }
    frames.push(Frame::new(Form::BodyAlone, "", None));
    frames.sort_by_key(|frame| frame.findings.len());
    frames
}

impl Frame {
    fn new(form: Form, time: &str, how: Option<Finding>) -> Self {
        let deviation = match form {
            Form::VENDOR => None,
            Form::BodyAlone => Some(Finding::BodyAlone),
            Form::TimeFirst(between) => Some(Finding::Separator(match between {
                "." => "a dot",
                "" => "nothing",
                "\n" => "a line break",
                _ => "a bar",
            })),
            Form::BodyFirst => Some(Finding::Order("<body>:<timestamp>")),
            Form::Slack => Some(Finding::Order("v0:<timestamp>:<body>, as Slack does,")),
        };
        Self {
            form,
            time: time.to_owned(),
            findings: deviation.into_iter().chain(how).collect(),
        }
    }
}

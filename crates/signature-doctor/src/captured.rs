//! What a request says about its signature, header by header.

use http::HeaderMap;

use crate::finding::Finding;

/// The header pairs that BetterMode sends, signature then timestamp: today's, and the one
/// from before its renaming.
const PAIRS: [(&str, &str); 2] = [
    ("x-bettermode-signature", "x-bettermode-request-timestamp"),
    ("x-tribe-signature", "x-tribe-request-timestamp"),
];

/// The headers that are looked at; all others can be left out of a captured request.
pub const HEADER_NAMES: [&str; 4] = [PAIRS[0].0, PAIRS[0].1, PAIRS[1].0, PAIRS[1].1];

/// A value that comes more often than this is looked at only so often.
const MOST_VALUES: usize = 2;

/// A request as it arrived.
#[derive(Clone, Copy)]
pub struct Captured<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, byte for byte.
    pub body: &'a [u8],
}

/// The values that matter, and what their headers alone say.
pub(crate) struct Claims<'a> {
    pub(crate) signatures: Vec<&'a [u8]>,
    pub(crate) times: Vec<&'a [u8]>,
    pub(crate) findings: Vec<Finding>,
}

impl<'a> Claims<'a> {
    pub(crate) fn read(headers: &'a HeaderMap) -> Self {
        let (mut signatures, mut times) = (Vec::new(), Vec::new());
        let (mut findings, mut touched) = (Vec::new(), [(false, false); 2]);
        for (pair, touched) in PAIRS.iter().zip(&mut touched) {
            for (name, values, seen) in [
                (pair.0, &mut signatures, &mut touched.0),
                (pair.1, &mut times, &mut touched.1),
            ] {
                let all = headers.get_all(name);
                values.extend(
                    all.iter()
                        .take(MOST_VALUES)
                        .map(http::HeaderValue::as_bytes),
                );
                *seen = headers.contains_key(name);
                if all.iter().nth(1).is_some() {
                    findings.push(Finding::Repeated(name));
                }
            }
        }
        findings.extend(of_pairs(touched));
        Self {
            signatures,
            times,
            findings,
        }
    }
}

/// What it says that these headers came: of today's pair and of the former one, whether
/// there is a signature and whether there is a timestamp.
fn of_pairs([today, former]: [(bool, bool); 2]) -> Option<Finding> {
    match (today, former) {
        ((false, _), (false, _)) => Some(Finding::SignatureMissing),
        ((_, false), (_, false)) => Some(Finding::TimestampMissing),
        ((true, false), (false, true)) | ((false, true), (true, false)) => {
            Some(Finding::MixedPairs)
        }
        ((false, false), _) | (_, (false, false)) => None,
        _ => Some(Finding::BothPairs),
    }
}

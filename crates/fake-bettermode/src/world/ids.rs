//! Ids that look like the vendor's: opaque, alphanumeric, of a length per kind.
//!
//! The lengths are those of the examples in the vendor's guides; none is promised.

use rand::distr::Alphanumeric;
use rand::{Rng, RngExt};

/// Networks, members, roles, apps, organizations.
pub(crate) const SHORT: usize = 10;
/// Spaces, collections and roles in a space.
pub(crate) const SPACE: usize = 12;
/// Posts, replies and post types.
pub(crate) const POST: usize = 15;
/// Tags, pictures and links of invitations.
pub(crate) const LONG: usize = 21;

/// A new id of `length` letters and digits.
pub(crate) fn id(rng: &mut impl Rng, length: usize) -> String {
    (0..length)
        .map(|_| char::from(rng.sample(Alphanumeric)))
        .collect()
}

/// `length` lower-case hexadecimal digits: event ids, challenges.
pub(crate) fn hex(rng: &mut impl Rng, length: usize) -> String {
    (0..length)
        .filter_map(|_| char::from_digit(rng.random_range(0..16), 16))
        .collect()
}

/// A title as it stands in a URL, with a random tail like the vendor's.
pub(crate) fn slug(rng: &mut impl Rng, title: &str) -> String {
    let mut slug = String::new();
    for letter in title.to_lowercase().chars() {
        if letter.is_ascii_alphanumeric() {
            slug.push(letter);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(60);
    format!("{}-{}", slug.trim_end_matches('-'), hex(rng, 8))
}

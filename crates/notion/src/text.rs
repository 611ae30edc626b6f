//! Long texts within Notion's limits: 2,000 UTF-16 units in one piece, 100 pieces in one
//! value (developers.notion.com, request limits).

/// How many UTF-16 units one piece of text may have.
pub const UNITS: usize = 2_000;
/// How many pieces, options or relations one value may have.
pub const ITEMS: usize = 100;

/// The length as Notion counts it: in UTF-16 units, as JavaScript does.
#[must_use]
pub fn utf16_len(text: &str) -> usize {
    text.encode_utf16().count()
}

/// The text in pieces of at most [`UNITS`], at most [`ITEMS`] of them; what is beyond is
/// cut. No piece begins or ends inside a character.
#[must_use]
pub fn split(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while !rest.is_empty() && pieces.len() < ITEMS {
        let (piece, after) = rest.split_at(fitting(rest, UNITS));
        pieces.push(piece);
        rest = after;
    }
    pieces
}

/// The beginning of the text that has at most so many units.
#[must_use]
pub(crate) fn cut(text: &str, units: usize) -> &str {
    &text[..fitting(text, units)]
}

/// How many bytes fit into so many units without cutting a character.
fn fitting(text: &str, units: usize) -> usize {
    let mut left = units;
    for (at, character) in text.char_indices() {
        let needs = character.len_utf16();
        if needs > left {
            return at;
        }
        left -= needs;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_surrogate_pair_at_2000_goes_to_the_next_piece_whole() {
        let text = format!("{}\u{1F511}b", "a".repeat(1_999));
        let pieces = split(&text);
        assert_eq!(pieces, ["a".repeat(1_999).as_str(), "\u{1F511}b"]);
        assert_eq!(utf16_len(pieces[0]), 1_999);
    }

    #[test]
    fn a_text_of_exactly_2000_units_stays_one_piece() {
        let text = "\u{1F511}".repeat(1_000);
        assert_eq!(split(&text), [text.as_str()]);
        assert_eq!(split(""), Vec::<&str>::new());
    }

    #[test]
    fn what_is_beyond_100_pieces_is_cut() {
        let text = "x".repeat(UNITS * ITEMS + 1);
        assert_eq!(split(&text).concat().len(), UNITS * ITEMS);
    }

    proptest! {
        #[test]
        fn pieces_are_within_the_limit_and_lose_nothing(
            text in proptest::collection::vec(any::<char>(), 0..6_000),
        ) {
            let text: String = text.into_iter().collect();
            let pieces = split(&text);
            prop_assert!(pieces.iter().all(|piece| utf16_len(piece) <= UNITS));
            prop_assert_eq!(pieces.concat(), text);
        }
    }
}

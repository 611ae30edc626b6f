//! A place in the list of spaces, for page tokens: it stays right when spaces come and
//! go between two pages.

use bettermode::{Space, SpaceId};
use jiff::Timestamp;

/// The place of a space in the list, which is sorted by time and id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    created_at: Timestamp,
    id: SpaceId,
}

impl Place {
    pub(super) fn of(space: &Space) -> Self {
        Self {
            created_at: space.created_at,
            id: space.id.clone(),
        }
    }

    /// Whether the space comes later in the list.
    pub(super) fn is_before(&self, space: &Space) -> bool {
        (self.created_at, &self.id) < (space.created_at, &space.id)
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        format!("{} {}", self.created_at.as_nanosecond(), self.id).into_bytes()
    }

    /// `None` for anything that [`to_bytes`](Self::to_bytes) did not make.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (time, id) = std::str::from_utf8(bytes).ok()?.split_once(' ')?;
        Some(Self {
            created_at: Timestamp::from_nanosecond(time.parse().ok()?).ok()?,
            id: SpaceId::new(id),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_survives_its_token_and_nothing_else_is_one() {
        let place = Place {
            created_at: "2026-03-04T05:06:07.008Z".parse().unwrap(),
            id: SpaceId::new("dTTHxCBfGI12"),
        };
        assert_eq!(Place::from_bytes(&place.to_bytes()), Some(place));
        for bytes in [&b""[..], b"1", b"x dTTH", b"\xff\xfe 1"] {
            assert_eq!(Place::from_bytes(bytes), None);
        }
    }
}

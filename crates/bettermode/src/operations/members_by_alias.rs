//! Several members in one call, on every network: one alias of `member` each.
//!
//! The text depends on how many there are, so it is put together here, around
//! the fragment of `member.graphql`.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write};

use super::{
    Kind, Operation,
    member::{MemberParts, fragment},
    parts::MEMBER_COST,
};
use crate::{Member, MemberId, Subject};

/// A read of several members by id.
pub(crate) struct MembersByAlias;

impl Operation for MembersByAlias {
    const NAME: &'static str = "MembersByAlias";
    const KIND: Kind = Kind::Read;
    const SUBJECT: Subject = Subject::Member;
    type Variables = BTreeMap<String, String>;
    type Data = BTreeMap<String, MemberParts>;

    fn document(variables: &Self::Variables) -> Cow<'static, str> {
        let (mut head, mut body) = (String::new(), String::new());
        for alias in variables.keys() {
            // Writing to a String cannot fail.
            let _ = write!(head, "${alias}: ID ");
            let _ = writeln!(
                body,
                "  {alias}: member(id: ${alias}) {{\n    ...MemberParts\n  }}"
            );
        }
        let head = head.trim_end();
        format!(
            "query MembersByAlias({head}) {{\n{body}}}\n\n{}",
            fragment()
        )
        .into()
    }

    fn complexity(variables: &Self::Variables) -> u32 {
        cost(variables.len())
    }
}

/// The points of a document for so many members.
pub(crate) fn cost(ids: usize) -> u32 {
    let ids = u32::try_from(ids).unwrap_or(u32::MAX);
    ids.saturating_mul(MEMBER_COST)
}

pub(crate) fn variables(ids: &[MemberId]) -> BTreeMap<String, String> {
    let alias = |(index, id): (usize, &MemberId)| (format!("m{index}"), id.as_str().to_owned());
    ids.iter().enumerate().map(alias).collect()
}

/// Which of `ids` members a root of the answer stands for.
pub(crate) fn index(root: &str, ids: usize) -> Option<usize> {
    let index = root.strip_prefix('m')?.parse().ok()?;
    (index < ids).then_some(index)
}

pub(crate) fn answer(data: BTreeMap<String, MemberParts>) -> Vec<Member> {
    data.into_values().map(Member::from).collect()
}

//! Pages of spaces, private conversations left out.

use graphql_client::GraphQLQuery;

use super::{
    operation, page_cost,
    parts::{DateTime, space_from},
};
use crate::{Space, paging::Page};

/// How many spaces a page asks for.
pub(crate) const PAGE: i64 = 100;

#[derive(GraphQLQuery)]
#[graphql(
    schema_path = "schema/bettermode.graphql",
    query_path = "src/operations/spaces.graphql",
    normalization = "rust",
    skip_serializing_none
)]
pub(crate) struct Spaces;

operation!(Spaces, spaces, Read, Network, |variables| page_cost(
    variables.limit,
    1
));
space_from!(spaces);

pub(crate) fn variables(after: Option<String>) -> spaces::Variables {
    use spaces::SpaceType::{Broadcast, Entity, Group, Page};
    spaces::Variables {
        limit: PAGE,
        after,
        // Whether private conversations are listed by default is not documented.
        type_: Some(vec![Group, Broadcast, Page, Entity]),
    }
}

pub(crate) fn answer(data: spaces::ResponseData) -> Page<Space> {
    let page = data.spaces;
    Page {
        nodes: page.nodes.into_iter().flatten().map(Space::from).collect(),
        end_cursor: page.page_info.end_cursor,
        has_next: page.page_info.has_next_page,
    }
}

use apollo_compiler::{
    ExecutableDocument, Schema,
    ast::{self, Definition, DirectiveList},
    executable::{Field, Selection, SelectionSet},
    validation::Valid,
};

use super::*;
use crate::{
    ConversationId, CreatePost, Email, MemberId, MemberRef, NetworkId, PostTypeId, SpaceId,
    documents::{SCHEMA_SDL, documents},
};

fn newer() -> Valid<Schema> {
    Schema::parse_and_validate(SCHEMA_SDL, "newer").unwrap()
}

/// The schema without what is marked `@newer`.
fn published() -> Valid<Schema> {
    let mut document = ast::Document::parse(SCHEMA_SDL, "published").unwrap();
    let marked = |directives: &DirectiveList| directives.has("newer");
    document.definitions.retain(|d| !marked(d.directives()));
    let names: Vec<_> = document
        .definitions
        .iter()
        .filter_map(|d| d.name().cloned())
        .collect();
    for definition in &mut document.definitions {
        match definition {
            Definition::ObjectTypeDefinition(object) => {
                let object = object.make_mut();
                object.fields.retain(|field| !marked(&field.directives));
                for field in &mut object.fields {
                    field
                        .make_mut()
                        .arguments
                        .retain(|argument| !marked(&argument.directives));
                }
            }
            Definition::InputObjectTypeDefinition(input) => {
                input
                    .make_mut()
                    .fields
                    .retain(|field| !marked(&field.directives));
            }
            Definition::EnumTypeDefinition(kind) => {
                kind.make_mut()
                    .values
                    .retain(|value| !marked(&value.directives));
            }
            Definition::UnionTypeDefinition(union) => {
                union
                    .make_mut()
                    .members
                    .retain(|member| names.contains(member));
            }
            _ => {}
        }
    }
    document.to_schema_validate().unwrap()
}

fn validate(schema: &Valid<Schema>, source: &str) -> Result<Valid<ExecutableDocument>, String> {
    let checked = ExecutableDocument::parse_and_validate(schema, source, "document.graphql");
    checked.map_err(|errors| errors.errors.to_string())
}

#[test]
fn every_document_is_valid_on_newer_networks() {
    for document in documents() {
        let result = validate(&newer(), &document.source);
        assert!(result.is_ok(), "{}: {}", document.name, result.unwrap_err());
    }
}

#[test]
fn exactly_the_documents_marked_newer_fail_against_the_published_schema() {
    let schema = published();
    for document in documents() {
        let valid = validate(&schema, &document.source).is_ok();
        assert_eq!(valid, !document.newer, "{}", document.name);
    }
}

#[test]
fn every_document_file_is_listed_and_bears_the_name_of_its_operation() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/operations");
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let files: Vec<_> = files
        .filter(|p| p.extension().is_some_and(|e| e == "graphql"))
        .collect();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        assert!(
            documents().iter().any(|d| d.source == text),
            "{}",
            file.display()
        );
    }
    // One document has no file: its length varies.
    assert_eq!(documents().len(), files.len() + 1);
    for document in documents() {
        let schema = newer();
        let parsed = validate(&schema, &document.source).unwrap();
        let mut names = parsed.operations.named.keys();
        assert_eq!(names.next().unwrap().as_str(), document.name);
    }
}

#[test]
fn every_document_reads_a_member_alike() {
    let fragment = member::fragment();
    for document in documents()
        .iter()
        .filter(|d| d.source.contains("...MemberParts"))
    {
        assert!(document.source.ends_with(fragment), "{}", document.name);
    }
}

/// The documented formula over one document. Where a page's size is a variable,
/// `limit` stands for it.
fn formula(source: &str, limit: u32) -> u32 {
    let schema = newer();
    let document = validate(&schema, source).unwrap();
    let operation = document.operations.iter().next().unwrap();
    below(&document, &operation.selection_set, limit)
}

fn below(document: &ExecutableDocument, set: &SelectionSet, limit: u32) -> u32 {
    let cost = |selection: &Selection| match selection {
        Selection::Field(field) => one(document, field, limit),
        Selection::InlineFragment(inline) => below(document, &inline.selection_set, limit),
        Selection::FragmentSpread(spread) => below(
            document,
            &document.fragments[&spread.fragment_name].selection_set,
            limit,
        ),
    };
    set.selections.iter().map(cost).sum()
}

fn one(document: &ExecutableDocument, field: &Field, limit: u32) -> u32 {
    let leaf = field.selection_set.selections.is_empty();
    let list = field.definition.ty.is_list();
    let page = field
        .definition
        .ty
        .inner_named_type()
        .starts_with("Paginated");
    let inside = || below(document, &field.selection_set, limit);
    match (leaf, list, page) {
        (true, true, _) => 1,
        (true, false, _) => 0,
        (false, true, _) => 5 * (1 + inside()),
        (false, false, false) => 1 + inside(),
        (false, false, true) => {
            // The 2 stands for the page and its `pageInfo`.
            let is_nodes = |f: &&apollo_compiler::Node<Field>| f.name == "nodes";
            let nodes = field.selection_set.fields().find(is_nodes).unwrap();
            2 + limit * (1 + below(document, &nodes.selection_set, limit))
        }
    }
}

fn agrees<O: Operation>(variables: &O::Variables, limit: i64) {
    let expected = formula(&O::document(variables), u32::try_from(limit).unwrap());
    assert_eq!(O::complexity(variables), expected, "{}", O::NAME);
}

#[test]
fn the_formula_gives_what_a_recorded_answer_gave() {
    let recorded = "{ posts(limit: 6) { nodes { id fields { key } mappingFields { key } } } }";
    assert_eq!(formula(recorded, 6), 68);
}

#[test]
fn every_operation_predicts_what_the_formula_gives() {
    let ids: Vec<_> = (0..7).map(|n| MemberId::new(n.to_string())).collect();
    let email = Email::parse("ada@example.com").unwrap();
    let space = SpaceId::new("s");
    let post = CreatePost {
        space_id: space.clone(),
        post_type_id: PostTypeId::new("t"),
        fields: vec![],
        publish: true,
        owner_id: None,
        tag_names: vec![],
    };
    agrees::<network::NetworkQuery>(&network::variables(), 0);
    agrees::<member::MemberQuery>(&member::variables(MemberRef::Username("ada")), 0);
    agrees::<members_by_ids::MembersByIds>(&members_by_ids::variables(&ids), 0);
    agrees::<members_by_alias::MembersByAlias>(&members_by_alias::variables(&ids), 0);
    let search = member_search::variables(&email, None);
    agrees::<member_search::MemberSearch>(&search, member_search::PAGE);
    let types = space_post_types::variables(&space, None);
    agrees::<space_post_types::SpacePostTypes>(&types, space_post_types::PAGE);
    agrees::<create_post::CreatePostMutation>(&create_post::variables(post), 0);
    agrees::<private_space::PrivateSpace>(&private_space::variables(&ids[0]), 0);
    let message = send_message::variables(&ids[0], "x", None);
    agrees::<send_message::SendMessage>(&message, 0);
    agrees::<chat_with_member::ChatWithMember>(&chat_with_member::variables(&ids[0]), 0);
    let talk = ConversationId::new("c");
    let messages = chat_messages::variables(&talk, 9, None);
    agrees::<chat_messages::ChatMessages>(&messages, 9);
    let messages = private_messages::variables(&talk, 9, None);
    agrees::<private_messages::PrivateMessages>(&messages, 9);
    let token = limited_token::variables(&NetworkId::new("n"), Some(&ids[0]));
    agrees::<limited_token::LimitedToken>(&token, 0);
    agrees::<root_fields::RootFields>(&serde_json::Map::new(), 0);
}

#[test]
fn null_inputs_stay_out_and_publish_is_always_sent() {
    let post = CreatePost {
        space_id: SpaceId::new("s"),
        post_type_id: PostTypeId::new("t"),
        fields: vec![crate::MappingField::html("content", "<p>x</p>")],
        publish: false,
        owner_id: None,
        tag_names: vec![],
    };
    let sent = serde_json::to_value(create_post::variables(post)).unwrap();
    let expected = serde_json::json!({
        "spaceId": "s",
        "input": {
            "postTypeId": "t",
            "publish": false,
            "mappingFields": [{ "key": "content", "type": "html", "value": "\"<p>x</p>\"" }],
        },
    });
    assert_eq!(sent, expected);
}

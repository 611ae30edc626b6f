use apollo_compiler::{
    ExecutableDocument, Schema,
    ast::{self, Definition, DirectiveList},
    executable::{Field, Selection, SelectionSet},
    validation::Valid,
};

use super::*;
use crate::{
    ConversationId, CreatePost, CreateReply, CustomField, Email, EventChange, EventDetails,
    EventId, Invitee, MemberFilter, MemberId, MemberRef, MemberStatus, MemberUpdate, NetworkId,
    NewAccount, NewEvent, NewInvitations, NewSpace, PostId, PostOrder, PostQuery, PostTypeId,
    RoleId, SpaceId, SpaceRoleId, UpdatePost,
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
    posts_predict(&space, &ids[0]);
    agrees::<private_space::PrivateSpace>(&private_space::variables(&ids[0]), 0);
    let message = send_message::variables(&ids[0], "x", None);
    agrees::<send_message::SendMessage>(&message, 0);
    agrees::<chat_with_member::ChatWithMember>(&chat_with_member::variables(&ids[0]), 0);
    let talk = ConversationId::new("c");
    let messages = chat_messages::variables(&talk, 9, None);
    agrees::<chat_messages::ChatMessages>(&messages, 9);
    let messages = private_messages::variables(&talk, 9, None);
    agrees::<private_messages::PrivateMessages>(&messages, 9);
    events_agree(&space);
    let token = limited_token::variables(&NetworkId::new("n"), Some(&ids[0]));
    agrees::<limited_token::LimitedToken>(&token, 0);
    agrees::<root_fields::RootFields>(&serde_json::Map::new(), 0);
    agrees::<event_types::EventTypes>(&event_types::variables(), 0);
}

#[test]
fn operations_on_members_and_spaces_predict_what_the_formula_gives() {
    let (space, member) = (SpaceId::new("s"), MemberId::new("m"));
    let email = Email::parse("ada@example.com").unwrap();
    let listed = member_search::list(&MemberFilter::default(), 100, None);
    agrees::<member_search::MemberSearch>(&listed, 100);
    let update = update_member::variables(&member, MemberUpdate::default());
    agrees::<update_member::UpdateMember>(&update, 0);
    agrees::<invite_members::InviteMembers>(&invite_members::variables(invitations()), 0);
    let found = member_invitations::variables(&email, None);
    agrees::<member_invitations::MemberInvitations>(&found, member_invitations::PAGE);
    agrees::<space::SpaceQuery>(&space::variables(&space), 0);
    agrees::<spaces::Spaces>(&spaces::variables(None), spaces::PAGE);
    let inside = space_members::variables(&space, &[], 90, None);
    agrees::<space_members::SpaceMembers>(&inside, 90);
    assert!(space_members::SpaceMembers::complexity(&inside) < 1_000);
    let theirs = member_spaces::variables(&member, None);
    agrees::<member_spaces::MemberSpaces>(&theirs, member_spaces::PAGE);
    let add = add_space_members::variables(&space, &member, None);
    agrees::<add_space_members::AddSpaceMembers>(&add, 0);
    let add = add_space_members::several(&space, &[member.clone(), member.clone()]);
    agrees::<add_space_members::AddSpaceMembers>(&add, 0);
    let remove = remove_space_members::variables(&space, &member);
    agrees::<remove_space_members::RemoveSpaceMembers>(&remove, 0);
}

#[test]
fn operations_for_moving_in_predict_what_the_formula_gives() {
    let member = MemberId::new("m");
    let all = member_roster::variables(100, None);
    agrees::<member_roster::MemberRoster>(&all, 100);
    assert!(member_roster::MemberRoster::complexity(&all) < 1_000);
    let all = member_invitations::list(100, None);
    agrees::<member_invitations::MemberInvitations>(&all, 100);
    agrees::<member_fields::MemberFields>(&member_fields::variables(), 0);
    let account = NewAccount {
        email: Email::parse("ada@example.com").unwrap(),
        name: "Ada".to_owned(),
        password: "a-long-password".to_owned().into(),
        created_at: None,
    };
    agrees::<join_network::JoinNetwork>(&join_network::variables(account), 0);
    let property = upsert_extra_property::variables(&member, "k", "1".to_owned());
    agrees::<upsert_extra_property::UpsertExtraProperty>(&property, 0);
    let properties = extra_properties::variables(&member, "k");
    agrees::<extra_properties::ExtraProperties>(&properties, 0);
    agrees::<collections::Collections>(&collections::variables(), 0);
    let collection = create_collection::variables("c".to_owned(), None);
    agrees::<create_collection::CreateCollection>(&collection, 0);
    let space = NewSpace {
        name: "s".to_owned(),
        slug: "s".to_owned(),
        description: None,
        collection_id: None,
        private: true,
        hidden: false,
        invite_only: true,
        created_at: None,
    };
    agrees::<create_space::CreateSpace>(&create_space::variables(space), 0);
}

#[test]
fn an_account_is_made_without_asking_for_the_tokens_of_its_member() {
    let document = join_network::join_network::QUERY;
    assert!(!document.to_lowercase().contains("token"), "{document}");
}

fn invitations() -> NewInvitations {
    NewInvitations {
        invitees: vec![Invitee {
            email: Email::parse("Ada@example.com").unwrap(),
            name: None,
        }],
        message: None,
        role_id: None,
        space_ids: vec![],
    }
}

fn json(variables: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(variables).unwrap()
}

#[test]
fn what_is_not_asked_for_stays_out_of_filters_and_inputs() {
    let none = member_search::list(&MemberFilter::default(), 7, None);
    let all = serde_json::json!(["VERIFIED", "UNVERIFIED", "Suspended"]);
    assert_eq!(
        json(&none),
        serde_json::json!({ "limit": 7, "status": all })
    );
    let filter = MemberFilter {
        query: Some("ada".to_owned()),
        role_ids: vec![RoleId::new("r")],
        statuses: vec![MemberStatus::Suspended],
    };
    let some = serde_json::json!({
        "limit": 7, "query": "ada", "roleIds": ["r"], "status": ["Suspended"],
    });
    assert_eq!(json(&member_search::list(&filter, 7, None)), some);
    let update = MemberUpdate {
        tagline: Some(String::new()),
        fields: vec![CustomField {
            key: "city".to_owned(),
            json_value: "null".to_owned(),
        }],
        ..MemberUpdate::default()
    };
    let expected = serde_json::json!({
        "id": "m",
        "input": { "tagline": "", "fields": [{ "key": "city", "value": "null" }] },
    });
    let member = MemberId::new("m");
    assert_eq!(json(&update_member::variables(&member, update)), expected);
    let expected = serde_json::json!({
        "input": { "invitees": [{ "email": "ada@example.com" }] },
    });
    assert_eq!(json(&invite_members::variables(invitations())), expected);
    let role = SpaceRoleId::new("r");
    let add = add_space_members::variables(&SpaceId::new("s"), &member, Some(&role));
    let expected = serde_json::json!({
        "spaceId": "s", "input": [{ "memberId": "m", "roleId": "r" }],
    });
    assert_eq!(json(&add), expected);
}

fn posts_predict(space: &SpaceId, member: &MemberId) {
    let id = PostId::new("p");
    let query = PostQuery {
        space_id: Some(space.clone()),
        created_since: Some(jiff::Timestamp::UNIX_EPOCH),
        limit: 7,
        ..PostQuery::default()
    };
    let reply = CreateReply {
        post_id: id.clone(),
        post_type_id: PostTypeId::new("t"),
        fields: vec![],
        owner_id: None,
    };
    let change = UpdatePost {
        id: id.clone(),
        fields: None,
        tag_names: None,
        publish: true,
    };
    agrees::<post::PostQuery>(&post::variables(&id), 0);
    agrees::<post_page::PostPage>(&post_page::variables(&query, None), 7);
    agrees::<full_post_page::FullPostPage>(&full_post_page::variables(&query, None), 7);
    let of_member = member_post_page::variables(member, false, 9, None);
    agrees::<member_post_page::MemberPostPage>(&of_member, 9);
    let of_member = full_member_post_page::variables(member, false, 9, None);
    agrees::<full_member_post_page::FullMemberPostPage>(&of_member, 9);
    agrees::<post_for_update::PostForUpdate>(&post_for_update::variables(&id), 0);
    agrees::<update_post::UpdatePostMutation>(&update_post::variables(change), 0);
    agrees::<delete_post::DeletePost>(&delete_post::variables(&id), 0);
    agrees::<reply_types::ReplyTypes>(&reply_types::variables(&id), 0);
    agrees::<create_reply::CreateReplyMutation>(&create_reply::variables(reply), 0);
    let replies = reply_page::variables(&id, true, 5, None);
    agrees::<reply_page::ReplyPage>(&replies, 5);
    agrees::<add_reaction::AddReaction>(&add_reaction::variables(&id, "+1"), 0);
    agrees::<remove_reaction::RemoveReaction>(&remove_reaction::variables(&id, "+1"), 0);
    agrees::<reaction_counts::ReactionCounts>(&reaction_counts::variables(&id), 0);
    let people = reaction_page::variables(&id, "+1", 5, None);
    agrees::<reaction_page::ReactionPage>(&people, 5);
    agrees::<auth_member::AuthMember>(&auth_member::variables(), 0);
}

#[test]
fn a_list_of_posts_asks_in_the_vendors_words() {
    let query = PostQuery {
        space_id: Some(SpaceId::new("s")),
        created_since: Some("2026-03-01T12:00:00Z".parse().unwrap()),
        order: PostOrder::LastActivityAt,
        limit: 5,
        ..PostQuery::default()
    };
    let sent = serde_json::to_value(post_page::variables(&query, None)).unwrap();
    let since = "\"2026-03-01T12:00:00.000Z\"";
    let expected = serde_json::json!({
        "spaceIds": ["s"],
        "filterBy": [{ "key": "createdAt", "operator": "gte", "value": since }],
        "orderBy": "lastActivityAt",
        "reverse": true,
        "limit": 5,
    });
    assert_eq!(sent, expected);
}

#[test]
fn a_change_of_a_post_always_says_whether_it_is_published() {
    let change = UpdatePost {
        id: PostId::new("p"),
        fields: None,
        tag_names: Some(vec![]),
        publish: false,
    };
    let sent = serde_json::to_value(update_post::variables(change)).unwrap();
    // No tags at all is a change too.
    let expected = serde_json::json!({ "id": "p", "input": { "publish": false, "tagNames": [] } });
    assert_eq!(sent, expected);
}

fn events_agree(space: &SpaceId) {
    let (id, none) = (EventId::new("e"), EventChange::default());
    let details = EventDetails {
        title: "t".to_owned(),
        html: "h".to_owned(),
        start: jiff::Timestamp::UNIX_EPOCH,
        end: jiff::Timestamp::UNIX_EPOCH,
        time_zone: "UTC".to_owned(),
        physical_places: vec![],
        virtual_places: vec![],
        host_ids: vec![],
        capacity: None,
        notify: true,
    };
    let new = NewEvent {
        space_id: space.clone(),
        details,
    };
    agrees::<create_event::CreateEvent>(&create_event::variables(&new).unwrap(), 0);
    agrees::<update_event::UpdateEvent>(&update_event::variables(&id, &none).unwrap(), 0);
    agrees::<delete_event::DeleteEvent>(&delete_event::variables(&id), 0);
    agrees::<register_for_event::RegisterForEvent>(&register_for_event::variables(&id), 0);
    agrees::<event::EventQuery>(&event::variables(&id), 0);
    agrees::<events::Events>(&events::variables(space, 9, None), 9);
    agrees::<event_post::EventPost>(&event_post::variables(&id), 0);
    let types = [PostTypeId::new("t")];
    let posts = event_posts::variables(space, types.iter(), 9, None);
    agrees::<event_posts::EventPosts>(&posts, 9);
    let change = update_event_post::variables(&id, vec![], true);
    agrees::<update_event_post::UpdateEventPost>(&change, 0);
    agrees::<delete_event_post::DeleteEventPost>(&delete_event_post::variables(&id), 0);
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

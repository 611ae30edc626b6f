//! The contract, held against these tests: no RPC that nobody calls from outside, no
//! reason that nobody provokes, nothing without a comment.

use std::fs;

use community_proto::v1::ErrorReason;
use prost::Message as _;
use prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};

use crate::repository;

/// Reasons that no working system gives to a caller.
const NOT_PROVOKED: &[ErrorReason] = &[ErrorReason::Internal];

#[test]
fn every_rpc_is_called_by_a_test_from_outside() {
    let tests = sources_of_these_tests();
    let mut count = 0;
    for file in ours() {
        for service in &file.service {
            for method in &service.method {
                count += 1;
                let call = format!(".{}(", snake_case(method.name()));
                assert!(
                    tests.contains(&call),
                    "no test calls {}/{}: nothing holds {call}",
                    service.name(),
                    method.name()
                );
            }
        }
    }
    assert!(count >= 7, "the descriptor set holds {count} RPCs");
}

#[test]
fn every_rpc_is_on_the_page_of_calls() {
    let path = repository::root().join("docs/grpcurl.md");
    let page = fs::read_to_string(path).unwrap();
    for file in ours() {
        for service in &file.service {
            for method in &service.method {
                let call = format!(" community.v1.{}/{}\n", service.name(), method.name());
                assert!(
                    page.contains(&call),
                    "docs/grpcurl.md has no{call}add it to xtask/src/up/grpcurl_calls.rs, then run \
                     `cargo xtask grpcurl`"
                );
            }
        }
    }
}

#[test]
fn every_error_reason_is_provoked_by_a_test_from_outside() {
    let tests = sources_of_these_tests();
    // Numbers have gaps.
    for reason in (1..=999).filter_map(|number| ErrorReason::try_from(number).ok()) {
        let name = format!("ErrorReason::{reason:?}");
        assert!(
            NOT_PROVOKED.contains(&reason) || tests.contains(&name),
            "no test expects {name}"
        );
    }
}

#[test]
fn every_service_rpc_message_field_and_value_has_a_comment() {
    let mut missing = Vec::new();
    for file in ours() {
        for (path, name) in places(&file) {
            let info = file.source_code_info.as_ref().expect("comments are kept");
            let comment = info
                .location
                .iter()
                .find(|location| location.path == path)
                .map(|location| location.leading_comments().trim().len());
            if comment.unwrap_or(0) == 0 {
                missing.push(format!("{}: {name}", file.name()));
            }
        }
    }
    assert!(missing.is_empty(), "without a comment: {missing:#?}");
}

/// Every thing in a file that wants a comment, by its path in the descriptor.
fn places(file: &FileDescriptorProto) -> Vec<(Vec<i32>, String)> {
    // Field numbers of google/protobuf/descriptor.proto.
    const MESSAGES: i32 = 4;
    const ENUMS: i32 = 5;
    const SERVICES: i32 = 6;
    const MEMBERS: i32 = 2;
    let mut places = Vec::new();
    for (number, message) in (0..).zip(&file.message_type) {
        assert!(message.nested_type.is_empty() && message.enum_type.is_empty());
        places.push((vec![MESSAGES, number], message.name().to_owned()));
        places.extend(fields(message, number));
    }
    for (number, service) in (0..).zip(&file.service) {
        places.push((vec![SERVICES, number], service.name().to_owned()));
        for (member, method) in (0..).zip(&service.method) {
            let path = vec![SERVICES, number, MEMBERS, member];
            places.push((path, format!("{}.{}", service.name(), method.name())));
        }
    }
    for (number, values) in (0..).zip(&file.enum_type) {
        places.push((vec![ENUMS, number], values.name().to_owned()));
        for (member, value) in (0..).zip(&values.value) {
            let path = vec![ENUMS, number, MEMBERS, member];
            places.push((path, value.name().to_owned()));
        }
    }
    places
}

fn fields(message: &DescriptorProto, number: i32) -> Vec<(Vec<i32>, String)> {
    let name = |field: &str| format!("{}.{field}", message.name());
    let plain = (0..).zip(&message.field);
    let oneofs = (0..).zip(&message.oneof_decl);
    plain
        .map(|(member, field)| (vec![4, number, 2, member], name(field.name())))
        .chain(oneofs.map(|(member, oneof)| (vec![4, number, 8, member], name(oneof.name()))))
        .collect()
}

fn ours() -> Vec<FileDescriptorProto> {
    let set = FileDescriptorSet::decode(community_proto::FILE_DESCRIPTOR_SET).unwrap();
    let files: Vec<_> = set
        .file
        .into_iter()
        .filter(|file| file.package() == "community.v1")
        .collect();
    assert!(files.len() >= 5, "the descriptor set lacks our files");
    files
}

fn sources_of_these_tests() -> String {
    let folder = repository::root().join("tests/it");
    let this = file!().rsplit('/').next().unwrap();
    let mut text = String::new();
    for path in repository::files() {
        if path.starts_with(&folder) && !path.ends_with(this) {
            text.push_str(&fs::read_to_string(&path).unwrap());
        }
    }
    text
}

fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

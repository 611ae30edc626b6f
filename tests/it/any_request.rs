//! Requests for whatever RPCs the contract has, made from its descriptors.

use prost::Message as _;
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    Value,
};

/// How deep messages in messages are filled.
const DEPTH: usize = 3;

/// Every RPC of our services.
pub(crate) fn methods() -> Vec<MethodDescriptor> {
    let pool = DescriptorPool::decode(community_proto::FILE_DESCRIPTOR_SET).unwrap();
    let methods: Vec<_> = pool
        .services()
        .filter(|service| service.package_name() == "community.v1")
        .flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect();
    assert!(methods.len() >= 7, "{methods:?}");
    methods
}

/// The path of an RPC: `/package.Service/Method`.
pub(crate) fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// A request that is well formed, about things that do not exist.
pub(crate) fn about_nothing(method: &MethodDescriptor) -> Vec<u8> {
    filled(&method.input(), DEPTH).encode_to_vec()
}

/// The same again and again, each time with one of its texts far too long: the field's
/// name and the request.
pub(crate) fn with_a_text_too_long(method: &MethodDescriptor) -> Vec<(String, Vec<u8>)> {
    let text = |field: &FieldDescriptor| matches!(field.kind(), Kind::String) && !field.is_map();
    let fields = method.input().fields().filter(text).collect::<Vec<_>>();
    fields
        .into_iter()
        .map(|field| {
            let mut request = filled(&method.input(), DEPTH);
            let long = Value::String("x".repeat(600_000));
            let value = if field.is_list() {
                Value::List(vec![long])
            } else {
                long
            };
            request.set_field(&field, value);
            (field.name().to_owned(), request.encode_to_vec())
        })
        .collect()
}

fn filled(message: &MessageDescriptor, depth: usize) -> DynamicMessage {
    let mut filled_in = DynamicMessage::new(message.clone());
    for field in message.fields() {
        let first_choice = field
            .containing_oneof()
            .is_none_or(|oneof| oneof.fields().next().as_ref() == Some(&field));
        if field.is_map() || !first_choice {
            continue;
        }
        if let Some(value) = value(&field, depth) {
            let value = if field.is_list() {
                Value::List(vec![value])
            } else {
                value
            };
            filled_in.set_field(&field, value);
        }
    }
    filled_in
}

fn value(field: &FieldDescriptor, depth: usize) -> Option<Value> {
    Some(match field.kind() {
        Kind::String => match field.name() {
            // Given by the service, or by the caller's own choice.
            "page_token" | "resume_token" | "request_id" => return None,
            name if name.contains("email") => Value::String("nobody@example.com".to_owned()),
            _ => Value::String("nobody0000".to_owned()),
        },
        Kind::Bytes => Value::Bytes(bytes::Bytes::from_static(b"{}")),
        Kind::Bool => return None,
        Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => Value::I32(1),
        Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => Value::I64(1),
        Kind::Uint32 | Kind::Fixed32 => Value::U32(1),
        Kind::Uint64 | Kind::Fixed64 => Value::U64(1),
        Kind::Float => Value::F32(1.0),
        Kind::Double => Value::F64(1.0),
        Kind::Enum(_) => Value::EnumNumber(1),
        Kind::Message(message) => {
            if depth == 0 || message.package_name() != "community.v1" {
                return None;
            }
            Value::Message(filled(&message, depth - 1))
        }
    })
}

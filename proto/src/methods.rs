//! What may be done with each RPC, read from the contract itself.
//!
//! Nothing here is a list that somebody has to keep: the kind of a method follows
//! from its name, as <https://google.aip.dev/130> has it, and whether it can be sent
//! again under a `request_id` from the fields of its request.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use prost_types::{DescriptorProto, FileDescriptorSet, MethodDescriptorProto};

use crate::FILE_DESCRIPTOR_SET;

/// The package whose methods this is about.
const PACKAGE: &str = "community.v1";

/// Beginnings of the names of methods that change nothing.
const READS: &[&str] = &["BatchGet", "Get", "List", "Watch"];

/// Methods that change something and may be sent twice all the same: an event is known
/// by its id, and a copy that is gone is gone.
const IDEMPOTENT: &[&str] = &["IngestWebhookEvents", "InvalidateMember", "LinkMembers"];

/// The field that makes a write safe to send again.
const REQUEST_ID: &str = "request_id";

/// What sending a call twice would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing: it changes nothing.
    Read,
    /// Nothing more than sending it once does.
    Idempotent,
    /// Perhaps the same thing twice, unless the request carries a `request_id`.
    Write,
}

/// One RPC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Method {
    /// What sending it twice would do.
    pub kind: Kind,
    /// Whether the answer is a stream.
    pub streams: bool,
    /// The number of the request's `request_id`, where it has one.
    request_id: Option<u32>,
}

/// Every RPC of the contract, by its path.
#[derive(Debug, Clone)]
pub struct Methods(BTreeMap<String, Method>);

impl Methods {
    /// The methods of this contract.
    #[must_use]
    pub fn of_the_contract() -> &'static Self {
        static METHODS: LazyLock<Methods> = LazyLock::new(|| {
            // Checked in and held by a test; an empty table would only mean no retries.
            let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).unwrap_or_default();
            Methods::of(&set)
        });
        &METHODS
    }

    /// The methods that a descriptor set holds, of the package `community.v1` alone.
    #[must_use]
    pub fn of(set: &FileDescriptorSet) -> Self {
        let files = || set.file.iter().filter(|file| file.package() == PACKAGE);
        let messages: BTreeMap<String, &DescriptorProto> = files()
            .flat_map(|file| &file.message_type)
            .map(|message| (format!(".{PACKAGE}.{}", message.name()), message))
            .collect();
        let methods = files().flat_map(|file| &file.service).flat_map(|service| {
            let path = move |method: &MethodDescriptorProto| {
                format!("/{PACKAGE}.{}/{}", service.name(), method.name())
            };
            service
                .method
                .iter()
                .map(move |method| (path(method), method))
        });
        Self(
            methods
                .map(|(path, method)| {
                    let request = messages.get(method.input_type()).copied();
                    (path, Method::new(method, request))
                })
                .collect(),
        )
    }

    /// The method with this path: `/community.v1.CommunityService/GetMember`.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Method> {
        self.0.get(path)
    }

    /// All of them with their paths, in the order of these.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Method)> {
        self.0.iter().map(|(path, method)| (path.as_str(), method))
    }
}

impl Method {
    fn new(method: &MethodDescriptorProto, request: Option<&DescriptorProto>) -> Self {
        let begins = |start: &&str| method.name().starts_with(*start);
        let kind = if READS.iter().any(begins) {
            Kind::Read
        } else if IDEMPOTENT.contains(&method.name()) {
            Kind::Idempotent
        } else {
            Kind::Write
        };
        let fields = request.map(|message| message.field.as_slice());
        let request_id = fields
            .unwrap_or_default()
            .iter()
            .find(|field| field.name() == REQUEST_ID)
            .and_then(|field| u32::try_from(field.number()).ok());
        Self {
            kind,
            streams: method.server_streaming(),
            request_id,
        }
    }

    /// Whether this encoded request has a `request_id` that is not empty. A message that
    /// does not decode has none.
    #[must_use]
    pub fn has_request_id(&self, message: &[u8]) -> bool {
        self.request_id
            .is_some_and(|wanted| length_of(wanted, message).is_some_and(|length| length > 0))
    }
}

/// The length of a string field at the top of a message. The last one counts, as it
/// does for those who decode it.
fn length_of(wanted: u32, mut message: &[u8]) -> Option<u64> {
    let mut found = None;
    while !message.is_empty() {
        let (tag, wire_type) = decode_key(&mut message).ok()?;
        if tag == wanted && wire_type == WireType::LengthDelimited {
            let length = decode_varint(&mut message).ok()?;
            message = message.get(usize::try_from(length).ok()?..)?;
            found = Some(length);
        } else {
            skip_field(wire_type, tag, &mut message, DecodeContext::default()).ok()?;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use prost_types::field_descriptor_proto::Type;
    use prost_types::{FieldDescriptorProto, FileDescriptorProto, ServiceDescriptorProto};

    use super::*;

    fn string(name: &str, number: i32) -> FieldDescriptorProto {
        FieldDescriptorProto {
            name: Some(name.to_owned()),
            number: Some(number),
            r#type: Some(Type::String.into()),
            ..FieldDescriptorProto::default()
        }
    }

    /// A contract with one service, whose methods all take this request.
    fn contract(names: &[&str], fields: Vec<FieldDescriptorProto>) -> Methods {
        let method = |name: &&str| MethodDescriptorProto {
            name: Some((*name).to_owned()),
            input_type: Some(format!(".{PACKAGE}.Request")),
            ..MethodDescriptorProto::default()
        };
        let file = FileDescriptorProto {
            package: Some(PACKAGE.to_owned()),
            message_type: vec![DescriptorProto {
                name: Some("Request".to_owned()),
                field: fields,
                ..DescriptorProto::default()
            }],
            service: vec![ServiceDescriptorProto {
                name: Some("S".to_owned()),
                method: names.iter().map(method).collect(),
                ..ServiceDescriptorProto::default()
            }],
            ..FileDescriptorProto::default()
        };
        Methods::of(&FileDescriptorSet { file: vec![file] })
    }

    #[test]
    fn a_name_says_what_sending_a_call_twice_would_do() {
        let methods = contract(
            &[
                "GetX",
                "ListXs",
                "BatchGetXs",
                "WatchXs",
                "InvalidateMember",
                "Forget",
            ],
            Vec::new(),
        );
        let kind = |name| {
            methods
                .get(&format!("/community.v1.S/{name}"))
                .unwrap()
                .kind
        };
        for name in ["GetX", "ListXs", "BatchGetXs", "WatchXs"] {
            assert_eq!(kind(name), Kind::Read, "{name}");
        }
        assert_eq!(kind("InvalidateMember"), Kind::Idempotent);
        assert_eq!(kind("Forget"), Kind::Write);
        assert!(methods.get("/community.v1.S/Nothing").is_none());
    }

    #[test]
    fn a_request_id_is_found_wherever_it_stands_in_the_message() {
        let methods = contract(
            &["CreateX"],
            vec![string("title", 1), string("request_id", 17)],
        );
        let method = methods.get("/community.v1.S/CreateX").unwrap();
        let [title, id, empty] = [
            &[0x0a, 2, b'h', b'i'][..],
            &[0x8a, 0x01, 1, b'7'],
            &[0x8a, 0x01, 0],
        ];
        for (message, found) in [
            ([id, title].concat(), true),
            ([title, id].concat(), true),
            (title.to_vec(), false),
            (empty.to_vec(), false),
            ([id, empty].concat(), false),
            ([title, &[0x8a, 0x01, 9, b'7']].concat(), false),
            (Vec::new(), false),
        ] {
            assert_eq!(method.has_request_id(&message), found, "{message:?}");
        }
        let without = contract(&["CreateX"], vec![string("title", 17)]);
        let method = without.get("/community.v1.S/CreateX").unwrap();
        assert!(!method.has_request_id(id));
    }

    #[test]
    fn every_method_that_the_table_names_is_in_the_contract() {
        let methods = Methods::of_the_contract();
        for name in IDEMPOTENT {
            assert!(
                methods.iter().any(|(path, _)| path.ends_with(name)),
                "{name} is gone"
            );
        }
        let watch = methods.get("/community.v1.WebhookEventService/WatchWebhookEvents");
        assert!(watch.unwrap().streams);
    }
}

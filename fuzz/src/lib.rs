#![doc = include_str!("../README.md")]

pub mod envelope;
pub mod headers;
pub mod log;
pub mod record;
mod reference;
mod request;
pub mod verifier;

/// A function over bytes that panics when something is wrong.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in `corpus`.
    pub name: &'static str,
    /// The function.
    pub run: fn(&[u8]),
}

/// Every target.
pub const TARGETS: [Target; 5] = [
    Target {
        name: "verifier",
        run: verifier::run,
    },
    Target {
        name: "headers",
        run: headers::run,
    },
    Target {
        name: "envelope",
        run: envelope::run,
    },
    Target {
        name: "record",
        run: record::run,
    },
    Target {
        name: "log",
        run: log::run,
    },
];

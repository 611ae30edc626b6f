//! libFuzzer's way into `fuzz_targets::verifier`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::verifier::run(data));

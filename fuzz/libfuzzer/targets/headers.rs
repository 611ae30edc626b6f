//! libFuzzer's way into `fuzz_targets::headers`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::headers::run(data));

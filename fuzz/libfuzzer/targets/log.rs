//! libFuzzer's way into `fuzz_targets::log`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| fuzz_targets::log::run(data));

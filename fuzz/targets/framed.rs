#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| churnwatch_fuzz::decoders::run("framed", bytes));

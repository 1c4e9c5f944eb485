//! The bodies of the fuzz targets; fuzz/targets holds a file for each, which libFuzzer calls.

pub mod decoders;

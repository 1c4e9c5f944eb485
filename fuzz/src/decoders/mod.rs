//! What each fuzz target does with its bytes. Compiled twice: by cargo-fuzz, and by tests/decoders.rs on the stable compiler.

mod changelog;
mod files;
mod foreign;
mod framed;
mod inputs;
mod models;
mod outputs;
mod partition;

/// Takes any bytes; whatever goes against what its decoder promises panics.
pub type Decoder = fn(&[u8]);

/// Every target by its name, which is also that of its file in fuzz/targets and of its folder in fuzz/seeds.
pub const DECODERS: [(&str, Decoder); 15] = [
    ("event", inputs::event),
    ("foreign", foreign::foreign),
    ("framed", framed::framed),
    ("csv", inputs::csv),
    ("letter", inputs::letter),
    ("customer", changelog::customer),
    ("changelog", changelog::changelog),
    ("partition", partition::partition),
    ("artifact", models::artifact),
    ("head_json", models::head_json),
    ("head_onnx", models::head_onnx),
    ("outcomes", outputs::outcomes),
    ("alert", outputs::alert),
    ("configuration", files::configuration),
    ("playbook", files::playbook),
];

/// Runs a target by its name.
///
/// # Panics
/// Where there is no such target, and where the decoder breaks a promise.
pub fn run(name: &str, bytes: &[u8]) {
    let (_, decoder) = DECODERS.iter().find(|(known, _)| *known == name).expect("a target of this name");
    decoder(bytes);
}

/// What stands before the first `at`, and what stands behind it.
fn cut(bytes: &[u8], at: u8) -> (&[u8], &[u8]) {
    let place = bytes.iter().position(|byte| *byte == at).unwrap_or(bytes.len());
    (&bytes[..place], bytes.get(place + 1..).unwrap_or_default())
}

/// Whether two are the same, numbers that are none included.
fn same<T: PartialEq + std::fmt::Debug>(one: &T, other: &T) -> bool {
    one == other || format!("{one:?}") == format!("{other:?}")
}

//! Heads from scikit-learn: what comes in scores as `predict_proba` did, and what was touched stays out.
//! tests/fixtures/imports/make.py makes the files; their golden rows are scikit-learn's own.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test stops at the first thing that is not as it should be"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use churnwatch::engine::rfm::features::{FEATURES, Features, feature_index};
use churnwatch::engine::scoring::logistic::Head;
use churnwatch::wire::artifact::Artifact;
use churnwatch::wire::artifact_records::HeadName;
use churnwatch::wire::imported_head::{HeadForm, ImportFault, ImportedHead};
use churnwatch::wire::onnx::OnnxFault;
use serde_json::{Value, json};

/// Every pipeline, as JSON and as ONNX; the ONNX without notes of its own is held to the JSON of the same pipeline.
const FILES: [(&str, HeadName, &str); 12] = [
    ("silence.json", HeadName::Silence, "silence.json"),
    ("forward-words.json", HeadName::Forward, "forward-words.json"),
    ("centred.json", HeadName::Silence, "centred.json"),
    ("scaled.json", HeadName::Silence, "scaled.json"),
    ("plain.json", HeadName::Silence, "plain.json"),
    ("silence.onnx", HeadName::Silence, "silence.json"),
    ("silence-tensor.onnx", HeadName::Silence, "silence.json"),
    ("one-row.onnx", HeadName::Silence, "silence.json"),
    ("forward-words.onnx", HeadName::Forward, "forward-words.json"),
    ("centred.onnx", HeadName::Silence, "centred.json"),
    ("scaled.onnx", HeadName::Silence, "scaled.json"),
    ("plain.onnx", HeadName::Silence, "plain.json"),
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/imports").join(name)
}

fn base() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/default.json")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(fixture(name)).unwrap()
}

fn form(name: &str) -> HeadForm {
    if Path::new(name).extension().is_some_and(|suffix| suffix == "onnx") { HeadForm::Onnx } else { HeadForm::Json }
}

/// Features and scikit-learn's probability of each golden row.
fn golden(name: &str) -> Vec<(Features, f64)> {
    let file: Value = serde_json::from_slice(&bytes(name)).unwrap();
    let rows = file["golden"].as_array().unwrap().iter().map(|row| {
        let mut features = [0.0; FEATURES];
        for (name, value) in row["features"].as_object().unwrap() {
            features[feature_index(name).unwrap()] = value.as_f64().unwrap();
        }
        (features, row["probability"].as_f64().unwrap())
    });
    rows.collect()
}

fn difference(head: &Head, golden: &[(Features, f64)]) -> f64 {
    golden.iter().map(|(features, theirs)| (head.score(features) - theirs).abs()).fold(0.0, f64::max)
}

fn import(heads: &[(HeadName, &Path)], output: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_churnwatch"));
    command.arg("import").arg("--base").arg(base()).arg("--output").arg(output);
    for (name, path) in heads {
        command.arg(format!("--{name}")).arg(path);
    }
    command.output().unwrap()
}

fn read(name: &str, bytes: &[u8]) -> Result<ImportedHead, ImportFault> {
    let wanted = if name.starts_with("forward") { HeadName::Forward } else { HeadName::Silence };
    ImportedHead::read(bytes, form(name), wanted, 90)
}

/// What the file says with `from` replaced by `to`, everywhere.
fn touched(name: &str, from: &[u8], to: &[u8]) -> Result<ImportedHead, ImportFault> {
    let (mut kept, mut written, whole) = (0, Vec::new(), bytes(name));
    while let Some(at) = whole[kept..].windows(from.len()).position(|window| window == from) {
        written.extend([&whole[kept..kept + at], to].concat());
        kept += at + from.len();
    }
    assert!(kept > 0, "{name} does not hold {}", String::from_utf8_lossy(from));
    written.extend(&whole[kept..]);
    read(name, &written)
}

#[test]
fn every_pipeline_scores_as_predict_proba() {
    let folder = tempfile::tempdir().unwrap();
    let before = Artifact::read(&std::fs::read(base()).unwrap()).unwrap();
    for (name, wanted, rows) in FILES {
        let output = folder.path().join("imported.json");
        let done = import(&[(wanted, &fixture(name))], &output);
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.success(), "{name}: {said}");
        assert_eq!(said.contains("backtest --precision"), wanted == HeadName::Silence, "{said}");
        let after = Artifact::read(&std::fs::read(&output).unwrap()).unwrap();
        let (new, old) = (after.model().unwrap(), before.model().unwrap());
        let (head, other, others) = match wanted {
            HeadName::Silence => (&new.silence, &new.forward, &old.forward),
            HeadName::Forward => (&new.forward, &new.silence, &old.silence),
        };
        let rows = golden(rows);
        assert_eq!((head.columns.len(), rows.len()), (7, 20), "{name}");
        let tolerance = if form(name) == HeadForm::Onnx { 1e-5 } else { 1e-9 };
        assert!(difference(head, &rows) <= tolerance, "{name}: {}", difference(head, &rows));
        assert_eq!(other, others, "{name}");
        assert_eq!((new.constants, new.thresholds, new.tier_edges), (old.constants, old.thresholds, old.tier_edges));
        assert!(new.version.starts_with("imported@") && after.imported.contains_key(&wanted), "{name}");
    }
}

#[test]
fn both_heads_come_in_together_and_serve() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("both.json");
    let (silence, forward) = (fixture("silence.json"), fixture("forward-words.onnx"));
    let done = import(&[(HeadName::Silence, &silence), (HeadName::Forward, &forward)], &output);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let artifact = Artifact::read(&std::fs::read(&output).unwrap()).unwrap();
    assert_eq!(artifact.imported.len(), 2);
    assert_eq!((artifact.training.rows, &artifact.validation, &artifact.reference), ([0, 0], &[None, None], &None));
    let model = artifact.model().unwrap();
    assert!(difference(&model.silence, &golden("silence.json")) <= 1e-9);
    assert!(difference(&model.forward, &golden("forward-words.json")) <= 1e-5);
    let shop = folder.path().join("shop.jsonl");
    for arguments in [
        vec!["generate", "--customers", "50", "--days", "200", "--output", shop.to_str().unwrap()],
        vec!["replay", shop.to_str().unwrap(), "--model", output.to_str().unwrap(), "--json"],
    ] {
        let done = Command::new(env!("CARGO_BIN_EXE_churnwatch")).args(&arguments).output().unwrap();
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn a_refused_head_is_one_sentence_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let output = folder.path().join("imported.json");
    let cut = folder.path().join("cut.onnx");
    std::fs::write(&cut, &bytes("silence.onnx")[..3_000]).unwrap();
    for (path, sentence) in [
        (fixture("forward-words.json"), "give it by --forward"),
        (fixture("refused-three.onnx"), "a head has two"),
        (cut, "export it again"),
        (folder.path().join("absent.json"), "cannot read"),
        (base(), "write it by models/export_sklearn.py"),
    ] {
        let done = import(&[(HeadName::Silence, &path)], &output);
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!((done.status.code(), said.lines().count()), (Some(64), 1), "{said}");
        assert!(said.contains(sentence), "{said}");
        assert!(!output.exists());
    }
    assert_eq!(import(&[], &output).status.code(), Some(64));
}

/// Puts `value` at `pointer` of silence.json.
fn changed(pointer: &str, value: Value) -> ImportFault {
    let mut file: Value = serde_json::from_slice(&bytes("silence.json")).unwrap();
    match file.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => file[pointer.trim_start_matches('/')] = value,
    }
    read("silence.json", file.to_string().as_bytes()).unwrap_err()
}

#[test]
fn touched_json_is_refused() {
    assert!(matches!(changed("/features/0/weight", json!(0.5)), ImportFault::GoldenScore { row: 1, .. }));
    assert!(matches!(changed("/features/6/mean", json!(0.5)), ImportFault::GoldenScore { .. }));
    assert!(matches!(changed("/intercept", json!(1e-7)), ImportFault::GoldenScore { .. }));
    assert!(matches!(changed("/golden/7/probability", json!(0.5)), ImportFault::GoldenScore { row: 8, .. }));
    assert!(matches!(changed("/golden/7/features/lod", json!(0.5)), ImportFault::GoldenScore { row: 8, .. }));
    assert!(matches!(changed("/golden/7/features/r", json!(1e6)), ImportFault::GoldenClipped { row: 8, .. }));
    assert!(matches!(changed("/golden/7/features", json!({})), ImportFault::GoldenFeature { row: 8, .. }));
    assert_eq!(changed("/golden", json!([])), ImportFault::NoGolden);
    assert_eq!(changed("/features/0/name", json!("recency")), ImportFault::UnknownFeature("recency".into()));
    assert!(matches!(changed("/features/0/name", json!("lod_mx")), ImportFault::GoldenFeature { row: 1, .. }));
    assert_eq!(changed("/features/0/name", json!("r")), ImportFault::Features);
    assert_eq!(changed("/features", json!([])), ImportFault::Features);
    assert_eq!(changed("/features/0/scale", json!(0.0)), ImportFault::Number("lod".into()));
    assert!(matches!(changed("/features/0/weight", json!(null)), ImportFault::Unreadable(_)));
    assert_eq!(changed("/positive", json!("churned")), ImportFault::Classes);
    assert_eq!(changed("/classes", json!([0, 1, 2])), ImportFault::Classes);
    assert_eq!(changed("/head", json!("forward")), ImportFault::WrongHead(HeadName::Forward));
    assert!(matches!(changed("/head", json!("both")), ImportFault::Unreadable(_)));
    assert_eq!(changed("/horizon_days", json!(60)), ImportFault::Horizon(60, 90));
    assert_eq!(changed("/version", json!(2)), ImportFault::Version(2));
    assert!(matches!(changed("/format", json!("other")), ImportFault::Unreadable(_)));
    assert!(matches!(changed("/more", json!(1)), ImportFault::Unreadable(_)));
    for number in ["NaN", "1e999", "Infinity"] {
        let touched =
            touched("silence.json", b"\"intercept\": ", format!("\"intercept\": {number}, \"x\": ").as_bytes());
        assert!(matches!(touched, Err(ImportFault::Unreadable(_))), "{touched:?}");
    }
}

#[test]
fn touched_onnx_is_refused() {
    let file: Value = serde_json::from_slice(&bytes("silence.json")).unwrap();
    let weight = file["features"][0]["weight"].as_f64().unwrap() as f32;
    let other = weight + 0.01;
    let of_classifier = |fault| Err(ImportFault::Onnx(OnnxFault::Classifier(fault)));
    let half = touched("silence.onnx", &weight.to_le_bytes(), &other.to_le_bytes());
    assert_eq!(half, of_classifier("two rows of coefficients are not opposite"));
    let whole = touched("one-row.onnx", &weight.to_le_bytes(), &other.to_le_bytes());
    assert!(matches!(whole, Err(ImportFault::GoldenScore { .. })), "{whole:?}");
    let endless = touched("one-row.onnx", &weight.to_le_bytes(), &f32::NAN.to_le_bytes());
    assert_eq!(endless, Err(ImportFault::Number("lod".into())));
    let link = touched("silence.onnx", b"LOGISTIC", b"SOFTMAX_");
    assert_eq!(link, of_classifier("post_transform is not LOGISTIC"));
    let norm = touched("one-row.onnx", b"\x02L1", b"\x02L2");
    assert!(matches!(norm, Err(ImportFault::Onnx(OnnxFault::Node(_)))), "{norm:?}");
    for (name, from, to) in [
        ("silence.onnx", &b"Scaler"[..], &b"Scalar"[..]),
        ("silence.onnx", b"LinearClassifier", b"LinearRegression"),
        ("silence.onnx", b"ZipMap", b"ZapMap"),
    ] {
        let node = touched(name, from, to);
        assert!(matches!(node, Err(ImportFault::Onnx(OnnxFault::Node(_)))), "{node:?}");
    }
    let chain = touched("silence.onnx", b"\x0a\x08variable", b"\x0a\x08elsewhat");
    assert!(matches!(chain, Err(ImportFault::Onnx(OnnxFault::Chain(_)))), "{chain:?}");
    let unknown = touched("silence.onnx", b"gtrend", b"gtrenb");
    assert_eq!(unknown, Err(ImportFault::UnknownFeature("gtrenb".into())));
    let key = touched("silence.onnx", b"churnwatch.golden", b"churnwatch.golded");
    assert_eq!(key, Err(ImportFault::Metadata("churnwatch.golden")));
    let doubles = read("refused-doubles.onnx", &bytes("refused-doubles.onnx"));
    assert!(matches!(doubles, Err(ImportFault::Onnx(OnnxFault::Node(_)))), "{doubles:?}");
    let text = read("silence.onnx", &bytes("silence.json"));
    assert!(matches!(text, Err(ImportFault::Onnx(_))), "{text:?}");
}

#[test]
fn a_file_cut_short_anywhere_is_refused() {
    for name in ["silence.json", "plain.onnx", "silence.onnx", "forward-words.onnx"] {
        // The last byte of the JSON is its line end.
        let whole = bytes(name);
        for end in 0..whole.len() - 1 {
            assert!(read(name, &whole[..end]).is_err(), "{name} of {end} bytes");
        }
    }
}

/// Whatever byte changes on the way, no head comes in that scores the golden rows otherwise.
#[test]
fn no_changed_byte_lets_another_head_in() {
    for (name, wanted, rows) in FILES {
        let (whole, rows) = (bytes(name), golden(rows));
        let tolerance = if form(name) == HeadForm::Onnx { 2e-5 } else { 2e-9 };
        for at in 0..whole.len() {
            for flip in [0x01, 0x10, 0x80] {
                let mut changed = whole.clone();
                changed[at] ^= flip;
                if let Ok(ImportedHead { head, .. }) = ImportedHead::read(&changed, form(name), wanted, 90) {
                    assert!(difference(&head, &rows) <= tolerance, "{name}: byte {at}, flip {flip}");
                }
            }
        }
    }
}

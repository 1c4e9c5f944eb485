//! What is learnt and brought along: artifacts, promotions, heads that were fitted elsewhere.

use churnwatch::engine::rfm::features::FEATURES;
use churnwatch::engine::scoring::logistic::Head;
use churnwatch::wire::artifact::{Artifact, feature_fingerprint};
use churnwatch::wire::artifact_records::HeadName;
use churnwatch::wire::imported_head::{HeadForm, ImportedHead};
use churnwatch::wire::promotion::{Fit, read_promotion};
use sha2::{Digest, Sha256};

use super::cut;

/// The first line is the day of a promotion, the rest the artifact. What was only changed after training is sealed anew, or no
/// change would ever get past the checksum.
pub(super) fn artifact(bytes: &[u8]) {
    let (day, text) = cut(bytes, b'\n');
    let _ = Artifact::read(text);
    let Ok(mut artifact) = serde_json::from_slice::<Artifact>(text) else { return };
    artifact.feature_fingerprint = feature_fingerprint();
    artifact.checksum = String::new();
    let Ok(unsigned) = serde_json::to_vec(&artifact) else { return };
    artifact.checksum = hex::encode(Sha256::digest(unsigned));
    let written = artifact.write();
    let Ok(read) = Artifact::read(&written) else { return };
    assert_eq!(read.write(), written);
    let fit = Fit { horizon_days: read.horizon_days, currency: read.currency.clone() };
    let Ok(model) = read.model() else {
        assert!(read_promotion(b"", &written, Some(day), &fit).is_err());
        return;
    };
    scores(&model.silence);
    scores(&model.forward);
    let promoted = read_promotion(model.version.as_bytes(), &written, Some(day), &fit);
    if let Ok((_, promoted, _)) = promoted {
        assert_eq!(promoted, read);
    }
}

/// No head that is let in says anything but a probability.
fn scores(head: &Head) {
    for value in [0.0, 1.0, -1.0, 1e6, -1e6, 1e300, -1e300, f64::MAX, f64::MIN] {
        let score = head.score(&[value; FEATURES]);
        assert!((0.0..=1.0).contains(&score), "{score} of {value}");
    }
}

pub(super) fn head_json(bytes: &[u8]) {
    head(bytes, HeadForm::Json);
}

pub(super) fn head_onnx(bytes: &[u8]) {
    head(bytes, HeadForm::Onnx);
}

fn head(bytes: &[u8], form: HeadForm) {
    for wanted in [HeadName::Silence, HeadName::Forward] {
        if let Ok(imported) = ImportedHead::read(bytes, form, wanted, 90) {
            assert!(imported.golden_rows > 0);
            assert!((0.0..1.0).contains(&imported.largest_difference));
        }
    }
}

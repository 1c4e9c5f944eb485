//! Which features the heads are fitted with. A feature that is constant in a log is left out by the fit.

use crate::engine::rfm::features::feature_index;

/// The compact set: the fourteen of docs/accuracy.md, and what is beyond doubt.
const COMPACT: [&str; 15] = [
    "ld7",
    "ld14",
    "ld60",
    "ld90",
    "ld0_60",
    "ld0_90",
    "bg7",
    "sur60",
    "lod",
    "lod_mx",
    "one",
    "lr_x_one",
    "gtrend",
    "lamt_last_ratio",
    "overrun",
];
/// What the rich heads use besides.
const RICH: [&str; 3] = ["lspend30", "lspend90", "laov"];
/// What the silence head uses besides: the shape of the idle day, and the main effects of what it is crossed with.
const SHAPE: [&str; 12] =
    ["r", "lr", "lr2", "sqrt_r", "lod_x_ln_n", "lr_x_ln_n", "hinge1", "hinge2", "hinge3", "hinge4", "ln_n", "ltenure"];
/// What is known of a customer besides purchases; constant, and so left out, in a log that has none of it.
const HEARD: [&str; 11] = [
    "lattention7",
    "lattention30",
    "lattention90",
    "lintent30",
    "lopened30",
    "lignored30",
    "unsubscribed90",
    "lsupport30",
    "complaint_open",
    "survey",
    "lr_x_attention30",
];

/// Positions of the forward head's features, ascending.
pub fn forward_features(rich: bool) -> Vec<usize> {
    if rich { indices(&[&COMPACT, &RICH, &HEARD]) } else { indices(&[&COMPACT]) }
}

/// Positions of the silence head's features, ascending.
pub fn silence_features(rich: bool) -> Vec<usize> {
    if rich { indices(&[&COMPACT, &RICH, &SHAPE, &HEARD]) } else { indices(&[&COMPACT, &SHAPE]) }
}

fn indices(parts: &[&[&str]]) -> Vec<usize> {
    let mut indices: Vec<usize> =
        parts.iter().flat_map(|part| part.iter()).filter_map(|name| feature_index(name)).collect();
    indices.sort_unstable();
    indices
}

//! What would clear a warning: each interaction that, were it to come next, would by itself take the score below the exit.

use crate::engine::day::Day;
use crate::engine::event::Interaction;
use crate::engine::rfm::features::Steady;
use crate::engine::rfm::view::View;
use crate::engine::scoring::model::Model;

/// What a customer may do by itself short of buying. A survey counts as answered with full satisfaction.
const HOPES: [Interaction; 8] = [
    Interaction::Visit,
    Interaction::ProductView,
    Interaction::Cart,
    Interaction::Checkout,
    Interaction::Login,
    Interaction::MessageOpened,
    Interaction::MessageClicked,
    Interaction::Survey { satisfaction: 1.0 },
];

/// The kinds, as bits, of the interactions that would each take the silence score from `exit` or above to below it, were
/// they to come on `day`, the view's own or a later one; `steady` is what stays of the view.
pub fn clears(model: &Model, steady: &Steady, view: &View, day: Day, exit: f64) -> u32 {
    if !model.silence.hears() {
        return 0;
    }
    let clears = |view: &View| model.silence.score(&model.features_of(steady, view)) < exit;
    let mut unheard = view.clone();
    unheard.day = day;
    if clears(&unheard) {
        return 0;
    }
    HOPES.iter().fold(0, |bits, hope| {
        let mut heard = unheard.clone();
        heard.hear(hope);
        bits | u32::from(clears(&heard)) << hope.kind()
    })
}

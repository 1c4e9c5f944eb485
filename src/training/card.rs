//! The model card (Mitchell et al. 2019): what a model is for, how good it was, what it must not be used for.

use std::fmt::Write;

use crate::engine::rfm::features::Group;
use crate::training::chart::{Frame, Legend, Line, lines};
use crate::training::evaluate::{Figures, Scored, evaluate};
use crate::training::metrics::reliability;
use crate::training::recipe::FittedHead;
use crate::training::silence::BandEdges;
use crate::wire::artifact::Artifact;

/// A group that moves the log-odds by less is not spoken of.
const LEAST_SPREAD: f64 = 0.005;

/// A card: Markdown, and the diagrams that it shows, by file name.
pub struct Card {
    /// The Markdown.
    pub text: String,
    /// SVG by file name.
    pub diagrams: Vec<(String, String)>,
}

/// The card of a model. Diagrams are named after `stem`.
pub fn card(artifact: &Artifact, stem: &str, heads: [&FittedHead; 2], edges: &BandEdges, unusable: u64) -> Card {
    let mut card = Card { text: String::new(), diagrams: Vec::new() };
    // Writing to a string does not fail.
    let _ = write_card(&mut card, artifact, stem, heads, edges, unusable);
    card
}

fn write_card(
    card: &mut Card,
    artifact: &Artifact,
    stem: &str,
    heads: [&FittedHead; 2],
    edges: &BandEdges,
    unusable: u64,
) -> std::fmt::Result {
    let out = &mut card.text;
    let (training, horizon) = (&artifact.training, artifact.horizon_days);
    writeln!(out, "# Model card: {}\n", artifact.name)?;
    writeln!(out, "## Purpose")?;
    writeln!(
        out,
        "Tells which customers' present silence will exceed {horizon} days (silence head: bands and alerts), and who will buy nothing in the next {horizon} days (forward head: value at risk).\n"
    )?;
    writeln!(
        out,
        "What the bands would have been on the newest silences whose end was known, which the head was fitted with too:\n"
    )?;
    writeln!(out, "| band | from score | warnings that came true | silences a day |\n|---|---|---|---|")?;
    let bands = ["watch", "high", "critical"].into_iter().zip(edges.thresholds).zip(edges.warned);
    for ((band, threshold), (precision, per_day)) in bands {
        writeln!(out, "| {band} | {threshold:.3} | {:.1} % | {per_day:.1} |", precision * 100.0)?;
    }
    writeln!(out)?;
    writeln!(out, "## Data")?;
    writeln!(
        out,
        "- {} events of {} customers from {} to the midnight that opens {}; {unusable} records could not be used.",
        training.events, training.customers, training.from, training.until
    )?;
    if training.customers_share < 1.0 {
        writeln!(out, "- Customers are a sample by hash: {:.1} %.", training.customers_share * 100.0)?;
    }
    let [treated, held_out] = training.warnings;
    if treated + held_out > 0 {
        writeln!(
            out,
            "- {treated} warnings were acted upon and {held_out} held out: treated silences are left out, held-out ones stand for them by one over their share."
        )?;
    }
    writeln!(out, "- Digest of the data: `{}`; seed {}.\n", training.data_digest, training.seed)?;
    for (name, head) in ["Silence", "Forward"].into_iter().zip(heads) {
        write_head(card, stem, name, head, horizon)?;
    }
    card.text.push_str(LIMITS);
    Ok(())
}

fn write_head(card: &mut Card, stem: &str, name: &str, head: &FittedHead, horizon_days: i32) -> std::fmt::Result {
    let out = &mut card.text;
    let level = if head.season { "the time of the year" } else { "no season" };
    writeln!(out, "## {name} head")?;
    writeln!(out, "{} rows, L2 strength {}, {level}.\n", head.rows, head.alpha)?;
    write_groups(out, head)?;
    if head.validation.is_empty() {
        return writeln!(out, "The history was too short to judge it by later rows: there are no figures.\n");
    }
    let judged = evaluate(&head.validation, horizon_days);
    writeln!(
        out,
        "A fit of the same kind on earlier rows alone, without a season, was judged by {} later rows ({:.1} % churned), which also chose its strength; intervals are 95 %, by bootstrap over customers.\n",
        judged.rows,
        judged.base_rate * 100.0
    )?;
    writeln!(out, "| figure | value | interval | what it is |\n|---|---|---|---|")?;
    let named = Figures::NAMES.iter().zip(Figures::MEANINGS);
    for (((figure, meaning), value), [low, high]) in named.zip(judged.figures.values()).zip(judged.intervals) {
        writeln!(out, "| {figure} | {value:.4} | {low:.4} to {high:.4} | {meaning} |")?;
    }
    let lower = name.to_lowercase();
    for (kind, svg) in
        [("reliability", reliability_svg(name, &head.validation)), ("lift", lift_svg(name, &judged.lift))]
    {
        let file = format!("{stem}-{lower}-{kind}.svg");
        writeln!(card.text, "\n![{name} head: {kind}]({file})")?;
        card.diagrams.push((file, svg));
    }
    card.text.push('\n');
    Ok(())
}

/// What moves the score, in words.
fn write_groups(out: &mut String, head: &FittedHead) -> std::fmt::Result {
    let mut groups: Vec<(&str, f64)> = Group::ALL.iter().map(|group| meaning(*group)).zip(head.spread).collect();
    groups.retain(|(_, spread)| *spread >= LEAST_SPREAD);
    groups.sort_by(|a, b| b.1.total_cmp(&a.1));
    writeln!(out, "What moves it, and by how much the log-odds typically differ from customer to customer for it:\n")?;
    for (words, spread) in groups {
        let strength = match spread {
            spread if spread >= 1.0 => "strongly",
            spread if spread >= 0.3 => "clearly",
            _ => "a little",
        };
        writeln!(out, "- {words}: {strength} (±{spread:.2})")?;
    }
    writeln!(out)
}

const fn meaning(group: Group) -> &'static str {
    match group {
        Group::Silence => "the silence, measured against the customer's own rhythm",
        Group::Trend => "whether purchases have become denser or rarer",
        Group::Value => "what the customer spends",
        Group::Engagement => "visits, carts and messages",
        Group::Satisfaction => "surveys and complaints",
        Group::Season => "the time of the year",
    }
}

fn reliability_svg(name: &str, rows: &[Scored]) -> String {
    let (scores, churned): (Vec<f64>, Vec<bool>) = rows.iter().map(|row| (row.score, row.churned)).unzip();
    let bins = reliability(&scores, &churned).into_iter().filter(|(_, _, count)| *count > 0);
    let points: Vec<(f64, f64)> = bins.map(|(predicted, came_true, _)| (predicted, came_true)).collect();
    let frame = Frame {
        title: &format!("{name} head: reliability"),
        x: "predicted probability of churn",
        y: "share that churned",
        ends: [(0.0, 1.0), (0.0, 1.0)],
        legend: Legend::LowerRight,
    };
    let ideal = [(0.0, 0.0), (1.0, 1.0)];
    lines(&frame, &[Line { name: "model", points: &points }, Line { name: "ideal", points: &ideal }])
}

fn lift_svg(name: &str, lift: &[f64]) -> String {
    let points: Vec<(f64, f64)> = (1..).map(f64::from).zip(lift.iter().copied()).collect();
    let top = lift.iter().copied().fold(1.0, f64::max) * 1.1;
    let frame = Frame {
        title: &format!("{name} head: lift by decile"),
        x: "tenth of customers, highest scores first",
        y: "churn rate over base rate",
        ends: [(1.0, 10.0), (0.0, top)],
        legend: Legend::LowerLeft,
    };
    let chance = [(1.0, 1.0), (10.0, 1.0)];
    lines(&frame, &[Line { name: "model", points: &points }, Line { name: "chance", points: &chance }])
}

const LIMITS: &str = "## Limits
- It knows what the events say. A customer who buys elsewhere under another name looks gone.
- A purchase day is the unit: several orders of one day count once.
- Calibration holds for times like those it was fitted on. Watch `churnwatch_model_score_psi` and `churnwatch_model_calibration_ratio`, and retrain when `/v1/model` says so.
- Scores rank and warn; they do not say why a person left. Reasons are exact parts of the score, not causes. Whether acting helps is measured by the holdout alone.

## Fairness
No attribute of a person (age, sex, origin, place, income) is a feature, only what was bought, said and when. Spending stands in for income to some degree: look at warnings by tier with `churnwatch compare` before a model goes live, and never let a price depend on the score.

## Personal information (PIPL, GDPR)
The model holds means, deviations and weights of groups, no data of any person. Scoring is profiling: customers may object (`opt_out`) and be erased (`forget`, which also drops their events from training). Automated decisions on price or terms must not be taken from the score (PIPL art. 24); alerts go to people.
";

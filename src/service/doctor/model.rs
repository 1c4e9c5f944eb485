//! The model in force: that it can be read, fits the configuration, and is not too old.

use crate::config::file::Clock;
use crate::config::settings::Settings;
use crate::engine::day::{Day, Millis};
use crate::service::doctor::finding::{Checked, Finding, Kind, LOOK_FAILED, count};
use crate::service::fault::ServiceFault;
use crate::service::kafka::models::Promoted;
use crate::service::models_known::OLD_DAYS;
use crate::wire::artifact::Artifact;
use crate::wire::calendar::{day_text, local_day};
use crate::wire::shapes::doctor::{Check, Severity};

/// There is none to begin with.
const MODEL_UNUSABLE: Kind = Kind {
    code: "model-unusable",
    severity: Severity::Error,
    means: "the configured model can't be used: `serve` refuses to start",
    remedy: "mend model.path or churn.horizon_days, or make a model by `churnwatch train HISTORY --at DATE --horizon-days {days} --output MODEL`",
};
/// The newest one is not taken.
const PROMOTION_REFUSED: Kind = Kind {
    code: "promotion-refused",
    severity: Severity::Warning,
    means: "the newest promotion can't be used, so the model before it goes on deciding",
    remedy: "train the model anew with this release and this configuration, and promote it by `churnwatch promote MODEL --config FILE`",
};
/// Amounts in other units.
const MODEL_FOREIGN: Kind = Kind {
    code: "model-foreign",
    severity: Severity::Warning,
    means: "the model was trained on amounts in another currency, so its tiers and what it makes of spending are off",
    remedy: "train a model on your own history with money.currency = \"{currency}\", and promote it",
};
/// Customers have moved on.
const MODEL_OLD: Kind = Kind {
    code: "model-old",
    severity: Severity::Warning,
    means: "the model was trained more than a year ago",
    remedy: "train a new one by `churnwatch train` and set it against this one by `churnwatch compare`, or let deploy/retrain.sh do both every week",
};

/// What may be found here.
pub const KINDS: [&Kind; 4] = [&MODEL_UNUSABLE, &PROMOTION_REFUSED, &MODEL_FOREIGN, &MODEL_OLD];

/// The models that are there.
pub struct Models {
    /// What the configuration names, or what is built in.
    pub configured: Result<Artifact, String>,
    /// What was promoted, if that could be read.
    pub promoted: Result<Promoted, ServiceFault>,
}

/// What it means at `now`.
pub fn judge(settings: &Settings, models: &Models, now: Millis) -> Checked {
    let today = local_day(now, &settings.rules.zone);
    let (fit, mut findings) = (settings.fit(), Vec::new());
    let usable = models.configured.as_ref().map_err(Clone::clone);
    let usable = usable.and_then(|one| fit.check_horizon(one).map(|()| one).map_err(|fault| fault.to_string()));
    if let Err(sentence) = &usable {
        findings.push(MODEL_UNUSABLE.found("model.path", sentence, &[("days", &fit.horizon_days.to_string())]));
    }
    let unread = match &models.promoted {
        Ok(_) => String::new(),
        Err(ServiceFault::Setup(why)) => format!("; promotions unknown: {why}"),
        Err(fault) => {
            findings.push(LOOK_FAILED.found(&settings.file.topics.models, fault.to_string(), &[]));
            "; promotions unknown".into()
        }
    };
    let promoted = models.promoted.as_ref().ok();
    let newest = promoted.and_then(|promoted| promoted.promotions.last());
    let refused = promoted.and_then(|promoted| promoted.refused.last());
    if let Some((offset, fault)) = refused
        && newest.is_none_or(|newest| newest.promotion.offset < *offset)
    {
        findings.push(PROMOTION_REFUSED.found(
            &settings.file.topics.models,
            format!("at offset {offset}: {fault}"),
            &[],
        ));
    }
    // As a partition chooses it when the day opens.
    let due =
        promoted.and_then(|promoted| promoted.promotions.iter().rev().find(|one| one.promotion.effective <= today));
    let is_own = settings.file.model.path.is_some();
    let decides = match (due, usable.ok()) {
        (Some(one), _) => Some((&one.artifact, "promoted", true)),
        (None, Some(artifact)) if is_own => Some((artifact, "of model.path", true)),
        (None, Some(artifact)) => Some((artifact, "built in; train your own by `churnwatch train`", false)),
        (None, None) => None,
    };
    let Some((artifact, whence, is_own)) = decides else {
        return Checked::new(Check::Model, format!("no model can be used{unread}"), findings);
    };
    let until = artifact.model().map(|model| (model.version, model.trained_until));
    let (version, trained) = until.map_or_else(|_| (artifact.name.clone(), None), |(name, day)| (name, Some(day)));
    // The one built in is for a beginning, whatever its age and currency.
    if is_own {
        // By the events' clock today may be any day: `/v1/model` tells of its age there.
        if settings.file.time.clock == Clock::Wall {
            findings.extend(aged(&version, trained, today));
        }
        if !fit.has_currency_of(artifact) {
            let seen = format!("{version} knows {}, money.currency is {}", artifact.currency, fit.currency);
            findings.push(MODEL_FOREIGN.found(&version, seen, &[("currency", &fit.currency)]));
        }
    }
    let next = newest.filter(|newest| newest.promotion.effective > today).map_or_else(String::new, |newest| {
        format!("; {} from {} on", newest.promotion.model.version, day_text(newest.promotion.effective))
    });
    let trained = trained.map_or_else(|| "no day".into(), day_text);
    let seen = format!("{version}, trained until {trained}, {whence}{next}{unread}");
    Checked::new(Check::Model, seen, findings)
}

fn aged(version: &str, trained: Option<Day>, today: Day) -> Option<Finding> {
    let days = trained.map(|trained| today.since(trained)).filter(|days| *days > OLD_DAYS)?;
    Some(MODEL_OLD.found(version, format!("trained on what happened up to {} ago", count(days as usize, "day")), &[]))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::{Models, judge};
    use crate::config::load::check;
    use crate::engine::day::{Day, Millis};
    use crate::engine::promotion::Promotion;
    use crate::service::kafka::models::{Promoted, PromotedModel};
    use crate::wire::artifact::Artifact;
    use crate::wire::promotion::PromotionFault;

    fn built_in() -> Artifact {
        Artifact::read(include_bytes!("../../../models/default.json")).unwrap()
    }

    fn promoted(effective: Option<Day>, refused: Option<i64>) -> Promoted {
        let artifact = built_in();
        let model = Arc::new(artifact.model().unwrap());
        let one = effective.map(|effective| PromotedModel {
            promotion: Promotion { offset: 5, effective, model: model.clone() },
            artifact: artifact.clone(),
        });
        let refused = refused.map(|offset| (offset, PromotionFault::Day));
        Promoted { promotions: one.into_iter().collect(), refused: refused.into_iter().collect(), end: 9 }
    }

    #[test]
    fn the_model_in_force_is_the_one_that_is_judged() {
        let day = built_in().model().unwrap().trained_until.plus(400);
        let now = Millis(i64::from(day.0) * 86_400_000);
        let found = |horizon: u32, currency: &str, promoted: Promoted| {
            let settings = check(json!({"churn": {"horizon_days": horizon}, "money": {"currency": currency}})).unwrap();
            let models = Models { configured: Ok(built_in()), promoted: Ok(promoted) };
            judge(&settings, &models, now).findings.into_iter().map(|one| one.kind.code).collect::<Vec<_>>()
        };
        assert!(found(90, "EUR", promoted(None, None)).is_empty(), "the one built in is for a beginning");
        assert_eq!(found(60, "CNY", promoted(None, None)), ["model-unusable"]);
        assert_eq!(found(90, "EUR", promoted(Some(day), None)), ["model-old", "model-foreign"]);
        assert!(found(90, "CNY", promoted(Some(day.plus(1)), None)).is_empty(), "it does not decide yet");
        assert_eq!(found(90, "CNY", promoted(None, Some(7))), ["promotion-refused"]);
        assert!(found(90, "CNY", promoted(Some(day.plus(1)), Some(3))).is_empty(), "a good one came after it");
        let settings = check(json!({"time": {"clock": "event"}})).unwrap();
        let models = Models { configured: Ok(built_in()), promoted: Ok(promoted(Some(day), None)) };
        assert!(
            judge(&settings, &models, now).findings.is_empty(),
            "the wall clock says nothing of an old log's model"
        );
    }
}
